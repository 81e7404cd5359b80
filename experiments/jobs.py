"""Many independent trainings on all processors: each result is kept at once, and a stopped command goes on."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from experiments.running import ExperimentError, Interrupted, Stop


class Journal:
    """Results of finished jobs in a file, a line each, so that nothing is trained twice; `discard` it in the end.

    fingerprint: all that decides the results besides the job (settings, data, notebook); another one, another file.
    """

    def __init__(self, folder: Path, name: str, fingerprint: str):
        digest = hashlib.sha256(fingerprint.encode()).hexdigest()[:12]
        self.path = folder / f".{name}_{digest}.checkpoint"
        self.found: dict[str, Any] = {}
        if self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                try:
                    key, result = json.loads(line)
                except ValueError:  # the line that was being written when the machine stopped
                    continue
                self.found[key] = result

    def add(self, key: str, result: Any) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([key, result]) + "\n")
        self.found[key] = result

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)


def run_all(
    jobs: Sequence[Hashable], work: Callable, start: Callable, arguments: tuple, journal: Journal, device: str
) -> Mapping[Any, Any]:
    """job -> what `work(job)` returned (JSON, so that it can be kept). Each process begins with `start(*arguments)`.

    Raises Interrupted after Ctrl-C: the running jobs are lost, the finished ones are in the journal.
    """
    waiting = [job for job in jobs if repr(job) not in journal.found]
    workers = min(len(waiting), os.cpu_count() or 1) if device == "cpu" else 1
    if waiting:
        bar = tqdm(total=len(jobs), initial=len(jobs) - len(waiting), unit="run", disable=None, leave=False)
        with Stop() as stop, bar:
            pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin, (start, arguments))
            try:
                running = {pool.submit(work, job): job for job in waiting}
                while running:
                    done, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                    for future in done:
                        journal.add(repr(running.pop(future)), future.result())
                        bar.update()
                    if running and stop():
                        raise Interrupted(f"stopped after {len(jobs) - len(running)} of {len(jobs)} runs")
            except BrokenProcessPool as error:
                raise ExperimentError("a training process was killed, for want of memory perhaps") from error
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for child in multiprocessing.active_children():
                    child.terminate()
                raise
            pool.shutdown()
    return {job: journal.found[repr(job)] for job in jobs}


def _begin(start: Callable, arguments: tuple) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes: the first one decides
    torch.set_num_threads(1)
    start(*arguments)
