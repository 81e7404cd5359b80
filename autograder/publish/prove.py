"""Prove that a check is neither fooled nor unfair: accepted variants pass, misconceptions lose points by name."""

from __future__ import annotations

import multiprocessing
import os
import traceback
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from autograder.author import Exercise
from autograder.author.pairs import pairs
from autograder.grading.grade import beliefs, generator, proof_verdict, questions
from autograder.publish.missing import unasked, unfinished, wrong_constants
from autograder.units.manifest import Unit, UnitError, load_unit, near, unit_names
from course.check.call import Outcome, call
from course.check.case import Case
from course.check.judge import Verdict, judge
from course.check.naming import Belief, same_answers
from course.check.order import FALSE, labels
from course.check.parts import PartResult
from course.check.properties import property_results
from course.threads import one_thread

MOST_ORDERS = 500  # of a proof
NAMED_SEEDS = 5  # on which misconceptions are named; variants are tried on all seeds


def prove(slugs: Sequence[str], only: str | None, seeds: int, workers: int = 0, right: bool = False) -> int:
    """Print a line for each check and what is wrong with it; the exit status. One thread in each of `workers` processes
    (0: as many as processors). Raises UnitError for an unknown unit or function and for a check that is missing.

    right: try right answers only, another one at each seed: cheap enough for the many seeds that show a question which
    is unfair to one student in a thousand.
    """
    units = [load_unit(slug) for slug in slugs or unit_names()]
    checks = [(unit, name) for unit in units for name in unit.checks if only in (None, name)]
    if not checks:
        raise UnitError(
            f"no check is called {only!r}{near(only or '', [name for unit in units for name in unit.checks])}"
        )
    exercises = [unit.exercise(name) for unit, name in checks]
    found = _in_parallel(checks, exercises, seeds, right, min(workers or os.cpu_count() or 1, len(checks)))
    wrong = 0
    for (unit, name), exercise, problems in zip(checks, exercises, found, strict=True):
        counts = f"{len(exercise.misconceptions)} misconceptions, {len(exercise.variants)} variants"
        print(f"{unit.slug} {name}: {'FAIL' if problems else 'ok'} ({counts})", flush=True)
        print("".join(f"    {line}\n" for line in problems), end="", flush=True)
        wrong += len(problems)
    return 1 if wrong else 0


def _in_parallel(
    checks: list[tuple[Unit, str]], exercises: list[Exercise], seeds: int, right: bool, workers: int
) -> Iterator[list[str]]:
    """The problems of each check, in order; the slow ones are begun first."""
    if workers == 1:
        with one_thread(), threadpool_limits(1):
            yield from (_problems(unit.slug, name, seeds, right) for unit, name in checks)
        return
    slow_first = sorted(range(len(checks)), key=lambda i: (not exercises[i].trains, -exercises[i].time_limit))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_begin_worker) as pool:
        begun = {i: pool.submit(_problems, checks[i][0].slug, checks[i][1], seeds, right) for i in slow_first}
        for i in range(len(checks)):
            yield begun[i].result()


def _begin_worker() -> None:
    torch.set_num_threads(1)
    threadpool_limits(1)


def _problems(slug: str, name: str, seeds: int, right: bool) -> list[str]:
    found = []
    try:
        found += (unfair if right else failures)(load_unit(slug), name, range(seeds))
    except (
        Exception
    ) as error:  # the author's own slip, in the solution or in the check: said, and the other checks go on
        places = traceback.extract_tb(error.__traceback__)
        place = next((p for p in reversed(places) if f"u{slug}" in p.filename), places[-1])
        found.append(f"{name}: {type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno})")
    return found


def failures(unit: Unit, name: str, seeds: range) -> Iterator[str]:
    """One line for each thing that is wrong with the check of `name`."""
    exercise, reference = unit.exercise(name), unit.references()[name]
    if exercise.proof:
        yield from _disordered(exercise, reference)
        return
    yield from (f"{name}: {lack}" for lack in unfinished(exercise))
    if lacks := unasked(exercise, reference):
        yield from (f"{name}: {lack}" for lack in lacks)
        return
    right = _right(exercise, reference)
    for seed in seeds:
        cases, expected = questions(exercise, reference, seed)
        yield from (line for answer in right for line in _refused(exercise, cases, expected, answer, seed))
        if seed == seeds[0]:
            yield from (f"{name}: {lack}" for lack in wrong_constants(exercise, cases, expected))
        if seed in seeds[:NAMED_SEEDS]:
            yield from _misnamed(exercise, cases, expected, seed)


def unfair(unit: Unit, name: str, seeds: range) -> Iterator[str]:
    """One line for each seed at which a right answer loses points: the reference and the variants in turn."""
    exercise, reference = unit.exercise(name), unit.references()[name]
    if exercise.proof:
        return
    right = _right(exercise, reference)
    for seed in seeds:
        cases, expected = questions(exercise, reference, seed)
        yield from _refused(exercise, cases, expected, right[seed % len(right)], seed)


def _right(exercise: Exercise, reference: Any) -> list[tuple[str, Any]]:
    return [("the reference", reference), *((v.name, v.load(exercise.name)) for v in exercise.variants)]


def _refused(
    exercise: Exercise, cases: list[Case], expected: list[Outcome], answer: tuple[str, Any], seed: int
) -> Iterator[str]:
    style, candidate = answer
    verdict = _judged(exercise, cases, expected, candidate, seed)
    if verdict.status != "pass":
        why = "; ".join(f"{row.part}: {row.public}" for row in verdict.parts if not row.ok)
        yield f"{exercise.name}: {style} (right) got {verdict.status} at seed {seed}: {why}"


def _disordered(exercise: Exercise, reference: list[str]) -> Iterator[str]:
    """A right order that is refused, a false line that is not named, too few of them."""
    name, proof = exercise.name, exercise.proof
    for order in (labels(reference), *map(list, islice(proof.orders(), MOST_ORDERS))):
        status = proof_verdict(exercise, order).status
        if status != "pass":
            yield f"{name}: the order {order} got {status}"
    if len(proof.false) < 2:
        yield f"{name}: {len(proof.false)} false lines: too few"
    for label in proof.false:
        if proof_verdict(exercise, [label]).misconception != proof.belief(FALSE, label).name:
            yield f"{name}: the false line {label} is not named"
    for label, needed in proof.needs.items():
        if needed and proof_verdict(exercise, [label]).status == "pass":
            yield f"{name}: {label} may stand first, without {needed}"


def _misnamed(exercise: Exercise, cases: list[Case], expected: list[Outcome], seed: int) -> Iterator[str]:
    """Misconceptions that get full marks or another name, and those that answer alike."""
    name, known = exercise.name, beliefs(exercise, cases)
    for one, other in combinations(known, 2):
        if same_answers(one.outcomes, other.outcomes, expected, cases):
            yield f"{name}: misconceptions {one.name!r} and {other.name!r} give the same answers at seed {seed}"
    for wrong, belief in zip(exercise.misconceptions, known, strict=True):
        if same_answers(belief.outcomes, expected, expected, cases):
            yield f"{name}: misconception {wrong.name!r} changes nothing at seed {seed}"
        verdict = judge(name, cases, expected, list(belief.outcomes), known, exercise.hints)
        if verdict.status == "pass":  # only properties can tell it from a right answer
            verdict = _judged(exercise, cases, expected, wrong.load(name), seed, known)
        if verdict.status == "pass":
            yield f"{name}: misconception {wrong.name!r} got full marks at seed {seed}"
        elif verdict.misconception != wrong.name:
            yield f"{name}: misconception {wrong.name!r} was named {verdict.misconception!r} at seed {seed}"


def evaluate(exercise: Exercise, reference: Any, candidate: Any, seed: int, *, named: bool = True) -> Verdict:
    """The verdict on a trusted implementation, in this process: the same questions and rules as in the sandbox.

    named: False leaves out the name of the belief, which costs most of the time and no points.
    """
    if exercise.proof:
        return proof_verdict(exercise, labels(candidate))
    cases, expected = questions(exercise, reference, seed)
    known, two = (beliefs(exercise, cases), pairs(exercise, cases)) if named else ((), ())
    return _judged(exercise, cases, expected, candidate, seed, known, two)


def _judged(
    exercise: Exercise,
    cases: list[Case],
    expected: list[Outcome],
    candidate: Any,
    seed: int,
    known: Sequence[Belief] = (),
    two: Iterable[Belief] = (),
) -> Verdict:
    if exercise.number:
        actual, properties = [Outcome(value=np.asarray(float(candidate)))], []
    else:
        actual = [call(candidate, case) for case in cases]
        properties = _properties(exercise, candidate, seed)
    return judge(exercise.name, cases, expected, actual, known, exercise.hints, properties, two)


def _properties(exercise: Exercise, candidate: Any, seed: int) -> list[PartResult]:
    return property_results(
        exercise.properties,
        lambda case: call(candidate, case),
        lambda index: generator(seed + index, exercise.name),
    )
