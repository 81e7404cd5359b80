"""A small exercise for the tests of the author's vocabulary: a x + b, three knobs, four slips."""

import math

import numpy as np

from autograder.author import Case, Exercise, count, non_negative

FACTOR = 3.0


def doubled(x):
    return 2 * x


def scaled(x):
    return FACTOR * doubled(x) / 6


def line():
    """a x + b: three knobs, and a slip for each."""
    exercise = Exercise("line", refuses=(non_negative("x"), count("n", "N")), hints={"values": ("Which slope?",)})

    @exercise.cases
    def cases(rng):
        for n in (1, 2, 3, 5):
            yield Case(f"n = {n}", (float(rng.uniform(1, 2)), n))
        yield from exercise.bad_inputs(1.0, 2)
        yield Case("a larger n", (float(rng.uniform(1, 2)), 9), public=False)

    @exercise.formula
    def line(x, n, *, slope=scaled, shift=lambda n: n + 1.0, sign=1):
        """A line."""
        return slope(x) + sign * shift(n)

    exercise.slip("doubled", slope=doubled).says("The slope is 2.", "Look at the slope.")
    exercise.slip("no one", shift=float).says("The shift is n.", "Look at the shift.")
    exercise.slip("squared", shift=lambda n: n**2 + 1.0).says("The shift is n^2 + 1.", "Look at n = 2.")
    exercise.slip("subtracted", sign=-1).says("The shift is subtracted.", "Look at the sign.")
    exercise.style("numpy", slope=lambda x: np.multiply(x, 1.0))

    @exercise.accepted("by hand", guarded=False)
    def line(x, n):  # noqa: F811
        if not 0 <= x < math.inf or n < 1:
            raise ValueError(f"{x}, {n}")
        return x + n + 1.0

    return exercise


def right(x, n):
    if not 0 <= x < math.inf or n < 1:
        raise ValueError(f"{x}, {n}")
    return x + n + 1.0
