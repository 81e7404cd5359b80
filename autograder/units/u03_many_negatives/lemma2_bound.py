"""lemma2_bound: what its check looks at. Non-uniform rho, N below C - 1, at C - 1 and above, a tiny chance, and the theorem."""

import itertools
import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, law, loss, needs
from autograder.units.u03_many_negatives.theorems import bounds_mean_loss, poissonised
from course import worlds

exercise = Exercise(
    "lemma2_bound",
    refuses=(
        loss("unsup_loss"),
        law("rho"),
        needs("len(rho) >= 2 or not enough", {"one class": {"rho": np.ones(1), "enough": True}}),
        count("n_negatives", "N", -2),
    ),
    hints={
        "values": (
            "Look at the last step of the proof, 1 + sum_i e^{a_{c_i}} >= sum over all j of e^{a_j}: where may the term "
            "j = c come from?",
            "What remains of L_un for an anchor of class c is q_c phi(c, x), with a probability q_c that depends on c. Which "
            "q serves every anchor?",
            "A sequence of draws either shows all classes, or all but one that was never drawn: coupon_probability gives the "
            "chance of both.",
        ),
        "stability": ("The bound is as accurate as coupon_probability: see its hints about tiny values.",),
        "bad input": (
            "N = 0 must raise here, although coupon_probability accepts 0 draws; and so must a single class with enough=True.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for c, n in ((2, 2), (3, 5), (4, 9)):
        args = float(rng.uniform(0.5, 3)), worlds.random_law(rng, c, minimum=0.3 / c), n
        yield Case(f"C = {c}, N = {n}", args)
        yield Case(f"C = {c}, N = {n}, enough", (*args, True))
    yield Case("C = 10, uniform, N = 25", (float(rng.uniform(0.5, 3)), np.full(10, 0.1), 25))
    yield Case("C = 10, uniform, N = 25, enough", (float(rng.uniform(0.5, 3)), np.full(10, 0.1), 25, True))
    yield Case("one class", (float(rng.uniform(0.5, 3)), np.ones(1), 2))
    none = "No draw is kept, and the bound is infinite: math.inf, not NaN and no error."
    few = "Are there too few draws? Which classes must they show?"
    for c, n, enough, hint in ((4, 3, False, none), (2, 1, True, few), (4, 3, True, few), (4, 2, True, none)):
        args = float(rng.uniform(0.5, 3)), worlds.random_law(rng, c, minimum=0.2 / c), n, enough
        yield Case(f"N < C: C = {c}, N = {n}{', enough' if enough else ''}", args, hint=hint)
    yield Case("C = 3, N = 300", (float(rng.uniform(2, 5)), worlds.random_law(rng, 3, minimum=0.1), 300))
    # 2e-6: what coupon_probability promises, and a little for the division.
    for enough in (False, True):
        args = float(rng.uniform(0.5, 3)), np.full(30, 1 / 30), 34, enough
        yield Case(f"C = 30, N = 34{', enough' if enough else ''}", args, part="stability", rtol=2e-6)
    yield from exercise.bad_inputs(1.0, worlds.random_law(rng, 3, minimum=0.1), 5)
    c = int(rng.integers(9, 13))  # a sum over the 2^C subsets is a fair way here
    args = float(rng.uniform(0.5, 3)), worlds.random_law(rng, c, minimum=0.5 / c), int(rng.integers(4 * c, 6 * c))
    yield Case("more classes, four to six draws for each", args, rtol=2e-6, public=False)
    yield Case("more classes, four to six draws for each, enough", (*args, True), rtol=2e-6, public=False)


@exercise.property("it bounds the mean classifier's loss on random worlds")
def theorem(f, rng):
    return bounds_mean_loss(f, rng, (3, 5, 8, 30)) or bounds_mean_loss(lambda *a: f(*a, True), rng, (2, 3, 5, 30))


def never_drawn(chance, rho, c, n):
    """Chance of all classes but c in n draws of which none shows c."""
    others = np.delete(rho, c)
    return others.sum() ** n * chance(others / others.sum(), n)


def refused_below(chance, rho, n):
    if n < len(rho):
        raise ValueError(f"N = {n} < C = {len(rho)}")
    return chance(rho, n)


@exercise.formula
def lemma2_bound(
    unsup_loss,
    rho,
    n_negatives,
    enough=False,
    *,
    chance=poissonised,
    drawn_from=lambda rho: rho,
    more=0,
    kept=lambda chance, rho, c, n: chance(rho, n) + never_drawn(chance, rho, c, n),
    serves=lambda found, rho: min(found),
    whole=lambda chance, rho, n: chance(rho, n),
    solved=lambda loss, q: loss / q if q > 0 else math.inf,
):
    law, n = drawn_from(rho), n_negatives + more
    if not enough:
        return solved(unsup_loss, whole(chance, law, n))
    return solved(unsup_loss, serves([kept(chance, law, c, n) for c in range(len(law))], law))


exercise.slip("the paper's complete draws", kept=lambda chance, rho, c, n: chance(rho, n)).says(
    "The anchor's own class must be among the negatives.",
    "In the last step of the proof the term j = c of the sum is e^0 = 1. Is there a 1 that needs no collision?",
    "ln(1 + sum_i e^{a_{c_i}}) has the 1 of the positive: a draw may be kept that shows all classes other than c.",
    "To p_cc(N) comes the chance of the draws that show all classes but c, and never c.",
)
exercise.slip("only draws without a collision", kept=never_drawn).says(
    "A draw with a collision is thrown away.",
    "Does a collision make the logarithm smaller?",
    "It adds 1 inside the logarithm. A draw with all other classes is kept, with collisions and without.",
    "Add the chance of the draws that show every class.",
)
exercise.slip(
    "all negatives from other classes",
    kept=lambda chance, rho, c, n: chance(np.delete(rho, c) / np.delete(rho, c).sum(), n),
).says(
    "All N negatives fall on classes other than the anchor's.",
    "How many of N draws fall on the other classes?",
    "A random number of them: each draw is a collision with probability rho_c.",
    "Weigh the draws that never show c with (1 - rho_c)^N, and add those that show every class.",
)
exercise.slip("averaged over the anchor's class", serves=lambda found, rho: rho @ np.array(found)).says(
    "The chance that a draw is kept may be averaged over the anchor's class.",
    "Is the mean of q_c phi the mean of q_c times the mean of phi?",
    "All of the classifier's loss may come from anchors of the class with the smallest chance.",
    "Take the smallest of the chances.",
)
exercise.slip("the class that is served best", serves=lambda found, rho: max(found)).says(
    "The anchor's class that matters is the rarest one, or the one whose draws are kept most often.",
    "The bound must hold for every world. At which anchors may the classifier's loss be?",
    "It may be at anchors of the class for which draws are kept least often.",
    "Take the smallest of the chances.",
)
exercise.slip("multiplied by the probability", solved=lambda loss, q: loss * q).says(
    "The loss is multiplied by the probability that a draw is kept.",
    "Does a bound on L_sup get better when kept draws are rare?",
    "The proof gives L_un >= q L_sup. Solve for L_sup.",
    "Divide by q.",
)
exercise.slip("no bound taken for a bound of 0", solved=lambda loss, q: loss / q if q > 0 else 0.0).says(
    "Where no draw is kept, the bound is 0.",
    "A bound of 0 says that L_sup is 0. Is that known?",
    "An upper bound that knows nothing is infinite.",
    "Return math.inf where q is 0.",
)
exercise.slip("union bound for the chance", chance=lambda rho, n: max(0.0, 1 - ((1 - rho) ** n).sum())).says(
    "The chance that n draws show every class is 1 - sum (1 - rho)^n.",
    "Draws that miss two classes are counted twice in your sum.",
    "1 - sum (1 - rho)^n is only a lower bound, negative for small n.",
    "Use the exact probability, coupon_probability.",
)
exercise.slip(
    "the chance to see the rarest class",
    kept=lambda chance, rho, c, n: 1 - (1 - min(rho)) ** n,
    whole=lambda chance, rho, n: 1 - (1 - min(rho)) ** n if n >= len(rho) else 0.0,
).says(
    "A draw is kept as soon as it shows the rarest class.",
    "Can the rarest class be seen while another rival is missing, whose logit is huge?",
    "1 - (1 - p_min)^N is the factor of Proposition D, which needs another proof.",
    "Here all classes other than the anchor's must be seen.",
)
exercise.slip("the anchor counts as a draw", more=1).says(
    "The anchor shows its own class, so there are N + 1 draws.",
    "Which draws show a rival: is the anchor one of them?",
    "The anchor's class need not be drawn at all, but its rivals must be, by the N negatives alone.",
    "coupon_probability with n_negatives draws, without + 1.",
)
exercise.slip("N counts candidates", more=-1).says(
    "n_negatives includes the positive, so N - 1 draws collect coupons.",
    "How many negatives are there when n_negatives = 5?",
    "n_negatives counts negatives; the positive comes on top.",
    "n_negatives draws.",
)
exercise.slip("all classes equally likely", drawn_from=lambda rho: np.full(len(rho), 1 / len(rho))).says(
    "The chance depends on the number of classes only.",
    "Is rho uniform in the failing case?",
    "A rare class makes it less likely that a draw is kept.",
    "Use rho itself.",
)
exercise.slip(
    "bounds averaged", serves=lambda found, rho: 1 / (rho @ (1 / np.maximum(found, 1e-300))) if min(found) > 0 else 0.0
).says(
    "Each anchor's class has its own bound, and these bounds may be averaged.",
    "All of the classifier's loss may come from anchors of one class. What is your bound worth then?",
    "L_un >= sum_c rho_c q_c E phi, and the classifier's loss may sit where q_c is smallest.",
    "Divide by the smallest of the chances.",
)
exercise.slip("any negative of another class", kept=lambda chance, rho, c, n: 1 - rho[c] ** float(n)).says(
    "A draw is kept as soon as one negative is of another class than the anchor.",
    "The inequality must hold for all logits. What if the largest one belongs to a class that was not drawn?",
    "Every class other than c must be among the draws.",
    "The chance that the N draws show all classes but, perhaps, c.",
)
exercise.slip(
    "fewer negatives than classes, nothing kept",
    kept=lambda chance, rho, c, n: chance(rho, n) + never_drawn(chance, rho, c, n) if n >= len(rho) else 0.0,
).says(
    "With fewer negatives than classes no draw is kept, also with enough=True.",
    "How many classes must a draw show that never shows c?",
    "C - 1 of them, and N = C - 1 draws can do that.",
    "No special case for N < C: q is 0 by itself where N < C - 1.",
)
exercise.slip("the rarest rival decides", kept=lambda chance, rho, c, n: 1 - (1 - min(rho)) ** n).says(
    "A draw is kept as soon as it shows the anchor's rarest rival.",
    "Can the rarest rival be seen while another one is missing, whose logit is huge?",
    "Here all classes other than the anchor's must be seen; that is more than the rarest.",
    "The chance that the N draws show all classes but, perhaps, c.",
)
exercise.slip("the anchor counts as a draw, in the lemma", whole=lambda chance, rho, n: chance(rho, n + 1)).says(
    "In the lemma itself the anchor shows its own class, so there are N + 1 draws.",
    "Must the complete draw of the lemma's proof hold a collision?",
    "Its last step takes the term j = c from a negative: all C classes must be among the N negatives.",
    "coupon_probability(rho, n_negatives), without + 1.",
)
exercise.slip("too few draws refused", whole=lambda chance, rho, n: refused_below(chance, rho, n)).says(
    "N < C is bad input.",
    "What does the lemma say for N < C?",
    "Nothing: the statement asks for infinity there.",
    "Return math.inf where p_cc is 0.",
)
exercise.slip(
    "the rarest class in place of all, in the lemma",
    whole=lambda chance, rho, n: 1 - (1 - min(rho)) ** n if n >= len(rho) else 0.0,
).says(
    "A draw is complete as soon as it shows the rarest class.",
    "What does p_cc count?",
    "1 - (1 - p_min)^N is the factor of Proposition D, which needs another proof.",
    "coupon_probability(rho, n_negatives).",
)
exercise.slip(
    "one factor for the class that was missed",
    kept=lambda chance, rho, c, n: (
        chance(rho, n) + (1 - rho[c]) * chance(np.delete(rho, c) / np.delete(rho, c).sum(), n)
    ),
).says(
    "That c is never drawn has the chance 1 - rho_c.",
    "How many draws must avoid c?",
    "All N of them: (1 - rho_c)^N.",
    "p_cc(N) + (1 - rho_c)^N times the chance that N draws of the others show all of them.",
)

exercise.style("numpy division that gives inf", solved=lambda loss, q: np.divide(loss, q))


@exercise.accepted("one class after the other, the anchor's first, validated by hand", guarded=False)
def lemma2_bound(unsup_loss, rho, n_negatives, enough=False):
    n, rho = n_negatives, np.asarray(rho)
    if not 0 <= unsup_loss < math.inf or min(rho) <= 0 or abs(sum(rho) - 1) > 1e-9 or n < 1 or len(rho) < 2 * enough:
        raise ValueError(f"unsup_loss = {unsup_loss}, rho = {rho}, N = {n}")
    order = np.sort(rho)[::-1]  # the most frequent class hides the others best as the anchor's
    seen, mass = (
        [1.0 if enough else 0.0] + [1.0] * n,
        order[0],
    )  # seen[m]: m draws from the classes so far show all, the first one or not
    for p in order[1:]:
        mass += p
        p = p / mass
        seen = [
            sum(math.comb(m, j) * p**j * (1 - p) ** (m - j) * seen[m - j] for j in range(1, m + 1))
            for m in range(n + 1)
        ]
    return unsup_loss / seen[n] if seen[n] else float("inf")


@exercise.accepted("torch, inclusion and exclusion in exact integers")
def lemma2_bound(unsup_loss, rho, n_negatives, enough=False):
    denominator = max(float(p).as_integer_ratio()[1] for p in rho)
    parts = sorted(int(float(p) * denominator) for p in rho)
    anchor = parts.pop() if enough else 0  # the most frequent class: every other one must be drawn
    values = sorted(set(parts))
    total = 0
    for kept in itertools.product(*[range(parts.count(v) + 1) for v in values]):
        sign = (-1) ** (len(parts) - sum(kept))
        ways = math.prod(math.comb(parts.count(v), j) for v, j in zip(values, kept, strict=True))
        total += sign * ways * (anchor + sum(v * j for v, j in zip(values, kept, strict=True))) ** n_negatives
    return unsup_loss / torch.tensor(total / sum((anchor, *parts)) ** n_negatives, dtype=torch.float64)
