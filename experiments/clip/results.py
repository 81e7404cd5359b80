"""What the experiment leaves: recalls and the rest with intervals over the seeds, rows for the lecture's grids, the figure."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from course import figures
from course.comparison import interval
from experiments import running
from experiments.clip import settings
from experiments.clip.pictures import Pictures
from experiments.clip.run import Job

GALLERY = 240  # test drawings that the lecture can show
NOT_NUMBERS = ("losses", "shown", "overflow")
DIRECTIONS = ("image to text", "text to image")
COLUMNS = ("image to text R@1", "image to text R@10", "text to image R@1", "text to image R@10", "groups: eight prompts",
           "gap: distance of means")  # fmt: skip


def write(folder: Path, name: str, found: Mapping[Job, dict], data: Pictures, device: str) -> list[Path]:
    """clip_NAME as npz, json and png."""
    rows, numbers = {}, {}
    for variant in dict.fromkeys(job.name for job in found):
        runs = [result for job, result in found.items() if job.name == variant]
        rows[variant] = {key: cell([run[key] for run in runs]) for key in runs[0] if key not in NOT_NUMBERS}
        numbers[f"losses / {variant}"] = np.array([run["losses"] for run in runs], dtype=np.float32)
    print(text_table(rows), file=sys.stderr)
    one = next((result for result in found.values() if "shown" in result), None)
    summary = {
        "experiment": "clip",
        "dataset": name,
        "concepts": len(data.concepts),
        "drawings": len(data.images),
        "groups": sorted({c["group"] for c in data.concepts}),
        "choice": asdict(settings.CHOICE),
        "optimizer": f"Adam; scale and bias at {settings.FASTER} times the rate",
        "variants": {variant: asdict(settings.VARIANTS[variant]) for variant in rows},
        "steps": max(job.steps for job in found),
        "cells": "quantity -> [mean, half of the 95 % interval over seeds]; on test concepts unless it says training",
        "device": running.device_name(device),
        "versions": running.versions(),
        "rows": rows,
    }
    if one is not None:
        numbers |= grids(one["shown"], data)
        places, words = gallery(one["shown"], data)
        drawn = [data.concepts[data.of_concept[one["shown"]["drawings"][i]]] for i in places]
        summary |= {"overflow": one["overflow"], "queries": list(settings.QUERIES)}
        summary |= {"names": [c["name"] for c in drawn], "of_group": [c["group"] for c in drawn]}
        summary |= {
            "tags": [" ".join(c["tags"]) for c in drawn],
            "words": [one["shown"]["words"][i] for i in words],
        }
    return running.write_results(folder, f"clip_{name}", numbers, summary, draw)


def cell(values: list[float]) -> list:
    half = interval(values)[1] if len(values) > 1 else None
    return [round(float(np.mean(values)), 4), None if half is None else round(half, 4)]


def gallery(shown: Mapping, data: Pictures) -> tuple[list[int], list[int]]:
    """Places in `shown` of GALLERY test drawings, and of the words that are said of one of them, or asked for."""
    places = sorted(np.random.default_rng(0).permutation(len(shown["drawings"]))[:GALLERY].tolist())
    concepts = [data.concepts[data.of_concept[shown["drawings"][i]]] for i in places]
    texts = [*settings.QUERIES, *(text for c in concepts for text in (c["name"], *c["tags"]))]
    said = {word for text in texts for word in text.lower().split()}
    return places, [i for i, word in enumerate(shown["words"]) if word in said]


def grids(shown: Mapping, data: Pictures) -> dict[str, np.ndarray]:
    """images (n, 32, 32, 3) uint8 of test drawings; image_z and text_z (n, 64), the rows of the drawings and of their names,
    of length 1 but for rounding; and word_sums (w, 64) int8: the row of a text of these words points along the sum of its
    words' rows."""
    places, words = gallery(shown, data)
    sums = np.array(shown["word_sums"])[words]
    return {
        "images": data.images[np.array(shown["drawings"])[places]],
        "image_z": np.array(shown["image_z"])[places].astype(np.float16),
        "text_z": np.array(shown["text_z"])[places].astype(np.float16),
        "word_sums": np.round(127 * sums / np.abs(sums).max()).astype(np.int8),
    }


def text_table(rows: Mapping[str, Mapping[str, list]]) -> str:
    """± half of the 95 % interval over the seeds."""
    lines = [f"{'':26s}" + "".join(f"{column:>24s}" for column in COLUMNS)]
    for name, row in rows.items():
        lines.append(f"{name:26s}" + "".join(f"{shown(row.get(column)):>24s}" for column in COLUMNS))
    return "\n".join(lines)


def shown(found: list | None) -> str:
    return "-" if found is None else f"{found[0]:.3f}" + ("" if found[1] is None else f" ± {found[1]:.3f}")


def draw(numbers: Mapping[str, np.ndarray], summary: Mapping) -> Figure:
    """Search in both directions, the groups, and the gap, a row a variant."""
    rows = summary["rows"]
    panels = {
        "search among unseen concepts": {d: [row[f"{d} R@10"] for row in rows.values()] for d in DIRECTIONS},
        "groups, by words": {k: [row[f"groups: {k}"] for row in rows.values()] for k in known(rows, "groups: ")},
        "gap": {"distance of the means": [row["gap: distance of means"] for row in rows.values()]},
    }
    figure, axes = figures.panels(len(panels), width=4.4, height=1.3 + 0.28 * len(rows))
    legends = dict(zip(panels, ("upper right", "outside", None), strict=True))
    for ax, (title, named) in zip(axes, panels.items(), strict=True):
        percent = 1 if title == "gap" else 100
        points = {name: [(percent * m, percent * (h or 0)) for m, h in cells] for name, cells in named.items()}
        label = {"search among unseen concepts": "right one among the first ten (%)", "gap": "length"}.get(
            title, "accuracy (%)"
        )
        figures.intervals(list(rows), points, ax, xlabel=label, title=title, legend=legends[title])
        if ax is not axes[0]:
            ax.set_yticklabels([])
    return figure


def known(rows: Mapping[str, Mapping], prefix: str) -> list[str]:
    """The ways to tell groups that every variant has, without chance and the largest group."""
    first, *others = rows.values()
    keys = [key.removeprefix(prefix) for key in first if key.startswith(prefix) and all(key in row for row in others)]
    return [key for key in keys if key != "chance"]


def write_choices(folder: Path, found: Mapping[Job, dict[str, float]]) -> list[Path]:
    """clip_choices.json: recall at 10 of every candidate on the validation concepts, and the best."""
    table = [
        asdict(settings.CANDIDATES[int(job.name)]) | {"steps": int(steps), "recall": round(value, 4)}
        for job, result in found.items()
        for steps, value in result.items()
    ]
    best = max(table, key=lambda row: row["recall"])
    print("\n".join(map(str, [*table, best])), file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    path, what = folder / "clip_choices.json", "recall at 10 on the validation concepts, mean of directions and styles"
    text = json.dumps({"what": what, "found": table, "chosen": best}, indent=1) + "\n"
    running.written_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    return [path]
