"""Inputs of this unit's checks, and what they must be: cosines and views whose debiased mass is clear of the floor, or
on it, on purpose. Near the floor rounding decides on which side of the maximum an anchor lies, so no input is drawn there.
"""

import math

import torch
import torch.nn.functional as F

from autograder.author import needs, positive
from autograder.author.draw import tensor

CLEAR = 0.05  # distance from the floor, as a share of the larger of the two masses that are subtracted

PRIOR = needs(
    "0 <= tau_plus < 1",
    {"tau_plus 1": {"tau_plus": 1.0}, "tau_plus -0.1": {"tau_plus": -0.1}, "tau_plus NaN": {"tau_plus": math.nan}},
)
COSINES = (
    PRIOR,
    positive("temperature"),
    needs(
        "pos_sim.ndim == 1 and neg_sim.ndim == 2 and len(pos_sim) == len(neg_sim) and neg_sim.numel() > 0",
        {
            "batch sizes that differ": {"pos_sim": lambda pos: pos[:-1]},
            "pos_sim with two axes": {"pos_sim": lambda pos: pos[:, None]},
            "neg_sim with one axis": {"neg_sim": lambda neg: neg[:, 0]},
            "no negatives": {"neg_sim": lambda neg: neg[:, :0]},
            "no anchors": {"pos_sim": lambda pos: pos[:0], "neg_sim": lambda neg: neg[:0]},
        },
    ),
    needs(
        "not pos_sim.isnan().any() and not neg_sim.isnan().any()",
        {f"NaN in {name}": {name: lambda cosines: cosines * torch.nan} for name in ("pos_sim", "neg_sim")},
    ),
)


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
        pos, neg = torch.empty(b, dtype=torch.float64), torch.empty(b, n, dtype=torch.float64)
        again = torch.ones(b, dtype=torch.bool)
        for _ in range(1000):  # anchors that are near the floor, or on it against the wish, are drawn anew
            pos[again] = torch.from_numpy(rng.uniform(*positive, size=int(again.sum())))
            neg[again] = torch.from_numpy(rng.uniform(*negative, size=(int(again.sum()), n)))
            gap = before_floor(pos, neg, tau_plus, temperature)
            again = gap.abs() <= CLEAR if saturated else gap <= CLEAR
            if not again.any():
                break
        below = int((gap < 0).sum())
        if not again.any() and (0 < below < b if saturated else below == 0):
            return pos, neg
    raise RuntimeError(f"no cosines found for tau_plus = {tau_plus}, temperature = {temperature}")


def views(rng, b, d, tau_plus, temperature, *, noise=1.0, dtype=torch.float64, saturated=False, clear=CLEAR):
    """Two related views (B, d), rows of lengths from 0.2 to 4.5, no anchor near the floor. Longer ones would overflow
    where somebody forgets to normalise, in many ways.

    saturated  False: no anchor on the floor; True: some on it and some not; None: as it comes
    """
    for _ in range(1000):
        first = tensor(rng, b, d)
        second = first + noise * tensor(rng, b, d)
        lengths = torch.from_numpy(rng.uniform(-1.5, 1.5, size=(2, b, 1))).exp()
        first, second = (F.normalize(z) * length for z, length in zip((first, second), lengths, strict=True))
        first, second = first.to(dtype), second.to(dtype)
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
