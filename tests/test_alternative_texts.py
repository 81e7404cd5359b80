"""Every picture of a lecture says what it shows, in words of its own; a lecture and its exercise are one click apart."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape

import nbformat
import numpy as np
import pytest

from autograder.units.manifest import ROOT
from course import figures

LECTURES = sorted(path.stem for path in (ROOT / "lectures").glob("*.ipynb"))
IMAGE = re.compile(r"<img\b[^>]*>")
MARKDOWN = re.compile(r"!\[([^\]]*)\]\(([^)]*)\)")
WORDS = 12


def cells(slug: str):
    return nbformat.read(ROOT / "lectures" / f"{slug}.ipynb", as_version=4).cells


def pictures(slug: str) -> list[str]:
    """The alternative text of each picture of a lecture, in its outputs and in its text; empty where there is none."""
    found = []
    for cell in cells(slug):
        found += [text for text, _ in MARKDOWN.findall(cell.source)] if cell.cell_type == "markdown" else []
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            tags = IMAGE.findall("".join(data.get("text/html", "")))
            texts = [re.search(r'\balt="([^"]*)"', tag) for tag in tags]
            found += [unescape(text.group(1)) if text else "" for text in texts]
            if any(kind.startswith("image/") for kind in data) and not tags:
                found.append("")  # JupyterLab shows the alternative text of an HTML image only
    return found


ALL = {slug: pictures(slug) for slug in LECTURES}


@pytest.mark.parametrize("slug", LECTURES)
def test_every_picture_has_an_alternative_text_that_says_something(slug):
    assert len(ALL[slug]) >= 5
    for text in ALL[slug]:
        assert len(text.split()) >= WORDS, (
            f"a picture of {slug} says {text!r}: end its cell with figures.described(...)"
        )
        assert not re.search(r"\.(png|svg|jpe?g)\b", text), text
        assert not text.startswith("A figure"), f"{slug}: what a program read off is no substitute: {text[:60]}"


def test_no_two_pictures_say_the_same():
    twice = [text for text, times in Counter(text for texts in ALL.values() for text in texts).items() if times > 1]
    assert not twice


@pytest.mark.parametrize("slug", LECTURES)
def test_a_lecture_links_to_its_exercise_at_both_ends(slug):
    link = f"../exercises/{slug}/{slug}.ipynb"
    assert (ROOT / "lectures" / link).resolve().is_file()
    text = [cell.source for cell in cells(slug) if cell.cell_type == "markdown"]
    assert f"]({link})" in text[0]
    assert f"]({link})" in text[-1]


@pytest.mark.parametrize("slug", LECTURES)
def test_links_between_notebooks_lead_somewhere(slug):
    for cell in cells(slug):
        for link in re.findall(r"\]\(([^)#]+\.ipynb)\)", cell.source):
            assert (ROOT / "lectures" / link).resolve().is_file(), link


@pytest.mark.parametrize("slug", LECTURES)
def test_folded_cells_are_folded_in_jupyterlab_and_on_the_site_and_only_draw(slug):
    for cell in cells(slug):
        folded = cell.metadata.get("jupyter", {})
        drawing = folded.get("source_hidden", False) and not folded.get("outputs_hidden", False)  # else an answer
        assert drawing == ("hide-input" in cell.metadata.get("tags", [])), cell.source[:60]
        if drawing:
            assert "figures." in cell.source, cell.source[:60]


def test_a_picture_without_a_text_of_its_own_tells_its_lines():
    figure = figures.curves(
        np.arange(3), {"rising": [0, 1, 2], "flat": [1, 1, 1]}, xlabel="step", ylabel="nats", title="two"
    )
    text = figures.shown.seen(figure)
    assert "two" in text
    assert "nats against step" in text
    assert "rising goes from 0 to 2" in text
    assert "flat goes from 1 to 1" in text
