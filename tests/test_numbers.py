"""Numbers in texts are those of the manifest: points in headings and in parts of a question, the default temperature."""

from __future__ import annotations

import inspect
import re

import jupytext
import pytest

from autograder.units.manifest import ROOT, load_unit, unit_names
from course.training import TEMPERATURE

CARD = re.compile(r"^\*Difficulty\*.*", re.MULTILINE)
PARTS = re.compile(r"\((\d+) points?\)")


def sections(slug: str):
    """(text of a question's cells, points said on its card, points of the graded cells under it)."""
    found = []
    for cell in jupytext.read(ROOT / "solutions" / slug / f"{slug}.py").cells:
        card = CARD.search(cell.source) if cell.cell_type == "markdown" else None
        if card:
            found.append([cell.source, card.group(), []])
        elif found and cell.metadata.get("nbgrader", {}).get("grade"):
            found[-1][2].append(cell.metadata["nbgrader"]["points"])
        elif found and cell.cell_type == "markdown":
            found[-1][0] += cell.source
    return found


@pytest.mark.parametrize("slug", unit_names())
def test_points_on_the_cards_are_those_of_the_cells(slug):
    total = 0
    for text, card, points in sections(slug):
        said = [int(n) for n in re.findall(r"(\d+) (?:points?|by hand)", card)]
        wanted = [said[0]] * len(points) if "each" in card else said
        assert sum(points) == sum(wanted), (card, points)
        parts = [int(n) for n in PARTS.findall(text.split("BEGIN SOLUTION")[0])]
        if len(parts) > 1:
            assert sum(parts) == max(points), (card, parts)
        total += sum(points)
    unit = load_unit(slug)
    assert total == sum(unit.checks.values()) + sum(unit.manual.values())


@pytest.mark.parametrize("slug", unit_names())
def test_every_card_says_a_time(slug):
    for _, card, _ in sections(slug):
        assert re.search(r"\*time\* \d+ min", card), card


def test_the_default_temperature_has_one_value():
    found = {}
    for slug in unit_names():
        for name, reference in load_unit(slug).references().items():
            parameters = inspect.signature(reference).parameters if callable(reference) else {}
            if "temperature" in parameters and parameters["temperature"].default is not inspect.Parameter.empty:
                found[name] = parameters["temperature"].default
    assert set(found.values()) == {TEMPERATURE}, found
