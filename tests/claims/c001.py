"""Programs of the entries of source 001 (lecture notes): graphs, exactly. Joint laws are lists of rows of fractions."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
from flint import arb

from course import graphs
from tests.claims.ball import log1p_exp, q

HALF = Fraction(1, 2)


def dot(a, b):
    return sum(u * v for u, v in zip(a, b, strict=True))


def terms(joint, f, negatives=None) -> tuple:
    """(E_pos f(x).f(x'), E_neg (f(x).f(x'))^2); negatives: a law of pairs, by default independent draws."""
    n, mass = len(joint), [sum(row) for row in joint]
    law = negatives or [[mass[x] * mass[y] for y in range(n)] for x in range(n)]
    pairs = list(product(range(n), repeat=2))
    pull = sum(joint[x][y] * dot(f[x], f[y]) for x, y in pairs)
    return pull, sum(law[x][y] * dot(f[x], f[y]) ** 2 for x, y in pairs)


def spectral(joint, f, negatives=None):
    pull, push = terms(joint, f, negatives)
    return -2 * pull + push


# set up, loss functions


def turned_six() -> dict:
    """Two images, 6 and 9, turned upside down with probability 1/4: positive pairs that show two digits; lecture 06's shapes."""
    joint = [
        [Fraction(10, 32), Fraction(6, 32)],
        [Fraction(6, 32), Fraction(10, 32)],
    ]  # 1/2 (9/16 + 1/16), 2 (1/2) 3/16
    differ = joint[0][1] + joint[1][0]
    shapes = [np.ones((1, 3)), np.array([[1, 0], [1, 1]]), np.ones((2, 2))]
    world = graphs.shift_grid(shapes, side=5)
    across = world.joint[world.labels[:, None] != world.labels[None, :]].sum()
    return {"6 and 9": differ, "shift graph": across, "claimed": (differ, "==", 0)}


def inner_product() -> dict:
    """A point and itself, a point and its opposite: the 'distance' f.f' is 1 and -1, the true one 0 and 2."""
    here, opposite = (1, 0), (-1, 0)
    near, far = dot(here, here), dot(here, opposite)
    return {"itself": near, "opposite": far, "claimed": (near, "<=", far)}  # a distance would be smaller for itself


def without_the_square() -> dict:
    """Two separate nodes at t and -t, negatives not squared: loss -2 t^2; the mean inner product of negatives is (E f)^2."""
    joint, found = [[HALF, 0], [0, HALF]], {}
    for t in (1, 3, 10):
        f = [(t,), (-t,)]
        pull, _ = terms(joint, f)
        mean = [sum(HALF * row[0] for row in f)]
        found[f"t = {t}"] = -2 * pull + dot(mean, mean)
        assert dot(mean, mean) == sum(HALF * HALF * dot(f[x], f[y]) for x, y in product((0, 1), repeat=2)) == 0
    return found


def at_the_minimum() -> dict:
    """Shift graph of lecture 06, k = 3: both expectations, and the mean inner product of two independent pictures."""
    shapes = [np.ones((1, 3)), np.array([[1, 0], [1, 1]]), np.ones((2, 2))]
    joint = graphs.shift_grid(shapes, side=5).joint
    mass = joint.sum(axis=1)
    values, u = np.linalg.eigh(joint / np.sqrt(np.outer(mass, mass)))
    f = u[:, -3:] * np.sqrt(values[-3:]) / np.sqrt(mass)[:, None]
    inner = f @ f.T
    return {
        "E_pos": float((joint * inner).sum()),
        "E_neg": float(mass @ inner**2 @ mass),
        "mean inner product": float(mass @ inner @ mass),
        "sum of squares": float((values[-3:] ** 2).sum()),
    }


# the probabilistic loss


def softmax_against_spectral() -> dict:
    """Two one-point classes with f_c = sqrt(l) e_c: the spectral losses at l = 1 and 3 are equal, the softmax losses are not."""
    joint = [[HALF, 0], [0, HALF]]
    spectral_loss = {
        s: -2 * s + HALF * s**2 for s in (1, 2, 3)
    }  # l itself is an inner product; its root need not be rational
    assert spectral_loss[1] == spectral_loss[3] == Fraction(-3, 2)
    assert spectral(joint, [(2, 0), (0, 2)]) == -2 * 4 + HALF * 16  # the formula at l = 4
    softmax = {s: arb(2).log() / 2 + log1p_exp(q(-s)) / 2 for s in (1, 2, 3, 6)}
    claimed = (softmax[1], "==", softmax[3])
    return {"spectral": [-1.5, -2, -1.5], "softmax": list(softmax.values()), "claimed": claimed}


# the graph


def other_images() -> dict:
    """Image a makes pictures 0, 1, image b 1, 2; f = e1, e1 + e2, e2: negatives of different images against independent ones.
    With f = t on picture 0 alone the loss with different images is -t^2/4: no minimum."""
    images = [(HALF, HALF, 0), (0, HALF, HALF)]
    joint = [[HALF * sum(a[x] * a[y] for a in images) for y in range(3)] for x in range(3)]
    a, b = images
    different = [[HALF * (a[x] * b[y] + b[x] * a[y]) for y in range(3)] for x in range(3)]
    f = [(1, 0), (1, 1), (0, 1)]
    own, others = spectral(joint, f), spectral(joint, f, different)
    lonely = [spectral(joint, [(t,), (0,), (0,)], different) for t in (1, 10, 100)]
    return {"independent": own, "different": others, "f = t": lonely, "claimed": (others, "==", own)}


def misprinted_expansion() -> dict:
    """The display has f(x).f(x) where f(x).f(x') belongs. Separate nodes at e1 and e2: both sides."""
    joint, f = [[HALF, 0], [0, HALF]], [(1, 0), (0, 1)]
    right = spectral(joint, f)
    mass = [HALF, HALF]
    printed = sum(
        -2 * joint[x][y] * dot(f[x], f[x]) + mass[x] * mass[y] * dot(f[x], f[x]) ** 2
        for x, y in product((0, 1), repeat=2)
    )
    constant = 2  # sum of p(x,x')^2 / (p(x) p(x')) = 1 + 1
    error = sum(((2 * joint[x][y]) - HALF * dot(f[x], f[y])) ** 2 for x, y in product((0, 1), repeat=2))
    assert error == constant + right
    return {"left": error, "printed": constant + printed, "claimed": (error, "==", constant + printed)}


def one_edge() -> dict:
    """Two nodes, one edge, no loops: eigenvalues 1 and -1. With two columns the best error is 1, the formula says 0."""

    def error(a, b, d):  # F F^T = [[a, b], [b, d]] with b^2 <= a d
        return a * a + d * d + 2 * (1 - b) ** 2

    # a^2 + d^2 >= 2 a d >= 2 b^2, and 2 b^2 + 2 (1 - b)^2 = 1 + (2 b - 1)^2 >= 1, attained at a = b = d = 1/2
    best = error(HALF, HALF, HALF)
    assert all(
        error(a, b, a) >= best for a, b in ((Fraction(i, 20), Fraction(j, 20)) for i in range(41) for j in range(i + 1))
    )
    return {"best": best, "formula": 0, "claimed": (best, "==", 0)}
