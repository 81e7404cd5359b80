"""What an embedding is worth, in numbers: probes, neighbours, alignment, uniformity, effective rank, what the place left."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import torch
import torch.nn.functional as F

from course.training import probe_accuracy
from course.views import warp
from experiments.practice.methods import Method
from experiments.practice.settings import INVERSE_PENALTY, NEIGHBOURS, Choices, Data

FEW = 5  # labels a class in the second probe
QUANTITIES = (
    "linear h", "linear z", "few h", "few z", "neighbours", "alignment", "uniformity", "rank", "place h", "place z",
    "seconds",
)  # fmt: skip


def measured(model: Method, c: Choices, data: Data, f: SimpleNamespace, seed: int) -> dict[str, float]:
    """QUANTITIES of a trained method, but "seconds". Probes see the images as they are; embeddings have rows of length 1."""
    (h, z), (test_h, test_z) = (unit(model.embed(images)) for images in (data.probe, data.test))
    found = {"neighbours": float(f.knn_accuracy(h, data.train_y, test_h, data.test_y, NEIGHBOURS))}
    for name, rows, test_rows in (("h", h, test_h), ("z", z, test_z)):
        found |= probes(name, rows, test_rows, data)
        if data.probe_place is not None:
            found[f"place {name}"] = explained(rows, data.probe_place, test_rows, data.test_place)
    generator = torch.Generator().manual_seed(seed)
    z1, z2 = (unit(model.embed(warp(data.held, generator, c.strength, moved=c.moved)))[1] for _ in range(2))
    return found | {
        "alignment": float((z1 - z2).square().sum(dim=1).mean()),
        "uniformity": uniformity(torch.cat([z1, z2])),
        "rank": float(f.effective_rank(test_z)),
    }


def pixels(data: Data, f: SimpleNamespace) -> dict[str, float]:
    """What can be said of the images themselves as an embedding."""
    h, test_h = unit((data.probe.flatten(1), data.test.flatten(1)))
    found = {"neighbours": float(f.knn_accuracy(h, data.train_y, test_h, data.test_y, NEIGHBOURS))}
    return found | probes("h", h, test_h, data) | {"rank": float(f.effective_rank(test_h))}


def probes(name: str, rows: torch.Tensor, test_rows: torch.Tensor, data: Data, c: float = INVERSE_PENALTY) -> dict:
    """Test accuracy of a linear probe with all labels, and with FEW of each class (mean of ten choices of them)."""
    parts = (rows, data.train_y, test_rows, data.test_y)
    return {f"{kind} {name}": probe_accuracy(*parts, few, c) for kind, few in (("linear", None), ("few", FEW))}


def probe_choices(
    model: Method, data: Data, f: SimpleNamespace, penalties: Sequence[float], counts: Sequence[int]
) -> dict[str, float]:
    """The probes of h again, with each inverse penalty and each number of neighbours."""
    h, test_h = unit((model.embed(data.probe)[0], model.embed(data.test)[0]))
    found = {f"neighbours h, k {k}": float(f.knn_accuracy(h, data.train_y, test_h, data.test_y, k)) for k in counts}
    for c in penalties:
        found |= {f"{kind}, C {c:g}": value for kind, value in probes("h", h, test_h, data, c).items()}
    return found


def unit(parts: tuple[torch.Tensor, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of length 1; a row of zeros stays."""
    return F.normalize(parts[0], dim=1), F.normalize(parts[1], dim=1)


def uniformity(z: torch.Tensor) -> float:
    """ln of the mean of e^{-2 |a - b|^2} over pairs of different rows: 0 at collapse, -4 at best. (Wang and Isola 2020.)"""
    return float(torch.pdist(z.double()).square().mul(-2).exp().mean().log())


def explained(rows: torch.Tensor, place: torch.Tensor, test_rows: torch.Tensor, test_place: torch.Tensor) -> float:
    """R^2 on the test images of the place of a digit, predicted from an embedding by least squares; mean of the two axes."""
    ones, test_ones = rows.new_ones(len(rows), 1).double(), rows.new_ones(len(test_rows), 1).double()
    a, b = torch.cat([rows.double(), ones], dim=1), torch.cat([test_rows.double(), test_ones], dim=1)
    penalty = 1e-4 * torch.eye(a.shape[1], dtype=a.dtype)
    weights = torch.linalg.solve(a.T @ a + penalty, a.T @ place.double())
    left = (test_place - b @ weights).square().sum(dim=0)
    return float((1 - left / (test_place - test_place.double().mean(dim=0)).square().sum(dim=0)).mean())


def spectrum(z: torch.Tensor) -> torch.Tensor:
    """Eigenvalues (d,) of z^T z / n, from the largest, for rows of length 1: they sum to 1."""
    return torch.linalg.svdvals(z.double()).square() / len(z)
