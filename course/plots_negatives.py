"""Figures of lecture 03: a loss against its bounds, where a bound says something, and the error of a quadrature.

Built on `course.plots`: every helper draws on the axes it is given (or on new ones) and returns the figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course import plots


def against_bounds(
    groups: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    ax: Axes | None = None,
    *,
    xlabel: str = "bound (nats)",
    ylabel: str = "loss (nats)",
    title: str = "",
) -> Figure:
    """One point (bound, loss) per world, both axes logarithmic, and the diagonal: no point may lie above it.

    groups maps a label to (bounds, losses), both in nats and > 0; one colour and marker per group.
    """
    ax = ax if ax is not None else plots.panels(width=4.8, height=4.2)[1][0]
    values = np.concatenate([np.concatenate([np.ravel(b), np.ravel(v)]) for b, v in groups.values()])
    ends = [values.min() / 1.3, values.max() * 1.3]
    ax.plot(ends, ends, color=plots.DARK, linewidth=1, zorder=1)
    ax.annotate(
        "loss = bound",
        (ends[0], ends[0]),
        xytext=(34, 40),
        textcoords="offset points",
        rotation=45,
        fontsize=plots.FONT - 1,
        color=plots.DARK,
        rotation_mode="anchor",
    )
    for (label, (bounds, losses)), colour, marker in zip(groups.items(), plots.PALETTE, "os^Dv", strict=False):
        ax.scatter(bounds, losses, s=14, color=colour, marker=marker, alpha=0.6, linewidths=0, label=label, zorder=2)
    ax.set(xscale="log", yscale="log")
    ax.set_xlabel(xlabel, fontsize=plots.FONT)
    ax.set_ylabel(ylabel, fontsize=plots.FONT)
    ax.set_title(title, fontsize=plots.FONT + 1, loc="left")
    ax.legend(fontsize=plots.FONT - 1, frameon=False, loc="upper left")
    return ax.figure


def marks(named: Mapping[str, float], ax: Axes, *, at: float = 0.03) -> Figure:
    """A dotted vertical line at each value, with its name written along it from the fraction `at` of the height."""
    for name, value in named.items():
        ax.axvline(value, color=plots.GREY, linestyle=":", linewidth=1.2, zorder=1)
        ax.annotate(
            name,
            (value, at),
            xycoords=("data", "axes fraction"),
            xytext=(-2, 0),
            textcoords="offset points",
            ha="right",
            va="bottom",
            rotation=90,
            fontsize=plots.FONT - 1,
            color=plots.DARK,
        )
    return ax.figure


def windows(
    x: Sequence[float],
    bands: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    ax: Axes | None = None,
    *,
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
) -> Figure:
    """For each x the interval of y where something holds, one shaded band per name; both axes logarithmic.

    bands maps a label to (lower ends, upper ends); NaN leaves a gap. Later bands are drawn over earlier ones.
    """
    ax = ax if ax is not None else plots.panels()[1][0]
    for (label, (low, high)), colour in zip(bands.items(), plots.PALETTE, strict=False):
        ax.fill_between(x, low, high, color=colour, alpha=0.35, linewidth=0, label=label)
        ax.plot(x, low, color=colour, linewidth=1.3)
        ax.plot(x, high, color=colour, linewidth=1.3)
    ax.set(xscale="log", yscale="log")
    ax.set_xticks(list(x), [f"{v:g}" for v in x], minor=False)
    ax.set_xticks([], minor=True)
    ax.set_xlabel(xlabel, fontsize=plots.FONT)
    ax.set_ylabel(ylabel, fontsize=plots.FONT)
    ax.set_title(title, fontsize=plots.FONT + 1, loc="left")
    ax.legend(fontsize=plots.FONT - 1, frameon=False, loc="upper left")
    return ax.figure
