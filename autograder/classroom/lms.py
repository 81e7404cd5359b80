"""Grades for a learning management system: CSV files that Canvas and Moodle import, and that no spreadsheet can run.

Canvas, Gradebook > Import: Student, ID, SIS Login ID, Section, then assignments; a second row with the points possible.
Canvas leaves out columns whose title contains "Current Grade", so the status stands in one. Moodle, Grades > Import > CSV:
any columns; the person who imports says which is the user's and which the grade's, the others are ignored.
A score stands there when it is whole: a derivation that nobody has read leaves its cell empty, and the status says so.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from autograder.classroom.export import assignment_rows, plain_text
from autograder.classroom.late import refresh_penalties
from autograder.classroom.settings import course_config, gradebook_url
from autograder.submission.files import write_atomically
from autograder.submission.notebook import SubmissionError

CANVAS_STATUS = "Current Grade: status, not imported"


def export_lms(course: Path, unit: str, form: str) -> Path:
    """Write COURSE/exports/UNIT-FORM.csv (form: canvas or moodle) and give its path.

    Raises SubmissionError where the gradebook does not know the unit.
    """
    from nbgrader.api import Gradebook, MissingEntry

    course = course.resolve()
    config = course_config(course)
    with Gradebook(gradebook_url(course, config)) as gradebook:
        try:
            assignment = gradebook.find_assignment(unit)
        except MissingEntry:
            raise SubmissionError(
                f"the gradebook of {course} does not know {unit}: run `nbgrader generate_assignment {unit}` there first"
            ) from None
        refresh_penalties(gradebook, config, unit)
        people = {student.id: student for student in gradebook.students}
        rows = assignment_rows(course, assignment)
        seen = {row["student_id"] for row in rows}
        rows += [{"student_id": student, "problem": ""} for student in people if student not in seen]
        rows.sort(key=lambda row: row["student_id"])
        table = {"canvas": _canvas, "moodle": _moodle}[form](unit, float(assignment.max_score), rows, people)
        content = as_csv(table)
    path = course / "exports" / f"{unit}-{form}.csv"
    write_atomically(path, content)
    return path


def as_csv(rows: Iterator[list]) -> str:
    """Every text quoted, and none of them a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerows([plain_text(value) for value in row] for row in rows)
    return buffer.getvalue()


def _canvas(unit: str, points: float, rows: list[dict], people: dict) -> Iterator[list]:
    yield ["Student", "ID", "SIS Login ID", "Section", unit, CANVAS_STATUS]
    yield ["    Points Possible", "", "", "", points, "(read only)"]
    for row in rows:
        first, last, _, number = _person(row["student_id"], people)
        name = ", ".join(part for part in (last, first) if part) or row["student_id"]
        yield [name, number, row["student_id"], "", *score_and_status(row)]


def _moodle(unit: str, points: float, rows: list[dict], people: dict) -> Iterator[list]:
    yield ["First name", "Last name", "Username", "Email address", unit, "Maximum", "Status"]
    for row in rows:
        first, last, email, _ = _person(row["student_id"], people)
        score, status = score_and_status(row)
        yield [first, last, row["student_id"], email, score, points, status]


def score_and_status(row: dict) -> tuple[float | str, str]:
    """The score within its bounds, or an empty cell; and everything that is to be said of it ("graded": nothing)."""
    score, said = row.get("score", ""), row["problem"]
    if score == "":
        return "", said or "not handed in"
    if row["needs_manual_grade"]:
        return "", "; ".join(part for part in (f"waits for a human; {score:g} points so far", said) if part)
    bounded = round(min(max(float(score), 0.0), float(row["max_score"])), 4)
    penalty = row["late_submission_penalty"] or 0
    late = f"{penalty:g} points taken off for a late submission" if penalty else ""
    return bounded, "; ".join(part for part in (late, said) if part) or "graded"


def _person(student: str, people: dict) -> tuple[str, str, str, str]:
    """First name, last name, email and the number that the management system knows; empty where nobody told nbgrader."""
    known = people.get(student)
    if known is None:
        return "", "", "", ""
    return known.first_name or "", known.last_name or "", known.email or "", known.lms_user_id or ""
