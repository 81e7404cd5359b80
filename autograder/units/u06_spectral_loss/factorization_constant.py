"""factorization_constant: what its check looks at. Loops, unequal masses, negative eigenvalues: on a graph of parts
without edges between them the constant is the number of parts, as are the trace and several wrong sums. Negatives of
another law: which of the two laws stands where."""

import numpy as np
import torch

from autograder.author import Case, Exercise, needs
from autograder.author.draw import odd_sizes
from autograder.units.u06_spectral_loss.arguments import GRAPH
from autograder.units.u06_spectral_loss.theorems import adjacency, off_diagonal, population_loss
from course import graphs, validate
from course.worlds import random_law

exercise = Exercise(
    "factorization_constant",
    refuses=(
        GRAPH,
        needs(
            "negatives is None or (negatives.shape == joint[0].shape and min(negatives) > 0 and abs(sum(negatives) - 1) < 1e-9)",
            {
                "negatives: a node that is never drawn": {"negatives": np.array([0.5, 0.3, 0.2, 0.0])},
                "negatives that sum to 0.9": {"negatives": np.array([0.3, 0.3, 0.2, 0.1])},
                "negatives for three of four nodes": {"negatives": np.array([0.5, 0.3, 0.2])},
                "NaN among the negatives": {"negatives": np.array([0.5, 0.3, 0.2, np.nan])},
                "negatives for one node": {"negatives": np.ones(1)},
            },
        ),
    ),
    hints={
        "values": (
            "Put f = 0 into both losses. What is left?",
            "At f = 0 the spectral loss is 0, so C is the squared norm of the normalised adjacency.",
            "sum over all ordered pairs of p(x,x')^2 / (p(x) p(x')). For other negatives: expand the square once more, and "
            "see which c(x) makes the last term the new expectation, and then which matrix makes the middle one -2 E_pos.",
        ),
        "bad input": (
            "`normalized_adjacency` raises for everything that is no symmetric joint law, `validate.law(negatives)` for "
            "what is no law without zeros; and there is one entry for each node.",
        ),
        "properties": ("C is the sum of the squared eigenvalues, so it is at least 1.",),
    },
)


def others(rng, n):
    return random_law(rng, n, minimum=0.3 / n)


@exercise.cases
def cases(rng):
    yield Case("S = 5", (graphs.random_joint_symmetric(rng, 5),))
    yield Case("S = 6, from augmentations", (graphs.random_joint_symmetric(rng, 6, psd=True),))
    (n,) = odd_sizes(rng, 1)
    yield Case(f"S = {n}", (graphs.random_joint_symmetric(rng, n),), public=False)
    yield Case("complete graph without loops", (graphs.complete_graph(5),))
    yield Case("three parts of unequal mass", (graphs.blocks(rng, [1, 2, 3], leak=0.1)[0],))
    yield Case("two nodes, only the edge between them", (np.array([[0.0, 0.5], [0.5, 0.0]]),))
    for n in (4, 6):
        yield Case(f"S = {n}, negatives of another law", (graphs.random_joint_symmetric(rng, n), others(rng, n)))
    (n,) = odd_sizes(rng, 1)
    large = graphs.random_joint_symmetric(rng, n), others(rng, n)
    yield Case(f"S = {n}, negatives of another law", large, public=False)
    yield Case("complete graph, negatives of another law", (graphs.complete_graph(4), np.array([0.1, 0.2, 0.3, 0.4])))
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


def of_negatives(joint, negatives):
    return joint.sum(axis=1) if negatives is None else negatives


def per_pair(joint, m):
    return joint / np.sqrt(np.outer(m, m))


def one_side(joint, m):
    """Anchors keep their own law."""
    return joint / np.sqrt(np.outer(joint.sum(axis=1), m))


def ratio(joint, m):
    root = np.sqrt(m / joint.sum(axis=1))
    return np.outer(root, root)


def moved(joint, m):
    return joint * (m / joint.sum(axis=1))[:, None] / np.sqrt(np.outer(m, m))


@exercise.formula
def factorization_constant(
    joint,
    negatives=None,
    *,
    matrix=per_pair,
    counted=lambda matrix: matrix,
    pool=lambda matrix: (matrix**2).sum(),
    less=0,
    sign=1,
    law=of_negatives,
    mixed=lambda p, m: m,
    spared=False,
):
    if spared and negatives is None:  # a program whose branch without other negatives is right
        return (adjacency(joint) ** 2).sum()
    m = law(joint, negatives)
    used = m if negatives is None else mixed(joint.sum(axis=1), m)
    return sign * (pool(counted(matrix(joint, used))) - less)


exercise.slip("sum of squared probabilities", matrix=lambda joint, m: joint).says(
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

exercise.slip("other negatives ignored", law=lambda joint, negatives: joint.sum(axis=1)).says(
    "The constant belongs to the positive pairs, so the law of the negatives is not in it.",
    "Take f = 0 in the identity: C is the squared norm of M. May M be the same for every law of the negatives?",
    "The last term of the square must be E[(f.f')^2] under the new law. That fixes the factors c(x), and so M.",
    "c(x) c(x') M(x,x') must be p(x,x').",
)
# wrong M for the other negatives only: M = p(x,x') / sqrt(e(x) e(x')) with e = m where it is right
for name, effective, belief, nudge in (
    ("the other law's factors without a root", lambda p, m: m**2, "c(x) is m(x).", "Is c(x)^2 c(x')^2 = m(x) m(x')?"),
    (
        "M divided by m m' and weighed with p p'",
        lambda p, m: m**2 / p,
        "C is the sum of p p' (p(x,x') / (m m'))^2.",
        "",
    ),
    ("the adjacency times the roots", lambda p, m: p / m, "M is the normalised adjacency times sqrt(m(x) m(x')).", ""),
    ("the adjacency over the roots", lambda p, m: p * m, "M is the normalised adjacency over sqrt(m(x) m(x')).", ""),
    ("the root of m m' below the square", lambda p, m: np.sqrt(m), "C is the sum of p(x,x')^2 / sqrt(m(x) m(x')).", ""),
    ("the mean of the two laws", lambda p, m: (p + m) / 2, "The law that counts is the mean of p and m.", ""),
):
    exercise.slip(name, mixed=effective).says(
        belief,
        nudge or "Multiply out: is c(x) c(x') M(x,x') equal to p(x,x')?",
        "The last term of the square is E[(f.f')^2] under m when c(x) = sqrt(m(x)).",
        "Then c(x) c(x') M(x,x') = p(x,x') gives M, and C is its squared norm.",
    )
for name, knobs, belief, hint in (
    ("chi-square divergence", {"less": 1}, "1 is subtracted from the squared norm", "Do not subtract 1."),
    (
        "square root taken",
        {"pool": lambda matrix: np.linalg.norm(matrix)},
        "the constant is the norm itself",
        "The squared norm is asked.",
    ),
    ("sum of the eigenvalues", {"pool": np.trace}, "the constant is the trace of M", "Square the entries."),
    ("loops left out", {"counted": off_diagonal}, "x' = x is left out", "Sum over all ordered pairs."),
):
    exercise.slip(f"{name}, for other negatives only", spared=True, **knobs).says(
        f"With other negatives {belief}.",
        "Give your function the masses p(x) for `negatives`: is the answer the one without?",
        hint,
    )
exercise.slip("positive pairs moved to the other law", matrix=moved).says(
    "With other negatives x of a positive pair has the law m too, and x' the conditional law p(x'|x).",
    "Which law have the positive pairs in the question?",
    "They are drawn from p(x,x') as before; only the negatives change.",
    "c(x) c(x') M(x,x') = p(x,x') with c(x) = sqrt(m(x)).",
)
exercise.slip("only one of the two points from the other law", matrix=one_side).says(
    "Of a negative pair one point has the law p, the other one the law m.",
    "Which law has the anchor of a negative pair here?",
    "Both points are drawn from m.",
    "The weight of a negative pair is m(x) m(x').",
)
exercise.slip("negatives' law inverted", matrix=lambda joint, m: adjacency(joint) * ratio(joint, m)).says(
    "The entries of the adjacency are multiplied by the density of the new law against p.",
    "Multiply out: is c(x) c(x') M(x,x') equal to p(x,x')?",
    "Where negatives are drawn often, c(x) is large, and M must be small.",
    "M(x,x') = p(x,x') / (c(x) c(x')).",
)
exercise.slip(
    "positive eigenvalues only", pool=lambda matrix: (np.linalg.eigvalsh(matrix).clip(min=0) ** 2).sum()
).says(
    "Negative eigenvalues do not count, since F F^T has none.",
    "At f = 0, is the error the squared norm of the whole matrix?",
    "They cannot be approximated; for that very reason they stay in the error.",
    "Sum the squares of all eigenvalues.",
)
exercise.slip("sum of absolute eigenvalues", pool=lambda matrix: np.abs(np.linalg.eigvalsh(matrix)).sum()).says(
    "The squared norm is the sum of the absolute eigenvalues.",
    "Which norm is the sum of the singular values, and which the root of the sum of their squares?",
    "The Frobenius norm squares them.",
    "Square the eigenvalues, then sum.",
)
exercise.slip("squared norm of the random walk", matrix=lambda joint, m: joint / m[:, None]).says(
    "The constant is the sum of the squares of p(x'|x).",
    "Your matrix has the right eigenvalues. Is the sum of its squared entries that of their squares?",
    "Only for a symmetric matrix is it.",
    "Divide by the root of both masses.",
)


@exercise.wrong(
    "any weights for the negatives",
    belief="Negatives with a sum other than 1 are weights, to be divided by their sum.",
    hints=("What does the question say of a `negatives` that is no law?", "ValueError.", "`validate.law(negatives)`."),
    guarded=False,
)
def factorization_constant(joint, negatives=None):
    validate.joint_law(joint, symmetric=True)
    m = joint.sum(axis=1) if negatives is None else negatives
    if m.shape != (len(joint),) or not (m > 0).all():
        raise ValueError(f"negatives {m}")
    return (per_pair(joint, m / m.sum()) ** 2).sum()


@exercise.wrong(
    "one negative for all nodes",
    belief="The length of `negatives` need not be looked at, since arrays that do not fit raise by themselves.",
    hints=(
        "What does numpy make of shapes (4, 4) and (1, 1)?",
        "A single number fits everything.",
        "len(negatives) == S.",
    ),
    guarded=False,
)
def factorization_constant(joint, negatives=None):
    validate.joint_law(joint, symmetric=True)
    m = joint.sum(axis=1) if negatives is None else negatives
    validate.law(m)
    return (per_pair(joint, m) ** 2).sum()


exercise.style("sum of the squared eigenvalues", pool=lambda matrix: float(np.sum(np.linalg.eigvalsh(matrix) ** 2)))


@exercise.accepted("double loop, validated by hand", guarded=False)
def factorization_constant(joint, negatives=None):
    validate.joint_law(joint)
    p, n = joint.sum(axis=1), len(joint)
    if joint.shape != (n, n) or abs(joint - joint.T).max() > 1e-9 or not all(p):
        raise ValueError(f"no graph: {joint}")
    if negatives is not None:
        validate.law(negatives)
        if len(negatives) != n:
            raise ValueError(f"{len(negatives)} negatives for {n} nodes")
        p = negatives
    return sum(joint[x, y] ** 2 / (p[x] * p[y]) for x in range(n) for y in range(n))


@exercise.accepted("expectation of the density ratio over positive pairs")
def factorization_constant(joint, negatives=None):
    m = joint.sum(axis=1) if negatives is None else negatives
    return np.average(joint / np.outer(m, m), weights=joint)


@exercise.accepted("trace of a squared matrix that is not symmetric, torch")
def factorization_constant(joint, negatives=None):
    step = torch.tensor(joint / (joint.sum(axis=1) if negatives is None else negatives)[:, None])
    return torch.trace(step @ step)
