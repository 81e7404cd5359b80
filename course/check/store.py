"""Public checks as data: `course/check/data/<function>.json`, written by `python -m autograder build`.

A file holds the public cases, the expected answers and, for each misconception, its answers where they differ. No
reference is stored, only its numbers on public inputs; the inputs that decide a grade are drawn when it is graded.
Only what every machine agrees on is in it: inputs as short exact numbers, answers rounded far below the tolerance with
which they are judged and free of what the comparison leaves open, nothing where a misconception has no sure answer.
"""

from __future__ import annotations

import json
import math
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from course.check.call import Outcome
from course.check.case import Case
from course.check.compare import invariant
from course.check.judge import PublicCheck, SealedOrder
from course.check.naming import ANSWERED, SURE_ERRORS, UNDEFINED, Belief, same_outcome, undefined
from course.check.parts import fixed_grads, tolerance
from course.check.readable import from_readable, layout, to_readable

DATA = Path(__file__).parent / "data"
GENERATED = "by `python -m autograder build`; do not edit"
DIGITS = 1e-3  # of the tolerance: what an answer is rounded to
NOT_FINITE = "not finite"


def load_public_check(name: str) -> PublicCheck:
    path = DATA / f"{name}.json"
    if not name.isidentifier() or not path.exists():
        known = ", ".join(sorted(p.stem for p in DATA.glob("*.json")))
        raise ValueError(f"there is no check for {name!r}; checks exist for: {known}")
    return from_json(json.loads(path.read_text(encoding="utf-8")))


def to_text(data: dict) -> str:
    """One text, one input and one answer per line: a changed hint changes one line."""
    return layout(data, 4) + "\n"


def sealed_to_json(check: PublicCheck) -> dict:
    """A number question: hashes of the answer and of wrong answers."""
    wrong = [{"name": b.name, "belief": b.belief, "hints": b.hints, "seal": b.seal} for b in check.beliefs]
    return {**_head(check), "seal": check.seal, "misconceptions": wrong}


def order_to_json(check: PublicCheck) -> dict:
    """A proof with order: hashes of its beginnings, and the slips by the hashes of their labels."""
    order = check.order
    slips = [
        {"seal": seal, "name": b.name, "belief": b.belief, "hints": b.hints} for seal, b in sorted(order.slips.items())
    ]
    sealed = {"length": order.length, "lines": order.lines, "beginnings": sorted(order.beginnings), "slips": slips}
    return {**_head(check), "order": sealed, "misconceptions": []}


def to_json(check: PublicCheck) -> dict:
    beliefs = []
    for belief in check.beliefs:
        outcomes = {
            str(i): _outcome_to_json(wrong, case, wanted)
            for i, (wrong, case, wanted) in enumerate(zip(belief.outcomes, check.cases, check.expected, strict=True))
            if wrong is None or not same_outcome(wrong, wanted, wanted, case)
        }
        beliefs.append({"name": belief.name, "belief": belief.belief, "hints": belief.hints, "outcomes": outcomes})
    cases = [
        {**case_to_json(case), "expected": _outcome_to_json(wanted, case, wanted)}
        for case, wanted in zip(check.cases, check.expected, strict=True)
    ]
    return {**_head(check), "properties": check.properties, "cases": cases, "misconceptions": beliefs}


def _head(check: PublicCheck) -> dict:
    return {"generated": GENERATED, "function": check.name, "hints": check.hints}


def from_json(data: dict) -> PublicCheck:
    hints = {part: tuple(texts) for part, texts in data["hints"].items()}
    if "seal" in data:
        wrong = [Belief(m["name"], m["belief"], tuple(m["hints"]), seal=m["seal"]) for m in data["misconceptions"]]
        return PublicCheck(data["function"], [], [], wrong, hints, seal=data["seal"])
    if "order" in data:
        order = data["order"]
        slips = {s["seal"]: Belief(s["name"], s["belief"], tuple(s["hints"])) for s in order["slips"]}
        sealed = SealedOrder(order["length"], frozenset(order["beginnings"]), slips, order["lines"])
        return PublicCheck(data["function"], [], [], [], hints, order=sealed)
    cases = [case_from_json(item) for item in data["cases"]]
    expected = [_outcome_from_json(item["expected"]) for item in data["cases"]]
    beliefs = []
    for item in data["misconceptions"]:
        stored = {int(i): _outcome_from_json(o) for i, o in item["outcomes"].items()}
        outcomes = tuple(stored.get(i, e) for i, e in enumerate(expected))
        beliefs.append(Belief(item["name"], item["belief"], tuple(item["hints"]), outcomes))
    properties = [(statement, function) for statement, function in data["properties"]]
    return PublicCheck(data["function"], cases, expected, beliefs, hints, properties)


def case_to_json(case: Case) -> dict:
    out: dict[str, Any] = {"label": case.label, "args": to_readable(list(case.args))}
    if case.kwargs:
        out["kwargs"] = to_readable(case.kwargs)
    for f in fields(case):
        value = getattr(case, f.name)
        if f.name not in ("label", "args", "kwargs") and value != f.default:
            out[f.name] = value
    return out


def case_from_json(item: dict) -> Case:
    rest = {f.name: item[f.name] for f in fields(Case) if f.name in item and f.name not in ("args", "kwargs")}
    rest["grad"] = tuple(rest.get("grad", ()))
    kwargs = from_readable(item["kwargs"]) if "kwargs" in item else {}
    return Case(args=tuple(from_readable(item["args"])), kwargs=kwargs, **rest)


def _outcome_to_json(outcome: Outcome | None, case: Case, wanted: Outcome) -> Any:
    """null: nothing to rely on; {"error": ...}: raises, or has no value ("undefined"); {}: anything but ValueError."""
    if outcome is None:
        return None
    if outcome.error and (case.raises or outcome.error[0] in SURE_ERRORS):
        return {} if case.raises and outcome.error[0] != "ValueError" else {"error": outcome.error[0]}
    if outcome.value is None and outcome.error is None:
        return {}
    if not case.raises and undefined(outcome, wanted):
        return {"error": UNDEFINED.error[0]}
    rtol = tolerance(case)
    out = {"value": to_readable(_rounded(invariant(case.compare, outcome.value), rtol))}
    if not case.grad:
        return out
    grads = fixed_grads(outcome, case)
    if grads is None:
        return {**out, "gradient_error": "no gradient"}
    finite = all(np.isfinite(g).all() for g in grads)
    return {**out, "grads": to_readable([_rounded(g, rtol) for g in grads]) if finite else NOT_FINITE}


def _outcome_from_json(item: Any) -> Outcome | None:
    if item is None:
        return None
    if "error" in item:
        return Outcome(error=(item["error"], ""))
    if "value" not in item:
        return ANSWERED
    grads = item.get("grads")
    if grads is not None:
        grads = (np.array(np.nan),) if grads == NOT_FINITE else tuple(from_readable(grads))
    return Outcome(from_readable(item["value"]), grads, gradient_error=item.get("gradient_error"))


def _rounded(tree: Any, rtol: float) -> Any:
    """Floating numbers as float64 with the decimals that matter: errors stay below a thousandth of the tolerance."""
    if isinstance(tree, list):
        return [_rounded(item, rtol) for item in tree]
    if isinstance(tree, dict):
        return {key: _rounded(item, rtol) for key, item in tree.items()}
    if isinstance(tree, np.ndarray) and tree.dtype.kind == "f":
        return np.array([_decimals(x, rtol) for x in tree.astype(float).ravel().tolist()]).reshape(tree.shape)
    return tree


def _decimals(x: float, rtol: float) -> float:
    if not math.isfinite(x):
        return x
    return round(x, -math.floor(math.log10(DIGITS * rtol * max(1.0, abs(x))))) + 0.0
