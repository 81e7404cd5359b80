"""probe_bound: what its check looks at. lambda_{k+1} below and above 1, and 0; labels of both kinds and real ones."""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from autograder.units.u07_linear_probe.draws import bad_joints, graph_for, separate_components, signs
from course import graphs, validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "probe_bound",
    hints={
        "values": (
            "The numerator is the energy of the labels: dirichlet_energy at sqrt(p) y, or the sum over pairs with 1/2.",
            "np.linalg.eigvalsh gives eigenvalues in ascending order, counted from 0: lambda_{k+1} is number k.",
            "Divide by min(1, lambda_{k+1}); where lambda_{k+1} is 0 up to rounding return math.inf.",
        ),
        "bad input": (
            "per_node(joint, y=y), then k: an integer with 1 <= k < S.",
            "validate.count(minimum=1, k=k) does the lower end of k.",
        ),
        "properties": ("Compare with probe_loss of a spectral embedding: it must never be above your bound.",),
    },
)


@exercise.cases
def cases(rng):
    for n, k in ((5, 1), (6, 2)):
        yield Case(f"S = {n}, k = {k}, lambda_(k+1) < 1", (graph_for(rng, n, k, gap_below=0.97), signs(rng, n), k))
    joint = graph_for(rng, 7, 4, gap_above=1.03)
    yield Case("S = 7, k = 4, lambda_5 > 1", (joint, signs(rng, 7), 4))
    joint = graph_for(rng, 6, 3, psd=True)
    yield Case("labels 0 and 1", (joint, (signs(rng, 6) > 0).astype(float), 3))
    yield Case("labels 0 and 1, integers, k = S - 1", (joint, (signs(rng, 6) > 0).astype(np.int64), 5))
    yield Case("real labels", (graph_for(rng, 5, 2, gap_below=0.97), rng.normal(size=5), 2))
    yield Case("the complete graph without loops, k = 2", (graphs.complete_graph(5), signs(rng, 5), 2))
    yield Case("constant labels: 0", (graph_for(rng, 5, 2), np.ones(5), 2))
    joint = separate_components(rng, (2, 2, 3))
    yield Case("three parts that are not connected, k = 2: infinite", (joint, signs(rng, 7), 2))
    yield Case("three parts that are not connected, k = 3", (joint, signs(rng, 7), 3))
    yield Case("infinite with constant labels too", (joint, -np.ones(7), 1))
    joint = graph_for(rng, 4, 2)
    for label, bad in bad_joints(rng):
        yield bad_input(label, bad, np.ones(len(bad)), 2)
    yield bad_input("y too short", joint, np.ones(3), 2)
    yield bad_input("y of length 1", joint, np.ones(1), 2)
    yield bad_input("NaN in y", joint, np.array([1.0, np.nan, -1.0, 1.0]), 2)
    yield bad_input("k = 0", joint, np.ones(4), 0)
    yield bad_input("k = S", joint, np.ones(4), 4)
    yield bad_input("k = 1.5", joint, np.ones(4), 1.5)


@exercise.property("never below the loss of the spectral embedding; labels 0, 1 give a quarter of labels -1, 1")
def bounds(f, rng):
    for i in range(10):
        n = int(rng.integers(4, 8))
        k = int(rng.integers(1, n))
        joint, y = graph_for(rng, n, k, psd=i % 2 == 0), signs(rng, n)
        p = joint.sum(axis=1)
        root = np.sqrt(p)
        lam, u = np.linalg.eigh(np.eye(n) - joint / np.outer(root, root))
        kept = u[:, :k][:, lam[:k] < 1]
        value = f(joint, y, k)
        if np.sum((root * y - kept @ (kept.T @ (root * y))) ** 2) > value + 1e-9:
            return "on a random graph the loss of the spectral embedding is above your bound"
        if abs(4 * f(joint, (y + 1) / 2, k) - value) > 1e-8:
            return "labels 0 and 1 do not give a quarter of the bound for -1 and 1"


def energy_and_spectrum(joint, y, k):
    """(energy of the labels, eigenvalues ascending) of a valid call; ValueError otherwise."""
    validate.joint_law(joint, symmetric=True)
    y = np.asarray(y, dtype=float)
    if y.shape != (len(joint),) or not np.isfinite(y).all():
        raise ValueError(f"y must hold {len(joint)} finite numbers, got {y}")
    validate.count(minimum=1, k=k)
    if k >= len(joint):
        raise ValueError(f"k = {k} with {len(joint)} nodes")
    root = np.sqrt(joint.sum(axis=1))
    lam = np.linalg.eigvalsh(np.eye(len(joint)) - joint / np.outer(root, root))
    return np.sum(joint * (y[:, None] - y[None, :]) ** 2) / 2, np.where(lam < 1e-10, 0.0, lam)


TOOLS = (energy_and_spectrum,)


@exercise.wrong(
    "lambda_k",
    belief="The k-th eigenvalue stands in the denominator.",
    hints=(
        "How many eigenvalues are below your denominator, and how many directions does the embedding hold?",
        "The embedding holds the first k; the smallest eigenvalue that it misses is lambda_{k+1}.",
        "Counted from 0 this is entry number k of eigvalsh.",
    ),
    uses=TOOLS,
)
def probe_bound(joint, y, k):
    energy, lam = energy_and_spectrum(joint, y, k)
    return energy / min(1.0, lam[k - 1]) if lam[k - 1] > 0 else math.inf


@exercise.wrong(
    "lambda_{k+2}",
    belief="Counted from 0, lambda_{k+1} is entry k + 1.",
    hints=(
        "With k = 1: which entry of the array is lambda_2?",
        "The array starts at 0 with lambda_1, so lambda_{k+1} is entry k.",
        "np.linalg.eigvalsh(L)[k].",
    ),
    uses=TOOLS,
)
def probe_bound(joint, y, k):
    energy, lam = energy_and_spectrum(joint, y, k)
    gap = lam[min(k + 1, len(lam) - 1)]
    return energy / min(1.0, gap) if gap > 0 else math.inf


@exercise.wrong(
    "no minimum with 1",
    belief="The denominator is lambda_{k+1}, as large as it may be.",
    hints=(
        "What is lambda_{k+1} on a graph without loops?",
        "Above 1 the adjacency has negative eigenvalues, which the embedding cannot use: even some i <= k are lost.",
        "Divide by min(1, lambda_{k+1}).",
    ),
    uses=TOOLS,
)
def probe_bound(joint, y, k):
    energy, lam = energy_and_spectrum(joint, y, k)
    return energy / lam[k] if lam[k] > 0 else math.inf


@exercise.wrong(
    "maximum with 1",
    belief="The denominator is at least 1.",
    hints=(
        "Small lambda_{k+1} is the hard case: should the bound be small or large there?",
        "Large: the denominator is at most 1.",
        "min, not max.",
    ),
    uses=TOOLS,
)
def probe_bound(joint, y, k):
    energy, lam = energy_and_spectrum(joint, y, k)
    return energy / max(1.0, lam[k]) if lam[k] > 0 else math.inf


@exercise.wrong(
    "eigenvalues of the adjacency",
    belief="lambda_{k+1} is the (k+1)-th largest eigenvalue of the normalised adjacency.",
    hints=(
        "Of which matrix are the lambdas the eigenvalues?",
        "Of the Laplacian: 1 minus those of the adjacency.",
        "np.linalg.eigvalsh(laplacian(joint))[k].",
    ),
    uses=TOOLS,
)
def probe_bound(joint, y, k):
    energy, lam = energy_and_spectrum(joint, y, k)
    other = 1 - lam[k]
    return energy / min(1.0, other) if abs(other) > 1e-10 else math.inf


@exercise.wrong(
    "each pair counted twice",
    belief="The numerator is the sum over all ordered pairs.",
    hints=(
        "For labels +-1 your numerator is 8 alpha.",
        "(x, x') and (x', x) are both in the sum; the factor 1/2 is missing.",
        "np.sum(joint * (y[:, None] - y[None, :])**2) / 2.",
    ),
    uses=TOOLS,
)
def probe_bound(joint, y, k):
    energy, lam = energy_and_spectrum(joint, y, k)
    return 2 * energy / min(1.0, lam[k]) if lam[k] > 0 else math.inf


@exercise.wrong(
    "the constant of the lecture notes",
    belief="The numerator is 2 alpha, as in 001.",
    hints=(
        "Compute the energy of labels +-1 on two nodes with one edge between them.",
        "It is 4 alpha for labels +-1, alpha for {0, 1}; 2 alpha is right for neither.",
        "Take the formula with the sum over pairs.",
    ),
    uses=TOOLS,
)
def probe_bound(joint, y, k):
    _, lam = energy_and_spectrum(joint, y, k)
    y = np.asarray(y, dtype=float)
    alpha = joint[y[:, None] < y[None, :]].sum()
    return 2 * alpha / min(1.0, lam[k]) if lam[k] > 0 else math.inf


@exercise.wrong(
    "4 alpha for all labels",
    belief="The numerator is 4 alpha, whatever the labels are.",
    hints=(
        "Try labels 0 and 1.",
        "A pair of labels 0 and 1 differs by 1, not by 2: the numerator is alpha there.",
        "Take the formula with the sum over pairs of (y - y')^2.",
    ),
    uses=TOOLS,
)
def probe_bound(joint, y, k):
    _, lam = energy_and_spectrum(joint, y, k)
    y = np.asarray(y, dtype=float)
    alpha = joint[y[:, None] < y[None, :]].sum()
    return 4 * alpha / min(1.0, lam[k]) if lam[k] > 0 else math.inf


@exercise.wrong(
    "energy of y without the masses",
    belief="The numerator is y^T L y.",
    hints=(
        "What is your bound for constant labels?",
        "It must be 0. y^T L y divides labels by sqrt(p) first; the form must be taken at sqrt(p) y.",
        "dirichlet_energy(joint, np.sqrt(p) * y).",
    ),
    uses=TOOLS,
)
def probe_bound(joint, y, k):
    _, lam = energy_and_spectrum(joint, y, k)
    g = y / np.sqrt(joint.sum(axis=1))
    return np.sum(joint * (g[:, None] - g[None, :]) ** 2) / 2 / min(1.0, lam[k]) if lam[k] > 0 else math.inf


@exercise.wrong(
    "rounding taken for a gap",
    belief="A computed eigenvalue is 0 only when it is exactly 0.0.",
    hints=(
        "Print lambda_{k+1} for a graph of three separate parts and k = 2.",
        "It is something like 1e-16, or negative: rounding. Compare with 1e-10.",
        "if gap <= 1e-10: return math.inf",
    ),
    uses=TOOLS,
)
def probe_bound(joint, y, k):
    energy, _ = energy_and_spectrum(joint, y, k)
    root = np.sqrt(joint.sum(axis=1))
    gap = np.linalg.eigvalsh(np.eye(len(joint)) - joint / np.outer(root, root))[k]
    gap = abs(gap) + 1e-17
    return energy / min(1.0, gap)


@exercise.accepted("numerator as a quadratic form", uses=TOOLS)
def probe_bound(joint, y, k):
    energy_and_spectrum(joint, y, k)
    half = np.diag(joint.sum(axis=1) ** -0.5)
    lap = np.eye(len(joint)) - half @ joint @ half
    g = np.linalg.inv(half) @ y
    gap = sorted(np.linalg.eigvalsh(lap))[k]
    return float(g @ lap @ g / min(gap, 1)) if gap > 1e-10 else float("inf")


@exercise.accepted("variance minus covariance of a pair, adjacency's eigenvalues", uses=TOOLS)
def probe_bound(joint, y, k):
    energy_and_spectrum(joint, y, k)
    y = np.asarray(y, dtype=float)
    root = np.sqrt(joint.sum(axis=1))
    adjacency = np.linalg.eigvalsh(joint / np.outer(root, root))[::-1]  # descending
    gap = 1 - max(adjacency[k], 0.0)
    return np.float64(math.inf) if gap < 1e-10 else (root**2 @ y**2 - y @ joint @ y) / gap


@exercise.accepted("loops and torch", uses=TOOLS)
def probe_bound(joint, y, k):
    energy_and_spectrum(joint, y, k)
    n = len(joint)
    energy = sum(float(joint[i, j]) * float(y[i] - y[j]) ** 2 for i in range(n) for j in range(i))
    p = torch.from_numpy(joint)
    root = p.sum(0).sqrt()
    lam = torch.linalg.eigvalsh(torch.eye(n, dtype=p.dtype) - p / torch.outer(root, root))
    return torch.tensor(math.inf) if lam[k] < 1e-10 else energy / lam[k].clamp(max=1.0)
