"""A seccomp filter for the process that runs a student's code: no new processes, no mounts, no tracing, no kernel toys.

Threads stay allowed (torch uses them). Through libseccomp by way of `pyseccomp`; where libseccomp is not on the
machine, `available()` is False and the record says so.
"""

from __future__ import annotations

import ctypes.util
import errno
import os

DENIED = (
    "fork vfork execve execveat ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp "
    "mount umount2 pivot_root chroot unshare setns open_tree move_mount fsopen fsconfig fsmount mount_setattr "
    "bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register keyctl add_key request_key "
    "init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff acct quotactl "
    "open_by_handle_at name_to_handle_at personality memfd_create memfd_secret shmget shmat semget msgget mq_open "
    "socket socketpair"
).split()
CLONE_THREAD = 0x00010000


def available() -> bool:
    try:
        import pyseccomp  # noqa: F401
    except Exception:  # pyseccomp raises RuntimeError or OSError where the C library is missing
        return False
    return True


def library() -> str:
    """The name under which the dynamic loader knows libseccomp, empty where there is none or no pyseccomp."""
    return (ctypes.util.find_library("seccomp") or "") if available() else ""


def load() -> None:
    """Import pyseccomp once, in the warm process. It asks ldconfig for the names of libraries, which is not in here; the
    parent has asked."""
    ask = ctypes.util.find_library
    ctypes.util.find_library = {"seccomp": os.environ["CL_SECCOMP"]}.get
    try:
        import pyseccomp  # noqa: F401
    finally:
        ctypes.util.find_library = ask


def deny_dangerous_calls() -> None:
    import pyseccomp as seccomp

    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    refuse = seccomp.ERRNO(errno.EPERM)
    for name in DENIED:
        try:
            rules.add_rule(refuse, name)
        except (RuntimeError, OSError, ValueError):
            continue  # a call that this libseccomp or this architecture does not know
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")  # glibc then uses clone, whose flags can be looked at
    rules.add_rule(refuse, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, CLONE_THREAD, 0))
    rules.load()
