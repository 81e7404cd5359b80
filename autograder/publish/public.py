"""What the learner's notebook may know of a check, and every machine agrees on.

Machines round differently: another processor, another order of a sum, and the last digits change. So the inputs are
short exact numbers; a misconception's answer is stored only where it moves far less than the tolerance when inputs move
in their last digit, and is either the right one or clearly another; and a misconception is offered only when its own
answers are told its name, and no other's, whether the tolerance is taken ten times finer or ten times coarser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from autograder.author import Exercise
from autograder.author.short import short_case
from autograder.grading.grade import PUBLIC_SEED, answers, generator, upcast
from autograder.publish.rounding import OtherRounding, other_lapack
from course.check import public_properties
from course.check.call import Outcome, call
from course.check.case import Case
from course.check.judge import PublicCheck, judge
from course.check.naming import ANSWERED, UNDEFINED, Belief, refused, same_outcome, undefined
from course.check.parts import tolerance
from course.check.store import case_from_json, case_to_json, from_json, to_json

MARGIN = 10.0  # an answer is surely the same at a tenth of the tolerance, surely another at ten times the tolerance
HALF = 0.5  # of the tolerance may go to the rounding of single or half precision
ULPS = {"float64": 4, "float32": 1, "float16": 1}
TRIALS = 6


def public_check(exercise: Exercise, reference: Callable) -> PublicCheck:
    """The check of a function. Raises RuntimeError when the right answer to a public case rests on rounding."""
    cases = [case_from_json(case_to_json(short_case(case))) for case in _drawn(exercise)]
    expected = answers(exercise, reference, cases)
    properties = [
        (statement, f"{function.__module__}:{function.__name__}")
        for statement, function in exercise.properties
        if function.__module__.startswith("course.")
    ]
    known = PublicCheck(exercise.name, cases, expected, [], exercise.hints, properties)
    if exercise.trains:  # nothing is compared with its numbers, and another machine rounds them otherwise
        right = [outcome if case.raises else ANSWERED for case, outcome in zip(cases, expected, strict=True)]
        return replace(known, expected=right)
    for case, wanted in zip(cases, expected, strict=True):
        if sure(reference, case, wanted) is None:
            raise RuntimeError(f"{exercise.name}, {case.label!r}: the right answer rests on rounding")
    functions = [wrong.load(exercise.name) for wrong in exercise.misconceptions]
    here = [[call(function, case) for case in cases] for function in functions]
    beliefs = [
        Belief(
            wrong.name,
            wrong.belief,
            wrong.hints,
            tuple(
                sure(function, case, wanted, first) for case, wanted, first in zip(cases, expected, found, strict=True)
            ),
        )
        for wrong, function, found in zip(exercise.misconceptions, functions, here, strict=True)
    ]
    stored = from_json(to_json(replace(known, beliefs=beliefs)))  # rounded, as a notebook reads it
    return replace(stored, beliefs=_offered(stored, functions, here))


def _drawn(exercise: Exercise) -> Iterator[Case]:
    return (case for case in exercise.make_cases(generator(PUBLIC_SEED, exercise.name)) if case.public)


def sure(function: Callable, case: Case, wanted: Outcome, here: Outcome | None = None) -> Outcome | None:
    """What `function` answers to `case` on every machine; None where that rests on rounding, or is neither the right
    answer nor clearly another. Low precision is left out of the numbers: they are those of float64.
    here: what it answers on this one, where that is known."""
    finer, coarser = scaled(case, 1 / MARGIN), scaled(case, MARGIN)
    first = _form(here or call(function, case), case, wanted)
    others = [_form(_elsewhere(function, varied, k), case, wanted) for k, varied in enumerate(_variations(case))]
    if _single(case.args) and not case.raises:
        others.append(_form(call(function, replace(case, args=upcast(case.args))), case, wanted))
    if not all(same_outcome(other, first, wanted, finer) for other in others):
        return ANSWERED if case.raises and not any(map(refused, (first, *others))) else None
    if same_outcome(first, wanted, wanted, finer):
        return wanted
    if same_outcome(first, wanted, wanted, coarser):
        return None
    return others[-1] if _single(case.args) else first


def scaled(case: Case, factor: float) -> Case:
    """The same case, judged with a multiple of its tolerance; in single and half precision with half of it at least."""
    return replace(case, rtol=(max(factor, HALF) if _single(case.args) else factor) * tolerance(case))


def _single(tree: Any) -> bool:
    """Whether single or half precision is in it."""
    if isinstance(tree, torch.Tensor):
        return tree.is_floating_point() and tree.dtype != torch.float64
    return isinstance(tree, (list, tuple, dict)) and any(
        map(_single, tree.values() if isinstance(tree, dict) else tree)
    )


def _form(outcome: Outcome, case: Case, wanted: Outcome) -> Outcome:
    """The outcome without what machines disagree on: how a formula fails where it has no value."""
    if case.raises:
        return ANSWERED if not refused(outcome) and (outcome.error or outcome.has_nan) else outcome
    return UNDEFINED if undefined(outcome, wanted) else outcome


def _elsewhere(function: Callable, case: Case, seed: int) -> Outcome:
    with OtherRounding(torch.Generator().manual_seed(seed)), other_lapack(np.random.default_rng(seed)):
        return call(function, case)


def _variations(case: Case) -> Iterator[Case]:
    """The case as other machines see it: inputs off in the last digits, sums in another order."""
    for seed in range(TRIALS):
        rng = np.random.default_rng(seed)
        yield replace(case, args=tuple(_moved(case.args, rng)), kwargs=_moved(case.kwargs, rng))
    yield replace(case, args=tuple(_reordered(case.args)), kwargs=_reordered(case.kwargs))


def _moved(tree: Any, rng: np.random.Generator) -> Any:
    """Every number of an array that is not whole, moved by some units in its last place.

    Ties of a matrix are broken; equal entries of a vector move alike, for a program may count equal probabilities once.
    """
    if isinstance(tree, torch.Tensor) and tree.is_floating_point():
        moved = torch.from_numpy(_moved(tree.numpy(), rng))
        return torch.empty_strided(tree.shape, tree.stride(), dtype=tree.dtype).copy_(moved)
    if isinstance(tree, np.ndarray) and tree.dtype.kind == "f":
        most = ULPS[tree.dtype.name]
        noise = rng.integers(-most, most + 1, size=tree.shape) * np.finfo(tree.dtype).eps
        if tree.ndim == 1:
            noise = noise[np.unique(tree, return_inverse=True)[1]]
        return np.where(tree == np.round(tree), tree, tree * (1 + noise)).astype(tree.dtype)
    return _each(tree, lambda item: _moved(item, rng))


def _reordered(tree: Any) -> Any:
    """Arrays with columns, not rows, one after the other in memory."""
    if isinstance(tree, np.ndarray):
        return np.asfortranarray(tree)
    return _each(tree, _reordered)


def _each(tree: Any, function: Callable) -> Any:
    if isinstance(tree, (list, tuple)):
        return [function(item) for item in tree]
    return {key: function(item) for key, item in tree.items()} if isinstance(tree, dict) else tree


def _offered(known: PublicCheck, functions: list[Callable], here: list[list[Outcome]]) -> list[Belief]:
    """The misconceptions that can be named truthfully: one that would be named for another's answers is left out, and so
    is one that is not named for its own, whatever a machine makes of the answers that rest on rounding."""
    beliefs = offered = known.beliefs
    actual = [
        _possible(known, function, belief, found)
        for function, belief, found in zip(functions, beliefs, here, strict=True)
    ]
    rows = [public_properties(function, known) for function in functions]
    while True:
        named = [
            set().union(*(_names(known, offered, outcomes, row) for outcomes in possible))
            for possible, row in zip(actual, rows, strict=True)
        ]
        false = {name for belief, names in zip(beliefs, named, strict=True) for name in names - {belief.name}}
        false &= {belief.name for belief in offered}  # not what any function's answer shows
        silent = {belief.name for belief, names in zip(beliefs, named, strict=True) if names != {belief.name}}
        kept = [belief for belief in offered if belief.name not in (false or silent)]
        if len(kept) == len(offered):
            return offered
        offered = kept


def _possible(known: PublicCheck, function: Callable, belief: Belief, here: list[Outcome]) -> list[list[Outcome]]:
    """What the function answers here, and where that rests on rounding, what it answers elsewhere."""
    unsure = [i for i, outcome in enumerate(belief.outcomes) if outcome is None]
    varied = [enumerate(_variations(known.cases[i])) for i in unsure]
    elsewhere = [[_elsewhere(function, case, k) for k, case in cases] for cases in varied]
    found = [here]
    for new in zip(*elsewhere, strict=True):
        found.append([dict(zip(unsure, new, strict=True)).get(i, outcome) for i, outcome in enumerate(here)])
    return found


def _names(known: PublicCheck, beliefs: list[Belief], actual: list[Outcome], properties) -> set[str]:
    """The names that these answers get, at a finer, the usual and a coarser tolerance."""
    names = set()
    for factor in (1 / MARGIN, 1.0, MARGIN):
        cases = [scaled(case, factor) for case in known.cases]
        names.add(judge(known.name, cases, known.expected, actual, beliefs, {}, properties).misconception)
    return names
