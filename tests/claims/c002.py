"""Programs of the entries of source 002 (Merad et al.): each returns the numbers that its entries quote.

C classes, N negatives, natural logarithms. Orthogonal classes are f = sqrt(s) e_c, one point a class.
"""

from __future__ import annotations

import functools
import json
import math

import numpy as np
from flint import arb, fmpq

from autograder.units.manifest import ROOT
from course import comparison
from tests.claims.ball import log1p_exp, q

DATA = ROOT / "lectures" / "data"
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


# --- section 3 -------------------------------------------------------------------------------------------------------


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


# --- section 4 -------------------------------------------------------------------------------------------------------


def no_global_smoothness() -> dict:
    """A quotient g.Hg/|g|^2 of the Hessian at z3 = -z2, z1 orthogonal, all of norm C: (3/2) C^2, without bound."""
    eye, found = np.eye(2), []
    M = np.block([[0 * eye, -eye, eye], [-eye, 0 * eye, 0 * eye], [eye, 0 * eye, 0 * eye]])
    for C in (1.0, 10.0):
        z1, z2 = np.array([C, 0.0]), np.array([0.0, C])
        g = np.concatenate([-2 * z2, -z1, z1])
        found.append(g @ (M / 2 + np.outer(g, g) / 4) @ g / (g @ g))
    return {"at 1, 10": found}


def best_smoothness(C: float) -> float:
    """The largest eigenvalue of the Hessian on norms <= C, d >= 2: lecture 08's challenge, by a fine grid of t."""
    t = np.linspace(0, 2 * C * C, 200001)
    s = 1 / (1 + np.exp(-t))
    k = s * (1 - s)
    return float(np.max(6 * C**2 * k + np.sqrt(36 * C**4 * k**2 + 8 * s**2 + 16 * s * k * t)) / 2)


def smoothness() -> dict:
    """The best constant, the published one and the lecture's, at C = 1; largest and smallest quotient over C."""
    best = {C: best_smoothness(C) for C in (0.05, 0.5, 1, 2, 5, 10)}
    return {
        "C = 1": [best[1], 10.0, math.sqrt(2) + 1.5],
        "published / best": [(2 + 8 * C * C) / b for C, b in best.items()],
        "ours / best": [(math.sqrt(2) + 1.5 * C * C) / b for C, b in best.items()],
    }


def equal_signs() -> dict:
    """z1 = z2 = z3 = e1 (d = 2): norms of the second part of the Hessian and of all of it, against 8 and 10."""
    z1, u, s = np.array([1.0, 0.0]), np.zeros(2), 0.5
    g = np.concatenate([u, -z1, z1])
    eye = np.eye(2)
    M = np.block([[0 * eye, -eye, eye], [-eye, 0 * eye, 0 * eye], [eye, 0 * eye, 0 * eye]])
    part = s * (1 - s) * np.outer(g, g)
    size = [float(np.abs(np.linalg.eigvalsh(matrix)).max()) for matrix in (part, s * M + part)]
    return {"parts": size, "published": [8.0, 10.0], "root 2": math.sqrt(2), "two columns": 2 * math.sqrt(2)}


def lemma4() -> dict:
    """The best factor of Lemma 4, and the triplets (x, a, b), (x, b, a) with f(a) = f(b): gradient 0, losses ln 2."""
    x, a = np.array([1.0, 0.0]), np.array([0.6, 0.8])
    by_x = 0.5 * (a - a) + 0.5 * (a - a)
    by_a = -0.5 * x + 0.5 * x
    root = arb(2).sqrt()
    return {
        "factor": -2 * (1 - 1 / (2 * root)).log(),
        "gradient": float(np.linalg.norm(np.concatenate([by_x, by_a, -by_a]))),
        "loss": LN2,
    }


def floors() -> dict:
    """ln(1 + e^{-2 C^2}), the least loss of a triplet with norms at most C; at C = 1 a loss of 0.1 is out of reach."""
    least = [log1p_exp(q(-1, 2)), log1p_exp(q(-2)), log1p_exp(q(-8))]
    return {"C = 1/2, 1, 2": least, "claimed": (least[1], "<=", q(1, 10))}


def least_gradient() -> dict:
    """sqrt(2) eta sigma(-2 C^2) at eta = 1/2, C = 1: no smaller gradient in the outputs of one triplet."""
    return {"gradient": arb(2).sqrt() / 2 / (1 + arb(2).exp())}


def several_negatives() -> dict:
    """Lemma 4 with N negatives: largest loss * eta / (2 eps) on 400 random tables, eps the gradient in the outputs."""
    rng, worst = np.random.default_rng(0), 0.0
    for _ in range(400):
        N, d = rng.integers(1, 6), rng.integers(1, 4)
        z = rng.normal(size=(N + 2, d)) * rng.uniform(0.3, 3)
        z[1] = rng.uniform(1, 4) * z[0]  # a positive that agrees, so that the gradient is small
        scores = z[1:] @ z[0]
        v = np.exp(scores - np.logaddexp.reduce(scores))
        pull = v - np.eye(1, N + 1)[0]
        eps = np.linalg.norm(np.concatenate([pull @ z[1:], np.outer(pull, z[0]).ravel()]))
        eta = np.linalg.norm(z, axis=1).min()
        if eps < eta / 2:
            worst = max(worst, -math.log(v[0]) * eta / (2 * eps))
    return {"largest": worst}


def tail() -> dict:
    """Powers with which objective and gradient fall from step 300 on, widths 32 and 128 (stored histories)."""
    stored, powers = np.load(DATA / "08_convergence" / "descent.npz"), []
    for m in (32, 128):
        steps, rows = stored[f"steps_{m}"], stored[f"rows_{m}"]
        late = (steps >= 300) & (steps <= 1500)
        powers += [np.polyfit(np.log(steps[late]), np.log(rows[i][late]), 1)[0] for i in (0, 1)]
    slopes = np.log(stored["separation_steps"]).mean(axis=0)
    return {"powers": powers, "separation": np.polyfit(np.log(stored["deltas"]), slopes, 1)[0]}


def summed() -> dict:
    """Lemma 4 for the whole sum: the factor of sqrt(n) eps / eta, where the paper has 2 n."""
    return {"factor": -2 * (1 - 1 / (2 * arb(2).sqrt())).log()}


def bounded() -> dict:
    """The largest loss of a triplet with norms at most C = 1, 2: ln(1 + e^{2 C^2})."""
    return {"largest": [log1p_exp(q(2)), log1p_exp(q(8))]}


def base_of_the_chain() -> dict:
    """-log(1 - x) against x/(1 - x) at x = 1/10: base e and base 2."""
    loss, right = -(1 - q(1, 10)).log(), q(1, 9)
    return {"base e": loss, "base 2": loss / LN2, "right": right, "claimed": (loss / LN2, "<=", right)}


# --- section 5 -------------------------------------------------------------------------------------------------------


@functools.cache
def figure(name: str) -> list[dict]:
    """The results of one run of `python -m experiments convergence`, by number of negatives."""
    return json.loads((DATA / "08_convergence" / f"{name}.json").read_text(encoding="utf-8"))["results"]


def correlation(name: str) -> list[float]:
    """Correlation of the logarithms of both losses along each run, smallest over the runs, by number of negatives."""
    stored = np.load(DATA / "08_convergence" / f"{name}.npz")
    pairs = zip(stored["unsupervised"], stored["supervised"], strict=True)
    return [min(np.corrcoef(np.log(L), np.log(S))[0, 1] for L, S in zip(*group, strict=True)) for group in pairs]


def runs_with_one_negative() -> dict:
    """Figure 1 on digits and clothes: quotients along the runs, bounds at the end, correlations."""
    found = {}
    for name in ("figure1_digits", "figure1_fashion-mnist"):
        (one,) = figure(name)
        found[name] = [one["largest_supervised_over_bound"]["lemma1_without_log"], one["final_bounds"]["lemma1"]]
        found[name] += [one["largest_supervised_over_unsupervised"], np.mean(one["final_supervised"])]
        found[name] += [one["final_bounds"]["lemma1_without_log"], one["final_bounds"]["sharp"], one["ln_classes"]]
        found[name + " correlation"] = correlation(name)
    return found


def runs_with_many_negatives() -> dict:
    """Figure 2 on digits and clothes: quotients without the factor, bounds with it, correlations, ends."""
    found = {}
    for name in ("figure2_digits", "figure2_fashion-mnist"):
        groups = figure(name)
        found[name] = {
            "S / L": [g["largest_supervised_over_unsupervised"] for g in groups],
            "share": [g["share_of_records_where_supervised_exceeds_unsupervised"] for g in groups],
            "lemma 2": [g["final_bounds"]["lemma2"] for g in groups],
            "sharp": [g["final_bounds"]["sharp"] for g in groups],
            "L": [np.mean(g["final_unsupervised"]) for g in groups],
            "floor": [g["floor"] for g in groups],
            "S": [np.mean(g["final_supervised"]) for g in groups],
        }
        found[name + " correlation"] = correlation(name)
    return found


def norms() -> dict:
    """Figure 3 on digits and clothes: smallest and largest norm over all images, runs and records, and at the end."""
    found = {}
    for name in ("figure3_digits", "figure3_fashion-mnist"):
        (g,) = figure(name)
        found[name] = [g["smallest_norm"], g["largest_norm"], min(g["final_smallest_norm"])]
        found[name] += [max(g["final_largest_norm"])]
        stored = np.load(DATA / "08_convergence" / f"{name}.npz")
        lowest = stored["smallest_norm"][0].min(axis=0)
        if stored["steps"][lowest.argmin()] > 15:
            raise AssertionError("the smallest norm is not one of the first steps")
    return found


def bounds_at_the_end() -> dict:
    """Clothes, N = 35, means of the final losses: Lemma 2, Proposition D, F+ and what is bounded."""
    g = figure("figure2_fashion-mnist")[2]
    loss, theta = np.mean(g["final_unsupervised"]), 1 - 10 * (1 - 0.8**36) / (2 * 36)
    lemma2, sharp = g["final_bounds"]["lemma2"], g["final_bounds"]["sharp"]
    return {"bounds": [lemma2, sharp, (loss - g["floor"]) / theta], "S": np.mean(g["final_supervised"])}


def practice() -> dict:
    """Unit 09's table: probes with five labels a class on h and z, and with all labels, in per cent / 100."""
    table = json.loads((DATA / "09_in_practice" / "table_digits.json").read_text(encoding="utf-8"))
    return {e["label"]: [e["mean"][name] for name in ("few h", "few z", "linear h", "linear z") if name in e["mean"]]
            for e in table["entries"]}  # fmt: skip


def positives_of_the_class() -> dict:
    """Unit 05: gains of the debiased loss in points / 100, five labels a class, ten classes, batches of 128."""
    runs = json.loads((DATA / "05_debiasing" / "debiasing_digits.json").read_text(encoding="utf-8"))["settings"]
    (ten,) = [e for e in runs if e["n_classes"] == 10 and e["batch"] == 128]
    named = ("debiased", "debiased, v from the class", "unbiased")
    return {name: [100 * value for value in comparison.gains(ten, name, "few")] for name in named}
