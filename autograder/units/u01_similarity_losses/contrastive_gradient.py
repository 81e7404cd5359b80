"""contrastive_gradient: a closed form, called under torch.inference_mode, where autograd has no graph by itself.

Where the positive leads by 60, a gradient of size 1 is the difference of vectors of size 1e26: the softmax-weighted mean minus
the positive gives 0 there, and so does autograd of log-sum-exp minus score.
"""

import math

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, bad_input, batch, candidates
from autograder.author.draw import larger_sizes, strided, tensor
from autograder.units.u01_similarity_losses.draws import drawn

SMALL = (
    "The gradient is much shorter here than the candidates. Which two nearly equal vectors does your code subtract, and can "
    "they be subtracted on paper?"
)

exercise = Exercise(
    "contrastive_gradient",
    refuses=(batch(anchor="the anchor", positive="the positive"), candidates("anchor", negatives="the negatives")),
    hints={
        "values": (
            "Differentiate ln(sum of exponentials) first: each candidate appears with a weight. "
            "Which weights are they?",
            "The weights are the softmax of the logits, over all N + 1 candidates; they sum to 1.",
            "(weighted mean of the candidates - positive) / B.",
        ),
        "stability": ("`torch.softmax` is safe at logits of 1e4; a quotient of exponentials is not.",),
        "bad input": (
            "`validate.batch(anchor=anchor, positive=positive)`, `validate.candidates(anchor, negatives=negatives)`.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for b, n, d in ((4, 3, 2), (3, 5, 4), (1, 2, 3), (5, 1, 3), (2, 2, 2)):
        yield Case(f"B = {b}, N = {n}, d = {d}", drawn(rng, b, n, d), inference=True)
    yield Case("float32", tuple(x.float() for x in drawn(rng, 4, 6, 3)), inference=True)
    yield Case("float16", tuple(x.half() for x in drawn(rng, 4, 3, 3)), inference=True)
    yield Case("inputs that are not contiguous", tuple(strided(x) for x in drawn(rng, 3, 4, 3)), inference=True)
    a, p, n = drawn(rng, 3, 4, 3)
    unit = a / (a * a).sum(dim=1, keepdim=True)
    yield Case("the positive's logit is 1e4", (a, 1e4 * unit, n), part="stability", inference=True)
    yield Case("the positive's logit is -1e4", (a, -1e4 * unit, n), part="stability", inference=True)
    far = torch.cat([1e4 * unit.unsqueeze(1), n], dim=1)
    yield Case("a negative's logit is 1e4", (a, p, far), part="stability", inference=True)
    args = (1e-26 * a, 60e26 * unit, 1e26 * n)
    yield Case("the positive leads by about 60", args, part="stability", inference=True, rtol=1e-6, hint=SMALL)
    yield from exercise.bad_inputs(a, p, n)
    yield bad_input("an empty batch, negatives too", a[:0], p[:0], n[:0])
    b, n, d = larger_sizes(rng, 3, high=30)
    a, p, n = drawn(rng, b, n, d)
    args = (a / d**0.5, p, n)  # logits of size 1
    yield Case("a larger batch with more negatives", args, inference=True, public=False)


@exercise.property("a step against the gradient lowers the loss")
def descends(f, rng):
    a, p, n = drawn(rng, 4, 3, 3)

    def loss(x):
        logits = torch.einsum("bd,bnd->bn", x, torch.cat([p[:, None], n], dim=1))
        return float((logits.logsumexp(1) - logits[:, 0]).mean())

    if not loss(a - 1e-4 * torch.as_tensor(f(a, p, n))) < loss(a):
        return "a small step raised it"


@exercise.property("attraction and repulsion balance: equal candidates give no gradient")
def balance(f, rng):
    a, p = tensor(rng, 3, 4), tensor(rng, 3, 4)
    if abs(torch.as_tensor(f(a, p, p.unsqueeze(1).repeat(1, 5, 1)))).max() > 1e-9:
        return "all candidates are equal and the gradient is not 0"


def from_the_positive(weights, options):
    return (weights[:, :, None] * (options - options[:, :1])).sum(dim=1)


def difference(weights, options):
    return (weights[:, :, None] * options).sum(dim=1) - options[:, 0]


def of_the_hardest(logits):
    """The weights of all negatives on the most similar one of them."""
    weights = logits.softmax(dim=1)
    hardest = F.one_hot(logits[:, 1:].argmax(dim=1) + 1, logits.shape[1])
    return torch.cat([weights[:, :1], (1 - weights[:, :1]) * hardest[:, 1:]], dim=1)


def hardest_alone(logits):
    """The weights where the most similar negative is the only one."""
    hardest = F.one_hot(logits[:, 1:].argmax(dim=1), logits.shape[1] - 1)
    return logits.masked_fill(F.pad(hardest, (1, 0), value=1) == 0, -torch.inf).softmax(dim=1)


def alike(logits):
    """The negatives' whole weight in equal shares."""
    weights = logits.softmax(dim=1)
    rest = weights[:, 1:].mean(dim=1, keepdim=True).expand(-1, logits.shape[1] - 1)
    return torch.cat([weights[:, :1], rest], dim=1)


def quotient(logits):
    return logits.exp() / logits.exp().sum(dim=1, keepdim=True)


def shapes_checked(anchor, positive, negatives):
    sizes = anchor.shape, positive.shape, negatives.shape[::2]
    if anchor.ndim != 2 or negatives.ndim != 3 or len(set(sizes)) > 1 or 0 in negatives.shape:
        raise ValueError(f"shapes {sizes}")


@exercise.formula
def contrastive_gradient(
    anchor,
    positive,
    negatives,
    *,
    checked=lambda anchor, positive, negatives: None,
    seen=lambda x: x,
    weigh=lambda logits: logits.softmax(dim=1),
    moved=from_the_positive,
    sign=1,
    share=lambda b, n: 1 / b,
    given=lambda gradient, anchor: gradient,
):
    checked(anchor, positive, negatives)
    options = seen(torch.cat([positive[:, None], negatives], dim=1))
    weights = weigh((seen(anchor)[:, None] * options).sum(dim=2))
    return given(sign * moved(weights, options) * share(*negatives.shape[:2]), anchor)


exercise.slip("nearly equal vectors subtracted", moved=difference).says(
    "The candidates' weighted mean minus the positive can be computed as it is written.",
    "When the positive leads by 60, the weighted mean is the positive up to 26 digits. How many digits has a float64?",
    "The weights sum to 1, so the positive can be taken into the sum before anything is rounded.",
    "The sum over the negatives of w_j (n_j - positive), over B: every summand is small by itself.",
)
exercise.slip(
    "1 minus the positive's probability",
    moved=lambda weights, options: (
        (weights[:, 1:, None] * options[:, 1:]).sum(dim=1) - (1 - weights[:, :1]) * options[:, 0]
    ),
).says(
    "1 - w_0 is as accurate as w_0.",
    "When the positive leads by 60, w_0 is 1 up to 26 digits. What is 1 - w_0 then, in your code and in truth?",
    "1 - w_0 is the sum of the negatives' weights: add them up, do not subtract.",
)
exercise.slip("the factor 1/B forgotten", share=lambda b, n: 1).says(
    "Each anchor's gradient is that of its own loss.",
    "Your values are B times the right ones.",
    "The loss is the mean over the batch: divide by B.",
)
exercise.slip("attraction forgotten", moved=lambda weights, options: (weights[:, :, None] * options).sum(dim=1)).says(
    "Only the log-sum-exp depends on the anchor.",
    "Your gradient never pulls towards the positive. Which other term of the loss contains the anchor?",
    "The loss is ln(sum of exponentials) minus a.p: differentiate the second term too.",
)
exercise.slip(
    "the negatives attract",
    moved=lambda weights, options: (
        -(1 - weights[:, :1]) * options[:, 0] - (weights[:, 1:, None] * options[:, 1:]).sum(dim=1)
    ),
).says(
    "The negatives enter the gradient with the sign of the positive.",
    "A step against your gradient takes the anchor towards the positive. Where do the negatives send it?",
    "The negatives' weights are derivatives of ln(sum of exponentials): they are positive, the positive's is w_0 - 1.",
)
exercise.slip("step instead of gradient", sign=-1).says(
    "The gradient points where the anchor should go.",
    "Your sign is flipped.",
    "Gradient descent goes against the gradient: gradient = candidates' centre - positive.",
)
exercise.slip("softmax over the negatives only", weigh=lambda x: F.pad(x[:, 1:].softmax(dim=1), (1, 0))).says(
    "The weights of the negatives sum to 1.",
    "When the positive already wins by far, should the negatives still push with full force?",
    "The softmax runs over all N + 1 candidates, the positive among them.",
)
exercise.slip(
    "full pull of the positive", weigh=lambda x: F.pad(x.softmax(dim=1)[:, 1:], (1, 0)), moved=difference
).says(
    "The positive always pulls with force 1.",
    "When the positive already wins by far, there is nothing left to gain: how strong should the pull be?",
    "The positive stands in the log-sum-exp as well, so its force is 1 - w_0.",
)
exercise.slip("the hardest negative only", weigh=of_the_hardest, moved=difference).says(
    "Only the most similar negative pushes.",
    "Does your gradient change when a negative that is not the most similar one moves?",
    "Every negative pushes with its own weight of the softmax.",
)
exercise.slip("N logistic losses", weigh=lambda x: F.pad((x[:, 1:] - x[:, :1]).sigmoid(), (1, 0))).says(
    "N negatives mean N independent two-way choices, added up.",
    "When all candidates are alike you push with N/2 in place of N/(N + 1).",
    "One choice among N + 1 candidates: their weights compete in one softmax.",
)
exercise.slip("all candidates push alike", weigh=lambda x: torch.ones_like(x) / x.shape[1]).says(
    "Every candidate pushes with the same force, 1/(N + 1).",
    "Should a negative that looks like the anchor be pushed away as hard as one that does not?",
    "Differentiating the logarithm of the sum gives each candidate the weight e^(a.x) / sum.",
    "The weights are the softmax of the logits.",
)
exercise.slip("softmax over the batch", weigh=lambda x: x.softmax(dim=0), moved=difference).says(
    "The weights of a candidate sum to 1 over the batch.",
    "Which numbers compete in one softmax: those of one anchor, or those of one candidate?",
    "Each anchor has its own softmax over its own N + 1 candidates.",
    "The logits have shape (B, N + 1): `softmax(dim=1)`.",
)
QUOTIENT = (
    "The weights can be computed as they are written, a quotient of exponentials.",
    "exp(1e4) is infinite, and infinity divided by infinity is NaN, though a weight lies between 0 and 1.",
    "A softmax does not change when a number is subtracted from all logits: subtract the largest.",
    "`torch.softmax(logits, dim=1)` does it.",
)
exercise.slip("exp without protection", weigh=quotient).says(*QUOTIENT)
exercise.slip("exp without protection, a difference too", weigh=quotient, moved=difference).says(*QUOTIENT)
exercise.slip(
    "exp without protection, negatives only",
    weigh=lambda x: F.pad(x[:, 1:].exp() / x.exp().sum(dim=1, keepdim=True), (1, 0)),
).says(*QUOTIENT)
exercise.slip("the positive's score subtracted", weigh=lambda x: quotient(x - x[:, :1])).says(
    "Dividing all exponentials by that of the positive keeps them finite.",
    "What is e^(a.n - a.p) where a negative leads by 1e4?",
    "Subtract the largest logit, whichever it is: `torch.softmax` does it.",
)
exercise.slip("the hardest negative alone", weigh=hardest_alone).says(
    "The most similar negative is the only one in the loss.",
    "Does your gradient change when a negative that is not the most similar one moves?",
    "All N + 1 candidates stand in the softmax, and every negative pushes with its own weight.",
)
exercise.slip("all negatives push alike", weigh=alike).says(
    "All negatives push with the same force.",
    "Should a negative that looks like the anchor be pushed away as hard as one that does not?",
    "Differentiating the logarithm of the sum gives each negative its own weight, e^(a.n_j) / sum.",
)
exercise.slip("mean over the negatives", share=lambda b, n: 1 / (b * n)).says(
    "The forces of the N negatives are averaged.",
    "Your values are the right ones over N.",
    "The weights of the softmax share the force out already: divide by B only.",
)
exercise.slip(
    "the negatives' mean in the denominator",
    weigh=lambda x: torch.cat([x[:, :1], x[:, 1:] - math.log(x.shape[1] - 1)], dim=1).softmax(dim=1),
).says(
    "The negatives enter the denominator with their mean.",
    "When all candidates are alike, how large is the weight of one of them?",
    "1/(N + 1): the softmax runs over all N + 1 logits as they are.",
)
exercise.slip("a probability differentiated", weigh=lambda x: x.softmax(dim=1) * x.softmax(dim=1)[:, :1]).says(
    "The loss is minus the probability of the positive.",
    "Your gradient has a factor w_0 too many. What does the logarithm do to it?",
    "The derivative of -ln w_0 is that of -w_0 divided by w_0.",
)
exercise.slip("the negatives only", moved=lambda weights, options: (weights[:, 1:, None] * options[:, 1:]).sum(1)).says(
    "Only the negatives move the anchor.",
    "Your gradient never pulls towards the positive. Where does the positive stand in the loss?",
    "In both terms: its share is (w_0 - 1) p, and w_0 - 1 is minus the sum of the negatives' weights.",
)
exercise.slip(
    "derivative in the scores",
    moved=lambda weights, options: torch.cat([weights[:, :1] - 1, weights[:, 1:]], dim=1),
).says(
    "The derivative in the scores is the one that is asked for.",
    "Your answer has one number for each candidate. What shape has the derivative by the anchor?",
    "Chain rule: each score is a.z_j, whose derivative by a is z_j. Sum over the candidates.",
)
exercise.slip("cosines", seen=lambda x: F.normalize(x, dim=-1)).says(
    "Similarity is the cosine.",
    "Double the anchor: do your weights change? Those of question 3 do.",
    "Plain inner products of the vectors as they come: nothing is normalised.",
)
exercise.slip(
    "projected", given=lambda g, a: g - (g * a).sum(dim=1, keepdim=True) * a / (a * a).sum(dim=1, keepdim=True)
).says(
    "The gradient has no part along the anchor.",
    "That holds for a loss of cosines (Proposition 1.7). Is this one?",
    "A longer anchor has larger scores, and the loss sees it: nothing is projected away.",
)
exercise.slip("summed over the batch", given=lambda g, a: g.sum(dim=0)).says(
    "The anchors of a batch share one gradient.",
    "Which shape has the derivative by B anchors of d coordinates?",
    "(B, d): each anchor has a row of its own, and no sum runs over the batch.",
)
exercise.slip("nothing validated", guarded=False).says(
    "Bad input need not raise ValueError.",
    "What does your function answer to NaN, and which error does torch raise where shapes do not fit?",
    "`validate.batch(anchor=anchor, positive=positive)`, `validate.candidates(anchor, negatives=negatives)`.",
)


exercise.slip("NaN let through", paired=False, guarded=False, checked=shapes_checked).says(
    "Inputs of the right shape are good inputs.",
    "What does your function answer to NaN?",
    "`validate.batch(anchor=anchor, positive=positive)` and `validate.candidates(...)` look at shapes and at NaN.",
)


@exercise.wrong(
    "derivative by the positive",
    belief="The derivative is taken by the positive.",
    hints=("Your gradient is a multiple of the anchor.", "Which vector is varied? The anchor; candidates stay fixed."),
)
def contrastive_gradient(anchor, positive, negatives):
    w = torch.einsum("bd,bnd->bn", anchor, torch.cat([positive[:, None], negatives], dim=1)).softmax(dim=1)
    return -(1 - w[:, :1]) * anchor / len(anchor)


@exercise.accepted("the brake, a sigmoid, times the negatives' own softmax")
def contrastive_gradient(anchor, positive, negatives):
    scores = torch.einsum("bd,bnd->bn", anchor, negatives)
    brake = torch.sigmoid(scores.logsumexp(dim=1) - (anchor * positive).sum(dim=1))
    centre = torch.bmm(scores.softmax(dim=1)[:, None], negatives)[:, 0]
    return brake[:, None] * (centre - positive) / len(anchor)


@exercise.accepted("attraction and repulsion apart")
def contrastive_gradient(anchor, positive, negatives):
    w = torch.einsum("bd,bnd->bn", anchor, torch.cat([positive[:, None], negatives], dim=1)).softmax(dim=1)[:, 1:]
    pull = -w.sum(dim=1, keepdim=True) * positive
    push = (w[:, :, None] * negatives).sum(dim=1)
    return (pull + push) / len(anchor)


@exercise.accepted("loop over rows, validated by hand", guarded=False)
def contrastive_gradient(anchor, positive, negatives):
    shapes = anchor.shape, positive.shape, negatives.shape[::2]
    if anchor.ndim != 2 or len(set(shapes)) > 1 or 0 in negatives.shape:
        raise ValueError(f"shapes {anchor.shape}, {positive.shape}, {negatives.shape}")
    if any(torch.isnan(x).any() for x in (anchor, positive, negatives)):
        raise ValueError("NaN")
    rows = []
    for a, p, n in zip(anchor, positive, negatives):
        rows.append(torch.softmax(torch.stack([p, *n]) @ a, dim=0)[1:] @ (n - p))
    return torch.stack(rows) / len(rows)
