"""One reward: what a race gives is what every offline question counts with."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banditgen import GeneratorConfig, ParallelGenerator, Strategy, Task
from banditgen.evolution.arena import Arena
from banditgen.evolution.genome import Genome
from banditgen.evolution.plan import Heat
from banditgen.history.rows import summed_row
from banditgen.offline.tune.evidence import Evidence, Settings
from banditgen.result import GenerationResult
from banditgen.scoring import SelectionCriteria, reward, weigh
from banditgen.session import BanditGenerator
from tests.clients import GOOD, Client

unit = st.floats(0, 1)
some_criteria = st.builds(
    SelectionCriteria,
    quality_weight=st.floats(0.1, 5),
    speed_weight=unit,
    min_quality_score=unit,
    max_generation_time=st.none() | st.floats(1, 100),
    max_execution_time=st.none() | st.floats(0.1, 20),
    generation_scale=st.sampled_from((60.0, 7.0)),
    execution_scale=st.sampled_from((10.0, 3.0)),
    measure_weights=st.sampled_from(((), {"style": 0.5})),
)
passing = st.builds(
    GenerationResult,
    generator_name=st.just("a"),
    code=st.just(""),
    generation_time=st.floats(0, 120),
    model_used=st.just("m"),
    temperature=st.just(0.0),
    test_passed=st.just(True),
    quality_score=unit,
    execution_time=st.floats(0, 30),
)


@given(passing, passing, unit, some_criteria, some_criteria)
def test_the_reward_of_a_race_is_the_reward_offline(
    result: GenerationResult, other: GenerationResult, style: float, live: SelectionCriteria, another: SelectionCriteria
) -> None:
    """Under other criteria than its race's, too; what failed earns nothing under any."""
    result.measures, other.measures = {"style": style}, {"style": 1 - style}
    for one in (result, other):
        weigh(one, live)
        assert reward(one, live) == one.reward
    rows = [("t", {**vars(one), "quality": one.quality_score, "speed": one.speed_score}, 0.5, 1.0, None) for one in (result, other)]
    evidence = Evidence.build(rows)
    if "style" in evidence.names or not another.measure_weights:
        assert Settings.of([another], evidence.names).scores(evidence)[0] == pytest.approx(
            np.array([reward(one, another) for one in (result, other)])
        )
    failed = dataclasses.replace(result, test_passed=False)
    assert reward(failed, another) == 0.0


@given(passing, some_criteria)
def test_what_a_posterior_adds_up_is_the_reward_that_the_race_logged(result: GenerationResult, criteria: SelectionCriteria) -> None:
    """Of a passing candidate outside the criteria nothing, then."""
    plain = dataclasses.replace(criteria, measure_weights=())
    weigh(result, plain)
    row = summed_row(result, "r", "t", 0.0)
    assert np.dot(plain.shares[0], (row["quality"], row["speed"])) == pytest.approx(result.reward)
    assert row["passed"]


def test_a_bandits_own_racer_and_the_arena_of_evolution_score_by_the_strategy() -> None:
    """Both raced with 0.7 and 0.3 once, whatever the strategy said."""
    arm = GeneratorConfig("a", "m", 0.1)
    task = Task("Write double(x).", task_type="fast", tests="assert double(2) == 4")
    plan = Strategy("quick", arms=(arm,), k=1, criteria=SelectionCriteria(0.2, 0.8), types={"fast": SelectionCriteria(0.0, 1.0)})
    with BanditGenerator.open(plan, backend=Client({"m": GOOD}), history="sqlite://", seed=1) as bandit:
        [raced] = bandit.racer.generate_parallel("Write double(x).", [arm], "n", "d")
        assert raced.combined_score == pytest.approx(0.2 * raced.quality_score + 0.8 * raced.speed_score)
        Arena(bandit.racer, {"double": task}, {}, 0, plan.criteria_for)(Heat("double", (Genome.of(arm),), float("inf")))
        [bred] = bandit.history.races(1)[0].results
        assert bred.combined_score == pytest.approx(bred.speed_score)
        assert bred.combined_score != pytest.approx(bred.quality_score)


def test_weights_that_are_not_given_are_those_of_the_criteria() -> None:
    quick = SelectionCriteria(0.1, 0.9)
    assert ParallelGenerator(Client({}), criteria=quick).speed_weight == 0.9
    assert ParallelGenerator(Client({}), None, None, 0.5, 0.5, criteria=quick).speed_weight == 0.5
    assert ParallelGenerator(Client({})).quality_weight == 0.7
