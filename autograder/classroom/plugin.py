"""nbgrader's own commands, made safe: preprocessors and a hook, named in nbgrader_config.py.

nbgrader autograde runs `TrustedGrade` instead of its sanitizers and of executing the student's notebook; `Dates`, nbgrader's
own SaveAutoGrades and AssignLatePenalties, and `Marked` follow. Formgrader, feedback and export work as they always do.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool

from autograder.classroom.crew import grade_one
from autograder.classroom.gradebook import keep_exchange_files, read_marks, submission_time, write_mark
from autograder.classroom.machine import plan
from autograder.classroom.reviewed import keep_reviewed, reviewed
from autograder.grading.jobs import Job
from autograder.grading.record import Record, note_problem, record_path
from autograder.sandbox.protected import protected_places
from autograder.submission.files import write_atomically
from autograder.submission.notebook import MAX_BYTES, SubmissionError


class TrustedGrade(NbGraderPreprocessor):
    """Grade the submitted file in another process; its verdicts become the outputs that SaveAutoGrades reads."""

    unsafe_no_sandbox = Bool(False, help="Run students' code without a sandbox (the record says so)").tag(config=True)

    def preprocess(self, nb, resources):
        names = resources["nbgrader"]
        path = Path(resources["metadata"]["path"]) / f"{resources['metadata']['name']}.ipynb"
        if path.parent.is_symlink() or path.parent.parent.is_symlink():
            raise SubmissionError(f"{path.parent} is a link, not a submission")
        course = path.resolve().parents[3]
        memory, hide = plan(1).memory_bytes, tuple(map(str, protected_places(course)))
        job = Job(names["student"], names["assignment"], str(path), b"", self.unsafe_no_sandbox, memory, hide)
        result = grade_one(job)
        note_problem(course, names["assignment"], names["student"], result.error)
        if result.record is None:
            raise SubmissionError(result.error)
        record = Record.from_json(result.record)
        content = json.dumps(record.to_json(), indent=1) + "\n"
        write_atomically(record_path(course, names["assignment"], names["student"]), content)
        self.log.info("%s: %s of %s (%s)", names["student"], record.score, record.max_score, record.sandbox)
        return nbformat.reads(result.notebook, as_version=4), resources


class Dates(NbGraderPreprocessor):
    """Take back the time that nbgrader read from timestamp.txt, unless it is believed: who can put a file into a
    submission can date it. And note what a human has graded, before nbgrader asks for a new look (`Marked`)."""

    believed = Bool(False, help="timestamp.txt was written by nbgrader's exchange: late penalties count it").tag(
        config=True
    )

    def preprocess(self, nb, resources):
        names = resources["nbgrader"]
        with Gradebook(names["db_url"]) as gradebook:
            names["reviewed"] = reviewed(gradebook, names["assignment"], names["student"])
            if not self.believed:
                gradebook.find_submission(names["assignment"], names["student"]).timestamp = None
                gradebook.db.commit()
        return nb, resources


class Marked(NbGraderPreprocessor):
    """Last of all: note in the gradebook which file was graded, with which checks (autograder.classroom.gradebook), and
    keep a human's look at that same file."""

    def preprocess(self, nb, resources):
        names = resources["nbgrader"]
        folder = Path(resources["metadata"]["path"]).resolve()
        course = folder.parents[2]
        keep_exchange_files(course / "submitted" / names["student"] / names["assignment"], folder)
        path = record_path(course, names["assignment"], names["student"])
        record = Record.from_json(json.loads(path.read_text(encoding="utf-8")))
        before = read_marks(course, names["assignment"], names["db_url"]).get(names["student"])
        if before and before.sha256 == record.sha256:
            with Gradebook(names["db_url"]) as gradebook:
                keep_reviewed(gradebook, names["assignment"], names["student"], names["reviewed"])
                gradebook.db.commit()
        write_mark(names["db_url"], names["student"], record)
        return nb, resources


def before_grading(assignment: str, student: str, notebooks: list[str]) -> None:
    """Before nbgrader reads and copies a submission: what it would follow, or stop at, is taken away.

    Links and special files are removed, since nbgrader follows them (and hands what they point to back with the
    feedback); a link has no content, so nothing of the student is lost. A notebook over the limit of size, which nbgrader
    would read whole into this process, and a timestamp.txt that is no date are set aside as *.refused.
    """
    for folder in _own_folders(notebooks):
        for path in special_files(folder):
            path.unlink()
        for path in folder.glob("*.ipynb"):
            if path.stat().st_size > MAX_BYTES:
                path.rename(f"{path}.refused")
        if (folder / "timestamp.txt").exists() and submission_time(folder) is None:
            (folder / "timestamp.txt").rename(folder / "timestamp.txt.refused")


def _own_folders(notebooks: list[str]) -> list[Path]:
    """The submission's folder, unless it is a link into somebody else's."""
    folders = {Path(notebook).parent for notebook in notebooks}
    return [folder for folder in folders if not (folder.is_symlink() or folder.parent.is_symlink())]


def special_files(folder: Path) -> list[Path]:
    """Everything below a submission that is neither a regular file nor a folder, links not followed."""
    found = []
    for where, folders, files in os.walk(folder, followlinks=False):
        for name in (*folders, *files):
            path = Path(where) / name
            mode = os.lstat(path).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                found.append(path)
    return found
