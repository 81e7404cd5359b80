"""Many independent trainings on all processors: each result is kept at once, and a stopped command goes on."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from course.threads import one_thread
from experiments.running import ExperimentError, Interrupted, Stop


class Journal:
    """Results of finished jobs in a file, a line each, so that nothing is trained twice.

    `discard` it when the results are written, or keep it, so that more runs of the same add what is missing.

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


def digest(*paths: Path) -> str:
    """Of files, and of the files in folders, that decide the results."""
    found = hashlib.sha256()
    for path in paths:
        for file in sorted(path.glob("*")) if path.is_dir() else [path]:
            found.update(file.read_bytes())
    return found.hexdigest()


def run_all(
    jobs: Sequence[Hashable],
    work: Callable,
    start: Callable,
    arguments: tuple,
    journal: Journal,
    device: str,
    processes: int | None = None,
) -> dict[Any, Any]:
    """job -> what `work(job)` returned (JSON, so that it can be kept). Each process begins with `start(*arguments)`.

    processes: at once, one thread each (default: one a processor; on a GPU one); a single one is this process.
    Raises Interrupted after Ctrl-C: what runs in other processes is lost, the finished jobs are in the journal.
    """
    waiting = [job for job in jobs if repr(job) not in journal.found]
    processes = min(processes or os.cpu_count() or 1, len(waiting)) if device == "cpu" else 1
    bar = tqdm(total=len(jobs), initial=len(jobs) - len(waiting), unit="run", disable=None, leave=False)
    with Stop() as stop, bar:
        finished = (_here if processes < 2 else partial(_apart, processes, stop))(waiting, work, start, arguments)
        for job, result in finished:
            journal.add(repr(job), result)
            bar.update()
            if stop():
                finished.close()
    kept = sum(repr(job) in journal.found for job in jobs)
    if kept < len(jobs):
        raise Interrupted(f"stopped; {kept} of {len(jobs)} runs are finished and kept")
    return {job: journal.found[repr(job)] for job in jobs}


def _here(jobs: Sequence[Hashable], work: Callable, start: Callable, arguments: tuple) -> Iterator[tuple[Any, Any]]:
    """One job after the other, in this process."""
    if jobs:
        start(*arguments)
    with one_thread():
        for job in jobs:
            yield job, work(job)


def _apart(
    processes: int, stop: Stop, jobs: Sequence[Hashable], work: Callable, start: Callable, arguments: tuple
) -> Iterator[tuple[Any, Any]]:
    """As many jobs at once as there are processes, as they finish, until `stop` says so."""
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _begin, (start, arguments))
    running = {pool.submit(work, job): job for job in jobs}
    try:
        while running and not stop():
            done, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future.result()
    except BrokenProcessPool as error:
        raise ExperimentError("a training process was killed, for want of memory perhaps") from error
    finally:
        pool.shutdown(wait=not running, cancel_futures=True)
        for child in multiprocessing.active_children() if running else ():
            child.terminate()


def _begin(start: Callable, arguments: tuple) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes: the first one decides
    torch.set_num_threads(1)
    start(*arguments)
