"""The student version of a solved notebook, and the promise that making it overwrites nobody's work.

A generated notebook carries the fingerprint of its cells (metadata `generated_sha256`). One whose cells are no longer
those is somebody's work: an answer, a derivation, an added cell, a changed text.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets.config import Config
from traitlets.utils.importstring import import_item

STAMP = "generated_sha256"
STUB, ANSWER = "raise NotImplementedError()", "YOUR ANSWER HERE"
# a derivation's cell, to be seen as a place to write, wherever Markdown is shown: head and foot, the answer between them
BOX = """\
| ✎ **Your answer** · `{name}` · {points:g} points, marked by hand |
|:---|
| Double-click here to write, Shift+Enter to see it set. Replace the line below; formulas go between dollar signs. |

{answer}

* * *"""
_FIRST = [
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearSolutions",
    "autograder.publish.release.Blanks",
    *(f"nbgrader.preprocessors.{name}" for name in ("ClearOutput", "CheckCellMetadata", "ComputeChecksums")),
]
_LAST = [
    *(f"nbgrader.preprocessors.{name}" for name in ("ClearHiddenTests", "ClearMarkScheme", "ComputeChecksums")),
    "nbgrader.preprocessors.CheckCellMetadata",
    "autograder.publish.release.Stamp",
]
# what nbgrader runs (nbgrader_config.py); SaveCells writes the gradebook
NBGRADER_STEPS = [
    "autograder.publish.release.KeepWork",
    *_FIRST,
    "nbgrader.preprocessors.SaveCells",
    *_LAST,
]
RELEASE_STEPS = [*_FIRST, *_LAST]


def release_config() -> Config:
    """What the student version looks like; nbgrader_config.py uses the same values."""
    config = Config()
    config.ClearSolutions.code_stub = {"python": f"# YOUR CODE HERE\n{STUB}"}
    config.ClearSolutions.text_stub = ANSWER
    config.ClearSolutions.enforce_metadata = True
    return config


def release_notebook(solved: NotebookNode) -> NotebookNode:
    """The student version, by nbgrader's preprocessors (those that need no database)."""
    notebook, resources = nbformat.reads(nbformat.writes(solved), as_version=4), {}
    for step in RELEASE_STEPS:
        notebook, resources = import_item(step)(config=release_config()).preprocess(notebook, resources)
    return notebook


def fingerprint(notebook: NotebookNode) -> str:
    """SHA-256 of what an author or a learner writes: the cells' types, sources and nbgrader settings, not outputs."""
    cells = []
    for cell in notebook.cells:
        settings = {k: v for k, v in cell.metadata.get("nbgrader", {}).items() if k != "checksum"}
        cells.append([cell.cell_type, cell.source, settings])
    return hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest()


def keep_work(path: Path, fresh: NotebookNode) -> None:
    """Raise FileExistsError, with the way out, when writing `fresh` to `path` would lose what somebody wrote there."""
    if not path.exists():
        return
    try:
        there = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        lost = fingerprint(there) not in (there.metadata.get(STAMP), fingerprint(fresh))
    except (ValueError, AttributeError, KeyError):  # no notebook, so none of ours
        lost = True
    if lost:
        way = "move it away"
        if path.parent.parent.name == "exercises":
            way = f"move it to work/exercises/{path.parent.name}/, under a free name"
        elif path.with_suffix(".py").exists():
            way = f"take its changes over into {path.stem}.py beside it"
        raise FileExistsError(f"{path} holds work that would be lost: {way}, then try again")


def keep_folder(folder: Path, fresh: dict[str, NotebookNode]) -> None:
    """The same for a folder that is removed as a whole: nothing may be in it but unchanged notebooks of `fresh`."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if hidden or (path.is_dir() and not path.is_symlink()):
            continue
        if path.parent != folder or path.name not in fresh:
            raise FileExistsError(f"{path} would be removed with the old release: move it away, then try again")
        keep_work(path, fresh[path.name])


class Blanks(NbGraderPreprocessor):
    """What a learner finds where solutions were: a number that is None already (a cell that raises would stop whoever runs all
    cells), and a box to write in."""

    def preprocess_cell(self, cell, resources, cell_index):
        meta = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and meta.get("solution"):
            cell.source = cell.source.removesuffix(f"\n{STUB}")  # of a function's stub an indented line is left
        elif meta.get("solution") and meta.get("grade"):
            cell.source = cell.source.replace(
                ANSWER, BOX.format(name=meta["grade_id"], points=meta["points"], answer=ANSWER)
            )
        return cell, resources


class Stamp(NbGraderPreprocessor):
    """The last step of a release: writes the fingerprint."""

    def preprocess(self, nb, resources):
        nb.metadata[STAMP] = fingerprint(nb)
        return nb, resources


class KeepWork(NbGraderPreprocessor):
    """Stops `nbgrader generate_assignment` before it removes an old release in which somebody has worked.

    nbgrader removes the old folder first and calls hooks and preprocessors afterwards; only their construction comes
    before. So the look is taken there. Raises NbGraderException, which its command line reports.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        converter = self.parent.parent
        for assignment, notebooks in converter.assignments.items():
            folder = Path(converter.coursedir.root) / converter._format_dest(Path(assignment).name, ".")
            try:
                keep_folder(
                    folder.resolve(),
                    {Path(name).name: release_notebook(nbformat.read(name, as_version=4)) for name in notebooks},
                )
            except FileExistsError as error:
                converter.log.error("%s", error)
                raise NbGraderException(str(error)) from None

    def preprocess(self, nb, resources):
        return nb, resources
