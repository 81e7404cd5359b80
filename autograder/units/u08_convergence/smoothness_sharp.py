"""smoothness_sharp: what its check looks at. C below 1.4, where the maximum lies inside the interval of t or at its end, and C
above, where t = 0 is nearly the best; the tolerance of the values is the exercise's own, 1e-3."""

import itertools
import math

import numpy as np
import torch

from autograder.spec import Exercise
from course import validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "smoothness_sharp",
    hints={
        "values": (
            "Lecture table: C = 0.3, 0.5, 1, 2, 5 give 0.9010, 1.2244, 2.0016, 6.0868, 37.513.",
            "In the plane of g and Mg the Hessian is [[kG, 2s + 4kt], [s, 0]] with k = s(1 - s), G = |g|^2: its larger"
            " eigenvalue is (kG + sqrt(k^2 G^2 + 8 s^2 + 16 s k t)) / 2.",
            "It grows with G, so take G = |u|^2 + 2 |z1|^2 = 4 C^2 + 2 C^2; then maximise over 0 <= t <= 2 C^2.",
        ),
        "stability": (
            "For C = 1000 the interval 0 <= t <= 2 C^2 is two million long, and all that happens, happens near t = 0.",
        ),
        "bad input": ("validate.positive(C=C).",),
        "properties": ("It lies between sqrt(2)/2 and sqrt(2) + 3/2 C^2, and grows with C.",),
    },
)
ASKED = 1e-3  # the relative error that the exercise allows; every value is above 0.7


@exercise.cases
def cases(rng):
    for C in (0.3, 0.5, 1.0, 1.3, 2.0, float(rng.uniform(0.6, 0.9)), float(rng.uniform(1.4, 4))):
        yield Case(f"C = {C:.3f}", (C,), rtol=ASKED)
    yield Case("C = 0.01", (0.01,), part="stability", rtol=ASKED)
    yield Case("C = 40", (40.0,), part="stability", rtol=ASKED)
    yield Case("C = 1000", (1000.0,), part="stability", rtol=ASKED)
    for C in (0.0, -2.0, math.nan, math.inf):
        yield bad_input(f"C = {C}", C)


@exercise.property("at least the largest eigenvalue of the Hessian at every point, at most sqrt(2) + 3/2 C^2")
def dominates(f, rng):
    C = float(rng.uniform(0.3, 3))
    found = f(C) * (1 + ASKED)
    if found > (math.sqrt(2) + 1.5 * C**2) * (1 + 2 * ASKED):
        return f"C = {C:.3f}: above sqrt(2) + 3/2 C^2"
    z = rng.normal(size=(200, 3, 3))
    z *= C * rng.uniform(0.5, 1, size=(200, 3, 1)) / np.linalg.norm(z, axis=2, keepdims=True)
    z[:100, 2] = -z[:100, 1]  # |u| as large as it can be
    largest = np.linalg.eigvalsh(hessians(z[:, 0], z[:, 1], z[:, 2]))[:, -1].max()
    if found < largest:
        return f"C = {C:.3f}: the Hessian has the eigenvalue {largest:.5f} at a point with norms at most C"


@exercise.property("it grows with C")
def grows(f, rng):
    values = [f(float(C)) for C in np.sort(rng.uniform(0.1, 5, size=5)).cumsum()]
    if any(b < a * (1 - 2 * ASKED) for a, b in itertools.pairwise(values)):
        return "a larger C has a smaller constant"


def hessians(z1, z2, z3):
    """The Hessians (n, 3d, 3d) of zeta(z1.(z3 - z2)), from first principles."""
    d = z1.shape[1]
    t = (z1 * (z3 - z2)).sum(axis=1)
    s = 1 / (1 + np.exp(-t))
    g = np.concatenate([z3 - z2, -z1, z1], axis=1)
    out = (s * (1 - s))[:, None, None] * g[:, :, None] * g[:, None, :]
    mixed = np.kron(np.array([[0, -1, 1], [-1, 0, 0], [1, 0, 0]]), np.eye(d))
    return out + s[:, None, None] * mixed


def largest_over(C, square, t):
    """max over t of (kG + sqrt(k^2 G^2 + 8 s^2 + 16 s k t)) / 2."""
    validate.positive(C=C)
    s = 1 / (1 + np.exp(-np.minimum(t, 700.0)))
    k = s * (1 - s)
    return float(np.max(k * square + np.sqrt((k * square) ** 2 + 8 * s**2 + 16 * s * k * t)) / 2)


@exercise.accepted("geometric grid, numpy eigenvalues of the 2 x 2 matrix")
def smoothness_sharp(C):
    validate.positive(C=C)
    t = np.concatenate([[0.0], np.geomspace(1e-4, 1, 400)]) * min(2 * C * C, 50.0)
    t = np.concatenate([t, np.linspace(0, min(2 * C * C, 10.0), 400)])
    s = 1 / (1 + np.exp(-t))
    k = s * (1 - s)
    matrices = np.stack([np.stack([6 * C * C * k, 2 * s + 4 * k * t], -1), np.stack([s, 0 * s], -1)], -2)
    return np.linalg.eigvals(matrices).real.max()


@exercise.accepted("golden section on three starts, a Python float")
def smoothness_sharp(C):
    if not (C > 0 and math.isfinite(C)):
        raise ValueError(f"C = {C}")

    def value(t):
        s = 1 / (1 + math.exp(-t))
        k, square = s * (1 - s), 6 * C * C
        return 0.5 * (k * square + math.sqrt((k * square) ** 2 + 8 * s * s + 16 * s * k * t))

    top, best = min(2 * C * C, 60.0), 0.0
    ratio = (math.sqrt(5) - 1) / 2
    for piece in range(12):
        a, b = top * (piece / 12) ** 3, top * ((piece + 1) / 12) ** 3
        best = max(best, value(a), value(b))
        for _ in range(40):
            c, d = b - ratio * (b - a), a + ratio * (b - a)
            if value(c) > value(d):
                b = d
            else:
                a = c
        best = max(best, value((a + b) / 2))
    return best


@exercise.accepted("the Hessian itself in the plane, along a curve of points")
def smoothness_sharp(C):
    validate.positive(C=C)
    t = torch.cat([torch.linspace(0, 1, 300) ** 2 * min(2 * C**2, 30.0)]).double()
    cos = t / (2 * C**2)  # of the angle between z1 and u, |u| = 2 C
    u = 2 * C * torch.stack([cos, (1 - cos**2).clamp(min=0).sqrt()], dim=1)
    z1 = torch.tensor([C, 0.0], dtype=torch.float64).expand_as(u)
    s = torch.sigmoid(t)
    g = torch.cat([u, -z1, z1], dim=1)
    mixed = torch.kron(torch.tensor([[0.0, -1, 1], [-1, 0, 0], [1, 0, 0]]), torch.eye(2)).double()
    hessian = (s * (1 - s))[:, None, None] * g[:, :, None] * g[:, None, :] + s[:, None, None] * mixed
    return torch.linalg.eigvalsh(hessian)[:, -1].max()


@exercise.wrong(
    "only t = 0",
    belief="The curvature of ln(1 + e^t) is largest at t = 0, so the Hessian is largest there.",
    hints=(
        "For large C your answer is right. Look at C = 1: is 1.781 the largest value over t?",
        "s(1 - s) is largest at t = 0, but s itself grows with t, and so does the other part of the Hessian.",
        "Maximise over 0 <= t <= 2 C^2.",
    ),
    uses=(largest_over,),
)
def smoothness_sharp(C):
    return largest_over(C, 6 * C**2, np.zeros(1))


@exercise.wrong(
    "only the largest t",
    belief="The largest eigenvalue belongs to the largest logit, t = 2 C^2.",
    hints=(
        "For small C your answer is right. What happens at C = 2?",
        "For large t the curvature s(1 - s) vanishes.",
        "Maximise over 0 <= t <= 2 C^2.",
    ),
    uses=(largest_over,),
)
def smoothness_sharp(C):
    validate.positive(C=C)
    return largest_over(C, 6 * C**2, np.array([2 * C**2]))


@exercise.wrong(
    "|u| at most C",
    belief="u = z3 - z2 has a norm of at most C, like z2 and z3.",
    hints=(
        "Take z2 = -z3.",
        "Then |u| = 2 C, so |g|^2 = 4 C^2 + 2 C^2.",
        "G = 6 C^2, not 3 C^2.",
    ),
    uses=(largest_over,),
)
def smoothness_sharp(C):
    validate.positive(C=C)
    return largest_over(C, 3 * C**2, np.linspace(0, min(2 * C**2, 40.0), 4001))


@exercise.wrong(
    "the outer product alone",
    belief="The Hessian is s(1 - s) g g^T.",
    hints=(
        "What is your answer as C tends to 0? It should be 0.7071.",
        "g depends on z: differentiating it gives the second part, s M.",
        "H = s M + s(1 - s) g g^T.",
    ),
)
def smoothness_sharp(C):
    validate.positive(C=C)
    return 1.5 * C**2


@exercise.wrong(
    "the clean bound",
    belief="The two parts are largest at the same point, so their norms may be added.",
    hints=(
        "sqrt(2) + 3/2 C^2 is a bound. Is it attained?",
        "s(1 - s) = 1/4 needs t = 0, where s = 1/2, not 1.",
        "Take the eigenvalue of the sum, not the sum of the norms.",
    ),
)
def smoothness_sharp(C):
    validate.positive(C=C)
    return math.sqrt(2) + 1.5 * C**2


@exercise.wrong(
    "s in place of s(1 - s)",
    belief="The second derivative of ln(1 + e^t) is sigma(t).",
    hints=(
        "sigma(t) is the first derivative. What is the second?",
        "It is s(1 - s), at most 1/4.",
        "Multiply g g^T by s(1 - s).",
    ),
)
def smoothness_sharp(C):
    validate.positive(C=C)
    t = np.linspace(0, min(2 * C**2, 40.0), 4001)
    s = 1 / (1 + np.exp(-t))
    return float(np.max(6 * C**2 * s + np.sqrt((6 * C**2 * s) ** 2 + 8 * s**2 + 16 * s**2 * t)) / 2)


@exercise.wrong(
    "Frobenius norm",
    belief="The size of a matrix is the root of the sum of its squared entries.",
    hints=(
        "Does your answer depend on d? It should not.",
        "Smoothness is about the largest eigenvalue; the Frobenius norm adds up all of them.",
        "Take the larger eigenvalue of the 2 x 2 matrix.",
    ),
)
def smoothness_sharp(C):
    validate.positive(C=C)
    t = np.linspace(0, min(2 * C**2, 40.0), 4001)
    s = 1 / (1 + np.exp(-t))
    k, square = s * (1 - s), 6 * C**2
    # squared Frobenius norm of s M + k g g^T in d = 2: 4 d s^2 + 2 s k g.Mg + k^2 |g|^4, with g.Mg = 4 t
    return float(np.max(np.sqrt(8 * s**2 + 8 * s * k * t + (k * square) ** 2)))


@exercise.wrong(
    "random search",
    belief="Enough random points come close to the maximum.",
    hints=(
        "Take ten times as many points: does your answer still grow?",
        "The best points (all norms C, z2 = -z3, one special angle) are rare, and rarer for large C.",
        "Reduce the problem to one variable, as the text says.",
    ),
    uses=(hessians,),
)
def smoothness_sharp(C):
    validate.positive(C=C)
    z = np.random.default_rng(0).normal(size=(1000, 3, 3))
    z *= C / np.linalg.norm(z, axis=2, keepdims=True)
    return np.linalg.eigvalsh(hessians(z[:, 0], z[:, 1], z[:, 2]))[:, -1].max()
