"""contrastive_loss: what its check looks at. N >= 2 in most cases: with N = 1 mean and sum over negatives agree."""

import torch
import torch.nn.functional as F

from autograder.draw import strided, tensor
from autograder.spec import Exercise
from course import validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "contrastive_loss",
    hints={
        "values": (
            "With all inner products equal, every candidate has probability 1/(N + 1), so the loss is ln(N + 1).",
            "Stack the positive in front of the negatives to (B, N + 1, d), take the inner products with the anchor, and "
            "you have the logits of a classification whose right class is always 0.",
            "`torch.cat([positive.unsqueeze(1), negatives], dim=1)`, an einsum, `F.cross_entropy`.",
        ),
        "gradient": (
            "Keep everything in torch operations: no `.item()`, `.detach()`, `float(...)` or numpy on the way.",
        ),
        "stability": (
            "Which exponential overflows when an inner product is 1e4? Is the loss itself large?",
            "Subtract the largest logit first, or let `torch.logsumexp` or `F.cross_entropy` do it.",
        ),
        "bad input": (
            "`validate.batch(anchor=anchor, positive=positive)`, `validate.candidates(anchor, negatives=negatives)`.",
        ),
    },
)


def inputs(rng, b, n, d, scale=1.0):
    return tensor(rng, b, d), tensor(rng, b, d, scale=scale), tensor(rng, b, n, d, scale=scale)


@exercise.cases
def cases(rng):
    for b, n, d in ((4, 3, 2), (3, 5, 4), (1, 2, 3), (5, 1, 3), (2, 7, 2)):
        yield Case(f"B = {b}, N = {n}, d = {d}", inputs(rng, b, n, d), grad=(0, 1, 2))
    yield Case("float32", tuple(x.float() for x in inputs(rng, 4, 6, 3)))
    yield Case("float16", tuple(x.half() for x in inputs(rng, 4, 3, 3)))
    yield Case("inputs that are not contiguous", tuple(strided(x) for x in inputs(rng, 3, 4, 3)))
    a, p, n = inputs(rng, 3, 4, 3)
    unit = a / (a * a).sum(dim=1, keepdim=True)  # a . unit = 1
    yield Case("the positive's logit is 1e4", (a, 1e4 * unit, n), part="stability", grad=(0,))
    yield Case("the positive's logit is -1e4", (a, -1e4 * unit, n), part="stability", grad=(0,))
    large = torch.cat([1e4 * unit.unsqueeze(1), n[:, 1:]], dim=1)
    yield Case("a negative's logit is 1e4", (a, p, large), part="stability", grad=(0,))
    yield Case("all logits are -1e4", (a, -1e4 * unit, -1e4 * unit.unsqueeze(1).repeat(1, 4, 1)), part="stability")
    yield Case("a logit of 1e4, float32", (a.float(), p.float(), large.float()), part="stability")
    yield bad_input("N = 0", a, p, n[:, :0])
    yield bad_input("negatives of another batch size", a, p, n[:2])
    yield bad_input("negatives of another dimension", a, p, n[:, :, :2])
    yield bad_input("positive of another shape", a, p[:2], n)
    yield bad_input("an empty batch", a[:0], p[:0], n[:0])
    yield bad_input("NaN in the negatives", a, p, n * torch.nan)


@exercise.property("with equal candidates the loss is ln(N + 1)")
def equal(f, rng):
    count = int(rng.integers(2, 9))
    a, p = tensor(rng, 3, 4), tensor(rng, 3, 4)
    value = f(a, p, p.unsqueeze(1).repeat(1, count, 1))
    if abs(value - float(torch.log(torch.tensor(count + 1.0, dtype=torch.float64)))) > 1e-8:
        return f"for N = {count} it gives {value:.6g}"


@exercise.property("one more negative never lowers the loss")
def monotone(f, rng):
    a, p, n = inputs(rng, 4, 5, 3)
    if f(a, p, n[:, :4]) > f(a, p, n) + 1e-9:
        return "taking a negative away raised it"


@exercise.property("the order of the negatives does not matter")
def order(f, rng):
    a, p, n = inputs(rng, 4, 5, 3)
    if abs(f(a, p, n) - f(a, p, n.flip(1))) > 1e-8:
        return "reversing them changed it"


def checked(anchor, positive, negatives):
    validate.batch(anchor=anchor, positive=positive)
    validate.candidates(anchor, negatives=negatives)


@exercise.accepted("softplus of a log-sum-exp", uses=(checked,))
def contrastive_loss(anchor, positive, negatives):
    checked(anchor, positive, negatives)
    against = (anchor[:, None] * negatives).sum(-1).logsumexp(dim=1)
    return F.softplus(against - (anchor * positive).sum(-1)).mean()


@exercise.accepted("bmm and cross-entropy", uses=(checked,))
def contrastive_loss(anchor, positive, negatives):
    checked(anchor, positive, negatives)
    logits = torch.bmm(torch.cat((positive[:, None], negatives), 1), anchor[:, :, None])[:, :, 0]
    return F.cross_entropy(logits, torch.zeros(anchor.shape[0], dtype=torch.int64))


@exercise.accepted("max subtracted by hand, loop over rows", uses=(checked,))
def contrastive_loss(anchor, positive, negatives):
    checked(anchor, positive, negatives)
    total = 0.0
    for a, p, n in zip(anchor, positive, negatives):
        scores = torch.cat([(p @ a)[None], n @ a])
        top = scores.max().detach()
        total = total + torch.log(torch.exp(scores - top).sum()) + top - scores[0]
    return total / len(anchor)


@exercise.wrong(
    "positive missing from the denominator",
    belief="The denominator runs over the negatives only.",
    hints=(
        "Can your loss become negative? A cross-entropy cannot.",
        "The denominator sums over all N + 1 candidates, and the positive is one of them.",
    ),
)
def contrastive_loss(anchor, positive, negatives):
    against = torch.einsum("bd,bnd->bn", anchor, negatives).logsumexp(dim=1)
    return (against - (anchor * positive).sum(dim=1)).mean()


@exercise.wrong(
    "mean over the negatives",
    belief="The negatives enter the denominator with their mean.",
    hints=(
        "With all inner products equal the loss should be ln(N + 1); yours is ln 2 for every N.",
        "Sum over the N negatives, do not divide by N.",
    ),
)
def contrastive_loss(anchor, positive, negatives):
    against = torch.einsum("bd,bnd->bn", anchor, negatives).logsumexp(dim=1)
    count = torch.tensor(float(negatives.shape[1]), dtype=anchor.dtype).log()
    return F.softplus(against - count - (anchor * positive).sum(dim=1)).mean()


@exercise.wrong(
    "N separate logistic losses",
    belief="N negatives mean N independent two-way choices, added up.",
    hints=(
        "With all inner products equal you get N ln 2 instead of ln(N + 1).",
        "One choice among N + 1 candidates: the sum over negatives stands inside the logarithm.",
    ),
)
def contrastive_loss(anchor, positive, negatives):
    gaps = torch.einsum("bd,bnd->bn", anchor, negatives - positive[:, None])
    return F.softplus(gaps).sum(dim=1).mean()


@exercise.wrong(
    "mean of N logistic losses",
    belief="N negatives mean the average of N two-way choices.",
    hints=(
        "With all inner products equal you get ln 2 for every N instead of ln(N + 1).",
        "One choice among N + 1 candidates: the sum over negatives stands inside the logarithm.",
    ),
)
def contrastive_loss(anchor, positive, negatives):
    return F.softplus(torch.einsum("bd,bnd->bn", anchor, negatives - positive[:, None])).mean()


@exercise.wrong(
    "logarithm of the mean probability",
    belief="-ln of the mean probability is the mean of -ln.",
    hints=("Jensen: the two differ as soon as rows differ.", "Take the logarithm row by row, then the mean."),
)
def contrastive_loss(anchor, positive, negatives):
    logits = torch.einsum("bd,bnd->bn", anchor, torch.cat([positive[:, None], negatives], dim=1))
    return -logits.softmax(dim=1)[:, 0].mean().log()


@exercise.wrong(
    "cosine instead of inner product",
    belief="Similarity is always the cosine.",
    hints=(
        "Double the anchor: your loss does not change, the formula's does.",
        "Plain inner products, no normalisation.",
    ),
)
def contrastive_loss(anchor, positive, negatives):
    candidates = torch.cat([positive[:, None], negatives], dim=1)
    logits = F.cosine_similarity(anchor[:, None], candidates, dim=2)
    return (logits.logsumexp(dim=1) - logits[:, 0]).mean()


@exercise.wrong(
    "sum over the batch",
    belief="The loss of a batch is the sum over its anchors.",
    hints=("Compare a batch with the same batch twice: the loss should not change.", "Divide by B: `.mean()`."),
)
def contrastive_loss(anchor, positive, negatives):
    logits = torch.einsum("bd,bnd->bn", anchor, torch.cat([positive[:, None], negatives], dim=1))
    return (logits.logsumexp(dim=1) - logits[:, 0]).sum()


@exercise.wrong(
    "exp without protection",
    belief="The quotient can be computed as it is written.",
    hints=(
        "exp(1e4) is infinite, and infinity divided by infinity is NaN, though the loss itself is finite.",
        "Work with logarithms: ln of a sum of exponentials is `torch.logsumexp`.",
    ),
    uses=(checked,),
)
def contrastive_loss(anchor, positive, negatives):
    checked(anchor, positive, negatives)
    top = torch.exp((anchor * positive).sum(dim=1))
    rest = torch.exp(torch.einsum("bd,bnd->bn", anchor, negatives)).sum(dim=1)
    return -torch.log(top / (top + rest)).mean()
