"""From outcomes to a verdict: which parts hold, what is wrong, which belief explains it, and the hints.

The same rules serve the learner's notebook (public inputs, stored answers) and the autograder (hidden inputs, answers
of the reference): `judge` gets, for each case, the expected and the actual outcome.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from course.check.call import Outcome
from course.check.case import Case
from course.check.errors import error_hints
from course.check.general import general
from course.check.naming import Belief, explaining
from course.check.parts import PartResult, gradient_part, merged_parts, score_of, unchanged_part, values_part


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
    pairs: Iterable[Belief] = (),
) -> Verdict:
    """The verdict on `actual`. `properties` are results that the caller found by other means.

    pairs: two slips at once, looked at when no single belief explains the answer. Where two pairs explain it, neither is
    named. Their outcomes are read once and only up to the first that disagrees, so they may be computed on the way.
    """
    if any(o.error and is_stub(o.error) for o in actual):
        row = PartResult("values", False, "not implemented yet", "not implemented yet", "missing")
        return Verdict(name, "missing", 0.0, (row,))
    parts = [values_part(part, cases, expected, actual) for part in ("values", "stability", "bad input")]
    # a gradient that overflows is a matter of stability, not of the derivative
    parts += [gradient_part("gradient", "values", cases, expected, actual)]
    parts += [gradient_part("stability", "stability", cases, expected, actual)]
    parts += [unchanged_part(actual), *properties]
    rows = merged_parts([row for row in parts if row is not None])
    judged_by_properties = all(c.compare == "any" for c in cases if c.part == "values")
    score = score_of(rows, ("values", "properties") if judged_by_properties else ("values",))
    failing = [row for row in rows if not row.ok]
    if not failing:
        return Verdict(name, "pass", 1.0, rows)
    first = failing[0]
    status = first.status if score == 0 else "partial"
    found = explaining(beliefs, pairs, first.part, cases, expected, actual)
    if found:
        return Verdict(name, status, score, rows, found.name, found.belief, found.hints)
    of_case = (first.case.hint,) if first.case and first.case.hint else ()
    if first.status == "error":  # a hint about the mathematics would only distract from the error's own text
        raised = next((o.error for c, o in zip(cases, actual, strict=True) if c is first.case and o.error), ("", ""))
        return Verdict(name, status, score, rows, hints=error_hints(raised) or of_case)
    shown = general(failing, cases, expected, actual) or Belief("", "", ())
    of_question = of_case + tuple((hints or {}).get(first.part, ()))
    return Verdict(name, status, score, rows, shown.name, shown.belief, shown.hints + of_question)


def is_stub(error: tuple[str, str]) -> bool:
    """Whether it is the stub's own error; torch raises NotImplementedError too, with a text, for a missing kernel."""
    return error[0] == "NotImplementedError" and error[1] in ("", "no answer yet")


@dataclass(frozen=True)
class SealedOrder:
    """A proof with order as hashes: of each set of lines that can stand at its beginning, and of (kind, label) -> belief.
    lines: label -> text, as the question shows them."""

    length: int
    beginnings: frozenset[str]
    slips: dict[str, Belief]
    lines: dict[str, str]


@dataclass
class PublicCheck:
    """What the learner's notebook knows of a check: public cases, expected outcomes, misconceptions, symptom hints, and
    the properties that `course` defines, as (statement, "module:function"). A number question has a seal instead, and a
    proof with order its sealed order."""

    name: str
    cases: list[Case]
    expected: list[Outcome]
    beliefs: list[Belief] = field(default_factory=list)
    hints: dict[str, tuple[str, ...]] = field(default_factory=dict)
    properties: list[tuple[str, str]] = field(default_factory=list)
    seal: str = ""
    order: SealedOrder | None = None
