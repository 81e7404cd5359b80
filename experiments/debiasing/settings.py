"""What is compared: data, numbers of classes, batch sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from course import data
from course.views import wandering_digits
from experiments.running import ExperimentError

RUNS, STEPS = 5, 200
QUICK_RUNS, QUICK_STEPS = 2, 30
FASHION_IMAGES = 3000


@dataclass(frozen=True)
class Setting:
    """One column of the comparison: which data, how many classes, images per batch."""

    source: str  # a key of DATASETS
    n_classes: int
    batch: int

    def key(self) -> str:
        return f"{self.source}, {self.n_classes} classes, batches of {self.batch}"


DATASETS = {
    "digits": tuple(Setting("digits", c, b) for c, b in ((10, 32), (10, 128), (10, 256), (4, 128), (2, 32), (2, 128))),
    "fashion-mnist": (Setting("fashion-mnist", 10, 256),),
}


def chosen(dataset: str, quick: bool) -> tuple[Setting, ...]:
    """The settings of a data set; quick: the cheapest of them."""
    if dataset not in DATASETS:
        raise ExperimentError(f"unknown data set {dataset!r}; known: {', '.join(DATASETS)}")
    return DATASETS[dataset][:1] if quick else DATASETS[dataset]


def small_fashion(n: int = FASHION_IMAGES, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """n images of Fashion-MNIST, halved to 14 x 14 by averaging: images (n, 1, 14, 14), labels (n,)."""
    try:
        images, labels = data.load_fashion_mnist() if data.has_fashion_mnist() else data.load_openml("Fashion-MNIST")
    except (ValueError, OSError) as error:  # corrupt or missing files, no network: the message says what to do
        raise ExperimentError(f"fashion-mnist cannot be loaded: {error}") from error
    chosen = torch.from_numpy(np.random.default_rng(seed).permutation(len(images))[:n])
    return F.avg_pool2d(images[chosen], 2), labels[chosen]


def load(setting: Setting, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """(train images, train labels, test images, test labels) of a setting; places and cut depend on the seed."""
    if setting.source == "digits":
        images, labels = wandering_digits(setting.n_classes, seed)
    else:
        images, labels = small_fashion(seed=seed)
    return data.split(images, labels, test_share=0.4, seed=seed)
