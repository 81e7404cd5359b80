"""Colour pictures with words: shelves of what was found, pictures with lines of text beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course.figures.style import DARK, FONT, GREEN, array, finish, panels

CELL = 0.46  # inches of a picture on paper


def shelves(rows: Mapping[str, np.ndarray], *, marked: Mapping[str, Sequence[bool]] | None = None) -> Figure:
    """A row per name, its words on the left and its pictures (n, height, width, 3), 0 to 255, from left to right.

    marked: name -> (n,), the pictures with a green frame. Rows may differ in length.
    """
    sizes = [array(name, pictures, (None, None, None, 3)).shape for name, pictures in rows.items()]
    longest, marked = max((shape[0] for shape in sizes), default=0), marked or {}
    if unknown := marked.keys() - rows.keys():
        raise ValueError(f"marks of rows that are not drawn: {sorted(unknown)}; drawn are {list(rows)}")
    words = max((len(name) for name in rows), default=0) * 0.19
    _, ax = _sheet(words + longest + 0.4, len(rows))
    for row, (name, pictures) in enumerate(rows.items()):
        frames = array(name, marked.get(name, np.zeros(len(pictures))), (len(pictures),))
        ax.text(words, row + 0.47, name, fontsize=FONT, va="center", ha="right", color=DARK)
        for column, (picture, frame) in enumerate(zip(pictures, frames, strict=True)):
            _hang(ax, picture, words + 0.2 + column, row, bool(frame))
    return finish(ax)


def beside(pictures: np.ndarray, lines: Sequence[str], *, columns: int = 2, width: float = 6.0) -> Figure:
    """Pictures (n, height, width, 3), 0 to 255, each with its line of text (n,) to the right; `columns` of them, each
    `width` pictures wide."""
    pictures = array("pictures", pictures, (None, None, None, 3))
    if len(lines) != len(pictures):
        raise ValueError(f"{len(pictures)} pictures and {len(lines)} lines")
    _, ax = _sheet(columns * width, -(-len(lines) // columns))
    for i, (picture, line) in enumerate(zip(pictures, lines, strict=True)):
        row, column = divmod(i, columns)
        _hang(ax, picture, column * width, row, False)
        ax.text(column * width + 1.1, row + 0.47, line, fontsize=FONT - 1, va="center", color=DARK)
    return finish(ax)


def _sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """Axes in units of a picture, (0, 0) at the top left."""
    figure, (ax,) = panels(width=CELL * width, height=CELL * max(height, 1))
    ax.set(xlim=(0, width), ylim=(max(height, 1), 0), aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return figure, ax


def _hang(ax: Axes, picture: np.ndarray, left: float, top: float, framed: bool) -> None:
    left, right, top, bottom = left + 0.05, left + 0.95, top + 0.05, top + 0.95
    ax.imshow(np.asarray(picture, dtype=float) / 255, extent=(left, right, bottom, top), interpolation="antialiased")
    if framed:
        ax.plot([left, right, right, left, left], [top, top, bottom, bottom, top], color=GREEN, linewidth=1.6)
