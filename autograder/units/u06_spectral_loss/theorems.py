"""What the checks of unit 06 share: the normalised adjacency and its eigenvectors, the population loss, and k-means."""

import numpy as np


def adjacency(joint):
    p = joint.sum(axis=1)
    return joint / np.sqrt(np.outer(p, p))


def refused(*_):
    """What a program does that takes a good input for a bad one."""
    raise ValueError("refused, though it is a good input")


def eigenvalues(joint):
    """Of the normalised adjacency, falling."""
    return np.linalg.eigvalsh(adjacency(joint))[::-1]


def per_mass(rows, joint):
    """Each row divided by the root of its node's mass."""
    return rows / np.sqrt(joint.sum(axis=1))[:, None]


def population_loss(joint, z):
    p, inner = joint.sum(axis=1), z @ z.T
    return p @ inner**2 @ p - 2 * (joint * inner).sum()


def off_diagonal(matrix):
    return matrix * (1 - np.eye(len(matrix)))


def falling(values, k):
    """Positions of the k largest of rising eigenvalues; inside a tie in the order of `eigh`, as a learner has them."""
    return np.arange(len(values))[::-1][:k]


def by_size(values, k):
    """Positions of the k eigenvalues of largest absolute value."""
    return np.argsort(-np.abs(values), kind="stable")[:k]


def square_distances(rows, centres):
    return ((rows[:, None] - centres) ** 2).sum(axis=2)


def settled(rows, centres):
    """Lloyd's steps from these centres: labels (n,). A centre that has lost all its rows stays where it is."""
    labels = square_distances(rows, centres).argmin(axis=1)
    for _ in range(50):
        held = [rows[labels == c] for c in range(len(centres))]
        centres = np.stack([own.mean(axis=0) if len(own) else centre for own, centre in zip(held, centres)])
        before, labels = labels, square_distances(rows, centres).argmin(axis=1)
        if (labels == before).all():
            break
    return labels


def grouped(rows, k):
    """k-means with centres that start far apart: labels (n,)."""
    centres = rows[[0]]
    while len(centres) < k:
        centres = np.vstack([centres, rows[square_distances(rows, centres).min(axis=1).argmax()]])
    return settled(rows, centres)


def components(edges):
    """Labels of the connected components of a boolean matrix of edges."""
    reach = edges | np.eye(len(edges), dtype=bool)
    for _ in range(len(edges).bit_length()):
        reach = reach.astype(float) @ reach > 0
    return reach.argmax(axis=1)


def same(a, b):
    """Whether two label vectors define one partition."""
    a, b = np.asarray(a), np.asarray(b)
    return bool(((a[:, None] == a) == (b[:, None] == b)).all())
