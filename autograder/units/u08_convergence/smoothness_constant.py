"""smoothness_constant: what its check looks at. A and C that differ, products AC small and large."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, needs, positive

exercise = Exercise(
    "smoothness_constant",
    refuses=(
        positive("C", math.inf),
        needs("anchor is None or 0 < anchor < math.inf", {"A = 0": {"anchor": 0.0}, "A < 0": {"anchor": -1.0}}),
    ),
    hints={
        "values": (
            "2 + 8 C^2 without an anchor. With one: the lecture has"
            " s <= 1, gamma <= 1/4 and |g|^2 <= 6 C^2. Which of these can be had here, and which not?",
            "Which is the largest logit t = z1.(z3 - z2) with |z1| <= A and |z2|, |z3| <= C? Which s has it?",
            "The two maxima need not be at one point: the second is at t = 0, with |u| = 2 C and |z1| = A.",
            "sqrt(2) sigma(2 A C) + (4 C^2 + 2 A^2) / 4.",
        ),
        "bad input": ("validate.positive, for C and for an anchor that is given.",),
    },
)


@exercise.cases
def cases(rng):
    for C in (0.8, float(rng.uniform(0.2, 3))):
        yield Case(f"C = {C:.3f}, no anchor", (C,))
    for A, C in ((0.3, 0.7), (1.2, 0.4), (0.8, 0.8), rng.uniform(0.2, 1.5, size=2)):
        yield Case(f"A = {A:.3f}, C = {C:.3f}", (float(C), float(A)))
    yield Case("integers", (1, 2))
    A, C = 10 ** rng.uniform(0.3, 2, size=2)
    yield Case(f"A = {A:.4g}, C = {C:.4g}", (float(C), float(A)), public=False)
    yield Case("A = 1e-3, C = 2e-3", (2e-3, 1e-3))
    yield Case("A = 200, C = 3e3", (3e3, 200.0))
    yield from exercise.bad_inputs(1.0, 0.5)


ROOT = math.sqrt(2)


def sigma(t):
    return 1 / (1 + math.exp(-t))


@exercise.formula
def smoothness_constant(
    C, anchor=None, *, sizes=lambda A, C: (A, C), longest=2, pull=sigma, mixed=ROOT, anchors=2, bend=lambda t: 0.25
):
    if anchor is None:
        return 2 + 8 * C**2
    A, C = sizes(anchor, C)
    t = longest * A * C
    return mixed * pull(t) + bend(t) * (longest**2 * C**2 + anchors * A**2)


exercise.slip("s up to 1", pull=lambda t: 1.0).says(
    "The pull s can be as near to 1 as one likes.",
    "Your values are right for large norms. Which is the largest t with norms of at most A and C?",
    "t is at most 2 A C, and s = sigma(t) at most sigma(2 A C).",
    "sqrt(2) sigma(2 A C) in the first part.",
)
exercise.slip("both parts at t = 0", pull=lambda t: 0.5).says(
    "Both maxima are at t = 0.",
    "gamma is largest at t = 0. Is s?",
    "s grows with t, up to t = 2 A C; each maximum is taken over all outputs by itself.",
    "sqrt(2) sigma(2 A C) in the first part.",
)
exercise.slip("both parts at the largest t", bend=lambda t: sigma(t) * sigma(-min(t, 700))).says(
    "Both maxima are at the largest t.",
    "s is largest there. Is gamma = s (1 - s)?",
    "gamma is largest at t = 0, and |g| can be as large there as anywhere.",
    "(4 C^2 + 2 A^2) / 4 in the second part.",
)
exercise.slip("one size for all", sizes=lambda A, C: (max(A, C), max(A, C))).says(
    "Only the largest of all norms matters.",
    "Exchange A and C: should your answer stay the same?",
    "|u| is at most 2 C, and |z1| at most A.",
    "|g|^2 <= 4 C^2 + 2 A^2.",
)
exercise.slip("A and C exchanged", sizes=lambda A, C: (C, A)).says(
    "u has a length of at most 2 A, and z1 one of at most C.",
    "Whose norm is at most A?",
    "u = z3 - z2 is made of the positive and the negative.",
    "|g|^2 <= 4 C^2 + 2 A^2.",
)
exercise.slip("|u| at most C", longest=1).says(
    "u = z3 - z2 has a norm of at most C, like z2 and z3.",
    "Take z2 = -z3.",
    "Then |u| = 2 C.",
    "t is at most 2 A C, and |g|^2 at most 4 C^2 + 2 A^2.",
)
exercise.slip("the anchor once in g", anchors=1).says(
    "The anchor counts once in the norm of g.",
    "How many blocks has g = (u, -z1, z1)?",
    "|g|^2 = |u|^2 + 2 |z1|^2.",
    "(4 C^2 + 2 A^2) / 4 in the second part.",
)
exercise.slip("u alone in g", anchors=0).says(
    "The norm of g is that of u.",
    "How many blocks has g = (u, -z1, z1)?",
    "|g|^2 = |u|^2 + 2 |z1|^2.",
    "(4 C^2 + 2 A^2) / 4 in the second part.",
)
exercise.slip("the norm of M", mixed=2.0).says(
    "The norm of M is 2.",
    "What are the eigenvalues of the matrix with the rows (0, -1, 1), (-1, 0, 0), (1, 0, 0)?",
    "They are sqrt(2), 0 and -sqrt(2).",
    "sqrt(2) sigma(2 A C) in the first part.",
)
exercise.slip("gamma up to 1", bend=lambda t: 1.0).says(
    "gamma = s (1 - s) can be near 1.",
    "Where is s (1 - s) largest?",
    "It is 1/4 at s = 1/2.",
    "(4 C^2 + 2 A^2) / 4 in the second part.",
)


@exercise.wrong(
    "any number accepted",
    belief="The formula works for every number.",
    hints=("What would norms of at most -1 be?", "Finite numbers > 0: validate.positive."),
    guarded=False,
)
def smoothness_constant(C, anchor=None):
    if anchor is None:
        return 2 + 8 * C**2
    return math.sqrt(2) / (1 + np.exp(-2 * anchor * C)) + C**2 + anchor**2 / 2


exercise.style("sigma by tanh", pull=lambda t: (1 + math.tanh(t / 2)) / 2)


@exercise.accepted("numpy, validated by hand", guarded=False)
def smoothness_constant(C, anchor=None):
    A = C if anchor is None else anchor
    if not (A > 0 and np.isfinite(A) and C > 0 and np.isfinite(C)):
        raise ValueError(f"A = {A}, C = {C}")
    if anchor is None:
        return np.polyval([8.0, 0.0, 2.0], C)
    return np.sqrt(2) * np.exp(-np.logaddexp(0, -2.0 * A * C)) + np.hypot(2.0 * C, np.sqrt(2) * A) ** 2 / 4


@exercise.accepted("torch")
def smoothness_constant(C, anchor=None):
    if anchor is None:
        return 2 + 8 * torch.tensor(C, dtype=torch.float64).square()
    a, c = torch.tensor([anchor, C], dtype=torch.float64)
    return 2**0.5 * torch.sigmoid(2 * a * c) + c.square() + a.square() / 2
