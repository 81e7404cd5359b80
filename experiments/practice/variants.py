"""What the seven methods are compared with: baselines, and methods with a part taken away."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from course.encoders import WIDTH
from experiments.practice import losses, methods
from experiments.practice.methods import Method

CLASSES = 10


class Supervised(Method):
    """The same encoder and views, with the labels: a linear layer on h and cross-entropy. Its projector stays as it is."""

    def build(self):
        self.classify = nn.Linear(WIDTH, CLASSES)

    def step_loss(self, view1, view2, labels):
        return F.cross_entropy(self.classify(self.online[0](torch.cat([view1, view2]))), labels.repeat(2))


class Untrained(Method):
    """No loss, no step: in the loop only the running means of batch normalisation move."""

    def loss(self, view1, view2):
        return 0 * (self(view1) + self(view2)).sum()


class SimCLR(methods.SimCLR):
    """With fewer negatives than the batch has, where a number of them is given."""

    def loss(self, view1, view2):
        if not self.c.negatives:
            return super().loss(view1, view2)
        return losses.nt_xent_with(self(view1), self(view2), self.c.temperature, self.c.negatives)


class SwAV(methods.SwAV):
    """With codes that nothing balances: the softmax of the scores, or the nearest prototype."""

    def compared(self, scores1, scores2):
        if self.c.codes == "sinkhorn":
            return super().compared(scores1, scores2)
        return losses.swapped_prediction(
            *map(self.unbalanced, (scores1, scores2)), scores1, scores2, self.c.temperature
        )

    def unbalanced(self, scores):
        if self.c.codes == "softmax":
            return F.softmax(scores.detach() / methods.EPSILON, dim=1)
        return F.one_hot(scores.argmax(dim=1), scores.shape[1]).to(scores.dtype)


class SimSiam(methods.SimSiam):
    """With the gradient through both sides, where stop_gradient is off."""

    def loss(self, view1, view2):
        if self.c.stop_gradient:
            return super().loss(view1, view2)
        z1, z2 = self(view1), self(view2)
        return losses.similarity_without_stop(self.predict(z1), self.predict(z2), z1, z2)


METHODS: dict[str, type[Method]] = {
    "SimCLR": SimCLR,
    "MoCo": methods.MoCo,
    "SwAV": SwAV,
    "BYOL": methods.BYOL,
    "SimSiam": SimSiam,
    "Barlow Twins": methods.BarlowTwins,
    "VICReg": methods.VICReg,
    "supervised": Supervised,
    "random encoder": Untrained,
}
