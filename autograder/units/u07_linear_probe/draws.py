"""Graphs and labels for the checks of unit 07: masses not uniform, loops, no tie where a tie would matter."""

import numpy as np

from autograder.units.u07_linear_probe.theorems import spectrum
from course import graphs
from course.worlds import random_law

TIE = 1e-4  # between any two eigenvalues: eigenvectors are then right to 1e-12
TINY = "Print the smallest lost eigenvalue: does it count as 0? (The box at the top says what does.)"
GAP = 0.01  # between lambda_k and lambda_{k+1}, and between lambda_i and 1 for i <= k: rounding is then far below 1e-9


def signs(rng, n):
    """Labels +-1 (n,), both present, as float64."""
    while True:
        y = rng.choice([-1.0, 1.0], size=n)
        if abs(y.sum()) < n:
            return y


def graph_for(rng, n, k, psd=False, gap_below=np.inf, gap_above=0.0, dropped=False):
    """A random joint (n, n) whose first k eigenvectors span a definite space, none of them near the eigenvalue 1, and whose
    eigenvectors are all definite up to their signs.

    gap_below, gap_above  lambda_{k+1} < gap_below and > gap_above;  dropped: some lambda_i > 1 with i <= k
    """
    for _ in range(10_000):
        joint = graphs.random_joint_symmetric(rng, n, psd)
        lam = spectrum(joint)
        definite = lam[k] - lam[k - 1] > GAP and np.abs(lam[:k] - 1).min() > GAP and lam[k] > GAP
        definite = definite and np.diff(lam).min() > TIE
        if definite and gap_above < lam[k] < gap_below and (not dropped or lam[k - 1] > 1):
            return joint
    raise RuntimeError(f"no graph found for n = {n}, k = {k}")


def nearly_one(rng, n, shift):
    """(joint (n, n), k) with lambda_k = 1 + shift, 0 < |shift| <= 1e-9, and lambda_{k-1} < 0.98, lambda_{k+1} > 1.02.

    A node is cut into two: that adds an eigenvalue 1. Mass moved between the loops and the edge of the halves moves it.
    """
    while True:
        whole = graphs.random_joint_symmetric(rng, n - 1)
        lam = spectrum(whole)
        if lam[-1] > 1.02 and np.abs(lam - 1).min() > 0.02 and whole[-1, -1] > 1e-6:
            break
    share = np.append(np.ones(n - 2), rng.uniform(0.3, 0.4))
    share = np.append(share, 1 - share[-1])
    owner = np.append(np.arange(n - 1), n - 2)
    joint = whole[np.ix_(owner, owner)] * np.outer(share, share)
    move = np.append(np.zeros(n - 2), [1.0, -1.0])
    joint -= shift / (move**2 @ (1 / joint.sum(axis=1))) * np.outer(move, move)
    return joint, 1 + int(np.sum(lam < 1))


def tight_graph(rng):
    """(joint, y, k) where all lines of the proof agree, with masses that are not uniform.

    Four nodes 00, 01, 10, 11; x' is x plus a random step, so that the rows of signs are eigenvectors, and y is the one
    of index k + 1. Then some nodes are split into copies of unequal mass, which adds eigenvalues 1 of L at most.
    """
    h = graphs.hadamard_matrix(2)
    while True:
        # a lazy walk: no negative eigenvalue of the adjacency; in parts of 128, so that the graph is stored exactly
        steps = (1 + rng.multinomial(60, random_law(rng, 4))) / 128 + np.array([0.5, 0, 0, 0])
        lam = 1 - h @ steps
        order = np.argsort(lam)
        if np.diff(lam[order]).min() > 0.02 and lam.max() < 0.98:
            break
    k = int(rng.integers(1, 4))
    base = np.array([[steps[a ^ b] for b in range(4)] for a in range(4)]) / 4
    owner = np.concatenate([np.arange(4), rng.integers(4, size=3)])  # 7 nodes, some of them copies
    share = np.empty(7)
    for node in range(4):
        copies = np.flatnonzero(owner == node)
        share[copies] = (1 + rng.multinomial(16 - len(copies), np.full(len(copies), 1 / len(copies)))) / 16
    joint = base[np.ix_(owner, owner)] * np.outer(share, share)
    shuffle = rng.permutation(7)
    joint = joint[np.ix_(shuffle, shuffle)]
    return (joint + joint.T) / (2 * joint.sum()), h[owner[shuffle], order[k]], k


def bipartite(rng, sizes):
    """Every pair goes from one side to the other, the two ends independent: eigenvalues 0, 1 (often) and 2."""
    one, other = (random_law(rng, n, minimum=0.3 / n) for n in sizes)
    corner = np.outer(one, other) / 2
    return np.block([[np.zeros((sizes[0],) * 2), corner], [corner.T, np.zeros((sizes[1],) * 2)]])


def nearly_apart(rng, small):
    """A joint of two parts of three nodes whose second eigenvalue is between `small` and 5 times that."""
    while True:
        apart, bridge = separate_components(rng, (3, 3)), graphs.random_joint_symmetric(rng, 6)
        joint = (1 - small) * apart + small * bridge
        if small < spectrum(joint)[1] < 5 * small:
            return joint


def separate_components(rng, sizes):
    """A joint of len(sizes) components without any mass between them, nodes shuffled."""
    return graphs.blocks(rng, sizes, leak=0.0)[0]


def with_nan(z):
    """A matrix with NaN on its diagonal."""
    return np.where(np.eye(*z.shape) > 0, np.nan, z)
