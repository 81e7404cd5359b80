"""Everything that is generated: notebooks from their text sources, the student version, the public checks.

Text source -> solved notebook (jupytext), solved -> student notebook (nbgrader's own preprocessors), solution cells and
misconceptions -> course/check/data/*.json. Lectures are executed, so that a reader sees the figures.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode
from threadpoolctl import threadpool_limits

from autograder.author import Exercise
from autograder.publish.missing import unasked
from autograder.publish.public import public_check
from autograder.publish.question import shown_lines
from autograder.publish.release import STAMP, fingerprint, keep_work, release_notebook
from autograder.submission.files import write_atomically
from autograder.units.manifest import ROOT, Unit, load_unit
from course.check.judge import PublicCheck, SealedOrder
from course.check.naming import Belief
from course.check.order import EARLY, FALSE
from course.check.sealed import beginning_seal, seal, slip_seal
from course.check.store import DATA, order_to_json, sealed_to_json, to_json, to_text
from course.threads import one_thread


def solved_notebook(source: Path) -> NotebookNode:
    """The notebook of a py:percent file, without outputs, with cell ids that depend only on the text."""
    notebook = jupytext.read(source)
    notebook.metadata = NotebookNode(
        kernelspec={"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        language_info={"name": "python"},
        generated_from=source.resolve().relative_to(ROOT).as_posix(),
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for index, cell in enumerate(notebook.cells):
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.id = name or f"{index:02d}-{hashlib.sha256(cell.source.encode()).hexdigest()[:8]}"
    notebook.metadata[STAMP] = fingerprint(notebook)
    return notebook


def text(notebook: NotebookNode) -> str:
    return nbformat.writes(notebook) + "\n"


def public_text(unit: Unit, exercise: Exercise) -> str:
    """The file that a function's (or number's) in-notebook check reads."""
    reference = unit.references()[exercise.name]
    if exercise.proof:
        order = sealed_order(exercise, shown_lines(unit, exercise.name))
        return to_text(order_to_json(PublicCheck(exercise.name, [], [], [], exercise.hints, order=order)))
    if not exercise.number:
        return to_text(to_json(public_check(exercise, reference)))
    wrong = [
        Belief(m.name, m.belief, m.hints, seal=seal(exercise.name, float(m.load(exercise.name))))
        for m in exercise.misconceptions
    ]
    answer = seal(exercise.name, float(reference))
    return to_text(sealed_to_json(PublicCheck(exercise.name, [], [], wrong, exercise.hints, seal=answer)))


def sealed_order(exercise: Exercise, lines: dict[str, str]) -> SealedOrder:
    """What a notebook may know of a proof with order."""
    name, proof = exercise.name, exercise.proof
    beginnings = frozenset(beginning_seal(name, list(lines)) for lines in proof.beginnings())
    slips = {
        slip_seal(name, kind, label): proof.belief(kind, label)
        for kind, known in ((FALSE, proof.false), (EARLY, proof.early))
        for label in known
    }
    return SealedOrder(len(proof.needs), beginnings, slips, lines)


def unit_files(slug: str) -> dict[Path, str]:
    """The notebooks generated from a unit's text source: path -> content."""
    solved = solved_notebook(ROOT / "solutions" / slug / f"{slug}.py")
    return {
        ROOT / "solutions" / slug / f"{slug}.ipynb": text(solved),
        ROOT / "exercises" / slug / f"{slug}.ipynb": text(release_notebook(solved)),
    }


def public_files(slug: str) -> dict[Path, str]:
    """The public checks generated from a unit's solved notebook and the modules of its checks: path -> content. Those that
    cannot be asked yet are left out."""
    unit, unwritten = load_unit(slug), unasked_checks(slug)
    return {
        DATA / f"{name}.json": public_text(unit, unit.exercise(name)) for name in unit.checks if name not in unwritten
    }


def unasked_checks(slug: str) -> dict[str, list[str]]:
    """Function -> what is missing before its check can be asked at all, for those where something is."""
    unit = load_unit(slug)
    lacks = {name: unasked(unit.exercise(name), unit.references()[name]) for name in unit.checks}
    return {name: missing for name, missing in lacks.items() if missing}


def build_unit(slug: str, overwrite: bool = False, checks: bool = True) -> list[Path]:
    """Write a unit's notebooks and, unless told not to, its public checks; the paths written.

    Raises FileExistsError, with nothing written, when somebody has worked in one of the notebooks, unless `overwrite`.
    """
    files = unit_files(slug)
    if not overwrite:
        for path, content in files.items():
            keep_work(path, nbformat.reads(content, as_version=4))
    notebooks = _written(files)
    load_unit.cache_clear()
    # arrays are small, and threads that wait for each other cost other programs
    with one_thread(), threadpool_limits(1):
        return notebooks + (_written(public_files(slug)) if checks else [])


def _written(files: dict[Path, str]) -> list[Path]:
    for path, content in files.items():
        write_atomically(path, content)
    return list(files)


def build_lecture(slug: str, overwrite: bool = False) -> Path:
    """Execute lectures/<slug>.py into the notebook beside it. Raises when a cell fails or writes to stderr.

    Raises FileExistsError when somebody has worked in that notebook, unless `overwrite`.
    """
    from nbclient import NotebookClient

    source = ROOT / "lectures" / f"{slug}.py"
    notebook = solved_notebook(source)
    if not overwrite:
        keep_work(source.with_suffix(".ipynb"), notebook)
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", record_timing=False, coalesce_streams=True)
    client.execute(cwd=str(ROOT / "lectures"))
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                raise RuntimeError(f"{source}: a cell wrote to stderr: {output.text[:200]}")
    notebook.metadata.language_info = {"name": "python"}
    path = source.with_suffix(".ipynb")
    write_atomically(path, text(notebook))
    return path
