"""ladder_lemma1: what its check looks at. Each term of each line, the inequalities between neighbours, equality worlds."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, world
from autograder.author.draw import larger_world
from autograder.author.ladders import first_break
from autograder.units.u03_many_negatives.ladder_tools import (
    any_class,
    class_logits,
    loss_line,
    other_classes,
    shares,
    slips_of_the_first_lines,
)
from autograder.units.u03_many_negatives.theorems import mean_loss
from course import validate, worlds

LINES = ("line 1 (the loss)", "line 2 (after Jensen)", "line 3 (the largest term)", "line 4 (the target)")

exercise = Exercise(
    "ladder_lemma1",
    refuses=(world("rho", "classes", "z"),),
    hints={
        "values": (
            "The message says which line and which term differ. Correct the first one first.",
            "Line 1: weights (x, x+) from (rho[:, None] * classes).T @ classes, and rho @ classes for x-; the logit is"
            " f(x).f(x-) - f(x).f(x+).",
            "Line 2: weights rho_c D_c(x) rho_j, with zeta of f(x).(mu_j - mu_c), j = c included; term j sums over c and x.",
            "Line 3: the maximum over j stands inside the expectation over x; term c sums over x only. Line 4: p_min times a "
            "difference, its two parts.",
        ),
        "stability": ("np.logaddexp(0, v) is ln(1 + e^v) for any v.",),
        "bad input": ("`validate.world(rho, classes, z)` raises for everything that the statement names.",),
    },
)


@exercise.cases
def cases(rng):
    for c, s, d in ((3, 5, 2), (2, 4, 3), (4, 6, 1), (3, 3, 3)):
        args = worlds.random_world(rng, c, s, d, 1.1)
        yield Case(f"C = {c}, S = {s}, d = {d}, overlapping classes", args, compare="ladder")
    args = worlds.random_world(rng, 3, 7, 2, 0.6, overlap=False)
    yield Case("C = 3, S = 7, d = 2, disjoint classes", args, compare="ladder")
    yield Case("constant inside each class", worlds.class_constant_world(rng, 3, 6, 2, 1.2), compare="ladder")
    yield Case("more classes, points and dimensions", larger_world(rng, high=12), compare="ladder", public=False)
    args = worlds.random_world(rng, 3, 5, 2, 60.0)
    yield Case("logits up to about 1e4", args, part="stability", compare="ladder")
    yield from exercise.bad_inputs(*worlds.random_world(rng, 3, 5, 2))


@exercise.property("every line is at least the next")
def descending(f, rng):
    for i in range(10):
        make = worlds.class_constant_world if i % 3 == 2 else worlds.random_world
        broken = first_break(f(*make(rng, 3, 6, 2, rng.uniform(0.2, 2))), LINES)
        if broken:
            return broken


@exercise.property("Jensen is an equality when the embedding is constant inside each class")
def equality(f, rng):
    for _ in range(5):
        broken = first_break(f(*worlds.class_constant_world(rng, 3, 7, 2, rng.uniform(0.3, 2))), LINES, equal={1})
        if broken:
            return f"on a world with an embedding constant inside each class {broken}"


def without_own_class(anchors, a):
    masked = np.where(np.eye(len(anchors), dtype=bool)[:, None, :], -np.inf, a)
    return (anchors * np.logaddexp(0, masked.max(axis=2))).sum(axis=1)


def own_weights(anchors, a):
    """The largest rho_j zeta(a_j) in place of the largest zeta(a_j)."""
    return (anchors * (anchors.sum(axis=1) * np.logaddexp(0, a)).max(axis=2)).sum(axis=1)


def rivals_only(rho, classes, z):
    """The target without the true class in its logarithm."""
    a = np.where(np.eye(len(rho), dtype=bool)[:, None, :], -np.inf, class_logits(classes, z))
    return (rho[:, None] * classes * np.logaddexp.reduce(a, axis=2)).sum()


@exercise.formula
def ladder_lemma1(
    rho,
    classes,
    z,
    *,
    line1="the draws",
    draws=any_class,
    jensen="both means",
    cut=lambda share, counts: share.sum(axis=0) @ counts,
    largest=lambda anchors, a: (anchors * np.logaddexp(0, a.max(axis=2))).sum(axis=1),
    worst=min,
    kept=lambda p: p,
    price=lambda p, size: p * math.log(size),
    finish=list,
    supervised=mean_loss,
    last=lambda p: p,
):
    drawn = draws(rho, 1)
    line2 = cut(shares(rho, classes, z, drawn, jensen), drawn[0])
    p, line3 = worst(rho), largest(rho[:, None] * classes, class_logits(classes, z))
    target = [last(p) * supervised(rho, classes, z), -price(p, len(rho))]
    return finish([loss_line(rho, classes, z, 1, line1), line2, kept(p) * line3, target])


slips_of_the_first_lines(exercise, several=False)
exercise.slip("line 2 without collisions", draws=other_classes).says(
    "In line 2 the negative comes from another class than the anchor.",
    "Compare lines 1 and 2 on a world whose embedding is constant inside each class: they must agree.",
    "c and c- are independent draws from rho; the pairs with c- = c stay in, and each gives ln 2.",
    "Sum over all j with weights rho_j, j = c included.",
)
exercise.slip("line 2 by the anchor's class", cut=lambda share, counts: share.sum(axis=1)).says(
    "The terms of line 2 belong to the classes of the anchor.",
    "Which class does line 3 take a maximum over? Line 2 is a sum over the same class.",
    "Term j of line 2 belongs to the negatives of class j, averaged over all anchors.",
    "Sum rho_c D_c(x) rho_j zeta(a_j) over c and x, and keep j.",
)
exercise.slip("line 3 without the anchor's class", largest=without_own_class).says(
    "The maximum of line 3 runs over the classes other than c.",
    "Take an anchor whose logits a_j are all very negative. What does the statement give, and what do you?",
    "The maximum runs over all j; the term j = c is ln 2, so line 3 is never below p_min ln 2.",
    "Do not mask j = c: line 4 follows from the maximum over all classes.",
)
exercise.slip(
    "the maximum outside the expectation",
    largest=lambda anchors, a: np.einsum("cx,cxj->cj", anchors, np.logaddexp(0, a)).max(axis=1),
).says(
    "A term of line 3 is p_min times the largest, over j, of the expectations over x.",
    "Does the best j depend on the anchor?",
    "The maximum is taken for each anchor (c, x), then averaged.",
    "zeta.max over the class axis first, then the weighted sum over (c, x).",
)
exercise.slip("p_min left out", kept=lambda p: 1.0).says(
    "Line 3 is the expectation of the largest term.",
    "Line 2 is an average over j. Is an average at least its largest term?",
    "Of the sum over j only one term is kept, and its weight rho_j is at least p_min.",
    "Multiply line 3 by min(rho).",
)
exercise.slip("1/C in place of p_min", worst=np.mean).says(
    "The weight of the largest term is 1/C.",
    "Is rho uniform?",
    "The largest term may belong to the rarest class.",
    "Use min(rho) in lines 3 and 4.",
)
exercise.slip("ln C outside the bracket", price=lambda p, size: math.log(size)).says(
    "Line 4 is p_min L_sup - ln C.",
    "The step to line 4 replaces the maximum by a log-sum-exp minus ln C. Where does p_min stand then?",
    "p_min multiplies the whole difference.",
    "p_min * (L_sup - ln C).",
)
exercise.slip("each class with its own weight", largest=own_weights, kept=lambda p: 1.0).says(
    "Line 3 is the largest of the terms rho_j zeta(a_j).",
    "Which of the two stands under the maximum in the statement: zeta(a_j), or its weight too?",
    "The weight is bounded below by p_min first, then the largest zeta(a_j) is kept.",
    "p_min rho_c E_x max_j zeta(a_j).",
)
exercise.slip("the largest logit", largest=lambda anchors, a: (anchors * a.max(axis=2)).sum(axis=1)).says(
    "Line 3 holds the largest logit a_j itself.",
    "How small can a term of line 3 be? What does the statement say of ln 2?",
    "The maximum is that of zeta(a_j) = ln(1 + e^{a_j}); zeta(s) >= s is used in the next step.",
    "np.logaddexp(0, a) before the maximum.",
)
exercise.slip(
    "line 3 without the anchor's probability",
    largest=lambda anchors, a: (anchors * np.logaddexp(0, a.max(axis=2))).sum(axis=1) / anchors.sum(axis=1),
).says(
    "A term of line 3 is given the class c: its probability does not enter.",
    "What must the terms of line 3 sum to?",
    "To p_min times an expectation over c ~ rho: term c has the weight rho_c.",
    "Multiply by rho_c.",
)
exercise.slip("rivals only in the target", supervised=rivals_only).says(
    "L_sup is the log-sum-exp over the classes other than c.",
    "A cross-entropy is never negative. Is yours?",
    "The sum over j has the term j = c, which is e^{a_c} = 1.",
    "np.logaddexp.reduce over all C classes.",
)
exercise.slip("the target without p_min", last=lambda p: 1.0).says(
    "The first term of line 4 is L_sup itself.",
    "Compare lines 3 and 4: which must be smaller?",
    "p_min multiplies the whole difference L_sup - ln C.",
    "p_min L_sup, and -p_min ln C.",
)
exercise.slip("ln C added", price=lambda p, size: -p * math.log(size)).says(
    "The second term of line 4 is + p_min ln C.",
    "Which is larger: ln sum_j e^{a_j}, or max_j a_j + ln C?",
    "The maximum is at least L_sup's logarithm minus ln C.",
    "-p_min ln C.",
)
exercise.slip("logarithm in base 2", price=lambda p, size: p * math.log2(size)).says(
    "The logarithm of the number of classes is in bits.",
    "In which unit is L_sup?",
    "Nats: the natural logarithm everywhere.",
    "math.log, not log2.",
)
exercise.slip(
    "the largest term weighed by rho_c twice",
    largest=lambda anchors, a: anchors.sum(axis=1) * (anchors * np.logaddexp(0, a.max(axis=2))).sum(axis=1),
    kept=lambda p: 1.0,
).says(
    "The largest term keeps the weight rho_c of the anchor's class.",
    "Which class does the largest term belong to?",
    "To any j: its weight is at least p_min, whatever c is.",
    "p_min rho_c E_x max_j zeta(a_j).",
)
exercise.slip(
    "the largest anchor",
    largest=lambda anchors, a: (
        anchors.sum(axis=1) * np.where(anchors > 0, np.logaddexp(0, a.max(axis=2)), 0).max(axis=1)
    ),
).says(
    "The maximum of line 3 runs over the anchors x, too.",
    "Can the maximum over x be below an average over x?",
    "Only the maximum over j is taken, for each anchor; then the average over x ~ D_c.",
    "The weighted sum over x of max_j zeta(a_j).",
)

exercise.style("lines as lists of Python floats", finish=lambda lines: [np.asarray(line).tolist() for line in lines])


@exercise.accepted("loops, validated first", guarded=False)
def ladder_lemma1(rho, classes, z):
    validate.world(rho, classes, z)
    size, points, means = len(rho), range(len(z)), classes @ z

    def zeta(t):
        return max(float(t), 0.0) + math.log1p(math.exp(-abs(float(t))))

    negative, inner = rho @ classes, z @ z.T
    one, two, three, four = 0.0, [0.0] * size, [0.0] * size, 0.0
    for x in points:
        for p in points:
            pair = sum(rho * classes[:, x] * classes[:, p])
            for y in points:
                one += pair * negative[y] * zeta(inner[x, y] - inner[x, p])
    for c in range(size):
        for x in points:
            weight = rho[c] * classes[c, x]
            a = [float(z[x] @ (means[j] - means[c])) for j in range(size)]
            for j in range(size):
                two[j] += weight * rho[j] * zeta(a[j])
            three[c] += min(rho) * weight * max(map(zeta, a))
            four += weight * (max(a) + math.log(sum(math.exp(v - max(a)) for v in a)))
    return one, two, three, (min(rho) * four, -min(rho) * math.log(size))


@exercise.accepted("torch")
def ladder_lemma1(rho, classes, z):
    law, rows, points = map(torch.from_numpy, (rho, classes, z))
    inner, scores = points @ points.T, points @ (rows @ points).T
    anchors = law[:, None] * rows
    pairs = anchors.T @ rows
    one = torch.einsum("xp,y,xpy->", pairs, law @ rows, F.softplus(inner[:, None] - inner[:, :, None]))
    a = scores[None] - scores.T[:, :, None]
    two = law * torch.einsum("cx,cxj->j", anchors, F.softplus(a))
    three = law.min() * (anchors * F.softplus(a).amax(2)).sum(dim=1)
    four = law.min() * (anchors * a.logsumexp(2)).sum()
    return [one, two, list(three), [four, -law.min() * math.log(len(rho))]]
