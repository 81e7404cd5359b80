"""Judge answers of which many are right: a world that refutes a statement is evaluated from the definitions."""

from __future__ import annotations

import math

import numpy as np

from course import validate

MARGIN = 1e-9  # a preference smaller than this is a tie
SMALLEST = math.sqrt(1.5)


def dream_world(f, rng):
    """Property of unit 02's `counterexample_dream`: for every spread r the returned world is a counterexample."""
    for r in (1.3, *rng.uniform(SMALLEST + 0.02, 4, size=3)):
        wrong = problem(f(float(r)))
        if wrong:
            return f"at r = {r:.4g}: {wrong}"
    return None


def hinge_losses(rho, classes, z):
    """(contrastive, mean classifier) hinge losses of a world, summed term by term from the definitions."""
    inner, scores = z @ z.T, z @ (classes @ z).T
    contrastive = supervised = distinct = 0.0
    for c, p in enumerate(rho):
        for e, q in enumerate(rho):
            hinge = np.maximum(0, 1 - (inner[:, :, None] - inner[:, None, :]))  # axes: x, x+, x-
            contrastive += p * q * np.einsum("x,y,k,xyk->", classes[c], classes[c], classes[e], hinge)
            if c != e:
                supervised += p * q * (classes[c] @ np.maximum(0, 1 - (scores[:, c] - scores[:, e])))
                distinct += p * q
    return contrastive, supervised / distinct


def problem(answer):
    """What is wrong with a returned (rho, classes, z_useless, z_good), or None."""
    if not isinstance(answer, list) or len(answer) != 4:
        return "the answer must be the four arrays (rho, classes, z_useless, z_good)"
    arrays = [np.asarray(a) for a in answer]
    if any(a.dtype.kind not in "fiu" for a in arrays):
        return "the four arrays must hold numbers"
    rho, classes, useless, good = (a.astype(float) for a in arrays)
    for name, z in (("z_useless", useless), ("z_good", good)):
        try:
            validate.world(rho, classes, z)
        except ValueError as error:
            return f"(rho, classes, {name}) is no world: {error}"
    if len(rho) < 2:
        return "the world has one class: there is no task"
    if max(classes.size, useless.size, good.size) > 4000:
        return "the world is too large: at most 4000 entries an array"
    (lost, at_useless), (kept, at_good) = hinge_losses(rho, classes, useless), hinge_losses(rho, classes, good)
    if not at_good <= MARGIN:
        return f"the mean classifier of z_good has hinge loss {at_good:.4g}, it must be 0"
    if not at_useless >= 1 - MARGIN:
        return f"the mean classifier of z_useless has hinge loss {at_useless:.4g}, it must be at least 1"
    if not lost < kept - MARGIN:
        return f"the contrastive loss must prefer z_useless, but it is {lost:.4g} there and {kept:.4g} at z_good"
