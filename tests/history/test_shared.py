"""A history that processes share, and what goes wrong around it: callers that are gone, servers, full disks, clocks that jump."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from banditgen import GeneratorConfig
from banditgen.errors import HistoryError
from banditgen.history import database
from banditgen.history.store import History
from banditgen.learning.learner import PENDING_SECONDS
from banditgen.session import BanditGenerator
from banditgen.task import Task
from tests.postgres import Cluster

ARMS = [GeneratorConfig(f"arm{number}", f"m{number}", 0.5) for number in range(3)]
TASK = Task("Write double(x).", task_type="text", tests="assert double(2) == 4")

# a process of its own: it reads one word a line, and answers each with a line of JSON
PEER = """
import json, sys
import numpy as np
from tests.history.test_shared import TASK, opened
bandit = opened(sys.argv[1])
decisions = []
for line in sys.stdin:
    word = line.strip()
    if word == "ask":
        decisions.append(bandit.ask("text", k=1))
        answer = decisions[-1].id
    elif word == "pending":
        answer = dict(bandit._learner._pending("text"))
    elif word == "run":
        answer = bandit.run(TASK, k=1).id
    else:
        answer = {r.name: r.passes for r in bandit.recommend("text", top_k=3)}
    print(json.dumps(answer), flush=True)
"""


class Client:
    def generate(self, *, model: str, prompt: str, temperature: float, max_tokens: int) -> str:
        return "def double(x):\n    return 2 * x\n"


def opened(history: str | History) -> BanditGenerator:
    return BanditGenerator.open(arms=ARMS, backend=Client(), history=history, seed=1)


@contextlib.contextmanager
def peer(url: str) -> Iterator[tuple[subprocess.Popen[str], Callable[[str], Any]]]:
    process = subprocess.Popen([sys.executable, "-c", PEER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None

    def say(word: str) -> Any:
        process.stdin.write(f"{word}\n")  # type: ignore[union-attr]
        process.stdin.flush()  # type: ignore[union-attr]
        return json.loads(process.stdout.readline())  # type: ignore[union-attr]

    try:
        yield process, say
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


@pytest.mark.slow
def test_what_one_process_does_another_knows_at_its_next_ask(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Races that are out, verdicts as soon as they are told; and a caller that is killed holds up nobody."""
    with peer(postgres_url) as (one, first), peer(postgres_url) as (_, second), opened(postgres_url) as here:
        decision = first("ask")
        [arm] = [arm["arm_id"] for arm in here.history.pending("text")[0].arms]
        assert second("pending") == here._learner._pending("text") == {arm: 1}
        for number in range(1, 4):
            (first if number % 2 else second)("run")
            before = time.monotonic()
            assert sum(second("recommend").values()) == number  # its first look after the race was told
            assert sum(r.passes for r in here.recommend("text", top_k=3)) == number
            assert time.monotonic() - before < 1.0 + 10.0 * (os.getloadavg()[0] > 3)
        one.send_signal(signal.SIGKILL)
        one.wait(30)
        second("run")
        assert sum(second("recommend").values()) == 4
        assert second("pending") == {arm: 1}  # it may still be racing, for all that anybody knows
        later = time.time() + PENDING_SECONDS + 1
        monkeypatch.setattr(time, "time", lambda: later)
        assert here._learner._pending("text") == {}
        assert here.history.decision(decision) is not None
    with contextlib.closing(History(postgres_url)) as history:
        assert history.check_statistics() == []


@pytest.mark.slow
def test_a_server_that_is_gone_is_one_line_after_a_while_and_what_it_has_is_there_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "WAIT_SECONDS", 1.0)
    cluster = Cluster()
    try:
        with contextlib.closing(History(cluster.database())) as history, opened(history) as bandit:
            kept = bandit.run(TASK, k=1).id
            cluster.stop()
            with pytest.raises(HistoryError, match="cannot be used") as caught:
                bandit.run(TASK, k=1)
            assert "\n" not in str(caught.value)
            cluster.start()
            again = bandit.run(TASK, k=1).id
            assert [race.id for race in history.races(9)] == [again, kept]
            assert history.check_statistics() == []
    finally:
        cluster.close()


@pytest.mark.slow
def test_a_clock_that_jumps_changes_no_posterior_and_no_order_of_what_is_said(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day back, a year ahead, and still: verdicts count alike, a correction corrects, and what is out comes in."""
    real, jump = time.time(), [0.0]
    monkeypatch.setattr(time, "time", lambda: real + jump[0])
    with opened(history) as bandit:
        races = []
        for number, jump[0] in enumerate((0.0, -86_400.0, 3.15e7, 3.15e7, -50.0), start=1):
            decision = bandit.ask("text", k=1)
            assert sum(bandit._learner._pending("text").values()) == 1  # where it stands still, too
            races.append(bandit.run(TASK, k=1))
            bandit.tell(decision.id, [{"generator_name": decision.arms[0].name, "test_passed": False}])
            assert sum(r.passes for r in bandit.recommend("text", top_k=3)) == number
            assert bandit._learner._pending("text") == {}
            bandit.feedback(races[0].id, number / 10, who="ann")
        assert history.ratings()[0].feedback.satisfaction == 0.5
        assert len(history.ratings()) == 1
        steps = [step["created_at"] for step in history.weight_steps("balanced")]
        assert steps == sorted(steps)
        jump[0] = 3.15e7
        bandit.ask("text", k=1)
        jump[0] = 0.0
        assert bandit._learner._pending("text") == {}  # nobody will answer for what a wrong clock has dated a year ahead
    assert history.check_statistics() == []


def full_by_pages(folder: Path) -> Iterator[tuple[Path, Callable[[History], None], Callable[[History], None]]]:
    """SQLite's own bound on a file's size."""

    def bound(store: History, pages: int) -> None:
        with store._database.engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    yield folder / "h.db", lambda store: bound(store, 1), lambda store: bound(store, 1_000_000)


def full_by_mount(folder: Path) -> Iterator[tuple[Path, Callable[[History], None], Callable[[History], None]]]:
    """A file system of its own, filled up by somebody else."""
    place = folder / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a small file system can't be mounted here: {mounted.stderr.strip()}")

    def fill(_: History) -> None:
        with contextlib.suppress(OSError), (place / "other").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    try:
        yield place / "h.db", fill, lambda _: (place / "other").unlink()
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("full", [full_by_pages, full_by_mount])
def test_a_full_disk_is_one_line_and_keeps_all_that_was_told(full: Any, tmp_path: Path) -> None:
    """What could not be kept is said to the caller of that race; when there is room again, the same object goes on."""
    with contextlib.contextmanager(full)(tmp_path) as (path, fill, free):
        with contextlib.closing(History(path)) as history, opened(history) as bandit:
            kept = [bandit.run(TASK, k=2).id for _ in range(3)]
            fill(history)
            told = None
            for _ in range(60):  # until the pages that are there already are full
                try:
                    kept.append(bandit.run(TASK, k=2).id)
                except HistoryError as error:
                    told = str(error)
                    break
            assert told is not None
            assert "full" in told
            assert "\n" not in told
            passes = sum(r.passes for r in bandit.recommend("text", top_k=3))
            assert passes == 2 * len(kept)
            free(history)
            kept.append(bandit.run(TASK, k=2).id)
            assert sorted(race.id for race in bandit.history.races(1000)) == sorted(kept)
            assert sum(r.passes for r in bandit.recommend("text", top_k=3)) == 2 * len(kept)
            assert history.check_statistics() == []
        with contextlib.closing(sa.create_engine(f"sqlite:///{path}").connect()) as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
