"""Formulas and knobs as notebook cells: they bring what they need, run alone, and answer as the formula does."""

from __future__ import annotations

import builtins
import inspect
import math
from functools import partial

import numpy as np
import pytest
import torch

from autograder.author.source import SourceError, cell
from autograder.grading.grade import questions
from autograder.units.manifest import load_unit, unit_names
from course import validate
from course.check.call import call, same_tree
from course.check.drive import driven
from tests import line_exercise
from tests.line_exercise import line

HAS = ("math", "numpy", "torch", "course", "sklearn", "scipy", "itertools", "functools", "collections")


def only_what_a_notebook_has(name, *rest):
    assert name.split(".")[0] in HAS, name
    return builtins.__import__(name, *rest)


def answers(source, name, cases):
    """What a cell's function answers where nothing of the author's is at hand."""
    namespace = {"__builtins__": {**vars(builtins), "__import__": only_what_a_notebook_has}}
    exec(source, namespace)
    return [call(namespace[name], case) for case in cases]


WRITTEN = [
    (slug, name)
    for slug in unit_names()
    for name in load_unit(slug).checks
    if load_unit(slug).exercise(name).written is not None
]


@pytest.mark.parametrize(("slug", "name"), WRITTEN)
def test_every_cell_runs_alone_and_answers_as_the_formula_with_its_knobs_turned(slug, name):
    unit = load_unit(slug)
    exercise = unit.exercise(name)
    cases, _ = questions(exercise, unit.references()[name], 0)
    # what turning a knob does, every second question shows as well; of a training, the first
    cases = [case for case in cases if case.public][:: 100 if exercise.trains else 2]
    for variant in exercise.misconceptions + exercise.variants:
        found = answers(variant.source, name, cases)
        if not variant.knobs:
            continue
        for case, outcome in zip(cases, found, strict=True):
            if case.raises and guard_refuses(exercise, case) and is_guarded(exercise, variant):
                assert outcome.error[0] == "ValueError", (variant.name, case.label)
                continue
            turned = call(partial(exercise.written, **variant.knobs), case)
            assert same_tree(outcome.value, turned.value), (variant.name, case.label)
            assert (outcome.error is None) == (turned.error is None), (variant.name, case.label)


def is_guarded(exercise, variant):
    return all(line in variant.source for requirement in exercise.refuses for line in requirement.guard)


def guard_refuses(exercise, case):
    """Whether what is required of the arguments refuses them, before any formula: a refusal may also be a knob of it."""
    names = ", ".join(name for name in inspect.signature(exercise.written).parameters if name not in exercise.knobs())
    body = "".join(f"    {line}\n" for requirement in exercise.refuses for line in requirement.guard)
    namespace = {"np": np, "torch": torch, "validate": validate, "math": math, **exercise.written.__globals__}
    exec(f"def guard({names}):\n    pass\n{body}", namespace)
    try:
        driven(case.drive, namespace["guard"])(*case.args, **case.kwargs)
    except ValueError:
        return True
    except TypeError:  # arguments left to their defaults
        return True
    except AttributeError:  # a driver that got through the guard, and finds nothing to drive
        return not case.drive
    return False


def test_a_cell_brings_helpers_of_helpers_and_constants_and_keeps_the_docstring_first():
    exercise = line()
    source = exercise.right().source
    assert source.index("FACTOR = 3.0") < source.index("def scaled") < source.index("def line")
    assert source.index("def doubled") < source.index("def scaled")
    assert source.index('"""A line."""') < source.index("validate.non_negative(x=x)")
    assert "autograder" not in source


def test_a_knob_s_lambda_is_found_among_others_on_its_line():
    def f(x, *, a=None, b=None):
        return a(x) + b(x)

    source = cell(f, knobs=dict(a=lambda x: x + 1, b=lambda x: (lambda y: y * 2)(x)))
    assert "a=lambda x: x + 1, b=lambda x: (lambda y: y * 2)(x)" in source
    namespace = {}
    exec(source, namespace)
    assert namespace["f"](5) == 16


def test_what_cannot_be_written_down_is_an_error():
    def f(x, *, a=1):
        return a * x

    here = 2
    for value, why in ((lambda x: here * x, "closes over here"), (np.ones(2), "use a literal"), (print, None)):
        if why is None:
            assert "a=print" in cell(f, knobs={"a": value})
        else:
            with pytest.raises(SourceError, match=why):
                cell(f, knobs={"a": value})

    def g(x):
        return not_there(x)  # noqa: F821

    with pytest.raises(SourceError, match="'not_there' is not defined"):
        cell(g)


def test_two_different_helpers_of_one_name_are_an_error():
    with pytest.raises(SourceError, match="two different helpers are called scaled"):
        cell(uses_another, knobs={"a": line_exercise.scaled})


def scaled(x):
    return x


def uses_another(x, *, a=None):
    return a(x) + scaled(x)
