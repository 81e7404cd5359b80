"""uniformity: what its check looks at.

Gradients are compared after projection to the tangent space. Blind inputs avoided: equally spaced rows (hide many
mistakes behind symmetry), B = 2 alone, x = y (the rows of one side then do for the other). No float16: torch.cdist does
not exist for it on a CPU.
"""

import math

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, bad_input, batch, positive
from autograder.author.draw import larger_sizes, strided, tensor, unit_rows
from autograder.units.u04_mutual_information.draws import of_norm_1
from course import validate

exercise = Exercise(
    "uniformity",
    refuses=(batch(minimum=2, x="x", y="y"), of_norm_1("x"), of_norm_1("y"), positive("t", -2.0)),
    hints={
        "values": (
            "All rows of x equal, all rows of y opposite to them: squared distance 4 everywhere, uniformity -4 t.",
            "In (8.2) y' is independent of x, and has the law of y. Which two rows of the batch are so?",
        ),
        "gradient": (
            "Keep the graph. At identical rows the distance has no derivative, its square has: avoid the root.",
        ),
        "stability": (
            "exp(-10000 * 0.5) is exactly 0 in floating point, and its logarithm is -inf.",
            "`torch.logsumexp` of the exponents, minus the logarithm of the number of pairs.",
        ),
        "bad input": ("`require_unit_rows(x=x, y=y)`, `validate.positive(t=t)`, and at least two rows.",),
        "properties": ("Rotating all rows, or permuting the positive pairs, changes nothing.",),
    },
)


def two(rng, b, d, dtype=torch.float64):
    """Embeddings of b positive pairs, (x, y): independent of each other would hide which pairs are positive."""
    x = unit_rows(rng, b, d)
    return x.to(dtype), F.normalize(x + 0.7 * tensor(rng, b, d) + 0.5, dim=1).to(dtype)


@exercise.cases
def cases(rng):
    yield Case("B = 6, d = 3", two(rng, 6, 3), grad=(0, 1), tangent=True)
    yield Case("B = 5, d = 2, t = 0.5", (*two(rng, 5, 2), 0.5), grad=(0, 1), tangent=True)
    yield Case("B = 7, d = 4, t = 3 by name", two(rng, 7, 4), {"t": 3})
    yield Case("two pairs", (*two(rng, 2, 3), 1.0), grad=(0, 1), tangent=True)
    x, y = two(rng, 4, 3)
    y[1] = x[0]
    yield Case("a row of y that equals another pair's x", (x, y, 2.0), grad=(0, 1), tangent=True)
    yield Case("not contiguous", (*map(strided, two(rng, 5, 3)), 2), grad=(0, 1), tangent=True)
    yield Case("float32", (*two(rng, 6, 4, torch.float32), 2))
    x, y = unit_rows(rng, 5, 8), unit_rows(rng, 5, 8)  # d = 8: no potential at t = 1e4 that does not underflow
    # |x|^2 = 1 +- 1e-12, times t
    yield Case("t = 1e4", (x, y, 1e4), part="stability", grad=(0, 1), tangent=True, rtol=1e-7)
    yield Case("t = 2000, float32", (x.float(), y.float(), 2e3), part="stability", rtol=1e-3)  # 2 - 2 x.y: 1e-7 times t
    yield from exercise.bad_inputs(x, y, 2)
    yield bad_input("three axes", unit_rows(rng, 2, 3, 2), unit_rows(rng, 2, 3, 2))
    args = (*two(rng, *larger_sizes(rng, 2)), float(rng.uniform(0.5, 4)))
    yield Case("a larger batch, a random t", args, grad=(0, 1), tangent=True, public=False)


@exercise.property("rotating all rows, permuting the pairs and exchanging the sides change nothing")
def invariance(f, rng):
    x, y = two(rng, 5, 3)
    q, order = torch.linalg.qr(tensor(rng, 3, 3)).Q, torch.from_numpy(rng.permutation(5))
    if abs(f(x, y, 2.0) - f((y @ q)[order], (x @ q)[order], 2.0)) > 1e-9:
        return "rotating all rows, permuting the pairs and exchanging the sides changed the uniformity"


@exercise.property("never positive, 0 when all rows are equal, -4t when y is opposite to x everywhere")
def extremes(f, rng):
    x = unit_rows(rng, 1, 3).repeat(4, 1)
    if abs(f(x, x, 2.0)) > 1e-9 or abs(f(x, -x, 1.5) + 6) > 1e-8:
        return "equal rows must give 0, opposite sides -4 t"
    if f(*two(rng, 5, 3), 2.0) > 1e-9:
        return "a positive value came back; a mean of potentials is at most 1"


def across(x, y):
    """Differences x_i - y_j with i != j, row by row."""
    return (x[:, None] - y)[~torch.eye(len(x), dtype=torch.bool)]


def within(x):
    """Differences of the rows of one side, each pair once."""
    i, j = torch.triu_indices(len(x), len(x), offset=1)
    return x[i] - x[j]


def log_of_mean(exponents):
    return exponents.logsumexp(0) - math.log(len(exponents))


def of_each_half(exponents):
    return sum(log_of_mean(half) for half in exponents.chunk(2)) / 2


def row_by_row(exponents):
    """The mean over i of the logarithm of the mean over j, of B (B - 1) exponents."""
    rows = exponents.view(round((1 + math.sqrt(1 + 4 * len(exponents))) / 2), -1)
    return (rows.logsumexp(1) - math.log(rows.shape[1])).mean()


def over_all_squares(exponents):
    """The sum over i != j divided by B^2."""
    b = (1 + math.sqrt(1 + 4 * len(exponents))) / 2
    return exponents.logsumexp(0) - 2 * math.log(b)


@exercise.formula
def uniformity(
    x,
    y,
    t=2,
    *,
    pairs=across,
    distance=lambda v: v.square().sum(dim=1),
    exponent=lambda distances, t: -t * distances,
    average=log_of_mean,
    sign=1,
):
    return sign * average(exponent(distance(pairs(x, y)), t))


exercise.slip("positives among the pairs", pairs=lambda x, y: (x[:, None] - y).flatten(0, 1)).says(
    "Every row of x with every row of y: B^2 pairs.",
    "Is y' in (8.2) the positive of x?",
    "x_i and y_i belong together: they are not independent, and B of your pairs are too close.",
    "Only x_i and y_j with i != j.",
)
exercise.slip("all rows in one heap", pairs=lambda x, y: within(torch.cat([x, y]))).says(
    "Any two different rows among all 2B are a pair.",
    "Which of these pairs are positive pairs? Which have two rows of one side?",
    "A positive pair is not independent, and two rows of x have another law than a row of x and one of y.",
    "Only x_i and y_j with i != j.",
)
exercise.slip("all rows of different pairs", pairs=lambda x, y: torch.cat([within(x), within(y), across(x, y)])).says(
    "Two rows that belong to different positive pairs will do, of whichever side they are.",
    "Let all x be at the north pole and all y at the south pole. How far apart are f(x) and f(y') in (8.2)?",
    "They are independent, but where the sides have different laws two rows of x are no sample of (x, y').",
    "One row of x and one of y, of different pairs.",
)
exercise.slip("one side only", pairs=lambda x, y: within(x)).says(
    "Uniformity looks at the rows of x alone.",
    "Does your value depend on y?",
    "y' in (8.2) has the law of y, which need not be that of x.",
    "One row of x and one of y, of different pairs.",
)
exercise.slip(
    "each side on its own, then the mean", pairs=lambda x, y: torch.cat([within(x), within(y)]), average=of_each_half
).says(
    "Uniformity is that of x and that of y, averaged, as in Wang and Isola's code.",
    "Let all x be at the north pole and all y at the south pole. What does (8.2) give, and what do you?",
    "Their two sides have one law. Here they need not, and (8.2) compares x with y'.",
    "One row of x and one of y, of different pairs.",
)
exercise.slip("a logarithm for each row", average=row_by_row).says(
    "The logarithm is taken for each x, and its mean over x afterwards.",
    "How many logarithms does the question ask for?",
    "That is the first line of (8.2), the limit of the loss. Uniformity is the second line, and larger.",
    "Average all potentials first.",
)
exercise.slip("divided by the square of the batch", average=over_all_squares).says(
    "The potentials of i != j are summed and divided by B^2.",
    "How many pairs are in your sum?",
    "All rows equal must give 0.",
    "Divide by B (B - 1).",
)
exercise.slip("a Gaussian of width t", exponent=lambda distances, t: -distances / (2 * t**2)).says(
    "t is the standard deviation of the Gaussian.",
    "Does a larger t make your potential narrower or wider?",
    "t multiplies here.",
    "exp(-t |x - y|^2).",
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
exercise.slip("one minus cosine", distance=lambda v: v.square().sum(dim=1) / 2).says(
    "The squared distance of unit vectors is 1 minus their cosine.",
    "What is your value for two opposite vectors? It should be -4 t.",
    "Expand |x - y|^2 for unit vectors: you are off by a factor of 2.",
    "|x - y|^2 = 2 - 2 x.y.",
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
    "Close pairs must weigh more than far ones.",
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
exercise.slip("half as many pairs", average=lambda exponents: log_of_mean(exponents) + math.log(2)).says(
    "There are B (B - 1) / 2 pairs with i != j.",
    "You are off by a constant. Which?",
    "x_i with y_j and x_j with y_i are two pairs of different rows.",
    "Divide by B (B - 1).",
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
        "Raise ValueError: `require_unit_rows(x=x, y=y)`.",
    ),
    guarded=False,
)
def uniformity(x, y, t=2):
    validate.batch(x=x, y=y)
    validate.positive(t=t)
    if len(x) < 2:
        raise ValueError(f"one row: {tuple(x.shape)}")
    return log_of_mean(-t * across(F.normalize(x, dim=1), F.normalize(y, dim=1)).square().sum(1))


@exercise.accepted("cosines, diagonal masked")
def uniformity(x, y, t=2):
    exponents = t * (2 * x @ y.T - 2)
    exponents = exponents.masked_fill(torch.eye(len(x), dtype=torch.bool), -math.inf)
    return torch.logsumexp(exponents.flatten(), 0) - math.log(len(x) * (len(x) - 1))


@exercise.accepted("cdist, validated by hand", guarded=False)
def uniformity(x, y, t=2):
    if x.ndim != 2 or x.shape != y.shape or x.shape[0] < 2 or x.shape[1] < 1 or not 0 < t < math.inf:
        raise ValueError(f"shapes {tuple(x.shape)}, {tuple(y.shape)}, t {t}")
    for rows in (x, y):
        if not bool(((rows.detach().double().pow(2).sum(1).sqrt() - 1).abs() <= 1e-2).all()):
            raise ValueError(f"norms {rows.norm(dim=1)}")
    squared = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").pow(2)
    squared = squared.flatten()[torch.eye(len(x)).flatten() == 0]
    return torch.logsumexp(-t * squared, dim=0) - math.log(squared.numel())


@exercise.accepted("double loop, largest exponent taken out by hand")
def uniformity(x, y, t=2):
    exponents = torch.stack([-t * ((a - b) ** 2).sum() for i, a in enumerate(x) for j, b in enumerate(y) if i != j])
    top = exponents.max().detach()
    return top + (exponents - top).exp().mean().log()
