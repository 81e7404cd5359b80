"""lemma2_sharp: what its check looks at. Non-uniform rho, N = 1, N < C, N = 65536, p_min = 1e-10, and the theorem."""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from autograder.units.u03_many_negatives.multiway_mean_loss import mean_loss
from autograder.units.u03_many_negatives.unsupervised_loss_many import exact_loss
from course import validate, worlds
from course.check.case import Case, bad_input

exercise = Exercise(
    "lemma2_sharp",
    hints={
        "values": (
            "tau_N: N + 1 draws from rho (the anchor's class and N negatives) all give the same class.",
            "tau_N = sum_c rho_c^(N+1), and tau_N ln(N + 1) is subtracted from the loss before dividing.",
            "The division is by 1 - (1 - p_min)^N, for every N >= 1: no infinity here.",
        ),
        "stability": (
            "1 - (1 - p)^N for p = 1e-10: how many digits of (1 - p) carry p?",
            "1 - (1 - p)^N = -expm1(N log1p(-p)).",
        ),
        "bad input": ("validate.non_negative, validate.law and validate.count(minimum=1, ...) are all it takes.",),
    },
)


@exercise.cases
def cases(rng):
    for c, n in ((3, 1), (4, 2), (3, 5), (6, 4)):
        yield Case(f"C = {c}, N = {n}", (float(rng.uniform(1.5, 3)), worlds.random_law(rng, c, minimum=0.3 / c), n))
    yield Case("C = 10, uniform, N = 25", (float(rng.uniform(1.5, 3)), np.full(10, 0.1), 25))
    yield Case("C = 4, N = 65536", (float(rng.uniform(5, 9)), worlds.random_law(rng, 4, minimum=0.05), 65536))
    rho = np.array([1e-10, 0.4, 0.6 - 1e-10])
    yield Case("p_min = 1e-10, N = 3", (float(rng.uniform(1.5, 3)), rho, 3), part="stability")
    rho = worlds.random_law(rng, 3, minimum=0.1)
    yield bad_input("a negative loss", -0.5, rho, 5)
    yield bad_input("a loss that is NaN", float("nan"), rho, 5)
    yield bad_input("rho sums to 0.9", 1.0, 0.9 * rho, 5)
    yield bad_input("rho has a zero", 1.0, np.array([0.5, 0.5, 0.0]), 5)
    yield bad_input("N = 0", 1.0, rho, 0)


@exercise.property("it bounds the mean classifier's loss on random worlds, for every N")
def theorem(f, rng):
    for n in (1, 2, 4, 20):
        world = worlds.random_world(rng, 3, 5, 2, rng.uniform(0.3, 2))
        if mean_loss(*world) > f(exact_loss(*world, n), world[0], n) + 1e-9:
            return "a random world has L_sup above your bound"


@exercise.property("the factor cannot be smaller: a world that needs nearly all of it")
def tight(f, rng):
    s = 60.0  # squared scale; one anchor class with one rival: the loss is s^2 times the chance to see the rival
    z = math.sqrt(s) * np.array([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 1.2, 0.0]])
    rho = np.full(3, 1 / 3)
    for n in (2, 4):
        supervised = mean_loss(rho, np.eye(3), z)
        if f(exact_loss(rho, np.eye(3), z, n), rho, n) > 1.05 * supervised:
            return "on a world where the lemma is nearly an equality, your bound is more than 5 % too large"


@exercise.wrong(
    "tau_N of a uniform law",
    belief="All N negatives collide with probability C^-N.",
    hints=(
        "Is rho uniform in the failing case?",
        "Given the anchor's class c, all N collide with probability rho_c^N; average over c.",
        "tau_N = sum(rho ** (N + 1)).",
    ),
)
def lemma2_sharp(unsup_loss, rho, n_negatives):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    validate.count(minimum=1, n_negatives=n_negatives)
    tau = float(len(rho)) ** -float(n_negatives)
    return (unsup_loss - tau * math.log(n_negatives + 1)) / -math.expm1(n_negatives * math.log1p(-min(rho)))


@exercise.wrong(
    "one power too few",
    belief="tau_N = sum_c rho_c^N.",
    hints=(
        "How many classes are drawn in all: by the negatives, and by the anchor?",
        "The anchor has class c with probability rho_c, and then all N negatives with probability rho_c^N.",
        "sum(rho ** (N + 1)).",
    ),
)
def lemma2_sharp(unsup_loss, rho, n_negatives):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    validate.count(minimum=1, n_negatives=n_negatives)
    tau = (rho ** float(n_negatives)).sum()
    return (unsup_loss - tau * math.log(n_negatives + 1)) / -math.expm1(n_negatives * math.log1p(-min(rho)))


@exercise.wrong(
    "ln N for a full collision",
    belief="When all N negatives collide the loss is ln N.",
    hints=(
        "How many candidates are there?",
        "All N negatives and the positive score the same: ln(N + 1).",
        "For N = 1 it is ln 2, not 0.",
    ),
)
def lemma2_sharp(unsup_loss, rho, n_negatives):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    validate.count(minimum=1, n_negatives=n_negatives)
    tau = (rho ** (n_negatives + 1.0)).sum()
    return (unsup_loss - tau * math.log(n_negatives)) / -math.expm1(n_negatives * math.log1p(-min(rho)))


@exercise.wrong(
    "collisions not subtracted",
    belief="Only the factor changes.",
    hints=(
        "At N = 1 your answer must agree with lemma1_sharp. Does it?",
        "Draws in which all negatives collide pay ln(N + 1) and teach nothing about L_sup; they are subtracted first.",
        "Subtract tau_N ln(N + 1) from the loss.",
    ),
)
def lemma2_sharp(unsup_loss, rho, n_negatives):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    validate.count(minimum=1, n_negatives=n_negatives)
    return unsup_loss / -math.expm1(n_negatives * math.log1p(-min(rho)))


@exercise.wrong(
    "collisions subtracted after the division",
    belief="The collision term stands outside the division.",
    hints=(
        "Write the inequality before it is solved for L_sup.",
        "L_un >= tau_N ln(N + 1) + p L_sup: the difference is divided by p.",
        "(unsup_loss - tau_N ln(N + 1)) / p.",
    ),
)
def lemma2_sharp(unsup_loss, rho, n_negatives):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    validate.count(minimum=1, n_negatives=n_negatives)
    tau = (rho ** (n_negatives + 1.0)).sum()
    return unsup_loss / -math.expm1(n_negatives * math.log1p(-min(rho))) - tau * math.log(n_negatives + 1)


@exercise.wrong(
    "1/C in place of p_min",
    belief="Every class is missed with the same probability (1 - 1/C)^N.",
    hints=(
        "Which class is missed most often?",
        "The worst class decides: the rarest one.",
        "1 - (1 - min(rho))^N.",
    ),
)
def lemma2_sharp(unsup_loss, rho, n_negatives):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    validate.count(minimum=1, n_negatives=n_negatives)
    tau = (rho ** (n_negatives + 1.0)).sum()
    return (unsup_loss - tau * math.log(n_negatives + 1)) / -math.expm1(n_negatives * math.log1p(-1 / len(rho)))


@exercise.wrong(
    "p_min to the power N",
    belief="The rarest class is seen with probability p_min^N.",
    hints=(
        "Does the chance to see a class grow or shrink with N?",
        "p_min^N is the chance that all N draws give the rarest class. It needs to appear only once.",
        "Seen at least once: 1 - (1 - p_min)^N.",
    ),
)
def lemma2_sharp(unsup_loss, rho, n_negatives):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    validate.count(minimum=1, n_negatives=n_negatives)
    tau, seen = (rho ** (n_negatives + 1.0)).sum(), min(rho) ** float(n_negatives)
    return (unsup_loss - tau * math.log(n_negatives + 1)) / seen if seen > 0 else math.inf


@exercise.wrong(
    "rounded away",
    belief="1 - (1 - p)^N can be computed as it stands.",
    hints=(
        "Evaluate 1 - (1 - 1e-10) in Python.",
        "1 - p is rounded to 16 digits, so that a p of 1e-10 keeps only six of its own.",
        "-math.expm1(N * math.log1p(-p)) keeps all of them.",
    ),
)
def lemma2_sharp(unsup_loss, rho, n_negatives):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    validate.count(minimum=1, n_negatives=n_negatives)
    tau = (rho ** (n_negatives + 1.0)).sum()
    return (unsup_loss - tau * math.log(n_negatives + 1)) / (1 - (1 - min(rho)) ** n_negatives)


@exercise.accepted("plain Python")
def lemma2_sharp(unsup_loss, rho, n_negatives):
    if not (0 <= unsup_loss < math.inf) or min(rho) <= 0 or abs(sum(rho) - 1) > 1e-9 or n_negatives < 1:
        raise ValueError(f"unsup_loss = {unsup_loss}, rho = {rho}, N = {n_negatives}")
    tau = sum(p * p**n_negatives for p in rho.tolist())
    return (unsup_loss - tau * math.log1p(n_negatives)) / -math.expm1(n_negatives * math.log1p(-min(rho.tolist())))


@exercise.accepted("geometric sum in place of expm1")
def lemma2_sharp(unsup_loss, rho, n_negatives):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    validate.count(minimum=1, n_negatives=n_negatives)
    p = rho.min()  # 1 - q^N = p (1 + q + ... + q^(N-1)): only positive numbers
    seen = p * ((1 - p) ** np.arange(n_negatives)).sum()
    return (unsup_loss - np.log(n_negatives + 1) * np.power(rho, n_negatives + 1).sum()) / seen


@exercise.accepted("torch")
def lemma2_sharp(unsup_loss, rho, n_negatives):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    validate.count(minimum=1, n_negatives=n_negatives)
    law = torch.from_numpy(rho)
    tau = law.pow(n_negatives + 1).sum()
    return (unsup_loss - tau * math.log(n_negatives + 1)) / -torch.expm1(n_negatives * torch.log1p(-law.min()))
