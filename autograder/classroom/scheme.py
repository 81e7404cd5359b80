"""The mark scheme and the model answer of a derivation, for whoever grades it (formgrader's page, never feedback)."""

from __future__ import annotations

import re
from functools import lru_cache

from autograder.pages.markdown import rendered
from autograder.units.derivation import scheme_and_answer
from autograder.units.manifest import UnitError, load_unit


@lru_cache(maxsize=256)
def mark_scheme(cell_id: str, slug: str) -> str:
    """HTML to stand beside a student's answer: the filter that our formgrade template calls. Empty for other cells."""
    try:
        cells = [cell for cell in load_unit(slug).solved if cell.id == cell_id and cell.kind == "manual"]
    except UnitError:  # an assignment that is not of this course
        return ""
    if not cells or cells[0].type != "markdown":
        return ""
    scheme, answer = scheme_and_answer(cells[0].source)
    if not scheme.startswith("- "):  # written line by line: a sentence that ends a line ends one on the page
        scheme = re.sub(r"(?<=[.)])\n", "  \n", scheme)
    parts = (("Mark scheme", scheme), ("Model answer", answer))
    return "".join(
        f"<details open><summary>{title}</summary>{rendered(text)}</details>" for title, text in parts if text
    )
