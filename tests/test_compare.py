"""The comparator: NaN never passes, broadcasting never passes, neither do lists of the wrong length or other types."""

from __future__ import annotations

import numpy as np
import pytest

from course.check.case import Case
from course.check.compare import RULES, TOLERANCE, compare, invariant
from course.check.parts import tolerance

A = np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("actual", "kind"),
    [
        (np.full(3, np.nan), "nonfinite"),
        (np.array([1.0, 2.0, np.nan]), "nonfinite"),
        (np.array([1.0, 2.0, np.inf]), "nonfinite"),
        (np.array(1.0), "shape"),
        (np.array([[1.0, 2.0, 3.0]]), "shape"),
        (np.array([1.0]), "shape"),
        (np.array([1.0, 2.0, 3.1]), "values"),
        (np.array(["1", "2", "3"]), "type"),
        (None, "type"),
        ("text", "type"),
        ({"a": A}, "type"),
        ([np.array(1.0), np.array(2.0)], "shape"),
        ([np.array(1.0), np.array([2.0, 3.0])], "shape"),
    ],
)
def test_wrong_answers_are_told_apart(actual, kind):
    assert compare("close", actual, A, 1e-9).kind == kind


def test_nan_does_not_pass_where_nan_or_infinity_is_expected():
    assert compare("close", np.array(np.nan), np.array(np.nan), 1e-9) is not None
    assert compare("close", np.array(np.nan), np.array(np.inf), 1e-9) is not None
    assert compare("close", np.array(-np.inf), np.array(np.inf), 1e-9) is not None
    assert compare("close", np.array(1e308), np.array(np.inf), 1e-9) is not None
    assert compare("close", np.array(np.inf), np.array(np.inf), 1e-9) is None


def test_an_array_is_held_to_infinity_as_a_single_number_is():
    """The two are compared by different code (`near`, `within`)."""
    expected = np.array([1.0, np.inf])
    for other in (np.nan, -np.inf, 1e308, 1.0):
        assert compare("close", np.array([1.0, other]), expected, 1e-9) is not None, other
    assert compare("close", expected.copy(), expected, 1e-9) is None


def test_the_usual_tolerance_is_that_of_the_coarsest_input():
    single, double = np.ones(2, dtype=np.float32), np.ones(2)
    assert tolerance(Case("both", (double, [single]))) == tolerance(Case("single", (single,))) == TOLERANCE["float32"]
    assert tolerance(Case("integers", (np.ones(2, dtype=int), 3))) == TOLERANCE["float64"]
    assert tolerance(Case("its own", (single,), rtol=1e-3)) == 1e-3


def test_right_answers_pass_in_other_dtypes_and_containers():
    for actual in (A, A.astype(np.float32), A.astype(int), [np.array(x) for x in A]):
        assert compare("close", actual, A, 1e-9) is None
    assert compare("close", [np.array(1.0), A], [np.array(1.0), A], 1e-9) is None
    assert compare("close", A, [np.array(x) for x in A], 1e-9) is None  # a list is expected, an array came
    assert compare("close", [np.array(1.0)], [np.array(1.0), A], 1e-9) is not None


def test_the_tolerance_is_relative_above_one_and_absolute_below():
    assert compare("close", np.array(1e6 + 1e-4), np.array(1e6), 1e-9) is None
    assert compare("close", np.array(1e6 + 1e-2), np.array(1e6), 1e-9) is not None
    assert compare("close", np.array(1e-12), np.array(0.0), 1e-9) is None


def test_row_constants_are_free_but_minus_infinity_is_not():
    expected = np.array([[0.0, 1.0, -np.inf], [2.0, 0.0, 1.0]])
    shifted = expected + np.array([[5.0], [-3.0]])
    assert compare("row_constant", shifted, expected, 1e-9) is None
    assert compare("row_constant", shifted.T, expected.T, 1e-9) is not None
    assert compare("row_constant", np.where(np.isinf(shifted), -50.0, shifted), expected, 1e-9) is not None
    assert compare("row_constant", shifted * 2, expected, 1e-9) is not None


def test_two_numbers_are_shown_with_the_digits_in_which_they_differ():
    for got, wanted in ((np.float32(1.3675419), 1.36754193), (1.0, 1 + 4e-9), (-5e-9, 0.0)):
        message = compare("close", np.asarray(got), np.asarray(wanted), 2e-9).public
        shown = message.split("got ")[1].split(" (")[0].split(", expected ")
        assert float(shown[0]) != float(shown[1]), message
    assert (
        "float32"
        in compare("close", np.float32(1.3675419) * np.ones(2, np.float32), 1.3675419 * np.ones(2), 2e-9).public
    )
    assert "float32" not in compare("close", np.ones(2, np.float32), np.zeros(2), 2e-9).public


@pytest.mark.parametrize("rule", ["gram", "partition", "row_constant"])
def test_an_invariant_stands_for_all_answers_that_the_rule_takes_for_equal(rule):
    rng = np.random.default_rng(1)
    z, turn = rng.normal(size=(5, 3)), np.linalg.qr(rng.normal(size=(3, 3)))[0]
    a, b, other = {
        "gram": (z, z @ turn, 1.01 * z),
        "partition": (np.array([3, 3, 1, 7]), np.array([0, 0, 9, 2]), np.array([0, 0, 0, 2])),
        "row_constant": (z, z + rng.normal(size=(5, 1)), z + rng.normal(size=(1, 3))),
    }[rule]
    one, two = invariant(rule, a), invariant(rule, b)
    assert compare("close", two, one, 1e-12) is None
    assert compare(rule, a, one, 1e-9) is compare(rule, b, one, 1e-9) is None
    assert compare(rule, other, one, 1e-9) is not None


def test_gram_accepts_rotations_and_nothing_else():
    rng = np.random.default_rng(0)
    z, (q, _) = rng.normal(size=(6, 3)), np.linalg.qr(rng.normal(size=(3, 3)))
    assert compare("gram", z @ q, z, 1e-9) is None
    assert compare("gram", z * 1.01, z, 1e-9) is not None
    assert compare("gram", z[:, :2], z, 1e-9) is not None
    assert compare("gram", z * np.nan, z, 1e-9) is not None


def test_partition_accepts_other_names_only():
    labels = np.array([0, 0, 1, 2, 2])
    assert compare("partition", np.array([7, 7, 1, -3, -3]), labels, 0) is None
    assert compare("partition", np.array([0, 0, 1, 1, 1]), labels, 0) is not None
    assert compare("partition", labels.astype(float), labels, 0) is not None


def test_every_rule_refuses_what_is_no_array():
    for rule in set(RULES) - {"any"}:
        assert compare(rule, "x", np.eye(3), 1e-9) is not None
        assert compare(rule, None, np.eye(3), 1e-9) is not None


def lines(*items):
    """A ladder as it comes from a call: arrays for numbers, lists for lists."""
    return [[np.asarray(t) for t in item] if isinstance(item, tuple) else np.asarray(item) for item in items]


LADDER = lines(3.0, (1.0, 1.5), (2.0, 0.5))


def test_a_list_of_lists_of_different_lengths_is_told_and_not_an_error_of_ours():
    found = compare("close", [np.zeros(2), [np.zeros(2), np.zeros(3)]], np.zeros((2, 2)), 1e-9)
    assert "got a list of other parts" in found.public
    assert compare("close", [], np.zeros(0), 1e-9) is None


def test_the_terms_of_a_ladder_may_come_as_lists_or_vectors_and_a_single_number_as_a_list_of_one():
    for answer in (LADDER, [np.array(3.0), np.array([1.0, 1.5]), LADDER[2]], [[np.array(3.0)], *LADDER[1:]]):
        assert compare("ladder", answer, LADDER, 1e-9) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lines(3.0, 2.5, 2.5), "line 2 must be the list of its 2 terms, got 1"),
        (np.array([3.0, 2.5, 2.5]), "line 2 must be the list of its 2 terms, got 1"),
        (lines(3.0, (1.0, 1.5, 0.0), (2.0, 0.5)), "line 2 must be the list of its 2 terms, got 3"),
        (lines((1.0, 2.0), (1.0, 1.5), (2.0, 0.5)), "line 1 must be one number, got 2"),
        (lines(3.0, (1.5, 1.0), (9.0, 9.0)), "line 2, term 1: right shape, wrong value"),
        (lines(3.0, (1.0, 1.5), (2.0, np.nan)), "line 3, term 2: holds nan"),
        (lines(3.0, (1.0, 1.5)), "must be a list of 3 lines, got 2"),
        (np.array(3.0), "must be a list of 3 lines, got 1"),
        ({"1": np.array(3.0)}, "must be a list of 3 lines, got 1"),
        ([np.array(3.0), np.ones((2, 2)), LADDER[2]], "line 2 must be the list of its 2 terms, got 1"),
    ],
)
@pytest.mark.parametrize("form", [list, lambda ladder: [np.array(line) for line in ladder]])
def test_a_wrong_ladder_is_told_its_first_wrong_line_and_term(answer, message, form):
    """Whether the reference gives a line's terms as a list or as a vector."""
    mismatch = compare("ladder", answer, form(LADDER), 1e-9)
    assert message in mismatch.public
    assert "9" not in mismatch.discreet


def test_a_discreet_message_holds_no_length_that_the_answer_chose():
    """The answer has seen hidden inputs, and could encode them in a shape or in the number of its values."""
    for actual, expected in (
        (np.zeros((7001, 0, 7002)), np.array(1.0)),
        (np.zeros((7001, 3)), np.zeros((2, 3))),
        ([np.array(0.0)] * 7001, [np.array(0.0)] * 3),
        (np.zeros((7001, 2)), [np.array(0.0)] * 3),
        ({"7001": A}, {"a": A}),
    ):
        mismatch = compare("close", actual, expected, 1e-9)
        assert "700" not in mismatch.discreet
        assert "must be" in mismatch.discreet
    for actual in (lines(*[3.0] * 7001), lines(3.0, tuple([1.0] * 7001), (2.0, 0.5))):
        assert "700" in compare("ladder", actual, LADDER, 1e-9).public
        assert "700" not in compare("ladder", actual, LADDER, 1e-9).discreet
