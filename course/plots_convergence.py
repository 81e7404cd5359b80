"""Figures of lecture 08 and of `course.experiments`: curves of several runs, bounds and norms along training.

Built on `course.plots`: every helper draws on the axes it is given (or on new ones) and returns the figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course import plots

RED = "#B2182B"


def runs(
    x: Sequence[float],
    named: Mapping[str, np.ndarray],
    ax: Axes | None = None,
    *,
    colours: Sequence[str] = plots.PALETTE,
    xlabel: str = "iteration",
    ylabel: str = "",
    title: str = "",
    logy: bool = False,
    legend: str = "best",
) -> Figure:
    """Curves of shape (runs, len(x)): each run thin, their mean thick, and a band of one standard deviation around it.

    The x axis is logarithmic and begins at 0 (the state before the first step).
    """
    ax = ax if ax is not None else plots.panels(width=5.0)[1][0]
    for (label, values), colour in zip(named.items(), colours, strict=False):
        values = np.atleast_2d(values)
        mean, spread = values.mean(axis=0), values.std(axis=0)
        low = np.maximum(mean - spread, values.min(axis=0)) if logy else mean - spread
        ax.fill_between(x, low, mean + spread, color=colour, alpha=0.18, linewidth=0)
        ax.plot(x, values.T, color=colour, linewidth=0.5, alpha=0.6)
        ax.plot(x, mean, color=colour, linewidth=1.9, label=label)
    _axes(ax, xlabel, ylabel, title, logy)
    ax.legend(fontsize=plots.FONT - 1, frameon=False, loc=legend)
    return ax.figure


def bounds(x: Sequence[float], named: Mapping[str, np.ndarray], ax: Axes, colours: Sequence[str], legend: str = "best"):
    """Means over the runs of upper bounds, (runs, len(x)) each, as broken lines over curves that are already there."""
    for (label, values), colour, style in zip(named.items(), colours, ("--", ":", "-."), strict=False):
        ax.plot(x, np.atleast_2d(values).mean(axis=0), style, color=colour, linewidth=1.5, label=label)
    ax.legend(fontsize=plots.FONT - 1, frameon=False, loc=legend)
    return ax.figure


def one_negative(steps, loss, supervised, limits: Mapping[str, np.ndarray], chance: float, note: str = "") -> Figure:
    """Figure 1 of Merad et al.: L_un and L_sup^mu of all runs (left), and L_sup^mu under the bounds (right)."""
    figure, (left, right) = plots.panels(2, width=4.8, height=3.5)
    blue, orange = plots.BLUE, plots.ORANGE
    curves = {"$L_{un}$, one negative": loss, r"$L_{sup}^\mu$, all classes": supervised}
    runs(steps, curves, left, colours=(blue, orange), ylabel="nats", title="the losses, no factor")
    runs(steps, {r"$L_{sup}^\mu$": supervised}, right, colours=(orange,), ylabel="nats (log)", logy=True,
         title="inequality (7)")  # fmt: skip
    labels = {"lemma1": r"$L_{un}/p_{min}+\ln N_C$, Lemma 1", "lemma1_without_log": r"$L_{un}/p_{min}$, no $\ln N_C$",
              "sharp": r"sharp: $(L_{un}-\|\rho\|^2\ln 2)/p_{min}$"}  # fmt: skip
    bounds(steps, {labels[name]: limits[name] for name in labels}, right, (plots.DARK, blue, plots.GREEN))
    _level(right, r"$\ln N_C$", chance)
    return _noted(figure, note)


def many_negatives(steps, panels: Mapping[int, Mapping], note: str = "") -> Figure:
    """Figure 2: one panel per N. panels[N]: loss, supervised, lemma2, sharp (runs, T); floor of the loss, chance."""
    figure, axes = plots.panels(len(panels), width=4.1, height=3.7)
    for ax, (n, panel) in zip(axes, panels.items(), strict=True):
        curves = {
            f"$L_{{un}}^{{{n}}}$, factor $1/p_{{cc}}$ removed": panel["loss"],
            r"$L_{sup}^\mu$": panel["supervised"],
        }
        runs(steps, curves, ax, colours=(plots.BLUE, plots.ORANGE), ylabel="nats (log)", logy=True, title=f"N = {n}")
        limits = {f"$L_{{un}}^{{{n}}}/p_{{cc}}$, Lemma 2": panel["lemma2"], "sharp bound": panel["sharp"]}
        bounds(steps, limits, ax, (plots.DARK, plots.GREEN), legend="upper right")
        _level(ax, r"$\ln N_C$", panel["chance"])
        _level(ax, "floor", panel["floor"])
        low, high = ax.get_ylim()
        ax.set_ylim(low, high * (high / low) ** 0.45)  # room for the legend
    return _noted(figure, note)


def output_norms(steps, smallest, largest, note: str = "") -> Figure:
    """Figure 3: smallest and largest output norm along training; dashed, the smallest of all: eta of Assumption 2."""
    figure, (ax,) = plots.panels(1, width=5.6, height=3.6)
    runs(steps, {"largest norm": largest, "smallest norm": smallest}, ax, colours=(plots.ORANGE, plots.BLUE),
         ylabel="Euclidean norm of an output", legend="upper left")  # fmt: skip
    plots.levels({f"smallest of all: {np.min(smallest):.3f}": float(np.min(smallest))}, ax)
    ax.set_ylim(bottom=0)
    return _noted(figure, note)


def _level(ax: Axes, name: str, value: float) -> None:
    """A thin dashed horizontal line, named at its right end, outside the axes: no curve runs through the name."""
    ax.axhline(value, color=plots.GREY, linestyle="--", linewidth=1.0, zorder=1)
    ax.annotate(name, (1.01, value), xycoords=("axes fraction", "data"), va="center", fontsize=plots.FONT - 1,
                color=plots.DARK, annotation_clip=False)  # fmt: skip


def _axes(ax: Axes, xlabel: str, ylabel: str, title: str, logy: bool) -> None:
    ax.set_xscale("symlog", linthresh=1)
    ax.set_xlim(left=0)
    if logy:
        ax.set_yscale("log")
    ax.set_xlabel(xlabel, fontsize=plots.FONT)
    ax.set_ylabel(ylabel, fontsize=plots.FONT)
    ax.set_title(title, fontsize=plots.FONT + 1, loc="left")


def _noted(figure: Figure, note: str) -> Figure:
    if note:
        figure.supxlabel(note, fontsize=plots.FONT - 1.5, color=plots.GREY)
    return figure
