"""What an unfinished check still lacks, in words that say what to write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.author import Exercise
from autograder.grading.grade import generator
from course.check.call import Outcome
from course.check.case import Case
from course.check.judge import judge

LEAST = {True: (2, 2), False: (4, 3)}  # is it a number? -> misconceptions, variants
CONSTANTS = {"1.01 times the right answer": lambda v: 1.01 * v, "the right answer plus 0.01": lambda v: v + 0.01}


def unasked(exercise: Exercise, reference: Any) -> list[str]:
    """Why nothing can be asked yet; empty where the check can be tried."""
    lacks = []
    if "NotImplementedError" in getattr(getattr(reference, "__code__", None), "co_names", ()):
        lacks.append("no solution: its cell in solutions/ raises NotImplementedError")
    if exercise.function and not _cases(exercise):
        lacks.append("no case: @exercise.cases yields nothing")
    return lacks


def unfinished(exercise: Exercise) -> Iterator[str]:
    """What can be seen without asking: too few examples, no hints, inputs of one kind only, a knob nobody turns."""
    wrong, right = LEAST[exercise.number]
    if len(exercise.misconceptions) < wrong:
        yield f"{len(exercise.misconceptions)} of at least {wrong} misconceptions: exercise.slip or @exercise.wrong"
    if len(exercise.variants) < right:
        how = "accepted_number" if exercise.number else "@exercise.formula, exercise.style or @exercise.accepted"
        yield f"{len(exercise.variants)} of at least {right} variants: {how}"
    for misconception in exercise.misconceptions:
        if not misconception.belief or not misconception.hints:
            yield f"misconception {misconception.name!r} has no belief or no hints: .says(belief, *hints)"
    turned = {knob for variant in (*exercise.misconceptions, *exercise.variants) for knob in variant.knobs}
    for knob in exercise.knobs():
        if knob not in turned:
            yield f"nothing turns the knob {knob!r}"
    if exercise.function:
        yield from _one_sided(exercise, _cases(exercise))


def _one_sided(exercise: Exercise, cases: list[Case]) -> Iterator[str]:
    if not exercise.hints.get("values"):
        yield 'no hints for "values": hints={"values": (a nudge, ..., nearly the answer)}'
    if not any(case.part == "values" for case in cases):
        yield 'no case of the part "values"'
    compared = any(case.compare != "any" and not case.raises for case in cases)
    if compared and any(case.args for case in cases) and not any(case.raises for case in cases):
        yield "no bad input: refuses=(...) and `yield from exercise.bad_inputs(a good call)`"
    free = any(case.compare == "any" for case in cases)  # any valid answer is taken: there is nothing to look up
    if cases and not free and all(case.public for case in cases):
        yield "no case for the grader only, with larger sizes: Case(..., public=False), autograder.author.draw"


def wrong_constants(exercise: Exercise, cases: list[Case], expected: list[Outcome]) -> Iterator[str]:
    """Answers that are wrong by a constant, and pass: some world is missing in which the constant is seen.

    Nothing is said of a check with properties of its own, which may see it, nor of answers that are no numbers.
    """
    values = [o.value for c, o in zip(cases, expected, strict=True) if c.part == "values"]
    plain = all(c.compare == "close" for c in cases) and all(np.asarray(v).dtype.kind == "f" for v in _leaves(values))
    if not exercise.function or exercise.properties or not values or not plain:
        return
    for what, change in CONSTANTS.items():
        given = [
            o if c.raises else replace(o, value=_mapped(change, o.value)) for c, o in zip(cases, expected, strict=True)
        ]
        if judge(exercise.name, cases, expected, given).status == "pass":
            yield f"{what} passes: no case where a wrong constant fails"


def _cases(exercise: Exercise) -> list[Case]:
    return list(exercise.make_cases(generator(0, exercise.name)) or ()) if exercise.make_cases else []


def _leaves(tree: Any) -> Iterator[Any]:
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, (list, tuple)):
        for item in tree:
            yield from _leaves(item)
    else:
        yield tree


def _mapped(change: Callable[[Any], Any], tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _mapped(change, value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(_mapped(change, item) for item in tree)
    return np.asarray(change(np.asarray(tree)))  # numpy makes scalars of arrays without axes
