"""true_negatives_bound: what its check looks at.

Blind inputs avoided: equally likely classes (the weaker bound with the collision probability is the same there), one
negative alone (hides N against N + 1).
"""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, law, loss
from autograder.author.draw import odd_sizes
from autograder.units.u04_mutual_information.formulas import information, log_of_sum
from course import validate
from course.worlds import random_law

exercise = Exercise(
    "true_negatives_bound",
    refuses=(loss("loss"), law("rho"), count("n_negatives", "N", -2, 2.5)),
    hints={
        "values": (
            "Ten equally likely classes, N = 255, loss 0.5: 1.768. Then, rho = (0.9, 0.1), N = 1, loss 0.1: 0.00595.",
            "For an anchor of class c write q = rho_c q_c + (1 - rho_c) q_c^-. What is E (N+1) w_0, at most, under each "
            "part?",
            "Given the class the expectation of W is at most (N+1) rho_c + (1 - rho_c). Take its logarithm before you "
            "average over the anchors.",
        ),
        "bad input": ("`validate.non_negative(loss=loss)`, `validate.law(rho)`, `validate.count(...)`.",),
        "properties": (
            "It never exceeds I(x; y); where y tells the class and the loss is 0 it tends to the entropy of rho as N grows.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for n_classes, n in ((3, 10), (2, 3), (4, 40), (5, 2)):
        yield Case(f"C = {n_classes}, N = {n}", (float(rng.uniform(0.05, 0.6)), skewed(rng, n_classes), n))
    yield Case("one frequent class, N = 1", (float(rng.uniform(0.05, 0.3)), skewed(rng, 2), 1))
    yield Case("a loss above ln(N+1)", (float(rng.uniform(2.5, 4.0)), skewed(rng, 3), 4))
    yield Case("N = 65535", (float(rng.uniform(0.05, 0.6)), skewed(rng, 6), 65535))
    yield from exercise.bad_inputs(0.4, skewed(rng, 3), 3)
    c, n = odd_sizes(rng, 2)
    yield Case("more classes", (float(rng.uniform(0.05, 0.6)), random_law(rng, c, minimum=0.2 / c), n), public=False)


def skewed(rng, n_classes):
    """A law whose entries differ clearly: where they are equal, several formulas are one."""
    weights = rng.permutation(np.arange(1.0, n_classes + 1) ** 2) + rng.uniform(0, 0.5, size=n_classes)
    return weights / weights.sum()


@exercise.property("it is below the mutual information on random worlds in which the anchor determines its class")
def holds(f, rng):
    for n in (1, 3, 20):
        rho, joint, owner = world(rng)
        of_class = np.array([joint[owner == c].sum(axis=0) for c in range(len(rho))])
        others = of_class.sum(axis=0) - of_class
        others /= others.sum(axis=1, keepdims=True)
        for scale in (0.3, 2.0):
            critic = np.log(of_class[owner]) - np.log(joint.sum(axis=0)) + scale * rng.normal(size=joint.shape)
            exact = sum(
                joint[i, j] * log_of_sum(critic[i] - critic[i, j], others[owner[i]], n) for i, j in np.argwhere(joint)
            )
            if f(float(exact), rho, n) > information(joint) + 1e-8:
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


@exercise.property("with loss 0 it tends to the entropy of rho as N grows")
def limit(f, rng):
    rho = random_law(rng, 4, minimum=0.1)
    if abs(f(0.0, rho, 10**7) + rho @ np.log(rho)) > 1e-5:
        return "with loss 0 and ten million negatives the bound must be the entropy of rho, to five digits"


@exercise.formula
def true_negatives_bound(
    loss,
    rho,
    n_negatives,
    *,
    ceiling=lambda n: math.log(n + 1),
    spent=lambda rho, n: rho @ np.log1p(n * rho),
    kept=lambda bound: bound,
    sign=1,
    unit=1.0,
):
    rho = np.asarray(rho, dtype=float)
    return kept(ceiling(n_negatives) - spent(rho, n_negatives) - sign * loss) / unit


exercise.slip("the bound with independent negatives", spent=lambda rho, n: 0.0).says(
    "Leaving the anchor's class out of the negatives changes nothing in the proof: ln(N+1) - L is still certified.",
    "Two equally likely classes, copied exactly: what is the loss with negatives of the other class? And what is I?",
    "L tends to 0 there for every N, and I is ln 2. The law of the negatives depends on the anchor: which step breaks?",
    "Give the positive the law q = rho_c q_c + (1 - rho_c) q_c^- and bound (N+1) w_0 in both parts.",
)
exercise.slip("the collision probability", spent=lambda rho, n: math.log1p(n * (rho @ rho))).says(
    "The expectation over the anchors may be taken inside the logarithm: ln(1 + N sum of rho_c^2).",
    "Is your bound the entropy of rho when the loss is 0 and N very large?",
    "Your bound is true, and not the largest: it uses Jensen's inequality a second time.",
    "Go through the proof with c given, and average the logarithms over c at the end.",
)
exercise.slip("classes count alike", spent=lambda rho, n: np.log1p(n * rho).mean()).says(
    "Each class has the weight 1/C in the average over the anchors.",
    "How often is an anchor of class c drawn?",
    "rho_c comes in twice: as what the negatives leave out, and as the weight of the anchor.",
    "sum over c of rho_c ln(...).",
)
exercise.slip("all classes as if equally likely", spent=lambda rho, n: math.log1p(n / len(rho))).says(
    "Only the number of classes matters: ln(1 + N/C), as in the lecture.",
    "Does your value change when rho does?",
    "The lecture's theorem is about equally likely classes. Where does its proof use 1/C?",
    "For an anchor of class c it is rho_c in place of 1/C.",
)
exercise.slip("the most frequent class", spent=lambda rho, n: math.log1p(n * rho.max())).says(
    "The worst class decides for all anchors: ln(1 + N max rho).",
    "Is your bound larger or smaller than what an average over the anchors gives?",
    "True, and weaker than it must be: rare classes lose less.",
    "Each anchor pays for its own class; average over them.",
)
exercise.slip("N + 1 candidates of the class", spent=lambda rho, n: rho @ np.log1p((n + 1) * rho)).says(
    "Given the class, the expectation of W is at most 1 + (N+1) rho_c.",
    "What does the part with probability 1 - rho_c contribute?",
    "(N+1) rho_c from the first part, 1 - rho_c from the second, not 1.",
    "The sum is 1 + N rho_c.",
)
exercise.slip("the first part alone", spent=lambda rho, n: rho @ np.log((n + 1) * rho)).says(
    "Only candidates of the anchor's own class count in E W.",
    "Under q, does y_0 always come from the anchor's class?",
    "With probability 1 - rho_c it comes from the law of the negatives: there the symmetry gives 1.",
    "(N+1) rho_c + (1 - rho_c).",
)
exercise.slip("the other classes", spent=lambda rho, n: rho @ np.log1p(n * (1 - rho))).says(
    "The classes from which the negatives come decide: 1 + N (1 - rho_c).",
    "If there are very many classes, are these negatives much different from independent ones?",
    "They are nearly the same then, so next to nothing must be subtracted.",
    "The part of q that the negatives leave out, rho_c, is what costs.",
)
exercise.slip("ln N", ceiling=math.log).says(
    "N negatives make N candidates.",
    "What is certified with N = 1 and a loss of 0?",
    "The positive is a candidate too.",
    "ln(N+1) in the first term.",
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

exercise.style("logarithm of the whole", spent=lambda rho, n: np.sum(rho * np.log((n + 1) * rho + (1 - rho))))


@exercise.accepted("loop over the classes")
def true_negatives_bound(loss, rho, n_negatives):
    total = -loss
    for p in rho:
        total += p * math.log((n_negatives + 1) / (1 + n_negatives * p))
    return total


@exercise.accepted("torch, validated by hand", guarded=False)
def true_negatives_bound(loss, rho, n_negatives):
    p = torch.as_tensor(np.asarray(rho, dtype=float))
    if not (math.isfinite(loss) and loss >= 0) or not bool((p > 0).all()) or abs(p.sum() - 1) > 1e-9:
        raise ValueError(f"loss {loss}, rho {rho}")
    validate.count(n_negatives=n_negatives)
    return math.log1p(n_negatives) - loss - torch.dot(p, torch.log1p(n_negatives * p))
