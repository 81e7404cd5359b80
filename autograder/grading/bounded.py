"""Work on what a student sent, in a process that may die of it.

Comparison and properties see answers of a stranger's code. They run in a fork with limits of its own; what it finds out
comes back as lines of JSON, one for each step, so that an overrun costs the step it happened in and nothing else.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

LINE_CAP = 2**20  # bytes of one step's result
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Allowance:
    """What the grader's own side may spend on one submission. Memory is beyond what the process already maps."""

    memory_bytes: int = 1536 * 2**20
    cpu_seconds: float = 60.0
    step_cpu_seconds: float = 20.0


class Ended(Exception):
    """The fork ended before it had done its work. status is memory, timeout, crash, or killed (by somebody else)."""

    def __init__(self, status: str, cpu_seconds: float):
        super().__init__(status)
        self.status, self.cpu_seconds = status, cpu_seconds


class Fault(RuntimeError):
    """What ran in the fork raised an error that is not the student's: the text of it."""


def steps(work: Callable[[], Iterator[dict]], allowance: Allowance, wall_seconds: float) -> Iterator[dict[str, Any]]:
    """What `work` yields, computed in a fork. Raises Ended when the fork dies, with what it had spent; Fault when `work`
    itself raises anything but MemoryError.

    work          yields dicts of what JSON can hold; each `next` may spend `step_cpu_seconds`
    wall_seconds  for all steps together, waiting for the student's side included
    """
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _child(work, allowance, writer)
    os.close(writer)
    finished, late = False, True  # as long as nothing else is known: a caller that stops asking wants it to end
    try:
        for line in _lines(reader, time.monotonic() + wall_seconds):
            message = json.loads(line)
            if "fault" in message:
                raise Fault(message["fault"])
            finished = message.get("finished", False)
            if not finished:
                yield message
        late = False  # the other side has closed the pipe: it has ended, or is about to
    except TimeoutError:
        pass
    finally:
        os.close(reader)
        status, usage = _reap(pid, patience=0.0 if late else 5.0)
    if not finished:
        raise Ended("timeout" if late else _status(status), usage.ru_utime + usage.ru_stime)


def _reap(pid: int, patience: float) -> tuple[int, resource.struct_rusage]:
    """Wait for a process that is about to end; end it when it does not."""
    until = time.monotonic() + patience
    while True:
        found, status, usage = os.wait4(pid, os.WNOHANG)
        if found:
            return status, usage
        if time.monotonic() >= until:
            os.kill(pid, signal.SIGKILL)
            _, status, usage = os.wait4(pid, 0)
            return status, usage
        time.sleep(0.002)


def _status(status: int) -> str:
    if os.WIFSIGNALED(status):
        return {signal.SIGXCPU: "timeout", signal.SIGKILL: "killed"}.get(os.WTERMSIG(status), "crash")
    return "memory" if os.WEXITSTATUS(status) == MEMORY_EXIT else "crash"


MEMORY_EXIT = 77


def _child(work: Callable[[], Iterator[dict]], allowance: Allowance, writer: int) -> None:
    code = 1
    try:
        if sys.platform.startswith("linux"):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        faulthandler.disable()  # an end by a signal is an answer here, not a mystery
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair: it ends this process then
        _limit_memory(allowance.memory_bytes)
        for message in _with_time(work(), allowance):
            _write(writer, message)
        _write(writer, {"finished": True})
        code = 0
    except MemoryError:
        code = MEMORY_EXIT
    except Exception as error:  # our own mistake, or a broken sandbox: never a verdict
        with contextlib.suppress(OSError):
            _write(writer, {"fault": f"{type(error).__name__}: {str(error)[:500]}"})
    finally:
        os._exit(code)


def _with_time(messages: Iterator[dict], allowance: Allowance) -> Iterator[dict]:
    """Each step with its processor time, all of them within the whole: SIGXCPU ends the process at either."""
    while True:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        used = usage.ru_utime + usage.ru_stime
        soft = int(min(used + allowance.step_cpu_seconds, allowance.cpu_seconds)) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
        try:
            yield next(messages)
        except StopIteration:
            return


def _limit_memory(extra: int) -> None:
    with contextlib.suppress(OSError), open("/proc/self/statm", encoding="ascii") as file:
        mapped = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + extra, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _write(descriptor: int, message: dict) -> None:
    data = json.dumps(message).encode() + b"\n"
    if len(data) > LINE_CAP:
        raise ValueError(f"a step's result of {len(data)} bytes is over the cap of {LINE_CAP}")
    while data:
        data = data[os.write(descriptor, data) :]


def _lines(descriptor: int, deadline: float) -> Iterator[bytes]:
    """Complete lines until the other side closes. Raises TimeoutError when the deadline passes first."""
    rest = b""
    while True:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        chunk = os.read(descriptor, 2**16)
        if not chunk:
            return
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        if len(rest) > LINE_CAP:
            return
