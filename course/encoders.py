"""A small convolutional encoder with batch normalisation, and the heads that are put on it: for unit 09.

    encoder = conv_encoder((1, 12, 12))          # (n, 1, 12, 12) -> h (n, 64)
    head = projector(64, 128, 64)                # h -> z (n, 64)
    q = predictor(64, 32)                        # z -> p (n, 64)

Batch normalisation makes an embedding depend on the other images of its batch while a model is in training mode; `eval()`
takes the running means instead. The losses are not here: no module of the course knows one of unit 09.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

WIDTH = 64  # of h, the representation that is kept


def conv_encoder(shape: Sequence[int], width: int = WIDTH, *, norm: bool = True) -> nn.Module:
    """Images (n, c, height, width) -> h (n, width), h >= 0: two 3 x 3 convolutions (16 and 32 channels), each halved by
    max pooling, and a linear layer. norm: whether each layer has batch normalisation, which comes after the pooling: a
    training step takes half the time."""
    channels, rows, columns = shape
    return nn.Sequential(
        *(nn.Conv2d(channels, 16, 3, padding=1), nn.MaxPool2d(2), _norm2d(16, norm), nn.ReLU()),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.MaxPool2d(2), _norm2d(32, norm), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(32 * (rows // 4) * (columns // 4), width), _norm(width, norm), nn.ReLU()),
    ).to(memory_format=torch.channels_last)


def projector(width: int, hidden: int, dim: int, *, norm: bool = True, output_norm: bool = False) -> nn.Module:
    """h (n, width) -> z (n, dim): linear, batch normalisation, ReLU, linear.

    norm: whether the hidden layer is normalised; output_norm: whether z is (each of its coordinates then has mean 0 and
    variance 1 over a batch, before a learned scale and shift).
    """
    return nn.Sequential(
        *(nn.Linear(width, hidden), _norm(hidden, norm), nn.ReLU()), nn.Linear(hidden, dim), _norm(dim, output_norm)
    )


def predictor(dim: int, hidden: int, *, norm: bool = True) -> nn.Module:
    """z (n, dim) -> p (n, dim): a projector with a narrow hidden layer."""
    return projector(dim, hidden, dim, norm=norm)


def _norm(width: int, wanted: bool) -> nn.Module:
    return nn.BatchNorm1d(width) if wanted else nn.Identity()


def _norm2d(channels: int, wanted: bool) -> nn.Module:
    return nn.BatchNorm2d(channels) if wanted else nn.Identity()
