"""spectral_loss: what its check looks at. B = 2, odd and even, rows longer and shorter than 1, views that differ: with
equal views the pairs i < j and i > j cannot be told apart."""

import torch
import torch.nn.functional as F

from autograder.draw import strided, tensor
from autograder.spec import Exercise
from course import graphs, validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "spectral_loss",
    hints={
        "values": (
            "B = 2, d = 1, view1 = (1, 1), view2 = (1, 1): the loss is -2 + 1 = -1. Does yours give that?",
            "view1 @ view2.T holds all inner products: its diagonal the positives, the rest the negatives.",
            "Take the diagonal out of the squares and divide their sum by B (B - 1).",
        ),
        "gradient": ("Both views carry a gradient; do not detach, do not convert to numpy.",),
        "bad input": ("`validate.batch(view1=view1, view2=view2)`, and one pair has no negatives: B = 1 raises.",),
        "properties": ("Averaged over all batches of independent pairs it must give the population loss exactly.",),
    },
)


def views(rng, b, d, scale=1.0, dtype=torch.float64):
    """Two related views, not centred."""
    first = tensor(rng, b, d) + tensor(rng, 1, d)
    second = first + 0.7 * tensor(rng, b, d)
    return (scale * first).to(dtype), (scale * second).to(dtype)


@exercise.cases
def cases(rng):
    for b, d in ((2, 3), (5, 2), (4, 4), (7, 1)):
        yield Case(f"B = {b}, d = {d}", views(rng, b, d), grad=(0, 1))
    yield Case("rows much shorter than 1", views(rng, 3, 4, 0.02), grad=(0, 1))
    yield Case("inner products of about 1e4", views(rng, 4, 3, 50.0), grad=(0, 1))
    # no gradient here: it is a difference of numbers of size 1e6, of which float32 keeps seven digits
    yield Case("inner products of about 1e4, float32", views(rng, 5, 3, 50.0, torch.float32))
    yield Case("float16", views(rng, 4, 3, 0.7, torch.float16))
    yield Case("not contiguous", tuple(strided(x) for x in views(rng, 4, 3)), grad=(0, 1))
    row = tensor(rng, 1, 3)
    yield Case("all rows equal", (row.repeat(4, 1), row.repeat(4, 1)), grad=(0, 1))
    yield Case("views that cancel: negative inner products", (tensor(rng, 3, 3), -tensor(rng, 3, 3)), grad=(0, 1))
    first, second = views(rng, 4, 3)
    yield bad_input("B = 1", first[:1], second[:1])
    yield bad_input("an empty batch", first[:0], second[:0])
    yield bad_input("batch sizes that differ", first, second[:3])
    yield bad_input("dimensions that differ", first, second[:, :2])
    yield bad_input("NaN in a view", first * torch.nan, second)
    yield bad_input("integers", torch.ones(3, 2, dtype=torch.int64), torch.ones(3, 2, dtype=torch.int64))


@exercise.property("its expectation over all batches of two independent pairs is the population loss")
def unbiased(f, rng):
    joint, z = graphs.random_joint_symmetric(rng, 2), rng.normal(size=(2, 2)) + 0.5
    p, inner = joint.sum(axis=1), z @ z.T
    target = -2 * (joint * inner).sum() + p @ inner**2 @ p
    pairs = [(x, y) for x in range(2) for y in range(2)]
    expected = 0.0
    for first in pairs:
        for second in pairs:
            one, two = torch.from_numpy(z[[first[0], second[0]]]), torch.from_numpy(z[[first[1], second[1]]])
            expected += joint[first] * joint[second] * float(f(one, two))
    if abs(expected - target) > 1e-8 * max(1.0, abs(target)):
        return "the mean over all batches of a two-node graph, with their probabilities, is not the population loss"


@exercise.property("permuting the images, exchanging the views, or rotating both views changes nothing")
def invariance(f, rng):
    first, second = views(rng, 5, 3)
    order, q = torch.from_numpy(rng.permutation(5)), torch.linalg.qr(tensor(rng, 3, 3)).Q
    value = float(f(first, second))
    others = {
        "permuting the images": f(first[order], second[order]),
        "exchanging the views": f(second, first),
        "rotating both views": f(first @ q, second @ q),
    }
    changed = [what for what, other in others.items() if abs(float(other) - value) > 1e-8 * max(1.0, abs(value))]
    if changed:
        return f"{changed[0]} changed the loss"


def inner_products(view1, view2):
    return view1 @ view2.T


@exercise.wrong(
    "positives among the negatives",
    belief="The second term is the mean over all B^2 inner products.",
    hints=(
        "Is row i of view 2 a negative of row i of view 1?",
        "The mean over all B^2 pairs has the positives in it: it is biased by (E_pos s^2 - E_neg s^2) / B.",
        "Set the diagonal of the squares to 0 and divide by B (B - 1).",
    ),
    uses=(inner_products,),
)
def spectral_loss(view1, view2):
    inner = inner_products(view1, view2)
    return inner.square().mean() - 2 * inner.diagonal().mean()


@exercise.wrong(
    "diagonal removed, divided by B^2",
    belief="A mean over the matrix divides by its size, also when the diagonal is zero.",
    hints=(
        "How many numbers do you add up, and by what do you divide?",
        "Without the diagonal there are B (B - 1) terms.",
        "Your second term is too small by the factor (B - 1) / B.",
    ),
    uses=(inner_products,),
)
def spectral_loss(view1, view2):
    inner = inner_products(view1, view2)
    return (inner - torch.diag(inner.diagonal())).square().mean() - 2 * inner.diagonal().mean()


@exercise.wrong(
    "factor 2 missing",
    belief="The two terms have the same weight.",
    hints=("Compare with -2 mean_i v_i.v'_i in the formula.", "The positive term carries the factor 2."),
    uses=(inner_products,),
)
def spectral_loss(view1, view2):
    inner, n = inner_products(view1, view2), len(view1)
    negatives = inner.square().sum() - inner.diagonal().square().sum()
    return negatives / (n * (n - 1)) - inner.diagonal().mean()


@exercise.wrong(
    "square outside the mean",
    belief="The second term is the square of the mean inner product of the negatives.",
    hints=(
        "Which is larger: the mean of squares or the square of the mean?",
        "Square each inner product first.",
        "inner.square() before the sum.",
    ),
    uses=(inner_products,),
)
def spectral_loss(view1, view2):
    inner, n = inner_products(view1, view2), len(view1)
    mean = (inner.sum() - inner.diagonal().sum()) / (n * (n - 1))
    return mean.square() - 2 * inner.diagonal().mean()


@exercise.wrong(
    "absolute value instead of square",
    belief="Negatives are pushed towards inner product 0 by their absolute value.",
    hints=("What is the exponent of the negative term?", "Use .square(), not .abs(): the identity needs the square."),
    uses=(inner_products,),
)
def spectral_loss(view1, view2):
    inner, n = inner_products(view1, view2), len(view1)
    negatives = inner.abs().sum() - inner.diagonal().abs().sum()
    return negatives / (n * (n - 1)) - 2 * inner.diagonal().mean()


@exercise.wrong(
    "negatives inside view 1",
    belief="Negatives are the other rows of the same view.",
    hints=(
        "Does your second term look at view 2?",
        "v_i.v_j within one view is unbiased too, but it is not the form asked for.",
        "Use v_i of view 1 against v'_j of view 2.",
    ),
    uses=(inner_products,),
)
def spectral_loss(view1, view2):
    within, n = inner_products(view1, view1), len(view1)
    negatives = within.square().sum() - within.diagonal().square().sum()
    return negatives / (n * (n - 1)) - 2 * (view1 * view2).sum(dim=1).mean()


@exercise.wrong(
    "pairs i < j only",
    belief="Each pair of images is counted once.",
    hints=(
        "Exchange the two views: your loss changes, and it should not.",
        "v_i.v'_j and v_j.v'_i are different numbers; both belong to the sum.",
        "Sum over i < j and over i > j, and divide by B (B - 1).",
    ),
    uses=(inner_products,),
)
def spectral_loss(view1, view2):
    inner, n = inner_products(view1, view2), len(view1)
    return 2 * inner.square().triu(diagonal=1).sum() / (n * (n - 1)) - 2 * inner.diagonal().mean()


@exercise.wrong(
    "rows normalised",
    belief="As in NT-Xent, similarity is the cosine.",
    hints=(
        "Multiply both views by 2: your loss does not change. Should it?",
        "The length of a row carries information here: the mass of its part.",
        "Take the inner products as they are.",
    ),
    uses=(inner_products,),
)
def spectral_loss(view1, view2):
    inner, n = inner_products(F.normalize(view1, dim=1), F.normalize(view2, dim=1)), len(view1)
    negatives = inner.square().sum() - inner.diagonal().square().sum()
    return negatives / (n * (n - 1)) - 2 * inner.diagonal().mean()


@exercise.wrong(
    "long rows cut to length 1",
    belief="Rows longer than 1 are shortened to length 1 first, as in the authors' program.",
    hints=(
        "Is a change of the rows part of the formula?",
        "The authors' training program clips long rows to keep early steps tame. That is a change of the loss.",
        "Leave the rows as they are.",
    ),
    uses=(inner_products,),
)
def spectral_loss(view1, view2):
    view1, view2 = (x / x.norm(dim=1, keepdim=True).clamp(min=1) for x in (view1, view2))
    inner, n = inner_products(view1, view2), len(view1)
    negatives = inner.square().sum() - inner.diagonal().square().sum()
    return negatives / (n * (n - 1)) - 2 * inner.diagonal().mean()


@exercise.wrong(
    "mean over the coordinates",
    belief="(view1 * view2).mean() is the mean inner product.",
    hints=(
        "With d = 1 your values are right.",
        "An inner product is a sum over the d coordinates; only the batch is averaged.",
        "(view1 * view2).sum(dim=1).mean().",
    ),
    uses=(inner_products,),
)
def spectral_loss(view1, view2):
    inner, n = inner_products(view1, view2), len(view1)
    negatives = inner.square().sum() - inner.diagonal().square().sum()
    return negatives / (n * (n - 1)) - 2 * (view1 * view2).mean()


@exercise.wrong(
    "sum over the negatives of an anchor",
    belief="An anchor pays for each of its negatives; only anchors are averaged.",
    hints=(
        "Repeat the batch twice: your second term doubles.",
        "The expectation over negative pairs is a mean over all B (B - 1) of them.",
        "Divide by B - 1 as well.",
    ),
    uses=(inner_products,),
)
def spectral_loss(view1, view2):
    inner, n = inner_products(view1, view2), len(view1)
    negatives = inner.square().sum() - inner.diagonal().square().sum()
    return negatives / n - 2 * inner.diagonal().mean()


def checked(view1, view2):
    validate.batch(view1=view1, view2=view2)
    if view1.shape[0] < 2:
        raise ValueError(f"B = {view1.shape[0]}")


@exercise.accepted("upper and lower triangle, as in the authors' program", uses=(checked,))
def spectral_loss(view1, view2):
    checked(view1, view2)
    n = view1.shape[0]
    square = torch.matmul(view1, view2.T) ** 2
    off = torch.triu(square, diagonal=1) + torch.tril(square, diagonal=-1)
    return -2 * torch.mean(view1 * view2) * view1.shape[1] + off.mean() * n / (n - 1)


@exercise.accepted("boolean mask and mean", uses=(checked,))
def spectral_loss(view1, view2):
    checked(view1, view2)
    inner = torch.einsum("id,jd->ij", view1, view2)
    others = ~torch.eye(len(inner), dtype=torch.bool)
    return inner[others].pow(2).mean() - 2 * torch.diagonal(inner).mean()


@exercise.accepted("loop over anchors", uses=(checked,))
def spectral_loss(view1, view2):
    checked(view1, view2)
    n, total = len(view1), 0
    for i in range(n):
        others = torch.cat([view2[:i], view2[i + 1 :]])
        total = total + ((others @ view1[i]) ** 2).mean() - 2 * (view1[i] * view2[i]).sum()
    return total / n


@exercise.accepted("B - 1 rolls of the second view", uses=(checked,))
def spectral_loss(view1, view2):
    checked(view1, view2)
    n = len(view1)
    shifted = torch.stack([view2.roll(s, dims=0) for s in range(1, n)])  # (B - 1, B, d)
    return (view1 * shifted).sum(dim=-1).square().mean() - 2 * (view1 * view2).sum(dim=-1).mean()


@exercise.accepted("per-anchor mean with a fixed divisor", uses=(checked,))
def spectral_loss(view1, view2):
    checked(view1, view2)
    inner = view1.matmul(view2.transpose(0, 1))
    inner = inner * (1 - torch.eye(len(view1), dtype=view1.dtype))
    positives = torch.linalg.vecdot(view1, view2)
    return (inner.square().sum(dim=1) / (len(view1) - 1) - 2 * positives).mean()
