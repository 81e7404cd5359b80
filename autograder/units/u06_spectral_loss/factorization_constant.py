"""factorization_constant: what its check looks at. Loops, unequal masses, negative eigenvalues: on a graph of parts
without edges between them the constant is the number of parts, as are the trace and several wrong sums."""

import numpy as np
import torch

from autograder.author import Case, Exercise
from autograder.author.draw import odd_sizes
from autograder.units.u06_spectral_loss.arguments import GRAPH
from autograder.units.u06_spectral_loss.theorems import adjacency, off_diagonal, population_loss
from course import graphs, validate

exercise = Exercise(
    "factorization_constant",
    refuses=(GRAPH,),
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
    (n,) = odd_sizes(rng, 1)
    yield Case(f"S = {n}", (graphs.random_joint_symmetric(rng, n),), public=False)
    yield Case("complete graph without loops", (graphs.complete_graph(5),))
    yield Case("three parts of unequal mass", (graphs.blocks(rng, [1, 2, 3], leak=0.1)[0],))
    yield Case("two nodes, only the edge between them", (np.array([[0.0, 0.5], [0.5, 0.0]]),))
    yield from exercise.bad_inputs(graphs.random_joint_symmetric(rng, 4))


@exercise.property("it is the difference of the two losses, whatever the embedding")
def difference(f, rng):
    joint, z = graphs.random_joint_symmetric(rng, 6), rng.normal(size=(6, 2))
    F = np.sqrt(joint.sum(axis=1))[:, None] * z
    error = ((adjacency(joint) - F @ F.T) ** 2).sum()
    if abs(float(f(joint)) - (error - population_loss(joint, z))) > 1e-8 * max(1.0, error):
        return "it is not the difference of the two losses at a random embedding"


@exercise.property("1 for two independent draws, at least 1 for every graph")
def at_least_one(f, rng):
    p = rng.dirichlet([2.0, 2.0, 2.0])
    if abs(float(f(np.outer(p, p))) - 1) > 1e-8:
        return "for independent x and x' it must be 1"
    if float(f(graphs.random_joint_symmetric(rng, 5))) < 1 - 1e-9:
        return "a value below 1, but one eigenvalue is 1"


@exercise.formula
def factorization_constant(
    joint,
    *,
    matrix=adjacency,
    counted=lambda matrix: matrix,
    pool=lambda matrix: (matrix**2).sum(),
    less=0,
    sign=1,
):
    return sign * (pool(counted(matrix(joint))) - less)


exercise.slip("sum of squared probabilities", matrix=lambda joint: joint).says(
    "The constant is the sum of p(x, x')^2.",
    "What is squared in the factorisation: p(x,x') or the normalised entry?",
    "The denominators p(x) p(x') do not cancel in the first term.",
    "sum p(x,x')^2 / (p(x) p(x')).",
)
exercise.slip("chi-square divergence", less=1).says(
    "The constant is the chi-square divergence of the joint from independence.",
    "For independent x and x', is the squared norm of the adjacency 0 or 1?",
    "The chi-square divergence is sum p(x,x')^2/(p(x)p(x')) minus 1.",
    "Do not subtract 1.",
)
exercise.slip("sum of the eigenvalues", pool=np.trace).says(
    "The squared norm is the sum of the eigenvalues.",
    "On the two nodes with one edge you get 0. Is the normalised adjacency the zero matrix?",
    "The trace is the sum of the eigenvalues; the squared norm is the sum of their squares.",
    "Square them.",
)
exercise.slip("square root taken", pool=lambda matrix: np.linalg.norm(matrix)).says(
    "The constant is the Frobenius norm of the adjacency.",
    "Your values are the roots of the right ones.",
    "The identity speaks of the squared norm.",
)
exercise.slip("number of nodes", pool=len).says(
    "The constant is the squared norm of the identity, S.",
    "Does your answer depend on the edges?",
    "Put f = 0 into the factorisation error.",
    "It is the squared norm of the normalised adjacency.",
)
exercise.slip("only edges between different nodes", counted=off_diagonal).says(
    "Loops do not count.",
    "Compare on a graph without loops and on one with.",
    "The sum runs over all ordered pairs, x' = x included.",
    "Keep the diagonal.",
)
exercise.slip("sign flipped", sign=-1).says(
    "The constant stands on the side of the factorisation error.",
    "Which of the two losses is larger?",
    "factorisation error = L + C with C > 0.",
)

exercise.style("sum of the squared eigenvalues", pool=lambda matrix: float(np.sum(np.linalg.eigvalsh(matrix) ** 2)))


@exercise.accepted("double loop, validated by hand", guarded=False)
def factorization_constant(joint):
    validate.joint_law(joint)
    p, n = joint.sum(axis=1), len(joint)
    if joint.shape != (n, n) or abs(joint - joint.T).max() > 1e-9 or not all(p):
        raise ValueError(f"no graph: {joint}")
    return sum(joint[x, y] ** 2 / (p[x] * p[y]) for x in range(n) for y in range(n))


@exercise.accepted("expectation of the density ratio over positive pairs")
def factorization_constant(joint):
    p = joint.sum(axis=1)
    return np.average(joint / np.outer(p, p), weights=joint)


@exercise.accepted("trace of the squared random walk, torch")
def factorization_constant(joint):
    step = torch.tensor(joint / joint.sum(axis=1, keepdims=True))
    return torch.trace(step @ step)
