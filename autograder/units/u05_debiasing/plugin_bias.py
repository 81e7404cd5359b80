"""plugin_bias: what its check looks at.

The bias is of second order in the spread of the exponentials, so the embeddings must not be small, and every argument of
the logarithm must stay positive: worlds are drawn until their smallest argument is at least 0.1. Non-uniform rho
throughout: with two balanced classes the swapped prior and the averaged prior give the right number.
"""

import itertools
import math

import numpy as np
import torch

from autograder.author import Case, Exercise, bad_input, count, needs, world
from autograder.author.draw import odd_sizes
from course import validate, worlds

exercise = Exercise(
    "plugin_bias",
    refuses=(
        world("rho", "classes", "z"),
        count("n_negatives", "N", 1.5),
        count("n_positives", "K", 2.5),
        needs("len(rho) > 1", {"one class": {"rho": np.ones(1), "classes": lambda rows: rows[:1]}}),
    ),
    hints={
        "values": (
            "Take two classes of two points and N = K = 1, and write all draws down: a class, x, x+, v and one negative. Do your "
            "probabilities sum to 1, and is the mean of your estimated masses, for each x, the true mass?",
            "Four independent sums for a class c: x, x+ and the K extra positives from D_c, the N negatives from p. The prior "
            "is rho_c.",
            "np.exp(z @ z.T); for each c, x, x+, each tuple v of K points and each tuple of N points add rho_c D_c(x) D_c(x+) "
            "prod D_c(v_k) prod p(x_i) times the difference of the two logarithms.",
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


def possible_world(rng, n_classes, n_points, dim, scale, overlap=True, least=0.1):
    """A world with non-uniform rho whose arguments of the logarithm are all at least `least`."""
    for _ in range(1000):
        rho, classes, z = worlds.random_world(rng, n_classes, n_points, dim, scale=scale, overlap=overlap)
        if smallest_argument(rho, classes, z) >= least and abs(rho - 1 / n_classes).min() > 0.12 / n_classes**2:
            return rho, classes, z
    raise RuntimeError(f"no world found for C = {n_classes}, S = {n_points}, scale {scale}")


@exercise.cases
def cases(rng):
    for c, s, d, n, scale, overlap in ((2, 3, 2, 1, 0.7, True), (2, 4, 1, 2, 0.6, False), (3, 4, 2, 3, 0.6, True)):
        yield Case(f"C = {c}, S = {s}, N = {n}, K = 1", (*possible_world(rng, c, s, d, scale, overlap), n, 1))
    for c, s, n, k in ((2, 3, 2, 2), (3, 4, 1, 3), (2, 3, 3, 5)):
        yield Case(f"C = {c}, S = {s}, N = {n}, K = {k}", (*possible_world(rng, c, s, 2, 0.6), n, k))
    yield Case("C = 3, S = 5, disjoint classes, N = 2, K by default", (*possible_world(rng, 3, 5, 2, 0.6, False), 2))
    yield Case("C = 2, S = 3, N = 6, K = 1", (*possible_world(rng, 2, 3, 2, 0.7), 6, 1))
    d = odd_sizes(rng, 1, high=15)[0]
    world = possible_world(rng, 4, 9, d, 1 / d**0.5, False)
    yield Case(f"C = 4, S = 9, d = {d}, N = 2, K = 2", (*world, 2, 2), public=False)
    c = odd_sizes(rng, 1, high=15)[0]
    yield Case(f"C = {c}, S = 3, N = 2, K = 1", (*possible_world(rng, c, 3, 2, 0.6, True), 2, 1), public=False)
    yield Case("C = 2, S = 3, N = 9, K = 2", (*possible_world(rng, 2, 3, 3, 0.5), 9, 2), public=False)
    yield Case("C = 2, S = 4, N = 9, K = 9", (*possible_world(rng, 2, 4, 2, 0.5), 9, 9), public=False)
    yield Case("C = 2, S = 3, N = 2, K = 16", (*possible_world(rng, 2, 3, 2, 0.5, False), 2, 16), public=False)
    rho, classes, z = possible_world(rng, 3, 4, 2, 0.6)
    yield Case("all embeddings equal", (rho, classes, np.tile(z[:1], (4, 1)), 2, 2))
    f = np.array([[1, 0.3], [0.6, -0.2], [-0.5, 0.8], [-0.9, 0.1]])
    two, halves = np.array([0.5, 0.5]), np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])
    yield Case("two balanced classes, a possible scale", (two, halves, 0.4 * f, 2, 1))
    yield bad_input("the same at scale 1: some argument is negative", two, halves, f, 1, 1)
    yield bad_input("the same at scale 3", two, halves, 3 * f, 2, 2)
    yield from exercise.bad_inputs(rho, classes, z, 2, 2)
    # at a point that the class does not have the logarithm would have no value
    apart = np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]), np.array([[0.6, 0.1], [0.5, 0], [0.4, 0.9], [0.5, 1]])
    yield Case("no value for draws of probability 0", (np.array([0.4, 0.6]), *apart, 2, 1))


@exercise.property("negative where the estimate moves, and closer to 0 with more negatives, and with more positives")
def sign(f, rng):
    rho, classes, z = possible_world(rng, 2, 3, 2, 0.7)
    for what, values in {
        "negatives": [f(rho, classes, z, n, 1) for n in (1, 2, 4)],
        "extra positives": [f(rho, classes, z, 2, k) for k in (1, 2, 4)],
    }.items():
        if not values[0] < 0 or not values[2] < 0:
            return "the logarithm is concave: its mean is below the logarithm of the mean"
        if not values[0] < values[1] < values[2]:
            return f"more {what} must bring the plug-in loss closer to its target"


@exercise.property("for nearly equal embeddings it is near minus half the variance over the squared argument")
def second_order(f, rng):
    rho, classes, z = possible_world(rng, 2, 3, 2, 0.3)
    z = 0.1 * z / np.linalg.norm(z, axis=1).max()  # so near one another that the rest is some per cent
    e, p = np.exp(z @ z.T), rho @ classes
    for n, k in ((4, 1), (2, 4)):
        expected = 0.0
        for prior, law in zip(rho, classes):
            spread = [e**2 @ q - (e @ q) ** 2 for q in (p, law)]
            variance = (spread[0] / n + prior**2 * spread[1] / k) / (1 - prior) ** 2
            squared = (e + (e @ ((p - prior * law) / (1 - prior)))[:, None]) ** 2
            expected -= prior * law @ (variance[:, None] / squared) @ law / 2
        if not abs(f(rho, classes, z, n, k) / expected - 1) < 0.25:
            return f"with N = {n} and K = {k} it is not"


@exercise.property("zero where all embeddings are equal: then nothing is random")
def constant(f, rng):
    rho, classes, z = possible_world(rng, 3, 4, 2, 0.6)
    if abs(f(rho, classes, np.tile(z[1:2], (4, 1)), 3, 2)) > 1e-9:
        return "it is not"


@exercise.property("adding a vector to all embeddings that changes each row of scores by a constant changes nothing")
def shift(f, rng):
    rho, classes, z = possible_world(rng, 2, 4, 2, 0.6)
    wide = np.hstack([z, np.full((4, 1), 2.0)])  # every inner product grows by 4
    if abs(f(rho, classes, z, 2, 2) - f(rho, classes, wide, 2, 2)) > 1e-8:
        return "it does: only quotients of exponentials may count"


def multisets(n_points, n):
    """How often each point occurs in each multiset of n points (K, S), and how many orders each has (K,)."""
    chosen = itertools.combinations_with_replacement(range(n_points), n)
    counts = np.array([np.bincount(points, minlength=n_points) for points in chosen])
    ways = [math.factorial(n) / math.prod(map(math.factorial, row)) for row in counts.tolist()]
    return counts, np.array(ways)


def means(e, law, n):
    """Mean of e over n draws from the law (S, K), and the probability of each multiset (K,); points of mass 0 stay out."""
    points = np.flatnonzero(law)
    counts, ways = multisets(len(points), n)
    return e[:, points] @ counts.T / n, ways * np.prod(law[points] ** counts, axis=1)


def alike(e, law, n):
    """All multisets equally likely."""
    mean, chance = means(e, law, n)
    return mean, np.full(len(chance), 1 / len(chance))


def once(e, law, n):
    """The points' probabilities multiplied, in one order."""
    mean, chance = means(e, law, n)
    return mean, chance / multisets(np.count_nonzero(law), n)[1]


def once_of_all(e, law, n):
    mean, chance = once(e, law, n)
    return mean, chance / chance.sum()


def in_all_orders(e, law, n):
    mean, chance = once(e, law, n)
    return mean, chance * math.factorial(n)


def everywhere(e, law, n):
    """Points of mass 0 with the others."""
    counts, ways = multisets(len(law), n)
    return e @ counts.T / n, ways * np.prod(law**counts, axis=1)


def pair_of(law, p):
    """Joint law (S, S) of the anchor and its positive."""
    return np.outer(law, law)


def one_of(means, chance, e, law):
    """The law of the mean over the extra positives, for every positive of the numerator: it does not depend on it."""
    return means[:, None], np.broadcast_to(chance, (len(law), len(chance)))


def itself(means, chance, e, law):
    """The positive of the numerator is the extra one."""
    return e[:, :, None], np.ones((len(law), 1))


def all_defined(quotient, weight, mass):
    if (quotient[weight > 0] <= 0).any():
        raise ValueError("the argument of the logarithm is not positive for some draw")
    return weight > 0


def defined_anywhere(quotient, weight, mass):
    if (quotient <= 0).any():
        raise ValueError("the argument of the logarithm is not positive somewhere")
    return weight > 0


def positive_masses(quotient, weight, mass):
    if (np.broadcast_to(mass, weight.shape)[weight > 0] <= 0).any():
        raise ValueError("the estimated mass is not positive for some draw")
    return weight > 0


@exercise.formula
def plugin_bias(
    rho,
    classes,
    z,
    n_negatives,
    n_positives=1,
    *,
    prior=lambda rho: rho,
    pool=lambda mean, n: mean,
    gather=lambda mean, k, e: mean,
    extra=lambda k: k,
    scores=lambda z: z @ z.T,
    chances=means,
    left=lambda own: 1 - own,
    source=lambda law, p: law,
    above=lambda e, law: e,
    apart=False,
    drawn=lambda p, others: p,
    meant=lambda p, others: others,
    pairs=pair_of,
    serving=one_of,
    counted=all_defined,
    floored=lambda mass, e: mass,
    times=lambda n: 1,
    chosen=lambda share, rho: share,
    sign=1,
):
    e, p, bias = np.exp(scores(z)), rho @ classes, 0.0
    for share, own, law in zip(rho, prior(rho), classes):
        others = (p - share * law) / (1 - share)
        negatives, chance = chances(e, drawn(p, others), n_negatives)
        positives, also = serving(*chances(e, source(law, p), extra(n_positives)), e, law)  # (S, 1 or S, K), (S, K)
        own_mean, first = gather(positives, n_positives, e)[..., None], above(e, law)
        mass = floored((pool(negatives, n_negatives)[:, None, None] - own * own_mean) / left(own), e)
        argument = first[:, :, None, None] + times(n_negatives) * mass  # anchor, positive, extra positives, negatives
        exact = 1 + times(n_negatives) * (e @ meant(p, others))[:, None] / first
        quotient = argument / (first * exact)[:, :, None, None]
        weight = pairs(law, p)[:, :, None, None] * also[None, :, :, None] * chance
        kept = counted(quotient, weight, mass)
        bias += chosen(share, rho) * (weight[kept] * np.log(quotient[kept])).sum()
        if apart:  # the target's mean is taken over the anchor and its positive alone
            bias += chosen(share, rho) * ((weight.sum(axis=(2, 3)) - pairs(law, p)) * np.log(exact)).sum()
    return sign * bias


exercise.slip("target minus plug-in", sign=-1).says(
    "The bias is what is missing: target minus expectation.",
    "Your numbers have the wrong sign: the bias of an estimator is its expectation minus its target.",
    "Return the expectation of the plug-in loss minus the population loss.",
)
exercise.slip("prior of another class", prior=lambda rho: 1 - rho).says(
    "The prior is the probability that a draw has a different class.",
    "With two balanced classes your number is right. With others?",
    "What must stand in front of e^{s(x, v)} so that the estimate is right on average?",
    "The prior of an anchor of class c is rho_c, not 1 - rho_c.",
)
exercise.slip("one prior for all anchors", prior=lambda rho: np.full(len(rho), (rho**2).sum())).says(
    "The prior is the probability that two draws share a class, the sum of rho_c squared.",
    "That is the average over anchors. Is the estimate unbiased for an anchor of a rare class?",
    "In the loop over the anchor's class c, the prior is rho_c.",
)
exercise.slip("the same positive twice", serving=itself).says(
    "The positive of the numerator is the one that serves the estimate.",
    "How many positives are drawn here, and which of them enters the estimate?",
    "The extra positives are draws of their own, independent of x+: a sum over D_c for each, besides those for x and x+.",
)
exercise.slip("sum over the negatives", pool=lambda mean, n: n * mean).says(
    "The mass of the negatives is the sum over the N draws.",
    "For N = 1 your numbers are right. What changes with N?",
    "The estimate of an expectation is a mean: divide the sum over the negatives by N.",
)
exercise.slip("sum over the extra positives", gather=lambda mean, k, e: k * mean).says(
    "The mass of the extra positives is the sum over the K draws.",
    "For K = 1 your numbers are right. What changes with K?",
    "The estimate of an expectation is a mean: divide the sum over the extra positives by K.",
)
exercise.slip("one extra positive, whatever is asked", extra=lambda k: 1).says(
    "More extra positives do not change the expectation of the loss.",
    "For K = 1 your numbers are right. Which part of the variance has K in it?",
    "The mean over K extra positives moves less than one of them: sum over all their tuples, or multisets.",
)
exercise.slip(
    "the extra positives' mean at its limit",
    serving=lambda means, chance, e, law: ((e @ law)[:, None, None], np.ones((len(law), 1))),
).says(
    "The extra positives' mean is the mass of the class.",
    "That is so for K without end. What varies with K = 1?",
    "The mean over K draws is random: enumerate them as you enumerate the negatives.",
)
exercise.slip("the positive joins the extra ones", gather=lambda mean, k, e: (k * mean + e[:, :, None]) / (k + 1)).says(
    "All positives serve the estimate, x+ among them.",
    "How many draws does the text's estimate of the positives' mass have?",
    "K: x+ is in the numerator only.",
)
exercise.slip("N times the mass", times=lambda n: n).says(
    "The losses hold N times the mass.",
    "For N = 1 your numbers are right. Which loss does the text give?",
    "ln(1 + mass / e(x, x+)), the mass being that of one negative.",
)
FLOORED = (
    "The estimate is kept above the smallest exponential.",
    "Does the text want a floor here?",
    "No floor: an argument of the logarithm that is not positive raises.",
)
exercise.slip(
    "the estimate floored", floored=lambda mass, e: np.maximum(mass, e.min(axis=1)[:, None, None, None])
).says(*FLOORED)
exercise.slip("the estimate floored for all anchors alike", floored=lambda mass, e: np.maximum(mass, e.min())).says(
    *FLOORED
)
exercise.slip("negative masses set to 0", floored=lambda mass, e: np.maximum(mass, 0)).says(
    "An estimated mass that is negative is set to 0.",
    "Is the estimate then right on average?",
    "No floor: only an argument of the logarithm that is not positive raises.",
)
exercise.slip(
    "undefined logarithms count as 0",
    floored=lambda mass, e: np.where(e[:, :, None, None] + mass > 0, mass, 0),
).says(
    "Where the plug-in's logarithm has no value it can be set to 0.",
    "What is the expectation of something that is not defined with probability 0.02?",
    "It does not exist. Raise ValueError where an argument with positive weight is <= 0.",
)
exercise.slip("draws of probability 0 refused", counted=defined_anywhere, chances=everywhere).says(
    "A draw that leaves the logarithm without a value raises, whatever its probability.",
    "Can an anchor of class c be a point that D_c does not have?",
    "Look only at arguments whose weight is > 0.",
)
exercise.slip("classes equally likely", chosen=lambda share, rho: 1 / len(rho)).says(
    "The classes are averaged with equal weights.",
    "With which probability does nature draw class c?",
    "rho_c: it weighs the anchors of class c, and is their prior.",
)
exercise.slip("negatives drawn from the other classes", drawn=lambda p, others: others).says(
    "Negatives come from other classes than the anchor's.",
    "If they did, there would be nothing to debias.",
    "The N negatives are drawn from p, the law of all the data, collisions included.",
)
exercise.slip("compared with the biased loss", meant=lambda p, others: p).says(
    "The target is the population loss with negatives from p.",
    "At constant embeddings your answer is right. Which population loss is meant?",
    "The target has the expectation over p_minus of the anchor's class inside the logarithm.",
)
exercise.slip("the positive drawn from all the data", pairs=np.outer).says(
    "The positive is a draw from the law of all the data.",
    "Which class has the positive of an anchor of class c?",
    "The same one: weigh x+ with D_c(x+), as x.",
)
exercise.slip("anchors equally likely", pairs=lambda law, p: np.outer((law > 0) / np.count_nonzero(law), law)).says(
    "All points of a class are equally likely anchors.",
    "With which probability does nature draw the anchor x from class c?",
    "D_c(x): weigh the anchors with it, as their positives.",
)
exercise.slip("the extra positives drawn from all the data", source=lambda law, p: p).says(
    "The extra positives are draws from the law of all the data.",
    "Which mass do they serve to estimate?",
    "That of the anchor's class: they are draws from D_c.",
)
exercise.slip("prior 1/C", prior=lambda rho: np.full(len(rho), 1 / len(rho))).says(
    "The prior in the estimate is one over the number of classes.",
    "Are the classes of this world equally likely?",
    "The prior of an anchor of class c is rho_c.",
)
exercise.slip("not divided by the rest", left=lambda own: 1).says(
    "The estimate is the difference of the two means, and that is all.",
    "All embeddings equal: the true mass is e^s. What is your estimate?",
    "Divide by 1 - rho_c: what is left stands for that share of the draws.",
)
exercise.slip("cosines", scores=lambda z: z @ z.T / np.outer(*[np.linalg.norm(z, axis=1)] * 2)).says(
    "Embeddings are divided by their lengths first.",
    "How does the notebook define e(x, u)?",
    "np.exp(z @ z.T), with z as it is.",
)
exercise.slip("bits", sign=1 / math.log(2)).says(
    "The logarithm has base 2.",
    "Your numbers are the right ones divided by ln 2.",
    "Nats: np.log.",
)
exercise.slip("mean of the positives' exponentials", above=lambda e, law: np.repeat(e @ law[:, None], len(e), 1)).says(
    "e(x, x+) can be replaced by its mean over x+.",
    "The mean of a logarithm: is it the logarithm of a mean?",
    "Sum over x+ outside the logarithm, with weights D_c(x+).",
)
exercise.slip("mass times the positive's exponential", above=lambda e, law: 1 / e).says(
    "The logarithm holds 1 + mass * e(x, x+).",
    "Does a more similar positive make your loss smaller, or larger?",
    "Divide the mass by e(x, x+).",
)
EQUALLY_LIKELY = (
    "All multisets of draws are equally likely.",
    "Toss a coin twice: how likely is one head and one tail?",
    "Each multiset has the probability N!/(n_1! n_2! ...) prod p(u)^{n_u}.",
)
exercise.slip("multisets equally likely", chances=alike).says(*EQUALLY_LIKELY)
ONE_ORDER = (
    "The probability of a multiset is the product of its points' probabilities.",
    "Toss a coin twice: how likely is one head and one tail?",
    "A multiset can be drawn in several orders: N! divided by the factorials of the counts.",
    "Do the probabilities of your multisets sum to 1?",
)
exercise.slip("each multiset once", chances=once).says(*ONE_ORDER)
exercise.slip("each multiset once, target apart", chances=once, apart=True).says(*ONE_ORDER)
exercise.slip("each multiset once, scaled to sum 1", chances=once_of_all).says(
    "Multisets are as likely as the products of their points' probabilities say, scaled to sum 1.",
    "Toss a coin twice: how likely is one head and one tail, and how likely are two heads?",
    "A multiset can be drawn in several orders: N! divided by the factorials of the counts.",
)
ALL_ORDERS = (
    "Every multiset of N draws comes up in N! orders.",
    "Toss a coin twice: in how many orders come two heads?",
    "In one: divide N! by the factorials of the counts.",
    "Do the probabilities of your multisets sum to 1?",
)
exercise.slip("n! orders for every multiset", chances=in_all_orders).says(*ALL_ORDERS)
exercise.slip("n! orders for every multiset, target apart", chances=in_all_orders, apart=True).says(*ALL_ORDERS)
exercise.slip("the positive is the anchor itself", pairs=lambda law, p: np.diag(law)).says(
    "The positive is another view of the same point, so x+ = x.",
    "In this world a similar pair is two independent draws from one class.",
    "Sum over x+ with the weights D_c(x+), as over x.",
)
exercise.slip("an estimated mass that is not positive refused", counted=positive_masses).says(
    "The logarithm has a value only where the estimated mass is positive.",
    "What stands in the logarithm, besides the mass?",
    "1 + mass / e(x, x+): a mass between -e(x, x+) and 0 is no obstacle.",
)
exercise.slip("undefined draws left out", counted=lambda quotient, weight, mass: (weight > 0) & (quotient > 0)).says(
    "Where the logarithm is not defined the draw can be skipped.",
    "What is the expectation of something that is not defined with probability 0.02?",
    "It does not exist. Raise ValueError where an argument with positive weight is <= 0.",
)


def orders(counts):
    """In how many orders a multiset can be drawn."""
    return math.factorial(sum(counts)) // math.prod(map(math.factorial, counts))


@exercise.wrong(
    "an unbiased estimate makes an unbiased loss",
    belief="The estimate of the mass is unbiased, so the loss into which it is plugged is unbiased too.",
    hints=(
        "Is E ln(X) the same as ln(E X)?",
        "Each draw has its own logarithm; the expectation is taken over the logarithms.",
        "Do not average the mass over the draws first: sum probability times logarithm over all draws.",
    ),
)
def plugin_bias(rho, classes, z, n_negatives, n_positives=1):
    return 0.0


@exercise.wrong(
    "half the variance over the squared argument",
    belief="The term of second order is the bias.",
    hints=(
        "Is your number exact? Enumerate a world with N = K = 1 by hand.",
        "ln(1 + u) = u - u^2/2 + u^3/3 - ...: the rest is small, and not 0.",
        "Sum probability times logarithm over all draws.",
    ),
)
def plugin_bias(rho, classes, z, n_negatives, n_positives=1):
    e, p, bias = np.exp(z @ z.T), rho @ classes, 0.0
    for prior, law in zip(rho, classes):
        spread = [e**2 @ q - (e @ q) ** 2 for q in (p, law)]
        variance = (spread[0] / n_negatives + prior**2 * spread[1] / n_positives) / (1 - prior) ** 2
        squared = (e + (e @ ((p - prior * law) / (1 - prior)))[:, None]) ** 2
        bias -= prior * law @ (variance[:, None] / squared) @ law / 2
    return bias


@exercise.wrong(
    "nothing is checked",
    belief="The arguments need not be checked: a bad one shows in the result.",
    hints=(
        "What do you return for rho that sums to 0.9, and for one class?",
        "validate.world(...), validate.count(1, n_negatives=..., n_positives=...), and one `if` for the classes.",
    ),
    guarded=False,
)
def plugin_bias(rho, classes, z, n_negatives, n_positives=1):
    e, p, bias = np.exp(z @ z.T), rho @ classes, 0.0
    mean, chance = means(e, p, n_negatives)
    for prior, law in zip(rho, classes):
        positives, also = means(e, law, n_positives)
        mass = (mean[:, None] - prior * positives[:, :, None]) / (1 - prior)
        exact = e + (e @ ((p - prior * law) / (1 - prior)))[:, None]
        weight = np.outer(law, law)[:, :, None, None] * also[:, None] * chance
        quotient = (e[:, :, None, None] + mass[:, None]) / exact[:, :, None, None]
        kept = all_defined(quotient, weight, mass)
        bias += prior * (weight[kept] * np.log(quotient[kept])).sum()
    return bias


@exercise.accepted("sums over multisets, one by one, as in the definition", guarded=False)
def plugin_bias(rho, classes, z, n_negatives, n_positives=1):
    validate.world(rho, classes, z)
    validate.count(1, n_negatives=n_negatives, n_positives=n_positives)
    if len(rho) < 2:
        raise ValueError(f"one class: {rho}")
    e, p, points = np.exp(z @ z.T), rho @ classes, range(len(z))

    def draws(law, n):
        for chosen in itertools.combinations_with_replacement([u for u in points if law[u] > 0], n):
            chance = float(orders([chosen.count(u) for u in set(chosen)]))
            for u in chosen:
                chance *= law[u]
            yield e[:, list(chosen)].mean(axis=1), chance

    means, chances = zip(*draws(p, n_negatives))
    means, chances, total = np.array(means), np.array(chances), 0.0
    for c in range(len(rho)):
        exact = e @ ((p - rho[c] * classes[c]) / (1 - rho[c]))
        for extra, also in draws(classes[c], n_positives):
            mass = (means - rho[c] * extra) / (1 - rho[c])  # draws of the negatives, anchors
            for x in points:
                for y in points:
                    pair = classes[c, x] * classes[c, y]
                    if pair == 0:
                        continue
                    if e[x, y] + mass[:, x].min() <= 0:
                        raise ValueError(f"mass {mass[:, x].min()} at x = {x}")
                    gaps = np.log1p(mass[:, x] / e[x, y]) - math.log1p(exact[x] / e[x, y])
                    total += rho[c] * pair * also * (chances @ gaps)
    return total


@exercise.accepted("the law of a sum, one draw after the other, as a dictionary; torch")
def plugin_bias(rho, classes, z, n_negatives, n_positives=1):
    rho, classes, z = (torch.as_tensor(a, dtype=torch.float64) for a in (rho, classes, z))
    e, p = torch.exp(z @ z.T), rho @ classes

    def after(law, n):
        known = {(0,) * len(z): 1.0}
        for _ in range(n):
            longer = {}
            for counts, chance in known.items():
                for u in range(len(z)):
                    if law[u] > 0:
                        key = (*counts[:u], counts[u] + 1, *counts[u + 1 :])
                        longer[key] = longer.get(key, 0.0) + chance * float(law[u])
            known = longer
        counts = torch.tensor(list(known), dtype=torch.float64)
        return e @ counts.T / n, torch.tensor(list(known.values()), dtype=torch.float64)

    means, chance = after(p, n_negatives)
    answer = torch.zeros((), dtype=torch.float64)
    for c in range(len(rho)):
        own = classes[c]
        positives, also = after(own, n_positives)
        inside = (means[:, None] - rho[c] * positives[:, :, None]) / (1 - rho[c])  # x, v, draw
        argument = e[:, :, None, None] + inside[:, None]  # x, y, v, draw
        weight = own[:, None, None, None] * own[:, None, None] * also[:, None] * chance
        if bool((argument[weight > 0] <= 0).any()):
            raise ValueError("the logarithm is not defined for some draw")
        exact = e @ ((p - rho[c] * own) / (1 - rho[c]))
        quotient = torch.where(weight > 0, argument / (e + exact[:, None])[:, :, None, None], 1.0)
        answer = answer + rho[c] * (weight * quotient.log()).sum()
    return answer


@exercise.accepted("numpy arrays of points; the second positive of each pair in a loop")
def plugin_bias(rho, classes, z, n_negatives, n_positives=1):
    e, p = np.exp(z @ z.T), rho @ classes
    mean, chance = means(e, p, n_negatives)
    answer = 0.0
    for prior, law in zip(rho, classes):
        positives, also = means(e, law, n_positives)
        mass = (mean[:, None, :] - prior * positives[:, :, None]) / (1 - prior)
        exact = e @ ((p - prior * law) / (1 - prior))
        for y in np.flatnonzero(law):
            inside = e[:, y][:, None, None] + mass
            weight = law[:, None, None] * also[None, :, None] * chance
            if (inside[weight > 0] <= 0).any():
                raise ValueError(f"argument {inside.min()}")
            value = np.where(weight > 0, np.log(np.where(weight > 0, inside, 1.0)) - np.log(e[:, y])[:, None, None], 0)
            answer += prior * law[y] * ((weight * value).sum() - law @ np.log1p(exact / e[:, y]))
    return np.float64(answer)
