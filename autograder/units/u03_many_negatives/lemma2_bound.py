"""lemma2_bound: what its check looks at. Non-uniform rho, N below, at and above C, a tiny p_cc, and the theorem."""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from autograder.units.u03_many_negatives.multiway_mean_loss import mean_loss
from autograder.units.u03_many_negatives.unsupervised_loss_many import exact_loss
from course import validate, worlds
from course.check.case import Case, bad_input

exercise = Exercise(
    "lemma2_bound",
    hints={
        "values": (
            "The loss divided by coupon_probability(rho, n_negatives); does that check pass?",
            "With fewer draws than classes the probability is 0, and the bound is math.inf, not an error and not NaN.",
        ),
        "stability": ("The bound is as accurate as coupon_probability: see its hints about tiny values.",),
        "bad input": ("N = 0 must raise here, although coupon_probability accepts 0 draws.",),
    },
)


@exercise.cases
def cases(rng):
    for c, n in ((2, 2), (3, 5), (4, 9)):
        yield Case(f"C = {c}, N = {n}", (float(rng.uniform(0.5, 3)), worlds.random_law(rng, c, minimum=0.3 / c), n))
    yield Case("C = 10, uniform, N = 25", (float(rng.uniform(0.5, 3)), np.full(10, 0.1), 25))
    yield Case("N < C", (float(rng.uniform(0.5, 3)), worlds.random_law(rng, 4, minimum=0.05), 3))
    yield Case("C = 3, N = 300", (float(rng.uniform(2, 5)), worlds.random_law(rng, 3, minimum=0.1), 300))
    # 2e-6: what coupon_probability promises, and a little for the division.
    yield Case("C = 30, N = 34", (float(rng.uniform(0.5, 3)), np.full(30, 1 / 30), 34), part="stability", rtol=2e-6)
    rho = worlds.random_law(rng, 3, minimum=0.1)
    yield bad_input("a negative loss", -0.5, rho, 5)
    yield bad_input("a loss that is NaN", float("nan"), rho, 5)
    yield bad_input("rho sums to 0.9", 1.0, 0.9 * rho, 5)
    yield bad_input("rho has a zero", 1.0, np.array([0.5, 0.5, 0.0]), 5)
    yield bad_input("N = 0", 1.0, rho, 0)
    yield bad_input("N = -2", 1.0, rho, -2)


@exercise.property("it bounds the mean classifier's loss on random worlds")
def theorem(f, rng):
    for n in (3, 5, 8, 30):
        world = worlds.random_world(rng, 3, 5, 2, rng.uniform(0.3, 2))
        if mean_loss(*world) > f(exact_loss(*world, n), world[0], n) + 1e-9:
            return "a random world has L_sup above your bound"


def complete(rho, n):
    """Probability that n draws show every class: one class after the other, binomial counts."""
    validate.law(rho)
    if ((1 - rho) ** n).sum() < 1e-17:
        return 1.0
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    seen = np.zeros(n + 1)
    seen[1:] = 1.0
    mass = rho[0]
    for p in rho[1:]:
        mass += p
        q, new = min(p / mass, 1.0), np.zeros(n + 1)
        for m in range(2, n + 1):
            j = np.arange(1, m)
            ways = log_factorial[m] - log_factorial[j] - log_factorial[m - j]
            new[m] = np.exp(ways + j * np.log(q) + (m - j) * np.log1p(-q)) @ seen[m - j]
        seen = new
    return float(seen[n])


@exercise.wrong(
    "multiplied by the probability",
    belief="The loss is multiplied by the probability of a complete draw.",
    hints=(
        "Does a bound on L_sup get better when complete draws are rare?",
        "The proof gives L_un >= p_cc L_sup. Solve for L_sup.",
        "Divide by p_cc.",
    ),
    uses=(complete,),
)
def lemma2_bound(unsup_loss, rho, n_negatives):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=1, n_negatives=n_negatives)
    return unsup_loss * complete(rho, n_negatives)


@exercise.wrong(
    "no bound taken for a bound of 0",
    belief="Where the lemma says nothing, the bound is 0.",
    hints=(
        "A bound of 0 says that L_sup is 0. Is that known for N < C?",
        "An upper bound that knows nothing is infinite.",
        "Return math.inf where p_cc is 0.",
    ),
    uses=(complete,),
)
def lemma2_bound(unsup_loss, rho, n_negatives):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=1, n_negatives=n_negatives)
    p = complete(rho, n_negatives)
    return unsup_loss / p if p > 0 else 0.0


@exercise.wrong(
    "union bound for p_cc",
    belief="The chance of a complete draw is 1 - sum (1 - rho)^N.",
    hints=(
        "Draws that miss two classes are counted twice in your sum.",
        "1 - sum (1 - rho)^N is below p_cc: your bound is too large, and negative or infinite for small N.",
        "Use the exact probability, coupon_probability.",
    ),
)
def lemma2_bound(unsup_loss, rho, n_negatives):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    validate.count(minimum=1, n_negatives=n_negatives)
    p = 1 - ((1 - rho) ** n_negatives).sum()
    return unsup_loss / p if p > 0 else math.inf


@exercise.wrong(
    "the chance to see the rarest class",
    belief="The draw is complete when the rarest class has been seen.",
    hints=(
        "Can the rarest class be seen while another one is missing?",
        "1 - (1 - p_min)^N is larger than p_cc. It is the factor of the sharp lemma, which needs another proof.",
        "Here, divide by the probability that all classes are seen.",
    ),
)
def lemma2_bound(unsup_loss, rho, n_negatives):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    validate.count(minimum=1, n_negatives=n_negatives)
    return unsup_loss / (1 - (1 - min(rho)) ** n_negatives) if n_negatives >= len(rho) else math.inf


@exercise.wrong(
    "the anchor counts as a draw",
    belief="The anchor shows its own class, so there are N + 1 draws.",
    hints=(
        "What is your bound for N = C - 1?",
        "p_cc(N) is about the N negatives alone.",
        "coupon_probability(rho, n_negatives), without + 1.",
    ),
    uses=(complete,),
)
def lemma2_bound(unsup_loss, rho, n_negatives):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=1, n_negatives=n_negatives)
    p = complete(rho, n_negatives + 1)
    return unsup_loss / p if p > 0 else math.inf


@exercise.wrong(
    "N counts candidates",
    belief="n_negatives includes the positive, so N - 1 draws collect coupons.",
    hints=(
        "How many negatives are there when n_negatives = 5?",
        "n_negatives counts negatives; the positive comes on top.",
        "coupon_probability(rho, n_negatives).",
    ),
    uses=(complete,),
)
def lemma2_bound(unsup_loss, rho, n_negatives):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=1, n_negatives=n_negatives)
    p = complete(rho, n_negatives - 1) if n_negatives > 1 else 0.0
    return unsup_loss / p if p > 0 else math.inf


@exercise.wrong(
    "all classes equally likely",
    belief="p_cc depends on the number of classes only.",
    hints=(
        "Is rho uniform in the failing case?",
        "A rare class makes a complete draw less likely.",
        "Pass rho itself to coupon_probability.",
    ),
    uses=(complete,),
)
def lemma2_bound(unsup_loss, rho, n_negatives):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    validate.count(minimum=1, n_negatives=n_negatives)
    p = complete(np.full(len(rho), 1 / len(rho)), n_negatives)
    return unsup_loss / p if p > 0 else math.inf


@exercise.accepted("binomial recursion", uses=(complete,))
def lemma2_bound(unsup_loss, rho, n_negatives):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=1, n_negatives=n_negatives)
    validate.law(rho)
    return unsup_loss / complete(rho, n_negatives) if n_negatives >= len(rho) else float("inf")


@exercise.accepted("numpy division that gives inf", uses=(complete,))
def lemma2_bound(unsup_loss, rho, n_negatives):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=1, n_negatives=n_negatives)
    with np.errstate(divide="ignore"):
        return np.divide(unsup_loss, complete(rho, n_negatives))


@exercise.accepted("torch, exact integers inside")
def lemma2_bound(unsup_loss, rho, n_negatives):
    import itertools

    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    validate.count(minimum=1, n_negatives=n_negatives)
    denominator = max(float(p).as_integer_ratio()[1] for p in rho)
    parts = [int(float(p) * denominator) for p in rho]
    values = sorted(set(parts))
    total = 0
    for kept in itertools.product(*[range(parts.count(v) + 1) for v in values]):
        sign = (-1) ** (len(parts) - sum(kept))
        ways = math.prod(math.comb(parts.count(v), j) for v, j in zip(values, kept, strict=True))
        total += sign * ways * sum(v * j for v, j in zip(values, kept, strict=True)) ** n_negatives
    p = torch.tensor(total / denominator**n_negatives, dtype=torch.float64)
    return unsup_loss / p
