"""A grade and everything that it rests on, as plain data; and why there is none."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder.submission.files import valid_student, write_atomically


@dataclass
class CheckRecord:
    status: str
    score: float
    max_score: float
    message: str = ""
    hint: str = ""
    hints: tuple[str, ...] = ()
    misconception: str = ""
    parts: dict[str, bool] = field(default_factory=dict)


@dataclass
class Record:
    """Everything a grade rests on. seed repeats it; checks_version says which checks gave it (autograder.grading.version); notes
    say what was repaired or left out."""

    unit: str
    score: float
    max_score: float
    sandbox: str
    checks: dict[str, CheckRecord]
    seed: int
    sha256: str
    seconds: float
    notes: list[str] = field(default_factory=list)
    manual: dict[str, float] = field(default_factory=dict)
    checks_version: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Record:
        """The record as an object, its scores checked: a worker's bug must not become a grade."""
        checks = {
            name: CheckRecord(**{**check, "hints": tuple(check["hints"])}) for name, check in data["checks"].items()
        }
        for name, check in checks.items():
            if not 0 <= check.score <= check.max_score:
                raise ValueError(f"score {check.score} of {name} lies outside [0, {check.max_score}]")
        return cls(**{**data, "checks": checks})


def record_path(course: Path, unit: str, student: str) -> Path:
    return course / "records" / unit / f"{student}.json"


def error_path(course: Path, unit: str, student: str) -> Path:
    """Where it is written why a submission was not graded."""
    safe = student if valid_student(student) else hashlib.sha256(os.fsencode(student)).hexdigest()[:12]
    return course / "records" / unit / "errors" / f"{safe}.json"


def note_problem(course: Path, unit: str, student: str, problem: str) -> None:
    """Write down why a submission was not graded; an empty problem takes the note away."""
    path = error_path(course, unit, student)
    if problem:
        write_atomically(path, json.dumps({"unit": unit, "student": student, "error": problem}, indent=1) + "\n")
    else:
        path.unlink(missing_ok=True)


def read_problem(course: Path, unit: str, student: str) -> str:
    """Why the student's present submission was not graded, empty where it was."""
    try:
        return str(json.loads(error_path(course, unit, student).read_text(encoding="utf-8"))["error"])
    except (OSError, ValueError, KeyError):
        return ""
