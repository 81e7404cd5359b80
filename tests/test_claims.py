"""The ledger of claims: complete by section, well formed, and no number or verdict without what shows it.

The form is docs/claims/README.md. Everything here reads text or runs the programs below tests/claims; nothing is trained.
"""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("flint", reason="python-flint is in the extra `test`")

from tests.claims import checks
from tests.claims.checks import ledger

SEEDS = Path("/work/shared/seeds")  # the sources themselves are not in the repository
SOURCES = ledger.sources()
CLAIMS = [pytest.param(claim, id=claim["id"]) for source in SOURCES for claim in source["claim"]]
HEADINGS = {source["source"]: [section["heading"] for section in source["section"]] for source in SOURCES}


def by_source(source: dict) -> str:
    return source["source"]


@pytest.mark.parametrize("source", SOURCES, ids=by_source)
def test_each_section_has_an_entry_or_says_why_not(source):
    headings = HEADINGS[source["source"]]
    assert ledger.hash_of_headings(source) == source["headings"], "the list of headings was changed"
    entries = {claim["section"] for claim in source["claim"]}
    silent = [s["heading"] for s in source["section"] if s["heading"] not in entries and not s.get("without")]
    assert not silent
    both = [s["heading"] for s in source["section"] if s["heading"] in entries and s.get("without")]
    assert not both
    assert len(headings) == len(source["section"])


@pytest.mark.parametrize("source", SOURCES, ids=by_source)
def test_the_sections_are_those_of_the_source_and_the_quotations_stand_in_them(source):
    files = list(SEEDS.glob(f"{source['source']}_*.txt"))
    if not files:
        pytest.skip(f"the source is not at {SEEDS}")
    text = files[0].read_text(encoding="utf-8")
    headings = HEADINGS[source["source"]]
    marked = [line.strip("# ").strip() for line in text.split("\n") if line.startswith("#")]
    assert not marked or headings == marked
    parts = checks.sections_of(text, headings)
    assert parts is not None, "a heading is not a line of the source, or out of order"
    texts = {h: "\n".join(p for g, p in zip(headings, parts, strict=True) if g == h) for h in headings}
    assert not {c["id"]: f for c in source["claim"] if (f := checks.quoted(c, texts))}


def test_identifiers_are_unique_and_begin_with_their_source():
    names = [claim["id"] for claim in ledger.claims()]
    assert len(names) == len(set(names))
    assert all(claim["id"].startswith(claim["source"] + "-") for claim in ledger.claims())


@pytest.mark.parametrize("claim", CLAIMS)
def test_an_entry_is_well_formed_and_what_it_names_exists(claim):
    headings = HEADINGS[claim["id"].partition("-")[0]]
    assert not checks.form(claim, headings) + checks.formulas(claim) + checks.place(claim) + checks.shown(claim)


@pytest.mark.parametrize("claim", CLAIMS)
def test_each_number_of_a_note_is_computed(claim):
    assert not checks.numbers(claim)


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_counterexample_breaks_the_claim_with_certainty(claim):
    assert not checks.refutation(claim)


# --- can these tests fail? -------------------------------------------------------------------------------------------

GOOD = {
    "id": "002-x", "section": "S", "quote": "some words", "means": "m", "verdict": "false, counterexample",
    "note": "The right side is 0.386, the left 0.693.", "corrected": "c", "unit": "02_latent_classes",
    "theorem": "Proposition 2.4; section 6", "shown_by": ["tests/claims/c002.py::natural_logarithm"],
}  # fmt: skip


def faults(claim: dict) -> list[str]:
    found = checks.form(claim, ["S"]) + checks.formulas(claim) + checks.place(claim) + checks.shown(claim)
    return found or checks.numbers(claim) + checks.refutation(claim)


def test_a_good_entry_has_no_fault():
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"means": " "}, "no means"),
        ({"colour": "red"}, "unknown field"),
        ({"verdict": "true"}, "unknown verdict"),
        ({"section": "T"}, "no such section"),
        ({"quote": "a b c d e f g h i j k l m n o p"}, "words quoted"),
        ({"corrected": ""}, "owes the statement"),
        ({"shown_by": ["tests/test_claims.py::test_a_good_entry_has_no_fault"]}, "no program"),
        ({"theorem": ""}, "without its theorem"),
        ({"note": "an open $x"}, "open $"),
        ({"note": "$\\frac{1}{2$"}, "braces"),
        ({"unit": "11_none"}, "no such unit"),
        ({"theorem": "Proposition 2.44"}, "has no Proposition 2.44"),
        ({"theorem": "Proposition 2"}, "has no Proposition 2"),
        ({"theorem": "section 99"}, "has no section 99"),
        ({"shown_by": [*GOOD["shown_by"], "tests/test_claims.py::test_none"]}, "not there"),
        ({"shown_by": [*GOOD["shown_by"], "python -m experiments nothing"]}, "unknown command"),
        ({"shown_by": [*GOOD["shown_by"], "a proof"]}, "neither a test"),
        ({"note": "The right side is 0.387."}, "0.387 is computed by none"),
        ({"note": "It happens in 51 % of worlds."}, "51 % is computed by none"),
        ({"shown_by": ["tests/claims/c002.py::lemma2"], "note": "n"}, "none of its programs says what is claimed"),
    ],
)
def test_a_doctored_entry_is_refused(change, fault):
    assert any(fault in found for found in faults(GOOD | change))


@pytest.mark.parametrize(
    "claimed",
    [(1, "<=", 1), (1, "<", 2), (checks.arb("0.5 +/- 0.1"), "<=", checks.arb("0.45")), (checks.arb(1), "==", 1)],
)
def test_what_is_not_certainly_broken_refutes_nothing(claimed):
    assert not checks.refuted(claimed)


def test_a_float_certifies_nothing():
    with pytest.raises(TypeError, match="neither exact nor a ball"):
        checks.refuted((0.7, "<=", 0.6))


def test_a_quotation_from_elsewhere_and_a_heading_out_of_order_are_seen():
    text = "# A\none *two* three\n# B\nfour"
    parts = checks.sections_of(text, ["A", "B"])
    texts = dict(zip(["A", "B"], parts, strict=True))
    assert checks.quoted({"section": "A", "quote": "one two ... three"}, texts) == []
    assert checks.quoted({"section": "B", "quote": "one two"}, texts)
    assert checks.quoted({"section": "A", "quote": "three ... one"}, texts)
    assert checks.sections_of(text, ["B", "A"]) is None
