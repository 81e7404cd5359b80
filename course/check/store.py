"""Public checks as data: `course/check/data/<function>.json`, written by `python -m autograder build`.

A file holds the public cases, the expected answers and, for each misconception, its answers where they differ. No
reference is stored, only its numbers on public inputs; the inputs that decide a grade are drawn when it is graded.
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from course.check.call import Outcome
from course.check.case import Case
from course.check.codec import pack, unpack
from course.check.judge import Belief, PublicCheck

DATA = Path(__file__).parent / "data"


def load_public_check(name: str) -> PublicCheck:
    path = DATA / f"{name}.json"
    if not name.isidentifier() or not path.exists():
        known = ", ".join(sorted(p.stem for p in DATA.glob("*.json")))
        raise ValueError(f"there is no check for {name!r}; checks exist for: {known}")
    return from_json(json.loads(path.read_text(encoding="utf-8")))


GENERATED = "by `python -m autograder build`; do not edit"


def sealed_to_json(check: PublicCheck) -> dict:
    """A number question: hashes of the answer and of wrong answers."""
    wrong = [{"name": b.name, "belief": b.belief, "hints": b.hints, "seal": b.seal} for b in check.beliefs]
    return {
        "generated": GENERATED,
        "function": check.name,
        "hints": check.hints,
        "seal": check.seal,
        "misconceptions": wrong,
    }


def to_json(check: PublicCheck) -> dict:
    beliefs = []
    for belief in check.beliefs:
        differing = {
            str(i): _outcome_to_json(o)
            for i, (o, e) in enumerate(zip(belief.outcomes, check.expected, strict=True))
            if _outcome_to_json(o) != _outcome_to_json(e)
        }
        beliefs.append({"name": belief.name, "belief": belief.belief, "hints": belief.hints, "outcomes": differing})
    return {
        "generated": GENERATED,
        "function": check.name,
        "hints": check.hints,
        "properties": check.properties,
        "cases": [
            {**_case_to_json(case), "expected": _outcome_to_json(outcome)}
            for case, outcome in zip(check.cases, check.expected, strict=True)
        ],
        "misconceptions": beliefs,
    }


def from_json(data: dict) -> PublicCheck:
    hints = {part: tuple(texts) for part, texts in data["hints"].items()}
    if "seal" in data:
        wrong = [Belief(m["name"], m["belief"], tuple(m["hints"]), seal=m["seal"]) for m in data["misconceptions"]]
        return PublicCheck(data["function"], [], [], wrong, hints, seal=data["seal"])
    cases = [_case_from_json(item) for item in data["cases"]]
    expected = [_outcome_from_json(item["expected"]) for item in data["cases"]]
    beliefs = []
    for item in data["misconceptions"]:
        stored = {int(i): _outcome_from_json(o) for i, o in item["outcomes"].items()}
        outcomes = tuple(stored.get(i, e) for i, e in enumerate(expected))
        beliefs.append(Belief(item["name"], item["belief"], tuple(item["hints"]), outcomes))
    properties = [(statement, function) for statement, function in data["properties"]]
    return PublicCheck(data["function"], cases, expected, beliefs, hints, properties)


def _case_to_json(case: Case) -> dict:
    out: dict[str, Any] = {"label": case.label, "args": _tree_to_json(list(case.args))}
    if case.kwargs:
        out["kwargs"] = _tree_to_json(case.kwargs)
    for f in fields(case):
        value = getattr(case, f.name)
        if f.name not in ("label", "args", "kwargs") and value != f.default:
            out[f.name] = value
    return out


def _case_from_json(item: dict) -> Case:
    rest = {f.name: item[f.name] for f in fields(Case) if f.name in item and f.name not in ("args", "kwargs")}
    rest["grad"] = tuple(rest.get("grad", ()))
    kwargs = _tree_from_json(item["kwargs"]) if "kwargs" in item else {}
    return Case(args=tuple(_tree_from_json(item["args"])), kwargs=kwargs, **rest)


def _outcome_to_json(outcome: Outcome) -> dict:
    if outcome.error:
        return {"error": [outcome.error[0], ""]}
    out = {"value": _tree_to_json(outcome.value, rounded=True)}
    if outcome.grads is not None:
        out["grads"] = _tree_to_json(list(outcome.grads), rounded=True)
    if outcome.gradient_error:
        out["gradient_error"] = "no gradient"
    return out


def _outcome_from_json(item: dict) -> Outcome:
    if "error" in item:
        return Outcome(error=tuple(item["error"]))
    grads = tuple(_tree_from_json(item["grads"])) if "grads" in item else None
    return Outcome(_tree_from_json(item["value"]), grads, gradient_error=item.get("gradient_error"))


def _tree_to_json(tree, rounded: bool = False) -> list:
    """Inputs are stored to the last bit (a rounded one can change a rank or a tie), answers to 12 digits: far below
    every tolerance (2e-9), and the same on machines that round the last digit of a sum differently."""
    node, arrays = pack(tree)
    number = _rounded if rounded else lambda x: x
    return [node] + [[a.dtype.name, list(a.shape), [number(x) for x in a.ravel().tolist()]] for a in arrays]


def _rounded(x):
    return float(f"{x:.12g}") if isinstance(x, float) else x


def _tree_from_json(data: list):
    arrays = [np.array(values, dtype=dtype).reshape(shape) for dtype, shape, values in data[1:]]
    return unpack(data[0], arrays)
