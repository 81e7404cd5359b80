"""Graphs and labels for the checks of unit 07: masses not uniform, loops, no tie where a tie would matter."""

import numpy as np

from course import graphs
from course.worlds import random_law

GAP = 0.01  # between lambda_k and lambda_{k+1}, and between lambda_i and 1 for i <= k: rounding is then far below 1e-9


def spectrum(joint):
    """Eigenvalues of the normalised Laplacian, ascending."""
    root = np.sqrt(joint.sum(axis=1))
    return np.linalg.eigvalsh(np.eye(len(joint)) - joint / np.outer(root, root))


def signs(rng, n):
    """Labels +-1 (n,), both present, as float64."""
    while True:
        y = rng.choice([-1.0, 1.0], size=n)
        if abs(y.sum()) < n:
            return y


def graph_for(rng, n, k, psd=False, gap_below=np.inf, gap_above=0.0, dropped=False):
    """A random joint (n, n) whose first k eigenvectors span a definite space, none of them near the eigenvalue 1.

    gap_below, gap_above  lambda_{k+1} < gap_below and > gap_above;  dropped: some lambda_i > 1 with i <= k
    """
    for _ in range(10_000):
        joint = graphs.random_joint_symmetric(rng, n, psd)
        lam = spectrum(joint)
        definite = lam[k] - lam[k - 1] > GAP and np.abs(lam[:k] - 1).min() > GAP and lam[k] > GAP
        if definite and gap_above < lam[k] < gap_below and (not dropped or lam[k - 1] > 1):
            return joint
    raise RuntimeError(f"no graph found for n = {n}, k = {k}")


def tight_graph(rng):
    """(joint, y, k) where all lines of the proof agree, with masses that are not uniform.

    Four nodes 00, 01, 10, 11; x' is x plus a random step, so that the rows of signs are eigenvectors, and y is the one
    of index k + 1. Then some nodes are split into copies of unequal mass, which adds eigenvalues 1 of L at most.
    """
    h = graphs.hadamard_matrix(2)
    while True:
        steps = random_law(rng, 4)
        steps = 0.5 * steps + np.array([0.5, 0, 0, 0])  # a lazy walk: no negative eigenvalue of the adjacency
        lam = 1 - h @ steps
        order = np.argsort(lam)
        if np.diff(lam[order]).min() > 0.02 and lam.max() < 0.98:
            break
    k = int(rng.integers(1, 4))
    base = np.array([[steps[a ^ b] for b in range(4)] for a in range(4)]) / 4
    owner = np.concatenate([np.arange(4), rng.integers(4, size=3)])  # 7 nodes, some of them copies
    share = rng.uniform(0.5, 1.5, size=7)
    share /= np.bincount(owner, share)[owner]
    joint = base[np.ix_(owner, owner)] * np.outer(share, share)
    shuffle = rng.permutation(7)
    joint = joint[np.ix_(shuffle, shuffle)]
    return (joint + joint.T) / (2 * joint.sum()), h[owner[shuffle], order[k]], k


def separate_components(rng, sizes):
    """A joint of len(sizes) components without any mass between them, nodes shuffled."""
    return graphs.blocks(rng, sizes, leak=0.0)[0]


def bad_joints(rng, n=4):
    """(label, joint) pairs that no graph function may accept."""
    joint = graphs.random_joint_symmetric(rng, n)
    yield "a joint that is not symmetric", joint + 0.02 * np.triu(joint, 1) - 0.02 * np.tril(joint, -1)
    yield "a joint that sums to 1.2", 1.2 * joint
    yield "a joint that is not square", joint[:, :-1] / joint[:, :-1].sum()
    isolated = joint.copy()
    isolated[0], isolated[:, 0] = 0.0, 0.0
    yield "an isolated node", isolated / isolated.sum()
    negative = joint.copy()
    negative[0, 0] -= 0.02 + joint[0, 0]
    negative[1, 1] += 0.02 + joint[0, 0]
    yield "a negative entry", negative
    yield "NaN in the joint", np.where(np.eye(n) > 0, np.nan, joint)
