"""One submission's code, loaded in a fork of the sandbox, answering calls until it dies; then loaded again.

Cells are run in the order of the notebook, as far as `advance` says, so that a function can be asked in the state in
which its check stands.

What the student's side can do wrong is turned into an Outcome or a SessionEnd; what our side does wrong is a
SandboxError, which is never a grade.
"""

from __future__ import annotations

import builtins
import itertools
import os
import signal
import time
import unicodedata

import numpy as np

from autograder.child import wire
from autograder.sandbox import Fork, Limits, Sandbox
from course.check.call import MAX_MESSAGE, Outcome
from course.check.case import Case

KNOWN_ERRORS = {name for name in dir(builtins) if isinstance(getattr(builtins, name), type)} | {
    "OutOfMemoryError",
    "LinAlgError",
    "AxisError",
}


class SessionEnd(Exception):
    """The student's process ended instead of answering: status timeout, memory or crash, and one line that says how."""

    def __init__(self, status: str, message: str):
        super().__init__(message)
        self.status = status
        self.message = message


class Session:
    def __init__(self, sandbox: Sandbox, setup: str, cells: list[str], limits: Limits):
        self.sandbox, self.setup, self.limits = sandbox, setup, limits
        self.cells = list(cells)
        self.loaded = 0  # cells run in the present fork
        self.target = 0  # cells to run before the next question
        self.asked = False  # whether the student's code has seen hidden inputs
        self.notes: list[str] = []
        self.cell_errors: dict[str, str] = {}
        self.ends = time.monotonic() + limits.wall_seconds
        self.ids = itertools.count(1)
        self.fork: Fork | None = None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *exc) -> None:
        self.close()

    def close(self) -> None:
        if self.fork is not None:
            self.fork.kill()
        self.fork, self.loaded = None, 0

    def advance(self, target: int) -> None:
        """Run the cells before number `target`. Going back means starting again."""
        if target < self.loaded:
            self.close()
        self.target = target
        self._load()

    def _load(self) -> None:
        """Bring the fork to `target`. A cell that ends the process is left out and the rest is loaded again."""
        while self.fork is None or self.loaded < self.target:
            if self.fork is None:
                self.fork, self.loaded = self.sandbox.open(self.limits), 0
                self._send_and_receive({"op": "cell"}, self.setup, self._cell_deadline())
            if self.loaded < self.target:
                self._run_cell(self.loaded)

    def _run_cell(self, index: int) -> None:
        source = self.cells[index]
        self.loaded = index + 1
        if not source.strip():
            return
        try:
            answer = self._send_and_receive({"op": "cell"}, source, self._cell_deadline())
        except SessionEnd as end:
            if time.monotonic() >= self.ends:
                raise
            self.notes.append(f"a cell was left out, it {end.message}: {_first_line(source)}")
            self.cells[index] = ""
            return
        if isinstance(answer, dict) and isinstance(answer.get("error"), list):
            kind, message = _error(answer["error"])
            if kind != "NotImplementedError":
                line = answer.get("line")
                where = f"line {line} of " if isinstance(line, int) else ""
                # once inputs have been seen, a message could carry them out
                told = f": {message}" if message and not self.asked else ""
                self.cell_errors[source] = f"{where}the cell `{_first_line(source)}`: {kind}{told}"

    def _cell_deadline(self) -> float:
        return time.monotonic() + self.limits.cell_seconds

    def calls(self, name: str, cases: list[Case], deadline: float) -> list[Outcome]:
        """The outcome of each case, asked in one request."""
        # only what a call needs: neither the label, nor whether it must raise, nor how it is judged
        trees = [{name: getattr(case, name) for name in ("args", "kwargs", "grad", "inference")} for case in cases]
        return self._outcomes({"op": "calls", "name": name}, trees, deadline, len(cases))

    def number(self, name: str, deadline: float) -> list[Outcome]:
        return self._outcomes({"op": "number", "name": name}, None, deadline, 1)

    def _outcomes(self, head: dict, tree, deadline: float, count: int) -> list[Outcome]:
        self._load()
        self.asked = True
        answers = self._ask(head, tree, deadline)
        if not isinstance(answers, list) or len(answers) != count:
            self.close()
            raise SessionEnd("crash", "sent something else than an answer")
        return [_outcome(answer) for answer in answers]

    def _ask(self, head: dict, tree, deadline: float):
        self._load()
        return self._send_and_receive(head, tree, deadline)

    def _send_and_receive(self, head: dict, tree, deadline: float):
        number = next(self.ids)
        deadline = min(deadline, self.ends)
        try:
            self.fork.calls.settimeout(max(0.001, deadline - time.monotonic()))
            wire.send(self.fork.calls, {**head, "id": number}, tree)
            answer = wire.receive(self.fork.calls, deadline)
        except wire.Timeout:
            self.close()
            raise SessionEnd("timeout", "did not finish in time") from None
        except wire.WireError as error:
            raise self._end(str(error)) from None
        if answer[0].get("id") != number:
            self.close()
            raise SessionEnd("crash", "answered a question that was not asked")
        return answer[1]

    def _end(self, reason: str) -> SessionEnd:
        """What became of the process: from its wait status, or from the frame that was none."""
        status = self.fork.kill()
        self.fork, self.loaded = None, 0
        if "closed" not in reason and "lost" not in reason:
            return SessionEnd("crash", "sent something else than an answer")
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
            if name in ("SIGXCPU", "SIGKILL"):
                return SessionEnd("timeout", f"used more processor time than allowed ({name})")
            return SessionEnd("crash", f"was ended by {name}")
        return SessionEnd("crash", f"ended its process with exit code {os.WEXITSTATUS(status)}")


def _outcome(answer) -> Outcome:
    """What the child says of one call; anything that is not of the expected form counts as no answer."""
    if not isinstance(answer, dict):
        return Outcome(error=("TypeError", "no answer"))
    if "error" in answer:
        return Outcome(error=_error(answer["error"]))
    reason, grads = answer.get("gradient_error"), answer.get("grads")
    reason = clean(reason) if isinstance(reason, str) else None
    if not isinstance(grads, list) or not all(isinstance(g, np.ndarray) and g.dtype.kind in "fiu" for g in grads):
        grads = None
    return Outcome(
        answer.get("value"), None if grads is None else tuple(grads), None, reason, answer.get("changed") is True
    )


def _error(error) -> tuple[str, str]:
    """(type name, message) of an error that the child reports; the name of a type can be any text, so only names of
    Python's own errors are repeated."""
    kind, message = (clean(str(part)) for part in (*error, "", "")[:2]) if isinstance(error, list) else ("", "")
    return (kind if kind in KNOWN_ERRORS else "an error of its own"), message


def clean(text: str) -> str:
    """One line without control, format and surrogate characters, of bounded length."""
    shown = "".join(" " if unicodedata.category(c).startswith(("C", "Z")) else c for c in text[:MAX_MESSAGE])
    return shown.strip()


def _first_line(source: str) -> str:
    return clean(next((line.strip() for line in source.split("\n") if line.strip()), "")[:80])
