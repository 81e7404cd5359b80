"""Single values as dots: means with intervals, the quantities of several runs, eigenvalues.

`**labels`: see `style.finish`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course.figures.style import BLUE, DARK, FONT, GREY, ORANGE, array, finish, looks, panels


def intervals(
    rows: Sequence[str], named: Mapping[str, Sequence[tuple[float, float]]], ax: Axes | None = None, **labels
) -> Figure:
    """A row for each of `rows`, from the top, and in it one point with its interval per name.

    named: name -> (rows, 2), mean and half width. A line marks 0.
    """
    ax = ax or panels(width=6.0, height=3.6)[1][0]
    places = np.arange(len(rows))[::-1]
    for i, (name, values, colour, marker) in enumerate(looks(named)):
        mean, half = array(name, values, (len(rows), 2)).T
        shift = 0.22 * ((len(named) - 1) / 2 - i)
        look = {"fmt": marker, "color": colour, "markersize": 4.5, "capsize": 2.5, "linewidth": 1.3}
        ax.errorbar(mean, places + shift, xerr=half, label=name, **look)
    ax.axvline(0, color=DARK, linewidth=0.9)
    ax.set_yticks(places, rows)
    ax.set_ylim(-0.6, len(rows) - 0.4)
    return finish(ax, **labels)


def by_column(columns: Mapping[str, Mapping[str, float]], **labels) -> Figure:
    """A column per run, and in it one mark per quantity with its value: columns[run][quantity], the same quantities in
    each."""
    _, (ax,) = panels(width=6.0, height=4.0)
    quantities = list(next(iter(columns.values())))
    for run, found in columns.items():
        if set(found) != set(quantities):
            raise ValueError(f"{run!r} has the quantities {list(found)}, the first column {quantities}")
    for quantity, values, colour, marker in looks({q: [found[q] for found in columns.values()] for q in quantities}):
        ax.plot(range(len(columns)), values, marker, color=colour, markersize=7, label=quantity)
        for x, value in enumerate(values):
            ax.annotate(
                f"{value:.2f}", (x, value), xytext=(8, 0), textcoords="offset points", va="center", fontsize=FONT - 1
            )
    ax.set_xticks(range(len(columns)), list(columns))
    ax.set_xlim(-0.4, len(columns) - 0.4)
    ax.set_ylim(bottom=0)
    return finish(ax, legend="outside", **labels)


def spectrum(eigenvalues: Sequence[float], share: Sequence[float], k: int, ax: Axes | None = None, **labels) -> Figure:
    """Eigenvalues of a Laplacian (n,), one stem each; the area of the disc is the share (n,) of the labels in this
    direction. Directions that the embedding into k dimensions loses (index > k, or eigenvalue >= 1) are orange."""
    ax = ax or panels(width=4.4)[1][0]
    lam = array("eigenvalues", eigenvalues, (None,))
    share = array("share", share, lam.shape)
    index = np.arange(1, len(lam) + 1)
    lost = (index > k) | (lam >= 1 - 1e-9)
    for mine, colour in ((~lost, BLUE), (lost, ORANGE)):
        ax.vlines(index[mine], 0, lam[mine], color=colour, linewidth=1.2, zorder=1)
        ax.scatter(index[mine], lam[mine], s=12 + 240 * share[mine], color=colour, linewidths=0, zorder=2)
    ax.axhline(1, color=GREY, linestyle="--", linewidth=1)
    ax.axvline(k + 0.5, color=GREY, linestyle=":", linewidth=1.2)
    ax.set_ylim(0, max(1.12, 1.12 * lam.max()))
    return finish(ax, xlabel="i (dotted: k)", ylabel="$\\lambda_i$, disc: share of y", ticks=index, **labels)
