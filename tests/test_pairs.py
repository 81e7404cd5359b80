"""Two slips at once: named by both where nothing else explains the answer, and never falsely."""

from __future__ import annotations

import pytest

from autograder.author.pairs import MOST, SECONDS, pairs
from autograder.grading.grade import beliefs, questions
from autograder.publish.prove import evaluate
from autograder.units.manifest import ROOT, load_unit, unit_names
from course.check.call import call
from course.check.judge import judge
from tests.line_exercise import doubled, line, right
from tests.test_grading import graded


def two_slips(x, n):
    right(x, n)
    return 2 * x - (n + 1.0)


def named(answer, exercise=None):
    return evaluate(exercise or line(), right, answer, 0)


def test_two_slips_at_once_are_named_by_both():
    verdict = named(two_slips)
    assert verdict.misconception == "doubled, and subtracted"
    assert verdict.belief == "The slope is 2, and that the shift is subtracted."
    assert verdict.hints == ("Look at the slope.", "Look at the sign.")
    assert (verdict.status, verdict.score) == ("fail", 0.0)


def test_two_slips_that_answer_as_one_are_that_one():
    exercise = line()
    exercise.slip("twice and back", slope=doubled, sign=-1).says("Both.", "Both.")
    assert named(two_slips, exercise).misconception == "twice and back"


def test_neither_of_two_pairs_is_named_where_both_explain_the_answer():
    exercise = line()
    exercise.slip("double", slope=lambda x: x + x).says("Also 2.", "Look.")
    assert named(two_slips, exercise).misconception == ""


def test_a_slip_that_is_kept_out_of_the_pairs_is_named_alone_only():
    exercise = line()
    next(m for m in exercise.misconceptions if m.name == "doubled").paired = False
    assert named(two_slips, exercise).misconception == ""
    assert named(lambda x, n: two_slips(x, n) + 2 * (n + 1.0), exercise).misconception == "doubled"
    assert line().slip("tripled", paired=False, slope=3).paired is False


def test_the_document_says_how_many_pairs_are_tried_and_how_long():
    text = (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8")
    assert f"at most {MOST} pairs are tried, for at most {SECONDS:g} s" in text


def test_an_answer_that_agrees_with_a_pair_on_all_cases_but_one_is_not_named():
    assert named(lambda x, n: two_slips(x, n) + (n == 5)).misconception == ""
    assert named(lambda x, n: two_slips(x, n) if n < 5 else 1 / 0).misconception == ""


def test_a_pair_that_raises_everywhere_explains_no_error():
    exercise = line()
    exercise.slip("a word", shift=lambda n: str(n)).says("The shift is a word.", "Look at its type.")
    exercise.misconceptions = [m for m in exercise.misconceptions if m.name in ("a word", "subtracted")]
    exercise.misconceptions[-1].source = exercise.variants[-1].source  # the error is not that of a single slip

    def words(x, n):
        return x + str(right(x, n))

    assert named(words, exercise).misconception == ""


def test_slips_of_one_knob_are_no_pair():
    names = [belief.name for belief in pairs(line(), [])]
    assert "no one, and squared" not in names
    assert len(names) == 5


def test_pairs_are_computed_only_when_nothing_else_explains():
    exercise = line()
    cases, expected = questions(exercise, right, 0)
    known = beliefs(exercise, cases)

    def refused():
        raise AssertionError("pairs were looked at")
        yield

    for answer in (right, lambda x, n: right(x, n) and 2 * x + n + 1.0):
        actual = [call(answer, case) for case in cases]
        verdict = judge("line", cases, expected, actual, known, {}, (), refused())
        assert verdict.misconception in ("", "doubled")


@pytest.mark.parametrize(("slug", "name"), [(s, n) for s in unit_names() for n in load_unit(s).checks])
def test_all_pairs_of_an_exercise_are_within_the_bound(slug, name):
    exercise = load_unit(slug).exercise(name)
    assert len(list(pairs(exercise, []))) < MOST


def test_the_grader_names_both_and_takes_the_points(sandbox):
    sums_of_products = (
        "def logistic_loss(anchor, positive, negative):\n"
        "    validate.batch(anchor=anchor, positive=positive, negative=negative)\n"
        "    return torch.sigmoid((anchor * (negative - positive)).sum(dim=1)).sum()\n"
    )
    check = graded(sandbox, logistic_loss=sums_of_products).checks["logistic_loss"]
    assert check.misconception == "sum instead of mean, and probability instead of its logarithm"
    assert check.score == 0.0
    assert len(check.hints) == 4
