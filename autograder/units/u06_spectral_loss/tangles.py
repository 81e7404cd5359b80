"""Graphs of nearly separate parts that nothing but the normalised eigenvectors shows.

Inside a part the edges are few, uneven and weak (a sparse random graph, masses of nodes differing by a factor of ten);
between parts a few single edges are stronger than the weakest link inside. `tangled` redraws until the wrong ways fail
and the right one has room: the rows of one part lie nearer to each other than ROOM times the rows of two parts, so that
farthest-first, k-means from several starts and single linkage all find the parts.
"""

import numpy as np

from autograder.units.u06_spectral_loss.theorems import adjacency, components, grouped, per_mass, same, square_distances
from course.worlds import random_law

ROOM = 0.7  # largest distance inside a part over the smallest between parts, in every usual scaling of the rows
LEAK = 0.029  # largest mass between parts: the exercise promises at most 3 %


def tangled(rng, sizes, unnormalised_fails=False):
    """(joint, parts) with sizes[c] nodes in part c, nodes shuffled, parts of unequal mass.

    unnormalised_fails: also the eigenvectors' bare rows and those of the Laplacian D - P mislead k-means.
    """
    k = len(sizes)
    for _ in range(2000):
        joint, parts = _draw(rng, sizes, light=0.05 if unnormalised_fails else 1.0)
        values, vectors = np.linalg.eigh(adjacency(joint))
        rows = vectors[:, -k:]
        z = per_mass(rows, joint)
        scalings = (z, z * np.sqrt(values[-k:].clip(min=0)), rows / np.linalg.norm(rows, axis=1, keepdims=True))
        if max(_spread(scaled, parts) for scaled in scalings) > ROOM or _misled(joint, parts, k):
            continue
        flat = np.linalg.eigh(np.diag(joint.sum(axis=1)) - joint)[1][:, :k]
        if unnormalised_fails and (
            same(grouped(rows, k), parts) or min(_spread(rows, parts), _spread(flat, parts)) < 1.5
        ):
            continue
        return joint, parts
    raise RuntimeError(f"no tangled graph found for parts of {sizes}")


def mirrored(rng, coloured, twin, across=0.02, apart=0.004):
    """(joint, parts): a two-coloured part of 2 * coloured nodes and twins of `twin` nodes each, nodes shuffled.

    Exchanging the twins changes nothing, so that the first two eigenfunctions agree on them and only the third, which is
    odd, tells them apart: no k - 1 columns do. The colours' eigenvalue is larger in absolute value than the third, so that
    the k largest absolute values do not either, clipped or not. Twins leak `across` to each other, `apart` to the rest.
    """
    while True:
        parts, mass = np.repeat(np.arange(3), (2 * coloured, twin, twin)), rng.uniform(0.3, 0.5)
        first, second = np.split(np.arange(2 * coloured), 2)
        node = [random_law(rng, n, 2.0, minimum=0.3 / n) for n in (2 * coloured, twin)]
        p = np.concatenate([node[0], node[1], node[1]])
        noise = rng.uniform(0.75, 1.25, size=(len(parts), len(parts)))
        noise = noise + noise.T
        one, other = np.flatnonzero(parts == 1), np.flatnonzero(parts == 2)
        inside = np.zeros_like(noise)
        inside[np.ix_(first, second)] = (np.outer(p, p) * noise)[np.ix_(first, second)]
        inside[np.ix_(second, first)] = inside[np.ix_(first, second)].T
        for mine in (one, other):
            inside[np.ix_(mine, mine)] = np.outer(node[1], node[1]) * noise[np.ix_(one, one)]
        for c, share in enumerate((mass, (1 - mass) / 2, (1 - mass) / 2)):
            mine = np.ix_(parts == c, parts == c)
            inside[mine] *= share / inside[mine].sum()
        twins = np.outer(p, p) * ((parts[:, None] + parts) == 3) * (parts[:, None] * parts > 0)
        rest = np.outer(p, p) * ((parts[:, None] == 0) != (parts == 0))
        joint = (1 - across - apart) * inside + across * twins / twins.sum() + apart * rest / rest.sum()
        values = np.linalg.eigvalsh(adjacency(joint))
        if -values[0] > values[-3] + 0.01 and values[-2] > values[-3] + 0.01 and values[-3] > values[-4] + 0.1:
            order = rng.permutation(len(parts))
            joint = joint[np.ix_(order, order)]
            return (joint + joint.T) / (2 * joint.sum()), parts[order]


def _draw(rng, sizes, light, degree=4, share=0.35, background=0.003):
    """light: a factor on the weight of every third node or so."""
    parts = np.repeat(np.arange(len(sizes)), sizes)
    joint = np.zeros((len(parts), len(parts)))
    for c, mass in enumerate(random_law(rng, len(sizes), 1.0, minimum=0.3 / len(sizes))):
        mine = np.flatnonzero(parts == c)
        weight = np.exp(0.7 * rng.normal(size=len(mine))) * np.where(rng.random(len(mine)) < 0.3, light, 1.0)
        inside = _cycles(rng, len(mine), degree) * np.outer(weight, weight)
        joint[np.ix_(mine, mine)] = mass * inside / inside.sum()
    p, apart = joint.sum(axis=1), parts[:, None] != parts
    across, free = background * np.outer(p, p) * apart, np.asarray(sizes)[parts] >= 4
    for x in rng.permutation(len(parts)):
        others = np.flatnonzero(apart[x] & free)
        if not free[x] or not len(others):
            continue
        y = rng.choice(others)
        edge = share * min(p[x], p[y])
        if across.sum() + 2 * edge <= LEAK:
            across[[x, y], [y, x]] += edge
            free[[x, y]] = False
    joint = joint * (1 - across.sum()) + across
    order = rng.permutation(len(parts))
    joint = joint[np.ix_(order, order)]
    return (joint + joint.T) / (2 * joint.sum()), parts[order]


def _cycles(rng, n, count):
    """The sum of `count` random cycles through n nodes with random weights: connected, sparse, without bottleneck."""
    weights = np.eye(n) if n == 1 else np.zeros((n, n))
    for _ in range(count):
        order = rng.permutation(n)
        for x, y in zip(order, np.roll(order, 1), strict=True):
            if x != y:
                weights[[x, y], [y, x]] += rng.uniform(0.3, 1.0)
    return weights


def _spread(rows, parts):
    distance, together = square_distances(rows, rows), parts[:, None] == parts
    return float(np.sqrt(distance[together].max() / distance[~together].min()))


def _misled(joint, parts, k):
    """Whether a cheaper way finds the parts: thresholds on any scale, k-means on raw rows, eigenvectors of other matrices."""
    p = joint.sum(axis=1)
    given_row = joint / p[:, None]
    scales = (joint, joint / np.outer(p, p), adjacency(joint), given_row)
    symmetric = (*scales[:3], np.maximum(given_row, given_row.T), np.minimum(given_row, given_row.T))
    if any(same(components(m > m[parts[:, None] != parts].max()), parts) for m in symmetric):
        return True
    edges = (joint > 0) & ~np.eye(len(p), dtype=bool)
    degree = np.maximum(edges.sum(axis=1), 1)
    bare = np.linalg.eigh(edges / np.sqrt(np.outer(degree, degree)))[1][:, -k:] / np.sqrt(degree)[:, None]
    rows = (*scales, np.linalg.eigh(joint)[1][:, -k:], bare)
    return any(same(grouped(matrix, k), parts) for matrix in rows)
