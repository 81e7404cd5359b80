"""Properties: what must hold for an answer whatever the inputs, without knowing the right answer.

A property is a function (f, rng) -> None, or a message when it does not hold; `f` calls the learner's function and gives
plain numbers. One that is defined in `course` is public: the learner's notebook runs it too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from course.check.call import Outcome
from course.check.case import Case
from course.check.parts import PartResult

# of more than one digit: in a message about hidden inputs an answer could encode them in such a number
NUMBER = re.compile(r"[-+]?(\d[\d.]+|\.\d+)(e[-+]?\d+)?|\d+e[-+]?\d+", re.IGNORECASE)


class LearnerError(Exception):
    """The learner's function raised an error, or gave something else than numbers, inside a property."""


def property_results(
    properties: Sequence[tuple[str, Callable]],
    ask: Callable[[Case], Outcome],
    generator: Callable[[int], np.random.Generator],
) -> list[PartResult]:
    """One result per (statement, property); `ask` calls the learner's function on a case."""

    def f(*args, **kwargs):
        outcome = ask(Case("property", args, kwargs))
        if outcome.error:
            raise LearnerError(f"a {outcome.error[0]}")
        return simplified(outcome.value)

    results = []
    for index, (statement, holds) in enumerate(properties, 1):
        try:
            with np.errstate(invalid="raise"):  # inf - inf in a comparison must not pass as "not greater"
                problem = holds(f, generator(index))
        except LearnerError as error:
            problem = f"it gave {error}"
        except MemoryError:
            problem = "the answer is too large to be judged"
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RuntimeError):
            problem = "the answer does not have the expected form"
        public = f"must hold: {statement}; {problem}" if problem else ""
        discreet = f"must hold: {statement}; {NUMBER.sub('...', problem)}" if problem else ""
        results.append(PartResult("properties", problem is None, public, discreet))
    return results


def simplified(value):
    """Floats for 0-d arrays (ints for integers), float64 arrays for arrays, lists for lists.

    Raises LearnerError for NaN and for what is no number: a property written as `if abs(a - b) > tol` would let it pass.
    """
    if isinstance(value, list):
        return [simplified(item) for item in value]
    if isinstance(value, dict):
        return {key: simplified(item) for key, item in value.items()}
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub":
        raise LearnerError("no numbers")
    if value.dtype.kind == "f" and np.isnan(value).any():
        raise LearnerError("NaN")
    if value.ndim == 0:
        return value.item()
    return value.astype(np.int64 if value.dtype.kind in "iu" else bool if value.dtype.kind == "b" else np.float64)
