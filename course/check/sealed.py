"""Answers that are a single number, stored so that they can be recognised but not read.

A function's public answers are numbers on public inputs, and knowing them does not write the function. The answer to a
number question is the question: it is kept as a slow hash of the number rounded to 1e-7.
"""

from __future__ import annotations

import hashlib
import math

from course.check.judge import PartResult, PublicCheck, Verdict

GRID = 1e-7


def seal(name: str, value: float, step: int = 0) -> str:
    """Hash of the number's place on the grid (moved by `step` places), salted with the question's name."""
    place = f"{round(value / GRID) + step}".encode()
    return hashlib.scrypt(place, salt=name.encode(), n=2**12, r=8, p=1, dklen=16).hex()


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
    return Verdict(public.name, "fail", 0.0, (row,), hints=public.hints.get("values", ()))
