"""Databases of older versions, one kept per schema version, read after an upgrade as they did before."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import math
import multiprocessing
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from banditgen.errors import HistoryVersionError
from banditgen.history import schema as t
from banditgen.history.opening import VERSION_TABLE
from banditgen.history.store import History
from tests.history.schemas.make import HERE, HOSTILE, read

VERSIONS = sorted(path.stem for path in HERE.glob("v*.sql"))


def old(version: str, path: Path) -> Path:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript((HERE / f"{version}.sql").read_text(encoding="utf-8"))
        connection.commit()
    return path


def dump(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def missing(expected: Any, found: Any, where: str = "") -> list[str]:
    """What is in `expected` and isn't the same in `found`, which may have more keys; sums round otherwise from Python 3.12 on."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return [line for key, value in expected.items() for line in missing(value, found.get(key), f"{where}.{key}")]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [line for i, pair in enumerate(zip(expected, found, strict=True)) for line in missing(*pair, f"{where}[{i}]")]
    same = math.isclose(expected, found, rel_tol=1e-9) if isinstance(expected, float) and isinstance(found, float) else expected == found
    return [] if same else [f"{where}: {expected!r} is now {found!r}"]


def test_every_version_is_kept() -> None:
    """Whoever changes the schema keeps the version before: `python -m tests.history.schemas.make` wrote it."""
    assert [f"v{version}" for version in range(1, t.SCHEMA_VERSION + 1)] == VERSIONS


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_history_reads_the_same_after_its_upgrade(version: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = old(version, tmp_path / "h.db")
    before = dump(path)
    with caplog.at_level(logging.WARNING, "banditgen.history"):
        store = History(path)
    expected = json.loads((HERE / f"{version}.json").read_text(encoding="utf-8"))
    assert missing(expected, json.loads(json.dumps(read(store)))) == []
    assert store.check_statistics() == []
    assert {arm.name for arm in store.arms()} == {"arm0", "arm1", "arm2", "arm3"}
    assert any(result.code == HOSTILE for race in store.races() for result in race.results)
    copies = list(tmp_path.glob("h.db.v*.backup"))
    if version == f"v{t.SCHEMA_VERSION}":
        assert copies == []
    else:
        assert [copy.name.split("-")[0] for copy in copies] == [f"h.db.{version}"]
        assert dump(copies[0]) == before
        assert str(copies[0]) in caplog.text
    with store._transaction() as connection:
        assert connection.scalar(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")) == str(t.SCHEMA_VERSION)
    store.close()
    History(path).close()
    assert list(tmp_path.glob("h.db.v*.backup")) == copies


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_an_upgraded_database_has_the_tables_of_a_new_one(version: str, tmp_path: Path) -> None:
    assert _shape(old(version, tmp_path / "old.db")) == _shape(tmp_path / "new.db")


def _shape(path: Path) -> dict[str, Any]:
    store = History(path)
    inspector = sa.inspect(store._database.engine)
    shape = {
        table: (
            {column["name"]: (column["type"].python_type, column["nullable"]) for column in inspector.get_columns(table)},
            inspector.get_pk_constraint(table)["constrained_columns"],
            {index["name"]: index["column_names"] for index in inspector.get_indexes(table)},
        )
        for table in inspector.get_table_names()
    }
    store.close()
    return shape


@pytest.mark.slow
def test_many_who_open_at_once_upgrade_once(tmp_path: Path) -> None:
    path = old("v1", tmp_path / "h.db")
    start = multiprocessing.get_context("spawn")
    with start.Pool(4) as pool:
        counts = pool.map(_open, [str(path)] * 4)
    assert counts == [{"decisions": 9, "races": 8, "results": 25, "feedback": 2}] * 4
    assert len(list(tmp_path.glob("h.db.v1*.backup"))) == 1


def _open(path: str) -> dict[str, int]:
    store = History(path)
    count = store.count()
    store.close()
    return count


def test_an_upgrade_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = old("v1", tmp_path / "h.db")
    before = dump(path)

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("banditgen.history.statistics.rebuild", fail)
    with pytest.raises(Exception, match="No space left"):
        History(path)
    assert dump(path) == before
    monkeypatch.undo()
    store = History(path)
    assert store.check_statistics() == []
    store.close()


def test_a_version_from_the_future_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    History(path).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE banditgen_meta SET value = '99' WHERE key = 'schema_version'")
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(HistoryVersionError, match=f"schema version 99; this banditgen knows {t.SCHEMA_VERSION}: upgrade banditgen"):
        History(path)
    assert path.read_bytes() == before


def test_the_same_evidence_after_an_upgrade(tmp_path: Path) -> None:
    """What the bandit believes of an old history is what it believes of the same results written anew."""
    from banditgen.learning.follow import Follower
    from banditgen.result import GenerationResult
    from tests.history.schemas.make import ARMS

    store, fresh = History(old("v1", tmp_path / "h.db")), History("sqlite://")
    for race in reversed(store.races(1000)):
        fresh.add_race(dataclasses.replace(race))
    by_hand = store.result("by-hand")
    assert isinstance(by_hand, GenerationResult)
    fresh.add_outcome(by_hand, "text")
    for task_type in ("text", "numeric"):
        a, b = (Follower(one, ARMS).read().state(ARMS, task_type, (0.7, 0.3)) for one in (store, fresh))
        for field in ("passes", "fails", "total", "square"):
            assert np.allclose(getattr(a, field), getattr(b, field))
    store.close()


def test_learned_weights_become_those_of_the_task_types_that_taught_them(tmp_path: Path) -> None:
    """Before version 3 a scope had one pair of weights: each type keeps the steps that came of its own races."""
    store = History(old("v2", tmp_path / "h.db"))
    whole, steps = store.weights("balanced:0.7/0.3")
    rated = {race.task_type for race in store.races(1000) if any(one.satisfaction < 0.9 for one in store.feedback(race.id))}
    assert (whole, steps, len(rated)) == ((0.65, 0.35), 1, 1)
    for task_type in ("text", "numeric"):
        weights, own = store.weights("balanced:0.7/0.3", task_type)
        if task_type in rated:
            assert (weights, own) == ((0.65, 0.35), 1)
        else:
            assert (weights, own) in ((None, 0), ((0.7, 0.3), 0))
    store.close()
