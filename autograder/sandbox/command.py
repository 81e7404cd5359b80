"""The command lines by which the warm process is started: inside bubblewrap, or plainly."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.sandbox.child import seccomp
from autograder.sandbox.visible import Mount, interpreter, package_folders

ROOT_INSIDE = "/sandbox"


def boxed(
    bwrap: str, mounted: Sequence[Mount], copies: dict[str, int], variables: dict[str, str], tmp_bytes: int
) -> list[str]:
    """The zygote inside bubblewrap. copies: relative path of a file -> the descriptor from which its content is read."""
    command = [bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    command += ["--uid", "1000", "--gid", "1000", "--hostname", "sandbox", "--cap-drop", "ALL"]
    command += ["--size", str(tmp_bytes), "--tmpfs", scratch()]
    empty = []
    for path, kind, target in mounted:
        if kind == "show":
            command += ["--ro-bind", str(path), str(path)]
        elif kind == "link":
            command += ["--symlink", target, str(path)]
        elif path.is_dir():
            command += ["--tmpfs", str(path)]
            empty.append(str(path))
        else:
            command += ["--ro-bind", "/dev/null", str(path)]
    for name, descriptor in copies.items():
        command += ["--file", str(descriptor), f"{ROOT_INSIDE}/{name}"]
    command += ["--proc", "/proc", "--dev", "/dev"]
    for key, value in variables.items():
        command += ["--setenv", key, value]
    # what could be written to would outlive a submission
    for place in [*reversed(empty), "/", "/dev/pts", "/dev"]:
        command += ["--remount-ro", place]
    return [*command, "--chdir", scratch(), *plain(ROOT_INSIDE)]


def plain(root: str) -> list[str]:
    """-S: neither .pth files nor site customisations are run; the zygote is told where the packages are."""
    return [str(interpreter()), "-I", "-S", "-B", "-X", "utf8", f"{root}/child/zygote.py"]


def environment(root: str, own: str, control: int, boxed: bool, nested: bool) -> dict[str, str]:
    """All variables that the warm process gets. own: the folder that it may write to."""
    return {
        "CL_ROOT": root,
        "CL_CONTROL": str(control),
        "CL_NESTED": "1" if nested else "0",
        "CL_SCRATCH": own,
        "CL_PACKAGES": os.pathsep.join(map(str, package_folders())),
        "CL_SECCOMP": seccomp.library() if boxed else "",
        "HOME": own,
        "TMPDIR": own,
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "PATH": "/usr/bin:/bin",
        **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    }


def scratch() -> str:
    """The one writable folder inside: /tmp, unless Python itself lies below /tmp and must stay visible."""
    below = any(Path("/tmp") in path.parents for path in (interpreter(), *package_folders()))
    return "/scratch" if below else "/tmp"


@contextlib.contextmanager
def in_memory(content: bytes) -> Iterator[int]:
    """A descriptor from which bubblewrap reads a file: no copy on a disk, which a killed grader would leave behind."""
    with os.fdopen(os.memfd_create("course"), "w+b") as file:
        file.write(content)
        file.flush()
        file.seek(0)
        yield file.fileno()
