"""What the audits of trainings share: the images, the snapshots of an encoder that came back, and where a first step went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from course import data
from course.training import make_encoder
from course.views import scattered

STATES = 3  # before the first step, after it, at the end
SAME_START = (
    1e-6  # `make_encoder` draws uniform numbers, which are the same on every processor; float32 keeps seven digits
)

State = Mapping[str, torch.Tensor]


def wanderers(rng: np.random.Generator, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """n digits at random places of a 10 x 11 canvas, and their labels."""
    images, labels = data.load_digits()
    chosen = torch.from_numpy(rng.permutation(len(images))[:n])
    return F.pad(scattered(images[chosen], 10, int(rng.integers(2**31))), (0, 1)), labels[chosen]


def outputs(state: State, images: torch.Tensor) -> torch.Tensor:
    """Outputs (n, d) of the given encoder with the parameters `state`, in their dtype."""
    dtype = next(iter(state.values())).dtype
    encoder = make_encoder(images.shape[1:], 0).to(dtype)
    return torch.func.functional_call(encoder, state, (images.to(dtype),))


def runs_of(answer: Any, names: Sequence[str], shape: Sequence[int]) -> dict[str, list[dict[str, torch.Tensor]]] | str:
    """The answer as name -> list of states (name -> tensor), float64, or what is wrong with its form."""
    if not isinstance(answer, dict) or set(answer) != set(names):
        return "the answer must be a dict with the keys " + ", ".join(f'"{name}"' for name in names)
    wanted = {key: tuple(value.shape) for key, value in make_encoder(shape, 0).named_parameters()}
    runs = {}
    for name in names:
        states = answer[name]
        if not isinstance(states, list) or len(states) != STATES:
            return f"{name} must be a list of three snapshots: before the first step, after it, at the end"
        for state in states:
            found = {k: np.shape(v) for k, v in state.items()} if isinstance(state, dict) and len(state) == 4 else None
            if found != wanted:
                return f"{name}: a snapshot must hold the parameters of make_encoder(images.shape[1:], seed): {wanted}"
            if not all(np.asarray(value).dtype.kind == "f" and np.isfinite(value).all() for value in state.values()):
                return f"{name}: a snapshot must hold finite floats"
        runs[name] = [{k: torch.from_numpy(np.asarray(v, float)) for k, v in state.items()} for state in states]
    return runs


def other_start(name: str, state: State, shape: Sequence[int], seed: int) -> str | None:
    """What is wrong with the first state of the run `name`, or None."""
    start = {key: value.detach().double() for key, value in make_encoder(shape, seed).named_parameters()}
    if max(float((state[key] - value).abs().max()) for key, value in start.items()) > SAME_START:
        return f"{name}: the first snapshot is not make_encoder(images.shape[1:], seed) before training"
    return None


def followed(step: torch.Tensor, gradient: torch.Tensor) -> float:
    """Share of the gradient's weight (sum of |g|) whose sign the step opposes."""
    weight = gradient.abs()
    return float(weight[step * gradient < 0].sum() / weight.sum())
