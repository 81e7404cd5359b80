"""lemma4_certificate: what its check looks at. Small eta and small gradients, where the best anchor is longer than eta, and
large eta, where it is not; the border eps = eta / 2 belongs to what raises. The error is the exercise's own, 1e-6."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, bad_input, non_negative, positive

exercise = Exercise(
    "lemma4_certificate",
    refuses=(non_negative("grad_norm"), positive("eta")),
    hints={
        "values": (
            "2 eps / eta without `exact`. With it: fix a logit t < 0."
            " Among all triplets with this logit, which has the smallest gradient, and how small is it?",
            "By Proposition 8.1 it is s times the root of |u|^2 + 2 |z1|^2, and |u| >= |t| / |z1|. Must |z1| be eta?",
            "t^2 / a^2 + 2 a^2 is smallest for a^2 = |t| / sqrt(2), if that a is allowed: a = max(eta, (|t| / sqrt(2))^(1/2)).",
            "A logit can be had when this smallest gradient is at most eps: find the largest such t by bisection.",
        ),
        "bad input": ("The hypotheses are eps < eta / 2, strictly, eps >= 0 and eta > 0.",),
        "properties": ("The bound must never be below the loss of a triplet that meets the hypotheses.",),
    },
)
ASKED = 1e-6  # the error that the exercise allows


@exercise.cases
def cases(rng):
    yield Case("2 eps / eta: the default", (float(rng.uniform(0.1, 0.5)), 1.3))
    for eta, share in ((0.4, 0.9), (0.8, 0.2), (1.0, 0.5), (2.5, 0.8), (float(rng.uniform(0.3, 1)), 0.7)):
        yield Case(f"eta = {eta:.3f}, eps = {share:.2f} eta / 2", (share * eta / 2, eta, True), rtol=ASKED)
    eta, share = rng.uniform(0.3, 2), rng.uniform(0.1, 0.95)
    yield Case(f"eta = {eta:.3g}", (share * eta / 2, eta, True), rtol=ASKED, public=False)
    for eta in (12.5, 2e5):
        yield Case(f"eta = {eta:.4g}", (0.3 * eta, eta, True), rtol=ASKED)
    yield Case("eta = 0.01", (0.004, 0.01, True), rtol=ASKED)
    yield Case("gradient 0", (0.0, float(rng.uniform(0.5, 2)), True), rtol=ASKED)
    yield Case("just below the border", (0.4999999, 1.0, True), rtol=ASKED)
    yield bad_input("eps = eta / 2", 0.75, 1.5)
    yield bad_input("eps between eta / 2 and eta", 1.0, 1.5, True)
    yield bad_input("eps above eta", 2.0, 1.5)
    yield from exercise.bad_inputs(0.0, 1.0, True)


@exercise.property("no triplet that meets the hypotheses has a larger loss")
def bounds_the_loss(f, rng):
    for _ in range(20):
        eta = rng.uniform(0.3, 2)
        z1 = rng.normal(size=3)
        z1 *= eta * rng.uniform(1, 3) / np.linalg.norm(z1)
        t = -rng.uniform(0.5, 5)
        u = t * z1 / (z1 @ z1)
        eps = math.sqrt(u @ u + 2 * z1 @ z1) / (1 + math.exp(-t))
        if eps < eta / 2 and f(eps, eta, True) < math.log1p(math.exp(t)) - ASKED:
            return f"a triplet with gradient norm {eps:.4f} and eta = {eta:.4f} has loss {math.log1p(math.exp(t)):.4f}"


def refuse(eps, eta):
    raise ValueError(f"Lemma 4 needs eps < eta / 2, got {eps} and {eta}")


def sigma(t):
    return 1 / (1 + math.exp(-t))


def loss(t):
    return math.log1p(math.exp(t))


def bisected(small):
    """The largest t < 0 for which small(t) holds, where it holds below some t."""
    low, high = -700.0, 0.0
    while high - low > 1e-10:
        t = (low + high) / 2
        low, high = (t, high) if small(t) else (low, t)
    return low


def linear(factor, eps, eta):
    """The logit whose loss is factor * eps / eta."""
    return math.log(math.expm1(factor * eps / eta)) if eps else -700.0


PUBLISHED, SHARP = 2.0, -2 * math.log(1 - 1 / (2 * math.sqrt(2)))


@exercise.formula
def lemma4_certificate(
    grad_norm,
    eta,
    exact=False,
    *,
    published=PUBLISHED,
    covered=lambda eps, eta: eps < eta / 2,
    elsewhere=refuse,
    pulls=2,
    anchor=lambda t, eta, pulls: max(eta**2, -t / math.sqrt(pulls)),
    apart=lambda t, square: t**2 / square,
    found=lambda eps, eta, small: bisected(small),
    said=loss,
):
    if not covered(grad_norm, eta):
        return elsewhere(grad_norm, eta)
    if not exact:
        return published * grad_norm / eta

    def small(t):
        square = anchor(t, eta, pulls)
        return sigma(t) * math.sqrt(apart(t, square) + pulls * square) <= grad_norm

    return said(found(grad_norm, eta, small))


exercise.slip("the published factor", found=lambda eps, eta, small: linear(PUBLISHED, eps, eta)).says(
    "The factor that is good for every eta is the best one for each.",
    "Which step of the lemma's proof gives something away when eta is known?",
    "2 eps / eta is the paper's; every norm above eta, and the vector u, make the gradient larger.",
    "For each t find the smallest gradient that a triplet with this logit can have.",
)
exercise.slip("the sharp factor", found=lambda eps, eta, small: linear(SHARP, eps, eta)).says(
    "0.8725 eps / eta, which no smaller factor replaces, cannot be improved for one eta either.",
    "Proposition 8.5 is sharp in the limit of large eta. And for eta = 1?",
    "It drops |u|^2 from the gradient and puts a chord in the place of the loss.",
    "For each t find the smallest gradient that a triplet with this logit can have.",
)
exercise.slip("u costs nothing", apart=lambda t, square: 0.0, anchor=lambda t, eta, pulls: eta**2).says(
    "The largest pull that the gradient allows is eps / (sqrt(2) eta), and it can be had.",
    "Can u = z3 - z2 be 0 while the logit is t?",
    "|u| is at least |t| / |z1|, and it adds to the gradient: your bound is true, and the best one only for eta to infinity.",
    "Solve eps = s sqrt(t^2 / |z1|^2 + 2 |z1|^2) for t, with the best |z1|.",
)
exercise.slip("the shortest anchor", anchor=lambda t, eta, pulls: eta**2).says(
    "The gradient is smallest when the anchor is as short as allowed.",
    "For a short anchor u must be long. Is your number a bound: try eta = 0.1, t = -5 and |z1| = 1.",
    "t^2 / a^2 + 2 a^2 has its minimum at a^2 = |t| / sqrt(2), which can be above eta^2.",
    "|z1| = max(eta, (|t| / sqrt(2))^(1/2)).",
)
exercise.slip("an anchor of any length", anchor=lambda t, eta, pulls: -t / math.sqrt(pulls)).says(
    "The anchor may have the length that makes the gradient smallest, whatever eta is.",
    "Where does eta enter your bound?",
    "|z1| may not be below eta.",
    "|z1| = max(eta, (|t| / sqrt(2))^(1/2)).",
)
exercise.slip("one pull", pulls=1).says(
    "z1 stands in the gradient once.",
    "Which outputs feel z1 in Proposition 8.1?",
    "Both z2 and z3 do.",
    "|u|^2 + 2 |z1|^2.",
)
exercise.slip("u as long as the logit", apart=lambda t, square: t**2).says(
    "A logit t needs a u of length |t|.",
    "t is an inner product of u with what?",
    "|t| is at most |z1| |u|: a longer anchor needs a shorter u.",
    "|u| is at least |t| / |z1|.",
)
exercise.slip(
    "the shortest outputs",
    anchor=lambda t, eta, pulls: eta**2,
    found=lambda eps, eta, small: max(bisected(small), -2 * eta**2) if eps else -700.0,
).says(
    "The worst outputs all have the norm eta.",
    "eta is the *smallest* norm. What forbids longer outputs?",
    "With norms eta no logit is below -2 eta^2; longer z2 and z3 reach every logit.",
    "Only |z1| >= eta matters, and |u| >= |t| / |z1|.",
)
exercise.slip("eps / eta published", published=1.0).says(
    "The lemma's bound is eps / eta.",
    "Read the question again: which factor has the lemma?",
    "The published factor is 2.",
    "2 * grad_norm / eta, without exact.",
)
exercise.slip("the sharp factor as published", published=SHARP).says(
    "The lemma's bound is that of Proposition 8.5, 0.8725 eps / eta.",
    "Which bound does the question ask for, without exact?",
    "0.8725 is the best factor for all eta at once; the *published* one is 2.",
    "2 * grad_norm / eta, without exact.",
)
exercise.slip("a logit above 0", said=lambda t: loss(-t)).says(
    "The logit of the worst triplet is |t|.",
    "Is your bound above ln 2? A triplet with t = 0 has a gradient of at least eta / sqrt(2).",
    "eps < eta / 2 leaves only s < 1/2, that is t < 0.",
    "Return ln(1 + e^t) for the negative t that you have found.",
)
exercise.slip("bits", said=lambda t: loss(t) / math.log(2)).says(
    "The base of the logarithm does not matter.",
    "Your exact values are the right ones divided by ln 2.",
    "Losses are in nats.",
    "math.log1p(math.exp(t)).",
)
exercise.slip("a gradient of 0 refused", covered=lambda eps, eta: 0 < eps < eta / 2).says(
    "A gradient of 0 is out of range, as no outputs have it.",
    "What does the question ask for eps = 0?",
    "The bound at eps = 0 is 0.",
    "if not 0 <= grad_norm < eta / 2: raise ValueError",
)
exercise.slip("the loss is its probability", said=sigma).says(
    "The loss of a triplet is s.",
    "Which is larger, zeta(t) or sigma(t)?",
    "The loss is ln(1 + e^t) = -ln(1 - s).",
    "Return the loss of the t that you have found.",
)
exercise.slip("an answer for every gradient", covered=lambda eps, eta: True).says(
    "There is a bound for any eps.",
    "What is the loss of a triplet with all logits 0, and what its gradient? What about longer outputs?",
    "The question asks for a bound under the lemma's hypotheses only.",
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


def over_all_anchors(t, eta, pulls):
    squares = eta**2 * np.geomspace(1, 1e6, 20001)
    return float(squares[np.argmin(t**2 / squares + 2 * squares)])


exercise.style("the best of many anchors", anchor=over_all_anchors)


@exercise.accepted("a zooming grid of pulls, numpy, validated by hand", guarded=False)
def lemma4_certificate(grad_norm, eta, exact=False):
    if not (eta > 0 and math.isfinite(eta) and 0 <= grad_norm < eta / 2):
        raise ValueError(f"{grad_norm}, {eta}")
    if not exact:
        return 2 * grad_norm / eta
    low, high = 0.0, 0.5
    for _ in range(12):
        s = np.linspace(low, high, 102)[1:-1]
        t = np.log(s / (1 - s))
        gradient = s * np.where(
            -t < math.sqrt(2) * eta**2, np.hypot(t / eta, math.sqrt(2) * eta), np.sqrt(-math.sqrt(8) * t)
        )
        step, good = (high - low) / 101, s[gradient <= grad_norm]
        low = good.max() if len(good) else low
        high = low + step
    return -np.log1p(-low)


@exercise.accepted("torch, the logit by bisection")
def lemma4_certificate(grad_norm, eta, exact=False):
    if grad_norm >= eta / 2:
        raise ValueError(f"{grad_norm}, {eta}")
    if not exact:
        return grad_norm / (eta / 2)
    low, high = torch.tensor([-100.0, 0.0], dtype=torch.float64)
    for _ in range(60):
        t = (low + high) / 2
        a = torch.maximum(torch.tensor(eta, dtype=torch.float64), (-t / 2**0.5).sqrt())
        low, high = (low, t) if torch.sigmoid(t) * torch.hypot(t / a, 2**0.5 * a) > grad_norm else (t, high)
    return torch.nn.functional.softplus(low)
