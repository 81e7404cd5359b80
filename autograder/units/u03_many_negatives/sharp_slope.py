"""sharp_slope: what its check looks at. Uniform and unbalanced laws, an infimum at 0, N = 1, and that no world beats it."""

import math

import numpy as np

from autograder.author import Case, Exercise, count, law, needs
from autograder.author.draw import larger_sizes
from autograder.units.u03_many_negatives.theorems import (
    exact_loss,
    floor,
    independent,
    mean_loss,
    quotient,
    smallest,
    trinomial,
)
from course import worlds

EXACT = 1e-8  # the error that the exercise allows

exercise = Exercise(
    "sharp_slope",
    refuses=(
        law("rho"),
        needs("len(rho) >= 2", {"one class": {"rho": np.ones(1)}}),
        count("n_negatives", "N"),
    ),
    hints={
        "values": (
            "For N = 1 the answer is p_min, whatever else rho is. Check it.",
            "For one pair (anchor's class, rival) the constant is the infimum over phi > 0 of (psi(phi) - psi(0)) / phi.",
            "Right to a few digits, but not to eight? A grid finds the place of the minimum: refine it there, and compare "
            "with the limit at phi -> 0.",
            "Which anchor's class and which rival make that infimum smallest? More draws of the rival raise the loss; more "
            "collisions hide the rival.",
            "The pair is (most frequent, rarest). Its infimum may lie inside, near phi = 1.3, or at phi -> 0: there it is "
            "the slope E[n / (1 + m)].",
        ),
        "bad input": (
            "validate.law(rho), validate.count(minimum=1, n_negatives=n_negatives), and two classes or more.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for c, n in ((3, 4), (3, 2), (2, 3), (5, 6)):
        yield Case(f"C = {c}, N = {n}", (worlds.random_law(rng, c, minimum=0.5 / c), n), rtol=EXACT)
    yield Case("ten equal classes, N = 35", (np.full(10, 0.1), 35), rtol=EXACT)
    yield Case("two equal classes, N = 2", (np.full(2, 0.5), 2), rtol=EXACT)
    yield Case("one negative", (worlds.random_law(rng, 3, minimum=0.1), 1), rtol=EXACT)
    hint = "Here the quotient grows with phi: the infimum is its limit at phi -> 0. A grid does not reach 0."
    yield Case("rho = (0.9, 0.1), N = 3", (np.array([0.9, 0.1]), 3), rtol=EXACT, hint=hint)
    yield from exercise.bad_inputs(worlds.random_law(rng, 3, minimum=0.1), 4)
    c, n = larger_sizes(rng, 2, high=30)
    yield Case("more classes and negatives", (worlds.random_law(rng, c, minimum=0.6 / c), n), rtol=EXACT, public=False)


@exercise.property("no random world beats it: q* L_sup is at most the loss above its floor")
def theorem(f, rng):
    for n in (1, 3, 8):
        rho, classes, z = worlds.random_world(rng, 3, 5, 2, rng.uniform(0.5, 2))
        if f(rho, n) * mean_loss(rho, classes, z) > exact_loss(rho, classes, z, n) - floor(rho, n) + 1e-8:
            return "a random world has a larger L_sup than your constant allows"


def once(n, a, b):
    """Draws in which the rival counts once."""
    m, r, chance = trinomial(n, a, b)
    return m, np.minimum(r, 1), chance


def flattest(draws):
    """The smallest slope of psi over phi > 0."""
    m, n, chance = draws
    low, high = -12.0, 12.0
    for _ in range(10):
        u = np.linspace(low, high, 60)
        w = np.exp(u)[:, None]
        slopes = (n * (1 + w) / (1 + m + n * w)) @ chance
        best = int(np.argmin(slopes))
        low, high = u[max(best - 1, 0)], u[min(best + 1, len(u) - 1)]
    return min(slopes.min(), chance @ (n / (1 + m)))


def averaged_over_anchors(slope, a, b, rho):
    return sum(p * slope(p, min(np.delete(rho, c))) for c, p in enumerate(rho))


@exercise.formula
def sharp_slope(
    rho,
    n_negatives,
    *,
    anchor=max,
    rival=min,
    draws=trinomial,
    least=smallest,
    over=lambda slope, a, b, rho: slope(a, b),
):
    return over(lambda a, b: least(draws(n_negatives, a, b)), anchor(rho), rival(rho), rho)


exercise.slip("the slope at infinity", least=lambda draws: draws[2] @ (draws[1] >= 1)).says(
    "The worst case is a rival of infinite weight.",
    "Evaluate the quotient at phi = 1 and at phi = 100.",
    "The chance to see the rival is the quotient's limit at infinity; in between it is smaller.",
    "Minimise over phi > 0: uniform laws have their minimum near phi = 1.3.",
)
exercise.slip("the slope at 0", least=lambda draws: draws[2] @ (draws[1] / (1 + draws[0]))).says(
    "The worst case is an infinitely weak rival.",
    "Evaluate the quotient at phi = 0.01 and at phi = 1.3, for two equal classes and N = 2.",
    "E[n / (1 + m)] is the limit at 0; often the quotient falls from there before it rises.",
    "Minimise over phi > 0, and compare with the limit at 0.",
)
exercise.slip("the slope at ln 2", least=lambda draws: 2 * draws[2] @ (draws[1] / (1 + draws[0] + draws[1]))).says(
    "q* is the slope of psi at phi = ln 2, theta_N of Theorem F+.",
    "Is the smallest slope of psi the smallest slope of a chord from phi = 0?",
    "The lecture: q* is a little above theta_N. And ln 2 is the flattest place for equally likely classes only.",
    "Minimise the chord's slope (psi(phi) - psi(0)) / phi over phi > 0.",
)
exercise.slip("uniform law", anchor=lambda rho: 1 / len(rho), rival=lambda rho: 1 / len(rho)).says(
    "Only the number of classes matters.",
    "Is rho uniform in the failing case?",
    "A rare rival is missed more often, a frequent anchor's class collides more often.",
    "(m, n) ~ tri(N; p_max, p_min).",
)
exercise.slip("the anchor's class is the rarest too", anchor=min).says(
    "The anchor's class and its rival both have probability p_min.",
    "Collisions hide the rival. Which anchor's class collides most?",
    "The anchor of the worst pair is the most frequent class.",
    "(m, n) ~ tri(N; p_max, p_min).",
)
exercise.slip(
    "a lower bound for the infimum", least=lambda draws: draws[2] @ np.minimum(1, draws[1] / (1 + draws[0]))
).says(
    "ln(1 + r t) may be replaced by min(1, r) ln(1 + t).",
    "Is that an equality?",
    "It is a lower bound: your constant is valid, not the largest.",
    "Minimise E ln(1 + n t/(1 + m)) / ln(1 + t) itself.",
)
exercise.slip("hits and rivals independent", draws=independent).says(
    "The number of collisions and the number of draws of the rival are independent.",
    "Take N = 1: can one negative be both?",
    "The two counts compete for N draws.",
    "Their joint law is multinomial.",
)
exercise.slip("the smallest slope of psi", least=flattest).says(
    "q* is the smallest slope of psi.",
    "Is the smallest slope of a curve the smallest slope of a chord from its beginning?",
    "The smallest slope gives a true constant (as in F+); the chord's is a little larger.",
    "Minimise (psi(phi) - psi(0)) / phi over phi > 0, and compare with its limit at 0.",
)
exercise.slip("the chord to ln 2", least=lambda draws: quotient(draws, np.ones(1))[0]).says(
    "The chord is flattest at phi = ln 2, where psi is.",
    "Evaluate the chord's slope a little beyond ln 2.",
    "A chord's slope goes on falling as long as it is above the slope of psi.",
    "Minimise (psi(phi) - psi(0)) / phi over phi > 0, and compare with its limit at 0.",
)
exercise.slip("averaged over the anchors", over=averaged_over_anchors).says(
    "Each anchor's class has its own constant, and q* is their average.",
    "May all of L_sup come from anchors of one class?",
    "Yes (see attaining_world): the constant must serve the worst class.",
    "The pair (most frequent, rarest) alone.",
)
exercise.slip("rarest anchor, rarest other rival", anchor=min, rival=lambda rho: sorted(rho)[1]).says(
    "The worst anchors are those of the rarest class.",
    "Collisions hide the rival. Which anchor's class collides most?",
    "The most frequent one.",
    "(m, n) ~ tri(N; p_max, p_min).",
)
exercise.slip("two frequent classes", rival=lambda rho: sorted(rho)[-2]).says(
    "The worst rival is the most frequent other class.",
    "Which rival do the draws miss most often?",
    "A rare rival adds little to the loss, for what it costs the classifier.",
    "(m, n) ~ tri(N; p_max, p_min).",
)
exercise.slip("anchor and rival exchanged", anchor=min, rival=max).says(
    "The anchor's class is the rarest, its rival the most frequent one.",
    "Which rival do the draws miss most often? Which anchor's collisions hide it best?",
    "A rare anchor class collides rarely, and a frequent rival is seen nearly always.",
    "(m, n) ~ tri(N; p_max, p_min).",
)
exercise.slip("a rival drawn twice counts once", draws=once).says(
    "It only matters whether the rival is drawn, not how often.",
    "What do two draws of the rival add inside the logarithm?",
    "Its term twice: your constant is valid, not the largest.",
    "psi(phi) = E ln(1 + m + n (e^phi - 1)).",
)
exercise.slip(
    "theta_N with p_min for 1/C", anchor=min, least=lambda draws: 2 * draws[2] @ (draws[1] / (1 + draws[0] + draws[1]))
).says(
    "q* is theta_N of Theorem F+ with p_min in place of 1/C.",
    "Is the anchor's class as rare as its rival? And is the flattest place of psi that of its chord?",
    "theta_N is the slope at ln 2 for two equally likely classes.",
    "Minimise (psi(phi) - psi(0)) / phi over phi > 0, (m, n) ~ tri(N; p_max, p_min).",
)
exercise.slip("the second rarest rival", rival=lambda rho: sorted(rho)[min(1, len(rho) - 2)]).says(
    "The rival is the second rarest class.",
    "Which classes are rivals of an anchor of the most frequent class?",
    "All others, the rarest among them.",
    "(m, n) ~ tri(N; p_max, p_min).",
)


@exercise.accepted("golden section in phi")
def sharp_slope(rho, n_negatives):
    m, n, chance = trinomial(n_negatives, float(max(rho)), float(min(rho)))
    r = n / (1 + m)

    def g(phi):
        return chance @ np.log1p(r * math.expm1(phi)) / phi

    start = min((g(phi), phi) for phi in np.linspace(0.02, 8, 300))[1]
    low, high = max(start - 0.05, 1e-6), start + 0.05
    for _ in range(60):
        a, b = high - 0.618033988749895 * (high - low), low + 0.618033988749895 * (high - low)
        low, high = (low, b) if g(a) < g(b) else (a, high)
    return min(g((low + high) / 2), chance @ r)


@exercise.accepted("zero of the derivative, by bisection", guarded=False)
def sharp_slope(rho, n_negatives):
    rho = np.asarray(rho)
    if rho.min() <= 0 or abs(rho.sum() - 1) > 1e-9 or len(rho) < 2 or n_negatives < 1:
        raise ValueError(f"{rho}, {n_negatives}")
    m, n, chance = trinomial(n_negatives, rho.max(), rho.min())
    r = n / (1 + m)
    grid = np.geomspace(1e-4, 8, 600)  # the least may lie close to 0
    w = np.expm1(grid)[:, None]
    rise = (r * (1 + w) / (1 + r * w)) @ chance * grid - np.log1p(r * w) @ chance  # sign of the quotient's derivative
    values = [chance @ r, *(np.log1p(r * w) @ chance / grid)]
    for i in np.flatnonzero((rise[:-1] < 0) & (rise[1:] >= 0)):
        low, high = grid[i], grid[i + 1]
        for _ in range(60):
            phi = (low + high) / 2
            v = math.expm1(phi)
            up = chance @ (r * (1 + v) / (1 + r * v)) * phi - chance @ np.log1p(r * v) >= 0
            low, high = (low, phi) if up else (phi, high)
        values.append(chance @ np.log1p(r * v) / phi)
    return float(min(values))


@exercise.accepted("every pair of classes, refined grids")
def sharp_slope(rho, n_negatives):
    best = math.inf
    for c, a in enumerate(rho):
        if a < max(rho):
            continue
        for b in sorted(set(np.delete(rho, c).tolist()))[:2]:
            m, n, chance = trinomial(n_negatives, float(a), b)
            r, grid = n / (1 + m), np.geomspace(1e-4, 6, 100)
            for _ in range(7):
                g = np.log1p(r * np.expm1(grid)[:, None]) @ chance / grid
                k = int(np.argmin(g))
                grid = np.linspace(grid[max(k - 1, 0)], grid[min(k + 1, len(grid) - 1)], 40)
            best = min(best, g.min(), chance @ r)
    return best
