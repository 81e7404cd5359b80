"""Programs of the entries of source 004 (spectral blog) on small graphs: the numbers that its entries quote."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from flint import arb

from course import graphs
from tests.claims.ball import q, square

HALF = Fraction(1, 2)


def two_images() -> tuple[list[list[Fraction]], list[Fraction]]:
    """Image a makes pictures 0 and 1, image b makes 1 and 2, all with probability 1/2: (joint, masses), exactly."""
    images = [[HALF, HALF, 0], [0, HALF, HALF]]
    joint = [[sum(HALF * a[x] * a[y] for a in images) for y in range(3)] for x in range(3)]
    return joint, [sum(row) for row in joint]


def conditional_weights() -> dict:
    """Total of P(same image | x, x') over ordered pairs of two_images, for two independent draws; the joint law's is 1."""
    images, (_, mass) = [[HALF, HALF, 0], [0, HALF, HALF]], two_images()
    same = [[sum(HALF**2 * a[x] * a[y] for a in images) / (mass[x] * mass[y]) for y in range(3)] for x in range(3)]
    total = sum(map(sum, same))
    return {"total": total, "claimed": (total, "==", 1)}


def other_images() -> dict:
    """Negatives from different images on two_images: the loss of f = (e1, e1 + e2, e2), and of f = t on picture 0."""
    joint, mass = two_images()
    other = [[(a * d + c * b) / 2 for b, d in ((HALF, 0), (HALF, HALF), (0, HALF))]
             for a, c in ((HALF, 0), (HALF, HALF), (0, HALF))]  # fmt: skip
    f = [(1, 0), (1, 1), (0, 1)]
    inner = [[x[0] * y[0] + x[1] * y[1] for y in f] for x in f]
    pairs = [(x, y) for x in range(3) for y in range(3)]
    pull = -2 * sum(joint[x][y] * inner[x][y] for x, y in pairs)
    independent = pull + sum(mass[x] * mass[y] * inner[x][y] ** 2 for x, y in pairs)
    different = pull + sum(other[x][y] * inner[x][y] ** 2 for x, y in pairs)
    t = 10
    alone = [-2 * joint[0][0] * t**2 + law * t**4 for law in (mass[0] ** 2, other[0][0])]
    found = {"independent, different": [independent, different], "f = 10 on picture 0": alone}
    return found | {"claimed": (different, "==", independent)}


def blur_and_crop() -> dict:
    """A constant image blurred by a normalised Gaussian; and how often a shift graph's positive pair joins two shapes."""
    kernel = np.exp(-(np.arange(-3, 4) ** 2) / 2)
    kernel /= kernel.sum()
    white = np.convolve(np.ones(30), kernel, mode="valid")
    shapes = [np.ones((1, 3)), np.array([[1, 0], [1, 1]]), np.ones((2, 2))]
    world = graphs.shift_grid(shapes, side=5)
    crossing = world.joint[world.labels[:, None] != world.labels].sum()
    return {"white stays": [white.min(), white.max()], "black stays": 0.0, "two shapes": crossing}


def k_means_on_rows() -> dict:
    """Two components of mass 1/2, a hub of 0.4 and nine nodes sharing 0.1 in each: 2-means costs of two partitions.

    Inside a component pairs are independent, so that u spans sqrt(p / m_c) on each component and lambda_3 = 0.
    """
    n, hub, light = 9, q(4, 5).sqrt(), (q(1, 5) / 9).sqrt()
    total = hub + n * light
    components = 2 * (1 - square(total) / (n + 1))
    # one hub alone; all others: the nine light ones of its part on the first axis, the other part on the second
    wrong = q(6, 5) - (square(n * light) + square(total)) / (2 * n + 1)
    # after division by sqrt(p) the rows are equal inside a component: its cost is 0
    return {"hub": 0.8, "components": components, "one hub": wrong, "divided": 0, "claimed": (components, "<=", wrong)}


def rotated_minimiser() -> dict:
    """A = [[.6, .4], [.4, .6]], k = 2: F F^T = A with F lower triangular; column (0, c) is no eigenvector.

    If it were, A (0, c) = lambda (0, c), so the first entry 0.4 c of A (0, c) would be 0.
    """
    a, b = Fraction(3, 5), Fraction(2, 5)
    c = (q(a) - q(b) ** 2 / q(a)).sqrt()
    first = q(a).sqrt()
    differences = (square(first) - q(a), (q(b) / first) * first - q(b), q(b * b / a) + square(c) - q(a))
    error = square(differences[0]) + 2 * square(differences[1]) + square(differences[2])
    if not abs(error) < 1e-30:
        raise AssertionError("F is not a minimiser")
    return {"entries of A": [a, b], "first entry": q(b) * c, "claimed": (q(b) * c, "==", 0)}


def negative_eigenvalue() -> dict:
    """Two nodes, p(1,2) = p(2,1) = 1/2: A has the eigenvalues 1 and -1; errors with k = 2 columns.

    F F^T is positive semidefinite, so the error is at least (-1)^2; Eckart-Young's rank 2 matrix would leave 0.
    """
    return {"true": 1, "Eckart-Young": 0, "claimed": (1, "==", 0)}


def descent() -> dict:
    """Gradient descent on an eight-node graph, k = 3: inner products against the theorem, columns against eigenvectors."""
    graph = graphs.random_joint_symmetric(np.random.default_rng(8), 8)
    root, rng, best = np.sqrt(graph.sum(axis=1)), np.random.default_rng(0), (math.inf, None)
    adjacency = graph / np.outer(root, root)
    for _ in range(3):
        factor = rng.normal(size=(8, 3)) / 2
        for _ in range(3000):
            factor = factor + 0.2 * (adjacency - factor @ factor.T) @ factor
        best = min(best, (np.sum((adjacency - factor @ factor.T) ** 2), factor), key=lambda pair: pair[0])
    values, u = np.linalg.eigh(adjacency)
    exact = u[:, -3:] * values[-3:] @ u[:, -3:].T
    unit = best[1] / np.linalg.norm(best[1], axis=0)
    residual = [np.linalg.norm(adjacency @ c - (c @ adjacency @ c) * c) for c in unit.T]
    largest = float(abs(best[1] @ best[1].T - exact).max())
    if largest > 1e-9 or min(residual) < 0.01:
        raise AssertionError((largest, residual))
    return {"difference": largest, "least residual": min(residual)}


def threshold_and_scaling() -> dict:
    """Points 1, 2 against 3, 4 on a line; the first one scaled by 3.5: which share can a head with offset separate?"""
    before, after = [1, 2, 3, 4], [Fraction(7, 2), 2, 3, 4]
    cuts = [Fraction(k, 4) for k in range(0, 20)]
    right = [[sum((x > cut) == high for x, high in zip(points, (0, 0, 1, 1), strict=True)) for cut in cuts]
             for points in (before, after)]  # fmt: skip
    best = [max(max(row), 4 - min(row)) for row in right]
    return {"best of four": best, "scale": 3.5, "claimed": (best[1], "==", best[0])}


def sign_of_first_column() -> dict:
    """Three components of mass 1/3: the first column in the basis of indicators, and after a turn by 45 degrees."""
    length = q(3).sqrt()
    turned = [length / q(2).sqrt(), length / q(2).sqrt(), q(0)]
    return {"indicators": [length, 0, 0], "turned": turned, "claimed": (turned[1], "<=", 0)}


def hidden_component() -> dict:
    """Blobs a, b, c of mass 1/3; links a-b and a-c of 0.001, b-c of 0.002; classes {a, b} and {c}; k = 2.

    The second eigenvector is (2, -1, -1) with eigenvalue 9 d of L, the third (0, 1, -1) with 3 d + 6 e.
    """
    d, e = Fraction(1, 1000), Fraction(2, 1000)
    third = Fraction(1, 3)
    joint = [[third - 2 * d, d, d], [d, third - d - e, e], [d, e, third - d - e]]
    for vector, value in (((2, -1, -1), 9 * d), ((0, 1, -1), 3 * d + 6 * e)):
        for row, entry in zip(joint, vector, strict=True):
            if 3 * sum(p * v for p, v in zip(row, vector, strict=True)) != (1 - value) * entry:
                raise AssertionError("not an eigenvector")
    cut, loss = d + e, third * (1 + 1) ** 2 / 2  # y = (1, 1, -1) against (0, 1, -1) / sqrt 2, weights sqrt(1/3)
    lost = 3 * d + 6 * e
    return {
        "links": [d, e],
        "cut": cut,
        "classes change": 2 * cut,
        "loss": loss,
        "error": third,
        "lost": lost,
        "bound": 4 * cut / lost,
    }


def loss_identity() -> dict:
    """Both sides of the expanded loss on two_images with g = (1, 2), (3, -1), (1, 1) in the place of f / sqrt(w)."""
    joint, mass = two_images()
    g = [(1, 2), (3, -1), (1, 1)]
    pairs = [(x, y) for x in range(3) for y in range(3)]
    inner = {(x, y): g[x][0] * g[y][0] + g[x][1] * g[y][1] for x, y in pairs}
    roots = [arb(m.numerator) / m.denominator for m in mass]
    matrix = sum(
        square(q(joint[x][y]) / (roots[x] * roots[y]).sqrt() - (roots[x] * roots[y]).sqrt() * inner[x, y])
        for x, y in pairs
    )
    constant = sum(joint[x][y] ** 2 / (mass[x] * mass[y]) for x, y in pairs)
    loss = -2 * sum(joint[x][y] * inner[x, y] for x, y in pairs)
    loss += sum(mass[x] * mass[y] * inner[x, y] ** 2 for x, y in pairs)
    if not abs(matrix - q(constant + loss)) < 1e-25:
        raise AssertionError("the identity fails")
    return {"error": matrix, "constant": constant, "loss": loss}
