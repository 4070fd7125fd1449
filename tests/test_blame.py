"""Whose fault: five races with each fault of docs/explanation/blame.md leave what is believed of the arms as it was."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from banditgen import BanditGenerator, FailureKind, GeneratorConfig, Task
from banditgen.errors import PackageError, TaskError
from banditgen.generators.base import Deadlines
from banditgen.generators.ollama import OllamaGenerator
from banditgen.history.store import History
from banditgen.race import ParallelGenerator
from banditgen.scoring import UNMEASURED, quality_score
from banditgen.task import Limits
from banditgen.testing.ollama_server import Fault, HostModel, OllamaServer
from tests.clients import BAD, GOOD, Client

ARMS = [GeneratorConfig("good", "good", 0.1), GeneratorConfig("bad", "bad", 0.1)]
DOUBLE = Task("Write double(x).", task_type="t", tests="assert double(2) == 4")
RACES = 5


def opened(history: History, backend: Any = None, **parts: Any) -> BanditGenerator:
    return BanditGenerator.open(arms=ARMS, backend=backend or Client({"good": GOOD, "bad": BAD}), history=history, seed=1, **parts)


def beliefs(history: History) -> list[tuple[Any, ...]]:
    with opened(history) as bandit:
        return [(r.name, r.expected_reward, r.low, r.high, r.passes, r.fails) for r in bandit.recommend("t")]


@pytest.fixture
def history() -> Iterator[History]:
    """One in which both arms have raced, three times each."""
    store = History("sqlite://")
    with opened(store) as bandit:
        for _ in range(3):
            bandit.run(DOUBLE, 2)
    yield store
    store.close()


class Saying:
    """A caller's client that gives back one thing, or raises it."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def generate(self, **_: Any) -> Any:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class Coroutine:
    async def generate(self, **_: Any) -> Any:
        raise ConnectionError("down")


@pytest.mark.slow
@pytest.mark.parametrize(
    "client", [Saying(""), Saying(" \n"), Saying(None), Saying(b"x"), Saying(OSError("down")), Saying(SystemExit(1)), Coroutine()]
)
def test_a_callers_client(client: Any, history: History) -> None:
    """That gives no text, or raises."""
    before = beliefs(history)
    with opened(history, client) as bandit:
        for _ in range(RACES):
            assert {result.failure for result in bandit.run(DOUBLE, 2).results} == {FailureKind.INFRASTRUCTURE}
    assert beliefs(history) == before


def test_a_callers_client_that_does_not_answer_in_time(history: History) -> None:
    before = beliefs(history)
    generator = ParallelGenerator(Client({"good": GOOD, "bad": BAD}, seconds=0.5), history=history, deadlines=Deadlines(total=0.05))
    for _ in range(RACES):
        results = generator.generate_parallel("p", ARMS, "n", "d", task=DOUBLE)
        assert {result.failure for result in results} == {FailureKind.INFRASTRUCTURE}
    assert beliefs(history) == before


@pytest.mark.slow
@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.ERROR_IN_STREAM, Fault.CUT, Fault.ONLY_LOADED, Fault.UNLOADED, None])
def test_an_ollama_host(fault: Fault | None, history: History) -> None:
    """That fails, loads a model in place of an answer, or (None) cuts the prompt to its context."""
    before = beliefs(history)
    models = [HostModel(name, ["def double(x):\n", "    return x\n"], context=2 if fault is None else 4096) for name in ("good", "bad")]
    with OllamaServer(models) as server, opened(history, OllamaGenerator(server.url)) as bandit:
        for _ in range(RACES):
            server.fail_next(*([fault] * 2 if fault else []))
            assert {result.failure for result in bandit.run(DOUBLE, 2).results} == {FailureKind.INFRASTRUCTURE}
    assert beliefs(history) == before


OWN_FAULTS: dict[str, dict[str, Any]] = {
    "an error before they use the candidate": {"tests": "import json\nwant = json.loads('{')\nassert double(2) == want"},
    "an error in a set up": {
        "tests": "import unittest\nclass T(unittest.TestCase):\n    def setUp(self): self.x = open('nowhere')\n"
        "    def test_a(self): self.assertEqual(double(2), 4)"
    },
    "a fixture that is not there": {"tests": "def test_a(numbers): assert double(2) == numbers"},
    "all of them skipped": {"tests": "import pytest\n@pytest.mark.skip\ndef test_a(): assert double(2) == 4"},
    "a coroutine that nothing runs": {"tests": "async def test_a(): assert double(2) == 4"},
    "a module beside it that fails": {"tests": "from helper import x\nassert double(2) == x", "files": {"helper.py": "x = 1 / 0"}},
    "a checker that fails": {"examples": [("", "")], "checker": "def check(stdin, stdout): return stdout == {}[stdin]"},
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", OWN_FAULTS)
def test_tests_with_a_fault_of_their_own(fault: str, history: History) -> None:
    """That no look at them can tell; the race says it once."""
    before = beliefs(history)
    task = Task(DOUBLE.prompt, task_type="t", **OWN_FAULTS[fault])
    with opened(history) as bandit:
        for _ in range(RACES):
            race = bandit.run(task, 2)
            assert {result.failure for result in race.results} == {FailureKind.TASK}
            assert race.best is None
            assert race.reason.count("no arm is to blame: ") == 1
    assert beliefs(history) == before


def test_a_named_package_that_is_not_there_is_said_before_anything_is_written(history: History) -> None:
    task = Task(DOUBLE.prompt, tests="assert double(2) == 4", packages=["nowhere_to_be_found"])
    before = history.count()
    with opened(history) as bandit, pytest.raises(PackageError, match="pip install nowhere_to_be_found"):
        bandit.run(task, 2)
    assert history.count() == before


@pytest.mark.parametrize(
    "tests",
    [
        "assert double(2) ==",
        "assert await double(2) == 4",
        "assert (double(2) == 4, 'twice')",
        "print(double(2))",
        "from solution import double\nassert double(2) == twice(2)",
        "import nowhere_to_be_found\nassert double(2) == 4",
    ],
)
def test_tests_with_a_fault_that_a_look_can_tell(tests: str) -> None:
    """Are refused before anything is raced."""
    with pytest.raises(TaskError):
        Task(DOUBLE.prompt, tests=tests)


@pytest.mark.slow
@pytest.mark.parametrize(
    "code", ["def twice(x): return 2 * x", "def double(x): return x / 0", "import pytest\ndouble = pytest.skip", "raise SystemExit(0)"]
)
def test_what_stays_the_arms(code: str, history: History) -> None:
    """A missing name, an error, a skip or an exit of its own: all five races count."""
    before = {name: fails for name, *_, fails in beliefs(history)}
    task = Task(DOUBLE.prompt, task_type="t", tests="def test_a(): assert double(2) == 4")
    with opened(history, Client({"good": f"```python\n{code}\n```", "bad": BAD})) as bandit:
        for _ in range(RACES):
            bandit.run(task, 2)
    assert {name: fails for name, *_, fails in beliefs(history)} == {name: fails + RACES for name, fails in before.items()}


class Runner:
    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work

    def save_code(self, node_id: str, code: str) -> None: ...

    def run_node(self, node_id: str, payload: dict[str, Any]) -> Any:
        return self.work()


def raising() -> None:
    raise OSError("disk")


def hanging() -> None:
    time.sleep(60)


@pytest.mark.slow
@pytest.mark.parametrize("work", [raising, hanging, lambda: None, lambda: ("", "", "no metrics")])
def test_a_callers_runner(work: Callable[[], Any], history: History) -> None:
    """That raises, never returns, or returns something else."""
    before = beliefs(history)
    task = Task(DOUBLE.prompt, task_type="t", tests=DOUBLE.tests, limits=Limits(wall_seconds=0.2))
    with opened(history, node_runner=Runner(work)) as bandit:
        for _ in range(RACES):
            assert {result.failure for result in bandit.run(task, 2).results} == {FailureKind.INFRASTRUCTURE}
    assert beliefs(history) == before


@pytest.mark.slow
@pytest.mark.parametrize("take_out", [raising, hanging, lambda: None])
def test_a_callers_way_of_taking_the_code_out(take_out: Callable[[], Any], history: History) -> None:
    """That raises, never returns, or returns no text."""
    before = beliefs(history)
    task = Task(DOUBLE.prompt, task_type="t", tests=DOUBLE.tests, limits=Limits(wall_seconds=0.2))
    with opened(history, extract=lambda text, task: take_out()) as bandit:
        for _ in range(RACES):
            assert {result.failure for result in bandit.run(task, 2).results} == {FailureKind.INFRASTRUCTURE}
    assert beliefs(history) == before


class Evaluator:
    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work

    def evaluate_full(self, stdout: str, stderr: str, metrics: dict[str, Any]) -> Any:
        return {"final_score": self.work()}


@pytest.mark.slow
@pytest.mark.parametrize("work", [raising, hanging, lambda: math.nan, lambda: 2, lambda: None])
def test_a_callers_evaluator(work: Callable[[], Any], history: History) -> None:
    """That raises, never returns, or gives no score in [0, 1]: the verdicts count, and are all that does."""
    before = {name: (passes, fails) for name, *_, passes, fails in beliefs(history)}
    races, limits = (2, Limits(wall_seconds=2)) if work is hanging else (RACES, Limits())
    task = Task(DOUBLE.prompt, task_type="t", tests=DOUBLE.tests, limits=limits)
    with opened(history, evaluator=Evaluator(work)) as bandit:
        for _ in range(races):
            race = bandit.run(task, 2)
            assert race.best is not None
            assert [result.measures for result in race.results] == [{}, {}]
            assert race.best.quality_score == quality_score(True, UNMEASURED)  # as where no evaluator said anything
    after = {name: (passes, fails) for name, *_, passes, fails in beliefs(history)}
    (passes, none), (nothing, fails) = before["good"], before["bad"]
    assert after == {"good": (passes + races, none), "bad": (nothing, fails + races)}


@pytest.mark.slow
def test_an_outage_of_thirty_races(tmp_path: Path) -> None:
    """An arm that had passed 9 of 9 still has, whatever the client of a server that is down does."""
    store = History(tmp_path / "h.db")
    arm = [GeneratorConfig("good", "good", 0.1)]
    with BanditGenerator.open(arms=arm, backend=Client({"good": GOOD}), history=store) as bandit:
        for _ in range(9):
            bandit.run(DOUBLE, 1)
        [before] = bandit.recommend("t")
    for answer in ("", None, ConnectionError("refused")):
        with BanditGenerator.open(arms=arm, backend=Saying(answer), history=store) as bandit:
            for _ in range(10):
                bandit.run(DOUBLE, 1)
    with BanditGenerator.open(arms=arm, backend=Client({"good": GOOD}), history=store) as bandit:
        [after] = bandit.recommend("t")
    assert (after.passes, after.fails) == (9, 0)
    assert after == before
    store.close()
