"""Every derivation has a mark scheme and a model answer, both legible; no other cell shows any of it."""

from __future__ import annotations

import re

import pytest

from autograder.classroom.scheme import mark_scheme
from autograder.units.derivation import scheme_and_answer
from autograder.units.manifest import load_unit, unit_names


@pytest.mark.parametrize("slug", unit_names())
def test_scheme_and_model_answer_are_there_word_for_word(slug):
    manual = [cell for cell in load_unit(slug).solved if cell.kind == "manual"]
    assert manual
    for cell in manual:
        scheme, answer = scheme_and_answer(cell.source)
        assert answer
        assert not re.search("(BEGIN|END) (SOLUTION|MARK SCHEME)", scheme + answer)
        assert re.search("points?|half", scheme)
        html = mark_scheme(cell.id, slug)
        assert html.count("<summary>") == 2
        for word in re.findall(r"\b[a-z]{5,}\b", re.sub(r"\$.*?\$|`.*?`", "", scheme, flags=re.DOTALL)):
            assert word in html, word
        assert "<math" in html


def test_other_cells_and_other_assignments_have_none():
    unit = load_unit("01_similarity_losses")
    assert {mark_scheme(cell.id, unit.slug) for cell in unit.solved if cell.kind != "manual"} == {""}
    assert mark_scheme("derive_gradient", "an_assignment_of_ones_own") == ""
