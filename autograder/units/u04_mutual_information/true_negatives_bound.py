"""true_negatives_bound: what its check looks at.

Blind inputs avoided: equally likely classes (the weaker bound with the collision probability is the same there), as many
negatives of the own class as of others (the two parts of q are alike there), no negative of the own class alone.
"""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, law, loss
from autograder.author.draw import odd_sizes
from autograder.units.u04_mutual_information.formulas import information
from course import validate
from course.worlds import random_law

exercise = Exercise(
    "true_negatives_bound",
    refuses=(loss("loss"), law("rho"), count("n_negatives", "N", -2, 2.5), count("n_own", "M", 1.5, minimum=0)),
    hints={
        "values": (
            "Ten equally likely classes, N = 255, M = 0, loss 0.5: 1.768. rho = (0.9, 0.1), N = 3, M = 1, loss 0.1: 0.699.",
            "For an anchor of class c write q = rho_c q_c + (1 - rho_c) q_c^-. Which candidates are alike under each part?",
            "If y_0 has the law q_c, M + 1 candidates share one law, else N + 1. How large is E w_0 at most, in each case?",
        ),
        "bad input": (
            "`validate.non_negative(loss=loss)`, `validate.law(rho)`, and `validate.count(...)` for both numbers.",
        ),
        "properties": (
            "It never exceeds I(x; y). With loss 0 it tends to the entropy of rho plus ln(M+1) as N grows.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for c, n, own in ((3, 10, 2), (2, 3, 1), (4, 40, 7), (5, 2, 0)):
        yield Case(f"C = {c}, N = {n}, M = {own}", (float(rng.uniform(0.05, 0.6)), skewed(rng, c), n, own))
    yield Case("one frequent class, N = 2, M = 1", (float(rng.uniform(0.05, 0.3)), skewed(rng, 2), 2, 1))
    yield Case("C = 4, N = 12, M left out", (float(rng.uniform(0.05, 0.6)), skewed(rng, 4), 12))
    yield Case("a loss above ln(N+M+1)", (float(rng.uniform(2.5, 4.0)), skewed(rng, 3), 4, 2))
    yield Case("N = 65535, M = 255", (float(rng.uniform(0.05, 0.6)), skewed(rng, 6), 65535, 255))
    yield from exercise.bad_inputs(0.4, skewed(rng, 3), 3, 1)
    c, n = odd_sizes(rng, 2)
    args = (float(rng.uniform(0.05, 0.6)), random_law(rng, c, minimum=0.2 / c), n, int(rng.integers(1, n - 1)))
    yield Case("more classes", args, public=False)


def skewed(rng, n_classes):
    """A law whose entries differ clearly: where they are equal, several formulas are one."""
    weights = rng.permutation(np.arange(1.0, n_classes + 1) ** 2) + rng.uniform(0, 0.5, size=n_classes)
    return weights / weights.sum()


@exercise.property("it is below the mutual information on random worlds in which the anchor determines its class")
def holds(f, rng):
    for n, own in ((1, 0), (1, 1), (3, 1)):
        rho, joint, owner = world(rng)
        of_class = np.array([joint[owner == c].sum(axis=0) for c in range(len(rho))])
        others = of_class.sum(axis=0) - of_class
        laws = [of / of.sum(axis=1, keepdims=True) for of in (others, of_class)]
        draws = np.indices((joint.shape[1],) * (n + own)).reshape(n + own, -1)
        for scale in (0.3, 2.0):
            critic = np.log(of_class[owner]) - np.log(joint.sum(axis=0)) + scale * rng.normal(size=joint.shape)
            exact = 0.0
            for row, scores, c in zip(joint, critic, owner, strict=True):
                chance = np.prod([laws[k >= n][c][draw] for k, draw in enumerate(draws)], axis=0)
                negatives = np.logaddexp.reduce(scores[draws])
                exact += row @ (np.logaddexp(0, negatives - scores[:, None]) @ chance)
            if f(float(exact), rho, n, own) > information(joint) + 1e-8:
                return "a world has less information than your bound"


def world(rng):
    """rho, a joint law whose rows belong to one class each, and the class of each row."""
    owner, rho = np.array([0, 0, 1, 2, 2]), random_law(rng, 3, minimum=0.1)
    rows = np.array([random_law(rng, 4) for _ in owner])
    rows[owner == 0, 0] += 3 * rng.uniform()
    share = rng.uniform(0.2, 1, size=len(owner))
    share *= rho[owner] / np.array([share[owner == c].sum() for c in owner])
    joint = share[:, None] * rows / rows.sum(axis=1, keepdims=True)
    return rho, joint, owner


@exercise.property("with loss 0 it tends to the entropy of rho plus ln(M+1) as N grows")
def limit(f, rng):
    rho, own = random_law(rng, 4, minimum=0.1), int(rng.integers(0, 4))
    if abs(f(0.0, rho, 10**7, own) + rho @ np.log(rho) - math.log(own + 1)) > 1e-5:
        return "with loss 0 and ten million negatives it must be the entropy of rho plus ln(M+1), to five digits"


@exercise.formula
def true_negatives_bound(
    loss,
    rho,
    n_negatives,
    n_own=0,
    *,
    in_own=lambda n, own: 1 / (own + 1),
    in_others=lambda n, own: 1 / (n + 1),
    weight=lambda rho: rho,
    average=lambda rho, means: -np.sum(rho * np.log(means)),
    kept=lambda bound: bound,
    sign=1,
    unit=1.0,
):
    rho = np.asarray(rho, dtype=float)
    means = weight(rho) * in_own(n_negatives, n_own) + (1 - weight(rho)) * in_others(n_negatives, n_own)
    return kept(average(rho, means) - sign * loss) / unit


exercise.slip("at most 1 in the own class", in_own=lambda n, own: 1.0).says(
    "The M negatives of the own class change nothing: where y_0 has the law q_c all that is known of w_0 is w_0 <= 1.",
    "Does your value change with M?",
    "Your bound is true, and not the largest. Where y_0 has the law q_c, which negatives have it too?",
    "M + 1 candidates share the law q_c there: E w_0 is at most 1/(M+1).",
)
exercise.slip("Theorem 4.9 as it stands", in_own=lambda n, own: 1.0, weight=lambda rho: 1 / len(rho)).says(
    "Theorem 4.9 of the lecture may be used as it is, ln(N+1) - ln(1 + N/C) - L: neither M nor the law of the classes matters.",
    "Does your value change with M, or with rho?",
    "Two things are different here. Go through the theorem's proof: where does it use 1/C, and where that no negative is of "
    "the anchor's class?",
    "rho_c in place of 1/C, and in the part q_c E w_0 is at most 1/(M+1); average over the classes at the end.",
)
THEOREM = (
    "Go through the theorem's proof with two kinds of negatives. Where does it use that all have one law, and where 1/C?",
    "In the part q_c^- the positive is like N of the negatives, in the part q_c like the other M.",
    "For an anchor of class c: E w_0 is at most rho_c / (M+1) + (1 - rho_c) / (N+1).",
)
exercise.slip(
    "Theorem 4.9 with N + M negatives",
    in_own=lambda n, own: 1.0,
    in_others=lambda n, own: 1 / (n + own + 1),
    weight=lambda rho: 1 / len(rho),
).says("Theorem 4.9 may be used with N + M in place of N: ln(N+M+1) - ln(1 + (N+M)/C) - L.", *THEOREM)
exercise.slip(
    "Theorem 4.9 with a higher ceiling",
    in_own=lambda n, own: (n + 1) / (n + own + 1),
    in_others=lambda n, own: 1 / (n + own + 1),
    weight=lambda rho: 1 / len(rho),
).says("Only the ceiling of Theorem 4.9 changes: ln(N+M+1) - ln(1 + N/C) - L.", *THEOREM)
exercise.slip(
    "all negatives of other classes", in_own=lambda n, own: 1.0, in_others=lambda n, own: 1 / (n + own + 1)
).says(
    "N + M negatives of both kinds count as N + M of other classes.",
    "For which negatives is the weight of a candidate in your proof the same, on average, as that of the positive?",
    "The M of the own class have another law than the N: symmetry holds within each kind only.",
    "E w_0 is at most 1/(M+1) under q_c, and at most 1/(N+1) under q_c^-.",
)
exercise.slip(
    "all candidates counted, the others corrected",
    in_own=lambda n, own: (n + 1) / (n + own + 1),
    in_others=lambda n, own: 1 / (n + own + 1),
).says(
    "The M negatives of the own class only raise the ceiling: ln(N+M+1) - L minus the correction for N.",
    "Where y_0 is of another class, are the M negatives of the own class its equals?",
    "In the part q_c^- the positive is like N of the negatives, and unlike the other M.",
    "E w_0 is at most 1/(M+1) under q_c, and at most 1/(N+1) under q_c^-.",
)
exercise.slip(
    "ln(N+1) in front",
    in_own=lambda n, own: (n + own + 1) / (n + 1) / (own + 1),
    in_others=lambda n, own: (n + own + 1) / (n + 1) ** 2,
).says(
    "The logarithm in front is ln(N+1): the M negatives of the own class are no candidates there.",
    "What is the loss of a constant critic here?",
    "ln(N+M+1). With that loss and all candidates of one law (M = N) your bound is not the best.",
    "W = (N+M+1) w_0 / r: the same N+M+1 in front and in E W, where it cancels.",
)
exercise.slip(
    "(N+1) times the mean of w_0",
    in_own=lambda n, own: (n + 1) / (n + own + 1) / (own + 1),
    in_others=lambda n, own: 1 / (n + own + 1),
).says(
    "ln(N+M+1) stands in front, but E w_0 is multiplied by N + 1.",
    "What is W here, so that the slack is E[-ln W]?",
    "W = (N+M+1) w_0 / r: the factor is the number of all candidates in both places.",
    "It cancels: minus the sum over c of rho_c ln(rho_c / (M+1) + (1 - rho_c) / (N+1)), minus L.",
)
exercise.slip(
    "all candidates alike", in_own=lambda n, own: 1 / (n + own + 1), in_others=lambda n, own: 1 / (n + own + 1)
).says(
    "ln(N+M+1) - L is certified, whatever the classes of the negatives are.",
    "Two equally likely classes, copied exactly, M = 0: what is the loss with a sure critic? And what is I?",
    "L tends to 0 there for every N, and I is ln 2. The law of the negatives depends on the anchor: which step breaks?",
    "Give the positive the law q = rho_c q_c + (1 - rho_c) q_c^- and bound E w_0 in both parts.",
)
exercise.slip(
    "all candidates alike where the positive is of another class", in_others=lambda n, own: 1 / (n + own + 1)
).says(
    "Where y_0 is of another class, all N + M + 1 candidates have one law.",
    "Which law have the M negatives there?",
    "They are of the anchor's own class, whatever y_0 is.",
    "Under q_c^- the positive and the N negatives are alike: E w_0 is at most 1/(N+1).",
)
exercise.slip("what is certified within a class", in_others=lambda n, own: 1 / (own + 1)).says(
    "Only the negatives of the own class certify something: ln(M+1) - L.",
    "Does your value change with rho and N?",
    "True, and not the largest: it leaves out what the class of y tells about x.",
    "In the part q_c^- more candidates are alike than in q_c: N + 1.",
)
exercise.slip("average inside the logarithm", average=lambda rho, means: -np.log(np.sum(rho * means))).says(
    "The expectation over the anchors may be taken inside the logarithm.",
    "With M = 0 and loss 0: is your bound the entropy of rho when N is very large?",
    "Your bound is true, and not the largest: it uses Jensen's inequality a second time.",
    "Go through the proof with c given, and average the logarithms over c at the end.",
)
exercise.slip("classes count alike", average=lambda rho, means: -np.log(means).mean()).says(
    "Each class has the weight 1/C in the average over the anchors.",
    "How often is an anchor of class c drawn?",
    "rho_c comes in twice: as the share of c in q, and as the weight of the anchor.",
    "Minus the sum over c of rho_c ln(...).",
)
exercise.slip("all classes as if equally likely", weight=lambda rho: 1 / len(rho)).says(
    "Only the number of classes matters, as in the lecture.",
    "Does your value change when rho does?",
    "The lecture's theorem is about equally likely classes. Where does its proof use 1/C?",
    "For an anchor of class c it is rho_c in place of 1/C.",
)
exercise.slip("the effective number of classes", weight=lambda rho: np.exp(rho @ np.log(rho))).says(
    "Unequal classes count as e^H equally likely ones.",
    "Is a bound that holds for C equal classes proved for e^H of them?",
    "Each anchor has a share rho_c of its own; the average over the anchors comes after the logarithm.",
    "For an anchor of class c it is rho_c in place of 1/C.",
)
exercise.slip("the most frequent class", weight=lambda rho: rho.max()).says(
    "The worst class decides for all anchors: rho_c is replaced by the largest.",
    "Is your bound larger or smaller than what an average over the anchors gives?",
    "True, and weaker than it must be: rare classes lose less.",
    "Each anchor pays for its own class; average over them.",
)
exercise.slip("the rarest class", weight=lambda rho: rho.min()).says(
    "The rarest class decides for all anchors: rho_c is replaced by the smallest.",
    "Which anchors lose more, those of rare or those of frequent classes?",
    "Frequent classes lose more, so your bound claims too much.",
    "Each anchor pays for its own class; average over them.",
)
exercise.slip("the other classes", weight=lambda rho: 1 - rho).says(
    "The part of q in which M + 1 candidates are alike has the weight 1 - rho_c, and that with N + 1 the weight rho_c.",
    "If there are very many classes and M = 0, are these negatives much different from independent ones?",
    "They are nearly the same then, so next to nothing must be lost.",
    "q = rho_c q_c + (1 - rho_c) q_c^-: rho_c goes with 1/(M+1), 1 - rho_c with 1/(N+1).",
)
exercise.slip("the positive not counted", in_others=lambda n, own: 1 / n, in_own=lambda n, own: 1 / max(own, 1)).says(
    "N negatives make N candidates.",
    "What is certified with N = 1, M = 0 and a loss of 0?",
    "The positive is a candidate too.",
    "N + 1 and M + 1.",
)
exercise.slip("the positive not counted in its own class", in_own=lambda n, own: 1 / max(own, 1)).says(
    "Where y_0 has the law q_c, it is one of M candidates that are alike.",
    "What is your bound on E w_0 for M = 1? And for M = 0, where w_0 is at most 1?",
    "The M negatives of the own class and the positive itself: how many are that?",
    "M + 1 weights of one mean, with a sum of at most 1: E w_0 is at most 1/(M+1).",
)
exercise.slip("the positive not counted among the others", in_others=lambda n, own: 1 / n).says(
    "Where y_0 has the law q_c^-, it is one of N candidates that are alike.",
    "What is your bound on E w_0 for N = 1?",
    "The N negatives and the positive itself: how many are that?",
    "N + 1 weights of one mean, with a sum of at most 1: E w_0 is at most 1/(N+1).",
)
exercise.slip("sign of the loss", sign=-1).says(
    "A larger loss means more information.",
    "Which critic has recognised more, one with a small loss or one with a large loss?",
    "Your bound rises with the loss.",
    "Subtract the loss.",
)
exercise.slip("in bits", unit=math.log(2)).says(
    "What is certified is counted in bits.",
    "Which unit does the exercise ask for?",
    "Your values are the right ones divided by ln 2.",
    "Natural logarithms throughout.",
)
exercise.slip("clipped at 0", kept=lambda bound: max(0.0, bound)).says(
    "Information is never negative, so a negative bound must be set to 0.",
    "The exercise says what to do with a negative bound.",
    "Clipping is a valid bound too, but it hides how bad a critic is.",
    "Return the difference as it is.",
)

exercise.style("in the form of the lecture", average=lambda rho, means: np.sum(rho * np.log1p(1 / means - 1)))


@exercise.accepted("loop over the classes")
def true_negatives_bound(loss, rho, n_negatives, n_own=0):
    n, m, total = n_negatives, n_own, math.log(n_negatives + 1) + math.log(n_own + 1) - loss
    for p in rho:
        total -= p * math.log(1 + m + p * (n - m))
    return total


@exercise.accepted("torch, validated by hand", guarded=False)
def true_negatives_bound(loss, rho, n_negatives, n_own=0):
    p = torch.as_tensor(np.asarray(rho, dtype=float))
    if not (math.isfinite(loss) and loss >= 0) or not bool((p > 0).all()) or abs(p.sum() - 1) > 1e-9:
        raise ValueError(f"loss {loss}, rho {rho}")
    validate.count(n_negatives=n_negatives)
    if n_own != int(n_own) or n_own < 0:
        raise ValueError(f"M = {n_own}")
    return torch.dot(p, -torch.log(p / (n_own + 1) + (1 - p) / (n_negatives + 1))) - loss
