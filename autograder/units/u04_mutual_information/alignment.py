"""alignment: what its check looks at.

Gradients are compared after projection to the tangent space, because |x - y|^2 and 2 - 2 x.y agree on the sphere only.
Blind inputs avoided: alpha = 2 alone (hides norms of other orders), one row (hides sums), x = y (0 for every formula).
"""

import math

import torch
import torch.nn.functional as F

from autograder.draw import strided, tensor, unit_rows
from autograder.spec import Exercise
from course import validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "alignment",
    hints={
        "values": (
            "Two orthogonal unit vectors are at distance sqrt(2): alignment 2 for alpha = 2, sqrt(2) for alpha = 1.",
            "First the Euclidean norm of each row of x - y, then the power alpha, then the mean over rows.",
        ),
        "gradient": (
            "Keep the graph. At identical rows a plain sqrt(sum of squares) has the derivative 0/0: use `norm`.",
        ),
        "bad input": ("`require_unit_rows(x=x, y=y)` and `validate.positive(alpha=alpha)`.",),
        "properties": ("Rotating x and y together changes no distance.",),
    },
)


@exercise.cases
def cases(rng):
    yield Case("B = 5, d = 3", (unit_rows(rng, 5, 3), unit_rows(rng, 5, 3)), grad=(0, 1), tangent=True)
    x, y = unit_rows(rng, 4, 2), unit_rows(rng, 4, 2)
    yield Case("B = 4, d = 2, alpha = 1", (x, y, 1), grad=(0, 1), tangent=True)
    yield Case("B = 4, d = 2, alpha = 3", (x, y, 3), grad=(0, 1), tangent=True)
    yield Case("alpha = 0.5 by name", (unit_rows(rng, 3, 5), unit_rows(rng, 3, 5)), {"alpha": 0.5})
    yield Case("one pair", (unit_rows(rng, 1, 4), unit_rows(rng, 1, 4)))
    x = unit_rows(rng, 3, 4)
    y = x.clone()
    y[1:] = unit_rows(rng, 2, 4)
    yield Case("an identical pair", (x, y, 2), grad=(0, 1), tangent=True)
    args = (strided(unit_rows(rng, 6, 3)), strided(unit_rows(rng, 6, 3)), 2.0)
    yield Case("not contiguous", args, grad=(0, 1), tangent=True)
    for dtype in (torch.float32, torch.float16):
        args = (unit_rows(rng, 6, 4, dtype=dtype), unit_rows(rng, 6, 4, dtype=dtype), 2)
        yield Case(str(dtype).removeprefix("torch."), args)
    x, y = unit_rows(rng, 3, 4), unit_rows(rng, 3, 4)
    yield bad_input("a row of norm 1.1", x, y * torch.tensor([[1.0], [1.1], [1.0]], dtype=torch.float64))
    yield bad_input("rows of norm 0.5", 0.5 * x, 0.5 * y)
    yield bad_input("a zero row", torch.cat([x[:2], torch.zeros(1, 4, dtype=torch.float64)]), y)
    yield bad_input("unequal shapes", x, y[:1])
    yield bad_input("an empty batch", x[:0], y[:0])
    yield bad_input("alpha 0", x, y, 0)
    yield bad_input("alpha -1", x, y, -1.0)
    yield bad_input("NaN", torch.full((3, 4), math.nan, dtype=torch.float64), y)
    yield bad_input("a single vector", x[0], y[0])


@exercise.property("rotating x and y together changes nothing")
def rotation(f, rng):
    x, y = unit_rows(rng, 5, 3), unit_rows(rng, 5, 3)
    q = torch.linalg.qr(tensor(rng, 3, 3)).Q
    if abs(f(x, y, 1.5) - f(x @ q, y @ q, 1.5)) > 1e-9:
        return "rotating x and y together changed the alignment"


@exercise.property("0 for identical pairs, 2^alpha for opposite ones")
def extremes(f, rng):
    x = unit_rows(rng, 4, 3)
    if abs(f(x, x, 2)) > 1e-9 or abs(f(x, -x, 3) - 8) > 1e-9:
        return "identical pairs must give 0, opposite pairs 2^alpha"


@exercise.wrong(
    "square and then alpha",
    belief="The squared distance is raised to the power alpha.",
    hints=(
        "What does your function give for two orthogonal vectors and alpha = 2?",
        "alpha = 2 already is the square.",
        "Raise the norm, not its square, to the power alpha.",
    ),
)
def alignment(x, y, alpha=2):
    return (x - y).square().sum(dim=1).pow(alpha).mean()


@exercise.wrong(
    "sum over pairs",
    belief="Alignment is the sum over the pairs.",
    hints=(
        "Does your value double when every pair is given twice?",
        "It is an expectation over positive pairs.",
        "Take the mean over rows.",
    ),
)
def alignment(x, y, alpha=2):
    return (x - y).norm(dim=1).pow(alpha).sum()


@exercise.wrong(
    "mean over coordinates",
    belief="The squared distance is the mean squared difference of the coordinates.",
    hints=(
        "Does your value depend on d for orthogonal vectors?",
        "`mse_loss` divides by B * d.",
        "Sum over the coordinates, average over the rows.",
    ),
)
def alignment(x, y, alpha=2):
    return (x - y).abs().pow(alpha).mean()


@exercise.wrong(
    "power of the mean",
    belief="The mean distance is raised to the power alpha.",
    hints=(
        "Is the mean of squares the square of the mean?",
        "One pair comes out right, several do not.",
        "First the power, then the mean.",
    ),
)
def alignment(x, y, alpha=2):
    return (x - y).norm(dim=1).mean().pow(alpha)


@exercise.wrong(
    "norm of order alpha",
    belief="alpha is the order of the norm.",
    hints=(
        "For alpha = 2 you are right. What is the distance of two orthogonal vectors for alpha = 1?",
        "The norm is Euclidean for every alpha.",
        "`.norm(dim=1).pow(alpha)`, not `.abs().pow(alpha).sum(dim=1)`.",
    ),
)
def alignment(x, y, alpha=2):
    return (x - y).abs().pow(alpha).sum(dim=1).mean()


@exercise.wrong(
    "one minus cosine",
    belief="The squared distance of unit vectors is 1 minus their cosine.",
    hints=(
        "Expand |x - y|^2 for unit vectors.",
        "You are off by a factor of 2 before the power is taken.",
        "|x - y|^2 = 2 - 2 x.y.",
    ),
)
def alignment(x, y, alpha=2):
    return (1 - (x * y).sum(dim=1)).clamp(min=0).pow(alpha / 2).mean()


@exercise.wrong(
    "all pairs",
    belief="Every x is compared with every y.",
    hints=(
        "Which rows of x and y belong together?",
        "Row i of x and row i of y are the positive pair; the other pairs are not positives.",
        "Compare row by row.",
    ),
)
def alignment(x, y, alpha=2):
    return (x[:, None] - y[None, :]).norm(dim=2).pow(alpha).mean()


@exercise.wrong(
    "pairwise_distance adds 1e-6",
    belief="`F.pairwise_distance` is the Euclidean distance.",
    hints=(
        "You are off by about one part in a million. Read the signature of the library function.",
        "It adds `eps=1e-6` to every difference before it takes the norm.",
        "Use `(x - y).norm(dim=1)`, or pass `eps=0`.",
    ),
)
def alignment(x, y, alpha=2):
    return F.pairwise_distance(x, y).pow(alpha).mean()


@exercise.wrong(
    "normalised inside",
    belief="The function should normalise what it is given.",
    hints=(
        "What must happen to rows whose norm is not 1?",
        "Normalising silently hides a forgotten normalisation in the training code.",
        "Raise ValueError: `require_unit_rows(x=x, y=y)`.",
    ),
)
def alignment(x, y, alpha=2):
    validate.batch(x=x, y=y)
    validate.positive(alpha=alpha)
    return (F.normalize(x, dim=1) - F.normalize(y, dim=1)).norm(dim=1).pow(alpha).mean()


def unit(alpha, *tensors):
    """Raise ValueError for what alignment refuses."""
    if not 0 < alpha < math.inf:
        raise ValueError(f"alpha {alpha}")
    for t in tensors:
        if t.ndim != 2 or 0 in t.shape or t.shape != tensors[0].shape:
            raise ValueError(f"shapes {[tuple(u.shape) for u in tensors]}")
        if not bool(((t.detach().double().pow(2).sum(1).sqrt() - 1).abs() <= 1e-2).all()):
            raise ValueError(f"norms {t.norm(dim=1)}")


@exercise.accepted("squared distances and half of alpha", uses=(unit,))
def alignment(x, y, alpha=2):
    unit(alpha, x, y)
    return (x - y).pow(2).sum(1).pow(alpha / 2).mean()


@exercise.accepted("by the cosine", uses=(unit,))
def alignment(x, y, alpha=2):
    unit(alpha, x, y)
    squared = 2 - 2 * torch.einsum("bd,bd->b", x, y)
    return torch.mean(squared if alpha == 2 else squared.clamp(min=0) ** (alpha / 2))


@exercise.accepted("loop over the pairs", uses=(unit,))
def alignment(x, y, alpha=2):
    unit(alpha, x, y)
    total = 0
    for a, b in zip(x, y, strict=True):
        total = total + torch.linalg.vector_norm(a - b) ** alpha
    return total / len(x)


@exercise.accepted("pairwise_distance without its eps", uses=(unit,))
def alignment(x, y, alpha=2):
    unit(alpha, x, y)
    return F.pairwise_distance(x, y, eps=0.0).pow(alpha).mean()
