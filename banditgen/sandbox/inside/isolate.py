"""Leaves the host behind, once per worker: user, namespaces, file tree. What could be had is said in the `IsolationPlan`."""

from __future__ import annotations

import _socket  # the functions of `socket` make enumerations of their arguments, and that module loads others
import dataclasses
import json
import os
import select
import signal
import traceback
from typing import Any, NoReturn

from banditgen.sandbox.inside import kernel, landlock, rootfs, tree

NAMESPACES = (
    kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
)
OPTIONS = ("-I", "-S", "-B", "-X", "utf8", "-c")

BOOT = """
import json, os, sys
plan = json.loads(os.pread(0, 1 << 20, 0))
root = plan.pop("root")
sys.path.append(root)
from banditgen.sandbox.inside import isolate
plan = isolate.become_worker(plan, root)
from banditgen.sandbox.inside import zygote
sys.path.remove(root)
main = zygote.main
del isolate, json, os, root, sys, zygote
work = main(globals().pop("plan"))
del main
work()
"""


@dataclasses.dataclass
class IsolationPlan:
    """What a worker is told when it starts, and then what holds it.

    Args:
        control: descriptor of the socket on which jobs come.
        parent: process id of the user's process, on whose death everything ends; 0 where the kernel sees to that.
        interpreter: the program that candidates run in.
        prefix: the interpreter's folder, to be seen elsewhere in a file tree of the worker's own; "" leaves it where it is.
        library: the folder of the interpreter's shared library, where it has one that the system's loader may not find; else "".
        readable: paths that candidates may read, the interpreter's.
        packages: folders of packages.
        scratch: a folder of the worker's own, used for jobs where no tmpfs can be mounted.
        uid: the user to become where the worker starts as root.
        namespaces: whether to make namespaces, or later, whether it is process 1 of its own.
        seccomp: whether system calls are filtered.
        landlock: the newest version of Landlock's rules to use; 0 is none.
        bubblewrap: whether bubblewrap has started this worker, in namespaces already.
        contained: whether the worker has a container to itself, with /tmp and /dev/shm of its own.
        strangers: how many threads the user has on this host, where the worker can't see them.
        proc: descriptor of the trusted side's procfs.
        mounter: descriptor of the link to the process that mounts for the worker, where namespaces are our own.
        notes: each step's failure.

    False and 0 leave a mechanism out, for tests of what is left without it.

    """

    control: int
    parent: int
    interpreter: str
    prefix: str
    library: str
    readable: list[str]
    packages: list[str]
    scratch: str
    uid: int
    namespaces: bool = True
    seccomp: bool = True
    landlock: int = landlock.NEWEST
    bubblewrap: bool = False
    contained: bool = False
    strangers: int = 0
    proc: int = -1
    mounter: int = -1
    notes: list[str] = dataclasses.field(default_factory=list)

    def hide(self) -> None:
        """Name things as they are seen in a file tree of the worker's own, and forget what they are called outside."""
        self.readable = [target for _, target in rootfs.layout(self.prefix, [*self.readable, self.interpreter], [])]
        self.readable += rootfs.accounts(self.uid)
        self.interpreter, self.library = (rootfs.seen(self.prefix, path) for path in (self.interpreter, self.library))
        self.packages = rootfs.places_of(self.packages)
        self.prefix, self.parent, self.scratch = "", 0, rootfs.SCRATCH


def become_worker(settings: dict[str, Any], root: str) -> IsolationPlan:
    """Isolate this process and go on as process 1 of its own namespaces, where the kernel allows that.

    There the interpreter starts again from the new file tree, so that nothing in it knows the host's paths.

    Args:
        settings: of an `IsolationPlan`.
        root: the folder that has the package `banditgen`.

    Returns:
        In the process that is the worker; never in the one that was called, which waits, and dies with the user's process.

    """
    plan = IsolationPlan(**settings)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # where the user's process ignores it, so would all below
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    try:
        if plan.mounter < 0:
            if plan.bubblewrap:
                _inside_bubblewrap(plan)
            else:
                _leave(plan, root)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    except OSError as error:
        text = f"{error.strerror} ({traceback.extract_tb(error.__traceback__)[-1].name})"
        os.write(plan.control, json.dumps({"failed": text}).encode())
        os._exit(1)
    return plan


def _leave(plan: IsolationPlan, root: str) -> None:
    watch = os.pidfd_open(plan.parent)
    as_root = os.geteuid() == 0
    if plan.namespaces and (refusal := _tried(plan.uid if as_root else None)):
        plan.namespaces = False
        plan.notes.append(f"no user namespaces: {os.strerror(refusal)}")
    shown = rootfs.layout(plan.prefix, [*plan.readable, plan.interpreter], plan.packages)
    shown.append((os.path.join(root, "banditgen"), rootfs.CODE + "/banditgen"))
    built = as_root and plan.namespaces and _build_as_root(shown, plan.uid)
    if as_root:
        _drop_to(plan.uid)
    if plan.namespaces:
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
        _wait(child, watch if plan.namespaces else None, mounting)
    mounting.close()
    if plan.namespaces:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        if not built:
            rootfs.build(shown, os.geteuid())
        plan.hide()
        plan.proc, plan.mounter = rootfs.finish(shown=landlock_version(plan) > 0), mounter.detach()
        _start_again(plan)
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    plan.proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)


def _start_again(plan: IsolationPlan) -> NoReturn:
    """Start the interpreter that is in the new file tree, as this process."""
    settings = os.memfd_create("plan")
    os.write(settings, json.dumps({"root": rootfs.CODE, **dataclasses.asdict(plan)}).encode())
    os.dup2(settings, 0)
    os.close(settings)
    for descriptor in (plan.proc, plan.mounter, plan.control):
        os.set_inheritable(descriptor, True)
    os.execv(plan.interpreter, [plan.interpreter, *OPTIONS, BOOT])  # noqa: S606  # our own interpreter with our own program


def _inside_bubblewrap(plan: IsolationPlan) -> None:
    """Go on as process 1 of bubblewrap's namespaces, and end with bubblewrap."""
    if os.getpid() != 1:
        raise OSError(0, "bubblewrap did not make this process the first of its namespace")
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    os.environ.pop("PWD", None)  # which bubblewrap sets
    plan.proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)


def _build_as_root(shown: rootfs.Layout, uid: int) -> bool:
    """Build the file tree while every path can still be read; a container's root may not be allowed to."""
    try:
        kernel.unshare(kernel.CLONE_NEWNS)
    except OSError:
        return False
    rootfs.build(shown, uid)
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


def landlock_version(plan: IsolationPlan) -> int:
    """Which version of Landlock's rules holds jobs; 0 is none."""
    return min(plan.landlock, landlock.version())


def landlock_rules(plan: IsolationPlan) -> int | None:
    """The Landlock rules for jobs, which may write to the scratch folder alone; None where the kernel has no Landlock."""
    if not landlock_version(plan):
        return None
    readable = [*rootfs.SYSTEM, *plan.readable, *plan.packages]
    if plan.mounter >= 0:  # the tree was built for candidates
        readable = [f"/{name}" for name in os.listdir("/") if name != "proc"]
    shared = []
    if plan.contained:
        readable += rootfs.accounts(plan.uid)
        shared.append(rootfs.SHARED)
    return landlock.ruleset(readable, [plan.scratch, *shared, *rootfs.DEVICES], plan.landlock)
