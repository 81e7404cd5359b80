"""nbgrader's own commands, made safe: two preprocessors and a hook, named in nbgrader_config.py.

nbgrader autograde runs `RebuildFromManifest` instead of its sanitizers and `TrustedGrade` instead of executing the
student's notebook; formgrader, late penalties, feedback and export work as they always do.
"""

from __future__ import annotations

import atexit
import json
import os
import stat
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import nbformat
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import parse_utc
from traitlets import Bool

from autograder.files import write_atomically
from autograder.grade import grade
from autograder.rebuilt import NOTES, rebuilt_notebook, record_path, with_verdicts
from autograder.sandbox import Sandbox
from autograder.submission import SubmissionError, parse_submission, read_submission


@lru_cache(maxsize=2)
def warm_sandbox(unsafe: bool) -> Sandbox:
    """One sandbox per process: its warm start is what makes grading a class cheap."""
    sandbox = Sandbox(unsafe=unsafe)
    atexit.register(sandbox.close)
    return sandbox


class RebuildFromManifest(NbGraderPreprocessor):
    """Read the submitted file as data and put its sources into our own template."""

    def preprocess(self, nb, resources):
        path = Path(resources["metadata"]["path"]) / f"{resources['metadata']['name']}.ipynb"
        if path.parent.is_symlink() or path.parent.parent.is_symlink():
            raise SubmissionError(f"{path.parent} is a link, not a submission")
        return rebuilt_notebook(read_submission(path, resources["nbgrader"]["assignment"])), resources


class TrustedGrade(NbGraderPreprocessor):
    """Grade the rebuilt notebook in the sandbox; the scores become the outputs that SaveAutoGrades reads."""

    unsafe_no_sandbox = Bool(False, help="Run students' code without a sandbox (the record says so)").tag(config=True)

    def preprocess(self, nb, resources):
        names = resources["nbgrader"]
        content = nbformat.writes(nb).encode()
        submission = parse_submission(content, names["student"], names["assignment"])
        submission.notes = list(nb.metadata.get(NOTES, []))
        record = grade(submission, warm_sandbox(self.unsafe_no_sandbox))
        course = Path(resources["metadata"]["path"]).resolve().parents[2]
        path = record_path(course, names["assignment"], names["student"])
        write_atomically(path, json.dumps(record.to_json(), indent=1) + "\n")
        self.log.info("%s: %s of %s (%s)", names["student"], record.score, record.max_score, record.sandbox)
        return with_verdicts(nb, record), resources


def before_grading(assignment: str, student: str, notebooks: list[str]) -> None:
    """Before nbgrader copies a submission: what it would follow or believe is taken away.

    Links and special files are removed, since nbgrader follows them (and hands what they point to back with the
    feedback); a link has no content, so nothing of the student is lost. timestamp.txt is set aside: who can put a file
    into a submission can date it.
    """
    for folder in _own_folders(notebooks):
        for path in special_files(folder):
            path.unlink()
        if (folder / "timestamp.txt").exists():
            (folder / "timestamp.txt").rename(folder / "timestamp.txt.refused")


def before_grading_exchanged(assignment: str, student: str, notebooks: list[str]) -> None:
    """The same for submissions that nbgrader's exchange collected, which dates them itself: readable dates are kept."""
    for folder in _own_folders(notebooks):
        for path in special_files(folder):
            path.unlink()
        if (folder / "timestamp.txt").exists() and submission_time(folder) is None:
            (folder / "timestamp.txt").rename(folder / "timestamp.txt.refused")


def submission_time(folder: Path) -> datetime | None:
    """What timestamp.txt says, None where there is none or it is no date."""
    try:
        return parse_utc((folder / "timestamp.txt").read_text(encoding="utf-8")[:100].strip())
    except (OSError, ValueError, OverflowError):
        return None


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
