"""What a learner has done, as lines of `work/.progress.jsonl`: for the START page, on this machine only, deletable.

A line is one JSON object. {"at": UTC time, "what": "check", "name": function, "status": status}, or "what": "grade" with
the unit, "scores": {name: [points, of how many]} and the names "by_hand", or "what": "solution" with the name (or the
unit) whose solution was opened before it was earned.

Only below a folder that `python -m course.work` has made is anything written: not in a sandbox, not when nbgrader runs a
notebook, not in an instructor's checkout. Nothing here raises or prints: a check must answer whatever the disk says.
"""

from __future__ import annotations

import contextlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MARK = ".releases.json"  # what `course.work` leaves in the folder it makes
FILE = ".progress.jsonl"
MOST = 20 * 2**20  # bytes: a file that has grown larger is nobody's record any more


def folder(start: Path) -> Path | None:
    """The nearest folder of working copies at or above `start`; None where there is none."""
    with contextlib.suppress(OSError):
        start = start.resolve()
        return next((path for path in (start, *start.parents) if (path / MARK).is_file()), None)
    return None


def note(what: str, where: Path | None = None, **content: Any) -> None:
    """Add one line, in one write: lines of several kernels at once do not mix.

    where  a path in the working copies; by default the current directory, which in a kernel is the notebook's
    """
    if os.environ.get("NBGRADER_EXECUTION"):
        return
    with contextlib.suppress(Exception):
        home = folder(where or Path.cwd())
        if home is None:
            return
        line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "what": what, **content}
        flags = (
            os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)
        )  # a pipe of that name waits for none
        descriptor = os.open(home / FILE, flags, 0o644)
        try:
            if os.fstat(descriptor).st_size < MOST:
                os.write(descriptor, (json.dumps(line) + "\n").encode())
        finally:
            os.close(descriptor)


def read(home: Path) -> list[dict[str, Any]]:
    """The lines of a folder of working copies, oldest first; a line that is none of ours is left out."""
    found = []
    with contextlib.suppress(OSError, ValueError), open(home / FILE, encoding="utf-8", errors="replace") as file:
        for line in file.read(MOST).splitlines():
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict) and isinstance(entry.get("what"), str) and isinstance(entry.get("at"), str):
                    found.append(entry)
    return found


def statuses(entries: list[dict[str, Any]]) -> dict[str, str]:
    """Name -> pass, partial, or fail, as checked or graded last; what was never tried is not in it."""
    found = {}
    for entry in entries:
        if entry["what"] == "check" and isinstance(entry.get("name"), str):
            found[entry["name"]] = {"pass": "pass", "partial": "partial"}.get(entry.get("status"), "fail")
        elif entry["what"] == "grade" and isinstance(entry.get("scores"), dict):
            for name, score in entry["scores"].items():
                with contextlib.suppress(TypeError, ValueError):
                    points, most = map(float, score)
                    if points or name in found:
                        found[name] = "pass" if points >= most else "partial" if points else "fail"
    return found


def earned(entries: list[dict[str, Any]]) -> set[str]:
    """Names whose solution is open: what was passed once, and the derivations of a unit that was graded."""
    passed: set[str] = set()
    for entry in entries:
        if entry["what"] == "grade":
            passed |= {name for name in entry.get("by_hand") or () if isinstance(name, str)}
        passed |= {name for name, status in statuses([entry]).items() if status == "pass"}
    return passed
