"""Candidates in containers: the contract of sandboxes, what is run and left of them, images, and a host that is no Linux.

With `BANDITGEN_TEST_CONTAINER=1` the hostile suites beside this file run in containers, too (some minutes).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from banditgen.errors import PackageError, SandboxError, UsageError
from banditgen.sandbox import container
from banditgen.sandbox import container_engine as engines
from banditgen.sandbox.base import Execution, Sandbox
from banditgen.sandbox.container import ContainerSandbox
from banditgen.sandbox.container_engine import Engine, find_engine
from banditgen.sandbox.default import default_sandbox
from banditgen.sandbox.probe import NEEDED
from banditgen.session import BanditGenerator
from banditgen.task import Task
from banditgen.testing.sandbox import SandboxContract
from tests.sandbox.containers import ENGINE, IMAGE, make_image, started_or_skipped

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("containers"), pytest.mark.timeout(600)]
GOOD = "def f(n): return n + 1"
TASK = Task("f", tests="assert f(1) == 2")


class Kept:
    """A sandbox that outlives those who close it."""

    def __init__(self, box: ContainerSandbox) -> None:
        self.name = box.name
        self._box = box

    def run(self, code: str, task: Task) -> Execution:
        return self._box.run(code, task)

    def isolation(self) -> dict[str, str]:
        return self._box.isolation()

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def box() -> Iterator[ContainerSandbox]:
    with contextlib.closing(started_or_skipped(workers=2)) as box:
        yield box


class TestContainer(SandboxContract):
    @pytest.fixture(autouse=True)
    def _shared(self, box: ContainerSandbox) -> None:
        self._box = box  # a start takes seconds

    def make(self) -> Sandbox:
        return Kept(self._box)


def test_all_that_the_strongest_level_needs_was_seen_to_hold(box: ContainerSandbox) -> None:
    found = box.isolation()
    assert found["level"] == "isolated"
    assert all(found[name].endswith("; seen to hold") for name in NEEDED["isolated"])
    run = box.run("import os\nprint(os.getuid(), os.uname().nodename in ('', os.environ.get('HOSTNAME')))", Task("x"))
    assert run.stdout.split()[0] == str(engines.USER)


def test_packages_and_pytest_are_this_machines(box: ContainerSandbox) -> None:
    code = "import numpy\ndef f(n): return int(numpy.arange(n + 1).sum()) + 1\n"
    assert box.run(code, Task("f", tests="assert f(1) == 2", packages=["numpy"])).passed
    assert not box.run(code, TASK).passed
    with pytest.raises(PackageError, match="'nowhere', which is not in"):
        box.run(code, Task("f", tests="assert f(1) == 2", packages=["nowhere"]))
    assert box.run(GOOD, Task("f", tests="import pytest\nfrom solution import f\ndef test_f():\n    assert f(1) == 2")).passed


def test_processes_of_a_job_may_share_locks_and_wider_limits_are_given(box: ContainerSandbox) -> None:
    """A container holds what tasks usually may use; for one that may use more there is a wider one."""
    pool = "import multiprocessing as mp\ndef sq(n): return n * n\ndef f(n):\n    with mp.Pool(2) as p: return p.map(sq, [n])[0] + 1"
    run = box.run(pool, Task("f", tests="assert f(1) == 2", limits={"wall_seconds": 60.0}))
    assert run.passed, (run.error, run.stderr)
    large = "import os, time\nx = bytearray(1500 << 20)\nx[::4096] = bytes(len(x[::4096]))\nopen('a', 'wb').write(bytes(200 << 20))"
    limits = {"memory_bytes": 2 << 30, "disk_bytes": 256 << 20, "wall_seconds": 60.0}
    run = box.run(large, Task("x", limits=limits))
    assert run.passed, (run.error, run.limit)
    assert run.peak_memory_bytes > 1400 << 20
    assert box.run(large, Task("x", limits={**limits, "memory_bytes": 1 << 30})).limit == "memory"
    left = "import os\nopen('/dev/shm/left', 'w').write('x')\nprint(os.listdir('/dev/shm'))"
    assert [box.run(left, Task("x")).stdout for _ in range(3)] == ["['left']\n"] * 3


WRITES = """
import os
LARGE = ("/proc", "/sys", "/usr", "/lib", "/lib64", "/bin", "/python", "/packages")  # mounted unwritable, or the kernel's
print(sorted(os.path.join(top, name) for top in TOPS for name in os.listdir(top)))
for top, folders, _ in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(top, name) not in LARGE]
    try: open(os.path.join(top, "left"), "w").close()
    except OSError: pass
"""


def test_without_landlock_nothing_is_left_either() -> None:
    """Where the engine's kernel has none, wherever a candidate may write is emptied before the next."""
    with contextlib.closing(ContainerSandbox(ENGINE, workers=1, mechanisms={"landlock": False})) as other:
        assert other.isolation()["level"] == "isolated"
        code = WRITES.replace("TOPS", "['/tmp', '/dev/shm', *filter(os.path.isdir, ['/dev/mqueue', '/run', '/var/tmp'])]")
        runs = [other.run(code, Task("x")) for _ in range(3)]
        assert all(run.passed for run in runs), runs[0].error
        assert len({run.stdout for run in runs}) == 1
        assert "left" not in runs[-1].stdout


OWNER = """
import os, sys
from banditgen.sandbox.container import ContainerSandbox
from banditgen.task import Task
box = ContainerSandbox(sys.argv[1], workers=1)
box.run("print(1)", Task("x"))
print(os.getpid(), flush=True)
endless = "import signal, time\\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\\nwhile True: time.sleep(1)"
box.run(endless, Task("x", limits={"wall_seconds": 99.0}))
"""


def names(of: Engine) -> list[str]:
    return of.ask("ps", "--all", "--filter", f"label={engines.LABEL}", "--format", "{{.Names}}").stdout.decode().split()


def left_of(pid: int, of: Engine, seconds: float = 20.0) -> list[str]:
    end = time.monotonic() + seconds
    while (found := [name for name in names(of) if f"-{pid}-" in name]) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def test_kill_9_of_the_owner_leaves_no_container(box: ContainerSandbox) -> None:
    """In the middle of a job; and by the sweep of the next one, whatever else is left of a process that is gone."""
    for killed in ("owner", "engine's client, too"):
        with subprocess.Popen([sys.executable, "-c", OWNER, box.name], stdout=subprocess.PIPE, text=True) as owner:
            assert owner.stdout is not None
            pid = int(owner.stdout.readline())
            assert [name for name in names(box._engine) if f"-{pid}-" in name]
            clients = Path(f"/proc/{pid}/task/{pid}/children").read_text().split() if killed != "owner" else []
            for client in clients:
                os.kill(int(client), 9)
            owner.kill()
        assert left_of(pid, box._engine) == []


def test_what_a_dead_owner_left_is_swept_and_what_the_living_have_is_not(box: ContainerSandbox) -> None:
    process = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True)
    dead = f"banditgen-{process.stdout.strip()}-1-aaaa"
    tree = box._trees[0]
    words = engines.run_words(box._engine, dead, tree.image, tree.interpreter, 1 << 28, 32, tree.shown, tree.variables)
    words = [word for word in words if word not in ("--rm", "--interactive")]
    words.insert(words.index("run") + 1, "--detach")
    subprocess.run([*words, "-c", "import time; time.sleep(99)"], check=True, capture_output=True)
    assert dead in names(box._engine)
    box._engine.sweep()
    assert dead not in names(box._engine)
    assert left_of(os.getpid(), box._engine, 0.0) != []
    assert box.run(GOOD, TASK).passed


def test_a_container_that_ends_under_a_job_is_replaced(box: ContainerSandbox) -> None:
    before = {name for name in names(box._engine) if f"-{os.getpid()}-" in name}
    assert before
    box._engine.ask("rm", "--force", *before)
    assert box.run(GOOD, TASK).passed
    assert box.run(GOOD, TASK).passed


def test_closing_leaves_no_container(box: ContainerSandbox) -> None:
    assert box.run(GOOD, TASK).passed
    before = len(names(box._engine))
    other = ContainerSandbox(ENGINE, workers=1)
    assert other.run(GOOD, TASK).passed
    other.close()
    other.close()
    assert len(names(box._engine)) <= before  # the other one's may have been replaced meanwhile
    with pytest.raises(SandboxError, match="closed"):
        other.run(GOOD, TASK)


NO_LINUX = """
import sys
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None
import json, os, platform, socket, subprocess, tempfile, platformdirs
sys.platform = "darwin"
for name in "geteuid getuid fork sched_getaffinity memfd_create pidfd_open pipe2 getpriority setsid chown".split():
    delattr(os, name)
delattr(socket, "AF_UNIX")
platform.system, platform.machine = lambda: "Windows", lambda: "AMD64"
from banditgen.sandbox import canaries
canaries.POSIX = canaries.LINUX = False
from banditgen.errors import BanditgenError
from banditgen.sandbox.default import default_sandbox
from banditgen.task import Task
box = default_sandbox("isolated", name=sys.argv[1])
found = box.isolation()
task = Task("f", tests="import kept\\nassert f(1) == kept.VALUE - 39", packages=["kept"])
runs = [box.run(f"def f(n): return n + {number}", task) for number in (1, 2)]
runs.append(box.run("print(int(input()) + 1)", Task("f", examples=[("1", "2")])))
try: box.run("", Task("f", packages=["numpy"]))
except BanditgenError as error: said = str(error)
print(json.dumps([found, [run.passed for run in runs], said]))
box.close()
"""


def test_elsewhere_an_image_serves_and_nothing_but_the_engine_is_needed_of_the_host(box: ContainerSandbox) -> None:
    """On a host without Linux's, or even POSIX's, modules and calls, as far as leaving them out here can show it."""
    make_image(box._engine)
    environment = {**os.environ, "BANDITGEN_SANDBOX_IMAGE": IMAGE}
    run = subprocess.run([sys.executable, "-c", NO_LINUX, box.name], capture_output=True, text=True, env=environment, check=False)
    assert run.returncode == 0, run.stderr
    found, passed, said = json.loads(run.stdout)
    assert found["level"] == "isolated"
    assert IMAGE in found["container"]
    assert passed == [True, False, True]
    assert "does not have" in said
    box._engine.ask("rmi", IMAGE)


def test_an_image_that_is_not_there_is_asked_for_by_the_command_that_brings_it(box: ContainerSandbox) -> None:
    with pytest.raises(SandboxError, match=r"nowhere/image:1 is not here: \w+ pull nowhere/image:1"):
        ContainerSandbox(ENGINE, image="nowhere/image:1")


def test_a_named_sandbox_is_what_races_use(box: ContainerSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.closing(default_sandbox("isolated", name=ENGINE or "container")) as named:
        assert isinstance(named, ContainerSandbox)
    monkeypatch.setenv("BANDITGEN_SANDBOX", box.name)
    with contextlib.closing(default_sandbox()) as set_one:
        assert set_one.name == box.name
    with contextlib.closing(default_sandbox(name="native")) as native:
        assert native.name == "zygote"
    monkeypatch.setenv("BANDITGEN_SANDBOX", "box")
    with pytest.raises(UsageError, match="BANDITGEN_SANDBOX: there is no sandbox 'box': use native, container, podman, docker"):
        default_sandbox()
    with pytest.raises(UsageError, match="there is no sandbox 'jail'"):
        BanditGenerator.open(sandbox="jail", history="sqlite://")


def test_without_an_engine_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    for platform, words in (("darwin", "podman machine start, or start Docker Desktop"), ("win32", "WSL"), ("linux", "install podman")):
        monkeypatch.setattr(sys, "platform", platform)
        with pytest.raises(SandboxError, match=f"podman is not installed; docker is not installed.*{words}"):
            find_engine()


def test_an_engine_that_does_not_answer_is_named_with_its_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("podman", "echo cannot connect >&2; exit 125"), ("docker", "echo 27.1 windows")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match="podman does not answer: cannot connect; docker runs windows containers"):
        find_engine()


def test_a_container_is_run_with_nothing_that_it_does_not_need() -> None:
    """The words that hold it, for both engines, and without control groups where podman has none."""
    for name in engines.NAMES:
        words = engines.run_words(Engine(name, name, "1"), "n", "image", "python3", 1 << 30, 96, {"/a": "/b"}, {})
        assert {"--rm", "--network=none", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges"} <= set(words)
        assert {"--user=65534:65534", "--pull=never", "--pids-limit=96", f"--memory={1 << 30}", f"--memory-swap={1 << 30}"} <= set(words)
        assert "--mount=type=bind,source=/b,destination=/a,readonly" in words
        assert not any(word.startswith(("--privileged", "--volume", "-v")) for word in words)
    less = engines.run_words(dataclasses.replace(Engine("podman", "podman", "1"), counts=False), "n", "image", "python3", 1, 9, {}, {})
    assert "--cgroups=disabled" in less
    assert not any(word.startswith("--memory") for word in less)
    assert container.IMAGE.endswith(f"python:{sys.version_info[0]}.{sys.version_info[1]}-slim")
