"""Judge worlds in which the hinge lemma is as false as it can be for tasks whose classes weigh as nature draws them."""

from __future__ import annotations

import numpy as np

from course import validate, worlds
from course.check._dream import MAX_CLASSES, MAX_DIMENSIONS, MAX_POINTS, fits, hinge_table

REACHED = 0.99  # of the largest share by which the right side can exceed the left one
LARGEST = 1e5  # entry: far beyond it margins are rounding, and either side can be made anything


def weighted_worlds(f, rng):
    """Property of unit 02's `counterexample_weights`: for every law that is not uniform the returned world refutes it,
    by nearly as much as any world."""
    drawn = [worlds.random_law(rng, c, minimum=0.2 / c) for c in (2, 3, 5, 8)]
    laws = [order(rho) for rho in drawn for order in (np.sort, lambda rho: np.sort(rho)[::-1])]
    laws += [worlds.random_law(rng, c, minimum=0.2 / c) for c in (2, 3, 3, 4, 4, 6, 7)]
    laws.append(rng.permutation([0.3, 0.3, 0.4]))
    laws += [
        np.array([0.25, 0.25, 0.26, 0.24]),
        np.array([0.5 - 1e-5, 0.5 + 1e-5]),
        np.array([0.5 + 1.5e-6, 0.5 - 1.5e-6]),
    ]
    laws += [rng.permutation([0.699, 0.3, 0.001]), rng.permutation([0.59, 0.4, 0.005, 0.005])]  # the rarest allowed
    for rho in laws:
        wrong = problem(rho, f(rho.copy()))
        if wrong:
            return f"for rho = {np.round(rho, 7).tolist()}: {wrong}"
    return None


def problem(rho, answer):
    """What is wrong with a returned (classes, z), or None."""
    if not isinstance(answer, list) or len(answer) != 2:
        return "the answer must be the two arrays (classes, z)"
    limits = (MAX_CLASSES, MAX_POINTS), (MAX_POINTS, MAX_DIMENSIONS)
    if not all(fits(part, limit) for part, limit in zip(answer, limits, strict=True)):
        return f"classes (C, S) and z (S, d) must have S <= {MAX_POINTS} and d <= {MAX_DIMENSIONS}"
    arrays = [np.asarray(a) for a in answer]
    if any(a.dtype.kind not in "fiu" for a in arrays):
        return "the two arrays must hold numbers"
    classes, z = (a.astype(float) for a in arrays)
    try:
        validate.world(rho, classes, z)
    except ValueError as error:
        return f"(rho, classes, z) is no world: {error}"
    if not (np.abs(z) <= LARGEST).all():
        return f"the entries of z must be at most {LARGEST:g} in absolute value"
    found, most = excess(rho, classes, z), largest_excess(rho)
    if not found >= REACHED * most:
        return f"the right side exceeds the left by {found:.6g} of the left: not 99 % of the most that a world reaches"
    return None


def largest_excess(rho) -> float:
    """No world's right side exceeds its left one by as much: the two classes for which the weights differ most decide."""
    return float((max(rho) - min(rho)) / (max(rho) + min(rho)))


def excess(rho, classes, z) -> float:
    """By which share of the left side the right side exceeds it, on one world."""
    loss, own = hinge_table(rho, classes, z)
    collision = (rho**2).sum()
    weights = np.outer(rho, rho) * (1 - np.eye(len(rho)))
    # a task (c, e) is drawn in both orders; of the points that it shows, the share rho_c / (rho_c + rho_e) is of class c
    weighted = (2 * weights * rho[:, None] / (rho[:, None] + rho) * own).sum()
    return float((weighted + collision) / loss - 1)
