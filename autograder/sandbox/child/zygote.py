"""A warm process that holds no secret: imports numpy, torch and `course` once, then forks once per submission.

Runs inside the sandbox. First of all it looks for the canaries that the parent names in one JSON line over the control
socket (descriptor $CL_CONTROL), and reports one that it sees. Then the parent sends one JSON line of limits at a time,
together with the ends of two fresh socket pairs, `calls` and `life`; the zygote forks a keeper that makes namespaces
(no view of the zygote, empty /tmp, /proc and /dev/shm, all processes die with the first), and in them the server of
one submission, which answers on `calls`. When the parent closes `life`, the keeper kills it. When it has ended, the
keeper reports {"ended": exit status} as a line on the control socket.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import itertools
import json
import os
import pkgutil
import resource
import select
import signal
import site
import socket
import sys

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID = 0x20000, 0x8000000, 0x10000000, 0x20000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REC, MS_PRIVATE = 1, 2, 4, 0x4000, 0x40000
EMPTY = MS_RDONLY | MS_NOSUID | MS_NODEV
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 24, 38


def main() -> None:
    for name in (resource.RLIMIT_AS, resource.RLIMIT_CPU):  # the grader's own limits are not those of a submission
        _, hard = resource.getrlimit(name)
        resource.setrlimit(name, (hard, hard))
    sys.path[:] = [os.environ["CL_ROOT"], *sys.path, *os.environ["CL_PACKAGES"].split(os.pathsep)]
    for name in ("setquit", "setcopyright", "sethelper"):  # exit, help, ...: -S leaves them out with the rest of `site`
        getattr(site, name)()
    control = socket.socket(fileno=int(os.environ["CL_CONTROL"]))
    if not _all_is_hidden(control):
        return
    serve = _warm()
    nested = os.environ["CL_NESTED"] == "1"
    control.sendall(b'{"ready": true}\n')
    for number in itertools.count(1):
        request, descriptors, _, _ = socket.recv_fds(control, 4096, 2)
        if not request:
            return
        limits = json.loads(request)
        pid = os.fork()
        if pid == 0:
            _keeper(control, *descriptors, limits, nested, serve)
        for descriptor in descriptors:
            os.close(descriptor)
        os.chdir("/")  # without a sandbox the folder to work in is made anew for each submission
        if number == 3:  # the first is the grader's trial; who grades one submission only has no use for it
            _warm_up()
        os.waitpid(pid, 0)


def _all_is_hidden(control: socket.socket) -> bool:
    from child.canaries import seen

    with control.dup().makefile("rb") as lines:
        wanted = json.loads(lines.readline())
    found = wanted and seen(wanted)
    if found:
        control.sendall(json.dumps({"seen": found}).encode() + b"\n")
    return not found


def _warm():
    """Import what submissions share, so that a fork finds it in memory: numpy, torch and every module of `course`."""
    import torch

    if os.environ["CL_SECCOMP"]:
        from child import seccomp

        seccomp.load()
    import course

    for module in pkgutil.walk_packages(course.__path__, "course."):
        importlib.import_module(module.name)
    import matplotlib
    from child.serve import serve

    matplotlib.use("Agg")
    torch.set_num_threads(1)
    torch.autograd.set_multithreading_enabled(False)
    for dtype in (torch.float16, torch.float32, torch.float64):  # what torch looks up once about the processor, it
        x = torch.ones(4, 4, dtype=dtype, requires_grad=True)  # looks up in /proc and /sys, which students do not see
        torch.nn.functional.cross_entropy(x @ x, torch.arange(4)).backward()
    gc.collect()
    gc.freeze()  # the children share the pages of what is imported
    return serve


def _warm_up() -> None:
    """Import what takes a second of processor time and most submissions of some unit use, for all later forks."""
    import sklearn.cluster
    import sklearn.discriminant_analysis
    import sklearn.linear_model
    import sklearn.neighbors
    import sklearn.pipeline
    import sklearn.svm  # noqa: F401
    import threadpoolctl
    import torch

    threadpoolctl._HAS_PROCFS = False  # it looks at import; where the forks run, /proc is empty

    torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # the first optimiser imports half of torch
    gc.collect()
    gc.freeze()


def _keeper(control: socket.socket, calls: int, life: int, limits: dict, nested: bool, serve) -> None:
    """Make the namespaces, fork the server into them, kill it when `life` closes, report its end."""
    status = -1
    try:
        if nested:
            _new_namespaces()
        pid = os.fork()
        if pid == 0:
            control.close()
            os.close(life)
            _server(calls, limits, nested, serve)
        os.close(calls)
        select.select([life, os.pidfd_open(pid)], [], [])
        (os.kill if nested else os.killpg)(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    except OSError as error:
        print(error, file=sys.stderr, flush=True)
    finally:
        control.sendall(json.dumps({"ended": status}).encode() + b"\n")
        os._exit(0)


def _server(calls: int, limits: dict, nested: bool, serve) -> None:
    try:
        os.setsid()
        void = os.open("/dev/null", os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(void, stream)
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if nested:
            _mount(
                libc,
                b"tmpfs",
                os.environ["CL_SCRATCH"].encode(),
                f"size={limits['tmp_bytes']},nr_inodes=8192,mode=1777".encode(),
            )
            _mount(libc, b"tmpfs", b"/dev/shm", b"size=4096,nr_inodes=2,mode=555", EMPTY)
        _limit(limits)
        os.chdir(os.environ["CL_SCRATCH"])
        if nested:
            _mount(libc, b"tmpfs", b"/proc", b"size=4096,nr_inodes=2,mode=555", EMPTY)
            _drop_capabilities(libc)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if limits["seccomp"]:
            from child.seccomp import deny_dangerous_calls

            deny_dangerous_calls()
        serve(socket.socket(fileno=calls))
    finally:
        os._exit(0)


def _new_namespaces() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC) != 0:
        raise OSError(ctypes.get_errno(), "unshare failed")
    for path, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{path}", "w") as file:
            file.write(text)
    _mount(libc, None, b"/", None, MS_REC | MS_PRIVATE)


def _drop_capabilities(libc) -> None:
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3 of the capability ABI, this process
    if libc.capset(header, (ctypes.c_uint32 * 6)()) != 0:
        raise OSError(ctypes.get_errno(), "capset failed")


def _mount(libc, kind: bytes | None, where: bytes, options: bytes | None, flags: int = MS_NOSUID | MS_NODEV) -> None:
    if libc.mount(kind, where, kind, flags, options) != 0:
        raise OSError(ctypes.get_errno(), f"mount on {where.decode()} failed")


def _limit(limits: dict) -> None:
    """Memory is what the student's code may take beyond what the warm process already maps."""
    with open("/proc/self/statm") as file:
        mapped = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + limits["memory_bytes"],) * 2)
    for name, key in (
        ("RLIMIT_CPU", "cpu_seconds"),
        ("RLIMIT_FSIZE", "file_bytes"),
        ("RLIMIT_NPROC", "processes"),
        ("RLIMIT_NOFILE", "open_files"),
    ):
        resource.setrlimit(getattr(resource, name), (limits[key], limits[key]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
