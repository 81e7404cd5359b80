"""Finite worlds: random class laws, class-conditional laws and embeddings, numpy float64.

A world is a triple `(rho, classes, z)`:

    rho      (C,)    probability of each class, sum 1
    classes  (C, S)  row c is the law of class c on the S points, each row sums to 1
    z        (S, d)  embedding of each point

On a finite world every expectation of the course is a finite sum, so that a theorem can be checked to rounding
error: no sampling, no error bars. The generators draw from the `rng` that they are given and from nothing else.
"""

from __future__ import annotations

import numpy as np

RHO_FLOOR = 0.3  # no class has less than this share of 1 / C: bounds that divide by a probability stay readable
POINT_FLOOR = 0.1  # the same for the probability of a point inside its class, on worlds with disjoint classes


def random_law(rng: np.random.Generator, n: int, concentration: float = 1.0, minimum: float = 0.0) -> np.ndarray:
    """Random law on n outcomes, shape (n,): a Dirichlet draw, mixed with the uniform law so that no entry is small.

    p = minimum + (1 - n * minimum) q,   q ~ Dirichlet(concentration, ..., concentration)

    A large concentration gives laws near the uniform one, a small one gives laws with few large entries.
    Raises ValueError unless n >= 1, concentration > 0 and 0 <= minimum <= 1 / n.
    """
    if n < 1:
        raise ValueError(f"a law needs n >= 1 outcomes, got n = {n!r}")
    if not concentration > 0:
        raise ValueError(f"concentration must be > 0, got {concentration!r}")
    if not 0 <= n * minimum <= 1:
        raise ValueError(f"minimum must lie in [0, 1/n] = [0, {1 / n}], got {minimum!r}")
    p = minimum + (1 - n * minimum) * rng.dirichlet(np.full(n, float(concentration)))
    return p / p.sum()


def random_world(
    rng: np.random.Generator,
    n_classes: int,
    n_points: int,
    dim: int,
    scale: float = 1.0,
    overlap: bool = True,
    uniform: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Random world (rho, classes, z) of shapes (C,), (C, S), (S, d) with C, S, d = n_classes, n_points, dim.

    overlap  True: every class gives positive probability to every point; False: the supports are disjoint and,
             where S > C >= 2, of unequal sizes (needs S >= C)
    uniform  True: rho is uniform; False: rho is random, each entry at least 0.3 / C
    scale    multiplies the embedding: rows of z have norm about scale * sqrt(1.25 d) and a mean that is not zero
    """
    _check_sizes(n_classes, n_points, dim)
    rho = np.full(n_classes, 1 / n_classes) if uniform else random_law(rng, n_classes, minimum=RHO_FLOOR / n_classes)
    if overlap:
        classes = np.stack([random_law(rng, n_points) for _ in range(n_classes)])
    else:
        classes = _disjoint_classes(rng, _owners(rng, n_classes, n_points), n_classes)
    # The common shift matters: for a centred embedding several wrong formulas give nearly the right number.
    z = scale * (rng.normal(size=(n_points, dim)) + 0.5 * rng.normal(size=dim))
    return rho, classes, z


def class_constant_world(
    rng: np.random.Generator, n_classes: int, n_points: int, dim: int, scale: float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Random world whose embedding is constant inside each class: the worlds where the bounds are equalities.

    The supports are disjoint, of unequal sizes where S > C >= 2, and every point of class c is embedded at one
    random centre v_c of norm about scale * sqrt(d). rho is random, each entry at least 0.3 / C. Needs S >= C.
    """
    _check_sizes(n_classes, n_points, dim)
    owners = _owners(rng, n_classes, n_points)
    centres = scale * rng.normal(size=(n_classes, dim))
    rho = random_law(rng, n_classes, minimum=RHO_FLOOR / n_classes)
    return rho, _disjoint_classes(rng, owners, n_classes), centres[owners]


def random_joint(rng: np.random.Generator, n_rows: int, n_columns: int) -> np.ndarray:
    """Random joint law, shape (n_rows, n_columns), entries > 0 with sum 1: one Dirichlet draw over all the cells."""
    if n_rows < 1 or n_columns < 1:
        raise ValueError(f"a joint law needs at least one row and one column, got {n_rows!r} x {n_columns!r}")
    return random_law(rng, n_rows * n_columns).reshape(n_rows, n_columns)


def _owners(rng: np.random.Generator, n_classes: int, n_points: int) -> np.ndarray:
    """The class of each point, shape (S,): every class owns a point, and not all own equally many where avoidable."""
    if n_points < n_classes:
        raise ValueError(f"disjoint classes need n_points >= n_classes, got {n_points} points, {n_classes} classes")
    while True:
        extra = rng.integers(n_classes, size=n_points - n_classes)
        owners = rng.permutation(np.concatenate([np.arange(n_classes), extra]))
        sizes = np.bincount(owners, minlength=n_classes)
        if sizes.min() < sizes.max() or n_points == n_classes or n_classes == 1:
            return owners


def _disjoint_classes(rng: np.random.Generator, owners: np.ndarray, n_classes: int) -> np.ndarray:
    """Rows (C, S): row c is a random law on the points that class c owns."""
    classes = np.zeros((n_classes, owners.size))
    for c in range(n_classes):
        mine = np.flatnonzero(owners == c)
        classes[c, mine] = random_law(rng, mine.size, minimum=POINT_FLOOR / mine.size)
    return classes


def _check_sizes(n_classes: int, n_points: int, dim: int) -> None:
    if min(n_classes, n_points, dim) < 1:
        raise ValueError(f"n_classes, n_points and dim must be >= 1, got {n_classes}, {n_points}, {dim}")
