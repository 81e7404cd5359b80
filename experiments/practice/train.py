"""The one training loop: two views of a batch, a loss, a step of Adam."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from types import SimpleNamespace

import torch

from course.views import warp
from experiments.practice.methods import Method
from experiments.practice.settings import Choices
from experiments.practice.variants import METHODS
from experiments.running import ExperimentError

Look = Callable[[int, Method], None]


def train(
    c: Choices,
    f: SimpleNamespace,
    images: torch.Tensor,
    labels: torch.Tensor,
    seed: int,
    *,
    device: str = "cpu",
    looks: Iterable[int] = (),
    look: Look = lambda step, model: None,
) -> tuple[Method, list[float], float]:
    """The trained method, its loss at every step, and the seconds that the training took: of the processor (one thread), or
    of the clock on a GPU. The weights at the start, the batches and the views depend on the seed alone.

    looks: after how many steps `look` is called. Raises ExperimentError where the loss is not finite or refuses what it is given.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = METHODS[c.method](c, f, tuple(images.shape[1:])).to(device)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=c.lr, fused=True)
    generator = torch.Generator().manual_seed(seed)
    images, labels = images.to(device), labels.to(device)
    clock, looks, values, spent = time.process_time if device == "cpu" else time.perf_counter, set(looks), [], 0.0

    def view(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        moved = warp(x, generator, c.strength, moved=c.moved)
        return moved.contiguous(memory_format=torch.channels_last)

    for step in range(c.steps):
        if step in looks:
            look(step, model)
        begun = clock()
        for group in optimizer.param_groups:
            group["lr"] = c.lr * (1 + math.cos(math.pi * step / c.steps)) / 2
        chosen = torch.randperm(len(images), generator=generator)[: c.batch].to(device)
        view1, view2 = f.two_views(images[chosen], generator, view)
        try:
            value = model.step_loss(view1, view2, labels[chosen])
        except ValueError as error:  # a loss that refuses what it is given: NaN, mostly
            raise ExperimentError(f"{c.method}, step {step}, seed {seed}, lr {c.lr}: {error}") from error
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        values.append(value.detach())
        spent += clock() - begun
    if c.steps in looks:
        look(c.steps, model)
    found = torch.stack(values).tolist() if values else []
    if bad := [step for step, value in enumerate(found) if not math.isfinite(value)]:
        raise ExperimentError(f"{c.method}, step {bad[0]}, seed {seed}, lr {c.lr}: the loss is {found[bad[0]]}")
    return model, found, spent
