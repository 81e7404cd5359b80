"""Figures of unit 04: certified nats against negatives, bounds against information, clouds on the circle.

Each function draws numbers that the caller computed, on the axes it is given or on new ones, and returns the figure,
as `course.plots` does. All information is in nats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course.plots import BLUE, DARK, FONT, GREY, ORANGE, PALETTE, levels, panels


def saturation(
    counts: Sequence[int], curves: Mapping[str, tuple[Sequence[float], float]], ax: Axes | None = None, title: str = ""
) -> Figure:
    """Certified nats against N: `curves[name] = (values at counts, mutual information)`. A dashed line marks each
    information, a thick dark one the ceiling ln(N+1)."""
    ax = ax if ax is not None else panels(width=6.4, height=3.6)[1][0]
    n = np.asarray(counts)
    ax.plot(n, np.log(n + 1), color=DARK, linewidth=2.2, label="ceiling ln(N+1)")
    for colour, (name, (values, information)) in zip(PALETTE, curves.items(), strict=False):
        ax.plot(n, values, "o-", color=colour, markersize=3, linewidth=1.5, label=name)
        ax.axhline(information, color=colour, linestyle="--", linewidth=1.0)
    highest = max(information for _, information in curves.values())
    ax.set(xscale="log", ylim=(0, 1.12 * highest))
    _name(ax, "number of negatives N", "certified nats (dashed: the information)", title)
    ax.legend(fontsize=FONT - 1, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax.figure


def scatter(
    families: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    ax: Axes | None = None,
    *,
    ceiling: float | None = None,
    title: str = "",
    lowest: float | None = None,
) -> Figure:
    """One point per joint law and critic: `families[name] = (informations, certified nats)`, the diagonal, and a dashed
    ceiling. Points below `lowest` are left out of the picture (say how many in the text)."""
    ax = ax if ax is not None else panels(width=4.6, height=3.8)[1][0]
    highest = max(max(information) for information, _ in families.values())
    for colour, (name, (information, certified)) in zip(PALETTE, families.items(), strict=False):
        ax.scatter(information, certified, s=7, alpha=0.5, color=colour, label=name, linewidths=0)
    ax.plot([0, highest], [0, highest], color=DARK, linewidth=1.0)
    if ceiling is not None:
        levels({"ln(N+1)": ceiling}, ax)
    ax.set_ylim(bottom=lowest)
    _name(ax, "mutual information I", "ln(N+1) - L", title)
    ax.legend(fontsize=FONT - 1, frameon=False, loc="lower right", markerscale=2)
    return ax.figure


def price(
    bits: Sequence[float],
    needed: Sequence[int],
    floor: Sequence[float],
    enough: Sequence[float] | None = None,
    ax: Axes | None = None,
    title: str = "",
) -> Figure:
    """Negatives needed (log axis) against the bits to certify, between what is necessary and what is sufficient."""
    ax = ax if ax is not None else panels(width=5.0, height=3.4)[1][0]
    if enough is not None:
        ax.plot(bits, enough, linestyle=":", color=GREY, label="sufficient")
    ax.plot(bits, needed, "o-", color=ORANGE, markersize=4, label="needed")
    ax.plot(bits, floor, linestyle="--", color=BLUE, label="necessary: ln(N+1) must reach the target")
    ax.set_yscale("log")
    _name(ax, "bits copied", "number of negatives N", title)
    ax.legend(fontsize=FONT - 1, frameon=False)
    return ax.figure


def circles(clouds: Mapping[str, tuple[np.ndarray, np.ndarray]], width: float = 2.5) -> Figure:
    """One panel per cloud of positive pairs on the unit circle: `clouds[title] = (x, y)` of shape (n, 2) each. A line
    joins the two points of a pair; the second point is drawn a little outside so that both are seen."""
    figure, axes = panels(len(clouds), width=width, height=width + 0.5)
    turn = np.linspace(0, 2 * np.pi, 200)
    for ax, (title, (x, y)) in zip(axes, clouds.items(), strict=True):
        ax.plot(np.cos(turn), np.sin(turn), color="#cccccc", linewidth=1.0, zorder=0)
        y = 1.12 * y
        ax.plot([x[:, 0], y[:, 0]], [x[:, 1], y[:, 1]], color=GREY, linewidth=0.6, zorder=1)
        ax.scatter(*x.T, s=12, color=BLUE, linewidths=0, zorder=2)
        ax.scatter(*y.T, s=12, color=ORANGE, marker="s", linewidths=0, zorder=2)
        ax.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal", xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_title(title, fontsize=FONT)
    return figure


def _name(ax: Axes, xlabel: str, ylabel: str, title: str) -> None:
    ax.set_xlabel(xlabel, fontsize=FONT)
    ax.set_ylabel(ylabel, fontsize=FONT)
    if title:
        ax.set_title(title, fontsize=FONT + 1, loc="left")
