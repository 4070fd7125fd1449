"""A file tree of its own for the sandbox: the interpreter, libraries and a few devices, all unwritable, and one /tmp."""

from __future__ import annotations

import _socket
import contextlib
import errno
import os
from collections.abc import Iterable

from banditgen.sandbox.inside import kernel

SYSTEM = (
    "/usr/lib",
    "/usr/lib64",
    "/usr/bin",
    "/usr/local/lib",
    "/usr/share/zoneinfo",
    "/lib",
    "/lib64",
    "/bin",
    "/etc/ld.so.cache",
    "/etc/localtime",
)
DEVICES = ("/dev/null", "/dev/full", "/dev/random", "/dev/urandom")
ZERO = ("/dev/full", "/dev/zero")  # read alike, but zero itself can be mapped, and then holds memory that nobody counts
LINKS = {"/dev/shm": "/tmp", "/dev/fd": "/proc/self/fd"}  # noqa: S108
LINKS |= {f"/dev/{name}": f"/proc/self/fd/{number}" for number, name in enumerate(("stdin", "stdout", "stderr"))}
SHARED = "/dev/shm"  # noqa: S108  # where a container has a tmpfs of its own for semaphores
MESSAGES = "/dev/mqueue"  # and where its engine may mount another that all can write to
SCRATCH = "/tmp"  # noqa: S108  # the sandbox's own tmpfs, not the host's folder
PYTHON, PACKAGES, CODE = "/python", "/packages", "/banditgen"  # where interpreter, packages and our own program are seen
MOUNT_POINT = "/sys"  # exists everywhere, and the sandbox has no use for what is there

Layout = list[tuple[str, str]]
"""What is shown: (path on the host, path in the sandbox)."""


def layout(prefix: str, readable: Iterable[str], packages: Iterable[str]) -> Layout:
    """Where things are seen in the sandbox, at paths that say nothing of the host, and that no job can write to.

    Args:
        prefix: the folder of the interpreter, which is seen as `PYTHON`; "" leaves it where it is.
        readable: the files and folders of the interpreter.
        packages: folders of packages, seen as numbered ones below `PACKAGES`.

    """
    inside = [path for path in readable if seen(prefix, path) != path]
    here = outermost([*SYSTEM, *(path for path in readable if path not in inside)])
    moved = [(path, seen(prefix, path)) for path in outermost(inside)]
    return [*((path, path) for path in here), *moved, *zip(packages, places_of(packages), strict=True)]


def seen(prefix: str, path: str) -> str:
    """Where a path of the interpreter is seen."""
    return PYTHON + path.removeprefix(prefix) if prefix and path.startswith(prefix + "/") else path


def places_of(packages: Iterable[str]) -> list[str]:
    """Where folders of packages are seen."""
    return [f"{PACKAGES}/{number}" for number, _ in enumerate(packages)]


def build(shown: Layout, uid: int) -> None:
    """Put this process, in a mount namespace of its own, into a new root that holds what is `shown`, the devices, and the user `uid`.

    /proc is still the old one; `finish` covers it once it has served to open a new one.
    """
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", MOUNT_POINT, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=755,size=1m")
    os.chdir(MOUNT_POINT)
    for source, target in [*shown, *((path, path) for path in outermost(DEVICES)), ZERO]:
        _show(source, target.lstrip("/"))
    os.mkdir("proc")
    kernel.mount("/proc", "proc", flags=kernel.MS_BIND | kernel.MS_REC)
    with contextlib.suppress(FileExistsError):
        os.mkdir("tmp", 0o755)
    for name, target in LINKS.items():
        os.symlink(target, name.lstrip("/"))
    for name, text in accounts(uid).items():
        with open(name.lstrip("/"), "x", encoding="utf-8") as file:
            file.write(text)
    kernel.pivot_root_here()


def finish(*, shown: bool) -> int:
    """Open a procfs of this pid namespace for the trusted side alone, replace /proc, and make the root unwritable.

    Args:
        shown: whether /proc becomes one that shows a process itself alone: Landlock then sees to it that nothing in it is read, and
            what is left is that a process can open what it has open, as /dev/stdin, and that the loader finds the interpreter's
            library. Else it is empty.

    Returns:
        The descriptor of the procfs.

    """
    proc = kernel.detached_proc()
    if shown:
        kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC, "subset=pid,hidepid=2")
    else:
        kernel.mount("tmpfs", "/proc", "tmpfs", kernel.MS_RDONLY | kernel.MS_NOSUID, "size=4k,mode=755")
    attributes = (kernel.MOUNT_ATTR_RDONLY | kernel.MOUNT_ATTR_NOSUID).to_bytes(8, "little") + bytes(24)
    kernel.call("mount_setattr", kernel.AT_FDCWD, b"/", 0, attributes, len(attributes))
    return proc


def accounts(uid: int) -> dict[str, str]:
    """Files that give the user that candidates run as a name and a home, and say nothing of the host's users."""
    return {"/etc/passwd": f"nobody:x:{uid}:{uid}:nobody:{SCRATCH}:/bin/sh\n", "/etc/group": f"nogroup:x:{uid}:\n"}


def outermost(paths: Iterable[str]) -> list[str]:
    """The paths that exist, each once, without those that lie inside another of them."""
    kept: list[str] = []
    for path in sorted({os.path.abspath(path) for path in paths if os.path.lexists(path)}):
        if not any(path.startswith(other + "/") for other in kept if not os.path.islink(other)):
            kept.append(path)
    return kept


def _show(path: str, target: str) -> None:
    os.makedirs(os.path.dirname(target) or ".", mode=0o755, exist_ok=True)
    if os.path.islink(path):  # /lib -> usr/lib and the like: the link itself, its target is shown on its own
        os.symlink(os.readlink(path), target)
        return
    if os.path.isdir(path):
        os.makedirs(target, mode=0o755, exist_ok=True)
    else:
        with open(target, "xb"):
            pass
    kernel.bind_read_only(path, target)


def serve_mount(link: _socket.socket) -> bool:
    """Mount one fresh /tmp as the worker asks for it: b"SIZE INODES AGAIN", the last being 1 where one has to go first.

    With the first, our own program is covered.

    Returns:
        Whether there was something to do, rather than the end.

    """
    order = link.recv(100)
    if not order:
        return False
    size, inodes, again = map(int, order.split())
    try:
        if again:
            kernel.unmount(SCRATCH)
        else:  # the worker has loaded our program
            kernel.mount("tmpfs", CODE, "tmpfs", kernel.MS_RDONLY | kernel.MS_NOSUID, "size=4k,mode=755")
        kernel.mount("tmpfs", SCRATCH, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, f"mode=700,size={size},nr_inodes={inodes + 1}")
        link.send(b"0")
    except OSError as error:
        link.send(str(error.errno).encode())
    return True


class Folder:
    """A folder for jobs where the worker can't have one mounted: emptied before each, and counted.

    Args:
        path: the folder.
        beside: further ones that jobs may write to.
        alone: whether each is a tmpfs of the worker's own, there from the start; else the folder is made anew for each job.

    """

    def __init__(self, path: str, *beside: str, alone: bool) -> None:
        self._path = path
        self._all = (path, *beside)
        self._alone = alone
        self._allowed = self._before = (0, 0)

    def prepare(self, size: int, inodes: int) -> bool:
        """Make the folder empty; always a new one."""
        if self._alone:
            for path in self._all:
                with os.scandir(path) as found:
                    for entry in found:
                        _remove(entry.path)
            os.chmod(self._path, 0o700)
        else:
            _remove(self._path)
            os.mkdir(self._path, 0o700)
        self._allowed, self._before = (size, inodes), self._used()
        return True

    def remove(self) -> None:
        """Take the folder away."""
        if not self._alone:
            _remove(self._path)

    def look(self) -> str | None:
        """The limit that the job has passed, "disk" or "inodes", as far as that can be told."""
        over = [now - before > allowed for now, before, allowed in zip(self._used(), self._before, self._allowed, strict=True)]
        return "disk" if over[0] else "inodes" if over[1] else None

    passed = look

    def _used(self) -> tuple[int, int]:
        if not self._alone:
            return 0, 0
        uses = [os.statvfs(path) for path in self._all]
        return sum((use.f_blocks - use.f_bfree) * use.f_frsize for use in uses), sum(use.f_files - use.f_ffree for use in uses)


def _remove(path: str) -> None:
    """Remove what a job has left, when none of its processes is alive; no link is followed."""
    import shutil  # noqa: PLC0415  # with the compression libraries that it loads; in our own namespaces it is not needed

    if os.path.islink(path) or not os.path.isdir(path):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        return
    shutil.rmtree(path, ignore_errors=True)
    if os.path.lexists(path):  # with folders that may not be read
        os.chmod(path, 0o700)
        for folder, inner, _ in os.walk(path):
            for name in inner:
                if not os.path.islink(os.path.join(folder, name)):
                    os.chmod(os.path.join(folder, name), 0o700)
        shutil.rmtree(path, ignore_errors=True)


class Scratch:
    """The /tmp of the sandbox: a size-capped tmpfs, replaced by a fresh one whenever a job left a trace in it.

    Args:
        mounter: to the process that serves `serve_mount`; the worker has given up mounting.

    """

    def __init__(self, mounter: _socket.socket) -> None:
        self._mounter = mounter
        self._mounted: tuple[int, int] | None = None
        self._fresh: tuple[object, ...] = ()
        self._now: tuple[object, ...] = ()

    def prepare(self, size: int, inodes: int) -> bool:
        """Make /tmp empty, of `size` bytes and `inodes` files.

        Returns:
            Whether it had to be mounted anew.

        """
        if self._mounted == (size, inodes) and self._now == self._fresh:
            return False
        self._mounter.send(f"{size} {inodes} {int(self._mounted is not None)}".encode())
        if code := int(self._mounter.recv(100) or errno.ECONNRESET):
            raise OSError(code, os.strerror(code))
        self._mounted = (size, inodes)
        self.look()
        self._fresh = self._now
        return True

    def remove(self) -> None:
        """Nothing to do: it goes with the namespace."""

    def passed(self) -> str | None:
        """While a job runs the kernel holds its limits."""

    def look(self) -> str | None:
        """See what the job that has ended left of /tmp: the limit that it ran into, "disk" or "inodes", if it did.

        Noted is everything by which a trace would show, without reading the folder: nothing in it, no metadata changed.
        """
        status, use = os.stat(SCRATCH), os.statvfs(SCRATCH)
        self._now = (status.st_ctime_ns, status.st_mtime_ns, status.st_mode, status.st_uid, use.f_bfree, use.f_ffree)
        if use.f_bavail == 0:
            return "disk"
        return "inodes" if use.f_favail == 0 else None
