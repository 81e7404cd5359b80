"""Judge answers of which many are right: a world that refutes a statement is evaluated from the definitions."""

from __future__ import annotations

import math

import numpy as np

from course import validate

MAX_CLASSES, MAX_POINTS, MAX_DIMENSIONS = (
    10,
    40,
    20,
)  # of a world that is returned: its losses are sums over S^3 triples
MARGIN = 1e-9  # a preference smaller than this is a tie
SMALLEST = math.sqrt(1.5)


def dream_world(f, rng):
    """Property of unit 02's `counterexample_dream`: for every spread r the returned world is a counterexample."""
    for r in (1.3, *rng.uniform(SMALLEST + 0.02, 4, size=3)):
        wrong = problem(f(float(r)))
        if wrong:
            return f"at r = {r:.4g}: {wrong}"
    return None


def fits(answer, limits: tuple[int, ...]) -> bool:
    """Whether an array, or lists of numbers, has one axis for each limit and none longer; looks at lengths only, so that
    an answer of any size costs nothing."""
    if isinstance(answer, (list, tuple)):
        return bool(limits) and len(answer) <= limits[0] and all(fits(item, limits[1:]) for item in answer)
    shape = np.shape(answer)
    return len(shape) == len(limits) and all(n <= most for n, most in zip(shape, limits, strict=True))


def unstacked(answer, axes: int):
    """The parts of an array with that many axes, in which several of one shape were put together; else what came."""
    return list(answer) if isinstance(answer, np.ndarray) and answer.ndim == axes else answer


def hinge_losses(rho, classes, z):
    """(contrastive, mean classifier) hinge losses of a world, by the definitions: sums over triples and over tasks."""
    contrastive, own = hinge_table(rho, classes, z)
    tasks = np.outer(rho, rho) * (1 - np.eye(len(rho)))
    return contrastive, (tasks * own).sum() / tasks.sum()


def hinge_table(rho, classes, z):
    """The contrastive hinge loss, and own[c, e], the mean classifier's hinge loss on the points of c against class e."""
    inner, scores = z @ z.T, z @ (classes @ z).T
    hinge = np.maximum(0, 1 - (inner[:, :, None] - inner[:, None, :]))  # axes: x, x+, x-
    contrastive = np.einsum("xy,k,xyk->", classes.T @ (rho[:, None] * classes), rho @ classes, hinge)
    own = np.einsum("cx,xce->ce", classes, np.maximum(0, 1 - (scores[:, :, None] - scores[:, None, :])))
    return contrastive, own


def problem(answer):
    """What is wrong with a returned (rho, classes, z_useless, z_good), or None."""
    if not isinstance(answer, list) or len(answer) != 4:
        return "the answer must be the four arrays (rho, classes, z_useless, z_good)"
    limits = (MAX_CLASSES,), (MAX_CLASSES, MAX_POINTS), (MAX_POINTS, MAX_DIMENSIONS), (MAX_POINTS, MAX_DIMENSIONS)
    if not all(fits(part, limit) for part, limit in zip(answer, limits, strict=True)):
        return (
            f"rho (C,), classes (C, S) and the embeddings (S, d) must have C <= {MAX_CLASSES}, S <= {MAX_POINTS} and "
            f"d <= {MAX_DIMENSIONS}"
        )
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
    (lost, at_useless), (kept, at_good) = hinge_losses(rho, classes, useless), hinge_losses(rho, classes, good)
    if not at_good <= MARGIN:
        return f"the mean classifier of z_good has hinge loss {at_good:.4g}, it must be 0"
    if not at_useless >= 1 - MARGIN:
        return (
            f"the mean classifier of z_useless has a hinge loss below 1, by {1 - at_useless:.3g}; it must be at least 1"
        )
    if not lost < kept - MARGIN:
        return (
            f"the contrastive loss must prefer z_useless, but it is {lost:.4g} there and {kept:.4g} at z_good "
            f"(difference {lost - kept:.3g})"
        )
