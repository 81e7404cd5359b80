"""The in-notebook check: `check(nt_xent)` says at once what holds, what does not, and which belief is wrong.

It compares with stored numbers on public inputs. The reference is not on the learner's disk and not needed.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from dataclasses import replace

import numpy as np

from course.check.call import call, plain
from course.check.earlier import called
from course.check.judge import PublicCheck, Verdict, judge
from course.check.parts import PartResult
from course.check.properties import property_results
from course.check.sealed import number_verdict, sealed_order_verdict
from course.check.state import usual_state
from course.check.store import DATA, load_public_check
from course.check.verdict import Report
from course.records import note
from course.solution import available


class CheckFailed(AssertionError):
    """Raised only where a program, not a person, runs the notebook (nbgrader sets NBGRADER_EXECUTION)."""

    def _render_traceback_(self):
        return [str(self)]


def check(answer, name: str | None = None) -> Report:
    """Check a function against its public cases, a number or the order of a proof against its sealed answer.

    answer  the function, the number, or the list of labels
    name    which check; needed for all but a function: check(limit_collapse, "limit_collapse")

    Returns a report that JupyterLab shows as a table. Raises ValueError for a name without a check, and CheckFailed
    when nbgrader executes the notebook and the answer is not fully right.
    """
    name = name or getattr(answer, "__name__", None)
    if name is None:
        raise ValueError(f"check(answer, name) needs a name for a {type(answer).__name__}")
    with usual_state():
        public = load_public_check(name)
        if public.order:
            verdict = sealed_order_verdict(public, answer)
        elif public.seal:
            verdict = number_verdict(public, _number(answer))
        else:
            verdict = _function_verdict(answer, public)
            if verdict.score == 0 and verdict.status != "missing":
                verdict = _looked_before(answer, verdict)
    report = Report(verdict, worked=available())
    if verdict.status != "missing":  # nothing was tried
        note("check", name=name, status=verdict.status)
    if os.environ.get("NBGRADER_EXECUTION") and report.verdict.status != "pass":
        raise CheckFailed(str(report))
    return report


def _function_verdict(answer, public: PublicCheck) -> Verdict:
    outcomes = [call(answer, case) for case in public.cases]
    properties = public_properties(answer, public)
    return judge(public.name, public.cases, public.expected, outcomes, public.beliefs, public.hints, properties)


def _looked_before(answer, verdict: Verdict) -> Verdict:
    """The verdict without a belief where the answer calls a graded function that is itself wrong: what it then believes
    cannot be told from what that function does."""
    for name, function in called(answer, lambda name: (DATA / f"{name}.json").exists()).items():
        if _function_verdict(function, load_public_check(name)).score == 0:
            hint = (
                f"It calls your `{name}`, whose own check does not pass. Look there first: it may be all that is wrong."
            )
            return replace(verdict, misconception="", belief="", hints=(hint, *verdict.hints * (not verdict.belief)))
    return verdict


def public_properties(answer, public: PublicCheck) -> list[PartResult]:
    """What the properties that `course` defines say of a function."""
    functions = []
    for statement, where in public.properties:
        module, _, function = where.partition(":")
        with contextlib.suppress(ModuleNotFoundError):  # the grader's sandbox holds none of them
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


__all__ = ["CheckFailed", "check", "public_properties"]
