"""Judge unit 10's k-way tasks: which sets of classes were drawn shows in the accuracies, whatever the random numbers were."""

from __future__ import annotations

import itertools
import math

import numpy as np
import torch

N_SEEDS = 60  # all of ten sets but two are drawn in so many tasks, save once in 10^6
NAMED = torch.tensor([7, -2, 30, 11, 4, 100, 0, 55, 3, 21, -9, 8, 60, 42, 17])


def data(rng, n_classes, dim, n_train, n_test, noise=1.2):
    """Classes of unequal size and with means of unequal length, shuffled, with labels in no order."""
    centres = rng.normal(size=(n_classes, dim)) * rng.uniform(0.5, 2.0, size=(n_classes, 1))
    parts = []
    for n in (n_train, n_test):
        own = np.concatenate([np.arange(n_classes), rng.choice(n_classes, p=sizes(n_classes), size=n - n_classes)])
        own = rng.permutation(own)
        z = centres[own] + noise * rng.normal(size=(n, dim)) + 0.4
        parts += [torch.from_numpy(z), NAMED[torch.from_numpy(own)]]
    return parts


def sizes(n_classes):
    weights = np.linspace(1, 3, n_classes)
    return weights / weights.sum()


def exact(parts, k):
    """The accuracy of the mean classifier on every set of k classes."""
    train_z, train_y, test_z, test_y = (np.asarray(part) for part in parts)
    means = {c: train_z[train_y == c].mean(axis=0) for c in np.unique(train_y)}
    found = []
    for task in itertools.combinations(means, k):
        asked = np.isin(test_y, task)
        best = np.array(task)[(test_z[asked] @ np.stack([means[c] for c in task]).T).argmax(axis=1)]
        found.append((best == test_y[asked]).mean())
    return np.array(found)


def random_tasks(f, rng):
    """Property of `average_kway_accuracy`: the law of the tasks, and the mean over them."""
    parts = data(rng, 5, 3, 30, 60)
    for k in (2, 3):
        possible = exact(parts, k)
        single = np.array([f(*parts, k, 1, seed, "mean") for seed in range(N_SEEDS)])
        near = np.abs(single[:, None] - possible).min(axis=1)
        if near.max() > 1e-9:
            return f"k = {k}, one task: an answer is the accuracy of no set of k classes (answered among these k only)"
        if np.ptp(single) == 0:
            return "every seed gives the same task"
        if (np.abs(np.unique(single)[:, None] - possible).min(axis=0) > 1e-9).sum() > 2:
            return f"k = {k}: some sets of classes are never drawn"
        if abs(single.mean() - possible.mean()) > 5 * possible.std() / math.sqrt(N_SEEDS):
            return f"k = {k}: the sets of classes are not equally likely"
        pairs = (possible[:, None] + possible) / 2
        two = [f(*parts, k, 2, seed, "mean") for seed in range(12)]
        if max(np.abs(pairs - value).min() for value in two) > 1e-9:
            return "the answer for two tasks is not the mean of the accuracies of two tasks"
        many = f(*parts, k, 200, 3, "mean")
        if abs(many - possible.mean()) > 5 * possible.std() / math.sqrt(200):
            return f"k = {k}: the mean over 200 tasks is far from that over all sets of classes: are the draws independent?"


def seeded(f, rng):
    """Property of `average_kway_accuracy`: one seed, one answer."""
    parts = data(rng, 8, 3, 40, 60)
    values = [f(*parts, 2, 3, seed, "mean") for seed in (0, 1, 2, 0)]
    if values[0] != values[3]:
        return "the same seed gave two answers"
    if values[0] == values[1] == values[2]:
        return "three seeds gave the same answer"
