"""smoothness_constant: what its check looks at."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, positive

exercise = Exercise(
    "smoothness_constant",
    refuses=(positive("C", math.inf),),
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
    C = float(10 ** rng.uniform(0.7, 3))
    yield Case(f"C = {C:.4g}", (C,), public=False)
    yield Case("C = 1e-3", (1e-3,))
    yield Case("C = 1e4", (1e4,))
    yield from exercise.bad_inputs(1.0)


@exercise.formula
def smoothness_constant(C, *, mixed=2.0, outer=8.0, power=2):
    return mixed + outer * C**power


exercise.slip("linear in C", power=1).says(
    "The constant grows linearly with the norms.",
    "Double C: by how much does your constant grow?",
    "It is quadratic: 8 C^2.",
)
exercise.slip("the second part alone", mixed=0.0).says(
    "The curvature comes from the outer product only.",
    "What is your constant for C near 0?",
    "The mixed second derivatives give the 2, whatever C is.",
)
exercise.slip("4 in place of 8", outer=4.0).says(
    "The proof's own ingredients give 4 C^2.",
    "You are right about the proof: 1/2 (2 sqrt 2)^2 = 4.",
    "Here the *published* constant is asked, 2 + 8 C^2; question 10 asks for the best one.",
)
exercise.slip("the 8 squared too", outer=64.0).says(
    "8 C^2 is the square of 8 C.",
    "What is your constant for C = 1? It should be 10.",
    "Only C is squared: 8 C^2 = 8 * C * C.",
    "2 + 8 * C**2, not 2 + (8 * C)**2.",
)
exercise.slip("the clean sharper bound", mixed=math.sqrt(2), outer=1.5).says(
    "sqrt 2 + 3/2 C^2 is the constant of the lemma.",
    "You give the lecture's sharper bound.",
    "Here the published one is asked: 2 + 8 C^2.",
)


@exercise.wrong(
    "any C accepted",
    belief="The formula works for every number.",
    hints=("What would norms of at most -1 be?", "C must be a finite number > 0: validate.positive(C=C)."),
    guarded=False,
)
def smoothness_constant(C):
    return 2 + 8 * C**2


@exercise.accepted("numpy polynomial, validated by hand", guarded=False)
def smoothness_constant(C):
    if not (C > 0 and np.isfinite(C)):
        raise ValueError(f"C = {C}")
    return np.polyval([8.0, 0.0, 2.0], C)


@exercise.accepted("torch, Horner")
def smoothness_constant(C):
    return 2 * (1 + (2 * torch.tensor(C, dtype=torch.float64)).square())
