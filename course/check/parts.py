"""From outcomes to the parts of a verdict: which hold, and what is said where one does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from course.check.call import Outcome
from course.check.case import PART_WEIGHTS, Case
from course.check.compare import Mismatch, compare

MEMORY_ERRORS = ("MemoryError", "OutOfMemoryError")


@dataclass(frozen=True)
class PartResult:
    """One row of the table. `public` may quote numbers of public inputs, `discreet` may not.

    case: the one that failed; values: what came back there, and what is expected.
    """

    part: str
    ok: bool
    public: str = ""
    discreet: str = ""
    status: str = "fail"
    case: Case | None = None
    values: tuple = ()


def tolerance(case: Case) -> float:
    """The relative tolerance of a case: its own, else that of the coarsest dtype among its inputs."""
    return case.usual_rtol if case.rtol is None else case.rtol


def failed(part: str, case: Case, public: str, discreet: str, status: str = "fail", values: tuple = ()) -> PartResult:
    return PartResult(part, False, f"{case.label}: {public}", f"{case.label}: {discreet}", status, case, values)


def values_part(part, cases, expected, actual) -> PartResult | None:
    rows = [(c, e, a) for c, e, a in zip(cases, expected, actual, strict=True) if c.part == part]
    for case, wanted, found in rows:
        problem = value_problem(case, wanted, found)
        if problem:
            status = "fail"
            if found.error and not case.raises:
                status = "memory" if found.error[0] in MEMORY_ERRORS else "error"
            values = () if found.error or case.raises else (found.value, wanted.value)
            return failed(part, case, problem.public, problem.discreet, status, values)
    return PartResult(part, True) if rows else None


def value_problem(case: Case, wanted: Outcome, found: Outcome) -> Mismatch | None:
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


def gradient_part(part: str, of: str, cases, expected, actual) -> PartResult | None:
    """Gradients of the cases that belong to the part `of`, reported under `part`."""
    rows = [(c, e, a) for c, e, a in zip(cases, expected, actual, strict=True) if c.grad and c.part == of]
    for case, wanted, found in rows:
        if found.error:
            return failed(part, case, *(f"raised {found.error[0]}",) * 2)
        if part != "gradient" and found.grads is None:
            continue  # a graph that is missing everywhere is said once
        if found.grads is None or wanted.grads is None or len(found.grads) != len(wanted.grads):
            reason = found.gradient_error or "no gradient"
            return failed(part, case, reason, "no gradient flows through it")
        for position, got, want in zip(case.grad, fixed_grads(found, case), fixed_grads(wanted, case), strict=True):
            problem = compare("close", got, want, tolerance(case))
            if problem:
                where = f"gradient in argument {position + 1}: "
                return failed(part, case, where + problem.public, where + problem.discreet)
    return PartResult(part, True) if rows else None


def fixed_grads(outcome: Outcome, case: Case) -> tuple[np.ndarray, ...] | None:
    """The gradients, or the parts of them that the case compares."""
    if outcome.grads is None or not case.tangent:
        return outcome.grads
    return tuple(_tangent(g, case.args[i]) for i, g in zip(case.grad, outcome.grads, strict=False))


def _tangent(gradient: np.ndarray, point: torch.Tensor) -> np.ndarray:
    x = point.detach().double().numpy()
    if gradient.shape != x.shape:
        return gradient
    along = (gradient * x).sum(-1, keepdims=True) / np.maximum((x * x).sum(-1, keepdims=True), 1e-300)
    return gradient - along * x


def unchanged_part(actual) -> PartResult:
    if any(o.changed_inputs for o in actual):
        message = "the function changed its inputs; the caller still needs them (avoid in-place operations)"
        return PartResult("properties", False, message, message)
    return PartResult("properties", True)


def merged_parts(rows: list[PartResult]) -> tuple[PartResult, ...]:
    """One row per part, in the order of PART_WEIGHTS: the first failing one, else the one with something to say."""
    merged = []
    for part in PART_WEIGHTS:
        of_part = [row for row in rows if row.part == part]
        if of_part:
            merged.append(next((row for row in of_part if not row.ok), max(of_part, key=lambda row: len(row.public))))
    return tuple(merged)


def score_of(rows: tuple[PartResult, ...], gates: tuple[str, ...]) -> float:
    """Weighted share of the parts that hold; 0 while a gate does not."""
    if any(row.part in gates and not row.ok for row in rows):
        return 0.0
    total = sum(PART_WEIGHTS[row.part] for row in rows)
    return sum(PART_WEIGHTS[row.part] for row in rows if row.ok) / total
