"""Leaves the host behind, once per worker: user, namespaces, file tree. What could be had is said in `Isolation`."""

from __future__ import annotations

import _socket  # the functions of `socket` make enumerations of their arguments, and that module loads others
import dataclasses
import os
import select
import signal

from banditgen.sandbox.inside import kernel, landlock, rootfs, tree

NAMESPACES = (
    kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
)


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a worker is told when it starts.

    Args:
        parent: process id of the user's process, on whose death everything ends.
        readable: paths that candidates may read: the interpreter, the packages.
        scratch: a folder of the worker's own, used for jobs where no tmpfs can be mounted.
        uid: the user to become where the worker starts as root.
        namespaces, seccomp, landlock: False leaves the mechanism out, for tests of what is left without it.
        bubblewrap: whether bubblewrap has started this worker, in namespaces already.
        strangers: how many threads the user has on this host, where the worker can't see them.

    """

    parent: int
    readable: list[str]
    scratch: str
    uid: int
    namespaces: bool = True
    seccomp: bool = True
    landlock: bool = True
    bubblewrap: bool = False
    strangers: int = 0


@dataclasses.dataclass
class Isolation:
    """What holds this worker.

    Args:
        namespaces: whether it is process 1 of namespaces of its own.
        proc: the trusted side's procfs.
        mounter: the link to the process that mounts for it, where namespaces are our own.
        seccomp: whether system calls are filtered.
        notes: each step's failure.

    """

    namespaces: bool = False
    proc: int = -1
    mounter: _socket.socket | None = None
    seccomp: bool = False
    notes: list[str] = dataclasses.field(default_factory=list)


def become_worker(plan: Plan) -> Isolation | None:
    """Isolate this process and go on in a child of it that is pid 1 of its own namespace, where the kernel allows that.

    Returns:
        In the child, what holds it; never returns in the process that was called, which waits, and dies with the
        user's process.

    """
    if plan.bubblewrap:
        return _inside_bubblewrap(plan)
    watch = os.pidfd_open(plan.parent)
    isolation = Isolation(namespaces=plan.namespaces, seccomp=plan.seccomp)
    root = os.geteuid() == 0
    if plan.namespaces and (refusal := _tried(plan.uid if root else None)):
        isolation.namespaces = False
        isolation.notes.append(f"no user namespaces: {os.strerror(refusal)}")
    built = root and isolation.namespaces and _build_as_root(plan.readable)
    if root:
        _drop_to(plan.uid)
    if isolation.namespaces:
        uid, gid = os.geteuid(), os.getegid()
        kernel.unshare(NAMESPACES)
        _map_ids(uid, gid)
    else:
        if not os.access(os.__file__, os.R_OK):
            raise PermissionError(0, f"{os.__file__} can't be read by the ordinary user that candidates run as")
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    mounter, mounting = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    child = os.fork()
    if child:
        mounter.close()
        _wait(child, watch if isolation.namespaces else None, mounting)
    mounting.close()
    if isolation.namespaces:
        isolation.mounter = mounter
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        if not built:
            rootfs.build(plan.readable)
        isolation.proc = rootfs.finish()
    else:
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        isolation.proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    return isolation


def _inside_bubblewrap(plan: Plan) -> Isolation:
    """Go on as process 1 of bubblewrap's namespaces, and end with bubblewrap."""
    if os.getpid() != 1:
        raise OSError(0, "bubblewrap did not make this process the first of its namespace")
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    os.environ.pop("PWD", None)  # which bubblewrap sets
    return Isolation(namespaces=True, proc=os.open("/proc", os.O_RDONLY | os.O_DIRECTORY), seccomp=plan.seccomp)


def _build_as_root(readable: list[str]) -> bool:
    """Build the file tree while every path can still be read; a container's root may not be allowed to."""
    try:
        kernel.unshare(kernel.CLONE_NEWNS)
    except OSError:
        return False
    rootfs.build(readable)
    return True


def _tried(uid: int | None) -> int:
    """Try in a child whether an ordinary user gets all the namespaces here: 0, or the error number.

    A procfs of the new pid namespace is part of it: a container that hides parts of its own /proc forbids a fresh one.
    """
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        if uid is not None:
            _drop_to(uid)
        uid, gid = os.geteuid(), os.getegid()
        kernel.unshare(NAMESPACES)
        _map_ids(uid, gid)
        first = os.fork()
        if first:
            os._exit(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]))
        kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
        os.close(kernel.detached_proc())
    except OSError as error:
        os._exit(error.errno or 1)
    os._exit(0)


def _drop_to(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # changing user cleared it, and /proc/self/uid_map needs it


def _map_ids(uid: int, gid: int) -> None:
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "wb") as file:
            file.write(text.encode())


def _wait(child: int, watch: int | None, mounting: _socket.socket) -> None:
    """Stand between the user's process and the worker until either ends, and mount what the worker may not mount itself.

    In namespaces the kernel ends the worker, and all that is in them, with this process. Without them the worker sees
    for itself that the user's process is gone, and what it leaves is ended here.
    """
    poll = select.poll()
    if watch is not None:
        poll.register(watch, select.POLLIN)
    poll.register(os.pidfd_open(child), select.POLLIN)
    poll.register(mounting, select.POLLIN)
    while [number for number, _ in poll.poll()] == [mounting.fileno()]:
        if not rootfs.serve_mount(mounting):
            poll.unregister(mounting)
    if watch is None:
        tree.Tree(os.open("/proc", os.O_RDONLY | os.O_DIRECTORY), alone=False).end()
    os._exit(0)


def landlock_rules(plan: Plan, scratch: str, *, everything: bool) -> int | None:
    """The Landlock rules for jobs that may write to `scratch`; None where the kernel has no Landlock.

    With `everything` the whole tree may be read, because it was built for candidates.
    """
    if not plan.landlock or not landlock.version():
        return None
    readable = ["/"] if everything else [*rootfs.SYSTEM, *plan.readable]
    return landlock.ruleset(readable, [scratch, *rootfs.DEVICES])
