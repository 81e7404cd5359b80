"""multiway_mean_loss: what its check looks at. Overlapping classes, non-uniform rho and points, logits of 1e4."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, world
from autograder.author.draw import larger_world
from autograder.units.u03_many_negatives.theorems import on_support
from course import validate, worlds

exercise = Exercise(
    "multiway_mean_loss",
    refuses=(world("rho", "classes", "z"),),
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
    for c, s, d in ((3, 5, 2), (2, 4, 3), (4, 6, 1), (3, 3, 3)):
        yield Case(f"C = {c}, S = {s}, d = {d}, overlapping classes", worlds.random_world(rng, c, s, d, 1.2))
    yield Case("C = 3, S = 7, d = 2, disjoint classes", worlds.random_world(rng, 3, 7, 2, 0.8, overlap=False))
    yield Case("one class", worlds.random_world(rng, 1, 4, 2))
    yield Case("logits up to about 1e4", worlds.random_world(rng, 3, 5, 2, 60.0), part="stability")
    yield from exercise.bad_inputs(*worlds.random_world(rng, 3, 5, 2))
    yield Case("more classes, points and dimensions", larger_world(rng), public=False)


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


def cross_entropy(scores):
    """-ln softmax of each score (S, C)."""
    return np.logaddexp.reduce(scores, axis=1)[:, None] - scores


def against_others(scores, join):
    """What `join` makes of the scores of the other classes, less that of the class itself."""
    others = scores[:, None, :] - scores[:, :, None]
    return join(np.where(np.eye(scores.shape[1]) > 0, -np.inf, others))


def unit_rows(z):
    return z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-300)


@exercise.formula
def multiway_mean_loss(
    rho,
    classes,
    z,
    *,
    embed=lambda z: z,
    average=lambda classes: classes,
    meet=lambda classes, z: (classes, z),
    tilt=lambda scores, rho: scores,
    cost=cross_entropy,
    own=lambda losses, rho: losses,
    weigh=lambda rho: rho,
    after=lambda mean: mean,
    distance=0.0,
):
    z = embed(z)
    laws, points = meet(classes, z)
    means = average(classes) @ z
    scores = tilt(points @ means.T, rho)  # axes: point, class
    if distance:
        scores = -distance * ((points[:, None] - means) ** 2).sum(axis=2)
    losses = own(cost(scores), rho)
    return after((weigh(rho)[:, None] * laws * losses.T).sum())


exercise.slip(
    "own class missing from the denominator",
    cost=lambda scores: against_others(scores, lambda rows: np.logaddexp.reduce(rows, axis=2)),
).says(
    "The classifier compares the true class with the others, so the sum runs over the others only.",
    "A cross-entropy is never negative. Is yours?",
    "The softmax runs over all C classes, the true one included.",
    "Do not mask the diagonal: the sum over j has the term j = c, which is e^{f(x).mu_c}.",
)
exercise.slip("points of a class count the same", meet=lambda classes, z: (on_support(classes), z)).says(
    "Inside a class, the loss is the plain average over its points.",
    "Are the points of a class equally likely?",
    "x ~ D_c: the point x has weight D_c(x) inside class c.",
    "Multiply the loss of point x by classes[c, x] and sum, instead of averaging over the support.",
)
exercise.slip(
    "the anchor from any class", meet=lambda classes, z: (np.tile(classes.mean(axis=0), (len(classes), 1)), z)
).says(
    "The point x does not depend on the class c: both are drawn independently.",
    "Which points can be the anchor when the class is c?",
    "First c ~ rho, then x ~ D_c: a point that class c never produces is no anchor of it.",
    "The pair (c, x) has probability rho_c D_c(x).",
)
exercise.slip("classes count the same", weigh=lambda rho: np.full(len(rho), 1 / len(rho))).says(
    "All classes weigh 1/C in the average.",
    "By which law is the class of the anchor drawn?",
    "c ~ rho: a frequent class counts more.",
    "Replace the mean over classes by a sum with weights rho.",
)
exercise.slip("plain averages as class means", average=on_support).says(
    "The mean of a class is the average of the points it can produce, whatever their probabilities.",
    "Which points does a class produce often?",
    "mu_c = sum_x D_c(x) f(x): every point of the class enters with its probability.",
    "The means are classes @ z.",
)
exercise.slip(
    "the anchor replaced by its class mean", meet=lambda classes, z: (np.eye(len(classes)), classes @ z)
).says(
    "The classifier is built from class means, so its loss may be taken at the class means as well.",
    "Which of the two factors of f(x).mu_j is random?",
    "The anchor x stays a random point of its class; only the classifier uses means.",
    "Average the loss over x ~ D_c; by Jensen, the loss at the mean is smaller.",
)
exercise.slip(
    "logarithm of the average probability",
    cost=lambda scores: np.exp(-cross_entropy(scores)),
    after=lambda mean: -np.log(mean),
).says(
    "The loss is minus the logarithm of the average probability that the classifier gives to the true class.",
    "Which comes first in the definition, the logarithm or the expectation?",
    "E[-ln p] and -ln E[p] differ (Jensen); the loss is the first.",
    "Take the logarithm for each (c, x), then average with weights rho_c D_c(x).",
)
exercise.slip(
    "sum of two-class losses",
    cost=lambda scores: against_others(scores, lambda rows: np.logaddexp(0, rows).sum(axis=2)),
).says(
    "Telling C classes apart costs the sum of the two-class losses against every other class.",
    "What does f = 0 cost with C classes: ln C or (C - 1) ln 2?",
    "One softmax over all classes, not C - 1 separate logistic losses.",
    "ln(1 + sum_{j != c} e^{a_j}) is one logarithm of a sum; you took a sum of logarithms.",
)
exercise.slip("the softmax weighs classes by rho", tilt=lambda scores, rho: scores + np.log(rho)).says(
    "The classifier knows how frequent the classes are: its softmax weighs them by rho.",
    "What does your classifier answer at f = 0: all classes alike, or the frequent ones?",
    "The scores are f(x).mu_j alone; rho only says how often an anchor of class c comes.",
    "ln sum_j e^{f(x).mu_j} - f(x).mu_c, without rho_j in the sum.",
)
exercise.slip(
    "the sum weighed by rho",
    tilt=lambda scores, rho: scores + np.log(rho),
    own=lambda losses, rho: losses + np.log(rho),
).says(
    "The sum in the denominator is an average over the classes: its terms are weighed by rho.",
    "What is your loss at f = 0? It must be ln C.",
    "In the softmax all classes count alike; rho only says how often an anchor of class c comes.",
    "ln sum_j e^{f(x).mu_j} - f(x).mu_c, without rho_j in the sum.",
)
exercise.slip("the probability multiplied by rho", own=lambda losses, rho: losses - np.log(rho)).says(
    "The true class has the probability rho_c times its softmax, and the loss is minus the logarithm of that.",
    "What is your loss at f = 0? It must be ln C.",
    "rho_c weighs the loss of class c in the average; it does not stand inside the logarithm.",
    "Average ln sum_j e^{f(x).mu_j} - f(x).mu_c with the weights rho_c D_c(x).",
)
exercise.slip(
    "exponentials that overflow",
    cost=lambda scores: -np.log(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)),
).says(
    "The formula with exp and log can be typed in as it stands.",
    "What is np.exp(1000)?",
    "Subtract the largest score before taking exponentials, or use np.logaddexp.reduce.",
    "-ln softmax_c = logsumexp(scores) - scores_c, with a stable logsumexp.",
)
exercise.slip(
    "softmax over the points", cost=lambda scores: np.logaddexp.reduce(scores, axis=0)[None, :] - scores
).says(
    "The softmax compares the points with each other: its sum runs over x, for one class at a time.",
    "What does the classifier choose between: the points or the classes?",
    "For one point x the probabilities of the C classes sum to 1.",
    "Of scores (S, C), take the log-sum-exp over the classes, axis 1.",
)
exercise.slip("a 1 beside the own class", cost=lambda scores: np.logaddexp(cross_entropy(scores), 0)).says(
    "The logarithm holds a 1 and, beside it, the term of every class, the true one's too.",
    "What is your loss at f = 0? It must be ln C.",
    "The 1 of ln(1 + sum over j != c) *is* the term of class c, e^{a_c} = 1.",
    "Either 1 + the sum over the others, or the sum over all classes without the 1.",
)
exercise.slip("logarithm in base 2", after=lambda mean: mean / math.log(2)).says(
    "The loss is measured in bits.",
    "What is your loss at f = 0 for two classes: 1, or ln 2?",
    "Nats: the natural logarithm everywhere in this unit.",
    "Remove the division by ln 2.",
)
exercise.slip("embeddings normalised", embed=unit_rows).says(
    "Embeddings are normalised before they are compared.",
    "Does your answer change when z is multiplied by 2? It should.",
    "The scores are inner products f(x).mu_j of the embeddings as they are.",
    "Remove the normalisation.",
)
exercise.slip("all classes the same mean", average=lambda classes: classes.mean(axis=0) + 0 * classes).says(
    "The mean mu is taken over all classes.",
    "How does the classifier tell two classes apart, when both have the same mean?",
    "mu_j = sum_x D_j(x) f(x), each class with its own law.",
    "The means are the rows of classes @ z.",
)
exercise.slip("the sign", after=lambda mean: -mean).says(
    "The loss is the mean of ln softmax.",
    "A cross-entropy is never negative. Is yours?",
    "It is *minus* the logarithm of the true class's probability.",
    "ln sum_j e^{f(x).mu_j} - f(x).mu_c.",
)
exercise.slip("classes added up", weigh=lambda rho: np.ones(len(rho))).says(
    "The losses of the classes are added up.",
    "What is your loss at f = 0? It must be ln C.",
    "E_{c ~ rho}: class c has the weight rho_c, and the weights sum to 1.",
    "Multiply the loss of class c by rho_c.",
)
exercise.slip("nearest mean", distance=0.5).says(
    "The mean classifier scores a class by the distance to its mean.",
    "Which score does the statement give class j?",
    "f(x).mu_j alone: -|f(x) - mu_j|^2 / 2 holds -|mu_j|^2 / 2 besides, which differs from class to class.",
    "scores = z @ (classes @ z).T.",
)
exercise.slip("nearest mean, squared distance", distance=1.0).says(
    "The mean classifier scores a class by minus the squared distance to its mean.",
    "Which score does the statement give class j?",
    "f(x).mu_j alone: the distance holds -|mu_j|^2 besides, and counts the inner product twice.",
    "scores = z @ (classes @ z).T.",
)


@exercise.wrong(
    "one class for each point",
    belief="Each point belongs to one class, the one that produces it most often.",
    hints=(
        "Which classes can a point have where the rows of `classes` overlap?",
        "Every class c with D_c(x) > 0: the pair (c, x) is an anchor with probability rho_c D_c(x).",
        "Sum over all pairs (c, x), without an argmax.",
    ),
)
def multiway_mean_loss(rho, classes, z):
    joint = rho[:, None] * classes
    losses = cross_entropy(z @ (classes @ z).T)
    return joint.sum(axis=0) @ losses[np.arange(len(z)), joint.argmax(axis=0)]


@exercise.accepted("loop over classes and points, validated first", guarded=False)
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
    scores = torch.from_numpy(z @ (classes @ z).T)
    label = torch.arange(len(rho))[:, None].expand(-1, len(z))
    loss = F.cross_entropy(scores.expand(len(rho), -1, -1).transpose(1, 2), label, reduction="none")
    return (torch.from_numpy(rho)[:, None] * torch.from_numpy(classes) * loss).sum()


@exercise.accepted("differences of means, logaddexp")
def multiway_mean_loss(rho, classes, z):
    means = classes @ z
    a = np.einsum("xd,cjd->cxj", z, means[None, :, :] - means[:, None, :])
    return np.average(np.einsum("cx,cx->c", classes, np.logaddexp.reduce(a, axis=2)), weights=rho)
