"""Proof ladders in properties: a line is a number or the list of its terms, and its value is their sum."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

SLACK = 1e-8  # additive, what rounding may do to a line; softplus with a switch at 20 puts up to 2e-9 into one


def totals(lines: Sequence, names: Sequence[str]) -> list[float]:
    """The value of each line. Raises ValueError when there are not as many lines as names."""
    if len(lines) != len(names):
        raise ValueError(f"there are {len(names)} lines, {len(lines)} came back")
    return [float(np.sum(line)) for line in lines]


def first_break(
    lines: Sequence, names: Sequence[str], equal: Collection[int] = (), *, rising: bool = False
) -> str | None:
    """Where the ladder breaks, in words, else None: no line may lie above the one before it (below it, if `rising`), and the
    lines with an index in `equal` must agree with it."""
    values = totals(lines, names)
    sign, wrong, other = (-1, "below", "above") if rising else (1, "above", "below")
    for i in range(1, len(names)):
        rise = sign * (values[i] - values[i - 1])
        if not rise <= SLACK:  # also catches NaN
            return f"{names[i]} lies {wrong} {names[i - 1]} by {rise:.3g}"
        if i in equal and rise < -SLACK:
            return f"{names[i]} lies {other} {names[i - 1]} by {-rise:.3g}, but this step is an identity"
    return None
