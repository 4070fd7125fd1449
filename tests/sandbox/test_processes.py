"""Processes of a job's own: `multiprocessing` works where it is said to, and what they use is counted, waited for or not."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pytest

from banditgen.sandbox.base import Sandbox
from banditgen.sandbox.pool import ZygoteSandbox
from banditgen.sandbox.worker import Mechanisms
from banditgen.task import Task

POOLS = """
import multiprocessing as mp
from concurrent.futures import ProcessPoolExecutor
def square(n): return n * n
def put(queue, value): queue.put(value * 2)
def add(counter):
    with counter.get_lock(): counter.value += 1
def f(n, method):
    context = mp.get_context(method)
    with context.Pool(2) as pool: assert pool.map(square, range(5)) == [0, 1, 4, 9, 16]
    queue = context.Queue()
    worker = context.Process(target=put, args=(queue, 21))
    worker.start()
    assert queue.get(timeout=60) == 42
    worker.join()
    counter = context.Value("i", 0)
    workers = [context.Process(target=add, args=(counter,)) for _ in range(2)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    assert counter.value == 2
    with ProcessPoolExecutor(2, mp_context=context) as pool: assert list(pool.map(square, range(4))) == [0, 1, 4, 9]
    return n + 1
"""
TESTS = "assert f(1, {0!r}) == 2"


@pytest.fixture(scope="module", params=["namespaces", "bubblewrap"])
def spaced(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    if request.param == "bubblewrap" and os.geteuid() == 0:
        pytest.skip("bubblewrap is for ordinary users: see test_as_ordinary_user.py")
    with contextlib.closing(ZygoteSandbox(1, mechanisms=Mechanisms(namespaces=request.param == "namespaces"))) as box:
        assert box.isolation()["multiprocessing"] == "works"
        yield box


@pytest.mark.slow
@pytest.mark.parametrize("method", [None, "fork", "spawn", "forkserver"])
@pytest.mark.parametrize("form", ["judged", "cooperative", "program"])
def test_pools_queues_and_locks_work(spaced: Sandbox, method: str | None, form: str) -> None:
    """However the processes start, and wherever the candidate runs."""
    tests = {"judged": TESTS.format(method), "cooperative": "import sys\n" + TESTS.format(method), "program": None}[form]
    code = POOLS if tests else POOLS + f"if __name__ == '__main__': assert f(1, {method!r}) == 2"
    run = spaced.run(code, Task("f", tests=tests, limits={"wall_seconds": 120.0}))
    assert run.passed, (run.error, run.stderr)
    assert run.channel == ("judged" if form == "judged" else "cooperative")


SHELL = """
import asyncio, os, signal, subprocess, time
ended = []
signal.signal(signal.SIGCHLD, lambda *_: ended.append(1))
async def shell():
    return await (await asyncio.create_subprocess_shell("true")).wait()
def f(n):
    assert subprocess.run("echo a | cat; (true) & wait; ls", shell=True, capture_output=True).returncode == 0
    assert asyncio.run(shell()) == 0
    assert ended
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if os.fork() == 0: os._exit(0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    return n + 1
"""


@pytest.mark.parametrize("tests", ["assert f(1) == 2", "import sys\nassert f(1) == 2"])
def test_handlers_for_the_end_of_children_are_called(sandbox: Sandbox, tests: str) -> None:
    run = sandbox.run(SHELL, Task("f", tests=tests))
    assert run.passed, (run.error, run.stderr)


VANISHING = """
import os, signal, time
def f(n):
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in range(40):
        if os.fork() == 0:
            while time.process_time() < 0.08: pass
            os._exit(0)
        try: os.wait()
        except ChildProcessError: pass
    return n + 1
"""


@pytest.mark.slow
@pytest.mark.parametrize("tests", ["assert f(1) == 2", "import sys\nassert f(1) == 2"])
@pytest.mark.parametrize("namespaces", [True, False])
def test_children_that_nobody_waits_for_are_counted(request: pytest.FixtureRequest, tests: str, *, namespaces: bool) -> None:
    """3.2 seconds of processor time do not pass under half a second."""
    if not namespaces:
        request.getfixturevalue("readable_to_all")
    with contextlib.closing(ZygoteSandbox(1, mechanisms=Mechanisms(namespaces=namespaces, bubblewrap=False))) as box:
        run = box.run(VANISHING, Task("f", tests=tests, limits={"cpu_seconds": 0.5, "wall_seconds": 60.0}))
        assert run.limit == "cpu"
        assert 0.4 < run.cpu_seconds < 2


ENDED = """
import mmap, os, time
shared = mmap.mmap(-1, 1 << 20)
children = [os.fork() for _ in range(2)]
if 0 in children: os._exit(0)
time.sleep(0.2)
"""


@pytest.mark.slow
def test_shared_memory_beside_children_that_have_ended_is_counted(sandbox: Sandbox) -> None:
    """Nothing that a job can look like ends the worker that looks at it: whose fault that was could not be told."""
    for _ in range(3):
        run = sandbox.run(ENDED, Task("x"))
        assert run.passed, run.error


def test_own_streams_and_a_name_are_there(sandbox: Sandbox) -> None:
    """What a process has open it can open by name, and it has a user with a home; nothing else of /proc can be read."""
    code = """
import getpass, os, pwd, subprocess
print(subprocess.run(["cat", "/dev/stdin"], capture_output=True, text=True).stdout, open("/dev/stdin").read())
print(pwd.getpwuid(os.getuid()).pw_dir == os.path.expanduser("~") == "/tmp", bool(getpass.getuser()))
for name in ("mountinfo", "environ", "cmdline", "cgroup", "maps"):
    try: print(open(f"/proc/self/{name}").read())
    except OSError: pass
"""
    run = sandbox.run(code, Task("x", examples=[("1", "1 1\nTrue True\n")]))
    assert run.passed, (run.error, run.stdout, run.stderr)
