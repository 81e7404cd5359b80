"""lemma4_certificate: what its check looks at. The border eps = eta / 2 belongs to what raises."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, bad_input, non_negative, positive

exercise = Exercise(
    "lemma4_certificate",
    refuses=(non_negative("grad_norm"), positive("eta")),
    hints={
        "values": ("2 * grad_norm / eta, nothing else.",),
        "bad input": ("The lemma needs eps < eta / 2, strictly; eps >= 0 and eta > 0.",),
        "properties": ("The certificate must never be below the loss of a triplet that meets the hypotheses.",),
    },
)


@exercise.cases
def cases(rng):
    for _ in range(4):
        eta = float(rng.uniform(0.2, 4))
        share = float(rng.uniform(0.05, 0.95))
        yield Case(f"eta = {eta:.3f}, eps = {share:.2f} eta / 2", (share * eta / 2, eta))
    eta = float(10 ** rng.uniform(1, 6))
    yield Case(f"eta = {eta:.3g}", (0.3 * eta, eta), public=False)
    yield Case("gradient 0", (0.0, float(rng.uniform(0.5, 2))))
    yield Case("tiny numbers", (1e-12, 1e-3))
    yield Case("just below the border", (0.4999999, 1.0))
    yield bad_input("eps = eta / 2", 0.75, 1.5)
    yield bad_input("eps between eta / 2 and eta", 1.0, 1.5)
    yield bad_input("eps above eta", 2.0, 1.5)
    yield from exercise.bad_inputs(0.0, 1.0)


@exercise.property("no triplet that meets the hypotheses has a larger loss")
def bounds_the_loss(f, rng):
    for _ in range(20):
        z1, side = rng.normal(size=3), rng.normal(size=3)
        z1 *= rng.uniform(1, 3) / np.linalg.norm(z1)
        u = -rng.uniform(0.5, 4) * z1 + 0.3 * side
        t = z1 @ u
        s = 1 / (1 + math.exp(-t))
        eps = s * math.sqrt(u @ u + 2 * z1 @ z1)
        if eps < 0.5 and f(eps, 1.0) < math.log1p(math.exp(t)) - 1e-12:
            return f"a triplet with gradient norm {eps:.4f} and eta = 1 has loss {math.log1p(math.exp(t)):.4f}"


def refuse(eps, eta):
    raise ValueError(f"Lemma 4 needs eps < eta / 2, got {eps} and {eta}")


@exercise.formula
def lemma4_certificate(
    grad_norm,
    eta,
    *,
    covered=lambda eps, eta: eps < eta / 2,
    elsewhere=refuse,
    factor=2.0,
    power=1,
    share=lambda eps, eta: eps / eta,
):
    if not covered(grad_norm, eta):
        return elsewhere(grad_norm, eta)
    return factor * share(grad_norm**power, eta)


exercise.slip("the sharp constant", factor=-2 * math.log(1 - 1 / (2 * math.sqrt(2)))).says(
    "The best constant is asked, -2 ln(1 - 1/(2 sqrt 2)) = 0.8725.",
    "Your values are the right ones times 0.436.",
    "You are right that 0.8725 eps / eta is true as well: Proposition 8.5.",
    "Here the published 2 eps / eta is asked.",
)
exercise.slip("the constant of many negatives", factor=2 * math.log(2)).says(
    "The constant that holds for every number of negatives is asked, 2 ln 2 = 1.386.",
    "Your values are the right ones times ln 2.",
    "2 ln 2 is the limit of kappa_N in derivation 7, and a true bound; the published constant is larger.",
    "Here the published 2 eps / eta is asked.",
)
exercise.slip("without the factor 2", factor=1.0).says(
    "The loss is at most sigma(t), and sigma(t) is at most eps / eta.",
    "Is -ln(1 - s) at most s?",
    "The loss -ln(1 - s) is convex in s: it lies above s, and below a chord. That is where a factor comes from.",
    "2 * grad_norm / eta.",
)
exercise.slip("before the chord", factor=1.0, share=lambda eps, eta: -math.log1p(-eps / (math.sqrt(2) * eta))).says(
    "The bound is the loss at the largest possible s, -ln(1 - eps / (sqrt 2 eta)).",
    "Double eps: does your bound double?",
    "Your bound is true and better, but it is not linear in eps; the lemma replaces the convex function by a line.",
    "2 * grad_norm / eta, without a logarithm.",
)
exercise.slip("product in place of the quotient", share=lambda eps, eta: eps * eta).says(
    "A larger eta makes the bound larger.",
    "Which is better, outputs far from 0 or near 0?",
    "sigma(t) |z1| <= eps: the larger |z1|, the smaller sigma(t).",
    "Divide by eta.",
)
exercise.slip("the squared norm", power=2).says(
    "The bound uses the squared norm of the gradient.",
    "Halve the gradient: by which factor does your bound fall?",
    "Lemma 4 is linear in eps.",
    "2 * grad_norm / eta, without a square.",
)
exercise.slip("an answer for every gradient", covered=lambda eps, eta: True).says(
    "The formula holds for any eps.",
    "The proof needs s away from 1, where -ln(1 - s) is infinite. Which hypothesis gives that?",
    "s is at most eps / (sqrt(2) eta); eps < eta / 2 keeps it below 0.36.",
    "Raise ValueError for grad_norm >= eta / 2.",
)
exercise.slip("eps up to eta", covered=lambda eps, eta: eps < eta).says(
    "The lemma holds as long as the gradient is smaller than the smallest norm.",
    "Read the hypothesis again: is it eps < eta?",
    "It is eps < eta / 2.",
    "if not grad_norm < eta / 2: raise ValueError",
)
exercise.slip("the border is let in", covered=lambda eps, eta: eps <= eta / 2).says(
    "The lemma holds up to and including eps = eta / 2.",
    "Read the hypothesis again: eps < eta / 2.",
    "It is strict.",
    "if not grad_norm < eta / 2: raise ValueError",
)
exercise.slip("infinity where nothing is known", elsewhere=lambda eps, eta: math.inf).says(
    "Where the lemma says nothing, the bound is infinite.",
    "What does the exercise ask for eps >= eta / 2?",
    "An infinite bound would be true, but here a ValueError is asked, which nobody can overlook.",
    "raise ValueError(...) in place of return math.inf",
)

exercise.style("as a quotient", factor=1.0, share=lambda eps, eta: eps / (eta / 2))


@exercise.accepted("torch, 0-dim, validated by hand", guarded=False)
def lemma4_certificate(grad_norm, eta):
    if not (eta > 0 and math.isfinite(eta) and 0 <= grad_norm < eta / 2):
        raise ValueError(f"{grad_norm}, {eta}")
    return torch.as_tensor(grad_norm, dtype=torch.float64) * 2 / eta


@exercise.accepted("numpy")
def lemma4_certificate(grad_norm, eta):
    if grad_norm >= eta / 2:
        raise ValueError(f"{grad_norm}, {eta}")
    return np.multiply(2.0, np.divide(grad_norm, eta))
