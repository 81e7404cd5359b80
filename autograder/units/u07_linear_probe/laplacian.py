"""laplacian: what its check looks at. Masses that are not uniform, loops, a few graphs known by heart, and masses whose
product is below the smallest float64."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, joint_law
from autograder.author.draw import odd_sizes
from autograder.author.short import short
from course import graphs

exercise = Exercise(
    "laplacian",
    refuses=(joint_law("joint", symmetric=True),),
    hints={
        "values": (
            "The masses are the row sums of the joint, loops included.",
            "Entry (x, x') of the middle factor is p(x, x') / sqrt(p(x) p(x')): np.outer gives all the products.",
            "Two masses of 1e-200: what does the computer give for their product, and what for the product of their roots?",
            "np.eye(S) - joint / np.outer(root, root) with root = np.sqrt(joint.sum(axis=1)).",
        ),
        "bad input": ("validate.joint_law(joint, symmetric=True) raises for all of it.",),
    },
)


def faint(rng, n, size=1e-200):
    """Two components, one of total mass `size`: the product of two of its masses is 0 in float64."""
    joint = np.zeros((n + 3, n + 3))
    joint[:n, :n], joint[n:, n:] = (
        graphs.random_joint_symmetric(rng, n),
        size * short(graphs.random_joint_symmetric(rng, 3)),
    )
    return joint


@exercise.cases
def cases(rng):
    for n in (3, 5, 6):
        yield Case(f"S = {n}, masses not uniform, small loops", (graphs.random_joint_symmetric(rng, n),))
    yield Case("S = 4, large loops", (graphs.random_joint_symmetric(rng, 4, psd=True),))
    for psd in (False, True):
        (n,) = odd_sizes(rng, 1)
        yield Case(f"S = {n}", (graphs.random_joint_symmetric(rng, n, psd),), public=False)
    yield Case("two parts that are not connected", (graphs.blocks(rng, (2, 3), 0.0)[0],))
    yield Case("the complete graph without loops, S = 4", (graphs.complete_graph(4),))
    yield Case("the Hadamard graph, S = 8", (graphs.hadamard_graph(),))
    hint = "Print p(x) p(x') for two nodes of small mass."
    yield Case("three nodes of mass near 1e-200", (faint(rng, 3),), hint=hint, public=False)
    yield Case("three nodes of mass near 1e-290", (faint(rng, 4, 1e-290),), hint=hint, public=False)
    yield Case("one node", (np.ones((1, 1)),))
    yield from exercise.bad_inputs(graphs.random_joint_symmetric(rng, 4))
    yield Case("three nodes of mass near 1e-250", (faint(rng, 3, 1e-250),), hint=hint)


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


def without_loops(joint):
    return joint - np.diag(np.diag(joint))


@exercise.formula
def laplacian(
    joint,
    *,
    edges=lambda joint: joint,
    masses=lambda joint: joint.sum(axis=1),
    divisor=lambda p: np.outer(np.sqrt(p), np.sqrt(p)),
    diagonal=lambda p: np.eye(len(p)),
    sign=-1,
):
    p = masses(joint)
    return diagonal(p) + sign * edges(joint) / divisor(p)


exercise.slip("not normalised", diagonal=np.diag, divisor=np.ones_like).says(
    "The Laplacian is D - P.",
    "Your diagonal holds masses. What does the normalised Laplacian have on its diagonal?",
    "1 - p(x,x)/p(x): there is an identity in place of D, and P is multiplied by D^-1/2 from both sides.",
    "Divide your matrix by sqrt(p(x) p(x')).",
)
exercise.slip("roots of products that underflow", divisor=lambda p: np.sqrt(np.outer(p, p))).says(
    "sqrt(p(x) p(x')) is computed as it is written.",
    "Two masses of 1e-200: what does the computer give for their product?",
    "0, since float64 ends near 1e-308; the entry becomes infinite. Each root alone is harmless.",
    "np.outer(root, root) with root = np.sqrt(p).",
)
exercise.slip("columns divided twice", divisor=lambda p: p[None, :]).says(
    "Dividing each column by its mass, as joint / root / root does, normalises the matrix: I - P D^-1.",
    "Is your matrix symmetric when the masses differ? Along which axis does numpy divide a matrix by a vector?",
    "Along the last one: joint / root / root divides columns twice, and rows by nothing. Half of D^-1 goes to each side.",
    "joint / root[:, None] / root[None, :].",
)
exercise.slip("random walk", divisor=lambda p: p[:, None]).says(
    "Normalising means that each row is divided by its sum: I - D^-1 P.",
    "Is your matrix symmetric when the masses differ?",
    "I - D^-1 P has the same eigenvalues, but its eigenvectors are not orthogonal. Half of D^-1 goes to each side.",
    "Divide p(x, x') by sqrt(p(x)) and by sqrt(p(x')).",
)
exercise.slip("divided by the product of the masses", divisor=lambda p: np.outer(p, p)).says(
    "p(x, x') is divided by p(x) p(x').",
    "Does your matrix map sqrt(p) to 0?",
    "p(x,x') / (p(x) p(x')) is the density ratio of unit 04; here each mass enters with its square root.",
    "np.outer(root, root), root = np.sqrt(p).",
)
exercise.slip("multiplied by the square roots", divisor=lambda p: 1 / np.outer(np.sqrt(p), np.sqrt(p))).says(
    "The factors are D^1/2.",
    "D^-1/2: which sign has the exponent?",
    "The entries of P become larger, not smaller: they are divided by the square roots of the masses.",
    "joint / np.outer(root, root), root = np.sqrt(p).",
)
exercise.slip("the normalised adjacency", diagonal=lambda p: 0.0, sign=1).says(
    "D^-1/2 P D^-1/2 is the Laplacian.",
    "What does your matrix do with the vector sqrt(p)?",
    "It keeps it; the Laplacian maps it to 0.",
    "Subtract your matrix from the identity.",
)
exercise.slip("added to the identity", sign=1).says(
    "The Laplacian is I + D^-1/2 P D^-1/2.",
    "What does your matrix do with the vector sqrt(p)?",
    "It doubles it; the Laplacian maps it to 0. Edges must lower the energy of vectors that agree on their two ends.",
    "Minus, not plus: np.eye(S) - joint / np.outer(root, root).",
)
exercise.slip("all masses equal", masses=lambda joint: np.full(len(joint), 1 / len(joint))).says(
    "Every node has mass 1/S, so that the Laplacian is I - S P.",
    "Is your answer right on a graph whose rows have different sums?",
    "kappa = 1/S holds on regular graphs only.",
    "Compute the masses: joint.sum(axis=1).",
)
exercise.slip("ones on the diagonal", edges=without_loops).says(
    "The diagonal of the normalised Laplacian is 1.",
    "Does your matrix map sqrt(p) to 0 where a node has a loop?",
    "The entry is 1 only where p(x,x) = 0; a loop lowers it.",
    "1 - p(x,x)/p(x): leave the diagonal of the joint as it is.",
)
exercise.slip(
    "loops left out",
    edges=without_loops,
    masses=lambda joint: without_loops(joint).sum(axis=1),
    divisor=lambda p: np.maximum(np.outer(np.sqrt(p), np.sqrt(p)), 1e-300),
    diagonal=lambda p: np.diag(np.sign(p)),  # a node with loops only keeps a row of zeros, as in scipy
).says(
    "A loop is no edge: it is removed first (scipy's csgraph.laplacian does so).",
    "Compare the diagonal of your answer with 1 - p(x,x)/p(x).",
    "p(x, x) is the probability that both halves of a pair agree; it counts in p(x), and stays on the diagonal.",
    "Do not change the diagonal of the joint.",
)
exercise.slip(
    "loops left out, and no mass is left",
    edges=without_loops,
    masses=lambda joint: without_loops(joint).sum(axis=1),
).says(
    "A loop is no edge: it is removed first, and the masses are those of the other edges.",
    "What is the mass of a node that has a loop and nothing else? Yours is 0, and you divide by it.",
    "p(x, x) is the probability that both halves of a pair agree; it counts in p(x), and stays on the diagonal.",
    "Do not change the diagonal of the joint.",
)
exercise.slip("half of each random walk", divisor=lambda p: 2 / (1 / p[:, None] + 1 / p[None, :])).says(
    "Half of each side means the average of D^-1 P and P D^-1.",
    "Does your matrix map sqrt(p) to 0?",
    "D^-1/2 stands on both sides as a factor: each mass enters with its square root.",
    "Divide p(x, x') by sqrt(p(x)) and by sqrt(p(x')).",
)
exercise.slip("1 in place of the identity", diagonal=lambda p: 1.0).says(
    "1 minus a matrix subtracts it from the identity.",
    "Print 1 - np.zeros((2, 2)). Is that the identity?",
    "numpy subtracts from 1 everywhere. The 1 stands on the diagonal only.",
    "np.eye(S) - ...",
)
exercise.slip("masses kept away from 0", divisor=lambda p: np.outer(np.sqrt(p + 1e-12), np.sqrt(p + 1e-12))).says(
    "What is below 1e-12 or so may be rounded away: by a constant added, a maximum or a pseudo-inverse.",
    "Masses go down to 1e-290. What becomes of such a mass in your code?",
    "It is lost, and entries between rare nodes become 0. Masses are positive: divide by their roots as they are.",
    "np.outer(root, root) with root = np.sqrt(p).",
)


@exercise.accepted("double loop, list of lists, validated by hand", guarded=False)
def laplacian(joint):
    n = len(joint)
    square = joint.shape == (n, n) and np.allclose(joint, joint.T, rtol=0, atol=1e-9)
    if not (square and joint.min() >= 0 and abs(joint.sum() - 1) < 1e-9 and joint.sum(axis=1).min() > 0):
        raise ValueError(f"no symmetric joint law: {joint}")
    p = [math.fsum(row) for row in joint]
    return [[float(i == j) - joint[i][j] / math.sqrt(p[i]) / math.sqrt(p[j]) for j in range(n)] for i in range(n)]


@exercise.accepted("B W B^T, one column per unordered pair")
def laplacian(joint):
    n, p = len(joint), joint.sum(axis=1)
    total = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            column = np.zeros(n)
            column[i], column[j] = 1 / np.sqrt(p[i]), -1 / np.sqrt(p[j])
            column *= math.sqrt(joint[i, j])
            total += np.outer(column, column)
    return total


@exercise.accepted("torch")
def laplacian(joint):
    p = torch.from_numpy(joint)
    root = p.sum(1).rsqrt()
    return torch.eye(len(p), dtype=p.dtype) - root[:, None] * p * root[None, :]
