"""Files that must never be half written, and student names that must never be paths."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

STUDENT = re.compile(r"[\w@.+ -]{1,100}", re.ASCII)


def write_atomically(path: Path, content: str) -> None:
    """Write all or nothing: to a neighbour first, then moved over the target."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def valid_student(name: str) -> bool:
    """Whether a folder name can be a student's id: one path component of plain characters."""
    return STUDENT.fullmatch(name) is not None and name not in (".", "..")
