"""mean_classifier_loss: what its check looks at. Three classes or more with a non-uniform rho (with two classes every
weighting of the tasks agrees), overlapping classes, points of unequal probability, d different from C."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.spec import Exercise
from course import validate, worlds
from course.check.case import Case, bad_input

LN2 = math.log(2)

exercise = Exercise(
    "mean_classifier_loss",
    hints={
        "values": (
            "Start with two classes: there is one task, and rho plays no role.",
            "Compute own[c, e] = E_{x ~ D_c} ln(1 + exp(f(x).(mu_e - mu_c))) for every ordered pair of classes.",
            "The answer: the sum of rho_c rho_e own[c, e] over c != e, divided by the sum of rho_c rho_e over c != e.",
        ),
        "stability": ("ln(1 + e^v) = np.logaddexp(0, v) is finite for every v.",),
        "bad input": (
            "`validate.world(rho, classes, z)` raises for most of it; one class is left to you.",
            "if len(rho) < 2: raise ValueError(...)",
        ),
        "properties": ("With two classes the answer does not depend on rho: both halves of a task weigh 1/2.",),
    },
)


def largest_margin(classes, z, size):
    """z scaled so that the largest |f(x).(mu_e - mu_c)| is `size`."""
    scores = z @ (classes @ z).T
    return z * math.sqrt(size / np.abs(scores[:, None, :] - scores[:, :, None]).max())


@exercise.cases
def cases(rng):
    for c, s, d in ((3, 5, 2), (4, 6, 3), (5, 4, 2)):
        yield Case(f"C = {c}, S = {s}, d = {d}, overlapping classes", worlds.random_world(rng, c, s, d, 1.3))
    yield Case("C = 3, S = 7, d = 1, disjoint classes", worlds.random_world(rng, 3, 7, 1, 1.5, overlap=False))
    yield Case("C = 2, S = 4, d = 2", worlds.random_world(rng, 2, 4, 2, 1.5, overlap=False))
    yield Case("constant inside each class", worlds.class_constant_world(rng, 3, 6, 2, 1.2))
    rho, classes, z = worlds.random_world(rng, 3, 5, 2)
    yield Case("f = 0", (rho, classes, 0 * z))
    yield Case("logits of 1e3", (rho, classes, largest_margin(classes, z, 1e3)), part="stability")
    yield Case("logits of 1e4", (rho, classes, largest_margin(classes, z, 1e4)), part="stability")
    yield bad_input("one class", np.ones(1), classes[:1], z)
    yield bad_input("rho sums to 1.1", 1.1 * rho, classes, z)
    yield bad_input("rho has a zero", np.array([0.4, 0.6, 0.0]), classes, z)
    yield bad_input("a row of classes sums to 0.9", rho, classes * np.array([[0.9], [1.0], [1.0]]), z)
    yield bad_input("rho and classes of different C", rho, classes[:2], z)
    yield bad_input("NaN in z", rho, classes, np.where(np.eye(5, 2) > 0, np.nan, z))


@exercise.property("f = 0 gives ln 2 on every world")
def at_zero(f, rng):
    rho, classes, z = worlds.random_world(rng, 4, 5, 2)
    if abs(f(rho, classes, 0 * z) - LN2) > 1e-9:
        return "with all embeddings 0 every task costs ln 2, but the average is not ln 2"


@exercise.property("with two classes rho plays no role")
def two_classes(f, rng):
    for _ in range(5):
        rho, classes, z = worlds.random_world(rng, 2, 5, 2)
        if abs(f(rho, classes, z) - f(np.array([0.5, 0.5]), classes, z)) > 1e-9:
            return "there is one task, both of its classes weigh 1/2, and yet the answer depends on rho"


@exercise.property("rotating the embedding, or renaming the classes, changes nothing")
def symmetries(f, rng):
    rho, classes, z = worlds.random_world(rng, 4, 5, 3)
    value = f(rho, classes, z)
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    if abs(f(rho, classes, z @ q) - value) > 1e-9:
        return "the loss changed when z was rotated"
    order = rng.permutation(4)
    if abs(f(rho[order], classes[order], z) - value) > 1e-9:
        return "the loss changed when the classes were listed in another order"


@exercise.property("two identical classes cost at least ln 2 on their task")
def identical_classes(f, rng):
    _, classes, z = worlds.random_world(rng, 2, 5, 2)
    if abs(f(np.array([0.3, 0.7]), classes[[0, 0]], z) - LN2) > 1e-9:
        return "two classes with one law have one mean, the task costs ln 2, but the answer is not ln 2"


@exercise.wrong(
    "tasks uniform",
    belief="All tasks count the same.",
    hints=(
        "How often does nature draw the pair (c1, c2)?",
        "Both classes are drawn from rho: the pair (a, b) has probability proportional to rho_a rho_b.",
        "Weigh task (a, b) by rho_a rho_b and divide by the sum of these weights over a != b.",
    ),
)
def mean_classifier_loss(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError("one class")
    scores = z @ (classes @ z).T
    own = np.einsum("cx,xce->ce", classes, np.logaddexp(0, scores[:, None, :] - scores[:, :, None]))
    return own[~np.eye(len(rho), dtype=bool)].mean()


@exercise.wrong(
    "tasks with one class twice",
    belief="A task may consist of the same class twice.",
    hints=(
        "What is there to classify when c1 = c2?",
        "The expectation is conditional on c1 != c2: collisions are left out of the average.",
        "Put zeros on the diagonal of the weights rho_a rho_b and divide by their sum, 1 - sum rho^2.",
    ),
)
def mean_classifier_loss(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError("one class")
    scores = z @ (classes @ z).T
    own = np.einsum("cx,xce->ce", classes, np.logaddexp(0, scores[:, None, :] - scores[:, :, None]))
    return rho @ own @ rho


@exercise.wrong(
    "not conditioned on distinct classes",
    belief="Leaving out c1 = c2 is enough; the weights need no division.",
    hints=(
        "What do your weights sum to?",
        "They sum to 1 - sum rho^2. A conditional expectation divides by the probability of the condition.",
        "Divide by the sum of rho_a rho_b over a != b.",
    ),
)
def mean_classifier_loss(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError("one class")
    scores = z @ (classes @ z).T
    own = np.einsum("cx,xce->ce", classes, np.logaddexp(0, scores[:, None, :] - scores[:, :, None]))
    return rho @ own @ rho - (rho**2).sum() * np.log(2)


@exercise.wrong(
    "inside a task, classes weigh by rho",
    belief="Inside a task the likelier class weighs more: rho_a / (rho_a + rho_b).",
    hints=(
        "Which weights stand in front of the two expectations of a task?",
        "They are 1/2 and 1/2, whatever rho says. rho only decides how often the task is drawn.",
        "With weights rho(c | task) the lemma of this unit fails; take the plain average of the two halves.",
    ),
)
def mean_classifier_loss(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError("one class")
    scores = z @ (classes @ z).T
    own = np.einsum("cx,xce->ce", classes, np.logaddexp(0, scores[:, None, :] - scores[:, :, None]))
    total = weight = 0.0
    for a in range(len(rho)):
        for b in range(a):
            task = (rho[a] * own[a, b] + rho[b] * own[b, a]) / (rho[a] + rho[b])
            total, weight = total + rho[a] * rho[b] * task, weight + rho[a] * rho[b]
    return total / weight


@exercise.wrong(
    "halves added",
    belief="The loss of a task is the sum of the losses of its two classes.",
    hints=(
        "What is your value at f = 0?",
        "It is 2 ln 2 there; the loss of a task is the average of its two classes.",
        "Put the factors 1/2 in front of both expectations.",
    ),
)
def mean_classifier_loss(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError("one class")
    scores = z @ (classes @ z).T
    own = np.einsum("cx,xce->ce", classes, np.logaddexp(0, scores[:, None, :] - scores[:, :, None]))
    weights = np.outer(rho, rho) * (1 - np.eye(len(rho)))
    return (weights * (own + own.T)).sum() / weights.sum()


@exercise.wrong(
    "one half of each task",
    belief="For a task (c1, c2) with c1 < c2 it is enough to look at the points of c1.",
    hints=(
        "Points of which classes does the classifier meet in a task?",
        "Of both: half of the loss comes from D_{c1}, half from D_{c2}.",
        "Sum over both orders (a, b) and (b, a).",
    ),
)
def mean_classifier_loss(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError("one class")
    scores = z @ (classes @ z).T
    own = np.einsum("cx,xce->ce", classes, np.logaddexp(0, scores[:, None, :] - scores[:, :, None]))
    weights = np.triu(np.outer(rho, rho), 1)
    return (weights * own).sum() / weights.sum()


@exercise.wrong(
    "points unweighted in the means",
    belief="The mean of a class is the plain average of the points that it can produce.",
    hints=(
        "Do all points of a class have the same probability?",
        "mu_c = sum_x D_c(x) f(x): the row classes[c] holds the weights.",
        "Use class_means(classes, z) = classes @ z.",
    ),
)
def mean_classifier_loss(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError("one class")
    support = (classes > 0) / (classes > 0).sum(axis=1, keepdims=True)
    scores = z @ (support @ z).T
    own = np.einsum("cx,xce->ce", classes, np.logaddexp(0, scores[:, None, :] - scores[:, :, None]))
    weights = np.outer(rho, rho) * (1 - np.eye(len(rho)))
    return (weights * own).sum() / weights.sum()


@exercise.wrong(
    "means of norm 1",
    belief="The classifier's weight vectors are the class means scaled to norm 1.",
    hints=(
        "Does the statement divide mu_c by its norm?",
        "The score of class c is f(x).mu_c with the mean as it is.",
        "Leave out the normalisation of the means.",
    ),
)
def mean_classifier_loss(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError("one class")
    mu = classes @ z
    scores = z @ (mu / np.maximum(np.linalg.norm(mu, axis=1, keepdims=True), 1e-300)).T
    own = np.einsum("cx,xce->ce", classes, np.logaddexp(0, scores[:, None, :] - scores[:, :, None]))
    weights = np.outer(rho, rho) * (1 - np.eye(len(rho)))
    return (weights * own).sum() / weights.sum()


@exercise.wrong(
    "loss at the mean point",
    belief="The loss of class c is the loss at its mean point, ln(1 + exp(mu_c.(mu_e - mu_c))).",
    hints=(
        "Is the average of the losses the loss of the average point?",
        "The expectation over x stands outside the logarithm.",
        "Compute the loss at every point x, then average with the weights classes[c].",
    ),
)
def mean_classifier_loss(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError("one class")
    mu = classes @ z
    scores = mu @ mu.T
    own = np.logaddexp(0, scores - np.diag(scores)[:, None])
    weights = np.outer(rho, rho) * (1 - np.eye(len(rho)))
    return (weights * own).sum() / weights.sum()


@exercise.wrong(
    "all classes at once",
    belief="The mean classifier chooses among all C classes, so the loss is a softmax over all of them.",
    hints=(
        "How many classes compete in one task?",
        "Two: the loss of a task is ln(1 + e^v) with one other class, then tasks are averaged.",
        "Average ln(1 + exp(f(x).(mu_e - mu_c))) over e != c with weights rho_c rho_e.",
    ),
)
def mean_classifier_loss(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError("one class")
    scores = z @ (classes @ z).T
    top = scores.max(axis=1, keepdims=True)
    log_sum = top + np.log(np.exp(scores - top).sum(axis=1, keepdims=True))
    return np.einsum("c,cx,xc->", rho, classes, log_sum - scores)


@exercise.wrong(
    "classes swapped",
    belief="A point of c1 is scored by mu_{c1} - mu_{c2} in the exponent.",
    hints=(
        "What should the loss of a point do when it moves towards the mean of its own class?",
        "It should fall: the own class stands with a minus sign in the exponent.",
        "ln(1 + exp(f(x).(mu_other - mu_own))).",
    ),
)
def mean_classifier_loss(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError("one class")
    scores = z @ (classes @ z).T
    own = np.einsum("cx,xce->ce", classes, np.logaddexp(0, scores[:, :, None] - scores[:, None, :]))
    weights = np.outer(rho, rho) * (1 - np.eye(len(rho)))
    return (weights * own).sum() / weights.sum()


@exercise.wrong(
    "exponential overflows",
    belief="np.log(1 + np.exp(v)) is a safe way to compute ln(1 + e^v).",
    hints=(
        "What is np.exp(1000)?",
        "It is inf, and 0 * inf is NaN, although ln(1 + e^1000) = 1000.",
        "np.logaddexp(0, v) computes ln(e^0 + e^v) without overflow.",
    ),
)
def mean_classifier_loss(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError("one class")
    scores = z @ (classes @ z).T
    own = np.einsum("cx,xce->ce", classes, np.log(1 + np.exp(scores[:, None, :] - scores[:, :, None])))
    weights = np.outer(rho, rho) * (1 - np.eye(len(rho)))
    return (weights * own).sum() / weights.sum()


@exercise.accepted("unordered tasks, loops, Python floats")
def mean_classifier_loss(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError(f"one class: {rho}")
    total = weight = 0.0
    for a in range(len(rho)):
        for b in range(a + 1, len(rho)):
            w = classes[b] @ z - classes[a] @ z
            task = 0.0
            for x in range(len(z)):
                v = float(z[x] @ w)
                task += 0.5 * classes[a][x] * (max(v, 0) + math.log1p(math.exp(-abs(v))))
                task += 0.5 * classes[b][x] * (max(-v, 0) + math.log1p(math.exp(-abs(v))))
            total += 2 * rho[a] * rho[b] * task
            weight += 2 * rho[a] * rho[b]
    return float(total / weight)


@exercise.accepted("torch, minus log-sigmoid")
def mean_classifier_loss(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError(f"one class: {rho}")
    r, d, e = (torch.from_numpy(a) for a in (rho, classes, z))
    scores = e @ (d @ e).T
    own = torch.einsum("cx,xce->ce", d, -F.logsigmoid(scores[:, :, None] - scores[:, None, :]))
    weights = torch.outer(r, r).fill_diagonal_(0)
    return (weights * own).sum() / (1 - (r**2).sum())


@exercise.accepted("softmax of two scores")
def mean_classifier_loss(rho, classes, z):
    validate.world(rho, classes, z)
    n = len(rho)
    if n < 2:
        raise ValueError(f"one class: {rho}")
    scores = z @ (classes @ z).T
    tasks = [(a, b) for a in range(n) for b in range(n) if a != b]
    probabilities = np.array([rho[a] * rho[b] for a, b in tasks])
    losses = []
    for a, b in tasks:
        log_sum = np.logaddexp(scores[:, a], scores[:, b])
        losses.append((classes[a] @ (log_sum - scores[:, a]) + classes[b] @ (log_sum - scores[:, b])) / 2)
    return np.average(losses, weights=probabilities)


@exercise.accepted("base 2 turned into nats")
def mean_classifier_loss(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError(f"one class: {rho}")
    scores = z @ (classes @ z).T
    bits = np.logaddexp2(0, (scores[:, None, :] - scores[:, :, None]) / np.log(2))
    own = np.einsum("cx,xce->ce", classes, bits) * np.log(2)
    return (rho @ own @ rho - (rho**2).sum() * np.log(2)) / (1 - rho @ rho)
