"""uniformity: what its check looks at.

Gradients are compared after projection to the tangent space. Blind inputs avoided: equally spaced rows (hide many
mistakes behind symmetry), B = 2 alone (one pair: hides sums and means of logarithms). No float16: torch.pdist, which
the authors of the loss use, does not exist for it on a CPU.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, bad_input, batch, positive
from autograder.author.draw import larger_sizes, strided, tensor, unit_rows
from autograder.units.u04_mutual_information.draws import of_norm_1
from course import validate

exercise = Exercise(
    "uniformity",
    refuses=(batch(minimum=2, x="x"), of_norm_1("x"), positive("t", -2.0)),
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
    # 2 - 2 x.y: 1e-7 times t. Not a smaller t, at which what underflows in float32 does not in float64
    yield Case("t = 8000, float32", (x.float(), 8e3), part="stability", rtol=1e-3)
    yield from exercise.bad_inputs(x, 2)
    yield bad_input("three axes", unit_rows(rng, 2, 3, 2))
    x, t = unit_rows(rng, *larger_sizes(rng, 2)), float(rng.uniform(0.5, 4))
    yield Case("a larger batch, a random t", (x, t), grad=(0,), tangent=True, public=False)


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


def different(n):
    """The pairs i < j."""
    return torch.triu_indices(n, n, offset=1)


def rows(exponents):
    """B, from the number of pairs i < j."""
    return (1 + math.sqrt(1 + 8 * len(exponents))) / 2


def log_of_mean(exponents):
    return exponents.logsumexp(0) - math.log(len(exponents))


@exercise.formula
def uniformity(
    x,
    t=2,
    *,
    pairs=different,
    distance=lambda v: v.square().sum(dim=1),
    exponent=lambda distances, t: -t * distances,
    average=log_of_mean,
    sign=1,
):
    i, j = pairs(len(x))
    return sign * average(exponent(distance(x[i] - x[j]), t))


exercise.slip("pairs with itself", pairs=lambda n: torch.cartesian_prod(torch.arange(n), torch.arange(n)).T).says(
    "The mean runs over all B^2 ordered pairs.",
    "How many pairs do you average over?",
    "Each row at distance 0 from itself adds B potentials of 1.",
    "Only pairs i < j (or i != j: the same mean).",
)
exercise.slip("sum of potentials", average=lambda exponents: exponents.logsumexp(0)).says(
    "It is the logarithm of the sum over pairs.",
    "Can your value be positive?",
    "A sum grows with the batch; the mean does not.",
    "Subtract the logarithm of the number of pairs.",
)
exercise.slip("distance not squared", distance=lambda v: v.norm(dim=1)).says(
    "The potential falls with the distance, exp(-t |x - y|).",
    "What is the potential of two opposite vectors?",
    "`torch.pdist` returns distances; the Gaussian potential needs their squares.",
    "exp(-t |x - y|^2).",
)
exercise.slip("half the squared distance", distance=lambda v: v.square().sum(dim=1) / 2).says(
    "The exponent is t times half the squared distance, or t times 1 minus the cosine, which is the same.",
    "What is your value for two opposite vectors? It should be -4 t.",
    "Expand |x - y|^2 for unit vectors: 2 - 2 x.y. This Gaussian has no 1/2 in its exponent.",
    "exp(-t |x - y|^2) = exp(-t (2 - 2 x.y)).",
)
exercise.slip("cosines", distance=lambda v: v.square().sum(dim=1) / 2 - 1).says(
    "The potential of a pair is e^(t times its cosine), as in a contrastive loss.",
    "Which value has your function for two equal rows? It should be 0.",
    "For unit vectors |x - y|^2 = 2 - 2 x.y.",
    "exp(-t |x - y|^2), with the squared distance.",
)
exercise.slip("minus the cosine", distance=lambda v: 1 - v.square().sum(dim=1) / 2).says(
    "The potential of a pair is e^(-t times its cosine).",
    "Should close pairs or far pairs have a large potential?",
    "For unit vectors |x - y|^2 = 2 - 2 x.y: the cosine comes in with a plus sign.",
    "exp(-t |x - y|^2), with the squared distance.",
)
exercise.slip("mean over coordinates", distance=lambda v: v.square().mean(dim=1)).says(
    "The squared distance is the mean squared difference of the coordinates.",
    "What is your value for two opposite vectors? It should be -4 t for every d.",
    "A squared norm is a sum over the coordinates.",
    "`.sum(dim=1)`, not `.mean(dim=1)`.",
)
exercise.slip("no logarithm", average=lambda exponents: exponents.exp().mean()).says(
    "Uniformity is the mean potential.",
    "Is your value between 0 and 1? What sign should it have?",
    "The last step is missing.",
    "Take the logarithm of the mean.",
)
exercise.slip("mean of the logarithms", average=torch.mean).says(
    "The logarithm may be taken before the mean: then it is -t times the mean squared distance.",
    "Is ln of a mean the mean of the ln?",
    "Two rows come out right. With more, close pairs must weigh more than far ones.",
    "First average the potentials, then take the logarithm.",
)
exercise.slip("sign of t", exponent=lambda distances, t: t * distances).says(
    "The exponent is +t times the squared distance.",
    "Should far pairs or close pairs have a large potential?",
    "Minimising your value pulls all rows together.",
    "exp(-t |x - y|^2).",
)
exercise.slip("minus the logarithm", sign=-1).says(
    "A measure must be positive, so the sign of the logarithm is turned.",
    "Wang and Isola minimise this number. Would you minimise yours?",
    "A negative value is no bug: the mean potential is below 1.",
    "Drop the minus in front of the logarithm.",
)
exercise.slip("t as a temperature", exponent=lambda distances, t: -distances / t).says(
    "t divides the squared distance, as a temperature does.",
    "Does a larger t make your potential narrower or wider?",
    "t multiplies here.",
    "exp(-t |x - y|^2).",
)
exercise.slip("pairs counted twice", average=lambda exponents: log_of_mean(exponents) + math.log(2)).says(
    "Both orders of a pair are summed, but the number of pairs is B (B - 1) / 2.",
    "You are off by a constant. Which?",
    "It is ln 2: every potential is in your sum twice.",
    "Ordered pairs are B (B - 1), unordered ones half as many.",
)
exercise.slip("half of the pairs", average=lambda exponents: log_of_mean(exponents) - math.log(2)).says(
    "The sum runs over i < j, and the number of pairs is B (B - 1).",
    "You are off by a constant. Which?",
    "It is ln 2: B (B - 1) counts both orders of a pair, and your sum only one.",
    "Pairs i < j are B (B - 1) / 2.",
)
exercise.slip(
    "pairs with itself counted", average=lambda exponents: log_of_mean(exponents) + math.log(1 - 1 / rows(exponents))
).says(
    "The mean over pairs of different rows divides by B^2.",
    "What is your value where all rows are equal? It should be 0.",
    "Of the B^2 ordered pairs B are a row with itself. You left them out of the sum, but not out of the number.",
    "Divide by the number of pairs in the sum: B (B - 1) ordered ones, B (B - 1) / 2 with i < j.",
)
exercise.slip(
    "each pair once, divided by B^2", average=lambda exponents: exponents.logsumexp(0) - 2 * math.log(rows(exponents))
).says(
    "The sum over i < j has B^2 terms.",
    "What is your value where all rows are equal? It should be 0.",
    "Of the B^2 ordered pairs B are a row with itself, and i < j takes half of the others.",
    "Divide by B (B - 1) / 2.",
)
exercise.slip("potentials that underflow", average=lambda exponents: exponents.exp().mean().log()).says(
    "The mean of exp(...) can be computed first and its logarithm afterwards.",
    "Try t = 10000. How large is the largest potential?",
    "Every potential rounds to 0, and the logarithm of 0 is -inf.",
    "`torch.logsumexp(exponents, 0) - math.log(number of pairs)`.",
)


@exercise.wrong(
    "normalised inside",
    belief="The function should normalise what it is given.",
    hints=(
        "What must happen to rows whose norm is not 1?",
        "Normalising silently hides a forgotten normalisation in the training code.",
        "Raise ValueError: `require_unit_rows(x=x)`.",
    ),
    guarded=False,
)
def uniformity(x, t=2):
    validate.batch(x=x)
    validate.positive(t=t)
    if len(x) < 2:
        raise ValueError(f"one row: {tuple(x.shape)}")
    x = F.normalize(x, dim=1)
    i, j = different(len(x))
    return log_of_mean(-t * (x[i] - x[j]).square().sum(1))


@exercise.wrong(
    "logarithm for each row",
    belief="The logarithm is taken for each row, of its mean over the other rows, and the mean over the rows comes last.",
    hints=(
        "In which order do the formula's mean and logarithm come?",
        "The mean of the logarithms is what stands in the limit of the loss, (8.2), before Jensen's inequality.",
        "One mean over all pairs, and its logarithm.",
    ),
)
def uniformity(x, t=2):
    total = 0
    for i in range(len(x)):
        others = torch.cat([x[:i], x[i + 1 :]])
        total = total + log_of_mean(-t * (x[i] - others).square().sum(dim=1))
    return total / len(x)


@exercise.accepted("full matrix by cosines, diagonal masked")
def uniformity(x, t=2):
    exponents = t * (2 * x @ x.T - 2)
    exponents = exponents.masked_fill(torch.eye(len(x), dtype=torch.bool), -math.inf)
    return torch.logsumexp(exponents.flatten(), 0) - math.log(len(x) * (len(x) - 1))


@exercise.accepted("pdist, validated by hand", guarded=False)
def uniformity(x, t=2):
    if x.ndim != 2 or x.shape[0] < 2 or x.shape[1] < 1 or not 0 < t < math.inf:
        raise ValueError(f"shape {tuple(x.shape)}, t {t}")
    if not bool(((x.detach().double().pow(2).sum(1).sqrt() - 1).abs() <= 1e-2).all()):
        raise ValueError(f"norms {x.norm(dim=1)}")
    squared = torch.pdist(x).pow(2)
    return torch.logsumexp(-t * squared, dim=0) - np.log(len(squared))


@exercise.accepted("double loop over pairs")
def uniformity(x, t=2):
    exponents = [-t * ((x[i] - x[j]) ** 2).sum() for i in range(len(x)) for j in range(i)]
    return torch.stack(exponents).logsumexp(0) - math.log(len(exponents))


@exercise.accepted("largest exponent taken out by hand")
def uniformity(x, t=2):
    i, j = torch.tril_indices(len(x), len(x), offset=-1)
    exponents = 2 * t * ((x[i] * x[j]).sum(1) - 1)
    top = exponents.max().detach()
    return top + (exponents - top).exp().mean().log()
