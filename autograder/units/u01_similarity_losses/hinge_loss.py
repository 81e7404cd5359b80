"""hinge_loss: what its check looks at. Inputs keep away from the kink, where the gradient is not determined."""

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, batch, non_negative
from autograder.author.draw import larger_sizes, tensor
from autograder.units.u01_similarity_losses.draws import HALF
from course import validate

exercise = Exercise(
    "hinge_loss",
    refuses=(batch(anchor="the anchor", positive="the positive", negative="the negative"), non_negative("margin")),
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
    yield Case("the default margin", away_from_kink(rng, 7, 3, 1.0), hint="The default margin is 1.")
    yield Case("float32", tuple(x.float() for x in away_from_kink(rng, 5, 4, 1.0)))
    yield Case("float16", tuple(x.half() for x in away_from_kink(rng, 5, 4, 1.0)), hint=HALF)
    yield Case("inner products of 1e4", away_from_kink(rng, 4, 3, 1.0, scale=70.0), part="stability", grad=(0,))
    yield from exercise.bad_inputs(*[tensor(rng, 4, 3)] * 3)
    one = torch.ones(1, 1, dtype=torch.float64)
    yield Case("a lead of 1000 and a margin of 1000.1", (one, 1000 * one, 0 * one, 1000.1))
    b, d = larger_sizes(rng, 2)
    margin = float(rng.uniform(0.2, 2))
    args = (*away_from_kink(rng, b, d, margin, scale=d**-0.25), margin)  # inner products of size 1
    yield Case("a larger batch", args, grad=(0, 1, 2), public=False)


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


def by_cosines(a, p, n):
    return F.cosine_similarity(a, p, dim=1) - F.cosine_similarity(a, n, dim=1)


def vectors_checked(anchor, positive, negative):
    validate.batch(anchor=anchor, positive=positive, negative=negative)


def positive_only(margin):
    validate.positive(margin=margin)
    return margin


def not_negative(margin):
    if margin < 0:
        raise ValueError(f"margin {margin}")
    return margin


def closer(a, p, n):
    return (a - n).pow(2).sum(dim=1) - (a - p).pow(2).sum(dim=1)


@exercise.formula
def hinge_loss(
    anchor,
    positive,
    negative,
    margin=1.0,
    *,
    checked=lambda *vectors: None,
    lead=lambda a, p, n: (a * (p - n)).sum(dim=1),
    sign=1,
    wanted=lambda margin: margin,
    clamp=lambda cost: cost.clamp(min=0),
    pool=torch.mean,
    added=lambda margin: 0,
    unit=lambda margin: 1,
):
    checked(anchor, positive, negative)
    return pool(clamp(wanted(margin) - sign * lead(anchor, positive, negative))) / unit(margin) + added(margin)


exercise.slip("no clamp", clamp=lambda cost: cost).says(
    "A lead beyond the margin is rewarded.",
    "Your loss can be negative. What does max(0, .) do?",
    "Clamp each row at 0 before the mean: `.clamp(min=0)`.",
)
exercise.slip("clamp after the mean", clamp=lambda cost: cost.mean().clamp(min=0)).says(
    "Rows may make up for each other: only the mean lead must reach the margin.",
    "One row leads by 5, another by -3: what does each cost by itself?",
    "First the maximum, row by row, then the mean.",
)
exercise.slip("positive and negative exchanged", sign=-1).says(
    "The negative should lead.",
    "Take an anchor equal to its positive: the loss should be small.",
    "The lead is a.(p - n), and the loss falls with it.",
)
exercise.slip("triplet loss on distances", lead=closer).says(
    "The hinge compares squared distances, as the triplet loss of FaceNet does.",
    "For unit vectors |a - p|^2 = 2 - 2 a.p, so distances count every inner product twice.",
    "The formula has inner products: margin - a.(p - n).",
)
exercise.slip("cosines", lead=by_cosines).says(
    "Similarity is the cosine, as in the loss of Wang and Gupta.",
    "Double the anchor: your loss does not change. Does the formula's?",
    "The formula has plain inner products: nothing is normalised.",
)
exercise.slip("divided by the margin", unit=lambda margin: margin).says(
    "The loss is the bound on the ranking error, divided by the margin.",
    "Your values are right for margin 1 only, and margin 0 gives no number.",
    "The factor 1/m belongs to the bound of the lecture, not to the loss.",
)
exercise.slip("the logistic twin", clamp=F.softplus).says(
    "The maximum with 0 is rounded off: ln(1 + e^x).",
    "What does a lead beyond the margin cost: nothing, or a little?",
    "`(margin - lead).clamp(min=0)`: no exponential.",
)
exercise.slip("squared hinge", clamp=lambda cost: cost.clamp(min=0).pow(2)).says(
    "What is missing to the margin is squared.",
    "A lead that is 3 short of the margin: what does it cost?",
    "max(0, margin - lead) as it is, without a square.",
)
exercise.slip(
    "mean over the rows that cost something", pool=lambda cost: cost.sum() / (cost > 0).sum().clamp(min=1)
).says(
    "Rows that cost nothing do not count in the mean.",
    "Add a row that leads by far: your loss does not change. Should it fall?",
    "Divide by B, the number of all rows.",
)
exercise.slip("margin fixed at 1", wanted=lambda margin: 1.0).says(
    "The margin is always 1.",
    "Your values are right for margin 1 and wrong for others.",
    "Use the argument `margin`.",
)
exercise.slip("sum instead of mean", pool=torch.sum).says(
    "The loss of a batch is the sum over its rows.",
    "Compare a batch with the same batch twice: the loss should not change.",
    "Divide by B: `.mean()`.",
)

exercise.slip("divided by a margin above 0", unit=lambda margin: margin or 1).says(
    "The loss is the bound on the ranking error, divided by the margin.",
    "Your values are right for margins 0 and 1 only.",
    "The factor 1/m belongs to the bound of the lecture, not to the loss.",
)
DISTANCES = (
    "The hinge compares distances, as a triplet loss does.",
    "Double a positive that points along the anchor: does its similarity grow or fall?",
    "The formula has inner products: margin - a.(p - n).",
)
exercise.slip("distances", lead=lambda a, p, n: (a - n).norm(dim=1) - (a - p).norm(dim=1)).says(*DISTANCES)
exercise.slip("distances of torch", lead=lambda a, p, n: F.pairwise_distance(a, n) - F.pairwise_distance(a, p)).says(
    *DISTANCES
)
exercise.slip("what is beyond the margin costs", clamp=lambda cost: (-cost).clamp(min=0)).says(
    "A lead costs what it has beyond the margin.",
    "A lead of 3 with margin 1: should it cost anything?",
    "It costs what is *missing* to the margin: margin - lead.",
)
exercise.slip("the margin forgiven", wanted=lambda margin: -margin).says(
    "A negative may lead by the margin before it costs.",
    "An anchor that cannot tell positive from negative: what should it pay?",
    "The margin: max(0, margin - lead), with a plus sign.",
)
exercise.slip("the margin outside of the maximum", wanted=lambda margin: 0, added=lambda margin: margin).says(
    "The margin is added after the maximum.",
    "Can your loss be 0? A lead beyond the margin should cost nothing.",
    "The margin stands inside: max(0, margin - lead).",
)
exercise.slip("the margin as the least cost", wanted=lambda margin: -margin, added=lambda margin: margin).says(
    "No row costs less than the margin.",
    "Can your loss be 0? A lead beyond the margin should cost nothing.",
    "The 0 and the margin have changed places: max(0, margin - lead).",
)
exercise.slip("a distance to the margin", clamp=torch.abs).says(
    "A lead beyond the margin costs as much as one that falls short of it.",
    "A lead of 3 with margin 1: should it cost anything?",
    "`(margin - lead).clamp(min=0)`: no absolute value.",
)
exercise.slip("the worst row", pool=torch.amax).says(
    "The maximum runs over the rows of the batch, too.",
    "What do the other rows of the batch cost?",
    "max(0, .) for each row by itself, then the mean over rows.",
)
COORDINATES = (
    "Each coordinate has a margin of its own.",
    "How often do you take a maximum: B times, or B times d times?",
    "Sum over the coordinates first (that is the inner product), then the maximum.",
)
by_coordinate = lambda a, p, n: a * (p - n)  # noqa: E731
exercise.slip("coordinate by coordinate", lead=by_coordinate).says(*COORDINATES)
exercise.slip("coordinate by coordinate, summed", lead=by_coordinate, pool=lambda cost: cost.sum(dim=1).mean()).says(
    *COORDINATES
)
exercise.slip("mean over the coordinates", lead=lambda a, p, n: (a * (p - n)).mean(dim=1)).says(
    "An inner product is a mean over the coordinates.",
    "Your leads are the right ones over d.",
    "`(anchor * (positive - negative)).sum(dim=1)`.",
)
exercise.slip("all negatives of the batch", lead=lambda a, p, n: (a * p).sum(dim=1, keepdim=True) - a @ n.T).says(
    "Each anchor is compared with the negatives of all rows.",
    "How many terms has the sum in the formula?",
    "B: row i has its own negative. `(anchor * negative).sum(dim=1)`, no matrix product.",
)
exercise.slip(
    "a margin for each pair",
    lead=lambda a, p, n: torch.stack([(a * p).sum(dim=1), -(a * n).sum(dim=1)]),
    pool=lambda cost: cost.sum(dim=0).mean(),
).says(
    "Positive and negative have a margin each.",
    "Add one number to both inner products: your loss changes. Does the formula's?",
    "One maximum for each row, over the difference of the two inner products.",
)
exercise.slip("margin 0 refused", wanted=positive_only).says(
    "A margin of 0 makes no sense.",
    "What does the question say about m = 0?",
    "Every m >= 0 is taken: `validate.non_negative(margin=margin)`.",
)
exercise.slip("the margin in single precision", wanted=lambda margin: torch.tensor(margin)).says(
    "`torch.tensor(margin)` holds the margin as it is.",
    "Print `torch.tensor(0.3).double()`. How many digits are right?",
    "A tensor made from a number is float32. Use the number itself: `margin - lead`.",
)
exercise.slip("not pooled", pool=lambda cost: cost).says(
    "A loss is one number for each row.",
    "Which shape does the question ask for?",
    "One number for the batch, shape (): `.mean()` at the end.",
)
exercise.slip("cut off from the graph", paired=False, pool=lambda cost: cost.detach().mean()).says(
    "Only the value of a loss is needed.",
    "Who is going to call `.backward()` on it?",
    "Stay with tensors to the end: no `.item()`, `float(...)`, `.detach()` or numpy.",
)
exercise.slip("nothing validated", guarded=False).says(
    "Bad input need not raise ValueError.",
    "What does your function answer to a negative margin, to NaN, and to shapes that do not fit?",
    "`validate.batch(...)` and `validate.non_negative(margin=margin)`.",
)
exercise.slip("the margin not looked at", paired=False, guarded=False, checked=vectors_checked).says(
    "Every margin is a good one.",
    "What does your function answer to a margin of -0.5, or NaN?",
    "`validate.non_negative(margin=margin)`.",
)
exercise.slip("a margin of NaN", paired=False, guarded=False, checked=vectors_checked, wanted=not_negative).says(
    "`margin < 0` finds every bad margin.",
    "What is NaN < 0?",
    "False, so NaN goes through: `validate.non_negative(margin=margin)`.",
)

exercise.style("relu", clamp=torch.relu)


@exercise.accepted("torch.maximum and einsum, the margin validated by hand", guarded=False)
def hinge_loss(anchor, positive, negative, margin=1.0):
    validate.batch(anchor=anchor, positive=positive, negative=negative)
    if not (margin >= 0 and margin < float("inf")):
        raise ValueError(f"margin {margin}")
    loss = margin - torch.einsum("bd,bd->b", anchor, positive - negative)
    return torch.maximum(loss, torch.zeros_like(loss)).mean()


@exercise.accepted("loop over rows")
def hinge_loss(anchor, positive, negative, margin=1.0):
    total = anchor.new_zeros(())
    for a, p, n in zip(anchor, positive, negative):
        total = total + (margin - a @ (p - n)).clamp(min=0)
    return total / len(anchor)
