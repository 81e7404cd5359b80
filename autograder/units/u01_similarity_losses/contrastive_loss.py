"""contrastive_loss: what its check looks at. N >= 2 in most cases: with N = 1 mean and sum over negatives agree.

Padding holds infinity: whoever masks scores has the right value and NaN for a gradient. An anchor without negatives has a
log-sum-exp of nothing.
"""

import math

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, bad_input, batch, candidates, needs
from autograder.author.draw import larger_sizes, strided, tensor
from autograder.units.u01_similarity_losses.draws import HALF, STRIDED, drawn
from course import validate

exercise = Exercise(
    "contrastive_loss",
    refuses=(
        batch(anchor="the anchor", positive="the positive"),
        candidates("anchor", negatives="the negatives"),
        needs(
            "counts is None or (counts.shape == negatives.shape[:2] and bool((counts >= 0).all()))",
            {"a count of -1": {"counts": lambda c: -torch.ones_like(c)}, "counts (N,)": {"counts": lambda c: c[0]}},
        ),
    ),
    hints={
        "values": (
            "With all inner products equal, every candidate has probability 1/(N + 1), so the loss is ln(N + 1).",
            "Stack the positive in front of the negatives to (B, N + 1, d), take the inner products with the anchor, "
            "and you have the logits of a classification whose right class is always 0.",
            "`torch.cat([positive.unsqueeze(1), negatives], dim=1)`, an einsum, `F.cross_entropy`.",
        ),
        "gradient": (
            "Keep everything in torch operations: no `.item()`, `.detach()`, `float(...)` or numpy on the way.",
            "0 times infinity is NaN, in a backward pass too: what does your code do with padding before it multiplies?",
        ),
        "stability": (
            "e^(1e4) is infinite and e^(-1e4) is 0 in floating point: does your code take a logarithm of the one or the "
            "other? The loss itself is finite.",
            "Stay with logarithms: `torch.logsumexp` or `F.cross_entropy` subtract the largest logit first.",
        ),
        "bad input": (
            "`validate.batch(anchor=anchor, positive=positive)`, `validate.candidates(anchor, negatives=negatives)`, and one "
            "`if` for the counts.",
        ),
    },
)


PADDING = "Padding may hold infinity, and infinity times anything is no number to work with: take it out at the very beginning."
NOBODY = "A log-sum-exp of no negatives is -inf, and so is ln 0. Is the gradient still a number there?"


DIGITS = "If only the last digits are off: of which dtype is the logarithm of an integer tensor?"
APART = "What is lower than every score, also where all scores are -1e4? And does each anchor have its own maximum?"


def counted(rng, b, n, d, scale=1.0):
    """A call with counts: 0 to 4 copies of each negative, one at least in every row."""
    counts = torch.from_numpy(rng.integers(0, 5, size=(b, n)))
    counts[:, 0] += 1
    return *drawn(rng, b, n, d, scale=scale), counts


@exercise.cases
def cases(rng):
    for b, n, d in ((4, 3, 2), (3, 5, 4), (1, 2, 3), (5, 1, 3), (2, 7, 2)):
        yield Case(f"B = {b}, N = {n}, d = {d}", drawn(rng, b, n, d), grad=(0, 1, 2))
    yield Case("float32", tuple(x.float() for x in drawn(rng, 4, 6, 3)))
    yield Case("float16", tuple(x.half() for x in drawn(rng, 4, 3, 3)), hint=HALF)
    yield Case("inputs that are not contiguous", tuple(strided(x) for x in drawn(rng, 3, 4, 3)), hint=STRIDED)
    for b, n, d in ((4, 3, 2), (3, 5, 4)):
        yield Case(f"B = {b}, N = {n}, d = {d}, counts", counted(rng, b, n, d), grad=(0, 1, 2), hint=DIGITS)
    a, p, n, counts = counted(rng, 3, 4, 3)
    counts[1] = 0
    yield Case("an anchor without negatives", (a, p, n, counts), grad=(0, 1, 2), hint=NOBODY)
    counts = counts.clone()
    counts[:, 2] = 0
    padded = n.masked_fill((counts == 0)[:, :, None], math.inf)
    yield Case("padding that holds infinity", (a, p, padded, counts), part="stability", grad=(0, 1, 2), hint=PADDING)
    a, p, n = drawn(rng, 3, 4, 3)
    unit = a / (a * a).sum(dim=1, keepdim=True)  # a . unit = 1
    yield Case("the positive's logit is 1e4", (a, 1e4 * unit, n), part="stability", grad=(0,))
    yield Case("the positive's logit is -1e4", (a, -1e4 * unit, n), part="stability", grad=(0,))
    large = torch.cat([1e4 * unit.unsqueeze(1), n[:, 1:]], dim=1)
    yield Case("a negative's logit is 1e4", (a, p, large), part="stability", grad=(0,))
    yield Case("all logits are -1e4", (a, -1e4 * unit, -1e4 * unit.unsqueeze(1).repeat(1, 4, 1)), part="stability")
    yield Case("a logit of 1e4, float32", (a.float(), p.float(), large.float()), part="stability")
    copies = torch.tensor([[1, 2, 0, 3]]).repeat(3, 1)
    yield Case("a negative's logit is 1e4, counts", (a, p, large, copies), part="stability", grad=(0,))
    yield from exercise.bad_inputs(a, p, n, copies)
    yield bad_input("an empty batch, negatives too", a[:0], p[:0], n[:0])
    b, n, d = larger_sizes(rng, 3, high=30)
    args = counted(rng, b, n, d, scale=d**-0.5)  # logits of size 1
    yield Case("a larger batch with more negatives", args, grad=(0, 1, 2), public=False)
    one, two = torch.ones(1, 1, dtype=torch.float64), torch.ones(2, 1, dtype=torch.float64)
    args = (one, 0.5 * one, torch.tensor([[[0.25], [-1]]]).double(), torch.tensor([[9396, 2]]))
    yield Case("large counts", args, hint=DIGITS)
    vectors = torch.tensor([[[1e4], [9999], [0]], [[-1e4], [-9999], [7]]]).double()
    args = (two, vectors[:, 0], vectors[:, 1:], torch.tensor([[1, 3], [1, 0]]))
    yield Case("logits of 1e4 for one anchor, of -1e4 for another", args, part="stability", hint=APART)
    args = (one, 0 * one, torch.tensor([[[720.0], [1]]]).double())
    yield Case("a negative leads by 720", args, part="stability", grad=(0,))


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


def against(scores, counts):
    """What the negatives have together against the positive, on the scale of a score."""
    return (scores[:, 1:] + counts.log()).logsumexp(dim=1) - scores[:, 0]


def gaps(scores):
    return scores[:, 1:] - scores[:, :1]


def largest_gap(scores, counts):
    return gaps(scores).masked_fill(counts == 0, -torch.inf).amax(dim=1)


def cross_entropy(scores, counts):
    return torch.cat([scores[:, :1], scores[:, 1:] + counts.log()], dim=1).logsumexp(dim=1) - scores[:, 0]


def probability(scores, counts):
    return (-cross_entropy(scores, counts)).exp()


def quotient(scores, counts):
    weights = scores.exp()
    return -torch.log(weights[:, 0] / (weights[:, 0] + (counts * weights[:, 1:]).sum(dim=1)))


def log_softmax_late(scores, counts):
    copies = torch.cat([scores[:, :1], scores[:, 1:] + counts.log()], dim=1)
    return -copies.softmax(dim=1)[:, 0].log()


def of_the_positive(scores, counts):
    return torch.log1p((counts * gaps(scores).exp()).sum(dim=1))


def one_maximum(scores, counts):
    top = scores.max().detach()
    return ((scores[:, 0] - top).exp() + (counts * (scores[:, 1:] - top).exp()).sum(dim=1)).log() + top - scores[:, 0]


def masked_at(scores, extra, counts, least):
    """Cross-entropy where padding is put at a score of `least`."""
    negatives = (scores[:, 1:] + extra).masked_fill(counts == 0, least)
    return torch.cat([scores[:, :1], negatives], dim=1).logsumexp(dim=1) - scores[:, 0]


def none_empty(scores, counts):
    if not counts.sum(dim=1).all():
        raise ValueError(f"an anchor without negatives: {counts}")
    return cross_entropy(scores, counts)


def all_but_nan(anchor, positive, negatives, counts):
    sizes = anchor.shape, positive.shape, negatives.shape[::2]
    if anchor.ndim != 2 or negatives.ndim != 3 or len(set(sizes)) > 1 or 0 in negatives.shape:
        raise ValueError(f"shapes {sizes}")
    signs_checked(anchor, positive, negatives, counts)


def vectors_checked(anchor, positive, negatives, counts):
    validate.batch(anchor=anchor, positive=positive)
    validate.candidates(anchor, negatives=negatives)


def shapes_checked(anchor, positive, negatives, counts):
    vectors_checked(anchor, positive, negatives, counts)
    if counts is not None and counts.shape != negatives.shape[:2]:
        raise ValueError(f"counts {counts.shape}")


def signs_checked(anchor, positive, negatives, counts):
    if counts is not None and (counts.shape != negatives.shape[:2] or counts.min() < 0):
        raise ValueError(f"counts {counts}")


def without_padding(negatives, counts):
    return negatives.masked_fill((counts == 0)[:, :, None], 0.0)


@exercise.formula
def contrastive_loss(
    anchor,
    positive,
    negatives,
    counts=None,
    *,
    checked=lambda anchor, positive, negatives, counts: None,
    cleaned=without_padding,
    similarity=inner,
    copies=lambda counts: counts,
    cost=cross_entropy,
    pool=lambda losses, counts: losses.mean(),
    unit=1.0,
):
    checked(anchor, positive, negatives, counts)
    given = torch.ones(negatives.shape[:2]) if counts is None else counts
    counts = copies(given.to(anchor.dtype)) if counts is not None else given.to(anchor.dtype)
    options = torch.cat([positive[:, None], cleaned(negatives, counts)], dim=1)
    return pool(cost(similarity(anchor[:, None], options), counts), counts) / unit


exercise.slip("sum over the batch", pool=lambda losses, counts: losses.sum()).says(
    "The loss of a batch is the sum over its anchors.",
    "Compare a batch with the same batch twice: the loss should not change.",
    "Divide by B: `.mean()`.",
)
exercise.slip("base-2 logarithm", unit=math.log(2)).says(
    "The base of the logarithm does not matter.",
    "Your values are the right ones divided by ln 2 = 0.693.",
    "The course uses the natural logarithm: `torch.log`, `torch.logsumexp`.",
)
exercise.slip("cosine instead of inner product", similarity=lambda a, x: F.cosine_similarity(a, x, dim=2)).says(
    "Similarity is always the cosine.",
    "Double the anchor: your loss does not change, the formula's does.",
    "Plain inner products, no normalisation.",
)
exercise.slip("every negative counted once", copies=lambda c: (c > 0).to(c.dtype)).says(
    "A negative that stands there several times counts once.",
    "Try one negative with count 2 and all inner products equal: how many candidates are there?",
    "c copies add c e^(a.n) to the denominator: ln c is added to the score.",
)
exercise.slip("counts ignored", copies=torch.ones_like, cleaned=lambda negatives, counts: negatives).says(
    "Each negative is there once, whatever its count.",
    "Does your loss change when a count changes?",
    "c copies add c e^(a.n) to the denominator: ln c is added to the score, and padding, with c = 0, adds nothing.",
)
exercise.slip("positive missing from the denominator", cost=against).says(
    "The denominator runs over the negatives only.",
    "Can your loss become negative? A cross-entropy cannot.",
    "The denominator sums over all N + 1 candidates, and the positive is one of them.",
)
exercise.slip(
    "mean over the negatives", cost=lambda s, c: F.softplus(against(s, c) - c.sum(dim=1).clamp(min=1).log())
).says(
    "The negatives enter the denominator with their mean.",
    "With all inner products equal the loss should be ln(N + 1); yours is ln 2 for every N.",
    "Sum over the N negatives, do not divide by N.",
)
exercise.slip("chance level subtracted", cost=lambda s, c: cross_entropy(s, c) - (1 + c.sum(dim=1)).log()).says(
    "The loss is measured from its chance level.",
    "With all inner products equal you get 0, not ln(N + 1).",
    "The denominator is a sum over the candidates, not their mean: nothing is subtracted.",
)
exercise.slip("N separate logistic losses", cost=lambda s, c: (c * F.softplus(gaps(s))).sum(dim=1)).says(
    "N negatives mean N independent two-way choices, added up.",
    "With all inner products equal you get N ln 2 instead of ln(N + 1).",
    "One choice among N + 1 candidates: the sum over negatives stands inside the logarithm.",
)
exercise.slip(
    "mean of N logistic losses",
    cost=lambda s, c: (c * F.softplus(gaps(s))).sum(dim=1) / c.sum(dim=1).clamp(min=1),
).says(
    "N negatives mean the average of N two-way choices.",
    "With all inner products equal you get ln 2 for every N instead of ln(N + 1).",
    "One choice among N + 1 candidates: the sum over negatives stands inside the logarithm.",
)
exercise.slip(
    "a yes-or-no question about each pair",
    cost=lambda s, c: F.softplus(-s[:, 0]) + (c * F.softplus(s[:, 1:])).sum(dim=1),
).says(
    "Each pair is judged by itself, as in word2vec.",
    "Add one number to all scores of an anchor: your loss changes. Does the formula's?",
    "One choice among N + 1 candidates: only differences of scores count.",
)
exercise.slip("the hardest negative only", cost=lambda s, c: F.softplus(largest_gap(s, c))).says(
    "The positive has to beat the most similar negative; the others do not matter.",
    "Does your loss change when a negative that is not the most similar one moves?",
    "The sum runs over all N negatives: the hardest one weighs most, but it is not alone.",
    "`torch.logsumexp` over all N + 1 logits, where you take the largest of the negatives.",
)
exercise.slip("a hinge on the hardest negative", cost=lambda s, c: largest_gap(s, c).clamp(min=0)).says(
    "The logarithm of a sum of exponentials is the largest exponent.",
    "With all inner products equal you get 0, not ln(N + 1).",
    "That is the limit at temperature 0. Add up the exponentials of all candidates.",
)
exercise.slip("logarithm of the mean probability", cost=probability, pool=lambda p, counts: -p.mean().log()).says(
    "-ln of the mean probability is the mean of -ln.",
    "Jensen: the two differ as soon as rows differ.",
    "Take the logarithm row by row, then the mean.",
)
exercise.slip("one copy more", copies=lambda counts: counts + 1).says(
    "ln(1 + count) is as good as ln(count), and safe at 0.",
    "What does a negative with count 0 add to your denominator, and one with count 1?",
    "ln(count) is right, -inf at 0 included: mask the padding, or `counts.log()` with a log-sum-exp over all candidates.",
)
exercise.slip(
    "the counts' logarithm in single precision",
    cost=lambda s, c: torch.cat([s[:, :1], s[:, 1:] + c.float().log()], dim=1).logsumexp(dim=1) - s[:, 0],
).says(
    "The logarithm of a whole number comes in the dtype of the scores.",
    "Print `torch.log(torch.tensor(3)).dtype`. How many digits is that?",
    "The logarithm of an integer tensor is float32: `counts.to(anchor.dtype).log()`.",
)
exercise.slip("anchors without negatives left out", pool=lambda l, c: l[c.sum(dim=1) > 0].mean()).says(
    "An anchor without negatives does not count in the mean.",
    "What does such an anchor cost, and by how many anchors do you divide?",
    "It costs 0, and is one of the B anchors: divide by B.",
)
exercise.slip("anchors weighted", pool=lambda l, c: (l * c.sum(dim=1)).sum() / c.sum()).says(
    "An anchor with more negatives weighs more in the mean.",
    "Which factor stands before each anchor's loss in the formula?",
    "1/B for each: `.mean()`.",
)
exercise.slip("an anchor without negatives refused", paired=False, cost=none_empty).says(
    "An anchor needs a negative.",
    "What does the question say about an anchor whose counts are all 0?",
    "It has one candidate and costs 0: no error.",
)
exercise.slip("shares", copies=lambda c: c / c.sum(dim=1, keepdim=True).clamp(min=1) * c.shape[1]).says(
    "The counts are shares: only their ratios matter.",
    "Double all counts of an anchor: does your loss change? The number of candidates does.",
    "The counts are used as they are: c copies add c e^(a.n).",
)
exercise.slip(
    "the mean score of the negatives",
    cost=lambda s, c: F.softplus((c * gaps(s)).sum(dim=1) / c.sum(dim=1) + c.sum(dim=1).log()),
).says(
    "The sum of the exponentials is that of N negatives with the mean score.",
    "Jensen: is the mean of exponentials the exponential of the mean?",
    "Add up the exponentials, each of its own score: `torch.logsumexp`.",
)
exercise.slip(
    "counts multiply the scores",
    cost=lambda s, c: torch.cat([s[:, :1], c * s[:, 1:]], dim=1).logsumexp(dim=1) - s[:, 0],
).says(
    "A negative that stands there c times has c times the score.",
    "A negative with score 0 and count 5: what do its copies add to the denominator?",
    "The count multiplies the exponential: it adds ln(count) to the score.",
)
exercise.slip(
    "counts multiply the scores, padding masked", cost=lambda s, c: masked_at(s, (c - 1) * s[:, 1:], c, -math.inf)
).says(
    "A negative that stands there c times has c times the score.",
    "A negative with score 0 and count 5: what do its copies add to the denominator?",
    "The count multiplies the exponential: it adds ln(count) to the score.",
)
exercise.slip("padding at -1e4", paired=False, cost=lambda s, c: masked_at(s, c.clamp(min=1).log(), c, -1e4)).says(
    "A score of -10000 takes a candidate out.",
    "Logits of -10000 are as good as any. What if all candidates have it?",
    "Only -inf is below every score: `masked_fill(counts == 0, -torch.inf)`.",
)
exercise.slip("padding at -1e9", paired=False, cost=lambda s, c: masked_at(s, c.clamp(min=1).log(), c, -1e9)).says(
    "A very negative number, -1e9 or more, is as good as minus infinity.",
    "float16 ends at 65504: such a number cannot be represented there, and the call fails.",
    "`masked_fill(counts == 0, -torch.inf)` works in every floating dtype.",
)
exercise.slip("padding at the zero vector", cost=lambda s, c: cross_entropy(s, c.clamp(min=1))).says(
    "A vector of zeros adds nothing to the denominator.",
    "What is e^(a.0)?",
    "1, a candidate like others. Padding adds 0: its score is -inf.",
)
exercise.slip("padding counts", copies=lambda c: c.clamp(min=1)).says(
    "A count of 0 is as good as a count of 1.",
    "Which candidates does an anchor have whose counts are all 0?",
    "Padding adds 0 to the denominator: its score is -inf.",
)
exercise.slip("padding not taken out", paired=False, cleaned=lambda negatives, counts: negatives).says(
    "Padding holds finite numbers.",
    "Padding may hold infinity. What are infinity minus infinity, and 0 times infinity?",
    "Put something finite in the place of padding before any inner product: `negatives.masked_fill(...)`.",
)
exercise.slip(
    "padding masked in the scores",
    paired=False,
    cleaned=lambda negatives, counts: negatives,
    cost=lambda s, c: cross_entropy(torch.cat([s[:, :1], s[:, 1:].masked_fill(c == 0, 0.0)], dim=1), c),
).says(
    "A score that is masked has no gradient.",
    "Its gradient is 0, and the inner product multiplies it by the padding. What is 0 times infinity?",
    "Mask the vectors before the inner product, not the scores after it.",
)
exercise.slip("the negatives' log-sum-exp by itself", cost=lambda s, c: F.softplus(against(s, c))).says(
    "The negatives always have a log-sum-exp.",
    "What is it for an anchor without negatives, and what is its gradient?",
    "Let the positive take part in the log-sum-exp: then at least one term is finite.",
)
exercise.slip("distance instead of inner product", similarity=lambda a, x: -(a - x).norm(dim=2)).says(
    "Similar means close: the logit is minus the distance.",
    "Double a candidate that points along the anchor: does its logit grow or fall?",
    "The formula has the inner product a.x, which also counts the candidate's norm.",
    "`(anchor[:, None] * candidates).sum(dim=2)`, without a norm.",
)
exercise.slip("exp without protection", paired=False, cost=quotient).says(
    "The quotient can be computed as it is written.",
    "exp(1e4) is infinite, and infinity divided by infinity is NaN, though the loss itself is finite.",
    "Work with logarithms: ln of a sum of exponentials is `torch.logsumexp`.",
)
exercise.slip("one maximum for the batch", paired=False, cost=one_maximum).says(
    "One maximum over the whole batch keeps all exponentials safe.",
    "One anchor has logits of 1e4, another of -1e4. What is left of the second one's exponentials?",
    "Each anchor needs its own maximum: `torch.logsumexp(..., dim=1)` takes it.",
)
exercise.slip("the positive's score subtracted", paired=False, cost=of_the_positive).says(
    "Once the positive's score is subtracted, no exponential overflows.",
    "What is e^(a.n - a.p) where a negative leads by 1e4?",
    "Subtract the largest score, whichever it is: `torch.logsumexp`.",
)
exercise.slip("logarithm of the softmax", paired=False, cost=log_softmax_late).says(
    "The logarithm of a softmax can be taken after the softmax.",
    "Nothing overflows in a softmax. But how small is the probability of a positive that loses by 1e4, and its logarithm?",
    "e^(-1e4) is 0 in floating point, and ln 0 is minus infinity, though the loss is 1e4.",
    "`log_softmax`, `logsumexp` or `F.cross_entropy` never leave the logarithms.",
)


exercise.slip("not pooled", paired=False, pool=lambda losses, counts: losses).says(
    "A loss is one number for each anchor.",
    "Which shape does the question ask for?",
    "One number for the batch, shape (): `.mean()` at the end.",
)
exercise.slip("cut off from the graph", paired=False, pool=lambda losses, counts: losses.detach().mean()).says(
    "Only the value of a loss is needed.",
    "Who is going to call `.backward()` on it?",
    "Stay with tensors to the end: no `.item()`, `float(...)`, `.detach()` or numpy.",
)
exercise.slip("nothing validated", guarded=False).says(
    "Bad input need not raise ValueError.",
    "What does your function answer to NaN, to a count of -1, and to shapes that do not fit?",
    "`validate.batch(...)`, `validate.candidates(...)`, and one `if` for the counts.",
)
exercise.slip("NaN let through", paired=False, guarded=False, checked=all_but_nan).says(
    "Inputs of the right shape are good inputs.",
    "What does your function answer to NaN?",
    "`validate.batch(anchor=anchor, positive=positive)` and `validate.candidates(...)` look at shapes and at NaN.",
)
exercise.slip("counts not looked at", paired=False, guarded=False, checked=vectors_checked).says(
    "Every tensor of counts is a good one.",
    "What does your function answer to a count of -1, and to counts of shape (N,)?",
    "One `if`: `counts.shape != negatives.shape[:2] or (counts < 0).any()`.",
)
exercise.slip("a negative count let through", paired=False, guarded=False, checked=shapes_checked).says(
    "Counts of the right shape are good ones.",
    "What does your function answer to a count of -1?",
    "One `if` more: `(counts < 0).any()`.",
)


@exercise.wrong(
    "negatives of the whole batch",
    belief="Each anchor is compared with the negatives of all anchors.",
    hints=("How many candidates has an anchor?", "N + 1: row i of `negatives` belongs to anchor i alone."),
)
def contrastive_loss(anchor, positive, negatives, counts=None):
    copies = torch.ones(negatives.shape[:2]) if counts is None else counts
    pool = negatives.masked_fill((copies == 0)[:, :, None], 0.0).flatten(0, 1)
    scores = anchor @ pool.T + copies.to(anchor.dtype).log().flatten()
    right = (anchor * positive).sum(dim=1)
    return (torch.cat([right[:, None], scores], dim=1).logsumexp(dim=1) - right).mean()


@exercise.accepted("bmm and cross-entropy, copies by where")
def contrastive_loss(anchor, positive, negatives, counts=None):
    if counts is None:
        counts = torch.ones_like(negatives[:, :, 0], dtype=torch.long)
    there = counts > 0
    negatives = torch.where(there[:, :, None], negatives, torch.zeros_like(negatives))
    logits = torch.bmm(torch.cat((positive[:, None], negatives), 1), anchor[:, :, None])[:, :, 0]
    extra = torch.where(there, counts.to(logits.dtype).clamp(min=1).log(), -torch.inf)
    logits = logits + F.pad(extra, (1, 0))
    return F.cross_entropy(logits, torch.zeros(anchor.shape[0], dtype=torch.int64))


@exercise.accepted("copies written out, row by row, validated by hand", guarded=False)
def contrastive_loss(anchor, positive, negatives, counts=None):
    shapes = anchor.shape, positive.shape, negatives.shape[::2]
    if anchor.ndim != 2 or len(set(shapes)) > 1 or 0 in negatives.shape:
        raise ValueError(f"shapes {anchor.shape}, {positive.shape}, {negatives.shape}")
    if any(torch.isnan(x).any() for x in (anchor, positive, negatives)):
        raise ValueError("NaN")
    if counts is None:
        counts = torch.ones(negatives.shape[:2], dtype=torch.long)
    if counts.shape != negatives.shape[:2] or counts.min() < 0:
        raise ValueError(f"counts {counts}")
    total = 0.0
    for a, p, n, c in zip(anchor, positive, negatives, counts):
        scores = torch.cat([p[None], n.repeat_interleave(c.long(), dim=0)]) @ a
        total = total + scores.logsumexp(0) - scores[0]
    return total / len(anchor)


@exercise.accepted("max subtracted by hand")
def contrastive_loss(anchor, positive, negatives, counts=None):
    copies = torch.ones(negatives.shape[:2]) if counts is None else counts
    vectors = negatives.masked_fill((copies == 0).unsqueeze(2), 0)
    scores = torch.einsum("bd,bnd->bn", anchor, torch.cat([positive[:, None], vectors], dim=1))
    weight = F.pad(copies.to(scores.dtype), (1, 0), value=1)
    top = scores.masked_fill(weight == 0, -torch.inf).max(dim=1, keepdim=True).values.detach()
    shifted = (scores - top).clamp(max=0)
    return (torch.log((weight * shifted.exp()).sum(dim=1)) + top[:, 0] - scores[:, 0]).mean()
