"""ladder_lemma2: what its check looks at. Each line, N below, at and above C, inequalities, equality worlds."""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from autograder.units.u03_many_negatives.ladder_lemma1 import first_rise, tables
from course import validate, worlds
from course.check.case import Case, bad_input

exercise = Exercise(
    "ladder_lemma2",
    hints={
        "values": (
            "The message says which entry differs: [0] is line 1, [1] line 2, and so on. Correct the first one first.",
            "Line 1: draw_counts(rho @ classes, N) lists the draws of points; log1p_sum(logits, counts) gives the loss"
            " of each, with logits f(x).(f(y) - f(x+)).",
            "Line 2: the same with draw_counts(rho, N) over classes and logits f(x).(mu_j - mu_c), j = c included.",
            "Line 3: the sum of line 2, restricted to the draws with counts.min(axis=1) >= 1; do not divide by p_cc.",
        ),
        "stability": ("log1p_sum works for any logits: do not take exponentials before it.",),
        "bad input": ("validate.world(rho, classes, z), then validate.count(minimum=1, n_negatives=n_negatives).",),
    },
)
LINES = ("1, the loss", "2, after Jensen", "3, complete draws only", "4, the target")


@exercise.cases
def cases(rng):
    for c, s, d, n in ((2, 4, 2, 3), (3, 4, 3, 4), (3, 5, 1, 3), (2, 3, 2, 5)):
        yield Case(f"C = {c}, S = {s}, d = {d}, N = {n}", (*worlds.random_world(rng, c, s, d, 1.1), n))
    yield Case("constant inside each class, N = 4", (*worlds.class_constant_world(rng, 3, 5, 2, 1.2), 4))
    yield Case("N < C: nothing is complete", (*worlds.random_world(rng, 3, 4, 2), 2))
    yield Case("logits up to about 1e4", (*worlds.random_world(rng, 2, 4, 2, 60.0), 2), part="stability")
    rho, classes, z = worlds.random_world(rng, 3, 4, 2)
    yield bad_input("rho sums to 1.2", 1.2 * rho, classes, z, 3)
    yield bad_input("rho has a zero", np.array([0.4, 0.6, 0.0]), classes, z, 3)
    yield bad_input("a row of classes sums to 0.9", rho, classes * np.array([[1.0], [1.0], [0.9]]), z, 3)
    yield bad_input("NaN in z", rho, classes, np.where(np.eye(4, 2) > 0, np.nan, z), 3)
    yield bad_input("N = 0", rho, classes, z, 0)


@exercise.property("every line is at least the next")
def descending(f, rng):
    for i in range(5):
        make = worlds.class_constant_world if i % 3 == 2 else worlds.random_world
        world = make(rng, int(rng.integers(2, 4)), 4, 2, rng.uniform(0.2, 2))
        problem = first_rise(f(*world, int(rng.integers(1, 5))), LINES)
        if problem:
            return problem


@exercise.property("equalities: Jensen on class-constant worlds, f = 0, and N = 1")
def equality(f, rng):
    for n in (1, 3):
        rho, classes, z = worlds.class_constant_world(rng, 3, 5, 2)
        one, two, three, four = f(rho, classes, z, n)
        if abs(one - two) > 1e-9:
            return "lines 1 and 2 must be equal on a world whose embedding is constant inside each class"
        if n < 3 and (three, four) != (0, 0):
            return "with N < C no draw is complete: lines 3 and 4 are 0"
        one, two, three, four = f(rho, classes, 0 * z, n)
        if abs(one - math.log(n + 1)) > 1e-9 or abs(three * math.log(3) - four * math.log(n + 1)) > 1e-9:
            return "at f = 0, line 1 is ln(N + 1), and lines 3 and 4 are p_cc ln(N + 1) and p_cc ln C"


def draw_counts(law, n):
    """The tool of the exercise's setup: counts (M, K) of n draws, and their probabilities (M,)."""
    rows = [[]]
    for k in range(len(law)):
        last = k == len(law) - 1
        rows = [[*r, m] for r in rows for m in range(n - sum(r) if last else 0, n - sum(r) + 1)]
    counts = np.array(rows)
    factorial = np.array([math.factorial(i) for i in range(n + 1)], dtype=float)
    return counts, factorial[n] / factorial[counts].prod(axis=1) * (np.asarray(law) ** counts).prod(axis=1)


def log1p_sum(logits, counts):
    """The tool of the exercise's setup: ln(1 + sum_j counts_j e^logits_j) over the last axis."""
    with np.errstate(divide="ignore"):
        return np.logaddexp(0.0, np.logaddexp.reduce(logits + np.log(counts), axis=-1))


def class_draws(rho, classes, z, n):
    """Draws of classes: counts (M, C), chances (M,), ln(1 + sum e^a) for each anchor and draw (C, S, M)."""
    _, _, a, _ = tables(rho, classes, z)
    counts, chance = draw_counts(rho, n)
    return counts, chance, log1p_sum(a[:, :, None, :], counts)


def right_lines(rho, classes, z, n):
    validate.count(minimum=1, n_negatives=n)
    anchors, pairs, a, inner = tables(rho, classes, z)
    counts, chance = draw_counts(rho @ classes, n)
    logits = inner[:, None, None, :] - inner[:, :, None, None]
    loss = np.einsum("xp,m,xpm->", pairs, chance, log1p_sum(logits, counts))
    counts, chance, values = class_draws(rho, classes, z, n)
    complete = counts.min(axis=1) >= 1
    jensen = np.einsum("cx,m,cxm->", anchors, chance, values)
    kept = np.einsum("cx,m,cxm->", anchors, chance * complete, values)
    supervised = (anchors * np.logaddexp.reduce(a, axis=2)).sum()
    return [float(loss), float(jensen), float(kept), float(chance[complete].sum() * supervised)]


TOOLS = (tables, draw_counts, log1p_sum, class_draws, right_lines)


@exercise.wrong(
    "repeated classes counted once",
    belief="In line 2 every class that was drawn counts once, however often it was drawn.",
    hints=(
        "At f = 0, line 2 must be ln(N + 1). Is it?",
        "The sum in line 2 runs over the N negatives; a class that was drawn twice adds its term twice.",
        "Pass the counts to log1p_sum, not counts > 0. (Only the step to line 4 drops repetitions.)",
    ),
    uses=TOOLS,
)
def ladder_lemma2(rho, classes, z, n_negatives):
    lines = right_lines(rho, classes, z, n_negatives)
    anchors, _, a, _ = tables(rho, classes, z)
    counts, chance = draw_counts(rho, n_negatives)
    lines[1] = np.einsum("cx,m,cxm->", anchors, chance, log1p_sum(a[:, :, None, :], np.minimum(counts, 1)))
    return lines


@exercise.wrong(
    "the 1 of the positive missing",
    belief="In line 2 the logarithm is that of the negatives' sum alone.",
    hints=(
        "At f = 0 and N = 1, line 2 must be ln 2.",
        "ln(1 + sum e^a): the 1 is the positive.",
        "log1p_sum includes the 1; a bare log-sum-exp does not.",
    ),
    uses=TOOLS,
)
def ladder_lemma2(rho, classes, z, n_negatives):
    lines = right_lines(rho, classes, z, n_negatives)
    anchors, _, a, _ = tables(rho, classes, z)
    counts, chance = draw_counts(rho, n_negatives)
    with np.errstate(divide="ignore"):
        values = np.logaddexp.reduce(a[:, :, None, :] + np.log(counts), axis=-1)
    lines[1] = np.einsum("cx,m,cxm->", anchors, chance, values)
    return lines


@exercise.wrong(
    "line 2 without collisions",
    belief="In line 2 the negatives come from the classes other than the anchor's.",
    hints=(
        "Compare lines 1 and 2 on a world whose embedding is constant inside each class: they must agree.",
        "Each c_i is drawn from rho, also the anchor's class: a collision adds e^0 = 1.",
        "Enumerate draws from rho itself, for every anchor.",
    ),
    uses=TOOLS,
)
def ladder_lemma2(rho, classes, z, n_negatives):
    lines = right_lines(rho, classes, z, n_negatives)
    anchors, _, a, _ = tables(rho, classes, z)
    lines[1] = 0.0
    for c in range(len(rho)):
        others = np.where(np.arange(len(rho)) == c, 0.0, rho) / (1 - rho[c])
        counts, chance = draw_counts(others, n_negatives)
        lines[1] += np.einsum("x,m,xm->", anchors[c], chance, log1p_sum(a[c][:, None, :], counts))
    return lines


@exercise.wrong(
    "classes of the negatives uniform",
    belief="The classes of the negatives are drawn uniformly.",
    hints=(
        "Is rho uniform?",
        "I ~ rho^N: every c_i is drawn from rho.",
        "draw_counts(rho, N), not draw_counts of a uniform law.",
    ),
    uses=TOOLS,
)
def ladder_lemma2(rho, classes, z, n_negatives):
    lines = right_lines(rho, classes, z, n_negatives)
    anchors, _, a, _ = tables(rho, classes, z)
    counts, chance = draw_counts(np.full(len(rho), 1 / len(rho)), n_negatives)
    lines[1] = np.einsum("cx,m,cxm->", anchors, chance, log1p_sum(a[:, :, None, :], counts))
    return lines


@exercise.wrong(
    "line 3 conditional",
    belief="Line 3 is the conditional expectation given that the draw is complete.",
    hints=(
        "Can a conditional expectation be larger than line 2? Compare yours.",
        "Incomplete draws count as 0: the conditional expectation is multiplied by p_cc.",
        "Sum chance * value over complete draws, without dividing by their total chance.",
    ),
    uses=TOOLS,
)
def ladder_lemma2(rho, classes, z, n_negatives):
    lines = right_lines(rho, classes, z, n_negatives)
    counts, chance, _ = class_draws(rho, classes, z, n_negatives)
    p = chance[counts.min(axis=1) >= 1].sum()
    lines[2] = lines[2] / p if p > 0 else 0.0
    return lines


@exercise.wrong(
    "completeness independent of the loss",
    belief="Line 3 is p_cc times line 2.",
    hints=(
        "Is the loss of a complete draw the same, on average, as that of any draw?",
        "Complete draws have larger losses: the condition changes the expectation.",
        "Restrict the sum of line 2 to complete draws instead of multiplying it.",
    ),
    uses=TOOLS,
)
def ladder_lemma2(rho, classes, z, n_negatives):
    lines = right_lines(rho, classes, z, n_negatives)
    counts, chance, _ = class_draws(rho, classes, z, n_negatives)
    lines[2] = lines[1] * chance[counts.min(axis=1) >= 1].sum()
    return lines


@exercise.wrong(
    "the anchor's class need not be drawn",
    belief="A draw is complete when it shows all classes other than the anchor's.",
    hints=(
        "How many draws does your line 3 keep when N = C - 1?",
        "|J| = C: all classes, the anchor's included, are among the negatives.",
        "Keep the draws with counts.min(axis=1) >= 1, for every anchor.",
    ),
    uses=TOOLS,
)
def ladder_lemma2(rho, classes, z, n_negatives):
    lines = right_lines(rho, classes, z, n_negatives)
    anchors, _, _, _ = tables(rho, classes, z)
    counts, chance, values = class_draws(rho, classes, z, n_negatives)
    lines[2] = 0.0
    for c in range(len(rho)):
        others = np.delete(counts, c, axis=1).min(axis=1) >= 1
        lines[2] += np.einsum("x,m,xm->", anchors[c], chance * others, values[c])
    return lines


@exercise.wrong(
    "classes seen independently",
    belief="p_cc is the product of the chances to see each class.",
    hints=(
        "What is your line 4 for N < C?",
        "The classes compete for N draws: the events are not independent.",
        "p_cc is the total chance of the complete draws, or coupon_probability(rho, N).",
    ),
    uses=TOOLS,
)
def ladder_lemma2(rho, classes, z, n_negatives):
    lines = right_lines(rho, classes, z, n_negatives)
    anchors, _, a, _ = tables(rho, classes, z)
    supervised = (anchors * np.logaddexp.reduce(a, axis=2)).sum()
    lines[3] = (1 - (1 - rho) ** n_negatives).prod() * supervised
    return lines


@exercise.wrong(
    "mean over negatives in line 1",
    belief="The loss averages the negatives' terms.",
    hints=(
        "At f = 0, line 1 must be ln(N + 1).",
        "The N terms are added up inside the logarithm, not averaged.",
        "Remove the division by N.",
    ),
    uses=TOOLS,
)
def ladder_lemma2(rho, classes, z, n_negatives):
    lines = right_lines(rho, classes, z, n_negatives)
    _, pairs, _, inner = tables(rho, classes, z)
    counts, chance = draw_counts(rho @ classes, n_negatives)
    logits = inner[:, None, None, :] - inner[:, :, None, None]
    lines[0] = np.einsum("xp,m,xpm->", pairs, chance, log1p_sum(logits, counts / n_negatives))
    return lines


@exercise.accepted("sequences of draws with itertools")
def ladder_lemma2(rho, classes, z, n_negatives):
    import itertools

    validate.world(rho, classes, z)
    validate.count(minimum=1, n_negatives=n_negatives)
    inner, scores, negative = z @ z.T, z @ (classes @ z).T, rho @ classes

    def lse(rows):
        return np.logaddexp(0, np.logaddexp.reduce(rows, axis=-1))

    one = two = three = 0.0
    for draw in itertools.product(range(len(z)), repeat=n_negatives):
        chance = negative[list(draw)].prod()
        losses = lse(inner[:, None, list(draw)] - inner[:, :, None])
        one += chance * np.einsum("c,cx,cp,xp->", rho, classes, classes, losses)
    for draw in itertools.product(range(len(rho)), repeat=n_negatives):
        chance = rho[list(draw)].prod()
        losses = lse(scores[None, :, list(draw)] - scores.T[:, :, None])
        value = chance * np.einsum("c,cx,cx->", rho, classes, losses)
        two += value
        three += value * (len(set(draw)) == len(rho))
    complete = sum(
        rho[list(d)].prod() for d in itertools.product(range(len(rho)), repeat=n_negatives) if len(set(d)) == len(rho)
    )
    four = complete * np.einsum("c,cx,cx->", rho, classes, np.logaddexp.reduce(scores, axis=1) - scores.T)
    return [one, two, three, four]


@exercise.accepted("multisets one by one", uses=(draw_counts,))
def ladder_lemma2(rho, classes, z, n_negatives):
    validate.world(rho, classes, z)
    validate.count(minimum=1, n_negatives=n_negatives)
    means, lines = classes @ z, np.zeros(4)

    def stable(values, counts):
        values, counts = values[counts > 0], counts[counts > 0]
        top = max(0.0, values.max())
        return top + math.log(math.exp(-top) + counts @ np.exp(values - top))

    points = list(zip(*draw_counts(rho @ classes, n_negatives), strict=True))
    draws = list(zip(*draw_counts(rho, n_negatives), strict=True))
    p_complete = sum(chance for counts, chance in draws if min(counts) >= 1)
    for x in range(len(z)):
        for p in range(len(z)):
            logits, weight = z @ z[x] - z[p] @ z[x], sum(rho * classes[:, x] * classes[:, p])
            lines[0] += weight * sum(chance * stable(logits, counts) for counts, chance in points)
    for c, law in enumerate(classes):
        for x in range(len(z)):
            weight = rho[c] * law[x]
            a = means @ z[x] - means[c] @ z[x]
            for counts, chance in draws:
                value = weight * chance * stable(a, counts)
                lines[1] += value
                lines[2] += value if min(counts) >= 1 else 0.0
            lines[3] += weight * p_complete * (a.max() + math.log(np.exp(a - a.max()).sum()))
    return lines


@exercise.accepted("torch, whole tables", uses=(draw_counts,))
def ladder_lemma2(rho, classes, z, n_negatives):
    validate.world(rho, classes, z)
    validate.count(minimum=1, n_negatives=n_negatives)
    law, rows, points = map(torch.from_numpy, (rho, classes, z))
    inner, scores = points @ points.T, points @ (rows @ points).T
    anchors = law[:, None] * rows

    def losses(logits, counts):
        terms = logits + torch.from_numpy(counts).double().log()
        return torch.cat([terms, torch.zeros_like(terms[..., :1])], dim=-1).logsumexp(-1)

    counts, chance = draw_counts(rho @ classes, n_negatives)
    values = losses(inner[:, None, None, :] - inner[:, :, None, None], counts)
    one = torch.einsum("cx,cp,m,xpm->", anchors, rows, torch.from_numpy(chance), values)
    counts, chance = draw_counts(rho, n_negatives)
    values = (anchors[:, :, None] * losses(scores[None, :, None, :] - scores.T[:, :, None, None], counts)).sum((0, 1))
    chance, full = torch.from_numpy(chance), torch.from_numpy((counts > 0).all(axis=1))
    supervised = (anchors * (scores.logsumexp(1) - scores.T)).sum()
    return one, (chance * values).sum(), (chance * values)[full].sum(), chance[full].sum() * supervised
