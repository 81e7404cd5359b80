"""Plot helpers of the lectures: each draws on the axes it is given (or on new ones) and returns the figure.

    figure, (left, right) = plots.panels(2)
    plots.curves(x, {"naive": y1, "stable": y2}, left, xlabel="temperature", logx=True)
    plots.circle(angles, arrows, positive, negatives, right)      # the last line of a cell shows the figure

A figure is taken out of pyplot's list as soon as it is made, so that a notebook shows it once (where the cell ends with
it) and a long lecture does not pile up open figures. Nothing here changes matplotlib's global settings.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
import PIL.Image
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's palette: told apart also by readers who do not see red and green.
BLUE, ORANGE, GREEN, PURPLE, SKY, AMBER = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"
DARK, GREY = "#222222", "#888888"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, AMBER, SKY)
FONT = 9


class Drawing(Figure):
    """A figure that a notebook stores with 256 colours: half the bytes, and lines and letters look the same."""

    def _ipython_display_(self) -> None:
        from IPython.display import Image, display  # only a notebook needs it

        full, small = io.BytesIO(), io.BytesIO()
        self.savefig(full, format="png", bbox_inches="tight")
        flat = PIL.Image.open(full).convert("RGB").quantize(256, dither=PIL.Image.Dither.NONE)
        flat.save(small, "png", optimize=True)
        display(Image(data=small.getvalue()))


def panels(
    n: int = 1, width: float = 4.2, height: float = 3.2, columns: int | None = None
) -> tuple[Figure, list[Axes]]:
    """A figure with n axes, `columns` in a row (all n unless given), each width x height inches; returns the figure and
    the list of its axes, row by row."""
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
    plt.close(figure)  # out of pyplot's list only: it can still be drawn on, and is shown where a cell returns it
    axes = list(grid.flat)
    for ax in axes[n:]:
        ax.remove()
    for ax in axes[:n]:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=FONT - 1)
    return figure, axes[:n]


def shades(n: int) -> list:
    """n colours from dark to light, for curves whose order means something (temperatures, sizes)."""
    return [plt.get_cmap("viridis")(position) for position in np.linspace(0.0, 0.85, n)]


def curves(
    x: Sequence[float],
    named: Mapping[str, Sequence[float]],
    ax: Axes | None = None,
    *,
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    logx: bool = False,
    logy: bool = False,
    ordered: bool = False,
    colours: Sequence | None = None,
    styles: Sequence[str] = ("-",),
    widths: Sequence[float] = (1.7,),
    marker: str | None = None,
    legend: str | None = "best",
) -> Figure:
    """One line per name over the common x. `ordered` takes its colours from `shades`, dark to light; colours, styles
    (matplotlib's line styles) and widths are used in turn. Values that are not finite leave a gap (see `missing`)."""
    ax = ax if ax is not None else panels()[1][0]
    colours = colours if colours is not None else (shades(len(named)) if ordered else PALETTE)
    looks = zip(cycle(colours), cycle(styles), cycle(widths), strict=False)
    for (name, y), (colour, style, width) in zip(named.items(), looks, strict=False):
        y = np.asarray(y, dtype=float)
        ax.plot(
            x,
            np.where(np.isfinite(y), y, np.nan),
            linestyle=style,
            color=colour,
            label=name,
            linewidth=width,
            marker=marker,
            markersize=3.5,
        )
    if logx:
        ax.set_xscale("log")
    if logy:
        ax.set_yscale("log")
    _name(ax, xlabel, ylabel, title)
    if legend and named:
        ax.legend(fontsize=FONT - 1, frameon=False, loc=legend)
    return ax.figure


def levels(named: Mapping[str, float], ax: Axes, *, at: float = 0.98, above: bool = True) -> Figure:
    """A dashed horizontal line at each value, with its name written above (or below) it at the fraction `at` of the
    width."""
    for name, value in named.items():
        ax.axhline(value, color=GREY, linestyle="--", linewidth=1.0, zorder=1)
        ax.annotate(
            name,
            (at, value),
            xycoords=("axes fraction", "data"),
            xytext=(0, 2 if above else -2),
            textcoords="offset points",
            ha="right" if at > 0.5 else "left",
            va="bottom" if above else "top",
            fontsize=FONT - 1,
            color=DARK,
        )
    return ax.figure


def missing(x: Sequence[float], y: Sequence[float], ax: Axes, *, colour: str = ORANGE, row: float = 0.04) -> Figure:
    """A cross, at the fraction `row` of the height, for each x where y is not finite (overflow, NaN)."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    gone = x[~np.isfinite(y)]
    ax.plot(gone, np.full(gone.shape, row), "x", color=colour, markersize=5, transform=ax.get_xaxis_transform())
    return ax.figure


def circle(
    angles: Sequence[float],
    arrows: Sequence[float],
    positive: float,
    negatives: Sequence[float],
    ax: Axes | None = None,
    *,
    title: str = "",
    colour: str = DARK,
    scale: float = 0.25,
    rest: Sequence[float] = (),
) -> Figure:
    """Tangential arrows on the unit circle, counter-clockwise where `arrows` > 0, times `scale`, and the candidates:
    the positive (disc), the negatives (squares), and, where given, the angles `rest` (rings) where the arrows vanish.
    All angles in radians."""
    ax = ax if ax is not None else panels(width=3.2)[1][0]
    angles, arrows = np.asarray(angles, dtype=float), np.asarray(arrows, dtype=float)
    around = np.linspace(0, 2 * np.pi, 200)
    ax.plot(np.cos(around), np.sin(around), color="#cccccc", linewidth=1.0, zorder=1)
    ax.quiver(
        np.cos(angles),
        np.sin(angles),
        -np.sin(angles) * arrows * scale,
        np.cos(angles) * arrows * scale,
        angles="xy",
        scale_units="xy",
        scale=1,
        color=colour,
        width=0.009,
        headwidth=4.5,
        zorder=6,
    )
    _points(ax, [positive], "o", BLUE, "positive")
    _points(ax, negatives, "s", ORANGE, "negative")
    ax.plot(np.cos(rest), np.sin(rest), "o", markersize=13, markerfacecolor="none", color=GREEN, zorder=4)
    ax.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    _name(ax, "", "", title)
    return ax.figure


def _points(ax: Axes, angles: Sequence[float], marker: str, colour: str, name: str) -> None:
    """Candidates on the circle; the first one carries its name, written inside the circle."""
    x, y = np.cos(angles), np.sin(angles)
    ax.plot(x, y, marker, color=colour, markersize=8, markeredgecolor="white", zorder=5)
    if len(x):
        ax.text(
            0.8 * x[0],
            0.8 * y[0],
            name,
            color=colour,
            fontsize=FONT,
            va="center",
            ha="right" if x[0] > 0.3 else "left" if x[0] < -0.3 else "center",
        )


def _name(ax: Axes, xlabel: str, ylabel: str, title: str) -> None:
    if xlabel:
        ax.set_xlabel(xlabel, fontsize=FONT)
    if ylabel:
        ax.set_ylabel(ylabel, fontsize=FONT)
    if title:
        ax.set_title(title, fontsize=FONT + 1, loc="left")
