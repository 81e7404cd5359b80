"""normalized_adjacency: what its check looks at. Non-uniform masses, loops present and absent, negative eigenvalues;
on a graph with equal masses several normalisations coincide."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise
from autograder.author.draw import odd_sizes
from autograder.units.u06_spectral_loss.arguments import GRAPH
from autograder.units.u06_spectral_loss.theorems import off_diagonal
from course import graphs, validate

exercise = Exercise(
    "normalized_adjacency",
    refuses=(GRAPH,),
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


@exercise.cases
def cases(rng):
    yield Case("S = 5", (graphs.random_joint_symmetric(rng, 5),))
    yield Case("S = 6, from augmentations", (graphs.random_joint_symmetric(rng, 6, psd=True),))
    (n,) = odd_sizes(rng, 1)
    yield Case(f"S = {n}", (graphs.random_joint_symmetric(rng, n),), public=False)
    yield Case("complete graph without loops", (graphs.complete_graph(5),))
    yield Case("two parts of unequal mass", (graphs.blocks(rng, [2, 4], leak=0.05)[0],))
    yield Case("only loops", (np.diag(rng.dirichlet([2.0, 3.0, 4.0])),))
    yield Case("one node", (np.ones((1, 1)),))
    yield from exercise.bad_inputs(graphs.random_joint_symmetric(rng, 4))


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


def without_negative(joint):
    if np.linalg.eigvalsh(joint).min() < -1e-12:
        raise ValueError("a negative eigenvalue")
    return joint


@exercise.formula
def normalized_adjacency(
    joint,
    *,
    edges=lambda joint: joint,
    masses=lambda joint: joint.sum(axis=1),
    divisor=lambda p: np.sqrt(np.outer(p, p)),
    finish=lambda quotient: quotient,
):
    graph = edges(joint)
    return finish(graph / divisor(masses(graph)))


exercise.slip("random walk", divisor=lambda p: p[:, None]).says(
    "Normalising means that every row sums to 1.",
    "Is your matrix symmetric?",
    "p(x, y) / p(x) is the probability of a step from x to y: the right eigenvalues, but not symmetric.",
    "Give half of the division to each side: divide by sqrt(p(x)) and by sqrt(p(y)).",
)
exercise.slip("one root only", divisor=lambda p: np.sqrt(p)[:, None]).says(
    "One root of one mass is enough.",
    "Is your matrix symmetric?",
    "Each of the two nodes gives a root to the denominator.",
    "Divide by sqrt(p(x)) and by sqrt(p(y)).",
)
exercise.slip("the identity added", finish=lambda quotient: quotient + np.eye(len(quotient))).says(
    "Every node gets a loop of weight 1 beside its edges.",
    "What is the largest eigenvalue of your matrix?",
    "The loops p(x, x) are in the joint law already, and no other is added.",
    "Leave the identity out.",
)
exercise.slip("density ratio", divisor=lambda p: np.outer(p, p)).says(
    "The entry is divided by p(x) p(y).",
    "What is the largest eigenvalue of your matrix?",
    "p(x, y) / (p(x) p(y)) is the density ratio that the free critic learns; the adjacency has a root below.",
    "Divide by sqrt(p(x) p(y)).",
)
exercise.slip("Laplacian", finish=lambda quotient: np.eye(len(quotient)) - quotient).says(
    "The normalised matrix of a graph is the Laplacian I - D^-1/2 P D^-1/2.",
    "What is the smallest eigenvalue of your matrix, and what the largest?",
    "The Laplacian is the identity minus what is asked here; unit 07 uses it.",
    "Leave the identity out.",
)
exercise.slip("degrees count neighbours", masses=lambda joint: (joint > 0).sum(axis=1)).says(
    "The degree of a node is its number of neighbours.",
    "On a graph with weights, what is the degree of a node?",
    "p(x) is the sum of the row, not the number of entries that are not 0.",
    "p = joint.sum(axis=1).",
)
exercise.slip("loops taken out", edges=off_diagonal).says(
    "An adjacency matrix has a zero diagonal.",
    "Compare the diagonals.",
    "p(x, x) > 0 means that two augmentations may give the same picture; it belongs to the law.",
    "Keep the diagonal, in the masses and in the matrix.",
)
exercise.slip("loops taken out of the result", finish=off_diagonal).says(
    "Loops count in the masses, but an adjacency matrix has a zero diagonal.",
    "Is sqrt(p) an eigenvector of your matrix, with eigenvalue 1?",
    "On the diagonal stands p(x, x) / p(x): two augmentations may give the same picture.",
    "Leave the diagonal as the division makes it.",
)
exercise.slip("the root of the whole quotient", divisor=lambda p: np.outer(p, p), finish=np.sqrt).says(
    "The root goes over the joint probability too.",
    "On the graph of one node both agree. Elsewhere: is your largest eigenvalue 1?",
    "Only the denominator stands under the root.",
    "joint / np.sqrt(p p'), not np.sqrt(joint / (p p')).",
)
exercise.slip("divided by the mass of the column", divisor=lambda p: p).says(
    "Normalising means that every column sums to 1.",
    "Is your matrix symmetric?",
    "joint / p divides each column by its mass: that is p(x|x'), the right eigenvalues, but not symmetric.",
    "Give half of the division to each side: divide by sqrt(p(x)) and by sqrt(p(y)).",
)
exercise.slip("one root only, of the column", divisor=lambda p: np.sqrt(p)).says(
    "The root of the column's mass is enough.",
    "Is your matrix symmetric?",
    "joint / np.sqrt(p) divides the columns only; the rows want their root too.",
    "Divide by sqrt(p(x)) and by sqrt(p(y)).",
)
exercise.slip("divided by the mean of the masses", divisor=lambda p: (p[:, None] + p) / 2).says(
    "The entry is divided by the mean of the two masses.",
    "What is your entry for masses 0.1 and 0.4, and what is sqrt(0.1 * 0.4)?",
    "The geometric mean is asked, not the arithmetic one.",
    "joint / np.sqrt(np.outer(p, p)).",
)
exercise.slip("masses without the loops", masses=lambda joint: joint.sum(axis=1) - np.diag(joint)).says(
    "The mass of a node is the sum of its edges to others.",
    "Is sqrt(p) an eigenvector of your matrix, with eigenvalue 1?",
    "p(x) is the whole row sum, the loop p(x, x) included.",
    "p = joint.sum(axis=1).",
)
exercise.slip("multiplied by the roots", divisor=lambda p: 1 / np.sqrt(np.outer(p, p))).says(
    "The entries are multiplied by sqrt(p(x) p(y)).",
    "What is the largest eigenvalue of your matrix?",
    "Rare nodes have small entries in the joint law; normalising makes them larger.",
    "Divide.",
)
exercise.slip("negative eigenvalues refused", edges=without_negative).says(
    "A law of positive pairs has no negative eigenvalues, so others are refused.",
    "What are the eigenvalues of two nodes with a single edge between them?",
    "The question says that `joint` may have negative eigenvalues: only laws made by augmentations have none.",
    "Refuse what `validate.joint_law(joint, symmetric=True)` refuses, and nothing else.",
)


@exercise.wrong(
    "symmetry not checked",
    belief="Every joint law may be normalised, symmetric or not.",
    hints=(
        "What do the rules say of `joint`?",
        "It must be symmetric.",
        "`validate.joint_law(joint, symmetric=True)`.",
    ),
    guarded=False,
)
def normalized_adjacency(joint):
    validate.joint_law(joint)
    return joint / np.sqrt(np.outer(joint.sum(axis=1), joint.sum(axis=1)))


@exercise.wrong(
    "isolated nodes accepted",
    belief="A node of mass 0 gets a row of zeros.",
    hints=("What do the rules say of an isolated node?", "ValueError.", "`validate.joint_law(joint, symmetric=True)`."),
    guarded=False,
)
def normalized_adjacency(joint):
    validate.joint_law(joint)
    if len(joint) != len(joint.T) or abs(joint - joint.T).max() > 1e-9:
        raise ValueError(f"not symmetric: {joint}")
    root = np.sqrt(joint.sum(axis=1))
    return joint / np.maximum(np.outer(root, root), 1e-300)


@exercise.accepted("double loop, validated by hand", guarded=False)
def normalized_adjacency(joint):
    n = len(joint)
    square = joint.shape == (n, n) and np.allclose(joint, joint.T, rtol=0, atol=1e-9)
    if not (square and joint.min() >= 0 and abs(joint.sum() - 1) < 1e-9 and joint.sum(axis=1).min() > 0):
        raise ValueError(f"no symmetric joint law: {joint}")
    p = [sum(row) for row in joint]
    return [[joint[x, y] / math.sqrt(p[x] * p[y]) for y in range(n)] for x in range(n)]


@exercise.accepted("diagonal matrices")
def normalized_adjacency(joint):
    half = np.diag(joint.sum(axis=0) ** -0.5)
    return half @ joint @ half


@exercise.accepted("rows, then columns, in torch")
def normalized_adjacency(joint):
    weights = torch.tensor(joint)
    root = weights.sum(dim=1).sqrt()
    return weights / root / root[:, None]
