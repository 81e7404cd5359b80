"""Judge unit 04's `counterexample_repeated`: a joint law and a critic are evaluated from the definitions."""

from __future__ import annotations

import math

import numpy as np

from course import validate
from course.check._dream import fits, unstacked

LONGEST, LARGEST, FEWEST, MOST = 20, 1000.0, 300, 100_000


def exceeds(f, rng):
    """Property: for every N the number of the returned joint and critic is above the information by half of ln(N+1)."""
    for n in (FEWEST, FEWEST + 1, *map(int, rng.integers(400, MOST, size=3)), MOST):
        wrong = problem(f(n), n)
        if wrong:
            return f"N = {n}: {wrong}"
    return None


def problem(answer, n: int) -> str | None:
    """What is wrong with a returned (joint, critic) for N = n, or None."""
    answer = unstacked(answer, 3)
    if not isinstance(answer, (list, tuple)) or len(answer) != 2:
        return "the answer is not (joint, critic)"
    if not all(fits(part, (LONGEST, LONGEST)) for part in answer):
        return f"two matrices (S, T) with S and T of at most {LONGEST} are wanted"
    try:
        joint, critic = (np.asarray(part, dtype=float) for part in answer)
        validate.joint_law(joint)
    except ValueError as error:
        return str(error)
    if critic.shape != joint.shape:
        return f"joint has the shape {joint.shape}, critic {critic.shape}"
    if not (abs(critic) <= LARGEST).all():
        return f"scores must be finite and at most {LARGEST:g} in absolute value"
    information, certified = both_sides(joint, critic, n)
    excess, asked = certified - information, math.log(n + 1) / 2
    if not excess >= asked:
        return f"ln(N+1) - loss = {certified:.6g} and I = {information:.6g} differ by {excess:.6g}, not by {asked:.6g}"
    return None


def both_sides(joint, critic, n: int) -> tuple[float, float]:
    """(mutual information, ln(N+1) minus the loss with one negative that is shown N times)."""
    columns = joint.sum(axis=0)
    cells = joint > 0
    ratio = joint[cells] / np.outer(joint.sum(axis=1), columns)[cells]
    gaps = critic[:, None, :] - critic[:, :, None]  # axes x, y, y'
    loss = np.sum(joint[:, :, None] * columns * np.logaddexp(0, math.log(n) + gaps))
    return float(joint[cells] @ np.log(ratio)), math.log(n + 1) - float(loss)
