"""negatives_law: what its check looks at. A non-uniform rho of three classes and more (with two, throwing out collisions
leaves both alike), overlapping classes, S different from C, and one world of as many points as classes."""

import numpy as np
import torch

from autograder.author import Case, Exercise, needs, world
from autograder.author.draw import larger_world
from autograder.units.u02_latent_classes.formulas import distinct
from course import validate, worlds

exercise = Exercise(
    "negatives_law",
    refuses=(
        world("rho", "classes"),
        needs(
            "not apart or len(rho) > 1",
            {"apart, one class": {"rho": np.ones(1), "classes": lambda rows: rows[:1], "apart": True}},
        ),
    ),
    hints={
        "values": (
            "Without apart first a class is drawn, then a point from it. With apart: which pairs (c+, c-) are left, and how "
            "likely is each among those that are left?",
            "For the class e of a negative add up what is left over all classes of the anchor.",
            "The class of a negative that is left has a probability proportional to rho_e (1 - rho_e).",
        ),
        "bad input": (
            "`validate.world(rho, classes)` raises for most of it; with apart and one class nothing is left: raise ValueError.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for c, s in ((3, 5), (2, 4), (4, 3), (3, 3)):
        rho, classes, _ = worlds.random_world(rng, c, s, 2)
        yield Case(f"apart, C = {c}, S = {s}, overlapping classes", (rho, classes, True))
    rho, classes, _ = worlds.random_world(rng, 3, 7, 2, overlap=False)
    yield Case("apart, C = 3, S = 7, disjoint classes", (rho, classes, True))
    for c, s in ((3, 5), (3, 3)):
        rho, classes, _ = worlds.random_world(rng, c, s, 2)
        yield Case(f"C = {c}, S = {s}, overlapping classes", (rho, classes))
    yield Case("one class", (np.ones(1), worlds.random_law(rng, 4)[None]))
    rho, classes, _ = worlds.random_world(rng, 3, 5, 2)
    yield from exercise.bad_inputs(rho, classes)
    for more in ((), (True,)):
        rho, classes, _ = larger_world(rng)
        yield Case(f"more classes and points{', apart' if more else ''}", (rho, classes, *more), public=False)


@exercise.property("a law: shape (S,), entries >= 0, sum 1")
def law(f, rng):
    for _ in range(10):
        rho, classes, _ = worlds.random_world(rng, 3, 8, 1, overlap=False)
        p = np.asarray(f(rho, classes, True))
        if np.shape(p) != (8,):
            return f"the law on S = 8 points must have shape (8,), got {np.shape(p)}"
        if abs(p.sum() - 1) > 1e-9 or p.min() < 0:
            return "the answer is no law: negative entries, or a sum other than 1"


def independent(rho):
    """Weights (C, C) of the anchor's class and the negative's, collisions included."""
    return np.outer(rho, rho)


def two_or_more(rho):
    if len(rho) < 2:
        raise ValueError("one class")
    return independent(rho)


@exercise.formula
def negatives_law(
    rho,
    classes,
    apart=False,
    *,
    nature=independent,
    left=distinct,
    mix=lambda weights, classes: weights.sum(axis=0) @ classes,
    total=np.sum,
    answer=lambda law, apart: law,
):
    weights = left(rho) if apart else nature(rho)  # axes: class of the anchor, class of the negative
    return answer(mix(weights, classes) / (total(weights) if apart else weights.sum()), apart)


def never_twice(law):
    """The law of the second of two independent draws from `law`, given that they differ."""
    return distinct(law).sum(axis=0) / distinct(law).sum()


exercise.slip("collisions thrown out, the law kept", left=independent).says(
    "The classes are drawn independently, so that throwing out the collisions leaves the law of the negatives as it was.",
    "Take rho = (0.9, 0.1). Which of nature's negatives survive?",
    "Of the negatives of class 1 only one in ten survives, of those of class 2 nine in ten.",
    "Given that c- differs from c+, the two are no longer independent: sum rho_c rho_e over c != e.",
)
exercise.slip("uniform over classes", left=lambda rho: np.ones((len(rho),) * 2)).says(
    "The negatives that are left come from all classes equally often.",
    "That is so with two classes. And with three?",
    "The class e is left with a probability proportional to rho_e (1 - rho_e).",
)
exercise.slip(
    "always uniform over classes",
    nature=lambda rho: np.ones((len(rho),) * 2),
    left=lambda rho: np.ones((len(rho),) * 2),
).says(
    "A negative comes from a class picked uniformly.",
    "By which law does nature pick the class of a negative?",
    "From rho, like that of the anchor: without apart row c of classes weighs rho_c.",
)
exercise.slip(
    "collisions always thrown out", nature=lambda rho: distinct(rho) if len(rho) > 1 else np.ones((1, 1))
).says(
    "A negative must come from a class other than the anchor's, with apart or without.",
    "Without apart, who has thrown out the collisions?",
    "Nobody: the law of nature's negatives is sum_c rho_c D_c.",
)
exercise.slip("not divided by what is left", total=lambda weights: 1.0).says(
    "Once the collisions are out, what is left needs no division.",
    "What does your vector sum to?",
    "To 1 - tau, the share of the triplets that is left. A law given an event is divided by its probability.",
)
exercise.slip("divided by 1 - 1/C", total=lambda weights: 1 - 1 / len(weights)).says(
    "The share of the triplets that is left is 1 - 1/C.",
    "What does your vector sum to when rho is not uniform?",
    "1 - 1/C is the share for a uniform rho. In general it is 1 - tau, with tau = rho @ rho.",
)
exercise.slip("drawn again, not thrown out", left=lambda rho: distinct(rho) / (1 - rho)[:, None]).says(
    "Where the classes collide, only the negative is drawn again, until its class differs.",
    "What happens to the anchor of a triplet that collides?",
    "It is thrown out with the triplet, so frequent classes lose anchors, too.",
    "The pair (c, e) is left with probability rho_c rho_e / (1 - tau), not rho_c rho_e / (1 - rho_c).",
)
exercise.slip("the share that survives as weight", left=lambda rho: np.diag(1 - rho)).says(
    "Class e is left with a probability proportional to 1 - rho_e, as often as the anchor is of another class.",
    "Given the class of the anchor, are the other classes equally likely to be the negative's?",
    "Nature had drawn class e with probability rho_e; of these negatives the share 1 - rho_e survives: multiply the two.",
)
exercise.slip("divided by the share that survives", left=lambda rho: np.diag(rho / (1 - rho))).says(
    "Each class is divided by its own probability 1 - rho_e to be left.",
    "Do frequent classes lose more negatives or fewer, when collisions are thrown out? And with your weights?",
    "A negative of class e survives with probability 1 - rho_e: that multiplies rho_e. What is divided by is the sum of all.",
)
exercise.slip("the collisions", left=lambda rho: np.diag(rho**2)).says(
    "A negative of class c has the weight rho_c squared, since two classes are drawn.",
    "Which triplets have two classes c?",
    "The ones that were thrown out: you have the law of a negative that collides.",
    "Sum rho_c rho_e over c != e.",
)
exercise.slip("half of the pairs", left=lambda rho: np.triu(distinct(rho))).says(
    "Each pair of distinct classes counts once, with the larger index for the negative.",
    "May the negative come from the first class?",
    "(c, e) and (e, c) are both left, with one probability each.",
)
exercise.slip(
    "the same point instead of the same class",
    left=independent,
    answer=lambda law, apart: never_twice(law) if apart else law,
).says(
    "A collision is a negative that is the anchor itself.",
    "What collides, two points or two classes?",
    "c- = c+: two different points of one class collide, and one point may be drawn from two classes without a collision.",
)
exercise.slip("law of class and point", mix=lambda weights, classes: weights.sum(axis=0)[:, None] * classes).says(
    "The law of a negative says which class it comes from, too.",
    "How many numbers does a law on S points have?",
    "You have P(c-, x-), of shape (C, S). Sum over the classes.",
)
exercise.slip(
    "uniform over points", mix=lambda weights, classes: np.full(classes.shape[1], weights.sum() / classes.shape[1])
).says(
    "The negatives that are left are any points, all equally likely.",
    "Are all points equally likely in this world?",
    "Given its class, x- has the law of the class: sum the weight of class e times D_e(x-).",
)
exercise.slip("one class refused without apart", nature=two_or_more).says(
    "With one class nature has no negatives, with apart or without.",
    "Without apart, may a negative have the class of its anchor?",
    "It may: with one class all negatives collide, and their law is D_1. Raise ValueError with apart only.",
)
exercise.slip("nothing refused", guarded=False).says(
    "Bad input never comes, so that nothing has to be refused.",
    "What should happen for a rho that sums to 0.9, or for NaN?",
    "ValueError: `validate.world(rho, classes)` in the first line.",
)


@exercise.wrong(
    "one class with apart",
    belief="With apart and one class there is an answer, too.",
    hints=(
        "Which triplets are left when every negative collides?",
        "None, so that there is no law: raise ValueError where apart is True and len(rho) is 1.",
    ),
    guarded=False,
)
def negatives_law(rho, classes, apart=False):
    validate.world(rho, classes)
    weights = rho * (1 - rho) if apart else rho
    return weights @ classes / weights.sum()


@exercise.accepted("loops over classes and points, validated by hand", guarded=False)
def negatives_law(rho, classes, apart=False):
    validate.law(rho)
    if len(rho) < 1 + apart or len(rho) != len(classes):
        raise ValueError(f"{len(rho)} classes")
    for row in classes:
        validate.law(row, zeros=True)
    found = [0.0] * len(classes[0])
    for c, p in enumerate(rho):
        for e, q in enumerate(rho):
            for x, chance in enumerate(classes[e] if c != e or not apart else ()):
                found[x] += p * q * chance
    return [value / sum(found) for value in found]


@exercise.accepted("numpy average with weights")
def negatives_law(rho, classes, apart=False):
    return np.average(classes, axis=0, weights=rho * (1 - rho) if apart else rho)


@exercise.accepted("all negatives less those that collide, torch")
def negatives_law(rho, classes, apart=False):
    p, rows = torch.from_numpy(rho), torch.from_numpy(classes)
    return (p @ rows - p**2 @ rows) / (1 - p @ p) if apart else p @ rows
