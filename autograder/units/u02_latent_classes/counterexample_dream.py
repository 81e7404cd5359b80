"""counterexample_dream: any valid answer passes. The world that comes back is evaluated from the definitions in
`course.counterexamples`, which the learner's notebook uses too."""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from course.check.case import Case, bad_input
from course.counterexamples import dream_world

exercise = Exercise(
    "counterexample_dream",
    hints={
        "values": ("Return the four arrays (rho, classes, z_useless, z_good), in this order.",),
        "properties": (
            "The class means of the good embedding must be far apart, its points may scatter: along which direction "
            "does scatter leave the scores f(x).(mu_1 - mu_2) alone?",
            "Two classes of two points in the plane: one coordinate tells the classes apart, the other is +r and -r.",
            "With the points (r, 1), (-r, 1) | (r, -1), (-r, -1) and z_useless = 0 the contrastive hinge losses are "
            "r^2/2 + 1/4 and 1.",
        ),
        "bad input": ("if not r > math.sqrt(1.5): raise ValueError(...); the `not` also catches NaN.",),
    },
)


@exercise.cases
def cases(rng):
    yield Case("a random r", (float(rng.uniform(1.4, 3)),), compare="any")
    yield bad_input("r = 1.2", 1.2)
    yield bad_input("r = 0", 0.0)
    yield bad_input("r = -2", -2.0)
    yield bad_input("r is NaN", math.nan)


exercise.property("the world that is returned is a counterexample")(dream_world)


@exercise.wrong(
    "embeddings in the wrong order",
    belief="The good embedding is returned before the useless one.",
    hints=(
        "In which order are the four arrays asked for?",
        "The third array is the useless embedding, the fourth the good one.",
        "return rho, classes, z_useless, z_good",
    ),
)
def counterexample_dream(r):
    if not r > math.sqrt(1.5):
        raise ValueError(f"r = {r}")
    z = np.array([[r, 1.0], [-r, 1.0], [r, -1.0], [-r, -1.0]])
    return np.array([0.5, 0.5]), np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]), z, np.zeros((4, 2))


@exercise.wrong(
    "spread between the classes",
    belief="A large r means that the two classes are far apart.",
    hints=(
        "Where does your r appear, inside the classes or between them?",
        "Classes that are far apart and tight have a small contrastive loss: it then prefers the good embedding.",
        "Let r scatter the points of one class, in a direction orthogonal to mu_1 - mu_2.",
    ),
)
def counterexample_dream(r):
    if not r > math.sqrt(1.5):
        raise ValueError(f"r = {r}")
    return np.array([0.5, 0.5]), np.eye(2), np.zeros((2, 1)), np.array([[r], [-r]])


@exercise.wrong(
    "spread along the means",
    belief="The points may scatter in any direction.",
    hints=(
        "What does the mean classifier do with your points?",
        "Scatter along mu_1 - mu_2 moves points across the boundary: the classifier is not perfect any more.",
        "Use a second coordinate for the scatter, so that f(x).(mu_1 - mu_2) does not see it.",
    ),
)
def counterexample_dream(r):
    if not r > math.sqrt(1.5):
        raise ValueError(f"r = {r}")
    classes = np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])
    return np.array([0.5, 0.5]), classes, np.zeros((4, 1)), np.array([[1 + r], [1 - r], [-1 + r], [-1 - r]])


@exercise.wrong(
    "margin too small",
    belief="Points on the right side of the boundary have hinge loss 0.",
    hints=(
        "At which score does the hinge max(0, 1 - v) become 0?",
        "At v = 1, not at v = 0: each f(x).(mu_1 - mu_2) must be at least 1 for the points of class 1.",
        "Make the class means longer: with means (0, 1) and (0, -1) every score is 2.",
    ),
)
def counterexample_dream(r):
    if not r > math.sqrt(1.5):
        raise ValueError(f"r = {r}")
    classes = np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])
    good = np.array([[r, 0.5], [-r, 0.5], [r, -0.5], [-r, -0.5]])
    return np.array([0.5, 0.5]), classes, np.zeros((4, 2)), good


@exercise.wrong(
    "counts instead of laws",
    belief="A row of classes marks the points of the class with ones.",
    hints=(
        "What must a row of classes sum to?",
        "It is a law: its entries sum to 1.",
        "Two points of a class get probability 0.5 each.",
    ),
)
def counterexample_dream(r):
    if not r > math.sqrt(1.5):
        raise ValueError(f"r = {r}")
    classes = np.array([[1.0, 1.0, 0, 0], [0, 0, 1.0, 1.0]])
    z = np.array([[r, 1.0], [-r, 1.0], [r, -1.0], [-r, -1.0]])
    return np.array([0.5, 0.5]), classes, np.zeros((4, 2)), z


@exercise.wrong(
    "every r accepted",
    belief="The construction works for every spread.",
    hints=(
        "What are the two contrastive losses at r = 1?",
        "They are 3/4 and 1: the contrastive loss prefers the good embedding there.",
        "if not r > math.sqrt(1.5): raise ValueError(...)",
    ),
)
def counterexample_dream(r):
    z = np.array([[r, 1.0], [-r, 1.0], [r, -1.0], [-r, -1.0]])
    return np.array([0.5, 0.5]), np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]), np.zeros((4, 2)), z


@exercise.accepted("useless embedding constant but not 0, other coordinates")
def counterexample_dream(r):
    if not r > math.sqrt(3 / 2):
        raise ValueError(f"r must be > sqrt(3/2), got {r}")
    classes = np.array([[0.0, 0.5, 0.0, 0.5], [0.5, 0.0, 0.5, 0.0]])
    good = np.array([[-1.0, 0.0, r], [1.0, 0.0, r], [-1.0, 0.0, -r], [1.0, 0.0, -r]])
    return np.array([0.5, 0.5]), classes, np.ones((4, 1)), good


@exercise.accepted("four classes, unequal probabilities, lists")
def counterexample_dream(r):
    if math.isnan(r) or r <= math.sqrt(1.5):
        raise ValueError(f"r must be > sqrt(3/2), got {r}")
    rho, classes, good = [0.4, 0.3, 0.2, 0.1], [], []
    for c in range(4):
        classes.append([0.5 if i // 2 == c else 0.0 for i in range(8)])
        for sign in (1, -1):
            point = [0.0] * 5
            point[c], point[4] = 1.0, sign * 2 * r
            good.append(point)
    return rho, classes, [[0.0]] * 8, good


@exercise.accepted("torch, ten times the needed spread, a useless embedding without classes")
def counterexample_dream(r):
    if not r > math.sqrt(1.5):
        raise ValueError(f"r must be > sqrt(3/2), got {r}")
    half = torch.full((2,), 0.5, dtype=torch.float64)
    classes = torch.block_diag(half[None], half[None])
    height = torch.tensor([2.0, 2.0, -2.0, -2.0], dtype=torch.float64)
    spread = 10 * r * torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=torch.float64)
    useless = torch.tensor([[0.1], [-0.1], [0.1], [-0.1]], dtype=torch.float64)
    return half, classes, useless, torch.stack([height, spread], dim=1)
