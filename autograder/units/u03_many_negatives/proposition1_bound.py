"""proposition1_bound: what its check looks at. N = 1 (where tau_N is large), k from 1 to C - 1, k + 1 > C raises."""

import itertools
import math

import numpy as np
import torch

from autograder.spec import Exercise
from autograder.units.u03_many_negatives.unsupervised_loss_many import exact_loss
from course import validate, worlds
from course.check.case import Case, bad_input

exercise = Exercise(
    "proposition1_bound",
    hints={
        "values": (
            "tau_N for uniform rho: the anchor's class is any of C, and each of N negatives must be the same.",
            "tau_N = C (1/C)^(N+1) = C^-N.",
            "k / (1 - tau_N) times (L - tau_N ln(N + 1)), with the natural logarithm.",
        ),
        "bad input": (
            "k + 1 distinct classes must exist: k >= 1 and k + 1 <= C.",
            "validate.count(minimum=1, n_negatives=n_negatives, k=k), then compare k + 1 with n_classes.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for c, n, k in ((3, 1, 1), (5, 1, 3), (2, 2, 1), (4, 3, 2), (10, 15, 9)):
        yield Case(f"C = {c}, N = {n}, k = {k}", (float(rng.uniform(1, 3)), c, n, k))
    yield Case("C = 1000, N = 65536, k = 20", (float(rng.uniform(4, 8)), 1000, 65536, 20))
    yield bad_input("k + 1 > C", 1.0, 4, 3, 4)
    yield bad_input("k = 0", 1.0, 4, 3, 0)
    yield bad_input("one class", 1.0, 1, 3, 1)
    yield bad_input("N = 0", 1.0, 4, 0, 2)
    yield bad_input("a negative loss", -1.0, 4, 3, 2)
    yield bad_input("a loss that is NaN", float("nan"), 4, 3, 2)


@exercise.property("it bounds the mean classifier's average loss over tasks on random worlds")
def theorem(f, rng):
    for n, k in ((1, 1), (1, 2), (3, 2), (2, 3)):
        rho, classes, z = worlds.random_world(rng, 4, 5, 2, rng.uniform(0.3, 2), uniform=True)
        if average_task_loss(classes, z, k) > f(exact_loss(rho, classes, z, n), 4, n, k) + 1e-9:
            return "a random world has L_sup,k above your bound"


def average_task_loss(classes, z, k):
    """Mean over all sets of k + 1 classes of the mean classifier's cross-entropy, classes of a task equally likely."""
    scores = (z @ (classes @ z).T).T  # scores[j, x] = f(x).mu_j
    tasks = [list(task) for task in itertools.combinations(range(len(classes)), k + 1)]
    losses = [(classes[task] * (np.logaddexp.reduce(scores[task], axis=0) - scores[task])).sum() for task in tasks]
    return float(np.mean(losses) / (k + 1))


@exercise.wrong(
    "one power too many",
    belief="tau_N = C^-(N+1): all N + 1 classes take one given value.",
    hints=(
        "Must the common class be a given one?",
        "All N + 1 draws agree: on any of the C classes. Sum over the classes.",
        "C times C^-(N+1) is C^-N.",
    ),
)
def proposition1_bound(unsup_loss, n_classes, n_negatives, k):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=1, n_negatives=n_negatives, k=k)
    if k + 1 > n_classes:
        raise ValueError(f"k = {k}")
    tau = float(n_classes) ** -(n_negatives + 1.0)
    return k / (1 - tau) * (unsup_loss - tau * math.log(n_negatives + 1))


@exercise.wrong(
    "N to the power -C",
    belief="tau_N = N^-C.",
    hints=(
        "Which probability is repeated, and how often?",
        "Each of N negatives has the anchor's class with probability 1/C.",
        "C^-N.",
    ),
)
def proposition1_bound(unsup_loss, n_classes, n_negatives, k):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=1, n_negatives=n_negatives, k=k)
    if k + 1 > n_classes:
        raise ValueError(f"k = {k}")
    tau = float(n_negatives) ** -float(n_classes) if n_negatives > 1 else 0.5
    return k / (1 - tau) * (unsup_loss - tau * math.log(n_negatives + 1))


@exercise.wrong(
    "one collision is enough",
    belief="tau does not depend on N: a draw is spoilt when one negative collides, with probability 1/C.",
    hints=(
        "What is left of a draw with some collisions?",
        "Only draws in which all N negatives collide say nothing about other classes.",
        "tau_N = C^-N, which is 1/C only for N = 1.",
    ),
)
def proposition1_bound(unsup_loss, n_classes, n_negatives, k):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=1, n_negatives=n_negatives, k=k)
    if k + 1 > n_classes:
        raise ValueError(f"k = {k}")
    tau = 1 / n_classes
    return k / (1 - tau) * (unsup_loss - tau * math.log(n_negatives + 1))


@exercise.wrong(
    "k + 1 in front",
    belief="A task has k + 1 classes, so the factor is k + 1.",
    hints=(
        "How many logistic losses are added up to bound one (k+1)-way loss?",
        "One for each class other than the anchor's: k.",
        "k / (1 - tau_N).",
    ),
)
def proposition1_bound(unsup_loss, n_classes, n_negatives, k):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=1, n_negatives=n_negatives, k=k)
    if k + 1 > n_classes:
        raise ValueError(f"k = {k}")
    tau = float(n_classes) ** -float(n_negatives)
    return (k + 1) / (1 - tau) * (unsup_loss - tau * math.log(n_negatives + 1))


@exercise.wrong(
    "N and k exchanged",
    belief="N and k play the same part.",
    hints=(
        "Which of the two describes the training, and which the task afterwards?",
        "tau and ln belong to the N negatives; the factor in front belongs to the task of k + 1 classes.",
        "tau_N = C^-N and ln(N + 1), with k in front.",
    ),
)
def proposition1_bound(unsup_loss, n_classes, n_negatives, k):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=1, n_negatives=n_negatives, k=k)
    if k + 1 > n_classes:
        raise ValueError(f"k = {k}")
    tau = float(n_classes) ** -float(k)
    return n_negatives / (1 - tau) * (unsup_loss - tau * math.log(k + 1))


@exercise.wrong(
    "ln N",
    belief="A full collision costs ln N.",
    hints=(
        "How many candidates score the same?",
        "N negatives and the positive: ln(N + 1).",
        "math.log(n_negatives + 1).",
    ),
)
def proposition1_bound(unsup_loss, n_classes, n_negatives, k):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=1, n_negatives=n_negatives, k=k)
    if k + 1 > n_classes:
        raise ValueError(f"k = {k}")
    tau = float(n_classes) ** -float(n_negatives)
    return k / (1 - tau) * (unsup_loss - tau * math.log(n_negatives))


@exercise.wrong(
    "logarithm in base 2",
    belief="The base of the logarithm does not matter: log 2 = 1, as in part (1) of the restated proposition.",
    hints=(
        "In which unit is unsup_loss given?",
        "With the loss in nats, a full collision costs ln(N + 1) nats.",
        "Use math.log, not log2: for N = 1 the term is tau ln 2, not tau.",
    ),
)
def proposition1_bound(unsup_loss, n_classes, n_negatives, k):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=1, n_negatives=n_negatives, k=k)
    if k + 1 > n_classes:
        raise ValueError(f"k = {k}")
    tau = float(n_classes) ** -float(n_negatives)
    return k / (1 - tau) * (unsup_loss - tau * math.log2(n_negatives + 1))


@exercise.wrong(
    "collisions not subtracted",
    belief="Collisions only shrink the weight 1 - tau_N.",
    hints=(
        "What does a draw pay in which all negatives collide?",
        "It pays ln(N + 1), with probability tau_N; that part of the loss is not about the task.",
        "Subtract tau_N ln(N + 1) from the loss first.",
    ),
)
def proposition1_bound(unsup_loss, n_classes, n_negatives, k):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=1, n_negatives=n_negatives, k=k)
    if k + 1 > n_classes:
        raise ValueError(f"k = {k}")
    return k / (1 - float(n_classes) ** -float(n_negatives)) * unsup_loss


@exercise.accepted("plain Python, tau as a sum over classes")
def proposition1_bound(unsup_loss, n_classes, n_negatives, k):
    if not 0 <= unsup_loss < math.inf or n_negatives < 1 or not 2 <= k + 1 <= n_classes:
        raise ValueError(f"{unsup_loss}, {n_classes}, {n_negatives}, {k}")
    tau = sum((1 / n_classes) ** (n_negatives + 1) for _ in range(n_classes))
    return k * (unsup_loss - tau * math.log(n_negatives + 1)) / (1 - tau)


@exercise.accepted("numpy")
def proposition1_bound(unsup_loss, n_classes, n_negatives, k):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=1, n_negatives=n_negatives, k=k)
    validate.count(minimum=k + 1, n_classes=n_classes)
    log_tau = -n_negatives * np.log(n_classes)
    return k * (unsup_loss - np.exp(log_tau) * np.log1p(n_negatives)) / -np.expm1(log_tau)


@exercise.accepted("torch")
def proposition1_bound(unsup_loss, n_classes, n_negatives, k):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=1, n_negatives=n_negatives, k=k)
    if n_classes < k + 1:
        raise ValueError(f"k + 1 = {k + 1} > n_classes = {n_classes}")
    tau = torch.tensor(1.0 / n_classes, dtype=torch.float64) ** n_negatives
    return k / (1 - tau) * (unsup_loss - tau * math.log(n_negatives + 1))
