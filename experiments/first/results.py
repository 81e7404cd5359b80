"""What the first training leaves: its numbers, and the figure of the losses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from course import figures
from experiments.first.run import BATCH, BIAS
from experiments.running import device_name, versions

MEASURES = ("same digit", "partner first", "cosine of two views", "cosine of two images")


def describe(numbers: Mapping[str, np.ndarray], temperatures: Sequence[float], seeds: range, device: str) -> dict:
    after = zip(temperatures, numbers["after"].mean(axis=0), strict=True)
    return {
        "experiment": "first",
        "data": "digits, wandering on a canvas of 10 x 10; 60 % train, 40 % test",
        "runs": len(seeds),
        "seed": seeds.start,
        "steps": numbers["losses"].shape[2],
        "batch": BATCH,
        "bias added at the start": BIAS,
        "optimizer": "Adam, lr 0.005",
        "device": device_name(device),
        "versions": versions(),
        "temperatures": list(temperatures),
        "pixels": _named(numbers["raw"].mean(axis=0)),
        "before": _named(numbers["before"].mean(axis=0)),
        "after": {f"{temperature:g}": _named(row) for temperature, row in after},
    }


def _named(row: np.ndarray) -> dict[str, float]:
    return dict(zip(MEASURES, np.round(row, 4).tolist(), strict=True))


def draw(numbers: Mapping[str, np.ndarray], summary: Mapping[str, Any]) -> Figure:
    """The losses of all temperatures along training, and what the encoders are worth."""
    _, (left, right) = figures.panels(2)
    temperatures = summary["temperatures"]
    steps = np.arange(numbers["losses"].shape[2])
    named = {f"t = {t:g}": numbers["losses"][:, i] for i, t in enumerate(temperatures)}
    figures.runs(steps, named, left, ylabel="NT-Xent (nats)", title="out of collapse")
    figures.levels({"ln(2B - 1)": math.log(2 * summary["batch"] - 1)}, left)
    after = np.moveaxis(numbers["after"], 2, 0)  # measure, run, temperature
    rows = {name: np.sort(after[i], axis=0)[[0, -1]] for i, name in enumerate(MEASURES[:2])}
    labels = {"xlabel": "temperature t", "ylabel": "share of test images", "logx": True, "ticks": temperatures}
    return figures.bands(temperatures, rows, right, title="after training", **labels)
