"""Generated files are those that their sources give; a stale one fails here, with the command that mends it."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import jupytext
import nbformat
import pytest

from autograder.publish import build
from autograder.publish.build import public_files, public_text, unit_files
from autograder.publish.release import STAMP, fingerprint
from autograder.units.manifest import ROOT, load_unit, unit_names
from course.check.naming import same_outcome
from course.check.store import DATA, from_json

UNITS = sorted(path.stem for path in (ROOT / "solutions").glob("*/*.py"))
NAMES = [name for slug in unit_names() for name in load_unit(slug).checks]
NEW_TEXT = 'Another sentence; with `code`, "quotes" and an é.'
LECTURES = sorted((ROOT / "lectures").glob("*.py"))


@pytest.mark.parametrize("slug", UNITS)
def test_notebooks_are_those_of_the_text_source(slug):
    for path, content in unit_files(slug).items():
        assert path.read_text(encoding="utf-8") == content, f"{path} is stale: python -m autograder build {slug}"


@pytest.mark.parametrize(("slug", "name"), [(s, n) for s in unit_names() for n in load_unit(s).checks])
def test_public_checks_are_those_of_the_reference(slug, name):
    """Texts and inputs to the letter; answers within the tolerance with which they are judged, for another processor may
    round the last digits of a sum differently."""
    unit = load_unit(slug)
    stored = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    fresh = json.loads(public_text(unit, unit.exercise(name)))
    command = f"python -m autograder build {slug}"
    assert without_answers(stored) == without_answers(fresh), f"{name}.json is stale: {command}"
    if "seal" in stored or "order" in stored:
        return
    old, new = from_json(stored), from_json(fresh)
    for (belief, before), after in zip(outcomes(old), [after for _, after in outcomes(new)], strict=True):
        for case, a, b, wanted in zip(old.cases, before, after, new.expected, strict=True):
            case = replace(case, compare="close") if case.compare == "gram" else case  # Gram matrices are stored
            same = a is b if a is None or b is None else same_outcome(a, b, wanted, case)
            assert same, f"{name}.json is stale at {case.label!r}, {belief}: {command}"


def outcomes(public):
    return [("the right answer", public.expected), *((belief.name, belief.outcomes) for belief in public.beliefs)]


def without_answers(data):
    """The file without the numbers of answers; whether there is one, and of which kind, is kept."""
    if "seal" in data or "order" in data:
        return data
    cases = [{**case, "expected": kind(case["expected"])} for case in data["cases"]]
    beliefs = [{**m, "outcomes": {i: kind(o) for i, o in m["outcomes"].items()}} for m in data["misconceptions"]]
    return {**data, "cases": cases, "misconceptions": beliefs}


def kind(outcome):
    return outcome and {key: value if isinstance(value, str) else ... for key, value in outcome.items()}


@pytest.mark.parametrize("name", NAMES)
def test_stored_inputs_are_short_exact_numbers(name):
    text = (DATA / f"{name}.json").read_text(encoding="utf-8")
    assert "0x" not in text
    for case in json.loads(text).get("cases", ()):
        for number in numbers([case["args"], case.get("kwargs")]):
            if isinstance(number, str):
                assert len(number) <= 16, (case["label"], number)
            elif number != math.log(2):
                assert number == float(f"{number:.13g}"), (case["label"], number)


def numbers(node):
    """The numbers of a readable tree, fractions ("1/3") among them."""
    if isinstance(node, dict):
        node = [node[key] for key in ("array", "tensor", "float") if key in node] or list(node.get("dict", {}).values())
    if isinstance(node, list):
        return [number for item in node for number in numbers(item)]
    return [node] if isinstance(node, float) or (isinstance(node, str) and "/" in node) else []


def test_a_changed_hint_or_belief_changes_one_line_of_one_file(monkeypatch):
    slug, name = "02_latent_classes", "negatives_law"
    exercise = load_unit(slug).exercise(name)
    write = build.public_text

    def written(unit, other):  # the checks of the other functions are looked at by another test: here, as they are
        return write(unit, other) if other is exercise else (DATA / f"{other.name}.json").read_text(encoding="utf-8")

    monkeypatch.setattr(build, "public_text", written)
    before = {**unit_files(slug), **public_files(slug)}
    wrong = exercise.misconceptions[1]
    others = [m for m in exercise.misconceptions if m is not wrong]
    for change in ("symptom hint", "hint", "belief"):
        with monkeypatch.context() as patch:
            if change == "symptom hint":
                patch.setitem(exercise.hints, "values", (NEW_TEXT, *exercise.hints["values"][1:]))
            else:
                texts = {"belief": NEW_TEXT} if change == "belief" else {"hints": (*wrong.hints[:-1], NEW_TEXT)}
                changed = [others[0], replace(wrong, **texts), *others[1:]]
                patch.setattr(exercise, "misconceptions", changed)
            after = {**unit_files(slug), **public_files(slug)}
        different = [
            (path.name, line)
            for path in before
            for old, line in zip(before[path].split("\n"), after[path].split("\n"), strict=True)
            if old != line
        ]
        assert [path for path, _ in different] == [f"{name}.json"], change
        line = different[0][1].strip().removesuffix(",").removeprefix('"belief": ')
        assert json.loads(line) == NEW_TEXT


def test_no_public_check_is_left_over():
    names = {name for slug in unit_names() for name in load_unit(slug).checks}
    assert {path.stem for path in DATA.glob("*.json")} == names


@pytest.mark.parametrize("slug", unit_names())
def test_the_data_of_a_unit_is_as_small_as_the_document_says(slug):
    limit = re.search(r"a unit's data below (\d+) kB", (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8"))
    assert sum((DATA / f"{name}.json").stat().st_size for name in load_unit(slug).checks) < 1000 * int(limit[1])


@pytest.mark.parametrize("source", LECTURES, ids=lambda path: path.stem)
def test_lectures_are_executed_versions_of_their_sources(source):
    path = source.with_suffix(".ipynb")
    assert path.exists(), f"{path} is missing: python -m autograder build {source.stem} --lectures"
    assert path.stat().st_size < 400_000
    notebook, text = nbformat.read(path, as_version=4), jupytext.read(source)
    assert [(c.cell_type, c.source) for c in notebook.cells] == [(c.cell_type, c.source) for c in text.cells], (
        f"{path} is stale: python -m autograder build {source.stem} --lectures"
    )
    # else `build` takes a lecture that was changed by hand for somebody's work, and refuses to make it again
    assert notebook.metadata[STAMP] == fingerprint(notebook), f"{path} was not written by build: --overwrite"
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
            assert "YOUR CODE HERE" in cell.source
            number = cell.source.startswith(f"{cell.id} = None")
            assert number or "NotImplementedError" in cell.source
        if cell.kind == "manual":
            assert "YOUR ANSWER HERE" in cell.source
