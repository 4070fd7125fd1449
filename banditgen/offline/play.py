"""Races on drawn outcomes, for a batch of seeds: at once, or in waves."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from banditgen.arm import GeneratorConfig, plain_model
from banditgen.bandit.arrays import Floats, Ints
from banditgen.bandit.base import Policy, State
from banditgen.bandit.patterns import Patterns
from banditgen.bandit.spending import Account, expected_cost
from banditgen.bandit.waves import price_of, races

BLOCK = 64  # rounds of random numbers drawn at once from each seed's stream


class SeededRows:
    """Random numbers for a batch, row i from a stream of seed i alone: a seed's replay does not depend on its company."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self._streams = [np.random.default_rng([int(seed), 1]) for seed in seeds]
        self._blocks: dict[tuple[str, tuple[int, ...]], tuple[Floats, int]] = {}

    def standard_normal(self, size: Any = None) -> Floats:
        """`size` starts with the number of seeds."""
        return self._next("standard_normal", size)

    def random(self, size: Any = None) -> Floats:
        """`size` starts with the number of seeds."""
        return self._next("random", size)

    def beta(self, a: Floats, b: Floats, size: Any = None) -> Floats:  # noqa: ARG002 - numpy's signature
        """Rows of a and b are the seeds'."""
        return np.stack([stream.beta(a[i], b[i]) for i, stream in enumerate(self._streams)])

    def _next(self, method: str, size: tuple[int, ...]) -> Floats:
        key = (method, tuple(size)[1:])
        block, used = self._blocks.get(key, (np.empty((0, 0)), BLOCK))
        if used == BLOCK:
            block, used = np.stack([getattr(stream, method)((BLOCK, *key[1])) for stream in self._streams], axis=1), 0
        self._blocks[key] = (block, used + 1)
        row: Floats = block[used]
        return row


def empty_state(arms: Sequence[GeneratorConfig], weight: Floats, batch: int) -> State:
    """Nothing seen yet of these arms, for a batch of seeds."""
    n = len(arms)
    models: dict[str, int] = {}
    model = np.array([models.setdefault(plain_model(arm.model), len(models)) for arm in arms], np.int64)
    return State(
        **{name: np.zeros((batch, n)) for name in ("passes", "fails", "total", "square", "pending")},
        weight=weight,
        model=model,
        patterns=Patterns(batch, model),
        prior_mean=np.full(n, 0.5),
        prior_strength=np.zeros(n),
        other_count=np.zeros((batch, 0, n)),
        other_total=np.zeros((batch, 0, n)),
    )


def play(
    policy: Policy, table: Floats, state: State, k: int, seeds: Sequence[int], watch: Callable[[int, State], State | None] | None = None
) -> Ints:
    """Race on drawn outcomes (seeds, rounds, arms), adding to `state` in place; returns the choices (seeds, rounds, k).

    `watch(round, state)` is called before each choice; a state that it returns takes the place of the old one.
    """
    batch, rounds, _ = table.shape
    choices = np.empty((batch, rounds, k), np.int64)
    rng, rows = SeededRows(seeds), np.arange(batch)[:, None]
    for t in range(rounds):
        if watch is not None:
            state = watch(t, state) or state
        arms = policy.sets(state, k, rng, batch)
        choices[:, t] = arms
        observe(state, arms, table[rows, t, arms])
    return choices


def observe(state: State, arms: Ints, rewards: Floats) -> None:
    """Add one race of each row to the state, in place.

    Args:
        state: of B rows.
        arms: (B, m), the arms that ran, all different; -1 where fewer did.
        rewards: (B, m), NaN where the outcome taught nothing.
    """
    seen = ~np.isnan(rewards) & (arms >= 0)
    y = np.where(seen, rewards, 0.0)
    rows = np.arange(arms.shape[0])
    observe_arms(state, rows[:, None], np.maximum(arms, 0), y, seen)
    state.patterns.add(rows, arms, np.where(seen, y > 0, np.nan))


def observe_arms(state: State, rows: Ints, arms: Ints, y: Floats, seen: NDArray[np.bool_]) -> None:
    """The part of `observe` that Thompson sampling needs: no patterns. y is 0 where nothing was seen."""
    passed = y > 0
    for table, values in ((state.passes, passed), (state.fails, seen > passed), (state.total, y), (state.square, y * y)):
        np.add.at(table, (rows, arms), values)


@dataclasses.dataclass(frozen=True)
class Budget:
    """What races in waves may spend.

    Args:
        mean: of a race, in the long run.
        most: generations of one race.
        seconds: (seeds, rounds, arms), what each arm's candidate takes, where `mean` is in seconds; None where it is in generations.
    """

    mean: float
    most: int
    seconds: Floats | None


def play_waves(policy: Policy, table: Floats, state: State, seeds: Sequence[int], budget: Budget) -> Ints:
    """Race on drawn outcomes (seeds, rounds, arms) in waves of one arm, adding to `state` in place.

    Returns:
        (seeds, rounds, most), the arms of each race in the order in which they ran, -1 where none did.
    """
    batch, rounds, arms = table.shape
    most, rows, rng = budget.most, np.arange(batch), SeededRows(seeds)
    choices = np.full((batch, rounds, most), -1, np.int64)
    spent, taken = np.zeros(batch), np.zeros((2, batch, arms))  # of each arm: seconds, and generations that took them
    for t in range(rounds):
        took = np.ones((batch, arms)) if budget.seconds is None else budget.seconds[:, t]
        cost = np.ones((1, arms)) if budget.seconds is None else expected_cost(taken[0], taken[1], budget.mean)
        account = Account(budget.mean, spent, t)
        least = price_of(policy, state, cost, account, most)
        race, rewards = races(policy, state, rng, batch, most, cost), np.full((batch, most), np.nan)
        best, own, going = np.zeros(batch), np.zeros(batch), np.ones(batch, bool)
        for i in range(min(most, int((state.weight > 0).sum()))):
            arm, gain = race.next()
            if i > 0:
                going &= (gain > least) & (own + np.broadcast_to(cost, (batch, arms))[rows, arm] <= account.most)
            if not going.any():
                break
            choices[going, t, i] = arm[going]
            rewards[:, i] = np.where(going, table[rows, t, arm], np.nan)
            best = np.fmax(best, rewards[:, i])
            race.saw(choices[:, t, i], np.where(np.isnan(rewards[:, i]), np.nan, rewards[:, i] > 0), best)
            own += np.where(going, np.nan_to_num(took[rows, arm]), 0.0)
            taken[:, rows[going], arm[going]] += np.stack([np.nan_to_num(took[rows, arm]), np.ones(batch)])[:, going]
        spent += own
        observe(state, choices[:, t], rewards)
    return choices
