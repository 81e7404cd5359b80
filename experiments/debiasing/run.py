"""Train every contestant in every setting with every seed, on as many processes as there are processors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch

from course.training import TEMPERATURE, embed, exponentials, probe_accuracy, train
from course.views import augment
from experiments.debiasing.losses import contestants, functions_from
from experiments.debiasing.settings import Setting, load
from experiments.jobs import Journal, digest, run_all

FEW = 5  # labels per class in the second probe
CONTESTANTS = ("biased", "debiased, half prior", "debiased", "debiased, v from the class", "unbiased")
QUANTITIES = ("probe", "few", "floor", "own view", "same class", "any image", "other class")

Results = dict[str, dict[str, float]]  # name of the loss -> quantity -> number


def one_run(setting: Setting, seed: int, functions: Mapping[str, Callable], steps: int, device: str = "cpu") -> Results:
    """Train every contestant with one seed: name -> {"probe", "few", "floor", ...}, and "raw pixels" beside them."""
    train_x, train_y, test_x, test_y = load(setting, seed)
    results = {}
    for name, (loss, tau_plus) in contestants(functions, setting.n_classes).items():
        encoder = train(loss, train_x, train_y, seed=seed, n_steps=steps, batch=setting.batch, device=device)
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


_STATE: dict = {}  # of a worker process


def start(notebook: Path, steps: int, device: str) -> None:
    _STATE.update(functions=functions_from(notebook), steps=steps, device=device)


def work(job: tuple[Setting, int]) -> Results:
    return one_run(*job, _STATE["functions"], _STATE["steps"], _STATE["device"])


def all_runs(
    notebook: Path, settings: Sequence[Setting], seeds: Sequence[int], steps: int, device: str, out: Path, name: str
) -> dict[Setting, list[Results]]:
    """The results of each setting, in the order of the seeds; finished ones are kept in a file of the folder `out`.

    A notebook without losses fails before any process starts.
    """
    functions_from(notebook)
    jobs = [(setting, seed) for setting in settings for seed in seeds]
    journal = Journal(out, name, f"{steps} {digest(notebook)}")
    found = run_all(jobs, work, start, (notebook, steps, device), journal, device)
    return {setting: [found[setting, seed] for seed in seeds] for setting in settings}
