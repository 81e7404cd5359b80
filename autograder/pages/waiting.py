"""The grades of a feedback page, and which of them nobody has given yet."""

from __future__ import annotations

from nbgrader.preprocessors import GetGrades


class GradesAndWaiting(GetGrades):
    """nbgrader's GetGrades; a cell that waits for a human says so, so that the page need not read "0 of 5"."""

    def preprocess(self, nb, resources):
        nb, resources = super().preprocess(nb, resources)
        waiting = [c.metadata.nbgrader.points for c in nb.cells if c.metadata.get("nbgrader", {}).get("waiting")]
        resources["nbgrader"]["waiting"] = sum(waiting)
        return nb, resources

    def _get_score(self, cell, resources) -> None:
        super()._get_score(cell, resources)
        name = cell.metadata["nbgrader"]["grade_id"]
        grade = self.gradebook.find_grade(name, self.notebook_id, self.assignment_id, self.student_id)
        cell.metadata.nbgrader["waiting"] = bool(grade.needs_manual_grade)
