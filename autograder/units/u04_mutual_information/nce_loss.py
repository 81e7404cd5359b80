"""nce_loss: what its check looks at.

Blind inputs avoided: ratio 1 (hides ln ratio), as many data as noise samples (hides averages per class), noise of
constant density (hides log_noise up to a constant).
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, needs, positive
from autograder.author.draw import larger_sizes, strided, tensor
from course import validate

SHAPES = {
    "shapes that would broadcast": {"log_noise": lambda q: q[:1]},
    "labels of another shape": {"labels": lambda y: y[:3]},
    "no scores": dict.fromkeys(("scores", "log_noise", "labels"), lambda x: x[:0]),
}
LABELS = {"a label 2": {"labels": lambda y: 2 * y}, "a label 0.5": {"labels": lambda y: 0.5 * y}}

exercise = Exercise(
    "nce_loss",
    refuses=(
        needs("scores.shape == log_noise.shape == labels.shape and scores.numel() > 0", SHAPES),
        needs("not (scores.isnan() | log_noise.isnan()).any()", {"NaN": {"scores": lambda s: s * math.nan}}),
        needs("((labels == 0) | (labels == 1)).all()", LABELS),
        positive("ratio", -1.0),
    ),
    hints={
        "values": (
            "With scores = log_noise and ratio 1 every logit is 0 and the loss is ln 2.",
            "Write the probability of 'data' by Bayes' rule: one data sample comes with `ratio` noise samples.",
        ),
        "gradient": ("The derivative by a score is (sigma(G) - label) / n: keep the scores in the graph.",),
        "stability": (
            "sigma(G) rounds to exactly 0 or 1 for large logits, and the logarithm of 0 is -inf.",
            "`F.binary_cross_entropy_with_logits` works on the logits: nothing is rounded, clamped or kept off 0.",
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
    yield from exercise.bad_inputs(s, noise, labels, 1.0)
    shape, ratio = larger_sizes(rng, 2), float(rng.uniform(0.5, 20))
    s = tensor(rng, *shape, scale=2.0)
    args = (s, tensor(rng, *shape) - 1, labels_like(rng, s), ratio)
    yield Case("more samples, a random ratio", args, grad=(0,), public=False)


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


def cross_entropies(logits, labels):
    return F.binary_cross_entropy_with_logits(logits, labels, reduction="none")


def of_probabilities(logits, labels):
    return cross_entropies(torch.sigmoid(logits), labels)


def cut_at_100(logits, labels):
    return F.binary_cross_entropy(torch.sigmoid(logits), labels, reduction="none")


def rounded(logits, labels):
    p = torch.sigmoid(logits)
    return -torch.where(labels == 1, torch.log(p), torch.log(1 - p))


def kept_off_0(logits, labels):
    p = torch.sigmoid(logits)
    return -torch.where(labels == 1, torch.log(p + 1e-12), torch.log(1 - p + 1e-12))


def kinds(losses, y):
    """The mean loss of the data and that of the noise, if there are any."""
    return torch.stack([losses[y == kind].mean() for kind in (1, 0) if (y == kind).any()])


@exercise.formula
def nce_loss(
    scores,
    log_noise,
    labels,
    ratio,
    *,
    prior=lambda ratio, y: math.log(ratio),
    noise=lambda ratio: 1,
    truth=lambda y: y,
    cost=cross_entropies,
    pool=lambda losses, y, ratio: losses.mean(),
):
    y = labels.to(scores.dtype)
    return pool(cost(scores - noise(ratio) * log_noise - prior(ratio, y), truth(y)), y, ratio)


exercise.slip("ratio forgotten", prior=lambda ratio, y: 0.0).says(
    "The odds of data against noise are the ratio of the densities, however many noise samples there are.",
    "If there are 10 noise samples for each data sample, what are the odds before looking at the sample?",
    "The prior odds are 1 : ratio.",
    "Subtract ln(ratio) from the logit.",
)
exercise.slip("ratio with the wrong sign", prior=lambda ratio, y: -math.log(ratio)).says(
    "More noise samples make 'data' more likely: ln(ratio) is added.",
    "With many noise samples, is a random sample more likely to be data or noise?",
    "The odds are p / (ratio q).",
    "Subtract ln(ratio).",
)
exercise.slip("share of the noise for its odds", prior=lambda ratio, y: math.log1p(ratio)).says(
    "Of 1 + ratio samples one is data, so ln(1 + ratio) is subtracted.",
    "Score = log_noise and ratio 1: how likely is 'data'? What does your logit say?",
    "1 / (1 + ratio) is the probability of data. A logit is the logarithm of odds.",
    "The prior odds are 1 : ratio. Subtract ln(ratio).",
)
exercise.slip("share of the noise", prior=lambda ratio, y: math.log(ratio / (1 + ratio))).says(
    "The share of the noise, ratio / (1 + ratio), is weighed against 1: the share of the data need not be divided out.",
    "Score = log_noise and ratio 1: how likely is 'data'? What does your logit say?",
    "Odds are a quotient of two shares, and the data has one too: 1 / (1 + ratio).",
    "The prior odds are 1 : ratio. Subtract ln(ratio).",
)
exercise.slip("ratio counted from the labels", prior=lambda ratio, y: ((1 - y).sum() / y.sum()).log()).says(
    "The ratio is the number of noise samples over that of data samples in the batch.",
    "Does your loss depend on the argument `ratio`?",
    "A batch is a random sample of the mixture: its counts vary, and it may hold no data at all.",
    "The odds belong to the mixture that the samples are drawn from: use `ratio`.",
)
exercise.slip("ratio instead of its logarithm", prior=lambda ratio, y: ratio).says(
    "The ratio enters the logit as it is.",
    "The logit is a difference of logarithms. Is the ratio one?",
    "For ratio 1 the correction must vanish.",
    "Subtract `math.log(ratio)`.",
)
exercise.slip("noise density forgotten", noise=lambda ratio: 0).says(
    "The score itself is the logit.",
    "What does your loss do with `log_noise`?",
    "A sample that the noise law produces often is more likely to be noise.",
    "logit = score - log_noise - ln(ratio).",
)
exercise.slip("noise density added", noise=lambda ratio: -1).says(
    "The log-densities of model and noise add up.",
    "Where does q stand in the odds p / (ratio q)?",
    "The noise is in the denominator.",
    "Subtract `log_noise`.",
)
exercise.slip("noise density once for each noise sample", noise=lambda ratio: ratio, prior=lambda ratio, y: 0.0).says(
    "`ratio` noise samples for each data sample multiply the logarithm of the noise density.",
    "Each sample is judged by itself. How often does q of this sample stand in its odds p / (ratio q)?",
    "ratio times a logarithm is the logarithm of a power: q^ratio.",
    "ln(ratio q) is log_noise + ln(ratio).",
)
exercise.slip("labels exchanged", truth=lambda y: 1 - y).says(
    "Label 1 marks the noise.",
    "What does label 1 mean here?",
    "Your loss grows when data samples get higher scores.",
    "Data is label 1: it wants a large logit.",
)
exercise.slip("sum", pool=lambda losses, y, ratio: losses.sum()).says(
    "The loss is the sum over the samples.",
    "How does your loss change when every sample is given twice?",
    "The exercise asks for the mean over all scores.",
    "Divide by the number of scores.",
)
exercise.slip("per data sample", pool=lambda losses, y, ratio: losses.sum() / y.sum()).says(
    "The sum is divided by the number of data samples, as in the paper.",
    "By what do you divide?",
    "The paper divides by the number of data samples. The exercise averages over all scores; data may be absent.",
    "Divide by the number of scores.",
)
HALVES = (
    "Data and noise weigh half each.",
    "Ten noise samples and one data sample: which weight does the data sample get in your loss?",
    "Balancing the two kinds undoes the prior that ln(ratio) accounts for.",
    "One mean over all scores.",
)
exercise.slip(
    "each kind averaged on its own", pool=lambda losses, y, ratio: (losses[y == 1].mean() + losses[y == 0].mean()) / 2
).says(*HALVES)
exercise.slip("each kind that occurs averaged on its own", pool=lambda losses, y, ratio: kinds(losses, y).mean()).says(
    *HALVES
)
SUM = (
    "The loss is the mean over the data plus the mean over the noise.",
    "Ten noise samples and one data sample: which weight does the data sample get in your loss?",
    "Every single sample is asked the same question, so every one counts alike.",
    "One mean over all scores.",
)
exercise.slip("sum of both means", pool=lambda losses, y, ratio: losses[y == 1].mean() + losses[y == 0].mean()).says(
    *SUM
)
exercise.slip("sum of the means that exist", pool=lambda losses, y, ratio: kinds(losses, y).sum()).says(*SUM)
exercise.slip(
    "noise terms times the ratio", pool=lambda losses, y, ratio: (losses * (y + (1 - y) * ratio)).mean()
).says(
    "The loss of each noise sample is multiplied by the ratio.",
    "How many noise samples are there already for each data sample?",
    "They are all in the mean, so the ratio is counted twice.",
    "One plain mean over all scores.",
)
exercise.slip("data terms times the ratio", pool=lambda losses, y, ratio: (losses * (1 - y + y * ratio)).mean()).says(
    "Data is rarer than noise, so its loss is multiplied by the ratio to balance the two.",
    "What does ln(ratio) in the logit account for?",
    "Weights move the minimum: the scores would no longer be the log-density of the data.",
    "One plain mean over all scores.",
)
exercise.slip(
    "noise weighted by the ratio",
    pool=lambda losses, y, ratio: losses[y == 1].mean() + ratio * losses[y == 0].mean(),
).says(
    "The expectation over the noise counts `ratio` times, as in the paper: E_data + ratio E_noise.",
    "By how much does your loss differ on a batch with exactly `ratio` noise samples for each data sample?",
    "There it is 1 + ratio times the mean over all samples; elsewhere it is another number. Data may be absent, too.",
    "One mean over all scores: the samples themselves carry the ratio.",
)
exercise.slip(
    "each kind averaged, noise weighted by the ratio, divided by 1 + ratio",
    pool=lambda losses, y, ratio: (losses[y == 1].mean() + ratio * losses[y == 0].mean()) / (1 + ratio),
).says(
    "Data weighs 1 / (1 + ratio) in the mean and noise the rest, whatever the batch holds.",
    "By how much does your loss differ from a plain mean on a batch with exactly `ratio` noise samples for each data sample?",
    "Not at all there; but a batch need not hold that many, nor any data.",
    "One mean over all scores.",
)
exercise.slip("data term only", pool=lambda losses, y, ratio: (y * losses).mean()).says(
    "Only the data samples count; the noise is there to normalise.",
    "What keeps your scores from growing without bound?",
    "Noise samples must be recognised as noise: they have the term -ln(1 - sigma).",
    "Use both terms of the binary cross-entropy.",
)
exercise.slip("noise term only", pool=lambda losses, y, ratio: ((1 - y) * losses).mean()).says(
    "Only the noise samples count: they are to be recognised as noise.",
    "What keeps your scores from falling without bound?",
    "Data samples must be recognised as data: they have the term -ln(sigma).",
    "Use both terms of the binary cross-entropy.",
)
exercise.slip("sigmoid applied twice", cost=of_probabilities).says(
    "The cross-entropy is given the probabilities, sigma(G).",
    "Read the end of the name of `binary_cross_entropy_with_logits`. What does it do with its first argument?",
    "It takes logits and applies the sigmoid itself: yours is applied twice.",
    "Give it scores - log_noise - ln(ratio) as it is.",
)
exercise.slip("logarithm cut at -100", cost=cut_at_100).says(
    "`F.binary_cross_entropy` of the probabilities is as good as the cross-entropy of the logits.",
    "Try a logit of 10000 with label 0. Which loss do you expect, and which do you get?",
    "sigma(10000) is exactly 1, and `binary_cross_entropy` cuts ln(1 - 1) at -100: you get 100 in place of 10000.",
    "`F.binary_cross_entropy_with_logits` takes the logits themselves.",
)
exercise.slip("logarithm of a rounded probability", cost=rounded).says(
    "Computing the sigmoid first and its logarithm afterwards is as good.",
    "Try a logit of 10000 with label 0.",
    "sigma(10000) is exactly 1 in floating point, and ln(1 - 1) is -inf; clamping hides it and changes the value.",
    "Work with the logits: softplus, logsigmoid or binary_cross_entropy_with_logits.",
)

exercise.slip("logarithms kept off 0", cost=kept_off_0).says(
    "A tiny number added in the logarithm, such as 1e-12, makes a rounded probability harmless.",
    "Try a logit of 10000 with label 0. Which loss do you expect, and which do you get?",
    "-ln(1e-12) is 27.6: no loss can be larger, and in between it is off in the ninth digit.",
    "`F.binary_cross_entropy_with_logits` takes the logits themselves.",
)
exercise.style("softplus of the signed logit", cost=lambda logits, y: F.softplus((1 - 2 * y) * logits))


@exercise.accepted("posterior in logarithms: logaddexp of model and noise")
def nce_loss(scores, log_noise, labels, ratio):
    noise = log_noise + math.log(ratio)
    evidence = torch.logaddexp(scores, noise)
    return torch.where(labels == 1, evidence - scores, evidence - noise).mean()


@exercise.accepted("loop over the samples")
def nce_loss(scores, log_noise, labels, ratio):
    total = 0
    for s, q, label in zip(scores.flatten(), log_noise.flatten(), labels.flatten(), strict=True):
        logit = s - q - math.log(ratio)
        total = total + (F.softplus(-logit) if label == 1 else F.softplus(logit))
    return total / labels.numel()


@exercise.accepted("library call, validated by hand", guarded=False)
def nce_loss(scores, log_noise, labels, ratio):
    validate.floating("scores", scores)
    validate.floating("log_noise", log_noise)
    validate.positive(ratio=ratio)
    if len({scores.shape, log_noise.shape, labels.shape}) > 1 or scores.numel() == 0:
        raise ValueError(f"shapes {scores.shape}, {log_noise.shape}, {labels.shape}")
    if not torch.isin(labels.double(), torch.tensor([0.0, 1.0], dtype=torch.float64)).all():
        raise ValueError(f"labels {labels}")
    return torch.nn.BCEWithLogitsLoss()(scores - log_noise - np.log(ratio), labels.to(scores.dtype))
