"""lemma2_bound: what its check looks at. Non-uniform rho, N below, at and above C, a tiny p_cc, and the theorem."""

import itertools
import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, law, loss
from autograder.units.u03_many_negatives.theorems import bounds_mean_loss, poissonised
from course import worlds

exercise = Exercise(
    "lemma2_bound",
    refuses=(loss("unsup_loss"), law("rho"), count("n_negatives", "N", -2)),
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
    yield from exercise.bad_inputs(1.0, worlds.random_law(rng, 3, minimum=0.1), 5)
    c = int(rng.integers(9, 13))  # a sum over the 2^C subsets is a fair way here
    args = (float(rng.uniform(0.5, 3)), worlds.random_law(rng, c, minimum=0.5 / c), int(rng.integers(4 * c, 6 * c)))
    yield Case("more classes, four to six draws for each", args, rtol=2e-6, public=False)


@exercise.property("it bounds the mean classifier's loss on random worlds")
def theorem(f, rng):
    return bounds_mean_loss(f, rng, counts=(3, 5, 8, 30))


@exercise.formula
def lemma2_bound(
    unsup_loss,
    rho,
    n_negatives,
    *,
    chance=poissonised,
    drawn_from=lambda rho: rho,
    more=0,
    solved=lambda loss, p: loss / p if p > 0 else math.inf,
):
    return solved(unsup_loss, chance(drawn_from(rho), n_negatives + more))


exercise.slip("multiplied by the probability", solved=lambda loss, p: loss * p).says(
    "The loss is multiplied by the probability of a complete draw.",
    "Does a bound on L_sup get better when complete draws are rare?",
    "The proof gives L_un >= p_cc L_sup. Solve for L_sup.",
    "Divide by p_cc.",
)
exercise.slip("no bound taken for a bound of 0", solved=lambda loss, p: loss / p if p > 0 else 0.0).says(
    "Where the lemma says nothing, the bound is 0.",
    "A bound of 0 says that L_sup is 0. Is that known for N < C?",
    "An upper bound that knows nothing is infinite.",
    "Return math.inf where p_cc is 0.",
)
exercise.slip("union bound for p_cc", chance=lambda rho, n: 1 - ((1 - rho) ** n).sum()).says(
    "The chance of a complete draw is 1 - sum (1 - rho)^N.",
    "Draws that miss two classes are counted twice in your sum.",
    "1 - sum (1 - rho)^N is below p_cc: your bound is too large, and negative or infinite for small N.",
    "Use the exact probability, coupon_probability.",
)
exercise.slip(
    "the chance to see the rarest class", chance=lambda rho, n: 1 - (1 - min(rho)) ** n if n >= len(rho) else 0.0
).says(
    "The draw is complete when the rarest class has been seen.",
    "Can the rarest class be seen while another one is missing?",
    "1 - (1 - p_min)^N is larger than p_cc. It is the factor of the sharp lemma, which needs another proof.",
    "Here, divide by the probability that all classes are seen.",
)
exercise.slip("the anchor counts as a draw", more=1).says(
    "The anchor shows its own class, so there are N + 1 draws.",
    "What is your bound for N = C - 1?",
    "p_cc(N) is about the N negatives alone.",
    "coupon_probability(rho, n_negatives), without + 1.",
)
exercise.slip("N counts candidates", more=-1).says(
    "n_negatives includes the positive, so N - 1 draws collect coupons.",
    "How many negatives are there when n_negatives = 5?",
    "n_negatives counts negatives; the positive comes on top.",
    "coupon_probability(rho, n_negatives).",
)
exercise.slip("all classes equally likely", drawn_from=lambda rho: np.full(len(rho), 1 / len(rho))).says(
    "p_cc depends on the number of classes only.",
    "Is rho uniform in the failing case?",
    "A rare class makes a complete draw less likely.",
    "Pass rho itself to coupon_probability.",
)

exercise.style("numpy division that gives inf", solved=lambda loss, p: np.divide(loss, p))


@exercise.accepted("one class after the other, binomial counts, validated by hand", guarded=False)
def lemma2_bound(unsup_loss, rho, n_negatives):
    n, rho = n_negatives, np.asarray(rho)
    if not 0 <= unsup_loss < math.inf or min(rho) <= 0 or abs(sum(rho) - 1) > 1e-9 or n < 1:
        raise ValueError(f"unsup_loss = {unsup_loss}, rho = {rho}, N = {n}")
    seen = [0.0] + [1.0] * n  # seen[m]: m draws from the classes so far show them all
    for c in range(1, len(rho)):
        p = rho[c] / rho[: c + 1].sum()
        seen = [
            sum(math.comb(m, j) * p**j * (1 - p) ** (m - j) * seen[m - j] for j in range(1, m)) for m in range(n + 1)
        ]
    return unsup_loss / seen[n] if seen[n] else float("inf")


@exercise.accepted("torch, exact integers inside")
def lemma2_bound(unsup_loss, rho, n_negatives):
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
