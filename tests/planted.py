"""Feedback with a planted truth: raters who weigh quality and speed in a way that only the test knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from banditgen.arm import GeneratorConfig
from banditgen.history.base import DecisionRecord, RaceRecord
from banditgen.history.ids import new_id
from banditgen.history.store import History
from banditgen.offline.tune import Evidence
from banditgen.racing.record import describe_arm
from banditgen.result import Feedback, GenerationResult, Preference

ARM = GeneratorConfig("a", "m", 0.1)
OTHER = GeneratorConfig("b", "m", 0.9)


def candidate(rng: np.random.Generator) -> dict[str, Any]:
    """Quality and speed with standard deviation 0.2, uncorrelated."""
    quality, speed = np.clip(rng.normal(0.5, 0.2, 2), 0, 1)
    return {"quality": float(quality), "speed": float(speed)}


def worth(one: Mapping[str, Any], weight: float) -> float:
    return float(weight * one["quality"] + (1 - weight) * one["speed"])


def ratings(
    rng: np.random.Generator,
    n: int,
    weight: float | Mapping[str, float],
    *,
    noise: float = 0.1,
    types: Sequence[str] = ("a",),
) -> Evidence:
    """n ratings: satisfaction = w·quality + (1 - w)·speed + noise; w by task type where it is a mapping."""
    rows = []
    for i in range(n):
        kind, one = types[i % len(types)], candidate(rng)
        own = weight if isinstance(weight, float) else weight[kind]
        rows.append((kind, one, float(np.clip(worth(one, own) + rng.normal(0, noise), 0, 1)), 1.0, None))
    return Evidence.build(rows)


def noise_alone(rng: np.random.Generator, n: int) -> Evidence:
    return Evidence.build([("a", candidate(rng), float(rng.random()), 1.0, None) for _ in range(n)])


def pairs(rng: np.random.Generator, n: int, weight: float, noise: float = 0.1) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """n preferences of raters whose satisfaction with each candidate has that noise."""
    rows = []
    for _ in range(n):
        one, other = candidate(rng), candidate(rng)
        ahead = worth(one, weight) - worth(other, weight) + rng.normal(0, noise * 2**0.5) > 0
        rows.append(("a", one, other) if ahead else ("a", other, one))
    return rows


def fill(history: History, rng: np.random.Generator, n: int, weight: float, *, preferences: int = 0, noise: float = 0.1) -> None:
    """n races with rated winners in a history, and some with a preference for one of two candidates."""
    for i in range(n + preferences):
        decision = DecisionRecord(new_id(), "ab"[i % 2], [describe_arm(ARM), describe_arm(OTHER)], "given")
        results = []
        for arm in (ARM, OTHER):
            one = candidate(rng)
            told = GenerationResult(arm.name, "x = 1", 60 * (1 - one["speed"]), "m", arm.temperature, True, 0.1, one["quality"])
            told.id, told.arm_id, told.verified, told.execution_time = new_id(), describe_arm(arm)["arm_id"], True, 10 * (1 - one["speed"])
            told.speed_score = one["speed"]
            results.append(told)
        history.add_decision(decision)
        history.add_race(RaceRecord(decision.id, decision.task_type, {"kind": "told"}, results, results[0].id, "best"))
        value = [weight * r.quality_score + (1 - weight) * r.speed_score + rng.normal(0, noise) for r in results]
        if i < n:
            history.add_feedback(Feedback(decision.id, results[0].id, float(np.clip(value[0], 0, 1)), id=new_id()))
        else:
            better, worse = results if value[0] > value[1] else reversed(results)
            history.add_feedback(Preference(decision.id, better.id, worse.id, id=new_id()))
