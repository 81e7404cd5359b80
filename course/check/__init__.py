"""The in-notebook check: `check(nt_xent)` says at once what holds, what does not, and which belief is wrong.

It compares with stored numbers on public inputs. The reference is not on the learner's disk and not needed.
"""

from __future__ import annotations

import importlib
import os

import numpy as np

from course.check.call import call, plain
from course.check.judge import PartResult, judge
from course.check.properties import property_results
from course.check.sealed import number_verdict
from course.check.store import load_public_check
from course.check.verdict import Report


class CheckFailed(AssertionError):
    """Raised only where a program, not a person, runs the notebook (nbgrader sets NBGRADER_EXECUTION)."""

    def _render_traceback_(self):
        return [str(self)]


def check(answer, name: str | None = None) -> Report:
    """Check a function against its public cases, or a number against its sealed answer.

    answer  the function, or the number
    name    which check; needed for a number: check(limit_collapse, "limit_collapse")

    Returns a report that JupyterLab shows as a table. Raises ValueError for a name without a check, and CheckFailed
    when nbgrader executes the notebook and the answer is not fully right.
    """
    name = name or getattr(answer, "__name__", None)
    if name is None:
        raise ValueError(f"check(answer, name) needs a name for a {type(answer).__name__}")
    public = load_public_check(name)
    if public.seal:
        report = Report(number_verdict(public, _number(answer)))
    else:
        outcomes = [call(answer, case) for case in public.cases]
        properties = _properties(answer, public)
        report = Report(judge(name, public.cases, public.expected, outcomes, public.beliefs, public.hints, properties))
    if os.environ.get("NBGRADER_EXECUTION") and report.verdict.status != "pass":
        raise CheckFailed(str(report))
    return report


def _properties(answer, public) -> list[PartResult]:
    functions = []
    for statement, where in public.properties:
        module, _, function = where.partition(":")
        functions.append((statement, getattr(importlib.import_module(module), function)))
    results = property_results(functions, lambda case: call(answer, case), np.random.default_rng)
    if not functions and all(case.compare == "any" for case in public.cases if not case.raises):
        results.append(
            PartResult("properties", True, "the form is right; the answer itself is judged when it is graded")
        )
    return results


def _number(answer) -> float | None:
    """The number as a float; None for no answer yet, NaN for anything that is no single number."""
    if answer is None or answer is Ellipsis:
        return None
    try:
        value = plain(answer)
        return float(value) if value.ndim == 0 and value.dtype.kind in "fiu" else float("nan")
    except (TypeError, ValueError, AttributeError):
        return float("nan")


__all__ = ["CheckFailed", "check"]
