"""The graded notebook: our template with the student's sources, and our verdicts as the only outputs."""

from __future__ import annotations

import json

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from autograder.grading.record import Record
from autograder.grading.report import check_html
from autograder.pages.student_text import MAX_EXTRA, harmless, within
from autograder.submission.notebook import Submission
from autograder.units.manifest import CHECK, ROOT


def rebuilt_notebook(submission: Submission) -> NotebookNode:
    """The student version of the unit with the submitted sources in it; flags, points and order are ours."""
    path = ROOT / "exercises" / submission.unit.slug / f"{submission.unit.slug}.ipynb"
    notebook = nbformat.from_dict(json.loads(path.read_text(encoding="utf-8")))
    template = iter(list(notebook.cells))
    cells, room = [], MAX_EXTRA
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
            if room > 0:
                cells.append(new_markdown_cell(within(harmless(cell.source), room), id=f"extra-{number}"))
            room -= len(cell.source)
    notebook.cells = cells
    return notebook


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
