"""Every check of every unit: right answers pass over 4 seeds (`prove --seeds` tries more), wrong beliefs are named."""

from __future__ import annotations

import re

import pytest

from autograder.grading.grade import PUBLIC_SEED, questions
from autograder.publish.prove import failures
from autograder.units.manifest import load_unit, unit_names

CHECKS = [(slug, name) for slug in unit_names() for name in load_unit(slug).checks]


@pytest.mark.parametrize(("slug", "name"), CHECKS)
def test_right_answers_pass_and_wrong_beliefs_are_named(slug, name):
    exercise = load_unit(slug).exercise(name)
    seeds = 1 if exercise.trains else 2 if exercise.time_limit > 10 else 4
    problems = list(failures(load_unit(slug), name, range(seeds)))
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(("slug", "name"), CHECKS)
def test_inputs_depend_on_the_seed_and_on_nothing_else(slug, name):
    unit = load_unit(slug)
    exercise = unit.exercise(name)
    if not exercise.function:
        pytest.skip("a number has no inputs")
    if not any(case.args for case in exercise.make_cases(_generators(name)[0])):
        pytest.skip("it takes no arguments")
    labels = [[case.label for case in exercise.make_cases(generator)] for generator in _generators(name)]
    assert labels[0] == labels[1]
    cases, again, other = (questions(exercise, unit.references()[name], s)[0] for s in (PUBLIC_SEED, PUBLIC_SEED, 1))
    assert written(cases) == written(again)
    assert written(cases) != written(other)


def written(cases):
    """The cases as text, without the addresses of generators."""
    return re.sub(r" object at 0x\w+", "", repr(cases))


def _generators(name):
    from autograder.grading.grade import generator

    return generator(7, name), generator(7, name)


def test_nt_xent_has_at_least_eight_misconceptions_and_every_function_four():
    for slug, name in CHECKS:
        exercise = load_unit(slug).exercise(name)
        if exercise.proof:
            continue  # `prove` counts its false lines
        least = 8 if name == "nt_xent" else 2 if exercise.number else 4
        assert len(exercise.misconceptions) >= least, name
        assert len(exercise.variants) >= (2 if exercise.number else 3), name
        assert all(m.belief and m.hints for m in exercise.misconceptions), name
