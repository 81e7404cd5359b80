"""Images and their views: digits at random places of a canvas, random augmentations, and seeded batches of pairs.

images, labels = wandering_digits(10, seed=0)                              # (1797, 1, 10, 10), (1797,)
for view1, view2, y in batches(images, labels, seed=0, n_steps=60): ...    # (64, 1, 10, 10) twice, (64,)
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F

from course import data

CANVAS = 10  # side of the canvas on which an 8 x 8 digit is put at one of 3 x 3 places
CLASS_SETS = {2: (3, 8), 4: (3, 5, 8, 9), 10: tuple(range(10))}  # the small sets hold digits that look alike


def wandering_digits(n_classes: int = 10, seed: int = 0, size: int = CANVAS) -> tuple[torch.Tensor, torch.Tensor]:
    """scikit-learn's digits, each at a random place of a size x size canvas: images (n, 1, size, size), labels (n,).

    n_classes  2, 4 or 10: the digits of CLASS_SETS
    Where a digit stands says nothing about what it is, so raw pixels are a poor embedding, and an encoder has something
    to learn.
    """
    if n_classes not in CLASS_SETS:
        raise ValueError(f"n_classes must be one of {sorted(CLASS_SETS)}, got {n_classes!r}")
    images, labels = data.load_digits()
    mine = torch.isin(labels, torch.tensor(CLASS_SETS[n_classes]))
    return scattered(images[mine], size, seed), labels[mine]


def scattered(images: torch.Tensor, size: int, seed: int) -> torch.Tensor:
    """Each image (n, c, h, w) at a random place of an empty size x size canvas: (n, c, size, size)."""
    n, c, h, w = images.shape
    if size < max(h, w):
        raise ValueError(f"images of {h} x {w} do not fit on a canvas of side {size}")
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(size - h + 1, size=n), rng.integers(size - w + 1, size=n)
    canvas = images.new_zeros(n, c, size, size)
    for i in range(n):
        canvas[i, :, rows[i] : rows[i] + h, columns[i] : columns[i] + w] = images[i]
    return canvas


def augment(images: torch.Tensor, generator: torch.Generator, shift: int = 1, noise: float = 0.1) -> torch.Tensor:
    """One random view of each image (n, c, h, w): moved by up to `shift` pixels, brightness x 0.7 to 1.3, noise added.

    The generator lives on the CPU whatever the device of the images, so that a seed draws the same views everywhere.
    """
    n, c, h, w = images.shape
    device = images.device
    moves = torch.randint(0, 2 * shift + 1, (2, n, 1), generator=generator).to(device)
    rows, columns = (
        moves[0] + torch.arange(h, device=device),
        moves[1] + torch.arange(w, device=device),
    )  # (n, h), (n, w)
    padded = F.pad(images, (shift,) * 4)
    one, two = torch.arange(n, device=device)[:, None, None, None], torch.arange(c, device=device)[:, None, None]
    moved = padded[one, two, rows[:, None, :, None], columns[:, None, None, :]]
    single = {"generator": generator, "dtype": torch.float32}  # the same draws whatever the caller's default dtype is
    gain = 0.7 + 0.6 * torch.rand(n, 1, 1, 1, **single).to(device)
    return gain * moved + noise * torch.randn(images.shape, **single).to(device)


def warp(
    images: torch.Tensor, generator: torch.Generator, strength: float = 1.0, *, moved: bool = True
) -> torch.Tensor:
    """One random view of each image (n, c, h, w): shifted by up to 2 pixels a side, turned by up to 20 degrees and
    scaled by e^-0.2 to e^0.2 about the middle, brightness x 0.6 to 1.4 (1 - 0.4 to 1 + 0.4), noise of standard deviation 0.1
    added. `strength` multiplies 2 pixels, 20 degrees, the exponent 0.2, 0.4 and 0.1.

    moved: False leaves the geometry as it is: brightness and noise only.
    The generator lives on the CPU whatever the device of the images, so that a seed draws the same views everywhere.
    """
    n, _, h, w = images.shape
    single = {"generator": generator, "dtype": torch.float32}
    turn, scale, down, right, light = (strength * (2 * torch.rand(5, n, **single) - 1)).to(images.device)
    noise = 0.1 * strength * torch.randn(images.shape, **single).to(images.device)
    if moved:
        angle, size = math.radians(20) * turn, torch.exp(0.2 * scale)
        cos, sin = torch.cos(angle) / size, torch.sin(angle) / size
        rows = [torch.stack([cos, -sin, 4 * right / w], dim=1), torch.stack([sin, cos, 4 * down / h], dim=1)]
        grid = F.affine_grid(torch.stack(rows, dim=1), list(images.shape), align_corners=False)
        images = F.grid_sample(images, grid, align_corners=False)
    return (1 + 0.4 * light)[:, None, None, None] * images + noise


def batches(
    images: torch.Tensor,
    labels: torch.Tensor,
    seed: int,
    n_steps: int,
    batch: int = 64,
    device: str | torch.device = "cpu",
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """n_steps batches (view1, view2, labels): two augmentations (b, c, h, w) of b = min(batch, n) distinct images.

    What they hold depends on the images and the seed alone, whoever asks, so that runs can be compared.
    """
    images, labels = images.to(device, torch.float32), labels.to(device)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(n_steps):
        chosen = torch.randperm(len(images), generator=generator)[:batch].to(device)
        view1, view2 = augment(images[torch.cat([chosen, chosen])], generator).chunk(2)
        yield view1, view2, labels[chosen]
