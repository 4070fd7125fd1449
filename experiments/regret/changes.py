"""Races until: the recommended arm is nearly the best; a new good arm is in use; regret is back after a model changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from banditgen.bandit import State, make_policy
from banditgen.bandit.arrays import Floats, Ints
from banditgen.bandit.discount import KEEP, worth
from banditgen.bandit.patterns import Patterns
from banditgen.offline.replay import draw_outcomes, empty_state, play
from experiments.regret.matrices import Matrix

K = 3


def recommendation(
    matrices: dict[str, Matrix], names: Sequence[str], seeds: Sequence[int], rounds: int = 1500
) -> dict[str, dict[str, float]]:
    """Races until the arm of the best expected reward is, in the mean over seeds, within 2 points of the best arm and stays there.

    Uniform's recommendation is the arm of the best observed mean. NaN is not within `rounds`.
    """
    result: dict[str, dict[str, float]] = {}
    for label, (outcomes, arms) in matrices.items():
        rate = np.nanmean(outcomes, (1, 2))
        table = draw_outcomes(outcomes, rounds, seeds)[0]
        result[label] = {}
        for name in ("uniform", *names):
            policy, gap = make_policy(name), np.empty(rounds)

            def watch(t: int, state: State, gap: Floats = gap, policy: Any = policy, rate: Floats = rate) -> None:
                gap[t] = (rate.max() - rate[policy.means(state).argmax(1)]).mean()

            play(policy, table, empty_state(arms, np.ones(len(arms)), len(seeds)), K, seeds, watch)
            late = np.flatnonzero(gap > 0.02)
            result[label][name] = float("nan") if len(late) and late[-1] == rounds - 1 else float(late[-1] + 1 if len(late) else 0)
    return result


def births(matrix: Matrix, names: Sequence[str], seeds: Sequence[int], before: int = 300, after: int = 150) -> dict[str, list[float]]:
    """The best arm is born after `before` races: its share of races in each 25 after that."""
    outcomes, arms = matrix
    born = int(np.nanmean(outcomes, (1, 2)).argmax())
    table = draw_outcomes(outcomes, before + after, seeds)[0]
    weight = np.ones(len(arms))
    weight[born] = 0
    result = {}
    for name in names:

        def watch(t: int, state: State) -> State | None:
            return dataclasses.replace(state, weight=np.ones_like(state.weight)) if t == before else None

        choices = play(make_policy(name), table, empty_state(arms, weight, len(seeds)), K, seeds, watch)
        used = (choices[:, before:] == born).any(2).mean(0)
        result[name] = [round(float(x), 3) for x in used.reshape(-1, 25).mean(1)]
    return result


def digest_change(
    matrix: Matrix, names: Sequence[str], seeds: Sequence[int], before: int = 300, after: int = 300
) -> dict[str, list[float]]:
    """After `before` races the best model's arms fall to a third and the worst model's arms take its outcomes, with their digests.

    The best reward in each 50 races, around the change; their evidence is discounted as live.
    """
    outcomes, arms = matrix
    models = sorted({arm.model for arm in arms})
    level = {m: float(np.mean([np.nanmean(outcomes[i]) for i, arm in enumerate(arms) if arm.model == m])) for m in models}
    best, worst = max(models, key=level.__getitem__), min(models, key=level.__getitem__)
    first, last = [i for i, a in enumerate(arms) if a.model == best], [i for i, a in enumerate(arms) if a.model == worst]
    pairs = list(zip(first, last, strict=False))
    table = draw_outcomes(outcomes, before + after, seeds)[0]
    for i, j in pairs:
        table[:, before:, [i, j]] = table[:, before:, [j, i]]
    changed = {i for pair in pairs for i in pair}
    share = np.array([worth("old", {"new"} if i in changed else {"old"}, KEEP) for i in range(len(arms))])
    result = {}
    for name in names:
        policy, state = make_policy(name), empty_state(arms, np.ones(len(arms)), len(seeds))
        known = play(policy, table[:, :before], state, K, seeds)
        state = discounted(state, known, table[:, :before], share)
        choices = np.concatenate([known, play(policy, table[:, before:], state, K, seeds)], 1)
        reward = np.nan_to_num(np.take_along_axis(table, choices, 2)).max(2).mean(0)
        result[name] = [round(float(x), 3) for x in reward.reshape(-1, 50).mean(1)]
    return result


def discounted(state: State, choices: Ints, table: Floats, share: Floats) -> State:
    """What these races (seeds, rounds, k) on drawn outcomes taught, where an arm's outcomes count a share (K,) of themselves."""
    patterns, rows = Patterns(len(table), state.model), np.arange(len(table))
    for t in range(choices.shape[1]):
        rewards = np.take_along_axis(table[:, t], choices[:, t], 1)
        patterns.add(rows, choices[:, t], np.where(np.isnan(rewards), np.nan, rewards > 0), weights=share[choices[:, t]])
    counts = {name: getattr(state, name) * share for name in ("passes", "fails", "total", "square")}
    return dataclasses.replace(state, patterns=patterns, **counts)
