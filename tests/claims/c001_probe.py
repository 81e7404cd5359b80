"""Programs of the entries of source 001 on the task loss: cuts, the form of labels, heads. Exact, with fractions."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product

import numpy as np

from course import data, graphs

HALF = Fraction(1, 2)


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
