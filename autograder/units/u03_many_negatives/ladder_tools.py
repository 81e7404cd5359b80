"""What the three ladders of unit 03 share: the loss, and what Jensen leaves of it, as sums over draws, and the slips that
are the same in each of their first two lines."""

import math

import numpy as np

from autograder.author.draw import larger_world
from autograder.author.ladders import first_break
from autograder.units.u03_many_negatives.theorems import one_class, without
from course import worlds


def larger(rng, uniform=False):
    """(label, world, N) with fewer than 2000 sequences of draws, as the exercise promises."""
    yield "more classes and points, N = 2", larger_world(rng, high=12, uniform=uniform), 2
    points, negatives, d = map(int, rng.integers(9, 11, size=3))
    for label, s, n in (("more points, N = 3", points, 3), ("two points, more negatives", 2, negatives)):
        yield f"two classes, {label}", worlds.random_world(rng, 2, s, d, 2 / math.sqrt(d), uniform=uniform), n


def rises(f, rng, names, most):
    """What a ladder of up to `most` negatives says against "every line is at least the next" on five worlds, else None."""
    for i in range(5):
        make = worlds.class_constant_world if i % 3 == 2 else worlds.random_world
        args = make(rng, int(rng.integers(2, 4)), 4, 2, rng.uniform(0.2, 2))
        broken = first_break(f(*args, int(rng.integers(1, most + 1))), names)
        if broken:
            return broken
    return None


def draw_counts(law, n):
    """Counts (M, K) of n draws from a law on K outcomes, one row for each way in which they fall, and chances (M,)."""
    rows = [[]]
    for k in range(len(law)):
        last = k == len(law) - 1
        rows = [[*r, m] for r in rows for m in range(n - sum(r) if last else 0, n - sum(r) + 1)]
    counts = np.array(rows)
    factorial = np.array([math.factorial(i) for i in range(n + 1)], dtype=float)
    return counts, factorial[n] / factorial[counts].prod(axis=1) * (np.asarray(law) ** counts).prod(axis=1)


def log_sum(logits, counts):
    """ln sum_j counts_j e^logits_j over the last axis."""
    with np.errstate(divide="ignore"):
        return np.logaddexp.reduce(logits + np.log(counts), axis=-1)


def log1p_sum(logits, counts):
    return np.logaddexp(0.0, log_sum(logits, counts))


def log1p_mean(logits, counts):
    return log1p_sum(logits, counts / counts.sum(axis=1, keepdims=True))


def drawn_loss(pairs, law, z, n, inside=log1p_sum):
    """The loss for any joint law of x and x+ and any law of one negative."""
    counts, chance = draw_counts(law, n)
    inner = z @ z.T
    return np.einsum("xp,m,xpm->", pairs, chance, inside(inner[:, None, None, :] - inner[:, :, None, None], counts))


def loss_line(rho, classes, z, n, of="the draws"):
    """Line 1, of the draws as the exercise states them, or of what is taken for them."""
    pairs, law = one_class(rho, classes), rho @ classes
    if of == "x itself as x+":
        pairs = np.diag(law)
    if of == "any point as x+":
        pairs = np.outer(law, law)
    if of == "other classes as negatives":
        given = [drawn_loss(np.outer(row, row), without(rho, c) @ classes, z, n) for c, row in enumerate(classes)]
        return rho @ np.array(given)
    if of == "class means":
        return shares(rho, classes, z, any_class(rho, n)).sum()
    if of == "one negative N times":
        return drawn_loss(pairs, law, z, 1, lambda logits, counts: log1p_sum(logits, n * counts))
    if of == "one class for all":
        return rho @ np.array([drawn_loss(pairs, row, z, n) for row in classes])
    if of == "the mean logit":
        return (rho[:, None] * classes * np.logaddexp(0, math.log(n) + class_logits(classes, z) @ rho)).sum()
    return drawn_loss(pairs, law, z, n, log1p_mean if of == "the mean of the negatives" else log1p_sum)


def class_logits(classes, z):
    """a_j = f(x).(mu_j - mu_c), axes: class c of the anchor, anchor x, class j."""
    scores = z @ (classes @ z).T
    return scores[None, :, :] - scores.T[:, :, None]


def jensen_values(classes, z, counts, of="both means"):
    """ln(1 + sum_i e^{a_{c_i}}), axes: class of the anchor, anchor, draw; with x+ and x- averaged, or something else."""
    logits = class_logits(classes, z)[:, :, None, :]
    if of == "a point x+":
        inner, scores = z @ z.T, z @ (classes @ z).T
        given = log1p_sum(scores[:, None, None, :] - inner[:, :, None, None], counts)  # axes: x, x+, draw
        return np.einsum("cp,xpm->cxm", classes, given)
    if of == "the mean of x too":
        logits = np.einsum("cx,cxmj->cmj", classes, logits)[:, None]
    if of == "the mean":
        counts = counts / counts.sum(axis=1, keepdims=True)
    if of == "each class once":
        counts = np.minimum(counts, 1)
    if of == "no collisions":
        counts = (counts * (1 - np.eye(len(classes), dtype=int))[:, None, :])[:, None]
    return (log_sum if of == "the negatives alone" else log1p_sum)(logits, counts)


def any_class(rho, n):
    """Draws of the negatives' classes: counts (M, C), and for an anchor of each class their chances (C, M)."""
    counts, chance = draw_counts(rho, n)
    return counts, np.tile(chance, (len(rho), 1))


def other_classes(rho, n):
    chances = [draw_counts(without(rho, c), n)[1] for c in range(len(rho))]
    return draw_counts(rho, n)[0], np.array(chances)


def shares(rho, classes, z, drawn, of="both means"):
    """What each draw of classes adds to the expectation after Jensen, for each class of the anchor (C, M)."""
    counts, chances = drawn
    return rho[:, None] * chances * np.einsum("cx,cxm->cm", classes, jensen_values(classes, z, counts, of))


def slips_of_the_first_lines(exercise, several=True):
    """Slips of a formula with the knobs line1, jensen and finish; several: there may be more than one negative.

    line1 and jensen are words: a function as a knob would have to be imported where each formula stands."""
    exercise.slip("line 1: the positive is the anchor", line1="x itself as x+").says(
        "The positive of an anchor is the anchor itself.",
        "How many points does nature draw from the class of the anchor?",
        "x and x+ are two independent draws from D_c: f(x).f(x+) is not |f(x)|^2.",
        "In line 1 the pair (x, x+) has the weight sum_c rho_c D_c(x) D_c(x+).",
    )
    exercise.slip("line 1: the positive is any point", line1="any point as x+").says(
        "In line 1 x and x+ are two independent points of the world.",
        "What do x and x+ have in common?",
        "They share a class: first c, then both from D_c.",
        "The pair has the weight sum_c rho_c D_c(x) D_c(x+), not D(x) D(x+).",
    )
    exercise.slip("line 1: negatives from other classes only", line1="other classes as negatives").says(
        "The loss of line 1 takes its negatives from other classes than the anchor's.",
        "The data carry no labels. Who would remove the negatives of the anchor's class?",
        "Collisions are part of the loss: a negative has the law sum_c rho_c D_c, whatever the class of the anchor.",
        "In line 1 the weights of one negative are rho @ classes.",
    )
    exercise.slip("line 1 already after Jensen", line1="class means").says(
        "Line 1 may be computed with class means: the expectations go inside the logarithm.",
        "When is Jensen's inequality an equality?",
        "Only where the embedding is constant inside each class; in general line 1 is larger than line 2.",
        "Line 1 sums over the points x+ and x_i^-: its logits are f(x).(f(x_i^-) - f(x+)).",
    )
    exercise.slip("line 1 at the mean logit", line1="the mean logit").says(
        "The logit may be averaged over x+ and all negatives first: E ln(1 + e^v) is ln(1 + e^{E v}).",
        "Is the logarithm of an average the average of the logarithms?",
        "By Jensen your line 1 is too small: below line 2 even, where each class of a negative keeps its own mean.",
        "Take np.logaddexp or log1p_sum of the logits of each draw, then average.",
    )
    exercise.slip("Jensen for the negative only", jensen="a point x+").says(
        "In line 2 only x- is averaged; the positive x+ stays a point.",
        "Which random points appear in line 2?",
        "Both x+ and x- have moved inside: f(x+) became mu_c, f(x-) became the mean of class c-.",
        "The logit of line 2 is f(x).(mu_j - mu_c).",
    )
    exercise.slip("the anchor averaged too", jensen="the mean of x too").says(
        "Jensen replaces every embedding by its class mean, the anchor's as well.",
        "In which variables is the logit f(x).(f(x-) - f(x+)) linear when x is fixed?",
        "x stays random: only x+ and x- are averaged given x.",
        "Line 2 keeps E over x ~ D_c; its logit is f(x).(mu_j - mu_c), not mu_c.(mu_j - mu_c).",
    )
    exercise.slip("from right to left", finish=lambda lines: lines[::-1]).says(
        "The lines run from the supervised loss up to the contrastive one.",
        "Which line is the largest?",
        "Line 1 is the contrastive loss; every line is at least the next.",
        "Reverse the list.",
    )
    exercise.slip("a collision adds nothing", jensen="no collisions").says(
        "In line 2 a negative of the anchor's own class adds nothing to the sum.",
        "What is the logit of a collision, after Jensen?",
        "a_c = 0: each collision adds e^0 = 1 inside the logarithm.",
        "Keep j = c among the classes, with its logit 0.",
    )
    # what a formula with exp and log as they stand answers: infinity, or NaN, where logits are large
    exercise.slip(
        "exponentials that overflow", finish=lambda lines: [np.where(np.abs(line) > 9, np.inf, line) for line in lines]
    ).says(
        "exp and log can be typed in as they stand.",
        "What is np.exp(1000)?",
        "Infinite in float64: ln(1 + e^v) is np.logaddexp(0, v), and a log-sum-exp np.logaddexp.reduce.",
        "No exponential of a logit stands alone, in any line.",
    )
    if not several:
        return
    exercise.slip("mean over negatives in line 2", jensen="the mean").says(
        "After Jensen the negatives' terms are averaged.",
        "At f = 0, line 2 must be ln(N + 1).",
        "The N terms are added up inside the logarithm, as in line 1.",
        "Pass the counts to log1p_sum as they are.",
    )
    exercise.slip("one negative, N times", line1="one negative N times").says(
        "In line 1 one negative is drawn, and counts N times.",
        "For which N is that the same as N independent draws?",
        "The N negatives are different draws.",
        "draw_counts(rho @ classes, N), and the loss of each way in which they fall.",
    )
    exercise.slip("one class for all negatives", line1="one class for all").says(
        "In line 1 the class of the negatives is drawn once; then all N come from it.",
        "How many classes does the statement draw for the negatives?",
        "Each negative has a class of its own, c_i ~ rho: independent draws from rho @ classes.",
        "draw_counts(rho @ classes, N).",
    )
    exercise.slip("mean over negatives in line 1", line1="the mean of the negatives").says(
        "The loss averages the negatives' terms.",
        "At f = 0, line 1 must be ln(N + 1).",
        "The N terms are added up inside the logarithm, not averaged.",
        "Remove the division by N.",
    )
    exercise.slip("repeated classes counted once", jensen="each class once").says(
        "In line 2 every class that was drawn counts once, however often it was drawn.",
        "At f = 0, line 2 must be ln(N + 1). Is it?",
        "The sum in line 2 runs over the N negatives; a class that was drawn twice adds its term twice.",
        "Pass the counts to log1p_sum, not counts > 0. (Only the step to line 4 drops repetitions.)",
    )
    exercise.slip("the 1 of the positive missing", jensen="the negatives alone").says(
        "In line 2 the logarithm is that of the negatives' sum alone.",
        "At f = 0 and N = 1, line 2 must be ln 2.",
        "ln(1 + sum e^a): the 1 is the positive.",
        "log1p_sum includes the 1; a bare log-sum-exp does not.",
    )
