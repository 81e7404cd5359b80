"""Everything that is generated: notebooks from their text sources, the student version, the public checks.

Text source -> solved notebook (jupytext), solved -> student notebook (nbgrader's own preprocessors), solution cells and
misconceptions -> course/check/data/*.json. Lectures are executed, so that a reader sees the figures.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode
from traitlets.config import Config

from autograder.grade import PUBLIC_SEED, beliefs, questions
from autograder.manifest import ROOT, Unit, load_unit
from autograder.spec import Exercise
from course.check.call import Outcome
from course.check.judge import Belief, PublicCheck
from course.check.sealed import seal
from course.check.store import DATA, sealed_to_json, to_json

RELEASE_STEPS = (
    "LockCells ClearSolutions ClearOutput CheckCellMetadata ComputeChecksums ClearHiddenTests ClearMarkScheme "
    "ComputeChecksums CheckCellMetadata"
).split()


def release_config() -> Config:
    """What the student version looks like; nbgrader_config.py uses the same values."""
    config = Config()
    config.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\nraise NotImplementedError()"}
    config.ClearSolutions.text_stub = "YOUR ANSWER HERE"
    config.ClearSolutions.enforce_metadata = True
    return config


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
    return notebook


def release_notebook(solved: NotebookNode) -> NotebookNode:
    """The student version, by nbgrader's preprocessors (those that need no database)."""
    import nbgrader.preprocessors

    notebook, resources = nbformat.reads(nbformat.writes(solved), as_version=4), {}
    for step in RELEASE_STEPS:
        preprocessor = getattr(nbgrader.preprocessors, step)(config=release_config())
        notebook, resources = preprocessor.preprocess(notebook, resources)
    return notebook


def text(notebook: NotebookNode) -> str:
    return nbformat.writes(notebook) + "\n"


def public_check(unit: Unit, exercise: Exercise) -> dict:
    reference = unit.references()[exercise.name]
    if exercise.number:
        wrong = [
            Belief(m.name, m.belief, m.hints, seal=seal(exercise.name, float(m.load(exercise.name))))
            for m in exercise.misconceptions
        ]
        answer = seal(exercise.name, float(reference))
        return sealed_to_json(PublicCheck(exercise.name, [], [], wrong, exercise.hints, seal=answer))
    cases, expected = questions(exercise, reference, PUBLIC_SEED)
    properties = [
        (statement, f"{function.__module__}:{function.__name__}")
        for statement, function in exercise.properties
        if function.__module__.startswith("course.")
    ]
    if exercise.trains:  # nothing is compared with its numbers, and another machine rounds them otherwise
        expected = [outcome if case.raises else Outcome() for case, outcome in zip(cases, expected, strict=True)]
        return to_json(PublicCheck(exercise.name, cases, expected, [], exercise.hints, properties))
    known = beliefs(exercise, cases)
    return to_json(PublicCheck(exercise.name, cases, expected, known, exercise.hints, properties))


def public_text(unit: Unit, exercise: Exercise) -> str:
    data = public_check(unit, exercise)
    lines = json.dumps(data, default=list, separators=(",", ":"))
    return lines.replace('},{"label"', '},\n{"label"').replace('},{"name"', '},\n{"name"') + "\n"


def unit_files(slug: str) -> dict[Path, str]:
    """The notebooks generated from a unit's text source: path -> content."""
    solved = solved_notebook(ROOT / "solutions" / slug / f"{slug}.py")
    return {
        ROOT / "solutions" / slug / f"{slug}.ipynb": text(solved),
        ROOT / "exercises" / slug / f"{slug}.ipynb": text(release_notebook(solved)),
    }


def build_unit(slug: str) -> list[Path]:
    """Write a unit's notebooks and public checks; the paths written."""
    written = []
    for path, content in unit_files(slug).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        written.append(path)
    load_unit.cache_clear()
    unit = load_unit(slug)
    DATA.mkdir(exist_ok=True)
    for name in unit.checks:
        path = DATA / f"{name}.json"
        path.write_text(public_text(unit, unit.exercise(name)), encoding="utf-8")
        written.append(path)
    return written


def build_lecture(slug: str) -> Path:
    """Execute lectures/<slug>.py into the notebook beside it. Raises when a cell fails or writes to stderr."""
    from nbclient import NotebookClient

    source = ROOT / "lectures" / f"{slug}.py"
    notebook = solved_notebook(source)
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", record_timing=False, coalesce_streams=True)
    client.execute(cwd=str(ROOT / "lectures"))
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                raise RuntimeError(f"{source}: a cell wrote to stderr: {output.text[:200]}")
    notebook.metadata.language_info = {"name": "python"}
    path = source.with_suffix(".ipynb")
    path.write_text(text(notebook), encoding="utf-8")
    return path
