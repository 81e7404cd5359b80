"""Processes that grade: started clean, one job at a time, replaced when they die. The caller only sends and receives.

A submission that takes its process with it is tried once more, in a fresh process, and then is that student's result. The
processes are forked from a clean server (multiprocessing's forkserver) which has imported everything once.
"""

from __future__ import annotations

import atexit
import contextlib
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import forkserver, get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess, current_process
from threading import Lock

from autograder.grading.jobs import JOB_SECONDS, Job, Result, serve
from autograder.submission.notebook import SubmissionError

TRIES = 2
PRELOADED = ["autograder.grading.quick", "autograder.grading.grade", "autograder.grading.rebuilt"]


@dataclass
class Worker:
    """A process that grades, the job that it is at (None: idle), and when it must have answered."""

    process: BaseProcess
    connection: Connection
    job: Job | None = None
    deadline: float = 0.0

    def give(self, job: Job) -> None:
        """Raises SubmissionError where the job's file cannot be read."""
        content = job.loaded().pack()
        self.job, self.deadline = job, time.monotonic() + JOB_SECONDS
        with contextlib.suppress(OSError):  # a process that is gone is noticed when it is asked for its answer
            self.connection.send_bytes(content)

    def answer(self) -> Result | None:
        """The result it has sent, None when it is gone or late."""
        try:
            if not self.connection.poll():
                return None
            result = Result.unpack(self.connection.recv_bytes())
        except (EOFError, OSError, ValueError):
            return None
        return result if self.job and result.student == self.job.student else None

    def end(self) -> None:
        self.connection.close()  # which it takes for the end, when it is idle
        self.process.join(0 if self.job else 3)
        self.process.kill()
        self.process.join()


def prepare() -> None:
    """Start the server from which workers are forked: it imports torch while the caller does something else."""
    get_context("forkserver").set_forkserver_preload(PRELOADED)
    forkserver.ensure_running()


def start_worker() -> Worker:
    prepare()
    context = get_context("forkserver")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    with _may_have_children():
        process.start()
    theirs.close()
    return Worker(process, ours)


@contextlib.contextmanager
def _may_have_children() -> Iterator[None]:
    """A Dask worker is a daemon, to which multiprocessing refuses children lest they outlive it; ours end with their
    connection."""
    settings = current_process()._config
    before = settings.get("daemon")
    settings["daemon"] = False
    try:
        yield
    finally:
        settings["daemon"] = before


class Crew:
    """`count` processes that grade. They start with the first jobs and end with `close`."""

    def __init__(self, count: int):
        self.count = count
        self.workers: list[Worker] = []

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *exc) -> None:
        self.close()

    def close(self) -> None:
        for worker in self.workers:  # all of them first: they end at the same time
            worker.connection.close()
        for worker in self.workers:
            worker.end()
        self.workers = []

    def start(self, jobs: int) -> None:
        """As many processes as that many jobs can use; they get ready while the caller does something else."""
        while len(self.workers) < min(self.count, jobs):
            self.workers.append(start_worker())

    def grade(self, jobs: Sequence[Job]) -> Iterator[Result]:
        """A result for each job (one a student), in the order in which they are ready."""
        self.start(len(jobs))
        waiting, tries = deque(jobs), dict.fromkeys((job.student for job in jobs), 0)
        while waiting or any(worker.job for worker in self.workers):
            for worker in self.workers:
                while worker.job is None and waiting:
                    job = waiting.popleft()
                    try:
                        worker.give(job)
                    except SubmissionError as error:
                        yield Result(job.student, error=str(error))
            for worker in _stirred(self.workers):
                job, result = worker.job, worker.answer()
                if result is None:
                    reason = self._replace(worker)
                    tries[job.student] += 1
                    if tries[job.student] < TRIES:
                        waiting.append(job)  # last: whatever it does, the others come first
                        continue
                    result = Result(job.student, error=f"its grading was tried {TRIES} times: {reason}")
                worker.job = None
                yield result

    def _replace(self, worker: Worker) -> str:
        """Why a worker does not answer; a fresh one is put in its place."""
        late = worker.process.is_alive() and worker.deadline <= time.monotonic()
        worker.end()
        self.workers[self.workers.index(worker)] = start_worker()
        if late:
            return f"it did not end within {JOB_SECONDS:.0f} s"
        code = worker.process.exitcode
        return (
            f"the grader's process was ended by signal {-code}" if code and code < 0 else "the grader's process ended"
        )


_ONE_AT_A_TIME = Lock()  # a Dask worker may have several threads


@lru_cache(maxsize=1)
def standing_crew() -> Crew:
    """One process that grades for whoever asks again and again (nbgrader, a Dask worker); it ends with this process."""
    crew = Crew(1)
    atexit.register(crew.close)
    return crew


def grade_one(job: Job) -> Result:
    with _ONE_AT_A_TIME:
        return next(iter(standing_crew().grade([job])))


def _stirred(workers: list[Worker]) -> list[Worker]:
    """Busy workers that have sent something, have died, or are late."""
    busy = [worker for worker in workers if worker.job]
    if not busy:
        return []
    first = min(worker.deadline for worker in busy)
    things = {worker.connection: worker for worker in busy} | {worker.process.sentinel: worker for worker in busy}
    ready = wait(list(things), timeout=max(0.0, first - time.monotonic()))
    stirred = {id(things[thing]): things[thing] for thing in ready}
    return list(stirred.values()) or [worker for worker in busy if worker.deadline <= time.monotonic()]
