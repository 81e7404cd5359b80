"""Programs of the entries of source 002 (Merad et al.), Section 4 and its proofs: smoothness, gradients, floors."""

from __future__ import annotations

import math

import numpy as np
from flint import arb

from tests.claims.ball import log1p_exp, q

LN2 = arb(2).log()


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


def bounded() -> dict:
    """The largest loss of a triplet with norms at most C = 1, 2: ln(1 + e^{2 C^2})."""
    return {"largest": [log1p_exp(q(2)), log1p_exp(q(8))]}


def base_of_the_chain() -> dict:
    """-log(1 - x) against x/(1 - x) at x = 1/10: base e and base 2."""
    loss, right = -(1 - q(1, 10)).log(), q(1, 9)
    return {"base e": loss, "base 2": loss / LN2, "right": right, "claimed": (loss / LN2, "<=", right)}
