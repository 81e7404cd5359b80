"""Figures of unit 06: joint laws as pictures, spectra, embeddings of the nodes of a graph.

plots_spectral.graph_and_pictures(joint, pictures, labels)       # exercise
plots_spectral.sorted_by_clusters(joint, labels)                 # exercise
plots_spectral.law(joint, ax), spectrum(values, ax), plane(z, groups, ax): one panel each, for the lecture
"""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from course import plots


def law(joint: np.ndarray, ax: Axes, *, title: str = "", cuts: Sequence[int] = ()) -> Figure:
    """A joint law as an image, dark where the mass is; small entries are lifted (colour goes with the square root).
    `cuts` draws lines before these node numbers."""
    ax.imshow(joint, cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=joint.max()), interpolation="nearest")
    for cut in cuts:
        ax.axhline(cut - 0.5, color=plots.ORANGE, linewidth=0.9)
        ax.axvline(cut - 0.5, color=plots.ORANGE, linewidth=0.9)
    ax.set(xticks=[], yticks=[], xlabel="x'", ylabel="x")
    ax.spines[:].set_visible(True)
    ax.set_title(title, fontsize=plots.FONT + 1, loc="left")
    return ax.figure


def strip(pictures: np.ndarray, ax: Axes, *, columns: int, title: str = "") -> Figure:
    """Small black and white pictures, (n, height, width), framed, in rows of `columns`, in the order given."""
    height, width = pictures.shape[1:]
    for i, picture in enumerate(pictures):
        row, column = divmod(i, columns)
        left, top = column * (width + 1), row * (height + 1)
        ax.imshow(1 - picture, cmap="gray", vmin=0, vmax=1, extent=(left, left + width, top + height, top))
        ax.plot(
            np.array([0, 1, 1, 0, 0]) * width + left,
            np.array([0, 0, 1, 1, 0]) * height + top,
            color=plots.GREY,
            linewidth=0.6,
        )
    rows = -(-len(pictures) // columns)
    ax.set(xlim=(-0.5, columns * (width + 1)), ylim=(rows * (height + 1), -0.5), aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.set_title(title, fontsize=plots.FONT + 1, loc="left")
    return ax.figure


def spectrum(values: np.ndarray, ax: Axes, *, title: str = "") -> Figure:
    """Eigenvalues in falling order as points, with the zero line."""
    ax.plot(np.arange(1, len(values) + 1), values, "o", color=plots.BLUE, markersize=4)
    ax.axhline(0, color=plots.GREY, linewidth=0.8)
    ax.set_xlabel("number i", fontsize=plots.FONT)
    ax.set_ylabel("eigenvalue", fontsize=plots.FONT)
    ax.set_title(title, fontsize=plots.FONT + 1, loc="left")
    return ax.figure


def plane(
    z: np.ndarray,
    groups: np.ndarray,
    ax: Axes,
    *,
    title: str = "",
    names: Sequence[str] = (),
    xlabel: str = "",
    ylabel: str = "",
    sizes: np.ndarray | float = 22,
    legend: str | None = "best",
) -> Figure:
    """Rows of z (two columns) as points, one colour per group 0, 1, ...; the origin is marked."""
    sizes = np.broadcast_to(sizes, len(z))
    palette = plots.PALETTE if groups.max() < len(plots.PALETTE) else plt.get_cmap("tab10").colors
    for g in np.unique(groups):
        mine = groups == g
        ax.scatter(
            z[mine, 0],
            z[mine, 1],
            s=sizes[mine],
            color=palette[g],
            alpha=0.75,
            linewidths=0,
            label=names[g] if len(names) else None,
        )
    ax.plot(0, 0, "+", color=plots.DARK, markersize=7)
    ax.set_xlabel(xlabel, fontsize=plots.FONT)
    ax.set_ylabel(ylabel, fontsize=plots.FONT)
    ax.set_title(title, fontsize=plots.FONT + 1, loc="left")
    if len(names) and legend:
        ax.legend(fontsize=plots.FONT - 2, frameon=False, loc=legend, handletextpad=0.1)
    return ax.figure


def graph_and_pictures(joint: np.ndarray, pictures: np.ndarray, labels: np.ndarray, n_shown: int = 30) -> Figure:
    """The joint law with lines between the labels, and `n_shown` of its nodes, evenly chosen."""
    _, (left, right) = plots.panels(2, width=4.2, height=3.8)
    law(joint, left, title="joint law, nodes grouped by shape", cuts=np.flatnonzero(np.diff(labels)) + 1)
    chosen = np.linspace(0, len(pictures) - 1, n_shown).astype(int)
    return strip(pictures[chosen], right, columns=6, title=f"{n_shown} of its {len(pictures)} nodes")


def sorted_by_clusters(joint: np.ndarray, labels: np.ndarray) -> Figure:
    """The normalised joint law in the order given, and with the nodes sorted by label."""
    mass = joint.sum(axis=1)
    shown = joint / np.sqrt(mass[:, None] * mass[None, :])
    order = np.argsort(labels, kind="stable")
    _, (left, right) = plots.panels(2, width=3.6, height=3.4)
    law(shown, left, title="nodes as they come")
    return law(
        shown[np.ix_(order, order)],
        right,
        title="sorted by cluster",
        cuts=np.flatnonzero(np.diff(np.asarray(labels)[order])) + 1,
    )
