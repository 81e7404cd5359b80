"""What the checks of unit 02 share: the laws, losses and weights of a finite world, written once."""

import math

import numpy as np

LN2 = math.log(2)


def one_class(rho, classes):
    """Joint law (S, S) of two points that share a class."""
    return classes.T @ (rho[:, None] * classes)


def without_repeats(joint):
    """A joint law given that the two points differ."""
    apart = joint * (1 - np.eye(len(joint)))
    return apart / apart.sum()


def of_norm_1(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-300)


def on_support(classes):
    """Rows (C, S) that are uniform on the points which the class can produce."""
    return (classes > 0) / (classes > 0).sum(axis=1, keepdims=True)


def distinct(rho):
    """Weights (C, C) of two independent classes that differ; they sum to 1 - tau."""
    return np.outer(rho, rho) * (1 - np.eye(len(rho)))


def triplet_losses(z):
    """ln(1 + e^v) of every (anchor, positive, negative)."""
    inner = z @ z.T
    return np.logaddexp(0, inner[:, None, :] - inner[:, :, None])


def loss_of_others(rho, classes, z):
    """The contrastive loss if a negative came from another class than the anchor's."""
    given = np.einsum("cx,cy,xyk->ck", classes, classes, triplet_losses(z)) @ classes.T
    return (distinct(rho) * given).sum() / distinct(rho).sum()


def own_losses(classes, z):
    """own[c, e] = E_{x ~ D_c} ln(1 + exp(f(x).(mu_e - mu_c)))."""
    scores = z @ (classes @ z).T
    return np.einsum("cx,xce->ce", classes, np.logaddexp(0, scores[:, None, :] - scores[:, :, None]))
