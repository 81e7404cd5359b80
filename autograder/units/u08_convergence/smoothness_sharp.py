"""smoothness_sharp: what its check looks at. C below 1.4, where the maximum lies inside the interval of t or at its
end, and C above, where t = 0 is nearly the best; the tolerance of the values is the exercise's own, 1e-3."""

import itertools
import math

import numpy as np
import torch

from autograder.author import Case, Exercise, positive

exercise = Exercise(
    "smoothness_sharp",
    refuses=(positive("C", math.inf),),
    hints={
        "values": (
            "Which of these do you miss? C = 0.3, 0.5 give 0.9010, 1.2244: there s M decides. C = 2, 5 give 6.0868, 37.513: there"
            " the part with g g^T does.",
            "Which small subspace does the Hessian map to itself? What are Mg and M(Mg)?",
            "M(Mg) = 2g and g.Mg = 4t: so the Hessian maps the plane of g and Mg to itself. Write its matrix there.",
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
    for C in (0.3, 0.5, 1.0, 1.3, 2.0, float(rng.uniform(0.8, 0.9)), float(rng.uniform(1.4, 4))):
        yield Case(f"C = {C:.3f}", (C,), rtol=ASKED)
    for low, high in ((-2, -0.5), (0.7, 3)):
        C = float(10 ** rng.uniform(low, high))
        yield Case(f"C = {C:.4g}", (C,), part="stability", rtol=ASKED, public=False)
    yield Case("C = 0.01", (0.01,), part="stability", rtol=ASKED)
    yield Case("C = 40", (40.0,), part="stability", rtol=ASKED)
    yield Case("C = 1000", (1000.0,), part="stability", rtol=ASKED)
    yield from exercise.bad_inputs(1.0)


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


def eigenvalue(s, k, t, square):
    """The larger one of the Hessian in the plane of g and Mg, where it is [[kG, 2s + 4kt], [s, 0]]."""
    return (k * square + np.sqrt((k * square) ** 2 + 8 * s**2 + 16 * s * k * t)) / 2


def singular_value(s, k, t, square):
    """The larger one of the same matrix, whose basis is not orthonormal."""
    entries, determinant = (k * square) ** 2 + (2 * s + 4 * k * t) ** 2 + s**2, s * (2 * s + 4 * k * t)
    return np.sqrt((entries + np.sqrt(entries**2 - 4 * determinant**2)) / 2)


def frobenius(s, k, t, square):
    """Of the Hessian in d = 2: its square is 4 d s^2 + 2 s k g.Mg + k^2 |g|^4, and g.Mg = 4 t."""
    return np.sqrt(8 * s**2 + 8 * s * k * t + (k * square) ** 2)


def with_numpy(s, k, t, square):
    matrices = np.stack([np.stack([k * square, 2 * s + 4 * k * t], -1), np.stack([s, 0 * s], -1)], -2)
    return np.linalg.eigvals(matrices).real


def fine_near_0(C):
    t = np.concatenate([[0.0], np.geomspace(1e-4, 1, 400)]) * min(2 * C * C, 50.0)
    return np.concatenate([t, np.linspace(0, min(2 * C * C, 10.0), 400)])


@exercise.formula
def smoothness_sharp(
    C,
    *,
    logits=lambda C: np.linspace(0, min(2 * C**2, 40.0), 4001),
    bend=lambda s: s * (1 - s),
    mixed=1.0,
    longest=6.0,
    size=eigenvalue,
):
    t = logits(C)
    s = 1 / (1 + np.exp(-t))
    return float(np.max(size(mixed * s, bend(s), t, longest * C**2)))


exercise.slip("only t = 0", logits=lambda C: np.zeros(1)).says(
    "The curvature of ln(1 + e^t) is largest at t = 0, so the Hessian is largest there.",
    "For large C your answer is right. Look at C = 1: is 1.781 the largest value over t?",
    "s(1 - s) is largest at t = 0, but s itself grows with t, and so does the other part of the Hessian.",
    "Maximise over 0 <= t <= 2 C^2.",
)
exercise.slip("only the largest t", logits=lambda C: np.array([2 * C**2])).says(
    "The largest eigenvalue belongs to the largest logit, t = 2 C^2.",
    "For small C your answer is right. What happens at C = 2?",
    "For large t the curvature s(1 - s) vanishes.",
    "Maximise over 0 <= t <= 2 C^2.",
)
exercise.slip("t up to C^2", logits=lambda C: np.linspace(0, min(C**2, 40.0), 4001)).says(
    "t is an inner product of two vectors of norm at most C, so it is at most C^2.",
    "For large C your answer is right. Which t is best for C = 0.3, and is a larger one possible?",
    "t = z1.(z3 - z2), and z3 - z2 has a norm of up to 2 C.",
    "Maximise over 0 <= t <= 2 C^2.",
)
exercise.slip("|u| at most C", longest=3.0).says(
    "u = z3 - z2 has a norm of at most C, like z2 and z3.",
    "Take z2 = -z3.",
    "Then |u| = 2 C, so |g|^2 = 4 C^2 + 2 C^2.",
    "G = 6 C^2, not 3 C^2.",
)
exercise.slip("u alone in g", longest=4.0).says(
    "The norm of g is that of u, at most 2 C.",
    "How many blocks has g = (u, -z1, z1)?",
    "The anchor stands in it twice: |g|^2 = |u|^2 + 2 |z1|^2.",
    "G = 6 C^2, not 4 C^2.",
)
exercise.slip("the anchor once in g", longest=5.0).says(
    "The anchor counts once in the norm of g.",
    "How many blocks has g = (u, -z1, z1)?",
    "|g|^2 = |u|^2 + 2 |z1|^2.",
    "G = 6 C^2, not 5 C^2.",
)
exercise.slip("the outer product alone", mixed=0.0).says(
    "The Hessian is s(1 - s) g g^T.",
    "What is your answer as C tends to 0? It should be 0.7071.",
    "g depends on z: differentiating it gives the second part, s M.",
    "H = s M + s(1 - s) g g^T.",
)
exercise.slip("the clean bound", size=lambda s, k, t, square: math.sqrt(2) + square / 4).says(
    "The two parts are largest at the same point, so their norms may be added.",
    "sqrt(2) + 3/2 C^2 is a bound. Is it attained?",
    "s(1 - s) = 1/4 needs t = 0, where s = 1/2, not 1.",
    "Take the eigenvalue of the sum, not the sum of the norms.",
)
exercise.slip("the paper", size=lambda s, k, t, square: 2 + 8 / 6 * square).says(
    "The paper's 2 + 8 C^2 is the best constant.",
    "Which bound of the lecture is smaller?",
    "An upper bound need not be attained: find the largest eigenvalue itself.",
    "Maximise the larger eigenvalue of the Hessian over 0 <= t <= 2 C^2.",
)
exercise.slip("question 9", size=lambda s, k, t, square: math.sqrt(2) * s.max() + square / 4).says(
    "The bound of question 9, with A = C, is attained.",
    "Your answer is a bound. Are its two maxima at one point?",
    "s is largest at t = 2 C^2, s (1 - s) at t = 0; and g is no eigenvector of M.",
    "Take the larger eigenvalue of the sum at each t, then the maximum.",
)
exercise.slip("the close bound", size=lambda s, k, t, square: 0.878 + square / 4).says(
    "0.878 + 3/2 C^2 is the best constant.",
    "What is your answer as C tends to 0? It should be 0.7071.",
    "It is a bound for every C, touched near C = 0.63 and for no other C.",
    "Maximise the larger eigenvalue of the Hessian over 0 <= t <= 2 C^2.",
)
exercise.slip("the larger of two norms", size=lambda s, k, t, square: np.maximum(math.sqrt(2) * s, k * square)).says(
    "The norm of a sum is the larger one of the two norms.",
    "Is your answer below that of a random point? Try C = 1.",
    "In the plane of g and Mg both parts act together.",
    "Take the larger eigenvalue of the sum, (kG + sqrt(k^2 G^2 + 8 s^2 + 16 s k t)) / 2.",
)
exercise.slip("root of the sum of squares", size=lambda s, k, t, square: np.sqrt(2 * s**2 + (k * square) ** 2)).says(
    "The norms of the two parts add like the sides of a right angle.",
    "What is your answer for large C, and what is missing there?",
    "Eigenvalues of a sum do not obey Pythagoras.",
    "Take the larger eigenvalue of the sum, (kG + sqrt(k^2 G^2 + 8 s^2 + 16 s k t)) / 2.",
)
exercise.slip(
    "s up to 1 with M", size=lambda s, k, t, square: (k * square + np.sqrt((k * square) ** 2 + 8 + 16 * k * t)) / 2
).says(
    "M counts with its full norm, s = 1.",
    "What is your answer as C tends to 0? It should be 0.7071.",
    "At a point with logit t the Hessian has s M, with the s of this t.",
    "(kG + sqrt(k^2 G^2 + 8 s^2 + 16 s k t)) / 2.",
)
exercise.slip("norms added at one t", size=lambda s, k, t, square: math.sqrt(2) * s + k * square).says(
    "The largest eigenvalue of a sum is the sum of the largest eigenvalues.",
    "Your answer is a bound. Do M and g g^T have their largest eigenvalue in the same direction?",
    "g is no eigenvector of M: Mg = (2 z_1, -u, u).",
    "Take the larger eigenvalue of the Hessian in the plane of g and Mg.",
)
exercise.slip("the quotient of g", size=lambda s, k, t, square: k * square + 4 * s * t / square).says(
    "g is the eigenvector of the largest eigenvalue.",
    "Is your answer 0.7071 as C tends to 0? What is Mg?",
    "The quotient of a direction that is no eigenvector is below the largest eigenvalue.",
    "Take the larger eigenvalue of the Hessian in the plane of g and Mg.",
)
exercise.slip(
    "g and Mg at a right angle", size=lambda s, k, t, square: (k * square + np.sqrt((k * square) ** 2 + 8 * s**2)) / 2
).says(
    "g and Mg are at a right angle.",
    "What is g.Mg? For t = 0 you are right.",
    "g.Mg = 4 t: it stands in the matrix of the Hessian in this plane.",
    "(kG + sqrt(k^2 G^2 + 8 s^2 + 16 s k t)) / 2.",
)
exercise.slip(
    "u parallel to the anchor", size=lambda s, k, t, square: eigenvalue(s, k, t, square / 3 + 6 * t**2 / square)
).says(
    "The worst u is parallel to z1.",
    "For a given t, does the largest eigenvalue grow with |u|?",
    "A u that is longer than t / |z1| and turned away has the same t, and a larger |g|.",
    "|u| = 2 C for every t: G = 6 C^2.",
)
exercise.slip("half of M", size=lambda s, k, t, square: math.sqrt(2) / 2 + square / 4).says(
    "Both parts are largest at t = 0, and their norms may be added.",
    "sqrt(2)/2 + 3/2 C^2 is right as C tends to 0. Look at C = 0.5.",
    "s grows with t; and g is no eigenvector of M.",
    "Maximise the larger eigenvalue of the sum over 0 <= t <= 2 C^2.",
)
exercise.slip("s in place of s(1 - s)", bend=lambda s: s).says(
    "The second derivative of ln(1 + e^t) is sigma(t).",
    "sigma(t) is the first derivative. What is the second?",
    "It is s(1 - s), at most 1/4.",
    "Multiply g g^T by s(1 - s).",
)
exercise.slip("singular value of the 2 x 2 matrix", size=singular_value).says(
    "The 2 x 2 matrix is as large as its largest singular value.",
    "Is your answer 0.7071 as C tends to 0? Is your 2 x 2 matrix symmetric?",
    "g and Mg are neither orthogonal nor of norm 1: in such a basis a matrix keeps eigenvalues, not singular values.",
    "Take the larger eigenvalue: half of kG + sqrt(k^2 G^2 + 8 s^2 + 16 s k t).",
)
exercise.slip("Frobenius norm", size=frobenius).says(
    "The size of a matrix is the root of the sum of its squared entries.",
    "Does your answer depend on d? It should not.",
    "Smoothness is about the largest eigenvalue; the Frobenius norm adds up all of them.",
    "Take the larger eigenvalue of the 2 x 2 matrix.",
)


@exercise.wrong(
    "random search",
    belief="Enough random points come close to the maximum.",
    hints=(
        "Take ten times as many points: does your answer still grow?",
        "The best points (all norms C, z2 = -z3, one special angle) are rare, and rarer for large C.",
        "Reduce the problem to one variable: M(Mg) = 2g helps.",
    ),
)
def smoothness_sharp(C):
    z = np.random.default_rng(0).normal(size=(1000, 3, 3))
    z *= C / np.linalg.norm(z, axis=2, keepdims=True)
    return np.linalg.eigvalsh(hessians(z[:, 0], z[:, 1], z[:, 2]))[:, -1].max()


exercise.style("geometric grid, numpy eigenvalues of the 2 x 2 matrix", logits=fine_near_0, size=with_numpy)


@exercise.accepted("zooming in on the best t, validated by hand", guarded=False)
def smoothness_sharp(C):
    if not (C > 0 and math.isfinite(C)):
        raise ValueError(f"C = {C}")
    low, high = 0.0, 2 * C * C
    for _ in range(40):
        t = np.linspace(low, high, 33)
        s = 1 / (1 + np.exp(-t))
        values = eigenvalue(s, s * (1 - s), t, 6 * C * C)
        low, high = t[max(values.argmax() - 1, 0)], t[min(values.argmax() + 1, 32)]
    return values.max()


@exercise.accepted("the Hessian itself in the plane, along a curve of points")
def smoothness_sharp(C):
    t = torch.linspace(0, 1, 300, dtype=torch.float64) ** 2 * min(2 * C**2, 30.0)
    cos = t / (2 * C**2)  # of the angle between z1 and u, |u| = 2 C
    u = 2 * C * torch.stack([cos, (1 - cos**2).clamp(min=0).sqrt()], dim=1)
    z1 = torch.tensor([C, 0.0], dtype=torch.float64).expand_as(u)
    return np.linalg.eigvalsh(hessians(z1.numpy(), -u.numpy() / 2, u.numpy() / 2))[:, -1].max()
