"""hinge_loss: what its check looks at. Inputs keep away from the kink, where the gradient is not determined."""

import torch

from autograder.draw import tensor
from autograder.spec import Exercise
from course import validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "hinge_loss",
    hints={
        "values": (
            "With margin 1: a lead a.(p - n) of 3 costs 0, a lead of 0.25 costs 0.75, a lead of -2 costs 3.",
            "`(margin - lead).clamp(min=0)` for each row, then the mean.",
        ),
        "gradient": (
            "A row that leads by more than the margin has gradient 0; the others have slope -1 in their lead.",
        ),
        "stability": ("Nothing here needs an exponential: large inner products are no problem.",),
        "bad input": (
            "Shapes that differ and a negative margin must raise; margin 0 is allowed.",
            "`validate.batch(...)` and `validate.non_negative(margin=margin)`.",
        ),
    },
)


def away_from_kink(rng, b, d, margin, scale=1.0):
    """Triplets whose lead differs from the margin by more than 0.01, some on each side of it where b allows."""
    while True:
        a, p, n = (tensor(rng, b, d, scale=scale) for _ in range(3))
        active = margin - (a * (p - n)).sum(dim=1)
        if active.abs().min() > 0.01 and (b < 3 or 0 < int((active > 0).sum()) < b):
            return a, p, n


@exercise.cases
def cases(rng):
    for b, d, margin in ((4, 3, 1.0), (5, 2, 0.3), (3, 5, 2.5), (1, 4, 1.0), (6, 6, 0.0)):
        yield Case(f"B = {b}, d = {d}, margin {margin}", (*away_from_kink(rng, b, d, margin), margin), grad=(0, 1, 2))
    a = tensor(rng, 3, 3)
    unit = a / (a * a).sum(dim=1, keepdim=True)
    leads = torch.tensor([[9.0], [0.5], [-0.5]], dtype=a.dtype)
    yield Case("the margin is reached on average only", (a, leads * unit, torch.zeros_like(a)), grad=(0,))
    yield Case("the default margin", away_from_kink(rng, 7, 3, 1.0))
    yield Case("float32", tuple(x.float() for x in away_from_kink(rng, 5, 4, 1.0)))
    yield Case("float16", tuple(x.half() for x in away_from_kink(rng, 5, 4, 1.0)))
    yield Case("inner products of 1e4", away_from_kink(rng, 4, 3, 1.0, scale=70.0), part="stability", grad=(0,))
    x = tensor(rng, 4, 3)
    yield bad_input("batch sizes that differ", x, x[:3], x)
    yield bad_input("an empty batch", x[:0], x[:0], x[:0])
    yield bad_input("NaN in the anchor", x * torch.nan, x, x)
    yield bad_input("margin -0.5", x, x, x, -0.5)
    yield bad_input("margin NaN", x, x, x, float("nan"))


@exercise.property("an anchor that cannot tell positive from negative pays the margin")
def tie(f, rng):
    a, p = tensor(rng, 4, 3), tensor(rng, 4, 3)
    margin = float(rng.uniform(0.1, 3))
    if abs(f(a, p, p, margin) - margin) > 1e-9:
        return f"it gives {f(a, p, p, margin):.6g} for margin {margin:.6g}"


@exercise.property("a lead beyond the margin costs nothing")
def beyond(f, rng):
    a = tensor(rng, 4, 3)
    a = a / a.norm(dim=1, keepdim=True)
    if f(a, 3 * a, -3 * a, 1.0) != 0:
        return "a lead of 6 with margin 1 has a cost"


@exercise.accepted("relu")
def hinge_loss(anchor, positive, negative, margin=1.0):
    validate.batch(anchor=anchor, positive=positive, negative=negative)
    validate.non_negative(margin=margin)
    return torch.relu(margin - (anchor * positive).sum(-1) + (anchor * negative).sum(-1)).mean()


@exercise.accepted("torch.maximum and einsum")
def hinge_loss(anchor, positive, negative, margin=1.0):
    validate.batch(anchor=anchor, positive=positive, negative=negative)
    if not (margin >= 0 and margin < float("inf")):
        raise ValueError(f"margin {margin}")
    loss = margin - torch.einsum("bd,bd->b", anchor, positive - negative)
    return torch.maximum(loss, torch.zeros_like(loss)).mean()


@exercise.accepted("loop over rows")
def hinge_loss(anchor, positive, negative, margin=1.0):
    validate.batch(anchor=anchor, positive=positive, negative=negative)
    validate.non_negative(margin=margin)
    total = anchor.new_zeros(())
    for a, p, n in zip(anchor, positive, negative):
        total = total + (margin - a @ (p - n)).clamp(min=0)
    return total / len(anchor)


@exercise.wrong(
    "no clamp",
    belief="A lead beyond the margin is rewarded.",
    hints=(
        "Your loss can be negative. What does max(0, .) do?",
        "Clamp each row at 0 before the mean: `.clamp(min=0)`.",
    ),
)
def hinge_loss(anchor, positive, negative, margin=1.0):
    return (margin - (anchor * (positive - negative)).sum(dim=1)).mean()


@exercise.wrong(
    "clamp after the mean",
    belief="Rows may make up for each other: only the mean lead must reach the margin.",
    hints=(
        "One row leads by 5, another by -3: what does each cost by itself?",
        "First the maximum, row by row, then the mean.",
    ),
)
def hinge_loss(anchor, positive, negative, margin=1.0):
    return (margin - (anchor * (positive - negative)).sum(dim=1)).mean().clamp(min=0)


@exercise.wrong(
    "positive and negative exchanged",
    belief="The negative should lead.",
    hints=(
        "Take an anchor equal to its positive: the loss should be small.",
        "The lead is a.(p - n), and the loss falls with it.",
    ),
)
def hinge_loss(anchor, positive, negative, margin=1.0):
    return (margin + (anchor * (positive - negative)).sum(dim=1)).clamp(min=0).mean()


@exercise.wrong(
    "triplet loss on distances",
    belief="The hinge compares squared distances, as the triplet loss of FaceNet does.",
    hints=(
        "For unit vectors |a - p|^2 = 2 - 2 a.p, so distances count every inner product twice.",
        "The formula has inner products: margin - a.(p - n).",
    ),
)
def hinge_loss(anchor, positive, negative, margin=1.0):
    gap = (anchor - positive).pow(2).sum(dim=1) - (anchor - negative).pow(2).sum(dim=1)
    return (margin + gap).clamp(min=0).mean()


@exercise.wrong(
    "margin fixed at 1",
    belief="The margin is always 1.",
    hints=("Your values are right for margin 1 and wrong for others.", "Use the argument `margin`."),
)
def hinge_loss(anchor, positive, negative, margin=1.0):
    return (1.0 - (anchor * (positive - negative)).sum(dim=1)).clamp(min=0).mean()


@exercise.wrong(
    "sum instead of mean",
    belief="The loss of a batch is the sum over its rows.",
    hints=("Compare a batch with the same batch twice: the loss should not change.", "Divide by B: `.mean()`."),
)
def hinge_loss(anchor, positive, negative, margin=1.0):
    return (margin - (anchor * (positive - negative)).sum(dim=1)).clamp(min=0).sum()
