"""Random inputs for cases and properties, from a numpy generator that the caller seeds."""

from __future__ import annotations

import math

import numpy as np
import torch

from course import worlds


def tensor(rng: np.random.Generator, *shape: int, dtype: torch.dtype = torch.float64, scale: float = 1.0):
    """Gaussian tensor of that shape and dtype; `scale` multiplies it, so rows have norm about scale * sqrt(d)."""
    return torch.from_numpy(scale * rng.normal(size=shape)).to(dtype)


def unit_rows(rng: np.random.Generator, *shape: int, dtype: torch.dtype = torch.float64):
    """Tensor whose last axis has norm 1 (to rounding in `dtype`)."""
    rows = tensor(rng, *shape)
    return (rows / rows.norm(dim=-1, keepdim=True)).to(dtype)


def larger_sizes(rng: np.random.Generator, n: int, low: int = 9, high: int = 40) -> list[int]:
    """`n` different sizes from low..high, the first one odd: no axis is square with another, none is one that a function
    has met in the small cases, and which ones they are changes from seed to seed."""
    first = int(rng.choice(np.arange(low | 1, high + 1, 2)))
    others = rng.choice([size for size in range(low, high + 1) if size != first], size=n - 1, replace=False)
    return [first, *map(int, others)]


def larger_world(rng: np.random.Generator, high: int = 40, low: int = 9, norm: float = 2.0, uniform: bool = False):
    """A random world (rho, classes, z) with C, S, d different and from low..high; rows of z have norm about `norm`."""
    c, s, d = larger_sizes(rng, 3, low, high)
    return worlds.random_world(rng, c, s, d, norm / math.sqrt(d), uniform=uniform)


def strided(values: torch.Tensor) -> torch.Tensor:
    """The same values in a tensor that is not contiguous."""
    wide = torch.empty(*values.shape[:-1], 2 * values.shape[-1], dtype=values.dtype)
    wide[..., ::2] = values
    return wide[..., ::2]


def odd_sizes(rng: np.random.Generator, count: int, low: int = 9, high: int = 40) -> list[int]:
    """`count` different sizes from low to high: beyond what the public cases show, and no two axes alike."""
    return [int(size) for size in rng.choice(np.arange(low, high + 1), size=count, replace=False)]
