"""A proof with order: any valid order passes, the first line that does not fit is named, and so is the belief behind it."""

from __future__ import annotations

import json
import re
from itertools import permutations
from types import SimpleNamespace

import numpy as np
import pytest

from autograder.author import Exercise, Proof
from autograder.grading.grade import proof_verdict
from autograder.publish.build import public_text
from autograder.publish.prove import _disordered
from autograder.publish.question import question, shown_lines
from autograder.units.manifest import load_unit, unit_names
from course import check
from course.check import store
from course.check.order import decoded, encoded, labels

PROOF = Proof(
    needs={"A": "", "C": "", "D": "AC", "F": "D"},
    false={
        "B": ("Jensen's inequality turns round.", ("Which way is the function bent?",)),
        "E": ("The sum is at most its largest term.", ("Try two equal terms.",)),
    },
    early={"D": ("D needs one of its premises only.", ("What is used of C?",))},
)
EXERCISE = Exercise("proof_of_the_test", proof=PROOF, hints={"values": ("Begin with what is given.",)})
PROOFS = [(s, n) for s in unit_names() for n in load_unit(s).checks if load_unit(s).exercise(n).proof]


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """`check` as a notebook has it, with this proof's stored data."""
    text = SimpleNamespace(id="", type="markdown", source="- **A** First\n  line.\n- **C** Second line.\n")
    unit = SimpleNamespace(
        references=lambda: {EXERCISE.name: list("ACDF")}, solved=(text, SimpleNamespace(id=EXERCISE.name, type="code"))
    )
    assert shown_lines(unit, EXERCISE.name) == {"A": "First line.", "C": "Second line."}
    text = public_text(unit, EXERCISE)
    (tmp_path / f"{EXERCISE.name}.json").write_text(text)
    monkeypatch.setattr(store, "DATA", tmp_path)
    return lambda answer: check(answer, EXERCISE.name).verdict


def test_every_right_order_passes_and_no_other_of_the_right_lines():
    right = {"".join(order) for order in permutations("ACDF") if proof_verdict(EXERCISE, list(order)).status == "pass"}
    assert right == set(PROOF.orders()) == {"ACDF", "CADF"}


@pytest.mark.parametrize(
    ("answer", "says", "belief"),
    [
        ("ABDF", "line 2, B,", "Jensen's inequality turns round."),
        ("AD", "line 2, D,", "D needs one of its premises only."),
        ("F", "line 1, F,", ""),
        ("AZ", "line 2, Z,", ""),
        ("AA", "line 2, A, stands there already", ""),
        ("AC", "all of your 2 lines fit, but the proof is not complete", ""),
        ("", "there is no line yet", ""),
        ("ACDFE", "line 5, E,", "The sum is at most its largest term."),
    ],
)
def test_grader_and_notebook_name_the_first_line_that_does_not_fit(notebook, answer, says, belief):
    for verdict in (proof_verdict(EXERCISE, list(answer)), notebook(list(answer))):
        assert verdict.status == "fail"
        assert verdict.score == 0
        assert says in verdict.parts[0].public
        assert verdict.belief == belief


def test_the_notebook_passes_what_the_grader_passes_and_stores_no_order(notebook, tmp_path):
    assert [notebook(list(order)).status for order in ("ACDF", "CADF", "CDAF")] == ["pass", "pass", "fail"]
    assert notebook(None).status == "missing"
    stored = json.loads((tmp_path / f"{EXERCISE.name}.json").read_text())
    words = re.findall(r"\w+", json.dumps(stored["order"]["beginnings"]))
    assert len(words) == 5
    assert all(len(word) == 32 for word in words)


@pytest.mark.parametrize("answer", ["CADF", "C, A, D, F", ("C", "A", "D", "F"), ["c", "a", "d", "f"], "cadf"])
def test_an_order_may_be_written_as_a_list_or_in_one_string(answer):
    assert labels(answer) == list("CADF")
    assert decoded(encoded(answer)) == list("CADF")


@pytest.mark.parametrize("answer", [3, ["1"], ["AB"], [1, 2], {"A": 1}, ["A"] * 27, None])
def test_what_is_no_list_of_labels_is_told_so(answer):
    assert labels(answer) is None
    assert "must be a list of labels" in proof_verdict(EXERCISE, labels(answer)).parts[0].public
    assert decoded(np.array([0.5])) is None
    assert decoded(np.array([300])) is None


@pytest.mark.parametrize(
    ("needs", "false", "message"),
    [
        ({"A": "B", "B": "A"}, {}, "in a circle"),
        ({"A": "Q"}, {}, "no such line"),
        ({"A": ""}, {"A": ("x", ("y",))}, "different capital letters"),
        ({"ab": ""}, {}, "different capital letters"),
    ],
)
def test_a_proof_that_is_none_is_refused_when_it_is_written(needs, false, message):
    with pytest.raises(ValueError, match=message):
        Proof(needs, false)


def test_prove_refuses_a_proof_with_a_wrong_reference_or_without_distractors():
    assert list(_disordered(EXERCISE, list("ACDF"))) == []
    assert list(_disordered(EXERCISE, list("DACF")))
    assert list(_disordered(Exercise("p", proof=Proof({"A": "", "B": "A"})), ["A", "B"]))


@pytest.mark.parametrize(("slug", "name"), PROOFS)
def test_the_text_shows_each_line_once_and_in_no_right_order(slug, name):
    shown = re.findall(r"^- \*\*([A-Z])\*\* ", question(load_unit(slug), name), re.MULTILINE)
    proof = load_unit(slug).exercise(name).proof
    assert sorted(shown) == sorted([*proof.needs, *proof.false]) == sorted(set(shown))
    assert "".join(label for label in shown if label in proof.needs) not in set(proof.orders())
