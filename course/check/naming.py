"""Which belief explains an answer: a name is given only where the misconception answers as the learner's function does."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from course.check.call import Outcome
from course.check.case import Case
from course.check.compare import compare, near, terms
from course.check.parts import fixed_grads, tolerance, value_problem

# what an outcome comes down to where a formula has no value, and where a call that must raise ValueError does not
UNDEFINED, ANSWERED = Outcome(error=("undefined", "")), Outcome()
MANY = 3  # cases that must speak for a belief where others are left out
SURE_ERRORS = ("IndexError", "KeyError", "TypeError", "AttributeError")  # no matter of the last digit


@dataclass
class Computed:
    """Outcomes, each computed when it is first read: most misconceptions disagree with an answer at its first case."""

    rest: Iterator[Outcome]
    known: list[Outcome] = field(default_factory=list)

    def __iter__(self) -> Iterator[Outcome]:
        yield from self.known
        for outcome in self.rest:
            self.known.append(outcome)
            yield outcome


@dataclass(frozen=True)
class Belief:
    """A misconception together with what it answers on the same cases; None where that is not to be relied on."""

    name: str
    belief: str
    hints: tuple[str, ...]
    outcomes: Iterable[Outcome | None] = ()
    seal: str = ""


def explaining(
    beliefs: Sequence[Belief],
    pairs: Iterable[Belief],
    part: str,
    cases: Sequence[Case],
    expected: Sequence[Outcome],
    actual: Sequence[Outcome],
) -> Belief | None:
    """The belief that explains the failing part: one that does so wholly, else one that does so as far as can be said, else
    one that explains all that is wrong, else the only pair that does."""
    for lenient in ({}, {"whole": False}, {"where_defined": True}, {"where_defined": True, "where_wrong": True}):
        for belief in beliefs:
            if _explains(belief, part, cases, expected, actual, **lenient):
                return belief
    both = [pair for pair in pairs if _explains(pair, part, cases, expected, actual, valued=True)]
    return both[0] if len(both) == 1 else None


def _explains(
    belief: Belief,
    part: str,
    cases,
    expected,
    actual,
    *,
    whole: bool = True,
    where_defined: bool = False,
    where_wrong: bool = False,
    valued: bool = False,
) -> bool:
    """Whether the misconception answers as the learner's function does, on the values and on the failing part.

    whole: False compares of a list of lines only those up to the first wrong one, of a ladder the terms up to the first wrong
    one: the rest may follow from it.
    where_defined: True leaves out cases where the belief's formula has no finite value and the learner is wrong in another
    way: how a wrong formula fails there is a matter of style.
    where_wrong: True leaves out cases that the learner has right, as one who believes it may (a case that is looked at on its
    own: n = 0, no collision); what is left must be MANY cases, and more than what is left out.
    valued: True asks for a finite value somewhere: raising the same kind of error everywhere is no evidence.
    """
    # where many answers are right, who is right has another one than the misconception
    free = all(case.compare == "any" for case in cases if case.part == "values")
    concerned = solid = excepted = 0
    telling = 0  # cases where the misconception is known to answer otherwise than is right
    for case, wanted, wrong, found in zip(cases, expected, belief.outcomes, actual, strict=True):
        if wrong is None:
            continue
        of_part = case.part == part or (part == "properties" and case.compare == "any" and not case.raises)
        if part == "bad input" and free:
            if refused(found) != refused(wrong):
                return False
            answered = found.error is None and wrong.error is None
            solid += answered and not case.raises
            concerned += case.raises
            telling += answered and case.raises
            continue
        if of_part or case.part == "values":
            defined = not case.raises and not undefined(wrong, wanted)
            if not _alike_outcomes(found, wrong, wanted, case, whole):
                right = value_problem(case, wanted, found) is None
                style = where_defined and not case.raises and not defined and not right
                if not style and not (where_wrong and right):
                    return False
                excepted += right
                continue
            telling += not same_outcome(wrong, wanted, wanted, case) or wrong.changed_inputs
            concerned += of_part
            solid += defined and not (valued and wrong.error)
        if case.grad and (part == "gradient" if case.part == "values" else of_part):
            concerned += 1
            if not undefined(wrong, wanted) and not _alike_grads(found, wrong, case):
                return False
    if where_wrong and not (telling >= MANY and telling > excepted):
        return False
    return concerned > 0 and solid > 0 and telling > 0


def same_answers(
    some: Iterable[Outcome], others: Iterable[Outcome], expected: Sequence[Outcome], cases: Sequence[Case]
) -> bool:
    """Whether no case tells two functions apart: neither a value, an error, a gradient nor a changed input."""
    return all(
        same_outcome(one, other, wanted, case) and one.changed_inputs == other.changed_inputs
        for one, other, wanted, case in zip(some, others, expected, cases, strict=True)
    )


def undefined(outcome: Outcome, wanted: Outcome) -> bool:
    """Whether an answer is an error (but one of SURE_ERRORS), or holds NaN, or infinity where the right one is finite."""
    if outcome.error is not None:
        return outcome.error[0] not in SURE_ERRORS
    return outcome.has_nan or (outcome.infinite and not wanted.infinite)


def same_outcome(a: Outcome, b: Outcome, wanted: Outcome, case: Case) -> bool:
    """Whether two outcomes are the same answer to a case, whose right answer is `wanted`."""
    if not _alike_outcomes(a, b, wanted, case):
        return False
    return not case.grad or undefined(b, wanted) or _alike_grads(a, b, case)


def _alike_outcomes(found: Outcome, wrong: Outcome, wanted: Outcome, case: Case, whole: bool = True) -> bool:
    """Equal values, or none in both; where a call must raise, whether both do, and what they answer if it is known.
    whole: see `_explains`."""
    if case.raises:
        if refused(found) or refused(wrong) or wrong.error or wrong.value is None or wrong.has_nan:
            return refused(found) == refused(wrong)
        return not found.error and _alike(found.value, wrong.value, case.compare, tolerance(case))
    lacking = undefined(found, wanted), undefined(wrong, wanted)
    if any(lacking):
        return all(lacking)
    if found.error or wrong.error:
        return (found.error and found.error[0]) == (wrong.error and wrong.error[0])
    value, other = found.value, wrong.value
    right = None if whole else wanted.value
    if case.compare == "ladder":
        return _same_ladder(value, other, right, tolerance(case))
    if not whole and case.compare == "close":
        value, other = _to_first_difference(value, other, wanted.value, tolerance(case))
    return _alike(value, other, case.compare, tolerance(case))


def refused(outcome: Outcome) -> bool:
    return outcome.error is not None and outcome.error[0] == "ValueError"


def _alike_grads(found: Outcome, wrong: Outcome, case: Case) -> bool:
    """The same gradients, or none in both, or such as are not finite in both."""
    one, other = (_finite_grads(outcome, case) for outcome in (found, wrong))
    if one is None or other is None:
        return one is other and (found.grads is None) == (wrong.grads is None)
    return _alike(one, other, "close", tolerance(case))


def _finite_grads(outcome: Outcome, case: Case) -> tuple[np.ndarray, ...] | None:
    grads = fixed_grads(outcome, case) if outcome.finite_grads else None
    if case.tangent and grads is not None and not all(np.isfinite(g).all() for g in grads):
        return None
    return grads


def _same_ladder(found, wrong, wanted, rtol: float) -> bool:
    """The same number of terms in every line, and the same terms; with `wanted` only up to the first term that is wrong."""
    if [len(terms(line)) for line in terms(found)] != [len(terms(line)) for line in terms(wrong)]:
        return False
    found, wrong = _flat(found), _flat(wrong)
    if wanted is not None:
        found, wrong = _to_first_difference(found, wrong, _flat(wanted), rtol)
    return _alike(found, wrong, "close", rtol)


def _flat(ladder) -> list:
    """All terms of a ladder, one after the other."""
    return [term for line in terms(ladder) for term in terms(line)]


def _to_first_difference(found, wrong, wanted, rtol: float):
    """Both lists up to the first line in which `wrong` is wrong; other values as they are."""
    if not isinstance(wanted, list) or not all(isinstance(v, list) and len(v) == len(wanted) for v in (found, wrong)):
        return found, wrong
    end = next((i for i, w in enumerate(wanted) if compare("close", wrong[i], w, rtol)), len(wanted)) + 1
    return found[:end], wrong[:end]


def in_form(found, wanted):
    """The answer as an array where `wanted` is one, as a list where `wanted` is one: the values accept either."""
    if isinstance(wanted, np.ndarray) and isinstance(found, (list, tuple)):
        with contextlib.suppress(ValueError, TypeError):  # ragged, or no numbers: as it is
            return np.asarray([np.asarray(item) for item in found])
    if isinstance(wanted, (list, tuple)) and isinstance(found, np.ndarray) and found.ndim:
        return [np.asarray(item) for item in found]
    return found


def _alike(found, wrong, rule: str, rtol: float) -> bool:
    """Equal under the rule, where `wrong` is the value of a misconception, or a part of one."""
    if found is None or wrong is None:
        return found is None and wrong is None
    if rule not in ("close", "any"):
        return compare(rule, found, wrong, rtol) is None
    found = in_form(found, wrong)
    if isinstance(wrong, (list, tuple)):
        same = isinstance(found, (list, tuple)) and len(found) == len(wrong)
        return same and all(_alike(f, w, rule, rtol) for f, w in zip(found, wrong, strict=True))
    if isinstance(wrong, dict):
        same = isinstance(found, dict) and found.keys() == wrong.keys()
        return same and all(_alike(found[key], wrong[key], rule, rtol) for key in wrong)
    if not isinstance(found, np.ndarray) or not isinstance(wrong, np.ndarray) or found.shape != wrong.shape:
        return False
    # an answer that only properties judge explains itself by being the same answer
    if found.dtype.kind not in ("b" if wrong.dtype.kind == "b" else "fiub"):
        return False
    return near(found, wrong, rtol)
