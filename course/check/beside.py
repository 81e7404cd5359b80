"""An answer beside what is expected, number by number, where both are small: what differs stands out.

For public inputs only: the expected numbers are in the notebook's check anyway.
"""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from course.check.compare import close, told_apart

MOST = 49  # numbers


def beside_html(found: Any, wanted: Any, rtol: float, colour: str) -> str:
    """Two tables, numbers that differ in white on `colour`; empty where there is nothing of one small form to compare."""
    mine, right = _rows(found), _rows(wanted)
    if mine is None or right is None or [len(row) for row in mine] != [len(row) for row in right]:
        return ""
    pairs = [list(zip(a, b, strict=True)) for a, b in zip(mine, right, strict=True)]
    if not 1 < sum(map(len, pairs)) <= MOST:
        return ""
    yours, expected = (_table(pairs, side, rtol, colour) for side in (0, 1))
    return (
        '<details class="cl-beside" style="margin:.2em 0 .2em .6em"><summary>Yours beside what is expected</summary>'
        '<table style="margin:.3em 0"><tr><th style="text-align:left">yours</th><th style="text-align:left">expected</th></tr>'
        f'<tr><td style="vertical-align:top">{yours}</td><td style="vertical-align:top">{expected}</td></tr></table></details>'
    )


def _rows(value: Any) -> list[list[float]] | None:
    """The numbers of a matrix, a vector or the lines of a proof, row by row; None for anything else."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub" and value.ndim in (1, 2):
        return np.atleast_2d(value).astype(float).tolist()
    if isinstance(value, list) and value and all(isinstance(x, (list, np.ndarray)) for x in value):
        rows = [np.ravel(np.asarray(x, dtype=object)).tolist() for x in value]
        try:
            return [[float(x) for x in row] for row in rows]
        except (TypeError, ValueError):
            return None
    return None


def _table(pairs: list[list[tuple[float, float]]], side: int, rtol: float, colour: str) -> str:
    body = ""
    for row in pairs:
        body += "<tr>"
        for pair in row:
            same = close(np.asarray(pair[0]), np.asarray(pair[1]), rtol) is None
            text = escape(f"{pair[side]:.4g}" if same or np.isnan(pair).any() else _short(pair)[side])
            style = "padding:.1em .6em;text-align:right" + (
                "" if same else f";background-color:{colour};color:#ffffff;font-weight:bold"
            )
            body += f'<td style="{style}">{text}</td>'
        body += "</tr>"
    return f'<table style="margin:0;font-size:.9em">{body}</table>'


def _short(pair: tuple[float, float]) -> tuple[str, str]:
    """Both numbers with as few digits as tell them apart, at least 4."""
    for digits in range(4, 8):
        shown = tuple(f"{x:.{digits}g}" for x in pair)
        if shown[0] != shown[1]:
            return shown
    return told_apart(*pair)
