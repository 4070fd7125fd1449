"""Decides on the system calls that a filter can't decide on, for the processes of the job under way (seccomp user notification).

Calls that name a file it makes itself, on files below the job's folder alone: what a path or a descriptor leads to is opened here,
and what was opened is acted on, so that nobody can put another thing in its place. Only calls whose every argument is a number are
let through to the kernel as they are.
"""

from __future__ import annotations

import _socket
import ctypes
import errno
import os
import signal
import stat
import struct
from collections.abc import Callable
from typing import Any

from banditgen.sandbox.inside import filter as syscall_filter
from banditgen.sandbox.inside import kernel

CONTINUE = -1
_NOTICE, _ANSWER = struct.Struct("<QIIiIQ6Q"), struct.Struct("<QqiI")
FLAG_CONTINUE = 1
AT_FDCWD, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH = -100 & 0xFFFFFFFF, 0x100, 0x1000
PATH_BYTES, NOBODY, SPECIAL_MODES = 4096, 0xFFFFFFFF, stat.S_ISUID | stat.S_ISGID
SIG_DFL, SIG_IGN, SA_NOCLDWAIT = 0, 1, 2
ANCILLARY_BYTES = _socket.CMSG_SPACE(4)
HIGH_LINK = 129  # above all descriptors that a process of a job gets

Arguments = tuple[int, ...]


class Supervisor:
    """Answers for the processes of one job after the other.

    Args:
        proc: descriptor of a procfs that shows them.
        scratch: the folder of jobs, by its real path.
        lasting: a listener for all jobs, where all are under one filter; else each process of a job sends one of its own.

    """

    def __init__(self, proc: int, scratch: str, lasting: int = -1) -> None:
        self._proc = proc
        self._scratch = os.fsencode(scratch)
        self._lasting = lasting
        self._owners: dict[int, int] = {}
        self._poll: Any = None
        self._notice = ctypes.create_string_buffer(_NOTICE.size)
        self._disk = 0
        self.shared = 0
        far, self._link = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        os.dup2(far.fileno(), HIGH_LINK, inheritable=False)
        far.close()
        self._far = _socket.socket(fileno=HIGH_LINK)

    def begin(self, poll: Any, disk: int) -> None:
        """Be there for a job: what `poll` then finds ready is for `take`. `disk` is how large a file may become, in bytes."""
        self._poll, self._disk, self.shared = poll, disk, 0
        poll.register(self._link, _POLLIN)
        if self._lasting >= 0:
            poll.register(self._lasting, _POLLIN)

    def end(self) -> None:
        """Nothing of the job is alive."""
        for listener in self._owners:
            os.close(listener)
        self._owners.clear()

    def send(self, listener: int) -> None:
        """In a process of the job: hand its listener over."""
        self._far.sendmsg([struct.pack("i", os.getpid())], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack("i", listener))])

    def take(self, ready: int, event: int) -> None:
        """Deal with a descriptor that was found ready, if it is one of ours."""
        if ready == self._link.fileno():
            data, ancillary, _, _ = self._link.recvmsg(4, ANCILLARY_BYTES)
            listener = struct.unpack("i", ancillary[0][2][:4])[0]
            self._owners[listener] = struct.unpack("i", data)[0]
            self._poll.register(listener, _POLLIN)
        elif ready in self._owners or ready == self._lasting:
            if event & _POLLIN:
                self._answer(ready)
            elif ready in self._owners:  # its processes have ended
                self._poll.unregister(ready)
                del self._owners[ready]
                os.close(ready)

    def _answer(self, listener: int) -> None:
        ctypes.memset(self._notice, 0, _NOTICE.size)
        try:
            kernel.call("ioctl", listener, _RECEIVE, self._notice)
            number_of_notice, pid, _, number, _, _, *arguments = _NOTICE.unpack(self._notice.raw)
            result = self._decide(listener, pid, number, tuple(arguments))
            flags, code = (FLAG_CONTINUE, 0) if result == CONTINUE else (0, -result)
            answer = ctypes.create_string_buffer(_ANSWER.pack(number_of_notice, 0, code, flags))
            kernel.call("ioctl", listener, _SEND, answer)
        except OSError:
            pass  # the process has ended meanwhile

    def _decide(self, listener: int, pid: int, number: int, arguments: Arguments) -> int:
        try:
            name = _NAMES[number]
            if name == "mmap":
                self.shared += arguments[1]
                return CONTINUE
            if name == "rt_sigaction":
                return self._handle_children(pid, arguments[1])
            if name in _OWN:
                return self._own(pid, arguments[_OWN[name]])
            if name in ("kill", "tkill", "tgkill"):
                return self._signal(pid, name, arguments, self._owners[listener])
            return self._change(pid, name, arguments)
        except OSError as error:
            return errno.EPERM if error.errno in (None, errno.EXDEV) else error.errno
        except Exception:  # noqa: BLE001  # whatever a process may think of, it must not end its supervisor
            return errno.EPERM

    def _handle_children(self, pid: int, address: int) -> int:
        """Let a process handle the end of its children, but not have them vanish with the processor time that they used.

        What would have them vanish is taken out of what the process asks for, and they stay until they are counted. (Another thread
        may write something else there before the kernel reads it; so it is no wall, only what keeps the count right for programs
        that don't fight it.)
        """
        handler, flags = struct.unpack("QQ", self._read(f"{pid}/mem", 16, address))
        if handler == SIG_IGN or flags & SA_NOCLDWAIT:
            handle = os.open(f"{pid}/mem", os.O_WRONLY | os.O_CLOEXEC, dir_fd=self._proc)
            try:
                os.pwrite(handle, struct.pack("QQ", SIG_DFL if handler == SIG_IGN else handler, flags & ~SA_NOCLDWAIT), address)
            finally:
                os.close(handle)
        return CONTINUE

    def _own(self, pid: int, target: int) -> int:
        """Let through what a thread asks for itself, or for its process."""
        return CONTINUE if target in (pid, self._process(pid)) else errno.EPERM

    def _signal(self, pid: int, name: str, arguments: Arguments, owner: int) -> int:
        """Let processes signal themselves, and those below the one that the job began with."""
        target, process = ctypes.c_int(arguments[0]).value, self._process(pid)
        if name != "kill":
            return CONTINUE if target == (process if name == "tgkill" else pid) else errno.EPERM
        if target in (0, process):  # the group of a process is its job's: the job began with a session of its own
            return CONTINUE
        if target == -1:
            return errno.EPERM
        held = os.pidfd_open(abs(target))  # from here on its number belongs to nobody else
        try:
            if not self._is_below(abs(target), owner):
                return errno.EPERM
            if target < 0:
                os.kill(target, arguments[1])
            else:
                signal.pidfd_send_signal(held, arguments[1])
        finally:
            os.close(held)
        return 0

    def _is_below(self, pid: int, owner: int) -> bool:
        while pid > 1 and pid != owner:
            pid = int(self._read(f"{pid}/stat", 4096).rpartition(b")")[2].split()[1])
        return pid == owner

    def _process(self, pid: int) -> int:
        """The process of a thread."""
        return int(self._read(f"{pid}/status", 4096).partition(b"\nTgid:")[2].split()[0])

    def _change(self, pid: int, call: str, arguments: Arguments) -> int:
        act, where, follows = _CHANGES[call]
        directory, name, flags = (arguments[place] if place >= 0 else default for place, default in zip(where, _NOWHERE, strict=True))
        path = self._text(pid, name) if name else b""
        if not path and not (flags & AT_EMPTY_PATH or not name):
            return errno.ENOENT
        held = self._at(pid, directory, path, follows=follows and not flags & AT_SYMLINK_NOFOLLOW) if path else self._of(pid, directory)
        try:
            return act(self, b"/proc/self/fd/%d" % held, pid, arguments)
        finally:
            os.close(held)

    def _at(self, pid: int, directory: int, path: bytes, *, follows: bool) -> int:
        """Open what a path leads to for a process, below the job's folder."""
        if not path.startswith(b"/"):
            start = b"cwd" if directory & 0xFFFFFFFF == AT_FDCWD else b"fd/%d" % ctypes.c_int(directory).value
            path = os.readlink(b"%d/%s" % (pid, start), dir_fd=self._proc) + b"/" + path
        if not (path + b"/").startswith(self._scratch + b"/"):
            raise PermissionError(errno.EPERM, "outside")
        root = os.open(self._scratch, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            how = struct.pack("<QQQ", os.O_PATH | os.O_CLOEXEC | (0 if follows else os.O_NOFOLLOW), 0, _BENEATH)
            return kernel.call("openat2", root, path[len(self._scratch) :].lstrip(b"/") or b".", how, len(how))
        finally:
            os.close(root)

    def _of(self, pid: int, descriptor: int) -> int:
        """Open what a process has open, if it lies below the job's folder, whether or not it still has its name there."""
        held = os.open(b"%d/fd/%d" % (pid, ctypes.c_int(descriptor).value), os.O_PATH | os.O_CLOEXEC, dir_fd=self._proc)
        if (os.readlink(b"/proc/self/fd/%d" % held) + b"/").startswith(self._scratch + b"/"):
            return held
        os.close(held)
        raise PermissionError(errno.EPERM, "outside")

    def _text(self, pid: int, address: int) -> bytes:
        data, end, _ = self._read(f"{pid}/mem", PATH_BYTES, address).partition(b"\0")
        if not end:
            raise OSError(errno.ENAMETOOLONG, "path")
        return data

    def _read(self, name: str, size: int, offset: int = 0) -> bytes:
        handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
        try:
            return os.pread(handle, size, offset)
        finally:
            os.close(handle)

    def _chmod(self, path: bytes, _pid: int, mode: int) -> int:
        if mode & SPECIAL_MODES:
            return errno.EPERM
        os.chmod(path, mode & 0o1777)
        return 0

    def _chown(self, path: bytes, _pid: int, user: int, group: int) -> int:
        uid, gid = (-1 if value & NOBODY == NOBODY else value & NOBODY for value in (user, group))
        os.chown(path, uid, gid)
        return 0

    def _truncate(self, path: bytes, _pid: int, length: int) -> int:
        if length > self._disk:
            return errno.EFBIG
        os.truncate(path, length)
        return 0

    def _set_times(self, path: bytes, pid: int, address: int, *, form: str = "4q", scale: int = 1) -> int:
        """Set access and modification times from two pairs of seconds and `scale` nanoseconds, or two of seconds alone."""
        times = None
        if address:
            values = struct.unpack(form, self._read(f"{pid}/mem", struct.calcsize(form), address))
            pairs = (values[:2], values[2:]) if len(values) == 4 else ((values[0], 0), (values[1], 0))
            times = b"".join(struct.pack("qq", seconds, part * scale) for seconds, part in pairs)
        kernel.call("utimensat", kernel.AT_FDCWD, path, times, 0)
        return 0


_POLLIN = 1
_RECEIVE, _SEND = syscall_filter.SUPERVISE
_BENEATH = 0x08 | 0x02 | 0x01  # RESOLVE_BENEATH, no magic links, no other mounts
_NAMES = {number: name for name, number in kernel.CALLS.items()}
_OWN = dict.fromkeys((*syscall_filter.SCHEDULING.split(), "prlimit64"), 0) | {"setpriority": 1, "ioprio_set": 1}
_NOWHERE = (AT_FDCWD, 0, 0)

Act = Callable[[Supervisor, bytes, int, Arguments], int]


def _mode(place: int) -> Act:
    return lambda by, path, pid, arguments: by._chmod(path, pid, arguments[place])  # noqa: SLF001


def _owner(place: int) -> Act:
    return lambda by, path, pid, arguments: by._chown(path, pid, *arguments[place : place + 2])  # noqa: SLF001


def _times(place: int, **how: Any) -> Act:
    return lambda by, path, pid, arguments: by._set_times(path, pid, arguments[place], **how)  # noqa: SLF001


_CHANGES: dict[str, tuple[Act, tuple[int, int, int], bool]] = {
    # call: what it does, which arguments are (folder or descriptor, path, flags), and whether it follows a link at the end
    "chmod": (_mode(1), (-1, 0, -1), True),
    "fchmod": (_mode(1), (0, -1, -1), True),
    "fchmodat": (_mode(2), (0, 1, -1), True),
    "fchmodat2": (_mode(2), (0, 1, 3), True),
    "chown": (_owner(1), (-1, 0, -1), True),
    "fchown": (_owner(1), (0, -1, -1), True),
    "lchown": (_owner(1), (-1, 0, -1), False),
    "fchownat": (_owner(2), (0, 1, 4), True),
    "utime": (_times(1, form="2q"), (-1, 0, -1), True),
    "utimes": (_times(1, scale=1000), (-1, 0, -1), True),
    "futimesat": (_times(2, scale=1000), (0, 1, -1), True),
    "utimensat": (_times(2), (0, 1, 3), True),
    "truncate": (lambda by, path, pid, arguments: by._truncate(path, pid, arguments[1]), (-1, 0, -1), True),  # noqa: SLF001
}
