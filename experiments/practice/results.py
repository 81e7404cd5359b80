"""What a part leaves: a number for each entry, quantity and run, the films of the runs that were looked at, and a figure."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
from matplotlib.figure import Figure

from course import figures
from course.comparison import interval
from experiments.practice.measure import QUANTITIES
from experiments.practice.plan import Entry
from experiments.practice.run import Result
from experiments.practice.settings import CUT, INVERSE_PENALTY, NEIGHBOURS, TEST_SHARE, Choices
from experiments.running import device_name, versions

ACCURACIES = ("linear h", "linear z", "few h", "few z", "neighbours")
EDGE = 3  # of a spectrum: eigenvalues are kept to so many digits


def arrays(
    entries: Sequence[Entry], results: Sequence[Sequence[Result]], quantities: Sequence[str]
) -> dict[str, np.ndarray]:
    """values (entries, quantities, runs), NaN where a run has no such number; where there were looks also rank and neighbours
    (entries, runs, looks), loss (entries, runs, steps), and spectrum (entries, looks, d) of the first run."""
    values = [[[run["values"].get(q, np.nan) for run in runs] for q in quantities] for runs in results]
    numbers = {"values": np.array(values, dtype=np.float32)}
    if entries[0].looks:
        for name in ("rank", "neighbours", "loss"):
            found = [[run["film"][name] for run in runs] for runs in results]
            numbers[name] = np.array(found, dtype=np.float32)
        spectra = [[[float(f"{v:.{EDGE}g}") for v in row] for row in runs[0]["film"]["spectrum"]] for runs in results]
        numbers["spectrum"] = np.array(spectra, dtype=np.float32)
    return numbers


def describe(
    part: str, dataset: str, entries: Sequence[Entry], results: Sequence[Sequence[Result]], seed: int, device: str
) -> tuple[dict, list[str]]:
    """The JSON, and the names of the quantities in the order of `arrays`."""
    found = {name for runs in results for run in runs for name in run["values"]}
    quantities = [q for q in QUANTITIES if q in found] + sorted(found - set(QUANTITIES))
    summary = {
        "experiment": "practice",
        "part": part,
        "dataset": dataset,
        "runs": len(results[0]),
        "seed": seed,
        "judged_on": "validation images, cut 3 : 1 from the training images" if part == "choices" else "test images",
        "cut": f"{1 - TEST_SHARE:.0%} train, {TEST_SHARE:.0%} test, the same in all runs (seed {CUT})",
        "probes": f"rows of length 1; logistic regression, C = {INVERSE_PENALTY:g}; {NEIGHBOURS} nearest neighbours",
        "optimizer": "Adam, cosine decay to 0",
        "seconds": "of training: processor, one thread" if device == "cpu" else "of training: clock",
        "device": device_name(device),
        "versions": versions(),
        "quantities": quantities,
        "looks": list(entries[0].looks),
        "entries": [
            {
                "group": entry.group,
                "label": entry.label,
                "choices": _changed(entry.choices),
                "mean": {q: _mean(runs, q) for q in quantities if q in runs[0]["values"]},
                "half": {q: _half(runs, q) for q in quantities if q in runs[0]["values"] and len(runs) > 1},
            }
            for entry, runs in zip(entries, results, strict=True)
        ],
    }
    if dataset != "digits":
        summary["beware"] = (
            "4000 images and a small encoder: trials on Fashion-MNIST did not tell the methods apart; "
            "trust no difference that is smaller than its interval"
        )
    return summary, quantities


def _changed(c: Choices) -> dict:
    """The choices that are not the defaults, and what always matters."""
    usual = asdict(Choices(c.method))
    kept = ("method", "steps", "batch", "lr")
    return {name: value for name, value in asdict(c).items() if name in kept or value != usual[name]}


def _mean(runs: Sequence[Result], quantity: str) -> float:
    return float(f"{np.mean([run['values'].get(quantity, np.nan) for run in runs]):.5g}")


def _half(runs: Sequence[Result], quantity: str) -> float:
    """Half the length of the 95 % interval (Student)."""
    return float(f"{interval([run['values'].get(quantity, np.nan) for run in runs])[1]:.3g}")


def table(numbers: Mapping[str, np.ndarray], summary: Mapping) -> str:
    """Means with 95 % intervals (Student), accuracies in per cent, one line an entry."""
    wanted = [q for q in QUANTITIES if q in summary["quantities"]]
    lines, group = [" " * 30 + "".join(f"{q:>14s}" for q in wanted)], None
    for entry, rows in zip(summary["entries"], numbers["values"], strict=True):
        if entry["group"] != group:
            group = entry["group"]
            lines.append(group)
        cells = ""
        for q in wanted:
            scale = 100 if q in ACCURACIES else 1
            cells += f"{_text(scale * rows[summary['quantities'].index(q)]):>14s}"
        lines.append(f"  {entry['label']:28s}{cells}")
    return "\n".join(lines)


def _text(values: np.ndarray) -> str:
    if np.isnan(values).any():
        return "-"
    if len(values) < 2:
        return f"{values[0]:.3g}"
    mean, half = interval(values.astype(float))
    return f"{mean:.1f} ± {half:.1f}" if abs(mean) >= 10 else f"{mean:.2f} ± {half:.2f}"


def draw(numbers: Mapping[str, np.ndarray], summary: Mapping) -> Figure:
    """The figure of a part, from what `arrays` and `describe` left."""
    if "rank" in numbers and numbers["rank"].ndim == 3:
        return _film(numbers, summary)
    return _rows(numbers, summary)


def _rows(numbers: Mapping[str, np.ndarray], summary: Mapping) -> Figure:
    """A panel for each group: a row an entry, the accuracies with their intervals."""
    groups = _groups(summary)
    longest = max(len(members) for members in groups.values())
    columns = min(4, len(groups))
    figure, axes = figures.panels(
        len(groups), width=3.8 if columns > 1 else 6.5, height=1.2 + 0.32 * longest, columns=columns
    )
    shown = ("linear h", "few h", "few z") if summary["part"] != "choices" else ("linear h", "few h")
    for ax, (group, members) in zip(axes, groups.items(), strict=True):
        named = {q: [_interval(100 * _of(numbers, summary, i, q)) for i in members] for q in shown}
        labels = [summary["entries"][i]["label"] for i in members]
        legend = "outside" if ax is axes[-1] else None
        figures.intervals(labels, named, ax, xlabel="accuracy in per cent", title=group, legend=legend)
        ax.set_xlim(0, 100)
    return figure


def _film(numbers: Mapping[str, np.ndarray], summary: Mapping) -> Figure:
    """Rank, neighbours and loss over the steps, and the last spectrum; a row of panels for each group, at most six lines each."""
    rows = [members[i : i + 6] for members in _groups(summary).values() for i in range(0, len(members), 6)]
    figure, axes = figures.panels(4 * len(rows), width=3.6, height=3.0, columns=4)
    looks = summary["looks"]
    for k, members in enumerate(rows):
        rank, near, loss, spectrum = axes[4 * k : 4 * k + 4]
        names = {i: summary["entries"][i]["label"] for i in members}
        one = len(_groups(summary)) > 1
        over = {"xlabel": "step", "legend": None}
        figures.curves(looks, _means(numbers["rank"], names), rank, title="effective rank of z", logy=True, **over)
        figures.curves(looks, _means(100 * numbers["neighbours"], names), near, title="neighbours of h, %", **over)
        steps = np.arange(1, numbers["loss"].shape[2] + 1)
        figures.curves(steps, _means(numbers["loss"], names), loss, title="loss", xlabel="step", legend=None)
        last = {name: np.maximum(numbers["spectrum"][i, -1], 1e-6) for i, name in names.items()}
        index = np.arange(1, numbers["spectrum"].shape[2] + 1)
        title = summary["entries"][members[0]]["group"] if one else "spectrum of z at the end"
        figures.curves(index, last, spectrum, title=title, xlabel="i", logy=True, legend="outside")
    return figure


def _means(values: np.ndarray, names: Mapping[int, str]) -> dict[str, np.ndarray]:
    return {name: values[i].mean(axis=0) for i, name in names.items()}


def _groups(summary: Mapping) -> dict[str, list[int]]:
    """Group -> the indices of its entries."""
    indexed = list(enumerate(summary["entries"]))
    return {
        group: [i for i, _ in members]
        for group, members in itertools.groupby(indexed, key=lambda pair: pair[1]["group"])
    }


def _of(numbers: Mapping[str, np.ndarray], summary: Mapping, i: int, quantity: str) -> np.ndarray:
    return numbers["values"][i, summary["quantities"].index(quantity)].astype(float)


def _interval(values: np.ndarray) -> tuple[float, float]:
    """Of one run, its value without an interval; (nan, nan) of what was not measured."""
    return interval(values) if len(values) > 1 else (float(values[0]), 0.0)
