"""augmentation_graph: what its check looks at. Unequal image probabilities and overlapping augmentation laws, I != S:
otherwise weights, transposition and "another image" cannot be told apart."""

import numpy as np
import torch

from autograder.spec import Exercise
from course import graphs, validate
from course.check.case import Case, bad_input
from course.worlds import random_law

exercise = Exercise(
    "augmentation_graph",
    hints={
        "values": (
            "Write the joint law given the image first: the two augmentations are independent there.",
            "Given image i the joint law is a_i(x) a_i(x'), an outer product; average these matrices with weights q_i.",
            "sum_i image_probs[i] * outer(augmentations[i], augmentations[i]).",
        ),
        "bad input": ("`validate.world(image_probs, augmentations)` raises for everything that the statement names.",),
        "properties": ("A joint law of two exchangeable points: symmetric, sum 1, row sums sum_i q_i a_i(x).",),
    },
)


def images(rng, n_images, n_pictures):
    """Random (image_probs, augmentations): probabilities far from equal, every picture possible from some image."""
    image_probs = random_law(rng, n_images, minimum=0.2 / n_images)
    return image_probs, np.stack([random_law(rng, n_pictures, 0.6) for _ in range(n_images)])


@exercise.cases
def cases(rng):
    for i, s in ((3, 5), (5, 3), (4, 4)):
        yield Case(f"I = {i}, S = {s}", images(rng, i, s))
    yield Case("one image", (np.ones(1), random_law(rng, 4)[None]))
    yield Case("each image has a single augmentation", (random_law(rng, 4, minimum=0.1), np.eye(4)[[0, 2, 1, 2]]))
    world = graphs.shift_grid([np.ones((1, 1)), np.ones((2, 1))], side=2, shape_probs=(0.7, 0.3))
    yield Case("two shapes on a 2 x 2 grid, shifted", (world.image_probs, world.augmentations))
    image_probs, augmentations = images(rng, 3, 5)
    yield bad_input("image_probs sums to 0.9", 0.9 * image_probs, augmentations)
    yield bad_input("image_probs has a zero", np.array([0.4, 0.6, 0.0]), augmentations)
    yield bad_input("a row of augmentations sums to 1.1", image_probs, augmentations * np.array([[1.0], [1.1], [1.0]]))
    yield bad_input("a negative probability", image_probs, augmentations + np.array([[2.0, -2.0, 0.0, 0.0, 0.0]]))
    yield bad_input("image_probs and augmentations of different I", image_probs, augmentations[:2])
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


@exercise.wrong(
    "two images",
    belief="The two pictures of a positive pair are independent draws from the pictures.",
    hints=(
        "Is your matrix an outer product? Then x tells nothing about x'.",
        "They are independent given the image; both come from the same one. What you built is the negative pair.",
        "Average the outer products of the rows, not the outer product of the average.",
    ),
)
def augmentation_graph(image_probs, augmentations):
    validate.world(image_probs, augmentations)
    p = image_probs @ augmentations
    return np.outer(p, p)


@exercise.wrong(
    "one augmentation, twice",
    belief="Both members of a pair are the same augmented picture.",
    hints=(
        "Is your matrix diagonal?",
        "The augmentation is drawn twice, independently: x' equals x only by chance.",
        "Off the diagonal the entries are sum_i q_i a_i(x) a_i(x').",
    ),
)
def augmentation_graph(image_probs, augmentations):
    validate.world(image_probs, augmentations)
    return np.diag(image_probs @ augmentations)


@exercise.wrong(
    "two different pictures",
    belief="An edge joins two different pictures, so the diagonal is 0.",
    hints=(
        "May two independent draws coincide?",
        "p(x, x) is the probability that both augmentations give x: sum_i q_i a_i(x)^2.",
        "Keep the diagonal; do not renormalise.",
    ),
)
def augmentation_graph(image_probs, augmentations):
    validate.world(image_probs, augmentations)
    joint = augmentations.T @ (image_probs[:, None] * augmentations)
    np.fill_diagonal(joint, 0)
    return joint / max(joint.sum(), 1e-300)


@exercise.wrong(
    "all images equally likely",
    belief="Every image has the same weight.",
    hints=(
        "Does your answer change with image_probs?",
        "Image i is drawn with probability q_i; its outer product gets that weight.",
        "Multiply row i of one of the two factors by image_probs[i].",
    ),
)
def augmentation_graph(image_probs, augmentations):
    validate.world(image_probs, augmentations)
    return augmentations.T @ augmentations / len(image_probs)


@exercise.wrong(
    "image drawn twice",
    belief="Both augmentations bring the factor q_i of their image.",
    hints=(
        "Do your entries sum to 1?",
        "How often is the image drawn for one pair?",
        "The image is drawn once: the weight is q_i, not q_i squared.",
    ),
)
def augmentation_graph(image_probs, augmentations):
    validate.world(image_probs, augmentations)
    weighted = image_probs[:, None] * augmentations
    return weighted.T @ weighted / (image_probs**2).sum()


@exercise.wrong(
    "pictures of an image joined without probabilities",
    belief="Two pictures are joined when one image can make both, whatever the probability.",
    hints=(
        "What does the entry [x, y] have to be a probability of?",
        "A picture that an image makes rarely is rarely in its pairs.",
        "Use a_i(x) itself, not whether it is positive.",
    ),
)
def augmentation_graph(image_probs, augmentations):
    validate.world(image_probs, augmentations)
    possible = (augmentations > 0.0).astype(float)
    joint = possible.T @ (image_probs[:, None] * possible)
    return joint / joint.sum()


@exercise.accepted("loop over images")
def augmentation_graph(image_probs, augmentations):
    validate.world(image_probs, augmentations)
    return sum(q * np.outer(a, a) for q, a in zip(image_probs, augmentations))


@exercise.accepted("einsum over images and two pictures")
def augmentation_graph(image_probs, augmentations):
    validate.world(image_probs, augmentations)
    return np.einsum("i,ix,iy->xy", image_probs, augmentations, augmentations)


@exercise.accepted("square roots of the probabilities in both factors")
def augmentation_graph(image_probs, augmentations):
    validate.world(image_probs, augmentations)
    half = np.sqrt(image_probs)[:, None] * augmentations
    return half.T @ half


@exercise.accepted("torch, entry by entry")
def augmentation_graph(image_probs, augmentations):
    validate.world(image_probs, augmentations)
    q, a = torch.from_numpy(image_probs), torch.from_numpy(augmentations)
    return torch.stack([torch.stack([(q * x * y).sum() for y in a.T]) for x in a.T])
