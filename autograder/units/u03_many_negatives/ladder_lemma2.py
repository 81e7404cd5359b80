"""ladder_lemma2: what its check looks at. Each term of each line, N below, at and above C, inequalities, equality worlds."""

import itertools
import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, world
from autograder.author.ladders import SLACK, first_break, totals
from autograder.units.u03_many_negatives.ladder_tools import (
    any_class,
    draw_counts,
    larger,
    loss_line,
    other_classes,
    rises,
    shares,
    slips_of_the_first_lines,
)
from autograder.units.u03_many_negatives.theorems import mean_loss, poissonised
from course import validate, worlds

LINES = ("line 1 (the loss)", "line 2 (after Jensen)", "line 3 (complete draws only)", "line 4 (the target)")

exercise = Exercise(
    "ladder_lemma2",
    refuses=(world("rho", "classes", "z"), count("n_negatives", "N")),
    hints={
        "values": (
            "The message says which line and which term differ. Correct the first one first.",
            "Line 1: draw_counts(rho @ classes, N) lists the draws of points; log1p_sum(logits, counts) gives the loss"
            " of each, with logits f(x).(f(y) - f(x+)).",
            "Line 2: the same with draw_counts(rho, N) over classes and logits f(x).(mu_j - mu_c), j = c included; "
            "(counts > 0).sum(axis=1) says to which term a draw belongs.",
            "Line 3: the draws with counts.min(axis=1) >= 1 only, one sum for each class of the anchor; do not divide by "
            "p_cc.",
        ),
        "stability": ("log1p_sum works for any logits: do not take exponentials before it.",),
        "bad input": ("validate.world(rho, classes, z), then validate.count(minimum=1, n_negatives=n_negatives).",),
    },
)


@exercise.cases
def cases(rng):
    for c, s, d, n in ((2, 4, 2, 3), (3, 4, 3, 4), (3, 5, 1, 3), (2, 3, 2, 5), (3, 3, 3, 3)):
        args = (*worlds.random_world(rng, c, s, d, 1.1), n)
        yield Case(f"C = {c}, S = {s}, d = {d}, N = {n}", args, compare="ladder")
    args = (*worlds.class_constant_world(rng, 3, 5, 2, 1.2), 4)
    yield Case("constant inside each class, N = 4", args, compare="ladder")
    yield Case("N < C: nothing is complete", (*worlds.random_world(rng, 3, 4, 2), 2), compare="ladder")
    for label, args, n in larger(rng):
        yield Case(label, (*args, n), compare="ladder", public=False)
    args = (*worlds.random_world(rng, 2, 4, 2, 60.0), 2)
    yield Case("logits up to about 1e4", args, part="stability", compare="ladder")
    yield from exercise.bad_inputs(*worlds.random_world(rng, 3, 4, 2), 3)


@exercise.property("every line is at least the next")
def descending(f, rng):
    return rises(f, rng, LINES, most=4)


@exercise.property("equalities: Jensen on class-constant worlds, f = 0, and N = 1")
def equality(f, rng):
    for n in (1, 3):
        rho, classes, z = worlds.class_constant_world(rng, 3, 5, 2)
        lines = f(rho, classes, z, n)
        broken = first_break(lines, LINES, equal={1})
        if broken:
            return f"on a world with an embedding constant inside each class {broken}"
        if n < 3 and totals(lines, LINES)[2:] != [0, 0]:
            return "with N < C no draw is complete: lines 3 and 4 are 0"
        one, _, three, four = totals(f(rho, classes, 0 * z, n), LINES)
        if abs(one - math.log(n + 1)) > SLACK or abs(three * math.log(3) - four * math.log(n + 1)) > SLACK:
            return "at f = 0, line 1 is ln(N + 1), and lines 3 and 4 are p_cc ln(N + 1) and p_cc ln C"


def others_shown(counts):
    """Which draws (C, M) show all classes but, perhaps, the anchor's."""
    return np.array([np.delete(counts, c, axis=1).min(axis=1) >= 1 for c in range(counts.shape[1])])


def refused_below(rho, n):
    if n < len(rho):
        raise ValueError(f"N = {n} < C = {len(rho)}")
    return poissonised(rho, n)


def with_a_1(rho, classes, z):
    """The target with a 1 beside the terms of all classes."""
    scores = (z @ (classes @ z).T).T
    losses = [np.logaddexp(0, np.logaddexp.reduce(scores - own, axis=0)) for own in scores]
    return (rho[:, None] * classes * np.array(losses)).sum()


def rivals_only(rho, classes, z):
    """The target without the true class in its logarithm."""
    scores = (z @ (classes @ z).T).T
    losses = [np.logaddexp.reduce(np.delete(scores, c, axis=0), axis=0) - own for c, own in enumerate(scores)]
    return (rho[:, None] * classes * np.array(losses)).sum()


@exercise.formula
def ladder_lemma2(
    rho,
    classes,
    z,
    n_negatives,
    *,
    line1="the draws",
    draws=any_class,
    jensen="both means",
    term=lambda counts: (counts > 0).sum(axis=1),
    complete=lambda counts: counts.min(axis=1) >= 1,
    kept=lambda share, full, p: share * full,
    chance=poissonised,
    finish=list,
    part=lambda share, chances: share.sum(),
    outside=lambda rho: 1.0,
    last=lambda p: p,
    supervised=mean_loss,
):
    drawn = draws(rho, n_negatives)
    share, counts = shares(rho, classes, z, drawn, jensen), drawn[0]
    line2 = [part(share[:, term(counts) == m], drawn[1][0, term(counts) == m]) for m in range(1, len(rho) + 1)]
    p = chance(rho, n_negatives)
    line3, target = outside(rho) * kept(share, complete(counts), p).sum(axis=1), last(p) * supervised(rho, classes, z)
    return finish([loss_line(rho, classes, z, n_negatives, line1), line2, line3, target])


slips_of_the_first_lines(exercise)
exercise.slip("line 2 without collisions", draws=other_classes).says(
    "In line 2 the negatives come from the classes other than the anchor's.",
    "Compare lines 1 and 2 on a world whose embedding is constant inside each class: they must agree.",
    "Each c_i is drawn from rho, also the anchor's class: a collision adds e^0 = 1.",
    "Enumerate draws from rho itself, for every anchor.",
)
exercise.slip(
    "classes of the negatives uniform", draws=lambda rho, n: any_class(np.full(len(rho), 1 / len(rho)), n)
).says(
    "The classes of the negatives are drawn uniformly.",
    "Is rho uniform?",
    "I ~ rho^N: every c_i is drawn from rho.",
    "draw_counts(rho, N), not draw_counts of a uniform law.",
)
exercise.slip("line 2 by the length of a draw's longest run", term=lambda counts: counts.max(axis=1)).says(
    "Term m of line 2 holds the draws in which the most frequent class was drawn m times.",
    "How many different classes does the draw (1, 1, 2) show? How often does it show its most frequent one?",
    "Term m is for the draws with m different classes: complete draws belong to term C.",
    "(counts > 0).sum(axis=1) counts the classes of a draw.",
)
exercise.slip("line 3 conditional", kept=lambda share, full, p: share * full / p if p > 0 else 0 * share).says(
    "Line 3 is the conditional expectation given that the draw is complete.",
    "Can a conditional expectation be larger than line 2? Compare yours.",
    "Incomplete draws count as 0: the conditional expectation is multiplied by p_cc.",
    "Sum chance * value over complete draws, without dividing by their total chance.",
)
exercise.slip("completeness independent of the loss", kept=lambda share, full, p: share * p).says(
    "Line 3 is p_cc times line 2.",
    "Is the loss of a complete draw the same, on average, as that of any draw?",
    "Complete draws have larger losses: the condition changes the expectation.",
    "Restrict the sum of line 2 to complete draws instead of multiplying it.",
)
exercise.slip("the anchor's class need not be drawn", complete=others_shown).says(
    "A draw is complete when it shows all classes other than the anchor's.",
    "How many draws does your line 3 keep when N = C - 1?",
    "|J| = C: all classes, the anchor's included, are among the negatives.",
    "Keep the draws with counts.min(axis=1) >= 1, for every anchor.",
)
exercise.slip("classes seen independently", chance=lambda rho, n: (1 - (1 - rho) ** n).prod()).says(
    "p_cc is the product of the chances to see each class.",
    "What is your line 4 for N < C?",
    "The classes compete for N draws: the events are not independent.",
    "p_cc is the total chance of the complete draws, or coupon_probability(rho, N).",
)
exercise.slip("conditional terms of line 2", part=lambda share, chances: share.sum() / max(chances.sum(), 1e-300)).says(
    "Term m of line 2 is the expectation given that the draw shows m classes.",
    "The sum of line 2 must be at most line 1. Is it?",
    "Parts of an expectation add up to it: the chance of the draws is included.",
    "Sum chance * value over the draws with m classes, without dividing by anything.",
)
exercise.slip("the terms begin with no class", term=lambda counts: (counts > 0).sum(axis=1) + 1).says(
    "The first term of line 2 is for draws that show no class at all.",
    "How many classes does a draw show at least?",
    "m = 1, ..., C: N >= 1 draws show one class or more.",
    "Put the draws with m different classes into place m - 1 of the list.",
)
exercise.slip("line 3 without the anchor's probability", outside=lambda rho: 1 / rho).says(
    "A term of line 3 is given the class c: its probability does not enter.",
    "The sum of line 3 must be at most that of line 2. Is it?",
    "The expectation is over c ~ rho, too: term c has the weight rho_c.",
    "Multiply by rho_c.",
)
exercise.slip("the target without p_cc", last=lambda p: 1.0).says(
    "Line 4 is L_sup itself.",
    "Compare lines 3 and 4: which must be smaller?",
    "Only complete draws are left, and they have the chance p_cc.",
    "p_cc(N) L_sup.",
)
exercise.slip("the 1 of the positive kept in the target", supervised=with_a_1).says(
    "The target's logarithm holds the 1 of the positive beside the terms of all C classes.",
    "At f = 0 the mean classifier pays ln C. What is your line 4 there?",
    "The statement drops that 1: the term of the anchor's own class comes from a collision.",
    "p_cc times the cross-entropy, ln sum_j e^{a_j} over all classes.",
)
exercise.slip("too few negatives refused", chance=refused_below).says(
    "N < C is bad input.",
    "What does the statement say about N < C?",
    "No draw is complete, and the lines below are 0.",
    "Return C zeros for line 3, and 0 for line 4.",
)
exercise.slip("line 3 weighed twice", kept=lambda share, full, p: share * full * p).says(
    "The terms of complete draws are multiplied by p_cc.",
    "Are the chances of the draws in your sum already?",
    "Summed with their chances the complete draws have the weight p_cc as they are.",
    "Sum chance * value over complete draws.",
)
exercise.slip("rivals only in the target", supervised=rivals_only).says(
    "L_sup is the log-sum-exp over the classes other than c.",
    "A cross-entropy is never negative. Is yours?",
    "The sum over j has the term j = c, which is e^{a_c} = 1.",
    "np.logaddexp.reduce over all C classes.",
)

exercise.style("lines as lists of Python floats", finish=lambda lines: [np.asarray(line).tolist() for line in lines])


@exercise.accepted("sequences of draws with itertools, validated first", guarded=False)
def ladder_lemma2(rho, classes, z, n_negatives):
    validate.world(rho, classes, z)
    validate.count(minimum=1, n_negatives=n_negatives)
    inner, scores, negative = z @ z.T, z @ (classes @ z).T, rho @ classes

    def lse(rows):
        return np.logaddexp(0, np.logaddexp.reduce(rows, axis=-1))

    one, two, three, complete = 0.0, [0.0] * len(rho), np.zeros(len(rho)), 0.0
    pairs = classes.T @ (rho[:, None] * classes)
    for draw in itertools.product(range(len(z)), repeat=n_negatives):
        losses = lse(inner[:, None, list(draw)] - inner[:, :, None])
        one += negative[list(draw)].prod() * (pairs * losses).sum()
    for draw in itertools.product(range(len(rho)), repeat=n_negatives):
        chance = rho[list(draw)].prod()
        losses = lse(scores[None, :, list(draw)] - scores.T[:, :, None])
        value = chance * rho * (classes * losses).sum(axis=1)
        two[len(set(draw)) - 1] += value.sum()
        if len(set(draw)) == len(rho):
            three, complete = three + value, complete + chance
    four = complete * np.einsum("c,cx,cx->", rho, classes, np.logaddexp.reduce(scores, axis=1) - scores.T)
    return [one, two, three, four]


@exercise.accepted("torch, whole tables")
def ladder_lemma2(rho, classes, z, n_negatives):
    law, rows, points = map(torch.from_numpy, (rho, classes, z))
    inner, scores = points @ points.T, points @ (rows @ points).T
    anchors = law[:, None] * rows

    def losses(logits, counts):
        terms = logits + torch.from_numpy(counts).double().log()
        return torch.cat([terms, torch.zeros_like(terms[..., :1])], dim=-1).logsumexp(-1)

    counts, chance = draw_counts(rho @ classes, n_negatives)
    values = losses(inner[:, None, None, :] - inner[:, :, None, None], counts)
    one = torch.einsum("xp,m,xpm->", anchors.T @ rows, torch.from_numpy(chance), values)
    counts, chance = draw_counts(rho, n_negatives)
    values = (anchors[:, :, None] * losses(scores[None, :, None, :] - scores.T[:, :, None, None], counts)).sum(1)
    chance, shown = torch.from_numpy(chance), torch.from_numpy((counts > 0).sum(axis=1))
    two = torch.zeros(len(rho), dtype=law.dtype).index_add(0, shown - 1, (chance * values).sum(0))
    full = shown == len(rho)
    supervised = (anchors * (scores.logsumexp(1) - scores.T)).sum()
    return one, two, (chance * values)[:, full].sum(1), chance[full].sum() * supervised
