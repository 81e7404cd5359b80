"""similar_pairs: what its check looks at. Overlapping classes, non-uniform rho: other pairing laws differ there."""

import numpy as np
import torch

from autograder.spec import Exercise
from course import validate, worlds
from course.check.case import Case, bad_input

exercise = Exercise(
    "similar_pairs",
    hints={
        "values": (
            "Write the joint law given the class first: x and x+ are independent there.",
            "Given the class c the joint law is D_c(x) D_c(x+), an outer product; then average the C matrices.",
            "Average them with weights rho_c: sum_c rho_c * outer(classes[c], classes[c]).",
        ),
        "bad input": ("`validate.world(rho, classes)` raises for everything that the statement names.",),
    },
)


@exercise.cases
def cases(rng):
    for c, s in ((3, 5), (2, 4), (4, 3)):
        rho, classes, _ = worlds.random_world(rng, c, s, 2)
        yield Case(f"C = {c}, S = {s}, overlapping classes", (rho, classes))
    rho, classes, _ = worlds.random_world(rng, 3, 6, 2, overlap=False)
    yield Case("C = 3, S = 6, disjoint classes", (rho, classes))
    yield Case("one class", (np.ones(1), worlds.random_law(rng, 4)[None]))
    rho, classes, _ = worlds.random_world(rng, 3, 5, 2)
    yield bad_input("rho sums to 0.9", 0.9 * rho, classes)
    yield bad_input("rho has a zero", np.array([0.4, 0.6, 0.0]), classes)
    yield bad_input("a row of classes sums to 1.1", rho, classes * np.array([[1.0], [1.1], [1.0]]))
    yield bad_input("a negative probability in classes", rho, classes + np.array([[2.0, -2.0, 0.0, 0.0, 0.0]]))
    yield bad_input("rho and classes of different C", rho, classes[:2])
    yield bad_input("NaN in rho", np.array([0.5, np.nan, 0.5]), classes)


@exercise.property("a joint law of two exchangeable points: symmetric, sum 1, both marginals sum_c rho_c D_c")
def joint_law(f, rng):
    for _ in range(10):
        rho, classes, _ = worlds.random_world(rng, 4, 6, 1)
        joint = np.asarray(f(rho, classes))
        if np.shape(joint) != (6, 6):
            return f"the joint law of S = 6 points must have shape (6, 6), got {np.shape(joint)}"
        if np.abs(joint - joint.T).max() > 1e-9:
            return "x and x+ play the same role, but the matrix is not symmetric"
        if abs(joint.sum() - 1) > 1e-9:
            return "the probabilities of all pairs do not sum to 1"
        if np.abs(joint.sum(axis=0) - sum(r * row for r, row in zip(rho, classes, strict=True))).max() > 1e-9:
            return "the law of one point of the pair is not sum_c rho_c D_c"


@exercise.wrong(
    "x and x+ independent",
    belief="A similar pair is two independent draws from the data, each with a class of its own.",
    hints=(
        "Which class does x+ come from, once the class of x is known?",
        "x and x+ share one class; they are independent only *given* that class.",
        "Average the outer products D_c D_c^T with weights rho_c, not the outer product of the averages.",
    ),
)
def similar_pairs(rho, classes):
    validate.world(rho, classes)
    p = rho @ classes
    return np.outer(p, p)


@exercise.wrong(
    "the positive is the point itself",
    belief="A point is similar to itself, so x+ = x.",
    hints=(
        "How many draws from D_c make a pair?",
        "x+ is a second, independent draw from the same class; it equals x only by chance.",
        "Off the diagonal the entries are sum_c rho_c D_c(x) D_c(y), and they are not zero.",
    ),
)
def similar_pairs(rho, classes):
    validate.world(rho, classes)
    return np.diag(rho @ classes)


@exercise.wrong(
    "two different points",
    belief="A pair has two different points, so x+ = x must be excluded.",
    hints=(
        "The two draws are independent given the class. May independent draws coincide?",
        "Excluding x+ = x makes x+ depend on x, and the lemma of this unit then fails.",
        "Keep the diagonal: entry [x, x] is sum_c rho_c D_c(x)^2.",
    ),
)
def similar_pairs(rho, classes):
    validate.world(rho, classes)
    joint = classes.T @ (rho[:, None] * classes)
    np.fill_diagonal(joint, 0)
    return joint / joint.sum() if joint.sum() > 0 else joint


@exercise.wrong(
    "classes equally likely",
    belief="All classes count the same, so the C matrices are averaged with weights 1/C.",
    hints=(
        "How often does nature pick class c?",
        "The class of the pair is drawn from rho, which need not be uniform.",
        "The weight of outer(classes[c], classes[c]) is rho[c].",
    ),
)
def similar_pairs(rho, classes):
    validate.world(rho, classes)
    return classes.T @ classes / len(rho)


@exercise.wrong(
    "each point draws the class",
    belief="Each of the two points pays for its class, so that the weight of a class is rho_c squared.",
    hints=(
        "How many times is a class drawn for one similar pair?",
        "One class is drawn for the pair, then two points from it: rho_c enters once.",
        "rho_c^2 is the probability of a collision of two independent draws of a class; here the weight is rho_c.",
    ),
)
def similar_pairs(rho, classes):
    validate.world(rho, classes)
    return classes.T @ (rho[:, None] ** 2 * classes) / (rho**2).sum()


@exercise.accepted("loop over classes")
def similar_pairs(rho, classes):
    validate.world(rho, classes)
    joint = np.zeros((classes.shape[1], classes.shape[1]))
    for c in range(len(rho)):
        joint += rho[c] * np.outer(classes[c], classes[c])
    return joint


@exercise.accepted("einsum")
def similar_pairs(rho, classes):
    validate.world(rho, classes)
    return np.einsum("c,cx,cy->xy", rho, classes, classes)


@exercise.accepted("lists of Python floats, own validation")
def similar_pairs(rho, classes):
    if np.isnan(rho).any() or abs(sum(rho) - 1) > 1e-9 or min(rho) <= 0 or len(rho) != len(classes):
        raise ValueError(f"no law: {rho}")
    for row in classes:
        if not abs(sum(row) - 1) <= 1e-9 or min(row) < 0:
            raise ValueError(f"no law: {row}")
    points = range(len(classes[0]))
    entry = lambda i, j: float(sum(r * row[i] * row[j] for r, row in zip(rho, classes, strict=True)))  # noqa: E731
    return [[entry(i, j) for j in points] for i in points]


@exercise.accepted("torch, square-root factor")
def similar_pairs(rho, classes):
    validate.world(rho, classes)
    factor = torch.from_numpy(np.sqrt(rho)[:, None] * classes)
    return factor.T @ factor
