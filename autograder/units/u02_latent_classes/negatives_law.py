"""negatives_law: what its check looks at. A non-uniform rho, overlapping classes, S different from C."""

import numpy as np
import torch

from autograder.spec import Exercise
from course import validate, worlds
from course.check.case import Case, bad_input

exercise = Exercise(
    "negatives_law",
    hints={
        "values": (
            "First a class is drawn, then a point from it: sum the probability over the class.",
            "P(x-) = sum_c P(c) P(x- | c), with P(c) = rho_c.",
            "That is the vector rho times the matrix classes.",
        ),
        "bad input": ("`validate.world(rho, classes)` raises for everything that the statement names.",),
    },
)


@exercise.cases
def cases(rng):
    for c, s in ((3, 5), (2, 4), (4, 3)):
        rho, classes, _ = worlds.random_world(rng, c, s, 2)
        yield Case(f"C = {c}, S = {s}, overlapping classes", (rho, classes))
    rho, classes, _ = worlds.random_world(rng, 3, 7, 2, overlap=False)
    yield Case("C = 3, S = 7, disjoint classes", (rho, classes))
    yield Case("one class", (np.ones(1), worlds.random_law(rng, 4)[None]))
    rho, classes, _ = worlds.random_world(rng, 3, 5, 2)
    yield bad_input("rho sums to 1.2", 1.2 * rho, classes)
    yield bad_input("rho has a zero", np.array([0.4, 0.6, 0.0]), classes)
    yield bad_input("a row of classes sums to 0.9", rho, classes * np.array([[1.0], [1.0], [0.9]]))
    yield bad_input("rho and classes of different C", rho, classes[:2])
    yield bad_input("NaN in classes", rho, np.where(np.eye(3, 5) > 0, np.nan, classes))


@exercise.property("a law: entries >= 0, sum 1; disjoint classes keep their mass rho_c")
def law(f, rng):
    for _ in range(10):
        rho, classes, _ = worlds.random_world(rng, 3, 8, 1, overlap=False)
        p = np.asarray(f(rho, classes))
        if np.shape(p) != (8,):
            return f"the law on S = 8 points must have shape (8,), got {np.shape(p)}"
        if abs(p.sum() - 1) > 1e-9 or p.min() < 0:
            return "the answer is no law: negative entries, or a sum other than 1"
        for c in range(3):
            if abs(p[classes[c] > 0].sum() - rho[c]) > 1e-9:
                return "with disjoint classes, the points of class c must have total probability rho_c"


@exercise.wrong(
    "uniform over classes",
    belief="A negative comes from a class picked uniformly.",
    hints=(
        "By which law does nature pick the class of a negative?",
        "The class of a negative is drawn from rho, like that of the anchor.",
        "Weigh row c of classes by rho[c], not by 1/C.",
    ),
)
def negatives_law(rho, classes):
    validate.world(rho, classes)
    return classes.mean(axis=0)


@exercise.wrong(
    "uniform over points",
    belief="A negative is a point picked uniformly from all points.",
    hints=(
        "Are all points equally likely in this world?",
        "The points have the probabilities that the classes give them: P(x-) = sum_c rho_c D_c(x-).",
        "Use the entries of classes, weighted by rho.",
    ),
)
def negatives_law(rho, classes):
    validate.world(rho, classes)
    return np.full(classes.shape[1], 1 / classes.shape[1])


@exercise.wrong(
    "a class other than the anchor's",
    belief="A negative must come from a class other than the anchor's.",
    hints=(
        "Does the learner of an unlabelled data set know the anchor's class?",
        "Without labels the negative is drawn independently of the anchor, so that collisions happen.",
        "No conditioning on c- != c+: the law is sum_c rho_c D_c.",
    ),
)
def negatives_law(rho, classes):
    validate.world(rho, classes)
    weights = rho * (1 - rho)
    return weights @ classes / weights.sum() if weights.sum() > 0 else rho @ classes


@exercise.wrong(
    "sum without weights",
    belief="Summing the laws of the classes gives the law of a negative.",
    hints=(
        "What does your vector sum to?",
        "Each D_c sums to 1, so their plain sum has mass C. A mixture needs weights.",
        "Multiply row c by rho[c] before summing.",
    ),
)
def negatives_law(rho, classes):
    validate.world(rho, classes)
    return classes.sum(axis=0)


@exercise.wrong(
    "law of a point that collides",
    belief="The weight of a class is rho_c squared, because anchor and negative both draw one.",
    hints=(
        "The question is about one point, the negative. How many classes are drawn for it?",
        "Only the class of the negative matters here: it has probability rho_c.",
        "sum_c rho_c D_c, with rho_c to the power one.",
    ),
)
def negatives_law(rho, classes):
    validate.world(rho, classes)
    return rho**2 @ classes / (rho**2).sum()


@exercise.accepted("loop over points and classes")
def negatives_law(rho, classes):
    validate.world(rho, classes)
    return [float(sum(rho[c] * classes[c][x] for c in range(len(rho)))) for x in range(classes.shape[1])]


@exercise.accepted("numpy average with weights")
def negatives_law(rho, classes):
    validate.world(rho, classes)
    return np.average(classes, axis=0, weights=rho)


@exercise.accepted("marginal of the similar pairs, torch")
def negatives_law(rho, classes):
    validate.world(rho, classes)
    joint = torch.einsum("c,cx,cy->xy", torch.from_numpy(rho), torch.from_numpy(classes), torch.from_numpy(classes))
    return joint.sum(dim=1)
