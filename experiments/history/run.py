"""How well the history lasts: throughput, `kill -9`, a server that restarts, and a million results.

    python -m experiments.history.run throughput [--rounds 3] [--size 4]
    python -m experiments.history.run kills [--kills 200]
    python -m experiments.history.run restarts [--restarts 20]
    python -m experiments.history.run million [--results 1000000]

From the repository's root; PostgreSQL is a temporary cluster (Debian's package) that flushes every commit to disk.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from banditgen.arm import GeneratorConfig, arm_id
from banditgen.history.base import RaceRecord
from banditgen.history.ids import new_id
from banditgen.history.rows import code_rows, result_row
from banditgen.history.store import History
from banditgen.result import FailureKind, GenerationResult, Timings
from tests.postgres import Cluster

PROCESSES = 8
RESULTS = 2000
TYPES = ("text", "numeric", "parsing")
ARMS = [GeneratorConfig(f"arm{i}", f"model{i // 3}:7b", 0.1 + 0.4 * (i % 3)) for i in range(9)]
CODE = "\n".join(f"def step_{i}(values):\n    return [value * {i} for value in values if value % {i + 2}]\n" for i in range(12))


def a_race(rng: np.random.Generator, size: int) -> RaceRecord:
    """A race with candidates of about 1 kB, no two alike."""
    results = []
    for k in rng.choice(len(ARMS), size, replace=False):
        arm, passed, code = ARMS[k], bool(rng.random() < 0.5), f"{CODE}# {rng.integers(1 << 40)}\n"
        one = GenerationResult(arm.name, code, 3.0, arm.model, arm.temperature, test_passed=passed, verified=True, id=new_id())
        one.arm_id, one.text, one.digest, one.channel = arm_id(arm), f"Here it is:\n```python\n{code}```", "sha256:" + "0" * 64, "judged"
        one.quality_score, one.speed_score, one.combined_score, one.reward = rng.random(4).tolist()
        one.failure = None if passed else FailureKind.WRONG
        one.timings, one.measures = Timings(3.0, 0.0, 0.1, 0.2, 2.7, 0.4, 120, 0, 240), {"quality": 0.5, "structure": 0.7, "lint": 1.0}
        results.append(one)
    return RaceRecord(new_id(), str(rng.choice(TYPES)), {"prompt": "Write it."}, results, results[0].id, "the best of all", 3.2)


def through_history(url: str, races: list[RaceRecord], start: Any) -> None:
    store = History(url)
    start.wait()
    for race in races:
        store.add_race(race)
    store.close()


def bare(url: str, races: list[RaceRecord], start: Any) -> None:
    """The same rows of races, results and codes, made before the clock starts, by the driver alone, a transaction a race."""
    postgres = url.startswith("postgresql")
    mark = "%s" if postgres else "?"
    work = []
    for race in races:
        row = {**vars(race), "created_at": time.time(), "task": json.dumps(race.task)}
        rows = [result_row(one, row["id"], race.task_type, row["created_at"], i) for i, one in enumerate(row.pop("results"))]
        rows = [{**one, "result": json.dumps(one["result"])} for one in rows]
        codes = [{"hash": one["hash"], "content": one["content"].encode()} for one in code_rows(race.results)]
        work.append((("banditgen_races", [row]), ("banditgen_results", rows), ("banditgen_codes", codes)))
    statements = {
        table: f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES ({', '.join([mark] * len(rows[0]))})" for table, rows in work[0]
    }
    connection: Any
    if postgres:
        connection = psycopg.connect(url)
    else:
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=30, isolation_level=None)
        connection.execute("PRAGMA synchronous=FULL")
    cursor = connection.cursor()
    start.wait()
    for tables in work:
        if not postgres:
            cursor.execute("BEGIN IMMEDIATE")
        for table, rows in tables:
            cursor.executemany(statements[table], [tuple(one.values()) for one in rows])
        connection.commit()
    connection.close()


def in_processes(write: Callable[..., None], url: str, size: int, seed: int) -> float:
    """Seconds from the common start to the last process's end."""
    context = multiprocessing.get_context("fork")
    start = context.Barrier(PROCESSES + 1)
    children = []
    for i in range(PROCESSES):
        rng = np.random.default_rng([seed, i])
        races = [a_race(rng, size) for _ in range(RESULTS // size)]
        children.append(context.Process(target=write, args=(url, races, start)))
    for child in children:
        child.start()
    start.wait()
    begun = time.monotonic()
    for child in children:
        child.join()
    if any(child.exitcode for child in children):
        raise SystemExit("a writer failed")
    return time.monotonic() - begun


@contextlib.contextmanager
def places(only: str | None) -> Iterator[dict[str, Callable[[], str]]]:
    """How to get a new, empty database of each kind, or of the only one that is wanted."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(durable=True)
        try:
            kinds: dict[str, Callable[[], str]] = {
                "SQLite": lambda: f"sqlite:///{Path(folder) / new_id()}.db",
                "PostgreSQL": cluster.database,
            }
            yield {kind: new for kind, new in kinds.items() if only in (None, kind)}
        finally:
            cluster.close()


def throughput(options: argparse.Namespace) -> None:
    with places(options.only) as kinds:
        for kind, new in kinds.items():
            ratios = []
            for seed in range(options.rounds):
                url, other = new(), new()
                for one in (url, other):
                    History(one).close()
                seconds, alone = in_processes(through_history, url, options.size, seed), in_processes(bare, other, options.size, seed)
                store = History(url)
                count, wrong = store.count()["results"], store.check_statistics()
                store.close()
                ratios.append(alone / seconds)
                total = PROCESSES * RESULTS
                print(f"{kind}: {total / seconds:.0f} results/s, bare {total / alone:.0f}/s, ratio {ratios[-1]:.2f};", end=" ")
                print(f"{count} of {total} present, {len(wrong)} statistics differ from the log", flush=True)
            print(f"{kind}: races of {options.size}, median ratio {statistics.median(ratios):.2f}\n", flush=True)


WRITER = """
import sys
import numpy as np
from experiments.history.run import a_race
from banditgen.history.store import History
store = History(sys.argv[1])
rng = np.random.default_rng(int(sys.argv[2]))
print("open", flush=True)
while True:
    race = a_race(rng, 3)
    store.add_race(race)
    print(race.id, flush=True)
"""


def kills(options: argparse.Namespace) -> None:
    rng = random.Random(options.seed)
    with places(options.only) as kinds:
        for kind, new in kinds.items():
            url, told = new(), list[str]()
            for number in range(options.kills):
                writer = subprocess.Popen([sys.executable, "-c", WRITER, url, str(number)], stdout=subprocess.PIPE, text=True)
                assert writer.stdout is not None
                writer.stdout.readline()
                time.sleep(rng.random() * 0.2)
                writer.send_signal(signal.SIGKILL)
                told += [line for line in writer.stdout.read().split("\n")[:-1] if len(line) == 36]
                writer.wait()
            verdict(f"{kind}: {options.kills} kills", url, told)


def restarts(options: argparse.Namespace) -> None:
    cluster = Cluster(durable=True)
    try:
        url, told, failed, done = cluster.database(), list[str](), list[BaseException](), threading.Event()
        store, waits = History(url), list[float]()

        def write(seed: int) -> None:
            rng = np.random.default_rng(seed)
            while not done.is_set():
                race, begun = a_race(rng, 3), time.monotonic()
                try:
                    store.add_race(race)
                except BaseException as error:  # noqa: BLE001 - counted
                    failed.append(error)
                    return
                told.append(race.id)
                waits.append(time.monotonic() - begun)

        threads = [threading.Thread(target=write, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        rng = random.Random(options.seed)
        for _ in range(options.restarts):
            time.sleep(0.3 + rng.random())
            cluster.stop("QUIT")
            cluster.start()
        done.set()
        for thread in threads:
            thread.join()
        store.close()
        print(f"errors that reached a writer: {len(failed)}; the longest wait of one: {max(waits):.1f} s")
        verdict(f"PostgreSQL: {options.restarts} immediate restarts", url, told)
    finally:
        cluster.close()


def verdict(what: str, url: str, told: list[str]) -> None:
    store = History(url)
    races = store.races(10_000_000)
    kept = {race.id for race in races}
    whole = {race.id for race in races if len(race.results) == 3}
    missing, twice = set(told) - whole, len(races) - len(kept)
    print(f"{what}: {len(told)} races acknowledged, {len(missing)} missing, {twice} twice, {len(kept)} kept,", end=" ")
    print(f"{len(kept - whole)} in part, {len(store.check_statistics())} statistics differ from the log", flush=True)
    store.close()


def million(options: argparse.Namespace) -> None:
    from banditgen.session import BanditGenerator  # noqa: PLC0415

    with places(options.only) as kinds:
        for kind, new in kinds.items():
            url, empty = new(), new()
            History(empty).close()
            fill(url, options.results)
            opening, asks = [], dict[str, list[float]](full=[], empty=[])
            bandits = {}
            for name, where in (("full", url), ("empty", empty)):
                for _ in range(5):
                    begun = time.perf_counter()
                    bandit = BanditGenerator.open(arms=ARMS, backend=NoBackend(), history=where, seed=1)
                    bandit.recommend("text")
                    if name == "full":
                        opening.append(time.perf_counter() - begun)
                    bandits[name] = bandit
            for _ in range(60):
                for name, bandit in bandits.items():
                    begun = time.perf_counter()
                    bandit.ask("text")
                    asks[name].append(time.perf_counter() - begun)
            full, alone = (1000 * statistics.median(asks[name]) for name in ("full", "empty"))
            print(f"{kind}: {options.results} results; opening and a first recommendation {max(opening):.3f} s at most of 5;", end=" ")
            print(f"ask {full:.2f} ms, on an empty history {alone:.2f} ms, {full - alone:+.2f} ms", flush=True)


class NoBackend:
    """The arms are only asked for."""

    def generate(self, *, model: str, prompt: str, temperature: float, max_tokens: int) -> str:
        raise AssertionError((model, prompt, temperature, max_tokens))


def fill(url: str, count: int) -> None:
    """A log of races of 4 over 20 task types, with a decision each, written in large transactions as an import would."""
    store, rng = History(url), np.random.default_rng(1)
    from banditgen.history import schema as t  # noqa: PLC0415

    template = a_race(rng, 4)
    rows = [result_row(one, "", "", 0.0, i) for i, one in enumerate(template.results)]
    decision = {"arms": [], "propensities": {}, "policy": "best_set", "detail": {"k": 4}, "answered": True}
    races, now = count // 4, time.time()
    for start in range(0, races, 2500):
        batch, told, decided = [], [], []
        for i in range(start, min(start + 2500, races)):
            race_id, task_type, when = new_id(), f"type{i % 20}" if i % 20 else "text", now - (races - i) * 30.0
            told.append({"id": race_id, "created_at": when, "task_type": task_type, "task": {}, "reason": "r", "wall_seconds": 1.0})
            decided.append({"id": race_id, "created_at": when, "task_type": task_type, **decision})
            for row, k, (u, q, s) in zip(rows, rng.choice(len(ARMS), 4, replace=False), rng.random((4, 3)).tolist(), strict=True):
                own = {
                    "arm_id": arm_id(ARMS[k]),
                    "arm_name": ARMS[k].name,
                    "model": ARMS[k].model,
                    "passed": u < 0.5,
                    "quality": q,
                    "speed": s,
                }
                batch.append({**row, **own, "id": new_id(), "race_id": race_id, "task_type": task_type, "created_at": when})
        with store._transaction(write=True) as connection:  # noqa: SLF001 - a log that took a year, in a minute
            connection.execute(t.decisions.insert(), decided)
            connection.execute(t.races.insert(), told)
            connection.execute(t.results.insert(), batch)
    store.rebuild_statistics()
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["throughput", "kills", "restarts", "million"])
    parser.add_argument("--only", choices=["SQLite", "PostgreSQL"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=4)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--restarts", type=int, default=20)
    parser.add_argument("--results", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    {"throughput": throughput, "kills": kills, "restarts": restarts, "million": million}[options.what](options)


if __name__ == "__main__":
    main()
