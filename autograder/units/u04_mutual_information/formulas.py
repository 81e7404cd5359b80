"""What the checks of unit 04 share: marginals, the density ratio, information, and exact losses of a joint law."""

import math

import numpy as np


def independent(joint):
    """The law with the same marginals under which x and y are independent."""
    return np.outer(joint.sum(axis=1), joint.sum(axis=0))


def of_equal_rows(joint):
    """Each x that occurs equally likely, y given x as it is."""
    rows = joint.sum(axis=1, keepdims=True)
    return joint / np.where(rows > 0, rows, 1.0) / np.count_nonzero(rows)


def log_ratio(joint):
    """The critic ln p(x,y) / (p(x) q(y)), -inf where the joint is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(joint > 0, np.log(joint / independent(joint)), -np.inf)


def information(joint):
    return np.sum(joint[joint > 0] * log_ratio(joint)[joint > 0])


def spreads(joint):
    """p(x) of the rows that occur, and chi_x^2 of each: the variance of the ratio under the column marginal."""
    joint = joint[joint.sum(axis=1) > 0][:, joint.sum(axis=0) > 0]
    p = joint.sum(axis=1)
    return p, (joint**2 / joint.sum(axis=0)).sum(axis=1) / p**2 - 1


def optimal_bound(joint, n):
    """ln(N+1) - loss of the optimal critic with N = n negatives, in nats."""
    joint = joint[joint.sum(axis=1) > 0][:, joint.sum(axis=0) > 0]
    critic = log_ratio(joint)
    scores = critic - critic.max(axis=1, keepdims=True)
    finite = np.where(joint > 0, scores, 0.0)
    u = np.arange(-40 - math.log(n + 1), 4 - finite.min(), 0.3)
    decay = -np.exp(u[:, None, None] + scores)  # nodes x rows x columns
    positive = (np.exp(decay) * joint).sum(axis=2)
    negative = np.maximum(np.expm1(decay) @ joint.sum(axis=0), -1 + 1e-16)
    integrand = np.exp(-np.exp(u))[:, None] * joint.sum(axis=1) - positive * np.exp(n * np.log1p(negative))
    return math.log(n + 1) - 0.3 * integrand.sum() + np.sum(joint * finite)


def log_of_sum(gaps, law, n, keep=True, left=40.0):
    """E ln(keep + sum of e^gap of n negatives drawn from `law`): the mean over the negatives, given x and y.

    With the highest score at 0 the integrand changes near u = 0 and u = -score only: the grid has nodes there, and one
    panel between.
    """
    drawn = (law > 0) & (gaps != -np.inf)  # -inf adds nothing to the sum, NaN spoils it
    if not keep and (gaps[law > 0] == -np.inf).any():
        return -np.inf
    top = gaps[drawn].max(initial=0.0)
    scores, law = gaps[drawn] - top, law[drawn]
    window = np.arange(-math.ceil(4 * (left + math.log(n + 1))), 17)
    u = np.unique(np.floor(-4 * np.append(scores, (0.0, -top)))[:, None] + window) / 4
    one = np.maximum(np.expm1(-np.exp(np.minimum(u[:, None] + scores, 700.0))) @ law, -1 + 1e-16)
    kept = np.exp(-np.exp(np.minimum(u - top, 700.0))) if keep else 1.0
    return top + np.trapezoid(np.exp(-np.exp(np.minimum(u, 700.0))) - kept * np.exp(n * np.log1p(one)), u)
