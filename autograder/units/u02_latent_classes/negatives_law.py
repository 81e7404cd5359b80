"""negatives_law: what its check looks at. A non-uniform rho, overlapping classes, S different from C, and one world of
as many points as classes, where the transposed matrix fits too."""

import numpy as np
import torch

from autograder.author import Case, Exercise, world
from autograder.author.draw import larger_world
from course import worlds

exercise = Exercise(
    "negatives_law",
    refuses=(world("rho", "classes"),),
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
    for c, s in ((3, 5), (2, 4), (4, 3), (3, 3)):
        rho, classes, _ = worlds.random_world(rng, c, s, 2)
        yield Case(f"C = {c}, S = {s}, overlapping classes", (rho, classes))
    rho, classes, _ = worlds.random_world(rng, 3, 7, 2, overlap=False)
    yield Case("C = 3, S = 7, disjoint classes", (rho, classes))
    yield Case("one class", (np.ones(1), worlds.random_law(rng, 4)[None]))
    rho, classes, _ = worlds.random_world(rng, 3, 5, 2)
    yield from exercise.bad_inputs(rho, classes)
    rho, classes, _ = larger_world(rng)
    yield Case("more classes and points", (rho, classes), public=False)


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


def of_another(rho):
    return rho * (1 - rho) / (rho * (1 - rho)).sum() if len(rho) > 1 else rho


@exercise.formula
def negatives_law(rho, classes, *, weigh=lambda rho: rho, mix=np.matmul):
    return mix(weigh(rho), classes)


exercise.slip("uniform over classes", weigh=lambda rho: np.full(len(rho), 1 / len(rho))).says(
    "A negative comes from a class picked uniformly.",
    "By which law does nature pick the class of a negative?",
    "The class of a negative is drawn from rho, like that of the anchor.",
    "Weigh row c of classes by rho[c], not by 1/C.",
)
exercise.slip("uniform over points", mix=lambda weights, classes: np.ones(classes.shape[1]) / classes.shape[1]).says(
    "A negative is a point picked uniformly from all points.",
    "Are all points equally likely in this world?",
    "The points have the probabilities that the classes give them: P(x-) = sum_c rho_c D_c(x-).",
    "Use the entries of classes, weighted by rho.",
)
exercise.slip("a class other than the anchor's", weigh=of_another).says(
    "A negative must come from a class other than the anchor's.",
    "Does the learner of an unlabelled data set know the anchor's class?",
    "Without labels the negative is drawn independently of the anchor, so that collisions happen.",
    "No conditioning on c- != c+: the law is sum_c rho_c D_c.",
)
exercise.slip("sum without weights", weigh=np.ones_like).says(
    "Summing the laws of the classes gives the law of a negative.",
    "What does your vector sum to?",
    "Each D_c sums to 1, so their plain sum has mass C. A mixture needs weights.",
    "Multiply row c by rho[c] before summing.",
)
exercise.slip("law of a point that collides", weigh=lambda rho: rho**2 / (rho**2).sum()).says(
    "The weight of a class is rho_c squared, because anchor and negative both draw one.",
    "The question is about one point, the negative. How many classes are drawn for it?",
    "Only the class of the negative matters here: it has probability rho_c.",
    "sum_c rho_c D_c, with rho_c to the power one.",
)
exercise.slip("law of class and point", mix=lambda weights, classes: weights[:, None] * classes).says(
    "The law of a negative says which class it comes from, too.",
    "How many numbers does a law on S points have?",
    "You have P(c, x-), of shape (C, S). Nobody sees the class of a negative.",
    "Sum over the classes: rho @ classes.",
)
exercise.slip("average over the classes", mix=lambda weights, classes: (weights[:, None] * classes).mean(axis=0)).says(
    "The weighted laws of the classes are averaged.",
    "What does your vector sum to?",
    "The weights rho_c sum to 1 already, so nothing is left to divide by.",
    "Sum rho_c D_c over the classes: use sum, not mean.",
)


@exercise.accepted("loop over points and classes")
def negatives_law(rho, classes):
    return [float(sum(rho[c] * classes[c][x] for c in range(len(rho)))) for x in range(classes.shape[1])]


@exercise.accepted("numpy average with weights")
def negatives_law(rho, classes):
    return np.average(classes, axis=0, weights=rho)


@exercise.accepted("marginal of the similar pairs, torch")
def negatives_law(rho, classes):
    joint = torch.einsum("c,cx,cy->xy", torch.from_numpy(rho), torch.from_numpy(classes), torch.from_numpy(classes))
    return joint.sum(dim=1)
