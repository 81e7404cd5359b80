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
        "stability": ("e^{2 A C} overflows where 2 A C is large; e^{-2 A C} does not.",),
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
    A, C = 10 ** rng.uniform(0.3, 1.2, size=2)
    yield Case(f"A = {A:.4g}, C = {C:.4g}", (float(C), float(A)), public=False)
    yield Case("A = 1e-3, C = 2e-3", (2e-3, 1e-3))
    yield Case("A = 200, C = 3e3", (3e3, 200.0), part="stability")
    yield from exercise.bad_inputs(1.0, 0.5)


ROOT = math.sqrt(2)


def sigma(t):
    return 1 / (1 + math.exp(-t))


def quotient(t):
    return math.exp(t) / (1 + math.exp(t))


@exercise.formula
def smoothness_constant(
    C,
    anchor=None,
    *,
    published=lambda C: 2 + 8 * C**2,
    sizes=lambda A, C: (A, C),
    far=lambda A, C: 2 * A * C,
    longest=4,
    pull=sigma,
    mixed=ROOT,
    anchors=2,
    bend=lambda t: 0.25,
    outer=lambda square: square,
):
    if anchor is None:
        return published(C)
    A, C = sizes(anchor, C)
    t = far(A, C)
    return mixed * pull(t) + bend(t) * outer(longest * C**2 + anchors * A**2)


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
exercise.slip("|u| at most C", longest=1, far=lambda A, C: A * C).says(
    "u = z3 - z2 has a norm of at most C, like z2 and z3.",
    "Take z2 = -z3.",
    "Then |u| = 2 C.",
    "t is at most 2 A C, and |g|^2 at most 4 C^2 + 2 A^2.",
)
exercise.slip("t up to A C", far=lambda A, C: A * C).says(
    "t is an inner product of vectors of norms A and C, so it is at most A C.",
    "Your second part is right. How long can z3 - z2 be?",
    "t = z1.(z3 - z2), and z3 - z2 has a norm of up to 2 C.",
    "sqrt(2) sigma(2 A C) in the first part.",
)
exercise.slip("t up to 2 C^2", far=lambda A, C: 2 * C**2).says(
    "The largest logit is 2 C^2.",
    "Your second part is right. Whose norm is at most A?",
    "That bound is for three norms of at most C; here z1 has a norm of at most A.",
    "sqrt(2) sigma(2 A C) in the first part.",
)
exercise.slip("|u| at most C in g", longest=1).says(
    "|u| is at most C in the second part.",
    "Your first part is right: with which |u| did you get its t?",
    "For z3 = -z2 it is 2 C, and t = 0 can be had then.",
    "(4 C^2 + 2 A^2) / 4 in the second part.",
)
exercise.slip("z2 and z3 at a right angle", longest=2).says(
    "|u|^2 is at most C^2 + C^2.",
    "Take z2 = -z3: how long is u?",
    "z2 and z3 need not be at a right angle: |u| is up to 2 C.",
    "(4 C^2 + 2 A^2) / 4 in the second part.",
)
exercise.slip("Lemma 3, whatever A is", sizes=lambda A, C: (C, C), pull=lambda t: 1.0).says(
    "Lemma 3's sqrt(2) + 3/2 C^2 is meant, whatever A is.",
    "Does your answer change with the anchor?",
    "Go through its proof again: |z1| <= A in |g|^2 and in t.",
    "sqrt(2) sigma(2 A C) + (4 C^2 + 2 A^2) / 4.",
)
exercise.slip("2 + 4 C^2", published=lambda C: 2 + 4 * C**2).says(
    "The paper's constant is the one that its own pieces give, 2 + 4 C^2.",
    "Your numbers with an anchor are right. Which constant does the question ask for without?",
    "As published: with an 8.",
    "2 + 8 * C**2.",
)
exercise.slip("the lecture's constant", published=lambda C: ROOT + 1.5 * C**2).says(
    "Without an anchor the better constant, sqrt(2) + 3/2 C^2, is asked.",
    "Your numbers with an anchor are right. Which constant does the question ask for without?",
    "As published: the paper has 2 + 8 C^2.",
    "2 + 8 * C**2.",
)
exercise.slip("C not squared", published=lambda C: 2 + 8 * C).says(
    "The paper's constant grows linearly in C.",
    "Your numbers with an anchor are right. Read the constant again.",
    "The outer product g g^T is quadratic in the outputs.",
    "2 + 8 * C**2.",
)
exercise.slip("the norm of g", outer=math.sqrt).says(
    "The norm of g g^T is |g|.",
    "What is the eigenvalue of g g^T to the eigenvector g?",
    "g g^T g = |g|^2 g.",
    "(4 C^2 + 2 A^2) / 4 in the second part.",
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
exercise.slip("the norm of M is 1", mixed=1.0).says(
    "M has entries 0, 1 and -1, so its norm is 1.",
    "How long is M (0, -1, 1)?",
    "M (a, b, c) = (c - b, -a, a): for c = -b it is longer by sqrt(2).",
    "sqrt(2) sigma(2 A C) in the first part.",
)
exercise.slip("gamma up to 1/2", bend=lambda t: 0.5).says(
    "gamma = s (1 - s) is at most 1/2.",
    "What is s (1 - s) at s = 1/2?",
    "It is 1/4, the largest value.",
    "(4 C^2 + 2 A^2) / 4 in the second part.",
)
exercise.slip("the slope with M", pull=lambda t: 0.25).says(
    "M comes with gamma, as g g^T does.",
    "Which factor has M in Proposition 8.2?",
    "s M: the slope gamma stands before g g^T only, and s is up to sigma(2 A C).",
    "sqrt(2) sigma(2 A C) in the first part.",
)
exercise.slip("an exponential that overflows", pull=quotient).says(
    "e^t / (1 + e^t) is sigma(t), so it may be computed like that.",
    "What is math.exp(1000.0)?",
    "1 / (1 + e^{-t}) is the same number, and does not overflow for t > 0.",
    "1 / (1 + math.exp(-2 * A * C)).",
)
exercise.slip("gamma up to 1", bend=lambda t: 1.0).says(
    "gamma = s (1 - s) can be near 1.",
    "Where is s (1 - s) largest?",
    "It is 1/4 at s = 1/2.",
    "(4 C^2 + 2 A^2) / 4 in the second part.",
)


@exercise.wrong(
    "one maximum of the sum",
    belief="The two norms are added at one point, and the sum is maximised.",
    hints=(
        "Your number is smaller. How many maxima stand in the formula?",
        "Two: each is taken over all outputs by itself, and the two need not be at one point.",
        "sqrt(2) sigma(2 A C), at the largest t, and (4 C^2 + 2 A^2) / 4, at t = 0.",
    ),
)
def smoothness_constant(C, anchor=None):
    if anchor is None:
        return 2 + 8 * C**2
    t = np.linspace(0, min(2 * anchor * C, 60.0), 100001)
    s = 1 / (1 + np.exp(-t))
    return (ROOT * s + s * (1 - s) * (4 * C**2 + 2 * anchor**2)).max()


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
