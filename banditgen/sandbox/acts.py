"""What a candidate must not be able to do to the user's files, processes and machine, each with the property of isolation that it breaks.

An act is code that sets `reached` to something true, or harms a canary, where nothing holds it. It is given the names of
`canaries.Canaries.facts`, and `libc` and `syscall`, which answer with numbers; failing is what is hoped for.
"""

from __future__ import annotations

from banditgen.sandbox.inside.calls import ARCHITECTURES, numbers

_CALLED = (
    "fchmodat2 utime utimes futimesat setxattrat openat2 tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo sched_setattr ioprio_set "
    "process_vm_readv migrate_pages keyctl io_setup"
)
_CALLS = {machine: {name: number for name, number in numbers(machine).items() if name in _CALLED.split()} for machine in ARCHITECTURES}
BEFORE = f"""import ctypes, fcntl, os, signal, socket, time
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def syscall(name, *arguments): return libc.syscall({_CALLS!r}[os.uname().machine].get(name, -1), *arguments)
"""
FILES = {
    "read": "reached = open(FOLDER + '/secret').read() == SECRET",
    "list": "reached = os.listdir(FOLDER)",
    "write": "open(FOLDER + '/data', 'r+').write('x')",
    "make a file": "open(FOLDER + '/new', 'w').close()",
    "make a folder": "os.mkdir(FOLDER + '/new')",
    "remove": "os.unlink(FOLDER + '/data')",
    "rename": "os.rename(FOLDER + '/data', FOLDER + '/gone')",
    "move in": "os.rename(FOLDER + '/data', 'mine')",
    "link in": "os.link(FOLDER + '/data', 'mine')\nos.chmod('mine', 0)",
    "link in by a descriptor": (
        "fd = os.open(FOLDER + '/data', os.O_PATH)\nif libc.linkat(fd, b'', -100, b'mine', 0x1000) and "
        "libc.linkat(-100, b'/proc/self/fd/%d' % fd, -100, b'mine', 0x400): raise OSError\nos.chmod('mine', 0)"
    ),
    "chmod": "os.chmod(FOLDER + '/secret', 0o600)",
    "chmod of the folder": "os.chmod(FOLDER, 0o777)",
    "chmod of a folder and name": "os.chmod('data', 0, dir_fd=os.open(FOLDER, os.O_PATH))",
    "chmod from there": "os.chdir(FOLDER)\nos.chmod('data', 0)",
    "chmod by dots": "os.chmod(os.getcwd() + '/..' * 20 + FOLDER + '/data', 0)",
    "chmod by a link": "os.symlink(FOLDER + '/data', 'link')\nos.chmod('link', 0)",
    "chmod by a link to the folder": "os.symlink(FOLDER, 'folder')\nos.chmod('folder/data', 0)",
    "chmod by a descriptor": "fd = os.open(FOLDER + '/data', os.O_PATH)\nos.chmod(f'/proc/self/fd/{fd}', 0)",
    "fchmodat2 of a descriptor": "syscall('fchmodat2', os.open(FOLDER + '/data', os.O_PATH), b'', 0, 0x1000)",
    "chown": "os.chown(FOLDER + '/data', os.getuid(), os.getgid())",
    "lchown": "os.lchown(FOLDER + '/data', os.getuid(), os.getgid())",
    "chown of a descriptor": "libc.fchownat(os.open(FOLDER + '/data', os.O_PATH), b'', os.getuid(), os.getgid(), 0x1000)",
    "utime": "os.utime(FOLDER + '/times', (1, 1))",
    "utime to now": "os.utime(FOLDER + '/times')",
    "utime of a descriptor": "libc.utimensat(os.open(FOLDER + '/times', os.O_PATH), b'', None, 0x1000)",
    "utime in older forms": (
        "path = (FOLDER + '/times').encode()\nfor name in ('utime', 'utimes'): syscall(name, path, None)\n"
        "syscall('futimesat', -100, path, None)"
    ),
    "setxattr": "os.setxattr(FOLDER + '/data', 'user.evil', b'1')",
    "attributes in newer forms": "syscall('setxattrat', -100, (FOLDER + '/data').encode(), 0, b'user.evil', bytes(16), 16)",
    "truncate": "os.truncate(FOLDER + '/data', 0)",
    "open and empty": "os.open(FOLDER + '/data', os.O_RDONLY | os.O_TRUNC)",
    "open for nothing and empty": "os.open(FOLDER + '/data', 3 | os.O_TRUNC)",
    "open in another form and empty": (
        "syscall('openat2', -100, (FOLDER + '/data').encode(), (0x200).to_bytes(8, 'little') + bytes(16), 24)"
    ),
    "a path that changes while it is looked at": (
        "import threading\nopen('mine', 'w').close()\nown, other = os.path.abspath('mine').encode(), (FOLDER + '/data').encode()\n"
        "path, going = ctypes.create_string_buffer(4096), [1]\n"
        "def swap():\n    while going:\n        path.value = own\n        path.value = other\n"
        "threading.Thread(target=swap, daemon=True).start()\nend = time.monotonic() + 0.01\n"
        "while time.monotonic() < end: libc.chmod(path, 0)\ngoing.clear()"
    ),
    "a link that changes while it is looked at": (
        "import threading\nopen('mine', 'w').close()\ngoing = [1]\n"
        "def swap():\n    while going:\n        for target in ('mine', FOLDER + '/data'):\n"
        "            os.symlink(target, 'next')\n            os.replace('next', 'last')\n"
        "thread = threading.Thread(target=swap, daemon=True)\nthread.start()\nend = time.monotonic() + 0.01\n"
        "while time.monotonic() < end: libc.chmod(b'last', 0)\ngoing.clear()\nthread.join()"
    ),
}
PROCESSES = {
    "kill": "os.kill(PID, signal.SIGTERM)",
    "see whether it is there": "os.kill(PARENT, 0)\nreached = 1",
    "kill a thread": "syscall('tkill', PID, 15)\nsyscall('tgkill', PID, PID, 15)",
    "queue a signal": "info = (15).to_bytes(4, 'little') + bytes(4) + (-1 & 0xFFFFFFFF).to_bytes(4, 'little') + bytes(116)\n"
    "syscall('rt_sigqueueinfo', PID, 15, info)\nsyscall('rt_tgsigqueueinfo', PID, PID, 15, info)",
    "signal by a descriptor": "signal.pidfd_send_signal(os.pidfd_open(PID), signal.SIGTERM)",
    "signal as a file's owner": (
        "a, b = socket.socketpair()\npid = PID.to_bytes(4, 'little')\nfor act in (lambda: fcntl.fcntl(a, 8, PID), "
        "lambda: fcntl.fcntl(a, 15, bytes([1, 0, 0, 0]) + pid), lambda: fcntl.ioctl(a, 0x8901, pid), lambda: fcntl.fcntl(a, 10, 9)):\n"
        "    try: act()\n    except OSError: pass\n"
        "fcntl.fcntl(a, 4, fcntl.fcntl(a, 3) | 0o20000)\nb.send(b'x')\ntime.sleep(0.02)"
    ),
    "nice": "os.setpriority(os.PRIO_PROCESS, PID, 19)",
    "nice of its group": "os.setpriority(os.PRIO_PGRP, PID, 19)",
    "its scheduler": "os.sched_setscheduler(PID, os.SCHED_IDLE, os.sched_param(0))",
    "its scheduler in a newer form": "syscall('sched_setattr', PID, (48).to_bytes(4, 'little') + (5).to_bytes(4, 'little') + bytes(40), 0)",
    "its processors": "for processor in os.sched_getaffinity(0): os.sched_setaffinity(PID, {processor})",
    "its place in queues for the disk": "syscall('ioprio_set', 1, PID, 3 << 13)\nsyscall('ioprio_set', 2, PID, 3 << 13)",
    "its limits": "import resource\nresource.prlimit(PID, resource.RLIMIT_NOFILE, (64, 64))",
    "its memory": "reached = syscall('process_vm_readv', PID, 0, 0, 0, 0, 0) == 0 or syscall('migrate_pages', PID, 0, 0, 0) == 0",
}
NETWORK = {
    "TCP": "socket.create_connection(('127.0.0.1', PORT), 1)\nreached = 1",
    "UDP": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))\nreached = 1",
    "UNIX socket": "socket.socket(socket.AF_UNIX).connect(SOCKET)\nreached = 1",
    "UNIX datagrams": "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', DATAGRAMS)",
    "UNIX datagrams from a pair": "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b'x', DATAGRAMS)",
    "connect one of a pair": "for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM): socket.socketpair(type=kind)[0].connect(DATAGRAMS)",
}
SYSCALLS = {
    "mount": "reached = libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0",
    "unshare": "reached = libc.unshare(0x10000000) == 0",
    "keyring": "reached = syscall('keyctl', 0, -3, 1) > 0",
    "the user's watches of files": "reached = libc.inotify_init() >= 0 or libc.inotify_init1(0) >= 0",
    "the machine's contexts for the disk": "reached = syscall('io_setup', 1, ctypes.byref(ctypes.c_long())) == 0",
    "files in memory": "os.memfd_create('x')\nreached = 1",
    "trace": "reached = libc.ptrace(0, 0, 0, 0) == 0",
}
ENVIRONMENT = {"a secret": "reached = VARIABLE in os.environ"}

ACTS: dict[str, dict[str, str]] = {
    "filesystem": FILES,
    "signals": PROCESSES,
    "network": NETWORK,
    "environment": ENVIRONMENT,
    "syscalls": SYSCALLS,
}

SHARED_MEMORY = "import mmap, time\nkept = [mmap.mmap(-1, 16 << 20) for _ in range(8)]\ntime.sleep(0.5)"
"""128 MiB that could be in no process's count."""
NOT_WAITED_FOR = (
    "import os, signal, time\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\nfor _ in range(10):\n    if os.fork() == 0:\n"
    "        while time.process_time() < 0.05: pass\n        os._exit(0)\n    try: os.wait()\n    except ChildProcessError: pass"
)
"""Half a second of processor time, all of it in processes that the kernel lets vanish if it may."""
