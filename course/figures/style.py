"""The look of all figures: panels, palette and fonts, the one way to label axes, and the check of shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course.figures.shown import Drawing

# Okabe and Ito's palette: told apart also by readers who do not see red and green.
BLUE, ORANGE, GREEN, PURPLE, SKY, AMBER = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"
DARK, GREY, PALE = "#222222", "#888888", "#cccccc"
RED = "#B2182B"  # what must not be: a negative "probability", a line of a proof that breaks it, an edge that is cut
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, AMBER, SKY, DARK, "#999933", "#882255", "#AAAAAA")  # enough for ten digits
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
FONT = 9


def panels(
    n: int = 1, width: float = 4.2, height: float = 3.2, columns: int | None = None
) -> tuple[Figure, list[Axes]]:
    """A figure with n axes, `columns` in a row (all n unless given), each width x height inches; returns the figure and
    the list of its axes, row by row.

    It is out of pyplot's list at once: a notebook shows it once, where a cell ends with it, and a long lecture does not
    pile up open figures.
    """
    columns = columns or n
    rows = -(-n // columns)
    figure, grid = plt.subplots(
        rows,
        columns,
        figsize=(columns * width, rows * height),
        dpi=96,
        squeeze=False,
        layout="constrained",
        FigureClass=Drawing,
    )
    plt.close(figure)  # it can still be drawn on
    axes = list(grid.flat)
    for ax in axes[n:]:
        ax.remove()
    for ax in axes[:n]:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=FONT - 1)
    return figure, axes[:n]


def finish(
    ax: Axes,
    *,
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    logx: bool = False,
    logy: bool = False,
    ticks: Sequence[float] | None = None,
    legend: str | None = "best",
) -> Figure:
    """Label axes; what is not given stays as it is. The functions of this package pass on what they do not know to here.

    `ticks` are the only marks of the x axis, written as plain numbers. `legend` is a place in matplotlib's words,
    "outside" (right of the axes) or None; it lists what has a name, each kind of point in the same size.
    """
    if logx:
        ax.set_xscale("log")
    if logy:
        ax.set_yscale("log")
    if ticks is not None:
        ax.set_xticks(list(ticks), [f"{tick:g}" for tick in ticks])
        ax.xaxis.minorticks_off()
    if xlabel:
        ax.set_xlabel(xlabel, fontsize=FONT)
    if ylabel:
        ax.set_ylabel(ylabel, fontsize=FONT)
    if title:
        ax.set_title(title, fontsize=FONT + 1, loc="left")
    if legend and ax.get_legend_handles_labels()[1]:
        place = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)} if legend == "outside" else {"loc": legend}
        shown = ax.legend(fontsize=FONT - 1, edgecolor="none", framealpha=0.8, **place)  # readable on top of points
        for handle in shown.legend_handles:
            if hasattr(handle, "set_sizes"):
                handle.set_sizes([30])
    return ax.figure


def bare(ax: Axes, half: float) -> None:
    """Axes from -half to half in both directions, in true proportions, without ticks and frame."""
    ax.set(xlim=(-half, half), ylim=(-half, half), aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def shades(n: int) -> list:
    """n colours from dark to light, for curves whose order means something (temperatures, sizes)."""
    return [plt.get_cmap("viridis")(position) for position in np.linspace(0.0, 0.85, n)]


def looks(named: Mapping[str, Any]) -> Iterator[tuple[str, Any, str, str]]:
    """(name, value, colour, marker) of each; the palette and the markers are used in turn."""
    for (name, value), colour, marker in zip(named.items(), cycle(PALETTE), cycle(MARKERS), strict=False):
        yield name, value, colour, marker


def array(what: str, values: Any, shape: tuple[int | None, ...]) -> np.ndarray:
    """`values` as floats of this shape, None for any length; a ValueError names what has another shape."""
    wanted = f"({', '.join('any' if length is None else str(length) for length in shape)})"
    try:
        found = np.asarray(values, dtype=float)
    except ValueError as error:
        raise ValueError(f"{what!r} must be numbers of shape {wanted}: {error}") from None
    if found.ndim != len(shape) or any(want not in (None, n) for want, n in zip(shape, found.shape, strict=True)):
        raise ValueError(f"{what!r} must have shape {wanted}, got {found.shape}")
    return found
