"""One small encoder for small images, its training, and what it is worth: a linear probe on frozen embeddings.

    encoder = train(loss, images, labels, seed=0)                # loss(view1, view2, labels) -> scalar to go down
    z = embed(encoder, images)                                   # (n, 32), rows of length 1

The losses are arguments: this module knows none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F

from course.views import CANVAS, augment, batches

Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]

DIM = 32
TEMPERATURE = 0.5
N_DRAWS = 10  # choices of few labels, averaged: which five images are labelled matters more than the loss


class Patches(torch.nn.Module):
    """Every `side` x `side` patch of an image as one row: (n, c, h, w) -> (n, number of patches, c * side * side).

    A linear layer behind it is a convolution; on a CPU, for images this small, it is the quicker way to write one.
    """

    def __init__(self, side: int, stride: int):
        super().__init__()
        self.side, self.stride = side, stride

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        patches = images.unfold(2, self.side, self.stride).unfold(
            3, self.side, self.stride
        )  # (n, c, rows, columns, ., .)
        return patches.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)


def make_encoder(shape: Sequence[int], seed: int, dim: int = DIM) -> torch.nn.Module:
    """A small network (n, c, h, w) -> (n, dim) for images of shape (c, h, w): 32 filters on 4 x 4 patches, a ReLU and a
    linear layer. The same seed gives the same weights; the global random state is left alone."""
    c, h, w = shape
    stride = 1 if h <= CANVAS else 2
    n_patches = ((h - 4) // stride + 1) * ((w - 4) // stride + 1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return torch.nn.Sequential(
            Patches(4, stride),
            torch.nn.Linear(16 * c, 32, dtype=torch.float32),  # whatever the caller's default is
            torch.nn.ReLU(),
            torch.nn.Flatten(),
            torch.nn.Linear(32 * n_patches, dim, dtype=torch.float32),
        )


def snapshot(encoder: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Copies, on the CPU, of the encoder's parameters as they are now, by name."""
    return {name: value.detach().cpu().clone() for name, value in encoder.named_parameters()}


def train(
    loss: Loss,
    images: torch.Tensor,
    labels: torch.Tensor,
    *,
    seed: int,
    n_steps: int = 200,
    batch: int = 64,
    lr: float = 5e-3,
    device: str | torch.device = "cpu",
) -> torch.nn.Module:
    """An encoder trained with Adam on `loss(view1, view2, labels)`.

    The views are two augmentations of a batch of distinct images, embedded. The weights at the start, the batches and
    the augmentations depend on the seed alone, so that two losses with the same seed are compared on the same draws.
    """
    encoder = make_encoder(images.shape[1:], seed).to(device)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=lr, fused=True)
    for view1, view2, y in batches(images, labels, seed, n_steps, batch, device):
        value = loss(*encoder(torch.cat([view1, view2])).chunk(2), y)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    return encoder


@torch.no_grad()
def embed(encoder: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Embeddings (n, d) of the images as they are, rows of length 1, on the CPU."""
    weights = next(encoder.parameters())
    return F.normalize(encoder(images.to(weights.device, weights.dtype)), dim=1).cpu()


def probe_accuracy(
    train_z: torch.Tensor,
    train_y: torch.Tensor,
    test_z: torch.Tensor,
    test_y: torch.Tensor,
    per_class: int | None = None,
    inverse_penalty: float = 10.0,
) -> float:
    """Test accuracy of a multinomial logistic regression on embeddings (n, d) that stay as they are.

    per_class  None: all training labels; a number: so many of each class, mean over N_DRAWS choices of them (the same
               choices whatever the embeddings are)
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    x, test_x = (np.asarray(part).reshape(len(part), -1) for part in (train_z, test_z))
    y, test_y = np.asarray(train_y), np.asarray(test_y)
    rng, accuracies = np.random.default_rng(0), []
    for _ in range(1 if per_class is None else N_DRAWS):
        order = rng.permutation(len(y))
        chosen = np.concatenate([order[y[order] == c][:per_class] for c in np.unique(y)])
        with threadpool_limits(1):  # small matrices: more threads only wait for each other
            probe = LogisticRegression(C=inverse_penalty, max_iter=1000).fit(x[chosen], y[chosen])
            accuracies.append(probe.score(test_x, test_y))
    return float(np.mean(accuracies))


@torch.no_grad()
def exponentials(
    encoder: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor, generator: torch.Generator
) -> dict[str, float]:
    """Means of e^{cos / t} between one view of an image and: another view of it, a view of another image of its class, a
    view of any other image, a view of an image of another class."""
    first, second = (embed(encoder, augment(images, generator)) for _ in range(2))
    e = torch.exp(first.double() @ second.double().T / TEMPERATURE)
    itself = torch.eye(len(images), dtype=torch.bool)
    same = labels[:, None] == labels
    groups = {"own view": itself, "same class": same & ~itself, "any image": ~itself, "other class": ~same}
    return {name: float(e[members].mean()) for name, members in groups.items()}
