"""normalized_adjacency: what its check looks at. Non-uniform masses, loops present and absent, negative eigenvalues;
on a graph with equal masses several normalisations coincide."""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from course import graphs, validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "normalized_adjacency",
    hints={
        "values": (
            "Compute the masses first: p = joint.sum(axis=1), all of them > 0.",
            "Entry [x, y] is divided by sqrt(p[x]) and by sqrt(p[y]): two roots, not one mass.",
            "joint / np.sqrt(np.outer(p, p)).",
        ),
        "bad input": ("`validate.joint_law(joint, symmetric=True)` raises for everything that the statement names.",),
        "properties": ("Its largest eigenvalue is 1, with eigenvector sqrt(p).",),
    },
)


def bad_joints(rng, *others):
    """Calls with something that is no symmetric joint law in the first place."""
    joint = graphs.random_joint_symmetric(rng, 4)
    lopsided = joint.copy()
    lopsided[0, 1] += 0.02
    isolated = np.zeros((4, 4))
    isolated[:3, :3] = graphs.random_joint_symmetric(rng, 3)
    negative = joint.copy()
    negative[0, 1] = negative[1, 0] = -0.01
    hole = joint.copy()
    hole[1, 2] = hole[2, 1] = np.nan
    yield bad_input("not symmetric", lopsided / lopsided.sum(), *others)
    yield bad_input("sums to 2: a matrix of weights, not a law", 2 * joint, *others)
    yield bad_input("an isolated node", isolated, *others)
    yield bad_input("a negative entry", negative / negative.sum(), *others)
    yield bad_input("NaN", hole, *others)
    yield bad_input("not square", np.full((4, 3), 1 / 12), *others)


@exercise.cases
def cases(rng):
    yield Case("S = 5", (graphs.random_joint_symmetric(rng, 5),))
    yield Case("S = 6, from augmentations", (graphs.random_joint_symmetric(rng, 6, psd=True),))
    yield Case("complete graph without loops", (graphs.complete_graph(5),))
    yield Case("two parts of unequal mass", (graphs.blocks(rng, [2, 4], leak=0.05)[0],))
    yield Case("only loops", (np.diag(rng.dirichlet([2.0, 3.0, 4.0])),))
    yield Case("one node", (np.ones((1, 1)),))
    yield from bad_joints(rng)


@exercise.property("symmetric, largest eigenvalue 1 with eigenvector sqrt(p), no eigenvalue below -1")
def spectrum(f, rng):
    joint = graphs.random_joint_symmetric(rng, 6)
    adjacency = np.asarray(f(joint))
    root = np.sqrt(joint.sum(axis=1))
    if np.abs(adjacency - adjacency.T).max() > 1e-9:
        return "the matrix is not symmetric"
    if np.abs(adjacency @ root - root).max() > 1e-9:
        return "sqrt(p) is not an eigenvector with eigenvalue 1"
    if np.abs(np.linalg.eigvalsh(adjacency)).max() > 1 + 1e-9:
        return "an eigenvalue lies outside [-1, 1]"


@exercise.wrong(
    "random walk",
    belief="Normalising means that every row sums to 1.",
    hints=(
        "Is your matrix symmetric?",
        "p(x, y) / p(x) is the probability of a step from x to y: the right eigenvalues, but not symmetric.",
        "Give half of the division to each side: divide by sqrt(p(x)) and by sqrt(p(y)).",
    ),
)
def normalized_adjacency(joint):
    return joint / joint.sum(axis=1, keepdims=True)


@exercise.wrong(
    "density ratio",
    belief="The entry is divided by p(x) p(y).",
    hints=(
        "What is the largest eigenvalue of your matrix?",
        "p(x, y) / (p(x) p(y)) is the density ratio that the free critic learns; the adjacency has a root below.",
        "Divide by sqrt(p(x) p(y)).",
    ),
)
def normalized_adjacency(joint):
    p = joint.sum(axis=1)
    return joint / np.outer(p, p)


@exercise.wrong(
    "Laplacian",
    belief="The normalised matrix of a graph is the Laplacian I - D^-1/2 P D^-1/2.",
    hints=(
        "What is the smallest eigenvalue of your matrix, and what the largest?",
        "The Laplacian is the identity minus what is asked here; unit 07 uses it.",
        "Leave the identity out.",
    ),
)
def normalized_adjacency(joint):
    root = np.sqrt(joint.sum(axis=1))
    return np.eye(len(joint)) - joint / np.outer(root, root)


@exercise.wrong(
    "degrees count neighbours",
    belief="The degree of a node is its number of neighbours.",
    hints=(
        "On a graph with weights, what is the degree of a node?",
        "p(x) is the sum of the row, not the number of entries that are not 0.",
        "p = joint.sum(axis=1).",
    ),
)
def normalized_adjacency(joint):
    degree = (joint > 0).sum(axis=1)
    return joint / np.sqrt(np.outer(degree, degree))


@exercise.wrong(
    "loops taken out",
    belief="An adjacency matrix has a zero diagonal.",
    hints=(
        "Compare the diagonals.",
        "p(x, x) > 0 means that two augmentations may give the same picture; it belongs to the law.",
        "Keep the diagonal, in the masses and in the matrix.",
    ),
)
def normalized_adjacency(joint):
    bare = joint - np.diag(np.diag(joint))
    root = np.sqrt(bare.sum(axis=1))
    return bare / np.outer(root, root)


@exercise.wrong(
    "the root of the whole quotient",
    belief="The root goes over the joint probability too.",
    hints=(
        "On the graph of one node both agree. Elsewhere: is your largest eigenvalue 1?",
        "Only the denominator stands under the root.",
        "joint / np.sqrt(p p'), not np.sqrt(joint / (p p')).",
    ),
)
def normalized_adjacency(joint):
    p = joint.sum(axis=1)
    return np.sqrt(np.maximum(joint, 0) / np.outer(p, p))


@exercise.accepted("diagonal matrices")
def normalized_adjacency(joint):
    validate.joint_law(joint, symmetric=True)
    half = np.diag(joint.sum(axis=0) ** -0.5)
    return half @ joint @ half


@exercise.accepted("double loop")
def normalized_adjacency(joint):
    validate.joint_law(joint, symmetric=True)
    p = [sum(row) for row in joint]
    n = len(p)
    return [[joint[x, y] / math.sqrt(p[x] * p[y]) for y in range(n)] for x in range(n)]


@exercise.accepted("rows, then columns, in torch")
def normalized_adjacency(joint):
    validate.joint_law(joint, symmetric=True)
    weights = torch.tensor(joint)
    root = weights.sum(dim=1).sqrt()
    return weights / root / root[:, None]


@exercise.accepted("identity minus Laplacian")
def normalized_adjacency(joint):
    validate.joint_law(joint, symmetric=True)
    p = np.einsum("xy->x", joint)
    scale = 1 / np.sqrt(p)
    laplacian = np.eye(len(p)) - scale[:, None] * joint * scale
    return np.eye(len(p)) - laplacian
