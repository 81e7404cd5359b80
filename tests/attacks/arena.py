"""Where attacks are tried: a warm sandbox in a process full of secrets, and what came of a grading."""

from __future__ import annotations

import compileall
import contextlib
import json
import os
import re
import resource
import secrets
import shutil
import socket
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter

from attacks.attack import BASES, SLUG, SOLVED, UNIT, Attack, notebook, written
from autograder.grading.grade import Record, grade
from autograder.grading.rebuilt import rebuilt_notebook, with_verdicts
from autograder.grading.report import record_table
from autograder.sandbox.process import Limits, Sandbox
from autograder.sandbox.protected import DEFAULT_EXCHANGE
from autograder.submission.notebook import Submission, read_submission
from autograder.units.manifest import ROOT

QUICK = replace(Limits(), cell_seconds=2.0, wall_seconds=12.0, cpu_seconds=30, memory_bytes=2**30)
MADE = ".made-by-a-test"
TOTAL = sum(UNIT.checks.values())


@dataclass
class Outcome:
    """A graded attack: its record, and everything that leaves the grader because of it."""

    record: Record
    shown: str
    rebuilt: nbformat.NotebookNode
    seconds: float
    grown: float  # MB by which the grader's own memory peaked higher than before

    def scores(self, points: float) -> None:
        assert self.record.score == points, {n: (c.status, c.message) for n, c in self.record.checks.items()}

    def shows_nothing(self, *texts: str) -> None:
        shown = self.record_text()
        for text in texts:
            assert text not in shown, shown[max(0, shown.find(text) - 100) :][:300]

    def record_text(self) -> str:
        """What the grader says, without the student's own sources."""
        outputs = [cell.get("outputs", []) for cell in self.rebuilt.cells]
        return record_table(self.record) + json.dumps([self.record.to_json(), outputs], ensure_ascii=False)

    def reported(self, what: str) -> float:
        """A number that the attack reported in an error of a cell; 0 where it could not."""
        found = re.search(rf"{what} (\d+)", " ".join(self.record.notes))
        return float(found[1]) if found else 0.0

    def took_less_than(self, seconds: float) -> None:
        assert self.seconds < seconds, f"{self.seconds:.1f} s"

    def renders_within(self, seconds: float) -> None:
        """As nbgrader's feedback and formgrader render it."""
        started = time.monotonic()
        HTMLExporter().from_notebook_node(self.rebuilt)
        assert time.monotonic() - started < seconds

    def keeps_manual(self, name: str) -> None:
        metadata = self._metadata()[name]
        assert metadata["grade"]
        assert metadata["solution"]
        assert metadata["points"] == UNIT.manual[name]

    def has_our_points(self) -> None:
        graded = {n: m["points"] for n, m in self._metadata().items() if m["grade"]}
        assert graded == {f"check_{n}": p for n, p in UNIT.checks.items()} | UNIT.manual
        assert self.record.max_score == TOTAL

    def _metadata(self) -> dict[str, dict]:
        cells = [cell.metadata.get("nbgrader") for cell in self.rebuilt.cells]
        return {m["grade_id"]: m for m in cells if m}


@dataclass
class Arena:
    """The warm sandbox, the planted secrets (where -> text), a listener on this machine's network."""

    sandbox: Sandbox
    folder: Path
    planted: dict[str, str] = field(default_factory=dict)
    connections: list = field(default_factory=list)
    scores: dict[str, float] = field(default_factory=dict)

    @property
    def places(self) -> dict[str, str]:
        places = {"$ROOT": str(ROOT), "$ARENA": str(self.folder), "$PORT": str(self.port)}
        return places | {"$EXCHANGE": str(DEFAULT_EXCHANGE)}

    def plant(self) -> None:
        """Secrets in files, the environment, an open descriptor and this process's memory; a listening port."""
        names = ("gradebook.db", "submitted/ada/x.ipynb", "records/eve.json", "environment", "descriptor", "memory")
        self.planted = {name: f"CANARY-{secrets.token_hex(16)}" for name in names}
        self.planted["solution"] = solution_line()
        for name in names[:3]:
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(self.planted[name])
        os.environ["GRADER_TOKEN"] = self.planted["environment"]
        (self.folder / "open").write_text(self.planted["descriptor"])
        self.descriptor = os.open(self.folder / "open", os.O_RDONLY)
        os.set_inheritable(self.descriptor, True)
        self.exchanged = plant_submission(DEFAULT_EXCHANGE, self.planted["submitted/ada/x.ipynb"])
        compileall.compile_dir(ROOT / "course", quiet=1)  # as running the course would
        self.listeners = [socket.create_server(("127.0.0.1", 0))]
        self.port = self.listeners[0].getsockname()[1]
        for address in (f"\0canary-{self.port}", str(self.folder / "socket")):
            self.listeners.append(socket.socket(socket.AF_UNIX))
            self.listeners[-1].bind(address)
            self.listeners[-1].listen()
        for listener in self.listeners:
            threading.Thread(target=self._listen, args=(listener,), daemon=True).start()
        self.files = self.file_state()

    def _listen(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, address = listener.accept()
                self.connections.append(address)
                connection.close()

    def clear(self) -> None:
        os.environ.pop("GRADER_TOKEN", None)
        if self.exchanged:
            take_away(self.exchanged)
        os.close(self.descriptor)
        for listener in self.listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def file_state(self) -> dict[str, bytes]:
        return {str(p): p.read_bytes() for p in self.folder.rglob("*") if p.is_file()}

    def read(self, content: bytes) -> Submission:
        path = self.folder.with_suffix(".ipynb")
        path.write_bytes(content)
        return read_submission(path, SLUG)

    def grade(self, content: bytes) -> Outcome:
        started = time.monotonic()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        submission = self.read(content)
        record = grade(submission, self.sandbox, limits=QUICK)
        rebuilt = with_verdicts(rebuilt_notebook(submission), record)
        shown = record_table(record) + json.dumps(record.to_json(), ensure_ascii=False) + nbformat.writes(rebuilt)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        return Outcome(record, shown, rebuilt, time.monotonic() - started, grown)

    def baseline(self, attack: Attack) -> float:
        content = attack.baseline()
        key = content.decode()
        if key not in self.scores:
            self.scores[key] = self.grade(content).record.score
        return self.scores[key]

    def honest(self) -> Outcome:
        return self.grade(written(notebook(BASES["solved"])))

    def processes(self) -> set[int]:
        """Everything below the warm process; none can leave that tree, since it ends at the init of a pid namespace."""
        return descendants(self.sandbox.process.pid) if self.sandbox.process else set()

    def assert_untouched(self, outcome: Outcome) -> None:
        leaked = [where for where, secret in self.planted.items() if secret in outcome.shown]
        assert not leaked, f"seen by the student's code: {leaked}"
        assert not self.connections, f"connections from the sandbox: {self.connections}"
        assert self.file_state() == self.files, "planted files changed"
        for place in (self.folder, ROOT, Path("/tmp")):
            assert not (place / "attack-was-here").exists(), f"{place}/attack-was-here"

    def assert_at_rest(self, before: set[int], patience: float = 2.0) -> None:
        """The same processes as before: the warm one still lives, no other has stayed."""
        until = time.monotonic() + patience
        while not (now := self.processes()) <= before and time.monotonic() < until:
            time.sleep(0.02)
        # a process of the submission before may still have been ending when `before` was taken
        assert now <= before, f"before {before}, now {now}"
        assert now, "the warm process is gone"


def plant_submission(exchange: Path, secret: str) -> Path | None:
    """A solved submission in an exchange, None where it may not be made. A mark says that the exchange itself was made."""
    own = exchange / f"planted-{secret}"
    there = exchange.exists() and not (exchange / MADE).exists()
    try:
        (own / "inbound" / "ada").mkdir(parents=True)
    except OSError:
        return None
    if not there:
        (exchange / MADE).touch()
    content = written(notebook({**SOLVED, "setup": f"# {secret}\n{UNIT.setup}"}))
    (own / "inbound" / "ada" / f"{SLUG}.ipynb").write_bytes(content)
    return own


def take_away(own: Path) -> None:
    """Remove what was planted, and an exchange that was made for it when nothing else is in it (other tests plant too)."""
    shutil.rmtree(own)
    exchange = own.parent
    if os.listdir(exchange) == [MADE]:
        (exchange / MADE).unlink()
        for folder in (exchange, exchange.parent):
            with contextlib.suppress(OSError):
                folder.rmdir()


def descendants(pid: int) -> set[int]:
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            text = path.read_text()
            parents[int(path.parent.name)] = int(text.rpartition(")")[2].split()[1])
    found, size = {pid}, 0
    while len(found) > size:
        size = len(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return found


def solution_line() -> str:
    """The longest line of code of a solution that no student is given."""
    solved = next(cell.source for cell in UNIT.solved if cell.id == "nt_xent")
    given = "".join(cell.source for cell in UNIT.template)
    inside = solved.partition("### BEGIN SOLUTION")[2].splitlines()
    return max((line.strip() for line in inside if line.strip() not in given), key=len)
