"""Results, races and decisions for the contract suite of histories, with something in every field, and what their sums must be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from banditgen.arm import GeneratorConfig, arm_id, named_arm_id
from banditgen.bandit import Statistics
from banditgen.errors import HistoryError
from banditgen.history.base import DecisionRecord, HistoryStore, RaceRecord
from banditgen.history.ids import new_id
from banditgen.learning.follow import Follower
from banditgen.racing.record import describe_arm
from banditgen.result import FailureKind, GenerationResult, Timings

HOSTILE = "\udcff\x00é𝄞\ufdd0'\";--\r\n\x1b[31m\u202e"
ARMS = [GeneratorConfig(f"arm{i}", f"model{i // 2}:latest", 0.1 + 0.4 * (i % 2)) for i in range(4)]
FIELDS = ("passes", "fails", "total", "square")


def refusal(call: Callable[[], Any]) -> str:
    """What the HistoryError that a call raises says; nothing where it raises none."""
    try:
        call()
    except HistoryError as error:
        return str(error)
    return ""


def a_result(arm: GeneratorConfig, rng: np.random.Generator) -> GenerationResult:
    """A verified result with something in every field; half of them pass."""
    passed = bool(rng.random() < 0.5)
    return GenerationResult(
        arm.name,
        f"x = {rng.integers(3)}  # {HOSTILE}",
        1.5,
        arm.model,
        arm.temperature,
        test_passed=passed,
        quality_score=float(rng.random()),
        speed_score=float(rng.random()),
        combined_score=float(rng.random()),
        reward=float(rng.random()) if passed else 0.0,
        error=None if passed else HOSTILE,
        failure=None if passed else FailureKind.WRONG,
        verified=True,
        id=new_id(),
        arm_id=arm_id(arm),
        text=HOSTILE * int(rng.integers(3)),
        stdout=HOSTILE,
        stderr=HOSTILE,
        timings=Timings(wall=2.0, eval=1.0, prompt_eval=0.5),
        measures={"quality": 0.6},
        isolation={"network": "namespace"},
    )


def a_race(rng: np.random.Generator, **fields: Any) -> RaceRecord:
    """A race of three arms."""
    results = fields.pop("results", None) or [a_result(ARMS[k], rng) for k in rng.choice(4, 3, replace=False)]
    defaults: dict[str, Any] = {
        "id": new_id(),
        "task_type": "text",
        "task": {"prompt": "p"},
        "best_id": results[0].id,
        "reason": "r",
        "wall_seconds": 2.0,
    }
    race = RaceRecord(**{**defaults, "results": results, **fields})
    for result in race.results:
        result.race_id = race.id
    return race


def a_decision(decision_id: str, **fields: Any) -> DecisionRecord:
    """A decision of one arm."""
    defaults: dict[str, Any] = {"task_type": "text", "arms": [describe_arm(ARMS[0])], "policy": "thompson", "propensities": {"arm0": 0.5}}
    defaults |= {"strategy": "balanced", "seed": 1 << 40, "detail": {"k": 1, "note": HOSTILE}}
    return DecisionRecord(id=decision_id, **{**defaults, **fields})


def same_evidence(
    store: HistoryStore, races: list[RaceRecord], by_hand: list[GenerationResult] | None = None, follower: Follower | None = None
) -> None:
    """Whether the store's sums are the fold of these races and outcomes."""
    rows = [(race.task_type, one, race.id) for race in races for one in race.results]
    rows += [("text", one, one.id) for one in by_hand or []]
    named = {named_arm_id(arm.name): arm_id(arm) for arm in ARMS}
    expected = Statistics()
    expected.fold(
        [named.get(one.arm_id, one.arm_id) for _, one, _ in rows],
        [task_type for task_type, _, _ in rows],
        [float(one.test_passed) if one.moves_posterior else float("nan") for _, one, _ in rows],
        [(one.quality_score, one.speed_score) for _, one, _ in rows],
        races=[race for _, _, race in rows],
    )
    for found in (Follower(store, ARMS), *([follower] if follower else [])):
        assert _patterns(found.read()) == _patterns(expected)
        for task_type in ("text", "numeric"):
            a, b = (statistics.state(ARMS, task_type, (0.6, 0.3)) for statistics in (expected, found.read()))
            for field in FIELDS:
                assert np.allclose(getattr(a, field), getattr(b, field), rtol=1e-9, atol=1e-9), (task_type, field)


def _patterns(statistics: Statistics) -> dict[str, dict[tuple[Any, ...], float]]:
    """How often races showed what, by task type, the arms by their ids."""
    names, types = {place: own for own, place in statistics.arms.items()}, {place: name for name, place in statistics.task_types.items()}
    return {
        types[place]: {
            tuple(sorted((names[arm], passed, worth) for arm, passed, worth in pattern)): count for pattern, count in known.items()
        }
        for place, known in statistics.patterns.items()
        if known
    }
