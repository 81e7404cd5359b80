"""Generated files are those that their sources give; a stale one fails here, with the command that mends it."""

from __future__ import annotations

import json

import jupytext
import nbformat
import pytest

from autograder.build import public_text, unit_files
from autograder.manifest import ROOT, load_unit, unit_names
from course.check.store import DATA

UNITS = sorted(path.stem for path in (ROOT / "solutions").glob("*/*.py"))
LECTURES = sorted((ROOT / "lectures").glob("*.py"))


@pytest.mark.parametrize("slug", UNITS)
def test_notebooks_are_those_of_the_text_source(slug):
    for path, content in unit_files(slug).items():
        assert path.read_text(encoding="utf-8") == content, f"{path} is stale: python -m autograder build {slug}"


@pytest.mark.parametrize(("slug", "name"), [(s, n) for s in unit_names() for n in load_unit(s).checks])
def test_public_checks_are_those_of_the_reference(slug, name):
    """Numbers within 1e-9: another processor may round the last digits of a sum differently."""
    unit = load_unit(slug)
    stored = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    fresh = json.loads(public_text(unit, unit.exercise(name)))
    assert _same(stored, fresh), f"{name}.json is stale: python -m autograder build {slug}"


def _same(a, b) -> bool:
    if isinstance(a, float) or isinstance(b, float):
        both = isinstance(a, (int, float)) and isinstance(b, (int, float))
        return both and (a == b or (a != a and b != b) or abs(a - b) <= 1e-9 * max(1, abs(a), abs(b)))
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(_same, a, b))
    return a == b


def test_no_public_check_is_left_over():
    names = {name for slug in unit_names() for name in load_unit(slug).checks}
    assert {path.stem for path in DATA.glob("*.json")} == names


@pytest.mark.parametrize("source", LECTURES, ids=lambda path: path.stem)
def test_lectures_are_executed_versions_of_their_sources(source):
    path = source.with_suffix(".ipynb")
    assert path.exists(), f"{path} is missing: python -m autograder build {source.stem} --lectures"
    assert path.stat().st_size < 400_000
    notebook, text = nbformat.read(path, as_version=4), jupytext.read(source)
    assert [(c.cell_type, c.source) for c in notebook.cells] == [(c.cell_type, c.source) for c in text.cells], (
        f"{path} is stale: python -m autograder build {source.stem} --lectures"
    )
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.execution_count, f"not executed: {cell.source[:60]}"
            for output in cell.outputs:
                assert output.output_type != "error"
                assert output.get("name") != "stderr", output.text


@pytest.mark.parametrize("slug", unit_names())
def test_the_student_version_holds_no_answer(slug):
    folder = ROOT / "exercises" / slug
    assert [path.name for path in folder.iterdir() if not path.name.startswith(".")] == [f"{slug}.ipynb"]
    text = (folder / f"{slug}.ipynb").read_text(encoding="utf-8")
    assert "BEGIN SOLUTION" not in text
    assert "MARK SCHEME" not in text
    for cell in load_unit(slug).template:
        if cell.kind == "solution":
            assert "NotImplementedError" in cell.source
        if cell.kind == "manual":
            assert "YOUR ANSWER HERE" in cell.source
