"""two_views: what its check looks at.

What is drawn depends on the order of the draws, which the question fixes: so numbers can be compared. Blind spots to keep
out: one image hides a batch that is changed as a whole.
"""

import torch

from autograder.author import Case, Exercise, needs
from autograder.author.draw import larger_sizes
from autograder.units.u09_in_practice.draws import images, seeded
from course import validate
from course.views import augment as random_view

exercise = Exercise(
    "two_views",
    refuses=(
        needs(
            "images.ndim == 4 and len(images) > 0",
            {
                "images with three axes": {"images": lambda images: images[:, 0]},
                "no images": {"images": lambda images: images[:0]},
            },
        ),
        needs(
            "images.is_floating_point() and not bool(images.isnan().any())",
            {
                "images of integers": {"images": lambda images: (9 * images).long()},
                "NaN in the images": {"images": lambda images: images * float("nan")},
            },
        ),
    ),
    hints={
        "values": (
            "What does one call of `augment` give, and from where does it take its randomness?",
            "Two calls with the caller's generator; the first call makes the first view.",
        ),
        "bad input": ("`validate.floating`, and an `if` for four axes and n = 0.",),
    },
)


@exercise.cases
def cases(rng):
    for n, c, h, w in ((3, 1, 2, 3), (1, 2, 3, 2), (4, 1, 3, 2)):
        yield Case(f"{n} images, {c} x {h} x {w}", (images(rng, n, c, h, w), seeded(rng)))
    yield Case("float64", (images(rng, 2, 1, 2, 3, torch.float64), seeded(rng)), rtol=1e-5)
    yield from exercise.bad_inputs(images(rng, 2, 1, 2, 2), seeded(rng))
    n, c, h, w = larger_sizes(rng, 4, high=14)
    yield Case("a larger batch", (images(rng, n, c, h, w), seeded(rng)), public=False)


def twice(images, generator, augment):
    return augment(images, generator), augment(images, generator)


def once(images, generator, augment):
    view = augment(images, generator)
    return view, view.clone()


def together(images, generator, augment):
    return augment(torch.cat([images, images]), generator).chunk(2)


def one_augmentation(images, generator, augment):
    """Every image gets what the first one draws."""
    views = []
    for _ in range(2):
        state = generator.get_state()
        rows = [augment(image[None], generator.set_state(state)) for image in images]
        views.append(torch.cat(rows))
    return tuple(views)


@exercise.formula
def two_views(images, generator, augment=random_view, *, draw=twice):
    return draw(images, generator, augment)


exercise.slip("the same view twice", draw=once).says(
    "One random view of an image is enough: the pair is the view and itself.",
    "What can a loss learn from two views that are equal?",
    "Call `augment` twice.",
)
exercise.slip(
    "the image itself as first view", draw=lambda images, generator, augment: (images, augment(images, generator))
).says(
    "The first of the two views is the image as it is.",
    "Which of your two views is random?",
    "Both views are augmentations.",
)
exercise.slip(
    "a view of the view",
    draw=lambda images, generator, augment: (
        view := augment(images, generator),
        augment(view, generator),
    ),
).says(
    "The second view is made from the first one.",
    "How much noise is in your second view, compared with the first?",
    "Both start from the images themselves.",
)
exercise.slip(
    "the second view first", draw=lambda images, generator, augment: twice(images, generator, augment)[::-1]
).says(
    "The order of the draws does not matter to anybody.",
    "Who repeats your experiment with the same generator gets your pair only if the draws come in the same order.",
    "The first call makes the first view.",
)
exercise.slip("both views in one call", draw=together).says(
    "One call on the doubled batch draws the same numbers as two calls.",
    "In which order does one call draw the shifts, the brightness and the noise of all its images?",
    "Make each view by a call of its own.",
)
exercise.slip(
    "a generator of its own for the second view",
    draw=lambda images, generator, augment: (
        augment(images, generator),
        augment(images, torch.Generator().manual_seed(0)),
    ),
).says(
    "Independent views need independent generators.",
    "Call it twice with one generator: is your second view ever another one?",
    "One generator gives one stream of numbers: what is drawn later is independent of what was drawn before.",
)
exercise.slip(
    "the second generator seeded from the first",
    draw=lambda images, generator, augment: (
        augment(images, generator),
        augment(images, torch.Generator().manual_seed(generator.initial_seed() + 1)),
    ),
).says(
    "The second view needs a generator of its own, seeded from the seed of the first.",
    "Call it twice with one generator: is your second view ever another one?",
    "One generator gives one stream of numbers: what is drawn later is independent of what was drawn before.",
    "`augment(images, generator)` twice, with the same generator.",
)
exercise.slip(
    "generators of its own for both views",
    draw=lambda images, generator, augment: (
        augment(images, torch.Generator().manual_seed(0)),
        augment(images, torch.Generator().manual_seed(1)),
    ),
).says(
    "Each view has a generator with a seed of its own.",
    "Call it twice: do you ever get other views?",
    "`augment(images, generator)` twice, with the generator of the caller.",
)
exercise.slip("one augmentation for the batch", draw=one_augmentation).says(
    "All images of a batch are changed in the same way.",
    "Compare the shifts of two images of your first view.",
    "`augment` takes the whole batch and draws for each image.",
)


@exercise.accepted("a comprehension", guarded=False)
def two_views(images, generator, augment=random_view):
    validate.floating("images", images)
    if images.ndim != 4 or not len(images):
        raise ValueError(f"images must be (n, c, h, w), got {images.shape}")
    return tuple(augment(images, generator) for _ in range(2))


@exercise.accepted("a list of both", guarded=False)
def two_views(images, generator, augment=random_view):
    if not torch.is_tensor(images) or not images.is_floating_point() or torch.isnan(images).any():
        raise ValueError("images must be a floating tensor without NaN")
    if images.ndim != 4 or images.numel() == 0:
        raise ValueError(f"images must be (n, c, h, w) with n >= 1, got {tuple(images.shape)}")
    first = augment(images, generator=generator)
    second = augment(images, generator=generator)
    return [first, second]
