"""The host, seen from a candidate: every act that reaches out of the sandbox is denied, in either channel."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from banditgen.sandbox.base import Sandbox
from banditgen.task import Task
from banditgen.testing.attacks import TESTS

CHANNELS = {"judged": TESTS, "cooperative": "import sys\n" + TESTS}
SYSCALL = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nlibc.syscall.restype = ctypes.c_long\n"
ACTS: dict[str, str] = {
    "read the user's keys": (
        "import glob, os\nreached = [p for home in (HOME, '/root', '/home/*') for p in glob.glob(home + '/.*')\n"
        "           if not os.path.isdir(p) or 'ssh' in p or 'gnupg' in p or 'aws' in p]"
    ),
    "read shadow": "reached = open('/etc/shadow').read()",
    "read passwd": "reached = open('/etc/passwd').read().splitlines()[1:]",
    "read the canary": "reached = open(CANARY).read()",
    "read another process's environ": (
        "import glob\nreached = []\nfor p in ['/proc/1/environ', f'/proc/{PARENT}/environ', *glob.glob('/proc/[0-9]*/environ')]:\n"
        "    try: reached.append(open(p).read())\n    except OSError: pass"
    ),
    "see processes": "import os\nreached = [p for p in os.listdir('/proc') if p.isdigit()]",
    "secrets in the environment": "import os\nreached = [k for k, v in os.environ.items() if 'hunter2' in v]",
    "write beside the canary": "open(CANARY + '.new', 'w').write('x')\nreached = 1",
    "write into the interpreter": "import os\nopen(os.path.dirname(os.__file__) + '/x.py', 'w')\nreached = 1",
    "write into the root": "open('/x', 'w')\nreached = 1",
    "symlink out": "import os\nos.symlink(CANARY, 'link')\nreached = open('link').read()",
    "hardlink out": "import os\nos.link(CANARY, 'link')\nreached = 1",
    "TCP": "import socket\nsocket.create_connection(('127.0.0.1', PORT), 1)\nreached = 1",
    "UDP": "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))\nreached = 1",
    "raw socket": "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_RAW, 1)\nreached = 1",
    "netlink": "import socket\nsocket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)\nreached = 1",
    "UNIX socket": "import socket\nsocket.socket(socket.AF_UNIX).connect(SOCKET)\nreached = 1",
    "resolve a name": "import socket\nreached = socket.gethostbyname('example.com')",
    "kill the parent": "import os\nos.kill(PARENT, 0)\nreached = 1",
    "kill 1": "import os, time\nfor s in range(1, 32):\n    try: os.kill(1, s)\n    except OSError: pass\ntime.sleep(0.05)",
    "limit the parent": "import resource\nresource.prlimit(PARENT, resource.RLIMIT_CPU)\nreached = 1",
    "limit 1": "import resource\nresource.prlimit(1, resource.RLIMIT_CPU)\nreached = 1",
    "ptrace": SYSCALL + "reached = libc.ptrace(16, 1, 0, 0) == 0 or libc.ptrace(0, 0, 0, 0) == 0",
    "process_vm_readv": SYSCALL + "reached = libc.syscall(310, 1, 0, 0, 0, 0, 0) == 0",
    "pidfd_getfd": SYSCALL + "reached = libc.syscall(438, libc.syscall(434, 1, 0), 0, 0) >= 0",
    "unshare": SYSCALL + "reached = libc.unshare(0x10000000) == 0 or libc.unshare(0x20000) == 0",
    "setns": SYSCALL + "reached = libc.setns(0, 0) == 0",
    "mount": SYSCALL + "reached = libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0",
    "umount": SYSCALL + "reached = libc.umount2(b'/proc', 2) == 0",
    "chroot": "import os\nos.chroot('/tmp')\nreached = 1",
    "io_uring": SYSCALL + "reached = libc.syscall(425, 8, ctypes.create_string_buffer(120)) >= 0",
    "bpf": SYSCALL + "reached = libc.syscall(321, 0, ctypes.create_string_buffer(120), 120) >= 0",
    "userfaultfd": SYSCALL + "reached = libc.syscall(323, 1) >= 0",
    "keyctl": SYSCALL + "reached = libc.syscall(250, 0, -3, 1) > 0 or libc.syscall(248, b'user', b'a', b'b', 1, -3) > 0",
    "perf": SYSCALL + "reached = libc.syscall(298, ctypes.create_string_buffer(120), 0, -1, -1, 0) >= 0",
    "clone3": SYSCALL + "new_user = (0x10000000).to_bytes(8, 'little')\nreached = libc.syscall(435, new_user + bytes(80), 88) >= 0",
    "clone with namespaces": SYSCALL + "r = libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)\nif r == 0: libc._exit(0)\nreached = r > 0",
    "shared memory that stays": SYSCALL + "reached = libc.syscall(29, 4711, 4096, 0o1666) >= 0",
    "message queue that stays": SYSCALL + "reached = libc.syscall(240, b'q', 0o102, 0o600, 0) >= 0",
    "32-bit calls": SYSCALL + "reached = libc.syscall(0x40000000 + 41, 2, 1, 0) >= 0",
    "regain privileges": "import os\nos.setuid(0)\nreached = 1",
    "set-user-id": "import subprocess\nreached = subprocess.run(['su', '-c', 'id'], capture_output=True).returncode == 0",
    "raise limits": "import resource\nresource.setrlimit(resource.RLIMIT_NPROC, (10**6, 10**6))\nreached = 1",
    "real devices": (
        "import os\nknown = 'null zero full random urandom shm stdin stdout stderr fd'\n"
        "reached = set(os.listdir('/dev')) - set(known.split())"
    ),
    "descriptors of the trusted side": (
        "import os\nreached = []\nfor fd in range(5 if BOTH else 6, 256):\n"
        "    try: reached.append((fd, os.fstat(fd)))\n    except OSError: pass"
    ),
}


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """Canaries: a file that anyone may read, a TCP and a UNIX listener, which nothing may call."""
    folder = tmp_path_factory.mktemp("outside")
    canary = Path(folder, "canary")
    canary.write_text("secret")
    os.environ["BANDITGEN_TEST_SECRET"] = "hunter2"
    with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as local, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(tcp.getsockname())
        local.bind(str(folder / "s"))
        for listener in (tcp, local):
            listener.listen()
            listener.settimeout(0)
        udp.settimeout(0)
        yield {
            "CANARY": str(canary),
            "PORT": tcp.getsockname()[1],
            "SOCKET": str(folder / "s"),
            "PARENT": os.getpid(),
            "HOME": str(Path.home()),
        }
        for call in (tcp.accept, local.accept, lambda: udp.recv(1)):
            with pytest.raises(BlockingIOError):
                call()
        assert sorted(path.name for path in folder.iterdir()) == ["canary", "s"]
    del os.environ["BANDITGEN_TEST_SECRET"]


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("act", ACTS)
def test_the_host_is_out_of_reach(sandbox: Sandbox, outside: dict[str, object], act: str, channel: str) -> None:
    facts = "".join(f"{name} = {value!r}\n" for name, value in {**outside, "BOTH": channel == "judged"}.items())
    body = "\n".join("    " + line for line in ACTS[act].splitlines())
    code = (
        f"{facts}reached = 0\ntry:\n{body}\nexcept Exception as error:\n    print('denied', error)\nif reached: print('REACHED', reached)\n"
    )
    run = sandbox.run(code + "def f(n): return n + 1", Task("f", tests=CHANNELS[channel]))
    assert "REACHED" not in run.stdout
    assert run.failure is None or "kill" in act, run.error
    assert sandbox.run("def f(n): return n + 1", Task("f", tests=CHANNELS[channel])).passed


@pytest.mark.parametrize("channel", CHANNELS)
def test_nothing_is_left_for_the_next_job(sandbox: Sandbox, channel: str) -> None:
    """A daemon by double fork and setsid, files, a changed /tmp and a changed interpreter are all gone."""
    leave = """
import os, time, builtins, sys, math
math.pi = 3
builtins.leftover = 1
sys.modules["leftover"] = sys
os.makedirs("a/b"); open("a/b/c", "w").write("x"); os.chmod("/tmp", 0o711)
open("/dev/shm/left", "w").close()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True: time.sleep(1)
    os._exit(0)
def f(n): return n + 1
"""
    look = """
import os, builtins, sys, math
def alive(pid):
    try: os.kill(pid, 0)
    except ProcessLookupError: return False
    except PermissionError: return True
    return True
print(os.listdir("/tmp"), oct(os.stat("/tmp").st_mode), math.pi > 3.1, hasattr(builtins, "leftover"), "leftover" in sys.modules)
print(sum(alive(pid) for pid in range(2, 32768)))
"""
    before = sandbox.run(look, Task("look")).stdout.splitlines()
    assert before[0] == "[] 0o40700 True False False"
    assert before[1] == "1" or "container" in sandbox.isolation()  # where the worker's own processes have numbers, too
    for _ in range(3):
        sandbox.run(leave, Task("f", tests=CHANNELS[channel]))
        assert sandbox.run(look, Task("look")).stdout.splitlines() == before


def test_kill_everything_harms_only_itself(sandbox: Sandbox) -> None:
    for code in ("import os\nos.kill(-1, 9)", "import os\nos.killpg(0, 9)", "import os\nos.abort()"):
        run = sandbox.run(code, Task("end"))
        assert not run.passed or ("-1" in code and "container" in sandbox.isolation())  # where it reaches nobody, and is told nothing
    assert sandbox.run("print(1)", Task("on")).passed
