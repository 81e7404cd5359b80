"""The lines of a proof, to be put in order by dragging, by buttons or by the keyboard; the answer is a list to paste.

Where no script runs the lines stay a list, and the answer is written by hand: the check does not know the difference.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files

from course.check.order import labels
from course.check.store import load_public_check


class Lines:
    """What a notebook shows of a proof to put in order."""

    def __init__(self, name: str, lines: dict[str, str], order: Sequence[str]):
        self.name, self.lines, self.order = name, lines, list(order)

    def _repr_html_(self) -> str:
        items = "".join(
            f'<li data-label="{label}"><b>{label}</b> <span>{escape(text, quote=False)}</span></li>'
            for label, text in self.lines.items()
        )
        style, program = (
            files("course.ordering").joinpath(name).read_text("utf-8") for name in ("lines.css", "lines.js")
        )
        begin = f"arrange({json.dumps(self.name)}, {json.dumps(self.order)});"
        return (
            f'<style>{style}</style><div class="cl-lines"><ul aria-label="lines that are not used">{items}</ul>'
            f"<script>(() => {{\n{program}{begin}\n}})()</script></div>"
        )

    def __repr__(self) -> str:
        return "\n".join(f"{label}  {text}" for label, text in self.lines.items())


def arrange(name: str, order: Sequence[str] | str | None = None) -> Lines:
    """The lines of the proof `name`, to be put in order in JupyterLab: drag them, and paste the list that stands below.

    name: the question, such as "proof_error". order: labels to begin with, such as your answer so far.
    Raises ValueError for a question that is no proof, and for labels that are none of its lines.
    """
    try:
        sealed = load_public_check(name).order
    except ValueError:
        sealed = None
    if sealed is None:
        raise ValueError(f"{name!r} is no proof to put in order")
    lines = sealed.lines
    begun = labels([] if order is None else order)
    if begun is None or not set(begun) <= set(lines) or len(set(begun)) < len(begun):
        raise ValueError(f"order = {order!r}: labels of lines are {', '.join(lines)}, each at most once")
    return Lines(name, lines, begun)
