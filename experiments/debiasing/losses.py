"""The losses that are compared: out of a notebook of unit 05, the solved one or a learner's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
import torch.nn.functional as F

from course.training import TEMPERATURE, Loss
from experiments import notebook as notebooks


def contestants(functions: Mapping[str, Callable], n_classes: int) -> dict[str, tuple[Loss, float]]:
    """The losses to compare, name -> (loss, tau_plus), out of a learner's losses and mass."""
    debiased, unbiased = functions["debiased_loss"], functions["unbiased_loss"]
    mass = functions["debiased_negative_mass"]

    def with_prior(tau_plus: float) -> Loss:
        return lambda view1, view2, labels: debiased(view1, view2, tau_plus, TEMPERATURE)

    half, full = 0.5 / n_classes, 1 / n_classes
    return {
        "biased": (with_prior(0.0), 0.0),
        "debiased, half prior": (with_prior(half), half),
        "debiased": (with_prior(full), full),
        "debiased, v from the class": (from_the_class(mass, full), full),
        "unbiased": (lambda view1, view2, labels: unbiased(view1, view2, labels, TEMPERATURE), 0.0),
    }


def from_the_class(mass: Callable, tau_plus: float, detached: bool = False) -> Loss:
    """The debiased loss whose one extra positive v is a view of *another* image of the anchor's class, found by the labels,
    in place of the positive itself. An anchor that is alone in its batch keeps its positive.

    detached: True cuts the gradient of the anchor's similarity to v.
    """

    def loss(view1: torch.Tensor, view2: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        z, b = F.normalize(torch.cat([view1, view2]), dim=1), len(labels)
        rows = torch.arange(len(z), device=z.device)
        drawn = (z @ z.T)[rows, rows.roll(b) // b * b + next_of_class(labels).repeat(2)]
        return with_extra(mass, z, drawn.detach() if detached else drawn, tau_plus)

    return loss


def with_extra(mass: Callable, z: torch.Tensor, drawn: torch.Tensor, tau_plus: float) -> torch.Tensor:
    """The debiased loss of two stacked views z (2B, d), rows of length 1, and each anchor's cosine `drawn` (2B,) with its
    extra positive v."""
    cosines, n, b = z @ z.T, len(z), len(z) // 2
    rows = torch.arange(n, device=z.device)
    other = (rows[:, None] - rows) % b != 0
    masses = mass(drawn, cosines[other].view(n, n - 2), tau_plus, TEMPERATURE)
    return torch.log1p(masses / torch.exp(cosines[rows, rows.roll(b)] / TEMPERATURE)).mean()


def next_of_class(labels: torch.Tensor) -> torch.Tensor:
    """For each image of a batch the next one of its class, the first after the last: in a random order, a random one."""
    same = labels[:, None] == labels
    rows = torch.arange(len(labels), device=labels.device)
    steps = (rows - rows[:, None] - 1) % len(labels)  # 0 for the image that follows, the largest for the image itself
    return steps.masked_fill(~same, len(labels)).argmin(dim=1)


def functions_from(notebook: Path) -> dict[str, Callable]:
    """What a notebook of unit 05 defines. Raises ExperimentError where a loss, the mass or `floor_fraction` is missing or not
    written yet."""
    view, labels = torch.eye(3), torch.tensor([0, 0, 1])
    tried = {
        "debiased_loss": (view, view),
        "unbiased_loss": (view, view, labels),
        "debiased_negative_mass": (view[0], view, 0.1, 0.5),
        "floor_fraction": (view[0], view, 0.1, 0.5),
    }
    return notebooks.functions_from(notebook, tried)
