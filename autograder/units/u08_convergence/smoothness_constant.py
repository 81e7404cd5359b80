"""smoothness_constant: what its check looks at."""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from course import validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "smoothness_constant",
    hints={
        "values": ("The published constant, as the text states it: 2 + 8 C^2.",),
        "bad input": ("validate.positive(C=C).",),
    },
)


@exercise.cases
def cases(rng):
    for _ in range(4):
        C = float(rng.uniform(0.1, 4))
        yield Case(f"C = {C:.3f}", (C,))
    yield Case("an integer", (3,))
    yield Case("C = 1e-3", (1e-3,))
    yield Case("C = 1e4", (1e4,))
    for C in (0.0, -1.0, math.nan, math.inf):
        yield bad_input(f"C = {C}", C)


@exercise.accepted("Horner", uses=())
def smoothness_constant(C):
    validate.positive(C=C)
    return 2 * (1 + (2 * C) ** 2)


@exercise.accepted("numpy polynomial")
def smoothness_constant(C):
    if not (C > 0 and np.isfinite(C)):
        raise ValueError(f"C = {C}")
    return np.polyval([8.0, 0.0, 2.0], C)


@exercise.accepted("torch")
def smoothness_constant(C):
    validate.positive(C=C)
    return 2 + 8 * torch.tensor(C, dtype=torch.float64).square()


@exercise.wrong(
    "linear in C",
    belief="The constant grows linearly with the norms.",
    hints=("Double C: by how much does your constant grow?", "It is quadratic: 8 C^2."),
)
def smoothness_constant(C):
    validate.positive(C=C)
    return 2 + 8 * C


@exercise.wrong(
    "the second part alone",
    belief="The curvature comes from the outer product only.",
    hints=("What is your constant for C near 0?", "The mixed second derivatives give the 2, whatever C is."),
)
def smoothness_constant(C):
    validate.positive(C=C)
    return 8 * C**2


@exercise.wrong(
    "4 in place of 8",
    belief="The proof's own ingredients give 4 C^2.",
    hints=(
        "You are right about the proof: 1/2 (2 sqrt 2)^2 = 4.",
        "Here the *published* constant is asked, 2 + 8 C^2; exercise 8 asks for the exact one.",
    ),
)
def smoothness_constant(C):
    validate.positive(C=C)
    return 2 + 4 * C**2


@exercise.wrong(
    "the clean sharper bound",
    belief="sqrt 2 + 3/2 C^2 is the constant of the lemma.",
    hints=(
        "You give the lecture's sharper bound.",
        "Here the published one is asked: 2 + 8 C^2.",
    ),
)
def smoothness_constant(C):
    validate.positive(C=C)
    return math.sqrt(2) + 1.5 * C**2


@exercise.wrong(
    "any C accepted",
    belief="The formula works for every number.",
    hints=("What would norms of at most -1 be?", "C must be a finite number > 0: validate.positive(C=C)."),
)
def smoothness_constant(C):
    return 2 + 8 * C**2
