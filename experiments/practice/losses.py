"""Losses that no notebook holds: VICReg, and losses of other methods with a part taken away or counted."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from course import validate


def vicreg_loss(
    z1: torch.Tensor, z2: torch.Tensor, *, invariance: float = 25.0, variance: float = 25.0, covariance: float = 1.0
) -> torch.Tensor:
    """invariance * mean (z1 - z2)^2, and for each view: variance / 2 * mean_j max(0, 1 - s_j), s_j the standard deviation
    of coordinate j over the batch, and covariance / d * the sum of the squared covariances of different coordinates.

    z1, z2 (B, d), B >= 2, rows of any length. Returns a tensor of shape (). Raises ValueError for unequal shapes, B < 2, NaN.
    Source: VICReg (Bardes et al. 2022), eqs. (1) to (6); as in its code, the variance term is the mean of both views.
    """
    validate.batch(z1=z1, z2=z2)
    if len(z1) < 2:
        raise ValueError(f"vicreg_loss needs at least two images, got shape {tuple(z1.shape)}")
    loss = invariance * F.mse_loss(z1, z2)
    for z in (z1, z2):
        centred = z - z.mean(dim=0)
        cov = centred.T @ centred / (len(z) - 1)
        spread = torch.sqrt(cov.diagonal() + 1e-4)  # the root has no finite slope at 0
        off = cov - torch.diag(cov.diagonal())
        loss = loss + variance / 2 * F.relu(1 - spread).mean() + covariance * off.square().sum() / z.shape[1]
    return loss


def nt_xent_with(z1: torch.Tensor, z2: torch.Tensor, temperature: float, n_negatives: int) -> torch.Tensor:
    """NT-Xent in which each anchor meets n_negatives of the 2B - 2 views of other images: those that follow it in the batch.

    A batch comes in random order, so they are a random choice. n_negatives = 2B - 2 is NT-Xent itself.
    """
    validate.batch(z1=z1, z2=z2)
    b = len(z1)
    if not 1 <= n_negatives <= 2 * b - 2:
        raise ValueError(f"n_negatives must lie in 1..{2 * b - 2} for a batch of {b}, got {n_negatives}")
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    logits = z @ z.T / temperature
    rows = torch.arange(2 * b, device=z.device)
    others = (rows[:, None] + _steps(b).to(z.device)[:n_negatives]) % (2 * b)
    positive = logits[rows, rows.roll(b), None]
    return (torch.cat([positive, logits.gather(1, others)], dim=1).logsumexp(dim=1) - positive[:, 0]).mean()


def _steps(b: int) -> torch.Tensor:
    """How far ahead of an anchor the views of other images are among 2b: all but 0 and b."""
    steps = torch.arange(1, 2 * b)
    return steps[steps != b]


def similarity_without_stop(p1: torch.Tensor, p2: torch.Tensor, z1: torch.Tensor, z2: torch.Tensor) -> torch.Tensor:
    """- (cos(p1, z2) + cos(p2, z1)) / 2, mean over the batch: the value of SimSiam's loss, with a gradient through all four."""
    return -(F.cosine_similarity(p1, z2).mean() + F.cosine_similarity(p2, z1).mean()) / 2


def swapped_prediction(
    codes1: torch.Tensor, codes2: torch.Tensor, scores1: torch.Tensor, scores2: torch.Tensor, temperature: float
) -> torch.Tensor:
    """Cross-entropy, in nats, of each view's softmax under the codes (B, K) of the other, whatever these come from."""
    first = (codes2 * F.log_softmax(scores1 / temperature, dim=1)).sum(dim=1)
    second = (codes1 * F.log_softmax(scores2 / temperature, dim=1)).sum(dim=1)
    return -(first + second).mean() / 2
