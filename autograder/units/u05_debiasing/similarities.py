"""Inputs of this unit's checks: cosines and views whose debiased mass is clear of the floor, or on it, on purpose.

Near the floor a rounding error decides on which side of the maximum an anchor lies, so no input is drawn there.
"""

import math

import torch
import torch.nn.functional as F

from autograder.draw import tensor

CLEAR = 0.05  # distance from the floor, as a share of the larger of the two masses that are subtracted


def before_floor(pos_sim, neg_sim, tau_plus, temperature):
    """Per anchor: (mass before the maximum - floor) / (sum of negatives + tau_plus N e^{s+/t}), in float64, any t."""
    pos, neg = pos_sim.double() / temperature, neg_sim.double() / temperature
    n = neg.shape[1]
    top = torch.maximum(pos, neg.max(dim=1).values)
    others, own = (neg - top[:, None]).exp().sum(dim=1), tau_plus * n * (pos - top).exp()
    floor = n * (-1 / temperature - top).exp()
    return ((others - own) / (1 - tau_plus) - floor) / (others + own)


def cosines(rng, b, n, tau_plus, temperature, *, positive=(-0.2, 0.6), negative=(-0.8, 0.8), saturated=False):
    """pos_sim (B,), neg_sim (B, N) float64, no anchor near the floor; `saturated`: some on it and some not."""
    for _ in range(1000):
        pos = torch.from_numpy(rng.uniform(*positive, size=b))
        neg = torch.from_numpy(rng.uniform(*negative, size=(b, n)))
        gap = before_floor(pos, neg, tau_plus, temperature)
        below = int((gap < 0).sum())
        if (gap.abs() > CLEAR).all() and (0 < below < b if saturated else below == 0):
            return pos, neg
    raise RuntimeError(f"no cosines found for tau_plus = {tau_plus}, temperature = {temperature}")


def views(rng, b, d, tau_plus, temperature, *, noise=1.0, dtype=torch.float64, saturated=False, clear=CLEAR):
    """Two related views (B, d), rows of lengths from about 0.2 to 5, no anchor near the floor.

    saturated  False: no anchor on the floor; True: some on it and some not; None: as it comes
    """
    for _ in range(1000):
        first = tensor(rng, b, d)
        second = first + noise * tensor(rng, b, d)
        lengths = torch.from_numpy(rng.uniform(-1.5, 1.5, size=(2, b, 1))).exp()
        first, second = (first * lengths[0]).to(dtype), (second * lengths[1]).to(dtype)
        gap = before_floor(*batch_cosines(first, second), tau_plus, temperature)
        below = int((gap < 0).sum())
        wanted = saturated is None or (0 < below < 2 * b if saturated else below == 0)
        if wanted and (gap.abs() > clear).all():
            return first, second
    raise RuntimeError(f"no views found for tau_plus = {tau_plus}, temperature = {temperature}")


def batch_cosines(first, second):
    """Cosines of each of the 2B rows with its partner (2B,) and with the rows of other images (2B, 2B - 2)."""
    z = F.normalize(torch.cat([first, second]).double(), dim=1)
    n, s, rows = len(z), z @ z.T, torch.arange(len(z))
    other = (rows[:, None] - rows) % (n // 2) != 0
    return s[rows, rows.roll(n // 2)], s[other].view(n, n - 2)


def floor(n, temperature):
    return n * math.exp(-1 / temperature)
