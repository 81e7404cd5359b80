"""Train one small encoder per temperature and run, and measure it before and after."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from tqdm import tqdm

from course import data
from course.training import embed, make_encoder
from course.views import augment, batches, wandering_digits

TEMPERATURES = (0.05, 0.1, 0.5, 2.0, 10.0)
SHOWN = 0.5  # the temperature whose views and neighbours are kept as pictures
RUNS, STEPS, BATCH = 3, 1000, 64
QUICK_RUNS, QUICK_STEPS = 2, 20
BIAS = 3.0  # added to every output of a fresh encoder: all embeddings are nearly one vector
QUERIES, NEIGHBOURS, VIEWS = (3, 5, 8, 9), 5, 6  # the first test image of each of these digits, which look alike

Loss = Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor]
Rows = Callable[[torch.Tensor], torch.Tensor]  # images (n, c, h, w) -> rows (n, d) of length 1


def collapsed_encoder(shape: Sequence[int], seed: int, device: str) -> torch.nn.Module:
    encoder = make_encoder(shape, seed)
    with torch.no_grad():
        encoder[-1].bias += BIAS
    return encoder.to(device)


def one_run(loss: Loss, seed: int, temperatures: Sequence[float], steps: int, device: str) -> dict[str, np.ndarray]:
    """Arrays of one run; an axis of length T runs over the temperatures.

    losses (T, steps); before (4,) and after (T, 4): `worth` of the encoder; raw (4,): of the pixels; and the
    pictures views (3, VIEWS, h, w), queries (4, h, w), neighbours (2, 4, NEIGHBOURS, h, w), with right (2, 4,
    NEIGHBOURS), whether they show the same digit: by the encoder before and after training at SHOWN.
    """
    images, labels = wandering_digits(10, seed)
    train_x, train_y, test_x, test_y = data.split(images, labels, test_share=0.4, seed=seed)
    found: dict = {"losses": [], "after": [], "raw": worth(pixels, test_x, test_y, seed)}
    fresh = collapsed_encoder(train_x.shape[1:], seed, device)
    found["before"] = worth(rows(fresh), test_x, test_y, seed)
    chosen = torch.stack([(test_y == digit).nonzero()[0, 0] for digit in QUERIES])
    near = {}
    for temperature in temperatures:
        encoder = collapsed_encoder(train_x.shape[1:], seed, device)
        optimizer = torch.optim.Adam(encoder.parameters(), lr=5e-3)
        losses = []
        for view1, view2, _ in batches(train_x, train_y, seed, steps, BATCH, device):
            value = loss(*encoder(torch.cat([view1, view2])).chunk(2), temperature)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            losses.append(value.item())
        found["losses"].append(np.float32(losses))
        found["after"].append(worth(rows(encoder), test_x, test_y, seed))
        near[temperature] = encoder
    shown = near.get(SHOWN, near[temperatures[0]])
    nearest = torch.stack([ranked(embed(encoder, test_x), chosen) for encoder in (fresh, shown)])
    generator = torch.Generator().manual_seed(seed)
    some = train_x[:VIEWS]
    found["views"] = torch.cat([some, augment(some, generator), augment(some, generator)])[:, 0].unflatten(
        0, (3, VIEWS)
    )
    found["queries"], found["neighbours"] = test_x[chosen, 0], test_x[nearest, 0]
    found["right"] = test_y[nearest] == test_y[chosen][:, None]
    return {name: np.asarray(value) for name, value in found.items()}


def ranked(z: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """For each chosen row of z the indices of its NEIGHBOURS nearest other rows."""
    cosines = (z @ z.T)[chosen]
    cosines[torch.arange(len(chosen)), chosen] = -2
    return cosines.topk(NEIGHBOURS, dim=1).indices


def same_digit(z: torch.Tensor, labels: torch.Tensor) -> float:
    """Share of the rows of z, lengths 1, whose nearest other row has the same label."""
    return float((labels[(z @ z.T).fill_diagonal_(-2).argmax(dim=1)] == labels).double().mean())


def pixels(images: torch.Tensor) -> torch.Tensor:
    """Images (n, c, h, w) as rows of length 1, as they are."""
    return F.normalize(images.flatten(1), dim=1)


def rows(encoder: torch.nn.Module) -> Rows:
    return lambda images: embed(encoder, images)


def worth(embedded: Rows, images: torch.Tensor, labels: torch.Tensor, seed: int) -> list[float]:
    """[same_digit, share of first views whose partner is the nearest of all second views, mean cosine of two views of one
    image, mean cosine of views of two images]."""
    generator = torch.Generator().manual_seed(seed)
    first, second = (embedded(augment(images, generator)).double() for _ in range(2))
    cosines = first @ second.T
    own, n = cosines.diagonal(), len(images)
    partner = (cosines.argmax(dim=1) == torch.arange(n)).double().mean()
    others = (cosines.sum() - own.sum()) / (n * (n - 1))
    return [same_digit(embedded(images), labels), float(partner), float(own.mean()), float(others)]


def all_runs(loss: Loss, seeds: Sequence[int], temperatures: Sequence[float], steps: int, device: str):
    """The arrays of all runs, name -> (runs, ...); of the pictures those of the first run only."""
    runs = [one_run(loss, seed, temperatures, steps, device) for seed in tqdm(seeds, unit="run", disable=None)]
    pictures = ("views", "queries", "neighbours", "right")
    numbers = {name: np.stack([run[name] for run in runs]) for name in runs[0] if name not in pictures}
    return numbers | {name: runs[0][name].astype(np.float16 if name != "right" else bool) for name in pictures}
