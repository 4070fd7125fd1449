"""The Linux calls that Python 3.11 does not wrap, made through ctypes."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable, Iterable
from typing import Any

from banditgen.sandbox.inside.calls import numbers

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID = 1, 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38
FSCONFIG_CMD_CREATE = 6
SECCOMP_SET_MODE_FILTER = 1
SECCOMP_NEW_LISTENER, SECCOMP_WAIT_KILLABLE = 8, 32
CALLS = numbers(os.uname().machine)
RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_CORE, RLIMIT_NPROC, RLIMIT_NOFILE, RLIMIT_AS = 0, 1, 4, 6, 7, 9
CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long
_fork = ctypes.PyDLL(None, use_errno=True).fork
_fork.argtypes = ()
current_processor = _libc.sched_getcpu
_wait4 = _libc.wait4
_status, _usage = ctypes.c_int(), ctypes.create_string_buffer(144)
_how, _used = ctypes.byref(_status), ctypes.byref(_usage)
_USAGE = struct.Struct("=5q")  # the head of struct rusage: user and system time in seconds and microseconds, peak in KiB
setsid, dup2, chdir, kill = _libc.setsid, _libc.dup2, _libc.chdir, _libc.kill

Step = tuple[Callable[..., int], tuple[Any, ...]]
"""A function of the C library and its arguments, ready to be called."""

Argument = int | bytes | None | ctypes.Array[ctypes.c_char]


def call(name: str, *arguments: Argument) -> int:
    """Make one system call; bytes and buffers are passed as pointers, None as a null pointer.

    Raises:
        OSError: with the kernel's errno.

    """
    function, converted = step(name, *arguments)
    result = function(*converted)
    if result == -1:
        raise _last_error()
    return result


def step(name: str, *arguments: Argument) -> Step:
    """A system call to be made later; see `call`."""
    return _syscall, tuple(ctypes.c_long(value) if isinstance(value, int) else value for value in (CALLS[name], *arguments))


def run(steps: Iterable[Step]) -> None:
    """Make the calls, one after the other.

    Raises:
        OSError: one failed; with the kernel's errno.

    """
    for function, arguments in steps:
        if function(*arguments) < 0:
            raise _last_error()


def setrlimit_step(resource: int, soft: int, hard: int) -> Step:
    """Limit what this process may use."""
    return _libc.setrlimit, (resource, struct.pack("=QQ", soft, hard))


def prctl_step(option: int, value: int) -> Step:
    """Set one of the process's own properties, later."""
    return step("prctl", option, value, 0, 0, 0)


def _last_error() -> OSError:
    code = ctypes.get_errno()
    return OSError(code, os.strerror(code))


def fork() -> int:
    """Fork a process that has one thread, as `os.fork` does, but without Python's handlers for it.

    Those of `threading` alone touch, and so copy, more than a hundred pages; here there are no threads to forget.
    """
    pid: int = _fork()
    if pid < 0:
        raise _last_error()
    return pid


def wait_any() -> tuple[int, int, float, int] | None:
    """Wait until a child has ended: (pid, wait status, processor seconds, peak resident bytes); None where there is no child.

    `os.wait4` imports a module and makes an object of sixteen numbers each time.
    """
    pid: int = _wait4(-1, _how, 0, _used)
    if pid < 0:
        return None
    seconds, micros, more_seconds, more_micros, peak = _USAGE.unpack_from(_usage)
    return pid, _status.value, seconds + more_seconds + 1e-6 * (micros + more_micros), peak * 1024


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags` for new ones."""
    call("unshare", flags)


def mount(source: str, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    """Mount a file system, or with the flags show or change one that is mounted."""
    call("mount", source.encode(), target.encode(), kind.encode() if kind else None, flags, data.encode() if data else None)


def unmount(target: str) -> None:
    """Take a mount away now, even where a file in it is still open."""
    call("umount2", target.encode(), MNT_DETACH)


def bind_read_only(source: str, target: str) -> None:
    """Show `source` at `target`, with everything mounted below it, unwritable."""
    mount(source, target, flags=MS_BIND | MS_REC)
    attributes = (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID).to_bytes(8, "little") + bytes(24)
    call("mount_setattr", AT_FDCWD, target.encode(), AT_RECURSIVE, attributes, len(attributes))


def pivot_root_here() -> None:
    """Make the current folder the root and drop the old root from sight."""
    call("pivot_root", b".", b".")
    unmount(".")
    os.chdir("/")


def detached_proc() -> int:
    """Open a procfs of the current pid namespace that is mounted nowhere: only the holder of the descriptor sees it."""
    context = call("fsopen", b"proc", 1)
    try:
        call("fsconfig", context, FSCONFIG_CMD_CREATE, None, None, 0)
        mounted = call("fsmount", context, 1, 0)
    finally:
        os.close(context)
    try:
        return os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=mounted)
    finally:
        os.close(mounted)


def prctl(option: int, value: int) -> None:
    """Set one of the process's own properties."""
    call("prctl", option, value, 0, 0, 0)


def drop_capabilities() -> None:
    """Give up every capability of this process, in all three sets."""
    header = CAPABILITY_VERSION_3.to_bytes(4, "little") + bytes(4)
    call("capset", header, bytes(24))


def install_filter(program: ctypes.Array[ctypes.c_char], flags: int = 0) -> int:
    """Hold this process and its descendants to a seccomp filter.

    Args:
        program: what `filter.sock_fprog` built.
        flags: with `SECCOMP_NEW_LISTENER` a supervisor is asked; with `SECCOMP_WAIT_KILLABLE`, too, no signal interrupts that.

    Returns:
        The descriptor on which it is asked, or 0.

    """
    return call("seccomp", SECCOMP_SET_MODE_FILTER, flags, program)
