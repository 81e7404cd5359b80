"""What the checks of unit 07 share: the Laplacian of a graph, which directions are lost, and how easily one leaves a part."""

import numpy as np


def laplacian(joint):
    root = np.sqrt(joint.sum(axis=1))
    return np.eye(len(joint)) - joint / np.outer(root, root)


def spectrum(joint):
    """Eigenvalues of the normalised Laplacian, ascending."""
    return np.linalg.eigvalsh(laplacian(joint))


def kept(lam, k, one=1 - 1e-9):
    """How many of the first k eigenvalues are below 1: so many columns of the spectral embedding are not zero."""
    return int(np.sum(lam[:k] < one))


def embedding_loss(joint, y, k):
    """What the best head on a k-dimensional spectral embedding leaves of the labels."""
    lam, u = np.linalg.eigh(laplacian(joint))
    used, g = u[:, : kept(lam, k)], np.sqrt(joint.sum(axis=1)) * y
    return np.sum((g - used @ (used.T @ g)) ** 2)


def lost_energy(joint, y, k):
    """The energy of the lost directions alone, over the smallest lost eigenvalue: step (a) of the proof."""
    lam, u = np.linalg.eigh(laplacian(joint))
    r = kept(lam, k)
    return np.sum(lam[r:] * (u[:, r:].T @ (np.sqrt(joint.sum(axis=1)) * y)) ** 2) / lam[r]


def unless_rounding(gap):
    """An eigenvalue by which one divides without a test; NaN where it is rounding alone, and no two programs agree."""
    return gap if abs(gap) > 1e-13 else np.nan


def refused(gap):
    """Whether an eigenvalue counts as 0, as one who raises ValueError there says it."""
    if gap <= 1e-10:
        raise ValueError(f"no bound: {gap} is lost")
    return False


def label_energy(joint, y):
    """1/2 sum p(x, x') (y_x - y_x')^2 over ordered pairs."""
    return np.sum(joint * (y[:, None] - y[None, :]) ** 2) / 2


def mass(joint, inside):
    return joint[inside].sum()


def cut(joint, inside):
    return joint[inside][:, ~inside].sum()


def quotients(joint, parts, cut=cut, size=mass):
    """cut / size of each part, in ascending order of the labels."""
    masks = [parts == label for label in np.unique(parts)]
    return [cut(joint, inside) / size(joint, inside) for inside in masks]
