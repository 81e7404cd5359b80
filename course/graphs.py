"""Small graphs as joint laws, numpy float64: the augmentation graphs of units 06 and 07.

A graph on S nodes is a symmetric joint law, shape (S, S): joint[x, y] is the probability that an ordered positive pair
is (x, y), so all entries sum to 1, an edge between two different nodes carries its mass twice, and a loop joint[x, x]
once. The mass of a node is its row sum p(x). Generators that take an `rng` draw from it and from nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from course.worlds import random_law

MASS_FLOOR = 0.3  # no node, part or image has less than this share of the mean mass: square roots of p stay readable


def random_joint_symmetric(rng: np.random.Generator, n: int, psd: bool = False) -> np.ndarray:
    """Random symmetric joint law on n nodes, shape (n, n), masses not uniform, all entries > 0.

    psd=True: the law of two independent augmentations of one image, sum_i q_i a_i a_i^T with n + 1 random images: no
    negative eigenvalue. psd=False (n >= 2): random weights on edges with small loops; its normalised adjacency always
    has a negative eigenvalue (its trace is at most 0.9, its largest eigenvalue is 1).
    """
    if n < 1 or (n < 2 and not psd):
        raise ValueError(f"n must be at least {1 if psd else 2}, got {n!r}")
    if psd:
        images = random_law(rng, n + 1, minimum=MASS_FLOOR / (n + 1))
        augmentations = np.stack([random_law(rng, n, 0.5, minimum=0.05 / n) for _ in range(n + 1)])
        return _symmetric((augmentations.T * images) @ augmentations)
    masses = random_law(rng, n, 2.0, minimum=MASS_FLOOR / n)
    weights = np.outer(masses, masses) * rng.gamma(0.7, size=(n, n)) + 1e-3 / n**2
    weights = np.triu(weights, 1) + np.triu(weights, 1).T
    # A loop of at most 0.9 / n times the node's edges: it is at most 0.9 / n of the node's mass, so that the trace of
    # the normalised adjacency is at most 0.9, and eigenvalues with the sum 0.9 - 1 < 0 remain beside the eigenvalue 1.
    loops = 0.9 * rng.uniform(0.1, 1.0, size=n) / n * weights.sum(axis=1)
    return _symmetric(weights + np.diag(loops))


def complete_graph(n: int, loops: bool = False) -> np.ndarray:
    """The complete graph on n nodes, all edges equally likely, without loops unless asked for (then x' is independent
    of x). Normalised adjacency without loops: eigenvalue 1 once, -1/(n-1) otherwise."""
    if n < 2:
        raise ValueError(f"a complete graph needs n >= 2 nodes, got {n!r}")
    weights = np.ones((n, n)) - (0 if loops else np.eye(n))
    return weights / weights.sum()


def two_cliques(size: int, bridge: float = 0.0, loops: bool = False) -> np.ndarray:
    """Two complete graphs of `size` nodes each, and a mass `bridge` (both directions together) spread evenly over the
    pairs across. Every node has mass 1 / (2 size). Nodes 0 .. size-1 are one clique."""
    if size < (1 if loops else 2):
        raise ValueError(f"a clique needs at least {1 if loops else 2} nodes, got {size!r}")
    if not 0 <= bridge <= 1:
        raise ValueError(f"bridge must be a probability, got {bridge!r}")
    clique = complete_graph(size, loops) if size > 1 else np.ones((1, 1))
    across = np.full((size, size), 1 / size**2)
    within, between = (1 - bridge) / 2 * clique, bridge / 2 * across
    return np.block([[within, between], [between, within]])


def hadamard_matrix(order: int = 3) -> np.ndarray:
    """Sylvester's matrix of signs, shape (2^order, 2^order): symmetric, orthogonal columns, first column all +1."""
    h = np.ones((1, 1))
    for _ in range(order):
        h = np.block([[h, h], [h, -h]])
    return h


def hadamard_graph() -> np.ndarray:
    """Eight nodes of mass 1/8 without loops; normalised adjacency with eigenvalues 1, -0.05 (five times) and -0.375
    (twice), eigenvectors the columns of `hadamard_matrix()`: columns 0 / 1, 2, 3, 5, 7 / 4, 6 in this order.

    With k = 6 the embedding can use only one of its columns, since all other eigenvalues are negative.
    """
    h = hadamard_matrix()
    eigenvalues = np.array([1, -0.05, -0.05, -0.05, -0.375, -0.05, -0.375, -0.05])
    adjacency = (h * eigenvalues) @ h.T / 8  # rows sum to 1
    return _symmetric(np.where(np.abs(adjacency) < 1e-12, 0.0, adjacency))


def blocks(
    rng: np.random.Generator, sizes: Sequence[int], leak: float, hub: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Nearly separate parts: `(joint, parts)`, shapes (S, S) and (S,), with sizes[c] nodes in part c, nodes shuffled.

    The masses of the parts are random (each at least 0.3 of the mean), inside a part all pairs, loops included, have a
    random weight near the product of the two masses; a share `leak` of all mass goes to pairs in different parts.
    hub > 0: one node of each part with two nodes or more has about that share of the part's mass.
    """
    if len(sizes) < 1 or min(sizes) < 1:
        raise ValueError(f"every part needs at least one node, got sizes {list(sizes)!r}")
    if not 0 <= leak < 1 or (leak > 0 and len(sizes) == 1):
        raise ValueError(f"leak must lie in [0, 1), and be 0 with one part, got {leak!r}")
    if not 0 <= hub < 1:
        raise ValueError(f"hub must lie in [0, 1), got {hub!r}")
    parts = np.repeat(np.arange(len(sizes)), sizes)
    same = parts[:, None] == parts[None, :]
    part_mass = random_law(rng, len(sizes), 2.0, minimum=MASS_FLOOR / len(sizes))
    node_mass = np.concatenate([_node_masses(rng, n, hub) for n in sizes])  # inside its part
    noise = rng.uniform(0.75, 1.25, size=same.shape)
    product = np.outer(node_mass, node_mass) * (noise + noise.T)
    inside = product * same
    for c, mass in enumerate(part_mass):
        inside[np.ix_(parts == c, parts == c)] *= mass / inside[parts == c].sum()
    across = product * np.outer(part_mass[parts], part_mass[parts]) * ~same
    joint = (1 - leak) * inside + (leak / across.sum() * across if leak else 0.0)
    order = rng.permutation(len(parts))
    return _symmetric(joint[np.ix_(order, order)]), parts[order]


def _node_masses(rng: np.random.Generator, n: int, hub: float) -> np.ndarray:
    """Law on the n nodes of a part; the first node has mass `hub` where hub > 0 and n > 1."""
    if hub and n > 1:
        return np.concatenate([[hub], (1 - hub) * random_law(rng, n - 1, 4.0, minimum=MASS_FLOOR / (n - 1))])
    return random_law(rng, n, 4.0, minimum=MASS_FLOOR / n)


def bipartite_double(joint: np.ndarray) -> np.ndarray:
    """Every node in two colours, every edge from one colour to the other: the joint law [[0, P], [P, 0]] / 2.

    Node x gets the numbers x and S + x. The normalised adjacency has the eigenvalues of P and their negatives.
    """
    empty = np.zeros_like(joint)
    return np.block([[empty, joint], [joint, empty]]) / 2


def random_regular(rng: np.random.Generator, n: int, degree: int) -> np.ndarray:
    """A random graph without loops or double edges in which each of n nodes has `degree` neighbours, all edges equally
    likely: configuration model with rejection, so all such graphs have the same probability. Needs n * degree even."""
    if not 1 <= degree < n or n * degree % 2:
        raise ValueError(f"a regular graph needs 1 <= degree < n and n * degree even, got n = {n!r}, {degree!r}")
    if degree > (n - 1) // 2 and degree < n - 1:  # the complement is sparser, so rejection is faster there
        rest = random_regular(rng, n, n - 1 - degree) > 0
        return (~rest & ~np.eye(n, dtype=bool)) / (n * degree)
    if degree == n - 1:
        return complete_graph(n)
    while True:
        ends = rng.permutation(np.repeat(np.arange(n), degree)).reshape(-1, 2)
        weights = np.zeros((n, n))
        np.add.at(weights, (ends[:, 0], ends[:, 1]), 1.0)
        weights += weights.T
        if weights.max() == 1 and np.trace(weights) == 0:
            return weights / weights.sum()


class ShiftGraph(NamedTuple):
    """What `shift_grid` returns. I images, S different pictures after augmentation.

    joint          (S, S)  law of two independent augmentations of one image
    pictures       (S, side, side)  the nodes, pixels 0 or 1
    labels         (S,)    the shape that most probably made the picture
    image_probs    (I,)    law of the image
    augmentations  (I, S)  row i is the law of the augmentation of image i
    image_labels   (I,)    the shape on image i
    """

    joint: np.ndarray
    pictures: np.ndarray
    labels: np.ndarray
    image_probs: np.ndarray
    augmentations: np.ndarray
    image_labels: np.ndarray


def shift_grid(
    shapes: Sequence[np.ndarray],
    side: int,
    reach: int = 1,
    stay: float = 0.5,
    wrap: bool = False,
    shape_probs: Sequence[float] | None = None,
) -> ShiftGraph:
    """The augmentation graph of small shapes on a side x side grid, augmented by random shifts.

    An image is one of the 0/1 arrays `shapes` at a place where it fits; shape c has probability shape_probs[c]
    (uniform unless given), spread evenly over its places. An augmentation moves the picture along each axis by 0 with
    probability `stay` and by each of the other steps in -reach .. reach with equal probability, both axes
    independently. What leaves the grid is lost, or, with wrap=True, comes back on the other side (then the image may
    lie anywhere, and the graph of each shape is a torus). Different images that give the same picture share a node.
    """
    if not 0 < stay <= 1 or reach < 0:
        raise ValueError(f"stay must lie in (0, 1] and reach be >= 0, got stay {stay!r}, reach {reach!r}")
    if max(max(np.shape(shape)) for shape in shapes) > side:
        raise ValueError(f"every shape must fit into {side} x {side}, got {[np.shape(shape) for shape in shapes]}")
    shape_law = np.full(len(shapes), 1 / len(shapes)) if shape_probs is None else np.asarray(shape_probs, dtype=float)
    steps = {s: (stay if s == 0 else (1 - stay) / (2 * reach)) for s in range(-reach, reach + 1)} if reach else {0: 1.0}
    nodes: dict[bytes, int] = {}
    pictures, laws, probs, owners = [], [], [], []
    for c, shape in enumerate(shapes):
        places = [side if wrap else side - extent + 1 for extent in np.shape(shape)]
        for top, left in np.ndindex(*places):
            law: dict[int, float] = {}
            for down, p in steps.items():
                for right, q in steps.items():
                    picture = _placed(np.asarray(shape), side, top + down, left + right, wrap)
                    node = nodes.setdefault(picture.tobytes(), len(nodes))
                    if node == len(pictures):
                        pictures.append(picture)
                    law[node] = law.get(node, 0.0) + p * q
            laws.append(law)
            owners.append(c)
            probs.append(shape_law[c] / (places[0] * places[1]))
    augmentations = np.zeros((len(laws), len(nodes)))
    for i, law in enumerate(laws):
        augmentations[i, list(law)] = list(law.values())
    image_probs, image_labels = np.array(probs), np.array(owners)
    made_by = np.stack([image_probs[image_labels == c] @ augmentations[image_labels == c] for c in range(len(shapes))])
    joint = _symmetric(np.einsum("i,ix,iy->xy", image_probs, augmentations, augmentations))
    return ShiftGraph(joint, np.array(pictures), made_by.argmax(axis=0), image_probs, augmentations, image_labels)


def _placed(shape: np.ndarray, side: int, top: int, left: int, wrap: bool) -> np.ndarray:
    """The picture with the shape's corner at (top, left), which may lie outside the grid."""
    picture = np.zeros((side, side), dtype=np.uint8)
    for i, j in np.argwhere(shape):
        row, column = top + i, left + j
        if wrap:
            picture[row % side, column % side] = 1
        elif 0 <= row < side and 0 <= column < side:
            picture[row, column] = 1
    return picture


def _symmetric(weights: np.ndarray) -> np.ndarray:
    """Exactly symmetric, sum 1."""
    weights = (weights + weights.T) / 2
    return weights / weights.sum()
