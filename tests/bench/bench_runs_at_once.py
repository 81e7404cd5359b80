"""What it costs to train five runs at once: against five one after the other, and against a single one.

Also one training step against the same step written with pytorch-metric-learning's loss. Times are medians of several
measurements that are taken in turns, in one process, so that a busy machine slows all of them; quote the ratios. Only
training steps are timed, not the exact evaluation.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from pytorch_metric_learning import losses, reducers
from pytorch_metric_learning.distances import DotProductSimilarity

from experiments.convergence.encoders import Stack, contrastive_losses

RUNS, TURNS = 5, 9
# (name of the encoder, shape of an image, dim, batch, steps of one measurement on a CPU, on a GPU)
CASES = (("mlp", (1, 8, 8), 16, 64, 60, 200), ("convnet", (1, 28, 28), 32, 128, 1, 60))


def trainer(encoder: str, shape, dim: int, batch: int, seeds: list, device: str, loss=None) -> Callable[[], None]:
    """A function that makes one training step of the models with these seeds. loss: for one model, in place of ours."""
    stack = Stack(encoder, shape, dim, seeds, device)
    optimizer = torch.optim.Adam(stack.parameters.values(), lr=1e-3)
    images = torch.rand(len(seeds), 3 * batch, *shape, device=device)
    negatives = torch.ones(len(seeds), dtype=torch.long, device=device)

    def step() -> None:
        stack.backward(
            images, lambda z, part: contrastive_losses(z, negatives[part]) if loss is None else loss(z[0])[None]
        )
        optimizer.step()

    return step


def metric_learning_loss(batch: int, device: str) -> Callable[[torch.Tensor], torch.Tensor]:
    """Mean of ln(1 + e^{a.n - a.p}) by pytorch-metric-learning: the smooth triplet loss with margin 0 and dot products.

    Anchor i has the positive batch + i and the negative 2 batch + i.
    """
    dot = DotProductSimilarity(normalize_embeddings=False)
    loss = losses.TripletMarginLoss(margin=0, smooth_loss=True, distance=dot, reducer=reducers.MeanReducer())
    first = torch.arange(batch, device=device)
    triplets = (first, batch + first, 2 * batch + first)
    return lambda z: loss(z, indices_tuple=triplets)


def seconds(work: Callable[[], None], steps: int, device: str) -> float:
    """Seconds for one call of `work`, over `steps` calls."""
    if device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(steps):
        work()
    if device == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - start) / steps


def in_turns(works: dict[str, Callable[[], None]], steps: int, device: str) -> dict[str, float]:
    """Median seconds of each, measured in turns; the first round warms up and is dropped."""
    rounds = [{name: seconds(work, steps, device) for name, work in works.items()} for _ in range(TURNS + 1)][1:]
    return {name: statistics.median(r[name] for r in rounds) for name in works}


def bench(encoder: str, shape, dim: int, batch: int, steps: int, device: str) -> None:
    seeds = [(0, run) for run in range(RUNS)]
    singles = [trainer(encoder, shape, dim, batch, [seed], device) for seed in seeds]

    def one_after_the_other() -> None:
        for single in singles:
            single()

    ours = metric_learning_loss(batch, device)
    check_equal(ours, batch, dim, device)
    times = in_turns(
        {
            "one run": trainer(encoder, shape, dim, batch, seeds[:1], device),
            "five at once": trainer(encoder, shape, dim, batch, seeds, device),
            "five, one after the other": one_after_the_other,
            "one run, pytorch-metric-learning's loss": trainer(encoder, shape, dim, batch, seeds[:1], device, ours),
        },
        steps,
        device,
    )
    print(f"\n{encoder}, images {shape}, batch {batch}, {device}: milliseconds per step, and ratio to one run")
    for name, value in times.items():
        print(f"  {name:40s} {1e3 * value:9.3f} {value / times['one run']:7.2f}")
    gain = times["five, one after the other"] / times["five at once"]
    print(f"  five at once are {gain:.2f} times as fast as five one after the other")


def check_equal(loss: Callable, batch: int, dim: int, device: str) -> None:
    """Both losses are the same function: else the comparison would mean nothing."""
    z = torch.randn(3 * batch, dim, device=device)
    a, p, n = z.chunk(3)
    plain = F.softplus((a * (n - p)).sum(dim=1)).mean()
    stacked = contrastive_losses(z[None], torch.ones(1, dtype=torch.long, device=device))[0]
    for other in (loss(z), stacked):
        torch.testing.assert_close(other, plain, rtol=1e-5, atol=1e-6)


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)  # as in training on a CPU: the processors share out the models, not the matrices
    devices = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])
    print(f"torch {torch.__version__}, python {platform.python_version()}, {os.cpu_count()} processors"
          + (f", {torch.cuda.get_device_name()}" if "cuda" in devices else ""))  # fmt: skip
    for device in devices:
        for encoder, shape, dim, batch, cpu_steps, gpu_steps in CASES:
            bench(encoder, shape, dim, batch, cpu_steps if device == "cpu" else gpu_steps, device)


if __name__ == "__main__":
    sys.exit(main())
