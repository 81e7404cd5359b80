"""logistic_loss: what its check looks at."""

import math

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, batch
from autograder.author.draw import larger_sizes, strided, tensor
from autograder.units.u01_similarity_losses.draws import HALF, STRIDED

exercise = Exercise(
    "logistic_loss",
    refuses=(batch(anchor="the anchor", positive="the positive", negative="the negative"),),
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
    yield Case("B = 4, d = 3, float16", tuple(tensor(rng, 4, 3, dtype=torch.float16) for _ in range(3)), hint=HALF)
    yield Case("inputs that are not contiguous", tuple(strided(tensor(rng, 4, 3)) for _ in range(3)), hint=STRIDED)
    for sign in (1, -1):
        anchor = tensor(rng, 3, 4)
        towards = 1e4 * sign * anchor / (anchor * anchor).sum(dim=1, keepdim=True)
        args = (anchor, torch.zeros(3, 4, dtype=anchor.dtype), towards)
        yield Case(f"gap of {sign}e4", args, part="stability", grad=(0,))
        yield Case(f"gap of {sign}e4, float32", tuple(x.float() for x in args), part="stability")
    yield from exercise.bad_inputs(*[tensor(rng, 4, 3)] * 3)
    b, d = larger_sizes(rng, 2)
    args = tuple(tensor(rng, b, d, scale=d**-0.25) for _ in range(3))  # inner products of size 1
    yield Case("a larger batch", args, grad=(0, 1, 2), public=False)


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


def inner(a, b):
    return (a * b).sum(dim=1)


def both_branches(gap):
    return torch.where(gap > 0, gap + torch.log1p(torch.exp(-gap)), torch.log1p(torch.exp(gap)))


def shapes_checked(*vectors):
    if any(v.ndim != 2 or not v.numel() or v.shape != vectors[0].shape for v in vectors):
        raise ValueError(f"shapes {[v.shape for v in vectors]}")


@exercise.formula
def logistic_loss(
    anchor,
    positive,
    negative,
    *,
    checked=lambda *vectors: None,
    similarity=inner,
    asking=lambda anchor, positive: anchor,
    gaps=lambda similarity, asked, a, p, n: similarity(asked, n) - similarity(a, p),
    sign=1,
    most=None,
    cost=F.softplus,
    pool=torch.mean,
    unit=1.0,
):
    checked(anchor, positive, negative)
    gap = gaps(similarity, asking(anchor, positive), anchor, positive, negative)
    return pool(cost(sign * gap.clamp(max=most) if most else sign * gap)) / unit


exercise.slip("positive and negative exchanged", sign=-1).says(
    "The loss is small when the negative is the more similar one.",
    "Take an anchor equal to its positive: what should the loss be, near 0 or large?",
    "The exponent is (similarity to the negative) minus (similarity to the positive).",
)
exercise.slip("sum instead of mean", pool=torch.sum).says(
    "The loss of a batch is the sum over its rows.",
    "Compare a batch with the same batch twice: the loss should not change.",
    "Divide by B: `.mean()`.",
)
exercise.slip("mean inside the logarithm", cost=lambda gap: F.softplus(gap.mean())).says(
    "The loss of the mean gap is the mean of the losses.",
    "ln(1 + e^x) is curved. Is f(mean x) the mean of f(x)? (Jensen)",
    "First ln(1 + e^gap) for each row, then the mean.",
)
exercise.slip("cosine instead of inner product", similarity=F.cosine_similarity).says(
    "Similarity is always the cosine.",
    "Double the anchor: should the loss change? Look at the formula: nothing in it is normalised.",
    "Use plain inner products; the cosine comes in with `nt_xent`.",
)
exercise.slip("squared distances", similarity=lambda a, b: -(a - b).pow(2).sum(dim=1)).says(
    "Similar means close: the similarity is minus the squared distance.",
    "Make the negative twice as long, in its direction. What happens to its inner product, and what to its distance?",
    "Use plain inner products: `(anchor * positive).sum(dim=1)`.",
)
exercise.slip("probability instead of its logarithm", cost=torch.sigmoid).says(
    "The loss is the probability of choosing wrongly.",
    "Your values lie between 0 and 1. The logistic loss grows without bound when the negative wins clearly.",
    "Take minus the logarithm of the probability of choosing rightly.",
)
exercise.slip("positive compared with negative", asking=lambda anchor, positive: positive).says(
    "The negative should be far from the positive, rather than from the anchor.",
    "Which two inner products stand in the formula? Both contain the anchor.",
    "On average over random draws the two versions agree (x and x+ are exchangeable), on a batch they do not: "
    "`anchor . negative`.",
)
exercise.slip("base-2 logarithm", unit=math.log(2)).says(
    "The base of the logarithm does not matter.",
    "Your values are the right ones divided by ln 2 = 0.693.",
    "The course uses the natural logarithm: `torch.log`.",
)
exercise.slip("exp without protection", cost=lambda gap: torch.log(1 + torch.exp(gap))).says(
    "ln(1 + exp(x)), or -ln of a sigmoid, can be computed as it is written.",
    "exp(100) is infinite in float32, exp(1000) in float64, and the sigmoid of -1000 is 0.",
    "`F.softplus(x)`, or `torch.logaddexp(x, torch.zeros_like(x))`, never forms exp of a large number.",
)


WHERE = (
    "torch.where drops the branch that is not taken, from the gradient too.",
    "Your values are right. The backward pass runs through both branches: what is 0 times infinity?",
    "`F.softplus(x)` has a finite gradient everywhere; or cut x off *before* exp, inside the branch.",
)
exercise.slip("where around exp", cost=both_branches).says(*WHERE)
exercise.slip("where above 20", cost=lambda gap: torch.where(gap > 20, gap, torch.log1p(torch.exp(gap)))).says(*WHERE)
for most in (20.0, 30.0, 50.0, 80.0, 100.0):
    exercise.slip(f"cut off at {most:g}", most=most).says(
        "A gap may be cut off where exp would overflow.",
        "What does a gap of 1e4 cost, and what does it cost with your code?",
        "Large gaps cost about as much as they are: `F.softplus(x)` needs no cut.",
    )
exercise.slip("a plain maximum", cost=torch.relu).says(
    "ln(1 + e^x) is max(0, x).",
    "What is ln(1 + e^x) at x = 0?",
    "The two agree far from 0 only: `F.softplus`.",
)
exercise.slip("the hinge's margin", cost=lambda gap: torch.relu(1 + gap)).says(
    "The positive has to lead by 1, and nothing is paid beyond it.",
    "That is the hinge loss. Which function of the gap is asked for here?",
    "ln(1 + e^gap), which is never 0: `F.softplus`.",
)
exercise.slip("logarithm of the probability", cost=lambda gap: F.logsigmoid(-gap)).says(
    "The logarithm of the probability of choosing rightly is the loss.",
    "Is your loss positive? The logarithm of a probability never is.",
    "The loss is minus that logarithm.",
)
exercise.slip("logarithm of the mean", cost=torch.exp, pool=lambda weights: (1 + weights).mean().log()).says(
    "The logarithm of a mean is the mean of the logarithms.",
    "Jensen: the two differ as soon as rows differ.",
    "First ln(1 + e^gap) for each row, then the mean.",
)
exercise.slip("all negatives of the batch", gaps=lambda s, asked, a, p, n: asked @ n.T - s(a, p)[:, None]).says(
    "Each anchor is compared with the negatives of all rows.",
    "How many terms has the sum in the formula?",
    "B: row i has its own positive and its own negative. `(anchor * negative).sum(dim=1)`, no matrix product.",
)
exercise.slip("all triplets crossed", gaps=lambda s, asked, a, p, n: asked @ (n - p).T).says(
    "Each anchor is compared with the positives and negatives of all rows.",
    "How many terms has the sum in the formula?",
    "B: row i has its own positive and its own negative. `(anchor * negative).sum(dim=1)`, no matrix product.",
)
exercise.slip("coordinate by coordinate", gaps=lambda s, asked, a, p, n: asked * (n - p)).says(
    "Each coordinate has a logistic loss of its own.",
    "How many losses do you average: B, or B times d?",
    "Sum over the coordinates first (that is the inner product), then ln(1 + e^gap).",
)
exercise.slip("mean over the coordinates", similarity=lambda a, b: (a * b).mean(dim=1)).says(
    "An inner product is a mean over the coordinates.",
    "Your gaps are the right ones over d.",
    "`(anchor * negative).sum(dim=1)`.",
)
exercise.slip("the negative only", gaps=lambda s, asked, a, p, n: s(asked, n)).says(
    "Only the similarity to the negative costs.",
    "Does your loss change when the positive moves?",
    "The exponent is (similarity to the negative) minus (similarity to the positive).",
)
exercise.slip("not pooled", pool=lambda costs: costs).says(
    "A loss is one number for each row.",
    "Which shape does the question ask for?",
    "One number for the batch, shape (): `.mean()` at the end.",
)
exercise.slip("cut off from the graph", pool=lambda costs: costs.detach().mean()).says(
    "Only the value of a loss is needed.",
    "Who is going to call `.backward()` on it?",
    "Stay with tensors to the end: no `.item()`, `float(...)`, `.detach()` or numpy.",
)
exercise.slip("nothing validated", guarded=False).says(
    "Bad input need not raise ValueError.",
    "What does your function answer to NaN, and which error does torch raise where shapes do not fit?",
    "`validate.batch(anchor=anchor, positive=positive, negative=negative)` as the first line.",
)
exercise.slip("NaN let through", paired=False, guarded=False, checked=shapes_checked).says(
    "Inputs of the right shape are good inputs.",
    "What does your function answer to NaN?",
    "`validate.batch(anchor=anchor, positive=positive, negative=negative)` looks at shapes and at NaN.",
)


@exercise.wrong(
    "two yes-or-no questions, as in word2vec",
    belief="Each pair is judged by itself, as in word2vec.",
    hints=(
        "Add one number to both inner products: your loss changes. Does the formula's?",
        "Only the difference a.n - a.p counts: one softplus, not two.",
    ),
)
def logistic_loss(anchor, positive, negative):
    return (F.softplus(-(anchor * positive).sum(dim=1)) + F.softplus((anchor * negative).sum(dim=1))).mean()


exercise.style("logaddexp", cost=lambda gap: torch.logaddexp(gap, torch.zeros_like(gap)))


@exercise.accepted("cross-entropy of two logits")
def logistic_loss(anchor, positive, negative):
    logits = torch.stack([(anchor * positive).sum(1), (anchor * negative).sum(1)], dim=1)
    return F.cross_entropy(logits, torch.zeros(len(anchor), dtype=torch.long))


@exercise.accepted("row by row, validated by hand", guarded=False)
def logistic_loss(anchor, positive, negative):
    if not (anchor.shape == positive.shape == negative.shape) or anchor.ndim != 2 or anchor.numel() == 0:
        raise ValueError(f"shapes {anchor.shape}, {positive.shape}, {negative.shape}")
    if any(torch.isnan(x).any() for x in (anchor, positive, negative)):
        raise ValueError("NaN")
    losses = [-F.logsigmoid(a @ p - a @ n) for a, p, n in zip(anchor, positive, negative)]
    return torch.stack(losses).mean()
