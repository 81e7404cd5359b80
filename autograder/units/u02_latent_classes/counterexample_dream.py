"""counterexample_dream: any valid answer passes. The world that comes back is evaluated from the definitions in
`course.check._dream`, which the learner's notebook uses too."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, needs
from course.check._dream import dream_world

exercise = Exercise(
    "counterexample_dream",
    refuses=(
        needs(
            "r > 1.5**0.5",
            {"r = 1.2247": {"r": 1.2247}, "r = 0": {"r": 0.0}, "r = -2": {"r": -2.0}, "r is NaN": {"r": math.nan}},
        ),
    ),
    hints={
        "values": ("Return the four arrays (rho, classes, z_useless, z_good), in this order.",),
        "properties": (
            "The message names the line that is broken: z_good must be perfect, z_useless at least as bad as 0, and the "
            "contrastive loss must be smaller at z_useless. The simplest z_useless is 0, with both losses 1.",
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
    yield from exercise.bad_inputs(2.0)
    yield Case("r = 50", (50.0,), compare="any", public=False)


exercise.property("the world that is returned is a counterexample")(dream_world)


@exercise.formula
def counterexample_dream(
    r,
    *,
    points=lambda r: np.array([[r, 1.0], [-r, 1.0], [r, -1.0], [-r, -1.0]]),
    chance=lambda size: 1 / size,
    useless=np.zeros_like,
    order=lambda useless, good: (useless, good),
    turn=lambda z: z,
):
    good = points(r)
    size = len(good) // 2
    classes = np.repeat(np.eye(2), size, axis=1) * chance(size)
    return np.array([0.5, 0.5]), classes, *order(turn(useless(good)), turn(good))


def slip(name, belief, *hints, **knobs):
    """A slip with the points (+-r, +-1), and with the points (+-1, +-r)."""
    exercise.slip(name, **knobs).says(belief, *hints)
    exercise.slip(f"{name}, points (1, r)", turn=np.fliplr, **knobs).says(belief, *hints)


slip(
    "embeddings in the wrong order",
    "The good embedding is returned before the useless one.",
    "In which order are the four arrays asked for?",
    "The third array is the useless embedding, the fourth the good one.",
    "return rho, classes, z_useless, z_good",
    order=lambda useless, good: (good, useless),
)
exercise.slip("spread between the classes", points=lambda r: np.array([[r], [-r]])).says(
    "A large r means that the two classes are far apart.",
    "Where does your r appear, inside the classes or between them?",
    "Classes that are far apart and tight have a small contrastive loss: it then prefers the good embedding.",
    "Let r scatter the points of one class, in a direction orthogonal to mu_1 - mu_2.",
)
exercise.slip("spread along the means", points=lambda r: np.array([[1 + r], [1 - r], [-1 + r], [-1 - r]])).says(
    "The points may scatter in any direction.",
    "What does the mean classifier do with your points?",
    "Scatter along mu_1 - mu_2 moves points across the boundary: the classifier is not perfect any more.",
    "Use a second coordinate for the scatter, so that f(x).(mu_1 - mu_2) does not see it.",
)
slip(
    "margin too small",
    "Points on the right side of the boundary have hinge loss 0.",
    "At which score does the hinge max(0, 1 - v) become 0?",
    "At v = 1, not at v = 0: each f(x).(mu_1 - mu_2) must be at least 1 for the points of class 1.",
    "Make the class means longer: with means (0, 1) and (0, -1) every score is 2.",
    points=lambda r: np.array([[r, 0.5], [-r, 0.5], [r, -0.5], [-r, -0.5]]),
)
slip(
    "one class scatters",
    "It is enough to scatter the points of one class.",
    "What are your two contrastive losses at r = 1.3?",
    "Anchors of the class without scatter are easy: with them the contrastive loss of z_good falls below 1.",
    "Give the points of both classes the coordinates +r and -r.",
    points=lambda r: np.array([[r, 1.0], [-r, 1.0], [0.0, -1.0], [0.0, -1.0]]),
)
slip(
    "r between the two points",
    "The two points of a class at +r/2 and -r/2 scatter enough for every r that is allowed.",
    "What are your two contrastive losses at r = 1.3?",
    "With +s and -s the loss of z_good is s^2/2 + 1/4: it exceeds 1 where s is above sqrt(3/2).",
    "Use s = r, not r/2.",
    points=lambda r: np.array([[r / 2, 1.0], [-r / 2, 1.0], [r / 2, -1.0], [-r / 2, -1.0]]),
)
slip(
    "no scatter",
    "Class means that are far apart make the contrastive loss of the good embedding large.",
    "What does a triplet of two distinct classes pay on your z_good, and what does a collision?",
    "Nothing, and 1: the loss is tau, less than that of z_useless. Only scatter inside a class makes collisions pay more.",
    "Let r scatter the points of each class, in a direction orthogonal to mu_1 - mu_2.",
    points=lambda r: np.array([[0.0, r], [0.0, r], [0.0, -r], [0.0, -r]]),
)
slip(
    "the class means as useless embedding",
    "An embedding without scatter is useless.",
    "What does the mean classifier do with your z_useless?",
    "It is perfect: the class means are all that it needs. Take away what tells the classes apart.",
    "z_useless = 0 has contrastive loss 1 and classifier loss 1.",
    useless=lambda good: good * [0.0, 1.0],
)
slip(
    "the useless embedding scatters too",
    "The useless embedding is the good one without the coordinate that tells the classes apart.",
    "Which of your two embeddings has the larger contrastive loss, and which part of it comes from the scatter?",
    "Scatter is what makes the contrastive loss large: it must be in z_good, and not in z_useless.",
    "z_useless = 0 has contrastive loss 1 and classifier loss 1.",
    useless=lambda good: good * [1.0, 0.0],
)
slip(
    "the good embedding turned round",
    "An embedding with all signs changed classifies everything wrong.",
    "What becomes of f(x).mu_c when f is replaced by -f?",
    "Nothing: the class means turn round, too, and no loss changes.",
    "z_useless = 0 has contrastive loss 1 and classifier loss 1.",
    useless=np.negative,
)
slip(
    "counts instead of laws",
    "A row of classes marks the points of the class with ones.",
    "What must a row of classes sum to?",
    "It is a law: its entries sum to 1.",
    "Two points of a class get probability 0.5 each.",
    chance=lambda size: 1.0,
)


@exercise.wrong(
    "every r accepted",
    belief="The construction works for every spread.",
    hints=(
        "What are the two contrastive losses at r = 1?",
        "They are 3/4 and 1: the contrastive loss prefers the good embedding there.",
        "if not r > math.sqrt(1.5): raise ValueError(...)",
    ),
    guarded=False,
)
def counterexample_dream(r):
    good = np.array([[r, 1.0], [-r, 1.0], [r, -1.0], [-r, -1.0]])
    return np.array([0.5, 0.5]), np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]), np.zeros((4, 2)), good


@exercise.accepted("useless embedding constant but not 0, other coordinates")
def counterexample_dream(r):
    classes = np.array([[0.0, 0.5, 0.0, 0.5], [0.5, 0.0, 0.5, 0.0]])
    good = np.array([[-1.0, 0.0, r], [1.0, 0.0, r], [-1.0, 0.0, -r], [1.0, 0.0, -r]])
    return np.array([0.5, 0.5]), classes, np.ones((4, 1)), good


@exercise.accepted("four classes, unequal probabilities, lists", guarded=False)
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
    half = torch.full((2,), 0.5, dtype=torch.float64)
    classes = torch.block_diag(half[None], half[None])
    height = torch.tensor([2.0, 2.0, -2.0, -2.0], dtype=torch.float64)
    spread = 10 * r * torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=torch.float64)
    useless = torch.tensor([[0.1], [-0.1], [0.1], [-0.1]], dtype=torch.float64)
    return half, classes, useless, torch.stack([height, spread], dim=1)
