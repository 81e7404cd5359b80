"""proposition1_best: what its check looks at. Every k from 1 to C - 1, N = 1, where one class or all of them decide."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, loss, needs
from autograder.author.draw import larger_sizes
from autograder.units.u03_many_negatives.theorems import LN2, bounds_task_loss, expected_log1p

exercise = Exercise(
    "proposition1_best",
    refuses=(
        loss("unsup_loss"),
        count("n_negatives", "N"),
        count("k"),
        needs("k + 1 <= n_classes", {"k + 1 > C": {"k": 4}, "one class": {"n_classes": 1, "k": 1}}),
    ),
    hints={
        "values": (
            "k = 1 must give the paper's Proposition 1, and k = C - 1 lemma2_sharp of a uniform rho.",
            "Fix q of the C - 1 other classes. With which probability does a uniform set of k others avoid all q? With "
            "which probability do N draws from all C classes avoid them?",
            "binom(C-1-q, k) / binom(C-1, k), and (1 - q/C)^N.",
            "kappa is the largest ratio over all q from 1 to C - 1: it need not be at an end.",
        ),
        "bad input": (
            "k + 1 distinct classes must exist: k >= 1 and k + 1 <= C.",
            "validate.count(minimum=1, n_negatives=n_negatives, k=k), then compare k + 1 with n_classes.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for c, n, k in ((3, 1, 1), (4, 2, 2), (5, 3, 2), (10, 3, 4), (6, 5, 3), (9, 4, 3), (10, 15, 9), (8, 1, 3)):
        yield Case(f"C = {c}, N = {n}, k = {k}", (float(rng.uniform(1, 3)), c, n, k))
    yield Case("C = 200, N = 65536, k = 20", (float(rng.uniform(6, 9)), 200, 65536, 20))
    yield from exercise.bad_inputs(1.0, 4, 3, 2)
    c, n, k = larger_sizes(rng, 3)
    args = (float(rng.uniform(4, 8)), c + k, n, k)
    yield Case("more classes, negatives and larger tasks", args, public=False)
    # k = 1: the largest ratio is at q = C - 1, which no other case needs
    c, n = larger_sizes(rng, 2)
    yield Case("C = 5, N = 3, k = 1", (float(rng.uniform(1, 3)), 5, 3, 1))
    yield Case("tasks of two classes", (float(rng.uniform(4, 8)), c, n, 1), public=False)


@exercise.property("it bounds the mean classifier's average loss over tasks on random worlds")
def theorem(f, rng):
    return bounds_task_loss(f, rng)


def meets(c, q, k):
    """Chance that a uniform set of k of c - 1 classes meets q given ones of them."""
    return 1 - math.comb(c - 1 - q, k) / math.comb(c - 1, k)


def drawn(c, q, n):
    """Chance that n draws from c classes meet q given ones of them."""
    return -math.expm1(n * math.log1p(-q / c))


@exercise.formula
def proposition1_best(
    unsup_loss,
    n_classes,
    n_negatives,
    k,
    *,
    task=meets,
    seen=drawn,
    sizes=lambda c: range(1, c),
    pick=max,
    collide=lambda c, n: float(c) ** -float(n),
    price=lambda n: math.log(n + 1),
    divided=True,
    ratio=lambda task, seen: task / seen,
):
    factor = pick(ratio(task(n_classes, q, k), seen(n_classes, q, n_negatives)) for q in sizes(n_classes))
    known = collide(n_classes, n_negatives) * price(n_negatives)
    return factor * (unsup_loss - known) if divided else factor * unsup_loss - known


exercise.slip(
    "the paper's factor",
    task=lambda c, q, k: float(k),
    seen=lambda c, q, n: 1 - float(c) ** -float(n),
).says(
    "The factor k/(1 - tau_N) of the paper cannot be improved.",
    "Let N grow: does a draw of many negatives really see one class only?",
    "Step (iii) of the paper's proof keeps a single negative. Compare sets of classes that are hit instead.",
    "kappa = max over q of (chance that the task meets q given classes) / (chance that the draws meet them).",
)
exercise.slip("one dangerous class", sizes=lambda c: range(1, 2)).says(
    "The worst case is a single dangerous rival.",
    "Evaluate the ratio for all q at C = 5, N = 3, k = 2.",
    "With few negatives several rivals are worse: the task meets one of them nearly surely, the draws do not.",
    "Take the largest ratio over q = 1, ..., C - 1.",
)
exercise.slip("all others dangerous", sizes=lambda c: range(c - 1, c)).says(
    "The worst case is that all other classes are dangerous.",
    "Evaluate the ratio for all q at C = 10, N = 15, k = 9.",
    "With many negatives a single rival is the worst: the draws may miss it.",
    "Take the largest ratio over q = 1, ..., C - 1.",
)
exercise.slip("the ends", sizes=lambda c: (1, c - 1)).says(
    "The largest ratio is at an end: one dangerous class, or all others.",
    "Evaluate the ratio for all q at C = 9, N = 4, k = 3.",
    "The ratio can be largest in between.",
    "Take the largest ratio over q = 1, ..., C - 1.",
)
exercise.slip("constant subtracted after the factor", divided=False).says(
    "The cost of full collisions stands outside the bracket.",
    "Write the inequality before it is solved for the task's loss.",
    "L_un >= L_sup,k / kappa + tau_N ln(N + 1): the difference is multiplied by kappa.",
    "kappa times (L - tau_N ln(N + 1)).",
)
exercise.slip("union bound for the task", task=lambda c, q, k: min(1.0, k * q / (c - 1))).says(
    "The chance that a task meets q given classes is k q / (C - 1).",
    "May a task meet two of the q classes at once?",
    "Such tasks are counted twice in k q / (C - 1): it is only an upper bound.",
    "1 - binom(C-1-q, k) / binom(C-1, k).",
)
exercise.slip("smallest ratio", pick=min).says(
    "The constant is the smallest ratio over q.",
    "alpha_q <= kappa beta_q must hold for every q.",
    "The factor has to serve the worst set of rivals.",
    "max over q, not min.",
)
exercise.slip("draws from the other classes only", seen=lambda c, q, n: 1 - (1 - q / (c - 1)) ** n).says(
    "The negatives come from the C - 1 other classes.",
    "May a negative have the anchor's class?",
    "Collisions happen: a draw avoids q given classes with probability 1 - q/C.",
    "1 - (1 - q/C)^N.",
)
exercise.slip("the task drawn from all classes", task=lambda c, q, k: 1 - math.comb(c - q, k) / math.comb(c, k)).says(
    "The k other classes of a task are drawn from all C classes.",
    "Can the anchor's class be among the *other* classes of its task?",
    "Given the anchor's class, the task's other classes are a uniform k-subset of the remaining C - 1.",
    "1 - binom(C-1-q, k) / binom(C-1, k).",
)
exercise.slip("the task drawn with repetition", task=lambda c, q, k: 1 - (1 - q / (c - 1)) ** k).says(
    "The classes of a task are independent draws.",
    "Are the k + 1 classes of a task distinct?",
    "Without repetition the task meets q given classes more often.",
    "1 - binom(C-1-q, k) / binom(C-1, k).",
)
exercise.slip("one power too many", collide=lambda c, n: float(c) ** -(n + 1.0)).says(
    "tau_N = C^-(N+1): all N + 1 classes take one given value.",
    "Must the common class be a given one?",
    "All N + 1 draws agree, on any of the C classes.",
    "tau_N = C^-N.",
)
exercise.slip("ln 2 for a full collision", price=lambda n: LN2).says(
    "A collision costs ln 2, however many negatives there are.",
    "How many candidates score the same when all N negatives collide?",
    "N negatives and the positive.",
    "tau_N ln(N + 1).",
)
exercise.slip("one class too many in the task", task=lambda c, q, k: meets(c, q, min(k + 1, c - 1))).says(
    "A task has k + 1 classes beside the anchor's.",
    "How many classes does a task have in all?",
    "k + 1, the anchor's among them: k others.",
    "1 - binom(C-1-q, k) / binom(C-1, k).",
)
exercise.slip("any k + 1 classes", task=lambda c, q, k: 1 - math.comb(c - q, k + 1) / math.comb(c, k + 1)).says(
    "A task is any set of k + 1 of the C classes, whether the anchor's class is in it or not.",
    "Which tasks does an anchor of class c take part in?",
    "Those that contain c: k of the C - 1 others are drawn.",
    "1 - binom(C-1-q, k) / binom(C-1, k).",
)
exercise.slip("all draws in the set", seen=lambda c, q, n: (q / c) ** float(n)).says(
    "The draws meet a set when all of them fall into it.",
    "What does `meet` mean in the lecture's proof: one draw in the set, or all?",
    "One is enough: the complement is that all N draws avoid the set.",
    "1 - (1 - q/C)^N.",
)
exercise.slip("one set too few", sizes=lambda c: range(1, max(2, c - 1))).says(
    "The q classes are at most C - 2.",
    "How many classes are there other than the anchor's?",
    "C - 1, and all of them may be dangerous.",
    "q = 1, ..., C - 1.",
)
exercise.slip("ratio upside down", ratio=lambda task, seen: seen / task).says(
    "kappa is the chance that the draws meet the set over the chance that the task does.",
    "For N to infinity the draws meet every set. Should the factor grow?",
    "P(task meets) <= kappa P(draws meet): solve for kappa.",
    "(1 - binom(C-1-q, k) / binom(C-1, k)) / (1 - (1 - q/C)^N).",
)
exercise.slip("collisions not subtracted", price=lambda n: 0.0).says(
    "Only the factor matters: nothing is subtracted from the loss.",
    "k = 1 must give proposition1_bound. Does it?",
    "Draws in which all negatives collide pay ln(N + 1) and say nothing about a task.",
    "kappa times (L - tau_N ln(N + 1)).",
)
exercise.slip("tau_N in place of tau_N ln(N + 1)", price=lambda n: 1.0).says(
    "The probability tau_N itself is subtracted from the loss.",
    "What does the loss cost when all negatives collide?",
    "All N + 1 candidates score the same: ln(N + 1).",
    "kappa times (L - tau_N ln(N + 1)).",
)
exercise.slip("the whole floor", collide=lambda c, n: expected_log1p(n, 1 / c), price=lambda n: 1.0).says(
    "The whole floor E ln(1 + m) may be subtracted beside kappa.",
    "k = 1 must give proposition1_bound. Does it?",
    "kappa compares events of classes other than the anchor's; of the collisions only the full ones are kept apart.",
    "kappa times (L - tau_N ln(N + 1)).",
)
exercise.slip("the mean ratio", pick=lambda ratios: np.mean(list(ratios))).says(
    "The constant is the mean of the ratios over q.",
    "alpha_q <= kappa beta_q must hold for every q.",
    "The factor has to serve the worst set of rivals.",
    "max over q.",
)
exercise.slip("avoided in place of met", task=lambda c, q, k: 1 - meets(c, q, k)).says(
    "The numerator is the chance that the task avoids the q classes.",
    "Take q = C - 1: can a task avoid all other classes?",
    "The ratio compares two chances to *meet* the set.",
    "1 - binom(C-1-q, k) / binom(C-1, k).",
)
exercise.slip("the anchor as a draw", seen=lambda c, q, n: 1 - (1 - q / c) ** (n + 1)).says(
    "N + 1 draws can meet the set.",
    "Is the anchor's class in a set of *other* classes?",
    "Only the N negatives can meet it.",
    "1 - (1 - q/C)^N.",
)
exercise.slip("ln N for a full collision", price=math.log).says(
    "A full collision costs ln N.",
    "How many candidates score the same?",
    "N negatives and the positive: ln(N + 1).",
    "tau_N ln(N + 1).",
)


@exercise.accepted("products in place of binomials", guarded=False)
def proposition1_best(unsup_loss, n_classes, n_negatives, k):
    if not 0 <= unsup_loss < math.inf or n_negatives < 1 or not 2 <= k + 1 <= n_classes:
        raise ValueError(f"{unsup_loss}, {n_classes}, {n_negatives}, {k}")
    kappa, avoid = 0.0, 1.0
    for q in range(1, n_classes):
        avoid *= max(0, n_classes - q - k) / (n_classes - q)  # the q-th given class is not in the task either
        kappa = max(kappa, (1 - avoid) / (1 - (1 - q / n_classes) ** n_negatives))
    return kappa * (unsup_loss - n_classes ** -float(n_negatives) * math.log1p(n_negatives))


@exercise.accepted("numpy")
def proposition1_best(unsup_loss, n_classes, n_negatives, k):
    q = np.arange(1, n_classes)
    avoid = np.cumprod(np.maximum(0, n_classes - q - k) / (n_classes - q))
    kappa = ((1 - avoid) / (1 - (1 - q / n_classes) ** n_negatives)).max()
    return kappa * (unsup_loss - np.exp(-n_negatives * np.log(n_classes)) * np.log(n_negatives + 1))


@exercise.accepted("torch")
def proposition1_best(unsup_loss, n_classes, n_negatives, k):
    q = torch.arange(1, n_classes, dtype=torch.float64)
    avoid = ((n_classes - q - k).clamp(min=0) / (n_classes - q)).cumprod(0)
    kappa = ((1 - avoid) / -torch.expm1(n_negatives * torch.log1p(-q / n_classes))).max()
    return kappa * (unsup_loss - float(n_classes) ** -float(n_negatives) * math.log(n_negatives + 1))
