"""spectral_loss_population: what its check looks at. Masses that are not uniform, loops, k below and above S, rows that
are not centred: on centred or orthogonal rows several wrong losses agree with the right one."""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from autograder.units.u06_spectral_loss.normalized_adjacency import bad_joints
from course import graphs, validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "spectral_loss_population",
    hints={
        "values": (
            "One node, z = (t): the loss is -2 t^2 + t^4. Does yours give that?",
            "Write the matrix of all inner products, z @ z.T, then one weight matrix for each of the two expectations.",
            "The positive weights are joint, the negative weights np.outer(p, p); both sums run over all S^2 pairs.",
        ),
        "bad input": ("`validate.joint_law(joint, symmetric=True)` and `require_rows(joint, z=z)`.",),
        "properties": ("With F = sqrt(p) z it is ||Abar - F F^T||^2 minus the sum of p(x,x')^2 / (p(x) p(x')).",),
    },
)


def rows(rng, n, k, scale=1.0):
    """Random embedding (n, k) with a common shift, so that its mean is not 0."""
    return scale * (rng.normal(size=(n, k)) + rng.normal(size=k))


@exercise.cases
def cases(rng):
    for n, k in ((5, 2), (4, 6), (6, 1)):
        yield Case(f"S = {n}, k = {k}", (graphs.random_joint_symmetric(rng, n), rows(rng, n, k)))
    joint = graphs.random_joint_symmetric(rng, 7, psd=True)
    yield Case("from augmentations, S = 7, k = 3", (joint, rows(rng, 7, 3, 0.5)))
    yield Case("complete graph without loops", (graphs.complete_graph(4), rows(rng, 4, 2)))
    yield Case("two parts of unequal mass", (graphs.blocks(rng, [2, 4], leak=0.1)[0], rows(rng, 6, 2)))
    yield Case("one node", (np.ones((1, 1)), rows(rng, 1, 2)))
    yield Case("z = 0", (graphs.random_joint_symmetric(rng, 3), np.zeros((3, 2))))
    joint = graphs.random_joint_symmetric(rng, 4)
    yield bad_input("z with a row too few", joint, rows(rng, 3, 2))
    yield bad_input("z of shape (S,)", joint, rng.normal(size=4))
    yield bad_input("NaN in z", joint, np.full((4, 2), math.nan))
    yield from bad_joints(rng, rows(rng, 4, 2))


@exercise.property("F = sqrt(p) z turns it into the factorisation error, up to one constant of the graph")
def identity(f, rng):
    joint = graphs.random_joint_symmetric(rng, 5)
    p = joint.sum(axis=1)
    adjacency = joint / np.sqrt(np.outer(p, p))
    for scale in (0.3, 1.0, 2.0):
        z = rows(rng, 5, 2, scale)
        F = np.sqrt(p)[:, None] * z
        error = ((adjacency - F @ F.T) ** 2).sum()
        if abs(error - float(f(joint, z)) - (adjacency**2).sum()) > 1e-8 * max(1.0, error):
            return f"at scale {scale} the difference to the factorisation error is another constant"


@exercise.property("a rotation of the embedding does not change it")
def rotation(f, rng):
    joint, z = graphs.random_joint_symmetric(rng, 5), rows(rng, 5, 3)
    q = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    if abs(float(f(joint, z)) - float(f(joint, z @ q))) > 1e-8 * max(1.0, abs(float(f(joint, z)))):
        return "rotating z changed the loss"


@exercise.wrong(
    "negatives are two different nodes",
    belief="A negative pair has two different pictures, so x' = x is left out.",
    hints=(
        "May two independent draws from p coincide?",
        "You left out the diagonal of the second sum. Without it the loss is not bounded below.",
        "Sum p(x) p(x') (f(x).f(x'))^2 over all ordered pairs, x' = x included.",
    ),
)
def spectral_loss_population(joint, z):
    p, inner = joint.sum(axis=1), z @ z.T
    weights = np.outer(p, p)
    np.fill_diagonal(weights, 0)
    return -2 * (joint * inner).sum() + (weights * inner**2).sum()


@exercise.wrong(
    "negatives are two different nodes, renormalised",
    belief="A negative pair is two independent draws, repeated until they differ.",
    hints=(
        "May two independent draws from p coincide?",
        "Conditioning on x' different from x makes the draws dependent, and the factorisation is lost.",
        "Use the weights p(x) p(x') for all S^2 pairs.",
    ),
)
def spectral_loss_population(joint, z):
    p, inner = joint.sum(axis=1), z @ z.T
    weights = np.outer(p, p)
    np.fill_diagonal(weights, 0)
    weights = weights / weights.sum() if weights.sum() > 0 else weights
    return -2 * (joint * inner).sum() + (weights * inner**2).sum()


@exercise.wrong(
    "negatives uniform over the nodes",
    belief="A negative is any node, all equally likely.",
    hints=(
        "Does the second term know the masses p(x)?",
        "A negative is drawn from the law of one augmentation, the row sums of joint.",
        "Weights p(x) p(x'), not 1/S^2.",
    ),
)
def spectral_loss_population(joint, z):
    inner = z @ z.T
    return -2 * (joint * inner).sum() + (inner**2).mean()


@exercise.wrong(
    "square outside the expectation",
    belief="The second term is the square of the mean similarity of a negative pair.",
    hints=(
        "A mean of squares and a square of a mean: which one does the formula ask for?",
        "Your second term vanishes when the similarities of negatives cancel. It should not.",
        "Square the inner products first, then take the expectation.",
    ),
)
def spectral_loss_population(joint, z):
    p, inner = joint.sum(axis=1), z @ z.T
    return -2 * (joint * inner).sum() + (p @ inner @ p) ** 2


@exercise.wrong(
    "factor 2 missing",
    belief="The two terms have the same weight.",
    hints=(
        "One node, z = (t): the minimum should be at t = 1, L = -1. Where is yours?",
        "The first term comes from the cross term of a square.",
        "-2 E_pos + E_neg.",
    ),
)
def spectral_loss_population(joint, z):
    p, inner = joint.sum(axis=1), z @ z.T
    return -(joint * inner).sum() + p @ inner**2 @ p


@exercise.wrong(
    "f(x).f(x) in both sums",
    belief="In the sums stands the inner product of f(x) with itself.",
    hints=(
        "Does your first term look at the second point of the pair at all?",
        "A published derivation prints f(x).f(x) in both sums; it must be f(x).f(x').",
        "Use the off-diagonal entries of z @ z.T too.",
    ),
)
def spectral_loss_population(joint, z):
    p, square = joint.sum(axis=1), (z**2).sum(axis=1)
    return -2 * p @ square + p @ square**2


@exercise.wrong(
    "second term over positive pairs",
    belief="Both expectations run over the same pairs.",
    hints=(
        "Which law does the second expectation use?",
        "On disconnected nodes your second term forgets that they are negatives of each other.",
        "The second expectation is over two independent draws: weights np.outer(p, p).",
    ),
)
def spectral_loss_population(joint, z):
    inner = z @ z.T
    return (joint * (inner**2 - 2 * inner)).sum()


@exercise.wrong(
    "cosine similarity",
    belief="Similarities are cosines, so rows are normalised first.",
    hints=(
        "Multiply z by 2: your loss does not change. Should it?",
        "The spectral loss has its scale in it: the best row has length sqrt(1/mass of its part), not 1.",
        "Take the inner products as they are.",
    ),
)
def spectral_loss_population(joint, z):
    lengths = np.linalg.norm(z, axis=1, keepdims=True)
    z = z / np.where(lengths > 0, lengths, 1.0)
    p, inner = joint.sum(axis=1), z @ z.T
    return -2 * (joint * inner).sum() + p @ inner**2 @ p


@exercise.wrong(
    "rows already scaled by sqrt(p)",
    belief="z holds the rows F_x = sqrt(p(x)) f(x) of the factorisation.",
    hints=(
        "Are the expectations of f, or of sqrt(p) f?",
        "z is the embedding f itself. The factor sqrt(p) appears only when F is formed from it.",
        "Use z @ z.T without any division by p.",
    ),
)
def spectral_loss_population(joint, z):
    p = joint.sum(axis=1)
    f = z / np.sqrt(p)[:, None]
    inner = f @ f.T
    return -2 * (joint * inner).sum() + p @ inner**2 @ p


@exercise.wrong(
    "sign flipped",
    belief="The loss is 2 E_pos - E_neg, to be made large.",
    hints=("Is your loss larger or smaller when positives are more similar?", "A loss is minimised: -2 E_pos + E_neg."),
)
def spectral_loss_population(joint, z):
    p, inner = joint.sum(axis=1), z @ z.T
    return 2 * (joint * inner).sum() - p @ inner**2 @ p


def checked(joint, z):
    validate.joint_law(joint, symmetric=True)
    if np.ndim(z) != 2 or z.shape[0] != joint.shape[0] or z.shape[1] < 1 or not np.isfinite(z).all():
        raise ValueError(f"z {np.shape(z)}")


@exercise.accepted("traces of k x k matrices", uses=(checked,))
def spectral_loss_population(joint, z):
    checked(joint, z)
    second_moment = z.T @ (joint.sum(axis=1)[:, None] * z)  # E_neg of the square is its squared Frobenius norm
    return np.linalg.norm(second_moment) ** 2 - 2 * np.trace(z.T @ joint @ z)


@exercise.accepted("double loop, Python float", uses=(checked,))
def spectral_loss_population(joint, z):
    checked(joint, z)
    p, total = joint.sum(axis=1), 0.0
    for x in range(len(p)):
        for y in range(len(p)):
            inner = float(np.dot(z[x], z[y]))
            total += -2 * joint[x, y] * inner + p[x] * p[y] * inner**2
    return float(total)


@exercise.accepted("factorisation error minus its constant", uses=(checked,))
def spectral_loss_population(joint, z):
    checked(joint, z)
    p = joint.sum(axis=1)
    adjacency, F = joint / np.sqrt(np.outer(p, p)), np.sqrt(p)[:, None] * z
    return ((adjacency - F @ F.T) ** 2).sum() - (adjacency**2).sum()


@exercise.accepted("torch, einsum", uses=(checked,))
def spectral_loss_population(joint, z):
    checked(joint, z)
    weights, f = torch.tensor(joint), torch.tensor(z)
    p = weights.sum(dim=0)
    inner = torch.einsum("xi,yi->xy", f, f)
    return torch.einsum("x,y,xy->", p, p, inner.square()) - 2 * torch.einsum("xy,xy->", weights, inner)
