"""Inputs that the checks of unit 01 share."""

import torch

from autograder.author.draw import tensor

# hints for cases of their own
HALF = "float16 ends at 65504, and what you create must be float16 too: `torch.zeros_like(x)`, `x.new_tensor(...)`."
STRIDED = "`reshape` takes what is not contiguous in memory, `view` does not."


def drawn(rng, b, n, d, scale=1.0):
    """Anchors (B, d), a positive (B, d) and N negatives (B, N, d) for each; `scale` is that of the candidates."""
    return tensor(rng, b, d), tensor(rng, b, d, scale=scale), tensor(rng, b, n, d, scale=scale)


OPPOSITE = (
    "An anchor may lie opposite to all its candidates, whose scores are -1/t then: which number is below all of them?"
)


def opposite(rng, d):
    """Two images whose first view lies nearly opposite to all other views: it has no candidate with a score above -1/t."""
    direction = tensor(rng, 1, d)
    rows = -direction + 0.01 * tensor(rng, 4, d)
    rows[0] = direction
    return rows[:2].clone(), rows[2:].clone()


def views(rng, b, d, noise=0.7, dtype=torch.float64):
    """Two related views whose rows have lengths from about 0.3 to 5."""
    first = tensor(rng, b, d)
    second = first + noise * tensor(rng, b, d)
    lengths = torch.from_numpy(rng.uniform(-1, 1, size=(2, b, 1))).exp()
    return (first * lengths[0]).to(dtype), (second * lengths[1]).to(dtype)
