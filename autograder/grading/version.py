"""Which checks gave a grade: a short hash of everything that decides it, so that a change is noticed and said."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from autograder.units.manifest import ROOT, Unit

# what judges every answer, beside the unit's own references, points and checks
JUDGES = (
    *(f"autograder/{name}.py" for name in ("author/*", "grading/grade")),
    "course/*.py",
    "course/check/*.py",
)


@lru_cache(maxsize=32)
def checks_version(unit: Unit) -> str:
    """12 hexadecimal digits of a hash over the unit's references, points and checks and over the code that judges."""
    digest = hashlib.sha256()
    for cell in unit.solved:
        if cell.type == "code" or cell.points:
            digest.update(repr((cell.id, cell.kind, cell.points, cell.source if cell.type == "code" else "")).encode())
    folder = f"autograder/units/u{unit.slug}"
    for pattern in ("autograder/units/*.py", f"{folder}/*.py", *JUDGES):
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + _content(path))
    return digest.hexdigest()[:12]


@lru_cache(maxsize=1)
def sources_version() -> str:
    """12 hexadecimal digits of a hash over all programs of the course: two machines with the same grade in the same way."""
    digest = hashlib.sha256()
    for path in sorted(path for room in ("autograder", "course") for path in (ROOT / room).rglob("*.py")):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + _content(path))
    return digest.hexdigest()[:12]


def _content(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()
