"""Two towers trained on pairs of a picture and a caption, with the losses of a notebook of unit 10."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from experiments.clip.pictures import Pictures
from experiments.clip.settings import FASTER, LARGEST_SCALE, Choice, Variant
from experiments.clip.towers import Captions, ImageTower, TextTower, make_towers, moved, ready
from experiments.running import ExperimentError


@dataclass
class Model:
    images: ImageTower
    texts: TextTower
    log_scale: torch.Tensor
    bias: torch.Tensor

    @torch.no_grad()
    def see(self, images: np.ndarray) -> torch.Tensor:
        """Unit rows (n, DIM) on the CPU of pictures (n, 32, 32, 3) uint8."""
        device = str(self.log_scale.device)
        parts = [self.images(ready(images[i : i + 500], device)) for i in range(0, len(images), 500)]
        return F.normalize(torch.cat(parts), dim=1).cpu()

    @torch.no_grad()
    def read(self, bags: list[list[int]]) -> torch.Tensor:
        """Unit rows (n, DIM) on the CPU of texts, given as the buckets of their n-grams."""
        return F.normalize(self.texts(bags), dim=1).cpu()


def value_of(
    functions: Mapping[str, Callable], loss: str, model: Model, z: torch.Tensor, text_z: torch.Tensor
) -> torch.Tensor:
    if loss == "siglip":
        return functions["siglip_loss"](z, text_z, model.log_scale, model.bias)
    if loss == "symmetric":
        return functions["clip_loss"](z, text_z, model.log_scale)
    # from images to texts alone: Quick Thoughts on rows of length 1
    return functions["quick_thoughts_loss"](model.log_scale.exp() * F.normalize(z, dim=1), F.normalize(text_z, dim=1))


def train(
    variant: Variant,
    functions: Mapping[str, Callable],
    data: Pictures,
    concepts: list[int],
    choice: Choice,
    *,
    seed: int,
    steps: int,
    device: str = "cpu",
    look: Callable[[int, Model], None] = lambda step, model: None,
) -> tuple[Model, list[float]]:
    """The towers, and the loss of every step. A batch holds different concepts, of each one drawing and one caption.
    Raises ExperimentError where the loss is no longer finite."""
    towers = make_towers(seed, device)
    start = {"log_scale": math.log(variant.scale), "bias": variant.bias}
    model = Model(*towers, **{name: torch.tensor(value, device=device) for name, value in start.items()})
    groups = [{"params": [p for tower in towers for p in tower.parameters()], "lr": choice.lr}]
    moving = [model.log_scale] * variant.learned + [model.bias] * (variant.loss == "siglip")
    groups += [{"params": [p.requires_grad_() for p in moving], "lr": FASTER * choice.lr}] * bool(moving)
    optimizer = torch.optim.Adam(groups)
    captions = Captions(data.concepts, variant.withheld)
    concepts = [c for c in concepts if captions.names[c] or captions.tags[c]]
    styles = variant.styles or tuple(dict.fromkeys(data.styles.tolist()))
    shown = {style: dict(zip(data.of_concept[at := data.drawn(style, concepts)].tolist(), at.tolist(), strict=True))
             for style in styles}  # fmt: skip
    drawings = {c: [shown[style][c] for style in styles if c in shown[style]] for c in concepts}
    concepts = np.array([c for c in concepts if drawings[c]])
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    losses = []
    for step in range(1, steps * variant.more + 1):
        batch = rng.permutation(concepts)[: variant.batch].tolist()
        images = ready(data.images[[drawings[c][rng.integers(len(drawings[c]))] for c in batch]], device)
        images = moved(images, generator) if choice.shifted else images
        z = model.images(images.contiguous(memory_format=torch.channels_last))
        text_z = model.texts(captions.drawn(batch, choice.mixed, rng))
        loss = value_of(functions, variant.loss, model, z, text_z)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            model.log_scale.clamp_(max=math.log(LARGEST_SCALE))
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            raise ExperimentError(f"{variant} diverged: its loss is {losses[-1]} at step {step}")
        look(step, model)
    return model, losses
