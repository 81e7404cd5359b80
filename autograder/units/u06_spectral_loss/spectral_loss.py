"""spectral_loss: what its check looks at. B = 2, odd and even, rows longer and shorter than 1, views that differ: with
equal views the pairs i < j and i > j cannot be told apart."""

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, bad_input, batch
from autograder.author.draw import odd_sizes, strided, tensor
from autograder.units.u06_spectral_loss.theorems import population_loss
from course import graphs, validate

exercise = Exercise(
    "spectral_loss",
    refuses=(batch(minimum=2, view1="a view", view2="the other view"),),
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
    b, d = odd_sizes(rng, 2)
    yield Case(f"B = {b}, d = {d}", views(rng, b, d, 0.5), grad=(0, 1), public=False)
    yield Case("rows much shorter than 1", views(rng, 3, 4, 0.02), grad=(0, 1))
    yield Case("inner products of about 1e4", views(rng, 4, 3, 50.0), grad=(0, 1))
    # no gradient here: it is a difference of numbers of size 1e6, of which float32 keeps seven digits
    yield Case("inner products of about 1e4, float32", views(rng, 5, 3, 50.0, torch.float32))
    yield Case("float16", views(rng, 4, 3, 0.7, torch.float16))
    yield Case("not contiguous", tuple(strided(x) for x in views(rng, 4, 3)), grad=(0, 1))
    row = tensor(rng, 1, 3)
    yield Case("all rows equal", (row.repeat(4, 1), row.repeat(4, 1)), grad=(0, 1))
    yield Case("views that cancel: negative inner products", (tensor(rng, 3, 3), -tensor(rng, 3, 3)), grad=(0, 1))
    yield from exercise.bad_inputs(*views(rng, 4, 3))
    yield bad_input("integers", torch.ones(3, 2, dtype=torch.int64), torch.ones(3, 2, dtype=torch.int64))


@exercise.property("its expectation over all batches of two independent pairs is the population loss")
def unbiased(f, rng):
    joint, z = graphs.random_joint_symmetric(rng, 2), rng.normal(size=(2, 2)) + 0.5
    target, rows = population_loss(joint, z), torch.from_numpy(z)
    pairs = [(x, y) for x in range(2) for y in range(2)]
    expected = 0.0
    for a in pairs:
        for b in pairs:
            expected += joint[a] * joint[b] * float(f(rows[[a[0], b[0]]], rows[[a[1], b[1]]]))
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


def without_diagonal(inner):
    return inner.masked_fill(torch.eye(len(inner), dtype=torch.bool), 0)


def one_shift(a, b):
    return (a * b.roll(1, dims=0)).sum(dim=1)


def both_without(inner):
    return torch.stack([without_diagonal(one) for one in inner])


def all_rows(a, b):
    rows = torch.cat([a, b])
    return rows @ rows.T


def no_partner(inner):
    n = len(inner) // 2
    return inner * (1 - torch.eye(n, dtype=inner.dtype).repeat(2, 2))


@exercise.formula
def spectral_loss(
    view1,
    view2,
    *,
    scaled=lambda view: view,
    alike=lambda a, b: (a * b).sum(dim=1).mean(),
    against=lambda a, b: a @ b.T,
    others=without_diagonal,
    cost=torch.square,
    terms=lambda n: n * (n - 1),
    after=lambda mean: mean,
    pull=2,
):
    a, b = scaled(view1), scaled(view2)
    negatives = cost(others(against(a, b))).sum() / terms(len(a))
    return after(negatives) - pull * alike(a, b)


exercise.slip("positives among the negatives", others=lambda inner: inner, terms=lambda n: n * n).says(
    "The second term is the mean over all B^2 inner products.",
    "Is row i of view 2 a negative of row i of view 1?",
    "The mean over all B^2 pairs has the positives in it: it is biased by (E_pos s^2 - E_neg s^2) / B.",
    "Set the diagonal of the squares to 0 and divide by B (B - 1).",
)
exercise.slip("diagonal removed, divided by B^2", terms=lambda n: n * n).says(
    "A mean over the matrix divides by its size, also when the diagonal is zero.",
    "How many numbers do you add up, and by what do you divide?",
    "Without the diagonal there are B (B - 1) terms.",
    "Your second term is too small by the factor (B - 1) / B.",
)
exercise.slip("positives squared", alike=lambda a, b: (a * b).sum(dim=1).square().mean()).says(
    "Both terms have squared inner products.",
    "B = 2, d = 1, all entries t: the loss is -2 t^2 + t^4. Which power of t has your first term?",
    "The first term has the inner product itself.",
    "Square only the negatives.",
)
exercise.slip("one shift of the second view", against=one_shift, others=lambda inner: inner, terms=lambda n: n).says(
    "One negative for each anchor is enough: the other view, shifted by one row.",
    "Your estimate is unbiased. How many of the B^2 pairs does it use?",
    "The question asks for as many pairs as can be used.",
    "All i != j: B (B - 1) pairs.",
)
exercise.slip(
    "negatives inside both views",
    against=lambda a, b: torch.stack([a @ a.T, b @ b.T]),
    others=both_without,
    terms=lambda n: 2 * n * (n - 1),
).says(
    "Negatives are the other rows of the same view, for each of the two views.",
    "Do your negatives join a row of one view to a row of the other?",
    "v_i.v_j within one view is unbiased too, but it is not the form asked for.",
    "Use v_i of view 1 against v'_j of view 2.",
)
exercise.slip(
    "all 2B rows against each other", against=all_rows, others=no_partner, terms=lambda n: 4 * n * (n - 1)
).says(
    "As in NT-Xent, a row has all rows of other images in both views for its negatives.",
    "Do all of your negatives join a row of one view to a row of the other?",
    "Pairs within one view are unbiased too, but they are not in the form asked for.",
    "Use v_i of view 1 against v'_j of view 2 only.",
)
exercise.slip("factor 2 missing", pull=1).says(
    "The two terms have the same weight.",
    "Which factor has E_pos in the loss of section 3?",
    "The positive term carries the factor 2.",
)
exercise.slip("square outside the mean", cost=lambda inner: inner, after=torch.square).says(
    "The second term is the square of the mean inner product of the negatives.",
    "Which is larger: the mean of squares or the square of the mean?",
    "Square each inner product first.",
    "inner.square() before the sum.",
)
exercise.slip("absolute value instead of square", cost=torch.abs).says(
    "Negatives are pushed towards inner product 0 by their absolute value.",
    "What is the exponent of the inner product in E_neg?",
    "Use .square(), not .abs(): the identity needs the square.",
)
exercise.slip("negatives inside view 1", against=lambda a, b: a @ a.T).says(
    "Negatives are the other rows of the same view.",
    "Does your second term look at view 2?",
    "v_i.v_j within one view is unbiased too, but it is not the form asked for.",
    "Use v_i of view 1 against v'_j of view 2.",
)
exercise.slip("pairs i < j only", others=lambda inner: inner.triu(diagonal=1), terms=lambda n: n * (n - 1) / 2).says(
    "Each pair of images is counted once.",
    "Exchange the two views: your loss changes, and it should not.",
    "v_i.v'_j and v_j.v'_i are different numbers; both belong to the sum.",
    "Sum over i < j and over i > j, and divide by B (B - 1).",
)
exercise.slip("rows normalised", scaled=lambda view: F.normalize(view, dim=1)).says(
    "As in NT-Xent, similarity is the cosine.",
    "Multiply both views by 2: your loss does not change. Should it?",
    "The length of a row carries information here: the mass of its part.",
    "Take the inner products as they are.",
)
exercise.slip("long rows cut to length 1", scaled=lambda view: view / view.norm(dim=1, keepdim=True).clamp(min=1)).says(
    "Rows longer than 1 are shortened to length 1 first, as in the authors' program.",
    "Does the loss of section 3 change the rows first?",
    "The authors' training program clips long rows to keep early steps tame. That is a change of the loss.",
    "Leave the rows as they are.",
)
exercise.slip("mean over the coordinates", alike=lambda a, b: (a * b).mean()).says(
    "(view1 * view2).mean() is the mean inner product.",
    "With d = 1 your values are right.",
    "An inner product is a sum over the d coordinates; only the batch is averaged.",
    "(view1 * view2).sum(dim=1).mean().",
)
exercise.slip("sum over the negatives of an anchor", terms=lambda n: n).says(
    "An anchor pays for each of its negatives; only anchors are averaged.",
    "Repeat the batch twice: your second term doubles.",
    "The expectation over negative pairs is a mean over all B (B - 1) of them.",
    "Divide by B - 1 as well.",
)
exercise.slip("mean halved", terms=lambda n: 2 * n * (n - 1)).says(
    "Each pair of images stands twice in the matrix, so the sum is divided by 2 B (B - 1).",
    "How many terms does your sum have, and by what do you divide?",
    "v_i.v'_j and v_j.v'_i are different numbers, each one term.",
    "Divide by B (B - 1).",
)
exercise.slip("only positive inner products pushed", cost=lambda inner: inner.clamp(min=0).square()).says(
    "Negatives with a negative inner product cost nothing.",
    "What is the best inner product of a negative pair?",
    "0, from both sides: the square of -1 costs as much as that of 1.",
    "Leave the clamp out.",
)
exercise.slip("positives by their distance", pull=-1, alike=lambda a, b: (a - b).square().sum(dim=1).mean()).says(
    "The first term is the mean squared distance of a positive pair.",
    "Multiply out |v - v'|^2: which terms has it beside -2 v.v'?",
    "The loss has -2 v.v' alone, without the squared lengths.",
    "-2 times the mean of v_i.v'_i.",
)
exercise.slip(
    "the first view held fixed",
    alike=lambda a, b: (a.detach() * b).sum(dim=1).mean(),
    against=lambda a, b: a.detach() @ b.T,
).says(
    "The first view is a target, through which no gradient flows.",
    "Which gradient has view1?",
    "E_pos and E_neg depend on both embeddings, and both are trained.",
    "Leave .detach() and torch.no_grad() out.",
)
exercise.slip("negatives held fixed", against=lambda a, b: a.detach() @ b.detach().T).says(
    "No gradient flows through the negatives.",
    "What would training do with the first term alone?",
    "The rows would grow without end: the second term must push, too.",
    "Leave .detach() and torch.no_grad() out.",
)
exercise.slip("divided by (B - 1)^2", terms=lambda n: (n - 1) ** 2).says(
    "Without the diagonal (B - 1)^2 pairs are left.",
    "B = 2: how many pairs (i, j) with i != j are there?",
    "Each of the B rows has B - 1 negatives.",
    "Divide by B (B - 1).",
)
exercise.slip("negatives summed", terms=lambda n: 1).says(
    "The second term is the sum over all negative pairs.",
    "Repeat the batch twice: what becomes of your second term?",
    "An expectation is estimated by a mean.",
    "Divide by B (B - 1).",
)
exercise.slip("positives summed", alike=lambda a, b: (a * b).sum()).says(
    "The first term is the sum over the positive pairs.",
    "Repeat the batch twice: what becomes of your first term?",
    "An expectation is estimated by a mean.",
    "Divide by B.",
)
exercise.slip("positives are a cost", pull=-2).says(
    "Both terms of the loss have a plus sign.",
    "Which sign has E_pos in the loss of section 3?",
    "Positives are to be similar: a large inner product of theirs must make the loss small.",
    "-2 times the mean of v_i.v'_i.",
)
exercise.slip("rows centred", scaled=lambda view: view - view.mean(dim=0)).says(
    "The mean of the batch is taken off each view first.",
    "Add one vector to all rows: your loss does not change. Should it?",
    "The loss of section 3 takes the inner products as they are, and the constant column is part of the minimiser.",
    "Leave the rows as they are.",
)
exercise.slip(
    "the second view held fixed",
    alike=lambda a, b: (a * b.detach()).sum(dim=1).mean(),
    against=lambda a, b: a @ b.detach().T,
).says(
    "The second view is a target, through which no gradient flows.",
    "Which gradient has view2?",
    "E_pos and E_neg depend on both embeddings, and both are trained.",
    "Leave .detach() and torch.no_grad() out.",
)
exercise.slip("a number in place of a tensor", alike=lambda a, b: float((a * b).sum(dim=1).mean()), after=float).says(
    "The answer may be a Python number.",
    "Can you call .backward() on your answer?",
    "A number, or a detached tensor, does not remember how it was computed.",
    "Return the tensor itself: no float, .item(), .detach() or numpy on the way.",
)


@exercise.wrong(
    "one pair accepted",
    belief="A batch of one pair has a loss, without negatives.",
    hints=(
        "What is the mean over no pairs?",
        "B = 1 must raise ValueError.",
        "if len(view1) < 2: raise ValueError(...)",
    ),
    guarded=False,
)
def spectral_loss(view1, view2):
    validate.batch(view1=view1, view2=view2)
    inner, n = view1 @ view2.T, len(view1)
    return without_diagonal(inner).square().sum() / max(n * (n - 1), 1) - 2 * torch.trace(inner) / n


@exercise.wrong(
    "NaN accepted",
    belief="NaN in a view needs no test of its own.",
    hints=(
        "What does NaN in a view give?",
        "The question wants ValueError.",
        "`validate.batch(view1=view1, view2=view2)`.",
    ),
    guarded=False,
)
def spectral_loss(view1, view2):
    floating = view1.is_floating_point() and view2.is_floating_point()
    if not floating or view1.ndim != 2 or view1.shape != view2.shape or len(view1) < 2 or not view1.numel():
        raise ValueError(f"{view1}, {view2}")
    inner, n = view1 @ view2.T, len(view1)
    return without_diagonal(inner).square().sum() / (n * (n - 1)) - 2 * torch.trace(inner) / n


@exercise.wrong(
    "integers accepted",
    belief="Integer tensors may be made floating ones.",
    hints=(
        "What does the question say of integers?",
        "Convert nothing.",
        "`validate.batch(view1=view1, view2=view2)` first.",
    ),
    guarded=False,
)
def spectral_loss(view1, view2):
    view1, view2 = (view if view.is_floating_point() else view.double() for view in (view1, view2))
    validate.batch(view1=view1, view2=view2)
    if len(view1) < 2:
        raise ValueError("B = 1")
    inner, n = view1 @ view2.T, len(view1)
    return without_diagonal(inner).square().sum() / (n * (n - 1)) - 2 * torch.trace(inner) / n


@exercise.accepted("loop over anchors, validated by hand", guarded=False)
def spectral_loss(view1, view2):
    sound = view1.ndim == 2 and view1.shape == view2.shape and view1.is_floating_point()
    if not sound or len(view1) < 2 or torch.isnan(view1).any() or torch.isnan(view2).any():
        raise ValueError(f"got {view1}, {view2}")
    n, total = len(view1), 0
    for i in range(n):
        others = torch.cat([view2[:i], view2[i + 1 :]])
        total = total + ((others @ view1[i]) ** 2).mean() - 2 * (view1[i] * view2[i]).sum()
    return total / n


@exercise.accepted("upper and lower triangle, as in the authors' program")
def spectral_loss(view1, view2):
    n = view1.shape[0]
    square = torch.matmul(view1, view2.T) ** 2
    off = torch.triu(square, diagonal=1) + torch.tril(square, diagonal=-1)
    return -2 * torch.mean(view1 * view2) * view1.shape[1] + off.mean() * n / (n - 1)


@exercise.accepted("boolean mask and mean")
def spectral_loss(view1, view2):
    inner = torch.einsum("id,jd->ij", view1, view2)
    return inner[~torch.eye(len(inner), dtype=torch.bool)].pow(2).mean() - 2 * torch.diagonal(inner).mean()


@exercise.accepted("B - 1 rolls of the second view")
def spectral_loss(view1, view2):
    shifted = torch.stack([view2.roll(s, dims=0) for s in range(1, len(view1))])  # (B - 1, B, d)
    return (view1 * shifted).sum(dim=-1).square().mean() - 2 * (view1 * view2).sum(dim=-1).mean()
