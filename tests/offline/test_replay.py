"""Replay: paired draws, one seed at a time or many, missing outcomes, refusals."""

from typing import Any

import numpy as np
import pytest

from banditgen.arm import GeneratorConfig
from banditgen.bandit import POLICIES
from banditgen.errors import UsageError
from banditgen.offline.replay import replay

ARMS = [GeneratorConfig(f"m{m}-{t}", f"model{m}:7b", t) for m in range(4) for t in (0.2, 0.8)]


def matrix(seed: int = 1, tasks: int = 40, samples: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.random((8, tasks, samples)) < np.linspace(0.1, 0.7, 8)[:, None, None]).astype(float)


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_every_policy_races_k_different_arms_and_keeps_the_best(policy: Any) -> None:
    played = replay(policy, matrix(), ARMS, k=3, rounds=60, seeds=range(4))
    assert played.choices.shape == (4, 60, 3)
    assert played.best_reward.shape == (4, 60)
    assert all(len(set(race)) == 3 for race in played.choices.reshape(-1, 3).tolist())
    assert (played.best_reward == played.rewards.max(2)).all()


@pytest.mark.slow
@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_a_seed_replays_alike_alone_and_in_company(policy: Any) -> None:
    together = replay(policy, matrix(), ARMS, k=3, rounds=80, seeds=[0, 3, 7])
    alone = replay(policy, matrix(), ARMS, k=3, rounds=80, seeds=[3])
    assert (together.choices[1] == alone.choices[0]).all()
    assert (together.best_reward[1] == alone.best_reward[0]).all()


def test_two_policies_meet_the_same_tasks_and_the_same_outcomes() -> None:
    a, b = (replay(p, matrix(), ARMS, k=8, rounds=50, seeds=3) for p in ("uniform", "thompson"))
    assert (a.tasks == b.tasks).all()
    assert (np.sort(a.rewards, axis=2) == np.sort(b.rewards, axis=2)).all()
    assert (a.best_reward == b.best_reward).all()


def test_missing_outcomes_are_passed_over_and_a_race_without_any_keeps_nothing() -> None:
    outcomes = matrix()
    outcomes[:, :, 0] = np.nan
    outcomes[7] = np.nan
    outcomes[:, 0] = np.nan
    played = replay("best_set", outcomes, ARMS, k=3, rounds=200, seeds=3)
    assert (np.isnan(played.rewards) == ((played.choices == 7) | (played.tasks == 0)[..., None])).all()
    assert (played.best_reward[played.tasks == 0] == 0).all()
    assert not np.isnan(played.best_reward).any()


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["thompson", "best_set", "kl_ucb"])
def test_fractions_and_a_matrix_of_nothing_but_ones_or_zeros_are_played(policy: Any) -> None:
    for outcomes in (matrix() * 0.6, np.ones((8, 5, 1)), np.zeros((8, 5, 1)), np.full((8, 5, 1), np.nan)):
        assert replay(policy, outcomes, ARMS, k=3, rounds=60, seeds=2).choices.max() <= 7


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["thompson", "best_set"])
def test_learning_beats_chance(policy: Any) -> None:
    """On 20 paired seeds by more than five standard errors."""
    learned, chance = (replay(p, matrix(), ARMS, k=2, rounds=200, seeds=20).best_reward.mean(1) for p in (policy, "uniform"))
    gain = learned - chance
    assert gain.mean() > 5 * gain.std(ddof=1) / np.sqrt(20)


def test_times_are_those_of_the_slowest_candidate_raced() -> None:
    speed = np.broadcast_to(np.arange(8.0)[:, None, None], (8, 40, 3))
    played = replay("uniform", matrix(), ARMS, k=3, rounds=20, seeds=2, speed=speed)
    assert played.seconds is not None
    assert (played.seconds == played.choices.max(2)).all()


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["model_seconds", "tokens"])
def test_waves_keep_a_budget_of_seconds_or_tokens(unit: str) -> None:
    cost = np.random.default_rng(2).uniform(50, 150, (8, 40, 3)) * np.linspace(0.5, 2, 8)[:, None, None]
    given: dict[str, Any] = {"speed" if unit == "model_seconds" else "tokens": cost}
    played = replay("best_set", matrix(), ARMS, k=3, rounds=200, seeds=6, waves=True, budget=200.0, budget_unit=unit, **given)
    spent = getattr(played, unit)
    assert spent.shape == (6, 200)
    assert 0.95 * 200 < spent.mean() < 1.02 * 200
    assert (spent > 0).all()
    assert (played.tokens if unit == "model_seconds" else played.model_seconds) is None
    once = replay("uniform", matrix(), ARMS, k=8, rounds=5, seeds=2, **given)
    assert (getattr(once, unit) > 50 * 0.5 * 8).all()


def test_a_budget_of_seconds_is_spent_where_tasks_are_quick() -> None:
    """Half of the tasks keep every arm busy ten times as long and are no harder: a race that has failed goes on where that is cheap."""
    slow = np.arange(40) % 2 == 0
    outcomes = np.where(np.arange(40)[None, :, None] % 4 < 2, 0.0, matrix())  # half of each kind cannot be solved
    seconds = np.broadcast_to(np.where(slow, 10.0, 1.0)[None, :, None], outcomes.shape)
    played = replay(
        "best_set", outcomes, ARMS, k=3, rounds=200, seeds=6, waves=True, budget=15.0, budget_unit="model_seconds", speed=seconds
    )
    assert played.generations is not None
    failed = played.best_reward == 0
    quick, long = (played.generations[failed & kind].mean() for kind in (~slow[played.tasks], slow[played.tasks]))
    assert quick > long + 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"budget_unit": "tokens", "budget": 5.0}, "budget of tokens needs budget= and tokens="),
        ({"budget_unit": "tokens", "tokens": np.ones((8, 40, 3))}, "budget of tokens needs"),
        (
            {"budget_unit": "model_seconds", "budget": 5.0, "tokens": np.ones((8, 40, 3))},
            "budget of model seconds needs budget= and speed=",
        ),
        ({"budget_unit": "price", "budget": 5.0}, "one of generations, model_seconds, tokens, not 'price'"),
        ({"tokens": -np.ones((8, 40, 3))}, "tokens must be numbers of at least 0"),
        ({"tokens": np.ones((8, 40, 2))}, "tokens must have the outcomes' shape"),
    ],
)
def test_a_budget_without_what_it_counts_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        replay("uniform", matrix(), ARMS, k=3, rounds=5, seeds=1, waves=True, **settings)


@pytest.mark.parametrize(
    ("outcomes", "settings"),
    [
        (np.full((8, 2, 1), 1.5), {}),
        (np.full((8, 2, 1), -0.1), {}),
        (np.full((8, 2, 1), np.inf), {}),
        (np.ones((7, 2, 1)), {}),
        (np.ones((8, 2)), {}),
        (matrix(), {"k": 0}),
        (matrix(), {"k": 9}),
        (matrix(), {"rounds": 0}),
        (matrix(), {"seeds": []}),
        (matrix(), {"speed": np.ones((1, 2, 3))}),
    ],
)
def test_wrong_input_is_refused(outcomes: Any, settings: Any) -> None:
    with pytest.raises(UsageError):
        replay("uniform", outcomes, ARMS, **{"k": 3, "rounds": 5, "seeds": [1], **settings})


@pytest.mark.parametrize(
    "changes",
    [{"seeds": -1}, {"seeds": [1.5]}, {"seeds": True}, {"seeds": None}, {"k": 2.0}, {"k": "2"}, {"rounds": 1.5}, {"speed": [[["x"]]]}],
)
def test_what_is_no_whole_number_or_array_is_refused(changes: dict[str, Any]) -> None:
    arms = [GeneratorConfig("a", "m"), GeneratorConfig("b", "n")]
    call: dict[str, Any] = {"k": 1, "rounds": 3, "seeds": 2, **changes}
    with pytest.raises(UsageError):
        replay("thompson", np.ones((2, 3, 1)), arms, **call)


@pytest.mark.parametrize("outcomes", ["x", [[[1], [1, 2]]], np.ones((2, 3, 1), complex)])
def test_outcomes_that_are_no_array_of_numbers_are_refused(outcomes: Any) -> None:
    with pytest.raises(UsageError, match="outcomes"):
        replay("thompson", outcomes, [GeneratorConfig("a", "m"), GeneratorConfig("b", "n")], k=1, rounds=3, seeds=2)


def test_numpys_integers_are_whole_numbers() -> None:
    arms = [GeneratorConfig("a", "m"), GeneratorConfig("b", "n")]
    assert replay("uniform", np.ones((2, 3, 1)), arms, k=np.int64(1), rounds=np.int32(3), seeds=np.int64(2)).best_reward.shape == (2, 3)  # type: ignore[arg-type]
