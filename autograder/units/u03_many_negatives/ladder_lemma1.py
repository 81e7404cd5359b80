"""ladder_lemma1: what its check looks at. Each line by itself, the inequalities between neighbours, equality worlds."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.spec import Exercise
from course import validate, worlds
from course.check.case import Case, bad_input

exercise = Exercise(
    "ladder_lemma1",
    hints={
        "values": (
            "The message says which entry differs: [0] is line 1, [1] line 2, and so on. Correct the first one first.",
            "Line 1: weights (x, x+) from (rho[:, None] * classes).T @ classes, and rho @ classes for x-; the logit is"
            " f(x).f(x-) - f(x).f(x+).",
            "Line 2: weights rho_c D_c(x) rho_j, with zeta of f(x).(mu_j - mu_c), j = c included.",
            "Line 3: the maximum over j stands inside the expectation over (c, x). Line 4: p_min times a difference.",
        ),
        "stability": ("np.logaddexp(0, v) is ln(1 + e^v) for any v.",),
        "bad input": ("`validate.world(rho, classes, z)` raises for everything that the statement names.",),
    },
)
LINES = ("1, the loss", "2, after Jensen", "3, the largest term", "4, the target")


@exercise.cases
def cases(rng):
    for c, s, d in ((3, 5, 2), (2, 4, 3), (4, 6, 1)):
        yield Case(f"C = {c}, S = {s}, d = {d}, overlapping classes", worlds.random_world(rng, c, s, d, 1.1))
    yield Case("C = 3, S = 7, d = 2, disjoint classes", worlds.random_world(rng, 3, 7, 2, 0.6, overlap=False))
    yield Case("constant inside each class", worlds.class_constant_world(rng, 3, 6, 2, 1.2))
    yield Case("logits up to about 1e4", worlds.random_world(rng, 3, 5, 2, 60.0), part="stability")
    rho, classes, z = worlds.random_world(rng, 3, 5, 2)
    yield bad_input("rho sums to 1.2", 1.2 * rho, classes, z)
    yield bad_input("rho has a zero", np.array([0.4, 0.6, 0.0]), classes, z)
    yield bad_input("a row of classes sums to 0.9", rho, classes * np.array([[1.0], [1.0], [0.9]]), z)
    yield bad_input("NaN in z", rho, classes, np.where(np.eye(5, 2) > 0, np.nan, z))


@exercise.property("every line is at least the next")
def descending(f, rng):
    for i in range(10):
        make = worlds.class_constant_world if i % 3 == 2 else worlds.random_world
        problem = first_rise(f(*make(rng, 3, 6, 2, rng.uniform(0.2, 2))), LINES)
        if problem:
            return problem


@exercise.property("Jensen is an equality when the embedding is constant inside each class")
def equality(f, rng):
    for _ in range(5):
        lines = f(*worlds.class_constant_world(rng, 3, 7, 2, rng.uniform(0.3, 2)))
        if abs(lines[0] - lines[1]) > 1e-9:
            return "lines 1 and 2 must be equal on a world whose embedding is constant inside each class"


def first_rise(lines, names):
    """A message that names the first line above the line before it, else None."""
    if len(lines) != len(names):
        return f"there are {len(names)} lines, {len(lines)} came back"
    for before, after, upper, lower in zip(names, names[1:], lines, lines[1:], strict=False):
        if not lower <= upper + 1e-9 * max(1.0, abs(upper)):
            return f"the proof breaks at line {after}: it is above line {before}"
    return None


def tables(rho, classes, z):
    """Weights (C, S) of the anchors, weights (S, S) of the pairs, the logits a (C, S, C), inner products."""
    validate.world(rho, classes, z)
    anchors = rho[:, None] * classes
    scores = z @ (classes @ z).T
    return anchors, anchors.T @ classes, scores[None, :, :] - scores.T[:, :, None], z @ z.T


def right_lines(rho, classes, z):
    anchors, pairs, a, inner = tables(rho, classes, z)
    zeta = np.logaddexp(0, a)
    loss = np.einsum("xp,n,xpn->", pairs, rho @ classes, np.logaddexp(0, inner[:, None, :] - inner[:, :, None]))
    jensen = (anchors * (zeta @ rho)).sum()
    largest = min(rho) * (anchors * zeta.max(axis=2)).sum()
    target = min(rho) * ((anchors * np.logaddexp.reduce(a, axis=2)).sum() - math.log(len(rho)))
    return [float(loss), float(jensen), float(largest), float(target)]


@exercise.wrong(
    "line 2 without collisions",
    belief="In line 2 the negative comes from another class than the anchor.",
    hints=(
        "Compare lines 1 and 2 on a world whose embedding is constant inside each class: they must agree.",
        "c and c- are independent draws from rho; the pairs with c- = c stay in, and each gives ln 2.",
        "Sum over all j with weights rho_j, j = c included.",
    ),
    uses=(tables, right_lines),
)
def ladder_lemma1(rho, classes, z):
    lines = right_lines(rho, classes, z)
    anchors, _, a, _ = tables(rho, classes, z)
    others = (1 - np.eye(len(rho))) * rho
    lines[1] = np.einsum("cx,cj,cxj->", anchors, others / others.sum(axis=1, keepdims=True), np.logaddexp(0, a))
    return lines


@exercise.wrong(
    "Jensen for the negative only",
    belief="In line 2 only x- is averaged; the positive x+ stays a point.",
    hints=(
        "Which random points appear in line 2?",
        "Both x+ and x- have moved inside: f(x+) became mu_c, f(x-) became the mean of class c-.",
        "The logit of line 2 is f(x).(mu_j - mu_c).",
    ),
    uses=(tables, right_lines),
)
def ladder_lemma1(rho, classes, z):
    lines = right_lines(rho, classes, z)
    _, pairs, _, inner = tables(rho, classes, z)
    scores = z @ (classes @ z).T
    lines[1] = np.einsum("xp,j,xpj->", pairs, rho, np.logaddexp(0, scores[:, None, :] - inner[:, :, None]))
    return lines


@exercise.wrong(
    "the anchor averaged too",
    belief="Jensen replaces every embedding by its class mean, the anchor's as well.",
    hints=(
        "In which variables is the logit f(x).(f(x-) - f(x+)) linear when x is fixed?",
        "x stays random: only x+ and x- are averaged given x.",
        "Line 2 keeps E over x ~ D_c; its logit is f(x).(mu_j - mu_c), not mu_c.(mu_j - mu_c).",
    ),
    uses=(tables, right_lines),
)
def ladder_lemma1(rho, classes, z):
    lines = right_lines(rho, classes, z)
    means = classes @ z
    gram = means @ means.T
    lines[1] = np.einsum("c,j,cj->", rho, rho, np.logaddexp(0, gram - np.diag(gram)[:, None]))
    return lines


@exercise.wrong(
    "line 3 without the anchor's class",
    belief="The maximum of line 3 runs over the classes other than c.",
    hints=(
        "Take an anchor whose logits a_j are all very negative. What does the statement give, and what do you?",
        "The maximum runs over all j; the term j = c is ln 2, so line 3 is never below p_min ln 2.",
        "Do not mask j = c: line 4 follows from the maximum over all classes.",
    ),
    uses=(tables, right_lines),
)
def ladder_lemma1(rho, classes, z):
    lines = right_lines(rho, classes, z)
    anchors, _, a, _ = tables(rho, classes, z)
    masked = np.where(np.eye(len(rho), dtype=bool)[:, None, :], -np.inf, a)
    lines[2] = min(rho) * (anchors * np.logaddexp(0, masked.max(axis=2))).sum()
    return lines


@exercise.wrong(
    "the maximum outside the expectation",
    belief="Line 3 is p_min times the largest, over j, of the expected terms.",
    hints=(
        "Does the best j depend on the anchor?",
        "The maximum is taken for each anchor (c, x), then averaged.",
        "zeta.max over the class axis first, then the weighted sum over (c, x).",
    ),
    uses=(tables, right_lines),
)
def ladder_lemma1(rho, classes, z):
    lines = right_lines(rho, classes, z)
    anchors, _, a, _ = tables(rho, classes, z)
    lines[2] = min(rho) * np.einsum("cx,cxj->j", anchors, np.logaddexp(0, a)).max()
    return lines


@exercise.wrong(
    "p_min left out",
    belief="Line 3 is the expectation of the largest term.",
    hints=(
        "Line 2 is an average over j. Is an average at least its largest term?",
        "Of the sum over j only one term is kept, and its weight rho_j is at least p_min.",
        "Multiply line 3 by min(rho).",
    ),
    uses=(tables, right_lines),
)
def ladder_lemma1(rho, classes, z):
    lines = right_lines(rho, classes, z)
    lines[2] = lines[2] / min(rho)
    return lines


@exercise.wrong(
    "1/C in place of p_min",
    belief="The weight of the largest term is 1/C.",
    hints=(
        "Is rho uniform?",
        "The largest term may belong to the rarest class.",
        "Use min(rho) in lines 3 and 4.",
    ),
    uses=(tables, right_lines),
)
def ladder_lemma1(rho, classes, z):
    lines = right_lines(rho, classes, z)
    factor = 1 / len(rho) / min(rho)
    return [lines[0], lines[1], lines[2] * factor, lines[3] * factor]


@exercise.wrong(
    "ln C outside the bracket",
    belief="Line 4 is p_min L_sup - ln C.",
    hints=(
        "The step to line 4 replaces the maximum by a log-sum-exp minus ln C. Where does p_min stand then?",
        "p_min multiplies the whole difference.",
        "p_min * (L_sup - ln C).",
    ),
    uses=(tables, right_lines),
)
def ladder_lemma1(rho, classes, z):
    lines = right_lines(rho, classes, z)
    lines[3] = lines[3] + (min(rho) - 1) * math.log(len(rho))
    return lines


@exercise.wrong(
    "from right to left",
    belief="The lines run from the supervised loss up to the contrastive one.",
    hints=(
        "Which line is the largest?",
        "Line 1 is the contrastive loss; every line is at least the next.",
        "Reverse the list.",
    ),
    uses=(tables, right_lines),
)
def ladder_lemma1(rho, classes, z):
    return right_lines(rho, classes, z)[::-1]


@exercise.accepted("loops")
def ladder_lemma1(rho, classes, z):
    validate.world(rho, classes, z)
    size, points, means = len(rho), range(len(z)), classes @ z

    def zeta(t):
        return max(float(t), 0.0) + math.log1p(math.exp(-abs(float(t))))

    negative = rho @ classes
    one = two = three = four = 0.0
    for c in range(size):
        for x in points:
            weight = rho[c] * classes[c, x]
            for p in points:
                for y in points:
                    one += weight * classes[c, p] * negative[y] * zeta(z[x] @ (z[y] - z[p]))
            a = [float(z[x] @ (means[j] - means[c])) for j in range(size)]
            two += weight * sum(rho[j] * zeta(a[j]) for j in range(size))
            three += weight * max(map(zeta, a))
            four += weight * (max(a) + math.log(sum(math.exp(v - max(a)) for v in a)))
    return one, two, min(rho) * three, min(rho) * (four - math.log(size))


@exercise.accepted("one array of four numbers", uses=(tables,))
def ladder_lemma1(rho, classes, z):
    anchors, pairs, a, inner = tables(rho, classes, z)
    one = np.tensordot(pairs[:, :, None] * (rho @ classes), np.logaddexp(0, inner[:, None, :] - inner[:, :, None]), 3)
    two = np.tensordot(anchors[:, :, None] * rho, np.logaddexp(0, a), 3)
    three = np.tensordot(anchors, np.logaddexp(0, a.max(axis=2)), 2)  # zeta increases: the maximum may go inside
    four = np.tensordot(anchors, np.logaddexp.reduce(a, axis=2) - np.log(len(rho)), 2)
    return np.array([one, two, rho.min() * three, rho.min() * four])


@exercise.accepted("torch")
def ladder_lemma1(rho, classes, z):
    validate.world(rho, classes, z)
    law, rows, points = map(torch.from_numpy, (rho, classes, z))
    inner, scores = points @ points.T, points @ (rows @ points).T
    anchors = law[:, None] * rows
    one = torch.einsum("cx,cp,y,xpy->", anchors, rows, law @ rows, F.softplus(inner[:, None] - inner[:, :, None]))
    a = scores[None] - scores.T[:, :, None]
    two = torch.einsum("cx,j,cxj->", anchors, law, F.softplus(a))
    three = law.min() * (anchors * F.softplus(a).amax(2)).sum()
    four = law.min() * ((anchors * a.logsumexp(2)).sum() - math.log(len(rho)))
    return [one, two, three, four]
