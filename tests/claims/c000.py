"""Programs of the entries of source 000 (blog on CURL): worlds of latent classes. Arrays: rho (C,), laws (C, S), f (S, d)."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from itertools import permutations, product

import numpy as np
from flint import arb

from course import worlds
from tests.claims.ball import log1p_exp, q

LN2 = math.log(2)
SIGN = (1, -1)


def logistic(v):
    return np.logaddexp(0, -np.asarray(v, dtype=float))


def hinge(v):
    return np.maximum(0, 1 - np.asarray(v, dtype=float))


def contrastive(rho, laws, f, loss=logistic) -> float:
    """L_un with one negative, exactly: sum over c+, c-, x, x+, x-."""
    inner, mixed = f @ f.T, rho @ laws
    margins = inner[:, :, None] - inner[:, None, :]  # x, x+, x-
    return float(np.einsum("c,cx,cy,z,xyz->", rho, laws, laws, mixed, loss(margins)))


def mean_classifier(rho, laws, f, loss=logistic) -> float:
    """L_sup^mu: tasks of two distinct classes, both with weight one half."""
    scores = f @ (laws @ f).T  # S, C
    total = weight = 0.0
    for c, e in permutations(range(len(rho)), 2):
        total += rho[c] * rho[e] * (laws[c] @ loss(scores[:, c] - scores[:, e]))
        weight += rho[c] * rho[e]
    return total / weight


@cache
def drawn(n: int = 200) -> tuple:
    """Random worlds with overlapping classes that are not equally likely."""
    rng = np.random.default_rng(16)
    return tuple(
        worlds.random_world(rng, int(rng.integers(2, 5)), 6, 2, scale=float(rng.choice([0.3, 1, 3]))) for _ in range(n)
    )


def lemma() -> dict:
    """Smallest slack of L_un >= (1 - tau) L_sup^mu + tau ln 2, and of its hinge twin, over random worlds."""
    slack = {"logistic": [], "hinge": []}
    for rho, laws, f in drawn():
        tau = float(rho @ rho)
        for name, loss, at_zero in (("logistic", logistic, LN2), ("hinge", hinge, 1)):
            left = contrastive(rho, laws, f, loss)
            slack[name].append(left - (1 - tau) * mean_classifier(rho, laws, f, loss) - tau * at_zero)
    assert min(min(s) for s in slack.values()) > -1e-12
    return {"worlds": len(drawn()), "tau ln 2, two balanced": LN2 / 2, "tau ln 2, ten balanced": LN2 / 10}


def similar_on_average() -> dict:
    """The small world of lecture 02: E f(x).f(x+) - E f(x).f(x-), never negative on random worlds, and collisions."""
    rho = np.array([0.6, 0.4])
    laws = np.array([[0.5, 0.3, 0.2, 0, 0], [0, 0, 0.25, 0.35, 0.4]])
    f = np.array([[1.6, 0.4], [0.4, 1.2], [-0.3, 0.3], [-1.1, 0.9], [-0.6, -0.9]])

    def difference(rho, laws, f):
        means = laws @ f
        return float(rho @ (means**2).sum(axis=1) - ((rho @ means) ** 2).sum())

    assert min(difference(*world) for world in drawn()) > -1e-12
    return {"difference": difference(rho, laws, f), "collisions": rho @ rho, "ten equal classes": 1 / 10}


def same_objective() -> dict:
    """-ln of a softmax over two candidates is ln(1 + e^-margin): largest difference over a grid."""
    pairs = np.array(list(product(np.linspace(-30, 30, 61), repeat=2)))
    softmax = np.logaddexp(pairs[:, 0], pairs[:, 1]) - pairs[:, 0]
    assert np.abs(softmax - logistic(pairs[:, 0] - pairs[:, 1])).max() < 1e-12
    return {}


def weights() -> dict:
    """Classes at 10 and 20: tasks weighted by rho in place of one half; both sides of the lemma."""
    one, two = float(logistic(10 * (10 - 20))), float(logistic(20 * (20 - 10)))
    first = 0.9
    differ = 2 * first * (1 - first)
    weighted = first * one + (1 - first) * two
    return {
        "L_un": differ * (one + two) / 2 + (1 - differ) * LN2,
        "right side with weights rho": differ * weighted + (1 - differ) * LN2,
    }


def unseen() -> dict:
    """Chance that m pairs with a negative each (2 m draws of a class) leave out a given one of C equally likely classes."""
    return {f"m = {m}": (1 - 1 / 3029) ** (2 * m) for m in (300, 3029, 30290)}


def best_constant() -> dict:
    """One point a class, on a line at s and 2s: ratio of the mean classifier's to the contrastive loss; limit 1/(1 - tau)."""
    rho, laws = np.array([0.5, 0.5]), np.eye(2)
    ratios = {}
    for s in (1, 3, 10, 30):
        f = s * np.array([[1.0], [2.0]])
        ratios[f"s = {s}"] = mean_classifier(rho, laws, f) / contrastive(rho, laws, f)
    return ratios | {f"C = {C}": C / (C - 1) for C in (2, 10, 1000)}


def two_pairs(place: float, spread: float, loss=logistic) -> tuple[float, float]:
    """(L_un, L_sup^mu) on a line: class 1 at place +- spread, class 2 at -place +- spread, all equally likely."""
    f = np.array([[place + spread], [place - spread], [-place + spread], [-place - spread]])
    world = np.array([0.5, 0.5]), np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]), f
    return contrastive(*world, loss), mean_classifier(*world, loss)


def dream() -> dict:
    """Theorem 2.7: one picture at all sizes p. The contrastive loss has a minimum, the classifier wants p -> infinity."""
    places = np.linspace(0.02, 2.4, 120)
    total, classifier = np.transpose([two_pairs(p, p / 2) for p in places])
    best = int(total.argmin())
    return {
        "p": places[best],
        "L_un": total[best],
        "L_sup there": classifier[best],
        "p, L_sup": [places[-1], classifier[-1]],
    }


def ranking() -> dict:
    """The same picture at sizes 1.1 and 2.4: the larger contrastive loss, and the better classifier. Pairs (L_un, L_sup^mu)."""
    sizes = (1.1, 2.4)
    small, large = (two_pairs(p, p / 2) for p in sizes)
    assert small[0] < large[0]
    assert small[1] > large[1]
    return {"sizes": sizes, "small": small, "large": large}


def general_loss() -> dict:
    """Hinge: classes 0.4 +- 0.3 attain the bound, 1 +- 0.8 do not."""
    found = {}
    for place, spread in ((0.4, 0.3), (1, 0.8)):
        left, classifier = two_pairs(place, spread, hinge)
        found[f"{place} +- {spread}"] = [place, spread, left, classifier / 2 + 0.5]
    return found


def candidates() -> dict:
    """f = 0 with k = 3 negatives: a cross-entropy over 4 candidates. The claim would be ln 3."""
    return {"loss": arb(4).log(), "three classes": arb(3).log(), "claimed": (arb(4).log(), "==", arb(3).log())}


def many_negatives() -> dict:
    """k = 2, random worlds: L_un^k >= its Jensen line >= P(distinct) L_sup,k^mu + E ln(1+m); factors for 10 classes, k = 5."""
    for rho, laws, f in drawn():
        inner, mixed, means = f @ f.T, rho @ laws, laws @ f
        odds = np.exp(inner[:, None, :] - inner[:, :, None])  # x, x+, x-
        both = np.log1p(odds[..., None] + odds[:, :, None, :])
        loss = np.einsum("c,cx,cy,u,v,xyuv->", rho, laws, laws, mixed, mixed, both)
        jensen = right = 0.0
        for c, a, b in product(range(len(rho)), repeat=3):
            m, weight = (a == c) + (b == c), rho[c] * rho[a] * rho[b]
            term = laws[c] @ np.log1p(np.exp(f @ (means[[a, b]] - means[c]).T).sum(axis=1))
            jensen += weight * term
            right += weight * (term if len({c, a, b}) == 3 else math.log(1 + m))
        assert loss >= jensen - 1e-12
        assert jensen >= right - 1e-12
    C, k = 10, 5
    distinct = math.prod((C - i) / C for i in range(k + 1))
    kappa = max((1 - math.comb(C - 1 - r, k) / math.comb(C - 1, k)) / (1 - (1 - r / C) ** k) for r in range(1, C))
    return {"1 / P(distinct)": 1 / distinct, "Proposition 1": k / (1 - C**-k), "kappa": kappa}


def block_loss(b: int, mixed: bool) -> float:
    """Block loss of classes 1 +- 1 and -1 +- 1; mixed: each negative of a block draws a class of its own."""
    chance = np.array([math.comb(b, k) for k in range(b + 1)]) / 2.0**b
    average = 2 * np.arange(b + 1) / b - 1
    total = 0.0
    for x in (2, 0):
        for centre, weight in zip(average if mixed else SIGN, chance if mixed else (0.5, 0.5), strict=True):
            total += weight / 2 * (chance @ logistic(x * (1 + average[:, None] - centre - average)) @ chance)
    return total


def blocks() -> dict:
    """Blocks of one class fall to the target and stay above it; blocks of mixed classes fall through it."""
    target = two_pairs(1, 1)[1] / 2 + LN2 / 2
    one = [block_loss(b, False) for b in (1, 2, 3, 4, 5, 8, 16, 32)]
    assert sorted(one, reverse=True) == one
    assert one[-1] > target
    assert math.isclose(one[0], two_pairs(1, 1)[0])
    return {"target": target, "b = 1": one[0], "b = 32": one[-1], "mixed, b = 4": block_loss(4, True)}


def without_replacement() -> dict:
    """Two different points as a pair: the lemma's left side falls below its right side (lecture 02, section 12). In balls."""
    one = [(Fraction(5, 100), Fraction(9999, 100)), (Fraction(-5, 100), Fraction(10001, 100))]
    two = [(Fraction(100), Fraction(100))] * 2
    free, distinct, tasks = [], [], []
    for (own, other), i, j, k in product(product((one, two), repeat=2), (0, 1), (0, 1), (0, 1)):
        margin = sum(a * (b - c) for a, b, c in zip(own[i], own[j], other[k], strict=True))
        loss = log1p_exp(q(-margin))
        free.append(loss)
        if i != j:
            distinct.append(loss)
    for own, other, i in ((one, two, 0), (one, two, 1), (two, one, 0), (two, one, 1)):
        means = [[(u + v) / 2 for u, v in zip(*points, strict=True)] for points in (own, other)]
        margin = sum(a * (b - c) for a, b, c in zip(own[i], *means, strict=True))
        tasks.append(log1p_exp(q(-margin)) / 4)
    right = sum(tasks) / 2 + arb(2).log() / 2
    loss = sum(distinct) / len(distinct)
    return {"independent": sum(free) / len(free), "different": loss, "right": right, "claimed": (loss, ">=", right)}
