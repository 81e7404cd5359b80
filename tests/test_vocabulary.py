"""The author's vocabulary: what is refused when a slip is defined, and what `prove` refuses afterwards."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from autograder.author import Exercise
from autograder.publish.prove import failures
from tests.line_exercise import line, right, scaled

NEARLY = 1.01


def nearly(x):
    return NEARLY * x


def problems(exercise):
    unit = SimpleNamespace(exercise=lambda name: exercise, references=lambda: {"line": right})
    return "\n".join(failures(unit, "line", range(2)))


def test_prove_finds_nothing_wrong_with_a_sound_exercise():
    assert problems(line()) == ""


def test_an_unknown_knob_is_an_error_that_quotes_the_known_ones():
    with pytest.raises(ValueError, match=r"'x' turns 'slop'; the formula has the knobs slope, shift, sign"):
        line().slip("x", slop=2)
    with pytest.raises(ValueError, match="turns no knob"):
        line().slip("x")
    with pytest.raises(ValueError, match="not written yet"):
        Exercise("f").slip("x", slope=2)


def test_a_slip_that_forgets_the_guard_alone_turns_no_knob():
    slip = line().slip("nothing refused", guarded=False)
    assert slip.load("line")(-1.0, 2) == 2.0  # which the guard refuses
    assert slip.knobs == {}


def test_a_knob_may_be_a_function_of_another_module_with_what_it_needs():
    exercise = line()
    exercise.slip("from elsewhere", slope=nearly).says("It is nearly right.", "Look.")
    assert exercise.misconceptions[-1].load("line")(1.0, 2) == pytest.approx(4.01)


@pytest.mark.parametrize("knobs", [{"sign": 1}, {"slope": scaled}, {"shift": lambda n: n + 1.0}])
def test_a_knob_turned_to_its_own_value_is_refused(knobs):
    with pytest.raises(ValueError, match="changes nothing"):
        line().slip("the same", **knobs)


def test_prove_refuses_a_slip_that_changes_no_answer():
    exercise = line()
    exercise.slip("the same in other words", sign=1.0).says("Nothing.", "Nothing.")
    assert "misconception 'the same in other words' changes nothing" in problems(exercise)


def test_prove_refuses_two_misconceptions_with_the_same_answers():
    exercise = line()
    exercise.slip("twice", slope=lambda x: x + x).says("The slope is two.", "Look.")
    assert "'doubled' and 'twice' give the same answers" in problems(exercise)


def test_prove_refuses_a_slip_without_a_belief_and_a_knob_that_nothing_turns():
    exercise = line()
    exercise.misconceptions.pop()
    exercise.slip("silent", shift=lambda n: n - 1.0)
    assert "'silent' has no belief" in problems(exercise)
    assert "nothing turns the knob 'sign'" in problems(exercise)
