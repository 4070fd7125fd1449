"""Odd but real uses: exits, forks, listeners, many races, values that are nearly right."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from banditgen import BanditGenerator, FailureKind, GeneratorConfig, ParallelGenerator, SelectionCriteria, Strategy, Task
from banditgen.errors import HistoryCorruptError, HistoryError, ModelNotFoundError, UsageError
from banditgen.generators.recordings import Recording
from banditgen.generators.replay import ReplayGenerator
from banditgen.history.store import History
from banditgen.racing.events import RaceEvent
from banditgen.result import Timings
from tests.clients import BAD, GOOD, Client

DOUBLE = Task("Write double(x).", task_type="text", tests="assert double(2) == 4")
ARMS = [GeneratorConfig("good", "good", 0.1), GeneratorConfig("bad", "bad", 0.1)]


def opened(**options: Any) -> BanditGenerator:
    return BanditGenerator.open(
        **{"arms": ARMS, "backend": Client({"good": GOOD, "bad": BAD}), "history": "sqlite://", "seed": 1, **options}
    )


def anything(value: Any) -> Any:
    """What a caller without a type checker may hand in."""
    return value


class Exiting:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def save_code(self, node_id: str, code: str) -> None:
        pass

    def run_node(self, node_id: str, payload: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
        raise self.error


@pytest.mark.parametrize("error", [SystemExit(0), KeyboardInterrupt()])
def test_a_runner_that_exits_is_infrastructure_and_the_next_race_runs(error: BaseException) -> None:
    for _ in range(2):
        generator = ParallelGenerator(Client({"good": GOOD}), Exiting(error))
        [result] = generator.generate_parallel("p", ARMS[:1], "n", "d")
        assert result.failure is FailureKind.INFRASTRUCTURE


@pytest.mark.slow
def test_a_forked_child_races_on_its_own(tmp_path: Path) -> None:
    """The parent's threads are gone in a fork; the child starts its own, on the same history."""
    script = """
import os, sys
from banditgen import BanditGenerator, GeneratorConfig, Task
class Client:
    def generate(self, *, model, prompt, temperature, max_tokens):
        return "```python\\ndef double(x):\\n    return 2 * x\\n```"
task = Task("p", task_type="text", tests="assert double(2) == 4")
bandit = BanditGenerator.open(arms=[GeneratorConfig("a", "m")], backend=Client(), history=sys.argv[1])
assert bandit.run(task).best
child = os.fork()
assert bandit.run(task).best
if child:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert bandit.history.count()["races"] == 3
else:
    os._exit(0)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, str(tmp_path / "h.db")], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_listener_that_waits_for_a_race_is_refused_not_deadlocked() -> None:
    errors: list[Exception] = []

    def listen(event: RaceEvent) -> None:
        if event.stage == "done":
            try:
                bandit.run(DOUBLE)
            except UsageError as error:
                errors.append(error)

    with opened() as bandit:
        assert bandit.run(DOUBLE, on_event=listen).best is not None
    assert len(errors) == 2


def test_a_listener_that_raises_hurts_no_race() -> None:
    def listen(event: RaceEvent) -> None:
        raise ZeroDivisionError

    with opened() as bandit:
        race = bandit.run(DOUBLE, on_event=listen)
        assert race.best is not None
        assert len(race.results) == 2


def test_a_result_that_its_own_race_recorded_cannot_be_told() -> None:
    with opened() as bandit:
        racer = ParallelGenerator(Client({"good": GOOD, "bad": BAD}), history=bandit.history)
        decision = bandit.ask("text", 2)
        results = racer.generate_parallel("w", decision.arms, "n", "d", task=DOUBLE)
        with pytest.raises(UsageError, match="recorded it"):
            bandit.tell(decision.id, results)
        assert bandit.generator_stats["text"]["good"]["total_count"] == 1
        # with a history of its own the racer's results can be told, once for one decision
        other = ParallelGenerator(Client({"good": GOOD, "bad": BAD}))
        results = other.generate_parallel("w", decision.arms, "n", "d", task=DOUBLE)
        race = bandit.tell(decision.id, results)
        assert race.best is not None
        assert bandit.tell(decision.id, results).best == race.best
        assert bandit.get_stats()["total_selections"] == 1
        with pytest.raises(UsageError, match="recorded it"):
            bandit.tell(bandit.ask("text", 2).id, results)


@pytest.mark.parametrize(
    "changes",
    [
        {"test_passed": "no"},
        {"code": b""},
        {"measures": {"x": object()}},
        {"failure": "bogus"},
        {"generation_time": "fast"},
        {"quality_score": 7},
        {"speed_score": 3},
        {"reward": 2},
        {"id": 5},
    ],
)
def test_a_told_value_that_cannot_be_is_named(changes: dict[str, Any]) -> None:
    with opened() as bandit:
        decision = bandit.ask("text", 2)
        with pytest.raises(UsageError, match=next(iter(changes)) if "measures" not in changes else "x"):
            bandit.tell(decision.id, [{"generator_name": "good", "test_passed": True, **changes}])
        assert bandit.history.count()["races"] == 0


def test_a_telling_that_contradicts_itself_or_an_earlier_one_is_refused() -> None:
    with opened() as bandit:
        decision = bandit.ask("text", 2)
        for failure in ("wrong", "infrastructure"):
            with pytest.raises(UsageError, match="contradicts itself"):
                bandit.tell(decision.id, [{"generator_name": "good", "test_passed": True, "failure": failure}])
        with pytest.raises(UsageError, match="list of results"):
            bandit.tell(decision.id, anything(None))
        told = {"generator_name": "good", "test_passed": True, "measures": {"quality": 0.5}}
        race = bandit.tell(decision.id, [told])
        assert bandit.tell(decision.id, [told]) == race
        for change in ({"measures": {"quality": 0.6}}, {"digest": "d"}, {"verified": False}):
            with pytest.raises(UsageError, match="told before"):
                bandit.tell(decision.id, [{**told, **change}])
        assert bandit.generator_stats["text"]["good"]["total_count"] == 1


def test_a_model_and_its_latest_tag_are_one_arm() -> None:
    assert GeneratorConfig("a", "tiny", 0.1).arm_id == GeneratorConfig("b", "tiny:latest", 0.1).arm_id
    with pytest.raises(UsageError, match="same generator"):
        opened(arms=[GeneratorConfig("a", "good", 0.1), GeneratorConfig("b", "good:latest", 0.1)])


def test_an_arm_of_weight_0_is_neither_eligible_nor_recommended() -> None:
    with opened(arms=[GeneratorConfig("good", "good", 0.1, weight=0.0), ARMS[1]]) as bandit:
        decision = bandit.ask("text", 2)
        assert [arm.name for arm in decision.arms] == ["bad"]
        assert set(decision.record.detail["eligible"]) == {"bad"}
        assert [row.name for row in bandit.recommend("text", 5)] == ["bad"]


def test_a_closed_history_says_so() -> None:
    bandit = opened()
    bandit.close()
    bandit.close()
    with pytest.raises(HistoryError, match="closed"):
        bandit.ask("text")


def test_numpy_values_are_taken() -> None:
    with opened() as bandit:
        decision = bandit.ask("text", 2)
        told = {"generator_name": "good", "test_passed": np.True_, "generation_time": np.float32(2), "quality_score": np.float64(0.8)}
        assert bandit.tell(decision.id, [told]).best is not None

    class Runner:
        def save_code(self, node_id: str, code: str) -> None:
            pass

        def run_node(self, node_id: str, payload: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
            return "", "", {"exit_code": np.int64(0), "latency_ms": np.int64(2000)}

    [result] = ParallelGenerator(Client({"good": GOOD}), Runner()).generate_parallel("p", ARMS[:1], "n", "d")
    assert result.test_passed
    assert result.execution_time == 2.0


@pytest.mark.parametrize("name", ["q?x.db", "a%20b.db", "a#b.db", "with space.db", "ü.db"])
def test_a_history_is_the_file_that_was_named(tmp_path: Path, name: str) -> None:
    for url in (str(tmp_path / name), f"sqlite:///{tmp_path / name}"):
        History(url).close()
    assert {path.name.removesuffix("-wal").removesuffix("-shm") for path in tmp_path.iterdir()} == {name}


@pytest.mark.parametrize("url", ["", " ", "sqlite:///", "sqlite://x", "a\x00b.db"])
def test_a_history_that_is_no_place_is_refused(url: str) -> None:
    with pytest.raises(HistoryError, match="history"):
        History(url)


def test_a_refused_history_is_not_touched(tmp_path: Path) -> None:
    """Newer, foreign: the bytes stay as they were, journal mode included."""
    import sqlite3

    for statement in ("CREATE TABLE banditgen_races (x)", "CREATE TABLE banditgen_meta (key TEXT, value TEXT)"):
        path = tmp_path / "h.db"
        path.unlink(missing_ok=True)
        with sqlite3.connect(path) as connection:
            connection.execute(statement)
        connection.close()
        before = path.read_bytes()
        with pytest.raises(HistoryCorruptError):
            History(path)
        assert path.read_bytes() == before


def test_a_row_that_cannot_be_read_is_a_corrupt_history() -> None:
    with opened() as bandit:
        race = bandit.run(DOUBLE)
        store = bandit.history
        assert isinstance(store, History)
        with store._transaction(write=True) as connection:
            connection.exec_driver_sql("UPDATE banditgen_results SET result = '{broken'")
        with pytest.raises(HistoryCorruptError):
            bandit.history.race(race.id)


def test_each_self_recorded_race_takes_one_record_success() -> None:
    """Two races of different types recorded themselves; recording their winners by hand adds nothing."""
    generator = ParallelGenerator(Client({"good": GOOD}))
    for task_type in ("x", "y"):
        generator.generate_parallel("p", ARMS[:1], "n", "d", task=Task("p", task_type=task_type, tests="assert double(1) == 2"))
    for task_type in ("x", "y"):
        generator.record_success("good", task_type, True)
        assert generator.generator_stats[task_type]["good"]["total_count"] == 1


def test_statistics_go_by_name() -> None:
    """Two names for the same settings are two rows; a bandit refuses them, since it could not tell them apart."""
    twins = [GeneratorConfig("x", "good"), GeneratorConfig("y", "good")]
    generator = ParallelGenerator(Client({"good": GOOD}))
    generator.generate_parallel("p", twins, "n", "d", task=DOUBLE)
    assert set(generator.generator_stats["text"]) == {"x", "y"}
    with pytest.raises(UsageError, match="same generator"):
        opened(arms=twins)


def test_models_that_the_backend_does_not_have_are_an_error_not_a_race() -> None:
    history = History("sqlite://")
    backend = ReplayGenerator([Recording("p", "p", "other", 0.1, "x = 1", Timings(wall=1.0))])
    generator = ParallelGenerator(backend, history=history)
    with pytest.raises(ModelNotFoundError, match="none of the models bad, good: it has other"):
        generator.generate_parallel("p", ARMS, "n", "d", task=DOUBLE)
    assert history.count()["decisions"] == 0


def test_feedback_reaches_the_next_race() -> None:
    """After an unhappy rating the next race is scored with the shifted weights."""
    with opened() as bandit:
        race = bandit.run(DOUBLE, k=2)
        bandit.feedback(race.id, 0.0)
        best = bandit.run(DOUBLE, k=2).best
        assert best is not None
        assert best.combined_score == pytest.approx(0.61 * best.quality_score + 0.39 * best.speed_score)
        assert best.combined_score != pytest.approx(0.7 * best.quality_score + 0.3 * best.speed_score, abs=1e-6)


def test_a_race_without_a_winner_has_nothing_to_rate() -> None:
    with opened(arms=ARMS[1:]) as bandit:
        race = bandit.run(DOUBLE)
        with pytest.raises(UsageError, match="no winner to rate"):
            bandit.feedback(race.id, 0.2)


def test_weights_that_chose_a_given_race_learn_from_its_rating() -> None:
    history = History("sqlite://")
    generator = ParallelGenerator(Client({"good": GOOD}), quality_weight=0.9, speed_weight=0.1, history=history)
    generator.generate_parallel("p", ARMS[:1], "n", "d", task=DOUBLE)
    from banditgen.selection import rate

    rate(history, history.races()[0].id, 0.4)
    assert history.weights("selector:0.9/0.1")[0] == (0.85, 0.15)


@pytest.mark.parametrize(
    "row",
    [
        {"generator_name": "a", "test_passed": True, "quality_score": float("nan")},
        {"generator_name": "a", "test_passed": True, "quality_score": 7},
        {"generator_name": "a", "test_passed": True, "quality_score": 0.5, "generation_time": "x"},
        {"test_passed": True},
        None,
    ],
)
def test_nonsense_is_not_selected(row: Any) -> None:
    from banditgen import ExperimentSelector

    selector = ExperimentSelector(SelectionCriteria(max_generation_time=10.0))
    with pytest.raises(UsageError):
        selector.select_best([row])
    assert selector.get_stats()["total_selections"] == 0
    slow = {"generator_name": "slow", "test_passed": True, "combined_score": 0.9, "generation_time": 100.0}
    fast = {"generator_name": "fast", "test_passed": True, "combined_score": 0.5, "generation_time": 1.0}
    assert selector.select_best([slow, fast]) is fast


def test_one_and_one_point_zero_are_one_temperature() -> None:
    assert GeneratorConfig("a", "m", 1).arm_id == GeneratorConfig("a", "m", 1.0).arm_id


@pytest.mark.parametrize(
    "use",
    [
        lambda: opened(seed=-1),
        lambda: opened(seed="x"),
        lambda: opened(arms=None, strategy=Strategy("s", arms=(ARMS[0],)), backend=5),
        lambda: opened(arms=ARMS[0]),
        lambda: opened(arms=[type("Own", (), {"name": "a", "model": "m", "temperature": "hot"})()]),
        lambda: opened(arms=[type("Own", (), {"name": "a", "model": "m", "temperature": 0.1, "weight": float("nan")})()]),
        lambda: opened().run(anything("text")),
        lambda: opened().ask(anything(5)),
        lambda: opened().recommend(anything(["x"])),
        lambda: ParallelGenerator(Client({})).generate_parallel("p", ARMS, "n", "d", task=anything("x")),
        lambda: ParallelGenerator(Client({})).generate_parallel("", ARMS, "n", "d", task=DOUBLE),
        lambda: ParallelGenerator(Client({})).get_generator_recommendations(anything(None)),
        lambda: ParallelGenerator(Client({})).record_success("\udcff", "t", True),
        lambda: ParallelGenerator(Client({}), node_runner=object()),
        lambda: ParallelGenerator(Client({}), evaluator=object()),
        lambda: ParallelGenerator(Client({}), sandbox=anything(object())),
        lambda: ParallelGenerator(Client({}), history=5),
    ],
)
def test_wrong_use_is_a_usage_error_in_one_line(use: Any) -> None:
    with pytest.raises(UsageError) as caught:
        use()
    assert "\n" not in str(caught.value)


def test_results_come_as_they_finish_in_an_event_loop() -> None:
    async def names() -> list[str]:
        generator = ParallelGenerator(Client({"good": GOOD, "bad": BAD}))
        return [r.generator_name async for r in generator.aiter_parallel("p", ARMS, "n", "d", task=DOUBLE)]

    assert sorted(asyncio.run(names())) == ["bad", "good"]


def test_a_truncated_candidate_that_passes_has_passed() -> None:
    recordings = [
        Recording("p", DOUBLE.prompt, model, 0.1, text, Timings(wall=1.0, prompt_eval=0.25, eval=0.5), finish="length")
        for model, text in (("good", GOOD), ("bad", BAD))
    ]
    generator = ParallelGenerator(ReplayGenerator(recordings))
    good, bad = generator.generate_parallel(DOUBLE.prompt, ARMS, "n", "d", task=DOUBLE)
    assert (good.test_passed, good.failure, good.generation_time) == (True, None, 0.75)
    assert (bad.test_passed, bad.failure) == (False, FailureKind.TRUNCATED)


@pytest.mark.slow
def test_an_interrupted_race_is_remembered_before_the_interrupt_is_seen(tmp_path: Path) -> None:
    """Ctrl-C in mid-race: the finished candidate and the cancelled one are in the history."""
    script = """
import os, signal, sys, threading, time
from banditgen import GeneratorConfig, ParallelGenerator, Task
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
class Client:
    def generate(self, *, model, prompt, temperature, max_tokens):
        if model == "slow":
            fast.wait(60)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)
        return "```python\\ndef double(x):\\n    return 2 * x\\n```"
fast = threading.Event()
generator = ParallelGenerator(Client(), history=sys.argv[1])
try:
    generator.generate_parallel("p", [GeneratorConfig("fast", "fast"), GeneratorConfig("slow", "slow")], "n", "d",
        task=Task("p", tests="assert double(2) == 4"), on_event=lambda event: event.stage == "done" and fast.set())
except KeyboardInterrupt:
    [race] = generator.history.races()
    print(sorted(str(result.failure) for result in race.results), flush=True)
    os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "h.db")], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "['None', 'cancelled']", done.stderr


def test_nothing_is_left_of_an_opening_that_failed(tmp_path: Path) -> None:
    """No file that it had opened stays open."""
    for history in (None, str(tmp_path / "own.db")):
        with pytest.raises(UsageError):
            opened(backend=object(), history=history)
        with pytest.raises(UsageError, match="same generator"):
            opened(arms=[*ARMS, GeneratorConfig("twin", "good", 0.1)], history=history)
    held = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # others come and go
            held.append(str(link.readlink()))
    assert [path for path in held if path.startswith(str(tmp_path))] == []
