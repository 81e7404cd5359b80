"""counterexample_step: for steps above sqrt(2), any start whose loss rises in one step, judged by making the step."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, bad_input, needs
from course.check._rising import ROOT, rises

exercise = Exercise(
    "counterexample_step",
    refuses=(
        needs(
            "1.42 <= step <= 10",
            {"step 1.417": {"step": 1.417}, "step 10.1": {"step": 10.1}, "step NaN": {"step": math.nan}},
        ),
    ),
    hints={
        "values": ("Return three vectors, (z1, z2, z3), of one length d <= 8. At 1.42 the loss must rise too.",),
        "bad input": ("Only steps from 1.42 to 10 are asked for; anything else raises ValueError.",),
        "properties": (
            "t = (|r|^2 - |q|^2) / (4 sqrt(2)), and a step multiplies q by 1 + sqrt(2) nu s, r by 1 - sqrt(2) nu s. Which"
            " of the two must be long for t to rise?",
            "r must be long and q short. And |1 - sqrt(2) nu s| must exceed 1: how near to 1 must s be, hence how large t?",
            "q = 0, that is z3 - z2 = sqrt(2) z1, and a long z1.",
        ),
    },
)


@exercise.cases
def cases(rng):
    yield Case("step = 2", (2.0,), compare="any")
    yield Case("another step", (float(rng.uniform(1.45, 9)),), compare="any")
    yield Case("a step near 1.42", (float(rng.uniform(1.42, 1.425)),), compare="any", public=False)
    yield bad_input("step = sqrt(2)", math.sqrt(2))
    yield from exercise.bad_inputs(2.0)


exercise.property("for every step the loss of your start is larger after one step than before")(rises)


@exercise.formula
def counterexample_step(step, *, length=lambda step: 4.0, slope=ROOT, sign=1, given=lambda z: z):
    z1 = np.array([length(step), 0.0])
    z3 = sign * slope / 2 * z1
    return given([z1, -z3, z3])


exercise.slip("long outputs that are right", sign=-1).says(
    "t may be negative at the start.",
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
    "t may be small at the start.",
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
    "Entries may be as large as one likes.",
    "Which entries are allowed?",
    "At most 100 in absolute value; far less is enough.",
    "A z1 of length 3 or 4.",
)

exercise.slip("d above 8", given=lambda z: np.tile(z, 10) / math.sqrt(10)).says(
    "The dimension is free.",
    "How many entries have your vectors, and how many may they have?",
    "d is at most 8; one or two are enough.",
    "z1 = (4, 0).",
)
exercise.slip("a rise that is too small", length=lambda step: 1.9725).says(
    "Any rise will do, however small.",
    "By how much does the loss rise at nu = 1.42, and by how much must it?",
    "By 0.001 at the least: take longer vectors, or a shorter q.",
    "z3 - z2 = sqrt(2) z1, and a z1 of length 3 or 4.",
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
