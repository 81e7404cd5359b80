"""Graphs of positive pairs: nodes and edges on a circle, joint laws as images, pictures that are nodes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from course.figures.style import BLUE, GREY, ORANGE, RED, array, bare, finish, panels


def graph_on_circle(
    joint: np.ndarray, y: Sequence[float], ax: Axes | None = None, *, order: Sequence[int], title: str = ""
) -> Figure:
    """Nodes on a circle, in colour and shape by the sign of their label; a line per edge, wider for more mass, and red
    where it joins different labels. joint (n, n), y (n,); `order` lists the nodes counter-clockwise. Loops are not
    drawn."""
    ax = ax or panels(width=3.2)[1][0]
    n = len(joint)
    joint, y = array("joint", joint, (n, n)), array("y", y, (n,))
    if sorted(order) != list(range(n)):
        raise ValueError(f"order must list each of the {n} nodes once, got {list(order)}")
    turn = np.empty(n)
    turn[np.asarray(order)] = np.pi / 2 + 2 * np.pi * (np.arange(n) + 0.5) / n
    x, h = np.cos(turn), np.sin(turn)
    heaviest = (joint - np.diag(np.diag(joint))).max()
    for i in range(n):
        for j in np.flatnonzero(joint[i, :i] > 1e-12):
            width = 0.3 + 2.7 * joint[i, j] / heaviest
            ax.plot(x[[i, j]], h[[i, j]], color=RED if y[i] != y[j] else "#9a9a9a", linewidth=width, zorder=1)
    for mine, colour, marker in ((y > 0, BLUE, "o"), (y <= 0, ORANGE, "s")):
        ax.plot(x[mine], h[mine], marker, color=colour, markersize=9, markeredgecolor="white", zorder=3)
    bare(ax, 1.2)
    return finish(ax, title=title)


def graph_and_pictures(joint: np.ndarray, pictures: np.ndarray, labels: Sequence[int]) -> Figure:
    """The joint law (n, n) with lines between the labels (n,), sorted, and thirty of its nodes, evenly chosen: pictures
    (n, height, width), black and white."""
    n = len(joint)
    pictures, labels = array("pictures", pictures, (n, None, None)), array("labels", labels, (n,))
    _, (left, right) = panels(2, width=4.2, height=3.8)
    _law(joint, left, "joint law, nodes grouped by shape", labels)
    chosen = np.unique(np.linspace(0, n - 1, 30).astype(int))
    return tiles(pictures[chosen], right, columns=6, title=f"{len(chosen)} of its {n} nodes")


def sorted_by_clusters(joint: np.ndarray, labels: Sequence[int]) -> Figure:
    """The normalised joint law (n, n) in the order given, and with the nodes sorted by label (n,)."""
    labels = array("labels", labels, (len(joint),))
    mass = joint.sum(axis=1)
    shown = joint / np.sqrt(mass[:, None] * mass[None, :])
    order = np.argsort(labels, kind="stable")
    _, (left, right) = panels(2, width=3.6, height=3.4)
    _law(shown, left, "nodes as they come", np.zeros(len(joint)))
    return _law(shown[np.ix_(order, order)], right, "sorted by cluster", labels[order])


def _law(joint: np.ndarray, ax: Axes, title: str, labels: np.ndarray) -> Figure:
    """A joint law as an image, dark where the mass is; small entries are lifted (colour goes with the square root). Lines
    where the label changes."""
    joint = array("joint", joint, (len(labels), len(labels)))
    ax.imshow(joint, cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=joint.max()), interpolation="nearest")
    for cut in np.flatnonzero(np.diff(labels)):
        ax.axhline(cut + 0.5, color=ORANGE, linewidth=0.9)
        ax.axvline(cut + 0.5, color=ORANGE, linewidth=0.9)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(True)
    return finish(ax, xlabel="x'", ylabel="x", title=title)


def tiles(
    pictures: np.ndarray, ax: Axes | None = None, *, columns: int, red: Sequence[bool] = (), title: str = ""
) -> Figure:
    """Pictures (n, height, width), black on white, framed, in rows of `columns`, in the order given. A picture with `red`
    (n,) has a red frame."""
    ax = ax or panels()[1][0]
    pictures = array("pictures", pictures, (None, None, None))
    wrong = array("red", red, (len(pictures),)) if len(red) else np.zeros(len(pictures))
    height, width = pictures.shape[1:]
    for i, picture in enumerate(pictures):
        row, column = divmod(i, columns)
        left, top = column * (width + 1), row * (height + 1)
        ax.imshow(1 - picture, cmap="gray", vmin=0, vmax=1, extent=(left, left + width, top + height, top))
        frame = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * [width, height] + [left, top]
        look = {"color": RED, "linewidth": 1.8, "zorder": 3} if wrong[i] else {"color": GREY, "linewidth": 0.6}
        ax.plot(*frame.T, **look)
    rows = -(-len(pictures) // columns)
    ax.set(xlim=(-0.5, columns * (width + 1)), ylim=(rows * (height + 1), -0.5), aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return finish(ax, title=title)
