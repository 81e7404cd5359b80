"""Figures of unit 07: graphs on a circle, spectra with the labels' share, a loss against its bound, curves with bands.

Each function draws numbers that the caller computed, on the axes it is given or on new ones, and returns the figure,
as `course.plots` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course.plots import BLUE, DARK, FONT, GREY, ORANGE, PALETTE, panels

MARKERS = ("o", "s", "^", "D", "v")
RED = "#B2182B"  # a bar that falls where the proof says that it may not


def ladder(lines: Mapping[str, Sequence[float]], names: Sequence[str]) -> Figure:
    """A proof as a picture, from the loss up to the bound: one panel per graph, one bar per line.

    lines maps the name of a graph to the values of the lines, names are the names of the lines. A bar that falls below
    the one before it breaks the proof and is drawn in red.
    """
    figure, axes = panels(len(lines), width=4.4, height=3.2)
    for ax, (title, values) in zip(axes, lines.items(), strict=True):
        heights = [float(v) for v in values]
        falls = [False] + [b < a - 1e-9 for a, b in pairwise(heights)]
        bars = ax.bar(range(len(heights)), heights, color=[RED if f else BLUE for f in falls], width=0.65)
        ax.bar_label(bars, labels=[f"{h:.4f}" for h in heights], padding=2, fontsize=FONT - 1)
        ax.set_xticks(range(len(heights)), [f"{i}. {n}" for i, n in enumerate(names, 1)], rotation=25, ha="right")
        ax.margins(y=0.12)
        _name(ax, "", "", title)
    return figure


def circle_graph(
    joint: np.ndarray,
    y: Sequence[float],
    ax: Axes | None = None,
    *,
    order: Sequence[int] | None = None,
    title: str = "",
) -> Figure:
    """Nodes on a circle, in colour and shape by the sign of their label; a line per edge, wider for more mass, and in
    red where it joins different labels. `order` lists the nodes counter-clockwise. Loops are not drawn."""
    ax = ax if ax is not None else panels(width=3.2)[1][0]
    n = len(joint)
    order = np.arange(n) if order is None else np.asarray(order)
    turn = np.empty(n)
    turn[order] = np.pi / 2 + 2 * np.pi * (np.arange(n) + 0.5) / n
    x, h, y = np.cos(turn), np.sin(turn), np.asarray(y)
    heaviest = (joint - np.diag(np.diag(joint))).max()
    for i in range(n):
        for j in range(i):
            if joint[i, j] > 1e-12:
                ax.plot(x[[i, j]], h[[i, j]], color=RED if y[i] != y[j] else "#9a9a9a", zorder=1,
                        linewidth=0.3 + 2.7 * joint[i, j] / heaviest)  # fmt: skip
    for sign, colour, marker in ((1, BLUE, "o"), (-1, ORANGE, "s")):
        mine = (y > 0) if sign > 0 else (y <= 0)
        ax.plot(x[mine], h[mine], marker, color=colour, markersize=9, markeredgecolor="white", zorder=3)
    ax.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    _name(ax, "", "", title)
    return ax.figure


def spectrum(
    eigenvalues: Sequence[float],
    share: Sequence[float],
    k: int,
    ax: Axes | None = None,
    *,
    title: str = "",
    legend: bool = True,
) -> Figure:
    """Eigenvalues of the Laplacian, one stem each; the area of the disc is the share beta^2 of the labels in this
    direction. Directions that the embedding into k dimensions loses (index > k, or eigenvalue >= 1) are orange."""
    ax = ax if ax is not None else panels(width=4.4)[1][0]
    lam, share = np.asarray(eigenvalues, dtype=float), np.asarray(share, dtype=float)
    index = np.arange(1, len(lam) + 1)
    lost = (index > k) | (lam >= 1 - 1e-9)
    for mine, colour, name in ((~lost, BLUE, "in the embedding"), (lost, ORANGE, "lost")):
        ax.vlines(index[mine], 0, lam[mine], color=colour, linewidth=1.2, zorder=1)
        ax.scatter(index[mine], lam[mine], s=12 + 240 * share[mine], color=colour, linewidths=0, label=name, zorder=2)
    ax.axhline(1, color=GREY, linestyle="--", linewidth=1)
    ax.axvline(k + 0.5, color=GREY, linestyle=":", linewidth=1.2)
    ax.set_xticks(index)
    ax.set_ylim(0, max(1.12, 1.12 * lam.max()))
    _name(ax, "i (dotted: k)", "$\\lambda_i$, disc: share of y", title)
    if legend:
        ax.legend(fontsize=FONT - 1, framealpha=1, edgecolor="white", loc="center", markerscale=0.7)
    return ax.figure


def against_bound(
    groups: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    ax: Axes | None = None,
    *,
    bound_name: str = "bound",
    value_name: str = "loss",
    title: str = "",
    top: float | None = None,
) -> Figure:
    """One point (bound, value) per graph and the diagonal, above which no point may lie; one colour per group. Bounds
    above `top` are drawn at `top`."""
    ax = ax if ax is not None else panels(width=4.6, height=3.8)[1][0]
    highest = top if top is not None else max(np.max(b) for b, _ in groups.values())
    for (label, (bound, value)), colour, marker in zip(groups.items(), PALETTE, MARKERS, strict=False):
        ax.scatter(np.minimum(bound, highest), value, s=14, color=colour, marker=marker, alpha=0.6, linewidths=0,
                   label=label, zorder=2)  # fmt: skip
    end = min(highest, 1.08 * max(np.max(v) for _, v in groups.values()))
    ax.plot([0, end], [0, end], color=DARK, linewidth=1, zorder=1)
    _name(ax, bound_name, value_name, title)
    if len(groups) > 1:
        ax.legend(fontsize=FONT - 1, frameon=False, loc="lower right")
    return ax.figure


def bands(
    x: Sequence[float],
    named: Mapping[str, np.ndarray],
    ax: Axes | None = None,
    *,
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    logx: bool = False,
    logy: bool = False,
    ticks: Sequence[float] | None = None,
    legend: str = "best",
) -> Figure:
    """The median over runs, one line per name, and a band of the middle 90 %. named: name -> values (runs, len(x)).
    With `logx` the axis is labelled at `ticks`, at every x unless given."""
    ax = ax if ax is not None else panels(width=4.6)[1][0]
    for (name, values), colour, marker in zip(named.items(), PALETTE, MARKERS, strict=False):
        low, high = np.quantile(values, [0.05, 0.95], axis=0)
        ax.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
        ax.plot(x, np.median(values, axis=0), color=colour, marker=marker, markersize=4, linewidth=1.5, label=name)
    if logx:
        ax.set_xscale("log")
        marks = list(x if ticks is None else ticks)
        ax.set_xticks(marks, [f"{v:g}" for v in marks])
        ax.minorticks_off()
    if logy:
        ax.set_yscale("log")
    _name(ax, xlabel, ylabel, title)
    ax.legend(fontsize=FONT - 1, frameon=False, loc=legend)
    return ax.figure


def embedding_plane(z: np.ndarray, labels: Sequence[int], ax: Axes | None = None, *, title: str = "") -> Figure:
    """Points (n, 2) drawn as the digit that they are labelled with, one colour per digit."""
    from matplotlib import colormaps

    ax = ax if ax is not None else panels(width=4.6, height=3.8)[1][0]
    colours = colormaps["tab10"]
    for label in np.unique(labels):
        mine = np.asarray(labels) == label
        ax.scatter(z[mine, 0], z[mine, 1], marker=f"${label}$", s=22, color=colours(int(label) % 10), linewidths=0.2)
    _name(ax, "", "", title)
    return ax.figure


def _name(ax: Axes, xlabel: str, ylabel: str, title: str) -> None:
    if xlabel:
        ax.set_xlabel(xlabel, fontsize=FONT)
    if ylabel:
        ax.set_ylabel(ylabel, fontsize=FONT)
    if title:
        ax.set_title(title, fontsize=FONT + 1, loc="left")
