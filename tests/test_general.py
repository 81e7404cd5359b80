"""Slips that any function can have are named by what the answer shows, after every belief of the question's own."""

from __future__ import annotations

import numpy as np
import pytest

from course.check.call import Outcome, call
from course.check.case import Case, bad_input
from course.check.general import CHANGES, FACTORS
from course.check.judge import judge
from course.check.naming import Belief

POSITIVE = (np.array([0.3, 1.7, 0.2]), np.array([2.1, 0.6, 1.9, 0.4]))
HINTS = {part: (f"about {part}",) for part in ("values", "gradient", "stability", "bad input", "properties")}


def right(x):
    if np.size(x) == 0:
        raise ValueError("x is empty")
    return np.sin(3 * np.asarray(x, float)) * x + 0.1


def cases(more=()):
    values = [Case(f"{len(x)} entries", (x,)) for x in POSITIVE]
    return [*values, Case("huge", (np.array([1e300]),), part="stability"), bad_input("no entry", np.array([])), *more]


def verdict(function, asked=None, beliefs=(), answer=right):
    asked = asked or cases()
    wanted, found = ([call(f, case) for case in asked] for f in (answer, function))
    return judge("f", asked, wanted, found, beliefs, HINTS)


def refusing(change):
    def f(x):
        return change(right(x))

    return f


@pytest.mark.parametrize(("name", "change"), [pytest.param(name, change, id=name) for name, _, change in CHANGES])
def test_one_change_of_every_value_is_named(name, change):
    def table(x):
        return np.stack([x, right(x)]) if name == "rows for columns" else np.abs(right(x)) + 0.6

    if name == "the absolute value":
        table = right
    found = verdict(lambda x: change(table(x)), answer=table, asked=cases()[:2])
    assert found.misconception == name
    assert found.hints[-1] == "about values"  # the question's own hints are not lost


@pytest.mark.parametrize("factor", FACTORS)
def test_a_factor_is_named(factor):
    assert verdict(refusing(lambda y: factor * y)).misconception == FACTORS[factor][0]
    assert verdict(refusing(lambda y: 1.37 * y)).misconception == "a constant factor"


def test_float32_is_named_where_the_values_show_it():
    single = refusing(lambda y: np.asarray(y, np.float32))
    assert verdict(single).misconception == "single precision"
    assert verdict(refusing(lambda y: np.asarray(y, np.float32).astype(float))).misconception == "single precision"
    asked = [Case("a dict", (POSITIVE[0],))]

    def table(x):
        return {"a": right(x), "b": [x, right(x)]}

    def coarse(x):
        return {"b": [x.astype("f"), right(x).astype("f")], "a": right(x).astype("f")}

    assert verdict(coarse, asked, answer=table).misconception == "single precision"
    assert verdict(lambda x: {**coarse(x), "b": [x.astype("f")]}, asked, answer=table).misconception == ""
    assert verdict(refusing(lambda y: y + 1e-7)).misconception == ""  # as near, and no number of float32
    assert verdict(refusing(lambda y: np.asarray(y + 0.01, np.float32))).misconception == ""  # wrong in another way too


def test_what_is_not_refused_is_named_by_its_case():
    found = verdict(lambda x: right(x) if np.size(x) else np.array(0.0))
    assert found.misconception == "an input that is not refused"
    assert found.belief == "The function is never called with this: no entry."
    assert found.hints == ("about bad input",)
    assert found.score == 7 / 8  # a name costs nothing: values and stability count 6, bad input 1, properties 1


def test_large_numbers_and_changed_inputs_are_named():
    found = verdict(lambda x: right(x) if np.all(np.abs(x) < 9) else np.array([np.nan]))
    assert (found.misconception, found.hints[-1]) == ("extreme numbers", "about stability")

    def in_place(x):
        y = right(x)
        x += 1
        return y

    found = verdict(in_place)
    assert (found.misconception, found.hints[-1]) == ("changed inputs", "about properties")


def test_a_gradient_that_does_not_flow_is_named():
    import torch

    asked = [Case("three", (torch.tensor([0.3, 1.0, 2.0], dtype=torch.float64, requires_grad=True),), grad=(0,))]
    found = verdict(lambda x: (x.detach() ** 2).sum() + 0 * x.sum(), asked, answer=lambda x: (x**2).sum())
    assert found.misconception == "the gradient"
    assert verdict(lambda x: (x**2).sum(), asked, answer=lambda x: (x**2).sum()).status == "pass"


def test_a_belief_of_the_question_comes_first_and_two_kinds_of_failure_have_no_general_name():
    own = Belief("own", "It is twice as large.", (), [call(refusing(lambda y: 2 * y), case) for case in cases()])
    assert verdict(refusing(lambda y: 2 * y), beliefs=[own]).misconception == "own"

    def two(x):  # neither refused nor finite
        return right(x) if np.size(x) and np.all(np.abs(x) < 9) else np.array([np.nan])

    assert verdict(two).misconception == ""
    assert verdict(refusing(lambda y: np.cos(y))).misconception == ""


def test_a_part_of_the_values_that_is_right_names_nothing():
    """Where only a ladder is wrong, the numbers beside it fit many a change: all of them are right."""
    asked = [*cases()[:2], Case("a ladder", (POSITIVE[0],), compare="ladder")]
    wanted = [*(Outcome(value=np.abs(right(x)) + 1) for x in POSITIVE), Outcome(value=[np.array(1.0), np.array(2.0)])]
    found = [*wanted[:2], Outcome(value=[np.array(1.0), np.array(3.0)])]
    assert judge("f", asked, wanted, found).misconception == ""


def test_a_wrong_answer_in_place_of_infinity_names_nothing():
    asked = [*cases()[:2], Case("no gap", (np.array([0.0]),))]

    def answer(x):
        return np.array([np.inf]) if len(x) == 1 else np.abs(right(x))

    assert verdict(lambda x: np.array([9.0]) if len(x) == 1 else answer(x), asked, answer=answer).misconception == ""


def test_two_numbers_are_too_few_for_a_change():
    asked = [Case("one", (0.3,)), Case("another", (0.7,))]
    assert verdict(lambda x: right(x) ** 2, asked).misconception == ""


@pytest.mark.parametrize("form", [list, lambda y: [float(v) for v in y], tuple, np.asarray])
def test_a_belief_is_recognised_in_a_list_where_its_own_answer_is_an_array(form):
    """And within a dict, as a history is: the values accept either."""

    def answer(x):
        return {"a": [1.0, right(x)], "b": right(x)}

    def slip(x):
        return {"a": [1.0, right(x) + 1], "b": right(x)}

    asked = [Case("one", (POSITIVE[0],)), Case("another", (POSITIVE[1],))]
    own = Belief("own", "One is added.", (), [call(slip, case) for case in asked])

    def learner(x):
        return {"a": [1, form(right(x) + 1)], "b": form(right(x))}

    assert verdict(learner, asked, [own], answer).misconception == "own"
    assert (
        verdict(lambda x: {"a": [1, form(right(x) + 2)], "b": form(right(x))}, asked, [own], answer).misconception == ""
    )
    assert verdict(lambda x: {"a": [1, form(right(x))], "b": form(right(x))}, asked, [own], answer).status == "pass"


def test_a_belief_is_named_where_the_learner_has_a_case_or_two_right_and_no_further():
    """Who looks at n = 0 on its own may believe the rest all the same; from a few numbers nothing is concluded."""
    asked = [Case(f"n = {n}", (n,)) for n in range(7)]

    def answer(n):
        return np.array(np.sqrt(n + 2.0))

    own = Belief("own", "It is one more.", (), [call(lambda n: answer(n) + 1, case) for case in asked])

    def right_up_to(last, otherwise=1.0):
        return lambda n: answer(n) + (otherwise if n > last else 0)

    assert verdict(right_up_to(1), asked, [own], answer).misconception == "own"
    assert verdict(right_up_to(2), asked, [own], answer).misconception == "own"  # four against three
    assert verdict(right_up_to(3), asked, [own], answer).misconception == ""
    assert verdict(right_up_to(1, 1.1), asked, [own], answer).misconception == ""
    assert verdict(lambda n: answer(n) + (n > 4) + 0.1 * (n < 2), asked, [own], answer).misconception == ""
    endless = Belief(
        "own", "It is one more.", (), [Outcome(np.array(np.nan)) if n == 6 else o for n, o in enumerate(own.outcomes)]
    )
    assert verdict(lambda n: answer(n) + (n > 1) + (n == 6), asked, [endless], answer).misconception == "own"  # a style
    few = asked[2:5]
    own = Belief("own", "It is one more.", (), own.outcomes[2:5])
    assert verdict(right_up_to(2), few, [own], answer).misconception == ""
    assert verdict(right_up_to(1), few, [own], answer).misconception == "own"


def test_what_is_refused_tells_a_belief_where_many_answers_are_right():
    asked = [Case("two", (2,), compare="any"), *(bad_input(f"{n}", n) for n in (-1, 0))]

    def found(own, learner):
        belief = Belief("own", "Zero is fine.", (), [call(own, case) for case in asked])
        return verdict(learner, asked, [belief], lambda n: refused_below(1)(n)).misconception

    def refused_below(least, world=1.0):
        def f(n):
            if n < least:
                raise ValueError(f"{n}")
            return np.full(2, world)

        return f

    assert found(refused_below(0), refused_below(0, 7.0)) == "own"
    assert found(refused_below(0), refused_below(-9, 7.0)) == "an input that is not refused"
    assert found(lambda n: refused_below(3 if n > 1 else 0)(n), refused_below(0, 7.0)) != "own"
