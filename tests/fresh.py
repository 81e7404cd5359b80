"""A fresh clone of this working tree, commands run in it offline, and servers started in it and asked over loopback."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.process import SandboxError, find_bwrap
from autograder.units.manifest import ROOT

TOKEN = "t"
# it installs nothing: the environment is there
MAKE = 'make() { command make -o .venv/ready -o .venv/ready-test -o .venv/ready-site "$@"; }'
NO_UPDATES = "jupyterlab.handlers.announcements.NeverCheckForUpdate"
PATIENCE = 120  # seconds until a server answers, on a machine that does much else at the same time


def fresh_clone(folder: Path) -> Path:
    """What `git clone` would give if everything here were committed, with .venv a link to this environment."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in sorted(set(listed.stdout.decode().split("\0")) - {"", ".venv"}):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "init.defaultBranch=main"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *arguments], cwd=folder, check=True, capture_output=True)
    (folder / ".git" / "info" / "exclude").write_text(".venv\n")
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def changes(clone: Path) -> str:
    """`git status`: empty when no tracked file was changed and nothing is there that git does not ignore."""
    return subprocess.run(
        ["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True
    ).stdout


def environment(clone: Path) -> dict[str, str]:
    """A user's environment in the clone: a home of its own, the clone importable as if installed, no virtualenv yet."""
    home = clone.parent / f"{clone.name}-home"
    home.mkdir(exist_ok=True)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "JUPYTER", "VIRTUAL_ENV", "MAKE"))}
    path = os.pathsep.join(p for p in kept["PATH"].split(os.pathsep) if p != f"{sys.prefix}/bin")
    return {**kept, "PATH": path, "HOME": str(home), "PYTHONPATH": str(clone), "BROWSER": "true"}


def bash(clone: Path, line: str, prelude: str = "", seconds: float = 300, **extra: str):
    """Run one command line, as it is, after `prelude`, without a network other than loopback.

    Returns (exit status, output); the status is None for a command that was still running after `seconds`, and was
    stopped.
    """
    process = subprocess.Popen(
        [*_offline(), "bash", "-c", f"set -o pipefail\n{MAKE}\n{prelude}\n{line}\n"],
        cwd=clone,
        env=environment(clone) | extra,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output = process.communicate(timeout=seconds)[0]
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return None, process.communicate()[0]


@functools.cache
def _offline() -> list[str]:
    """The start of a command line without a network, where bubblewrap can do that and can be used within."""
    with contextlib.suppress(SandboxError):
        bwrap = find_bwrap()
        command = [bwrap, "--dev-bind", "/", "/", "--unshare-net", "--die-with-parent"]
        inner = [bwrap, "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
        if subprocess.run([*command, *inner], capture_output=True, check=False).returncode == 0:
            return command
    return []


@dataclass(frozen=True)
class Server:
    url: str

    def get(self, path: str) -> str:
        return self.ask("GET", path)

    def ask(self, method: str, path: str, body: object = None) -> str:
        """The text of an answer. Raises urllib.error.HTTPError for one that is no success."""
        request = urllib.request.Request(self.url + path, method=method, headers={"Authorization": f"token {TOKEN}"})
        if body is not None:
            request.data = json.dumps(body).encode()
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.read().decode()

    def type_in_a_terminal(self, lines: list[str]) -> str:
        """Type lines into a new terminal, end it, and give everything that it showed."""
        from websocket import WebSocketConnectionClosedException, create_connection

        name = json.loads(self.ask("POST", "/api/terminals", {}))["name"]
        socket_url = f"{self.url.replace('http', 'ws', 1)}/terminals/websocket/{name}?token={TOKEN}"
        connection, shown = create_connection(socket_url, timeout=PATIENCE), []
        connection.send(json.dumps(["stdin", "".join(f"{line}\r" for line in [*lines, "exit"])]))
        with contextlib.suppress(WebSocketConnectionClosedException):
            while True:
                kind, *content = json.loads(connection.recv() or '["disconnect"]')
                if kind == "disconnect":
                    break
                shown += content if kind == "stdout" else []
        return "".join(shown)


@contextlib.contextmanager
def serving(
    clone: Path, line: str, settings: dict[str, dict] | None = None, cwd: Path | None = None
) -> Iterator[Server]:
    """Run a command line that starts JupyterLab, as it is; what must differ from a user's machine (port, token, no
    browser) is that user's own Jupyter configuration.

    settings  JupyterLab's user settings: plug-in id -> its settings
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = environment(clone)
    config = Path(env["HOME"]) / ".jupyter"
    server = {"ip": "127.0.0.1", "port": port, "open_browser": False, "allow_root": True, "port_retries": 0}
    _write(config / "jupyter_server_config.json", {"ServerApp": server, "IdentityProvider": {"token": TOKEN}})
    _write(config / "jupyter_lab_config.json", {"LabApp": {"news_url": None, "check_for_updates_class": NO_UPDATES}})
    for plugin, values in (settings or {}).items():
        package, name = plugin.split(":")
        _write(config / "lab" / "user-settings" / package / f"{name}.jupyterlab-settings", values)
    log = clone.parent / f"{clone.name}-server.log"
    with open(log, "w") as file:
        process = subprocess.Popen(
            ["bash", "-c", f"{MAKE}\n{line}\n"],
            cwd=cwd or clone,
            env=env,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        for _ in range(2 * PATIENCE):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token={TOKEN}", timeout=5).close()
                break
            assert process.poll() is None, log.read_text()[-3000:]
            time.sleep(0.5)
        else:
            raise AssertionError(log.read_text()[-3000:])
        yield Server(f"http://127.0.0.1:{port}")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
