"""dirichlet_energy: what its check looks at. Labels of both kinds and real vectors, masses that are not uniform, and vectors
near 10^6 sqrt(p), where a matrix product loses all digits."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, bad_input, joint_law, per_node
from autograder.author.draw import odd_sizes
from autograder.author.short import short
from autograder.units.u07_linear_probe.draws import signs
from autograder.units.u07_linear_probe.theorems import laplacian
from course import graphs, validate

exercise = Exercise(
    "dirichlet_energy",
    refuses=(joint_law("joint", symmetric=True), per_node("joint", y="y")),
    hints={
        "values": (
            "First get it right for small numbers: y @ L @ y with your laplacian. Then compare another way with it.",
            "Proposition 7.2 writes the form at g = sqrt(p) y as a sum over pairs. Which labels belong to the vector y here?",
            "The label of node x is y_x over the square root of its own mass; ordered pairs, and the factor 1/2 in front.",
        ),
        "bad input": (
            "per_node(joint, y=y) of the setup cell raises for all of it.",
            "Without it numpy may broadcast a y of length 1.",
        ),
    },
)


def nearly_flat(rng, n):
    """(joint, y) with y near 10^6 sqrt(p), both in digits that are stored exactly."""
    joint = short(graphs.random_joint_symmetric(rng, n))
    y = np.sqrt(joint.sum(axis=1)) * (1e6 + 3 * rng.normal(size=n))
    return joint, np.array([float(f"{value:.10g}") for value in y])


@exercise.cases
def cases(rng):
    for n in (3, 5):
        yield Case(f"S = {n}, a real vector", (graphs.random_joint_symmetric(rng, n), rng.normal(size=n)))
    (n,) = odd_sizes(rng, 1)
    yield Case(f"S = {n}, a real vector", (graphs.random_joint_symmetric(rng, n), rng.normal(size=n)), public=False)
    yield Case("S = 6, labels +1 and -1", (graphs.random_joint_symmetric(rng, 6), signs(rng, 6)))
    zero_one = (signs(rng, 5) > 0).astype(float)
    yield Case("S = 5, labels 0 and 1, large loops", (graphs.random_joint_symmetric(rng, 5, psd=True), zero_one))
    yield Case("integers", (graphs.random_joint_symmetric(rng, 4), np.array([3, -1, 0, 2])))
    yield Case("constant y, masses not uniform", (graphs.random_joint_symmetric(rng, 4), np.ones(4)))
    yield Case("equal masses, labels +1 and -1", (graphs.random_regular(rng, 6, 3), signs(rng, 6)))
    for n, public in ((5, True), (13, False)):
        hint = "Which way to write the form has no term that is negative, and small terms where the form is small?"
        yield Case("y is nearly 10^6 sqrt(p)", nearly_flat(rng, n), hint=hint, rtol=1e-7, public=public)
    joint = graphs.random_joint_symmetric(rng, 4)
    yield from exercise.bad_inputs(joint, np.ones(4))
    yield bad_input("y is a matrix", joint, np.ones((4, 1)))


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


@exercise.formula
def dirichlet_energy(
    joint,
    y,
    *,
    law=lambda joint: joint,
    scaled=lambda y, p: y / np.sqrt(p),
    pair=lambda a, b: (a - b) ** 2,
    half=0.5,
    unit=lambda y: 1.0,
    finish=float,
):
    g = scaled(y, joint.sum(axis=1))
    return finish(half * np.sum(law(joint) * pair(g[:, None], g[None, :])) / unit(y))


exercise.slip("each pair counted twice", half=1.0).says(
    "The form is the sum over all ordered pairs.",
    "Your values are exactly twice the right ones.",
    "(x, x') and (x', x) give the same term; the ordered sum has the factor 1/2.",
    "Put 0.5 in front, or take each unordered pair once.",
)
exercise.slip("half of the unordered pairs", half=0.25).says(
    "Each pair of nodes is taken once, and the factor 1/2 stands in front.",
    "Your values are exactly half of the right ones.",
    "The factor 1/2 belongs to the sum over ordered pairs, which holds (x, x') and (x', x).",
    "Over unordered pairs the sum has no factor.",
)
exercise.slip("energy of the labels", scaled=lambda y, p: y).says(
    "The form is 1/2 sum p(x, x') (y - y')^2, or, which is the same, L taken at sqrt(p) y.",
    "What is your value for a constant y? And what is y^T L y there, when masses differ?",
    "y goes into the form as it is given: no square root of a mass multiplies it, L itself divides by them.",
    "Use y / np.sqrt(p) in your sum.",
)
exercise.slip("multiplied by the roots of the masses", scaled=lambda y, p: y * np.sqrt(p)).says(
    "The differences in the sum over pairs are those of sqrt(p(x)) y_x.",
    "What is your value at y = sqrt(p)?",
    "It must be 0. In Proposition 7.2 g = sqrt(p) y goes into the form, and y into the differences. Which of the two is given?",
    "The given vector is g: divide it by np.sqrt(p) before the differences.",
)
exercise.slip("plain labels over a common mass", scaled=lambda y, p: y * math.sqrt(len(y))).says(
    "All masses are kappa = 1/S, so the form is S/2 times sum p(x, x') (y - y')^2.",
    "Right on regular graphs. Are the masses equal here?",
    "Each y_x must be divided by the square root of its own node's mass.",
    "y / np.sqrt(joint.sum(axis=1)), in the sum over pairs.",
)
exercise.slip("y minus its mean", scaled=lambda y, p: (y - y.mean()) / np.sqrt(p)).says(
    "A constant added to y does not change the form.",
    "Which vector does L map to 0?",
    "sqrt(p), and a constant vector only where all masses are equal.",
    "Leave y as it is.",
)
exercise.slip(
    "normalised weights, plain labels", law=lambda joint: np.eye(len(joint)) - laplacian(joint), scaled=lambda y, p: y
).says(
    "The form is 1/2 sum a(x, x') (y_x - y_x')^2 with the entries a of the normalised adjacency.",
    "What is your value at y = sqrt(p), where it must be 0, and for a constant y?",
    "That holds where the rows of a sum to 1, and these do not. The roots belong to the labels, not to the weights.",
    "joint * (f - f')^2 with f = y / np.sqrt(p).",
)
exercise.slip("independent pairs", law=lambda joint: np.outer(*[joint.sum(axis=1)] * 2)).says(
    "A pair (x, x') has the weight p(x) p(x').",
    "Two parts without an edge between them: which pairs have energy?",
    "Those inside the parts only: the weight is p(x, x'), the entry of the joint.",
    "0.5 * np.sum(joint * ...).",
)
exercise.slip("the root of the form", finish=math.sqrt).says(
    "The energy is the length of a vector, with a root.",
    "Double y: by which factor does the energy grow?",
    "By four. Your value squared is right.",
)
exercise.slip("divided by the masses, without a root", scaled=lambda y, p: y / p).says(
    "Each label is divided by the mass of its node.",
    "What is your value at y = sqrt(p)?",
    "It must be 0: there y_x / sqrt(p(x)) is the same for all nodes.",
    "y / np.sqrt(p).",
)
exercise.slip("the adjacency's form", pair=lambda a, b: a * b, half=1.0).says(
    "The energy is y^T D^-1/2 P D^-1/2 y.",
    "Is a smooth y supposed to have a small energy? It has a large value in your form.",
    "L = I - (normalised adjacency): your value is y.y minus the right one.",
    "Use laplacian(joint).",
)
exercise.slip("Rayleigh quotient", unit=lambda y: y @ y).says(
    "The energy is y^T L y / y^T y.",
    "What should happen to the energy when y is doubled?",
    "It is quadratic; a quotient does not change at all.",
    "Leave out the division by y @ y.",
)
exercise.slip("not squared", pair=lambda a, b: np.abs(a - b)).says(
    "The energy adds |difference|, weighted by p(x, x').",
    "Double y: by which factor does the energy grow?",
    "By four: the differences are squared.",
)


@exercise.accepted("sum over unordered pairs, Python floats, y validated by hand", guarded=False)
def dirichlet_energy(joint, y):
    validate.joint_law(joint, symmetric=True)
    if np.ndim(y) != 1 or len(y) != len(joint) or any(math.isnan(value) for value in y):
        raise ValueError(f"y = {y}")
    p, total = joint.sum(axis=1), 0.0
    for i in range(len(y)):
        for j in range(i):
            total += joint[i, j] * (y[i] / math.sqrt(p[i]) - y[j] / math.sqrt(p[j])) ** 2
    return float(total)


@exercise.wrong(
    "y L y by matrix products",
    belief="Where a formula is right, its rounding does no harm.",
    hints=(
        "Right for small numbers. Try y = 10^6 sqrt(p) plus something small, and y + sqrt(p) in its place.",
        "Two numbers near 10^12 are subtracted; a float64 keeps sixteen digits, so that four places after the point are left.",
        "Take the differences first: a sum of squares over pairs has no cancellation.",
    ),
)
def dirichlet_energy(joint, y):
    return y @ laplacian(joint) @ y


@exercise.wrong(
    "form of the random walk",
    belief="Normalising means that each row is divided by its sum: the form is that of I - D^-1 P.",
    hints=(
        "What is your value at y = sqrt(p), when masses differ?",
        "It must be 0. I - D^-1 P is not symmetric; L has half of D^-1 on each side of P.",
        "Divide y by np.sqrt(p), and sum p(x, x') times squared differences over pairs.",
    ),
)
def dirichlet_energy(joint, y):
    return y @ y - y / joint.sum(axis=1) @ joint @ y


@exercise.accepted("torch, sum over ordered pairs")
def dirichlet_energy(joint, y):
    p, y = torch.from_numpy(joint), torch.as_tensor(y).double()
    g = y / p.sum(1).sqrt()
    return (p * (g[:, None] - g[None, :]) ** 2).sum() / 2


@exercise.accepted("incidence: root weights times differences along the edges")
def dirichlet_energy(joint, y):
    g = y / np.sqrt(joint.sum(axis=1))
    i, j = np.triu_indices(len(g), 1)
    return np.linalg.norm(np.sqrt(joint[i, j]) * (g[i] - g[j])) ** 2


@exercise.accepted("the multiple of sqrt(p) taken off first, then the matrix")
def dirichlet_energy(joint, y):
    p = joint.sum(axis=1)
    g = y / np.sqrt(p)
    flat = (g - g[0]) * np.sqrt(p)
    return flat @ laplacian(joint) @ flat
