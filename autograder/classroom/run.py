"""Grade a class: many processes that grade, this one that saves, one mark per submission, resumable.

Every submission is a job of its own. What goes wrong with one is written down for that one; the others go on. This process
reads no notebook: it sends bytes to the crew and saves what comes back.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from traitlets.config import Config

from autograder.classroom.cluster import grade_on
from autograder.classroom.crew import Crew, prepare
from autograder.classroom.gradebook import GradebookWriter, Mark, graded_path, read_marks, require_unit
from autograder.classroom.machine import plan
from autograder.classroom.settings import course_config, gradebook_url
from autograder.grading.jobs import Job, Result
from autograder.grading.record import Record, note_problem, record_path
from autograder.grading.version import checks_version
from autograder.sandbox.process import Limits, Sandbox, SandboxError
from autograder.sandbox.protected import protected_places
from autograder.submission.files import valid_student
from autograder.submission.notebook import SubmissionError, read_bytes
from autograder.units.manifest import load_unit


@dataclass(frozen=True)
class Regrade:
    """Which submissions are graded again: those graded with other checks than today's, or all."""

    changed: bool = False
    everything: bool = False


def grade_class(
    course: Path,
    unit: str,
    *,
    workers: int = 0,
    memory_bytes: int = 0,
    scheduler: str | None = None,
    regrade: Regrade = Regrade(),
    unsafe: bool = False,
    exchanged: bool = False,
) -> int:
    """Grade submitted/*/UNIT/ into the gradebook. Exit status: 0, or 1 when a submission could not be graded.

    workers       0: as many as there are processors and as their memory allows
    scheduler     address of a Dask scheduler: its workers grade, however many there are (autograder.classroom.cluster)
    memory_bytes  what a student's code may take (0: the default of autograder.sandbox.process.Limits)
    exchanged     timestamp.txt was written by nbgrader's exchange and counts for late penalties; nbgrader_config.py says
                  the same with c.Dates.believed = True
    """
    version = checks_version(load_unit(unit))
    course = course.resolve()
    if not unsafe and not scheduler:
        Sandbox()  # fail now, with a clear message, rather than once per submission
    folders = sorted((course / "submitted").glob(f"*/{unit}"))
    if folders and not scheduler:
        prepare()  # before nbgrader's imports take their seconds
    config = course_config(course)
    url = gradebook_url(course, config)
    require_unit(course, unit, url)
    if not folders:
        raise SubmissionError(f"no submission: {course / 'submitted'}/*/{unit} is empty")
    marks = read_marks(course, unit, url)
    jobs, problems, done, older = [], {}, 0, 0
    chosen = None if scheduler else plan(workers, memory_bytes)
    memory = chosen.memory_bytes if chosen else memory_bytes or Limits.memory_bytes
    hide = tuple(map(str, protected_places(course)))
    for folder in folders:
        student = folder.parent.name
        try:
            content = _content(folder, unit)
        except SubmissionError as error:
            problems[student] = str(error)
            continue
        if not regrade.everything and _complete(course, unit, student, content, marks):
            same = marks[student].checks_version == version
            done += same
            older += not same
            if same or not regrade.changed:
                continue
        path = str(folder / f"{unit}.ipynb")
        jobs.append(Job(student, unit, path, b"", unsafe, memory, hide))
    print(_foreword(len(folders), done, older, regrade.changed, version), end="")
    with Crew(chosen.workers if chosen else 0) as crew:
        if chosen and jobs:
            print(f"grading {len(jobs)} with {chosen}", flush=True)
            crew.start(len(jobs))  # before the gradebook's imports take their seconds
        results = crew.grade(jobs) if chosen else grade_on(scheduler, jobs, unit) if jobs else iter(())
        problems |= _save_all(course, unit, config, jobs, results, exchanged)
    for student, problem in sorted(problems.items()):
        print(f"NOT GRADED {_shown(student)}: {problem}{_earlier(marks.get(student))}")
    for student in {folder.parent.name for folder in folders}:
        note_problem(course, unit, student, problems.get(student, ""))
    return 1 if problems else 0


def _foreword(count: int, done: int, older: int, again: bool, version: str) -> str:
    lines = []
    if done:
        lines.append(f"{done} of {count} were graded before and have not changed (--force grades them again)")
    if older:
        what = "they are graded again" if again else "their grades are kept (--changed grades them again)"
        lines.append(f"{older} of {count} were graded with older checks than today's ({version}): {what}")
    return "".join(f"{line}\n" for line in lines)


def _save_all(
    course: Path, unit: str, config: Config, jobs: list[Job], results: Iterator[Result], exchanged: bool
) -> dict[str, str]:
    """Save each result as it comes, say so, and give the problems."""
    from sqlalchemy.exc import SQLAlchemyError

    from autograder.classroom.plugin import Dates

    gradebook = GradebookWriter(course, unit, config, exchanged or Dates(config=config).believed)
    problems, started = {}, time.monotonic()
    for number, result in enumerate(results, 1):
        left = (time.monotonic() - started) / number * (len(jobs) - number)
        text = result.error
        if result.fatal:
            raise SandboxError(result.error)
        if result.record is None:
            problems[result.student] = result.error
        else:
            try:
                record = Record.from_json(result.record)
                gradebook.save(result.student, result.notebook, record)
                text = f"{record.score:g} of {record.max_score:g}"
            except (ValueError, OSError, SQLAlchemyError) as error:
                problems[result.student] = text = f"could not be saved: {type(error).__name__}: {error}"
        print(f"[{number}/{len(jobs)}] {result.student}: {text}   (about {left:.0f} s left)", flush=True)
    return problems


def _content(folder: Path, unit: str) -> bytes:
    if folder.is_symlink() or folder.parent.is_symlink():
        raise SubmissionError(f"{_shown(folder.parent.name)}/{folder.name} is a link, not a submission")
    if not valid_student(folder.parent.name):
        raise SubmissionError(f"{folder.parent.name!r} cannot be a student's id")
    return read_bytes(folder / f"{unit}.ipynb")


def _complete(course: Path, unit: str, student: str, content: bytes, marks: dict[str, Mark]) -> bool:
    """Whether the gradebook holds the grade of this very file, and the files that belong to it are there."""
    mark = marks.get(student)
    if mark is None or mark.sha256 != hashlib.sha256(content).hexdigest():
        return False
    return record_path(course, unit, student).exists() and graded_path(course, unit, student).exists()


def _earlier(mark: Mark | None) -> str:
    return f" (the grade of an earlier attempt stays: {mark.score:g} of {mark.max_score:g})" if mark else ""


def _shown(student: str) -> str:
    """A folder name as it may be printed, whatever bytes it is made of."""
    return student if valid_student(student) else ascii(student)
