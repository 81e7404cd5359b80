"""A proof in the right order: the answer is a list of labels, and any order in which each line uses only what stands above
it is right. What is told is the first line that does not fit, and the belief behind it.

A notebook knows the right orders as slow hashes only: one for each set of lines that can stand above the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course.check.judge import Verdict
from course.check.naming import Belief
from course.check.parts import PartResult

FALSE, EARLY = "false", "early"


def labels(answer: Any) -> list[str] | None:
    """The labels of an answer: a list of letters, or a string of them ("BDA", "B, D, A"); None for anything else."""
    items = answer.replace(",", " ").replace(" ", "").upper() if isinstance(answer, str) else answer
    if not isinstance(items, (str, list, tuple)) or len(items) > 26:
        return None
    good = all(isinstance(item, str) and len(item) == 1 and "A" <= item.upper() <= "Z" for item in items)
    return [item.upper() for item in items] if good else None


def encoded(answer: Any) -> np.ndarray:
    """The labels as numbers, which is what travels out of the sandbox. Raises TypeError for what are no labels."""
    found = labels(answer)
    if found is None:
        raise TypeError('an order is a list of labels such as ["B", "A"]')
    return np.array([ord(label) for label in found], dtype=np.int64)


def decoded(value: Any) -> list[str] | None:
    """Inverse of `encoded`; None for anything else."""
    if not isinstance(value, np.ndarray) or value.ndim != 1 or value.dtype.kind != "i" or len(value) > 26:
        return None
    return labels([chr(code) if 0 < code < 128 else "" for code in value.tolist()])


def order_verdict(
    name: str,
    answer: list[str] | None,
    length: int,
    fits: Callable[[list[str]], bool],
    belief: Callable[[str, str], Belief | None],
    hints: tuple[str, ...] = (),
) -> Verdict:
    """The verdict on a list of labels.

    length  the number of lines of the proof
    fits    whether these lines, in some order, can stand at its beginning
    belief  (FALSE or EARLY, label) -> what putting that label where it does not fit shows; None where nothing is known
    """
    if answer is None:
        return _fail(name, 'must be a list of labels such as ["B", "A", "D"]', hints)
    for index, label in enumerate(answer):
        line = f"line {index + 1}, {label},"
        if label in answer[:index]:
            return _fail(name, f"{line} stands there already", hints)
        if fits(answer[: index + 1]):
            continue
        found = belief(FALSE, label) or belief(EARLY, label)
        return _fail(name, f"{line} does not follow from what stands above it, or is not true", hints, found)
    if len(answer) < length:
        if not answer:
            return _fail(name, "there is no line yet", hints)
        return _fail(name, f"all of your {len(answer)} lines fit, but the proof is not complete", ())
    return Verdict(name, "pass", 1.0, (PartResult("values", True),))


def _fail(name: str, message: str, hints: tuple[str, ...], found: Belief | None = None) -> Verdict:
    row = (PartResult("values", False, message, message),)
    if found is None:
        return Verdict(name, "fail", 0.0, row, hints=hints)
    return Verdict(name, "fail", 0.0, row, found.name, found.belief, found.hints)
