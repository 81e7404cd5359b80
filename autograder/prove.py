"""Prove that a check is neither fooled nor unfair: accepted variants pass, misconceptions lose points by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.grade import beliefs, generator, questions
from autograder.manifest import Unit
from autograder.spec import Exercise, Variant
from course.check.call import Outcome, call
from course.check.judge import Verdict, judge
from course.check.properties import property_results


def evaluate(exercise: Exercise, reference: Any, candidate: Any, seed: int) -> Verdict:
    """The verdict on a trusted implementation, in this process: the same questions and rules as in the sandbox."""
    cases, expected = questions(exercise, reference, seed)
    verdict = _judged(exercise, cases, expected, candidate, (), seed)
    if verdict.status == "pass":
        return verdict
    return _judged(exercise, cases, expected, candidate, beliefs(exercise, cases), seed)


def _judged(exercise: Exercise, cases, expected, candidate, known, seed: int) -> Verdict:
    if exercise.number:
        actual, properties = [Outcome(value=np.asarray(float(candidate)))], []
    else:
        actual = [call(candidate, case) for case in cases]
        properties = property_results(
            exercise.properties,
            lambda case: call(candidate, case),
            lambda index: generator(seed + index, exercise.name),
        )
    return judge(exercise.name, cases, expected, actual, known, exercise.hints, properties)


def failures(unit: Unit, name: str, seeds: range) -> Iterator[str]:
    """One line for each thing that is wrong with the check of `name`."""
    exercise, reference = unit.exercise(name), unit.references()[name]
    least = (2, 2) if exercise.number else (4, 3)
    if len(exercise.misconceptions) < least[0] or len(exercise.variants) < least[1]:
        yield f"{name}: {len(exercise.misconceptions)} misconceptions, {len(exercise.variants)} variants: too few"
    for seed in seeds:
        yield from _unfair(exercise, reference, Variant("the reference", ""), reference, seed)
        for variant in exercise.variants:
            yield from _unfair(exercise, reference, variant, variant.load(name), seed)
    for seed in list(seeds)[:5]:
        cases, expected = questions(exercise, reference, seed)
        known = beliefs(exercise, cases)
        for wrong in exercise.misconceptions:
            verdict = _judged(exercise, cases, expected, wrong.load(name), known, seed)
            if verdict.status == "pass":
                yield f"{name}: misconception {wrong.name!r} got full marks at seed {seed}"
            elif verdict.misconception != wrong.name:
                yield f"{name}: misconception {wrong.name!r} was named {verdict.misconception!r} at seed {seed}"


def _unfair(exercise, reference, variant: Variant, candidate, seed: int) -> Iterator[str]:
    verdict = evaluate(exercise, reference, candidate, seed)
    if verdict.status != "pass":
        why = "; ".join(f"{row.part}: {row.public}" for row in verdict.parts if not row.ok)
        yield f"{exercise.name}: {variant.name} (right) got {verdict.status} at seed {seed}: {why}"
