"""Error against time for the contrastive loss with N negatives: one integral, against sampling.

    python tests/bench/bench_many_negatives.py

`unsupervised_loss_many` is the reference of unit 03; the same sum with other steps shows how its error falls. Errors
are measured against a sum with a quarter of the reference's step. Sampling averages the loss over draws of an anchor,
a positive and N negatives, and its error is one standard error: what a user of it can know. On a finite world the
negatives of a draw may be drawn as counts (one multinomial variable, at a cost that does not grow with N), which is the
fair opponent; drawing them one by one, as a training loop does, is shown for comparison.
"""

from __future__ import annotations

import math
import platform
import time

import numpy as np

from autograder.units.manifest import load_unit
from course import worlds

COUNTS = (1, 15, 255, 65535)
TARGET = 1e-8  # the error that the exercise allows


def integral(rho, classes, z, n, step):
    """The loss by the trapezoidal sum with that step: one grid for each anchor."""
    pairs, negatives = (rho[:, None] * classes).T @ classes, rho @ classes
    total = 0.0
    for inner, weight in zip(z @ z.T, pairs, strict=True):
        v = np.arange(-inner.max() - math.log(n) - 40, 4 - inner.min() + step, step)
        tx = np.exp(np.minimum(v[:, None] + inner, 50))
        miss = np.minimum(-np.expm1(-tx) @ negatives, 1.0)
        with np.errstate(divide="ignore"):
            total += step * float((np.exp(-tx) @ weight) @ -np.expm1(n * np.log1p(-miss)))
    return total


def sampled(rng, rho, classes, z, n, draws, one_by_one=False):
    """Mean and standard error of the loss over that many independent draws."""
    pairs, negatives, inner = (rho[:, None] * classes).T @ classes, rho @ classes, z @ z.T
    anchor, positive = np.divmod(rng.choice(pairs.size, p=pairs.ravel(), size=draws), len(z))
    if one_by_one:
        points = rng.choice(len(z), p=negatives, size=(draws, n))
        logits = inner[anchor[:, None], points]
    else:
        with np.errstate(divide="ignore"):
            logits = inner[anchor] + np.log(rng.multinomial(n, negatives, size=draws))
    losses = np.logaddexp(0, np.logaddexp.reduce(logits, axis=1) - inner[anchor, positive])
    return losses.mean(), losses.std(ddof=1) / math.sqrt(draws)


def timed(function, *args, repeat=7):
    """The value and the shortest of `repeat` times, in seconds."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        value = function(*args)
        times.append(time.perf_counter() - start)
    return value, min(times)


def machine() -> str:
    """Processor and versions."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            name = next(line.split(":")[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name}, Python {platform.python_version()}, numpy {np.__version__}"


def main() -> None:
    reference = load_unit("03_many_negatives").references()["unsupervised_loss_many"]
    world = worlds.random_world(np.random.default_rng(0), 4, 8, 3, 1.0)
    print(f"machine: {machine()}")
    print("world: C = 4 classes, S = 8 points, d = 3, overlapping, rho not uniform; losses in nats")
    print(
        f"ratio: time that sampling needs for an error of {TARGET:g} (it falls like 1/sqrt) / time of the reference\n"
    )
    print(f"{'N':>6}  {'method':<28} {'loss':>14}  {'error':>8}  {'time':>11}  {'ratio':>8}")
    for n in COUNTS:
        exact = integral(*world, n, 0.0625)
        value, base = timed(reference, *world, n)
        show(n, "reference (step 0.25)", value, abs(value - exact), base)
        for step in (1.0, 0.5):
            value, seconds = timed(integral, *world, n, step)
            show(n, f"integral, step {step}", value, abs(value - exact), seconds)
        for draws, one_by_one in ((100, False), (10_000, False), (1_000_000, False), (100, True)):
            rng = np.random.default_rng(1)
            (value, error), seconds = timed(sampled, rng, *world, n, draws, one_by_one, repeat=1)
            name = f"sampling, {draws}" + (" one by one" if one_by_one else "")
            away = f"{abs(value - exact) / error:.1f} error bars off"
            show(n, name, value, error, seconds, f"{seconds * (error / TARGET) ** 2 / base:>8.0e}  {away}")
        print()


def show(n, method, value, error, seconds, ratio=""):
    print(f"{n:>6}  {method:<28} {value:>14.10f}  {error:>8.1e}  {seconds * 1e3:>8.2f} ms  {ratio}", flush=True)


if __name__ == "__main__":
    main()
