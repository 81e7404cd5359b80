"""The report on a class: right numbers, any size of class, nothing of a student's runs, no names where none are wanted."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from chromium import CHROMIUM, QUIET, needed

from autograder.__main__ import main
from autograder.classroom.class_report import belief_sentence, report_html, write_report
from autograder.classroom.demo import UNIT
from autograder.classroom.statistics import ClassRecords, correlation, distribution, quartiles, questions, read_class
from autograder.grading.record import CheckRecord, Record, note_problem, record_path
from autograder.units.manifest import load_unit

U = load_unit(UNIT)
NAMES = list(U.checks)
BELIEF = "You seem to believe that the anchor (row 0) is <b>its own</b> candidate. (Values: case 2.)"


def record(shares: dict[str, float], status: str = "fail", belief: str = "", seconds: float = 1.0) -> Record:
    """A record with these shares of the points, full marks elsewhere."""
    checks = {}
    for name, points in U.checks.items():
        share = shares.get(name, 1.0)
        wrong = share < 1
        checks[name] = CheckRecord(
            status if wrong else "pass", share * points, points, BELIEF if wrong and belief else "",
            misconception=belief if wrong else "",
        )  # fmt: skip
    score = sum(check.score for check in checks.values())
    return Record(UNIT, score, sum(U.checks.values()), "bubblewrap", checks, 1, "", seconds, checks_version="today")


def a_class(size: int) -> ClassRecords:
    """Every second one knows everything but the first function, which only the others know."""
    weak = dict.fromkeys(NAMES[1:], 0.0)
    records = {
        f"student{i}": record({NAMES[0]: 0.5}, "partial", "the anchor is its own candidate") if i % 2 else record(weak)
        for i in range(size)
    }
    return ClassRecords(records, {})


def test_shares_means_beliefs_and_statuses_are_counted():
    first, second, *_ = questions(U, list(a_class(12).records.values()))
    assert first.outcomes == {"pass": 6, "partial": 6, "fail": 0, "missing": 0}
    assert (first.mean, second.mean) == (0.75, 0.5)
    assert first.beliefs == {"the anchor is its own candidate": 6}
    assert second.statuses == {"pass": 6, "fail": 6}


def test_a_question_that_the_weak_pass_is_found():
    """The first function goes against everything else, the others go with it."""
    found = a_class(12)
    first, *others = questions(U, list(found.records.values()))
    assert first.correlation == pytest.approx(-1)
    assert all(q.correlation > 0.9 for q in others)
    page = report_html(U, found, True, "today")
    poor = page.partition("Questions that tell little apart")[2].partition("<h2>")[0]
    assert f"<li><code>{NAMES[0]}</code>: -1.00, 6 of 12 passed" in poor
    assert f"<code>{NAMES[1]}</code>" not in poor


def test_correlation_and_quartiles_are_the_textbooks():
    generator = np.random.default_rng(3)
    a, b = generator.random(15), generator.random(15)
    assert correlation(list(a), list(b))[0] == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert correlation([1.0] * 15, list(b)) == (None, "everybody has the same")
    assert correlation([1.0, 0.0], [0.0, 1.0])[0] is None
    assert quartiles([4, 1, 3, 2]) == (1, 1.5, 2.5, 3.5, 4)
    assert quartiles([7]) == (7, 7, 7, 7, 7)


def test_full_marks_and_none_lie_in_the_outer_bars():
    nothing = record(dict.fromkeys(NAMES, 0.0))
    assert distribution([record({}), record({}), nothing]) == [1, 0, 0, 0, 0, 0, 0, 0, 0, 2]


@pytest.mark.parametrize("size", [0, 1, 2])
def test_an_empty_and_a_tiny_class_have_a_page(size):
    page = report_html(U, a_class(size), True, "today")
    assert f"{size} graded" in page
    assert ("Nobody has been graded yet" in page) == (size == 0)
    assert ("may guess who is who" in page) == (size > 0)
    assert not re.search(r"\bnan\b|None", page)


def test_nothing_of_a_student_becomes_markup_and_the_shareable_page_has_none_of_it():
    wrong = record({NAMES[0]: 0.0}, belief="<i>")
    problems = {"zoë, <script>alert(1)</script>": "\u202e<img src=x>: is not a notebook"}
    found = ClassRecords({"<b>ada</b>": wrong}, problems)
    page = report_html(U, found, False, "today")
    assert not re.search(r"<(script|img|i>|b>)", page)
    assert "\u202e" not in page
    assert "zoë, &lt;script&gt;" in page
    shared = report_html(U, found, True, "today")
    assert not re.search("ada|zoë|alert|is not a notebook", shared)
    assert "1 not graded" in shared


def test_a_belief_is_told_without_the_bracket_on_one_students_answer():
    assert belief_sentence(BELIEF) == "the anchor (row 0) is <b>its own</b> candidate."
    assert belief_sentence("Values: wrong.") == ""


def test_the_records_are_read_and_a_broken_one_is_that_students_problem(tmp_path, capsys):
    for name, content in (("ada", json.dumps(record({}).to_json())), ("bob", "{"), ("eve", '{"checks": 3}')):
        path = record_path(tmp_path, UNIT, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (tmp_path / "submitted" / "fay" / UNIT).mkdir(parents=True)
    (tmp_path / "submitted" / "ada" / UNIT).mkdir(parents=True)
    note_problem(tmp_path, UNIT, "ada", "a newer one is broken")
    found = read_class(tmp_path, UNIT)
    assert set(found.records) == {"ada"}
    assert found.problems["ada"] == "a newer one is broken"
    assert found.problems["fay"] == "not graded yet"
    assert found.problems["bob"].startswith("its record cannot be read")
    assert found.problems["eve"]
    assert main(["report", UNIT, "--course", str(tmp_path), "--shareable"]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "reports" / f"{UNIT}-shareable.html")
    assert main(["report", "99_none", "--course", str(tmp_path)]) == 2
    assert main(["report", UNIT, "--course", str(tmp_path / "nowhere")]) == 2


@pytest.mark.browser
@needed
def test_the_page_loads_nothing_fits_a_phone_is_legible_in_the_dark_and_prints(tmp_path):
    playwright = pytest.importorskip("playwright.sync_api")
    for size in (12, 0):
        for student, found in a_class(size).records.items():
            path = record_path(tmp_path, UNIT, student)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(found.to_json()))
    address, asked, errors = write_report(tmp_path, UNIT).as_uri(), [], []
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        for scheme in ("light", "dark"):
            page = browser.new_page(color_scheme=scheme, viewport={"width": 360, "height": 700})
            page.on("request", lambda request: asked.append(request.url))
            page.on("console", lambda said: errors.append(said.text))
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            assert page.evaluate(CONTRAST) >= 4.5, scheme
            assert all(svg.get_attribute("aria-label") for svg in page.locator("svg").all())
        assert len(page.pdf(format="A4")) > 10_000
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        browser.close()
    assert set(asked) == {address}
    assert errors == []


# the least contrast of any text of the page with the page behind it, as WCAG computes it
CONTRAST = """() => {
  const light = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = light(getComputedStyle(document.body).backgroundColor);
  return Math.min(...[...document.querySelectorAll("p, th, td, h1, h2, li, .small, code")].map(element => {
    const front = light(getComputedStyle(element).color);
    return (Math.max(front, behind) + .05) / (Math.min(front, behind) + .05);
  }));
}"""
