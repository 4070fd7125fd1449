"""The event log, on real SQLite files."""

from __future__ import annotations

import dataclasses
import gc
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from banditgen.errors import HistoryCorruptError, HistoryError, HistoryVersionError, UsageError
from banditgen.history.base import DecisionRecord, RaceRecord
from banditgen.history.ids import new_id
from banditgen.history.store import History
from banditgen.race import ParallelGenerator
from banditgen.result import FailureKind, Feedback, GenerationResult, Timings
from tests.clients import Client


def result(name: str = "a", *, passed: bool = True, verified: bool = True, failure: FailureKind | None = None) -> GenerationResult:
    return GenerationResult(
        name,
        "print('\udcff\x00é')",
        1.5,
        "m",
        0.1,
        test_passed=passed,
        quality_score=0.8,
        speed_score=0.9,
        failure=failure,
        verified=verified,
        id=new_id(),
        arm_id=f"id-{name}",
        timings=Timings(wall=2.0, eval=1.0, prompt_eval=0.5),
        measures={"quality": 0.6},
        isolation={"network": "namespace"},
    )


def race(*results: GenerationResult, task_type: str = "text") -> RaceRecord:
    return RaceRecord(new_id(), task_type, {"prompt": "p"}, list(results), best_id=results[0].id, reason="r", wall_seconds=2.0)


@pytest.mark.slow
def test_a_history_that_nobody_holds_has_no_connection(tmp_path: Path) -> None:
    """Closed, dropped, or opened by a generator that is gone: its file is no longer open."""

    def files() -> list[str]:
        gc.collect()
        links = [str(fd.readlink()) for fd in list(Path("/proc/self/fd").iterdir()) if fd.is_symlink()]
        return [link for link in links if link.startswith(str(tmp_path / "h.db"))]

    store = History(tmp_path / "h.db")
    assert files() != []
    store.close()
    assert files() == []
    store = History(tmp_path / "h.db")
    generator = ParallelGenerator(Client({}), history=tmp_path / "h.db")
    assert files() != []
    del store, generator
    assert files() == []


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    """Every field survives a restart, hostile text included."""
    store = History(tmp_path / "h.db")
    one = race(result("a"), result("b", passed=False, failure=FailureKind.WRONG))
    decision = DecisionRecord(one.id, "text", [{"name": "a", "arm_id": "id-a"}], "thompson", {"a": 0.5}, "balanced", 7, {"k": 1})
    store.add_decision(decision)
    assert [pending.id for pending in store.pending("text")] == [one.id]
    assert store.add_race(one)
    store.add_feedback(Feedback(one.id, one.best_id, 0.4, "ann", "slow", id="f1", created_at=1.0))
    store.close()
    again = History(f"sqlite:///{tmp_path / 'h.db'}")
    read = again.race(one.id)
    assert read is not None
    assert read.results == [dataclasses.replace(result, race_id=one.id) for result in one.results]
    assert (read.task, read.best_id, read.reason, read.wall_seconds) == (one.task, one.best_id, one.reason, one.wall_seconds)
    assert again.pending("text") == []
    assert again.feedback(one.id) == [Feedback(one.id, one.best_id, 0.4, "ann", "slow", id="f1", created_at=1.0)]
    stored = again.decision(one.id)
    assert stored is not None
    assert (stored.propensities, stored.seed, stored.detail) == ({"a": 0.5}, 7, {"k": 1})
    assert again.result(one.results[1].id) == read.results[1]
    assert again.count() == {"decisions": 1, "races": 1, "results": 2, "feedback": 1}
    again.close()


def test_a_race_told_twice_is_kept_once() -> None:
    store = History("sqlite://")
    one = race(result())
    assert store.add_race(one)
    assert not store.add_race(one)
    assert store.count()["results"] == 1


def test_tallies_and_evidence_leave_out_what_says_nothing() -> None:
    """Cancelled, infrastructure and unverified outcomes move no posterior."""
    store = History("sqlite://")
    store.add_race(
        race(
            result("a"),
            result("b", passed=False, failure=FailureKind.WRONG),
            result("c", passed=False, failure=FailureKind.CANCELLED),
            result("d", passed=False, failure=FailureKind.INFRASTRUCTURE),
            result("e", verified=False),
        )
    )
    assert {tally.arm_name: (tally.passes, tally.fails) for tally in store.tallies()} == {"a": (1, 0), "b": (0, 1)}
    evidence = store.evidence({f"id-{name}" for name in "abcde"}, set())
    assert {(key[1], key[4]) for key in evidence.own} == {("id-a", 1), ("id-b", 0), ("id-c", -1), ("id-d", -1), ("id-e", -1)}
    assert [[arm for arm, _, _ in pattern] for _, pattern, _ in evidence.patterns] == [["id-a", "id-b", "id-c"]]
    later = store.evidence({"id-a"}, set(), evidence.cursor)
    assert (later.own, later.patterns, later.again) == ({}, {}, False)


def test_what_a_caller_did_wrong_is_not_called_damage() -> None:
    """An error of ours raised within a transaction passes; a value that no row can have is still the row's fault."""
    store = History("sqlite://")

    def wrong(error: Exception) -> None:
        raise error

    for message in ("the weights must be numbers", "another"):
        with pytest.raises(UsageError, match=f"^{message}$"):
            store.database.run(lambda connection, message=message: wrong(UsageError(message)), write=True)  # type: ignore[misc]
        with pytest.raises(UsageError, match=f"^{message}$"), store.database.transaction():
            wrong(UsageError(message))
    with pytest.raises(HistoryCorruptError, match="cannot be read"):
        store.database.run(lambda connection: wrong(ValueError("no enum")))


def test_weights_of_one_scope_do_not_touch_another() -> None:
    store = History("sqlite://")
    for satisfied in (0.4, 0.5, 1.0):
        store.add_feedback(Feedback(None, None, satisfied), "x", lambda told: (1.0 - 0.1 * min(2, len(told)), 0.4))
    assert store.weights("x") == ((0.8, 0.4), 2)
    assert store.weights("y") == (None, 0)


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to look at" * 40, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_corrupt_file_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "h.db"
    path.write_bytes(content)
    with pytest.raises(HistoryCorruptError, match=r"h\.db") as caught:
        History(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


def test_a_newer_history_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    History(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE banditgen_meta SET value = '99'")
    connection.close()
    with pytest.raises(HistoryVersionError, match="schema version 99"):
        History(path)


@pytest.mark.parametrize("url", ["/proc/nope/h.db", "/dev/null/h.db", "mysql://host/db"])
def test_a_place_that_cannot_be_written_is_named(url: str) -> None:
    with pytest.raises(HistoryError, match="history"):
        History(url)


def test_a_full_or_failing_disk_is_one_line(tmp_path: Path) -> None:
    """A write that the file refuses is a HistoryError, and the history goes on."""
    store = History(tmp_path / "h.db")
    with store._transaction() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")

    def fill() -> None:
        for _ in range(100):
            store.add_race(race(*[result() for _ in range(20)]))

    with pytest.raises(HistoryError, match="full"):
        fill()
    assert store.count()["races"] == len(store.races(1000))
    store.close()


@pytest.mark.slow
def test_many_threads_write_at_once(tmp_path: Path) -> None:
    store = History(tmp_path / "h.db")
    threads = [threading.Thread(target=lambda: [store.add_race(race(result())) for _ in range(25)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.count()["races"] == 200
    store.close()


_WRITER = """
import sys
from banditgen.history.base import RaceRecord
from banditgen.history.ids import new_id
from banditgen.history.store import History
from banditgen.race import ParallelGenerator
from banditgen.result import GenerationResult

store = History(sys.argv[1])
while True:
    results = [GenerationResult(f"arm{i}", "x = 1", 1.0, "m", 0.1, id=new_id(), verified=True) for i in range(3)]
    record = RaceRecord(new_id(), "text", {}, results)
    store.add_race(record)
    print(record.id, flush=True)
"""


@pytest.mark.slow
def test_kill_9_loses_no_race_that_was_reported(tmp_path: Path) -> None:
    """Killed at ten random moments: every race that was reported is there, whole."""
    path = tmp_path / "h.db"
    reported: list[str] = []
    for moment in range(10):
        writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
        assert writer.stdout is not None
        reported.append(writer.stdout.readline().strip())
        time.sleep(0.01 * moment + 0.007)
        writer.send_signal(signal.SIGKILL)
        reported += [line.strip() for line in writer.stdout.read().splitlines() if len(line.strip()) == 36]
        writer.stdout.close()
        writer.wait()
    store = History(path)
    kept = {record.id: record for record in store.races(limit=1_000_000)}
    assert set(reported) <= set(kept)
    assert all(len(kept[race_id].results) == 3 for race_id in reported)
    store.close()
