"""Figures of unit 05: laws as bars, three embeddings side by side, gains with intervals, levels of similarity.

Each function draws numbers that the caller computed, on the axes it is given or on new ones, and returns the figure, as
`course.plots` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from course.plots import AMBER, BLUE, DARK, FONT, GREEN, GREY, ORANGE, PALETTE, PURPLE, SKY, panels

BELOW_ZERO = "#B2182B"  # a "probability" that is none
# ten classes: the six colours of the palette and four that stay apart from them
CLASS_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, AMBER, SKY, DARK, "#999933", "#882255", "#AAAAAA")
CLASS_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")


def law_bars(laws: Mapping[str, Sequence[float]], axes: Sequence[Axes], points: Sequence[str] | None = None) -> Figure:
    """One panel per law: a bar for each point, its value above it, negative bars in red and hatched."""
    for ax, (name, law) in zip(axes, laws.items(), strict=True):
        law = np.asarray(law, dtype=float)
        bars = ax.bar(range(len(law)), law, color=[BLUE if v >= 0 else BELOW_ZERO for v in law], width=0.7)
        for bar, value in zip(bars, law, strict=True):
            if value < 0:
                bar.set_hatch("///")
            ax.annotate(
                f"{value:.2f}",
                (bar.get_x() + 0.35, value),
                xytext=(0, 2 if value >= 0 else -2),
                textcoords="offset points",
                ha="center",
                va="bottom" if value >= 0 else "top",
                fontsize=FONT - 1,
            )
        ax.axhline(0, color=DARK, linewidth=0.8)
        ax.axhline(1, color=GREY, linewidth=0.8, linestyle="--")
        ax.set_xticks(range(len(law)), points if points is not None else [f"u{i + 1}" for i in range(len(law))])
        ax.margins(y=0.18)
        ax.set_title(name, fontsize=FONT, loc="left")
    return axes[0].figure


def clouds(
    embeddings: Mapping[str, np.ndarray],
    labels: Sequence[int],
    axes: Sequence[Axes],
    names: Sequence[str] | None = None,
) -> Figure:
    """Embeddings (n, 2) side by side, one colour and marker per class, one legend for all."""
    labels = np.asarray(labels)
    classes = np.unique(labels)
    names = names if names is not None else [str(c) for c in classes]
    looks = list(zip(classes, names, CLASS_COLOURS, CLASS_MARKERS, strict=False))
    for ax, (title, z) in zip(axes, embeddings.items(), strict=True):
        z = np.asarray(z)
        for c, _, colour, marker in looks:
            mine = labels == c
            ax.scatter(z[mine, 0], z[mine, 1], s=9, color=colour, marker=marker, alpha=0.75, linewidths=0)
        ax.set(xticks=[], yticks=[])
        ax.set_title(title, fontsize=FONT, loc="left")
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="", markersize=5, label=name)
        for _, name, colour, marker in looks
    ]
    axes[-1].legend(handles=handles, fontsize=FONT - 1, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return axes[0].figure


def gains(
    groups: Sequence[str],
    named: Mapping[str, Sequence[tuple[float, float]]],
    ax: Axes | None = None,
    xlabel: str = "",
    title: str = "",
    legend: bool = True,
) -> Figure:
    """For every group a row, in it one point with its interval per name: named[name][row] = (mean, half width)."""
    ax = ax if ax is not None else panels(width=6.0, height=3.6)[1][0]
    rows = np.arange(len(groups))[::-1]
    for i, (name, values) in enumerate(named.items()):
        mean, half = np.array(values, dtype=float).T
        shift = 0.22 * ((len(named) - 1) / 2 - i)
        ax.errorbar(
            mean,
            rows + shift,
            xerr=half,
            fmt=CLASS_MARKERS[i],
            color=PALETTE[i],
            markersize=4.5,
            capsize=2.5,
            linewidth=1.3,
            label=name,
        )
    ax.axvline(0, color=DARK, linewidth=0.9)
    ax.set_yticks(rows, groups)
    ax.set_ylim(-0.6, len(groups) - 0.4)
    ax.set_xlabel(xlabel, fontsize=FONT)
    ax.set_title(title, fontsize=FONT + 1, loc="left")
    if legend:
        ax.legend(fontsize=FONT - 1, frameon=False, loc="best")
    return ax.figure


def levels_by_run(
    named: Mapping[str, Mapping[str, float]], ax: Axes | None = None, ylabel: str = "", title: str = ""
) -> Figure:
    """For every column (a run) one horizontal mark per quantity: named[column][quantity] = value."""
    ax = ax if ax is not None else panels(width=6.0, height=3.4)[1][0]
    quantities = list(next(iter(named.values())))
    for i, quantity in enumerate(quantities):
        values = [means[quantity] for means in named.values()]
        ax.plot(range(len(named)), values, CLASS_MARKERS[i], color=PALETTE[i], markersize=7, label=quantity)
        for x, value in enumerate(values):
            ax.annotate(
                f"{value:.2f}", (x, value), xytext=(8, 0), textcoords="offset points", va="center", fontsize=FONT - 1
            )
    ax.set_xticks(range(len(named)), list(named))
    ax.set_xlim(-0.4, len(named) - 0.4)
    ax.set_ylim(bottom=0)
    ax.set_ylabel(ylabel, fontsize=FONT)
    ax.set_title(title, fontsize=FONT + 1, loc="left")
    ax.legend(fontsize=FONT - 1, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax.figure
