"""A function that is right on small inputs and garbage on larger ones earns nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from autograder.grading.grade import questions
from autograder.publish.prove import evaluate
from autograder.units.manifest import load_unit, unit_names

SMALL = 8  # the largest axis of most public cases; what a learner tries by hand is smaller
CHECKS = [(slug, name) for slug in unit_names() for name in load_unit(slug).checks]


def axes(tree) -> list[int]:
    """The length of every axis of every array among the arguments, in a fixed order."""
    if isinstance(tree, (torch.Tensor, np.ndarray)):
        return list(tree.shape)
    if isinstance(tree, dict):
        return [n for value in tree.values() for n in axes(value)]
    if isinstance(tree, (list, tuple)):
        return [n for item in tree for n in axes(item)]
    return []


def counted(cases) -> list[int]:
    """The positions at which every case has an integer: what stands for a size where there is no array."""
    shortest = min(len(case.args) for case in cases)
    return [i for i in range(shortest) if all(type(case.args[i]) is int for case in cases)]


def spoiled(answer):
    """Numbers of the same form, and wrong ones."""
    if isinstance(answer, dict):
        return {key: spoiled(value) for key, value in answer.items()}
    if isinstance(answer, (list, tuple)):
        return type(answer)(spoiled(item) for item in answer)
    if isinstance(answer, torch.Tensor):
        return 1.5 * answer + 0.1
    whole = np.asarray(answer).dtype.kind in "iub"
    if whole:
        return np.roll(answer, 1) if np.ndim(answer) else answer + 1
    return 1.5 * answer + 0.1


def broken_where(reference, large):
    def function(*args, **kwargs):
        answer = reference(*args, **kwargs)
        return spoiled(answer) if large(args, kwargs) else answer

    return function


def asked(slug, name):
    """(exercise, reference, valid cases) of a function that is judged by comparison and whose inputs have a size."""
    unit = load_unit(slug)
    exercise, reference = unit.exercise(name), unit.references()[name]
    if not exercise.function:
        pytest.skip("a number has no inputs")
    cases = [case for case in questions(exercise, reference, 0)[0] if not case.raises]
    if all(case.compare == "any" for case in cases):
        pytest.skip("the answer is not a function of the inputs' size: any valid one is accepted")
    if any(case.drive not in ("", "slopes") for case in cases):
        pytest.skip("a class or a function of modules: tests/test_unit09_asks.py spoils those")
    if not any(axes((case.args, case.kwargs)) for case in cases) and not counted(cases):
        pytest.skip("its inputs are real numbers: they have no size")
    return exercise, reference, cases


@pytest.mark.parametrize(("slug", "name"), CHECKS)
def test_garbage_beyond_small_sizes_earns_nothing(slug, name):
    exercise, reference, cases = asked(slug, name)
    arrays, positions = any(axes((case.args, case.kwargs)) for case in cases), counted(cases)

    def large(args, kwargs):
        return max(axes((args, kwargs)) if arrays else [args[i] for i in positions]) > SMALL

    broken = broken_where(reference, large)
    for seed in range(1 if exercise.trains or exercise.time_limit > 10 else 3):
        assert evaluate(exercise, reference, broken, seed, named=False).score == 0


@pytest.mark.parametrize(("slug", "name"), CHECKS)
def test_garbage_where_one_axis_is_larger_earns_nothing(slug, name):
    """Each axis by itself, so that no axis stays small in every case."""
    exercise, reference, cases = asked(slug, name)
    number = max(len(axes((case.args, case.kwargs))) for case in cases if case.part == "values")
    for axis in range(number):

        def large(args, kwargs, axis=axis):
            return len(axes((args, kwargs))) > axis and axes((args, kwargs))[axis] > SMALL

        broken = broken_where(reference, large)
        assert evaluate(exercise, reference, broken, 1, named=False).score == 0, f"axis {axis} of {number}"


@pytest.mark.parametrize(("slug", "name"), CHECKS)
def test_the_larger_sizes_change_with_the_seed(slug, name):
    exercise, reference, cases = asked(slug, name)
    if not any(axes(case.args) for case in cases):
        pytest.skip("no arrays")

    def largest(seed):
        drawn = questions(exercise, reference, seed)[0]
        return [axes((case.args, case.kwargs)) for case in drawn if not case.public]

    found = [largest(seed) for seed in range(2 if exercise.trains else 6)]
    assert found[0], "every case is public"
    assert any(other != found[0] for other in found)
