"""Pruning drops what old candidates wrote and printed, and nothing that anything learns from."""

from __future__ import annotations

import json
from typing import Any

import pytest

from banditgen.history import schema as t
from banditgen.history.integrity import check
from banditgen.history.retention import plan, prune
from banditgen.history.store import History
from tests.history.test_transfer import HOSTILE, exported, filled, imported

DAY = 86400.0


def aged(store: History, days: float) -> None:
    """As if all of it had happened so many days ago."""
    with store.database.transaction(write=True) as connection:
        connection.execute(t.results.update().values(created_at=t.results.c.created_at - days * DAY))
    store.rebuild_statistics()


def learned(store: History) -> list[Any]:
    """All that posteriors, feedback and tuning read."""
    arms, models = [f"id-{name}" for name in "abcde"], [f"model-{name}" for name in "abcde"]
    evidence = store.evidence(arms, models)
    return [
        evidence.own,
        evidence.patterns,
        sorted(store.tallies(), key=str),
        store.ratings(),
        store.preferences(),
        store.weights("balanced:0.7/0.3"),
    ]


@pytest.mark.slow
def test_old_candidates_lose_code_text_and_output_and_nothing_else(history: History) -> None:
    filled(history)
    aged(history, 30)
    filled(history)  # new ones, of other codes
    judged = {f.result_id for f in history.feedback()} | {p.better.result_id for p in history.preferences()}
    judged |= {p.worse.result_id for p in history.preferences()}
    old = {result.id for race in history.races(30) for result in race.results} - judged
    before, races = learned(history), history.races(1000)
    planned = plan(history.database, keep_days=7)
    assert history.races(1000) == races  # planning changes nothing
    assert planned.bytes > 0
    prune(history.database, planned.until)
    assert learned(history) == before
    report = check(history)
    assert report.sound
    assert report.dangling == {}
    after = history.races(1000)
    trimmed = 0
    for was, now in zip(races, after, strict=True):
        assert (was.task, was.best_id, was.reason) == (now.task, now.best_id, now.reason)
        for one, other in zip(was.results, now.results, strict=True):
            if other.stdout:
                assert other == one
                continue
            trimmed += 1
            assert other.id not in judged
            kept = {k: v for k, v in vars(one).items() if k not in ("code", "text", "stdout", "stderr", "pruned")}
            assert kept.items() <= vars(other).items()
    assert trimmed + 1 == planned.candidates > 80  # and one that belongs to no race
    assert old


@pytest.mark.slow
def test_shared_codes_stay_as_long_as_one_candidate_needs_them(history: History) -> None:
    """All candidates of these histories have one code: it goes with the last of them alone."""
    filled(history)
    aged(history, 30)
    with history.database.transaction(write=True) as connection:
        newest = connection.scalar(t.results.select().with_only_columns(t.results.c.seq).order_by(t.results.c.seq.desc()).limit(1))
        connection.execute(t.results.update().where(t.results.c.seq == newest).values(created_at=t.results.c.created_at + 29 * DAY))
    prune(history.database, plan(history.database, keep_days=7).until)
    assert all(result.code == HOSTILE for race in history.races(100) for result in race.results)
    assert check(history).pruned > 0  # texts went


def test_a_limit_of_size_takes_the_oldest_first() -> None:
    store = History("sqlite://")
    line = json.loads(exported(one(store)))
    ids = [f"{i:03}" for i in range(100)]
    big = [line | {"id": i, "race_id": i, "race": None, "code": i * 6000, "created_at": 1e9 + int(i)} for i in ids]
    imported(store, "\n".join(map(json.dumps, big)))
    size = store.database.size()
    planned = plan(store.database, max_bytes=size // 2)
    assert planned.enough
    assert 45 <= planned.contents <= 65
    prune(store.database, planned.until)
    assert store.database.size() == pytest.approx(size / 2, rel=0.1)
    results = [store.result(i) for i in ids]
    flags = [bool(result and result.pruned) for result in results]
    assert flags == sorted(flags, reverse=True)
    assert 45 <= sum(flags) <= 65
    assert store.dataframe(code=True)["code"].isna().sum() == sum(flags)
    assert not plan(store.database, max_bytes=1).enough
    assert plan(store.database, max_bytes=1 << 40).bytes == 0


@pytest.mark.slow
def test_nothing_is_dropped_where_nothing_is_old(history: History) -> None:
    filled(history)
    text = exported(history)
    planned = plan(history.database, keep_days=1)
    assert (planned.bytes, planned.candidates, planned.contents) == (0, 0, 0)
    prune(history.database, planned.until)
    assert exported(history) == text


@pytest.mark.slow
def test_a_pruned_history_moves_as_it_is(history: History) -> None:
    filled(history)
    aged(history, 30)
    prune(history.database, plan(history.database, keep_days=7).until)
    target = History("sqlite://")
    imported(target, exported(history))
    assert exported(target) == exported(history)
    assert target.races(100) == history.races(100)
    assert target.check_statistics() == []
    assert check(target).pruned == check(history).pruned > 0


def one(store: History) -> History:
    """A history of one candidate."""
    from tests.history.test_transfer import good_line

    imported(store, json.dumps(good_line(created_at=2e9)))
    return store
