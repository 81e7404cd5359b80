"""contrastive_loss: what its check looks at. N >= 2 in most cases: with N = 1 mean and sum over negatives agree."""

import math

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, bad_input, batch, candidates
from autograder.author.draw import larger_sizes, strided, tensor
from autograder.units.u01_similarity_losses.draws import HALF, STRIDED, drawn

exercise = Exercise(
    "contrastive_loss",
    refuses=(batch(anchor="the anchor", positive="the positive"), candidates("anchor", negatives="the negatives")),
    hints={
        "values": (
            "With all inner products equal, every candidate has probability 1/(N + 1), so the loss is ln(N + 1).",
            "Stack the positive in front of the negatives to (B, N + 1, d), take the inner products with the anchor, "
            "and you have the logits of a classification whose right class is always 0.",
            "`torch.cat([positive.unsqueeze(1), negatives], dim=1)`, an einsum, `F.cross_entropy`.",
        ),
        "gradient": (
            "Keep everything in torch operations: no `.item()`, `.detach()`, `float(...)` or numpy on the way.",
        ),
        "stability": (
            "e^(1e4) is infinite and e^(-1e4) is 0 in floating point: does your code take a logarithm of the one or the "
            "other? The loss itself is finite.",
            "Stay with logarithms: `torch.logsumexp` or `F.cross_entropy` subtract the largest logit first.",
        ),
        "bad input": (
            "`validate.batch(anchor=anchor, positive=positive)`, `validate.candidates(anchor, negatives=negatives)`.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for b, n, d in ((4, 3, 2), (3, 5, 4), (1, 2, 3), (5, 1, 3), (2, 7, 2)):
        yield Case(f"B = {b}, N = {n}, d = {d}", drawn(rng, b, n, d), grad=(0, 1, 2))
    yield Case("float32", tuple(x.float() for x in drawn(rng, 4, 6, 3)))
    yield Case("float16", tuple(x.half() for x in drawn(rng, 4, 3, 3)), hint=HALF)
    yield Case("inputs that are not contiguous", tuple(strided(x) for x in drawn(rng, 3, 4, 3)), hint=STRIDED)
    a, p, n = drawn(rng, 3, 4, 3)
    unit = a / (a * a).sum(dim=1, keepdim=True)  # a . unit = 1
    yield Case("the positive's logit is 1e4", (a, 1e4 * unit, n), part="stability", grad=(0,))
    yield Case("the positive's logit is -1e4", (a, -1e4 * unit, n), part="stability", grad=(0,))
    large = torch.cat([1e4 * unit.unsqueeze(1), n[:, 1:]], dim=1)
    yield Case("a negative's logit is 1e4", (a, p, large), part="stability", grad=(0,))
    yield Case("all logits are -1e4", (a, -1e4 * unit, -1e4 * unit.unsqueeze(1).repeat(1, 4, 1)), part="stability")
    yield Case("a logit of 1e4, float32", (a.float(), p.float(), large.float()), part="stability")
    yield from exercise.bad_inputs(a, p, n)
    yield bad_input("an empty batch, negatives too", a[:0], p[:0], n[:0])
    b, n, d = larger_sizes(rng, 3, high=30)
    args = drawn(rng, b, n, d, scale=d**-0.5)  # logits of size 1
    yield Case("a larger batch with more negatives", args, grad=(0, 1, 2), public=False)


@exercise.property("with equal candidates the loss is ln(N + 1)")
def equal(f, rng):
    count = int(rng.integers(2, 41))
    a, p = tensor(rng, 3, 4), tensor(rng, 3, 4)
    value = f(a, p, p.unsqueeze(1).repeat(1, count, 1))
    if abs(value - math.log(count + 1)) > 1e-8:
        return f"for N = {count} it gives {value:.6g}"


@exercise.property("one more negative never lowers the loss")
def monotone(f, rng):
    a, p, n = drawn(rng, 4, 5, 3)
    if f(a, p, n[:, :4]) > f(a, p, n) + 1e-9:
        return "taking a negative away raised it"


@exercise.property("the order of the negatives does not matter")
def order(f, rng):
    a, p, n = drawn(rng, 4, 5, 3)
    if abs(f(a, p, n) - f(a, p, n.flip(1))) > 1e-8:
        return "reversing them changed it"


def inner(anchor, candidates):
    return (anchor * candidates).sum(dim=2)


def quotient(logits):
    weights = logits.exp()
    return -torch.log(weights[:, 0] / weights.sum(dim=1))


@exercise.formula
def contrastive_loss(
    anchor,
    positive,
    negatives,
    *,
    similarity=inner,
    cost=lambda logits: logits.logsumexp(dim=1) - logits[:, 0],
    pool=torch.mean,
    unit=1.0,
):
    options = torch.cat([positive[:, None], negatives], dim=1)
    logits = similarity(anchor[:, None], options)
    return pool(cost(logits)) / unit


exercise.slip("positive missing from the denominator", cost=lambda x: x[:, 1:].logsumexp(dim=1) - x[:, 0]).says(
    "The denominator runs over the negatives only.",
    "Can your loss become negative? A cross-entropy cannot.",
    "The denominator sums over all N + 1 candidates, and the positive is one of them.",
)
exercise.slip(
    "mean over the negatives",
    cost=lambda x: F.softplus(x[:, 1:].logsumexp(dim=1) - math.log(x.shape[1] - 1) - x[:, 0]),
).says(
    "The negatives enter the denominator with their mean.",
    "With all inner products equal the loss should be ln(N + 1); yours is ln 2 for every N.",
    "Sum over the N negatives, do not divide by N.",
)
exercise.slip("N separate logistic losses", cost=lambda x: F.softplus(x[:, 1:] - x[:, :1]).sum(dim=1)).says(
    "N negatives mean N independent two-way choices, added up.",
    "With all inner products equal you get N ln 2 instead of ln(N + 1).",
    "One choice among N + 1 candidates: the sum over negatives stands inside the logarithm.",
)
exercise.slip("mean of N logistic losses", cost=lambda x: F.softplus(x[:, 1:] - x[:, :1]).mean(dim=1)).says(
    "N negatives mean the average of N two-way choices.",
    "With all inner products equal you get ln 2 for every N instead of ln(N + 1).",
    "One choice among N + 1 candidates: the sum over negatives stands inside the logarithm.",
)
exercise.slip("the hardest negative only", cost=lambda x: F.softplus(x[:, 1:].amax(dim=1) - x[:, 0])).says(
    "The positive has to beat the most similar negative; the others do not matter.",
    "Does your loss change when a negative that is not the most similar one moves?",
    "The sum runs over all N negatives: the hardest one weighs most, but it is not alone.",
    "`torch.logsumexp` over all N + 1 logits, where you take the largest of the negatives.",
)
exercise.slip(
    "logarithm of the mean probability",
    cost=lambda x: x.softmax(dim=1)[:, 0],
    pool=lambda probability: -probability.mean().log(),
).says(
    "-ln of the mean probability is the mean of -ln.",
    "Jensen: the two differ as soon as rows differ.",
    "Take the logarithm row by row, then the mean.",
)
exercise.slip("cosine instead of inner product", similarity=lambda a, x: F.cosine_similarity(a, x, dim=2)).says(
    "Similarity is always the cosine.",
    "Double the anchor: your loss does not change, the formula's does.",
    "Plain inner products, no normalisation.",
)
exercise.slip("distance instead of inner product", similarity=lambda a, x: -(a - x).norm(dim=2)).says(
    "Similar means close: the logit is minus the distance.",
    "Double a candidate that points along the anchor: does its logit grow or fall?",
    "The formula has the inner product a.x, which also counts the candidate's norm.",
    "`(anchor[:, None] * candidates).sum(dim=2)`, without a norm.",
)
exercise.slip("sum over the batch", pool=torch.sum).says(
    "The loss of a batch is the sum over its anchors.",
    "Compare a batch with the same batch twice: the loss should not change.",
    "Divide by B: `.mean()`.",
)
exercise.slip("base-2 logarithm", unit=math.log(2)).says(
    "The base of the logarithm does not matter.",
    "Your values are the right ones divided by ln 2 = 0.693.",
    "The course uses the natural logarithm: `torch.log`, `torch.logsumexp`.",
)
exercise.slip("exp without protection", cost=quotient).says(
    "The quotient can be computed as it is written.",
    "exp(1e4) is infinite, and infinity divided by infinity is NaN, though the loss itself is finite.",
    "Work with logarithms: ln of a sum of exponentials is `torch.logsumexp`.",
)

exercise.slip("logarithm of the softmax", cost=lambda logits: -logits.softmax(dim=1)[:, 0].log()).says(
    "The logarithm of a softmax can be taken after the softmax.",
    "Nothing overflows in a softmax. But how small is the probability of a positive that loses by 1e4, and its logarithm?",
    "e^(-1e4) is 0 in floating point, and ln 0 is minus infinity, though the loss is 1e4.",
    "`log_softmax`, `logsumexp` or `F.cross_entropy` never leave the logarithms.",
)

exercise.style("softplus of a log-sum-exp", cost=lambda x: F.softplus(x[:, 1:].logsumexp(dim=1) - x[:, 0]))


@exercise.accepted("bmm and cross-entropy")
def contrastive_loss(anchor, positive, negatives):
    logits = torch.bmm(torch.cat((positive[:, None], negatives), 1), anchor[:, :, None])[:, :, 0]
    return F.cross_entropy(logits, torch.zeros(anchor.shape[0], dtype=torch.int64))


@exercise.accepted("max subtracted by hand, loop over rows, validated by hand", guarded=False)
def contrastive_loss(anchor, positive, negatives):
    shapes = anchor.shape, positive.shape, negatives.shape[::2]
    if anchor.ndim != 2 or len(set(shapes)) > 1 or 0 in negatives.shape:
        raise ValueError(f"shapes {anchor.shape}, {positive.shape}, {negatives.shape}")
    if any(torch.isnan(x).any() for x in (anchor, positive, negatives)):
        raise ValueError("NaN")
    total = 0.0
    for a, p, n in zip(anchor, positive, negatives):
        scores = torch.cat([(p @ a)[None], n @ a])
        top = scores.max().detach()
        total = total + torch.log(torch.exp(scores - top).sum()) + top - scores[0]
    return total / len(anchor)
