"""multiway_mean_loss: what its check looks at. Overlapping classes, non-uniform rho and points, logits of 1e4."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.spec import Exercise
from course import validate, worlds
from course.check.case import Case, bad_input

exercise = Exercise(
    "multiway_mean_loss",
    hints={
        "values": (
            "An anchor is a pair (class, point). What is the probability of class c together with point x?",
            "The pair (c, x) has probability rho_c D_c(x); it pays ln sum_j e^{f(x).mu_j} - f(x).mu_c.",
            "scores = z @ (classes @ z).T has shape (S, C); take a log-sum-exp over its columns, then average.",
        ),
        "stability": (
            "e^710 is already infinite in float64.",
            "np.logaddexp.reduce(scores, axis=1) is a log-sum-exp that never forms a large exponential.",
        ),
        "bad input": ("`validate.world(rho, classes, z)` raises for everything that the statement names.",),
    },
)


@exercise.cases
def cases(rng):
    for c, s, d in ((3, 5, 2), (2, 4, 3), (4, 6, 1)):
        yield Case(f"C = {c}, S = {s}, d = {d}, overlapping classes", worlds.random_world(rng, c, s, d, 1.2))
    yield Case("C = 3, S = 7, d = 2, disjoint classes", worlds.random_world(rng, 3, 7, 2, 0.8, overlap=False))
    yield Case("one class", worlds.random_world(rng, 1, 4, 2))
    yield Case("logits up to about 1e4", worlds.random_world(rng, 3, 5, 2, 60.0), part="stability")
    rho, classes, z = worlds.random_world(rng, 3, 5, 2)
    yield bad_input("rho sums to 1.2", 1.2 * rho, classes, z)
    yield bad_input("rho has a zero", np.array([0.4, 0.6, 0.0]), classes, z)
    yield bad_input("a row of classes sums to 0.9", rho, classes * np.array([[1.0], [1.0], [0.9]]), z)
    yield bad_input("z has fewer rows than there are points", rho, classes, z[:4])
    yield bad_input("NaN in z", rho, classes, np.where(np.eye(5, 2) > 0, np.nan, z))


@exercise.property("at f = 0 the mean classifier guesses, and pays ln C")
def guess(f, rng):
    for c in (2, 3, 5):
        rho, classes, z = worlds.random_world(rng, c, 6, 2)
        if abs(f(rho, classes, 0 * z) - math.log(c)) > 1e-9:
            return f"at f = 0 with C = {c} classes the loss must be ln {c} = {math.log(c):.6f}"


@exercise.property("rotating the embedding, or renaming the classes, changes nothing")
def invariant(f, rng):
    for _ in range(3):
        rho, classes, z = worlds.random_world(rng, 3, 6, 3)
        before, order = f(rho, classes, z), rng.permutation(3)
        rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        if abs(f(rho, classes, z @ rotation) - before) > 1e-9:
            return "rotating all embeddings changed the loss"
        if abs(f(rho[order], classes[order], z) - before) > 1e-9:
            return "renaming the classes changed the loss"


@exercise.wrong(
    "own class missing from the denominator",
    belief="The classifier compares the true class with the others, so the sum runs over the others only.",
    hints=(
        "A cross-entropy is never negative. Is yours?",
        "The softmax runs over all C classes, the true one included.",
        "Do not mask the diagonal: the sum over j has the term j = c, which is e^{f(x).mu_c}.",
    ),
)
def multiway_mean_loss(rho, classes, z):
    validate.world(rho, classes, z)
    scores = z @ (classes @ z).T
    total = 0.0
    for c in range(len(rho)):
        others = [j for j in range(len(rho)) if j != c]
        rest = np.logaddexp.reduce(scores[:, others], axis=1) if others else np.full(len(z), -np.inf)
        total += rho[c] * (classes[c] * (rest - scores[:, c])).sum()
    return total


@exercise.wrong(
    "points of a class count the same",
    belief="Inside a class, the loss is the plain average over its points.",
    hints=(
        "Are the points of a class equally likely?",
        "x ~ D_c: the point x has weight D_c(x) inside class c.",
        "Multiply the loss of point x by classes[c, x] and sum, instead of averaging over the support.",
    ),
)
def multiway_mean_loss(rho, classes, z):
    validate.world(rho, classes, z)
    scores = z @ (classes @ z).T
    loss = np.logaddexp.reduce(scores, axis=1)[:, None] - scores
    support = (classes > 0) / (classes > 0).sum(axis=1, keepdims=True)
    return (rho[:, None] * support * loss.T).sum()


@exercise.wrong(
    "classes count the same",
    belief="All classes weigh 1/C in the average.",
    hints=(
        "By which law is the class of the anchor drawn?",
        "c ~ rho: a frequent class counts more.",
        "Replace the mean over classes by a sum with weights rho.",
    ),
)
def multiway_mean_loss(rho, classes, z):
    validate.world(rho, classes, z)
    scores = z @ (classes @ z).T
    loss = np.logaddexp.reduce(scores, axis=1)[:, None] - scores
    return (classes * loss.T).sum() / len(rho)


@exercise.wrong(
    "plain averages as class means",
    belief="The mean of a class is the average of the points it can produce, whatever their probabilities.",
    hints=(
        "Which points does a class produce often?",
        "mu_c = sum_x D_c(x) f(x): every point of the class enters with its probability.",
        "The means are classes @ z.",
    ),
)
def multiway_mean_loss(rho, classes, z):
    validate.world(rho, classes, z)
    support = (classes > 0) / (classes > 0).sum(axis=1, keepdims=True)
    scores = z @ (support @ z).T
    loss = np.logaddexp.reduce(scores, axis=1)[:, None] - scores
    return (rho[:, None] * classes * loss.T).sum()


@exercise.wrong(
    "the anchor replaced by its class mean",
    belief="The classifier is built from class means, so its loss may be taken at the class means as well.",
    hints=(
        "Which of the two factors of f(x).mu_j is random?",
        "The anchor x stays a random point of its class; only the classifier uses means.",
        "Average the loss over x ~ D_c; by Jensen, the loss at the mean is smaller.",
    ),
)
def multiway_mean_loss(rho, classes, z):
    validate.world(rho, classes, z)
    means = classes @ z
    scores = means @ means.T
    return (rho * (np.logaddexp.reduce(scores, axis=1) - np.diag(scores))).sum()


@exercise.wrong(
    "logarithm of the average probability",
    belief="The loss is minus the logarithm of the average probability that the classifier gives to the true class.",
    hints=(
        "Which comes first in the definition, the logarithm or the expectation?",
        "E[-ln p] and -ln E[p] differ (Jensen); the loss is the first.",
        "Take the logarithm for each (c, x), then average with weights rho_c D_c(x).",
    ),
)
def multiway_mean_loss(rho, classes, z):
    validate.world(rho, classes, z)
    scores = z @ (classes @ z).T
    log_probability = scores - np.logaddexp.reduce(scores, axis=1)[:, None]
    return -np.log((rho[:, None] * classes * np.exp(log_probability).T).sum())


@exercise.wrong(
    "sum of two-class losses",
    belief="Telling C classes apart costs the sum of the two-class losses against every other class.",
    hints=(
        "What does f = 0 cost with C classes: ln C or (C - 1) ln 2?",
        "One softmax over all classes, not C - 1 separate logistic losses.",
        "ln(1 + sum_{j != c} e^{a_j}) is one logarithm of a sum; you took a sum of logarithms.",
    ),
)
def multiway_mean_loss(rho, classes, z):
    validate.world(rho, classes, z)
    scores = z @ (classes @ z).T
    total = 0.0
    for c in range(len(rho)):
        for j in range(len(rho)):
            if j != c:
                total += rho[c] * (classes[c] * np.logaddexp(0, scores[:, j] - scores[:, c])).sum()
    return total


@exercise.wrong(
    "exponentials that overflow",
    belief="The formula with exp and log can be typed in as it stands.",
    hints=(
        "What is np.exp(1000)?",
        "Subtract the largest score before taking exponentials, or use np.logaddexp.reduce.",
        "-ln softmax_c = logsumexp(scores) - scores_c, with a stable logsumexp.",
    ),
)
def multiway_mean_loss(rho, classes, z):
    validate.world(rho, classes, z)
    scores = z @ (classes @ z).T
    softmax = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return (rho[:, None] * classes * -np.log(softmax).T).sum()


@exercise.accepted("loop over classes and points")
def multiway_mean_loss(rho, classes, z):
    validate.world(rho, classes, z)
    means = [sum(p * point for p, point in zip(law, z, strict=True)) for law in classes]
    total = 0.0
    for c, law in enumerate(classes):
        for p, point in zip(law, z, strict=True):
            scores = [float(point @ mean) for mean in means]
            top = max(scores)
            total += float(rho[c] * p) * (top + math.log(sum(math.exp(v - top) for v in scores)) - scores[c])
    return total


@exercise.accepted("torch cross-entropy for every class")
def multiway_mean_loss(rho, classes, z):
    validate.world(rho, classes, z)
    scores = torch.from_numpy(z @ (classes @ z).T)
    label = torch.arange(len(rho))[:, None].expand(-1, len(z))
    loss = F.cross_entropy(scores.expand(len(rho), -1, -1).transpose(1, 2), label, reduction="none")
    return (torch.from_numpy(rho)[:, None] * torch.from_numpy(classes) * loss).sum()


@exercise.accepted("differences of means, logaddexp")
def multiway_mean_loss(rho, classes, z):
    validate.world(rho, classes, z)
    means = classes @ z
    a = np.einsum("xd,cjd->cxj", z, means[None, :, :] - means[:, None, :])
    return np.average(np.einsum("cx,cx->c", classes, np.logaddexp.reduce(a, axis=2)), weights=rho)


def mean_loss(rho, classes, z):
    """The loss that the properties of other exercises compare with their bounds."""
    scores = z @ (classes @ z).T
    loss = np.logaddexp.reduce(scores, axis=1)[:, None] - scores
    return float((rho[:, None] * classes * loss.T).sum())
