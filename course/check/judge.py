"""From outcomes to a verdict: which parts hold, what is wrong, which belief explains it, and the hints.

The same rules serve the learner's notebook (public inputs, stored answers) and the autograder (hidden inputs, answers
of the reference): `judge` gets, for each case, the expected and the actual outcome.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from course.check.call import Outcome
from course.check.case import PART_WEIGHTS, Case
from course.check.compare import TOLERANCE, Mismatch, compare

MEMORY_ERRORS = ("MemoryError", "OutOfMemoryError")


@dataclass(frozen=True)
class Belief:
    """A misconception together with what it answers on the same cases."""

    name: str
    belief: str
    hints: tuple[str, ...]
    outcomes: tuple[Outcome, ...] = ()
    seal: str = ""


@dataclass(frozen=True)
class PartResult:
    """One row of the table. `public` may quote numbers of public inputs, `discreet` may not."""

    part: str
    ok: bool
    public: str = ""
    discreet: str = ""
    status: str = "fail"


@dataclass(frozen=True)
class Verdict:
    """The result for one function. score is a fraction of the points, in [0, 1]."""

    name: str
    status: str
    score: float
    parts: tuple[PartResult, ...]
    misconception: str = ""
    belief: str = ""
    hints: tuple[str, ...] = ()


def judge(
    name: str,
    cases: Sequence[Case],
    expected: Sequence[Outcome],
    actual: Sequence[Outcome],
    beliefs: Sequence[Belief] = (),
    hints: dict[str, tuple[str, ...]] | None = None,
    properties: Sequence[PartResult] = (),
) -> Verdict:
    """The verdict on `actual`. `properties` are results that the caller found by other means."""
    if any(o.error and is_stub(o.error) for o in actual):
        row = PartResult("values", False, "not implemented yet", "not implemented yet", "missing")
        return Verdict(name, "missing", 0.0, (row,))
    parts = [_values_part(part, cases, expected, actual) for part in ("values", "stability", "bad input")]
    # a gradient that overflows is a matter of stability, not of the derivative
    parts += [_gradient_part("gradient", "values", cases, expected, actual)]
    parts += [_gradient_part("stability", "stability", cases, expected, actual)]
    parts += [_unchanged_part(actual), *properties]
    rows = _merged([row for row in parts if row is not None])
    judged_by_properties = all(c.compare == "any" for c in cases if c.part == "values")
    score = _score(rows, ("values", "properties") if judged_by_properties else ("values",))
    failing = [row for row in rows if not row.ok]
    if not failing:
        return Verdict(name, "pass", 1.0, rows)
    first = failing[0]
    status = first.status if score == 0 else "partial"
    found = next((b for b in beliefs if _explains(b, first.part, cases, expected, actual)), None)
    for lenient in ({"whole": False}, {"where_defined": True}):
        found = found or next(
            (b for b in beliefs if _explains(b, first.part, cases, expected, actual, **lenient)), None
        )
    if found:
        return Verdict(name, status, score, rows, found.name, found.belief, found.hints)
    if first.status == "error":  # a hint about the mathematics would only distract from the error's own text
        return Verdict(name, status, score, rows)
    extra = _constant_factor(cases, expected, actual) if first.part == "values" else ()
    return Verdict(name, status, score, rows, hints=extra + tuple((hints or {}).get(first.part, ())))


def is_stub(error: tuple[str, str]) -> bool:
    """Whether it is the stub's own error; torch raises NotImplementedError too, with a text, for a missing kernel."""
    return error[0] == "NotImplementedError" and error[1] in ("", "no answer yet")


def tolerance(case: Case) -> float:
    """The relative tolerance of a case: its own, else that of the coarsest dtype among its inputs."""
    if case.rtol is not None:
        return case.rtol
    dtypes = [str(x.dtype).removeprefix("torch.") for x in _arrays((case.args, case.kwargs))]
    return max((TOLERANCE.get(dtype, 0.0) for dtype in dtypes), default=0.0) or TOLERANCE["float64"]


def _arrays(tree):
    if isinstance(tree, (np.ndarray, torch.Tensor)):
        yield tree
    elif isinstance(tree, dict):
        yield from _arrays(list(tree.values()))
    elif isinstance(tree, (list, tuple)):
        for item in tree:
            yield from _arrays(item)


def _values_part(part, cases, expected, actual) -> PartResult | None:
    rows = [(c, e, a) for c, e, a in zip(cases, expected, actual, strict=True) if c.part == part]
    for case, wanted, found in rows:
        problem = _value_problem(case, wanted, found)
        if problem:
            status = "fail"
            if found.error and not case.raises:
                status = "memory" if found.error[0] in MEMORY_ERRORS else "error"
            return PartResult(
                part, False, f"{case.label}: {problem.public}", f"{case.label}: {problem.discreet}", status
            )
    return PartResult(part, True) if rows else None


def _value_problem(case: Case, wanted: Outcome, found: Outcome) -> Mismatch | None:
    if case.raises:
        if found.error is None:
            return Mismatch("values", *("must raise ValueError, but an answer came back",) * 2)
        if found.error[0] != "ValueError":
            message = f"must raise ValueError, but {found.error[0]} was raised"
            return Mismatch("values", f"{message}: {found.error[1]}", message)
        return None
    if found.error:
        return Mismatch("error", f"raised {found.error[0]}: {found.error[1]}", f"raised {found.error[0]}")
    return compare(case.compare, found.value, wanted.value, tolerance(case))


def _gradient_part(part: str, of: str, cases, expected, actual) -> PartResult | None:
    """Gradients of the cases that belong to the part `of`, reported under `part`."""
    rows = [(c, e, a) for c, e, a in zip(cases, expected, actual, strict=True) if c.grad and c.part == of]
    for case, wanted, found in rows:
        if found.error:
            return PartResult(
                part, False, f"{case.label}: raised {found.error[0]}", f"{case.label}: raised {found.error[0]}"
            )
        if part != "gradient" and found.grads is None:
            continue  # a graph that is missing everywhere is said once
        if found.grads is None or wanted.grads is None or len(found.grads) != len(wanted.grads):
            reason = found.gradient_error or "no gradient"
            return PartResult(part, False, f"{case.label}: {reason}", f"{case.label}: no gradient flows through it")
        for position, got, want in zip(case.grad, found.grads, wanted.grads, strict=True):
            if case.tangent:
                got, want = (_tangent(g, case.args[position]) for g in (got, want))
            problem = compare("close", got, want, tolerance(case))
            if problem:
                where = f"{case.label}, gradient in argument {position + 1}"
                return PartResult(part, False, f"{where}: {problem.public}", f"{where}: {problem.discreet}")
    return PartResult(part, True) if rows else None


def _tangent(gradient: np.ndarray, point: torch.Tensor) -> np.ndarray:
    x = point.detach().double().numpy()
    if gradient.shape != x.shape:
        return gradient
    along = (gradient * x).sum(-1, keepdims=True) / np.maximum((x * x).sum(-1, keepdims=True), 1e-300)
    return gradient - along * x


def _unchanged_part(actual) -> PartResult:
    if any(o.changed_inputs for o in actual):
        message = "the function changed its inputs; the caller still needs them (avoid in-place operations)"
        return PartResult("properties", False, message, message)
    return PartResult("properties", True)


def _merged(rows: list[PartResult]) -> tuple[PartResult, ...]:
    """One row per part, in the order of PART_WEIGHTS: the first failing one, else the one with something to say."""
    merged = []
    for part in PART_WEIGHTS:
        of_part = [row for row in rows if row.part == part]
        if of_part:
            merged.append(next((row for row in of_part if not row.ok), max(of_part, key=lambda row: len(row.public))))
    return tuple(merged)


def _score(rows: tuple[PartResult, ...], gates: tuple[str, ...]) -> float:
    """Weighted share of the parts that hold; 0 while a gate does not."""
    if any(row.part in gates and not row.ok for row in rows):
        return 0.0
    total = sum(PART_WEIGHTS[row.part] for row in rows)
    return sum(PART_WEIGHTS[row.part] for row in rows if row.ok) / total


def _explains(
    belief: Belief, part: str, cases, expected, actual, *, whole: bool = True, where_defined: bool = False
) -> bool:
    """Whether the misconception answers as the learner's function does, on the values and on the failing part.

    whole: False compares of a list of lines (a ladder) only those up to the first wrong one: the rest may follow from it.
    where_defined: True leaves out cases where the belief's formula has no finite value and the learner is wrong in another
    way: how a wrong formula fails there is a matter of style.
    """
    concerned = solid = skipped = 0
    for case, wanted, wrong, found in zip(cases, expected, belief.outcomes, actual, strict=True):
        of_part = case.part == part or (part == "properties" and case.compare == "any" and not case.raises)
        if of_part or case.part == "values":
            if where_defined and not case.raises and _undefined(wrong) and not _alike_outcomes(found, wrong, case):
                if _value_problem(case, wanted, found) is None:
                    return False
                skipped += 1
                continue
            concerned += of_part
            solid += not case.raises and not _undefined(wrong)
            if (found.error and found.error[0]) != (wrong.error and wrong.error[0]):
                return False
            value, other = found.value, wrong.value
            if not whole and case.compare == "close":
                value, other = _to_first_difference(value, other, wanted.value, tolerance(case))
            if found.error is None and not _alike(value, other, case.compare, tolerance(case)):
                return False
        if case.grad and (part == "gradient" if case.part == "values" else of_part):
            concerned += 1
            if not _alike(found.grads, wrong.grads, "close", tolerance(case)):
                return False
    return concerned > 0 and (solid > 0 or not skipped)


def _undefined(outcome: Outcome) -> bool:
    """Whether an answer is an error, or holds a number that is not finite."""
    return outcome.error is not None or any(
        x.dtype.kind == "f" and not np.isfinite(x).all() for x in _arrays(outcome.value)
    )


def _alike_outcomes(found: Outcome, wrong: Outcome, case: Case) -> bool:
    if found.error or wrong.error:
        return (found.error and found.error[0]) == (wrong.error and wrong.error[0])
    return _alike(found.value, wrong.value, case.compare, tolerance(case))


def _to_first_difference(found, wrong, wanted, rtol: float):
    """Both lists up to the first line in which `wrong` is wrong; other values as they are."""
    if not isinstance(wanted, list) or not all(isinstance(v, list) and len(v) == len(wanted) for v in (found, wrong)):
        return found, wrong
    end = next((i for i, w in enumerate(wanted) if compare("close", wrong[i], w, rtol)), len(wanted)) + 1
    return found[:end], wrong[:end]


def _alike(found, wrong, rule: str, rtol: float) -> bool:
    """Equal under the rule, where NaN also equals NaN."""
    if found is None or wrong is None:
        return found is None and wrong is None
    if isinstance(wrong, (list, tuple)):
        same = isinstance(found, (list, tuple)) and len(found) == len(wrong)
        return same and all(_alike(f, w, rule, rtol) for f, w in zip(found, wrong, strict=True))
    if isinstance(wrong, dict):
        same = isinstance(found, dict) and found.keys() == wrong.keys()
        return same and all(_alike(found[key], wrong[key], rule, rtol) for key in wrong)
    if not isinstance(found, np.ndarray) or not isinstance(wrong, np.ndarray) or found.shape != wrong.shape:
        return False
    if found.dtype.kind not in "fiub":
        return False
    nan = np.isnan(wrong.astype(float))
    if (np.isnan(found.astype(float)) != nan).any():
        return False
    # an answer that only properties judge explains itself by being the same answer
    return compare("close" if rule == "any" else rule, np.where(nan, 0, found), np.where(nan, 0, wrong), rtol) is None


NAMED_FACTORS = {
    -1.0: "The sign is flipped: your values are the right ones times -1.",
    2.0: "Your values are exactly twice the right ones.",
    0.5: "Your values are exactly half the right ones.",
    1 / math.log(2): "Your values are the right ones divided by ln 2: a logarithm in base 2. The course uses nats.",
    math.log(2): "Your values are the right ones times ln 2.",
    math.e: "Your values are the right ones times e.",
}


def _constant_factor(cases, expected, actual) -> tuple[str, ...]:
    """A hint when all answers are the right ones times one constant."""
    ratios = []
    for case, wanted, found in zip(cases, expected, actual, strict=True):
        if case.part != "values" or case.compare != "close" or not isinstance(wanted.value, np.ndarray):
            continue
        if tolerance(case) > 1e-6:  # single and half precision blur the ratio
            continue
        if not isinstance(found.value, np.ndarray) or found.value.shape != wanted.value.shape:
            return ()
        w, f = wanted.value.astype(float), found.value.astype(float)
        keep = (np.abs(w) > 1e-6) & np.isfinite(w)
        ratios += list((f[keep] / w[keep]).ravel())
    if len(ratios) < 2 or not np.isfinite(ratios).all() or np.ptp(ratios) > 1e-4 * max(1.0, abs(ratios[0])):
        return ()
    factor = float(np.median(ratios))
    if abs(factor - 1) < 1e-3:
        return ()
    named = next((text for value, text in NAMED_FACTORS.items() if abs(factor - value) < 1e-3 * abs(value)), None)
    return (named or f"Every value is the right one times {factor:.4g}: a constant factor is off.",)


@dataclass
class PublicCheck:
    """What the learner's notebook knows of a check: public cases, expected outcomes, misconceptions, symptom hints, and
    the properties that `course` defines, as (statement, "module:function"). A number question has a seal instead."""

    name: str
    cases: list[Case]
    expected: list[Outcome]
    beliefs: list[Belief] = field(default_factory=list)
    hints: dict[str, tuple[str, ...]] = field(default_factory=dict)
    properties: list[tuple[str, str]] = field(default_factory=list)
    seal: str = ""
