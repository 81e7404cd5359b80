"""The one writer of nbgrader's gradebook, and the mark that says which file was graded, with which checks.

The mark is a row in a table of our own in the gradebook, written in the transaction that writes the grades: a submission is
graded when its row is there, whatever moment a process was killed at. Files (record, graded notebook) are written before.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autograder.classroom.late import assign_penalty
from autograder.classroom.reviewed import keep_reviewed, reviewed
from autograder.classroom.settings import SQLITE, connected, gradebook_url
from autograder.grading.record import Record, record_path
from autograder.submission.files import write_atomically
from autograder.submission.notebook import SubmissionError

TABLE = (
    "CREATE TABLE IF NOT EXISTS course_marks (assignment TEXT, student TEXT, sha256 TEXT, checks_version TEXT, "
    "score DOUBLE PRECISION, max_score DOUBLE PRECISION, graded_at TEXT, PRIMARY KEY (assignment, student))"
)
INSERT = (  # read by SQLite and by PostgreSQL
    "INSERT INTO course_marks (assignment, student, sha256, checks_version, score, max_score, graded_at) "
    "VALUES (:assignment, :student, :sha256, :checks_version, :score, :max_score, :graded_at) "
    "ON CONFLICT (assignment, student) DO UPDATE SET sha256 = excluded.sha256, checks_version = excluded.checks_version, "
    "score = excluded.score, max_score = excluded.max_score, graded_at = excluded.graded_at"
)


@dataclass(frozen=True)
class Mark:
    """Of which file (sha256) and with which checks a grade in the gradebook is."""

    sha256: str
    checks_version: str
    score: float
    max_score: float
    graded_at: str


def mark_values(student: str, record: Record) -> dict[str, Any]:
    return {
        "assignment": record.unit,
        "student": student,
        "sha256": record.sha256,
        "checks_version": record.checks_version,
        "score": record.score,
        "max_score": record.max_score,
        "graded_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def require_unit(course: Path, unit: str, url: str = "") -> None:
    """Raises SubmissionError, with what to run, where the course's gradebook does not know the unit."""
    url = url or gradebook_url(course)
    if url.startswith(SQLITE) and not Path(url.removeprefix(SQLITE)).exists():
        raise SubmissionError(
            f"no gradebook in {course}: run `nbgrader generate_assignment {unit} --create` there first"
        )
    try:
        with connected(url) as ask:
            known = ask("SELECT 1 FROM assignment WHERE name = :unit", {"unit": unit}).fetchone()
    except SubmissionError:
        raise
    except Exception:  # no such table: each driver has an error of its own for that
        known = None
    if not known:
        raise SubmissionError(
            f"the gradebook does not know {unit}: run `nbgrader generate_assignment {unit} --create` first"
        )


def read_marks(course: Path, unit: str, url: str = "") -> dict[str, Mark]:
    """student -> mark, for all students with a grade of ours in the gradebook (url: see gradebook_url)."""
    url = url or gradebook_url(course)
    if url.startswith(SQLITE) and not Path(url.removeprefix(SQLITE)).exists():
        return {}
    with connected(url) as ask:
        ask(TABLE)
        rows = ask(
            "SELECT student, sha256, checks_version, score, max_score, graded_at FROM course_marks "
            "WHERE assignment = :unit",
            {"unit": unit},
        )
        return {student: Mark(*values) for student, *values in rows}


def write_mark(url: str, student: str, record: Record) -> None:
    """For nbgrader's own road, which has committed the grades by then."""
    with connected(url) as ask:
        ask(TABLE)
        ask(INSERT, mark_values(student, record))


def graded_path(course: Path, unit: str, student: str) -> Path:
    return course / "autograded" / student / unit / f"{unit}.ipynb"


class GradebookWriter:
    """nbgrader's own SaveAutoGrades and late penalties on the graded notebook.

    nbgrader connects anew and commits after each cell; here one connection serves the class, and a submission is one
    transaction: grades, penalty and mark are all in the gradebook, or nothing is. It saves a student once: what was graded
    before is read at the start.
    """

    def __init__(self, course: Path, unit: str, config, dated: bool):
        """config: nbgrader's, of the course. dated: whether timestamp.txt is believed."""
        from nbgrader.api import Gradebook

        self.course, self.unit, self.config, self.dated = course, unit, config, dated
        self.url = gradebook_url(course, config)
        self.before = read_marks(course, unit, self.url)
        self.gradebook = Gradebook(self.url)
        self.gradebook.db.remove()

    def save(self, student: str, notebook: str, record: Record) -> None:
        """Files first, then one commit."""
        import nbformat
        from sqlalchemy import text

        write_atomically(record_path(self.course, self.unit, student), json.dumps(record.to_json(), indent=1) + "\n")
        write_atomically(graded_path(self.course, self.unit, student), notebook)
        submitted = self.course / "submitted" / student / self.unit
        keep_exchange_files(submitted, graded_path(self.course, self.unit, student).parent)
        names = {"student": student, "assignment": self.unit, "notebook": self.unit, "db_url": self.url}
        node, resources = nbformat.reads(notebook, as_version=4), {"nbgrader": names}
        before = self.before.get(student)
        same = before is not None and before.sha256 == record.sha256
        with _one_transaction(self.gradebook.db) as db:
            self.gradebook.update_or_create_student(student)
            when = submission_time(submitted) if self.dated else None
            submission = self.gradebook.update_or_create_submission(
                self.unit, student, **({"timestamp": when} if when else {})
            )
            seen = reviewed(self.gradebook, self.unit, student) if same else []
            _save_auto_grades(self.gradebook, node, resources)
            keep_reviewed(self.gradebook, self.unit, student, seen)
            db.flush()
            db.expire_all()
            assign_penalty(self.config, submission)
            db.execute(text(TABLE))
            db.execute(text(INSERT), mark_values(student, record))


def submission_time(folder: Path) -> datetime | None:
    """What timestamp.txt says, None where there is none or it is no date."""
    from nbgrader.utils import parse_utc

    try:
        return parse_utc((folder / "timestamp.txt").read_text(encoding="utf-8")[:100].strip())
    except (OSError, ValueError, OverflowError):
        return None


def keep_exchange_files(submitted: Path, graded: Path) -> None:
    """What nbgrader's release_feedback needs beside a graded notebook: its time, and the student's secret.

    Copied from the submission where the exchange wrote them; made up where a submission came by other means, since
    release_feedback would stop at it for everybody.
    """
    made_up = {
        "timestamp.txt": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f} UTC",
        "submission_secret.txt": secrets.token_hex(32),
    }
    graded.mkdir(parents=True, exist_ok=True)
    for name, content in made_up.items():
        found = _small_text(submitted / name)
        if found is not None:
            write_atomically(graded / name, found)
        elif not (graded / name).exists():
            write_atomically(graded / name, content)


def _small_text(path: Path) -> str | None:
    """The text of a regular file of at most a kilobyte, None for anything else."""
    try:
        status = os.lstat(path)
        return path.read_text(encoding="utf-8") if stat.S_ISREG(status.st_mode) and status.st_size <= 1024 else None
    except (OSError, UnicodeDecodeError):
        return None


def _save_auto_grades(gradebook, node, resources) -> None:
    """nbgrader's SaveAutoGrades on a gradebook that is open already."""
    from nbgrader.preprocessors import SaveAutoGrades

    step, names = SaveAutoGrades(), resources["nbgrader"]
    step.gradebook = gradebook
    step.notebook_id, step.assignment_id, step.student_id = names["notebook"], names["assignment"], names["student"]
    for index, cell in enumerate(node.cells):
        step.preprocess_cell(cell, resources, index)


@contextlib.contextmanager
def _one_transaction(db) -> Iterator[Any]:
    """Nothing is committed before the end, and nothing at all after an error."""
    from sqlalchemy.exc import SAWarning

    db.commit = db.flush  # what nbgrader calls after each cell
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # it adds its rows in an order that SQLAlchemy remarks on
            yield db
            del db.commit
            db.commit()
    except BaseException:
        vars(db).pop("commit", None)
        db.rollback()
        raise
    finally:
        db.remove()
