"""Judge the answer of unit 08's `convergence_experiment`: every curve is computed again from the embeddings it returns.

The functions here are properties in the sense of `course.check.properties`: (f, rng) -> None, or what is wrong.
"""

from __future__ import annotations

import functools

import numpy as np
import torch

from course import data
from course.experiments import exact
from course.experiments.bounds import make_factors

TOLERANCE = 1e-5  # of the curves (the exercise asks for it) and of equal embeddings, relative to max(1, |value|)
LEARNT = 1 / 3  # share of the way to the floor that the contrastive loss must cover
CURVES = ("unsupervised", "supervised", "smallest_norm", "largest_norm")
LARGEST = 2_000_000  # entries of the embeddings


@functools.cache
def all_digits() -> tuple[torch.Tensor, torch.Tensor]:
    return data.load_digits()


def digits(rng: np.random.Generator, n: int, classes: int, repeats: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """n digits of `classes` random kinds in random order, with arbitrary labels; the last `repeats` of them show the
    image of an earlier row under the label of another kind."""
    images, labels = all_digits()
    kinds = rng.permutation(10)[:classes]
    names = rng.permutation(40)[:classes] - 7
    owner = np.concatenate(
        [np.arange(classes), rng.choice(classes, size=n - classes, p=rng.dirichlet(np.full(classes, 20)))]
    )
    chosen = [rng.choice(np.flatnonzero(labels.numpy() == kinds[c])) for c in owner]
    for row in range(n - repeats, n):
        chosen[row] = chosen[int(rng.integers(n - repeats))]
    return images[torch.tensor(chosen)], torch.from_numpy(names[owner])


def curves_are_those_of_the_embeddings(f, rng):
    """The form, the four curves, and equal embeddings for equal images."""
    for classes, n_negatives in ((4, 1), (3, 12)):
        images, labels = digits(rng, 50, classes, repeats=4)
        answer = f(images, labels, n_negatives, 2, int(rng.integers(1000)), "cpu")
        problem = form(answer, 2, len(images)) or differing(answer, images, labels, n_negatives)
        if problem:
            return f"{classes} classes, N = {n_negatives}: {problem}"
    return None


def runs_and_seeds(f, rng):
    """Runs differ; a seed repeats its numbers, another one gives others."""
    images, labels = digits(rng, 30, 3)
    seed = int(rng.integers(1000))
    first, again, other = (f(images, labels, 2, 2, s, "cpu") for s in (seed, seed, seed + 1))
    for answer in (first, again, other):
        problem = form(answer, 2, len(images))
        if problem:
            return problem
    one, two = first["embeddings"]
    if np.allclose(one[0], two[0], atol=1e-6) or np.allclose(one[-1], two[-1], atol=1e-6):
        return "two runs have the same embeddings"
    if not np.array_equal(first["embeddings"], again["embeddings"]):
        return "the same seed gave other embeddings"
    if np.allclose(first["embeddings"], other["embeddings"], atol=1e-6):
        return "another seed gave the same embeddings"
    return None


def has_learnt(f, rng):
    """The contrastive loss, computed from the first and the last embeddings, covers a third of its way to the floor."""
    n_negatives = int(rng.integers(5, 31))
    images, labels = digits(rng, 80, 4)
    answer = f(images, labels, n_negatives, 3, int(rng.integers(1000)), "cpu")
    problem = form(answer, 3, len(images))
    if problem:
        return problem
    order, counts = np.argsort(labels.numpy(), kind="stable"), np.unique(labels.numpy(), return_counts=True)[1]
    ends = answer["embeddings"][:, [0, -1]][:, :, order]  # (runs, 2, n, d), sorted by class
    losses = [[exact.unsupervised_losses(torch.from_numpy(z), counts, (n_negatives,)) for z in run] for run in ends]
    first, last = np.mean(losses, axis=(0, 2))
    floor = make_factors(counts / len(labels), n_negatives).floor
    if not last <= first - LEARNT * (first - floor):
        return f"N = {n_negatives}: from {first:.3f} to {last:.3f}, where the floor is {floor:.3f}"
    return None


def form(answer, runs: int, n: int) -> str | None:
    """What is wrong with the shapes, or None. Afterwards all arrays can be used."""
    wanted = {"steps", "embeddings", *CURVES}
    if not isinstance(answer, dict) or set(answer) != wanted:
        return f"the answer must be a dict with the keys {', '.join(sorted(wanted))}"
    for name in wanted:
        try:
            answer[name] = np.asarray(answer[name])
        except ValueError:
            return f"{name!r} is a list of parts of unequal shape"
    z, steps = answer["embeddings"], answer["steps"]
    if z.ndim != 4 or z.shape[0] != runs or z.shape[2] != n or z.shape[1] < 3 or not 0 < z.size <= LARGEST:
        return f"the embeddings have shape {z.shape}, needed (runs, T, n, d) = ({runs}, T >= 3, {n}, d)"
    if steps.shape != z.shape[1:2] or steps[0] != 0 or not (np.diff(steps) > 0).all():
        return f"steps must be {z.shape[1]} increasing integers from 0, got {steps}"
    for name in CURVES:
        if answer[name].shape != z.shape[:2]:
            return f"{name!r} has shape {answer[name].shape}, needed (runs, T) = {z.shape[:2]}"
    for name in wanted:
        if answer[name].dtype.kind not in "fiu" or not np.isfinite(answer[name]).all():
            return f"{name!r} must hold finite numbers"
    return None


def differing(answer, images, labels, n_negatives: int) -> str | None:
    """The first curve that does not belong to the embeddings, or equal images with unequal embeddings."""
    z = answer["embeddings"].astype(float)
    order = np.argsort(labels.numpy(), kind="stable")
    counts = np.unique(labels.numpy(), return_counts=True)[1]
    first = {}
    for row, image in enumerate(images.numpy()):
        twin = first.setdefault(image.tobytes(), row)
        if not np.allclose(z[:, :, row], z[:, :, twin], rtol=TOLERANCE, atol=TOLERANCE):
            return f"rows {twin} and {row} are the same image and have different embeddings"
    for run, records in enumerate(z):
        for time, rows in enumerate(records):
            sorted_rows = torch.from_numpy(rows[order])
            values = (exact.unsupervised_losses(sorted_rows, counts, (n_negatives,))[0],
                      exact.supervised_loss(sorted_rows, counts), *exact.norms(sorted_rows))  # fmt: skip
            for name, value in zip(CURVES, values, strict=True):
                if not abs(answer[name][run, time] - value) <= TOLERANCE * max(1.0, abs(value)):
                    return (f"{name!r} of run {run} at time {time} is {answer[name][run, time]:.7g}, but its embeddings "
                            f"give {value:.7g}")  # fmt: skip
    return None
