"""The experiment of unit 05: one small encoder, trained with a biased, a debiased and an unbiased contrastive loss.

    images, labels = wandering_digits(10, seed=0)                # (1797, 1, 10, 10), (1797,)
    encoder = train(loss, images, labels, seed=0)                # loss(view1, view2, labels) -> scalar to go down
    z = embed(encoder, images)                                   # (1797, 32), rows of length 1

The losses are arguments: this module knows none. From the command line they come out of a notebook that holds
`debiased_loss` and `unbiased_loss`, the solved one or your own, and the results go to a small file that the lecture
draws from:

    python -m course.debias_experiment solutions/05_debiasing/05_debiasing.ipynb

which takes under two minutes on two free cores (digits), and twice that where Fashion-MNIST is on the disk.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from course import data

Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]

CANVAS = 10  # side of the canvas on which an 8 x 8 digit is put at one of 3 x 3 places
DIM = 32
TEMPERATURE = 0.5
N_SEEDS = 5
T_QUANTILE = 2.776  # of Student's t with N_SEEDS - 1 = 4 degrees of freedom: two-sided 95 % intervals
FEW = 5  # labels per class in the second probe
N_DRAWS = 10  # choices of these labels, averaged: which five images are labelled matters more than the loss
CLASS_SETS = {2: (3, 8), 4: (3, 5, 8, 9), 10: tuple(range(10))}  # the small sets hold digits that look alike
FASHION_IMAGES = 3000
RESULTS = Path(__file__).resolve().parent.parent / "lectures" / "data" / "05_debiasing.json"


@dataclass(frozen=True)
class Setting:
    """One column of the comparison: which data, how many classes, images per batch."""

    source: str  # "digits" or "fashion"
    n_classes: int
    batch: int


SETTINGS = tuple(Setting("digits", c, b) for c, b in ((10, 32), (10, 128), (10, 256), (4, 128), (2, 32), (2, 128)))
FASHION_SETTINGS = (Setting("fashion", 10, 256),)


def wandering_digits(n_classes: int = 10, seed: int = 0, size: int = CANVAS) -> tuple[torch.Tensor, torch.Tensor]:
    """scikit-learn's digits, each at a random place of a size x size canvas: images (n, 1, size, size), labels (n,).

    n_classes  2, 4 or 10: the digits of CLASS_SETS
    Where a digit stands says nothing about what it is, so raw pixels are a poor embedding, and an encoder has something
    to learn.
    """
    if n_classes not in CLASS_SETS:
        raise ValueError(f"n_classes must be one of {sorted(CLASS_SETS)}, got {n_classes!r}")
    images, labels = data.load_digits()
    mine = torch.isin(labels, torch.tensor(CLASS_SETS[n_classes]))
    return scattered(images[mine], size, seed), labels[mine]


def scattered(images: torch.Tensor, size: int, seed: int) -> torch.Tensor:
    """Each image (n, c, h, w) at a random place of an empty size x size canvas: (n, c, size, size)."""
    n, c, h, w = images.shape
    if size < max(h, w):
        raise ValueError(f"images of {h} x {w} do not fit on a canvas of side {size}")
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(size - h + 1, size=n), rng.integers(size - w + 1, size=n)
    canvas = images.new_zeros(n, c, size, size)
    for i in range(n):
        canvas[i, :, rows[i] : rows[i] + h, columns[i] : columns[i] + w] = images[i]
    return canvas


def small_fashion(n: int = FASHION_IMAGES, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """n images of Fashion-MNIST, halved to 14 x 14 by averaging: images (n, 1, 14, 14), labels (n,)."""
    images, labels = data.load_fashion_mnist()
    chosen = torch.from_numpy(np.random.default_rng(seed).permutation(len(images))[:n])
    return F.avg_pool2d(images[chosen], 2), labels[chosen]


def augment(images: torch.Tensor, generator: torch.Generator, shift: int = 1, noise: float = 0.1) -> torch.Tensor:
    """One random view of each image (n, c, h, w): moved by up to `shift` pixels, brightness x 0.7 to 1.3, noise added.

    The generator lives on the CPU whatever the device of the images, so that a seed draws the same views everywhere.
    """
    n, c, h, w = images.shape
    device = images.device
    moves = torch.randint(0, 2 * shift + 1, (2, n, 1), generator=generator).to(device)
    rows, columns = (
        moves[0] + torch.arange(h, device=device),
        moves[1] + torch.arange(w, device=device),
    )  # (n, h), (n, w)
    padded = F.pad(images, (shift,) * 4)
    one, two = torch.arange(n, device=device)[:, None, None, None], torch.arange(c, device=device)[:, None, None]
    moved = padded[one, two, rows[:, None, :, None], columns[:, None, None, :]]
    gain = 0.7 + 0.6 * torch.rand(n, 1, 1, 1, generator=generator).to(device)
    return gain * moved + noise * torch.randn(images.shape, generator=generator).to(device)


class Patches(torch.nn.Module):
    """Every `side` x `side` patch of an image as one row: (n, c, h, w) -> (n, number of patches, c * side * side).

    A linear layer behind it is a convolution; on a CPU, for images this small, it is the quicker way to write one.
    """

    def __init__(self, side: int, stride: int):
        super().__init__()
        self.side, self.stride = side, stride

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        patches = images.unfold(2, self.side, self.stride).unfold(
            3, self.side, self.stride
        )  # (n, c, rows, columns, ., .)
        return patches.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)


def make_encoder(shape: Sequence[int], seed: int, dim: int = DIM) -> torch.nn.Module:
    """A small network (n, c, h, w) -> (n, dim) for images of shape (c, h, w): 32 filters on 4 x 4 patches, a ReLU and a
    linear layer. The same seed gives the same weights; the global random state is left alone."""
    c, h, w = shape
    stride = 1 if h <= CANVAS else 2
    n_patches = ((h - 4) // stride + 1) * ((w - 4) // stride + 1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return torch.nn.Sequential(
            Patches(4, stride),
            torch.nn.Linear(16 * c, 32),
            torch.nn.ReLU(),
            torch.nn.Flatten(),
            torch.nn.Linear(32 * n_patches, dim),
        )


def train(
    loss: Loss,
    images: torch.Tensor,
    labels: torch.Tensor,
    *,
    seed: int,
    n_steps: int = 200,
    batch: int = 64,
    lr: float = 5e-3,
    device: str | torch.device = "cpu",
) -> torch.nn.Module:
    """An encoder trained with Adam on `loss(view1, view2, labels)`.

    The views are two augmentations of a batch of distinct images, embedded. The weights at the start, the batches and
    the augmentations depend on the seed alone, so that two losses with the same seed are compared on the same draws.
    """
    images, labels = images.to(device, torch.float32), labels.to(device)
    encoder = make_encoder(images.shape[1:], seed).to(device)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=lr, fused=True)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(n_steps):
        chosen = torch.randperm(len(images), generator=generator)[:batch].to(device)
        views = augment(images[torch.cat([chosen, chosen])], generator)
        view1, view2 = encoder(views).chunk(2)
        value = loss(view1, view2, labels[chosen])
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    return encoder


@torch.no_grad()
def embed(encoder: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Embeddings (n, d) of the images as they are, rows of length 1, on the CPU."""
    weights = next(encoder.parameters())
    return F.normalize(encoder(images.to(weights.device, weights.dtype)), dim=1).cpu()


def probe_accuracy(
    train_z: torch.Tensor,
    train_y: torch.Tensor,
    test_z: torch.Tensor,
    test_y: torch.Tensor,
    per_class: int | None = None,
) -> float:
    """Test accuracy of a multinomial logistic regression on embeddings (n, d) that stay as they are.

    per_class  None: all training labels; a number: so many of each class, mean over N_DRAWS choices of them (the same
               choices whatever the embeddings are)
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    x, test_x = (np.asarray(part).reshape(len(part), -1) for part in (train_z, test_z))
    y, test_y = np.asarray(train_y), np.asarray(test_y)
    rng, accuracies = np.random.default_rng(0), []
    for _ in range(1 if per_class is None else N_DRAWS):
        order = rng.permutation(len(y))
        chosen = np.concatenate([order[y[order] == c][:per_class] for c in np.unique(y)])
        with threadpool_limits(1):  # small matrices: more threads only wait for each other
            probe = LogisticRegression(C=10.0, max_iter=1000).fit(x[chosen], y[chosen])
            accuracies.append(probe.score(test_x, test_y))
    return float(np.mean(accuracies))


@torch.no_grad()
def exponentials(
    encoder: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor, generator: torch.Generator
) -> dict[str, float]:
    """Means of e^{cos / t} between one view of an image and: another view of it, a view of another image of its class, a
    view of any other image, a view of an image of another class."""
    first, second = (embed(encoder, augment(images, generator)) for _ in range(2))
    e = torch.exp(first.double() @ second.double().T / TEMPERATURE)
    itself = torch.eye(len(images), dtype=torch.bool)
    same = labels[:, None] == labels
    groups = {"own view": itself, "same class": same & ~itself, "any image": ~itself, "other class": ~same}
    return {name: float(e[members].mean()) for name, members in groups.items()}


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean of N_SEEDS values and half the length of its 95 % interval (Student)."""
    if len(values) != N_SEEDS:
        raise ValueError(f"an interval is over {N_SEEDS} seeds, got {len(values)} values")
    return float(np.mean(values)), float(T_QUANTILE * np.std(values, ddof=1) / math.sqrt(N_SEEDS))


def load(setting: Setting, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """(train images, train labels, test images, test labels) of a setting; places and cut depend on the seed."""
    if setting.source == "digits":
        images, labels = wandering_digits(setting.n_classes, seed)
    else:
        images, labels = small_fashion(seed=seed)
    return data.split(images, labels, test_share=0.4, seed=seed)


def contestants(functions: Mapping[str, Callable], n_classes: int) -> dict[str, tuple[Loss, float]]:
    """The losses to compare, name -> (loss, tau_plus), out of a learner's `debiased_loss` and `unbiased_loss`."""
    debiased, unbiased = functions["debiased_loss"], functions["unbiased_loss"]

    def with_prior(tau_plus: float) -> Loss:
        return lambda view1, view2, labels: debiased(view1, view2, tau_plus, TEMPERATURE)

    half, full = 0.5 / n_classes, 1 / n_classes
    return {
        "biased": (with_prior(0.0), 0.0),
        "debiased, half prior": (with_prior(half), half),
        "debiased": (with_prior(full), full),
        "unbiased": (lambda view1, view2, labels: unbiased(view1, view2, labels, TEMPERATURE), 0.0),
    }


def functions_from(notebook: Path) -> dict[str, Callable]:
    """What a notebook of unit 05 defines: its code cells that carry an id of a graded function, executed in order.

    Raises ValueError where `debiased_loss`, `unbiased_loss` or `floor_fraction` is missing or not written yet.
    """
    namespace: dict = {"__name__": "losses"}
    for cell in json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]:
        meta = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "code" and meta and not meta.get("grade"):
            exec(compile("".join(cell["source"]), f"<{notebook}:{meta['grade_id']}>", "exec"), namespace)
    view, labels = torch.eye(3), torch.tensor([0, 0, 1])
    for name, arguments in {
        "debiased_loss": (view, view),
        "unbiased_loss": (view, view, labels),
        "floor_fraction": (view[0], view, 0.1, 0.5),
    }.items():
        try:
            namespace[name](*arguments)
        except (KeyError, NotImplementedError) as error:
            raise ValueError(f"{notebook}: {name} is not written yet ({error})") from error
    return namespace


def one_run(setting: Setting, seed: int, functions: Mapping[str, Callable]) -> dict[str, dict[str, float]]:
    """Train every contestant with one seed: name -> {"probe", "few", "floor", ...}, and "raw pixels" beside them."""
    train_x, train_y, test_x, test_y = load(setting, seed)
    results = {}
    for name, (loss, tau_plus) in contestants(functions, setting.n_classes).items():
        encoder = train(loss, train_x, train_y, seed=seed, batch=setting.batch)
        z, test_z = embed(encoder, train_x), embed(encoder, test_x)
        generator = torch.Generator().manual_seed(seed)
        chosen = torch.randperm(len(train_x), generator=generator)[: setting.batch]
        similar, others = _similarities(encoder, train_x[chosen], generator)
        results[name] = {
            "probe": probe_accuracy(z, train_y, test_z, test_y),
            "few": probe_accuracy(z, train_y, test_z, test_y, FEW),
            # for the losses without a prior: would this encoder's batches be on the floor with the true one?
            "floor": float(
                functions["floor_fraction"](similar, others, tau_plus or 1 / setting.n_classes, TEMPERATURE)
            ),
            **exponentials(encoder, train_x[:500], train_y[:500], generator),
        }
    results["raw pixels"] = {
        "probe": probe_accuracy(train_x, train_y, test_x, test_y),
        "few": probe_accuracy(train_x, train_y, test_x, test_y, FEW),
    }
    return results


def _similarities(encoder, images, generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines of each view of a batch with its partner (2B,) and with the views of other images (2B, 2B - 2)."""
    z = embed(encoder, torch.cat([augment(images, generator), augment(images, generator)]))
    cosines, n, b = z @ z.T, len(z), len(images)
    rows = torch.arange(n)
    other = (rows[:, None] - rows) % b != 0
    return cosines[rows, rows.roll(b)], cosines[other].view(n, n - 2)


_FUNCTIONS: dict[str, Callable] = {}


def _start_worker(notebook: Path) -> None:
    torch.set_num_threads(1)
    _FUNCTIONS.update(functions_from(notebook))


def _job(setting: Setting, seed: int) -> dict[str, dict[str, float]]:
    return one_run(setting, seed, _FUNCTIONS)


def run(notebook: Path, settings: Sequence[Setting], workers: int = 2) -> list[dict]:
    """Every setting with N_SEEDS seeds, on `workers` processes, progress on stdout; one entry per setting."""
    functions_from(notebook)  # a notebook without losses fails here, before any process starts
    started, jobs = time.monotonic(), [(setting, seed) for setting in settings for seed in range(N_SEEDS)]
    runs: dict[Setting, list] = {setting: [] for setting in settings}
    with ProcessPoolExecutor(workers, get_context("spawn"), _start_worker, (notebook,)) as pool:
        futures = [(setting, pool.submit(_job, setting, seed)) for setting, seed in jobs]
        for done, (setting, future) in enumerate(futures, 1):
            runs[setting].append(future.result())
            spent = time.monotonic() - started
            left = spent / done * (len(jobs) - done)
            print(f"{done:3d} of {len(jobs)} runs, {spent:4.0f} s, about {left:.0f} s left", flush=True)
    return [
        {
            "source": setting.source,
            "n_classes": setting.n_classes,
            "batch": setting.batch,
            "runs": {
                name: {key: [round(r[name][key], 4) for r in results] for key in results[0][name]}
                for name in results[0]
            },
        }
        for setting, results in runs.items()
    ]


def table(entry: dict) -> str:
    """One setting as text: accuracies with 95 % intervals, and the gain over the biased loss, seed by seed."""
    lines = [f"{entry['source']}, {entry['n_classes']} classes, batches of {entry['batch']}"]
    base = entry["runs"]["biased"]
    for name, result in entry["runs"].items():
        text = f"  {name:22s}"
        for key in ("probe", "few"):
            mean, half = interval(result[key])
            gain, around = interval([a - b for a, b in zip(result[key], base[key], strict=True)])
            text += f"   {key} {100 * mean:5.1f} ± {100 * half:4.1f}  (gain {100 * gain:+5.1f} ± {100 * around:4.1f})"
        lines.append(text)
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m course.debias_experiment", description=__doc__.split("\n")[0])
    parser.add_argument("notebook", type=Path, help="a notebook of unit 05 in which the losses are written")
    parser.add_argument("--output", type=Path, default=RESULTS, help=f"default: {RESULTS.name} beside the lectures")
    parser.add_argument("--digits-only", action="store_true", help="leave Fashion-MNIST out")
    parser.add_argument("--workers", type=int, default=max(1, min(8, os.cpu_count() or 1)))
    arguments = parser.parse_args(argv)
    settings = SETTINGS
    if not arguments.digits_only and data.has_fashion_mnist():
        settings += FASHION_SETTINGS
    try:
        entries = run(arguments.notebook, settings, arguments.workers)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps({"settings": entries}, indent=1) + "\n", encoding="utf-8")
    print("\n".join(table(entry) for entry in entries))
    print(f"written: {arguments.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
