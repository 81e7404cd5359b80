"""Nothing public in `course` answers a graded function: every callable is tried on the questions of every check.

A function is tried with the arguments as they come, in other orders, and without those it has no place for; where that
gives the right values for all questions that compare values, it is an answer, and must be private (course/check/_*.py)
or go.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator

import pytest
import torch

import course
from autograder.grading.grade import questions
from autograder.units.manifest import load_unit, unit_names
from tests.answering import SEED, answers, asked

NAMES = [(slug, name) for slug in unit_names() for name in load_unit(slug).checks]
# beside drawings, which are no values: the check itself, what copies or writes files, and what asks the repository
LEFT_OUT = ("course.check.check", "course.records", "course.saving", "course.solution", "course.trust", "course.work")


def public_callables() -> Iterator[tuple[str, Callable]]:
    for info in pkgutil.walk_packages(course.__path__, "course."):
        parts = info.name.split(".")
        if any(part.startswith("_") for part in parts) or info.name in LEFT_OUT or parts[1] in ("figures", "start"):
            continue
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            if not name.startswith("_") and inspect.isfunction(value) and value.__module__ == info.name:
                yield f"{info.name}.{name}", value


CALLABLES = dict(public_callables())
del CALLABLES["course.graphs.hadamard_matrix"]  # of the size of its argument: a seed would take all memory


@pytest.mark.parametrize(("slug", "name"), NAMES)
def test_nothing_public_in_course_answers(slug, name):
    unit = load_unit(slug)
    exercise = unit.exercise(name)
    if not exercise.function or exercise.trains:
        pytest.skip("a number, or a training that no function without a loss can do")
    cases, expected, numbers = asked(unit, exercise)
    if not numbers:
        pytest.skip("judged by properties alone")
    assert answers(unit.references()[name], cases, expected, numbers), "the test itself finds no answer"
    found = [path for path, function in CALLABLES.items() if answers(function, cases, expected, numbers)]
    assert not found, f"{name} is answered by {', '.join(found)}"


def test_an_answer_would_be_found_in_another_order():
    unit = load_unit("03_many_negatives")
    reference = unit.references()["lemma1_bound"]
    cases, expected = questions(unit.exercise("lemma1_bound"), reference, SEED)
    numbers = [i for i, c in enumerate(cases) if c.part == "values" and not c.raises][:3]
    assert answers(lambda rho, loss: reference(loss, rho), cases, expected, numbers)
    assert not answers(lambda rho, loss: 2 * reference(loss, rho), cases, expected, numbers)
    assert torch.get_default_dtype() == torch.float32
