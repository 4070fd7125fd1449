"""What is PostgreSQL's own: passwords, restarts, upgrades only when asked, sharing with Optuna."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import multiprocessing
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import sqlalchemy as sa

from banditgen.errors import HistoryError, HistoryVersionError
from banditgen.history import schema as t
from banditgen.history.opening import VERSION_TABLE
from banditgen.history.store import History
from banditgen.testing._histories import a_race
from tests.history.schemas.make import HERE, read
from tests.history.test_upgrade import missing, old
from tests.postgres import Cluster


@pytest.mark.slow
def test_a_password_is_never_shown(postgres_url: str) -> None:
    secret = "s3cret/pass"
    quoted = "s3cret%2Fpass"
    url = postgres_url.replace("banditgen@", f"banditgen:{quoted}@")
    store = History(url)
    assert "s3cret" not in store.url
    assert store.url.startswith("postgresql://banditgen:***@/")
    store.close()
    for bad in (f"postgresql://u:{quoted}@/x?host=/nowhere", f"postgresql://u@/x?host=/nowhere&password={quoted}"):
        with pytest.raises(HistoryError) as caught:
            History(bad)
        assert secret not in str(caught.value)
        assert quoted not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_password_with_an_at_is_not_shown_in_part() -> None:
    with pytest.raises(HistoryError, match="%40") as caught:
        History("postgresql://u:s3@cret@127.0.0.1:1/x")
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize("url", ["postgresql://[", "postgresql://host:port/x", "postgresql://u@/nowhere?host=/nowhere"])
def test_what_cannot_be_reached_is_said_at_once(url: str) -> None:
    before = time.monotonic()
    with pytest.raises(HistoryError, match="history"):
        History(url)
    assert time.monotonic() - before < 30


@pytest.mark.slow
def test_a_database_that_is_not_there_is_named(postgres_url: str) -> None:
    with pytest.raises(HistoryError, match='database "nowhere" does not exist'):
        History(postgres_url.replace(postgres_url.split("/")[3].split("?", maxsplit=1)[0], "nowhere"))


@pytest.mark.slow
def test_without_psycopg_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['psycopg'] = None\nfrom banditgen.history.store import History\nHistory('postgresql://x/y')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install -e '.[postgres]'" in done.stderr


def as_postgres(version: str, url: str, folder: Path) -> None:
    """The kept SQLite database of a version, copied table by table."""
    source = sa.create_engine(f"sqlite:///{old(version, folder / 'old.db')}")
    target = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    metadata = sa.MetaData()
    metadata.reflect(source)
    metadata.create_all(target)
    with source.connect() as reader, target.begin() as writer:
        for table in metadata.sorted_tables:
            rows = [dict(row) for row in reader.execute(sa.select(table)).mappings()]
            if rows:
                writer.execute(table.insert(), rows)
        last = sa.select(sa.func.max(metadata.tables["banditgen_results"].c.seq))
        writer.execute(sa.select(sa.func.setval("banditgen_results_seq_seq", last.scalar_subquery())))
    source.dispose()
    target.dispose()


@pytest.mark.slow
def test_a_shared_database_is_upgraded_only_when_asked(postgres_url: str, tmp_path: Path) -> None:
    as_postgres("v1", postgres_url, tmp_path)
    with pytest.raises(HistoryVersionError, match="banditgen storage upgrade") as caught:
        History(postgres_url)
    assert "\n" not in str(caught.value)
    command = [sys.executable, "-c", "from banditgen.cli import main; main()", "storage", "upgrade", "--json", "--history", postgres_url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {key: json.loads(done.stdout)[key] for key in ("before", "now", "copy")} == {"before": 1, "now": t.SCHEMA_VERSION, "copy": None}
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert json.loads(again.stdout)["before"] == t.SCHEMA_VERSION
    store = History(postgres_url)
    expected = json.loads((HERE / "v1.json").read_text(encoding="utf-8"))
    assert missing(expected, json.loads(json.dumps(read(store)))) == []
    assert store.check_statistics() == []
    store.add_race(a_race(np.random.default_rng(1)))
    assert store.check_statistics() == []
    store.close()


@pytest.mark.slow
def test_a_version_from_the_future_is_refused(postgres_url: str) -> None:
    store = History(postgres_url)
    with store._transaction(write=True) as connection:
        connection.execute(t.meta.update().where(t.meta.c.key == "schema_version").values(value="99"))
    store.close()
    with pytest.raises(HistoryVersionError, match="schema version 99"):
        History(postgres_url)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("first", ["history", "optuna"])
def test_optuna_shares_the_database(kind: str, first: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Its tables and its Alembic version stand beside ours, whoever was there first; ours are checked and upgraded alone."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    url = f"sqlite:///{tmp_path / 'h.db'}" if kind == "sqlite" else str(request.getfixturevalue("postgres_url"))
    storage_url = url.replace("postgresql:", "postgresql+psycopg:")
    if first == "history":
        History(url).close()
    storage = optuna.storages.RDBStorage(storage_url)
    study = optuna.create_study(study_name="s", storage=storage)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    store = History(url)
    store.add_race(a_race(np.random.default_rng(1)))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    assert store.check_statistics() == []
    tables = sa.inspect(store._database.engine).get_table_names()
    assert {"alembic_version", VERSION_TABLE, "studies", "banditgen_results"} <= set(tables)
    assert all(name.startswith("banditgen_") for name in set(tables) & {*t.metadata.tables, VERSION_TABLE})
    store.close()
    storage.engine.dispose()
    assert len(optuna.load_study(study_name="s", storage=storage).trials) == 4
    storage.engine.dispose()
    storage.scoped_session.remove()


@pytest.mark.slow
def test_writers_wait_while_the_server_restarts_and_go_on() -> None:
    """Crashed three times under load: every race that was acknowledged is there once, and no writer saw an error."""
    cluster = Cluster()
    try:
        store = History(cluster.database())
        told: list[str] = []
        failures: list[BaseException] = []
        done = threading.Event()

        def write(seed: int) -> None:
            rng = np.random.default_rng(seed)
            while not done.is_set():
                race = a_race(rng)
                try:
                    store.add_race(race)
                    store.pending("text")
                except BaseException as error:  # noqa: BLE001
                    failures.append(error)
                    return
                told.append(race.id)

        threads = [threading.Thread(target=write, args=(seed,)) for seed in range(3)]
        for thread in threads:
            thread.start()
        for signal in ("QUIT", "INT", "QUIT"):
            enough = len(told) + 10
            while len(told) < enough and not failures:
                time.sleep(0.01)
            cluster.stop(signal)
            cluster.start()
        done.set()
        for thread in threads:
            thread.join()
        assert failures == []
        kept = [race.id for race in store.races(1_000_000)]
        assert len(kept) == len(set(kept))
        assert set(told) <= set(kept)
        assert store.check_statistics() == []
        store.close()
    finally:
        cluster.close()


@pytest.mark.slow
def test_a_refused_race_is_one_error_and_nothing_else(postgres_url: str) -> None:
    """What the driver says on the way is not echoed to the terminal, and nothing of the race stays."""
    code = (
        "import dataclasses, sys, numpy as np\n"
        "from banditgen.errors import HistoryError\n"
        "from banditgen.history.store import History\n"
        "from banditgen.testing._histories import a_race\n"
        "store, rng = History(sys.argv[1]), np.random.default_rng(1)\n"
        "one, other = a_race(rng), a_race(rng)\n"
        "store.add_race(one)\n"
        "try:\n"
        "    store.add_race(dataclasses.replace(other, results=one.results))\n"
        "except HistoryError as error:\n"
        "    print(error)\n"
        "store.add_race(other)\n"
        "print(store.count()['races'], store.check_statistics())\n"
    )
    done = subprocess.run([sys.executable, "-c", code, postgres_url], capture_output=True, text=True, check=False)
    refused, rest = done.stdout.splitlines()
    assert "duplicate key" in refused
    assert rest == "2 []"
    assert done.stderr == ""


@pytest.mark.slow
def test_two_who_open_an_empty_database_at_once_make_it_once(postgres_url: str) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert pool.map(_opened, [postgres_url] * 3) == [0, 0, 0]


def _opened(url: str) -> int:
    store = History(url)
    races = store.count()["races"]
    store.close()
    return races


@pytest.mark.slow
def test_a_reader_misses_no_transaction_that_ends_late(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction that began before a reader looked, and ends after, is seen at its next look."""
    from banditgen.learning.follow import Follower
    from banditgen.testing._histories import ARMS

    one, two = History(postgres_url), History(postgres_url)
    follower, rng = Follower(one, ARMS), np.random.default_rng(1)
    begun, go_on = threading.Event(), threading.Event()
    results = [dataclasses.replace(result, code="", text="") for result in a_race(rng).results]  # no code that others wait for
    late = a_race(rng, results=results)
    write = two._write

    def slowly(*arguments: Any) -> None:
        write(*arguments)
        begun.set()
        go_on.wait(20)

    monkeypatch.setattr(two, "_write", slowly)
    thread = threading.Thread(target=two.add_race, args=(late,))
    thread.start()
    assert begun.wait(20)
    for _ in range(3):
        one.add_race(a_race(rng))
        follower.read()
    go_on.set()
    thread.join()
    found, expected = follower.read().state(ARMS, "text", (0.7, 0.3)), Follower(one, ARMS).read().state(ARMS, "text", (0.7, 0.3))
    assert found.count.sum() == expected.count.sum() == 12
    assert np.allclose(found.square, expected.square)
    one.close()
    two.close()


def test_damaged_fixture_files_are_noticed(tmp_path: Path) -> None:
    """The comparison that the upgrade tests rest on finds a planted difference."""
    path = old("v1", tmp_path / "h.db")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE banditgen_feedback SET satisfaction = 0.41 WHERE satisfaction = 0.4")
        connection.commit()
    store = History(path)
    expected = json.loads((HERE / "v1.json").read_text(encoding="utf-8"))
    assert len(missing(expected, json.loads(json.dumps(read(store))))) == 1
    store.close()
