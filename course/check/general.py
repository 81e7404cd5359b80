"""What an answer shows that no belief of its question explains: slips that any function can have.

Each says no more than what the answer shows: which parts of the check fail, or that all values are one and the same change
of the right ones. The hints of the question follow, so none is lost.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from course.check.call import Outcome
from course.check.case import Case
from course.check.compare import compare
from course.check.naming import Belief, in_form
from course.check.parts import PartResult, tolerance, value_problem

SHARP = 1e-6  # a case with a coarser tolerance (single or half precision) tells no change from rounding
SINGLE = 1e-4  # relative, beyond which an answer in float32 is wrong in another way as well
LEAST = 3  # two numbers agree with many a formula

FACTORS = {  # factor -> name, belief, hint; the hints hold no number of the answer, which could encode hidden inputs in it
    -1.0: ("the opposite sign", "The sign is the opposite one.", "Your values are the right ones times -1."),
    2.0: ("twice", "There is a factor of 2.", "Your values are exactly twice the right ones."),
    0.5: ("half", "There is a factor of 1/2.", "Your values are exactly half the right ones."),
    1 / math.log(2): (
        "base 2",
        "Logarithms are taken in base 2.",
        "Your values are the right ones divided by ln 2: a logarithm in base 2. The course uses nats.",
    ),
    math.log(2): ("a factor of ln 2", "There is a factor of ln 2.", "Your values are the right ones times ln 2."),
    math.e: ("a factor of e", "There is a factor of e.", "Your values are the right ones times e."),
}
ANY_FACTOR = (
    "a constant factor",
    "There is one more factor, the same everywhere.",
    "Every value is the right one times one and the same number: a constant factor is off.",
)
CHANGES: tuple[tuple[str, str, Callable[[np.ndarray], np.ndarray]], ...] = (
    ("the square", "The square of the result is asked for.", np.square),
    ("the root", "The root of the result is asked for.", np.sqrt),
    ("the logarithm", "The logarithm of the result is asked for.", np.log),
    ("the exponential", "The exponential of the result is asked for.", np.exp),
    ("one over it", "One over the result is asked for.", np.reciprocal),
    ("one minus it", "One minus the result is asked for.", lambda x: 1 - x),
    ("the absolute value", "The result is never negative.", np.abs),
    ("rows for columns", "Rows and columns are the other way round.", np.transpose),
    (
        "the opposite order",
        "The entries come in the opposite order.",
        lambda x: np.atleast_1d(x)[::-1].reshape(x.shape),
    ),
    ("sorted", "The entries come sorted.", lambda x: np.sort(np.atleast_1d(x), axis=0).reshape(x.shape)),
    ("the sum of all", "The sum of all entries is asked for.", np.sum),
    ("the mean of all", "The mean of all entries is asked for.", np.mean),
)


def general(
    failing: Sequence[PartResult], cases: Sequence[Case], expected: Sequence[Outcome], actual: Sequence[Outcome]
) -> Belief | None:
    """The general slip that an answer shows, or None. failing: the parts that do not hold, at least one."""
    parts, case = {row.part for row in failing}, failing[0].case
    if "values" in parts:
        pairs = _numbers(cases, expected, actual)
        return _single_precision(pairs) or _factor(pairs) or _change(pairs)
    if parts == {"properties"} and any(outcome.changed_inputs for outcome in actual):
        hint = "Which line writes into an argument? x -= 1, x[i] = 1 and x.clamp_(0) do; x = x - 1 does not."
        return Belief("changed inputs", "The caller no longer needs what it passes in.", (hint,))
    if parts == {"bad input"}:
        return Belief("an input that is not refused", f"The function is never called with this: {case.label}.", ())
    if parts == {"gradient"}:
        hint = (
            "Does a step leave the graph, or hold a number still: .item(), .detach(), .data, numpy, torch.tensor(...)?"
        )
        return Belief("the gradient", "A right value has the right gradient.", (hint,))
    if parts == {"stability"}:
        hint = (
            "Print the intermediate results of the case named above: which is inf, NaN, 0 or 1 and should not be, or the"
            " small difference of large numbers?"
        )
        return Belief("extreme numbers", "What holds for numbers of ordinary size holds for all.", (hint,))
    return None


def _numbers(cases, expected, actual) -> list[tuple[np.ndarray, np.ndarray]]:
    """(right, found) for each number or array of the values that are compared closely, also within lists and dicts; []
    where an answer has another form, where all of them are right, or where one is wrong in place of infinity."""
    pairs, wrong = [], False
    for case, wanted, found in zip(cases, expected, actual, strict=True):
        if case.part != "values" or case.compare != "close" or tolerance(case) > SHARP:
            continue
        try:
            pairs += list(_leaves(wanted.value, found.value))
        except ValueError:
            return []
        wrong = wrong or value_problem(case, wanted, found) is not None
    infinite = [pair for pair in pairs if not np.isfinite(pair[0]).all()]
    if not wrong or not all(np.array_equal(one, other) for one, other in infinite):
        return []
    return [pair for pair in pairs if np.isfinite(pair[0]).all()]


def _leaves(wanted, found) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of arrays, as float64. Raises ValueError for trees of another form and for what is no number."""
    found = in_form(found, wanted)
    if isinstance(wanted, dict):
        if not isinstance(found, dict) or wanted.keys() != found.keys():
            raise ValueError("other keys")
        for key in wanted:
            yield from _leaves(wanted[key], found[key])
    elif isinstance(wanted, (list, tuple)):
        if not isinstance(found, (list, tuple)) or len(found) != len(wanted):
            raise ValueError("another length")
        for one, other in zip(wanted, found, strict=True):
            yield from _leaves(one, other)
    elif not isinstance(wanted, np.ndarray) or not isinstance(found, np.ndarray):
        raise ValueError("no array")
    elif wanted.dtype.kind != "f" or found.dtype.kind not in "fiu":
        raise ValueError("no numbers")
    else:
        yield wanted.astype(float), found.astype(float)


def _single_precision(pairs) -> Belief | None:
    if not pairs or not all(_is_single(found) for _, found in pairs) or all(_is_single(wanted) for wanted, _ in pairs):
        return None
    if any(compare("close", found, wanted, SINGLE) for wanted, found in pairs):
        return None
    return Belief("single precision", "Seven digits (float32) are enough.", (
        "Your values are right in their first digits, and all are numbers of float32. Where does it come in: .float(),"
        " torch.tensor([0.5]), torch.zeros(n)?",
        "Make new tensors in the dtype of the arguments: torch.zeros(n, dtype=x.dtype).",
    ))  # fmt: skip


def _is_single(values: np.ndarray) -> bool:
    with np.errstate(over="ignore"):
        return bool((values == values.astype(np.float32)).all())


def _factor(pairs) -> Belief | None:
    """All answers are the right ones times one constant."""
    ratios = []
    for wanted, found in pairs:
        if wanted.shape != found.shape:
            return None
        keep = np.abs(wanted) > 1e-6
        ratios += list(found[keep] / wanted[keep])
    if len(ratios) < 2 or not np.isfinite(ratios).all() or np.ptp(ratios) > 1e-4 * max(1.0, abs(ratios[0])):
        return None
    factor = float(np.median(ratios))
    if abs(factor - 1) < 1e-3:
        return None
    name, belief, hint = next((said for f, said in FACTORS.items() if abs(factor - f) < 1e-3 * abs(f)), ANY_FACTOR)
    return Belief(name, belief, (hint,))


def _change(pairs) -> Belief | None:
    """The one change that makes every right value the answer's."""
    for name, belief, change in CHANGES if sum(wanted.size for wanted, _ in pairs) >= LEAST else ():
        with np.errstate(all="ignore"):
            changed = [np.asarray(change(wanted)) for wanted, _ in pairs]
        fits = zip(changed, pairs, strict=True)
        if all(np.isfinite(c).all() and compare("close", found, c, 1e-9) is None for c, (_, found) in fits):
            return Belief(name, belief, ("This fits every value of yours: compare one with the right one.",))
    return None
