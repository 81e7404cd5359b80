"""factorization_loss: what its check looks at. Negative eigenvalues, loops, unequal masses, F that is far from optimal
and not scaled by sqrt(p)."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise
from autograder.author.draw import odd_sizes
from autograder.units.u06_spectral_loss.arguments import GRAPH, rows
from autograder.units.u06_spectral_loss.theorems import adjacency, off_diagonal, refused
from course import graphs, validate

exercise = Exercise(
    "factorization_loss",
    refuses=(GRAPH, rows("F")),
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
    n, k = odd_sizes(rng, 2)
    large = graphs.random_joint_symmetric(rng, n), 0.3 * rng.normal(size=(n, k))
    yield Case(f"S = {n}, k = {k}", large, public=False)
    yield Case("from augmentations", (graphs.random_joint_symmetric(rng, 6, psd=True), 0.5 * rng.normal(size=(6, 3))))
    yield Case("complete graph without loops", (graphs.complete_graph(4), 0.6 * rng.normal(size=(4, 2))))
    yield Case("F = 0", (graphs.random_joint_symmetric(rng, 4), np.zeros((4, 1))))
    yield from exercise.bad_inputs(graphs.random_joint_symmetric(rng, 4), rng.normal(size=(4, 2)))


@exercise.property("it is 0 where F F^T is the normalised adjacency, and depends on F F^T only")
def zero_and_rotation(f, rng):
    joint = graphs.random_joint_symmetric(rng, 5, psd=True)
    values, vectors = np.linalg.eigh(adjacency(joint))
    if abs(float(f(joint, vectors * np.sqrt(np.maximum(values, 0))))) > 1e-9:
        return "an exact factorisation does not give 0"
    F, q = rng.normal(size=(5, 3)), np.linalg.qr(rng.normal(size=(3, 3)))[0]
    if abs(float(f(joint, F)) - float(f(joint, F @ q))) > 1e-8 * float(f(joint, F)):
        return "a rotation of the columns of F changed it"


def density_ratio(joint):
    return joint / np.outer(joint.sum(axis=1), joint.sum(axis=1))


@exercise.formula
def factorization_loss(
    joint,
    F,
    *,
    target=adjacency,
    factor=lambda F, joint: F,
    counted=lambda rest: rest,
    norm=lambda rest: (rest**2).sum(),
    weigh=lambda rest, p: rest,
    less=lambda A: 0,
    cross=2,
):
    rows, A = factor(F, joint), target(joint)
    whole = norm(weigh(counted(A - rows @ rows.T), joint.sum(axis=1))) - less(A)
    return whole if cross == 2 else whole + (2 - cross) * (A * (rows @ rows.T)).sum()


exercise.slip("weighted by p(x) p(x')", weigh=lambda rest, p: rest * np.sqrt(np.outer(p, p))).says(
    "The squared error is a mean over independent pairs, with the weights p(x) p(x').",
    "Which weights has a Frobenius norm?",
    "Every entry counts the same; the masses are in the adjacency already.",
    "Sum the squares without weights.",
)
exercise.slip("the random walk is approximated", target=lambda joint: joint / joint.sum(axis=1)[:, None]).says(
    "F F^T approximates p(x'|x).",
    "Is that matrix symmetric, as F F^T is?",
    "The normalised adjacency is divided by the roots of both masses.",
    "Use your normalized_adjacency.",
)
exercise.slip("the density ratio is approximated", target=density_ratio).says(
    "F F^T approximates p(x,x') / (p(x) p(x')).",
    "Which matrix stands in the norm?",
    "That is what z z^T approximates, with weights; F F^T approximates the normalised adjacency.",
    "Use your normalized_adjacency.",
)
exercise.slip("norm not squared", norm=lambda rest: np.linalg.norm(rest)).says(
    "The Frobenius norm is already the sum of squares.",
    "np.linalg.norm takes a root at the end. Does the formula?",
    "Your values are the square roots of the right ones.",
    "Square it, or sum the squares yourself.",
)
exercise.slip("rows multiplied by sqrt(p)", factor=lambda F, joint: np.sqrt(joint.sum(axis=1))[:, None] * F).says(
    "F is the embedding, and sqrt(p) must still be put in.",
    "Is sqrt(p) part of what you are given, or of what you do?",
    "F already stands for sqrt(p) times an embedding: approximate with F F^T as it is.",
    "Do not scale F.",
)
exercise.slip("the joint law is approximated", target=lambda joint: joint).says(
    "F F^T approximates p(x, x').",
    "Which matrix stands in the norm?",
    "The joint law is first divided by sqrt(p(x) p(x')).",
    "Use your normalized_adjacency.",
)
exercise.slip("the Laplacian is approximated", target=lambda joint: np.eye(len(joint)) - adjacency(joint)).says(
    "F F^T approximates the Laplacian, whose small eigenvectors are wanted.",
    "Does the best F F^T of your loss contain the large or the small eigenvectors of the adjacency?",
    "The small eigenvectors of the Laplacian are the large ones of I - L, which is the normalised adjacency.",
    "Approximate the normalised adjacency, not I minus it.",
)
exercise.slip("diagonal dropped", counted=off_diagonal).says(
    "A node and itself are no pair, so the diagonal does not count.",
    "How many terms does your sum have: S^2 or S (S - 1)?",
    "The diagonal terms hold the node's loop and |F_x|^2; without them the identity with the loss fails.",
    "Sum over all ordered pairs, x' = x included.",
)
exercise.slip("every pair once", counted=np.triu).says(
    "The matrix is symmetric, so the upper triangle is enough.",
    "Count (x, x') and (x', x): once or twice?",
    "The Frobenius norm sums over ordered pairs: the upper triangle counts twice, the diagonal once.",
    "Sum all S^2 squares.",
)
exercise.slip("mean instead of sum", norm=lambda rest: (rest**2).mean()).says(
    "The squared error of a matrix is a mean over its entries.",
    "Your values are the right ones divided by S^2.",
    "A norm is a sum: do not divide.",
)
exercise.slip("spectral norm", norm=lambda rest: np.linalg.norm(rest, 2) ** 2).says(
    "The norm of a matrix is its largest singular value.",
    "Which norm does the index F of the formula mean?",
    "np.linalg.norm(..., 2) is the spectral norm; the Frobenius norm sums all squared entries.",
    "(difference ** 2).sum().",
)
exercise.slip("absolute values instead of squares", norm=lambda rest: np.abs(rest).sum()).says(
    "The error is the sum of the absolute entries.",
    "What is the exponent in the sum of the question?",
    "Square each entry of the difference.",
    "(difference ** 2).sum().",
)
exercise.slip("cross term once", cross=1).says(
    "(a - b)^2 is a^2 - a b + b^2.",
    "What is the error where F F^T is the normalised adjacency? Is yours 0?",
    "The cross term has the factor 2.",
    "((A - F @ F.T) ** 2).sum(), without multiplying out.",
)
exercise.slip("rows of length 1", factor=lambda F, joint: F / np.linalg.norm(F, axis=1, keepdims=True)).says(
    "The rows of F are scaled to length 1 first.",
    "Multiply F by 2: your value does not change. Should it?",
    "F stands in the formula as it is given.",
    "Do not scale F.",
)
exercise.slip("nuclear norm", norm=lambda rest: np.linalg.norm(rest, "nuc") ** 2).says(
    "The norm is the sum of the singular values.",
    "Which norm does the index F of the formula mean?",
    "The Frobenius norm squares them before the sum.",
    "(difference ** 2).sum().",
)
exercise.slip("half the sum", norm=lambda rest: (rest**2).sum() / 2).says(
    "A squared error carries the factor 1/2.",
    "F = 0 gives the sum of the squares of all entries of the normalised adjacency. Does yours?",
    "(difference ** 2).sum(), without a factor.",
)
exercise.slip("the part without F left out", less=lambda A: (A**2).sum()).says(
    "What does not depend on F may be dropped.",
    "What is the error where F F^T is the normalised adjacency? Is yours 0?",
    "You return the error minus the squared norm of the adjacency: that is the other loss, question 3.",
    "(difference ** 2).sum(), all of it.",
)
exercise.slip("rows divided by sqrt(p)", factor=lambda F, joint: F / np.sqrt(joint.sum(axis=1))[:, None]).says(
    "F must first be divided by sqrt(p), row by row.",
    "Is sqrt(p) part of what you are given, or of what you do?",
    "F stands in the formula as it is given, for any matrix F.",
    "Do not scale F.",
)
exercise.slip("loops taken out of the adjacency", target=lambda joint: off_diagonal(adjacency(joint))).says(
    "The adjacency that is approximated has a zero diagonal.",
    "F = 0 gives the sum of the squares of all entries of the normalised adjacency. Does yours?",
    "The loops p(x, x) / p(x) stand on its diagonal.",
    "Use your normalized_adjacency as it is.",
)
exercise.slip("no more columns than nodes", factor=lambda F, joint: F if F.shape[1] <= len(F) else refused()).says(
    "F may not have more columns than there are nodes.",
    "What does the question say of k?",
    "*Any* matrix F of shape (S, k), k >= 1.",
    "Leave the test of k out.",
)

exercise.style("squared Frobenius norm of numpy", norm=lambda rest: np.linalg.norm(rest, "fro") ** 2)
exercise.style("trace of the square", norm=lambda rest: np.trace(rest @ rest))


@exercise.accepted("double loop, F validated by hand", guarded=False)
def factorization_loss(joint, F):
    validate.joint_law(joint, symmetric=True)
    if np.ndim(F) != 2 or F.shape[0] != joint.shape[0] or F.shape[1] < 1 or not np.isfinite(F).all():
        raise ValueError(f"F {np.shape(F)}")
    p = joint.sum(axis=0)
    total = 0.0
    for x in range(len(p)):
        for y in range(len(p)):
            total += (joint[x, y] / math.sqrt(p[x] * p[y]) - F[x] @ F[y]) ** 2
    return total


@exercise.accepted("sum of squared eigenvalues, torch")
def factorization_loss(joint, F):
    rest = torch.from_numpy(adjacency(joint)) - torch.from_numpy(F) @ torch.from_numpy(F).T
    return torch.linalg.eigvalsh(rest).square().sum()
