"""best_bias: what its check looks at. Scores that are neither constant nor the best critic's, joints that are not symmetric."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, joint_law, needs
from autograder.author.draw import larger_sizes

SCORES = needs(
    "np.shape(scores) == np.shape(joint) and np.isfinite(scores).all()",
    {
        "scores of another shape": {"scores": lambda s: s[:, :-1]},
        "scores that are transposed": {"scores": lambda s: s.T},
        "an infinite score": {"scores": lambda s: np.where(np.eye(*s.shape) > 0, np.inf, s)},
        "NaN among the scores": {"scores": lambda s: s * np.nan},
    },
)

exercise = Exercise(
    "best_bias",
    refuses=(joint_law("joint"), count("n_pairs", "B", 3.5, minimum=2), SCORES),
    hints={
        "values": (
            "All scores 0: which probability of yes has the smallest expected loss, if one question of B is answered by yes?",
            "Questions per image: one with a pair from joint, B - 1 with a pair from the product of the marginals.",
            "The derivative is (expected number of yes per image by the model) - 1. Bisect.",
        ),
        "properties": ("Adding one number to all scores takes it from the bias.",),
        "bad input": ("validate.joint_law, validate.count(minimum=2, ...), and scores of joint's shape, all finite.",),
    },
)


def joint(rng, s, t, zeros=0.3):
    """A joint law with some zeros and unequal marginals."""
    p = rng.gamma(0.7, size=(s, t)) * (rng.random((s, t)) > zeros) + 0.02 * np.eye(s, t)
    return p / p.sum()


def pmi(p):
    return np.log(p / np.outer(p.sum(axis=1), p.sum(axis=0)))


@exercise.cases
def cases(rng):
    yield Case("all scores equal, B = 8", (joint(rng, 3, 4), np.full((3, 4), 0.75), 8), rtol=1e-8)
    full = joint(rng, 3, 3, zeros=0.0) * 0.9 + 0.1 / 9
    yield Case("scores of the best critic, B = 5", (full, pmi(full), 5), rtol=1e-8)
    for s, t, b, scale in ((3, 5, 4, 1.0), (4, 2, 2, 2.0), (5, 6, 64, 3.0), (2, 3, 1000, 4.0)):
        args = joint(rng, s, t), scale * (rng.normal(size=(s, t)) + np.eye(s, t)), b
        yield Case(f"{s} images, {t} texts, B = {b}, scores of about {scale:g}", args, rtol=1e-8)
    low = rng.uniform(-4, 4, size=(3, 4))
    yield Case("scores about 500", (joint(rng, 3, 4), 500 + low, 16), part="stability", rtol=1e-8)
    yield Case("scores about -2000", (joint(rng, 3, 4), low - 2000, 16), part="stability", rtol=1e-8)
    yield from exercise.bad_inputs(joint(rng, 3, 4), rng.normal(size=(3, 4)), 6)
    s, t = larger_sizes(rng, 2)
    args = joint(rng, s, t), 3 * rng.normal(size=(s, t)) + 2 * np.eye(s, t), int(rng.integers(50, 5000))
    yield Case("more images and texts", args, rtol=1e-8, public=False)


def softplus(x):
    return np.logaddexp(0, x)


@exercise.property("no other bias has a smaller expected loss, and the bias takes up what all scores have in common")
def smallest(f, rng):
    for n in (2, 9, 300):
        p = joint(rng, 3, 4)
        scores, q = 2 * rng.normal(size=(3, 4)), np.outer(p.sum(axis=1), p.sum(axis=0))

        def loss(b, p=p, q=q, scores=scores, n=n):
            return (p * softplus(-(scores + b))).sum() + (n - 1) * (q * softplus(scores + b)).sum()

        best = f(p, scores, n)
        if min(loss(best + step) for step in (-0.01, 0.01)) < loss(best):
            side = "larger" if loss(best + 0.01) < loss(best) else "smaller"
            return f"B = {n}: a bias that is {side} has a smaller expected loss"
        if abs(f(p, scores + 1.5, n) - best + 1.5) > 1e-7:
            return "with 1.5 added to all scores the best bias is not 1.5 smaller"


def product(p):
    return np.outer(p.sum(axis=1), p.sum(axis=0))


def uniform(p):
    return np.full(p.shape, 1 / p.size)


def never_together(p):
    """The product of the marginals without what comes together somewhere."""
    q = np.where(p > 0, 0, product(p))
    return q / q.sum() if q.sum() > 0 else product(p)


def without_own(p):
    """What is left of the product law when the joint is taken out of one of B draws."""
    q = np.maximum(product(p) - p, 0)
    return q / q.sum() if q.sum() > 0 else product(p)


def yes(x):
    return np.exp(-np.logaddexp(0, -x))


def balance(p, q, scores, n, bias):
    """Expected number of yes per image, minus 1."""
    return ((p + n * q) * yes(scores + bias)).sum() - 1


def odds_of_mean(p, q, scores, n, bias):
    """Right only for the mean score under the law of all questions."""
    return bias + math.log(n) + ((p + n * q) * scores).sum() / (1 + n)


def yes_of_others(p, q, scores, n, bias):
    """Expected number of yes among the others alone, minus 1 (minus one half for one other)."""
    return (n * q * yes(scores + bias)).sum() - (0.5 if n == 1 else 1.0)


def mean_yes(p, q, scores, n, bias):
    """Mean probability of yes under the product law, minus 1/B."""
    return (q * yes(scores + bias)).sum() - 1 / (1 + n)


def rare_yes(p, q, scores, n, bias):
    """Logarithm of the expected number of yes, with an exponential in place of sigma."""
    x = scores + np.log(np.maximum(p + n * q, 1e-300))
    return bias + x.max() + math.log(np.exp(x - x.max()).sum())


def uniform_texts(p):
    return np.tile(p.sum(axis=1, keepdims=True) / p.shape[1], (1, p.shape[1]))


def uniform_images(p):
    return np.tile(p.sum(axis=0, keepdims=True) / len(p), (len(p), 1))


def zero_of(function, p, q, scores, n):
    low, high = -math.log(n) - scores.max() - 50, -math.log(n) - scores.min() + 50
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if function(p, q, scores, n, middle) < 0 else (low, middle)
    return (low + high) / 2


@exercise.formula
def best_bias(
    joint, scores, n_pairs, *, others=lambda n: n - 1, met=product, condition=balance, sign=1, seen=lambda s, p, q: s
):
    p, q = joint, met(joint)
    return sign * zero_of(condition, p, q, seen(scores, p, q), others(n_pairs))


exercise.slip("B others", others=lambda n: n).says(
    "An image meets all B texts of the batch as wrong ones.",
    "All scores 0: which probability of yes is right?",
    "One of its B texts is its own: B - 1 others.",
)
exercise.slip("all pairs among B", others=lambda n: n * (n - 1)).says(
    "The batch has B(B - 1) questions with the answer no, so that is the ratio.",
    "How many questions with the answer yes has the batch?",
    "B of them: per image, B - 1 against 1.",
)
exercise.slip("yes and no balanced", others=lambda n: 1 + 0 * n).says(
    "Each kind of question weighs half.",
    "All scores 0, B = 100: does your bias make no the usual answer?",
    "B - 1 of B questions are answered by no; the loss counts them all.",
)
exercise.slip("scores ignored", seen=lambda s, p, q: 0 * s).says(
    "The best bias is that of the best critic, whatever the scores are.",
    "Add 1.5 to all scores: does your bias change?",
    "The bias makes up for what the scores get wrong on average: solve for it.",
)
exercise.slip("mean score of matching pairs", seen=lambda s, p, q: 0 * s + (p * s).sum()).says(
    "The scores matter by their mean over the pairs.",
    "Which questions does the mean of the matching pairs not see?",
    "sigma is not linear: no mean of the scores will do.",
)
exercise.slip("mean score of all questions", condition=odds_of_mean).says(
    "The expected yes of the scores is the yes of the expected score.",
    "Two scores, -10 and 10: which sigma is right on average, and what is sigma of the average?",
    "sigma is not linear: solve for the expected number of yes.",
)
exercise.slip("others from the joint law", met=lambda p: p).says(
    "All questions are about pairs from the joint law.",
    "How does a text get into a batch with an image that it does not belong to?",
    "With another image, drawn independently: the product of the marginals.",
)
exercise.slip("others uniform", met=uniform).says(
    "The other texts are any texts, all equally likely.",
    "Does a text that is common in `joint` come often as somebody else's?",
    "They are drawn with their pairs: the product of the marginals.",
)
exercise.slip("other texts uniform", met=uniform_texts).says(
    "An image meets the other texts with equal probabilities, however common each is.",
    "Does a text that is common in `joint` come often as somebody else's?",
    "The others are drawn with their pairs: P(x) P(y), with both marginals of joint.",
)
exercise.slip("images uniform among the others", met=uniform_images).says(
    "The images of the questions with the answer no are all equally likely.",
    "Does an image that is common in `joint` ask as often as a rare one?",
    "Each image of the batch asks B - 1 such questions: P(x) P(y), with both marginals of joint.",
)
exercise.slip("yes among the others alone", condition=yes_of_others).says(
    "The other texts alone are to be answered by one yes per image in the mean.",
    "All scores 0: which probability of yes is right?",
    "1/B: the image's own text is among the B questions, too.",
    "Expected number of yes for the own pair (joint) plus B - 1 times that for the others: together 1.",
)
exercise.slip("mean yes of independent pairs", condition=mean_yes).says(
    "The mean probability of yes for independent pairs is to be 1/B.",
    "Does your bias change when only `joint` changes, with the same marginals?",
    "One of the B questions of an image is about its own pair, drawn from joint.",
)
exercise.slip("exponential for sigma", condition=rare_yes).says(
    "Yes is rare, so sigma(x) may be replaced by e^x.",
    "All scores 0: your bias is -ln B. Which is right?",
    "-ln(B - 1). Solve with sigma itself: bisect.",
)
exercise.slip("others that never match", met=never_together).says(
    "A text that could belong to the image is left out of the others.",
    "Somebody else's text may be the same text. What does the question say about it?",
    "It counts as no: the product of the marginals, with all its entries.",
)
exercise.slip("matches taken out of the others", met=without_own).says(
    "What comes together is taken out of the law of the others.",
    "Are other pairs drawn with a look at this image?",
    "They are independent: the product of the marginals as it is.",
)
exercise.slip("the sign turned round", sign=-1).says(
    "The bias is what is subtracted from the scores.",
    "All scores 0 and B = 100: is yes the usual answer?",
    "No is: the bias is negative there.",
)

exercise.style("joint multiplied out", met=lambda p: p.sum(axis=1, keepdims=True) * p.sum(axis=0))


@exercise.accepted("Newton's method between two walls")
def best_bias(joint, scores, n_pairs):
    weights = joint + (n_pairs - 1) * np.einsum("xt,sy->xy", joint, joint)
    low, high = -math.log(n_pairs - 1) - scores.max(), -math.log(n_pairs - 1) - scores.min()
    b = (low + high) / 2
    for _ in range(300):
        s = 0.5 * (1 + np.tanh((scores + b) / 2))
        gap, slope = (weights * s).sum() - 1, (weights * s * (1 - s)).sum()
        low, high = (b, high) if gap < 0 else (low, b)
        b = b - gap / slope if slope > 0 and low < b - gap / slope < high else (low + high) / 2
    return b


@exercise.accepted("scipy's root")
def best_bias(joint, scores, n_pairs):
    from scipy.optimize import brentq
    from scipy.special import expit

    q = np.multiply.outer(joint.sum(axis=1), joint.sum(axis=0))
    slope = lambda b: (n_pairs - 1) * (q * expit(scores + b)).sum() - (joint * expit(-scores - b)).sum()  # noqa: E731
    start = -math.log(n_pairs - 1)
    return brentq(slope, start - scores.max() - 1, start - scores.min() + 1, xtol=1e-13, rtol=1e-14)


@exercise.accepted("autograd and bisection in torch, validated by hand", guarded=False)
def best_bias(joint, scores, n_pairs):
    joint, scores = np.asarray(joint, dtype=float), np.asarray(scores, dtype=float)
    if np.isnan(joint).any() or joint.min() < 0 or abs(joint.sum() - 1) > 1e-9:
        raise ValueError(f"{joint}")
    if scores.shape != joint.shape or not np.isfinite(scores).all():
        raise ValueError(f"{scores}")
    if not isinstance(n_pairs, int) or n_pairs < 2:
        raise ValueError(f"{n_pairs}")
    p, s = torch.from_numpy(joint), torch.from_numpy(scores)
    q = p.sum(1, keepdim=True) * p.sum(0)
    low, high = -scores.max() - math.log(n_pairs), -scores.min() + 1
    for _ in range(100):
        b = torch.tensor((low + high) / 2, dtype=torch.float64, requires_grad=True)
        logits = s + b
        loss = -(p * torch.nn.functional.logsigmoid(logits)).sum()
        loss = loss - (n_pairs - 1) * (q * torch.nn.functional.logsigmoid(-logits)).sum()
        loss.backward()
        low, high = (b.item(), high) if b.grad < 0 else (low, b.item())
    return (low + high) / 2
