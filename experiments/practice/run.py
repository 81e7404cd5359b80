"""One run of a part, and all of them."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F

from course import encoders, training, views
from experiments.jobs import Journal, digest, run_all
from experiments.notebook import functions_from
from experiments.practice import losses, measure, methods, train, variants
from experiments.practice.plan import Entry
from experiments.practice.settings import Data, load

UNIT_01 = Path(__file__).resolve().parents[2] / "solutions" / "01_similarity_losses" / "01_similarity_losses.ipynb"
PENALTIES, COUNTS = (1.0, 10.0, 100.0, 1000.0), (1, 5, 20)  # among which the probes' choices are made

Result = dict[str, Any]  # "values": quantity -> number; "film", where there were looks: name -> list


@dataclass(frozen=True)
class Job:
    """One run. validation: it is judged on the validation images, and no test image is read."""

    entry: Entry
    seed: int
    dataset: str
    validation: bool = False


def functions(notebook: Path) -> SimpleNamespace:
    """The functions of both notebooks as attributes. Raises ExperimentError where one is missing or not written yet."""
    view, model = torch.eye(3), torch.nn.BatchNorm1d(2)
    images = torch.rand(3, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 0])
    tried = {
        "two_views": (images, torch.Generator(), lambda x, generator: x),
        "momentum_update": (model, model, 0.5),
        "NegativeQueue": (4, 2),
        "moco_loss": (view, view, view, 0.5),
        "byol_loss": (view,) * 4,
        "simsiam_loss": (view,) * 4,
        "sinkhorn": (view, 0.5, 3),
        "swav_loss": (view, view, 0.5, 0.5, 3),
        "barlow_loss": (view, view, 0.1),
        "effective_rank": (view,),
        "knn_accuracy": (view, labels, view, labels, 1),
    }
    found, mine = functions_from(UNIT_01, {"nt_xent": (view, view, 0.5)}), functions_from(notebook, tried)
    return SimpleNamespace(nt_xent=found["nt_xent"], **{name: mine[name] for name in tried})


def one_run(job: Job, f: SimpleNamespace, device: str) -> Result:
    """Train and measure one run."""
    data, c = load(job.dataset, job.seed, validation=job.validation), job.entry.choices
    if c.method == "raw pixels":
        return {"values": measure.pixels(data, f)}
    images, labels = data.probe if c.wandering else data.train, data.train_y
    if c.labels:
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(job.seed))
        mine = torch.cat([order[labels[order] == y][: c.labels] for y in labels.unique()])
        images, labels = images[mine], labels[mine]
    film: dict[str, list] = {"rank": [], "spectrum": [], "neighbours": []}

    def look(step, model):
        h, test_h = (F.normalize(model.embed(x)[0], dim=1) for x in (data.probe, data.test))
        z = F.normalize(model.embed(data.test)[1], dim=1)
        film["rank"].append(float(f.effective_rank(z)))
        film["spectrum"].append(measure.spectrum(z).tolist())
        film["neighbours"].append(float(f.knn_accuracy(h, data.train_y, test_h, data.test_y, measure.NEIGHBOURS)))

    if c.method == "random encoder":  # BatchNorm's running means are of these images; no weight moves
        c = c.but(lr=0.0)
    options = {"device": device, "looks": job.entry.looks, "look": look}
    model, fallen, seconds = train.train(c, f, images, labels, job.seed, **options)
    values = measure.measured(model, c, data, f, job.seed) | {"loss": fallen[-1], "seconds": seconds}
    if hasattr(model, "classify"):  # with the labels it was trained with, and no probe
        values["classifier"] = accuracy(model, data)
    if job.validation and job.seed == 0:
        values |= measure.probe_choices(model, data, f, PENALTIES, COUNTS)
    if not job.entry.looks:
        return {"values": values}
    return {"values": values, "film": film | {"loss": fallen}}


@torch.no_grad()
def accuracy(model: variants.Supervised, data: Data) -> float:
    """Test accuracy of the supervised baseline's own linear layer on h."""
    guesses = model.classify.cpu()(model.embed(data.test)[0]).argmax(dim=1)
    return float((guesses == data.test_y).double().mean())


_STATE: dict[str, Any] = {}  # of a worker process: its functions and its device


def start(notebook: Path, device: str) -> None:
    _STATE.update(f=functions(notebook), device=device)


def work(job: Job) -> Result:
    return one_run(job, _STATE["f"], _STATE["device"])


def fingerprint(notebook: Path) -> str:
    """Of all that decides the result of a job besides the job: code and notebooks."""
    modules = (encoders, training, views, losses, measure, methods, train, variants)
    sources = [Path(inspect.getsourcefile(module)) for module in modules]
    return f"{digest(UNIT_01, notebook, *sources)} {torch.__version__}"


def all_runs(jobs: Sequence[Job], notebook: Path, device: str, processes: int, folder: Path, name: str) -> list[Result]:
    """The result of each job, in their order. A notebook that lacks a function fails before anything starts.

    What is finished stays in a file of the folder, so that the same command with more runs adds what is missing.
    """
    functions(notebook)
    journal = Journal(folder, name, fingerprint(notebook))
    return list(run_all(jobs, work, start, (notebook, device), journal, device, processes).values())
