"""Who plays: the package's policies, baselines with their settings tuned, variants from the literature, libraries."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from banditgen.bandit import Policy, State, make_policy
from banditgen.bandit.arrays import Floats, Ints
from banditgen.bandit.base import RandomSource
from banditgen.bandit.thompson import Thompson
from banditgen.offline.replay import draw_outcomes, replay
from experiments.regret.matrices import Matrix

GRIDS: dict[str, tuple[str, tuple[float, ...]]] = {
    "epsilon_greedy": ("epsilon", (0.02, 0.05, 0.1, 0.2)),
    "ucb1": ("width", (0.05, 0.1, 0.2, 0.4, 1.0)),
    "kl_ucb": ("width", (0.03, 0.1, 0.3, 1.0)),
    "best_fixed": ("trials", (3, 5, 10, 20)),
}


@dataclasses.dataclass(frozen=True)
class OnePerModel(Thompson):
    """Plain Thompson sampling over the best draw of each model: at most one arm of a model in a race, where there are k models."""

    name: str = "one arm per model TS"

    def sets(self, state: State, k: int, rng: RandomSource, size: int) -> Ints:
        """(size, k)."""
        draws = self.draws(state, rng, size) * state.weight
        best = np.full((size, int(state.model.max()) + 1), -np.inf)
        np.maximum.at(best.T, state.model, draws.T)
        leads = draws >= best[:, state.model]
        return np.asarray(np.argsort(-(draws + leads * (draws > 0)), axis=1, kind="stable")[:, :k], np.int64)


def tuned_baselines(matrices: dict[str, Matrix], rounds: int, seeds: Sequence[int], k: int) -> list[Policy]:
    """Each baseline with the setting of the best mean over the tuning matrices, every matrix centred on uniform's reward."""
    policies = [make_policy("uniform"), make_policy("mp_ts"), OnePerModel(), make_policy("greedy")]
    for name, (setting, values) in GRIDS.items():
        scores = [
            np.mean(
                [
                    replay(make_policy(name, **{setting: v}), *m, k=k, rounds=rounds, seeds=seeds).best_reward.mean()
                    for m in matrices.values()
                ]
            )
            for v in values
        ]
        policies.append(make_policy(name, **{setting: values[int(np.argmax(scores))]}))
    return policies


def play_library(make: Callable[[int, int], Any], matrix: Matrix, rounds: int, seeds: Sequence[int], k: int) -> Floats:
    """(seeds, rounds): best reward of a library's bandit on the same outcomes as everyone."""
    outcomes, arms = matrix
    table = draw_outcomes(outcomes, rounds, seeds)[0]
    best = np.empty(table.shape[:2])
    for i, seed in enumerate(seeds):
        bandit = make(len(arms), int(seed))
        for t in range(rounds):
            chosen = bandit.select(k)
            rewards = np.nan_to_num(table[i, t, chosen])
            bandit.update(chosen, rewards.tolist())
            best[i, t] = rewards.max()
    return best
