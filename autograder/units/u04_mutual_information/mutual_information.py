"""mutual_information: what its check looks at.

Blind inputs avoided: uniform marginals (hide swapped or forgotten marginals), square symmetric laws (hide the axes),
independence (every multiple of I is 0), laws without zeros (hide 0 ln 0).
"""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from course import validate
from course.check.case import Case, bad_input
from course.worlds import random_joint, random_law

exercise = Exercise(
    "mutual_information",
    hints={
        "values": (
            "Try the smallest law by hand: [[1/2, 0], [0, 1/2]] has I = ln 2 = 0.693.",
            "I is the joint's expectation of ln( p(x,x+) / (p(x) p(x+)) ): weight each logarithm by the joint itself.",
        ),
        "bad input": ("`validate.joint_law(joint)` raises for everything that is no joint law.",),
        "properties": (
            "I is never negative, does not change when rows and columns are exchanged, and loses nothing when two "
            "proportional columns are merged.",
        ),
    },
)


def with_zeros(rng, n_rows, n_columns, share=0.3):
    """Random joint law in which each row keeps one positive cell and about `share` of the others are zero."""
    joint = random_joint(rng, n_rows, n_columns)
    keep = rng.random(joint.shape) > share
    keep[np.arange(n_rows), rng.integers(n_columns, size=n_rows)] = True
    keep[tuple(rng.integers(joint.shape))] = False  # at least one zero; a row that this empties stays legal
    joint = np.where(keep, joint, 0.0)
    return joint / joint.sum()


def with_empty_lines(rng, n_rows, n_columns):
    """Random joint law with its first row and last column empty."""
    joint = np.zeros((n_rows, n_columns))
    joint[1:, :-1] = random_joint(rng, n_rows - 1, n_columns - 1)
    return joint


@exercise.cases
def cases(rng):
    yield Case("3 x 4", (random_joint(rng, 3, 4),))
    yield Case("4 x 2", (random_joint(rng, 4, 2),))
    yield Case("3 x 3, not symmetric", (random_joint(rng, 3, 3),))
    yield Case("4 x 5 with zeros", (with_zeros(rng, 4, 5),))
    yield Case("4 x 4, an empty row and an empty column", (with_empty_lines(rng, 4, 4),))
    yield Case("5 x 5 diagonal, not uniform", (np.diag(random_law(rng, 5, minimum=0.05)),))
    yield Case("independent, 3 x 2", (np.outer(random_law(rng, 3), random_law(rng, 2)),))
    yield bad_input("a negative entry", np.array([[0.6, -0.1], [0.2, 0.3]]))
    yield bad_input("entries that sum to 1.1", 1.1 * random_joint(rng, 2, 3))
    yield bad_input("NaN", np.array([[0.5, np.nan], [0.2, 0.3]]))
    yield bad_input("a vector", random_law(rng, 4))


@exercise.property("transposing the joint changes nothing")
def symmetric(f, rng):
    joint = with_zeros(rng, 3, 5)
    if abs(f(joint) - f(joint.T)) > 1e-9:
        return "I(x; x+) and I(x+; x) differ"


@exercise.property("0 <= I <= the entropy of x, with equality for a copy")
def entropy_bound(f, rng):
    for _ in range(4):
        joint = random_joint(rng, 3, 4)
        p = joint.sum(axis=1)
        if not -1e-9 <= f(joint) <= -p @ np.log(p) + 1e-9:
            return "a value below 0 or above the entropy of x came back"
    p = random_law(rng, 4, minimum=0.05)
    if abs(f(np.diag(p)) + p @ np.log(p)) > 1e-9:
        return "a perfect copy of x carries exactly its entropy"


@exercise.property("splitting a column in proportion changes nothing")
def splitting(f, rng):
    joint = random_joint(rng, 3, 3)
    split = np.column_stack([joint[:, :2], 0.3 * joint[:, 2], 0.7 * joint[:, 2]])
    if abs(f(joint) - f(split)) > 1e-9:
        return "splitting a column of the joint in two proportional ones changed the answer"


@exercise.wrong(
    "bits",
    belief="Information is measured with logarithms in base 2.",
    hints=(
        "Which unit does the exercise ask for?",
        "A fair bit that is copied has 1 bit = 0.693 nats. The course uses nats throughout.",
        "Use `np.log`, not `np.log2`.",
    ),
)
def mutual_information(joint):
    cells = joint > 0
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    return np.sum(joint[cells] * np.log2(joint[cells] / independent[cells]))


@exercise.wrong(
    "joint alone",
    belief="The information is the sum of p ln p over the joint law.",
    hints=(
        "Your value is negative. Can an information be negative?",
        "You computed minus the joint entropy. Independent x and x+ should give 0: do they?",
        "Compare the joint with what it would be under independence: ln( p(x,x+) / (p(x) p(x+)) ).",
    ),
)
def mutual_information(joint):
    cells = joint > 0
    return np.sum(joint[cells] * np.log(joint[cells]))


@exercise.wrong(
    "conditional entropy",
    belief="What x+ tells about x is the uncertainty of x given x+.",
    hints=(
        "If x+ is a copy of x, your value is 0. Should the information be 0 there?",
        "You computed what is still unknown about x once x+ is seen. The information is what became known.",
        "I = H(x) - H(x | x+).",
    ),
)
def mutual_information(joint):
    cells = joint > 0
    conditional = np.where(cells, joint, 1.0) / np.where(joint.sum(axis=0) > 0, joint.sum(axis=0), 1.0)
    return -np.sum(joint[cells] * np.log(conditional[cells]))


@exercise.wrong(
    "reversed divergence",
    belief="The divergence between joint and product can be averaged under the product of the marginals.",
    hints=(
        "Under which law is the average of the logarithm taken?",
        "Where the joint is zero and the marginals are not, your value is infinite; the mutual information is finite.",
        "I = KL(joint || product): weight the logarithm by `joint`, not by the outer product.",
    ),
)
def mutual_information(joint):
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    cells = independent > 0
    with np.errstate(divide="ignore"):
        return np.sum(independent[cells] * np.log(independent[cells] / joint[cells]))


@exercise.wrong(
    "unweighted mean",
    belief="All cells of the joint count alike in the average.",
    hints=(
        "A pair that almost never happens should hardly matter. Does it in your sum?",
        "The expectation is over the joint law, not over the table's cells.",
        "Replace the mean over cells by the sum weighted with `joint`.",
    ),
)
def mutual_information(joint):
    cells = joint > 0
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    return np.mean(np.log(joint[cells] / independent[cells]))


@exercise.wrong(
    "0 ln 0 left to numpy",
    belief="A cell of probability 0 needs no care: 0 times its logarithm is 0.",
    hints=(
        "Look at the laws that hold a zero. What is 0 times minus infinity in floating point?",
        "numpy gives NaN for 0 * log(0), and one NaN spoils the sum.",
        "Sum over the cells with `joint > 0` only.",
    ),
)
def mutual_information(joint):
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    return np.sum(joint * np.log(joint / independent))


@exercise.wrong(
    "axes exchanged",
    belief="`joint.sum(axis=0)` is the law of the rows.",
    hints=(
        "Print the shapes of your two marginals for a 3 x 4 law.",
        "`axis=0` is the axis that disappears: what is left is one number per column.",
        "p(x) = `joint.sum(axis=1)`, p(x+) = `joint.sum(axis=0)`.",
    ),
)
def mutual_information(joint):
    cells = joint > 0
    independent = np.outer(joint.sum(axis=0), joint.sum(axis=1))
    return np.sum(joint[cells] * np.log(joint[cells] / independent[cells]))


@exercise.wrong(
    "uniform marginals",
    belief="Without dependence every pair would be equally likely.",
    hints=(
        "What would the joint be if x and x+ were independent, but each kept its own law?",
        "You compare with the uniform law 1/(S T); rare points then look informative although they are only rare.",
        "Compare with the outer product of the two marginals.",
    ),
)
def mutual_information(joint):
    cells = joint > 0
    return np.sum(joint[cells] * np.log(joint[cells] * joint.size))


@exercise.accepted("three entropies")
def mutual_information(joint):
    validate.joint_law(joint)

    def entropy(p):
        p = p[p > 0]
        return -(p * np.log(p)).sum()

    return entropy(joint.sum(1)) + entropy(joint.sum(0)) - entropy(joint.ravel())


@exercise.accepted("double loop, Python float")
def mutual_information(joint):
    validate.joint_law(joint)
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)
    total = 0.0
    for i in range(joint.shape[0]):
        for j in range(joint.shape[1]):
            p = float(joint[i, j])
            if p > 0:
                total += p * math.log(p / (rows[i] * columns[j]))
    return total


@exercise.accepted("torch xlogy, 0-dim tensor")
def mutual_information(joint):
    if np.ndim(joint) != 2 or not np.all(joint >= 0) or abs(joint.sum() - 1) > 1e-9:
        raise ValueError(f"no joint law: {joint}")
    p = torch.from_numpy(joint)
    a, b = p.sum(1), p.sum(0)
    return torch.xlogy(p, p).sum() - torch.xlogy(a, a).sum() - torch.xlogy(b, b).sum()


@exercise.accepted("row by row, divergence of p(x+|x) from p(x+)")
def mutual_information(joint):
    validate.joint_law(joint)
    noise, total = joint.sum(axis=0), 0.0
    for row in joint:
        seen = row > 0
        if seen.any():
            total = total + row[seen] @ (np.log(row[seen] / row.sum()) - np.log(noise[seen]))
    return total
