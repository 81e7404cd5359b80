"""negative_law: what its check looks at.

Unequal priors of the class and its sister, overlapping classes, points of probability 0, and bad inputs on three points
for which each way to hide a negative entry gives another law.
"""

import numpy as np
import torch

from autograder.author import Case, Exercise, bad_input, law, needs
from autograder.author.draw import odd_sizes
from autograder.author.requirements import Requirement
from autograder.author.short import short
from course import validate, worlds

NO_SISTER = Requirement(
    ("p_sister, sigma = (p_plus, 0.0) if p_sister is None else (p_sister, sigma)",), lambda good: iter(())
)
exercise = Exercise(
    "negative_law",
    refuses=(
        NO_SISTER,
        law("p", zeros=True),
        law("p_plus", zeros=True),
        law("p_sister", zeros=True),
        needs(
            "len(p) == len(p_plus) == len(p_sister)",
            {f"{name} of another length": {name: lambda law: np.append(law, 0.0)} for name in ("p_plus", "p_sister")},
        ),
        needs(
            "tau_plus >= 0 and sigma >= 0 and tau_plus + sigma < 1",
            {
                "tau_plus -0.1": {"tau_plus": -0.1},
                "tau_plus NaN": {"tau_plus": np.nan},
                "sigma -0.1": {"sigma": -0.1},
                "sigma NaN": {"sigma": np.nan},
                "tau_plus + sigma = 1": {"tau_plus": 0.5, "sigma": 0.5},
                "tau_plus + sigma = 1.25": {"tau_plus": 0.5, "sigma": 0.75},
            },
        ),
    ),
    hints={
        "values": (
            "Three one-point classes of 1/5, 3/10 and 1/2: anchor's, sister, the rest. The answer must be (0, 0, 1).",
            "Write the law of total probability for p with three events, one of which happens: the anchor's class, the "
            "sister, neither.",
            "p = tau_plus * p_plus + sigma * p_sister + (1 - tau_plus - sigma) * p_minus. Solve for p_minus.",
        ),
        "bad input": (
            "Which of your results could have a negative entry? That is no law, and must raise.",
            "Rounding may leave -1e-17 where 0 is meant: only entries below -1e-9 are wrong.",
            "validate.law(p, 'p', zeros=True) checks a law; test the result with result.min() < -1e-9; and "
            "tau_plus + sigma must stay below 1.",
        ),
    },
)


def mixture(rng, n_points, tau_plus, sigma, zeros=0):
    """(p, p_plus, p_sister, p_minus): p mixes the rest; p_minus is 0 on `zeros` points, p_plus on the last one."""
    p_plus, p_sister, p_minus = (
        short(np.roll(np.append(np.zeros(gone), worlds.random_law(rng, n_points - gone, minimum=0.4 / n_points)), by))
        for gone, by in ((1, -1), (0, 0), (zeros, 0))
    )
    p = tau_plus * p_plus + sigma * p_sister + (1 - tau_plus - sigma) * p_minus
    return p, p_plus, p_sister, p_minus


@exercise.cases
def cases(rng):
    for n_points, tau_plus, sigma in ((3, 0.1, 0.3), (4, 0.3, 0.05), (6, 0.05, 0.1), (5, 0.5, 0.2)):
        p, p_plus, p_sister, _ = mixture(rng, n_points, tau_plus, sigma)
        label = f"S = {n_points}, tau_plus = {tau_plus}, sigma = {sigma}"
        yield Case(label, (p, p_plus, tau_plus, p_sister, sigma))
    (n_points,), tau_plus, sigma = odd_sizes(rng, 1), float(rng.uniform(0.05, 0.4)), float(rng.uniform(0.45, 0.55))
    p, p_plus, p_sister, _ = mixture(rng, n_points, tau_plus, sigma)
    label = f"S = {n_points}, tau_plus = {tau_plus:.3f}, sigma = {sigma:.3f}"
    yield Case(label, (p, p_plus, tau_plus, p_sister, sigma), public=False)
    p, p_plus, p_sister, _ = mixture(rng, 7, 0.35, 0.2, zeros=3)
    yield Case("points that other classes do not have", (p, p_plus, 0.35, p_sister, 0.2))
    three, first, second = np.array([0.2, 0.3, 0.5]), np.array([1.0, 0, 0]), np.array([0, 1.0, 0])
    yield Case("one-point classes of 1/5, 3/10 and 1/2", (three, first, 0.2, second, 0.3))
    p, p_plus, p_sister, _ = mixture(rng, 4, 0.2, 0.3)
    yield Case("tau_plus = 0", (p, p_plus, 0.0, p_sister, 0.3))
    yield Case("sigma = 0", (p, p_plus, 0.2, p_sister, 0.0))
    yield Case("no sister", (*mixture(rng, 5, 0.3, 0.0)[:2], 0.3))
    # 0.1 * 0.1 is a little more than 0.01 in floating point
    rounded = np.array([0.01, 0.59, 0.4]), np.array([0.1, 0.9, 0.0])
    yield Case("an entry that rounding makes -2e-18", (*rounded, 0.1, np.array([0, 0, 1.0]), 0.2))
    small = 0.5 * 4e-10  # of the entry, since half of the draws are left
    yield Case("an entry of -4e-10", (three, first, 0.2 + small, second, 0.3 - small), public=False)
    yield bad_input("an entry of -1e-8", three, first, 0.2 + 5e-9, second, 0.3 - 5e-9)
    yield bad_input("the two priors exchanged", three, first, 0.3, second, 0.2)
    overlap = np.array([0.8, 0.2, 0.0]), np.array([0.0, 0.5, 0.5])
    yield bad_input("tau_plus a little too large", np.array([0.25, 0.3, 0.45]), overlap[0], 0.3126, overlap[1], 0.2)
    yield bad_input("sigma far too large", np.array([0.25, 0.3, 0.45]), overlap[0], 0.1, overlap[1], 0.8)
    yield bad_input("p has a negative entry", np.array([-0.2, 1.2]), np.full(2, 0.5), 0.1, np.full(2, 0.5), 0.1)
    yield from exercise.bad_inputs(p, p_plus, 0.1, p_sister, 0.2)
    # no zero anywhere, and a sigma that says nothing
    own, rest = (short(worlds.random_law(rng, 3, minimum=0.1)) for _ in range(2))
    yield Case("no sister, and sigma = 0.4 that says nothing", (0.3 * own + 0.7 * rest, own, 0.3, None, 0.4))
    half = np.array([0.5, 0.5])
    more = "The two classes exclude each other: tau_plus + sigma must be below 1, whatever the entries are."
    yield bad_input("three equal laws, tau_plus + sigma = 1.25", half, half, 0.5, half, 0.75, hint=more)
    alone = "numpy stretches a law of one point to any length: compare the shapes of the laws."
    yield bad_input("p_plus of one point", half, np.ones(1), 0.1, half, 0.1, hint=alone)
    divided = "-1e-9 is the limit for an entry of the answer, so after the division."
    yield bad_input("an entry of -1.6e-9", three, first, 0.2 + 8e-10, second, 0.3 - 8e-10, hint=divided)


@exercise.property("in every world it is the law of a draw that has neither the anchor's class nor its sister's")
def true_negatives(f, rng):
    for _ in range(5):
        rho, classes, _ = worlds.random_world(rng, 4, 5, 1)
        for c in range(4):
            sister, *others = np.delete(np.arange(4), c)
            exact = rho[others] @ classes[others] / rho[others].sum()
            answer = np.asarray(f(rho @ classes, classes[c], float(rho[c]), classes[sister], float(rho[sister])))
            if answer.shape != exact.shape or not np.abs(answer - exact).max() < 1e-8:
                return "it is not the law of the other classes, each with its share"


@exercise.property("rounding in the inputs does not make it raise")
def rounding(f, rng):
    for _ in range(20):
        tau_plus, sigma = rng.uniform(0.05, 0.45, size=2).tolist()
        p, p_plus, p_sister, p_minus = mixture(rng, 6, tau_plus, sigma, zeros=3)
        if not np.abs(np.asarray(f(p, p_plus, tau_plus, p_sister, sigma)) - p_minus).max() < 1e-8:
            return "it is not the law that p was mixed from"


def law_or_error(result, least=-1e-9):
    if result.min() < least:
        raise ValueError(f"no law: {result}")
    return np.maximum(result, 0)


def clipped(result):
    return np.maximum(result, 0) / np.maximum(result, 0).sum()


@exercise.formula
def negative_law(
    p,
    p_plus,
    tau_plus,
    p_sister=None,
    sigma=0.0,
    *,
    own=lambda tau, sigma: tau,
    related=lambda tau, sigma: sigma,
    rest=lambda tau, sigma: 1 - tau - sigma,
    settled=law_or_error,
):
    p_sister, sigma = (p_plus, 0.0) if p_sister is None else (p_sister, sigma)
    left = p - own(tau_plus, sigma) * p_plus - related(tau_plus, sigma) * p_sister
    return settled(left / rest(tau_plus, sigma))


exercise.slip("the sister is another class", related=lambda tau, sigma: 0, rest=lambda tau, sigma: 1 - tau).says(
    "The sister is a class other than the anchor's, so its draws are negatives.",
    "Three one-point classes of 1/5, 3/10 and 1/2: has your law a draw of the sister?",
    "Two kinds of draws leave p: those of the anchor's class, and those of its sister.",
)
exercise.slip("the sister is in the divisor only", related=lambda tau, sigma: 0).says(
    "p_sister itself is not needed: its probability sigma in the divisor is enough.",
    "Three one-point classes of 1/5, 3/10 and 1/2: has your law a draw of the sister?",
    "Subtract sigma * p_sister too: what you divide by is the mass that is left then.",
)
exercise.slip(
    "one after the other, sigma of what is left",
    related=lambda tau, sigma: (1 - tau) * sigma,
    rest=lambda tau, sigma: (1 - tau) * (1 - sigma),
).says(
    "Once the anchor's class is taken out, a draw of what is left has the sister class with probability sigma.",
    "Three one-point classes of 1/5, 3/10 and 1/2: without the first, which share has the second?",
    "3/8, not 3/10: sigma is a share of all draws. After the first step it is sigma / (1 - tau_plus).",
)
exercise.slip("divided by 1 - tau_plus", rest=lambda tau, sigma: 1 - tau).says(
    "What is left is divided by 1 - tau_plus.",
    "Sum your result: is it 1?",
    "Mass tau_plus and mass sigma have been taken out. How much is left?",
)
exercise.slip("divided by (1 - tau_plus)(1 - sigma)", rest=lambda tau, sigma: (1 - tau) * (1 - sigma)).says(
    "The anchor's class and its sister are independent events, so (1 - tau_plus)(1 - sigma) is left.",
    "Can one draw have both classes?",
    "They exclude each other: their probabilities add.",
)
exercise.slip("not divided by the rest", rest=lambda tau, sigma: 1).says(
    "Taking the two classes out of p is all there is to do.",
    "Sum your result: is it 1?",
    "What is left of p has mass 1 - tau_plus - sigma: divide by it.",
)
exercise.slip("divided by the priors", rest=lambda tau, sigma: tau + sigma or np.nan).says(
    "The law of the negatives is normalised by tau_plus + sigma.",
    "Sum your result: is it 1?",
    "In the mixture p, which factor stands in front of p_minus? Divide by that.",
)
exercise.slip("the two priors exchanged", own=lambda tau, sigma: sigma, related=lambda tau, sigma: tau).says(
    "tau_plus is the probability of the sister class, and sigma that of the anchor's.",
    "Your result sums to 1, whatever you exchange. What do you answer for one-point classes of 1/5, 3/10 and 1/2?",
    "tau_plus stands in front of p_plus, sigma in front of p_sister.",
)
exercise.slip(
    "one prior for both", own=lambda tau, sigma: (tau + sigma) / 2, related=lambda tau, sigma: (tau + sigma) / 2
).says(
    "The anchor's class and its sister leave p in equal parts.",
    "Which of the two is more frequent in p?",
    "Each law leaves with its own probability: tau_plus and sigma.",
)
exercise.slip(
    "prior of another class",
    own=lambda tau, sigma: 1 - tau - sigma,
    rest=lambda tau, sigma: tau or np.nan,
    settled=lambda result: result,
).says(
    "The weight in front of p_plus is the probability of a different class.",
    "One-point classes of 1/5, 3/10 and 1/2: do you get a law?",
    "tau_plus is the probability of the same class: it stands in front of p_plus, and 1 - tau_plus - sigma is left.",
)
exercise.slip(
    "prior of another class, refused where it gives no law",
    own=lambda tau, sigma: 1 - tau,
    rest=lambda tau, sigma: tau - sigma or np.nan,
).says(
    "The weight in front of p_plus is the probability 1 - tau_plus of another class.",
    "tau_plus = 0: how much of p_plus is in p, and how much do you subtract?",
    "tau_plus is the probability of the same class: it stands in front of p_plus, and 1 - tau_plus - sigma is left.",
)
exercise.slip("absolute value instead of raised", settled=np.abs).says(
    "The sign of a probability does not matter.",
    "What do you return for one-point classes of 1/5, 3/10 and 1/2 with the priors exchanged? Does it sum to 1?",
    "A negative entry says that no world has these laws and priors: raise ValueError below -1e-9.",
)
exercise.slip("clipped instead of raised", settled=clipped).says(
    "Negative probabilities can be set to 0 and the rest normalised.",
    "What do you return for one-point classes of 1/5, 3/10 and 1/2 with the priors exchanged? Is there such a world?",
    "A negative entry says that no world has these laws and priors: raise ValueError below -1e-9.",
)
exercise.slip("set to 0 instead of raised", settled=lambda result: np.maximum(result, 0)).says(
    "A negative entry can be set to 0, whatever its size.",
    "What do you return for one-point classes of 1/5, 3/10 and 1/2 with the priors exchanged? Does it sum to 1?",
    "A negative entry says that no world has these laws and priors: raise ValueError below -1e-9.",
)
exercise.slip("single entries are not tested", settled=lambda result: result).says(
    "The single entries of the result need no test.",
    "They sum to 1 with any priors. What do you return for one-point classes of 1/5, 3/10 and 1/2, priors exchanged?",
    "All arguments may be fine while no world has them together: then the result has a negative entry.",
)
exercise.slip("every negative entry raises", settled=lambda result: law_or_error(result, 0.0)).says(
    "A probability is never negative, not even by rounding.",
    "0.35 * 0.2 is not exactly 0.07 in floating point: subtracting the two may leave -1e-17.",
    "Allow entries down to -1e-9 and set them to 0.",
)
exercise.slip("a wide tolerance", settled=lambda result: law_or_error(result, -1e-6)).says(
    "A negative entry of 1e-7 is rounding.",
    "In float64, how large is the rounding error of a difference of numbers below 1?",
    "About 1e-16. The text allows entries down to -1e-9, no further.",
)


@exercise.wrong(
    "a prior of 0 refused",
    belief="A class that never comes up is bad input.",
    hints=(
        "Which range of tau_plus and sigma does the docstring give?",
        "0 is allowed: nothing is to be taken out then.",
    ),
)
def negative_law(p, p_plus, tau_plus, p_sister=None, sigma=0.0):
    if tau_plus == 0 or sigma == 0:
        raise ValueError("a prior of 0")
    return law_or_error((p - tau_plus * p_plus - sigma * p_sister) / (1 - tau_plus - sigma))


@exercise.wrong(
    "the sum of the priors not checked",
    belief="It is enough that tau_plus and sigma lie in [0, 1), each by itself.",
    hints=(
        "tau_plus = 0.5 and sigma = 0.75: what is left for the other classes?",
        "The two classes exclude each other: tau_plus + sigma must be below 1.",
    ),
    guarded=False,
)
def negative_law(p, p_plus, tau_plus, p_sister=None, sigma=0.0):
    p_sister, sigma = (p_plus, 0.0) if p_sister is None else (p_sister, sigma)
    for given in (p, p_plus, p_sister):
        validate.law(given, "a law", zeros=True)
    if not (0 <= tau_plus < 1 and 0 <= sigma < 1 and len(p) == len(p_plus) == len(p_sister)):
        raise ValueError(f"tau_plus = {tau_plus}, sigma = {sigma}, {len(p)} points")
    return law_or_error((p - tau_plus * p_plus - sigma * p_sister) / np.float64(1 - tau_plus - sigma))


@exercise.wrong(
    "a tau_plus of 0 refused",
    belief="tau_plus must be positive.",
    hints=(
        "Which range of tau_plus does the docstring give?",
        "0 is allowed: only the sister is to be taken out then.",
    ),
)
def negative_law(p, p_plus, tau_plus, p_sister=None, sigma=0.0):
    if tau_plus == 0:
        raise ValueError("a prior of 0")
    return law_or_error((p - tau_plus * p_plus - sigma * p_sister) / (1 - tau_plus - sigma))


@exercise.wrong(
    "zeros refused",
    belief="A law has no entry that is 0.",
    hints=(
        "Has every class every point?",
        "Entries of 0 are allowed: validate.law(p_plus, 'p_plus', zeros=True).",
    ),
)
def negative_law(p, p_plus, tau_plus, p_sister=None, sigma=0.0):
    if min(map(min, (p, p_plus, p_sister))) == 0:
        raise ValueError("a zero")
    return law_or_error((p - tau_plus * p_plus - sigma * p_sister) / (1 - tau_plus - sigma))


@exercise.wrong(
    "sigma counts without a sister",
    belief="sigma is subtracted from 1 whether or not there is a sister.",
    hints=(
        "What does the docstring say of sigma where p_sister is None?",
        "Without a sister the formula is the lecture's: only tau_plus is taken out.",
    ),
    guarded=False,
)
def negative_law(p, p_plus, tau_plus, p_sister=None, sigma=0.0):
    other = np.zeros_like(p_plus) if p_sister is None else p_sister
    for given in (p, p_plus, p_plus if p_sister is None else p_sister):
        validate.law(given, "a law", zeros=True)
    if not (tau_plus >= 0 and sigma >= 0 and tau_plus + sigma < 1) or not len(p) == len(p_plus) == len(other):
        raise ValueError(f"tau_plus = {tau_plus}, sigma = {sigma}, {len(p)} points")
    return law_or_error((p - tau_plus * p_plus - sigma * other) / (1 - tau_plus - sigma))


@exercise.wrong(
    "the points of the two classes removed",
    belief="The other classes have no point in common with the anchor's class and its sister.",
    hints=(
        "May two classes overlap?",
        "A point of the anchor's class can belong to others too: take tau_plus * p_plus out.",
    ),
)
def negative_law(p, p_plus, tau_plus, p_sister=None, sigma=0.0):
    law_or_error((p - tau_plus * p_plus - sigma * p_sister) / (1 - tau_plus - sigma))
    left = np.where((p_plus > 0) | (p_sister > 0), 0, p)
    return left / (left.sum() or np.nan)


@exercise.wrong(
    "nothing is checked",
    belief="The arguments need not be checked: a bad one shows in the result.",
    hints=(
        "What do you return for p that sums to 0.9, and for tau_plus = NaN?",
        "validate.law(..., zeros=True) for each law; equal shapes; tau_plus, sigma >= 0 with a sum below 1.",
    ),
    guarded=False,
)
def negative_law(p, p_plus, tau_plus, p_sister=None, sigma=0.0):
    p_sister, sigma = (p_plus, 0.0) if p_sister is None else (p_sister, sigma)
    return law_or_error((p - tau_plus * p_plus - sigma * p_sister) / np.float64(1 - tau_plus - sigma))


@exercise.accepted("point by point, rounding left in, validated by hand", guarded=False)
def negative_law(p, p_plus, tau_plus, p_sister=None, sigma=0.0):
    p_sister, sigma = (p_plus, 0) if p_sister is None else (p_sister, sigma)
    for listed in (p, p_plus, p_sister):
        if min(listed) < 0 or abs(sum(listed) - 1) > 1e-9 or len(listed) != len(p):
            raise ValueError(f"no law: {listed}")
    if not (tau_plus >= 0 and 0 <= sigma < 1 - tau_plus):
        raise ValueError(f"tau_plus = {tau_plus}, sigma = {sigma}")
    result = [(u - tau_plus * v - sigma * w) / (1 - tau_plus - sigma) for u, v, w in zip(p, p_plus, p_sister)]
    if min(result) < -1e-9:
        raise ValueError(f"negative probability {min(result)}")
    return result


@exercise.accepted("one class after the other, torch")
def negative_law(p, p_plus, tau_plus, p_sister=None, sigma=0.0):
    result, left = torch.as_tensor(p), sigma / (1 - tau_plus)
    for prior, gone in ((tau_plus, p_plus), (left, p_sister)):
        result = (result - prior * torch.as_tensor(gone)) / (1 - prior)
    if bool((result < -1e-9).any()):
        raise ValueError(f"smallest entry {result.min()}")
    return result.clamp(min=0)


@exercise.accepted("clipped, normalised again, checked with validate.law")
def negative_law(p, p_plus, tau_plus, p_sister=None, sigma=0.0):
    left = p - np.stack([p_plus, p_sister], axis=1) @ [tau_plus, sigma]
    if np.any(left / (1 - tau_plus - sigma) < -1e-9):
        raise ValueError(f"{left} is no law")
    left = left.clip(0) / left.clip(0).sum()
    validate.law(left, "the result", zeros=True)
    return left
