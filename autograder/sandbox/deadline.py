"""How long an answer may take: seconds of a processor that is free, so that a busy machine costs nobody points.

The kernel counts for each thread how long it was ready to run and had no processor (/proc/PID/task/TID/schedstat). By
that much a deadline moves, up to MOST times as long as it was: waiting for a lock, a clock or a reader moves nothing.
Where the kernel does not say, a deadline is one of the clock.
"""

from __future__ import annotations

import contextlib
import math
import time
from pathlib import Path

MOST = 5.0


class Deadline:
    """Called, it gives the seconds that are left.

    seconds  of a free processor
    root     the process whose descendants work; None: the clock alone counts
    ends     a time.monotonic() value that nothing moves
    """

    def __init__(self, seconds: float, root: int | None = None, ends: float = math.inf):
        self.seconds, self.root, self.ends = seconds, root, ends
        self.started = time.monotonic()
        self.before = waited(root)

    def __call__(self) -> float:
        left = self.started + self.seconds - time.monotonic()
        if left <= 0 and self.root is not None:
            left += self._without_a_processor()
        return min(left, self.ends - time.monotonic())

    def _without_a_processor(self) -> float:
        """How long the thread that fared worst was kept waiting since the beginning."""
        found = [seconds - self.before.get(thread, 0.0) for thread, seconds in waited(self.root).items()]
        return min(max(found, default=0.0), (MOST - 1) * self.seconds)


def waited(root: int | None) -> dict[str, float]:
    """Thread -> seconds for which it was ready and had no processor, of a process and its descendants."""
    found, processes = {}, [] if root is None else [str(root)]
    while processes:
        with contextlib.suppress(OSError, ValueError, IndexError):  # it has ended meanwhile, or there is no /proc
            for thread in Path("/proc", processes.pop(), "task").iterdir():
                found[thread.name] = int((thread / "schedstat").read_text().split()[1]) / 1e9
                processes += (thread / "children").read_text().split()
    return found
