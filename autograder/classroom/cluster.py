"""A class on the workers of a Dask scheduler: a notebook's bytes go there, a record comes back, no disk is shared.

Each worker has one job at a time and says first which course is installed there. So when a worker dies it is known at whose
submission it was: that one is tried once more elsewhere, last, and nobody else is the worse for it. Dask's own way, to hand
on whatever a dead worker had been given, would try a submission that kills its worker four times and suspect its neighbours.
"""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from threading import Event
from typing import Any

from autograder.classroom.crew import TRIES, grade_one
from autograder.grading.jobs import Job, Result
from autograder.grading.version import checks_version, sources_version
from autograder.sandbox.errors import SandboxError
from autograder.submission.notebook import SubmissionError
from autograder.units.manifest import load_unit

PROCESS = secrets.token_hex(8)  # tells a worker from the one that comes back at its address
PACKAGES = ("distributed", "numpy", "scipy", "torch")
PATIENCE = 20  # seconds until a scheduler answers
LOOK = 1.0  # seconds between two looks at who is there


class ClusterError(SandboxError):
    """The cluster cannot grade this class; what has been graded is kept."""


def introduction(unit: str) -> dict[str, str]:
    """Runs on a worker: which process it is, and the versions of what decides a grade."""
    return {
        "process": PROCESS,
        "the course": sources_version(),
        f"the checks of {unit}": checks_version(load_unit(unit)),
        "Python": f"{sys.version_info.major}.{sys.version_info.minor}",
        **{name: version(name).partition("+")[0] for name in PACKAGES},
    }


def graded(job: bytes, process: str) -> bytes:
    """Runs on a worker: a packed result, empty where the worker is no longer the process that introduced itself."""
    return grade_one(Job.unpack(job)).pack() if process == PROCESS else b""


def grade_on(address: str, jobs: Sequence[Job], unit: str) -> Iterator[Result]:
    """A result for each job (one a student), as they come; workers may die, come back and be added meanwhile.

    Raises ClusterError where no scheduler answers, a worker's course differs from this one, or the scheduler is lost.
    """
    waiting, tries = deque(jobs), Counter()
    known: dict[str, str] = {}  # address of a worker that has introduced itself -> its process
    begun: dict[Any, tuple[str, Job | None]] = {}  # future -> worker, and its job; None: the introduction
    stirred = Event()
    with _connected(address) as client:
        ours = introduction(unit)
        while waiting or any(job for _, job in begun.values()):
            present = _workers(client, address)
            for future, (worker, job) in list(begun.items()):
                if not future.done() and worker in present:
                    continue
                del begun[future]
                answer = _answer(future, worker, job)
                if job is None:
                    if answer:
                        _require_same(ours, answer, worker)
                        known[worker] = answer["process"]
                elif answer:
                    yield answer
                else:  # the worker is gone, and perhaps another has come at its address
                    known.pop(worker, None)
                    tries[job.student] += 1
                    if tries[job.student] < TRIES:
                        waiting.append(job)  # last: whatever it does, the others come first
                    else:
                        reason = f"its grading was tried {TRIES} times: the worker ended each time (last: {worker})"
                        yield Result(job.student, error=reason)
            known = {worker: process for worker, process in known.items() if worker in present}
            busy = {worker for worker, _ in begun.values()}
            for worker in sorted(present - busy):
                if not waiting:
                    break
                if worker not in known:
                    begun[_submit(client, stirred, worker, introduction, unit)] = (worker, None)
                    continue
                job = waiting.popleft()
                try:
                    content = job.loaded().pack()
                except SubmissionError as error:
                    yield Result(job.student, error=str(error))
                    continue
                begun[_submit(client, stirred, worker, graded, content, known[worker])] = (worker, job)
            stirred.wait(LOOK)
            stirred.clear()


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Any]:
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ClusterError(
            f"--scheduler needs Dask ({error}): pip install -c constraints.txt -e '.[cluster]'"
        ) from error
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError, AssertionError) as error:
        # TypeError: tls:// without certificates in Dask's configuration; AssertionError: its thread had no turn for 10 s
        raise ClusterError(f"no Dask scheduler answers at {address!r}: {error}") from error
    with client:
        count = len(_workers(client, address))
        print(
            f"{count} worker{'' if count == 1 else 's'} at {address}{'' if count else ': waiting for one'}", flush=True
        )
        yield client


def _workers(client: Any, address: str) -> set[str]:
    """Addresses of the workers that the scheduler has at this moment."""
    if client.status not in ("running", "connecting"):
        raise ClusterError(f"the scheduler at {address} is gone; what was graded is kept, the same command goes on")
    return set(client.scheduler_info()["workers"])


def _submit(client: Any, done: Event, worker: str, function: Any, *arguments: Any) -> Any:
    """The future of a call on that worker and no other; `done` is set when it is.

    The function travels by name, as text: one that is sent itself, and is not there, ends a Dask worker.
    """
    call = f"__import__('importlib').import_module({function.__module__!r}).{function.__name__}(*arguments)"
    future = client.submit(eval, call, {"arguments": arguments}, workers=[worker], pure=False)
    future.add_done_callback(lambda _: done.set())
    return future


def _answer(future: Any, worker: str, job: Job | None) -> Any:
    """What a worker answered, None where it died; an introduction's plain data or a job's result."""
    from distributed import KilledWorker

    if not future.done():  # its worker is gone, and it waits for that one
        future.cancel()
        return None
    if future.status in ("cancelled", "lost"):
        raise ClusterError("the scheduler was restarted; what was graded is kept, the same command goes on")
    problem = future.exception()
    if isinstance(problem, KilledWorker):
        return None
    if job is None:
        if problem:
            raise ClusterError(f"worker {worker} has not the course that is here: {type(problem).__name__}: {problem}")
        return future.result()
    if problem:
        return Result(job.student, error=f"worker {worker} failed: {type(problem).__name__}: {str(problem)[:300]}")
    if not future.result():
        return None
    result = Result.unpack(future.result())
    return Result(job.student, error=f"worker {worker}: {result.error}", fatal=True) if result.fatal else result


def _require_same(ours: dict[str, str], theirs: dict[str, str], worker: str) -> None:
    for name in ours:
        if name != "process" and ours[name] != theirs.get(name):
            raise ClusterError(
                f"worker {worker} has {name} {theirs.get(name)}, here it is {ours[name]}: install the same course on all "
                "machines, with the same constraints.txt"
            )
