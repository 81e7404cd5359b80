"""Naming a belief: the same wrong answers, whatever form they have and however the formula fails where it has no value."""

from __future__ import annotations

import math

import numpy as np
import pytest

from course.check.call import call
from course.check.case import Case, bad_input
from course.check.judge import Belief, judge

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
