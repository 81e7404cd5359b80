"""nce_loss: what its check looks at.

Blind inputs avoided: ratio 1 (hides ln ratio), as many data as noise samples (hides averages per class), noise of
constant density (hides log_noise up to a constant).
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.draw import strided, tensor
from autograder.spec import Exercise
from course import validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "nce_loss",
    hints={
        "values": (
            "With scores = log_noise and ratio 1 every logit is 0 and the loss is ln 2.",
            "Write the probability of 'data' by Bayes' rule: one data sample comes with `ratio` noise samples.",
        ),
        "gradient": ("The derivative by a score is (sigma(G) - label) / n: keep the scores in the graph.",),
        "stability": (
            "sigma(G) rounds to exactly 0 or 1 for large logits, and the logarithm of 0 is -inf.",
            "`F.binary_cross_entropy_with_logits` works on the logits and never takes that logarithm.",
        ),
        "bad input": ("Labels other than 0 and 1, a ratio <= 0, unequal shapes, no scores, NaN: ValueError.",),
        "properties": ("The expected loss is smallest where the scores are the log-density of the data.",),
    },
)


def labels_like(rng, scores, share=0.3):
    """Random float labels of that shape with both kinds present."""
    labels = torch.from_numpy((rng.random(scores.shape) < share).astype(float)).to(scores.dtype)
    labels.view(-1)[0], labels.view(-1)[1] = 1.0, 0.0
    return labels


@exercise.cases
def cases(rng):
    s = tensor(rng, 7, scale=2.0)
    yield Case("7 scores, ratio 3", (s, tensor(rng, 7) - 1, labels_like(rng, s), 3), grad=(0,))
    s = tensor(rng, 3, 4, scale=2.0)
    yield Case("3 x 4 scores, ratio 0.5", (s, tensor(rng, 3, 4) - 1, labels_like(rng, s), 0.5), grad=(0,))
    s = tensor(rng, 6)
    yield Case("bool labels, ratio 5", (s, tensor(rng, 6) + 1, labels_like(rng, s).bool(), 5))
    yield Case("integer labels, ratio 2", (s, tensor(rng, 6) + 1, labels_like(rng, s).long(), 2))
    yield Case("noise only", (s, tensor(rng, 6) - 1, torch.zeros(6, dtype=torch.float64), 4), grad=(0,))
    s = tensor(rng, 2, 3)
    yield Case("not contiguous", (strided(s), strided(tensor(rng, 2, 3)), labels_like(rng, s), 1.5), grad=(0,))
    s = tensor(rng, 8, dtype=torch.float32, scale=3.0)
    yield Case("float32", (s, tensor(rng, 8, dtype=torch.float32), labels_like(rng, s), 10.0), grad=(0,))
    s = tensor(rng, 8, dtype=torch.float16)
    yield Case("float16", (s, tensor(rng, 8, dtype=torch.float16), labels_like(rng, s), 2.0))
    for dtype in (torch.float64, torch.float32):
        s = torch.tensor([1e4, -1e4, 1e4, -1e4, 300.0, -300.0], dtype=dtype)
        labels = torch.tensor([1.0, 0.0, 0.0, 1.0, 1.0, 1.0], dtype=dtype)
        name = str(dtype).removeprefix("torch.")
        args = (s, tensor(rng, 6, dtype=dtype), labels, 3.0)
        yield Case(f"logits of +-1e4, {name}", args, part="stability", grad=(0,))
    s, noise, labels = tensor(rng, 4), tensor(rng, 4), torch.tensor([1.0, 0.0, 0.0, 1.0], dtype=torch.float64)
    yield bad_input("a label 2", s, noise, 2 * labels, 1.0)
    yield bad_input("a label 0.5", s, noise, labels * 0.5, 1.0)
    yield bad_input("shapes that would broadcast", s, noise[:1], labels, 1.0)
    yield bad_input("labels of another shape", s, noise, labels[:3], 1.0)
    yield bad_input("no scores", s[:0], noise[:0], labels[:0], 1.0)
    yield bad_input("ratio 0", s, noise, labels, 0)
    yield bad_input("ratio -1", s, noise, labels, -1.0)
    yield bad_input("NaN", torch.full((4,), math.nan, dtype=torch.float64), noise, labels, 1.0)


@exercise.property("the loss is smallest at the log-density of the data, no other normalisation needed")
def minimum(f, rng):
    counts = rng.integers(1, 5, size=3)  # data law counts / sum, uniform noise, 3 noise samples a data sample
    symbols = np.repeat(np.arange(3), counts)
    noise = np.repeat(np.arange(3), counts.sum())
    all_symbols = torch.from_numpy(np.concatenate([symbols, noise]))
    labels = torch.from_numpy(np.concatenate([np.ones(symbols.size), np.zeros(noise.size)]))
    log_noise = torch.full((labels.numel(),), math.log(1 / 3), dtype=torch.float64)
    truth = np.log(counts / counts.sum())

    def loss(s):
        return f(torch.from_numpy(s)[all_symbols], log_noise, labels, 3)

    best = loss(truth)
    for change in (0.2, -0.2, 0.2 * rng.normal(size=3)):
        if loss(truth + change) <= best + 1e-9:
            return "scores other than the log-density of the data have a smaller or equal expected loss"


@exercise.property("shuffling the samples changes nothing")
def shuffle(f, rng):
    s, noise, order = tensor(rng, 6), tensor(rng, 6), torch.from_numpy(rng.permutation(6))
    labels = labels_like(rng, s)
    if abs(f(s, noise, labels, 2.0) - f(s[order], noise[order], labels[order], 2.0)) > 1e-9:
        return "the loss depends on the order of the samples"


@exercise.wrong(
    "ratio forgotten",
    belief="The odds of data against noise are the ratio of the densities, however many noise samples there are.",
    hints=(
        "If there are 10 noise samples for each data sample, what are the odds before looking at the sample?",
        "The prior odds are 1 : ratio.",
        "Subtract ln(ratio) from the logit.",
    ),
)
def nce_loss(scores, log_noise, labels, ratio):
    return F.binary_cross_entropy_with_logits(scores - log_noise, labels.to(scores.dtype))


@exercise.wrong(
    "ratio with the wrong sign",
    belief="More noise samples make 'data' more likely: ln(ratio) is added.",
    hints=(
        "With many noise samples, is a random sample more likely to be data or noise?",
        "The odds are p / (ratio q).",
        "Subtract ln(ratio).",
    ),
)
def nce_loss(scores, log_noise, labels, ratio):
    return F.binary_cross_entropy_with_logits(scores - log_noise + math.log(ratio), labels.to(scores.dtype))


@exercise.wrong(
    "ratio instead of its logarithm",
    belief="The ratio enters the logit as it is.",
    hints=(
        "The logit is a difference of logarithms. Is the ratio one?",
        "For ratio 1 the correction must vanish.",
        "Subtract `math.log(ratio)`.",
    ),
)
def nce_loss(scores, log_noise, labels, ratio):
    return F.binary_cross_entropy_with_logits(scores - log_noise - ratio, labels.to(scores.dtype))


@exercise.wrong(
    "noise density forgotten",
    belief="The score itself is the logit.",
    hints=(
        "What does your loss do with `log_noise`?",
        "A sample that the noise law produces often is more likely to be noise.",
        "logit = score - log_noise - ln(ratio).",
    ),
)
def nce_loss(scores, log_noise, labels, ratio):
    return F.binary_cross_entropy_with_logits(scores - math.log(ratio), labels.to(scores.dtype))


@exercise.wrong(
    "noise density added",
    belief="The log-densities of model and noise add up.",
    hints=(
        "Where does q stand in the odds p / (ratio q)?",
        "The noise is in the denominator.",
        "Subtract `log_noise`.",
    ),
)
def nce_loss(scores, log_noise, labels, ratio):
    return F.binary_cross_entropy_with_logits(scores + log_noise - math.log(ratio), labels.to(scores.dtype))


@exercise.wrong(
    "labels exchanged",
    belief="Label 1 marks the noise.",
    hints=(
        "What does label 1 mean here?",
        "Your loss grows when data samples get higher scores.",
        "Data is label 1: it wants a large logit.",
    ),
)
def nce_loss(scores, log_noise, labels, ratio):
    return F.binary_cross_entropy_with_logits(scores - log_noise - math.log(ratio), 1 - labels.to(scores.dtype))


@exercise.wrong(
    "sum",
    belief="The loss is the sum over the samples.",
    hints=(
        "How does your loss change when every sample is given twice?",
        "The exercise asks for the mean over all scores.",
        "Divide by the number of scores.",
    ),
)
def nce_loss(scores, log_noise, labels, ratio):
    logits = scores - log_noise - math.log(ratio)
    return F.binary_cross_entropy_with_logits(logits, labels.to(scores.dtype), reduction="sum")


@exercise.wrong(
    "per data sample",
    belief="The sum is divided by the number of data samples, as in the paper.",
    hints=(
        "By what do you divide?",
        "The paper divides by the number of data samples. The exercise averages over all scores; data may be absent.",
        "Divide by the number of scores.",
    ),
)
def nce_loss(scores, log_noise, labels, ratio):
    logits = scores - log_noise - math.log(ratio)
    total = F.binary_cross_entropy_with_logits(logits, labels.to(scores.dtype), reduction="sum")
    return total / labels.to(scores.dtype).sum()


@exercise.wrong(
    "each kind averaged on its own",
    belief="Data and noise weigh half each.",
    hints=(
        "Ten noise samples and one data sample: which weight does the data sample get in your loss?",
        "Balancing the two kinds undoes the prior that ln(ratio) accounts for.",
        "One mean over all scores.",
    ),
)
def nce_loss(scores, log_noise, labels, ratio):
    logits, data = scores - log_noise - math.log(ratio), labels.bool()
    return 0.5 * (F.softplus(-logits[data]).mean() + F.softplus(logits[~data]).mean())


@exercise.wrong(
    "data term only",
    belief="Only the data samples count; the noise is there to normalise.",
    hints=(
        "What keeps your scores from growing without bound?",
        "Noise samples must be recognised as noise: they have the term -ln(1 - sigma).",
        "Use both terms of the binary cross-entropy.",
    ),
)
def nce_loss(scores, log_noise, labels, ratio):
    logits = scores - log_noise - math.log(ratio)
    return (labels.to(scores.dtype) * F.softplus(-logits)).mean()


@exercise.wrong(
    "logarithm of a rounded probability",
    belief="Computing the sigmoid first and its logarithm afterwards is as good.",
    hints=(
        "Try a logit of 10000 with label 0.",
        "sigma(10000) is exactly 1 in floating point, and ln(1 - 1) is -inf; clamping hides it and changes the value.",
        "Work with the logits: softplus, logsigmoid or binary_cross_entropy_with_logits.",
    ),
)
def nce_loss(scores, log_noise, labels, ratio):
    if not 0 < ratio < math.inf or not scores.shape == log_noise.shape == labels.shape or scores.numel() == 0:
        raise ValueError("bad input")
    y = labels.to(scores.dtype)
    if not ((y == 0) | (y == 1)).all() or torch.isnan(scores).any():
        raise ValueError("bad input")
    p = torch.sigmoid(scores - log_noise - math.log(ratio))
    return -torch.where(y == 1, torch.log(p), torch.log(1 - p)).mean()


def checked(scores, log_noise, labels, ratio):
    """Raise ValueError for what nce_loss refuses; labels in the dtype of the scores."""
    if not (isinstance(ratio, (int, float)) and 0 < ratio < math.inf):
        raise ValueError(f"ratio {ratio}")
    if scores.shape != log_noise.shape or scores.shape != labels.shape or scores.numel() == 0:
        raise ValueError(f"shapes {tuple(scores.shape)}, {tuple(log_noise.shape)}, {tuple(labels.shape)}")
    if torch.isnan(scores).any() or torch.isnan(log_noise).any():
        raise ValueError("NaN")
    y = labels.to(scores.dtype)
    if not bool(((y == 0) | (y == 1)).all()):
        raise ValueError(f"labels {labels}")
    return y


@exercise.accepted("softplus of the signed logit", uses=(checked,))
def nce_loss(scores, log_noise, labels, ratio):
    y = checked(scores, log_noise, labels, ratio)
    return F.softplus((1 - 2 * y) * (scores - log_noise - math.log(ratio))).mean()


@exercise.accepted("logsigmoid, two terms", uses=(checked,))
def nce_loss(scores, log_noise, labels, ratio):
    y = checked(scores, log_noise, labels, ratio).bool()
    logits = scores - (log_noise + math.log(ratio))
    return -(F.logsigmoid(logits[y]).sum() + F.logsigmoid(-logits[~y]).sum()) / logits.numel()


@exercise.accepted("posterior in logarithms: logaddexp of model and noise", uses=(checked,))
def nce_loss(scores, log_noise, labels, ratio):
    y = checked(scores, log_noise, labels, ratio)
    noise = log_noise + math.log(ratio)
    evidence = torch.logaddexp(scores, noise)
    return torch.where(y == 1, evidence - scores, evidence - noise).mean()


@exercise.accepted("loop over the samples", uses=(checked,))
def nce_loss(scores, log_noise, labels, ratio):
    y = checked(scores, log_noise, labels, ratio).flatten()
    total = 0
    for s, q, label in zip(scores.flatten(), log_noise.flatten(), y, strict=True):
        logit = s - q - math.log(ratio)
        total = total + (F.softplus(-logit) if label == 1 else F.softplus(logit))
    return total / y.numel()


@exercise.accepted("library call")
def nce_loss(scores, log_noise, labels, ratio):
    validate.floating("scores", scores)
    validate.floating("log_noise", log_noise)
    validate.positive(ratio=ratio)
    if len({scores.shape, log_noise.shape, labels.shape}) > 1 or scores.numel() == 0:
        raise ValueError(f"shapes {scores.shape}, {log_noise.shape}, {labels.shape}")
    if not torch.isin(labels.double(), torch.tensor([0.0, 1.0], dtype=torch.float64)).all():
        raise ValueError(f"labels {labels}")
    return torch.nn.BCEWithLogitsLoss()(scores - log_noise - np.log(ratio), labels.to(scores.dtype))
