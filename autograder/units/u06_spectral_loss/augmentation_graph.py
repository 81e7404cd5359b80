"""augmentation_graph: what its check looks at. Unequal image probabilities and overlapping augmentation laws, I != S:
otherwise weights, transposition and "another image" cannot be told apart. With `distinct` each image has its own chance
of two equal pictures: one factor for all, or a second draw alone, is another law."""

import numpy as np
import torch

from autograder.author import Case, Exercise, bad_input, needs, world
from autograder.author.draw import odd_sizes
from autograder.units.u06_spectral_loss.theorems import off_diagonal
from course import graphs, validate
from course.worlds import random_law

exercise = Exercise(
    "augmentation_graph",
    refuses=(
        world("image_probs", "augmentations"),
        needs(
            "not distinct or ((augmentations > 0).sum(axis=1) > 1).all()",
            {
                "distinct, an image of one picture": {"augmentations": np.eye(5)[:3], "distinct": True},
                "distinct, one of the images has one picture": {
                    "augmentations": np.array([[0.5, 0.5, 0, 0, 0], [0, 0.4, 0.6, 0, 0], [0, 0, 0, 0, 1.0]]),
                    "distinct": True,
                },
            },
        ),
    ),
    hints={
        "values": (
            "Write the joint law given the image first: the two augmentations are independent there.",
            "Given image i the joint law is a_i(x) a_i(x'), an outer product; average these matrices with weights q_i.",
            "sum_i image_probs[i] * outer(augmentations[i], augmentations[i]). With distinct=True it is the law given the image "
            "that changes, before the average over the images.",
        ),
        "bad input": (
            "`validate.world(image_probs, augmentations)` raises for all but the last case: with distinct=True "
            "an image of one picture never gives two different ones.",
        ),
        "properties": ("A joint law of two exchangeable points: symmetric, sum 1, row sums sum_i q_i a_i(x).",),
    },
)


SHARP = np.array([[0.9, 0.05, 0.05, 0.0], [0.1, 0.2, 0.3, 0.4]])


def images(rng, n_images, n_pictures):
    """Random (image_probs, augmentations): probabilities far from equal, every picture possible from some image."""
    image_probs = random_law(rng, n_images, minimum=0.2 / n_images)
    return image_probs, np.stack([random_law(rng, n_pictures, 0.6) for _ in range(n_images)])


@exercise.cases
def cases(rng):
    for i, s in ((3, 5), (5, 3), (4, 4)):
        yield Case(f"I = {i}, S = {s}", images(rng, i, s))
    i, s = odd_sizes(rng, 2)
    yield Case(f"I = {i}, S = {s}", images(rng, i, s), public=False)
    yield Case("distinct, I = 3, S = 5", (*images(rng, 3, 5), True))
    yield Case("distinct, one image is nearly always the same picture", (np.array([0.3, 0.7]), SHARP, True))
    yield Case(f"distinct, I = {i}, S = {s}", (*images(rng, i, s), True), public=False)
    yield Case("one image", (np.ones(1), random_law(rng, 4)[None]))
    yield Case("each image has a single augmentation", (random_law(rng, 4, minimum=0.1), np.eye(4)[[0, 2, 1, 2]]))
    shifted = graphs.shift_grid([np.ones((1, 1)), np.ones((2, 1))], side=2, shape_probs=(0.7, 0.3))
    yield Case("two shapes on a 2 x 2 grid, shifted", (shifted.image_probs, shifted.augmentations))
    image_probs, augmentations = images(rng, 3, 5)
    yield from exercise.bad_inputs(image_probs, augmentations)
    yield bad_input("a negative probability", image_probs, augmentations + np.array([[2.0, -2.0, 0.0, 0.0, 0.0]]))
    yield bad_input("NaN in image_probs", np.array([0.5, np.nan, 0.5]), augmentations)


@exercise.property("symmetric, sum 1, row sums the law of one augmentation, no negative eigenvalue")
def joint_law(f, rng):
    image_probs, augmentations = images(rng, 4, 6)
    joint = np.asarray(f(image_probs, augmentations))
    if joint.shape != (6, 6) or np.abs(joint - joint.T).max() > 1e-9:
        return "the two augmentations play the same role, but the matrix is not symmetric"
    if np.abs(joint.sum(axis=1) - image_probs @ augmentations).max() > 1e-9:
        return "the law of one picture of the pair is not sum_i q_i a_i(x)"
    if np.linalg.eigvalsh(joint).min() < -1e-9:
        return "two independent draws given the image cannot give a negative eigenvalue, but one is there"


def of_sum_1(joint):
    return joint / joint.sum()  # 0 / 0 where nothing is left, as a learner has it


def given_image(pictures, distinct):
    """Laws (I, S, S) of the pair, one for each image."""
    pairs = pictures[:, :, None] * pictures[:, None, :]
    if not distinct:
        return pairs
    differ = pairs * (1 - np.eye(pictures.shape[1]))
    return differ / differ.sum(axis=(1, 2), keepdims=True)


def second_redrawn(pictures, distinct):
    pairs = pictures[:, :, None] * pictures[:, None, :]
    if not distinct:
        return pairs
    differ = pairs * (1 - np.eye(pictures.shape[1]))
    return differ / np.maximum(1 - pictures, 1e-300)[:, :, None]


def either_redrawn(pictures, distinct):
    laws = second_redrawn(pictures, distinct)
    return (laws + laws.transpose(0, 2, 1)) / 2


def redrawn_once(pictures, distinct):
    pairs = given_image(pictures, False)
    equal = (pairs * np.eye(pictures.shape[1])).sum(axis=(1, 2), keepdims=True)
    return pairs * (1 - np.eye(pictures.shape[1])) + equal * pairs if distinct else pairs


def rejected_by_number(pictures, distinct):
    """As if the pictures of an image were equally likely when two of them are equal."""
    pairs = given_image(pictures, False)
    kept = 1 - 1 / (pictures > 0).sum(axis=1)[:, None, None]
    return pairs * (1 - np.eye(pictures.shape[1])) / kept if distinct else pairs


def several_pictures(pictures, distinct):
    if ((pictures > 0).sum(axis=1) == 1).any():
        raise ValueError("an image of one picture")
    return given_image(pictures, distinct)


def rows_kept(joint):
    """The diagonal spread over its row, in proportion."""
    rest = off_diagonal(joint)
    return rest / rest.sum(axis=1, keepdims=True) * joint.sum(axis=1, keepdims=True)


def outer(joint):
    return np.outer(joint.sum(axis=1), joint.sum(axis=1))


def mean_over_images(weights, laws):
    return np.tensordot(weights, laws, axes=1)


def unconditioned(pictures, distinct):
    return given_image(pictures, False)


TWO_IMAGES = {"finish": lambda joint, distinct: outer(joint)}
STEP = {"finish": lambda joint, distinct: joint / joint.sum(axis=1, keepdims=True)}
UNWEIGHTED = {"weights": np.ones_like}
UNIFORM = {"weights": lambda q: np.full(len(q), 1 / len(q))}
TWICE = {"weights": lambda q: q**2 / (q**2).sum()}


@exercise.formula
def augmentation_graph(
    image_probs,
    augmentations,
    distinct=False,
    *,
    weights=lambda q: q,
    chance=lambda a: a,
    given=given_image,
    finish=lambda joint, distinct: joint,
    spared=False,
):
    if distinct and spared:  # a program whose branch for distinct=True is right
        return mean_over_images(image_probs, given_image(augmentations, True))
    return finish(mean_over_images(weights(image_probs), given(chance(augmentations), distinct)), distinct)


exercise.slip(
    "distinct: one factor for all images",
    given=unconditioned,
    finish=lambda joint, distinct: of_sum_1(off_diagonal(joint)) if distinct else joint,
).says(
    "When equal pairs are thrown away, what is left is divided by its sum, whatever the image.",
    "Is image i still drawn with probability q_i? Sum the entries that come from it.",
    "The image is drawn once and stays; only its two augmentations are drawn again.",
    "Divide the law given image i by that image's own chance of two different pictures, then average.",
)
exercise.slip(
    "distinct: the missing mass left out",
    given=unconditioned,
    finish=lambda joint, distinct: off_diagonal(joint) if distinct else joint,
).says(
    "When equal pairs are thrown away, their mass is lost.",
    "What is the sum of your entries?",
    "A pair that is thrown away is drawn again: its mass goes to the pairs that may come then.",
    "Divide the law given image i by that image's own chance of two different pictures, then average.",
)
exercise.slip("distinct: only the second picture is drawn again", given=second_redrawn).says(
    "When the two pictures are equal, only the second one is drawn again.",
    "Is your matrix symmetric?",
    "A frequent first picture would keep its frequency; but both are drawn again.",
    "Given image i: a_i(x) a_i(x') for x' different from x, divided by the sum of these.",
)
exercise.slip("distinct ignored", given=unconditioned).says(
    "The law of the pairs is the same with distinct=True.",
    "What is the probability of two equal pictures there?",
    "With distinct=True the diagonal is 0, and its mass goes elsewhere.",
    "Divide the law given image i by that image's own chance of two different pictures, then average.",
)
exercise.slip("the law of a step", **STEP).says(
    "The law asked for is that of the second picture given the first.",
    "What do your entries sum to?",
    "Row x of your matrix is p(x'|x). The joint law is p(x) times that.",
    "Do not divide by the row sums.",
)
exercise.slip("weights forgotten", **UNWEIGHTED).says(
    "The images are summed over, without a weight.",
    "What do your entries sum to?",
    "Image i is drawn with probability q_i.",
    "Multiply the law given image i by image_probs[i] before the sum.",
)
exercise.slip("two images", **TWO_IMAGES).says(
    "The two pictures of a positive pair are independent draws from the pictures.",
    "Is your matrix an outer product? Then x tells nothing about x'.",
    "They are independent given the image; both come from the same one. What you built is the negative pair.",
    "Average the outer products of the rows, not the outer product of the average.",
)
exercise.slip(
    "two images, equal pictures thrown away",
    given=unconditioned,
    finish=lambda joint, distinct: of_sum_1(off_diagonal(outer(joint))) if distinct else outer(joint),
).says(
    "The two pictures of a positive pair are independent draws from the pictures; with distinct=True until they differ.",
    "Is your matrix without `distinct` an outer product? Then x tells nothing about x'.",
    "They are independent given the image; both come from the same one.",
    "Average the outer products of the rows, not the outer product of the average.",
)
exercise.slip(
    "distinct: the row sums kept",
    given=unconditioned,
    finish=lambda joint, distinct: rows_kept(joint) if distinct else joint,
).says(
    "Throwing equal pairs away leaves the law of the first picture as it was.",
    "Is your matrix symmetric?",
    "A picture that often meets itself is thrown away often, so it becomes rarer.",
    "Divide the law given image i by that image's own chance of two different pictures, then average.",
)
exercise.slip("distinct: one of the two is drawn again", given=either_redrawn).says(
    "When the two pictures are equal, one of them is drawn again, either with the same probability.",
    "Which of the two pictures stays in your program?",
    "None: *both* are drawn again.",
    "Given image i: a_i(x) a_i(x') for x' different from x, divided by the sum of these.",
)
exercise.slip("distinct: both drawn again once", given=redrawn_once).says(
    "When the two pictures are equal, both are drawn once more, and that pair is kept.",
    "What stands on your diagonal?",
    "The second try may give equal pictures too; it goes on *until* they differ.",
    "Given image i: a_i(x) a_i(x') for x' different from x, divided by the sum of these.",
)
exercise.slip("distinct: equal with probability 1 / number of pictures", given=rejected_by_number).says(
    "Two augmentations of an image are equal with probability 1 / (number of its pictures).",
    "What do your entries sum to?",
    "That is so when its pictures are equally likely.",
    "They are equal with probability sum_x a_i(x)^2.",
)
exercise.slip("images of one picture refused always", given=several_pictures).says(
    "An image of a single picture is bad input, with distinct=False too.",
    "What is the law of its pair when equal pictures may come?",
    "Only with distinct=True does it never give a pair.",
    "Raise ValueError only if distinct.",
)
exercise.slip("one augmentation, twice", finish=lambda joint, distinct: np.diag(joint.sum(axis=1))).says(
    "Both members of a pair are the same augmented picture.",
    "Is your matrix diagonal?",
    "The augmentation is drawn twice, independently: x' equals x only by chance.",
    "Off the diagonal the entries are sum_i q_i a_i(x) a_i(x').",
)
exercise.slip("two different pictures", finish=lambda joint, distinct: of_sum_1(off_diagonal(joint))).says(
    "An edge joins two different pictures, so the diagonal is 0.",
    "May two independent draws coincide?",
    "p(x, x) is the probability that both augmentations give x: sum_i q_i a_i(x)^2.",
    "Keep the diagonal; do not renormalise.",
)
exercise.slip("the diagonal set to 0", finish=lambda joint, distinct: off_diagonal(joint)).says(
    "A picture and itself are no pair, so p(x, x) = 0.",
    "What is the sum of your entries?",
    "The missing mass is the probability that both augmentations give the same picture.",
    "p(x, x) = sum_i q_i a_i(x)^2: keep the diagonal.",
)
exercise.slip("all images equally likely", **UNIFORM).says(
    "Every image has the same weight.",
    "Does your answer change with image_probs?",
    "Image i is drawn with probability q_i; its outer product gets that weight.",
    "Multiply row i of one of the two factors by image_probs[i].",
)
exercise.slip("image drawn twice", **TWICE).says(
    "Image i has the weight q_i squared, divided by the sum of the squares.",
    "Two images with probabilities 0.8 and 0.2: which weights do you give them?",
    "How often is the image drawn for one pair?",
    "The image is drawn once: the weight is q_i, not q_i squared.",
)
exercise.slip("both factors weighted", weights=lambda q: q**2).says(
    "Both augmentations bring the factor q_i of their image.",
    "Do your entries sum to 1?",
    "How often is the image drawn for one pair?",
    "The image is drawn once: the weight is q_i, not q_i squared.",
)
exercise.slip(
    "pictures of an image joined without probabilities",
    chance=lambda a: 1.0 * (a > 0),
    finish=lambda joint, distinct: of_sum_1(joint),
).says(
    "Two pictures are joined when one image can make both, whatever the probability.",
    "What does the entry [x, y] have to be a probability of?",
    "A picture that an image makes rarely is rarely in its pairs.",
    "Use a_i(x) itself, not whether it is positive.",
)


# the same thoughts, where the branch for distinct=True is right
for name, belief, hint, knobs in (
    ("two images", "the two pictures of a pair are independent draws", "Both come from one image.", TWO_IMAGES),
    ("all images equally likely", "every image has the same weight", "Image i has the weight q_i.", UNIFORM),
    ("weights forgotten", "the images are summed, without a weight", "Image i has the weight q_i.", UNWEIGHTED),
    ("image drawn twice", "image i has the weight q_i^2, divided by their sum", "It is drawn once.", TWICE),
    ("the law of a step", "the law asked for is that of x' given x", "Do not divide by the row sums.", STEP),
):
    exercise.slip(f"{name}, without distinct only", spared=True, **knobs).says(
        f"Without distinct=True {belief}.",
        "Is your answer with distinct=True built in the same way? Compare the two.",
        "Draw an image, then two independent augmentations of it: sum_i q_i a_i(x) a_i(x').",
        hint,
    )


@exercise.wrong(
    "distinct: images of one picture skipped",
    belief="With distinct=True an image of one picture is left out, since no pair of it is kept.",
    hints=("What is the sum of your entries?", "The drawing would never end.", "Raise ValueError for it if distinct."),
    guarded=False,
)
def augmentation_graph(image_probs, augmentations, distinct=False):
    validate.world(image_probs, augmentations)
    pairs = given_image(augmentations, False)
    if distinct:
        pairs = pairs * (1 - np.eye(augmentations.shape[1]))
        pairs = pairs / np.maximum(pairs.sum(axis=(1, 2), keepdims=True), 1e-300)
    return mean_over_images(image_probs, pairs)


@exercise.accepted("loop over images, validated by hand", guarded=False)
def augmentation_graph(image_probs, augmentations, distinct=False):
    positive = (image_probs > 0).all() and (augmentations >= 0).all()  # False for NaN
    laws = [image_probs, *augmentations]
    if len(laws) != 1 + len(image_probs) or not positive or any(abs(sum(law) - 1) > 1e-9 for law in laws):
        raise ValueError(f"no laws: {laws}")
    joint = 0
    for q, a in zip(image_probs, augmentations):
        pairs = np.outer(a, a)
        if distinct:
            np.fill_diagonal(pairs, 0)
            if not pairs.any():
                raise ValueError(f"a single picture: {a}")
        joint = joint + q * pairs / pairs.sum()
    return joint


@exercise.accepted("one minus the chance of equal pictures, divided into the weights")
def augmentation_graph(image_probs, augmentations, distinct=False):
    weights = image_probs / (1 - (augmentations**2).sum(axis=1)) if distinct else image_probs
    half = np.sqrt(weights)[:, None] * augmentations
    return half.T @ half * (1 - np.eye(augmentations.shape[1])) if distinct else half.T @ half


@exercise.accepted("torch, entry by entry")
def augmentation_graph(image_probs, augmentations, distinct=False):
    q, a = torch.from_numpy(image_probs), torch.from_numpy(augmentations)
    S = a.shape[1]
    if distinct:
        q = q / torch.stack([sum(row[x] * row[y] for x in range(S) for y in range(S) if x != y) for row in a])
    zero = torch.zeros((), dtype=a.dtype)
    entry = [[zero if distinct and x == y else (q * a[:, x] * a[:, y]).sum() for y in range(S)] for x in range(S)]
    return torch.stack([torch.stack(row) for row in entry])
