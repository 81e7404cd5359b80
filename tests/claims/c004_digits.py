"""Programs of the entries of source 004 (spectral blog) that are measured on graphs of digits; nothing is trained."""

from __future__ import annotations

import functools

import numpy as np
import torch
from scipy.sparse.csgraph import connected_components

from course import data


@functools.cache
def kernel_graph() -> tuple[np.ndarray, ...]:
    """Unit 07's 900 digits, strength 0.7: (joint, masses, eigenvalues of L ascending, eigenvectors, digits)."""
    images, digit = data.load_digits()
    pixels = images[:900].reshape(900, -1).double().numpy()
    square = (pixels**2).sum(axis=1)
    a = np.exp(-np.maximum(square[:, None] + square - 2 * pixels @ pixels.T, 0) / (2 * 0.7**2))
    a /= a.sum(axis=1, keepdims=True)
    mass = a.mean(axis=0)
    m = (a / np.sqrt(900 * mass)).T
    values, u = np.linalg.eigh(m @ m.T)
    return a.T @ a / 900, mass, 1 - values[::-1], u[:, ::-1], digit.numpy()[:900]


@functools.cache
def neighbour_graph() -> tuple[np.ndarray, np.ndarray]:
    """Unit 06's 1198 digits, augmented to one of the 20 nearest: (joint, digits)."""
    train_x, train_y, _, _ = data.split(*data.load_digits(), test_share=1 / 3, seed=0)
    flat = train_x.flatten(1).double()
    square, near = torch.cdist(flat, flat).square().topk(20, largest=False)
    chance = torch.softmax(-square / 4, dim=1)
    augment = torch.zeros(len(flat), len(flat), dtype=torch.float64).scatter_(1, near, chance).numpy()
    return augment.T @ augment / len(flat), train_y.numpy()


def few_edges() -> dict:
    """Share of positive pairs that join two digits; share of the node pairs that carry 90 % of the mass."""
    found = {}
    for name, (joint, digit) in {"kernel": kernel_graph()[::4], "neighbours": neighbour_graph()}.items():
        mass = joint.sum(axis=1)
        crossing = digit[:, None] != digit
        ordered = np.sort(joint.ravel())[::-1].cumsum()
        share = (np.searchsorted(ordered, 0.9) + 1) / joint.size
        found[name] = [joint[crossing].sum(), np.outer(mass, mass)[crossing].sum(), share]
    return found | {"carried": 0.9}


def paths() -> dict:
    """Pieces of each digit's subgraph: one; and of 900 digits under exact shifts by at most one pixel: 900."""
    joint, digit = neighbour_graph()
    inside = [joint[np.ix_(digit == c, digit == c)] > 0 for c in range(10)]
    pieces = [connected_components(part, directed=False)[0] for part in inside]
    images = data.load_digits()[0][:900].numpy().reshape(900, 8, 8)
    seen, parent = {}, list(range(900))
    for i, image in enumerate(images):
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                moved = np.zeros((8, 8), dtype=image.dtype)
                moved[max(dy, 0) : 8 + min(dy, 0), max(dx, 0) : 8 + min(dx, 0)] = image[
                    max(-dy, 0) : 8 + min(-dy, 0), max(-dx, 0) : 8 + min(-dx, 0)
                ]
                parent[i] = min(parent[i], seen.setdefault(moved.tobytes(), i))
    if pieces != [1] * 10 or len(set(parent)) != 900:
        raise AssertionError((pieces, len(set(parent))))
    return {"pieces": pieces, "shifts": len(set(parent))}


def digits_promise() -> dict:
    """Unit 07's digits, even or odd, k = 20: promise 4 alpha / lambda_{k+1} and true loss; and without labels' help 1."""
    joint, mass, values, u, digit = kernel_graph()
    y = np.where(digit % 2 == 0, 1.0, -1.0)
    energy = 2 * joint[y[:, None] != y].sum()
    share = (u.T @ (np.sqrt(mass) * y)) ** 2
    return {"promise": energy / values[20], "loss": share[20:].sum()}


def few_labels() -> dict:
    """Median accuracy on 500 other digits with 50 labels: 40 spectral columns, and pixels (ridge, 40 draws)."""
    _, mass, values, u, digit = kernel_graph()
    pixels = data.load_digits()[0][:900].reshape(900, -1).double().numpy()
    features = {
        "spectral": u[:, :40] * np.sqrt(1 - values[:40]) / np.sqrt(mass)[:, None],
        "pixels": np.column_stack([pixels - pixels.mean(axis=0), np.ones(900)]),
    }
    rng, correct = np.random.default_rng(4), {name: [] for name in features}
    for _ in range(40):
        order = rng.permutation(900)
        targets = 2.0 * (digit[order[:50], None] == np.arange(10)) - 1
        for name, f in features.items():
            seen = f[order[:50]]
            heads = np.linalg.solve(seen.T @ seen + np.eye(seen.shape[1]), seen.T @ targets)
            correct[name].append(np.mean((f[order[400:]] @ heads).argmax(axis=1) == digit[order[400:]]))
    return {name: float(np.median(rows)) for name, rows in correct.items()}
