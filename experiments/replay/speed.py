"""How long decisions, updates and folds take, libraries beside them in the same run: median microseconds."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from banditgen.arm import GeneratorConfig
from banditgen.bandit import Statistics, choose, make_policy
from banditgen.bandit.thompson import Thompson
from banditgen.offline.replay import empty_state, observe, observe_arms, replay
from experiments.regret.peers import PEERS

K, SIZE = 15, 3
ARMS = [GeneratorConfig(f"arm{i}", f"model{i // 3}", 0.2 + 0.3 * (i % 3)) for i in range(K)]


def median_us(call: Callable[[], object], repeats: int = 300) -> float:
    """Median microseconds of one call."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e6 * float(np.median(times))


def decisions(libraries: bool) -> dict[str, tuple[float, float]]:
    """Label to microseconds of (select 3 of 15, update with 3 outcomes)."""
    rng = np.random.default_rng(0)
    state = empty_state(ARMS, np.ones(K), 1)
    arms, rewards = np.array([[1, 5, 9]]), np.array([[1.0, 0.0, 1.0]])
    for _ in range(100):
        chosen = np.argsort(rng.random((1, K)))[:, :SIZE]
        observe(state, chosen, (rng.random((1, SIZE)) < 0.2 + 0.04 * chosen).astype(float))
    passes, fails = state.passes[0] + 1, state.fails[0] + 1

    def plain_update() -> None:
        passes[arms[0]] += rewards[0]
        fails[arms[0]] += 1 - rewards[0]

    found = {"plain numpy Beta-TS": (median_us(lambda: np.argpartition(-rng.beta(passes, fails), SIZE)[:SIZE]), median_us(plain_update))}
    seen, row = np.ones((1, SIZE), bool), np.zeros((1, 1), np.int64)
    bare = median_us(lambda: observe_arms(state, row, arms, rewards, seen))
    found["bare Thompson: one draw, no pairs kept"] = (median_us(lambda: Thompson().sets(state, SIZE, rng, 1)), bare)
    update = median_us(lambda: observe(state, arms, rewards))
    for label, policy in (("plain MP-TS", Thompson()), ("thompson", make_policy("thompson")), ("best_set", make_policy("best_set"))):
        found[f"{label}: one draw"] = (median_us(lambda policy=policy: policy.sets(state, SIZE, rng, 1)), update)  # type: ignore[misc]
        found[f"{label}: exact propensities, 256 particles"] = (median_us(lambda policy=policy: choose(policy, state, SIZE, rng)), update)  # type: ignore[misc]
    for name, make in PEERS.items() if libraries else ():
        bandit = make(K, 0)
        bandit.update([1, 5, 9], [1.0, 0.0, 1.0])
        found[name] = (median_us(lambda b=bandit: b.select(SIZE), 50), median_us(lambda b=bandit: b.update([1, 5, 9], [1.0, 0.0, 1.0]), 50))  # type: ignore[misc]
    return found


def throughput() -> dict[str, float]:
    """Seconds of a fold of 1,000,000 results, and of a replay of 100 seeds × 2,000 rounds × 24 arms."""
    rng = np.random.default_rng(0)
    n = 1_000_000
    ids = [arm.arm_id for arm in ARMS]
    arms = [ids[i] for i in rng.integers(0, K, n)]
    types = [f"type{i}" for i in np.repeat(rng.integers(0, 5, n // 4), 4)]
    passed, measures, races = (rng.random(n) < 0.5).astype(float), rng.random((n, 2)), np.repeat(np.arange(n // 4), 4).tolist()
    start = time.perf_counter()
    Statistics().fold(arms, types, passed, measures, races)
    found = {"fold of 1,000,000 results": time.perf_counter() - start}
    outcomes = (rng.random((24, 300, 5)) < 0.4).astype(float)
    many = [GeneratorConfig(f"arm{i}", f"model{i // 2}", 0.2 + 0.6 * (i % 2)) for i in range(24)]
    for name in ("thompson", "best_set"):
        start = time.perf_counter()
        replay(name, outcomes, many, k=3, rounds=2000, seeds=100)
        found[f"replay of {name}, 100 seeds × 2,000 rounds × 24 arms"] = time.perf_counter() - start
    return found
