"""The text of a question, and the lines that it shows where a proof is to be put in order."""

from __future__ import annotations

import re

from autograder.units.manifest import Unit

LINE = re.compile(r"^- \*\*([A-Z])\*\* (.*?)(?=^- \*\*[A-Z]\*\* |^\n|\Z)", re.MULTILINE | re.DOTALL)


def question(unit: Unit, name: str) -> str:
    """The text above the cell in which `name` is answered."""
    place = next(i for i, cell in enumerate(unit.solved) if cell.id == name)
    return next(cell.source for cell in reversed(unit.solved[:place]) if cell.type == "markdown")


def shown_lines(unit: Unit, name: str) -> dict[str, str]:
    """Label -> text of the lines of the proof `name`, as its question shows them."""
    return {label: " ".join(text.split()) for label, text in LINE.findall(question(unit, name))}
