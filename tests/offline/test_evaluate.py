"""Off-policy evaluation: coverage on our own logs, the naive mean's bias, refusals."""

from typing import Any

import numpy as np
import pytest

from banditgen.arm import GeneratorConfig
from banditgen.bandit import choose, make_policy
from banditgen.errors import UsageError
from banditgen.offline.evaluate import Estimate, Log, evaluate, lower_sequence
from banditgen.offline.replay import empty_state, observe

RATES = np.linspace(0.2, 0.7, 6)
ARMS = [GeneratorConfig(f"a{i}", f"m{i}", 0.5) for i in range(6)]


def own_log(seed: int, rounds: int = 150, k: int = 2) -> Log:
    rng, state, policy = np.random.default_rng(seed), empty_state(ARMS, np.ones(6), 1), make_policy("thompson")
    arms, rewards, q = np.empty((rounds, k), np.int64), np.empty((rounds, k)), np.empty((rounds, 6))
    for t in range(rounds):
        choice = choose(policy, state, k, rng, particles=64, exploration=0.2)
        arms[t], q[t] = choice.arms, choice.propensities
        rewards[t] = rng.random(k) < RATES[arms[t]]
        observe(state, arms[t : t + 1], rewards[t : t + 1])
    return Log(arms, rewards, q)


def covers(estimate: Estimate, value: float) -> bool:
    """Whether its interval holds the value; one that was refused does not."""
    return estimate.low is not None and estimate.high is not None and estimate.low <= value <= estimate.high


@pytest.mark.slow
def test_intervals_cover_the_truth_and_the_naive_mean_is_low() -> None:
    """95 % sequences over 40 adaptive logs miss at most 6 times (false alarm 1 in 80 at exactly 95 %); DR is unbiased to 4 errors."""
    uniform = np.full(6, 2 / 6)
    found = [evaluate(own_log(seed), uniform, minimum=1) for seed in range(40)]
    for estimates in ([f.doubly_robust for f in found], [f.ips for f in found]):
        assert sum(covers(e, float(RATES.mean())) for e in estimates) >= 34
    errors = np.array([f.doubly_robust.value for f in found]) - RATES.mean()
    assert abs(errors.mean()) < 4 * errors.std(ddof=1) / np.sqrt(40)
    assert np.mean([f.naive for f in found]) < RATES.mean() - 0.01


def test_the_logging_policy_itself_is_worth_what_was_logged() -> None:
    log = own_log(1)
    found = evaluate(log, log.propensities)
    assert found.ips.value == pytest.approx(log.rewards.mean())
    assert found.snips.value == pytest.approx(log.rewards.mean())
    assert found.sample_size == pytest.approx(log.rewards.size)


def test_a_log_that_cannot_say_is_refused() -> None:
    log = own_log(1)
    blind = Log(log.arms, log.rewards, np.where(np.arange(6) == log.arms.max(), log.propensities, log.propensities))
    assert evaluate(blind, np.eye(6)[0], minimum=1e9).refusal is not None
    q = log.propensities.copy()
    unused = [i for i in range(6) if i not in log.arms[:20]]
    q[:20, unused] = 0
    short = Log(log.arms[:20], log.rewards[:20], q[:20])
    found = evaluate(short, np.full(6, 2 / 6), minimum=1)
    assert (found.refusal is not None) == bool(unused)
    assert not unused or found.doubly_robust.value is None


def test_rounds_with_a_missing_outcome_are_left_out() -> None:
    log = own_log(1)
    rewards = log.rewards.copy()
    rewards[::3, 0] = np.nan
    assert evaluate(Log(log.arms, rewards, log.propensities), np.full(6, 2 / 6), minimum=1).rounds == 100


def test_the_lower_sequence_holds_for_heavy_tails() -> None:
    """Weights of 50 with chance 1/50, mean 1: the 95 % bound is above 1 in at most 16 of 200 runs (false alarm about 5 %)."""
    rng = np.random.default_rng(1)
    assert sum(lower_sequence(np.where(rng.random(300) < 0.02, 50.0, 0.0), 1.0, 0.05) > 1 for _ in range(200)) <= 16


@pytest.mark.parametrize("field", ["arms", "rewards", "propensities"])
def test_a_log_that_does_not_validate_is_refused(field: Any) -> None:
    log = own_log(1, rounds=5)
    wrong: dict[str, Any] = {"arms": log.arms + 6, "rewards": log.rewards + 2, "propensities": np.zeros_like(log.propensities)}
    values: dict[str, Any] = {"arms": log.arms, "rewards": log.rewards, "propensities": log.propensities, field: wrong[field]}
    with pytest.raises(UsageError):
        Log(**values)
    with pytest.raises(UsageError):
        evaluate(log, np.full(5, 0.4))
