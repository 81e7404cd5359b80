"""Grade a class: many workers, one writer of the gradebook, one record per submission, resumable.

Every submission is a job of its own. What goes wrong with one is written down for that one; the others go on. A grade is
written in this order: record file (atomically), graded notebook, gradebook, so that an interrupted class continues with
the first submission that is not complete.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import nbformat
from sqlalchemy.exc import SAWarning, SQLAlchemyError

from autograder.files import valid_student, write_atomically
from autograder.grade import CheckRecord, Record, grade
from autograder.manifest import load_unit
from autograder.plugin import submission_time, warm_sandbox
from autograder.rebuilt import rebuilt_notebook, record_path, with_verdicts
from autograder.sandbox import Sandbox, SandboxError
from autograder.submission import SubmissionError, parse_submission, read_bytes


@dataclass(frozen=True)
class Job:
    student: str
    unit: str
    content: bytes
    unsafe: bool


@dataclass(frozen=True)
class Result:
    """What a worker sends back: the record as plain data and the graded notebook, or why there is none."""

    student: str
    record: dict[str, Any] | None = None
    notebook: str = ""
    error: str = ""


def grade_job(job: Job) -> Result:
    """Grade one submission; runs in a worker process, here or on a Dask worker."""
    try:
        submission = parse_submission(job.content, f"{job.unit}.ipynb", job.unit)
    except SubmissionError as error:
        return Result(job.student, error=str(error))
    notebook = rebuilt_notebook(submission)
    digest = hashlib.sha256(job.content).hexdigest()
    record = grade(submission, warm_sandbox(job.unsafe), sha256=digest)
    return Result(job.student, record.to_json(), nbformat.writes(with_verdicts(notebook, record)))


def grade_class(
    course: Path,
    unit: str,
    *,
    workers: int = 0,
    scheduler: str | None = None,
    force: bool = False,
    unsafe: bool = False,
    exchanged: bool = False,
) -> int:
    """Grade submitted/*/UNIT/ into the gradebook. Exit status: 0, or 1 when a submission could not be graded.

    exchanged: timestamp.txt was written by nbgrader's exchange and counts for late penalties.
    """
    load_unit(unit)
    course = course.resolve()
    if not unsafe and not scheduler:
        Sandbox()  # fail now, with a clear message, rather than once per submission
    gradebook = GradebookWriter(course, unit)
    folders = sorted((course / "submitted").glob(f"*/{unit}"))
    if not folders:
        raise SubmissionError(f"no submission: {course / 'submitted'}/*/{unit} is empty")
    jobs, problems, done = [], {}, 0
    for folder in folders:
        student = folder.parent.name
        try:
            content = _content(folder, unit)
        except SubmissionError as error:
            problems[student] = str(error)
            continue
        if not force and _complete(course, unit, student, content):
            done += 1
            continue
        jobs.append(Job(student, unit, content, unsafe))
    if done:
        print(f"{done} of {len(folders)} were graded before and have not changed (--force grades them again)")
    started = time.monotonic()
    for number, result in enumerate(_run(jobs, workers, scheduler), 1):
        left = (time.monotonic() - started) / number * (len(jobs) - number)
        text = result.error
        if result.record is None:
            problems[result.student] = result.error
        else:
            try:
                record = _record(result.record)
                write_atomically(record_path(course, unit, result.student), json.dumps(result.record, indent=1) + "\n")
                gradebook.save(result.student, result.notebook, exchanged)
                text = f"{record.score:g} of {record.max_score:g}"
            except (ValueError, OSError, SQLAlchemyError) as error:
                record_path(course, unit, result.student).unlink(
                    missing_ok=True
                )  # not complete: graded again next time
                problems[result.student] = text = f"could not be saved: {type(error).__name__}: {error}"
        print(f"[{number}/{len(jobs)}] {result.student}: {text}   (about {left:.0f} s left)", flush=True)
    for student, problem in sorted(problems.items()):
        print(f"NOT GRADED {_shown(student)}: {problem}")
        broken = json.dumps({"unit": unit, "error": problem}, indent=1)
        write_atomically(error_path(course, unit, student), broken + "\n")
    for student in {folder.parent.name for folder in folders} - set(problems):
        error_path(course, unit, student).unlink(missing_ok=True)
    return 1 if problems else 0


def _content(folder: Path, unit: str) -> bytes:
    if folder.is_symlink() or folder.parent.is_symlink():
        raise SubmissionError(f"{_shown(folder.parent.name)}/{folder.name} is a link, not a submission")
    if not valid_student(folder.parent.name):
        raise SubmissionError(f"{folder.parent.name!r} cannot be a student's id")
    return read_bytes(folder / f"{unit}.ipynb")


def _complete(course: Path, unit: str, student: str, content: bytes) -> bool:
    """Whether this very file has a record and a graded notebook."""
    try:
        record = json.loads(record_path(course, unit, student).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    same = record.get("sha256") == hashlib.sha256(content).hexdigest()
    return same and (course / "autograded" / student / unit / f"{unit}.ipynb").exists()


def _run(jobs: list[Job], workers: int, scheduler: str | None) -> Iterator[Result]:
    """Results in the order in which they are ready."""
    if not jobs:
        return
    if scheduler:
        from dask.distributed import Client
        from dask.distributed import as_completed as dask_as_completed

        with Client(scheduler, timeout=20) as client:
            futures = client.map(grade_job, jobs, pure=False)
            names = {future.key: job.student for future, job in zip(futures, jobs, strict=True)}
            for future in dask_as_completed(futures):
                problem = future.exception()
                yield Result(names[future.key], error=f"worker failed: {problem}") if problem else future.result()
        return
    workers = min(workers or os.cpu_count() or 1, len(jobs))
    if workers == 1:
        for job in jobs:
            yield _guarded(job)
        return
    left = {job.student: job for job in jobs}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(grade_job, job): job for job in jobs}
        for future in as_completed(futures):
            try:
                result = future.result()
            except BrokenProcessPool:
                break
            except Exception as error:
                result = Result(futures[future].student, error=f"grader failed: {error}")
            left.pop(result.student)
            yield result
    for job in left.values():  # a worker was killed from outside: the rest goes on here, one by one
        yield _guarded(job)


def _guarded(job: Job) -> Result:
    try:
        return grade_job(job)
    except SandboxError:
        raise
    except Exception as error:
        return Result(job.student, error=f"grader failed: {type(error).__name__}: {error}")


def _record(data: dict[str, Any]) -> Record:
    """The record as an object, its scores checked: a worker's bug must not become a grade."""
    checks = {name: CheckRecord(**check) for name, check in data["checks"].items()}
    for name, check in checks.items():
        if not 0 <= check.score <= check.max_score:
            raise ValueError(f"score {check.score} of {name} lies outside [0, {check.max_score}]")
    return Record(**{**data, "checks": checks})


def error_path(course: Path, unit: str, student: str) -> Path:
    """Where it is written why a submission was not graded."""
    safe = student if valid_student(student) else hashlib.sha256(os.fsencode(student)).hexdigest()[:12]
    return course / "records" / unit / "errors" / f"{safe}.json"


def _shown(student: str) -> str:
    """A folder name as it may be printed, whatever bytes it is made of."""
    return student if valid_student(student) else ascii(student)


class GradebookWriter:
    """The one writer: nbgrader's own SaveAutoGrades and AssignLatePenalties on the graded notebook.

    nbgrader connects anew and commits after each cell; here one connection serves the class, and a submission is one
    transaction: all of it is in the gradebook, or nothing.
    """

    def __init__(self, course: Path, unit: str):
        from nbgrader.api import Gradebook, MissingEntry

        self.course, self.unit = course, unit
        self.url = f"sqlite:///{course / 'gradebook.db'}"
        if not (course / "gradebook.db").exists():
            raise SubmissionError(f"no gradebook in {course}: run `nbgrader generate_assignment {unit}` there first")
        self.gradebook = Gradebook(self.url)
        try:
            self.gradebook.find_notebook(unit, unit)
        except MissingEntry:
            raise SubmissionError(
                f"the gradebook does not know {unit}: run `nbgrader generate_assignment {unit}` first"
            ) from None
        finally:
            self.gradebook.db.remove()

    def save(self, student: str, notebook: str, exchanged: bool = False) -> None:
        from nbgrader.preprocessors import AssignLatePenalties

        write_atomically(self.course / "autograded" / student / self.unit / f"{self.unit}.ipynb", notebook)
        names = {"student": student, "assignment": self.unit, "notebook": self.unit, "db_url": self.url}
        node, resources = nbformat.reads(notebook, as_version=4), {"nbgrader": names}
        with _one_transaction(self.gradebook.db):
            self.gradebook.update_or_create_student(student)
            when = submission_time(self.course / "submitted" / student / self.unit) if exchanged else None
            submission = self.gradebook.update_or_create_submission(
                self.unit, student, **({"timestamp": when} if when else {})
            )
            _save_auto_grades(self.gradebook, node, resources)
            late = submission.total_seconds_late > 0 or submission.late_submission_penalty
        if late:  # it opens a connection of its own
            AssignLatePenalties().preprocess(node, resources)


def _save_auto_grades(gradebook, node, resources) -> None:
    """nbgrader's SaveAutoGrades on a gradebook that is open already."""
    from nbgrader.preprocessors import SaveAutoGrades

    step, names = SaveAutoGrades(), resources["nbgrader"]
    step.gradebook = gradebook
    step.notebook_id, step.assignment_id, step.student_id = names["notebook"], names["assignment"], names["student"]
    for index, cell in enumerate(node.cells):
        step.preprocess_cell(cell, resources, index)


@contextlib.contextmanager
def _one_transaction(db):
    """Nothing is committed before the end, and nothing at all after an error."""
    db.commit = db.flush  # what nbgrader calls after each cell
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # it adds its rows in an order that SQLAlchemy remarks on
            yield
            del db.commit
            db.commit()
    except BaseException:
        vars(db).pop("commit", None)
        db.rollback()
        raise
    finally:
        db.remove()
