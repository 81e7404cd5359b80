"""How many processes may grade at once: all of them together, at their limits, fit the memory that is free."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from autograder.grading.bounded import Allowance
from autograder.sandbox.process import Limits

# torch, numpy and course, mapped by the warm process and by the one that grades (0.2 GB each, measured: make bench)
BASE_BYTES = 512 * 2**20
LEAST_BYTES = 512 * 2**20  # of a student's code: with less, honest answers fail


@dataclass(frozen=True)
class Plan:
    workers: int
    memory_bytes: int  # of a student's code
    free_bytes: int

    @property
    def worker_bytes(self) -> int:
        return self.memory_bytes + Limits.tmp_bytes + Allowance.memory_bytes + BASE_BYTES

    def __str__(self) -> str:
        gigabyte = 2**30
        return (
            f"{self.workers} worker{'s' if self.workers > 1 else ''}, each at most {self.worker_bytes / gigabyte:.1f} GB "
            f"(a student's code {self.memory_bytes / gigabyte:.1f}); {self.free_bytes / gigabyte:.1f} GB are free here"
        )


def plan(wanted: int = 0, memory_bytes: int = 0, free_bytes: int | None = None) -> Plan:
    """As many workers as wanted (0: processors), or as fit. Where not even one fits, a student's code gets less.

    Raises MemoryError with both numbers where a single worker with the least memory does not fit.
    """
    free = free_memory() if free_bytes is None else free_bytes
    one = Plan(1, memory_bytes or Limits.memory_bytes, free)
    fitting = free // one.worker_bytes
    if fitting >= 1:
        return Plan(min(wanted or os.cpu_count() or 1, fitting), one.memory_bytes, free)
    rest = free - (one.worker_bytes - one.memory_bytes)
    if rest < LEAST_BYTES:
        need = one.worker_bytes - one.memory_bytes + LEAST_BYTES
        raise MemoryError(f"grading takes up to {need / 2**30:.1f} GB of memory, {free / 2**30:.1f} GB are free here")
    return Plan(1, rest, free)


def free_memory() -> int:
    """Bytes that this process's group may still take: what the kernel calls available, and what a container leaves."""
    try:
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
        free = int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([free, *_container_rests()])


def _container_rests() -> list[int]:
    """What control groups leave, version 2 and version 1; nothing where there is no limit."""
    rests = []
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        try:
            rests.append(int(Path(limit).read_text(encoding="ascii")) - int(Path(used).read_text(encoding="ascii")))
        except (OSError, ValueError):  # no such group, or "max"
            continue
    return [rest for rest in rests if rest > 0]
