"""factorization_constant: what its check looks at. Loops, unequal masses, negative eigenvalues: on a graph of parts
without edges between them the constant is the number of parts, as are the trace and several wrong sums."""

import numpy as np
import torch

from autograder.spec import Exercise
from autograder.units.u06_spectral_loss.normalized_adjacency import bad_joints
from course import graphs, validate
from course.check.case import Case

exercise = Exercise(
    "factorization_constant",
    hints={
        "values": (
            "Put f = 0 into both losses. What is left?",
            "At f = 0 the spectral loss is 0, so C is the squared norm of the normalised adjacency.",
            "sum over all ordered pairs of p(x,x')^2 / (p(x) p(x')).",
        ),
        "bad input": ("`normalized_adjacency` raises for everything that is no symmetric joint law.",),
        "properties": ("C is the sum of the squared eigenvalues, so it is at least 1.",),
    },
)


@exercise.cases
def cases(rng):
    yield Case("S = 5", (graphs.random_joint_symmetric(rng, 5),))
    yield Case("S = 6, from augmentations", (graphs.random_joint_symmetric(rng, 6, psd=True),))
    yield Case("complete graph without loops", (graphs.complete_graph(5),))
    yield Case("three parts of unequal mass", (graphs.blocks(rng, [1, 2, 3], leak=0.1)[0],))
    yield Case("two nodes, only the edge between them", (np.array([[0.0, 0.5], [0.5, 0.0]]),))
    yield from bad_joints(rng)


@exercise.property("it is the difference of the two losses, whatever the embedding")
def difference(f, rng):
    joint = graphs.random_joint_symmetric(rng, 6)
    p, z = joint.sum(axis=1), rng.normal(size=(6, 2))
    F, inner = np.sqrt(p)[:, None] * z, z @ z.T
    error = ((joint / np.sqrt(np.outer(p, p)) - F @ F.T) ** 2).sum()
    loss = -2 * (joint * inner).sum() + p @ inner**2 @ p
    if abs(float(f(joint)) - (error - loss)) > 1e-8 * max(1.0, error):
        return "it is not the difference of the two losses at a random embedding"


@exercise.property("1 for two independent draws, at least 1 for every graph")
def at_least_one(f, rng):
    p = rng.dirichlet([2.0, 2.0, 2.0])
    if abs(float(f(np.outer(p, p))) - 1) > 1e-8:
        return "for independent x and x' it must be 1"
    if float(f(graphs.random_joint_symmetric(rng, 5))) < 1 - 1e-9:
        return "a value below 1, but one eigenvalue is 1"


@exercise.wrong(
    "sum of squared probabilities",
    belief="The constant is the sum of p(x, x')^2.",
    hints=(
        "What is squared in the factorisation: p(x,x') or the normalised entry?",
        "The denominators p(x) p(x') do not cancel in the first term.",
        "sum p(x,x')^2 / (p(x) p(x')).",
    ),
)
def factorization_constant(joint):
    return (joint**2).sum()


@exercise.wrong(
    "chi-square divergence",
    belief="The constant is the chi-square divergence of the joint from independence.",
    hints=(
        "For independent x and x', is the squared norm of the adjacency 0 or 1?",
        "The chi-square divergence is sum p(x,x')^2/(p(x)p(x')) minus 1.",
        "Do not subtract 1.",
    ),
)
def factorization_constant(joint):
    p = joint.sum(axis=1)
    return (joint**2 / np.outer(p, p)).sum() - 1


@exercise.wrong(
    "sum of the eigenvalues",
    belief="The squared norm is the sum of the eigenvalues.",
    hints=(
        "On the two nodes with one edge you get 0. Is the normalised adjacency the zero matrix?",
        "The trace is the sum of the eigenvalues; the squared norm is the sum of their squares.",
        "Square them.",
    ),
)
def factorization_constant(joint):
    return (np.diag(joint) / joint.sum(axis=1)).sum()


@exercise.wrong(
    "square root taken",
    belief="The constant is the Frobenius norm of the adjacency.",
    hints=("Your values are the roots of the right ones.", "The identity speaks of the squared norm."),
)
def factorization_constant(joint):
    p = joint.sum(axis=1)
    return np.sqrt((joint**2 / np.outer(p, p)).sum())


@exercise.wrong(
    "number of nodes",
    belief="The constant is the squared norm of the identity, S.",
    hints=(
        "Does your answer depend on the edges?",
        "Put f = 0 into the factorisation error.",
        "It is the squared norm of the normalised adjacency.",
    ),
)
def factorization_constant(joint):
    return float(len(joint))


@exercise.wrong(
    "only edges between different nodes",
    belief="Loops do not count.",
    hints=(
        "Compare on a graph without loops and on one with.",
        "The sum runs over all ordered pairs, x' = x included.",
        "Keep the diagonal.",
    ),
)
def factorization_constant(joint):
    p = joint.sum(axis=1)
    square = joint**2 / np.outer(p, p)
    return square.sum() - np.trace(square)


@exercise.wrong(
    "sign flipped",
    belief="The constant stands on the side of the factorisation error.",
    hints=("Which of the two losses is larger?", "factorisation error = L + C with C > 0."),
)
def factorization_constant(joint):
    p = joint.sum(axis=1)
    return -(joint**2 / np.outer(p, p)).sum()


@exercise.accepted("sum of the squared eigenvalues")
def factorization_constant(joint):
    validate.joint_law(joint, symmetric=True)
    root = np.sqrt(joint.sum(axis=1))
    return float(np.sum(np.linalg.eigvalsh(joint / root / root[:, None]) ** 2))


@exercise.accepted("double loop")
def factorization_constant(joint):
    validate.joint_law(joint, symmetric=True)
    p, n = joint.sum(axis=1), len(joint)
    return sum(joint[x, y] ** 2 / (p[x] * p[y]) for x in range(n) for y in range(n))


@exercise.accepted("expectation of the density ratio over positive pairs")
def factorization_constant(joint):
    validate.joint_law(joint, symmetric=True)
    p = joint.sum(axis=1)
    return np.average(joint / np.outer(p, p), weights=joint)


@exercise.accepted("trace of the squared random walk, torch")
def factorization_constant(joint):
    validate.joint_law(joint, symmetric=True)
    step = torch.tensor(joint / joint.sum(axis=1, keepdims=True))
    return torch.trace(step @ step)
