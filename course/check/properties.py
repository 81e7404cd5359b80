"""Properties: what must hold for an answer whatever the inputs, without knowing the right answer.

A property is a function (f, rng) -> None, or a message when it does not hold; `f` calls the learner's function and gives
plain numbers. One that is defined in `course` is public: the learner's notebook runs it too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from course.check.call import Outcome
from course.check.case import Case
from course.check.judge import PartResult


class LearnerError(Exception):
    """The learner's function raised an error inside a property."""


def property_results(
    properties: Sequence[tuple[str, Callable]],
    ask: Callable[[Case], Outcome],
    generator: Callable[[int], np.random.Generator],
) -> list[PartResult]:
    """One result per (statement, property); `ask` calls the learner's function on a case."""

    def f(*args, **kwargs):
        outcome = ask(Case("property", args, kwargs))
        if outcome.error:
            raise LearnerError(outcome.error[0])
        return simplified(outcome.value)

    results = []
    for index, (statement, holds) in enumerate(properties, 1):
        try:
            problem = holds(f, generator(index))
        except LearnerError as error:
            problem = f"it raised {error}"
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RuntimeError):
            problem = "the answer does not have the expected form"
        text = f"must hold: {statement}; {problem}" if problem else ""
        results.append(PartResult("properties", problem is None, text, text))
    return results


def simplified(value):
    """Floats for 0-d arrays, lists for lists, arrays as they are."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return value.item()
    return [simplified(item) for item in value] if isinstance(value, list) else value
