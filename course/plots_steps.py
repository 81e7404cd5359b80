"""Pictures for the exercises: what one gradient step does."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import torch


def gradient_step(gradient, anchor: float, positive: float, negatives: list[float], step: float = 0.6):
    """One anchor, its positive and its negatives on the unit circle (angles in radians), and the step that gradient
    descent takes: `gradient(anchor, positive, negatives)` -> (B, d) with B = 1, d = 2. Returns the figure."""
    point = lambda angle: torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64)  # noqa: E731
    a, p, n = point(anchor), point(positive), torch.stack([point(angle) for angle in negatives])
    move = -step * gradient(a[None], p[None], n[None])[0]
    figure, axes = plt.subplots(figsize=(4.2, 4.2))
    axes.add_patch(plt.Circle((0, 0), 1, fill=False, color="0.8"))
    axes.scatter(*a, s=70, color="black", zorder=3, label="anchor")
    axes.scatter(*p, s=70, color="#1a7f37", zorder=3, label="positive")
    axes.scatter(*n.T, s=70, color="#b3261e", zorder=3, label="negatives")
    axes.annotate("", xy=(a + move).tolist(), xytext=a.tolist(), arrowprops={"arrowstyle": "-|>", "lw": 2})
    axes.set(xlim=(-1.35, 1.35), ylim=(-1.35, 1.35), aspect="equal", xticks=[], yticks=[])
    axes.legend(loc="lower right", frameon=False)
    return figure
