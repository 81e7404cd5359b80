"""Programs of the entries of source 001 (lecture notes): graphs, exactly. Joint laws are lists of rows of fractions."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product

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


def cut_as_printed() -> dict:
    """Two separate pairs of nodes: the sum over S x S is the inside of S, 1/2; the cut is 0."""
    block = Fraction(1, 8)
    joint = [[block if x // 2 == y // 2 else 0 for y in range(4)] for x in range(4)]
    inside, outside = (sum(joint[x][y] for x in (0, 1) for y in part) for part in ((0, 1), (2, 3)))
    return {"inside": inside, "cut": outside, "claimed": (inside, "==", outside)}


def form_of_labels() -> dict:
    """Two nodes of mass 1/2, 1/5 on each ordered pair across: y^T L y for labels +-1 and 0/1, (2/kappa) E, 2 alpha n."""
    joint = [[Fraction(3, 10), Fraction(1, 5)], [Fraction(1, 5), Fraction(3, 10)]]
    kappa, n = HALF, 2
    laplacian = [[(x == y) - joint[x][y] / kappa for y in range(n)] for x in range(n)]
    forms = [sum(y[i] * laplacian[i][j] * y[j] for i in range(n) for j in range(n)) for y in ((1, -1), (1, 0))]
    cut = joint[0][1]
    said, ceiling = 2 / kappa * cut, 2 * cut / (kappa * n) * n  # alpha = E / (kappa n)
    found = {"signs": forms[0], "zero or one": forms[1], "cut": cut, "said": said, "ceiling": ceiling}
    assert forms[0] == 4 * cut / kappa
    assert forms[1] == cut / kappa
    return found | {"claimed": [(forms[0], "==", said), (forms[1], "==", said), (forms[0], "<=", ceiling)]}


def complete_graph() -> dict:
    """K_8 without loops, labels in halves, k = 6: rho_3 = 6/7, alpha = 2/7, and the head loses everything."""
    share = Fraction(1, 7)  # of the mass of a node that goes to each other node

    def expansion(size):
        return (8 - size) * share

    # some part of three has at most 2 nodes, and expansion falls with the size: 3 + 3 + 2 is best
    rho = min(max(map(expansion, sizes)) for sizes in product(range(1, 7), repeat=3) if sum(sizes) == 8)
    alpha = 4 * 4 * share / 8
    # normalised adjacency: 1 for the constant, -1/7 seven times: all columns but the first are empty, and y is orthogonal to it
    loss = Fraction(1)
    bound = 2 * alpha / rho**2
    eigenvalues = np.linalg.eigvalsh(8 * graphs.complete_graph(8))
    assert np.allclose(eigenvalues, [-1 / 7] * 7 + [1])
    ours = 4 * alpha / (1 + share)
    return {"rho": rho, "alpha": alpha, "bound": bound, "Theorem 7.8": ours, "claimed": (loss, "<=", bound)}


def hadamard() -> dict:
    """Eight nodes, adjacency eigenvalues 1, -1/20 (5), -3/8 (2), labels = an eigenvector of -1/20, k = 6."""
    signs = [[1]]
    for _ in range(3):
        signs = [row + row for row in signs] + [row + [-v for v in row] for row in signs]
    values = [1, *(Fraction(-1, 20) if i not in (4, 6) else Fraction(-3, 8) for i in range(1, 8))]
    adjacency = [[sum(values[i] * signs[x][i] * signs[y][i] for i in range(8)) / 8 for y in range(8)] for x in range(8)]
    assert all(entry >= 0 and sum(row) == 1 for row in adjacency for entry in row)
    labels = [signs[x][1] for x in range(8)]
    alpha = sum(adjacency[x][y] for x, y in product(range(8), repeat=2) if labels[x] > labels[y]) / 8
    assert alpha == (1 - values[1]) / 4
    # no column but the constant has a positive eigenvalue, and the labels sum to 0: nothing can be fitted
    loss, beyond = Fraction(1), Fraction(0)  # beta is 1 on the second eigenvector, 0 on all beyond the sixth
    after = 4 * alpha / (1 + Fraction(3, 8))
    return {"loss": loss, "eigenvalues": values, "4 alpha / lambda_7": after, "claimed": (loss, "<=", beyond)}


def incidence() -> dict:
    """L = B W B^T on a graph with a loop and unequal masses; ordered pairs give 2 L."""
    joint = np.array([[0.2, 0.1, 0.1, 0], [0.1, 0, 0.15, 0], [0.1, 0.15, 0, 0.05], [0, 0, 0.05, 0]])
    root = np.sqrt(joint.sum(axis=1))
    laplacian = np.eye(4) - joint / np.outer(root, root)
    total = np.zeros((4, 4))
    for i, j in combinations(range(4), 2):
        column = np.zeros(4)
        column[i], column[j] = 1 / root[i], -1 / root[j]
        total += joint[i, j] * np.outer(column, column)
    assert np.allclose(total, laplacian)
    return {}


def one_label() -> dict:
    """One labelled image, one dimension: the training error is 0; two nodes, y = 1 and -1, f = 1: the population loss is 1."""
    weight = Fraction(1)  # fitted to the one label y = 1 at f = 1
    training = (1 - weight) ** 2
    population = HALF * (1 - weight) ** 2 + HALF * (-1 - weight) ** 2
    best = min(HALF * (1 - w) ** 2 + HALF * (-1 - w) ** 2 for w in (Fraction(i, 10) for i in range(-20, 21)))
    return {"training": training, "best": best, "population": population}


def digits_graph() -> dict:
    """900 digits of lecture 07, augmentation strength 0.7, even or odd: loss (6.2) and promise (7.1) for k = 20 and 80."""
    from course import data

    images, digit = data.load_digits()
    pixels, even = images[:900].reshape(900, -1).double().numpy(), digit.numpy()[:900] % 2 == 0
    square = (pixels**2).sum(axis=1)
    a = np.exp(-np.maximum(square[:, None] + square - 2 * pixels @ pixels.T, 0) / (2 * 0.7**2))
    a /= a.sum(axis=1, keepdims=True)
    mass, joint = a.mean(axis=0), a.T @ a / 900
    m = (a / np.sqrt(900 * mass)).T
    values, u = np.linalg.eigh(m @ m.T)
    lam, u = 1 - values[::-1], u[:, ::-1]
    y = np.where(even, 1.0, -1.0)
    energy = 2 * joint[even[:, None] != even].sum()
    share = (u.T @ (np.sqrt(mass) * y)) ** 2
    return {f"k = {k}": [share[k:].sum(), energy / lam[k]] for k in (20, 80)}
