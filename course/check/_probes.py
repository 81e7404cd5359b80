"""Judge answers of unit 07 of which many are right: a graph on which a careless bound is false."""

from __future__ import annotations

import numpy as np

from course import validate
from course.check._dream import fits

MOST_NODES = 60
QUOTIENT, LOSS = 0.55, 0.99  # 4 alpha / lambda_{k+1} at most, and the true loss at least
LOST = 1 - 1e-7  # an eigenvalue above that is one of at least 1, up to rounding


def wide_gap(f, rng):
    """Property of `counterexample_gap`: on the returned graph the true loss is 1 and 4 alpha / lambda_{k+1} near one half."""
    for k in (3, 4, int(rng.integers(5, 12)), int(rng.integers(12, 30)), 30):
        wrong = _problem(f(k), k)
        if wrong:
            return f"for k = {k}: {wrong}"
    return None


def _problem(answer, k):
    if not isinstance(answer, (list, tuple)) or len(answer) != 2:
        return "the answer must be the pair (joint, y)"
    joint, y = answer
    if not fits(joint, (MOST_NODES, MOST_NODES)) or not fits(y, (MOST_NODES,)):
        return f"joint must be a matrix (S, S) and y a vector (S,), S at most {MOST_NODES}"
    joint, y = np.asarray(joint, dtype=float), np.asarray(y, dtype=float)
    try:
        validate.joint_law(joint, symmetric=True)
    except ValueError as error:
        return str(error)
    if len(y) != len(joint) or not np.isin(y, (-1, 1)).all():
        return "y must hold a label +1 or -1 for each node"
    if not k < len(joint):
        return f"the graph has {len(joint)} nodes, it needs more than k"
    root = np.sqrt(joint.sum(axis=1))
    lam, u = np.linalg.eigh(np.eye(len(y)) - joint / np.outer(root, root))
    lost = (np.arange(len(y)) >= k) | (lam > LOST)
    loss = np.sum((u.T @ (root * y))[lost] ** 2)
    if loss < LOSS:
        return f"the loss of the spectral embedding is {loss:.4g}, it must be at least {LOSS}"
    energy = np.sum(joint * (y[:, None] - y) ** 2) / 2
    if not energy <= QUOTIENT * lam[k]:
        return f"4 alpha = {energy:.4g} and lambda_(k+1) = {lam[k]:.4g}, the quotient must be at most {QUOTIENT}"
    return None
