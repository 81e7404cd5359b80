"""Figures about finite worlds: a loss against its bound, proof ladders, points with class means, slacks of a bound.

Each helper draws numbers that the caller computed, on the axes it is given (or on new ones), and returns the figure.
Figures come from `course.plots.panels`, so that a cell that ends with the call shows the figure once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course.plots import DARK, FONT, GREY, PALETTE, panels

RED = "#B2182B"  # a bar that rises where the proof says that it may not
MARKERS = ("o", "s", "^", "D")


def scatter_against_bound(
    groups: Mapping[str, Sequence[tuple[float, float]]],
    bound_name: str = "bound",
    value_name: str = "value",
    ax: Axes | None = None,
    title: str = "",
    log: bool = False,
) -> Figure:
    """One point (bound, value) per world, one colour and marker per group, and the diagonal.

    groups maps a label to pairs (bound, value) in nats; `log` takes logarithmic axes, for positive numbers. Where the
    bound holds no point lies above the diagonal, and a point on it is a world where the bound is attained.
    """
    ax = ax if ax is not None else panels(width=5.0, height=4.2)[1][0]
    pairs = {label: np.asarray(list(points), dtype=float).reshape(-1, 2) for label, points in groups.items()}
    top = max(p.max() for p in pairs.values())
    low = min(p.min() for p in pairs.values()) if log else min(0.0, *(p.min() for p in pairs.values()))
    ax.plot([low, top], [low, top], color=DARK, linewidth=1, zorder=1, label="value = bound")
    for (label, p), colour, marker in zip(pairs.items(), PALETTE, MARKERS, strict=False):
        ax.scatter(p[:, 0], p[:, 1], s=16, color=colour, marker=marker, alpha=0.65, linewidths=0, label=label, zorder=2)
    if log:
        ax.set(xscale="log", yscale="log")
    _finish(ax, f"{bound_name} (nats)", f"{value_name} (nats)", title)
    ax.legend(fontsize=FONT - 1, frameon=False)
    return ax.figure


def ladder(lines: Mapping[str, Sequence[float]], names: Sequence[str], unit: str = "nats") -> Figure:
    """A proof as a picture: one panel per world, one bar per line of the proof, from the left side to the right side.

    lines maps the name of a world to the values of the lines, names are the names of the lines. A bar that rises above
    the one before it breaks the proof and is drawn in red.
    """
    figure, axes = panels(len(lines), width=4.0, height=3.2)
    for ax, (world, values) in zip(axes, lines.items(), strict=True):
        heights = [float(v) for v in values]
        rises = [False] + [b > a + 1e-9 for a, b in pairwise(heights)]
        bars = ax.bar(range(len(heights)), heights, color=[RED if r else PALETTE[0] for r in rises], width=0.65)
        ax.bar_label(bars, labels=[f"{h:.4f}" for h in heights], padding=2, fontsize=FONT - 1)
        ax.set_xticks(range(len(heights)), [f"{i}. {n}" for i, n in enumerate(names, 1)], rotation=20, ha="right")
        ax.margins(y=0.12)
        _finish(ax, "", unit, world)
    return figure


def points_and_means(
    classes: np.ndarray,
    z: np.ndarray,
    means: np.ndarray,
    ax: Axes | None = None,
    title: str = "",
) -> Figure:
    """The points of a world in the plane, one colour per class, area growing with D_c(x); class means as crosses.

    classes (C, S), z (S, 2), means (C, 2). A point that two classes share is drawn once for each.
    """
    if np.shape(z)[1:] != (2,):
        raise ValueError(f"points are drawn in the plane, z must have shape (S, 2), got {np.shape(z)}")
    ax = ax if ax is not None else panels(width=4.0, height=3.6)[1][0]
    ax.axhline(0, color=GREY, linewidth=0.5, zorder=0)
    ax.axvline(0, color=GREY, linewidth=0.5, zorder=0)
    for c, (row, colour) in enumerate(zip(classes, PALETTE, strict=False)):
        mine = row > 0
        ax.scatter(z[mine, 0], z[mine, 1], s=30 + 220 * row[mine], color=colour, alpha=0.5, linewidths=0,
                   label=f"class {c + 1}", marker=MARKERS[c % len(MARKERS)])  # fmt: skip
        ax.plot(*means[c], "x", color=colour, markersize=9, markeredgewidth=2.5, label=f"its mean $\\mu_{c + 1}$")
    _finish(ax, "first coordinate of $f$", "second coordinate of $f$", title)
    ax.legend(fontsize=FONT - 1, frameon=False, markerscale=0.7)
    return ax.figure


def histogram(
    groups: Mapping[str, Sequence[float]],
    xlabel: str,
    ax: Axes | None = None,
    bins: int = 40,
    mark: float = 0.0,
    title: str = "",
) -> Figure:
    """Overlaid histograms of one number per world, on common bins, with an edge and a vertical line at `mark`."""
    ax = ax if ax is not None else panels(width=5.0, height=3.2)[1][0]
    everything = np.concatenate([np.asarray(v, dtype=float) for v in groups.values()]) - mark
    width = max(np.ptp(everything), 1e-300) / bins
    edges = mark + width * np.arange(np.floor(everything.min() / width), np.ceil(everything.max() / width) + 1)
    for (label, values), colour in zip(groups.items(), PALETTE, strict=False):
        ax.hist(values, bins=edges, color=colour, alpha=0.55, label=label)
    ax.axvline(mark, color=DARK, linewidth=1)
    _finish(ax, xlabel, "number of worlds", title)
    ax.legend(fontsize=FONT - 1, frameon=False)
    return ax.figure


def _finish(ax: Axes, xlabel: str, ylabel: str, title: str) -> None:
    ax.set_xlabel(xlabel, fontsize=FONT)
    ax.set_ylabel(ylabel, fontsize=FONT)
    ax.set_title(title, fontsize=FONT + 1, loc="left")
