"""A lecture that asks: a map, core and optional, times that a reader needs, predictions before numbers, plans before proofs."""

from __future__ import annotations

import re

import jupytext
import pytest

from autograder.units.manifest import ROOT, load_unit
from tests.test_lectures_hold_no_answer import ASKING

TIME = re.compile(r"\*Time\* core (\d+) min, optional (\d+) min")
WORDS_A_MINUTE = 60  # what a fresh reader reads of a proof, line by line
TRANSCRIBED = 0.25  # of a unit's points, at most
DESCRIBED = re.compile(r"^figures\.described\(.*?^\)$", re.MULTILINE | re.DOTALL)  # read in place of a picture


def cells(folder: str, slug: str):
    path = f"{slug}.py" if folder == "lectures" else f"{slug}/{slug}.py"
    return jupytext.read(ROOT / folder / path).cells


def texts(slug: str) -> list[str]:
    return [cell.source for cell in cells("lectures", slug) if cell.cell_type == "markdown"]


def words(source: str) -> int:
    return len(DESCRIBED.sub("", source).split())


@pytest.mark.parametrize("slug", ASKING)
def test_the_first_page_has_a_map_of_results_and_true_times(slug):
    every = cells("lectures", slug)
    first = "\n".join(texts(slug)[:3])
    assert re.search(r"^## Map", first, re.MULTILINE)
    assert first.count("| core") >= 3
    core, optional = map(int, TIME.search(first).groups())
    assert core + optional >= sum(words(cell.source) for cell in every) / WORDS_A_MINUTE


@pytest.mark.parametrize("slug", ASKING)
def test_two_thirds_are_core_and_what_is_optional_is_marked(slug):
    count = {True: 0, False: 0}
    optional = False
    for cell in cells("lectures", slug):
        heading = re.search(r"^## (.*)$", cell.source, re.MULTILINE) if cell.cell_type == "markdown" else None
        optional = "(optional)" in heading.group(1) if heading else optional
        count[optional] += words(cell.source)
    share = count[False] / sum(count.values())
    assert 0.55 <= share <= 0.85, f"{share:.0%} core"


@pytest.mark.parametrize("slug", ASKING)
def test_a_reader_predicts_six_times_and_finds_a_bug(slug):
    text = "\n\n".join(texts(slug))
    assert len(re.findall(r"^\*\*Predict", text, re.MULTILINE)) >= 6
    assert re.search(r"^\*\*Find the bug", text, re.MULTILINE)
    assert text.count("<details>") == text.count("</details>") >= 7


@pytest.mark.parametrize("slug", ASKING)
def test_every_proof_has_a_plan(slug):
    text = "\n\n".join(texts(slug))
    assert len(re.findall(r"\*Plan\.\*", text)) >= len(re.findall(r"\*Proof\.\*", text)) > 0


@pytest.mark.parametrize("slug", ASKING)
def test_code_cells_are_short(slug):
    for cell in cells("lectures", slug):
        if cell.cell_type == "code":
            assert len([line for line in cell.source.splitlines() if line.strip()]) <= 30, cell.source[:80]


@pytest.mark.parametrize("slug", ASKING)
def test_what_is_transcribed_is_said_and_is_a_quarter_of_the_points_at_most(slug):
    unit, cards = load_unit(slug), ""
    transcribed = 0.0
    for cell in cells("solutions", slug):
        if cell.cell_type == "markdown":
            cards = cell.source
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if cell.metadata.get("nbgrader", {}).get("solution") and name in unit.checks and "*transcribe*" in cards:
            transcribed += unit.checks[name]
    total = sum(unit.checks.values()) + sum(unit.manual.values())
    assert transcribed <= TRANSCRIBED * total, f"{transcribed:g} of {total:g}"


@pytest.mark.parametrize("slug", ASKING)
def test_a_unit_has_a_proof_with_order_and_a_derivation(slug):
    unit = load_unit(slug)
    assert any(unit.exercise(name).proof for name in unit.checks)
    assert unit.manual
