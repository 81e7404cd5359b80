"""logistic_loss: what its check looks at."""

import torch
import torch.nn.functional as F

from autograder.draw import strided, tensor
from autograder.spec import Exercise
from course import validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "logistic_loss",
    hints={
        "values": (
            "Work one triplet out by hand: B = 1, d = 1, anchor 1, positive 2, negative 0 gives ln(1 + e^-2) = 0.1269.",
            "Two inner products per row, `(anchor * negative).sum(dim=1)` and the one with the positive; then the "
            "logarithm; the mean over the batch comes last.",
        ),
        "gradient": (
            "Keep everything in torch operations: no `.item()`, `.detach()`, `float(...)` or numpy on the way.",
        ),
        "stability": (
            "For a gap of 100 or more, exp overflows in float32, though ln(1 + e^x) is nearly x.",
            "`torch.nn.functional.softplus` computes ln(1 + e^x) without overflow, or `torch.logaddexp` with 0.",
        ),
        "bad input": ("`validate.batch(anchor=anchor, positive=positive, negative=negative)` as the first line.",),
    },
)


@exercise.cases
def cases(rng):
    for b, d in ((4, 3), (1, 2), (5, 1), (3, 3)):
        yield Case(f"B = {b}, d = {d}", tuple(tensor(rng, b, d) for _ in range(3)), grad=(0, 1, 2))
    yield Case("B = 6, d = 4, float32", tuple(tensor(rng, 6, 4, dtype=torch.float32) for _ in range(3)))
    yield Case("B = 4, d = 3, float16", tuple(tensor(rng, 4, 3, dtype=torch.float16) for _ in range(3)))
    yield Case("inputs that are not contiguous", tuple(strided(tensor(rng, 4, 3)) for _ in range(3)))
    for sign in (1, -1):
        anchor = tensor(rng, 3, 4)
        towards = 1e4 * sign * anchor / (anchor * anchor).sum(dim=1, keepdim=True)
        args = (anchor, torch.zeros(3, 4, dtype=anchor.dtype), towards)
        yield Case(f"gap of {sign}e4", args, part="stability", grad=(0,))
        yield Case(f"gap of {sign}e4, float32", tuple(x.float() for x in args), part="stability")
    x = tensor(rng, 4, 3)
    yield bad_input("batch sizes that differ", x, x[:3], x)
    yield bad_input("dimensions that differ", x, x, x[:, :2])
    yield bad_input("an empty batch", x[:0], x[:0], x[:0])
    yield bad_input("NaN in the positive", x, x * torch.nan, x)


@exercise.property("swapping positive and negative changes the loss by the mean gap")
def swap(f, rng):
    a, p, n = (tensor(rng, 5, 3) for _ in range(3))
    if abs(f(a, n, p) - f(a, p, n) - float((a * (p - n)).sum(1).mean())) > 1e-8:
        return "ln(1 + e^-g) - ln(1 + e^g) = -g does not hold for your function"


@exercise.property("an anchor that cannot tell positive from negative pays ln 2")
def tie(f, rng):
    a, p = tensor(rng, 4, 3), tensor(rng, 4, 3)
    if abs(f(a, p, p) - 0.6931471805599453) > 1e-8:
        return f"it gives {f(a, p, p):.6g}"


def triplets(anchor, positive, negative):
    validate.batch(anchor=anchor, positive=positive, negative=negative)


@exercise.accepted("logaddexp", uses=(triplets,))
def logistic_loss(anchor, positive, negative):
    triplets(anchor, positive, negative)
    gap = torch.einsum("bd,bd->b", anchor, negative) - torch.einsum("bd,bd->b", anchor, positive)
    return torch.logaddexp(gap, torch.zeros_like(gap)).mean()


@exercise.accepted("cross-entropy of two logits", uses=(triplets,))
def logistic_loss(anchor, positive, negative):
    triplets(anchor, positive, negative)
    logits = torch.stack([(anchor * positive).sum(1), (anchor * negative).sum(1)], dim=1)
    return F.cross_entropy(logits, torch.zeros(len(anchor), dtype=torch.long))


@exercise.accepted("row by row, validated by hand")
def logistic_loss(anchor, positive, negative):
    if not (anchor.shape == positive.shape == negative.shape) or anchor.ndim != 2 or anchor.numel() == 0:
        raise ValueError(f"shapes {anchor.shape}, {positive.shape}, {negative.shape}")
    if any(torch.isnan(x).any() for x in (anchor, positive, negative)):
        raise ValueError("NaN")
    losses = [-F.logsigmoid(a @ p - a @ n) for a, p, n in zip(anchor, positive, negative)]
    return torch.stack(losses).mean()


@exercise.wrong(
    "positive and negative exchanged",
    belief="The loss is small when the negative is the more similar one.",
    hints=(
        "Take an anchor equal to its positive: what should the loss be, near 0 or large?",
        "The exponent is (similarity to the negative) minus (similarity to the positive).",
    ),
)
def logistic_loss(anchor, positive, negative):
    return F.softplus((anchor * (positive - negative)).sum(dim=1)).mean()


@exercise.wrong(
    "sum instead of mean",
    belief="The loss of a batch is the sum over its rows.",
    hints=("Compare a batch with the same batch twice: the loss should not change.", "Divide by B: `.mean()`."),
)
def logistic_loss(anchor, positive, negative):
    return F.softplus((anchor * (negative - positive)).sum(dim=1)).sum()


@exercise.wrong(
    "mean inside the logarithm",
    belief="The loss of the mean gap is the mean of the losses.",
    hints=(
        "ln(1 + e^x) is curved. Is f(mean x) the mean of f(x)? (Jensen)",
        "First ln(1 + e^gap) for each row, then the mean.",
    ),
)
def logistic_loss(anchor, positive, negative):
    return F.softplus((anchor * (negative - positive)).sum(dim=1).mean())


@exercise.wrong(
    "cosine instead of inner product",
    belief="Similarity is always the cosine.",
    hints=(
        "Double the anchor: should the loss change? Look at the formula: nothing in it is normalised.",
        "Use plain inner products; the cosine comes in with `nt_xent`.",
    ),
)
def logistic_loss(anchor, positive, negative):
    return F.softplus(F.cosine_similarity(anchor, negative) - F.cosine_similarity(anchor, positive)).mean()


@exercise.wrong(
    "probability instead of its logarithm",
    belief="The loss is the probability of choosing wrongly.",
    hints=(
        "Your values lie between 0 and 1. The logistic loss grows without bound when the negative wins clearly.",
        "Take minus the logarithm of the probability of choosing rightly.",
    ),
)
def logistic_loss(anchor, positive, negative):
    return torch.sigmoid((anchor * (negative - positive)).sum(dim=1)).mean()


@exercise.wrong(
    "positive compared with negative",
    belief="The negative should be far from the positive, rather than from the anchor.",
    hints=(
        "Which two inner products stand in the formula? Both contain the anchor.",
        "On average over random draws the two versions agree (x and x+ are exchangeable), on a batch they do not: "
        "`anchor . negative`.",
    ),
)
def logistic_loss(anchor, positive, negative):
    return F.softplus((positive * negative).sum(dim=1) - (anchor * positive).sum(dim=1)).mean()


@exercise.wrong(
    "base-2 logarithm",
    belief="The base of the logarithm does not matter.",
    hints=(
        "Your values are the right ones divided by ln 2 = 0.693.",
        "The course uses the natural logarithm: `torch.log`.",
    ),
)
def logistic_loss(anchor, positive, negative):
    return F.softplus((anchor * (negative - positive)).sum(dim=1)).mean() / 0.6931471805599453


@exercise.wrong(
    "exp without protection",
    belief="ln(1 + exp(x)) can be computed as it is written.",
    hints=(
        "exp(100) is infinite in float32, exp(1000) in float64.",
        "`F.softplus(x)`, or `torch.logaddexp(x, torch.zeros_like(x))`, never forms exp of a large number.",
    ),
    uses=(triplets,),
)
def logistic_loss(anchor, positive, negative):
    triplets(anchor, positive, negative)
    return torch.log(1 + torch.exp((anchor * (negative - positive)).sum(dim=1))).mean()
