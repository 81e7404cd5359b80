"""A labelled data set as a law: a class c with probability n_c / n, then an image of that class, uniformly."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import torch

from experiments.running import ExperimentError


@dataclass(frozen=True)
class Law:
    """Images sorted by class. rho_c = counts[c] / n; D_c is uniform on images[starts[c] : starts[c] + counts[c]]."""

    images: torch.Tensor
    counts: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        return np.concatenate([[0], np.cumsum(self.counts)[:-1]])

    @property
    def rho(self) -> np.ndarray:
        return self.counts / self.counts.sum()

    def __len__(self) -> int:
        return len(self.images)

    def to(self, device: str) -> Law:
        return Law(self.images.to(device), self.counts)

    def digest(self) -> str:
        """A short checksum of the images in their order, and of the classes."""
        state = hashlib.sha256(self.counts.astype("<i8").tobytes())
        state.update(np.ascontiguousarray(self.images.cpu().numpy()).data)
        return state.hexdigest()[:16]


def make_law(images: torch.Tensor, labels: torch.Tensor) -> Law:
    """The law of a labelled data set; labels are any integers. Raises ExperimentError for what is no data set."""
    if images.ndim != 4 or len(images) != len(labels):
        raise ExperimentError(f"need images (n, channels, height, width) and n labels, got {tuple(images.shape)} and "
                              f"{tuple(labels.shape)}")  # fmt: skip
    if not bool(torch.isfinite(images).all()):
        raise ExperimentError("the images hold NaN or infinity")
    order = torch.argsort(labels, stable=True)
    _, counts = torch.unique(labels, return_counts=True)
    if len(counts) < 2:
        raise ExperimentError(f"need at least two classes, got {len(counts)}")
    return Law(images[order].float().contiguous(), counts.numpy())


def evaluation_law(law: Law, size: int) -> Law:
    """The first images of each class, `size` in all, with class shares as near to those of `law` as whole images allow.

    size 0, or at least n, is the whole law. Deterministic: every run and every step is evaluated on the same images.
    """
    if size == 0 or size >= len(law):
        return law
    if size < len(law.counts):
        raise ExperimentError(f"evaluate must be at least the number of classes {len(law.counts)}, got {size}")
    share = law.rho * size
    counts = np.maximum(1, np.floor(share).astype(int))
    while counts.sum() != size:  # largest remainder first; a class never loses its last image
        gap = share - counts
        if counts.sum() < size:
            counts[gap.argmax()] += 1
        else:
            counts[np.where(counts > 1, gap, np.inf).argmin()] -= 1
    chosen = np.concatenate([start + np.arange(count) for start, count in zip(law.starts, counts, strict=True)])
    return Law(law.images[torch.from_numpy(chosen).to(law.images.device)], counts)


def draw_batch(law: Law, batch: int, seed: int, run: int, step: int) -> np.ndarray:
    """Indices (3 * batch,) of anchors, positives and negatives: a function of (seed, run, step) and nothing else.

    The anchor is uniform over the images, its positive uniform over the anchor's class (the anchor itself included),
    the negatives are uniform over the images and independent. That is D_sim and D_neg of the paper on the empirical
    law, and needs no generator state in a checkpoint.
    """
    rng = np.random.default_rng((seed, run, step))
    anchors = rng.integers(len(law), size=batch)
    owner = np.searchsorted(law.starts, anchors, side="right") - 1
    positives = law.starts[owner] + np.floor(rng.random(batch) * law.counts[owner]).astype(np.int64)
    return np.concatenate([anchors, positives, rng.integers(len(law), size=batch)])
