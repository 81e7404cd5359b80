"""laplacian: what its check looks at. Masses that are not uniform, loops, and a few graphs known by heart."""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from autograder.units.u07_linear_probe.draws import bad_joints
from course import graphs, validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "laplacian",
    hints={
        "values": (
            "The masses are the row sums of the joint, loops included.",
            "Entry (x, x') of the middle factor is p(x, x') / sqrt(p(x) p(x')): np.outer gives all the products.",
            "np.eye(S) - joint / np.sqrt(np.outer(p, p)) with p = joint.sum(axis=1).",
        ),
        "bad input": ("validate.joint_law(joint, symmetric=True) raises for all of it.",),
    },
)


@exercise.cases
def cases(rng):
    for n in (3, 5, 6):
        yield Case(f"S = {n}, masses not uniform, small loops", (graphs.random_joint_symmetric(rng, n),))
    yield Case("S = 4, large loops", (graphs.random_joint_symmetric(rng, 4, psd=True),))
    yield Case("two parts that are not connected", (graphs.blocks(rng, (2, 3), 0.0)[0],))
    yield Case("the complete graph without loops, S = 4", (graphs.complete_graph(4),))
    yield Case("the Hadamard graph, S = 8", (graphs.hadamard_graph(),))
    yield Case("one node", (np.ones((1, 1)),))
    for label, joint in bad_joints(rng):
        yield bad_input(label, joint)


@exercise.property("it is symmetric, its eigenvalues lie in [0, 2], and it maps sqrt(p) to 0")
def spectrum(f, rng):
    for n in (4, 7):
        joint = graphs.random_joint_symmetric(rng, n)
        answer = np.asarray(f(joint), dtype=float)
        if np.abs(answer - answer.T).max() > 1e-9:
            return "it is not symmetric"
        lam = np.linalg.eigvalsh(answer)
        if lam.min() < -1e-9 or lam.max() > 2 + 1e-9:
            return "an eigenvalue lies outside [0, 2]"
        if np.abs(answer @ np.sqrt(joint.sum(axis=1))).max() > 1e-9:
            return "the vector sqrt(p) is not mapped to 0"


@exercise.wrong(
    "not normalised",
    belief="The Laplacian is D - P.",
    hints=(
        "Your diagonal holds masses. What does the normalised Laplacian have on its diagonal?",
        "1 - p(x,x)/p(x): there is an identity in place of D, and P is multiplied by D^-1/2 from both sides.",
        "Divide your matrix by sqrt(p(x) p(x')).",
    ),
)
def laplacian(joint):
    validate.joint_law(joint, symmetric=True)
    return np.diag(joint.sum(axis=1)) - joint


@exercise.wrong(
    "random walk",
    belief="Normalising means that each row is divided by its sum: I - D^-1 P.",
    hints=(
        "Is your matrix symmetric when the masses differ?",
        "I - D^-1 P has the same eigenvalues, but its eigenvectors are not orthogonal. Half of D^-1 goes to each side.",
        "Divide p(x, x') by sqrt(p(x)) and by sqrt(p(x')).",
    ),
)
def laplacian(joint):
    validate.joint_law(joint, symmetric=True)
    return np.eye(len(joint)) - joint / joint.sum(axis=1, keepdims=True)


@exercise.wrong(
    "divided by the product of the masses",
    belief="p(x, x') is divided by p(x) p(x').",
    hints=(
        "Does your matrix map sqrt(p) to 0?",
        "p(x,x') / (p(x) p(x')) is the density ratio of unit 04; here each mass enters with its square root.",
        "np.sqrt(np.outer(p, p)).",
    ),
)
def laplacian(joint):
    validate.joint_law(joint, symmetric=True)
    p = joint.sum(axis=1)
    return np.eye(len(joint)) - joint / np.outer(p, p)


@exercise.wrong(
    "multiplied by the square roots",
    belief="The factors are D^1/2.",
    hints=(
        "D^-1/2: which sign has the exponent?",
        "The entries of P become larger, not smaller: they are divided by the square roots of the masses.",
        "joint / np.sqrt(np.outer(p, p)).",
    ),
)
def laplacian(joint):
    validate.joint_law(joint, symmetric=True)
    root = np.sqrt(joint.sum(axis=1))
    return np.eye(len(joint)) - root[:, None] * joint * root


@exercise.wrong(
    "the normalised adjacency",
    belief="D^-1/2 P D^-1/2 is the Laplacian.",
    hints=(
        "What does your matrix do with the vector sqrt(p)?",
        "It keeps it; the Laplacian maps it to 0.",
        "Subtract your matrix from the identity.",
    ),
)
def laplacian(joint):
    validate.joint_law(joint, symmetric=True)
    p = joint.sum(axis=1)
    return joint / np.sqrt(np.outer(p, p))


@exercise.wrong(
    "all masses equal",
    belief="Every node has mass 1/S, so that the Laplacian is I - S P.",
    hints=(
        "Is your answer right on a graph whose rows have different sums?",
        "kappa = 1/S holds on regular graphs only.",
        "Compute the masses: joint.sum(axis=1).",
    ),
)
def laplacian(joint):
    validate.joint_law(joint, symmetric=True)
    return np.eye(len(joint)) - len(joint) * joint


@exercise.wrong(
    "loops left out",
    belief="A loop is no edge: it is removed first (scipy's csgraph.laplacian does so).",
    hints=(
        "Compare the diagonal of your answer with 1 - p(x,x)/p(x).",
        "p(x, x) is the probability that both halves of a pair agree; it counts in p(x), and stays on the diagonal.",
        "Do not change the diagonal of the joint.",
    ),
)
def laplacian(joint):
    validate.joint_law(joint, symmetric=True)
    without = joint - np.diag(np.diag(joint))
    p = without.sum(axis=1)
    connected = np.diag((p > 0).astype(float))  # a node with loops only keeps a row of zeros, as in scipy
    return connected - without / np.sqrt(np.where(np.outer(p, p) > 0, np.outer(p, p), 1))


@exercise.accepted("diagonal matrices")
def laplacian(joint):
    validate.joint_law(joint, symmetric=True)
    half = np.diag(joint.sum(axis=1) ** -0.5)
    return np.identity(joint.shape[0]) - half @ joint @ half


@exercise.accepted("double loop, list of lists")
def laplacian(joint):
    validate.joint_law(joint, symmetric=True)
    n = len(joint)
    p = [math.fsum(row) for row in joint]
    return [[float(i == j) - joint[i][j] / math.sqrt(p[i] * p[j]) for j in range(n)] for i in range(n)]


@exercise.accepted("B W B^T, one column per unordered pair")
def laplacian(joint):
    validate.joint_law(joint, symmetric=True)
    n, p = len(joint), joint.sum(axis=1)
    total = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            column = np.zeros(n)
            column[i], column[j] = 1 / np.sqrt(p[i]), -1 / np.sqrt(p[j])
            total += joint[i, j] * np.outer(column, column)
    return total


@exercise.accepted("torch")
def laplacian(joint):
    validate.joint_law(joint, symmetric=True)
    p = torch.from_numpy(joint)
    root = p.sum(1).rsqrt()
    return torch.eye(len(p), dtype=p.dtype) - root[:, None] * p * root[None, :]
