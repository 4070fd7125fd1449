"""A live wave knows what its task costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from banditgen.arm import GeneratorConfig, arm_id
from banditgen.bandit import Statistics, make_policy
from banditgen.learning.ledger import Spent
from banditgen.learning.waves import Means, RaceCourse, wave
from banditgen.result import FailureKind, GenerationResult

ARMS = [GeneratorConfig(name, name, 0.5) for name in "abcd"]


def failed(place: int, seconds: float, failure: FailureKind = FailureKind.WRONG) -> GenerationResult:
    arm = ARMS[place]
    return GenerationResult(arm.name, "", seconds, arm.model, 0.5, verified=True, failure=failure, arm_id=arm_id(arm))


@pytest.mark.parametrize(("unit", "budget"), [("model_seconds", 12.0), ("generations", 1.5)])
def test_a_slow_task_is_left_sooner_where_seconds_are_what_counts(unit: Any, budget: float) -> None:
    """Ten seconds are what every arm takes. What was cut off, or failed with its server, says nothing of the task."""
    statistics, ids = Statistics(), [arm_id(arm) for arm in ARMS]
    rng = np.random.default_rng(1)
    statistics.fold(ids * 50, ["t"] * 200, (rng.random(200) < 0.4).astype(float), np.ones((200, 2)), np.repeat(np.arange(50), 4).tolist())
    state = statistics.state(ARMS, "t", (1.0, 0.0))
    positions = {own: i for i, own in enumerate(ids)}
    costs = dict.fromkeys(ids, (50.0, 500.0, 0.0, 0.0))

    def stop(*results: GenerationResult) -> float:
        spent = Spent(100.0, 150.0, 1200.0)
        course = RaceCourse(results, spent, costs)
        means = Means(budget, unit, most=4)
        seed = np.random.default_rng(3)
        return wave(make_policy("best_set"), state, positions, course, means, seed, exploration=0.05, trials=[], trial_share=0.0)[0].stop

    quick, slow = stop(failed(0, 4.0)), stop(failed(0, 22.0))
    assert (slow > quick + 0.5) == (unit == "model_seconds")
    assert stop() == 0  # the first wave, which knows nothing of its task
    silent = [failed(1, seconds, FailureKind.CANCELLED) for seconds in (1.0, 3.0)]
    assert len({stop(failed(0, 4.0), one) for one in silent}) == 1
