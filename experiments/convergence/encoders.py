"""The encoders, and how all runs of a figure go through one stack of parameters (torch.func).

VGG-16 (Simonyan & Zisserman 2015) has its 13 convolutions and 3 linear layers, cut to images of 32 x 32. It has group
normalisation after each convolution: without any normalisation it hardly trains from scratch, and with batch
normalisation f(x) would depend on the other images of the batch, so that the losses of section 3 would not be defined.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

CHUNK = 512  # images of one forward pass where no gradient is needed


def mlp(shape: tuple[int, ...], dim: int) -> nn.Module:
    """Pixels -> 64 -> 64 -> dim, ReLU in between."""
    pixels = int(np.prod(shape))
    return nn.Sequential(
        nn.Flatten(), nn.Linear(pixels, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, dim)
    )


def convnet(shape: tuple[int, ...], dim: int) -> nn.Module:
    """Two convolutions with stride 2 (16 channels of side 6, 32 of side 4), ReLU, then linear layers to 64 and dim.

    Strides in place of pooling: a training step on a CPU takes a tenth of the time.
    """
    channels, height, width = shape
    rows, columns = ((((side - 6) // 2 + 1) - 4) // 2 + 1 for side in (height, width))
    return nn.Sequential(
        nn.Conv2d(channels, 16, 6, stride=2), nn.ReLU(),
        nn.Conv2d(16, 32, 4, stride=2), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * rows * columns, 64), nn.ReLU(), nn.Linear(64, dim),
    )  # fmt: skip


def vgg16(shape: tuple[int, ...], dim: int) -> nn.Module:
    """VGG-16 with group normalisation: stages of 2, 2, 3, 3, 3 convolutions, each halving the image, then 3 layers."""
    layers, channels = [], shape[0]
    for width, repeats in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(repeats):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.GroupNorm(32, width), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    pixels = 512 * (shape[1] // 32) * (shape[2] // 32)
    head = [nn.Linear(pixels, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, dim)]
    return nn.Sequential(*layers, nn.Flatten(), *head)


ENCODERS = {"mlp": mlp, "convnet": convnet, "vgg16": vgg16}


class Stack:
    """Encoders of one architecture with stacked parameters: one forward pass for all of them.

    seeds: the initial parameters of model i are a function of seeds[i] alone, so models with equal seeds start equal.
    """

    def __init__(self, name: str, shape: tuple[int, ...], dim: int, seeds: list[tuple[int, ...]], device: str):
        models = [_seeded(name, shape, dim, seed) for seed in seeds]
        stacked, _ = stack_module_state(models)
        self.parameters = {key: value.detach().to(device).requires_grad_() for key, value in stacked.items()}
        self.size = sum(value[0].numel() for value in stacked.values())  # parameters of one model
        # On a CPU, convolutions with stacked weights (grouped ones) are slower than one model after the other; there the
        # models are shared out among as many threads as there are processors.
        alone = device == "cpu" and name != "mlp"
        parts = torch.arange(len(seeds)).tensor_split(min(len(seeds), os.cpu_count() or 1) if alone else 1)
        self._parts = [slice(int(part[0]), int(part[-1]) + 1) for part in parts]
        self._call = [_vectorised(copy.deepcopy(models[0]).to("meta"), 1 if alone else None) for _ in parts]

    def backward(self, images: torch.Tensor, losses: Callable[[torch.Tensor, slice], torch.Tensor]) -> torch.Tensor:
        """Losses (models,), and their gradients in the `grad` of the parameters.

        losses: (z (k, n, dim), which k of the models) -> (k,). Each depends on its own model only: the sum separates.
        """

        def one_part(call, part, own):
            leaves = {key: value.detach().requires_grad_() for key, value in own.items()}
            found = losses(call(leaves, images[part]), part)
            return found.detach(), torch.autograd.grad(found.sum(), list(leaves.values()))

        found, slopes = zip(*self._each_part(one_part, self.parameters), strict=True)
        for value, slope in zip(self.parameters.values(), zip(*slopes, strict=True), strict=True):
            value.grad = torch.cat(slope)
        return torch.cat(found)

    def embed(self, images: torch.Tensor) -> torch.Tensor:
        """(n, channels, height, width), the same images for all models -> (models, n, dim), without a graph."""

        def one_part(call, part, own):
            count = part.stop - part.start
            with torch.no_grad():  # it holds for the thread that says it
                pieces = [call(own, piece.expand(count, *piece.shape)) for piece in images.split(CHUNK)]
                return torch.cat(pieces, dim=1)

        return torch.cat(self._each_part(one_part, self.parameters))

    def _each_part(self, work: Callable, parameters: dict[str, torch.Tensor]) -> list:
        """work(call, which models, their parameters) for each part, each in a thread of its own."""
        tasks = [
            (call, part, {key: value[part] for key, value in parameters.items()})
            for call, part in zip(self._call, self._parts, strict=True)
        ]
        if len(tasks) == 1:
            return [work(*tasks[0])]
        with ThreadPoolExecutor(len(tasks)) as pool:
            return list(pool.map(lambda task: work(*task), tasks))

    def load(self, parameters: dict[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for key, value in self.parameters.items():
                value.copy_(parameters[key])


def _vectorised(skeleton: nn.Module, chunk: int | None) -> Callable:
    """(stacked parameters, stacked images) -> stacked outputs; a skeleton serves one thread at a time."""
    one = lambda parameters, images: functional_call(skeleton, parameters, (images,))  # noqa: E731
    return vmap(one, chunk_size=chunk)


def _seeded(name: str, shape: tuple[int, ...], dim: int, seed: tuple[int, ...]) -> nn.Module:
    """A fresh encoder whose parameters depend on `seed` only; torch's global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] >> 1))
        return ENCODERS[name](tuple(shape), dim)


def contrastive_losses(z: torch.Tensor, negatives: torch.Tensor) -> torch.Tensor:
    """Mini-batch estimate of L_un^N, one for each model, in nats: (models,).

    z (models, 3 B, dim): embeddings of B anchors, their B positives and a pool of B independent negatives. Anchor i
    takes the pool members i, i + 1, ..., i + N - 1 (modulo B): N <= B independent draws. negatives (models,): each N.
    """
    anchors, positives, pool = z.chunk(3, dim=1)
    batch = anchors.shape[1]
    scores = anchors @ pool.transpose(1, 2)  # (models, B, B)
    index = torch.arange(batch, device=z.device)
    used = (index[None, :] - index[:, None]) % batch < negatives[:, None, None]
    positive = (anchors * positives).sum(dim=2)
    logits = torch.cat([positive[:, :, None], scores.masked_fill(~used, -torch.inf)], dim=2)
    return (logits.logsumexp(dim=2) - positive).mean(dim=1)
