"""Train all runs of a figure at once, and record its curves: interruptible, resumable, reproducible."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from course.check import _exact as exact
from course.threads import one_thread
from experiments.convergence import checkpoint
from experiments.convergence.bounds import Factors, make_factors
from experiments.convergence.encoders import Stack, contrastive_losses
from experiments.convergence.law import Law, draw_batch, evaluation_law
from experiments.convergence.settings import RECORDS, Settings
from experiments.running import ExperimentError, Interrupted

SAVE_EVERY = 30.0  # seconds between checkpoints
LOOK_EVERY = 25  # steps between looks at the loss: a look waits for the GPU
CURVES = ("unsupervised", "supervised", "smallest_norm", "largest_norm")


def record_steps(steps: int, count: int) -> list[int]:
    """0, then about `count` steps from 1 to `steps`, equally spaced on a logarithmic scale, the last one included."""
    return [0, *sorted({round(s) for s in np.geomspace(1, steps, count)})]


class Experiment:
    """One figure in training. After `run()`, `curves` holds (len(negatives), runs, records) arrays for CURVES."""

    def __init__(self, settings: Settings, law: Law, folder: Path):
        self.settings = settings
        self.law = law.to(settings.device)
        self.evaluated = evaluation_law(self.law, 0 if settings.figure == "figure3" else settings.evaluate)
        self.factors: list[Factors] = [make_factors(self.evaluated.rho, n) for n in settings.negatives]
        seeds = [(settings.seed, run) for _ in settings.negatives for run in range(settings.runs)]
        self.stack = Stack(settings.encoder, tuple(law.images.shape[1:]), settings.dim, seeds, settings.device)
        self.optimizer = torch.optim.Adam(self.stack.parameters.values(), lr=settings.lr)
        self.counts = torch.tensor(settings.negatives, device=settings.device).repeat_interleave(settings.runs)
        self.records = record_steps(settings.steps, RECORDS[settings.figure])
        shape = (len(settings.negatives), settings.runs, len(self.records))
        self.curves = {name: np.full(shape, np.nan) for name in CURVES}
        self.step, self.seconds = 0, 0.0
        self.path = folder / f".{settings.name}_{settings.fingerprint(law.digest())}.checkpoint"

    def run(self, stop: Callable[[], bool] = lambda: False, progress: bool = False) -> None:
        """Train to the end, from the checkpoint where there is one. `stop` is asked after each step.

        Raises Interrupted after a stop, ExperimentError when training diverges or the evaluation breaks a theorem.
        """
        resumed = self._resume()
        begun = saved = time.monotonic()
        before = self.seconds
        try:
            with _deterministic(self.settings), _bar(self.settings, self.step, progress) as bar:
                if not resumed:
                    self._record()
                while self.step < self.settings.steps:
                    loss = self._train_step()
                    if self.step % LOOK_EVERY == 0 or self.step in self.records:
                        self._look(loss, bar)
                    if self.step in self.records:
                        self._record()
                    bar.update()
                    now = time.monotonic()
                    self.seconds = before + now - begun
                    stopped = self.step < self.settings.steps and stop()
                    if stopped or now - saved > SAVE_EVERY:
                        self._save()
                        saved = now
                    if stopped:
                        raise Interrupted(f"stopped after step {self.step} of {self.settings.steps}")
        except (ExperimentError, exact.Diverged):
            self.discard()  # it would only fail again
            raise

    def discard(self) -> None:
        """Remove the checkpoint: of a finished run when its results are written, or of one that failed."""
        self.path.unlink(missing_ok=True)

    def _train_step(self) -> torch.Tensor:
        s = self.settings
        batches = np.stack([draw_batch(self.law, s.batch, s.seed, run, self.step) for run in range(s.runs)])
        index = torch.from_numpy(batches).to(s.device).repeat(len(s.negatives), 1)  # (models, 3 batch)
        losses = self.stack.backward(
            self.law.images[index], lambda z, models: contrastive_losses(z, self.counts[models])
        )
        self.optimizer.step()
        self.step += 1
        return losses

    def _look(self, losses: torch.Tensor, bar: tqdm) -> None:
        mean = float(losses.mean())
        if not math.isfinite(mean):
            run = int((~torch.isfinite(losses)).nonzero()[0, 0]) % self.settings.runs
            raise ExperimentError(f"training diverged: the loss of run {run} is no longer finite by step {self.step}; "
                                  f"try an lr below {self.settings.lr}")  # fmt: skip
        bar.set_postfix_str(f"mini-batch loss {mean:.3f}", refresh=False)

    def _record(self) -> None:
        """Evaluate every model exactly on the evaluation law, and assert the theorems."""
        at, s = self.records.index(self.step), self.settings
        for model, z in enumerate(self.stack.embed(self.evaluated.images)):
            group, run = divmod(model, s.runs)
            values = [math.nan, math.nan, *exact.norms(z)]
            if not math.isfinite(values[3]):
                raise ExperimentError(f"training diverged: an output of run {run} is not finite at step {self.step}; "
                                      f"try an lr below {s.lr}")  # fmt: skip
            if s.figure != "figure3":
                values[0] = exact.unsupervised_losses(z, self.evaluated.counts, s.negatives[group : group + 1])[0]
                values[1] = exact.supervised_loss(z, self.evaluated.counts)
                self.factors[group].assert_hold(values[0], values[1], f"run {run}, step {self.step}")
            for name, value in zip(CURVES, values, strict=True):
                self.curves[name][group, run, at] = value

    def _save(self) -> None:
        state = {
            "parameters": {key: value.detach() for key, value in self.stack.parameters.items()},
            "optimizer": self.optimizer.state_dict(),
            "curves": {name: torch.from_numpy(curve) for name, curve in self.curves.items()},
            "step": self.step,
            "seconds": self.seconds,
        }
        checkpoint.save(self.path, state)

    def _resume(self) -> bool:
        state = checkpoint.load(self.path)
        if state is None:
            return False
        self.stack.load(state["parameters"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.curves = {name: curve.numpy() for name, curve in state["curves"].items()}
        self.step, self.seconds = state["step"], state["seconds"]
        return True


def _bar(settings: Settings, step: int, progress: bool) -> tqdm:
    # disable=None: no bar where the output is no terminal
    disable = None if progress else True
    return tqdm(total=settings.steps, initial=step, desc=settings.name, unit="step", disable=disable, leave=False)


@contextlib.contextmanager
def _deterministic(settings: Settings):
    """The same numbers for a seed on a device: deterministic kernels, no TF32. The process's settings are put back."""
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32
    cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32 = True, False, False, False
    try:
        # on a CPU the processors take a part of the models each
        with one_thread() if settings.device == "cpu" else contextlib.nullcontext():
            yield
    finally:
        cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32 = before
