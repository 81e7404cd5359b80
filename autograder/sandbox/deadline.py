"""How long an answer may take: seconds of a processor that is free, so that a busy machine costs nobody points.

The kernel counts for each thread how long it ran, and how long it was ready to run and had no processor
(/proc/PID/task/TID/schedstat). By the latter a deadline moves, up to MOST times as long as it was, as long as the work has
not had its seconds of a processor: waiting for a lock, a clock or a reader moves nothing, and neither does a crowd of
processes in each other's way. Where the kernel does not say, a deadline is one of the clock.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import NamedTuple

MOST = 5.0


class Deadline:
    """Called, it gives the seconds that are left.

    seconds  of a free processor
    root     the process whose descendants work; None: the clock alone counts
    within   a longer deadline that holds as well
    """

    def __init__(self, seconds: float, root: int | None = None, within: Deadline | None = None):
        self.seconds, self.root, self.within = seconds, root, within
        self.started = time.monotonic()
        self.before = spent(root)

    def __call__(self) -> float:
        left = self.started + self.seconds - time.monotonic()
        if left <= 0 and self.root is not None:
            left += self._without_a_processor()
        return left if self.within is None else min(left, self.within())

    def _without_a_processor(self) -> float:
        """How long the thread that fared worst was kept waiting since the beginning; 0 when all have run long enough."""
        ran, waited = 0.0, 0.0
        for thread, now in spent(self.root).items():
            before = self.before.get(thread, Spent(0.0, 0.0))
            if not now.forked:  # a process with children is a warm one, that prepares itself meanwhile
                ran += now.ran - before.ran
                waited = max(waited, now.waited - before.waited)
        return min(waited, (MOST - 1) * self.seconds) if ran < self.seconds else 0.0


class Spent(NamedTuple):
    """Of a thread: seconds for which it ran, and was ready but had no processor; whether it has started processes."""

    ran: float
    waited: float
    forked: bool = False


def spent(root: int | None) -> dict[str, Spent]:
    """What the threads of a process and of its descendants have had of a processor, by their numbers."""
    found, processes = {}, [] if root is None else [str(root)]
    while processes:
        with contextlib.suppress(OSError, ValueError, IndexError):  # it has ended meanwhile, or there is no /proc
            for thread in Path("/proc", processes.pop(), "task").iterdir():
                ran, waited = (thread / "schedstat").read_text().split()[:2]
                children = (thread / "children").read_text().split()
                found[thread.name] = Spent(int(ran) / 1e9, int(waited) / 1e9, bool(children))
                processes += children
    return found
