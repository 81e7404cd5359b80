"""Programs of the entries of source 002 (Merad et al.), Section 3 and its proofs: the numbers that its entries quote.

C classes, N negatives, natural logarithms. Orthogonal classes are f = sqrt(s) e_c, one point a class.
"""

from __future__ import annotations

import math

import numpy as np
from flint import arb, fmpq

from tests.claims.ball import log1p_exp, q

LN2, LN10 = arb(2).log(), arb(10).log()


def binomial(n: int, chance: fmpq) -> list[fmpq]:
    """The law of Bin(n, chance), exactly."""
    return [math.comb(n, k) * chance**k * (1 - chance) ** (n - k) for k in range(n + 1)]


def floor_ball(C: int, N: int) -> arb:
    """E ln(1 + Bin(N, 1/C)): what the collisions alone cost, uniform rho."""
    return sum((arb(w) * arb(1 + m).log() for m, w in enumerate(binomial(N, fmpq(1, C)))), arb(0))


def complete(C: int, N: int) -> fmpq:
    """Probability that N uniform draws show all C classes, exactly."""
    return sum((-1) ** j * math.comb(C, j) * fmpq(C - j, C) ** N for j in range(C + 1))


def complete_by(C: int, N: int) -> np.ndarray:
    """The same for 0..N draws in floating point, by positive terms only."""
    k, state, found = np.arange(C + 1), np.eye(1, C + 1)[0], np.zeros(N + 1)
    for draw in range(1, N + 1):
        state = state * (k / C) + np.concatenate([[0.0], (state * (1 - k / C))[:-1]])
        found[draw] = state[C]
    return found


def orthogonal(C: int, N: int, s: int) -> tuple[arb, arb]:
    """(L_un^N, L_sup^mu) of orthogonal classes of squared length s: m collisions, N - m others of weight e^-s."""
    other = arb(-s).exp()
    laws = enumerate(binomial(N, fmpq(1, C)))
    return sum((arb(w) * (1 + m + (N - m) * other).log() for m, w in laws), arb(0)), (1 + (C - 1) * other).log()


def natural_logarithm() -> dict:
    """f = 0, two equally likely classes, k = 1: both losses are ln 2, tau = 1/2."""
    right = (LN2 - q(1, 2)) / q(1, 2)
    return {"left": LN2, "right": right, "in base 2": (1 - 0.5) / 0.5, "claimed": (LN2, "<=", right)}


def weights_of_tasks() -> dict:
    """Two classes at 10 and 20, rho = (r, 1 - r): the CURL lemma with task weights from rho in place of 1/2."""
    one, two, found = log1p_exp(q(100)), log1p_exp(q(-200)), []
    for r in (fmpq(9, 10), fmpq(99, 100)):
        differ = arb(2 * r * (1 - r))
        loss = differ * (one + two) / 2 + (1 - differ) * LN2
        right = differ * (arb(r) * one + arb(1 - r) * two) + (1 - differ) * LN2
        found.append((loss, right))
    (loss, right), (rare, rare_right) = found
    return {
        "rho": [0.9, 0.1, 0.99, 0.01],
        "factor": [right / loss, rare_right / rare],
        "claimed": [(right, "<=", loss), (rare_right, "<=", rare)],
    }


def lemma1() -> dict:
    """Lemma 1 and Proposition A: at f = 0 with ten classes, and for four orthogonal classes, s = 9."""
    loss, supervised = orthogonal(4, 1, 9)
    sharp, published = 4 * (loss - LN2 / 4), 4 * loss + arb(4).log()
    return {
        "f = 0": [LN2, LN10, LN10 / LN2],
        "S, Proposition A, Lemma 1": [supervised, sharp, published],
        "without the logarithm": 4 * loss - LN2,
        "ln(C/(C-1)) for C = 10, 1000": [(arb(10) / 9).log(), (arb(1000) / 999).log()],
    }


def tuples() -> dict:
    """Ten equal classes, N = 15: the least probable tuple, and the probability that the rarest class is drawn."""
    return {"tuple": 0.1**15, "p": 1 - 0.9**15, "p_min": 0.1}


def lemma2() -> dict:
    """Ten equal classes at the paper's N: factors of Lemma 2 and of Proposition D, floor, and where Lemma 2 is empty."""
    rows = [(complete(10, N), floor_ball(10, N), 1 - fmpq(9, 10) ** N) for N in (15, 25, 35)]
    seen = complete_by(10, 200)
    inside = [N for N in range(10, 120) if float(floor_ball(10, N).mid()) < seen[N] * math.log(10)]
    if (inside[0], inside[-1]) != (28, 94):
        raise AssertionError(f"Lemma 2 can be informative from {inside[0]} to {inside[-1]}")
    return {
        "p_cc": [arb(p) for p, _, _ in rows],
        "1/p_cc": [arb(1 / p) for p, _, _ in rows],
        "1/p": [arb(1 / p) for _, _, p in rows],
        "floor": [phi for _, phi, _ in rows],
        "floor / p_cc": [phi / arb(p) for p, phi, _ in rows],
        "floor / p": [phi / arb(p) for _, phi, p in rows],
        "ln 10": LN10,
    }


def variance() -> dict:
    """The time until all of C coupons are seen: variance C^2 sum 1/k^2 - C H_C, against (C pi)^2 / 6."""

    def exact(C: int) -> fmpq:
        return sum(fmpq(C, k) ** 2 - fmpq(C, k) for k in range(1, C + 1))

    pi2 = arb.pi() ** 2
    return {
        "exact": [arb(exact(2)), arb(exact(10))],
        "published": [4 * pi2 / 6, 100 * pi2 / 6],
        "claimed": [(arb(exact(C)), "==", C * C * pi2 / 6) for C in (2, 10, 1000)],
    }


def chebyshev() -> dict:
    """Largest quotient of P(|T - C H| >= beta C) and pi^2 / (6 beta^2), C = 2, 5, 10, 50, beta = 0.2, 0.4, ..., 6."""
    worst = 0.0
    for C in (2, 5, 10, 50):
        law, mean = np.diff(complete_by(C, 40 * C)), C * sum(1 / k for k in range(1, C + 1))
        times = np.arange(1, law.size + 1)
        for beta in np.arange(1, 31) / 5:
            beyond = law[np.abs(times - mean) >= beta * C].sum() + 1 - law.sum()
            worst = max(worst, beyond * 6 * beta**2 / math.pi**2)
    return {"quotient": worst}


def threshold() -> dict:
    """p_cc at half of C ln C draws, C = 10, 100, 1000, and at 1.5 and 2 times C ln C, C = 100."""
    half = [complete_by(C, round(0.5 * C * math.log(C)))[-1] for C in (10, 100, 1000)]
    seen = complete_by(100, 1000)
    return {"half": half, "gamma": [0.5, 1.5], "C = 100": [seen[round(g * 100 * math.log(100))] for g in (1, 1.5, 2)]}


def reversed_bound() -> dict:
    """Two orthogonal classes, s = 30, N = 2: the supervised loss is nearly 0, the contrastive one is not."""
    loss, supervised = orthogonal(2, 2, 30)
    return {"L": loss, "S": supervised, "claimed": (loss, "<=", 1000 * supervised)}


def tasks_or_all() -> dict:
    """Ten equal classes: factors of Proposition 1 (k = 1, 9) and of Lemma 2, N = 15 and 35; the best ones."""
    return {
        "Proposition 1": [1 / (1 - 0.1**15), 9 / (1 - 0.1**35)],
        "Lemma 2": [arb(1 / complete(10, 15)), arb(1 / complete(10, 35))],
        "kappa, k = 9": [arb(1 / (1 - fmpq(9, 10) ** 15)), arb(1 / (1 - fmpq(9, 10) ** 35))],
    }


def tasks_without_factor() -> dict:
    """f = 0, N = 1, ten classes, k = 9: the average supervised loss is ln 10, the contrastive loss ln 2."""
    return {"supervised": LN10, "unsupervised": LN2, "claimed": (LN10, "<=", LN2)}


def many_negatives() -> dict:
    """C = 1000, N = 65536: the floor against ln(k + 1)/k, and what F+ makes of it."""
    N, C = 65536, 1000
    m = np.arange(N + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, N + 1)))])  # ln m!
    law = np.exp(logs[N] - logs - logs[::-1] + m * math.log(1 / C) + (N - m) * math.log1p(-1 / C))
    floor = float(law @ np.log1p(m))
    theta = 1 - C * -math.expm1((N + 1) * math.log1p(-2 / C)) / (2 * (N + 1))
    return {"floor": floor, "ln 2": math.log(2), "quotient": floor / math.log(2), "theta": theta}


def without_factor() -> dict:
    """C = N = 2, f = (8, 0) and (8 + s/8, 20), s = 20: (8) without 1/p_cc fails; and its limit for s to infinity."""
    a, b = q(20), q(64) + 20 - (q(8) + q(20, 8)) ** 2 - 400  # the logits at class 1 and at class 2

    def loss(t: arb) -> arb:  # two draws: n = 0, 1, 2 of the other class, weight e^t each
        return arb(3).log() / 4 + (2 + t.exp()).log() / 2 + (1 + 2 * t.exp()).log() / 4

    contrastive, supervised = (loss(a) + loss(b)) / 2, (log1p_exp(a) + log1p_exp(b)) / 2
    found = {"f(2)": q(21, 2), "S": supervised, "L": contrastive, "quotient": supervised / contrastive, "limit": 4 / 3}
    return found | {"claimed": (supervised, "<=", contrastive)}
