"""plugin_bias: what its check looks at.

The bias is of second order in the spread of the exponentials, so the embeddings must not be small, and every argument of
the logarithm must stay positive: worlds are drawn until their smallest argument is at least 0.1. Non-uniform rho
throughout: with two balanced classes the swapped prior and the averaged prior give the right number.
"""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from course import validate, worlds
from course.check.case import Case, bad_input

exercise = Exercise(
    "plugin_bias",
    hints={
        "values": (
            "As N grows the negatives' mean stops to move, but v is still one draw: the bias does not vanish. Does yours?",
            "Four independent sums for a class c: x, x+ and v from D_c, the N negatives from p. The prior is rho_c.",
            "np.exp(z @ z.T); for each c, x, x+, v and each tuple of N points add rho_c D_c(x) D_c(x+) D_c(v) "
            "prod p(x_i) times the difference of the two logarithms.",
        ),
        "bad input": (
            "When can e^{s(x, x+)} + M be 0 or negative? A draw of positive probability is enough.",
            "Look at all the arguments of the logarithm whose weight is > 0; also one class, and N that is no integer >= 1.",
        ),
        "properties": (
            "The plug-in loss uses an unbiased estimate inside a concave function: which sign has the bias?",
        ),
    },
)


def smallest_argument(rho, classes, z):
    """Over all draws of positive probability, for every N: the smallest (e^{s(x, x+)} + M) / e^{s(x, x+)}."""
    e, p, least = np.exp(z @ z.T), rho @ classes, math.inf
    for prior, law in zip(rho, classes):
        mine = np.flatnonzero(law > 0)
        for x in mine:
            worst = (e[x, p > 0].min() - prior * e[x, mine].max()) / (1 - prior)
            least = min(least, *(1 + worst / e[x, mine]))
    return least


def world(rng, n_classes, n_points, dim, scale, overlap=True, least=0.1):
    """A world with non-uniform rho whose arguments of the logarithm are all at least `least`."""
    for _ in range(1000):
        rho, classes, z = worlds.random_world(rng, n_classes, n_points, dim, scale=scale, overlap=overlap)
        if smallest_argument(rho, classes, z) >= least and abs(rho - 1 / n_classes).min() > 0.03:
            return rho, classes, z
    raise RuntimeError(f"no world found for C = {n_classes}, S = {n_points}, scale {scale}")


@exercise.cases
def cases(rng):
    for c, s, d, n, scale, overlap in ((2, 3, 2, 1, 0.7, True), (2, 4, 1, 2, 0.6, False), (3, 4, 2, 3, 0.6, True)):
        yield Case(f"C = {c}, S = {s}, N = {n}", (*world(rng, c, s, d, scale, overlap), n))
    yield Case("C = 3, S = 5, disjoint classes, N = 2", (*world(rng, 3, 5, 2, 0.6, False), 2))
    yield Case("C = 2, S = 3, N = 6", (*world(rng, 2, 3, 2, 0.7), 6))
    rho, classes, z = world(rng, 3, 4, 2, 0.6)
    yield Case("all embeddings equal", (rho, classes, np.tile(z[:1], (4, 1)), 2))
    f = np.array([[1, 0.3], [0.6, -0.2], [-0.5, 0.8], [-0.9, 0.1]])
    two, halves = np.array([0.5, 0.5]), np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])
    yield Case("two balanced classes, a possible scale", (two, halves, 0.4 * f, 2))
    yield bad_input("the same at scale 1: some argument is negative", two, halves, f, 1)
    yield bad_input("the same at scale 3", two, halves, 3 * f, 2)
    yield bad_input("one class", np.ones(1), classes[:1], z, 2)
    yield bad_input("N = 0", rho, classes, z, 0)
    yield bad_input("N = 1.5", rho, classes, z, 1.5)
    yield bad_input("rho sums to 1.1", 1.1 * rho, classes, z, 1)
    yield bad_input("embeddings for too few points", rho, classes, z[:3], 1)
    yield bad_input("NaN in the embeddings", rho, classes, z * np.nan, 1)


@exercise.property("negative where the estimate moves, and closer to 0 with more negatives")
def sign(f, rng):
    rho, classes, z = world(rng, 2, 3, 2, 0.7)
    values = [f(rho, classes, z, n) for n in (1, 2, 4)]
    if not values[0] < 0 or not values[2] < 0:
        return "the logarithm is concave: its mean is below the logarithm of the mean"
    if not values[0] < values[1] < values[2]:
        return "more negatives must bring the plug-in loss closer to its target"


@exercise.property("zero where all embeddings are equal: then nothing is random")
def constant(f, rng):
    rho, classes, z = world(rng, 3, 4, 2, 0.6)
    if abs(f(rho, classes, np.tile(z[1:2], (4, 1)), 3)) > 1e-9:
        return "it is not"


@exercise.property("adding a vector to all embeddings that changes each row of scores by a constant changes nothing")
def shift(f, rng):
    rho, classes, z = world(rng, 2, 4, 2, 0.6)
    wide = np.hstack([z, np.full((4, 1), 2.0)])  # every inner product grows by 4
    if abs(f(rho, classes, z, 2) - f(rho, classes, wide, 2)) > 1e-8:
        return "it does: only quotients of exponentials may count"


def checked(rho, classes, z, n_negatives):
    validate.world(rho, classes, z)
    validate.count(1, n_negatives=n_negatives)
    if len(rho) < 2:
        raise ValueError(f"one class: {rho}")


@exercise.accepted("sums over tuples, one by one, as in the definition", uses=(checked,))
def plugin_bias(rho, classes, z, n_negatives):
    import itertools

    checked(rho, classes, z, n_negatives)
    e, p, points = np.exp(z @ z.T), rho @ classes, range(len(z))
    # the multisets of negatives, each once: (mean of e over them for every x, probability)
    draws = []
    for chosen in itertools.combinations_with_replacement(points, n_negatives):
        chance = float(math.factorial(n_negatives))
        for u in points:
            chance *= p[u] ** chosen.count(u) / math.factorial(chosen.count(u))
        if chance > 0:
            draws.append((e[:, list(chosen)].mean(axis=1), chance))
    total = 0.0
    for c in range(len(rho)):
        exact = e @ ((p - rho[c] * classes[c]) / (1 - rho[c]))
        mine = [u for u in points if classes[c, u] > 0]
        for x in mine:
            for v in mine:
                for mean, chance in draws:
                    mass = (mean[x] - rho[c] * e[x, v]) / (1 - rho[c])
                    for y in mine:
                        if e[x, y] + mass <= 0:
                            raise ValueError(f"mass {mass} at x = {x}, v = {v}")
                        gap = math.log1p(mass / e[x, y]) - math.log1p(exact[x] / e[x, y])
                        total += rho[c] * classes[c, x] * classes[c, y] * classes[c, v] * chance * gap
    return total


@exercise.accepted("one axis per negative, by a growing grid", uses=(checked,))
def plugin_bias(rho, classes, z, n_negatives):
    checked(rho, classes, z, n_negatives)
    e, p = np.exp(z @ z.T), rho @ classes
    sums, chance = np.zeros((len(z), 1)), np.ones(1)
    for _ in range(n_negatives):
        sums = (sums[:, :, None] + e[:, None, :]).reshape(len(z), -1)
        chance = (chance[:, None] * p).reshape(-1)
    answer = 0.0
    for prior, law in zip(rho, classes):
        mass = (sums[:, None, :] / n_negatives - prior * e[:, :, None]) / (1 - prior)
        exact = e @ ((p - prior * law) / (1 - prior))
        for y in np.flatnonzero(law):
            positive = e[:, y]
            inside = positive[:, None, None] + mass
            weight = law[:, None, None] * law[None, :, None] * chance
            if (inside[weight > 0] <= 0).any():
                raise ValueError(f"argument {inside.min()}")
            value = np.where(weight > 0, np.log(np.where(weight > 0, inside, 1.0)) - np.log(positive)[:, None, None], 0)
            answer += prior * law[y] * ((weight * value).sum() - law @ np.log1p(exact / positive))
    return np.float64(answer)


@exercise.accepted("torch, the law of the sum of negatives kept as a dictionary", uses=(checked,))
def plugin_bias(rho, classes, z, n_negatives):
    checked(rho, classes, z, n_negatives)
    rho, classes, z = (torch.as_tensor(a, dtype=torch.float64) for a in (rho, classes, z))
    e, p = torch.exp(z @ z.T), rho @ classes
    law = {(0,) * len(z): 1.0}
    for _ in range(n_negatives):
        longer = {}
        for counts, chance in law.items():
            for u in range(len(z)):
                key = (*counts[:u], counts[u] + 1, *counts[u + 1 :])
                longer[key] = longer.get(key, 0.0) + chance * float(p[u])
        law = longer
    counts = torch.tensor(list(law), dtype=torch.float64)
    chance = torch.tensor(list(law.values()), dtype=torch.float64)
    means = e @ counts.T / n_negatives
    answer = torch.zeros((), dtype=torch.float64)
    for c in range(len(rho)):
        own = classes[c]
        inside = (means[:, None] - rho[c] * e[:, :, None]) / (1 - rho[c])  # x, v, draw
        argument = e[:, :, None, None] + inside[:, None]  # x, y, v, draw
        weight = own[:, None, None, None] * own[:, None, None] * own[:, None] * chance
        if bool((argument[weight > 0] <= 0).any()):
            raise ValueError("the logarithm is not defined for some draw")
        exact = e @ ((p - rho[c] * own) / (1 - rho[c]))
        quotient = torch.where(weight > 0, argument / (e + exact[:, None])[:, :, None, None], 1.0)
        answer = answer + rho[c] * (weight * quotient.log()).sum()
    return answer


def enumerated(rho, classes, z, n_negatives, priors, *, same=False, total=False, laws=None, target=None, copied=False):
    """The bias with one thing changed: the priors, a shared positive, sums for means, other laws of the negatives."""
    import itertools

    e, p = np.exp(z @ z.T), rho @ classes
    answer = 0.0
    for c, law in enumerate(classes):
        p_c = p if laws is None else laws[c]
        minus = (p - rho[c] * law) / (1 - rho[c]) if target is None else target
        exact = e @ minus
        prior = priors[c]
        for chosen in itertools.combinations_with_replacement(range(len(z)), n_negatives):
            chance = float(math.factorial(n_negatives))
            for u in range(len(z)):
                chance *= p_c[u] ** chosen.count(u) / math.factorial(chosen.count(u))
            mean = e[:, list(chosen)].sum(axis=1) if total else e[:, list(chosen)].mean(axis=1)
            mass = (mean[:, None] - prior * e) / (1 - prior)  # x, v
            if same:
                weight, inside = np.outer(law, law), 1 + mass / e
                reference = np.log1p(exact[:, None] / e)
            else:
                weight = np.einsum("x,y,v->xyv", law, law, law)
                if copied:
                    weight = np.einsum("xy,v->xyv", np.diag(law), law)
                inside = 1 + mass[:, None, :] / e[:, :, None]
                reference = np.log1p(exact[:, None] / e)[:, :, None]
            possible = (weight > 0) & (inside > 0)
            logs = np.log(np.where(possible, inside, 1.0)) - np.where(possible, reference, 0.0)
            answer += rho[c] * chance * (weight * logs).sum()
    return answer


@exercise.wrong(
    "an unbiased estimate makes an unbiased loss",
    belief="The estimate of the mass is unbiased, so the loss into which it is plugged is unbiased too.",
    hints=(
        "Is E ln(X) the same as ln(E X)?",
        "Each draw has its own logarithm; the expectation is taken over the logarithms.",
        "Do not average the mass over the draws first: sum probability times logarithm over all draws.",
    ),
)
def plugin_bias(rho, classes, z, n_negatives):
    return 0.0


@exercise.wrong(
    "target minus plug-in",
    belief="The bias is what is missing: target minus expectation.",
    hints=(
        "Your numbers have the wrong sign: the bias of an estimator is its expectation minus its target.",
        "Return the expectation of the plug-in loss minus the population loss.",
    ),
    uses=(enumerated,),
)
def plugin_bias(rho, classes, z, n_negatives):
    return -enumerated(rho, classes, z, n_negatives, rho)


@exercise.wrong(
    "prior of another class",
    belief="The prior is the probability that a draw has a different class.",
    hints=(
        "With two balanced classes your number is right. With others?",
        "What must stand in front of e^{s(x, v)} so that the estimate is right on average?",
        "The prior of an anchor of class c is rho_c, not 1 - rho_c.",
    ),
    uses=(enumerated,),
)
def plugin_bias(rho, classes, z, n_negatives):
    return enumerated(rho, classes, z, n_negatives, 1 - rho)


@exercise.wrong(
    "one prior for all anchors",
    belief="The prior is the probability that two draws share a class, the sum of rho_c squared.",
    hints=(
        "That is the average over anchors. Is the estimate unbiased for an anchor of a rare class?",
        "In the loop over the anchor's class c, the prior is rho_c.",
    ),
    uses=(enumerated,),
)
def plugin_bias(rho, classes, z, n_negatives):
    return enumerated(rho, classes, z, n_negatives, np.full(len(rho), float((rho**2).sum())))


@exercise.wrong(
    "the same positive twice",
    belief="The positive of the numerator is the one that serves the estimate.",
    hints=(
        "How many positives are drawn here, and which of them enters the estimate?",
        "v is a draw of its own, independent of x+: two sums over D_c besides the one for x.",
    ),
    uses=(enumerated,),
)
def plugin_bias(rho, classes, z, n_negatives):
    return enumerated(rho, classes, z, n_negatives, rho, same=True)


@exercise.wrong(
    "sum over the negatives",
    belief="The mass of the negatives is the sum over the N draws.",
    hints=(
        "For N = 1 your numbers are right. What changes with N?",
        "The estimate of an expectation is a mean: divide the sum over the negatives by N.",
    ),
    uses=(enumerated,),
)
def plugin_bias(rho, classes, z, n_negatives):
    return enumerated(rho, classes, z, n_negatives, rho, total=True)


@exercise.wrong(
    "negatives drawn from the other classes",
    belief="Negatives come from other classes than the anchor's.",
    hints=(
        "If they did, there would be nothing to debias.",
        "The N negatives are drawn from p, the law of all the data, collisions included.",
    ),
    uses=(enumerated,),
)
def plugin_bias(rho, classes, z, n_negatives):
    p = rho @ classes
    others = [(p - rho[c] * classes[c]) / (1 - rho[c]) for c in range(len(rho))]
    return enumerated(rho, classes, z, n_negatives, rho, laws=others)


@exercise.wrong(
    "compared with the biased loss",
    belief="The target is the population loss with negatives from p.",
    hints=(
        "At constant embeddings your answer is right. Which population loss is meant?",
        "The target has the expectation over p_minus of the anchor's class inside the logarithm.",
    ),
    uses=(enumerated,),
)
def plugin_bias(rho, classes, z, n_negatives):
    return enumerated(rho, classes, z, n_negatives, rho, target=rho @ classes)


@exercise.wrong(
    "the positive is the anchor itself",
    belief="The positive is another view of the same point, so x+ = x.",
    hints=(
        "In this world a similar pair is two independent draws from one class.",
        "Sum over x+ with the weights D_c(x+), as over x.",
    ),
    uses=(enumerated,),
)
def plugin_bias(rho, classes, z, n_negatives):
    return enumerated(rho, classes, z, n_negatives, rho, copied=True)


@exercise.wrong(
    "undefined draws left out",
    belief="Where the logarithm is not defined the draw can be skipped.",
    hints=(
        "What is the expectation of something that is not defined with probability 0.02?",
        "It does not exist. Raise ValueError where an argument with positive weight is <= 0.",
    ),
    uses=(enumerated,),
)
def plugin_bias(rho, classes, z, n_negatives):
    validate.world(rho, classes, z)
    validate.count(1, n_negatives=n_negatives)
    if len(rho) < 2:
        raise ValueError("one class")
    return enumerated(rho, classes, z, n_negatives, rho)
