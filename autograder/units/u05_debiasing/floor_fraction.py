"""floor_fraction: what its check looks at. Shares strictly between 0 and 1, batches of many anchors, none near the floor."""

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
        "bad input": ("The same input is bad as in debiased_negative_mass: calling that function checks it.",),
    },
)


@exercise.cases
def cases(rng):
    for b, n, tau_plus, t in ((20, 6, 0.2, 0.5), (17, 3, 0.3, 0.8), (25, 10, 0.1, 0.3), (12, 4, 0.4, 1.0)):
        arguments = cosines(rng, b, n, tau_plus, t, positive=(-0.2, 1.0), saturated=True)
        yield Case(f"B = {b}, N = {n}, tau_plus = {tau_plus}, temperature {t}", (*arguments, tau_plus, t), rtol=SHARE)
    b, n = odd_sizes(rng, 2)
    arguments = cosines(rng, b, n, 0.2, 0.5, positive=(-0.2, 1.0), saturated=True)
    yield Case(f"B = {b}, N = {n}, tau_plus = 0.2, temperature 0.5", (*arguments, 0.2, 0.5), rtol=SHARE, public=False)
    # masses of 1.3, 0.5 and 0.05 floors (three anchors each): a floor at 0 or without N counts others
    shares = torch.tensor([1.3] * 3 + [0.5] * 3 + [0.05] * 3, dtype=torch.float64)
    pos = torch.from_numpy(rng.uniform(0.6, 0.9, size=9))
    mean = 0.75 * shares * math.exp(-2) + 0.25 * torch.exp(2 * pos)  # of e^{s/t} over the negatives, temperature 0.5
    yield Case("masses just above 0", (pos, (0.5 * mean.log())[:, None].repeat(1, 8), 0.25, 0.5), rtol=SHARE)
    yield Case("none on the floor", (*cosines(rng, 6, 5, 0.1, 1.0), 0.1, 1.0), rtol=SHARE)
    yield Case("tau_plus = 0", (*cosines(rng, 6, 5, 0.0, 0.2), 0.0, 0.2), rtol=SHARE)
    aligned = torch.full((5,), 0.95, dtype=torch.float64)
    neg = torch.from_numpy(rng.uniform(-0.4, 0.4, size=(5, 7)))
    yield Case("all on the floor", (aligned, neg, 0.2, 0.1), rtol=SHARE)
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


def estimate(pos, neg, tau_plus):
    return (neg.sum(dim=1) - tau_plus * neg.shape[1] * pos) / (1 - tau_plus)


@exercise.formula
def floor_fraction(
    pos_sim,
    neg_sim,
    tau_plus,
    temperature,
    *,
    mass=estimate,
    floor=lambda n, t: n * math.exp(-1 / t),
    counted=lambda mass, floor: mass <= floor,
    pool=torch.mean,
):
    pos, neg = torch.exp(pos_sim.double() / temperature), torch.exp(neg_sim.double() / temperature)
    on_floor = counted(mass(pos, neg, tau_plus), floor(neg.shape[1], temperature))
    return float(pool(on_floor.double()))


exercise.slip("strictly below after the maximum", counted=lambda mass, floor: mass.clamp(min=floor) < floor).says(
    "Anchors whose mass is below the floor can be counted after the maximum was taken.",
    "How can a maximum with the floor be below the floor?",
    "Compare before the maximum, or count where the mass equals the floor (<=).",
)
exercise.slip("negative masses only", floor=lambda n, t: 0.0).says(
    "The floor is active where the estimate is negative.",
    "Where does the maximum take over: at 0, or earlier?",
    "It is active as soon as the estimate is at or below N e^{-1/t}, which is positive.",
)
exercise.slip("floor without N", floor=lambda n, t: math.exp(-1 / t)).says(
    "The floor of the mass is e^{-1/t}.",
    "That is the floor for one negative. The mass is a sum over N.",
    "Compare the mass with N e^{-1/t}.",
)
exercise.slip("floor without the temperature", floor=lambda n, t: n * math.exp(-1)).says(
    "A cosine is at least -1, so its exponential is at least e^{-1}.",
    "At temperature 1 you are right. Which exponential is summed at another one?",
    "e^{s/t}, which is smallest at s = -1: compare with N e^{-1/t}.",
)
exercise.slip("share above the floor", counted=lambda mass, floor: mass > floor).says(
    "It is the share of anchors that the floor leaves alone.",
    "With tau_plus = 0 the share must be 0. What do you get?",
    "Count the anchors at or below the floor.",
)
exercise.slip("number instead of share", pool=torch.sum).says(
    "It is the number of anchors on the floor.",
    "Your answer can be larger than 1.",
    "Divide by the number of anchors B.",
)
exercise.slip(
    "share of the pairs",
    mass=lambda pos, neg, tau_plus: (neg - tau_plus * pos[:, None]) / (1 - tau_plus),
    floor=lambda n, t: math.exp(-1 / t),
).says(
    "Every pair of anchor and negative has its own floor.",
    "How many floors does one anchor have?",
    "One: the negatives are summed before the floor is applied.",
)

exercise.style("mean of floats in float32", pool=lambda on_floor: on_floor.float().mean())


@exercise.accepted("count over B, a Python float, validated first", guarded=False)
def floor_fraction(pos_sim, neg_sim, tau_plus, temperature):
    validate.floating("pos_sim", pos_sim)
    validate.floating("neg_sim", neg_sim)
    validate.positive(temperature=temperature)
    if not 0 <= tau_plus < 1 or pos_sim.shape != neg_sim.shape[:1] or neg_sim.ndim != 2 or 0 in neg_sim.shape:
        raise ValueError(f"{pos_sim.shape}, {neg_sim.shape}, tau_plus = {tau_plus}")
    on_floor = 0
    for s_plus, row in zip(pos_sim.tolist(), neg_sim.tolist()):
        mass = sum(math.exp(s / temperature) for s in row) - tau_plus * len(row) * math.exp(s_plus / temperature)
        on_floor += mass / (1 - tau_plus) <= len(row) * math.exp(-1 / temperature)
    return on_floor / len(pos_sim)


@exercise.accepted("mean form, a tensor")
def floor_fraction(pos_sim, neg_sim, tau_plus, temperature):
    pos, neg = (pos_sim.double() / temperature).exp(), (neg_sim.double() / temperature).exp()
    g = (neg.mean(dim=1) - tau_plus * pos) / (1 - tau_plus)
    return (g <= math.exp(-1 / temperature)).double().mean()


@exercise.accepted("numpy, the inequality rearranged")
def floor_fraction(pos_sim, neg_sim, tau_plus, temperature):
    pos, neg = np.exp(pos_sim.double().numpy() / temperature), np.exp(neg_sim.double().numpy() / temperature)
    return np.mean(neg.mean(axis=1) <= (1 - tau_plus) * np.exp(-1 / temperature) + tau_plus * pos)
