"""Tools for counterexamples in ball arithmetic: exact rational inputs, results that contain the true value.

python-flint's `arb` carries a midpoint and a radius; a comparison of two balls is true only if it holds for every pair of their
points. So `a > b` here is a proof, up to the correctness of the library. A loss is written from `q` (exact rational) and the
functions of `arb`.
"""

from __future__ import annotations

import operator
from fractions import Fraction

from flint import arb, ctx, fmpq

ctx.prec = 128  # bits: enough for differences of 1e-20

Number = int | float | Fraction | arb
NEGATION = {"<=": operator.gt, "<": operator.ge, ">=": operator.lt, ">": operator.le, "==": operator.ne}


def q(numerator: int | Fraction | str, denominator: int = 1) -> arb:
    """The rational number numerator/denominator as a ball; a `str` such as "1.12" is read as the decimal it shows."""
    value = Fraction(numerator) / denominator
    return arb(fmpq(value.numerator, value.denominator))


def refuted(claimed: tuple[Number, str, Number]) -> bool:
    """Is the negation of (a, relation, b) certain? Exact numbers and balls only: a float proves nothing."""
    a, relation, b = claimed
    for side in (a, b):
        if isinstance(side, bool) or not isinstance(side, (int, Fraction, arb)):
            raise TypeError(f"{side!r} is neither exact nor a ball")
    a, b = (side if isinstance(side, arb) else q(side) for side in (a, b))
    return bool(NEGATION[relation](a, b))


def square(x: arb) -> arb:
    """x times x; `x**2` is not a number where the ball holds 0 and has a radius."""
    return x * x


def log1p_exp(t: arb) -> arb:
    """ln(1 + e^t), the loss of one comparison."""
    return (1 + t.exp()).log()


def softmax_loss(scores: list[arb], right: int) -> arb:
    """-ln of the softmax probability of `scores[right]`."""
    return (sum((score - scores[right]).exp() for score in scores)).log()
