"""similar_pairs: what its check looks at. Overlapping classes, non-uniform rho: other pairing laws differ there."""

import numpy as np
import torch

from autograder.author import Case, Exercise, bad_input, world
from autograder.author.draw import larger_world
from autograder.units.u02_latent_classes.draws import with_negative
from autograder.units.u02_latent_classes.formulas import one_class, without_repeats
from course import worlds

exercise = Exercise(
    "similar_pairs",
    refuses=(world("rho", "classes"),),
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
    for c, s in ((3, 5), (2, 4), (4, 3), (3, 3)):
        rho, classes, _ = worlds.random_world(rng, c, s, 2)
        yield Case(f"C = {c}, S = {s}, overlapping classes", (rho, classes))
    rho, classes, _ = worlds.random_world(rng, 3, 6, 2, overlap=False)
    yield Case("C = 3, S = 6, disjoint classes", (rho, classes))
    yield Case("one class", (np.ones(1), worlds.random_law(rng, 4)[None]))
    rho, classes, _ = worlds.random_world(rng, 3, 5, 2)
    yield from exercise.bad_inputs(rho, classes)
    yield bad_input("a negative probability in classes", rho, with_negative(classes))
    yield bad_input("NaN in rho", np.array([0.5, np.nan, 0.5]), classes)
    rho, classes, _ = larger_world(rng)
    yield Case("more classes and points", (rho, classes), public=False)


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


def other_points(weights, classes):
    """Joint law (S, S) if x+ were drawn from the points of the class other than x."""
    joint = np.einsum("c,cx,cy->xy", weights, classes / (1 - classes), classes)
    return joint * (1 - np.eye(len(joint)))


@exercise.formula
def similar_pairs(
    rho,
    classes,
    *,
    weigh=lambda rho: rho,
    pair=one_class,
    given=lambda joint: joint,
):
    return given(pair(weigh(rho), classes))


exercise.slip(
    "x and x+ independent", pair=lambda weights, classes: np.outer(weights @ classes, weights @ classes)
).says(
    "A similar pair is two independent draws from the data, each with a class of its own.",
    "Which class does x+ come from, once the class of x is known?",
    "x and x+ share one class; they are independent only *given* that class.",
    "Average the outer products D_c D_c^T with weights rho_c, not the outer product of the averages.",
)
exercise.slip("the positive is the point itself", pair=lambda weights, classes: np.diag(weights @ classes)).says(
    "A point is similar to itself, so x+ = x.",
    "How many draws from D_c make a pair?",
    "x+ is a second, independent draw from the same class; it equals x only by chance.",
    "Off the diagonal the entries are sum_c rho_c D_c(x) D_c(y), and they are not zero.",
)
exercise.slip("two different points", given=without_repeats).says(
    "A pair has two different points, so x+ = x must be excluded.",
    "The two draws are independent given the class. May independent draws coincide?",
    "Excluding x+ = x makes x+ depend on x, and the lemma of this unit then fails.",
    "Keep the diagonal: entry [x, x] is sum_c rho_c D_c(x)^2.",
)
exercise.slip("two different points, not divided", given=lambda joint: joint * (1 - np.eye(len(joint)))).says(
    "A point is never paired with itself, so that the diagonal holds zeros.",
    "What do your numbers sum to? And may two independent draws from one class coincide?",
    "They may: entry [x, x] is sum_c rho_c D_c(x)^2.",
)
exercise.slip("x+ drawn from the other points", pair=other_points).says(
    "x+ is drawn from the class without the point x.",
    "Is x+ drawn with or without a look at x?",
    "x and x+ are independent given the class: x+ has the law D_c, x included.",
    "Average outer(classes[c], classes[c]) with weights rho_c; nothing is divided by 1 - D_c(x).",
)
exercise.slip("classes equally likely", weigh=lambda rho: np.full(len(rho), 1 / len(rho))).says(
    "All classes count the same, so the C matrices are averaged with weights 1/C.",
    "How often does nature pick class c?",
    "The class of the pair is drawn from rho, which need not be uniform.",
    "The weight of outer(classes[c], classes[c]) is rho[c].",
)
exercise.slip("each point draws the class", weigh=lambda rho: rho**2 / (rho**2).sum()).says(
    "Each of the two points pays for its class, so that the weight of a class is rho_c squared.",
    "How many times is a class drawn for one similar pair?",
    "One class is drawn for the pair, then two points from it: rho_c enters once.",
    "rho_c^2 is the probability of a collision of two independent draws of a class; here the weight is rho_c.",
)
exercise.slip("each point draws the class, not divided", weigh=np.square).says(
    "rho_c belongs to each of the two points, so that the weight of a class is rho_c squared.",
    "What do your S^2 numbers sum to?",
    "To tau: rho_c^2 is the probability that two independent draws of a class both give c.",
    "One class is drawn for the pair, then two points from it: rho_c enters once.",
)
exercise.slip("unordered pairs", given=lambda joint: np.triu(joint) + np.triu(joint, 1)).says(
    "The pairs (x, y) and (y, x) are one pair, so that one of the two entries holds both.",
    "Which of the two points is drawn first in entry [x, y]?",
    "Row x is the anchor. Both orders are events of their own, equally likely: the matrix is symmetric.",
)
exercise.slip(
    "law of class and pair", pair=lambda weights, classes: np.einsum("c,cx,cy->cxy", weights, classes, classes)
).says(
    "The joint law of a pair says which class the two come from, too.",
    "How many numbers does the joint law of two points out of S have?",
    "You have P(c, x, x+), of shape (C, S, S). Sum over the classes.",
)
exercise.slip("sum without weights", weigh=np.ones_like).says(
    "Adding up the joint laws of the classes gives that of a similar pair.",
    "What do your S^2 numbers sum to?",
    "Each D_c D_c^T sums to 1, so their plain sum has mass C. A mixture needs weights.",
    "Multiply outer(classes[c], classes[c]) by rho[c] before adding.",
)
exercise.slip("weighted and averaged", weigh=lambda rho: rho / len(rho)).says(
    "The weighted joint laws of the C classes are averaged once more.",
    "What do your S^2 numbers sum to?",
    "To 1/C: the weights rho_c are the average already, so that the classes are summed.",
)
exercise.slip("law of x given x+", given=lambda joint: joint / joint.sum(axis=0)).says(
    "Column y holds the probabilities of x once x+ = y is known, so each column sums to 1.",
    "What should all entries of a joint law sum to, and what do yours sum to?",
    "Leave out the division by the column sums.",
)
exercise.slip("law of x+ given x", given=lambda joint: joint / joint.sum(axis=1, keepdims=True)).says(
    "Row x holds the probabilities of x+ once x is known, so each row sums to 1.",
    "What should all entries of a joint law sum to, and what do yours sum to?",
    "You have P(x+ | x); the joint law is P(x) P(x+ | x), a symmetric matrix of sum 1.",
    "Leave out the division by the row sums.",
)
exercise.slip("nothing refused", guarded=False).says(
    "Bad input never comes, so that nothing has to be refused.",
    "What should happen for a rho that sums to 0.9, or for NaN?",
    "ValueError: `validate.world(rho, classes)` in the first line.",
)

exercise.style("einsum", pair=lambda weights, classes: np.einsum("c,cx,cy->xy", weights, classes, classes))


@exercise.accepted("loop over classes")
def similar_pairs(rho, classes):
    joint = np.zeros((classes.shape[1], classes.shape[1]))
    for c in range(len(rho)):
        joint += rho[c] * np.outer(classes[c], classes[c])
    return joint


@exercise.accepted("lists of Python floats, own validation", guarded=False)
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
    factor = torch.from_numpy(np.sqrt(rho)[:, None] * classes)
    return factor.T @ factor
