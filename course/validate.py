"""Validation at the public edge: one line at the top of a function, and a ValueError that quotes what offended.

validate.batch(anchor=anchor, positive=positive)      # torch, (B, d) each, same shape, B >= 1, no NaN
validate.positive(temperature=temperature)            # a finite number > 0
validate.world(rho, classes, z)                       # numpy: laws and embeddings that fit together
"""

from __future__ import annotations

import math

import numpy as np
import torch

LAW_TOLERANCE = 1e-9  # on the sum of a law: float64 sums of a few hundred terms stay within 1e-13


def batch(**tensors: torch.Tensor) -> None:
    """Floating tensors of one common shape (B, d), B >= 1, d >= 1, without NaN."""
    shapes = {name: tuple(getattr(tensor, "shape", ())) for name, tensor in tensors.items()}
    listing = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
    for name, tensor in tensors.items():
        floating(name, tensor)
        if tensor.ndim != 2:
            raise ValueError(f"{name} must have shape (B, d), got {shapes[name]}")
    if len(set(shapes.values())) != 1:
        raise ValueError(f"shapes must be equal, got {listing}")
    if 0 in next(iter(shapes.values())):
        raise ValueError(f"the batch is empty: {listing}")


def candidates(anchor: torch.Tensor, **tensors: torch.Tensor) -> None:
    """anchor (B, d) and tensors of one common shape (B, N, d) with N >= 1, without NaN."""
    batch(anchor=anchor)
    for name, tensor in tensors.items():
        floating(name, tensor)
        if tensor.ndim != 3 or (tensor.shape[0], tensor.shape[2]) != tuple(anchor.shape):
            raise ValueError(
                f"{name} must have shape (B, N, d) with B, d of anchor {tuple(anchor.shape)}, got {tuple(tensor.shape)}"
            )
        if tensor.shape[1] == 0:
            raise ValueError(f"{name} holds no candidates: shape {tuple(tensor.shape)}")
    if len({tensor.shape for tensor in tensors.values()}) > 1:
        raise ValueError(f"shapes must be equal, got {[tuple(t.shape) for t in tensors.values()]}")


def floating(name: str, tensor: torch.Tensor) -> None:
    """A floating torch tensor without NaN."""
    if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point():
        kind = tensor.dtype if isinstance(tensor, torch.Tensor) else type(tensor).__name__
        raise ValueError(f"{name} must be a floating torch tensor, got {kind}")
    if bool(torch.isnan(tensor).any()):
        raise ValueError(f"{name} holds NaN (shape {tuple(tensor.shape)})")


def positive(**numbers: float) -> None:
    """Finite numbers > 0."""
    for name, number in numbers.items():
        if not (math.isfinite(number) and number > 0):
            raise ValueError(f"{name} must be a finite number > 0, got {number!r}")


def non_negative(**numbers: float) -> None:
    """Finite numbers >= 0."""
    for name, number in numbers.items():
        if not (math.isfinite(number) and number >= 0):
            raise ValueError(f"{name} must be a finite number >= 0, got {number!r}")


def count(minimum: int = 1, **numbers: int) -> None:
    """Integers (Python or numpy, no bool) of at least `minimum`."""
    for name, number in numbers.items():
        if isinstance(number, (bool, np.bool_)) or not isinstance(number, (int, np.integer)) or number < minimum:
            raise ValueError(f"{name} must be an integer >= {minimum}, got {number!r}")


def law(probabilities: np.ndarray, name: str = "rho", *, zeros: bool = False) -> None:
    """A law on a finite set: shape (C,), entries > 0 (>= 0 if `zeros`), sum 1 within 1e-9."""
    p = np.asarray(probabilities, dtype=float)
    if p.ndim != 1 or p.size == 0:
        raise ValueError(f"{name} must have shape (C,) with C >= 1, got {p.shape}")
    if np.isnan(p).any():
        raise ValueError(f"{name} holds NaN: {p}")
    if p.min() < 0 or (p.min() == 0 and not zeros):
        raise ValueError(f"{name} must be {'>= 0' if zeros else '> 0'}, its smallest entry is {p.min()!r}")
    if abs(p.sum() - 1) > LAW_TOLERANCE:
        raise ValueError(f"{name} must sum to 1, it sums to {p.sum()!r}")


def world(rho: np.ndarray, classes: np.ndarray, z: np.ndarray | None = None) -> None:
    """A finite world: rho (C,) a law without zeros, rows of classes (C, S) laws, z (S, d) finite if given."""
    law(rho, "rho")
    rows = np.asarray(classes, dtype=float)
    if rows.ndim != 2 or rows.shape[0] != np.asarray(rho).shape[0]:
        raise ValueError(f"classes must have shape (C, S) with C = {np.asarray(rho).shape[0]}, got {rows.shape}")
    for c, row in enumerate(rows):
        law(row, f"classes[{c}]", zeros=True)
    if z is not None:
        points = np.asarray(z, dtype=float)
        if points.ndim != 2 or points.shape[0] != rows.shape[1]:
            raise ValueError(f"z must have shape (S, d) with S = {rows.shape[1]}, got {points.shape}")
        if not np.isfinite(points).all():
            raise ValueError(f"z must be finite, got {points[~np.isfinite(points)][0]!r} among its entries")


def joint_law(joint: np.ndarray, name: str = "joint", *, symmetric: bool = False) -> None:
    """A joint law (S, T): entries >= 0, sum 1 within 1e-9; if `symmetric`, square, symmetric and no empty row."""
    p = np.asarray(joint, dtype=float)
    if p.ndim != 2 or p.size == 0:
        raise ValueError(f"{name} must be a matrix, got shape {p.shape}")
    if np.isnan(p).any():
        raise ValueError(f"{name} holds NaN (shape {p.shape})")
    if p.min() < 0:
        raise ValueError(f"{name} must be >= 0, its smallest entry is {p.min()!r}")
    if abs(p.sum() - 1) > LAW_TOLERANCE:
        raise ValueError(f"{name} must sum to 1, it sums to {p.sum()!r}")
    if symmetric:
        if p.shape[0] != p.shape[1]:
            raise ValueError(f"{name} must be square, got shape {p.shape}")
        if np.abs(p - p.T).max() > LAW_TOLERANCE:
            raise ValueError(f"{name} must be symmetric, it differs from its transpose by {np.abs(p - p.T).max()!r}")
        if p.sum(axis=1).min() <= 0:
            raise ValueError(f"{name} has an isolated point: row {int(p.sum(axis=1).argmin())} sums to 0")
