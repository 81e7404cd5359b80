"""Judge the answer of unit 08's `counterexample_step`: a start whose loss rises in one step of gradient descent."""

from __future__ import annotations

import math

import numpy as np

from course.check._dream import fits, unstacked

MARGIN, LONGEST, LARGEST, ROOT = 1e-3, 8, 100.0, math.sqrt(2)
STEPS = (1.42, 1.5, 2, 10.0)


def rises(f, rng):
    """Property: for every step the loss of the start is larger after one step than before."""
    for step in (*STEPS, *rng.uniform(1.45, 9, size=3)):
        problem = problem_of(f(step), step)
        if problem:
            return f"step {step:.4g}: {problem}"
    return None


def problem_of(answer, step) -> str | None:
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
    if losses[1] >= losses[0] + MARGIN:
        return None
    return f"from {losses[0]:.6f} the loss goes to {losses[1]:.6f}: {why(step * s, z[0], u, after - before)}"


def why(pull, z1, u, rise) -> str:
    """What keeps the loss from rising, for a pull of nu s at the start and a logit that rises by so much."""
    if not u.any() and not z1.any():
        return "nothing moves, as the gradient is 0"
    if z1 @ u < 0:
        return "t is negative at the start, where the triplet is right already and hardly pulls"
    if ROOT * pull <= 2:
        return "t is too small at the start: sqrt(2) nu s is not above 2, and |r| does not grow"
    if rise > 0:
        return "it rises by less than asked"
    return "|r|^2 grows, and |q|^2 grows by more, as z3 - z2 is not sqrt(2) z1"
