"""The seven methods. They differ in their loss, in what stands beside encoder and projector, and in nothing else."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import nn

from course.encoders import WIDTH, conv_encoder, predictor, projector
from experiments.practice.losses import vicreg_loss
from experiments.practice.settings import Choices

HIDDEN, BOTTLENECK = 128, 32  # width of the hidden layer of the projector, and of the predictor
EPSILON, ROUNDS = 0.05, 3  # of Sinkhorn's algorithm in SwAV


class Method(nn.Module):
    """An encoder and a projector; `build` adds what a method has beside them, `loss` compares two views.

    c: the choices; f: the functions of the notebooks, as attributes.
    """

    def __init__(self, c: Choices, f: SimpleNamespace, shape: tuple[int, ...]):
        super().__init__()
        self.c, self.f = c, f
        encoder = conv_encoder(shape, norm=c.norm)
        head = projector(WIDTH, HIDDEN, c.dim, norm=c.norm, output_norm=c.output_norm) if c.head else nn.Identity()
        self.online = nn.Sequential(encoder, head)
        self.build()

    def build(self) -> None:
        """What the method has beside encoder and projector."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.online(images)

    def loss(self, view1: torch.Tensor, view2: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def step_loss(self, view1: torch.Tensor, view2: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """What the training loop goes down: the labels are for the supervised baseline alone."""
        return self.loss(view1, view2)

    @torch.no_grad()
    def embed(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """h (n, 64) and z (n, d) of images as they are, on the CPU, with the running means of batch normalisation."""
        self.eval()
        h = self.online[0](images.to(next(self.parameters()).device))
        z = self.online[1](h)
        self.train()
        return h.cpu(), z.cpu()


class SimCLR(Method):
    def loss(self, view1, view2):
        return self.f.nt_xent(self(view1), self(view2), self.c.temperature)


class MoCo(Method):
    def build(self):
        self.target = copy.deepcopy(self.online).requires_grad_(False)
        self.queue = self.f.NegativeQueue(self.c.queue, self.c.dim)
        self.queue.push(F.normalize(torch.randn(self.c.queue, self.c.dim), dim=1))  # until there are keys

    def loss(self, view1, view2):
        self.f.momentum_update(self.target, self.online, self.c.momentum)
        query = F.normalize(self(view1), dim=1)
        with torch.no_grad():
            key = F.normalize(self.target(view2), dim=1)
        value = self.f.moco_loss(query, key, self.queue.rows().to(key), self.c.temperature)
        self.queue.push(key)
        return value


class SwAV(Method):
    def build(self):
        self.prototypes = nn.Linear(self.c.dim, self.c.prototypes, bias=False)

    def loss(self, view1, view2):
        directions = F.normalize(self.prototypes.weight, dim=1)
        scores1, scores2 = (F.normalize(self(view), dim=1) @ directions.T for view in (view1, view2))
        return self.compared(scores1, scores2)

    def compared(self, scores1, scores2):
        return self.f.swav_loss(scores1, scores2, self.c.temperature, EPSILON, ROUNDS)


class BYOL(Method):
    def build(self):
        self.target = copy.deepcopy(self.online).requires_grad_(False)
        self.predict = predictor(self.c.dim, BOTTLENECK, norm=self.c.norm) if self.c.predictor else nn.Identity()

    def loss(self, view1, view2):
        self.f.momentum_update(self.target, self.online, self.c.momentum)
        p1, p2 = self.predict(self(view1)), self.predict(self(view2))
        with torch.no_grad():
            t1, t2 = self.target(view1), self.target(view2)
        return self.f.byol_loss(p1, p2, t1, t2)


class SimSiam(Method):
    def build(self):
        self.predict = predictor(self.c.dim, BOTTLENECK, norm=self.c.norm) if self.c.predictor else nn.Identity()

    def loss(self, view1, view2):
        z1, z2 = self(view1), self(view2)
        return self.f.simsiam_loss(self.predict(z1), self.predict(z2), z1, z2)


class BarlowTwins(Method):
    def loss(self, view1, view2):
        return self.f.barlow_loss(self(view1), self(view2), self.c.weight)


class VICReg(Method):
    def loss(self, view1, view2):
        return vicreg_loss(self(view1), self(view2))
