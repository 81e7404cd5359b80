"""What is trained on what: the figures, the data sets, their encoders and defaults."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from course import data
from experiments.running import ExperimentError, choose_device

FIGURES = ("figure1", "figure2", "figure3")
NEGATIVES = {"figure1": (1,), "figure2": (15, 25, 35), "figure3": (1,)}  # as in the paper
RECORDS = {"figure1": 16, "figure2": 10, "figure3": 40}  # times at which the losses, or the norms, are recorded
TRAIN_IMAGES = 60000  # OpenML has train and test images in one table, the train images first
CIFAR_TRAIN_IMAGES = 50000
RUNS = 5
QUICK_STEPS, QUICK_IMAGES = 100, 500


@dataclass(frozen=True)
class Defaults:
    """encoder: a key of encoders.ENCODERS; dim: of the embedding; evaluate: images of the evaluation law, 0 for all."""

    encoder: str
    dim: int
    batch: int
    steps: int
    lr: float
    evaluate: int


# The paper states none of these numbers. Steps: until the curves are flat; evaluate: what a CPU can still do exactly.
DATASETS = {
    "digits": Defaults("mlp", 16, 64, 1500, 1e-3, 0),
    "fashion-mnist": Defaults("convnet", 32, 128, 3000, 1e-3, 6000),
    "mnist": Defaults("convnet", 32, 128, 3000, 1e-3, 6000),
    "cifar10": Defaults("vgg16", 64, 128, 4000, 3e-4, 5000),
}


@dataclass(frozen=True)
class Settings:
    """Everything that decides the numbers of a figure. `device` is "cpu" or "cuda", never "auto"."""

    figure: str
    dataset: str
    device: str
    runs: int
    steps: int
    seed: int
    encoder: str
    dim: int
    batch: int
    lr: float
    evaluate: int

    @property
    def negatives(self) -> tuple[int, ...]:
        return NEGATIVES[self.figure]

    @property
    def models(self) -> int:
        """How many encoders train at once: one for each number of negatives and each run."""
        return self.runs * len(self.negatives)

    @property
    def name(self) -> str:
        """Stem of the result files."""
        return f"{self.figure}_{self.dataset}"

    def fingerprint(self, data_digest: str) -> str:
        """Names the checkpoint: equal only where a run can be continued with the same numbers."""
        content = json.dumps([asdict(self), RECORDS[self.figure], data_digest, torch.__version__], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:12]


def make_settings(figure, dataset="digits", device="auto", runs=None, steps=None, seed=0, batch=None, lr=None,
                  evaluate=None, quick=False) -> Settings:  # fmt: skip
    """Settings with the data set's defaults filled in; quick: two runs of QUICK_STEPS steps, losses on QUICK_IMAGES.

    Raises ExperimentError for what is unknown or out of range.
    """
    check_known(figure, dataset)
    default = DATASETS[dataset]
    if quick:
        default = replace(default, steps=QUICK_STEPS, evaluate=QUICK_IMAGES)
    runs = (2 if quick else RUNS) if runs is None else runs
    settings = Settings(
        figure, dataset, choose_device(device), runs, default.steps if steps is None else steps, seed, default.encoder,
        default.dim, default.batch if batch is None else batch, default.lr if lr is None else lr,
        default.evaluate if evaluate is None else evaluate,
    )  # fmt: skip
    for name, least in (("runs", 1), ("steps", 1), ("seed", 0), ("batch", max(settings.negatives)), ("evaluate", 0)):
        if getattr(settings, name) < least:
            raise ExperimentError(f"{name} must be at least {least}, got {getattr(settings, name)}")
    if not 0 < settings.lr < float("inf"):
        raise ExperimentError(f"lr must be a finite number > 0, got {settings.lr}")
    return settings


def check_known(figure: str, dataset: str) -> None:
    if figure not in FIGURES:
        raise ExperimentError(f"unknown figure {figure!r}; known: {', '.join(FIGURES)}")
    if dataset not in DATASETS:
        raise ExperimentError(f"unknown data set {dataset!r}; known: {', '.join(DATASETS)}")


def load(dataset: str, directory: Path | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """Train images (n, channels, height, width) in [0, 1] and labels (n,) of a data set of DATASETS.

    directory: where the IDX files of Fashion-MNIST are; without it the usual place is tried, then OpenML.
    """
    try:
        if dataset == "digits":
            return data.load_digits()
        if dataset == "fashion-mnist" and (directory is not None or data.has_fashion_mnist()):
            return data.load_fashion_mnist(directory)
        name = {"fashion-mnist": "Fashion-MNIST", "mnist": "MNIST", "cifar10": "CIFAR-10"}[dataset]
        images, labels = data.load_openml(name)
    except (ValueError, OSError) as error:  # corrupt or missing files, no network: the message says what to do
        raise ExperimentError(f"{dataset} cannot be loaded: {error}") from error
    train = CIFAR_TRAIN_IMAGES if dataset == "cifar10" else TRAIN_IMAGES
    return images[:train], labels[:train]
