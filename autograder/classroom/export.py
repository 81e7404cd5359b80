"""Grades as CSV, checked: everybody who submitted stands there, with what is wrong; no cell can become a formula."""

from __future__ import annotations

import csv
import hashlib
import re
from pathlib import Path

from nbgrader.plugins import ExportPlugin

from autograder.classroom.gradebook import Mark, read_marks
from autograder.classroom.late import refresh_penalties
from autograder.grading.record import read_problem
from autograder.grading.version import checks_version
from autograder.submission.notebook import SubmissionError, read_bytes
from autograder.units.manifest import UnitError, load_unit

FIELDS = (
    "assignment",
    "student_id",
    "score",
    "max_score",
    "needs_manual_grade",
    "late_submission_penalty",
    "graded_at",
    "checks_version",
    "problem",
)
FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")  # how a formula begins, also in full width


class CheckedCsvExport(ExportPlugin):
    """nbgrader export, with every score validated and every text quoted. Options --to, --student, --assignment."""

    def export(self, gradebook) -> None:
        path = Path(self.to or "grades.csv")
        course = Path(self.parent.coursedir.root).resolve()  # the gradebook may be elsewhere
        chosen = [a for a in gradebook.assignments if not self.assignment or a.name in self.assignment]
        for assignment in chosen:
            refresh_penalties(gradebook, self.config, assignment.name)
        rows = [
            row
            for assignment in chosen
            for row in assignment_rows(course, assignment)
            if not self.student or row["student_id"] in self.student
        ]
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, FIELDS, quoting=csv.QUOTE_MINIMAL)
            writer.writeheader()
            writer.writerows({key: plain_text(value) for key, value in row.items()} for row in rows)
        self.log.info("grades written to %s", path)


def assignment_rows(course: Path, assignment) -> list[dict]:
    """One row for each student who submitted or has a grade."""
    marks, version = read_marks(course, assignment.name), _version(assignment.name)
    graded = {submission.student.id: submission for submission in assignment.submissions}
    handed_in = {folder.parent.name for folder in (course / "submitted").glob(f"*/{assignment.name}")}
    rows = []
    for student in sorted(handed_in | set(graded)):
        row, problems = _grades(graded[student]) if student in graded else ({}, [])
        mark = marks.get(student)
        rows.append(
            {
                "assignment": assignment.name,
                "student_id": student,
                "max_score": assignment.max_score,
                **row,
                "graded_at": mark.graded_at if mark else "",
                "checks_version": mark.checks_version if mark else "",
                "problem": "; ".join(problems + _state(course, assignment.name, student, mark, bool(row), version)),
            }
        )
    return rows


def _grades(submission) -> tuple[dict, list[str]]:
    """The sum of the valid grades, and what is wrong with the others."""
    total, problems = 0.0, []
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            score = grade.score
            if not 0 <= score <= grade.max_score + (grade.extra_credit or 0):
                problems.append(f"{grade.name} has {score:g} of {grade.max_score:g}")
                score = min(max(score, 0.0), grade.max_score)
            elif grade.auto_score is None and grade.manual_score is None and not grade.needs_manual_grade:
                problems.append(f"{grade.name} has no grade")
            total += score
    penalty = submission.late_submission_penalty
    row = {"score": max(0.0, total - penalty), "needs_manual_grade": bool(submission.needs_manual_grade)}
    return row | {"late_submission_penalty": penalty}, problems


def _state(course: Path, unit: str, student: str, mark: Mark | None, has_grade: bool, version: str) -> list[str]:
    """What the reader of a grade must know of the submission behind it."""
    said = read_problem(course, unit, student)
    if said:
        return [f"a newer attempt was not graded: {said}" if mark else f"not graded: {said}"]
    try:
        present = hashlib.sha256(read_bytes(course / "submitted" / student / unit / f"{unit}.ipynb")).hexdigest()
    except SubmissionError:
        return ["the graded file is no longer there"] if has_grade else ["not graded: no notebook"]
    if not has_grade:
        return ["not graded yet"]
    if mark and mark.sha256 != present:
        return ["a newer attempt is not graded yet"]
    if mark and version and mark.checks_version != version:
        return [f"graded with older checks than today's ({version})"]
    return []


def _version(unit: str) -> str:
    try:
        return checks_version(load_unit(unit))
    except UnitError:  # an assignment that is not of this course
        return ""


def plain_text(value):
    """Text of one line that a spreadsheet does not take for a formula; other values as they are."""
    if not isinstance(value, str):
        return value
    line = re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", value)
    return f"'{line}" if line.lstrip().startswith(FORMULA) else line
