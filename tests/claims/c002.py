"""Programs of the entries of source 002 (Merad et al.)."""

from __future__ import annotations

from flint import arb

from tests.claims.ball import q


def natural_logarithm() -> dict:
    """f = 0, two equally likely classes, k = 1: both losses are ln 2, tau = 1/2."""
    loss = arb(2).log()
    right = (loss - q(1, 2)) / q(1, 2)
    return {"left": loss, "right": right, "claimed": (loss, "<=", right)}
