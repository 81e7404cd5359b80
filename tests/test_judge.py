"""Naming a belief: the same wrong answers, whatever form they have and however the formula fails where it has no value."""

from __future__ import annotations

import math

import numpy as np
import pytest

from course.check.call import Outcome, call
from course.check.case import Case, bad_input
from course.check.judge import judge
from course.check.naming import Belief

CASES = [Case(f"x = {x}", (x, y)) for x, y in ((3.0, 2.0), (1.0, 4.0), (5.0, 0.0))] + [bad_input("x < 0", -1.0, 1.0)]


def right(x, y):
    if x < 0:
        raise ValueError(x)
    return {"sum": np.array(x + y), "pair": [x, y]}


def quotient(x, y):
    return {"sum": np.array(x / y if y else math.nan), "pair": [x, y]}


def verdict(answer, belief=quotient):
    outcomes = {f: [call(f, case) for case in CASES] for f in (right, answer, belief)}
    named = Belief("quotient", "It is the quotient.", ("Add.",), tuple(outcomes[belief]))
    return judge("f", CASES, outcomes[right], outcomes[answer], (named,))


def raises(x, y):
    if y == 0:
        raise ZeroDivisionError
    return quotient(x, y)


def infinite(x, y):
    return {"sum": np.array(x / y if y else math.inf), "pair": [x, y]}


def zero(x, y):
    return {"sum": np.array(x / y if y else 0.0), "pair": [x, y]}


@pytest.mark.parametrize("answer", [quotient, raises, infinite, zero])
def test_a_belief_is_named_however_it_fails_where_its_formula_has_no_value(answer):
    assert verdict(answer).misconception == "quotient"


def test_other_values_or_a_right_value_in_that_place_are_another_belief():
    def difference(x, y):
        return {"sum": np.array(x - y), "pair": [x, y]}

    def right_at_zero(x, y):
        return {"sum": np.array(x / y if y else x), "pair": [x, y]}

    def other_pair(x, y):
        return {**quotient(x, y), "pair": [y, x]}

    for answer in (difference, right_at_zero, other_pair):
        assert verdict(answer).misconception == ""
        assert verdict(answer).status in ("fail", "partial")


def test_a_belief_that_has_no_value_anywhere_explains_nothing():
    def nothing(x, y):
        return {"sum": np.array(math.nan), "pair": [x, y]}

    assert verdict(quotient, belief=nothing).misconception == ""


def test_the_right_answer_passes():
    assert verdict(right).status == "pass"


def ladder_verdict(answer, belief):
    cases = [Case(f"x = {x}", (x,), compare="ladder") for x in (1.0, 2.0, 5.0)]
    outcomes = {f: [call(f, case) for case in cases] for f in (ladder, answer, belief)}
    named = Belief("no half", "There is no half.", ("Halve.",), tuple(outcomes[belief]))
    return judge("f", cases, outcomes[ladder], outcomes[answer], (named,))


def ladder(x):
    return [3 * x, [x, 2 * x], [2 * x, x / 2, x / 2]]


def no_half(x):
    return [3 * x, [x, 2 * x], np.array([2 * x, x, x])]


def test_a_belief_about_a_ladder_is_named_by_the_first_term_that_is_wrong():
    def same_slip_and_another_later(x):
        return 3 * x, (x, 2 * x), [2 * x, x, -7.0]

    def another_slip_first(x):
        return [3 * x, [x, x], [2 * x, x, x]]

    def terms_missing(x):
        return [3 * x, [x, 2 * x], [2 * x, x]]

    assert ladder_verdict(no_half, no_half).misconception == "no half"
    assert ladder_verdict(same_slip_and_another_later, no_half).misconception == "no half"
    for other in (another_slip_first, terms_missing):
        assert ladder_verdict(other, no_half).misconception == ""
        assert ladder_verdict(other, no_half).score == 0
    assert ladder_verdict(ladder, no_half).status == "pass"


def test_a_list_has_the_shape_of_the_array_that_it_could_be():
    """A property must not refuse [1.0, 2.0] where the reference gives an array, nor a matrix where it gives rows."""
    from autograder.grading.grade import _shapes

    zero = np.asarray(0.0)
    assert _shapes([zero, zero]) == _shapes(np.zeros(2)) == (2,)
    assert _shapes([[zero, zero], [zero, zero]]) == _shapes(np.zeros((2, 2)))
    assert _shapes([np.zeros(3), zero]) == _shapes([[zero] * 3, zero]) != _shapes([np.zeros(2), zero])


def test_a_case_that_is_graded_only_is_not_in_the_public_check():
    from autograder.grading.grade import questions
    from autograder.publish.public import public_check
    from autograder.units.manifest import load_unit

    unit = load_unit("07_linear_probe")
    exercise = unit.exercise("laplacian")
    hidden = {case.label for case in questions(exercise, unit.references()["laplacian"], 1)[0] if not case.public}
    shown = {case.label for case in public_check(exercise, unit.references()["laplacian"]).cases}
    assert hidden
    assert not hidden & shown


def test_an_integer_too_large_for_a_float_is_a_wrong_answer_and_no_crash():
    answers = [call(lambda x, y: (2 if x >= 0 else right(x, y)) ** 10_000, case) for case in CASES]
    expected = [call(lambda x, y: 1.0 if x >= 0 else right(x, y), case) for case in CASES]
    assert judge("f", CASES, expected, answers).status == "fail"


def test_a_belief_without_a_single_wrong_answer_of_its_own_is_no_explanation():
    """Where all that is known of it is right, it would explain every answer that fails where nothing is known of it."""
    cases = [Case("x = 1", (1.0,)), *(Case(f"x = {x}", (x,), part="stability") for x in (2.0, 3.0))]
    wanted = [Outcome(np.asarray(x)) for x in (1.0, 2.0, 3.0)]
    found = [Outcome(np.asarray(x)) for x in (1.0, 2.0, 7.0)]
    silent = Belief("rests on rounding", "It is.", ("hint",), (wanted[0], wanted[1], None))
    told = Belief("seven", "It is seven.", ("hint",), tuple(found))
    assert judge("f", cases, wanted, found, [silent]).misconception != "rests on rounding"
    assert judge("f", cases, wanted, found, [silent, told]).misconception == "seven"
