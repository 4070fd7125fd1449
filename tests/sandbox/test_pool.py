"""The pool survives dying workers and a dying parent, makes callers wait, and gives the same verdicts under load."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from banditgen.errors import SandboxError
from banditgen.result import FailureKind
from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.pool import ZygoteSandbox
from banditgen.sandbox.worker import Mechanisms, Worker
from banditgen.task import Task
from banditgen.testing.attacks import FORGERIES, TESTS
from tests.sandbox.forgeries import COOPERATIVE_FORGERIES

GOOD = "def f(n): return n + 1"
TASK = Task("f", tests=TESTS)


_seen: dict[int, set[tuple[int, bytes]]] = {}


def workers_of(parent: int) -> list[int]:
    """The worker processes below the process `parent`, and those that were seen there before and are alive."""
    above: dict[int, int] = {}
    started: dict[int, bytes] = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (path / "stat").read_bytes().rpartition(b")")[2].split()
            above[int(path.name)] = int(fields[1])
            if fields[0] != b"Z" and b"banditgen.sandbox.inside" in (path / "cmdline").read_bytes():
                started[int(path.name)] = fields[19]

    def below(pid: int) -> bool:
        while pid in above:
            if (pid := above[pid]) == parent:
                return True
        return False

    known = _seen.setdefault(parent, set())
    known |= {(pid, start) for pid, start in started.items() if below(pid)}
    return [pid for pid, start in started.items() if (pid, start) in known]


def gone(parent: int, seconds: float = 10) -> bool:
    """Wait until no worker of a process is left."""
    end = time.monotonic() + seconds
    while workers_of(parent) and time.monotonic() < end:
        time.sleep(0.02)
    return not workers_of(parent)


@pytest.mark.slow
def test_more_callers_than_workers_wait_their_turn() -> None:
    with contextlib.closing(ZygoteSandbox(workers=1)) as box, ThreadPoolExecutor(8) as threads:
        runs = list(threads.map(lambda _: box.run(GOOD, TASK), range(40)))
        assert all(run.passed for run in runs)


@pytest.mark.slow
def test_a_killed_worker_is_replaced() -> None:
    with contextlib.closing(ZygoteSandbox(workers=1)) as box:
        assert box.run(GOOD, TASK).passed
        for _ in range(3):
            before = workers_of(os.getpid())
            assert before
            for pid in before:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            assert box.run(GOOD, TASK).passed


@pytest.mark.slow
def test_a_worker_killed_under_a_job_costs_a_retry_and_no_verdict() -> None:
    with contextlib.closing(ZygoteSandbox(workers=1)) as box:
        box.run(GOOD, TASK)
        before = set(workers_of(os.getpid()))

        def kill_soon() -> None:
            time.sleep(0.2)
            for pid in before:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

        killer = threading.Thread(target=kill_soon)
        killer.start()
        run = box.run("import time\ndef f(n):\n    time.sleep(0.3)\n    return n + 1", TASK)
        killer.join()
        assert run.passed


@pytest.mark.slow
def test_a_worker_killed_twice_under_a_job_is_nobodys_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A candidate can't reach it, so who ended it came from outside."""
    run_job = Worker.run

    def run_and_be_killed(worker: Worker, *arguments: Any) -> Any:
        killer = threading.Timer(0.3, os.kill, (worker.pid, signal.SIGKILL))
        killer.start()
        return run_job(worker, *arguments)

    with contextlib.closing(ZygoteSandbox(workers=1)) as box:
        assert box.run(GOOD, TASK).passed
        with monkeypatch.context() as patched:
            patched.setattr(Worker, "run", run_and_be_killed)
            run = box.run("import time\ndef f(n):\n    time.sleep(9)\n    return n + 1", TASK)
        assert (run.passed, run.verified, run.failure) == (False, False, FailureKind.INFRASTRUCTURE)
        assert "killed" in str(run.error)
        assert run.failure is not None
        assert not run.failure.moves_posterior
        assert box.run(GOOD, TASK).passed


@pytest.mark.slow
def test_closing_leaves_no_process() -> None:
    script = """
import os, sys
from banditgen.sandbox.pool import ZygoteSandbox
from banditgen.task import Task
box = ZygoteSandbox(workers=2)
box.run("print(1)", Task("x"))
box.close(); box.close()
print(os.getpid(), flush=True)
sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert gone(int(process.stdout.readline()))
        process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mechanisms", "fixture"),
    [
        (Mechanisms(), None),
        (Mechanisms(namespaces=False), "bubblewrap"),
        (Mechanisms(namespaces=False, bubblewrap=False), "without_namespaces"),
    ],
)
def test_kill_9_of_the_parent_leaves_no_process_and_no_folder(
    mechanisms: Mechanisms, fixture: str | None, request: pytest.FixtureRequest
) -> None:
    """Also in the middle of a job that ignores signals and has daemons."""
    if fixture:
        request.getfixturevalue(fixture)
    script = f"""
import os
from banditgen.sandbox.pool import ZygoteSandbox
from banditgen.sandbox.worker import Mechanisms
from banditgen.task import Task
box = ZygoteSandbox(workers=1, mechanisms={mechanisms!r})
box.run("print(1)", Task("x"))
print(os.getpid(), flush=True)
box.run('''
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        break
while True: time.sleep(1)
''', Task("x"))
"""
    folders = set(Path(tempfile.gettempdir()).glob("banditgen-*"))
    for pause in (0.0, 0.3):
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            pid = int(process.stdout.readline())
            assert workers_of(pid)
            time.sleep(pause)
            assert workers_of(pid)
            process.kill()
        assert gone(pid), workers_of(pid)
    assert set(Path(tempfile.gettempdir()).glob("banditgen-*")) <= folders


@pytest.mark.slow
def test_a_forked_process_is_told_to_open_its_own() -> None:
    with contextlib.closing(ZygoteSandbox(workers=1)) as box:
        box.run(GOOD, TASK)
        box._owner = -1
        with pytest.raises(SandboxError, match="another process"):
            box.run(GOOD, TASK)
        box._owner = os.getpid()


def test_a_closed_sandbox_says_so() -> None:
    box = ZygoteSandbox(workers=1)
    box.close()
    with pytest.raises(SandboxError, match="closed"):
        box.run(GOOD, TASK)


@pytest.mark.slow
def test_a_thousand_mixed_candidates_get_the_verdicts_they_get_alone() -> None:
    """Good, wrong and hostile candidates in random order, in both channels, from many threads."""
    generator = random.Random(20261123)
    quick = Task("f", tests=TESTS, limits={"wall_seconds": 1.0, "memory_bytes": 128 << 20, "processes": 16, "disk_bytes": 16 << 20})
    shared = Task("f", tests="import sys\n" + TESTS, limits=quick.limits)
    kinds = {
        "good": GOOD,
        "slow but good": "import time\ndef f(n):\n    time.sleep(0.02)\n    return n + 1",
        "wrong": "def f(n): return n",
        "raises": "def f(n): raise ValueError(n)",
        "does not parse": "def f(n) return n",
        "memory": "def f(n):\n    x = []\n    while True: x.append(b'x' * (8 << 20))",
        "forks": "import os\ndef f(n):\n    while True: os.fork()",
        "disk": "def f(n):\n    k = 0\n    while True:\n        open(f'x{k}', 'wb').write(bytes(4 << 20))\n        k += 1",
        "flood": "def f(n):\n    while True: print('x' * 10000)",
        "crash": "import ctypes\ndef f(n): ctypes.string_at(0)",
        **FORGERIES,
        **COOPERATIVE_FORGERIES,
    }
    expected: dict[tuple[str, Task], tuple[bool, FailureKind | None, str | None]] = {}
    with contextlib.closing(ZygoteSandbox(workers=1)) as alone:
        for name, code in kinds.items():
            for task in (quick, shared):
                run = alone.run(code, task)
                expected[name, task] = (run.passed, run.failure, run.limit)
    names = list(kinds)
    jobs = [
        (generator.choice(["good", "wrong"]) if generator.random() < 0.5 else generator.choice(names), generator.choice([quick, shared]))
        for _ in range(1000)
    ]
    with contextlib.closing(ZygoteSandbox(workers=2)) as box, ThreadPoolExecutor(6) as threads:
        runs = list(threads.map(lambda job: box.run(kinds[job[0]], job[1]), jobs))
    different = [
        (name, run.channel, expected[name, task], (run.passed, run.failure, run.limit, run.error))
        for (name, task), run in zip(jobs, runs, strict=True)
        if (run.passed, run.failure, run.limit) != expected[name, task]
    ]
    assert different == []


def test_a_judged_job_that_is_not_short_may_use_every_processor(sandbox: Sandbox) -> None:
    """Judge and candidate start on one, where short calls are cheapest."""
    code = "import os, time\ndef f(n):\n    while len(os.sched_getaffinity(0)) < n: time.sleep(.01)\n    return n"
    count = len(os.sched_getaffinity(0))
    run = sandbox.run(code, Task("f", tests=f"assert f({count}) == {count}", channel="judged"))
    assert run.passed, run.error
