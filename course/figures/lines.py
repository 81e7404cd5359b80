"""Lines over a common x: curves, bands and runs, and the lines that mark one value.

`**labels` are those of `style.finish`: xlabel, ylabel, title, logx, logy, ticks, legend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course.figures.style import DARK, FONT, GREY, ORANGE, PALETTE, array, finish, looks, panels, shades


def curves(
    x: Sequence[float],
    named: Mapping[str, Sequence[float]],
    ax: Axes | None = None,
    *,
    limits: Mapping[str, float] | None = None,
    ordered: bool = False,
    colours: Sequence | None = None,
    styles: Sequence[str] = ("-",),
    widths: Sequence[float] = (1.7,),
    **labels,
) -> Figure:
    """One line per name: x (n,), named: name -> (n,). Values that are not finite leave a gap (see `missing`).

    `ordered` takes its colours from `shades`, dark to light; colours, styles (matplotlib's, with the marker: "-", "o--",
    "o") and widths are used in turn. limits: name -> a value this line tends to, drawn dashed in the line's colour.
    """
    ax = ax or panels()[1][0]
    x, limits = array("x", x, (None,)), limits or {}
    if nameless := limits.keys() - named.keys():
        raise ValueError(f"limits of lines that are not drawn: {sorted(nameless)}; drawn are {list(named)}")
    colours = colours or (shades(len(named)) if ordered else PALETTE)
    turns = zip(cycle(colours), cycle(styles), cycle(widths), strict=False)
    for (name, values), (colour, style, width) in zip(named.items(), turns, strict=False):
        y = array(name, values, x.shape)
        shown = np.where(np.isfinite(y), y, np.nan)
        ax.plot(x, shown, style, color=colour, label=name, linewidth=width, markersize=3.5)
        if name in limits:
            ax.axhline(limits[name], color=colour, linestyle="--", linewidth=1.0, zorder=1)
    return finish(ax, **labels)


def bands(x: Sequence[float], named: Mapping[str, np.ndarray], ax: Axes | None = None, **labels) -> Figure:
    """A shaded band per name: x (n,), named: name -> (2, n), lower and upper ends, drawn as lines, or (3, n), with a
    middle row, which is drawn in their place. NaN leaves a gap. The x axis is marked at x unless `ticks` are given."""
    ax = ax or panels(width=4.6)[1][0]
    x = array("x", x, (None,))
    for name, rows, colour, marker in looks(named):
        rows = array(name, rows, (None, len(x)))
        if len(rows) not in (2, 3):
            raise ValueError(f"{name!r} must hold the ends of a band or ends and middle, got {len(rows)} rows")
        if len(rows) == 3:
            ax.fill_between(x, rows[0], rows[2], color=colour, alpha=0.2, linewidth=0)
            ax.plot(x, rows[1], color=colour, marker=marker, markersize=4, linewidth=1.5, label=name)
        else:
            ax.fill_between(x, *rows, color=colour, alpha=0.35, linewidth=0, label=name)
            ax.plot(x, rows.T, color=colour, linewidth=1.3)
    return finish(ax, **{"ticks": x, **labels})


def runs(
    x: Sequence[float],
    named: Mapping[str, np.ndarray],
    ax: Axes | None = None,
    *,
    colours: Sequence[str] = PALETTE,
    **labels,
) -> Figure:
    """Several runs of a training per name: x (n,), named: name -> (runs, n). Each run thin, their mean thick, and a band
    of one standard deviation around it. The x axis is logarithmic and begins at 0, the state before the first step."""
    ax = ax or panels(width=5.0)[1][0]
    x = array("x", x, (None,))
    for (name, values), colour in zip(named.items(), cycle(colours), strict=False):
        values = array(name, values, (None, len(x)))
        mean, spread = values.mean(axis=0), values.std(axis=0)
        low = mean - spread
        if labels.get("logy"):  # a band that reaches 0 would fill the picture
            low = np.maximum(low, values.min(axis=0))
        ax.fill_between(x, low, mean + spread, color=colour, alpha=0.18, linewidth=0)
        ax.plot(x, values.T, color=colour, linewidth=0.5, alpha=0.6)
        ax.plot(x, mean, color=colour, linewidth=1.9, label=name)
    ax.set_xscale("symlog", linthresh=1)
    ax.set_xlim(left=0)
    return finish(ax, **{"xlabel": "iteration", **labels})


def levels(named: Mapping[str, float], ax: Axes, *, at: float = 0.98, above: bool = True) -> Figure:
    """A dashed horizontal line at each value, with its name above (or below) it at the fraction `at` of the width; with
    at > 1 the name stands beside the axes, at the height of the line."""
    beside = at > 1
    for name, value in named.items():
        ax.axhline(value, color=GREY, linestyle="--", linewidth=1.0, zorder=1)
        ax.annotate(
            name,
            (at, value),
            xycoords=("axes fraction", "data"),
            xytext=(0, 0 if beside else 2 if above else -2),
            textcoords="offset points",
            ha="right" if 0.5 < at <= 1 else "left",
            va="center" if beside else "bottom" if above else "top",
            fontsize=FONT - 1,
            color=DARK,
            annotation_clip=False,
        )
    return ax.figure


def marks(named: Mapping[str, float], ax: Axes, *, at: float) -> Figure:
    """A dotted vertical line at each value, with its name written along it from the fraction `at` of the height."""
    for name, value in named.items():
        ax.axvline(value, color=GREY, linestyle=":", linewidth=1.2, zorder=1)
        ax.annotate(
            name,
            (value, at),
            xycoords=("data", "axes fraction"),
            xytext=(-2, 0),
            textcoords="offset points",
            ha="right",
            va="bottom",
            rotation=90,
            fontsize=FONT - 1,
            color=DARK,
        )
    return ax.figure


def missing(x: Sequence[float], y: Sequence[float], ax: Axes, *, colour: str = ORANGE, row: float = 0.04) -> Figure:
    """A cross, at the fraction `row` of the height, for each x where y is not finite (overflow, NaN); x and y (n,)."""
    x = array("x", x, (None,))
    gone = x[~np.isfinite(array("y", y, x.shape))]
    ax.plot(gone, np.full(gone.shape, row), "x", color=colour, markersize=5, transform=ax.get_xaxis_transform())
    return ax.figure
