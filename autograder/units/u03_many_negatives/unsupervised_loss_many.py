"""unsupervised_loss_many: what its check looks at. N from 1 to 65536, overlapping classes, non-uniform rho, f(x) of
any norm, logits of 1e4; the floors that hold for every embedding, and enumeration for small N."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, world
from autograder.author.draw import larger_world
from autograder.units.u03_many_negatives.theorems import LN2, averaged, binomial, expected_log, one_class, without
from course import validate, worlds

EXACT = 1e-8  # the error that the exercise allows

exercise = Exercise(
    "unsupervised_loss_many",
    refuses=(world("rho", "classes", "z"), count("n_negatives", "N", 2.5)),
    hints={
        "values": (
            "Try f = 0 first: every X is 1, and the answer must be ln(N + 1) for every N.",
            "Given x and x+, the X_i are independent with one law: X = e^{f(x).(f(y) - f(x+))} with probability"
            " sum_c rho_c D_c(y). The pair (x, x+) has probability sum_c rho_c D_c(x) D_c(x+).",
            "With t = e^u the integrand is e^{-e^u} (1 - (E e^{-e^u X})^N): no 1/t is left, because dt = e^u du.",
            "The left end of the grid must move with N and with the largest X: start at -ln N - ln max X - 30 or lower."
            " The right end is where e^u or e^u times the smallest X has passed 40, whichever comes first.",
        ),
        "stability": (
            "Form u + ln X, not X: e^{u + f(x).(f(y) - f(x+))} with an exponent that is cut at 50 or so.",
            "For logits of 1e4 the grid is long (some 1e5 nodes), but no longer than that, for any N.",
        ),
        "bad input": ("validate.world(rho, classes, z), then validate.count(minimum=1, n_negatives=n_negatives).",),
    },
)


@exercise.cases
def cases(rng):
    for c, s, d, n in ((3, 5, 2, 1), (2, 4, 3, 3), (3, 4, 2, 15), (4, 5, 1, 255), (3, 5, 2, 65536)):
        args = (*worlds.random_world(rng, c, s, d, 1.1), n)
        yield Case(f"C = {c}, S = {s}, d = {d}, N = {n}", args, rtol=EXACT)
    yield Case("disjoint classes, N = 40", (*worlds.random_world(rng, 3, 6, 2, 1.5, overlap=False), 40), rtol=EXACT)
    rho, classes, z = worlds.random_world(rng, 3, 4, 2)
    yield Case("f = 0, N = 1000", (rho, classes, 0 * z, 1000), rtol=EXACT)
    args = (*worlds.random_world(rng, 2, 4, 2, 3.0), 65536)
    hint = "Where does your grid begin? The integrand's left edge sits near -ln N - ln max X and moves with both."
    yield Case("embeddings of norm about 4, N = 65536", args, part="stability", rtol=EXACT, hint=hint)
    # Two ways to be large: inner products of 1e4 that differ little, and logits beyond e^710. (Both at once would only
    # make the grid, and this check, ten times longer.)
    rho, classes, z = worlds.random_world(rng, 3, 4, 2, 0.05)
    z = z + np.array([100.0, 0.0])
    yield Case("inner products near 1e4, N = 30", (rho, classes, z, 30), part="stability", rtol=EXACT)
    rho, classes, z = worlds.random_world(rng, 2, 3, 2)
    z = 30 * z / np.linalg.norm(z, axis=1).max()
    yield Case("logits beyond 700, N = 2", (rho, classes, z, 2), part="stability", rtol=EXACT)
    # inner products from about -8e3 to 1e4, so that logits go beyond 1e4
    rho, classes = worlds.random_law(rng, 2, minimum=0.3), np.array([[0.5, 0.5, 0.0], [0.0, 0.3, 0.7]])
    z = np.array([[68.0, 68.0], [-68.0, 68.0], [90.0, -30.0]]) + rng.uniform(-1.5, 1.5, size=(3, 2))
    hint = "The left end of the grid follows the largest X: here e^u X reaches 1 where u is below -9000."
    yield Case(
        "inner products and logits near 1e4, N = 2", (rho, classes, z, 2), part="stability", rtol=EXACT, hint=hint
    )
    yield from exercise.bad_inputs(*worlds.random_world(rng, 3, 5, 2), 3)
    args = (*larger_world(rng, high=14, norm=1.5), int(rng.integers(9, 100)))
    yield Case("more classes, points and dimensions", args, rtol=EXACT, public=False)


@exercise.property("never below the floor that collisions cost: E ln(1 + Binomial(N, rho_c))")
def floor(f, rng):
    for n in (7, 300):
        rho, classes, z = worlds.random_world(rng, 3, 4, 2, rng.uniform(0.5, 3))
        if f(rho, classes, z, n) < sum(p * (binomial(n, p) @ np.log1p(np.arange(n + 1))) for p in rho) - 1e-8:
            return "the loss is below E ln(1 + number of collisions), which no embedding can reach"


@exercise.property("orthogonal class-constant embeddings: a binomial sum gives the loss in closed form")
def closed_form(f, rng):
    for n in (5, 400):
        c, s = 4, rng.uniform(0.5, 4)
        found = f(np.full(c, 1 / c), np.eye(c), math.sqrt(s) * np.eye(c), n)
        m = np.arange(n + 1)
        wanted = binomial(n, 1 / c) @ np.log1p(m + (n - m) * math.exp(-s))
        if abs(found - wanted) > 1e-8:
            return f"C = {c} orthogonal classes of squared norm {s:.4f}, N = {n}: the loss is {wanted:.9f}"


def log_of_mean(law, a, n):
    return np.logaddexp(0, math.log(n) + np.logaddexp.reduce(a + np.log(law)))


def on_fixed_grid(law, a, n):
    u = np.arange(-15, 5, 0.25)
    tx = np.exp(np.minimum(u[:, None] + a, 50))
    return 0.25 * (np.exp(-np.exp(u)) * (1 - (np.exp(-tx) @ law) ** n)).sum()


def on_long_grid(law, a, n):
    u = np.arange(-3000, 4.5, 0.3)
    miss = np.minimum(-np.expm1(-np.exp(np.minimum(u[:, None] + a, 50))) @ law, 1 - 2.0**-53)
    return 0.3 * (np.exp(-np.exp(u)) * -np.expm1(n * np.log1p(-miss))).sum()


def overflowing(law, a, n):
    x = np.exp(a)
    u = np.arange(-math.log(n) - min(math.log(x.max()), 700.0) - 40, 5, 0.25)
    miss = np.minimum(-np.expm1(-np.exp(u)[:, None] * x) @ law, 1.0)
    return 0.25 * (np.exp(-np.exp(u)) * -np.expm1(n * np.log1p(-miss))).sum()


def another_point(rho, classes):
    """The law of two points of one class, given that they differ."""
    joint = one_class(rho, classes) * (1 - np.eye(classes.shape[1]))
    return joint / joint.sum()


@exercise.formula
def unsupervised_loss_many(
    rho,
    classes,
    z,
    n_negatives,
    *,
    pairs=one_class,
    negatives=lambda rho, classes: rho @ classes,
    embed=lambda z: z,
    drawn=lambda n: n,
    weight=lambda n: 1.0,
    positive=0.0,
    loss=expected_log,
    unit=1.0,
):
    # ln(e^positive + weight sum X) = positive + ln(1 + e^{ln weight - positive} sum X)
    shift = math.log(weight(n_negatives)) - positive
    joint, law = pairs(rho, classes), negatives(rho, classes)
    return (positive + averaged(joint, law, embed(z), drawn(n_negatives), loss, shift)) / unit


exercise.slip("expectation inside the logarithm", loss=log_of_mean).says(
    "With many negatives the sum is close to its mean, so the expectation may move into the logarithm.",
    "For which N would the sum equal its mean?",
    "Jensen: E ln(1 + sum X) is smaller than ln(1 + N E X), for every N.",
    "Use the integral: it averages e^{-tX}, not X.",
)
exercise.slip("the mean logit", loss=lambda law, a, n: np.logaddexp(0, math.log(n) + law @ a)).says(
    "The logit may be averaged over the negatives first: E ln(1 + sum e^v) is ln(1 + N e^{E v}).",
    "Is the logarithm of an average the average of the logarithms?",
    "ln(1 + sum e^v) is convex in the logits (Jensen): your value is too small as soon as negatives differ.",
    "Use the integral: it averages e^{-tX} over the negatives, neither X nor its logarithm.",
)
exercise.slip("mean over negatives", weight=lambda n: 1 / n).says(
    "The denominator holds the mean of the negatives' terms, not their sum.",
    "What is the loss of f = 0: ln(N + 1) or ln 2?",
    "The sum over the N negatives is not divided by N.",
    "Remove the 1/N.",
)
# e^-30 is 0 for all that the eye can see
exercise.slip("positive missing from the denominator", positive=-30.0).says(
    "Only the negatives stand in the denominator.",
    "Can a cross-entropy be negative? Try well-separated classes.",
    "ln(1 + sum X): the 1 is the positive itself.",
    "Check with f = 0: ln(N + 1), not ln N.",
)
exercise.slip("logarithm in base 2", unit=LN2).says(
    "The loss is measured in bits.",
    "What is your answer for f = 0 and N = 1?",
    "Nats: divide by nothing. The integral already gives the natural logarithm.",
    "Remove the division by ln 2.",
)
exercise.slip(
    "negatives uniform over points", negatives=lambda rho, classes: np.full(classes.shape[1], 1 / classes.shape[1])
).says(
    "Every point is equally likely as a negative.",
    "Are all points equally likely in this world?",
    "The point y has probability sum_c rho_c D_c(y).",
    "Weigh e^{-tX} by rho @ classes, not by 1/S.",
)
exercise.slip("classes of negatives uniform", negatives=lambda rho, classes: classes.mean(axis=0)).says(
    "The class of a negative is picked uniformly.",
    "By which law is the class of a negative drawn?",
    "c_i ~ rho, like the class of the anchor.",
    "Use rho @ classes, not classes.mean(axis=0).",
)
exercise.slip("the positive is the anchor itself", pairs=lambda rho, classes: np.diag(rho @ classes)).says(
    "The positive of an anchor is the anchor: f(x).f(x).",
    "How is x+ drawn?",
    "x and x+ are two independent draws from the class; they may differ.",
    "Average over all pairs (x, x+), with weights sum_c rho_c D_c(x) D_c(x+).",
)
exercise.slip(
    "positive independent of the anchor", pairs=lambda rho, classes: np.outer(rho @ classes, rho @ classes)
).says(
    "x and x+ are two independent points of the world.",
    "What do x and x+ have in common?",
    "They share the class: first c, then both from D_c. Their joint law is not the product of their laws.",
    "sum_c rho_c D_c(x) D_c(x+), not D(x) D(x+).",
)
exercise.slip(
    "cosine in place of the inner product",
    embed=lambda z: z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-300),
).says(
    "Embeddings are normalised before they are compared.",
    "Does your answer change when z is multiplied by 2? It should.",
    "The loss uses f(x).f(y) as it is.",
    "Remove the normalisation.",
)
exercise.slip("N candidates", drawn=lambda n: n - 1).says(
    "n_negatives counts all candidates, the positive among them.",
    "What is your answer for f = 0: ln(N + 1) or ln N?",
    "With N negatives there are N + 1 candidates.",
    "The exponent of E e^{-tX} is N, not N - 1.",
)
exercise.slip("a step of 1", loss=lambda law, a, n: expected_log(law, a, n, 1.0)).says(
    "The trapezoidal sum converges so fast that a step of 1 is enough.",
    "Halve the step. Does your answer change?",
    "The error is of order e^{-pi^2/h}: about 5e-5 for h = 1.",
    "A step of 0.3 or less leaves nothing to see.",
)
exercise.slip("fixed ends of the grid", loss=on_fixed_grid).says(
    "The integrand lives on one interval, whatever N and the embedding are.",
    "Plot the integrand in u for N = 1 and for N = 65536. What moves?",
    "On the left it decays like N e^u max X: its edge sits near -ln(N max X).",
    "Begin the grid at -ln N - ln max X - 40.",
)
exercise.slip("fixed ends, far apart", loss=on_long_grid).says(
    "A grid that begins at -3000 is long enough for every embedding.",
    "How large does the statement allow inner products to be, and so a logit f(x).(f(y) - f(x+))?",
    "Its left edge sits near -ln(N max X), and ln max X may be 2e4.",
    "Begin the grid at -ln N - ln max X - 40.",
)
exercise.slip("exponentials that overflow", loss=overflowing).says(
    "X = e^{f(x).(f(y) - f(x+))} can be formed before it is multiplied by t.",
    "What is X when the inner products are 1e4?",
    "0 times infinity is NaN: t is tiny exactly where X is huge.",
    "Add the exponents first: t X = e^{u + f(x).(f(y) - f(x+))}, then cut the exponent at 50.",
)
exercise.slip("N + 1 draws", drawn=lambda n: n + 1).says(
    "The positive is one more draw from the law of the negatives.",
    "What is your answer for f = 0: ln(N + 1) or ln(N + 2)?",
    "The 1 inside the logarithm is the positive; beside it stand N terms.",
    "The exponent of E e^{-tX} is N.",
)
exercise.slip("N times one negative", loss=lambda law, a, n: n * expected_log(law, a, 1)).says(
    "The losses of the single negatives add up.",
    "What is your answer for f = 0 and N = 3: ln 4, or 3 ln 2?",
    "One logarithm of a sum, not a sum of N logarithms.",
    "E e^{-tX} to the power N, inside one integral.",
)
exercise.slip("one negative, N times", loss=lambda law, a, n: law @ np.logaddexp(0, math.log(n) + a)).says(
    "One negative is drawn, and counts N times.",
    "For which N is that the same as N independent draws?",
    "The N negatives are different draws: the sum of their terms is closer to its mean.",
    "E e^{-tX} to the power N.",
)
exercise.slip("another point as positive", pairs=another_point).says(
    "The positive is another point than the anchor.",
    "Two independent draws from D_c: can they be the same point?",
    "Yes, with probability sum_x D_c(x)^2; the pair (x, x) stays in.",
    "Average over all pairs (x, x+), with weights sum_c rho_c D_c(x) D_c(x+).",
)
exercise.slip("pairs from uniform classes", pairs=lambda rho, classes: classes.T @ classes / len(classes)).says(
    "The anchor's class is uniform.",
    "By which law is the class of the anchor drawn?",
    "c ~ rho: pairs of a frequent class count more.",
    "Average over all pairs (x, x+), with weights sum_c rho_c D_c(x) D_c(x+).",
)
exercise.slip("the sign of the logit", loss=lambda law, a, n: expected_log(law, -a, n)).says(
    "The logit is f(x).(f(x+) - f(x-)).",
    "Does your loss fall when the positive comes closer?",
    "A negative that scores higher than the positive costs more.",
    "X = e^{f(x).(f(x-) - f(x+))}.",
)


@exercise.wrong(
    "one class for all negatives",
    belief="The class of the negatives is drawn once; then all N come from it.",
    hints=(
        "How many classes does the statement draw for the negatives?",
        "Each negative has a class of its own, c_i ~ rho: its law is sum_c rho_c D_c, and the power N stands over that.",
        "Use the law rho @ classes; no average over classes outside the power.",
    ),
)
def unsupervised_loss_many(rho, classes, z, n_negatives):
    return rho @ np.array([averaged(one_class(rho, classes), row, z, n_negatives) for row in classes])


@exercise.wrong(
    "after Jensen",
    belief="Positive and negatives may be replaced by the means of their classes.",
    hints=(
        "Where is Jensen's inequality an equality?",
        "With class means you compute line 2 of the ladders, which is smaller where embeddings vary inside a class.",
        "Average over pairs (x, x+) of points, and let a negative be the point y with probability sum_c rho_c D_c(y).",
    ),
)
def unsupervised_loss_many(rho, classes, z, n_negatives):
    scores = z @ (classes @ z).T
    rows = [[expected_log(rho, s - s[c], n_negatives) for s in scores] for c in range(len(rho))]
    return (rho[:, None] * classes * np.array(rows)).sum()


@exercise.wrong(
    "negatives from other classes only",
    belief="A negative never comes from the class of its anchor.",
    hints=(
        "Does the learner know the anchor's class?",
        "Negatives are drawn from sum_c rho_c D_c, independently of the anchor: collisions happen.",
        "Use the law rho @ classes for every anchor.",
    ),
)
def unsupervised_loss_many(rho, classes, z, n_negatives):
    given = [averaged(np.outer(row, row), without(rho, c) @ classes, z, n_negatives) for c, row in enumerate(classes)]
    return rho @ np.array(given)


@exercise.accepted("all pairs at once, torch, plain power")
def unsupervised_loss_many(rho, classes, z, n_negatives):
    joint = torch.einsum("c,cx,cy->xy", *map(torch.from_numpy, (rho, classes, classes)))
    law, inner = torch.from_numpy(rho @ classes), torch.from_numpy(z @ z.T)
    a = inner[:, None, :] - inner[:, :, None]  # anchor, positive, negative
    u = torch.arange(-max(float(a.max()), 0.0) - math.log(n_negatives) - 25, 4.0, 0.3, dtype=torch.float64)
    total = torch.zeros((), dtype=torch.float64)
    for part in u.split(20000):  # long grids (inner products of 1e4) in pieces
        mean = torch.exp(-torch.exp((part[:, None, None, None] + a).clamp(max=50))) @ law
        total += 0.3 * (torch.exp(-torch.exp(part))[:, None, None] * (1 - mean**n_negatives) * joint).sum()
    return total


@exercise.accepted("roles of x and x+ exchanged, Gauss-Legendre panels")
def unsupervised_loss_many(rho, classes, z, n_negatives):
    # The pair (x, x+) is exchangeable, so f(x+).f(x^-) gives the same expectation.
    law, inner = rho @ classes, z @ z.T
    nodes, weights = np.polynomial.legendre.leggauss(12)
    total = 0.0
    for positive in range(len(z)):
        for x in range(len(z)):
            pair = float(sum(r * row[x] * row[positive] for r, row in zip(rho, classes, strict=True)))
            a = inner[positive] - inner[x, positive]
            left = -max(0.0, a.max()) - math.log(n_negatives) - 30
            edges = np.linspace(left, 4.0, int(4 - left) + 2)  # panels shorter than 1
            half = np.diff(edges)[:, None] / 2
            u = (edges[:-1, None] + half + half * nodes).ravel()
            miss = np.minimum((law * -np.expm1(-np.exp(np.minimum(u[:, None] + a, 40)))).sum(axis=1), 1 - 1e-16)
            g = np.exp(-np.exp(u)) * -np.expm1(n_negatives * np.log1p(-miss))
            total += pair * (g * (half * weights).ravel()).sum()
    return total


@exercise.accepted("one grid for each anchor, validated first", guarded=False)
def unsupervised_loss_many(rho, classes, z, n_negatives):
    validate.world(rho, classes, z)
    validate.count(minimum=1, n_negatives=n_negatives)
    total, h = 0.0, 0.2
    for x, scores in enumerate(z @ z.T):
        positives = np.einsum("c,c,cy->y", rho, classes[:, x], classes)
        top = scores.max()
        v = np.arange(-math.log(n_negatives) - 40.0, 4.0 + top - scores.min(), h)
        t = np.exp(np.minimum(v[:, None] + (scores - top), 45.0))
        mean = 1 - (1 - np.exp(-t)) @ (rho @ classes)
        total += h * ((np.exp(-t) @ positives) * (1 - np.clip(mean, 0, 1) ** n_negatives)).sum()
    return np.float64(total)
