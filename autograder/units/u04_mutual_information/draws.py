"""Inputs that the checks of unit 04 share: joint laws with zeros or much information, rows that are not of norm 1."""

import numpy as np
import torch

from autograder.author import needs
from autograder.author.short import short
from course.worlds import random_joint


def with_zeros(rng, n_rows, n_columns, share=0.3):
    """Random joint law in which each row keeps one positive cell and about `share` of the others are zero."""
    joint = random_joint(rng, n_rows, n_columns)
    keep = rng.random(joint.shape) > share
    keep[np.arange(n_rows), rng.integers(n_columns, size=n_rows)] = True
    keep[tuple(rng.integers(joint.shape))] = False  # at least one zero; a row that this empties stays legal
    joint = np.where(keep, joint, 0.0)
    return joint / joint.sum()


def with_empty_lines(rng, n_rows, n_columns):
    """Random joint law with its first row and last column empty."""
    joint = np.zeros((n_rows, n_columns))
    joint[1:, :-1] = random_joint(rng, n_rows - 1, n_columns - 1)
    return joint


def of_norm_1(name):
    """Requirement: rows of norm 1 within 1e-2."""

    def one_longer(x):
        return torch.cat([x[:1], 1.1 * x[1:2], x[2:]])

    def one_zero(x):
        return torch.cat([x[:-1], 0 * x[-1:]])

    bad = {
        f"a row of {name} of norm 1.1": {name: one_longer},
        f"rows of {name} of norm 0.5": {name: lambda x: 0.5 * x},
        f"a zero row in {name}": {name: one_zero},
    }
    return needs(f"(({name}.detach().double().norm(dim=1) - 1).abs() <= 1e-2).all()", bad)


def skewed(rng, n_rows, n_columns):
    """A random joint law whose mutual information is not small: a random one, sharpened."""
    joint = random_joint(rng, n_rows, n_columns) + 0.05
    joint[np.arange(n_rows), np.arange(n_rows) % n_columns] += 0.5
    return joint / joint.sum()


def without_information(joint):
    """Marginals of four digits: their product is stored to the last one, so that I stays 0."""
    return np.outer(short(joint.sum(axis=1)), short(joint.sum(axis=0)))
