"""floor_fraction: what its check looks at. Shares strictly between 0 and 1, batches of many anchors, none near the floor,
and temperatures at which plain exponentials are infinite or 0.
"""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise
from autograder.author.draw import odd_sizes, strided
from autograder.units.u05_debiasing.draws import COSINES, cosines
from course import validate

SHARE = 1e-6  # a share of at most 25 anchors: its mean may be taken in float32

exercise = Exercise(
    "floor_fraction",
    refuses=COSINES,
    hints={
        "values": (
            "With tau_plus = 0 and negatives that are not all opposite to the anchor, the share is 0.",
            "An anchor counts where (sum_j e^{s_j/t} - tau_plus N e^{s+/t}) / (1 - tau_plus) <= N e^{-1/t}.",
            "After the maximum a mass is never below the floor; where it equals the floor, the floor was active.",
        ),
        "stability": (
            "e^{1/t} at t = 0.001: is it a number? And which of two numbers that both underflow to 0 is larger?",
            "Write the inequality without a difference and without a quotient: sums of positive terms on both sides.",
            "Then divide both sides by the largest term of the negatives' sum: that side lies between 1 and N, and the other "
            "may be infinite, or 0.",
        ),
        "bad input": ("The same input is bad as in debiased_negative_mass: calling that function checks it.",),
    },
)


@exercise.cases
def cases(rng):
    for b, n, tau_plus, t in ((20, 6, 0.2, 0.5), (17, 3, 0.3, 0.8), (25, 10, 0.1, 0.3), (12, 4, 0.7, 1.0)):
        arguments = cosines(rng, b, n, tau_plus, t, positive=(-0.2, 1.0), saturated=True)
        yield Case(f"B = {b}, N = {n}, tau_plus = {tau_plus}, temperature {t}", (*arguments, tau_plus, t), rtol=SHARE)
    b, n = odd_sizes(rng, 2)
    arguments = cosines(rng, b, n, 0.2, 0.5, positive=(-0.2, 1.0), saturated=True)
    yield Case(f"B = {b}, N = {n}, tau_plus = 0.2, temperature 0.5", (*arguments, 0.2, 0.5), rtol=SHARE, public=False)
    # masses of 1.3, 0.5 and 0.05 floors (three anchors each): a floor at 0, without N or not divided counts others
    shares = torch.tensor([1.3] * 3 + [0.8] * 3 + [0.05] * 3, dtype=torch.float64)
    pos = torch.from_numpy(rng.uniform(0.6, 0.9, size=9))
    mean = 0.75 * shares * math.exp(-2) + 0.25 * torch.exp(2 * pos)  # of e^{s/t} over the negatives, temperature 0.5
    yield Case("masses just above 0", (pos, (0.5 * mean.log())[:, None].repeat(1, 8), 0.25, 0.5), rtol=SHARE)
    yield Case("none on the floor", (*cosines(rng, 6, 5, 0.1, 1.0), 0.1, 1.0), rtol=SHARE)
    yield Case("tau_plus = 0", (*cosines(rng, 6, 5, 0.0, 0.2), 0.0, 0.2), rtol=SHARE)
    aligned = torch.full((5,), 0.95, dtype=torch.float64)
    neg = torch.from_numpy(rng.uniform(-0.4, 0.4, size=(5, 7)))
    yield Case("all on the floor", (aligned, neg, 0.2, 0.1), rtol=SHARE)
    for t, dtype in ((0.01, torch.float32), (0.001, torch.float64)):
        pos, neg = cosines(rng, 9, 4, 0.2, t, positive=(0.1, 0.95), negative=(-0.8, 0.95), saturated=True)
        for own, other in (
            (0.99, -0.1),
            (0.97, 0.92),
        ):  # what underflows, and an anchor on the floor with two infinities
            pos, neg = torch.cat([pos, 0 * pos[:1] + own]), torch.cat([neg, 0 * neg[:1] + other])
        word = str(dtype).removeprefix("torch.")
        for tau_plus in (0.2, 0.0):
            arguments = (pos.to(dtype), neg.to(dtype), tau_plus, t)
            yield Case(f"temperature {t}, tau_plus = {tau_plus}, {word}", arguments, part="stability", rtol=SHARE)
    pos, neg = cosines(rng, 15, 5, 0.25, 0.5, positive=(0.0, 1.0), saturated=True)
    yield Case("float32", (pos.float(), neg.float(), 0.25, 0.5))
    yield Case("inputs that are not contiguous", (strided(pos[:, None])[:, 0], strided(neg), 0.25, 0.5), rtol=SHARE)
    yield from exercise.bad_inputs(pos, neg, 0.25, 0.5)


@exercise.property("it is the share among the anchors: half of the anchors replaced by safe ones halves it")
def share(f, rng):
    aligned, safe = torch.full((6,), 0.95, dtype=torch.float64), torch.full((6,), -0.5, dtype=torch.float64)
    neg = torch.from_numpy(rng.uniform(-0.3, 0.3, size=(12, 5)))
    if abs(f(aligned, neg[:6], 0.2, 0.2) - 1) > SHARE:
        return "six anchors on the floor are a share of 1"
    if abs(f(torch.cat([aligned, safe]), neg, 0.2, 0.2) - 0.5) > SHARE:
        return "six anchors on the floor among twelve are a share of 0.5"


def summed(neg):
    return neg.logsumexp(dim=1) + math.log(neg.shape[1])


def with_positive(neg, pos):
    n = neg.shape[1]
    return torch.cat([neg, pos[:, None]], dim=1).logsumexp(dim=1) + math.log(n / (n + 1))


@exercise.formula
def floor_fraction(
    pos_sim,
    neg_sim,
    tau_plus,
    temperature,
    *,
    log_floor=lambda n, t: math.log(n) - 1 / t,
    prior=lambda tau: tau,
    gathered=lambda neg, pos: neg.logsumexp(dim=1),
    rest=lambda tau: 1 - tau,
    counted=lambda others, least: others <= least,
    pool=torch.mean,
):
    pos, neg, n = pos_sim.double() / temperature, neg_sim.double() / temperature, neg_sim.shape[1]
    same, other = (torch.tensor(share, dtype=torch.float64).log() for share in (prior(tau_plus) * n, rest(tau_plus)))
    least = torch.logaddexp(
        pos + same, (other + log_floor(n, temperature)).expand(len(pos))
    )  # logarithms do not overflow
    return float(pool(counted(gathered(neg, pos), least).double()))


exercise.slip("strictly below after the maximum", counted=lambda others, least: others.maximum(least) < least).says(
    "Anchors whose mass is below the floor can be counted after the maximum was taken.",
    "How can a maximum with the floor be below the floor?",
    "Compare before the maximum, or count where the mass equals the floor (<=).",
)
exercise.slip("negative masses only", log_floor=lambda n, t: -math.inf).says(
    "The floor is active where the estimate is negative.",
    "Where does the maximum take over: at 0, or earlier?",
    "It is active as soon as the estimate is at or below N e^{-1/t}, which is positive.",
)
exercise.slip("floor without N", log_floor=lambda n, t: -1 / t).says(
    "The floor of the mass is e^{-1/t}.",
    "That is the floor for one negative. The mass is a sum over N.",
    "Compare the mass with N e^{-1/t}.",
)
exercise.slip("floor without the temperature", log_floor=lambda n, t: math.log(n) - 1).says(
    "A cosine is at least -1, so its exponential is at least e^{-1}.",
    "At temperature 1 you are right. Which exponential is summed at another one?",
    "e^{s/t}, which is smallest at s = -1: compare with N e^{-1/t}.",
)
exercise.slip("not divided", rest=lambda tau: 1).says(
    "What is compared with the floor is the sum minus the false negatives' share.",
    "Is that the mass of N true negatives? With all cosines equal to s it should be N e^{s/t}.",
    "Divide by 1 - tau_plus before you compare.",
)
exercise.slip("prior of another class", prior=lambda tau: 1 - tau, rest=lambda tau: tau).says(
    "tau_plus is the probability of another class.",
    "With tau_plus = 0 no anchor is on the floor. How many are in your answer?",
    "The positive is taken out with weight tau_plus; what is left is divided by 1 - tau_plus.",
)
exercise.slip("the sum of the negatives with the floor of one", gathered=lambda neg, pos: summed(neg)).says(
    "The sum over the N negatives is compared with the share of one positive and the floor of one negative.",
    "How many exponentials are in W, and how many in A and b?",
    "Compare the mean W/N, or put N in front of A and b.",
)
exercise.slip(
    "the most similar negative decides", gathered=lambda neg, pos: neg.amax(dim=1) + math.log(neg.shape[1])
).says(
    "The mean mass of the negatives is that of the most similar one.",
    "Which of the negatives stand in W?",
    "All: the mean of their exponentials is compared.",
)
exercise.slip(
    "exponential of the mean cosine", gathered=lambda neg, pos: neg.mean(dim=1) + math.log(neg.shape[1])
).says(
    "The mean of the exponentials is the exponential of the mean cosine.",
    "Cosines 1 and -1: is the mean of e^1 and e^{-1} equal to e^0?",
    "The exponential is convex: take it of each cosine, then sum (logsumexp).",
)
exercise.slip("the positive in the mean over the data", gathered=with_positive).says(
    "The mean over the data is that over the negatives and the positive.",
    "Which draws are from p? Was the positive drawn from it?",
    "The mean over the N negatives alone.",
)
exercise.slip("share above the floor", counted=lambda others, least: others > least).says(
    "It is the share of anchors that the floor leaves alone.",
    "With tau_plus = 0 the share must be 0. What do you get?",
    "Count the anchors at or below the floor.",
)
exercise.slip("number instead of share", pool=torch.sum).says(
    "It is the number of anchors on the floor.",
    "Your answer can be larger than 1.",
    "Divide by the number of anchors B.",
)
exercise.slip("one floor for the batch", counted=lambda others, least: others.exp().mean() <= least.exp().mean()).says(
    "The floor is active for the mean of the batch, or it is not.",
    "How many different values can your answer have?",
    "Each anchor has its own mass: compare first, then take the mean.",
)


@exercise.wrong(
    "share of the pairs",
    belief="Every pair of anchor and negative has its own floor.",
    hints=("How many floors does one anchor have?", "One: the negatives are summed before the floor is applied."),
)
def floor_fraction(pos_sim, neg_sim, tau_plus, temperature):
    logits = (neg_sim.double() - pos_sim.double()[:, None]) / temperature
    least = torch.exp((-1 - pos_sim.double()) / temperature)[:, None]
    return float((logits.exp() <= tau_plus + (1 - tau_plus) * least).double().mean())


@exercise.wrong(
    "plain exponentials",
    belief="float64 has room for every exponential of a cosine over the temperature.",
    hints=(
        "What is e^{1/t} at t = 0.001?",
        "Infinite, and a difference of two infinities is no number: compare without them.",
    ),
)
def floor_fraction(pos_sim, neg_sim, tau_plus, temperature):
    pos, neg = torch.exp(pos_sim.double() / temperature), torch.exp(neg_sim.double() / temperature)
    mass = (neg.mean(dim=1) - tau_plus * pos) / (1 - tau_plus)
    return float((mass <= math.exp(-1 / temperature)).double().mean())


@exercise.wrong(
    "plain exponentials of the given dtype",
    belief="The dtype of the cosines has room for every exponential that is needed.",
    hints=("The largest float32 is e^88.7. What is e^{s/t} at t = 0.01?", "Compare without forming what overflows."),
)
def floor_fraction(pos_sim, neg_sim, tau_plus, temperature):
    pos, neg = torch.exp(pos_sim / temperature), torch.exp(neg_sim / temperature)
    mass = (neg.sum(dim=1) - tau_plus * neg.shape[1] * pos) / (1 - tau_plus)
    return float((mass <= neg.shape[1] * math.exp(-1 / temperature)).double().mean())


def star(pos, neg, tau_plus, t):
    """Share of anchors whose prior of (5.6), as it is written, is reached."""
    b = math.exp(-1 / t)
    return float((tau_plus >= (torch.exp(neg / t).mean(dim=1) - b) / (torch.exp(pos / t) - b)).double().mean())


@exercise.wrong(
    "exponentials that overflow in float32",
    belief="Exponentials of cosine over temperature can be formed as they stand in the formulas.",
    hints=(
        "What are A and W at t = 0.01 in float32?",
        "Infinite, and what you make of them is no number: divide both by a large term before you form them.",
    ),
)
def floor_fraction(pos_sim, neg_sim, tau_plus, temperature):
    return star(pos_sim, neg_sim, tau_plus, temperature)


@exercise.wrong(
    "exponentials that overflow in float64",
    belief="In float64 exponentials of cosine over temperature can be formed as they stand in the formulas.",
    hints=(
        "What are A and W at t = 0.001?",
        "Infinite, and what you make of them is no number: divide both by a large term before you form them.",
    ),
)
def floor_fraction(pos_sim, neg_sim, tau_plus, temperature):
    return star(pos_sim.double(), neg_sim.double(), tau_plus, temperature)


UNITS = {
    "belief": "Divided by e^{s+/t}, or by the row's largest exponential, nothing can go wrong: what is too small to be "
    "represented is too small to matter.",
    "hints": (
        "With tau_plus = 0 the share is 0 unless all negatives are opposite. What do you get at a low temperature?",
        "There both sides underflow, and 0 <= 0. Divide by the largest term of the negatives' sum instead.",
    ),
}


def in_units(pos, neg, tau_plus, t):
    """Both sides divided by e^{s+/t}."""
    mean = ((neg - pos[:, None]) / t).exp().mean(dim=1)
    return float((mean <= tau_plus + (1 - tau_plus) * ((-1 - pos) / t).exp()).double().mean())


@exercise.wrong("in units of the positive's exponential", **UNITS)
def floor_fraction(pos_sim, neg_sim, tau_plus, temperature):
    return in_units(pos_sim.double(), neg_sim.double(), tau_plus, temperature)


@exercise.wrong("in units of the positive's exponential, float32", **UNITS)
def floor_fraction(pos_sim, neg_sim, tau_plus, temperature):
    return in_units(pos_sim, neg_sim, tau_plus, temperature)


@exercise.wrong(
    "one threshold for all anchors",
    belief="Every anchor meets the floor at the prior 1/(1 + e^{1/t}).",
    hints=(
        "For which cosines does the lecture have that prior?",
        "For a perfect positive and orthogonal negatives. Each anchor has a tau* of its own, (5.6).",
    ),
)
def floor_fraction(pos_sim, neg_sim, tau_plus, temperature):
    return float(tau_plus >= math.exp(-1 / temperature) / (1 + math.exp(-1 / temperature)))


@exercise.wrong(
    "no answer for tau_plus = 0",
    belief="tau_plus = 0 need not have an answer.",
    hints=(
        "Which range of tau_plus does the docstring of debiased_negative_mass give?",
        "ln 0 raises in Python's math: treat tau_plus = 0 apart, or use np.log or torch.log, which give -inf.",
    ),
)
def floor_fraction(pos_sim, neg_sim, tau_plus, temperature):
    pos, neg, n = pos_sim.double() / temperature, neg_sim.double() / temperature, neg_sim.shape[1]
    low = torch.full_like(pos, math.log(1 - tau_plus) - 1 / temperature)
    least = torch.logaddexp(pos + math.log(tau_plus), low) + math.log(n)
    return float((neg.logsumexp(dim=1) <= least).double().mean())


@exercise.wrong(
    "nothing is checked",
    belief="The arguments need not be checked: torch raises by itself where it must.",
    hints=(
        "Does it raise ValueError for tau_plus = 1, for a NaN, for pos_sim of shape (B, 1)?",
        "debiased_negative_mass checks the same arguments: call it.",
    ),
    guarded=False,
)
def floor_fraction(pos_sim, neg_sim, tau_plus, temperature):
    top = neg_sim.amax(dim=1)
    mean = ((neg_sim - top[:, None]) / temperature).exp().mean(dim=1)
    own = tau_plus * ((pos_sim - top) / temperature).clamp(max=80).exp()
    return float((mean <= own + (1 - tau_plus) * ((-1 - top) / temperature).exp()).double().mean())


@exercise.accepted("count over B, a Python float, validated first", guarded=False)
def floor_fraction(pos_sim, neg_sim, tau_plus, temperature):
    validate.floating("pos_sim", pos_sim)
    validate.floating("neg_sim", neg_sim)
    validate.positive(temperature=temperature)
    if not 0 <= tau_plus < 1 or pos_sim.shape != neg_sim.shape[:1] or neg_sim.ndim != 2 or 0 in neg_sim.shape:
        raise ValueError(f"{pos_sim.shape}, {neg_sim.shape}, tau_plus = {tau_plus}")
    on_floor = 0
    for s_plus, row in zip(pos_sim.tolist(), neg_sim.tolist()):
        top = max(s_plus, *row)
        terms = [math.exp((s - top) / temperature) for s in row]
        if tau_plus > 0:
            least = (1 - tau_plus) * math.exp((-1 - top) / temperature)
            on_floor += sum(terms) / len(row) <= tau_plus * math.exp((s_plus - top) / temperature) + least
    return on_floor / len(pos_sim)


@exercise.accepted("in units of the largest negative's exponential, a tensor")
def floor_fraction(pos_sim, neg_sim, tau_plus, temperature):
    top = neg_sim.amax(dim=1)
    mean = ((neg_sim - top[:, None]) / temperature).exp().mean(dim=1)
    own = tau_plus * ((pos_sim - top) / temperature).clamp(max=80).exp()
    return (mean <= own + (1 - tau_plus) * ((-1 - top) / temperature).exp()).double().mean()


@exercise.accepted("numpy, the prior at which each anchor meets the floor")
def floor_fraction(pos_sim, neg_sim, tau_plus, temperature):
    s, neg = pos_sim.double().numpy(), neg_sim.double().numpy()
    low, gap = np.exp((-1 - s) / temperature), (neg - s[:, None]) / temperature
    top = gap.max(axis=1)
    log_mean = top + np.log(np.exp(gap - top[:, None]).mean(axis=1))  # of W / (N A)
    with np.errstate(over="ignore"):
        return np.mean((tau_plus > 0) & (np.exp(log_mean) <= tau_plus + (1 - tau_plus) * low))
