"""factorization_loss: what its check looks at. Negative eigenvalues, loops, unequal masses, F that is far from optimal
and not scaled by sqrt(p)."""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from autograder.units.u06_spectral_loss.normalized_adjacency import bad_joints
from course import graphs, validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "factorization_loss",
    hints={
        "values": (
            "F = 0 gives the sum of the squares of all entries of the normalised adjacency. Does yours?",
            "All S^2 ordered pairs count, the diagonal too, and no root is taken at the end.",
            "((normalized_adjacency(joint) - F @ F.T) ** 2).sum().",
        ),
        "bad input": ("`require_rows(joint, F=F)`, and `normalized_adjacency` raises for the rest.",),
        "properties": ("It depends on F through F F^T only: a rotation of the columns changes nothing.",),
    },
)


@exercise.cases
def cases(rng):
    for n, k in ((5, 2), (4, 6), (6, 1)):
        yield Case(f"S = {n}, k = {k}", (graphs.random_joint_symmetric(rng, n), 0.7 * rng.normal(size=(n, k))))
    yield Case("from augmentations", (graphs.random_joint_symmetric(rng, 6, psd=True), 0.5 * rng.normal(size=(6, 3))))
    yield Case("complete graph without loops", (graphs.complete_graph(4), 0.6 * rng.normal(size=(4, 2))))
    yield Case("F = 0", (graphs.random_joint_symmetric(rng, 4), np.zeros((4, 1))))
    joint = graphs.random_joint_symmetric(rng, 4)
    yield bad_input("F with a row too many", joint, rng.normal(size=(5, 2)))
    yield bad_input("F of shape (S,)", joint, rng.normal(size=4))
    yield bad_input("NaN in F", joint, np.full((4, 2), math.nan))
    yield from bad_joints(rng, rng.normal(size=(4, 2)))


@exercise.property("it is 0 where F F^T is the normalised adjacency, and depends on F F^T only")
def zero_and_rotation(f, rng):
    joint = graphs.random_joint_symmetric(rng, 5, psd=True)
    p = joint.sum(axis=1)
    values, vectors = np.linalg.eigh(joint / np.sqrt(np.outer(p, p)))
    exact = vectors * np.sqrt(np.maximum(values, 0))
    if abs(float(f(joint, exact))) > 1e-9:
        return "an exact factorisation does not give 0"
    F, q = rng.normal(size=(5, 3)), np.linalg.qr(rng.normal(size=(3, 3)))[0]
    if abs(float(f(joint, F)) - float(f(joint, F @ q))) > 1e-8 * float(f(joint, F)):
        return "a rotation of the columns of F changed it"


def adjacency_of(joint):
    root = np.sqrt(joint.sum(axis=1))
    return joint / np.outer(root, root)


@exercise.wrong(
    "norm not squared",
    belief="The Frobenius norm is already the sum of squares.",
    hints=(
        "np.linalg.norm takes a root at the end. Does the formula?",
        "Your values are the square roots of the right ones.",
        "Square it, or sum the squares yourself.",
    ),
    uses=(adjacency_of,),
)
def factorization_loss(joint, F):
    return np.linalg.norm(adjacency_of(joint) - F @ F.T)


@exercise.wrong(
    "rows multiplied by sqrt(p)",
    belief="F is the embedding, and sqrt(p) must still be put in.",
    hints=(
        "Is sqrt(p) part of what you are given, or of what you do?",
        "F already stands for sqrt(p) times an embedding: approximate with F F^T as it is.",
        "Do not scale F.",
    ),
    uses=(adjacency_of,),
)
def factorization_loss(joint, F):
    scaled = np.sqrt(joint.sum(axis=1))[:, None] * F
    return ((adjacency_of(joint) - scaled @ scaled.T) ** 2).sum()


@exercise.wrong(
    "the joint law is approximated",
    belief="F F^T approximates p(x, x').",
    hints=(
        "Which matrix stands in the norm?",
        "The joint law is first divided by sqrt(p(x) p(x')).",
        "Use your normalized_adjacency.",
    ),
)
def factorization_loss(joint, F):
    return ((joint - F @ F.T) ** 2).sum()


@exercise.wrong(
    "the Laplacian is approximated",
    belief="F F^T approximates the Laplacian, whose small eigenvectors are wanted.",
    hints=(
        "Does the best F F^T of your loss contain the large or the small eigenvectors of the adjacency?",
        "The small eigenvectors of the Laplacian are the large ones of I - L, which is the normalised adjacency.",
        "Approximate the normalised adjacency, not I minus it.",
    ),
    uses=(adjacency_of,),
)
def factorization_loss(joint, F):
    return ((np.eye(len(joint)) - adjacency_of(joint) - F @ F.T) ** 2).sum()


@exercise.wrong(
    "diagonal dropped",
    belief="A node and itself are no pair, so the diagonal does not count.",
    hints=(
        "How many terms does your sum have: S^2 or S (S - 1)?",
        "The diagonal terms hold the node's loop and |F_x|^2; without them the identity with the loss fails.",
        "Sum over all ordered pairs, x' = x included.",
    ),
    uses=(adjacency_of,),
)
def factorization_loss(joint, F):
    square = (adjacency_of(joint) - F @ F.T) ** 2
    return square.sum() - np.trace(square)


@exercise.wrong(
    "every pair once",
    belief="The matrix is symmetric, so the upper triangle is enough.",
    hints=(
        "Count (x, x') and (x', x): once or twice?",
        "The Frobenius norm sums over ordered pairs: the upper triangle counts twice, the diagonal once.",
        "Sum all S^2 squares.",
    ),
    uses=(adjacency_of,),
)
def factorization_loss(joint, F):
    return (np.triu(adjacency_of(joint) - F @ F.T) ** 2).sum()


@exercise.wrong(
    "mean instead of sum",
    belief="The squared error of a matrix is a mean over its entries.",
    hints=("Your values are the right ones divided by S^2.", "A norm is a sum: do not divide."),
    uses=(adjacency_of,),
)
def factorization_loss(joint, F):
    return ((adjacency_of(joint) - F @ F.T) ** 2).mean()


@exercise.wrong(
    "spectral norm",
    belief="The norm of a matrix is its largest singular value.",
    hints=(
        "Which norm does the index F of the formula mean?",
        "np.linalg.norm(..., 2) is the spectral norm; the Frobenius norm sums all squared entries.",
        "(difference ** 2).sum().",
    ),
    uses=(adjacency_of,),
)
def factorization_loss(joint, F):
    return np.linalg.norm(adjacency_of(joint) - F @ F.T, 2) ** 2


def checked(joint, F):
    validate.joint_law(joint, symmetric=True)
    if np.ndim(F) != 2 or F.shape[0] != joint.shape[0] or F.shape[1] < 1 or not np.isfinite(F).all():
        raise ValueError(f"F {np.shape(F)}")


@exercise.accepted("squared Frobenius norm of numpy", uses=(checked, adjacency_of))
def factorization_loss(joint, F):
    checked(joint, F)
    return np.linalg.norm(adjacency_of(joint) - F @ F.T, "fro") ** 2


@exercise.accepted("double loop", uses=(checked,))
def factorization_loss(joint, F):
    checked(joint, F)
    p = joint.sum(axis=0)
    total = 0.0
    for x in range(len(p)):
        for y in range(len(p)):
            total += (joint[x, y] / math.sqrt(p[x] * p[y]) - F[x] @ F[y]) ** 2
    return total


@exercise.accepted("trace of the square", uses=(checked, adjacency_of))
def factorization_loss(joint, F):
    checked(joint, F)
    difference = adjacency_of(joint) - np.einsum("xi,yi->xy", F, F)
    return np.trace(difference @ difference)


@exercise.accepted("sum of squared eigenvalues, torch", uses=(checked, adjacency_of))
def factorization_loss(joint, F):
    checked(joint, F)
    rest = torch.from_numpy(adjacency_of(joint)) - torch.from_numpy(F) @ torch.from_numpy(F).T
    return torch.linalg.eigvalsh(rest).square().sum()
