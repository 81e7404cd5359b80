"""Answers that are a single number, stored so that they can be recognised but not read.

A function's public answers are numbers on public inputs, and knowing them does not write the function. The answer to a
number question is the question: it is kept as a slow hash of the number rounded to 1e-7.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

from course.check.judge import PublicCheck, Verdict
from course.check.order import labels, order_verdict
from course.check.parts import PartResult

GRID = 1e-7
ROUNDED = range(3, 9)  # digits of a number that somebody read off and typed
FACTORS = {  # the number times a factor is the right one
    -1.0: "Look at the sign.",
    2.0: "A factor 2 is missing.",
    0.5: "A factor 1/2 is missing.",
    math.log(2): "That is a number of bits: the natural logarithm is meant, and the answer in nats.",
    1 / math.log(2): "There is a factor ln 2 too many.",
}


def seal(name: str, value: float, step: int = 0) -> str:
    """Hash of the number's place on the grid (moved by `step` places), salted with the question's name."""
    return sealed_text(name, f"{round(value / GRID) + step}")


def sealed_text(name: str, text: str) -> str:
    """Hash of a text, salted with the question's name."""
    return hashlib.scrypt(text.encode(), salt=name.encode(), n=2**12, r=8, p=1, dklen=16).hex()


def number_verdict(public: PublicCheck, value: float | None) -> Verdict:
    """The verdict on a number; None is no answer yet, NaN something that is no number."""
    if value is None:
        row = PartResult("values", False, "no answer yet", "no answer yet", "missing")
        return Verdict(public.name, "missing", 0.0, (row,))
    if not math.isfinite(value) or abs(value) > 1e9:
        row = PartResult("values", False, "must be a single finite number", "must be a single finite number")
        return Verdict(public.name, "fail", 0.0, (row,), hints=public.hints.get("values", ()))
    seals = {seal(public.name, value, step) for step in (-1, 0, 1)}
    if public.seal in seals:
        return Verdict(public.name, "pass", 1.0, (PartResult("values", True),))
    row = PartResult("values", False, f"{value:.8g} is not the number", "not the number")
    found = next((belief for belief in public.beliefs if belief.seal in seals), None)
    if found:
        return Verdict(public.name, "fail", 0.0, (row,), found.name, found.belief, found.hints)
    near = next((text for factor, text in FACTORS.items() if public.seal == seal(public.name, value * factor)), "")
    if not near and len(repr(abs(value)).replace(".", "").strip("0")) in ROUNDED:
        near = "If these are the first digits of a longer number: give the whole expression, such as `math.log(3)`."
    return Verdict(
        public.name, "fail", 0.0, (row,), hints=(*((near,) if near else ()), *public.hints.get("values", ()))
    )


def beginning_seal(name: str, lines: list[str]) -> str:
    """Hash of a set of lines, whatever their order."""
    return sealed_text(name, "".join(sorted(lines)))


def slip_seal(name: str, kind: str, label: str) -> str:
    return sealed_text(name, f"{kind} {label}")


def sealed_order_verdict(public: PublicCheck, answer: Any) -> Verdict:
    """The verdict on a list of labels; None is no answer yet."""
    if answer is None or answer is Ellipsis:
        return number_verdict(public, None)
    order = public.order
    return order_verdict(
        public.name,
        labels(answer),
        order.length,
        lambda lines: beginning_seal(public.name, lines) in order.beginnings,
        lambda kind, label: order.slips.get(slip_seal(public.name, kind, label)),
        public.hints.get("values", ()),
    )
