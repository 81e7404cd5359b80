"""lemma4_sum: what its check looks at. n = 1 and large n, small and nearly forbidden gradients; configurations that
come close to the bound, and random ones that must stay below it."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, bad_input, count, non_negative, positive

exercise = Exercise(
    "lemma4_sum",
    refuses=(non_negative("grad_norm"), positive("eta"), count("n", "n", 2.5)),
    hints={
        "values": (
            "By Proposition 8.1 a triplet with s_i has a gradient of at least sqrt(2) eta s_i. The squares of the n gradients"
            " add up to eps^2 at most.",
            "So sum s_i^2 <= eps^2 / (2 eta^2). The loss is -ln(1 - s_i): as a function of v = s_i^2, is it convex or"
            " concave for v < 1/8?",
            "Concave: equal shares are the worst (Jensen). Put s_i^2 = eps^2 / (2 n eta^2) for every i.",
        ),
        "stability": ("1 - x has lost the digits of a tiny x: which function is ln(1 - x) without that loss?",),
        "bad input": ("The hypotheses are those of Lemma 4: 0 <= eps < eta / 2, strictly, and n >= 1 an integer.",),
        "properties": ("No outputs that meet the hypotheses may have a larger objective, and some must come close.",),
    },
)


@exercise.cases
def cases(rng):
    for n in (1, 2, 5, int(rng.integers(6, 20))):
        eta, share = float(rng.uniform(0.3, 4)), float(rng.uniform(0.1, 0.95))
        hint = "For n = 1 it is one triplet: -ln(1 - s) at the largest s that the gradient allows." if n == 1 else ""
        yield Case(f"n = {n}, eta = {eta:.3f}, eps = {share:.2f} eta / 2", (share * eta / 2, eta, n), hint=hint)
    eta, n = float(10 ** rng.uniform(1, 5)), int(rng.integers(50, 5000))
    yield Case(f"n = {n}, eta = {eta:.3g}", (0.37 * eta, eta, n), public=False)
    yield Case("gradient 0", (0.0, float(rng.uniform(0.5, 2)), 3))
    yield Case("just below the border", (0.4999999, 1.0, 4))
    yield Case("eps = 1e-13, n = 10^12", (1e-13, 0.7, 10**12), part="stability", rtol=1e-9)
    yield Case("eps = 1e-9, n = 10^15", (1e-9, 0.3, 10**15), part="stability", rtol=1e-9)
    border = "The hypothesis is eps < eta / 2, strictly."
    yield bad_input("eps = eta / 2", 0.75, 1.5, 3, hint=border)
    yield bad_input("eps between eta / 2 and eta", 1.0, 1.5, 3, hint=border)
    yield from exercise.bad_inputs(0.1, 1.0, 3)
    yield bad_input("eps above sqrt(n) eta / 2", 2.0, 1.5, 3, hint=border)


@exercise.property("no outputs that meet the hypotheses have a larger objective")
def bounds_the_objective(f, rng):
    for _ in range(10):
        n = int(rng.integers(1, 6))
        z1 = rng.normal(size=(n, 3))
        z1 *= rng.uniform(1, 4, size=(n, 1)) / np.linalg.norm(z1, axis=1, keepdims=True)
        u = -rng.uniform(1, 8, size=(n, 1)) * z1 + 0.2 * rng.normal(size=(n, 3))
        t = (z1 * u).sum(axis=1)
        s = 1 / (1 + np.exp(-t))
        eps = math.sqrt((s**2 * ((u**2).sum(axis=1) + 2 * (z1**2).sum(axis=1))).sum())
        loss = np.log1p(np.exp(t)).sum()
        if eps < 0.5 and f(eps, 1.0, n) < loss - 1e-12:
            return (
                f"{n} triplets with norms of at least 1 and a gradient of norm {eps:.4f} have the objective {loss:.6f}"
            )


@exercise.property("it is attained in the limit: equal triplets with long outputs come within 0.1 % of it")
def sharp(f, rng):
    n, s, eta = int(rng.integers(2, 9)), float(rng.uniform(0.02, 0.1)), 300.0
    t = math.log(s / (1 - s))
    eps = math.sqrt(n) * s * math.sqrt((t / eta) ** 2 + 2 * eta**2)  # u = t z1 / eta^2, all z1 of norm eta
    if eps < eta / 2 and f(eps, eta, n) > -n * math.log1p(-s) * 1.001 + 1e-9:
        return f"{n} equal triplets with the largest possible objective, {-n * math.log1p(-s):.6f}, lie far below your bound"


def refuse(eps, eta):
    raise ValueError(f"needs eps < eta / 2, got {eps} and {eta}")


BEST = -2 * math.log(1 - 1 / (2 * math.sqrt(2)))


@exercise.formula
def lemma4_sum(
    grad_norm,
    eta,
    n,
    *,
    covered=lambda eps, eta, n: eps < eta / 2,
    elsewhere=refuse,
    pulls=2,
    shares=math.sqrt,
    many=lambda n: n,
    loss=lambda s: -math.log1p(-s),
):
    if not covered(grad_norm, eta, n):
        return elsewhere(grad_norm, eta)
    return many(n) * loss(grad_norm / (math.sqrt(pulls) * shares(n) * eta))


exercise.slip("the published lemma n times", pulls=1, shares=lambda n: 1.0, loss=lambda s: 2 * s).says(
    "Every triplet may have the whole gradient, and the published constant is the best one.",
    "Can two triplets both have a gradient of norm eps, if eps is the norm of everything?",
    "The squares of the n gradients add up to eps^2: there is a budget to be shared.",
    "Maximise the sum of -ln(1 - s_i) under sum s_i^2 <= eps^2 / (2 eta^2).",
)
exercise.slip("the sharp lemma n times", pulls=1, shares=lambda n: 1.0, loss=lambda s: BEST * s).says(
    "Every triplet may have the whole gradient, eps.",
    "Can two triplets both have a gradient of norm eps, if eps is the norm of everything?",
    "The squares of the n gradients add up to eps^2: there is a budget to be shared.",
    "With equal shares each has eps / sqrt(n).",
)
exercise.slip("the chord with a root", pulls=1, loss=lambda s: BEST * s).says(
    "The chord from 0 to the largest s is as good as the loss itself.",
    "Your bound is true, and linear in eps. Is the loss -ln(1 - s) linear in s?",
    "The chord is attained at its ends only; for n = 10 no s_i comes near the upper end.",
    "Keep the logarithm: n times -ln(1 - s) at the s of equal shares.",
)
exercise.slip("the published lemma with shares", pulls=1, loss=lambda s: 2 * s).says(
    "With equal shares the published factor 2 is the best one.",
    "Your bound is true. Which steps of the lemma's proof give something away?",
    "A triplet with pull s has a gradient of at least sqrt(2) eta s, and a loss of -ln(1 - s): use both as they are.",
    "n times -ln(1 - s) at the s of equal shares.",
)
exercise.slip("the odds for the loss", loss=lambda s: s / (1 - s)).says(
    "The loss is s / (1 - s).",
    "Which is larger, -ln(1 - x) or x / (1 - x)?",
    "The paper's step -ln(1 - x) <= x / (1 - x) gives something away.",
    "Keep the logarithm: -ln(1 - s) at each of the n equal shares.",
)
exercise.slip("sqrt(n) triplets have it all", shares=lambda n: 1.0, many=math.sqrt).says(
    "The losses add up like the gradients: sqrt(n) times the largest possible one.",
    "Your number is a bound for losses that are linear in s. Is -ln(1 - s) linear?",
    "Equal shares make every s_i smaller by sqrt(n), and there are n of them.",
    "n times -ln(1 - eps / (sqrt(2 n) eta)).",
)
exercise.slip("four pulls", pulls=4).says(
    "The gradient of a triplet is at least 2 eta s.",
    "How many of the three blocks of the gradient hold z1?",
    "Two do: s^2 |z1|^2 twice, and nothing bounds the third block from below.",
    "The norm is at least sqrt(2) eta s.",
)
exercise.slip("no n under the root", shares=lambda n: 1.0).says(
    "Each of the n losses may be taken at the largest possible s, eps / (sqrt(2) eta).",
    "If s_1 is that large, what is left for s_2?",
    "sum s_i^2 <= eps^2 / (2 eta^2) is one budget for all.",
    "With equal shares s_i = eps / (sqrt(2 n) eta).",
)
exercise.slip("one triplet has it all", shares=lambda n: 1.0, many=lambda n: 1).says(
    "The worst case is one triplet with the whole gradient, and the others with none.",
    "Compare with two triplets that have half of the squared gradient each: which sum of losses is larger?",
    "-ln(1 - sqrt(v)) is a concave function of v = s^2 for v < 1/4: equal shares are the worst.",
    "n times -ln(1 - eps / (sqrt(2 n) eta)).",
)
exercise.slip("gradients add up, not their squares", shares=lambda n: n).says(
    "The norm of the whole gradient is the sum of the triplets' norms.",
    "What is the norm of the vector (3, 4)?",
    "The *squares* of the norms add up: equal shares are eps / sqrt(n), not eps / n.",
    "s_i = eps / (sqrt(2 n) eta).",
)
exercise.slip("the loss is its probability", loss=lambda s: s).says(
    "The loss of a triplet is at most s.",
    "Which is larger, zeta(t) or sigma(t)?",
    "The loss is -ln(1 - s), which is above s.",
    "Put the logarithm back: -ln(1 - s) at each of the n equal shares.",
)
exercise.slip("one pull", pulls=1).says(
    "The gradient of a triplet is at least eta s.",
    "Which outputs feel z1 in Proposition 8.1?",
    "Both z2 and z3 do: two squares, each at least (eta s)^2.",
    "The norm is at least sqrt(2) eta s.",
)
exercise.slip("three pulls", pulls=3).says(
    "All three blocks of the gradient are at least eta s.",
    "Can u = z3 - z2 be short although z2 and z3 are long?",
    "The first block is s u, and nothing bounds u from below: two blocks remain.",
    "The norm is at least sqrt(2) eta s.",
)
exercise.slip("an answer for every gradient", covered=lambda eps, eta, n: True).says(
    "The formula holds for any eps.",
    "Where is -ln(1 - sqrt(v)) concave?",
    "The hypothesis eps < eta / 2 keeps every s_i below 0.36, inside the concave part.",
    "Raise ValueError for grad_norm >= eta / 2.",
)
exercise.slip("infinity where nothing is known", elsewhere=lambda eps, eta: math.inf).says(
    "Where the hypotheses fail, the bound is infinite.",
    "What does the exercise ask for eps >= eta / 2?",
    "An infinite bound would be true, but here a ValueError is asked, which nobody can overlook.",
    "raise ValueError(...) in place of return math.inf",
)
exercise.slip("the border is let in", covered=lambda eps, eta, n: eps <= eta / 2).says(
    "The hypothesis includes eps = eta / 2.",
    "Read it again: eps < eta / 2.",
    "It is strict.",
    "if not grad_norm < eta / 2: raise ValueError",
)
exercise.slip("more room for more triplets", covered=lambda eps, eta, n: eps < math.sqrt(n) * eta / 2).says(
    "With n triplets eps may be anything below sqrt(n) eta / 2.",
    "Read the hypotheses again: is there an n in them?",
    "They are those of Lemma 4: eps < eta / 2, whatever n is.",
    "if not grad_norm < eta / 2: raise ValueError",
)
exercise.slip("the mean", many=lambda n: 1).says(
    "The bound is on one triplet with its share of the gradient.",
    "Your values are the right ones divided by n.",
    "The objective is the sum of the n losses.",
    "n times -ln(1 - eps / (sqrt(2 n) eta)).",
)
exercise.slip("the lemma with eps / n", pulls=1, shares=lambda n: n, loss=lambda s: 2 * s).says(
    "Each triplet has eps / n of the gradient, and Lemma 4 does the rest.",
    "Does your bound depend on n? What is the norm of the vector (3, 4)?",
    "The *squares* of the norms add up, and the factor 2 gives something away.",
    "n times -ln(1 - eps / (sqrt(2 n) eta)).",
)
exercise.slip("bits", loss=lambda s: -math.log1p(-s) / math.log(2)).says(
    "The base of the logarithm does not matter.",
    "Your values are the right ones divided by ln 2.",
    "Losses are in nats.",
    "math.log1p(-s), not divided by ln 2.",
)


@exercise.wrong(
    "the best bound for this eta",
    belief="n times the best bound of question 5, at eps / sqrt(n) and the given eta, is asked.",
    hints=(
        "Your number is a bound, and a better one. On what may the bound of this question depend?",
        "On eps / eta and n only: take the largest over all eta with the same eps / eta.",
        "For eta to infinity u costs nothing: n times -ln(1 - eps / (sqrt(2 n) eta)).",
    ),
)
def lemma4_sum(grad_norm, eta, n):
    if not grad_norm < eta / 2:
        refuse(grad_norm, eta)
    low, high = -700.0, 0.0
    while high - low > 1e-11:
        t = (low + high) / 2
        square = max(eta**2, -t / math.sqrt(2))
        fits = math.sqrt(t**2 / square + 2 * square) / (1 + math.exp(-t)) <= grad_norm / math.sqrt(n)
        low, high = (t, high) if fits else (low, t)
    return n * math.log1p(math.exp(low))


exercise.slip("logarithm of a rounded difference", loss=lambda s: -math.log(1 - s)).says(
    "ln(1 - s) may be computed as it is written.",
    "What is 1 - 1e-17 in floating point?",
    "For tiny s the difference rounds to 1, and n times ln 1 is 0.",
    "math.log1p(-s).",
)

exercise.style("by the quotient of odds", loss=lambda s: math.log1p(s / (1 - s)))


@exercise.accepted("numpy, validated by hand", guarded=False)
def lemma4_sum(grad_norm, eta, n):
    if not (eta > 0 and math.isfinite(eta) and 0 <= grad_norm < eta / 2) or n < 1 or n != int(n):
        raise ValueError(f"{grad_norm}, {eta}, {n}")
    return -n * np.log1p(-np.sqrt(grad_norm**2 / (2 * n)) / eta)


@exercise.accepted("torch")
def lemma4_sum(grad_norm, eta, n):
    if grad_norm >= eta / 2:
        raise ValueError(f"{grad_norm}, {eta}")
    share = torch.tensor(grad_norm / eta, dtype=torch.float64) / math.sqrt(2 * n)
    return -n * torch.log1p(-share)
