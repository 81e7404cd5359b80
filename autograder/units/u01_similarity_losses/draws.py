"""Inputs that the checks of unit 01 share."""

import torch

from autograder.author.draw import tensor

# hints for cases of their own
HALF = "float16 ends at 65504, and what you create must be float16 too: `torch.zeros_like(x)`, `x.new_tensor(...)`."
STRIDED = "`reshape` takes what is not contiguous in memory, `view` does not."


def drawn(rng, b, n, d, scale=1.0):
    """Anchors (B, d), a positive (B, d) and N negatives (B, N, d) for each; `scale` is that of the candidates."""
    return tensor(rng, b, d), tensor(rng, b, d, scale=scale), tensor(rng, b, n, d, scale=scale)


def views(rng, b, d, noise=0.7, dtype=torch.float64):
    """Two related views whose rows have lengths from about 0.3 to 5."""
    first = tensor(rng, b, d)
    second = first + noise * tensor(rng, b, d)
    lengths = torch.from_numpy(rng.uniform(-1, 1, size=(2, b, 1))).exp()
    return (first * lengths[0]).to(dtype), (second * lengths[1]).to(dtype)
