"""Bars: a proof line by line, laws, histograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure

from course.figures.style import BLUE, DARK, FONT, GREY, RED, array, finish, looks, panels


def ladder(
    proofs: Mapping[str, Sequence[float | Sequence[float]]],
    names: Sequence[str],
    *,
    rising: bool = False,
    ylabel: str = "nats",
) -> Figure:
    """A proof as a picture: one panel per world, one bar per line, from the left side of the claim to the right side.

    proofs: name of a world -> its lines, each a number or a list of terms; names are the names of the lines. A bar is
    the sum of a line's terms, with a cut where a term ends. The lines fall, or rise if `rising`; a bar that does the
    opposite breaks the proof and is red.
    """
    figure, axes = panels(len(proofs), width=4.2, height=3.2)
    for ax, (world, lines) in zip(axes, proofs.items(), strict=True):
        if len(lines) != len(names):
            raise ValueError(f"{world!r} has {len(lines)} lines, and there are {len(names)} names: {list(names)}")
        terms = [
            np.atleast_1d(array(name, line, (None,) * np.ndim(line))) for name, line in zip(names, lines, strict=True)
        ]
        heights = [float(line.sum()) for line in terms]
        wrong = [False] + [(a - b if rising else b - a) > 1e-9 for a, b in pairwise(heights)]
        bars = ax.bar(range(len(heights)), heights, color=[RED if w else BLUE for w in wrong], width=0.65)
        ax.bar_label(bars, labels=[f"{height:.4f}" for height in heights], padding=2, fontsize=FONT - 1)
        for i, line in enumerate(terms):
            ax.hlines(np.cumsum(line)[:-1], i - 0.325, i + 0.325, color="white", linewidth=0.8)
        ax.set_xticks(range(len(heights)), [f"{i}. {name}" for i, name in enumerate(names, 1)], rotation=20, ha="right")
        ax.margins(y=0.12)
        finish(ax, ylabel=ylabel, title=world)
    return figure


def law_bars(laws: Mapping[str, Sequence[float]]) -> Figure:
    """One panel per law: a bar for each of its points u1, u2, ..., the value above it; below 0 red and hatched."""
    figure, axes = panels(len(laws), width=2.5, height=2.6)
    for ax, (name, law) in zip(axes, laws.items(), strict=True):
        law = array(name, law, (None,))
        bars = ax.bar(range(len(law)), law, color=[RED if p < 0 else BLUE for p in law], width=0.7)
        ax.bar_label(bars, labels=[f"{p:.2f}" for p in law], padding=2, fontsize=FONT - 1)
        for bar, p in zip(bars, law, strict=True):
            bar.set_hatch("///" if p < 0 else "")
        ax.axhline(0, color=DARK, linewidth=0.8)
        ax.axhline(1, color=GREY, linewidth=0.8, linestyle="--")
        ax.set_xticks(range(len(law)), [f"u{i}" for i in range(1, len(law) + 1)])
        ax.margins(y=0.18)
        finish(ax, title=name)
    return figure


def histogram(groups: Mapping[str, Sequence[float]], **labels) -> Figure:
    """Overlaid histograms, groups: name -> (n,), on about 40 common bins; one edge is at 0, where a line stands.
    `**labels`: see `style.finish`."""
    _, (ax,) = panels(width=5.0, height=3.2)
    values = {name: array(name, group, (None,)) for name, group in groups.items()}
    every = np.concatenate(list(values.values()))
    width = max(np.ptp(every), 1e-300) / 40
    edges = width * np.arange(np.floor(every.min() / width), np.ceil(every.max() / width) + 1)
    for name, group, colour, _ in looks(values):
        ax.hist(group, bins=edges, color=colour, alpha=0.55, label=name)
    ax.axvline(0, color=DARK, linewidth=1)
    return finish(ax, **labels)
