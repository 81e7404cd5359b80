"""Figures 1, 2 and 3 of Merad et al., each from stored numbers: losses of all runs, bounds on top, output norms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course import figures
from course.figures import BLUE, DARK, FONT, GREEN, GREY, ORANGE

Curves = np.ndarray  # (runs, T)


def one_negative(
    steps: Sequence[int],
    loss: Curves,
    supervised: Curves,
    limits: Mapping[str, Curves],
    chance: float,
    note: str = "",
) -> Figure:
    """Figure 1: L_un and L_sup^mu of all runs (left), and L_sup^mu under the bounds (right).

    steps (T,); limits: lemma1, lemma1_without_log and sharp; chance is ln N_C.
    """
    figure, (left, right) = figures.panels(2, width=4.8, height=3.5)
    losses = {"$L_{un}$, one negative": loss, r"$L_{sup}^\mu$, all classes": supervised}
    figures.runs(steps, losses, left, colours=(BLUE, ORANGE), ylabel="nats", title="the losses, no factor")
    figures.runs(steps, {r"$L_{sup}^\mu$": supervised}, right, colours=(ORANGE,), logy=True)
    bounds = {
        r"$L_{un}/p_{min}+\ln N_C$, Lemma 1": limits["lemma1"],
        r"$L_{un}/p_{min}$, no $\ln N_C$": limits["lemma1_without_log"],
        r"sharp: $(L_{un}-\|\rho\|^2\ln 2)/p_{min}$": limits["sharp"],
    }
    _broken(steps, bounds, right, (DARK, BLUE, GREEN), ylabel="nats (log)", title="inequality (7)")
    figures.levels({r"$\ln N_C$": chance}, right, at=1.01)
    return _noted(figure, note)


def many_negatives(steps: Sequence[int], panels: Mapping[int, Mapping], note: str = "") -> Figure:
    """Figure 2: one panel per N, steps (T,). panels[N]: loss, supervised, lemma2, sharp (runs, T); floor of the loss,
    chance."""
    figure, axes = figures.panels(len(panels), width=4.1, height=3.7)
    for ax, (n, panel) in zip(axes, panels.items(), strict=True):
        losses = {
            f"$L_{{un}}^{{{n}}}$, factor $1/p_{{cc}}$ removed": panel["loss"],
            r"$L_{sup}^\mu$": panel["supervised"],
        }
        figures.runs(steps, losses, ax, colours=(BLUE, ORANGE), logy=True)
        bounds = {f"$L_{{un}}^{{{n}}}/p_{{cc}}$, Lemma 2": panel["lemma2"], "sharp bound": panel["sharp"]}
        _broken(steps, bounds, ax, (DARK, GREEN), ylabel="nats (log)", title=f"N = {n}", legend="upper right")
        figures.levels({r"$\ln N_C$": panel["chance"], "floor": panel["floor"]}, ax, at=1.01)
        low, high = ax.get_ylim()
        ax.set_ylim(low, high * (high / low) ** 0.45)  # room for the legend
    return _noted(figure, note)


def output_norms(steps: Sequence[int], smallest: Curves, largest: Curves, note: str = "") -> Figure:
    """Figure 3: smallest and largest output norm along training; dashed, the smallest of all: eta of Assumption 2."""
    figure, (ax,) = figures.panels(1, width=5.6, height=3.6)
    norms = {"largest norm": largest, "smallest norm": smallest}
    look = {"ylabel": "Euclidean norm of an output", "legend": "upper left"}
    figures.runs(steps, norms, ax, colours=(ORANGE, BLUE), **look)
    figures.levels({f"smallest of all: {np.min(smallest):.3f}": float(np.min(smallest))}, ax)
    ax.set_ylim(bottom=0)
    return _noted(figure, note)


def _broken(steps: Sequence[int], bounds: Mapping[str, Curves], ax: Axes, colours: Sequence[str], **labels) -> None:
    """The means of bounds over the runs, as broken lines over what is already there."""
    means = {name: bound.mean(axis=0) for name, bound in bounds.items()}
    figures.curves(steps, means, ax, colours=colours, styles=("--", ":", "-."), widths=(1.5,), **labels)


def _noted(figure: Figure, note: str) -> Figure:
    if note:
        figure.supxlabel(note, fontsize=FONT - 1.5, color=GREY)
    return figure
