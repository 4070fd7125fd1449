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
from banditgen.bandit.posterior import varies
from banditgen.bandit.spending import Account, expected_cost, pace
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
        varies=varies(arms),
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
        arms: (B, m), the arms that ran, -1 where fewer did; one that ran twice stands twice, its fails first.
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
class DrawnOutcomes:
    """What a replay meets.

    Args:
        rewards: (arms, tasks, samples).
        tasks: (seeds, rounds), the task of each race.
        sample: (seeds, rounds, arms), which recorded candidate is each arm's first answer there.
        further: (seeds, rounds, n), in [0, 1): which one is the answer where the race's n-th arm has run in it before.
        cost: (arms, tasks, samples), what each candidate costs in the budget's unit; None is 1.
    """

    rewards: Floats
    tasks: Ints
    sample: Ints
    further: Floats
    cost: Floats | None = None

    def answer(self, at: tuple[Ints, Ints, Ints], place: int, again: NDArray[np.bool_]) -> Ints:
        """(B,): the recorded candidate that is the answer of arms at (seed, round, arm), the race's `place`-th, `again` or at first."""
        sample: Ints = self.sample[at]
        if again.any():
            cell = self.rewards[at[2], self.tasks[at[:2]]]
            order, count = np.argsort(np.isnan(cell), axis=1, kind="stable"), (~np.isnan(cell)).sum(1)
            position = (self.further[at[0], at[1], place] * np.maximum(count, 1)).astype(np.int64)
            sample = np.where(again, order[np.arange(len(order)), position], sample)
        return sample


def play_waves(policy: Policy, drawn: DrawnOutcomes, state: State, seeds: Sequence[int], budget: float, most: int) -> tuple[Ints, Ints]:
    """Race on drawn outcomes in waves of one arm, adding to `state` in place.

    Args:
        policy: who chooses.
        drawn: what is met.
        state: one row for each seed.
        seeds: of the draws.
        budget: mean spending of a race.
        most: generations of one race.

    Returns:
        (seeds, rounds, most) each: the arms of each race in the order in which they ran, -1 where none did, and which recorded candidate
        was each one's answer.
    """
    batch, rounds, arms = drawn.sample.shape
    rows, rng = np.arange(batch), SeededRows(seeds)
    choices, samples = np.full((batch, rounds, most), -1, np.int64), np.zeros((batch, rounds, most), np.int64)
    spent, taken = np.zeros(batch), np.zeros((2, batch, arms))  # of each arm: costs, and generations that had them
    for t in range(rounds):
        cost = np.ones((1, arms)) if drawn.cost is None else expected_cost(taken[0], taken[1], budget)
        account = Account(budget, spent, t)
        least = price_of(policy, state, cost, account, most)
        race, rewards = races(policy, state, rng, batch, most, cost), np.full((batch, most), np.nan)
        best, going = np.zeros(batch), np.ones(batch, bool)
        own, expected, ran = np.zeros((3, batch))
        for i in range(most):
            arm, gain = race.next()
            each = np.broadcast_to(cost, (batch, arms))[rows, arm]
            if i > 0:
                slow = pace(own, expected, ran)
                going &= (gain / slow > least) & (own + each * slow <= account.most)
            if not going.any():
                break
            sample = drawn.answer((rows, np.full(batch, t), arm), i, (choices[:, t, :i] == arm[:, None]).any(1))
            choices[going, t, i], samples[:, t, i] = arm[going], sample
            met = arm, drawn.tasks[:, t], sample
            rewards[:, i] = np.where(going, drawn.rewards[met], np.nan)
            best = np.fmax(best, rewards[:, i])
            race.saw(choices[:, t, i], np.where(np.isnan(rewards[:, i]), np.nan, rewards[:, i] > 0), best)
            took = np.ones(batch) if drawn.cost is None else drawn.cost[met]
            known, took = going & ~np.isnan(took), np.nan_to_num(took)
            own, expected, ran = own + going * took, expected + known * each, ran + known
            taken[:, rows[going], arm[going]] += np.stack([took, np.ones(batch)])[:, going]
        spent += own
        observe(state, choices[:, t], rewards)
    return choices, samples
