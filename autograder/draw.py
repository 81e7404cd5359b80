"""Random inputs for cases and properties, from a numpy generator that the caller seeds."""

from __future__ import annotations

import numpy as np
import torch


def tensor(rng: np.random.Generator, *shape: int, dtype: torch.dtype = torch.float64, scale: float = 1.0):
    """Gaussian tensor of that shape and dtype; `scale` multiplies it, so rows have norm about scale * sqrt(d)."""
    return torch.from_numpy(scale * rng.normal(size=shape)).to(dtype)


def unit_rows(rng: np.random.Generator, *shape: int, dtype: torch.dtype = torch.float64):
    """Tensor whose last axis has norm 1 (to rounding in `dtype`)."""
    rows = tensor(rng, *shape)
    return (rows / rows.norm(dim=-1, keepdim=True)).to(dtype)


def strided(values: torch.Tensor) -> torch.Tensor:
    """The same values in a tensor that is not contiguous."""
    wide = torch.empty(*values.shape[:-1], 2 * values.shape[-1], dtype=values.dtype)
    wide[..., ::2] = values
    return wide[..., ::2]
