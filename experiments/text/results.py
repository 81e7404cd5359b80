"""What the experiment leaves: accuracies with their intervals over seeds and over tasks, the bound along training, figures."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from course import figures
from course.comparison import interval
from experiments import running
from experiments.text import bound, settings
from experiments.text.run import Job, Material

GROUPS = ("table", "seen", "unseen")  # tested on all articles; trained on half: on these, on the others


def write(
    folder: Path,
    name: str,
    found: Mapping[Job, dict],
    articles: Sequence,
    materials: Mapping[str, Material],
    device: str,
) -> list[Path]:
    """text_NAME and bound_NAME, each as npz, json and png."""
    numbers, rows = arrays(found), {}
    for group in GROUPS:
        names = numbers[f"{group} names"].tolist()
        rows[group] = {n: summary(numbers[group][i], numbers[f"{group} cells"].tolist()) for i, n in enumerate(names)}
    print(text_table(rows), file=sys.stderr)
    given = materials["all"]
    counts = {part: sum(map(len, lists)) for part, lists in given.parts.items()}
    described = {
        "experiment": "text",
        "dataset": name,
        "articles": [article.title for article in articles],
        "seen": list(materials["half"].articles),
        "sentences": counts,
        "words": given.n_words,
        "encoder": "GRU, 64, mean over the words; word vectors start from PPMI's singular vectors",
        "choices": {kind: asdict(choice) for kind, choice in settings.CHOICES.items()},
        "optimizer": "Adam",
        "methods": {n: asdict(m) for n, m in settings.METHODS.items() if n in rows["table"]},
        "cells": "k / labels / classifier -> [mean, half of the 95 % interval over seeds, over tasks]; null: one value",
        "runs": {n: sum(job.name == n and job.what == "table" for job in found) for n in rows["table"]},
        "device": running.device_name(device),
        "versions": running.versions(),
        "rows": rows,
    }
    both = [curves(found), {"experiment": "text, the bound", "dataset": name, "of": "1 negative"} | laws(found)]
    return [
        *running.write_results(folder, f"text_{name}", numbers, described, draw),
        *running.write_results(folder, f"bound_{name}", *both, draw_bound),
    ]


def arrays(found: Mapping[Job, dict]) -> dict[str, np.ndarray]:
    """For each of GROUPS: accuracies (rows, cells, seeds, chunks), NaN where there is none, and the rows' and cells' names."""
    out = {}
    for group in GROUPS:
        rows: dict[str, list[dict]] = {}
        for job, result in found.items():
            if job.what == ("table" if group == "table" else "seen"):
                rows.setdefault(job.name, []).append(result if group == "table" else result[group])
        names = list(next(iter(rows.values()))[0])
        seeds, chunks = max(map(len, rows.values())), max(len(v) for r in rows.values() for v in r[0].values())
        values = np.full((len(rows), len(names), seeds, chunks), np.nan, dtype=np.float32)
        for i, results in enumerate(rows.values()):
            for s, result in enumerate(results):
                for j, cell in enumerate(names):
                    values[i, j, s, : len(result[cell])] = result[cell]
        out |= {group: values, f"{group} names": np.array(list(rows)), f"{group} cells": np.array(names)}
    return out


def summary(values: np.ndarray, names: Sequence[str]) -> dict[str, list]:
    """cell -> [mean, half the 95 % interval over seeds, over chunks of tasks], values (cells, seeds, chunks)."""
    out = {}
    for cell, both in zip(names, values, strict=True):
        kept = both[~np.isnan(both).all(axis=1)]
        kept = kept[:, ~np.isnan(kept).all(axis=0)].astype(float)
        halves = [interval(kept.mean(axis=axis))[1] if kept.shape[1 - axis] > 1 else None for axis in (1, 0)]
        out[cell] = [round(float(kept.mean()), 4), *(None if half is None else round(half, 4) for half in halves)]
    return out


def text_table(rows: Mapping[str, Mapping[str, Mapping[str, list]]]) -> str:
    """Percent: trained head / mean classifier, ± half the 95 % interval over the seeds."""
    lines = []
    for group, table in rows.items():
        columns = list(dict.fromkeys(cell.rpartition(" / ")[0] for cell in next(iter(table.values()))))
        lines.append(f"{group:36s}" + "".join(f"{column:>26s}" for column in columns))
        for name, row in table.items():
            shown = (" / ".join(percent(row[f"{c} / {how}"]) for how in settings.CLASSIFIERS) for c in columns)
            lines.append(f"  {name:34s}" + "".join(f"{text:>26s}" for text in shown))
    return "\n".join(lines)


def percent(cell: Sequence) -> str:
    return f"{100 * cell[0]:.1f}" + ("" if cell[1] is None else f"±{100 * cell[1]:.1f}")


def curves(found: Mapping[Job, dict]) -> dict[str, np.ndarray]:
    """steps (T,), and "LAW / QUANTITY" (seeds, T)."""
    runs = [result for job, result in found.items() if job.what == "bound"]
    of_law = {
        f"{law} / {quantity}": np.array([run["laws"][law][quantity] for run in runs])
        for law in runs[0]["laws"]
        for quantity in bound.QUANTITIES
    }
    return {"steps": np.array(runs[0]["steps"]), **of_law}


def laws(found: Mapping[Job, dict]) -> dict:
    return {"tau": next(result["tau"] for job, result in found.items() if job.what == "bound")}


def draw(numbers: Mapping[str, np.ndarray], summary: Mapping) -> Figure:
    """Every row of the table at k = 10 (or the largest k there is), and the articles that were not trained on."""
    rows = summary["rows"]
    panels = (("table", "all labels"), ("table", f"{settings.FEW} labels"), ("unseen", "all labels"))
    height = 1.3 + 0.27 * len(rows["table"])
    figure, axes = figures.panels(len(panels), width=4.6, height=height)
    for ax, (group, labels) in zip(axes, panels, strict=True):
        table = rows[group]
        k = "k = 10" if "k = 10 / all labels / mean" in cells_of(table) else "all"
        cells = {how: [table[name][f"{k} / {labels} / {how}"] for name in table] for how in settings.CLASSIFIERS}
        named = {
            f"{how} classifier" if how == "mean" else "trained head": [(100 * c[0], 100 * (c[1] or 0)) for c in found]
            for how, found in cells.items()
        }
        title = f"{k}, {labels}" + (", articles never trained on" if group == "unseen" else "")
        figures.intervals(list(table), named, ax, xlabel="accuracy (%)", title=title, legend="upper left")
        low = min(value for points in named.values() for value, _ in points)
        ax.set_xlim(max(0.0, low - 8), 100)
    return figure


def cells_of(table: Mapping[str, Mapping]) -> list[str]:
    return list(next(iter(table.values())))


def draw_bound(numbers: Mapping[str, np.ndarray], summary: Mapping) -> Figure:
    """L_un, and L_sup^mu under what the lemma allows, along the training; one panel a law."""
    figure, axes = figures.panels(len(summary["tau"]), width=4.2, height=3.4)
    for ax, (law, tau) in zip(axes, summary["tau"].items(), strict=True):
        loss, supervised = (numbers[f"{law} / {quantity}"] for quantity in ("unsupervised", "supervised_mean"))
        named = {
            r"$L_{un}$": loss,
            r"$L_{sup}^\mu$": supervised,
            "what the lemma allows": (loss - tau * np.log(2)) / (1 - tau),
        }
        figures.runs(numbers["steps"], named, ax, ylabel="nats", title=f"{law}, tau = {tau:.3f}", legend="lower left")
        ax.set_ylim(bottom=0)
    return figure


def write_choices(folder: Path, found: Mapping[Job, dict]) -> list[Path]:
    """text_choices.json: validation accuracy of every candidate, and which is the best of each kind."""
    table: dict[str, dict[str, float]] = {}
    for job, result in found.items():
        for key, value in result.items():
            table.setdefault(job.name, {})[f"lr {job.lr:g} / {key}"] = round(value, 4)
    chosen = {name: best(rows) for name, rows in table.items()}
    print("\n".join(f"{name}: {candidate}" for name, candidate in chosen.items()), file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "text_choices.json"
    content = {"what": "lr / steps / scale / classifier -> accuracy of 10-way tasks on the validation sentences"}
    text = json.dumps(content | {"found": table, "chosen": chosen}, indent=1) + "\n"
    running.written_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    return [path]


def best(rows: Mapping[str, float]) -> dict[str, float]:
    """lr, steps, scale with the best sum of the accuracies of both classifiers; the first one of equals."""
    trained = [key for key in rows if key.endswith("/ trained")]
    by_mean = {key.rsplit(" / ", 2)[0]: value for key, value in rows.items() if key.endswith("/ mean")}
    key = max(trained, key=lambda key: rows[key] + by_mean[key.rsplit(" / ", 2)[0]])
    lr, steps, scale, _ = key.removeprefix("lr ").split(" / ")
    return {"lr": float(lr), "steps": int(steps), "scale": float(scale)}


DRAWN = {"text": draw, "bound": draw_bound}
