"""Judge the answer of unit 08's `convergence_experiment`: everything is computed again from the networks it returns.

The functions here are properties in the sense of `course.check.properties`: (f, rng) -> None, or what is wrong. Sizes are
part of what the exercise asks for; they are looked at before any arithmetic, so that the work here does not grow with
the answer.
"""

from __future__ import annotations

import functools

import numpy as np
import torch

from course import data
from course.check import _exact as exact

TOLERANCE = 1e-4  # of the curves, relative to max(1, |value|): what float32 outputs of a trained network allow
LEARNT = (
    1 / 3
)  # share of the way to the floor, from the start or from equal outputs, that the contrastive loss must cover
RECORDS = range(3, 7)  # T
WIDEST, DEEPEST, LARGEST_DIM = 128, 3, 32  # m, L and d of a network
CURVES = ("unsupervised", "supervised", "smallest_norm", "largest_norm")


@functools.cache
def all_digits() -> tuple[torch.Tensor, torch.Tensor]:
    return data.load_digits()


def digits(rng: np.random.Generator, n: int, classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    """n digits of `classes` random kinds in random order, with arbitrary labels, cut to a random height and width."""
    images, labels = all_digits()
    kinds = rng.permutation(10)[:classes]
    names = rng.permutation(40)[:classes] - 7
    shares = rng.dirichlet(np.full(classes, 20))
    owner = np.concatenate([np.arange(classes), rng.choice(classes, size=n - classes, p=shares)])
    chosen = [rng.choice(np.flatnonzero(labels.numpy() == kinds[c])) for c in owner]
    height, width = rng.permutation([int(rng.integers(6, 8)), 8])
    order = rng.permutation(n)
    return images[torch.tensor(chosen)[order], :, :height, :width], torch.from_numpy(names[owner[order]])


def curves_and_learning(f, rng):
    """The four curves are those of the returned networks, and the contrastive loss covers a third of its way down."""
    n_negatives, classes = int(rng.integers(5, 31)), int(rng.integers(3, 6))
    images, labels = digits(rng, int(rng.integers(41, 71)), classes)
    answer = f(images, labels, n_negatives, 2, int(rng.integers(1000)), "cpu")
    z = embeddings(answer, 2, images)
    problem = z if isinstance(z, str) else differing(answer, z, labels, n_negatives)
    if problem:
        return f"{classes} classes, N = {n_negatives}: {problem}"
    shares = np.unique(labels.numpy(), return_counts=True)[1] / len(labels)
    floor, losses = exact.floor(shares, n_negatives), array(answer["unsupervised"], z.shape[:2])
    first, last, equal = losses[:, 0].mean(), losses[:, -1].mean(), np.log1p(n_negatives)
    if not last <= floor + (1 - LEARNT) * (min(first, equal) - floor):
        said = f"N = {n_negatives}: from {first:.3f} to {last:.3f}, where the floor is {floor:.3f}"
        return f"{said} and equal outputs have {equal:.3f}: not enough has been learnt"
    return None


def runs_and_seeds(f, rng):
    """Runs differ; a seed repeats its numbers, another one gives others; the curves with one negative."""
    images, labels = digits(rng, 24, 3)
    seed, found = int(rng.integers(1000)), []
    for s in (seed, seed, seed + 1):
        answer = f(images, labels, 1, 2, s, "cpu")
        z = embeddings(answer, 2, images)
        if isinstance(z, str):
            return z
        found.append(z)
    first, again, other = found
    if np.allclose(first[0, 0], first[1, 0], atol=1e-6) or np.allclose(first[0, -1], first[1, -1], atol=1e-6):
        return "two runs have the same embeddings"
    if not np.array_equal(first, again):
        return "the same seed gave other networks"
    if first.shape == other.shape and np.allclose(first, other, atol=1e-6):
        return "another seed gave the same networks"
    return differing(answer, other, labels, 1)


def embeddings(answer, runs: int, images: torch.Tensor) -> np.ndarray | str:
    """Outputs (runs, T, n, d) of the returned networks on the images, or what is wrong with the form of the answer."""
    wanted = {"steps", "params", *CURVES}
    if not isinstance(answer, dict) or set(answer) != wanted:
        return f"the answer must be a dict with the keys {', '.join(sorted(wanted))}"
    records = len(answer["steps"]) if np.ndim(answer["steps"]) == 1 else 0
    steps = array(answer["steps"], (records,)) if records in RECORDS else None
    if steps is None or steps[0] != 0 or not (np.diff(steps) > 0).all():
        return "'steps' must be 3 to 6 increasing integers from 0"
    for name in CURVES:
        if array(answer[name], (runs, records)) is None:
            return f"{name!r} must hold finite numbers of shape (runs, T) = {(runs, records)}"
    params, x = answer["params"], images.flatten(1).double().numpy()
    if not _lengths(params, runs) or not all(_lengths(run, records) for run in params):
        return f"'params' must be a list of {runs} runs, each a list of T = {records} networks"
    networks = [[network(params[run][time], x.shape[1]) for time in range(records)] for run in range(runs)]
    problem = next((net for run in networks for net in run if isinstance(net, str)), None)
    if problem:
        return problem
    if len({net[-1].shape[0] for run in networks for net in run}) > 1:
        return "all networks must have one output dimension d"
    return np.array([[outputs(net, x) for net in run] for run in networks])


def network(params, pixels: int) -> list[np.ndarray] | str:
    """[A, W_1, ..., W_L, B] in float64, or what is wrong."""
    if not isinstance(params, dict) or set(params) != {"A", "W", "B"} or np.ndim(params["A"]) != 2:
        return "a network must be a dict with A (m, d_x), W a list of (m, m), and B (d, m)"
    hidden, m, d = list(params["W"]), len(params["A"]), len(np.atleast_1d(params["B"]))
    if not 1 <= m <= WIDEST or len(hidden) > DEEPEST or not 1 <= d <= LARGEST_DIM:
        return f"a network may have m <= {WIDEST}, L <= {DEEPEST}, d <= {LARGEST_DIM}; found {m}, {len(hidden)}, {d}"
    shapes = [(m, pixels), *[(m, m)] * len(hidden), (d, m)]
    found = [array(*pair) for pair in zip([params["A"], *hidden, params["B"]], shapes, strict=True)]
    if any(matrix is None for matrix in found):
        return f"the matrices of a network must be finite and have the shapes {shapes}"
    return found


def outputs(matrices: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    """Section 4's network, rows of x (n, pixels) -> (n, d); each row by itself."""
    for matrix in matrices[:-1]:
        x = np.maximum(x @ matrix.T, 0)
    return x @ matrices[-1].T


def array(value, shape: tuple[int, ...]) -> np.ndarray | None:
    """The value as a float64 array of exactly that shape, all finite; None otherwise, without looking further."""
    if isinstance(value, list):
        if not shape or len(value) != shape[0]:
            return None
        parts = [array(part, shape[1:]) for part in value]
        return None if any(part is None for part in parts) else np.array(parts)
    value = np.asarray(value)
    fits = value.shape == shape and value.dtype.kind in "fiu" and bool(np.isfinite(value).all())
    return value.astype(float) if fits else None


def _lengths(value, length: int) -> bool:
    return isinstance(value, list) and len(value) == length


def differing(answer, z: np.ndarray, labels: torch.Tensor, n_negatives: int) -> str | None:
    """The first curve that does not belong to the networks' outputs z (runs, T, n, d)."""
    order = np.argsort(labels.numpy(), kind="stable")
    counts = np.unique(labels.numpy(), return_counts=True)[1]
    given = {name: array(answer[name], z.shape[:2]) for name in CURVES}
    for run, time in np.ndindex(*z.shape[:2]):
        rows = torch.from_numpy(z[run, time][order])
        values = (exact.unsupervised_losses(rows, counts, (n_negatives,))[0], exact.supervised_loss(rows, counts),
                  *exact.norms(rows))  # fmt: skip
        for name, value in zip(CURVES, values, strict=True):
            if not abs(given[name][run, time] - value) <= TOLERANCE * max(1.0, abs(value)):
                said = f"{name!r} of run {run} at time {time} is {given[name][run, time]:.7g}"
                return f"{said}, but its network gives {value:.7g}{likeness(name, given[name], z, labels, n_negatives)}"
    return None


def likeness(name: str, curve: np.ndarray, z: np.ndarray, labels: torch.Tensor, n_negatives: int) -> str:
    """What else a wrong curve (runs, T) is, if one known slip, and only one, explains all its values; else an empty string."""
    owner = np.unique(labels.numpy(), return_inverse=True)[1]
    same, every = (owner[:, None] == owner).astype(float), np.ones((len(owner), len(owner)))
    right = {"positives": same, "negatives": every, "n": n_negatives}
    values = {
        "unsupervised": {
            "the loss over pairs of different images: the share of x+ = x is missing": {"positives": same - np.eye(len(owner))},
            "the loss with negatives of other classes only: collisions are missing": {"negatives": every - same},
            "the loss with negatives other than the anchor's own image": {"negatives": every - np.eye(len(owner))},
            "the loss with one negative": {"n": 1},
            "the loss with N + 1 negatives": {"n": n_negatives + 1},
        },
        "supervised": {
            "the mean over the classes, not over the images": lambda rows: supervised(rows, owner, balanced=True),
            "what class means of length 1 give": lambda rows: supervised(rows, owner, unit=True),
        },
    }  # fmt: skip
    tried = {
        what: change if callable(change) else lambda rows, change=change: contrastive(rows, **{**right, **change})
        for what, change in values.get(name, {}).items()
    }
    measure = {
        "unsupervised": lambda rows: contrastive(rows, **right),
        "supervised": lambda rows: supervised(rows, owner),
        "smallest_norm": lambda rows: np.linalg.norm(rows, axis=1).min(),
        "largest_norm": lambda rows: np.linalg.norm(rows, axis=1).max(),
    }[name]
    tried["the value for outputs centred over the batch"] = lambda rows: measure(rows - rows.mean(axis=0))
    tried["the value for outputs of norm 1"] = lambda rows: measure(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    found = [what for what, value in tried.items() if agrees(value, curve, z)]
    if len(found) == 1:
        return f"; yours is {found[0]}"
    off = [curve[at] / measure(z[at]) - 1 for at in np.ndindex(*curve.shape)]
    if name == "unsupervised" and not found and min(off) < 0 < max(off) and max(map(abs, off)) <= 0.1:
        return "; yours is near it, now above and now below: an estimate from a mini-batch, or too long a step of the rule?"
    return ""


def agrees(value, curve: np.ndarray, z: np.ndarray) -> bool:
    with np.errstate(all="ignore"):
        return all(
            abs(curve[at] - value(z[at])) <= TOLERANCE * max(1.0, abs(curve[at])) for at in np.ndindex(*curve.shape)
        )


def contrastive(rows: np.ndarray, positives: np.ndarray, negatives: np.ndarray, n: int) -> float:
    """Mean over the anchors of E ln(1 + sum of n draws of e^{f(x).(f(y) - f(x+))}), by the weights in the anchor's row."""
    inner, total = rows @ rows.T, 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for s, positive, negative in zip(inner, positives, negatives, strict=True):
            v = np.arange(-s.max() - np.log(n) - 25, 4 - s.min(), 0.4)
            unseen = np.exp(-np.exp(np.minimum(v[:, None] + s, 50)))
            total += 0.4 * (unseen @ positive / positive.sum()) @ (1 - (unseen @ negative / negative.sum()) ** n)
    return total / len(rows)


def supervised(rows: np.ndarray, owner: np.ndarray, *, balanced: bool = False, unit: bool = False) -> float:
    means = np.array([rows[owner == c].mean(axis=0) for c in range(owner.max() + 1)])
    scores = rows @ (means / np.linalg.norm(means, axis=1, keepdims=True) if unit else means).T
    losses = np.logaddexp.reduce(scores, axis=1) - scores[np.arange(len(rows)), owner]
    return float(np.mean([losses[owner == c].mean() for c in range(owner.max() + 1)]) if balanced else losses.mean())
