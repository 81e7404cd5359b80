"""floor_bound: what its check looks at. One negative, two classes, more negatives than C^2, many classes, and the theorem."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, loss
from autograder.author.draw import larger_sizes
from autograder.units.u03_many_negatives.theorems import beside_rival, binomial, exact_loss, expected_log1p, mean_loss
from course import worlds

EXACT = 1e-8  # the error that the exercise allows

exercise = Exercise(
    "floor_bound",
    refuses=(loss("unsup_loss"), count("n_classes", "C", minimum=2), count("n_negatives", "N", 2.5)),
    hints={
        "values": (
            "N = 1 first: there F+ is Proposition A for a uniform rho.",
            "The denominator is 1 - E[1/(1 + t)]. Which draws does t count, and with which probability is a draw counted?",
            "t counts the draws of two classes, the anchor's and the rival's: t ~ Bin(N, 2/C).",
            "E[1/(1 + t)] is an integral of (1 - q + q x)^N over x from 0 to 1, q = 2/C.",
        ),
        "stability": (
            "For N = 65536 binomial coefficients overflow: take their logarithms, by math.lgamma. Adding 65536 logarithms one by"
            " one loses digits; divide the probabilities by their sum.",
            "The denominator needs no sum at all: integrate.",
        ),
        "bad input": ("validate.count(minimum=2, n_classes=n_classes): one class has no rival.",),
    },
)


@exercise.cases
def cases(rng):
    for c, n in ((2, 2), (3, 4), (5, 3), (10, 15), (7, 60)):
        yield Case(f"C = {c}, N = {n}", (float(rng.uniform(1, 3)) + math.log1p(n / c), c, n), rtol=EXACT)
    yield Case("one negative, ten classes", (float(rng.uniform(0.3, 2)), 10, 1), rtol=EXACT)
    yield Case("C = 1000, N = 65536", (float(rng.uniform(4.5, 6)), 1000, 65536), part="stability", rtol=EXACT)
    yield Case("C = 2, N = 65536", (float(rng.uniform(10.5, 12)), 2, 65536), part="stability", rtol=EXACT)
    hint = "No embedding has such a loss: the formula's value is asked for."
    yield Case("a loss below the floor", (0.05, 4, 3), rtol=EXACT, hint=hint)
    yield from exercise.bad_inputs(1.0, 4, 3)
    c, n = larger_sizes(rng, 2)
    yield Case("more classes and negatives", (float(rng.uniform(3, 5)), c, n), rtol=EXACT, public=False)


@exercise.property("it bounds the mean classifier's loss on random worlds of equally likely classes")
def theorem(f, rng):
    for n in (1, 2, 5, 30):
        rho, classes, z = worlds.random_world(rng, 4, 5, 2, rng.uniform(0.3, 2), uniform=True)
        if mean_loss(rho, classes, z) > f(exact_loss(rho, classes, z, n), 4, n) + 1e-9:
            return "a random world has L_sup above your bound"


def slope(q, n):
    return 1 + math.expm1((n + 1) * math.log1p(-q)) / ((n + 1) * q) if q < 1 else n / (n + 1)


def never_negative(bound):
    if bound < 0:
        raise ValueError("a loss below the floor")
    return bound


@exercise.formula
def floor_bound(
    unsup_loss,
    n_classes,
    n_negatives,
    *,
    floor=lambda c, n: expected_log1p(n, 1 / c),
    counted=2.0,
    denominator=lambda c, n, q: slope(q, n),
    divided=True,
    least=lambda bound: bound,
):
    known = floor(n_classes, n_negatives)
    factor = denominator(n_classes, n_negatives, counted / n_classes)
    return least((unsup_loss - known) / factor if divided else unsup_loss / factor - known)


exercise.slip("t counts one class", counted=1.0).says(
    "t counts the collisions only.",
    "What do the two counts m and n add up to?",
    "At W = 1 the rival's draws weigh as much as collisions: t = m + n counts both classes.",
    "t ~ Bin(N, 2/C).",
)
exercise.slip(
    "one power too few",
    denominator=lambda c, n, q: 1 - (1 - (1 - q) ** n) / ((n + 1) * q),
).says(
    "The integral of (1 - q + q x)^N has the power N.",
    "Differentiate your primitive. Try N = 1.",
    "Integrating raises the power by one.",
    "(1 - (1 - q)^(N+1)) / ((N + 1) q).",
)
exercise.slip("ln(1 + N/C) for the floor", floor=lambda c, n: math.log1p(n / c)).says(
    "The floor is the logarithm of the expected number of collisions, plus one.",
    "Is your bound above L_sup on every world?",
    "ln is concave: ln(1 + E m) is above E ln(1 + m), and too much is subtracted.",
    "E ln(1 + m), m ~ Bin(N, 1/C).",
)
exercise.slip("ln((N + 1)/C) for the floor", floor=lambda c, n: math.log((n + 1) / c)).says(
    "The floor equals ln((N + 1)/C).",
    "Can a floor be negative? Take N = 1 and ten classes.",
    "ln((N+1)/C) is only a lower bound of the floor.",
    "E ln(1 + m), m ~ Bin(N, 1/C).",
)
exercise.slip("the chance to see the rival", denominator=lambda c, n, q: 1 - (1 - 1 / c) ** n).says(
    "With the whole floor subtracted one may still divide by the chance to see the rival.",
    "Is your bound above L_sup on every world?",
    "It is no bound: between phi = 0 and infinity the slope of psi is smaller than that.",
    "Divide by the smallest slope, the one at phi = ln 2.",
)
exercise.slip(
    "the limit for many negatives",
    denominator=lambda c, n, q: 1 - c / (2 * (n + 1)),
).says(
    "The denominator is 1 - C/(2(N + 1)).",
    "What is it for C = 10 and N = 1? A denominator must be positive.",
    "That is a lower bound of the denominator: a term that vanishes for many negatives is dropped.",
    "(1 - (1 - q)^(N+1)) / ((N + 1) q) with q = 2/C; do not drop the power.",
)
exercise.slip("the mean of t inside the fraction", denominator=lambda c, n, q: 1 - 1 / (1 + n * q)).says(
    "E[1/(1 + t)] is 1/(1 + E t).",
    "Is the mean of an inverse the inverse of the mean?",
    "1/(1 + t) is convex: by Jensen your denominator is too large, and the bound too small.",
    "E[1/(1 + t)] = (1 - (1 - q)^(N+1)) / ((N + 1) q) with q = 2/C.",
)
exercise.slip("the mean taken for one minus the mean", denominator=lambda c, n, q: 1 - slope(q, n)).says(
    "The loss above the floor is divided by E[1/(1 + t)].",
    "What becomes of your divisor for many negatives? And of theta_N?",
    "theta_N = 1 - E[1/(1 + t)] tends to 1.",
    "Divide by 1 - (1 - (1 - q)^(N+1)) / ((N + 1) q).",
)
exercise.slip("floor not subtracted", floor=lambda c, n: 0.0).says(
    "The loss is divided as it is.",
    "How small can the loss be, over all embeddings?",
    "The collisions alone cost E ln(1 + m); that much is known and is subtracted first.",
    "(unsup_loss - floor) / denominator.",
)
exercise.slip("floor subtracted after the division", divided=False).says(
    "The floor stands outside the division.",
    "Write the inequality before it is solved for L_sup.",
    "L_un >= floor + theta L_sup: the difference is divided.",
    "(unsup_loss - floor) / theta.",
)
exercise.slip("ln((N + 1)/C), at least 0, for the floor", floor=lambda c, n: max(0.0, math.log((n + 1) / c))).says(
    "The floor is ln((N + 1)/C) as soon as that is positive.",
    "What is the floor for C = 2 and N = 1, and what is ln((N + 1)/C) there?",
    "ln((N+1)/C) is only a lower bound of the floor.",
    "E ln(1 + m), m ~ Bin(N, 1/C).",
)
exercise.slip(
    "the positive left out of the floor", floor=lambda c, n: binomial(n, 1 / c)[1:] @ np.log(np.arange(1, n + 1))
).says(
    "m collisions cost ln m.",
    "How many candidates score the same when m negatives collide?",
    "The m negatives and the positive: ln(1 + m).",
    "E ln(1 + m), m ~ Bin(N, 1/C).",
)
exercise.slip("collisions with probability 1/(C - 1)", floor=lambda c, n: expected_log1p(n, 1 / (c - 1))).says(
    "A negative has the anchor's class with probability 1/(C - 1).",
    "How many classes can a negative have?",
    "Any of the C, equally likely.",
    "m ~ Bin(N, 1/C).",
)
exercise.slip("only full collisions", floor=lambda c, n: float(c) ** -float(n) * math.log(n + 1)).says(
    "Only draws in which all negatives collide have a known cost: tau_N ln(N + 1).",
    "What does a draw with some collisions cost at least?",
    "ln(1 + m) for m collisions, whatever the embedding is.",
    "E ln(1 + m), m ~ Bin(N, 1/C).",
)
exercise.slip("half the slope", denominator=lambda c, n, q: slope(q, n) / 2).says(
    "theta_N is E[n/(1 + m + n)].",
    "The slope of ln(1 + m + nW) in phi: what is dW/dphi at W = 1?",
    "W = e^phi - 1, so that dW/dphi = 1 + W = 2 there.",
    "theta_N = 2 E[n/(1 + m + n)] = 1 - E[1/(1 + t)].",
)
exercise.slip("n independent of t", denominator=lambda c, n, q: n * q * (1 - slope(q, n))).says(
    "The mean of n/(1 + t) is the mean of n times that of 1/(1 + t).",
    "t = m + n: does a large n make t large?",
    "Given t the mean of n is t/2: take the mean of t/(1 + t).",
    "theta_N = 1 - E[1/(1 + t)].",
)
exercise.slip("a bound cut at 0", least=lambda bound: max(0.0, bound)).says(
    "A negative bound is replaced by 0.",
    "What does the statement say about a loss below the floor?",
    "The formula's value is wanted, negative as it is.",
    "No max.",
)
exercise.slip("a loss below the floor refused", least=never_negative).says(
    "A loss below the floor is bad input.",
    "What does the statement say about such a loss?",
    "A negative number and no error.",
    "Return what the formula gives.",
)
exercise.slip("coefficients that overflow", floor=lambda c, n: expected_log1p(n, 1 / c) if n < 1030 else math.inf).says(
    "Binomial coefficients can be formed as floats for any N.",
    "How large is binom(65536, 32768)?",
    "Beyond 1e308, from N = 1030 on: add logarithms before you take the exponential.",
    "exp(lgamma(N + 1) - lgamma(k + 1) - lgamma(N - k + 1) - k ln C + (N - k) ln(1 - 1/C)).",
)
exercise.slip(
    "collisions twice in t", denominator=lambda c, n, q: 1 - binomial(n, 1 / c) @ (1 / (1 + 2 * np.arange(n + 1)))
).says(
    "t is twice the number of collisions.",
    "t = m + n. Is n the same number as m?",
    "n counts draws of another class, the rival's: t ~ Bin(N, 2/C).",
    "(1 - (1 - q)^(N+1)) / ((N + 1) q) with q = 2/C.",
)
exercise.slip("the anchor among the draws", floor=lambda c, n: expected_log1p(n + 1, 1 / c)).says(
    "The floor counts N + 1 draws.",
    "How many draws can collide with the anchor?",
    "The N negatives; the positive is the 1 in ln(1 + m).",
    "E ln(1 + m), m ~ Bin(N, 1/C).",
)
exercise.slip("q lost", denominator=lambda c, n, q: 1 - (1 - (1 - q) ** (n + 1)) / (n + 1)).says(
    "The integral of (1 - q + q x)^N is (1 - (1 - q)^(N+1)) / (N + 1).",
    "Differentiate your primitive.",
    "The inner derivative is q.",
    "(1 - (1 - q)^(N+1)) / ((N + 1) q).",
)
exercise.slip("divided by N", denominator=lambda c, n, q: 1 - (1 - (1 - q) ** (n + 1)) / (n * q)).says(
    "The integral of (1 - q + q x)^N has the factor 1/N.",
    "Differentiate your primitive.",
    "Integrating raises the power to N + 1, and divides by that.",
    "(1 - (1 - q)^(N+1)) / ((N + 1) q).",
)
exercise.slip("multiplied by the slope", denominator=lambda c, n, q: 1 / slope(q, n)).says(
    "The loss above the floor is multiplied by theta_N.",
    "Write the inequality before it is solved for L_sup.",
    "L_un >= floor + theta L_sup.",
    "(unsup_loss - floor) / theta.",
)
exercise.slip("the floor of two classes", floor=lambda c, n: expected_log1p(n, 2 / c)).says(
    "The floor counts the draws of two classes, the anchor's and the rival's.",
    "Which draws cost something whatever the embedding is?",
    "Collisions alone, m ~ Bin(N, 1/C); the rival's weight may be 0.",
    "E ln(1 + m), m ~ Bin(N, 1/C).",
)
exercise.slip("the constant of D+", floor=lambda c, n: beside_rival(n, 1 / c, 1 / c)).says(
    "B* of Theorem D+ is subtracted.",
    "Which constant belongs to which slope?",
    "B* goes with p; with theta_N goes the value of psi at 0, the floor.",
    "E ln(1 + m), m ~ Bin(N, 1/C).",
)


@exercise.accepted("both expectations as sums", guarded=False)
def floor_bound(unsup_loss, n_classes, n_negatives):
    if not 0 <= unsup_loss < math.inf or n_classes < 2 or n_negatives < 1 or n_negatives != int(n_negatives):
        raise ValueError(f"{unsup_loss}, {n_classes}, {n_negatives}")
    k = np.arange(n_negatives + 1)
    theta = binomial(n_negatives, 2 / n_classes) @ (k / (1 + k))
    return (unsup_loss - binomial(n_negatives, 1 / n_classes) @ np.log1p(k)) / theta


@exercise.accepted("torch")
def floor_bound(unsup_loss, n_classes, n_negatives):
    k, n, p = torch.arange(n_negatives + 1, dtype=torch.float64), n_negatives, 1 / n_classes
    ways = torch.cat([torch.zeros(1, dtype=torch.float64), k[1:].log().cumsum(0)])
    chance = (ways[-1] - ways - ways.flip(0) + k * math.log(p) + (n - k) * math.log1p(-p)).exp()
    floor = (chance * torch.log1p(k)).sum() / chance.sum()
    theta = 1 - (1 - (1 - 2 * p) ** (n + 1)) / ((n + 1) * 2 * p)
    return (unsup_loss - floor) / theta


@exercise.accepted("the floor by the integral")
def floor_bound(unsup_loss, n_classes, n_negatives):
    u, n, c = np.arange(-45 - math.log(n_negatives), 4.5, 0.25), n_negatives, n_classes
    t = np.exp(u)
    floor = 0.25 * (np.exp(-t) * -np.expm1(n * np.log1p(np.expm1(-t) / c))).sum()
    return c * (unsup_loss - floor) / (c - (1 - (1 - 2 / c) ** (n + 1)) * c * c / (2 * (n + 1)))
