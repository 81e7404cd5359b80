"""Both sides of the CURL lemma (unit 02, Theorem 2.3) on an empirical law: classes are articles, points are sentences.

    L_un >= (1 - tau) L_sup^mu + tau ln 2        natural logarithm, tau the probability that two classes are the same

Nothing is sampled: every anchor, every positive (the anchor included, as in the theorem), every negative.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

QUANTITIES = ("unsupervised", "after_jensen", "supervised_mean", "error_mean")


def both_sides(z: torch.Tensor, counts: Sequence[int], rho: np.ndarray) -> dict[str, float]:
    """L_un with one negative, the same after Jensen's inequality, L_sup^mu, and the mean classifier's error, over all tasks
    of two different classes; losses in nats.

    z (n, d): sorted by class, counts (C,) rows of each; rho (C,): the law of the classes, D_c is uniform on the rows of c.
    """
    z, rho = z.double(), torch.from_numpy(np.asarray(rho, dtype=float))
    weights = torch.cat([torch.full((n,), float(p) / n) for n, p in zip(counts, rho, strict=True)]).double()
    means = torch.stack([part.mean(dim=0) for part in z.split(list(counts))])
    loss = jensen = supervised = error = 0.0
    same = float(rho.square().sum())
    for c, rows in enumerate(z.split(list(counts))):
        scores = rows @ z.T
        own = scores.split(list(counts), dim=1)[c]
        margins = own[:, :, None] - scores[:, None, :]  # anchor, positive, negative
        loss += float(rho[c] * (F.softplus(-margins).mean(dim=(0, 1)) @ weights))
        against = rows @ (means[c] - means).T  # (n_c, C)
        each = F.softplus(-against).mean(dim=0)
        jensen += float(rho[c] * (each @ rho))
        others = torch.arange(len(rho)) != c
        supervised += float(rho[c] * (each[others] @ rho[others]))
        wrong = (against < 0).double() + 0.5 * (against == 0).double()
        error += float(rho[c] * (wrong.mean(dim=0)[others] @ rho[others]))
    return dict(zip(QUANTITIES, (loss, jensen, supervised / (1 - same), error / (1 - same)), strict=True))


def upper(loss: float | np.ndarray, rho: np.ndarray) -> float | np.ndarray:
    """The largest L_sup^mu that the lemma allows at this L_un."""
    same = float(np.square(rho).sum())
    return (loss - same * math.log(2)) / (1 - same)


def law(parts: Sequence[Sequence[int]], each: int | None = None) -> tuple[list[int], list[int], np.ndarray]:
    """(numbers of the sentences sorted by article, how many of each, rho). each: so many of every article, and then all
    articles are equally likely; None takes all, and an article is as likely as it is long."""
    kept = [article if each is None else article[:each] for article in parts]
    counts = [len(article) for article in kept]
    rho = np.full(len(kept), 1 / len(kept)) if each is not None else np.array(counts) / sum(counts)
    return [i for article in kept for i in article], counts, rho
