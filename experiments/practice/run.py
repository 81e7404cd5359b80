"""All runs of a part: over processes with one thread each, kept as they finish, stopped by Ctrl-C without a loss."""

from __future__ import annotations

import hashlib
import inspect
import json
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from tqdm import tqdm

from course import encoders, training, views
from course.threads import one_thread
from experiments.convergence import checkpoint
from experiments.notebook import functions_from
from experiments.practice import losses, measure, methods, train, variants
from experiments.practice.plan import Entry
from experiments.practice.settings import Data, load
from experiments.running import Interrupted

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

    def key(self, notebook: Path) -> str:
        """Names a finished run in the checkpoint: equal only where the numbers would be, code and notebooks included."""
        sources = [Path(inspect.getsourcefile(module)) for module in (encoders, training, views, *_modules())]
        known = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (UNIT_01, notebook, *sources)]
        content = [asdict(self.entry.choices), self.entry.looks, self.seed, self.dataset, self.validation, known]
        return hashlib.sha256(json.dumps([*content, torch.__version__], sort_keys=True).encode()).hexdigest()[:20]


def _modules() -> tuple[ModuleType, ...]:
    return losses, measure, methods, train, variants


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


def one_run(job: Job, f: SimpleNamespace, device: str, stop: Callable[[], bool] = lambda: False) -> Result:
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
    options = {"device": device, "looks": job.entry.looks, "look": look, "stop": stop}
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


_WORKER: dict[str, Any] = {}  # of a worker process: its functions, device and the parent's wish to stop


def _start_worker(notebook: Path, device: str, asked: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the parent decides
    torch.set_num_threads(1)
    _WORKER.update(f=functions(notebook), device=device, stop=asked.is_set)


def _job(job: Job) -> Result:
    return one_run(job, _WORKER["f"], _WORKER["device"], _WORKER["stop"])


def all_runs(
    jobs: Sequence[Job], notebook: Path, device: str, processes: int, path: Path, stop: Callable[[], bool]
) -> list[Result]:
    """The result of each job, in their order; those that `path` holds are not run again, and each new one is added to it.

    A notebook that lacks a function fails before anything starts. Raises Interrupted where `stop` says so. The file stays, so
    that the same command with more runs adds what is missing.
    """
    f = functions(notebook)
    done = checkpoint.load(path) or {}
    keys = [job.key(notebook) for job in jobs]
    missing = {key: job for key, job in zip(keys, jobs, strict=True) if key not in done}
    bar = tqdm(total=len(jobs), initial=len(jobs) - len(missing), desc=path.stem.strip("."), unit="run", disable=None)
    with bar:
        finished = (
            _here(missing, f, device, stop) if processes == 1 else _apart(missing, notebook, device, processes, stop)
        )
        try:
            for key, result in finished:
                done[key] = result
                checkpoint.save(path, done)
                bar.update()
        except Interrupted as interrupted:
            kept = sum(key in done for key in keys)
            raise Interrupted(f"stopped; {kept} of {len(jobs)} runs are finished and kept") from interrupted
    return [done[key] for key in keys]


def _here(
    jobs: dict[str, Job], f: SimpleNamespace, device: str, stop: Callable[[], bool]
) -> Iterator[tuple[str, Result]]:
    """One run after the other, in this process."""
    with one_thread():
        for key, job in jobs.items():
            yield key, one_run(job, f, device, stop)


def _apart(
    jobs: dict[str, Job], notebook: Path, device: str, processes: int, stop: Callable[[], bool]
) -> Iterator[tuple[str, Result]]:
    """As many runs at once as there are processes, as they finish."""
    context = multiprocessing.get_context("spawn")
    asked = context.Event()
    with ProcessPoolExecutor(min(processes, len(jobs) or 1), context, _start_worker, (notebook, device, asked)) as pool:
        waiting = {pool.submit(_job, job): key for key, job in jobs.items()}
        try:
            while waiting:
                ready, _ = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in ready:
                    yield waiting.pop(future), future.result()
                if stop():
                    raise Interrupted
        except BaseException:
            asked.set()  # the workers leave their training loop
            pool.shutdown(wait=True, cancel_futures=True)
            raise
