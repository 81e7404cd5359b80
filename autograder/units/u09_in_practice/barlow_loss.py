"""barlow_loss: what its check looks at.

Blind spots to keep out: centred columns, columns of one length, a large batch (n and n - 1 are alike there), weight 1.
"""

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, batch, needs, non_negative
from autograder.author.draw import larger_sizes, tensor

exercise = Exercise(
    "barlow_loss",
    refuses=(
        non_negative("weight"),
        batch(minimum=2, z1="z1", z2="z2"),
        needs(
            "not any(bool((z == z[0]).all(dim=0).any()) for z in (z1, z2))",
            {
                "a constant coordinate in z1": {"z1": lambda z: z * torch.eye(z.shape[1], dtype=z.dtype)[0]},
                "a constant coordinate in z2": {"z2": lambda z: z * torch.eye(z.shape[1], dtype=z.dtype)[0]},
            },
        ),
    ),
    hints={
        "values": (
            "For z1 = z2 the diagonal of C must be exactly 1. Is yours?",
            "Centre each column, divide it by its length, and multiply: `a.T @ b` is (d, d).",
            "The second sum has d (d - 1) entries: both (i, j) and (j, i), since C[i, j] and C[j, i] differ.",
        ),
        "gradient": ("The gradient flows to both views: no `detach`, no `no_grad`.",),
        "bad input": ("B = 1, a negative weight, and a column that is constant (its length is 0).",),
    },
)


def drawn(rng, b, d, dtype=torch.float64):
    mixed = tensor(rng, b, d) @ (torch.eye(d, dtype=torch.float64) + 0.5 * tensor(rng, d, d))
    shift, scale = 1 + tensor(rng, d), 0.5 + tensor(rng, d).abs()
    return tuple((shift + scale * (mixed + 0.6 * tensor(rng, b, d))).to(dtype) for _ in range(2))


@exercise.cases
def cases(rng):
    for b, d, weight in ((4, 3, 0.3), (3, 2, 0.02), (6, 4, 2.0), (5, 1, 0.5)):
        yield Case(f"B = {b}, d = {d}, weight {weight}", (*drawn(rng, b, d), weight), grad=(0, 1), rtol=1e-7)
    yield Case("weight 0", (*drawn(rng, 4, 2), 0.0))
    yield Case("float32", (*drawn(rng, 5, 3, torch.float32), 0.1), rtol=1e-4)
    yield from exercise.bad_inputs(*drawn(rng, 4, 3), 0.3)
    yield Case("a larger batch", (*drawn(rng, *larger_sizes(rng, 2)), 0.05), grad=(0, 1), rtol=1e-7, public=False)


@exercise.property(
    "shifting or stretching a coordinate changes nothing; equal views with uncorrelated coordinates cost 0"
)
def invariance(f, rng):
    z1, z2 = drawn(rng, 12, 5)
    moved = 3 * z1 - torch.arange(5)
    if abs(f(z1, z2, 0.1) - f(moved, z2, 0.1)) > 1e-8:
        return "stretching z1 by 3 and shifting its coordinates changed the loss"
    pure, _ = torch.linalg.qr(z1 - z1.mean(dim=0))
    if abs(f(pure, 2 * pure, 1.0)) > 1e-8:
        return "equal views with uncorrelated coordinates do not cost 0"


def centred(z):
    return z - z.mean(dim=0)


def between(a, b):
    return a.T @ b


def off_diagonal(c):
    return c[~torch.eye(len(c), dtype=torch.bool)]


@exercise.formula
def barlow_loss(
    z1,
    z2,
    weight,
    *,
    shifted=centred,
    stretched=lambda z: z / z.norm(dim=0),
    product=between,
    on=lambda c: (1 - c.diagonal()).square().sum(),
    off=lambda c: off_diagonal(c).square().sum(),
    weighed=lambda on, off, weight: on + weight * off,
):
    c = product(*(stretched(shifted(z)) for z in (z1, z2)))
    return weighed(on(c), off(c), weight)


exercise.slip("not centred", shifted=lambda z: z).says(
    "A correlation is a cosine of columns.",
    "Add 1 to a coordinate of every image: your loss changes.",
    "Subtract the mean over the batch first.",
)
exercise.slip("covariance", stretched=lambda z: z / (len(z) - 1) ** 0.5).says(
    "A covariance is a correlation.",
    "Stretch a coordinate by 3: your loss changes.",
    "Divide each centred column by its length.",
)
exercise.slip("n and n - 1 mixed", stretched=lambda z: z / (z.std(dim=0) * len(z) ** 0.5)).says(
    "Dividing by B goes with any standard deviation.",
    "For z1 = z2, is your diagonal exactly 1? With B = 4 it is 3/4.",
    "`std` divides by B - 1 unless told otherwise (`correction=0`).",
)
exercise.slip("rows for columns", shifted=lambda z: (z.T - z.T.mean(dim=0)) if z.shape[1] > 1 else z.T).says(
    "Correlations are taken between images.",
    "Of which shape is your C?",
    "C is (d, d): a sum over the batch, `a.T @ b`.",
)
exercise.slip("within one view", product=lambda a, b: a.T @ a).says(
    "C holds the correlations within a view.",
    "What is your diagonal, whatever the second view is?",
    "Rows of C come from view 1, columns from view 2.",
)
exercise.slip("the diagonal counts twice", off=lambda c: c.square().sum()).says(
    "The second sum runs over all entries.",
    "For z1 = z2 with uncorrelated coordinates the loss is 0. What is yours?",
    "Take the diagonal out of it.",
)
exercise.slip("pairs above the diagonal", off=lambda c: c.triu(1).square().sum()).says(
    "C is symmetric, so the pairs i < j are enough.",
    "Print C: is C[0, 1] the same number as C[1, 0]?",
    "Rows of C come from view 1, columns from view 2: i < j and j < i are different entries.",
    "The sum runs over all i different from j, d (d - 1) entries.",
)
exercise.slip("pairs below the diagonal", off=lambda c: c.tril(-1).square().sum()).says(
    "C is symmetric, so the pairs i > j are enough.",
    "Print C: is C[0, 1] the same number as C[1, 0]?",
    "Rows of C come from view 1, columns from view 2: i < j and j < i are different entries.",
    "The sum runs over all i different from j, d (d - 1) entries.",
)
exercise.slip("half the second sum", off=lambda c: off_diagonal(c).square().sum() / 2).says(
    "The second sum is halved, as each pair of coordinates stands in it twice.",
    "At weight 0 you are right. By which factor is the rest too small?",
    "(i, j) and (j, i) are different entries of C, and both count.",
)
exercise.slip("absolute values", off=lambda c: off_diagonal(c).abs().sum()).says(
    "The second sum is one of absolute values.",
    "An off-diagonal entry of 1/2 costs 1/4 (times the weight). And yours?",
    "`.square()` in place of `.abs()`.",
)
exercise.slip("the diagonal not squared", on=lambda c: (1 - c.diagonal()).sum()).says(
    "The first sum is one of 1 - C[i, i], not squared.",
    "A diagonal entry of 1/2 costs 1/4. And yours?",
    "(1 - C[i, i]) squared.",
)
exercise.slip("weight on the diagonal", weighed=lambda on, off, weight: weight * on + off).says(
    "The weight belongs to the diagonal.",
    "At weight 0, what is left of your loss?",
    "The weight multiplies the sum over i different from j.",
)
exercise.slip("not squared", off=lambda c: off_diagonal(c).sum()).says(
    "Correlations of both signs may cancel.",
    "Your loss can be negative.",
    "The off-diagonal entries are squared.",
)
exercise.slip(
    "means for sums",
    on=lambda c: (1 - c.diagonal()).square().mean(),
    off=lambda c: off_diagonal(c).square().sum() / max(1, len(c) * (len(c) - 1)),
).says(
    "Both sums are averages.",
    "Compare with d = 1: there you are right.",
    "Sums, over d and over d (d - 1) entries.",
)
exercise.slip("the second view detached", product=lambda a, b: a.T @ b.detach()).says(
    "One of the two views is a target.",
    "Your value is right. What is the gradient in `z2`?",
    "Barlow Twins has no stop-gradient: both views are trained.",
)


@exercise.accepted("standard scores")
def barlow_loss(z1, z2, weight):
    a, b = ((z - z.mean(0)) / z.std(0, correction=0) for z in (z1, z2))
    c = torch.einsum("bi,bj->ij", a, b) / len(z1)
    penalty = (c - torch.eye(len(c), dtype=c.dtype)) ** 2
    return (penalty * torch.where(torch.eye(len(c)) > 0, 1.0, weight).to(c.dtype)).sum()


@exercise.accepted("cosine_similarity of columns")
def barlow_loss(z1, z2, weight):
    a, b = ((z - z.mean(dim=0)).T for z in (z1, z2))
    c = F.cosine_similarity(a[:, None], b[None], dim=2)
    return (1 - torch.diag(c)).pow(2).sum() + weight * (c - torch.diag(torch.diag(c))).pow(2).sum()


@exercise.accepted("corrcoef, validated by hand", guarded=False)
def barlow_loss(z1, z2, weight):
    if z1.ndim != 2 or z1.shape != z2.shape or len(z1) < 2 or z1.shape[1] == 0 or not 0 <= weight < float("inf"):
        raise ValueError(f"z1 {tuple(z1.shape)}, z2 {tuple(z2.shape)}, weight {weight}")
    for z in (z1, z2):
        if bool(z.isnan().any()) or bool((z.max(dim=0).values == z.min(dim=0).values).any()):
            raise ValueError("NaN, or a constant coordinate")
    d = z1.shape[1]
    c = torch.corrcoef(torch.cat([z1.T, z2.T]))[:d, d:]
    total = 0.0
    for i in range(d):
        for j in range(d):
            total = total + ((1 - c[i, j]) ** 2 if i == j else weight * c[i, j] ** 2)
    return total
