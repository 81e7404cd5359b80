"""counterexample_step: for steps above sqrt(2), any start whose loss rises in one step, judged by making the step."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, bad_input, needs
from course.check._dream import fits, unstacked

exercise = Exercise(
    "counterexample_step",
    refuses=(
        needs(
            "1.42 <= step <= 10",
            {"step 1.417": {"step": 1.417}, "step 10.1": {"step": 10.1}, "step NaN": {"step": math.nan}},
        ),
    ),
    hints={
        "values": ("Return three vectors, (z1, z2, z3), of one length d <= 8.",),
        "bad input": ("Only steps from 1.42 to 10 are asked for; anything else raises ValueError.",),
        "properties": (
            "t = (|r|^2 - |q|^2) / (4 sqrt(2)), and a step multiplies q by 1 + sqrt(2) nu s, r by 1 - sqrt(2) nu s. Which"
            " of the two must be long for t to rise?",
            "r must be long and q short. And |1 - sqrt(2) nu s| must exceed 1: how near to 1 must s be, hence how large t?",
            "q = 0, that is z3 - z2 = sqrt(2) z1, and a long z1.",
        ),
    },
)
MARGIN, LONGEST, LARGEST, ROOT = 1e-3, 8, 100.0, math.sqrt(2)


@exercise.cases
def cases(rng):
    yield Case("step = 2", (2.0,), compare="any")
    yield Case("another step", (float(rng.uniform(1.45, 9)),), compare="any")
    yield bad_input("step = sqrt(2)", math.sqrt(2))
    yield from exercise.bad_inputs(2.0)


@exercise.property("for every step the loss of your start is larger after one step than before")
def rises(f, rng):
    for step in (1.42, 1.5, 2, 10.0, *rng.uniform(1.45, 9, size=3)):
        problem = problem_of(f(step), step)
        if problem:
            return f"step {step:.4g}: {problem}"


def problem_of(answer, step):
    """What is wrong with the answer for this step, or None."""
    answer = unstacked(answer, 2)
    if not isinstance(answer, (list, tuple)) or len(answer) != 3:
        return "the answer is not (z1, z2, z3)"
    if not all(fits(z, (LONGEST,)) for z in answer):
        return f"three vectors of a length of at most {LONGEST} are wanted"
    z = [np.asarray(x, dtype=float) for x in answer]
    if len({x.shape for x in z}) > 1 or not z[0].size:
        return f"the vectors have the shapes {[x.shape for x in z]}"
    if not all((abs(x) <= LARGEST).all() for x in z):
        return f"entries must be finite and at most {LARGEST:g} in absolute value"
    u = z[2] - z[1]
    before = z[0] @ u
    s = math.exp(-np.logaddexp(0, -before))
    after = (z[0] - step * s * u) @ (u - 2 * step * s * z[0])
    losses = np.logaddexp(0, before), np.logaddexp(0, after)
    if not losses[1] >= losses[0] + MARGIN:
        return f"from {losses[0]:.6f} the loss goes to {losses[1]:.6f}{why(step * s, z[0], u, after - before)}"


def why(pull, z1, u, rise):
    """What keeps the loss from rising, for a pull of nu s at the start and a logit that rises by so much."""
    if not u.any() and not z1.any():
        return ": nothing moves, as the gradient is 0"
    if z1 @ u < 0:
        return ": t is negative at the start, where the triplet is right already and hardly pulls"
    if ROOT * pull <= 2:
        return ": t is too small at the start: sqrt(2) nu s is not above 2, and |r| does not grow"
    return (
        ": it rises by less than asked"
        if rise > 0
        else ": |r|^2 grows, and |q|^2 grows by more, as z3 - z2 is not sqrt(2) z1"
    )


@exercise.formula
def counterexample_step(step, *, length=lambda step: 4.0, slope=ROOT, sign=1, given=lambda z: z):
    z1 = np.array([length(step), 0.0])
    z3 = sign * slope / 2 * z1
    return given([z1, -z3, z3])


exercise.slip("long outputs that are right", sign=-1).says(
    "Long outputs are enough: the curvature grows with the norms.",
    "How hard does a triplet pull whose loss is nearly 0?",
    "t must be large and *positive*: then s is nearly 1.",
    "z3 - z2 in the direction of z1, not against it.",
)
exercise.slip("q long", slope=40.0).says(
    "Any start with a large t will do.",
    "Compute q for your start: by what is it multiplied in a step?",
    "q grows by the factor 1 + sqrt(2) nu s, and pulls t down with it: it must be short.",
    "z3 - z2 = sqrt(2) z1 makes q = 0.",
)
exercise.slip("a short anchor", length=lambda step: 0.8).says(
    "At the saddle q = 0 the loss rises for every step above sqrt(2).",
    "How large is s for your start? And sqrt(2) nu s?",
    "The factor 1 - sqrt(2) nu s is below -1 only if s > sqrt(2) / nu: t must be large when nu is near sqrt(2).",
    "The same direction, and longer vectors.",
)
exercise.slip("all outputs zero", length=lambda step: 0.0).says(
    "At zero every direction is as good as another, so the loss may rise.",
    "What is the gradient where all outputs are 0?",
    "It is 0: nothing moves.",
    "Take a long z1.",
)
exercise.slip("beyond all measure", length=lambda step: 1e6).says(
    "The longer, the better.",
    "Which entries are allowed?",
    "At most 100 in absolute value; far less is enough.",
    "A z1 of length 3 or 4.",
)

exercise.style("lists of lists of one number", given=lambda z: [[float(x[0])] for x in z])
exercise.style("torch", given=lambda z: tuple(map(torch.from_numpy, z)))


@exercise.accepted("a search over starts with a short q")
def counterexample_step(step):
    rng = np.random.default_rng(0)
    for _ in range(1000):
        r = rng.normal(size=3) * 6
        q = rng.normal(size=3) * 1e-4
        z1, u = (r - q) / (2 * math.sqrt(2)), (r + q) / 2
        t = z1 @ u
        y = math.sqrt(2) * step / (1 + math.exp(-t))
        if ((1 - y) ** 2 * r @ r - (1 + y) ** 2 * q @ q) / (4 * math.sqrt(2)) > t + 0.01:
            return z1, -u / 2, u / 2
