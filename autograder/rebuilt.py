"""The graded notebook: our template with the student's sources, and our verdicts as the only outputs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from autograder.grade import Record
from autograder.manifest import CHECK, ROOT
from autograder.report import check_html
from autograder.submission import Submission

NOTES = "course_notes"


def rebuilt_notebook(submission: Submission) -> NotebookNode:
    """The student version of the unit with the submitted sources in it; flags, points and order are ours."""
    path = ROOT / "exercises" / submission.unit.slug / f"{submission.unit.slug}.ipynb"
    notebook = nbformat.from_dict(json.loads(path.read_text(encoding="utf-8")))
    template = iter(list(notebook.cells))
    cells = []
    for number, cell in enumerate(submission.rebuilt):
        if cell.kind != "extra":
            ours = next(template)
            if ours.cell_type == "markdown" and cell.source != ours.source:
                ours.source = harmless(cell.source)
            elif ours.cell_type == "code":
                ours.source = cell.source
            cells.append(ours)
        elif cell.type == "code":
            cells.append(new_code_cell(cell.source, id=f"extra-{number}"))
        else:
            cells.append(new_markdown_cell(harmless(cell.source), id=f"extra-{number}"))
    notebook.cells = cells
    notebook.metadata[NOTES] = submission.notes
    return notebook


def harmless(markdown: str) -> str:
    """Text in which no HTML tag, no script link and no picture from elsewhere can start, and which renders in no time.

    A space parts `<` and `&` from what would make them a tag or an entity; pictures become links; long repetitions, on
    which Markdown renderers take quadratic time, are shortened.
    """
    text = re.sub(r"<(?=[A-Za-z/!?])", "< ", markdown)
    text = re.sub(r"&(?=#|\w+;)", "& ", text)
    text = re.sub(r"(?i)(javascript|vbscript|data)(\s*:)", r"\1 \2", text).replace("![", "[")
    text = re.sub(r"([^\w\s])\1{40,}", lambda run: run[1] * 40, text)
    return re.sub(r"[ \t]{200,}", " " * 200, text)


def with_verdicts(notebook: NotebookNode, record: Record) -> NotebookNode:
    """Give each check its score as the one result that nbgrader reads, and the verdict to show below it."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        check = record.checks.get(name.removeprefix(CHECK)) if name.startswith(CHECK) else None
        if check is not None:
            # nbgrader reads the text of the first result as a float; a built-in float always prints as one
            score = new_output("execute_result", data={"text/plain": repr(float(check.score))}, execution_count=1)
            shown = new_output("display_data", data={"text/html": check_html(name.removeprefix(CHECK), check)})
            cell.outputs = [score, shown]
            cell.execution_count = 1
    return notebook


def record_path(course: Path, unit: str, student: str) -> Path:
    return course / "records" / unit / f"{student}.json"
