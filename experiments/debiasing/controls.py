"""Why a v from the class helps: two controls of the debiased loss in three settings (experiments debiasing --controls).

"detached": v from the class, its gradient cut off: a right mass, and no force from v.
"third view": v another view of the anchor's own image: a draw of its own, and the law of x+.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from tqdm import tqdm

from course.comparison import table
from course.training import embed, make_encoder, probe_accuracy, train
from course.views import augment
from experiments import running
from experiments.debiasing import results
from experiments.debiasing.losses import contestants, from_the_class, functions_from, with_extra
from experiments.debiasing.run import FEW
from experiments.debiasing.settings import DATASETS, Setting, load

SETTINGS = tuple(DATASETS["digits"][i] for i in (0, 1, 3))
LR = 5e-3


def run(
    notebook: Path, runs: int, steps: int, seed: int, out: Path, settings: tuple[Setting, ...] = SETTINGS
) -> list[Path]:
    """The files that were written."""
    functions = functions_from(notebook)
    every = [(setting, s) for setting in settings for s in range(seed, seed + runs)]
    found: dict[Setting, list] = {setting: [] for setting in settings}
    for setting, s in tqdm(every, desc="controls", unit="seed"):
        found[setting].append(one_run(setting, s, functions, steps))
    entries = results.entries(found)
    print("\n".join(map(table, entries)), file=sys.stderr)
    summary = results.describe(entries, runs, steps, seed, "cpu")
    return running.write_results(out, "controls_digits", results.arrays(entries), summary, results.draw)


def one_run(setting: Setting, seed: int, functions: Mapping[str, Callable], steps: int) -> results.Results:
    """Accuracies of the biased loss and the controls with one seed."""
    train_x, train_y, test_x, test_y = load(setting, seed)
    mass, tau_plus = functions["debiased_negative_mass"], 1 / setting.n_classes
    options = {"seed": seed, "n_steps": steps, "batch": setting.batch}
    encoders = {
        "biased": train(contestants(functions, setting.n_classes)["biased"][0], train_x, train_y, **options),
        "detached": train(from_the_class(mass, tau_plus, detached=True), train_x, train_y, **options),
        "third view": with_third_view(mass, tau_plus, train_x, **options),
    }
    found = {}
    for name, encoder in encoders.items():
        z, test_z = embed(encoder, train_x), embed(encoder, test_x)
        accuracies = (probe_accuracy(z, train_y, test_z, test_y, few) for few in (None, FEW))
        found[name] = dict(zip(("probe", "few"), accuracies, strict=True))
    return found


def with_third_view(mass: Callable, tau_plus: float, images: torch.Tensor, *, seed: int, n_steps: int, batch: int):
    """An encoder trained on three views of each image, the third of which is v for both others."""
    encoder, images = make_encoder(images.shape[1:], seed), images.float()
    optimizer = torch.optim.Adam(encoder.parameters(), lr=LR, fused=True)
    generator, third = torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed + 1000)
    for _ in range(n_steps):
        chosen = torch.randperm(len(images), generator=generator)[:batch]
        view1, view2 = augment(images[torch.cat([chosen, chosen])], generator).chunk(2)
        z1, z2, z3 = F.normalize(encoder(torch.cat([view1, view2, augment(images[chosen], third)])), dim=1).chunk(3)
        z = torch.cat([z1, z2])
        value = with_extra(mass, z, (z * torch.cat([z3, z3])).sum(dim=1), tau_plus)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    return encoder
