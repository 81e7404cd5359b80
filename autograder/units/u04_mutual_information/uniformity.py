"""uniformity: what its check looks at.

Gradients are compared after projection to the tangent space. Blind inputs avoided: equally spaced rows (hide many
mistakes behind symmetry), B = 2 alone (one pair: hides sums and means of logarithms). No float16: torch.pdist, which
the authors of the loss use, does not exist for it on a CPU.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.draw import strided, tensor, unit_rows
from autograder.spec import Exercise
from course import validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "uniformity",
    hints={
        "values": (
            "Two opposite unit vectors are at squared distance 4: uniformity -4 t. Two identical ones: 0.",
            "B rows have B (B - 1) / 2 pairs i < j; a row is no pair with itself.",
        ),
        "gradient": (
            "Keep the graph. At identical rows the distance has no derivative, its square has: avoid the root.",
        ),
        "stability": (
            "exp(-10000 * 0.5) is exactly 0 in floating point, and its logarithm is -inf.",
            "`torch.logsumexp` of the exponents, minus the logarithm of the number of pairs.",
        ),
        "bad input": ("`require_unit_rows(x=x)`, `validate.positive(t=t)`, and at least two rows.",),
        "properties": ("Rotating or permuting the rows changes nothing.",),
    },
)


@exercise.cases
def cases(rng):
    yield Case("B = 6, d = 3", (unit_rows(rng, 6, 3),), grad=(0,), tangent=True)
    yield Case("B = 5, d = 2, t = 0.5", (unit_rows(rng, 5, 2), 0.5), grad=(0,), tangent=True)
    yield Case("B = 7, d = 4, t = 3 by name", (unit_rows(rng, 7, 4),), {"t": 3})
    yield Case("two rows", (unit_rows(rng, 2, 3), 1.0), grad=(0,), tangent=True)
    x = unit_rows(rng, 4, 3)
    x[1] = x[0]
    yield Case("two identical rows among four", (x, 2.0), grad=(0,), tangent=True)
    yield Case("not contiguous", (strided(unit_rows(rng, 5, 3)), 2), grad=(0,), tangent=True)
    yield Case("float32", (unit_rows(rng, 6, 4, dtype=torch.float32), 2))
    x = unit_rows(rng, 5, 8)  # d = 8: no two rows come so close that a potential at t = 1e4 does not underflow
    yield Case("t = 1e4", (x, 1e4), part="stability", grad=(0,), tangent=True, rtol=1e-7)  # |x|^2 = 1 +- 1e-12, times t
    yield Case("t = 2000, float32", (x.float(), 2e3), part="stability", rtol=1e-3)  # 2 - 2 x.y: 1e-7 times t
    yield bad_input("one row", x[:1])
    yield bad_input("a row of norm 1.1", x * torch.tensor([[1.1], [1.0], [1.0], [1.0], [1.0]], dtype=torch.float64))
    yield bad_input("rows of norm 2", 2 * x)
    yield bad_input("t = 0", x, 0)
    yield bad_input("t = -2", x, -2.0)
    yield bad_input("NaN", torch.full((3, 2), math.nan, dtype=torch.float64))
    yield bad_input("three axes", unit_rows(rng, 2, 3, 2))


@exercise.property("rotating and permuting the rows changes nothing")
def invariance(f, rng):
    x = unit_rows(rng, 5, 3)
    q = torch.linalg.qr(tensor(rng, 3, 3)).Q
    moved = (x @ q)[torch.from_numpy(rng.permutation(5))]
    if abs(f(x, 2.0) - f(moved, 2.0)) > 1e-9:
        return "rotating and permuting the rows changed the uniformity"


@exercise.property("never positive, 0 when all rows are equal, -4t for two opposite rows")
def extremes(f, rng):
    x = unit_rows(rng, 1, 3)
    if abs(f(x.repeat(4, 1), 2.0)) > 1e-9 or abs(f(torch.cat([x, -x]), 1.5) + 6) > 1e-8:
        return "equal rows must give 0, two opposite rows -4 t"
    if f(unit_rows(rng, 5, 3), 2.0) > 1e-9:
        return "a positive value came back; a mean of potentials is at most 1"


@exercise.wrong(
    "pairs with itself",
    belief="The mean runs over all B^2 ordered pairs.",
    hints=(
        "How many pairs do you average over?",
        "Each row at distance 0 from itself adds B potentials of 1.",
        "Only pairs i < j (or i != j: the same mean).",
    ),
)
def uniformity(x, t=2):
    squared = (x[:, None] - x[None, :]).square().sum(-1)
    return (-t * squared).flatten().logsumexp(0) - math.log(len(x) ** 2)


@exercise.wrong(
    "sum of potentials",
    belief="It is the logarithm of the sum over pairs.",
    hints=(
        "Can your value be positive?",
        "A sum grows with the batch; the mean does not.",
        "Subtract the logarithm of the number of pairs.",
    ),
)
def uniformity(x, t=2):
    i, j = torch.triu_indices(len(x), len(x), offset=1)
    return (-t * (x[i] - x[j]).square().sum(1)).logsumexp(0)


@exercise.wrong(
    "distance not squared",
    belief="The potential falls with the distance, exp(-t |x - y|).",
    hints=(
        "What is the potential of two opposite vectors?",
        "`torch.pdist` returns distances; the Gaussian potential needs their squares.",
        "exp(-t |x - y|^2).",
    ),
)
def uniformity(x, t=2):
    i, j = torch.triu_indices(len(x), len(x), offset=1)
    return (-t * (x[i] - x[j]).norm(dim=1)).logsumexp(0) - math.log(len(i))


@exercise.wrong(
    "no logarithm",
    belief="Uniformity is the mean potential.",
    hints=(
        "Is your value between 0 and 1? What sign should it have?",
        "The last step is missing.",
        "Take the logarithm of the mean.",
    ),
)
def uniformity(x, t=2):
    i, j = torch.triu_indices(len(x), len(x), offset=1)
    return (-t * (x[i] - x[j]).square().sum(1)).exp().mean()


@exercise.wrong(
    "mean of the logarithms",
    belief="The logarithm may be taken before the mean: then it is -t times the mean squared distance.",
    hints=(
        "Is ln of a mean the mean of the ln?",
        "Two rows come out right. With more, close pairs must weigh more than far ones.",
        "First average the potentials, then take the logarithm.",
    ),
)
def uniformity(x, t=2):
    i, j = torch.triu_indices(len(x), len(x), offset=1)
    return (-t * (x[i] - x[j]).square().sum(1)).mean()


@exercise.wrong(
    "sign of t",
    belief="The exponent is +t times the squared distance.",
    hints=(
        "Should far pairs or close pairs have a large potential?",
        "Minimising your value pulls all rows together.",
        "exp(-t |x - y|^2).",
    ),
)
def uniformity(x, t=2):
    i, j = torch.triu_indices(len(x), len(x), offset=1)
    return (t * (x[i] - x[j]).square().sum(1)).logsumexp(0) - math.log(len(i))


@exercise.wrong(
    "minus the logarithm",
    belief="A measure must be positive, so the sign of the logarithm is turned.",
    hints=(
        "Wang and Isola minimise this number. Would you minimise yours?",
        "A negative value is no bug: the mean potential is below 1.",
        "Drop the minus in front of the logarithm.",
    ),
)
def uniformity(x, t=2):
    i, j = torch.triu_indices(len(x), len(x), offset=1)
    return math.log(len(i)) - (-t * (x[i] - x[j]).square().sum(1)).logsumexp(0)


@exercise.wrong(
    "t as a temperature",
    belief="t divides the squared distance, as a temperature does.",
    hints=(
        "Does a larger t make your potential narrower or wider?",
        "t multiplies here.",
        "exp(-t |x - y|^2).",
    ),
)
def uniformity(x, t=2):
    i, j = torch.triu_indices(len(x), len(x), offset=1)
    return (-(x[i] - x[j]).square().sum(1) / t).logsumexp(0) - math.log(len(i))


@exercise.wrong(
    "pairs counted twice",
    belief="Both orders of a pair are summed, but the number of pairs is B (B - 1) / 2.",
    hints=(
        "You are off by a constant. Which?",
        "It is ln 2: every potential is in your sum twice.",
        "Ordered pairs are B (B - 1), unordered ones half as many.",
    ),
)
def uniformity(x, t=2):
    squared = (x[:, None] - x[None, :]).square().sum(-1)
    off = ~torch.eye(len(x), dtype=torch.bool)
    return (-t * squared[off]).logsumexp(0) - math.log(len(x) * (len(x) - 1) / 2)


@exercise.wrong(
    "potentials that underflow",
    belief="The mean of exp(...) can be computed first and its logarithm afterwards.",
    hints=(
        "Try t = 10000. How large is the largest potential?",
        "Every potential rounds to 0, and the logarithm of 0 is -inf.",
        "`torch.logsumexp(exponents, 0) - math.log(number of pairs)`.",
    ),
)
def uniformity(x, t=2):
    validate.batch(x=x)
    validate.positive(t=t)
    if len(x) < 2 or ((x.detach().double().norm(dim=1) - 1).abs() > 1e-2).any():
        raise ValueError("bad input")
    i, j = torch.triu_indices(len(x), len(x), offset=1)
    return (-t * (x[i] - x[j]).square().sum(1)).exp().mean().log()


@exercise.wrong(
    "normalised inside",
    belief="The function should normalise what it is given.",
    hints=(
        "What must happen to rows whose norm is not 1?",
        "Normalising silently hides a forgotten normalisation in the training code.",
        "Raise ValueError: `require_unit_rows(x=x)`.",
    ),
)
def uniformity(x, t=2):
    validate.batch(x=x)
    validate.positive(t=t)
    if len(x) < 2:
        raise ValueError(f"one row: {tuple(x.shape)}")
    x = F.normalize(x, dim=1)
    i, j = torch.triu_indices(len(x), len(x), offset=1)
    return (-t * (x[i] - x[j]).square().sum(1)).logsumexp(0) - math.log(len(i))


def unit(x, t):
    """Raise ValueError for what uniformity refuses."""
    if not 0 < t < math.inf:
        raise ValueError(f"t {t}")
    if x.ndim != 2 or x.shape[0] < 2 or x.shape[1] < 1:
        raise ValueError(f"shape {tuple(x.shape)}")
    if not bool(((x.detach().double().pow(2).sum(1).sqrt() - 1).abs() <= 1e-2).all()):
        raise ValueError(f"norms {x.norm(dim=1)}")


@exercise.accepted("full matrix by cosines, diagonal masked", uses=(unit,))
def uniformity(x, t=2):
    unit(x, t)
    exponents = t * (2 * x @ x.T - 2)
    exponents = exponents.masked_fill(torch.eye(len(x), dtype=torch.bool), -math.inf)
    return torch.logsumexp(exponents.flatten(), 0) - math.log(len(x) * (len(x) - 1))


@exercise.accepted("pdist", uses=(unit,))
def uniformity(x, t=2):
    unit(x, t)
    squared = torch.pdist(x).pow(2)
    return torch.logsumexp(-t * squared, dim=0) - np.log(len(squared))


@exercise.accepted("double loop over pairs", uses=(unit,))
def uniformity(x, t=2):
    unit(x, t)
    exponents = [-t * ((x[i] - x[j]) ** 2).sum() for i in range(len(x)) for j in range(i)]
    return torch.stack(exponents).logsumexp(0) - math.log(len(exponents))


@exercise.accepted("largest exponent taken out by hand", uses=(unit,))
def uniformity(x, t=2):
    unit(x, t)
    i, j = torch.tril_indices(len(x), len(x), offset=-1)
    exponents = 2 * t * ((x[i] * x[j]).sum(1) - 1)
    top = exponents.max().detach()
    return top + (exponents - top).exp().mean().log()
