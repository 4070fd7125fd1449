"""Running statistics: equal to the fold of the log whoever wrote, in whatever order, and rebuilt from it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from banditgen.arm import GeneratorConfig, arm_id, named_arm_id
from banditgen.bandit import Statistics
from banditgen.history import schema as t
from banditgen.history.base import RaceRecord
from banditgen.history.ids import new_id
from banditgen.history.store import History
from banditgen.learning.follow import Follower
from banditgen.result import FailureKind, GenerationResult

ARMS = [GeneratorConfig(f"arm{i}", f"m{i // 2}:latest", 0.2 + 0.3 * (i % 2)) for i in range(4)]
FIELDS = ("passes", "fails", "total", "square", "other_count", "other_total")


def result(arm: GeneratorConfig, rng: np.random.Generator, digest: str | None = None) -> GenerationResult:
    verdict = rng.choice(["passed", "wrong", "cancelled"], p=[0.5, 0.4, 0.1])
    made = GenerationResult(arm.name, f"x = {rng.integers(5)}", 1.0, arm.model, arm.temperature, test_passed=verdict == "passed")
    made.quality_score, made.speed_score = rng.random(), rng.random()
    failure = None if verdict == "passed" else FailureKind(str(verdict))
    return dataclasses.replace(made, id=new_id(), arm_id=arm_id(arm), verified=True, failure=failure, digest=digest)


def races(count: int, seed: int, digest: str | None = None) -> list[RaceRecord]:
    rng = np.random.default_rng(seed)
    return [
        RaceRecord(new_id(), f"type{i % 2}", {}, [result(ARMS[a], rng, digest) for a in rng.choice(4, 3, replace=False)])
        for i in range(count)
    ]


def folded(records: list[RaceRecord]) -> Statistics:
    rows = [(record, one) for record in records for one in record.results]
    statistics = Statistics()
    statistics.fold(
        [one.arm_id for _, one in rows],
        [record.task_type for record, _ in rows],
        [float(one.test_passed) if one.moves_posterior else np.nan for _, one in rows],
        [(one.quality_score, one.speed_score) for _, one in rows],
        races=[record.id for record, _ in rows],
    )
    return statistics


def same(a: Statistics, b: Statistics, arms: list[GeneratorConfig] = ARMS) -> None:
    for task_type in ("type0", "type1", "other"):
        one, two = (statistics.state(arms, task_type, (0.6, 0.3)) for statistics in (a, b))
        for field in FIELDS:
            mine, theirs = getattr(one, field), getattr(two, field)
            assert np.allclose(mine.sum(1) if field.startswith("other") else mine, theirs.sum(1) if field.startswith("other") else theirs)


def test_what_is_stored_is_what_folding_the_results_gives() -> None:
    store, records = History("sqlite://"), races(60, 1)
    follower = Follower(store, ARMS)
    for i, record in enumerate(records):
        store.add_race(record)
        if i % 7 == 0:
            follower.read()
    same(follower.read(), folded(records))
    same(Follower(store, ARMS).read(), folded(records))
    assert store.check_statistics() == []


def test_other_processes_writes_are_followed(tmp_path: Path) -> None:
    one, two = History(tmp_path / "h.db"), History(tmp_path / "h.db")
    records = races(20, 2)
    follower = Follower(one, ARMS)
    for i, record in enumerate(records):
        (one, two)[i % 2].add_race(record)
        follower.read()
    same(follower.read(), folded(records))
    one.close()
    two.close()


def test_old_digests_count_a_tenth_and_a_digest_that_comes_back_counts_whole() -> None:
    """m0's newest digest alone counts whole, in every task type; nothing is lost for good."""
    store = History("sqlite://")
    old, new, unknown = races(12, 3, "old"), races(9, 4, "new"), races(6, 5)
    follower = Follower(store, ARMS[:1])
    for record in [*old, *unknown, *new]:
        store.add_race(record)
    counts = [float(folded(part).state(ARMS[:1], "type0", (1.0, 0.0)).count[0, 0]) for part in (old, unknown, new)]
    state = follower.read().state(ARMS[:1], "type0", (1.0, 0.0))
    assert state.count[0, 0] == pytest.approx(0.1 * counts[0] + counts[1] + counts[2])
    store.add_outcome(result(ARMS[1], np.random.default_rng(6), "old"), "elsewhere")
    back = follower.read().state(ARMS[:1], "type0", (1.0, 0.0))
    assert back.count[0, 0] == pytest.approx(counts[0] + counts[1] + 0.1 * counts[2])
    same(follower.read(), Follower(store, ARMS[:1]).read(), ARMS[:1])


def test_an_arm_twice_in_a_race_pairs_with_itself() -> None:
    rng = np.random.default_rng(1)
    records = [RaceRecord(new_id(), "type0", {}, [result(ARMS[0], rng) for _ in range(3)]) for _ in range(10)]
    store = History("sqlite://")
    for record in records:
        store.add_race(record)
    same(Follower(store, ARMS).read(), folded(records))
    assert store.check_statistics() == []


def test_an_outcome_by_name_counts_for_the_arm_of_that_name() -> None:
    store, rng = History("sqlite://"), np.random.default_rng(1)
    by_hand = dataclasses.replace(result(ARMS[2], rng), arm_id=named_arm_id("arm2"), test_passed=True, failure=None)
    store.add_outcome(by_hand, "type0")
    store.add_outcome(by_hand, "type0")
    assert Follower(store, ARMS).read().state(ARMS, "type0", (1.0, 0.0)).passes.tolist() == [[0, 0, 1, 0]]
    assert store.check_statistics() == []


@pytest.mark.parametrize(
    "damage",
    [
        t.statistics.update().values(count=t.statistics.c.count + 1),
        t.statistics.update().values(quality=t.statistics.c.quality * (1 + 1e-6)),
        t.statistics.delete(),
        t.patterns.update().values(count=t.patterns.c.count + 1),
        t.results.delete().where(t.results.c.seq == 4),
    ],
    ids=["count", "sum", "rows gone", "pattern", "result gone"],
)
def test_statistics_that_differ_from_the_log_are_found_and_rebuilt(damage: object) -> None:
    store = History("sqlite://")
    for record in races(10, 7):
        store.add_race(record)
    follower = Follower(store, ARMS)
    follower.read()
    with store._transaction(write=True) as connection:
        connection.execute(damage)  # type: ignore[call-overload]
    found = store.check_statistics()
    assert found
    assert all(difference.stored != difference.log for difference in found)
    store.rebuild_statistics()
    assert store.check_statistics() == []
    same(follower.read(), Follower(store, ARMS).read())


@pytest.mark.parametrize("value", [float("nan"), 1.5, -0.1])
def test_a_score_that_cannot_be_never_reaches_the_sums(value: float) -> None:
    store, rng = History("sqlite://"), np.random.default_rng(1)
    bad = dataclasses.replace(result(ARMS[0], rng), quality_score=value)
    with pytest.raises(ValueError, match="quality_score must be"):
        store.add_race(RaceRecord(new_id(), "type0", {}, [bad]))
    assert store.count()["races"] == 0
