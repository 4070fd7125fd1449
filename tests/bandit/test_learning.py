"""What policies learn: structure, priors, pending races, preferences, other task types."""

import dataclasses
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from banditgen.arm import GeneratorConfig, arm_id
from banditgen.bandit import State, Statistics, child_prior, choose, make_policy
from banditgen.bandit.coverage import Coverage
from banditgen.bandit.features import log_size
from banditgen.bandit.fitting import fit
from banditgen.bandit.responses import Arms, Prior
from banditgen.errors import UsageError

ARMS = [GeneratorConfig(f"m{m}-{t}", f"model{m}", t) for m in range(4) for t in (0.2, 0.8)]
IDS = [arm_id(arm) for arm in ARMS]
LEARNED = ("thompson", "best_set")


def fold(statistics: Statistics, table: np.ndarray, task_type: str = "t") -> Statistics:
    """Races that held every arm: table (races, arms) of 0 and 1."""
    races, arms = table.shape
    labels = np.repeat(np.arange(races), arms).tolist()
    statistics.fold(IDS * races, [task_type] * (races * arms), table.ravel(), np.ones((races * arms, 2)), labels)
    return statistics


def propensities(name: str, state: State, k: int = 3) -> np.ndarray:
    return choose(make_policy(name), state, k, np.random.default_rng(0), particles=2000, exploration=0.0).propensities


def test_what_arms_have_in_common_is_found_where_it_is_and_not_where_it_is_not() -> None:
    """Pass rates within 0.03, loadings within 0.25 of the truth after 3,000 races."""
    rng = np.random.default_rng(4)
    z, u, e = rng.standard_normal((3000, 1)), np.repeat(rng.standard_normal((3000, 4)), 2, axis=1), rng.standard_normal((3000, 8))
    beta = np.array([0.5, 0.5, 1.0, 1.0, 1.0, 1.0, 1.5, 1.5])
    found = fit(fold(Statistics(), (0.3 + beta * z + 0.8 * u + e > 0).astype(float)).state(ARMS, "t", (0.5, 0.5)), Prior())
    assert np.abs(ndtr(found.ability / found.scale)[0] - ndtr(0.3 / np.sqrt(1 + beta**2 + 0.64))).max() < 0.03
    assert np.abs(found.loading[0] - beta).max() < 0.25
    assert found.model_loading[0] == pytest.approx(0.8, abs=0.15)
    alone = fit(fold(Statistics(), (e > 0).astype(float)).state(ARMS, "t", (0.5, 0.5)), Prior())
    assert np.abs(alone.loading).max() < 0.4
    assert alone.model_loading[0] < 0.3


def test_greedy_finds_the_best_set_of_the_model() -> None:
    """Against enumeration of all C(8, 3) sets, on 50 random models: never 5 % worse, nearly always the same set."""
    rng = np.random.default_rng(1)
    same, state = 0, Statistics().state(ARMS, "t", (1.0, 0.0))
    for _ in range(50):
        one = np.ones((1, 8))
        arms = Arms(one, one, one, one, rng.uniform(0.4, 1.5, (1, 8)), np.array([0.7]), one[:, 0], one[:, 0], one)
        draws = rng.uniform(-0.8, 0.3, (1, 8)) * arms.scale
        fails, (task, node) = 1 - arms.chances(draws), arms.nodes

        def value(s: tuple[int, ...], fails: Any = fails, task: Any = task, node: Any = node) -> Any:
            given_task: Any = 1.0
            for m in set(state.model[list(s)]):
                given_task = given_task * (fails[0, [a for a in s if state.model[a] == m]].prod(0) @ node)
            return 1 - given_task @ task

        best = max(combinations(range(8), 3), key=value)
        race, chosen = Coverage(arms, draws, None, state, np.arange(8)[None]), []
        for _ in range(3):
            chosen.append(int(race.next()[0][0]))
            race.take()
        assert value(tuple(chosen)) >= 0.95 * value(best)
        same += tuple(sorted(chosen)) == best
    assert same >= 40


def test_best_set_prefers_arms_that_pass_where_others_fail() -> None:
    """Arm 7 passes exactly where the others fail, with a lower mean: it belongs in the race, and a learner of means leaves it out."""
    rng = np.random.default_rng(2)
    easy = rng.random(600) < 0.6
    table = np.repeat(easy[:, None], 8, axis=1) ^ (rng.random((600, 8)) < 0.05)
    table[:, 7] = ~easy
    state = fold(Statistics(), table.astype(float)).state(ARMS, "t", (0.5, 0.5))
    assert propensities("best_set", state)[7] > 0.9
    assert propensities("mp_ts", state)[7] < 0.1


@pytest.mark.parametrize("name", LEARNED)
def test_what_an_arm_did_in_other_task_types_is_where_it_starts_in_a_new_one(name: Any) -> None:
    rng = np.random.default_rng(3)
    rates = np.array([0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.8, 0.8])
    statistics = fold(Statistics(), (rng.random((60, 8)) < rates).astype(float), "old")
    q = propensities(name, statistics.state(ARMS, "new", (0.5, 0.5)), 2)
    assert q[6:].min() > 1.5 * q[:6].max()
    assert q[:6].min() > 0.001, "borrowed evidence must not shut an arm out"


@pytest.mark.parametrize("name", LEARNED)
def test_a_child_of_good_parents_starts_ahead_but_is_soon_judged_by_its_own_races(name: Any) -> None:
    rng = np.random.default_rng(6)
    statistics = fold(Statistics(), (rng.random((30, 8)) < 0.4).astype(float))
    child = GeneratorConfig("child", "another", 0.5)
    prior = {child.arm_id: child_prior([(0.9, 200), (0.8, 100)], [0.5, 0.5])}
    with_prior = propensities(name, statistics.state([*ARMS, child], "t", (0.5, 0.5), priors=prior), 1)
    without = propensities(name, statistics.state([*ARMS, child], "t", (0.5, 0.5)), 1)
    assert with_prior.argmax() == 8
    assert with_prior[8] > without[8]
    for race in range(60):
        statistics.fold([*IDS, child.arm_id], ["t"] * 9, [*(rng.random(8) < 0.4), 0.0], np.ones((9, 2)), [race] * 9)
    assert propensities(name, statistics.state([*ARMS, child], "t", (0.5, 0.5), priors=prior), 1)[8] < 0.01


def test_a_parents_evidence_is_never_copied() -> None:
    mean, strength = child_prior([(0.9, 5000), (0.5, 5000)], [3, 1])
    assert mean == pytest.approx(0.8)
    assert strength <= 8
    assert child_prior([(0.9, 5000)], [1], unlikeness=0.3)[1] < 3
    assert child_prior([(0.9, 2)], [1])[1] <= 2
    with pytest.raises(UsageError):
        child_prior([], [])


@pytest.mark.parametrize("name", LEARNED)
def test_a_race_that_is_out_counts(name: Any) -> None:
    """An arm that is already in three untold races is drawn with less spread, so less often while it is behind."""
    rng = np.random.default_rng(5)
    rates = np.array([0.5] * 6 + [0.3, 0.3])
    statistics = fold(Statistics(), (rng.random((12, 8)) < rates).astype(float))
    free = statistics.state(ARMS, "t", (0.5, 0.5))
    worst = int(make_policy(name).means(free)[0].argmin())
    out = statistics.state(ARMS, "t", (0.5, 0.5), pending={IDS[worst]: 30})
    assert propensities(name, out)[worst] <= propensities(name, free)[worst]
    assert make_policy(name).means(out) == pytest.approx(make_policy(name).means(free))


@pytest.mark.parametrize("name", LEARNED)
def test_a_preference_multiplies(name: Any) -> None:
    state = Statistics().state(ARMS, "t", (0.5, 0.5))
    weight = np.ones(8)
    weight[5] = 3.0
    assert propensities(name, dataclasses.replace(state, weight=weight))[5] > 0.7


@pytest.mark.parametrize("name", LEARNED)
def test_speed_decides_between_arms_that_pass_alike_once_its_weight_does(name: Any) -> None:
    rng, statistics = np.random.default_rng(1), Statistics()
    for race in range(150):
        measures = np.stack([np.full(8, 0.8), np.where(np.arange(8) == 2, 0.95, 0.2) + 0.01 * rng.random(8)], axis=1)
        statistics.fold(IDS, ["t"] * 8, np.ones(8), measures, [race] * 8)
    assert make_policy(name).means(statistics.state(ARMS, "t", (0.2, 0.8))).argmax() == 2
    flat = make_policy(name).means(statistics.state(ARMS, "t", (1.0, 0.0)))[0]
    assert np.ptp(flat) < 0.02


@pytest.mark.parametrize(
    ("model", "billions"), [("qwen2.5-coder:14b", 14), ("mixtral-8x7b", 56), ("smollm2:135m", 0.135), ("deepseek-coder:6.7b-q4", 6.7)]
)
def test_the_size_in_a_models_name_is_read(model: Any, billions: Any) -> None:
    assert 2 ** log_size(model) == pytest.approx(billions)


@pytest.mark.parametrize("model", ["codellama", "gpt-4", "phi-2", "x-4bit", "0b"])
def test_a_name_that_says_no_size_says_none(model: Any) -> None:
    assert np.isnan(log_size(model))
