"""What the checks of unit 03 share: laws and exact losses of a finite world, and that a bound is one, on random worlds."""

import itertools
import math

import numpy as np

from course import worlds

LN2 = math.log(2)


def one_class(rho, classes):
    """Joint law (S, S) of two points that share a class."""
    return classes.T @ (rho[:, None] * classes)


def on_support(classes):
    """Rows (C, S) that are uniform on the points which the class can produce."""
    return (classes > 0) / (classes > 0).sum(axis=1, keepdims=True)


def without(rho, c):
    """The law of a class other than c."""
    return np.where(np.arange(len(rho)) == c, 0.0, rho) / (1 - rho[c])


def mean_loss(rho, classes, z):
    """L_sup: the cross-entropy of the mean classifier over all classes."""
    scores = z @ (classes @ z).T
    return (rho[:, None] * classes * (np.logaddexp.reduce(scores, axis=1)[:, None] - scores).T).sum()


def task_loss(classes, z, size):
    """Its mean over all sets of `size` classes, the classes of a task equally likely."""
    scores = (z @ (classes @ z).T).T  # scores[j, x] = f(x).mu_j
    tasks = [list(task) for task in itertools.combinations(range(len(classes)), size)]
    losses = [(classes[task] * (np.logaddexp.reduce(scores[task], axis=0) - scores[task])).sum() for task in tasks]
    return np.mean(losses) / size


def expected_log(law, a, n, step=0.3):
    """E ln(1 + sum of n independent draws of e^a), a with probabilities `law`: trapezoidal sum of the integral."""
    u = np.arange(-max(0.0, a[law > 0].max()) - math.log(max(n, 1)) - 40, 4 + step, step)
    tx = np.exp(np.minimum(u[:, None] + a, 50))
    miss = np.minimum(-np.expm1(-tx) @ law, 1 - 2.0**-53)
    return step * (np.exp(-np.exp(u)) * -np.expm1(n * np.log1p(-miss))).sum()


def averaged(pairs, law, z, n, loss=expected_log, shift=0.0):
    """The mean over pairs (x, x+) of `loss`(law of a negative, its logits plus shift, n)."""
    inner = z @ z.T
    return sum(pairs[x, y] * loss(law, inner[x] - inner[x, y] + shift, n) for x, y in np.argwhere(pairs > 0))


def exact_loss(rho, classes, z, n):
    """L_un^N; a world of 20 points with inner products of 1e3 takes half a second."""
    return averaged(one_class(rho, classes), rho @ classes, z, n)


def poissonised(rho, n):
    """Probability that n draws show every class: independent Poisson(n rho_c) counts, all at least 1, given their total."""
    if n < max(1, len(rho)):
        return 0.0
    k = np.arange(1, n + 1)
    log_factorial = np.cumsum(np.log(k))
    seen = np.array([1.0])
    for mean in n * rho:
        once_or_more = np.exp(k * math.log(mean) - mean - log_factorial)
        seen = np.convolve(seen, np.concatenate([[0.0], once_or_more]))[: n + 1]
    return seen[n] / math.exp(n * math.log(n) - n - log_factorial[-1])


def bounds_mean_loss(bound, rng, counts):
    """None, or a message: `bound(unsup_loss, rho, N)` is at least L_sup on a random world for each N in `counts`."""
    for n in counts:
        world = worlds.random_world(rng, 3, 5, 2, rng.uniform(0.3, 2))
        if mean_loss(*world) > bound(exact_loss(*world, n), world[0], n) + 1e-9:
            return "a random world has L_sup above your bound"


def bounds_task_loss(bound, rng):
    """The same for tasks of k + 1 of four equally likely classes, `bound(unsup_loss, C, N, k)`."""
    for n, k in ((1, 1), (1, 2), (3, 2), (2, 3)):
        rho, classes, z = worlds.random_world(rng, 4, 5, 2, rng.uniform(0.3, 2), uniform=True)
        if task_loss(classes, z, k + 1) > bound(exact_loss(rho, classes, z, n), 4, n, k) + 1e-9:
            return "a random world has L_sup,k above your bound"


def too_long(z, most):
    """None, or a message: all inner products of the rows of z are at most `most` in absolute value."""
    with np.errstate(over="ignore"):
        largest = (z * z).sum(axis=1).max()  # no inner product exceeds the largest squared norm
    return f"inner products must be at most {most:g}, the largest is {largest:g}" if largest > most else None


def log_factorials(n):
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])


def binomial(n, p):
    """Probabilities of 0..n successes in n trials, 0 < p <= 1."""
    k, ways = np.arange(n + 1), log_factorials(n)
    if p >= 1:
        return (k == n).astype(float)
    log_chance = k * math.log(p) + (n - k) * math.log1p(-p) - ways - ways[::-1]
    chance = np.exp(log_chance - log_chance.max())
    return chance / chance.sum()


def expected_log1p(n, p):
    """E ln(1 + Bin(n, p))."""
    return binomial(n, p) @ np.log1p(np.arange(n + 1))


def floor(rho, n):
    """The floor of the loss: what the collisions alone cost."""
    return sum(p * expected_log1p(n, p) for p in rho)


def trinomial(n, a, b):
    """n draws, of which one outcome has probability a and another b: how often each falls (M,), (M,), and chances (M,)."""
    hits, rivals = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    kept = hits + rivals <= n
    hits, rivals = hits[kept], rivals[kept]
    rest, ways, left = n - hits - rivals, log_factorials(n), max(1 - a - b, 1e-300)
    log_chance = ways[n] - ways[hits] - ways[rivals] - ways[rest]
    log_chance = log_chance + hits * math.log(a) + rivals * math.log(b) + rest * math.log(left)
    return hits, rivals, np.exp(log_chance)


def independent(n, a, b):
    """The same, taken for independent counts."""
    m, r = (x.ravel() for x in np.meshgrid(np.arange(n + 1), np.arange(n + 1)))
    return m, r, binomial(n, a)[m] * binomial(n, b)[r]


def log_rival(loss):
    """ln(e^loss - 1) for a loss of any size."""
    with np.errstate(divide="ignore"):
        return loss + np.log(-np.expm1(-loss))


def vertex(n, a, b, losses):
    """E ln(1 + m + r (e^loss - 1)) for (m, r) ~ trinomial(n; a, b), and each of the losses (K,)."""
    hits, rivals, chance = trinomial(n, a, b)
    with np.errstate(divide="ignore"):
        logs = np.logaddexp(np.log1p(hits), np.log(rivals) + log_rival(np.atleast_1d(losses))[:, None])
    return logs @ chance


def additive(rho, n):
    """What D+ subtracts from the loss."""
    return sum(p * beside_rival(n, p, min(rho)) for p in rho)


def beside_rival(n, a, p):
    """What it subtracts for an anchor's class of probability a and a rival of probability p."""
    k, spared = np.arange(1, n + 1), math.exp(n * math.log1p(-p))
    return binomial(n, p)[1:] @ np.log(k) + spared * expected_log1p(n, min(1.0, a / (1 - p)))


def rarest_other(rho, c):
    """The probability of the rarest class other than c."""
    return min(np.delete(rho, c))


def quotient(draws, t):
    """E ln(1 + n t / (1 + m)) / ln(1 + t) for each t (K,)."""
    m, n, chance = draws
    return np.log1p(t[:, None] * (n / (1 + m))) @ chance / np.log1p(t)


def smallest(draws):
    """Its infimum over t > 0, the limits at 0 and at infinity included."""
    m, n, chance = draws
    low, high = -9.0, 12.0
    for _ in range(12):  # the minimum is flat: its place to 1e-8 gives its value to 1e-15
        u = np.linspace(low, high, 60)
        best = int(np.argmin(quotient(draws, np.exp(u))))
        low, high = u[max(best - 1, 0)], u[min(best + 1, len(u) - 1)]
    return min(quotient(draws, np.exp(u)).min(), chance @ (n / (1 + m)), chance @ (n >= 1))
