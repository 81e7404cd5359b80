"""proposition1_bound: what its check looks at. N = 1 (where tau_N is large), k from 1 to C - 1, k + 1 > C raises."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, loss, needs
from autograder.author.draw import larger_sizes
from autograder.units.u03_many_negatives.theorems import LN2, bounds_task_loss

exercise = Exercise(
    "proposition1_bound",
    refuses=(
        loss("unsup_loss"),
        count("n_negatives", "N"),
        count("k"),
        needs("k + 1 <= n_classes", {"k + 1 > C": {"k": 4}, "one class": {"n_classes": 1, "k": 1}}),
    ),
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
    yield from exercise.bad_inputs(1.0, 4, 3, 2)
    c, n, k = larger_sizes(rng, 3)
    args = (float(rng.uniform(4, 8)), c + k, n, k)
    yield Case("more classes, negatives and larger tasks", args, public=False)


@exercise.property("it bounds the mean classifier's average loss over tasks on random worlds")
def theorem(f, rng):
    return bounds_task_loss(f, rng)


@exercise.formula
def proposition1_bound(
    unsup_loss,
    n_classes,
    n_negatives,
    k,
    *,
    collide=lambda c, n: float(c) ** -float(n),
    price=lambda n: math.log(n + 1),
    front=lambda k: k,
    weight=lambda tau: 1 - tau,
    divided=True,
    exchanged=False,
):
    n, k = (k, n_negatives) if exchanged else (n_negatives, k)
    tau = collide(n_classes, n)
    factor, known = front(k) / weight(tau), tau * price(n)
    return factor * (unsup_loss - known) if divided else factor * unsup_loss - known


exercise.slip("one power too many", collide=lambda c, n: float(c) ** -(n + 1.0)).says(
    "tau_N = C^-(N+1): all N + 1 classes take one given value.",
    "Must the common class be a given one?",
    "All N + 1 draws agree: on any of the C classes. Sum over the classes.",
    "C times C^-(N+1) is C^-N.",
)
exercise.slip("N to the power -C", collide=lambda c, n: float(n) ** -float(c) if n > 1 else 0.5).says(
    "tau_N = N^-C.",
    "Which probability is repeated, and how often?",
    "Each of N negatives has the anchor's class with probability 1/C.",
    "C^-N.",
)
exercise.slip("one collision is enough", collide=lambda c, n: 1 / c).says(
    "tau does not depend on N: a draw is spoilt when one negative collides, with probability 1/C.",
    "What is left of a draw with some collisions?",
    "Only draws in which all N negatives collide say nothing about other classes.",
    "tau_N = C^-N, which is 1/C only for N = 1.",
)
exercise.slip("k + 1 in front", front=lambda k: k + 1).says(
    "A task has k + 1 classes, so the factor is k + 1.",
    "How many logistic losses are added up to bound one (k+1)-way loss?",
    "One for each class other than the anchor's: k.",
    "k / (1 - tau_N).",
)
exercise.slip("N and k exchanged", exchanged=True).says(
    "N and k play the same part.",
    "Which of the two describes the training, and which the task afterwards?",
    "tau and ln belong to the N negatives; the factor in front belongs to the task of k + 1 classes.",
    "tau_N = C^-N and ln(N + 1), with k in front.",
)
exercise.slip("ln N", price=math.log).says(
    "A full collision costs ln N.",
    "How many candidates score the same?",
    "N negatives and the positive: ln(N + 1).",
    "math.log(n_negatives + 1).",
)
exercise.slip("logarithm in base 2", price=lambda n: math.log2(n + 1)).says(
    "The base of the logarithm does not matter: log 2 = 1, as in part (1) of the restated proposition.",
    "In which unit is unsup_loss given?",
    "With the loss in nats, a full collision costs ln(N + 1) nats.",
    "Use math.log, not log2: for N = 1 the term is tau ln 2, not tau.",
)
exercise.slip("tau_N in place of tau_N ln(N + 1)", price=lambda n: 1.0).says(
    "The probability tau_N itself is subtracted from the loss.",
    "Your tau_N may be right. What does the loss cost when all negatives collide?",
    "A cost of 1 for N = 1 would be a collision in bits; in nats it is ln 2, and more for larger N.",
    "All N + 1 candidates score the same: subtract tau_N ln(N + 1).",
)
exercise.slip("ln 2 for a full collision", price=lambda n: LN2).says(
    "A collision costs ln 2, however many negatives there are.",
    "Your tau_N may be right. How many candidates score the same when all N negatives collide?",
    "With one negative there are two of them, and ln 2 is the cost; with N there are N + 1.",
    "math.log(n_negatives + 1).",
)
exercise.slip("constant subtracted after the factor", divided=False).says(
    "The cost of full collisions stands outside the bracket.",
    "Write the inequality before it is solved for the task's loss.",
    "L_un >= (1 - tau_N) / k L_sup,k + tau_N ln(N + 1): the difference is multiplied by k / (1 - tau_N).",
    "k / (1 - tau_N) times (L - tau_N ln(N + 1)).",
)
exercise.slip("the weight of other draws forgotten", weight=lambda tau: 1.0).says(
    "Full collisions are subtracted, and that is all that they change.",
    "How often does a draw hold a negative of another class?",
    "Only with probability 1 - tau_N does a draw say anything about the task.",
    "Divide by 1 - tau_N.",
)
exercise.slip("what is no full collision", collide=lambda c, n: (1 - 1 / c) ** n).says(
    "tau_N = (1 - 1/C)^N.",
    "Which event has that probability: that all negatives collide, or that none does?",
    "One negative collides with probability 1/C; N of them do with C^-N.",
    "C^-N.",
)
exercise.slip("collisions not subtracted", price=lambda n: 0.0).says(
    "Collisions only shrink the weight 1 - tau_N.",
    "What does a draw pay in which all negatives collide?",
    "It pays ln(N + 1), with probability tau_N; that part of the loss is not about the task.",
    "Subtract tau_N ln(N + 1) from the loss first.",
)
exercise.slip("no factor k", front=lambda k: 1.0).says(
    "The bound holds for every k with the factor 1/(1 - tau_N).",
    "Is a task of ten classes as cheap as one of two?",
    "What is kept of a draw is one other class: one logistic loss, of which a task needs k.",
    "k / (1 - tau_N).",
)
exercise.slip("some collision in place of a full one", collide=lambda c, n: 1 - (1 - 1 / c) ** n).says(
    "tau_N is the chance of at least one collision.",
    "Read the definition of tau_N again: how many of the c_i equal c?",
    "All of them: each with probability 1/C.",
    "C^-N.",
)
exercise.slip("one power too few", collide=lambda c, n: float(c) ** -(n - 1.0) if n > 1 else 0.0).says(
    "tau_N = C^-(N-1): the first negative is free.",
    "Whose class must the negatives have?",
    "The anchor's: it is fixed before the first negative is drawn.",
    "C^-N.",
)
exercise.slip("divided by tau_N", weight=lambda tau: tau).says(
    "The difference is divided by tau_N.",
    "Which draws tell something about the task?",
    "Those in which some negative has another class: 1 - tau_N.",
    "k / (1 - tau_N).",
)
exercise.slip("multiplied by the weight", weight=lambda tau: 1 / (1 - tau)).says(
    "The factor is k (1 - tau_N).",
    "Write the inequality before it is solved for the task's loss.",
    "L_un >= (1 - tau_N) / k L_sup,k + tau_N ln(N + 1).",
    "k / (1 - tau_N).",
)
exercise.slip("collisions added", price=lambda n: -math.log(n + 1)).says(
    "The cost of collisions is added to the loss.",
    "Does what is known of the loss make the bound larger?",
    "L_un >= (1 - tau_N) / k L_sup,k + tau_N ln(N + 1). Solve for the task's loss.",
    "k / (1 - tau_N) times (L - tau_N ln(N + 1)).",
)


@exercise.accepted("plain Python, tau as a sum over classes", guarded=False)
def proposition1_bound(unsup_loss, n_classes, n_negatives, k):
    if not 0 <= unsup_loss < math.inf or n_negatives < 1 or not 2 <= k + 1 <= n_classes:
        raise ValueError(f"{unsup_loss}, {n_classes}, {n_negatives}, {k}")
    tau = sum((1 / n_classes) ** (n_negatives + 1) for _ in range(n_classes))
    return k * (unsup_loss - tau * math.log(n_negatives + 1)) / (1 - tau)


@exercise.accepted("numpy")
def proposition1_bound(unsup_loss, n_classes, n_negatives, k):
    log_tau = -n_negatives * np.log(n_classes)
    return k * (unsup_loss - np.exp(log_tau) * np.log1p(n_negatives)) / -np.expm1(log_tau)


@exercise.accepted("torch")
def proposition1_bound(unsup_loss, n_classes, n_negatives, k):
    tau = torch.tensor(1.0 / n_classes, dtype=torch.float64) ** n_negatives
    return k / (1 - tau) * (unsup_loss - tau * math.log(n_negatives + 1))
