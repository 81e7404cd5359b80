"""dirichlet_energy: what its check looks at. Labels of both kinds and real vectors, masses that are not uniform."""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from autograder.units.u07_linear_probe.draws import bad_joints, signs
from course import graphs, validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "dirichlet_energy",
    hints={
        "values": (
            "y @ L @ y with your laplacian.",
            "In the sum over pairs each label is divided by the square root of the mass of its own node.",
            "The sum runs over ordered pairs and has the factor 1/2 in front.",
        ),
        "bad input": (
            "per_node(joint, y=y) of the setup cell raises for all of it.",
            "Without it numpy may broadcast a y of length 1.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for n in (3, 5):
        yield Case(f"S = {n}, a real vector", (graphs.random_joint_symmetric(rng, n), rng.normal(size=n)))
    yield Case("S = 6, labels +1 and -1", (graphs.random_joint_symmetric(rng, 6), signs(rng, 6)))
    zero_one = (signs(rng, 5) > 0).astype(float)
    yield Case("S = 5, labels 0 and 1, large loops", (graphs.random_joint_symmetric(rng, 5, psd=True), zero_one))
    yield Case("integers", (graphs.random_joint_symmetric(rng, 4), np.array([3, -1, 0, 2])))
    yield Case("constant y, masses not uniform", (graphs.random_joint_symmetric(rng, 4), np.ones(4)))
    yield Case("equal masses, labels +1 and -1", (graphs.random_regular(rng, 6, 3), signs(rng, 6)))
    joint = graphs.random_joint_symmetric(rng, 4)
    for label, bad in bad_joints(rng):
        yield bad_input(label, bad, np.ones(len(bad)))
    yield bad_input("y too short", joint, np.ones(3))
    yield bad_input("y too long", joint, np.ones(5))
    yield bad_input("y of length 1", joint, np.ones(1))
    yield bad_input("y is a matrix", joint, np.ones((4, 1)))
    yield bad_input("NaN in y", joint, np.array([1.0, np.nan, 0.0, 1.0]))


@exercise.property("it is 0 at y = sqrt(p), quadratic in y, and never negative")
def form(f, rng):
    joint = graphs.random_joint_symmetric(rng, 6)
    y = rng.normal(size=6)
    if abs(f(joint, np.sqrt(joint.sum(axis=1)))) > 1e-9:
        return "it is not 0 at y = sqrt(p)"
    if abs(f(joint, 3 * y) - 9 * f(joint, y)) > 1e-8:
        return "three times the vector must give nine times the energy"
    if min(f(joint, rng.normal(size=6)) for _ in range(5)) < -1e-9:
        return "it is negative somewhere"


def pieces(joint, y):
    """(masses, y as floats) of a valid call; ValueError otherwise."""
    validate.joint_law(joint, symmetric=True)
    y = np.asarray(y, dtype=float)
    if y.shape != (len(joint),) or not np.isfinite(y).all():
        raise ValueError(f"y must hold {len(joint)} finite numbers, got {y}")
    return joint.sum(axis=1), y


@exercise.wrong(
    "each pair counted twice",
    belief="The form is the sum over all ordered pairs.",
    hints=(
        "Your values are exactly twice the right ones.",
        "(x, x') and (x', x) give the same term; the ordered sum has the factor 1/2.",
        "y @ L @ y needs no factor at all.",
    ),
    uses=(pieces,),
)
def dirichlet_energy(joint, y):
    p, y = pieces(joint, y)
    g = y / np.sqrt(p)
    return np.sum(joint * (g[:, None] - g[None, :]) ** 2)


@exercise.wrong(
    "energy of the labels",
    belief="The form is 1/2 sum p(x, x') (y - y')^2, or, which is the same, L taken at sqrt(p) y.",
    hints=(
        "What is your value for a constant y? And what is y^T L y there, when masses differ?",
        "y goes into the form as it is given: no square root of a mass multiplies it, L itself divides by them.",
        "Use y / np.sqrt(p) in your sum, or y @ L @ y.",
    ),
    uses=(pieces,),
)
def dirichlet_energy(joint, y):
    _, y = pieces(joint, y)
    return np.sum(joint * (y[:, None] - y[None, :]) ** 2) / 2


@exercise.wrong(
    "plain labels over a common mass",
    belief="All masses are kappa = 1/S, so the form is S/2 times sum p(x, x') (y - y')^2.",
    hints=(
        "Right on regular graphs. Are the masses equal here?",
        "Each y_x must be divided by the square root of its own node's mass.",
        "y @ laplacian(joint) @ y.",
    ),
    uses=(pieces,),
)
def dirichlet_energy(joint, y):
    _, y = pieces(joint, y)
    return len(y) * np.sum(joint * (y[:, None] - y[None, :]) ** 2) / 2


@exercise.wrong(
    "the adjacency's form",
    belief="The energy is y^T D^-1/2 P D^-1/2 y.",
    hints=(
        "Is a smooth y supposed to have a small energy? It has a large value in your form.",
        "L = I - (normalised adjacency): your value is y.y minus the right one.",
        "Use laplacian(joint).",
    ),
    uses=(pieces,),
)
def dirichlet_energy(joint, y):
    p, y = pieces(joint, y)
    g = y / np.sqrt(p)
    return g @ joint @ g


@exercise.wrong(
    "Rayleigh quotient",
    belief="The energy is y^T L y / y^T y.",
    hints=(
        "What should happen to the energy when y is doubled?",
        "It is quadratic; a quotient does not change at all.",
        "Leave out the division by y @ y.",
    ),
    uses=(pieces,),
)
def dirichlet_energy(joint, y):
    p, y = pieces(joint, y)
    g = y / np.sqrt(p)
    return np.sum(joint * (g[:, None] - g[None, :]) ** 2) / 2 / (y @ y)


@exercise.wrong(
    "not squared",
    belief="The energy adds |difference|, weighted by p(x, x').",
    hints=("Double y: by which factor does the energy grow?", "By four: the differences are squared."),
    uses=(pieces,),
)
def dirichlet_energy(joint, y):
    p, y = pieces(joint, y)
    g = y / np.sqrt(p)
    return np.sum(joint * np.abs(g[:, None] - g[None, :])) / 2


@exercise.accepted("sum over unordered pairs, Python floats", uses=(pieces,))
def dirichlet_energy(joint, y):
    p, y = pieces(joint, y)
    total = 0.0
    for i in range(len(y)):
        for j in range(i):
            total += joint[i, j] * (y[i] / math.sqrt(p[i]) - y[j] / math.sqrt(p[j])) ** 2
    return float(total)


@exercise.accepted("half the ordered sum, vectorised", uses=(pieces,))
def dirichlet_energy(joint, y):
    p, y = pieces(joint, y)
    g = y / np.sqrt(p)
    return 0.5 * np.einsum("ij,ij->", joint, np.subtract.outer(g, g) ** 2)


@exercise.accepted("torch, identity minus adjacency", uses=(pieces,))
def dirichlet_energy(joint, y):
    p, y = (torch.as_tensor(a) for a in pieces(joint, y))
    g = y / p.sqrt()
    return y @ y - g @ torch.from_numpy(joint) @ g


@exercise.accepted("by eigenvalues", uses=(pieces,))
def dirichlet_energy(joint, y):
    p, y = pieces(joint, y)
    lam, u = np.linalg.eigh(np.eye(len(y)) - joint / np.sqrt(np.outer(p, p)))
    return np.sum(lam * (u.T @ y) ** 2)
