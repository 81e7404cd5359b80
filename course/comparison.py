"""Several runs of several losses as numbers with intervals: differences are taken seed by seed.

An entry is one setting: {"source", "n_classes", "batch", "runs": {loss: {quantity: [one number a seed]}}}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half the length of the 95 % interval (Student) of two or more values."""
    if len(values) < 2:
        raise ValueError(f"an interval needs two runs, got {len(values)} values")
    from scipy import stats  # half a second

    return float(np.mean(values)), float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))


def gains(entry: Mapping, name: str, quantity: str, base: str = "biased") -> tuple[float, float]:
    """Interval of the gain of the loss `name` over `base`, seed by seed."""
    runs = entry["runs"]
    return interval([a - b for a, b in zip(runs[name][quantity], runs[base][quantity], strict=True)])


def table(entry: Mapping) -> str:
    """One setting as text: accuracies with 95 % intervals, and the gain over the biased loss, seed by seed."""
    lines = [f"{entry['source']}, {entry['n_classes']} classes, batches of {entry['batch']}"]
    for name, result in entry["runs"].items():
        text = f"  {name:22s}"
        for key in ("probe", "few"):
            mean, half = interval(result[key])
            gain, around = gains(entry, name, key)
            text += f"   {key} {100 * mean:5.1f} ± {100 * half:4.1f}  (gain {100 * gain:+5.1f} ± {100 * around:4.1f})"
        lines.append(text)
    return "\n".join(lines)
