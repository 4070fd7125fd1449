"""The contract that every sandbox keeps, as a test class to subclass; run by pytest over ours and over yours."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest

from banditgen.result import FailureKind
from banditgen.sandbox.base import Execution, Sandbox
from banditgen.sandbox.canaries import Canaries
from banditgen.task import Limits, Task
from banditgen.testing.attacks import EXHAUSTION, FORGERIES, HARMS, SHARED_OBJECTS, TESTS

GOOD = "def f(n):\n    return n + 1\n"
LIMITS = Limits(wall_seconds=3.0, memory_bytes=256 << 20, processes=24, disk_bytes=32 << 20)
PATIENCE = 30.0
UNPRIVILEGED = 65534  # whom root's candidates run as, in ours
LIMITS_OF_A_TREE = ("a loop that catches everything", "4 GiB in pieces", "fork bomb", "output flood", "20 children of 200 MB")
ODD_CODES = ("", "# nothing", "def f(n) return n", "a\0b", "\ud800", "x = 1\r\ny = 2", "(" * 5000, "\x1b[2J", "import nowhere")


class SandboxContract:
    """Subclass it, say how a sandbox is made, and pytest runs the contract.

    Attributes:
        judges: whether tests on functions are run in another process than the candidate.
        exhaustions: which of `banditgen.testing.attacks.EXHAUSTION` it stops, and names the limit of.
        hides_host: whether a candidate can neither read the host's files nor open a socket.
        holds_signals: whether a candidate can signal no process of the host's; where not, the attack that kills is not run.
    """

    judges: ClassVar[bool] = True
    exhaustions: ClassVar[tuple[str, ...]] = (*LIMITS_OF_A_TREE, "disk fill")
    hides_host: ClassVar[bool] = True
    holds_signals: ClassVar[bool] = True

    def make(self) -> Sandbox:
        """A new sandbox."""
        raise NotImplementedError

    @contextlib.contextmanager
    def _open(self) -> Iterator[Sandbox]:
        sandbox = self.make()
        try:
            yield sandbox
        finally:
            sandbox.close()

    def test_it_is_a_sandbox(self) -> None:
        """It has the port's methods, a name, says what holds, and can be closed twice."""
        with self._open() as sandbox:
            assert isinstance(sandbox, Sandbox)
            assert sandbox.name
            isolation = sandbox.isolation()
            assert {"filesystem", "network", "memory", "processes"} <= isolation.keys()
            assert all(isinstance(text, str) and text for text in isolation.values())
            sandbox.close()

    def test_right_passes_and_wrong_fails_as_its_kind(self) -> None:
        """For asserts, `check(candidate)`, pytest files, examples and no tests at all."""
        check = "def check(candidate):\n    assert candidate(1) == 2\n"
        tasks = [
            Task("f", tests=TESTS),
            Task("f", tests=check, entry_point="f"),
            Task("f", tests="from solution import f\ndef test_f():\n    assert f(1) == 2\n"),
        ]
        with self._open() as sandbox:
            for task in tasks:
                self._passes(sandbox.run(GOOD, task), verified=True)
                self._fails(sandbox.run("def f(n): return 0", task), FailureKind.WRONG)
                self._fails(sandbox.run("def f(n): raise KeyError(n)", task), FailureKind.ERROR)
                self._fails(sandbox.run("def f(n) return n", task), FailureKind.ERROR)
            program = Task("double", examples=[("1\n", "2\n"), ("2\n", "4 \n\n")])
            self._passes(sandbox.run("print(2 * int(input()))", program), verified=True)
            self._fails(sandbox.run("print(2)", program), FailureKind.WRONG)
            self._fails(sandbox.run("print(2 * int(input())); 1 / 0", program), FailureKind.ERROR)
            self._passes(sandbox.run("print('hello')", Task("greet")), verified=False)
            self._fails(sandbox.run("1 / 0", Task("greet")), FailureKind.ERROR)

    def test_nothing_a_candidate_is_raises(self) -> None:
        """Empty, unparsable, binary and odd code is a failed execution with one bounded line of error."""
        with self._open() as sandbox:
            for code in ODD_CODES:
                run = sandbox.run(code, Task("f", tests=TESTS))
                assert not run.passed
                assert run.failure is not FailureKind.INFRASTRUCTURE
                assert run.error
                assert len(run.error) <= 500
                assert run.error.isprintable()

    def test_forged_verdicts_do_not_pass(self) -> None:
        """Exit codes, printed text, patched frameworks, lying objects: see `banditgen.testing.attacks`."""
        with self._open() as sandbox:
            for name, code in FORGERIES.items():
                if name == "killing the judge" and not self.holds_signals:
                    continue  # it would kill the host's processes, those of the one who runs this among them
                if self.judges or name not in SHARED_OBJECTS:
                    assert not sandbox.run(code, Task("f", tests=TESTS, limits=LIMITS)).passed, name
            self._passes(sandbox.run(GOOD, Task("f", tests=TESTS)), verified=True)

    def test_limits_hold_and_are_named(self) -> None:
        """The verdict is in time, says which limit was hit, and keeps no more output than that."""
        with self._open() as sandbox:
            for name in self.exhaustions:
                code, limits = EXHAUSTION[name]
                wall = LIMITS.wall_seconds if "wall" in limits else PATIENCE  # a busy machine may take its time to reach another limit
                run = sandbox.run(code, Task("f", tests=TESTS, limits=dataclasses.replace(LIMITS, wall_seconds=wall)))
                assert run.limit in limits, (name, run.limit, run.error)
                assert run.failure is (FailureKind.TIMEOUT if run.limit in ("wall", "cpu") else FailureKind.REFUSED)
                assert run.wall_seconds < wall + PATIENCE
                assert len(run.stdout) <= LIMITS.output_bytes

    def test_a_job_leaves_nothing_for_the_next(self) -> None:
        """No file in its folder, no changed module."""
        with self._open() as sandbox:
            for _ in range(3):
                sandbox.run("import math\nopen('left', 'w').write('x')\nmath.pi = 3", Task("leave"))
                run = sandbox.run("import math, os\nprint(os.listdir('.'), math.pi > 3.1)", Task("look"))
                assert run.stdout == "[] True\n"

    def test_the_environment_is_clean_and_the_host_hidden(self) -> None:
        """No variable of the caller's; no socket, and no file of the host's, where that is promised."""
        with self._open() as sandbox:
            run = sandbox.run("import os\nprint(sorted(k for k in os.environ if 'PWD' in k or 'USER' in k or 'KEY' in k))", Task("look"))
            assert run.stdout == "[]\n"
            if self.hides_host:
                for act in ("import socket\nsocket.create_connection(('127.0.0.1', 9))", "print(open('/etc/hosts').read())"):
                    assert not sandbox.run(act, Task("reach")).passed

    def test_nothing_of_the_users_is_harmed(self) -> None:
        """No file, process, socket or secret; not even its mode, its times or its priority: see `banditgen.testing.attacks.HARMS`."""
        if not (self.hides_host and self.holds_signals):
            pytest.skip("this sandbox does not say that it holds candidates")
        with self._open() as sandbox, Canaries(UNPRIVILEGED) as canaries:
            facts = "".join(f"{name} = {value!r}\n" for name, value in canaries.facts.items())
            for name, act in HARMS.items():
                run = sandbox.run(f"{facts}{act}print('reached', bool(reached))", Task("reach", limits=LIMITS))
                assert "reached True" not in run.stdout, name
                assert not canaries.harmed(), name

    def test_it_serves_many_threads(self) -> None:
        """Verdicts belong to the code they were asked for."""
        task = Task("f", tests=TESTS)
        codes = [GOOD if number % 3 else "def f(n): return 0" for number in range(24)]
        with self._open() as sandbox, ThreadPoolExecutor(6) as threads:
            runs = list(threads.map(lambda code: sandbox.run(code, task), codes))
            assert [run.passed for run in runs] == [code == GOOD for code in codes]

    def _passes(self, run: Execution, *, verified: bool) -> None:
        assert (run.passed, run.verified, run.failure, run.error, run.limit) == (True, verified, None, None, None), run.error
        assert run.isolation
        assert run.wall_seconds > 0
        if verified:
            assert run.channel in (("judged",) if self.judges else ("judged", "cooperative"))

    @staticmethod
    def _fails(run: Execution, kind: FailureKind) -> None:
        assert (run.passed, run.failure) == (False, kind), run.error
        assert run.error
