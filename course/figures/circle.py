"""The unit circle: which way a gradient moves an anchor, and pairs of points. Angles are in radians."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course.figures.style import BLUE, DARK, FONT, GREEN, GREY, ORANGE, PALE, array, bare, finish, panels


def directions(
    angles: Sequence[float],
    arrows: np.ndarray,
    positive: float,
    negatives: Sequence[float],
    ax: Axes | None = None,
    *,
    colour: str = DARK,
    rest: Sequence[float] = (),
    title: str = "",
) -> Figure:
    """Where anchors at `angles` (n,) are moved, and their candidates: the positive (disc), the negatives (squares, numbered where
    there are several).

    arrows: (n,), lengths along the tangent, counter-clockwise where > 0, or (n, 2), vectors; drawn true to scale. A
    single anchor is drawn as a triangle. rest: angles where the arrows vanish (rings).
    """
    ax = ax or panels(width=3.2)[1][0]
    angles = array("angles", angles, (None,))
    starts, tangents = _points(angles), _points(angles + np.pi / 2)
    if np.ndim(arrows) == 1:
        moves = array("arrows", arrows, angles.shape)[:, None] * tangents
    else:
        moves = array("arrows", arrows, (len(angles), 2))
    _outline(ax)
    look = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.009, "headwidth": 4.5}
    ax.quiver(*starts.T, *moves.T, color=colour, zorder=6, **look)
    candidates = [("positive", [positive], BLUE, "o"), ("negative", negatives, ORANGE, "s")]
    for name, at, shade, marker in candidates + [("anchor", angles, DARK, "^")] * (len(angles) == 1):
        places = _points(array(name, at, (None,)))
        ax.plot(*places.T, marker, color=shade, markersize=8, markeredgecolor="white", zorder=5)
        for number, (x, y) in enumerate(0.8 * places, 1):  # the name, inside the circle; several are numbered
            side = "right" if x > 0.24 else "left" if x < -0.24 else "center"
            text = name if len(places) == 1 or name == "anchor" else f"{name} {number}"
            ax.text(x, y, text, color=shade, fontsize=FONT, va="center", ha=side)
    ax.plot(*_points(array("rest", rest, (None,))).T, "o", markersize=13, fillstyle="none", color=GREEN, zorder=4)
    return finish(ax, title=title)


def pairs_on_circle(clouds: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """One panel per cloud of positive pairs, clouds: title -> (x, y), each (n, 2). A line joins the two points of a pair;
    the second is drawn a little outside so that both are seen."""
    figure, axes = panels(len(clouds), width=2.5, height=3.0)
    for ax, (title, (x, y)) in zip(axes, clouds.items(), strict=True):
        x = array(title, x, (None, 2))
        y = 1.12 * array(title, y, x.shape)
        _outline(ax)
        ax.plot([x[:, 0], y[:, 0]], [x[:, 1], y[:, 1]], color=GREY, linewidth=0.6, zorder=1)
        ax.scatter(*x.T, s=12, color=BLUE, linewidths=0, zorder=2)
        ax.scatter(*y.T, s=12, color=ORANGE, marker="s", linewidths=0, zorder=2)
        finish(ax, title=title)
    return figure


def _points(angles: np.ndarray) -> np.ndarray:
    """(n,) angles as points of the circle, (n, 2)."""
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _outline(ax: Axes) -> None:
    ax.plot(*_points(np.linspace(0, 2 * np.pi, 200)).T, color=PALE, linewidth=1.0, zorder=0)
    bare(ax, 1.3)
