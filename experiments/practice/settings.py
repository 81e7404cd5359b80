"""The data of the practice experiments, how they are cut, and every choice that decides a run."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F

from course import data
from course.views import scattered
from experiments.debiasing.settings import small_fashion
from experiments.running import ExperimentError

DATASETS = ("digits", "fashion-mnist", "cifar10")
CANVAS = 12  # side of the canvas of a digit of side 8
IMAGES = 4000  # of the larger data sets
TEST_SHARE, VALIDATION_SHARE = 0.4, 0.25
CUT = 0  # seed of the cuts: the test images are the same in all runs, and no choice has seen them


@dataclass(frozen=True)
class Choices:
    """Everything but the seed that decides a run. A field that a method does not use has no effect on it."""

    method: str  # a key of variants.METHODS
    steps: int = 500
    batch: int = 128
    lr: float = 1e-2
    # the model
    dim: int = 64  # of z
    head: bool = True  # whether there is a projector; without it z is h
    norm: bool = True  # batch normalisation in the encoder and in the hidden layers of the heads
    output_norm: bool = False  # batch normalisation of z
    predictor: bool = True  # of BYOL and SimSiam
    stop_gradient: bool = True  # of SimSiam
    # the loss
    temperature: float = 0.2
    momentum: float = 0.9  # of the target network: MoCo, BYOL
    queue: int = 512
    negatives: int = 0  # of SimCLR, for each anchor; 0: all that the batch has
    prototypes: int = 64
    codes: str = "sinkhorn"  # of SwAV: sinkhorn, softmax, argmax
    weight: float = 0.02  # of the redundancy term of Barlow Twins
    # the data
    strength: float = 1.0  # of the views
    moved: bool = True  # whether views are turned, scaled and shifted
    wandering: bool = False  # whether training sees the images at random places
    labels: int = 0  # labelled images of each class that the supervised baseline has; 0: all

    def but(self, **changed) -> Choices:
        return replace(self, **changed)


# Out of `practice --part choices`: the sum of both probes of h on the validation images decides; of those within 2 points of
# the best (less than a standard error of 270 images) the smallest learning rate.
CHOSEN = {
    "SimCLR": Choices("SimCLR", lr=3e-3, temperature=0.2),
    "MoCo": Choices("MoCo", lr=3e-3, temperature=0.2, momentum=0.99),
    "SwAV": Choices("SwAV", lr=3e-3, temperature=0.2),
    "BYOL": Choices("BYOL", lr=3e-3, momentum=0.97, output_norm=True),
    "SimSiam": Choices("SimSiam", lr=1e-2, output_norm=True),
    "Barlow Twins": Choices("Barlow Twins", lr=3e-3, dim=128, weight=0.02),
    "VICReg": Choices("VICReg", lr=1e-2, dim=128),
}
INVERSE_PENALTY, NEIGHBOURS = 100.0, 5  # of the probes, chosen with them
SUPERVISED = Choices("supervised", lr=1e-2)


@dataclass(frozen=True)
class Data:
    """What one run sees. `train` and `held` are the images that views are made of, `probe` and `test` the same images as
    the probes see them (digits: at random places)."""

    train: torch.Tensor
    train_y: torch.Tensor
    held: torch.Tensor
    test_y: torch.Tensor
    probe: torch.Tensor
    test: torch.Tensor
    probe_place: torch.Tensor | None  # (n, 2), row and column of each digit
    test_place: torch.Tensor | None


def load(dataset: str, seed: int, *, validation: bool = False) -> Data:
    """60 % of the images to train and probe on, 40 % held out, in a cut that is the same for all seeds; the places of the
    digits depend on the seed. validation: the 60 % are cut once more, 3 : 1, and the 40 % stay unseen."""
    images, labels = _images(dataset)
    train, train_y, held, test_y = data.split(images, labels, test_share=TEST_SHARE, seed=CUT)
    if validation:
        train, train_y, held, test_y = data.split(train, train_y, test_share=VALIDATION_SHARE, seed=CUT)
    if dataset != "digits":
        return Data(train, train_y, held, test_y, train, held, None, None)
    margin = (CANVAS - images.shape[2]) // 2
    centred = [F.pad(part, (margin,) * 4) for part in (train, held)]
    probe, test = (scattered(part, CANVAS, seed + shift) for part, shift in ((train, 0), (held, 1000)))
    places = [_places(len(part), seed + shift) for part, shift in ((train, 0), (held, 1000))]
    return Data(centred[0], train_y, centred[1], test_y, probe, test, *places)


def _places(n: int, seed: int) -> torch.Tensor:
    """(n, 2): row and column at which `scattered` puts each of n digits of side 8."""
    first = scattered(torch.ones(n, 1, 8, 8), CANVAS, seed).flatten(1).argmax(dim=1)
    return torch.stack([first // CANVAS, first % CANVAS], dim=1)


def check_known(dataset: str) -> None:
    if dataset not in DATASETS:
        raise ExperimentError(f"unknown data set {dataset!r}; known: {', '.join(DATASETS)}")


def _images(dataset: str) -> tuple[torch.Tensor, torch.Tensor]:
    check_known(dataset)
    if dataset == "digits":
        return data.load_digits()
    if dataset == "fashion-mnist":
        return small_fashion(IMAGES)
    try:
        images, labels = data.load_openml("CIFAR-10")
    except (ValueError, OSError) as error:  # no network, a corrupt file: the message says what to do
        raise ExperimentError(f"cifar10 cannot be loaded: {error}") from error
    return images[:IMAGES], labels[:IMAGES]
