"""Points in the plane: a loss against its bound, embeddings, a small world. `**labels`: see `style.finish`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from course.figures.style import DARK, GREY, array, finish, looks, panels


def against_bound(
    groups: Mapping[str, tuple[Sequence[float], Sequence[float]]], ax: Axes | None = None, **labels
) -> Figure:
    """One point (bound, value) per case, one colour and marker per group, and the diagonal: where an upper bound holds no
    point lies above it, and on it the bound is attained.

    groups: name -> (bounds, values), (2, n). A group named "" is not in the legend, and without names there is none.
    """
    ax = ax or panels(width=4.8, height=4.0)[1][0]
    pairs = {name: array(name, pair, (2, None)) for name, pair in groups.items()}
    for name, pair, colour, marker in looks(pairs):
        ax.scatter(*pair, s=8, color=colour, marker=marker, alpha=0.6, linewidths=0, label=name, zorder=2)
    every = np.concatenate(list(pairs.values()), axis=1)
    look = {"color": DARK, "linewidth": 1, "zorder": 1, "label": "value = bound" if any(groups) else ""}
    low, high = every.min(axis=1).max(), every.max(axis=1).min()  # between them there are bounds and values
    if not labels.get("logx"):
        low = min(low, 0.0)
    ends = min(low, every.min()), every.max()
    ax.add_artist(Line2D(ends, ends, **look))  # it ends at the edge of the picture, and widens it only
    ax.update_datalim([(low, low), (high, high)])  # to this part
    return finish(ax, **labels)


def plane(
    z: np.ndarray,
    groups: Sequence[int],
    ax: Axes | None = None,
    *,
    names: Sequence[str] = (),
    sizes: np.ndarray | float = 22,
    coordinates: bool = True,
    **labels,
) -> Figure:
    """The rows of z (n, 2) as points, a colour and marker for each of the groups (n,), in rising order.

    names: one per group, for the legend; sizes: one area or (n,). The origin is marked, unless `coordinates` have no
    meaning (t-SNE): then there are no ticks either.
    """
    ax = ax or panels(width=4.6, height=3.8)[1][0]
    z = array("z", z, (None, 2))
    groups = array("groups", groups, (len(z),))
    sizes = array("sizes", np.broadcast_to(sizes, len(z)) if np.ndim(sizes) == 0 else sizes, (len(z),))
    kinds = np.unique(groups)
    if len(names) not in (0, len(kinds)):
        raise ValueError(f"{len(names)} names for {len(kinds)} groups: {list(names)}")
    shown = dict(zip(names, kinds, strict=True)) if len(names) else {f"_{kind}": kind for kind in kinds}  # _: no legend
    for name, kind, colour, marker in looks(shown):
        mine = groups == kind
        ax.scatter(*z[mine].T, s=sizes[mine], color=colour, marker=marker, alpha=0.75, linewidths=0, label=name)
    if coordinates:
        ax.plot(0, 0, "+", color=DARK, markersize=7)
    else:
        ax.set(xticks=[], yticks=[])
    return finish(ax, **labels)


def points_and_means(classes: np.ndarray, z: np.ndarray, means: np.ndarray, ax: Axes | None = None, **labels) -> Figure:
    """The points of a world in the plane, one colour per class, area growing with D_c(x); class means as crosses.

    classes (C, S), z (S, 2), means (C, 2). A point that two classes share is drawn once for each.
    """
    ax = ax or panels(width=4.0, height=3.6)[1][0]
    z = array("z", z, (None, 2))
    classes = array("classes", classes, (None, len(z)))
    means = array("means", means, (len(classes), 2))
    ax.axhline(0, color=GREY, linewidth=0.5, zorder=0)
    ax.axvline(0, color=GREY, linewidth=0.5, zorder=0)
    rows = {str(c): pair for c, pair in enumerate(zip(classes, means, strict=True), 1)}
    for c, (law, mean), colour, marker in looks(rows):
        mine = law > 0
        look = {"color": colour, "marker": marker, "alpha": 0.5, "linewidths": 0}
        ax.scatter(*z[mine].T, s=30 + 220 * law[mine], label=f"class {c}", **look)
        ax.plot(*mean, "x", color=colour, markersize=8, markeredgewidth=2.5, label=f"its mean $\\mu_{c}$")
    names = {"xlabel": "first coordinate of $f$", "ylabel": "second coordinate of $f$"}
    return finish(ax, **names, **labels)
