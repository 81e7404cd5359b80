"""The copy of `course` and of the child's program that students' code runs with: clean, and nobody else's.

Made when a sandbox starts: no compiled file of an earlier version, no link to the checkout, no later edit.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from autograder.sandbox.protected import ROOT

SUFFIXES = (".py", ".json")


def clean_copy() -> dict[str, bytes]:
    """Relative path (course/..., child/...) -> content."""
    folders = {"course": ROOT / "course", "child": ROOT / "autograder" / "sandbox" / "child"}
    return {f"{name}/{path}": content for name, folder in folders.items() for path, content in _files(folder)}


def write_copy(files: dict[str, bytes], folder: Path) -> None:
    """Write the copy into a folder, after removing what is there."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def _files(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Its modules and data, without private modules (course/check/_*.py): they compute what some exercise asks for."""
    for path in sorted(folder.rglob("*")):
        private = path.name.startswith("_") and not path.name.startswith("__")
        if path.suffix in SUFFIXES and path.is_file() and not private:
            yield path.relative_to(folder), path.read_bytes()
