"""Run a policy over a full matrix of recorded outcomes, many seeds at once; the code that runs live runs here."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from banditgen.arm import check_arms, plain_model
from banditgen.bandit.base import Floats, Ints, Policy, State
from banditgen.bandit.features import log_size
from banditgen.bandit.policies import make_policy
from banditgen.errors import UsageError

BLOCK = 64  # rounds of random numbers drawn at once from each seed's stream


@dataclasses.dataclass(frozen=True)
class Replay:
    """What a policy did on a matrix.

    Args:
        policy: its name.
        choices: (seeds, rounds, k), the arms of each race.
        rewards: (seeds, rounds, k), their rewards, NaN where the matrix has none.
        best_reward: (seeds, rounds), what the race kept: the best of them, 0 where all were missing.
        tasks: (seeds, rounds), which task was met; the same for every policy.
        seconds: (seeds, rounds), the slowest candidate of each race, or None where no times were given.
    """

    policy: str
    choices: Ints
    rewards: Floats
    best_reward: Floats
    tasks: Ints
    seconds: Floats | None = None


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


def replay(
    policy: str | Policy,
    outcomes: ArrayLike,
    arms: Sequence[Any],
    *,
    k: int,
    rounds: int,
    seeds: Sequence[int] | int,
    speed: ArrayLike | None = None,
) -> Replay:
    """Play `rounds` races of k arms for each seed.

    Args:
        policy: a name of `make_policy`, or a policy.
        outcomes: (arms, tasks, samples), rewards in [0, 1], NaN for missing: a missing outcome costs its place in the race and
            teaches nothing, so policies that first try what they never saw go on trying an arm that has none.
        arms: the matrix's rows as `GeneratorConfig`s, or objects with an arm's attributes; weight 0 is never raced.
        k: arms in each race, all different.
        rounds: races for each seed.
        seeds: the seeds, or how many of them from 0. Tasks and samples are drawn from the seed alone, with replacement, so
            two policies meet the same tasks and the same outcomes of each arm.
        speed: (arms, tasks, samples), the seconds of each candidate.

    Raises:
        UsageError: shapes that do not fit, rewards that are not numbers in [0, 1], a k, rounds or seeds below 1.
    """
    arms = check_arms(arms)
    chosen = make_policy(policy) if isinstance(policy, str) else policy
    k, rounds = _whole("k", k), _whole("rounds", rounds)
    seeds = checked_seeds(seeds)
    rewards = checked_outcomes(outcomes, len(arms))
    weight = np.array([float(getattr(arm, "weight", 1.0)) for arm in arms])
    if not 1 <= k <= (weight > 0).sum() or rounds < 1 or not seeds:
        raise UsageError(
            f"replay needs 1 <= k <= {(weight > 0).sum()} arms, rounds and seeds of at least 1, not {k!r}, {rounds!r}, {seeds!r}"
        )
    table, tasks, sample = draw_outcomes(rewards, rounds, seeds)
    choices = play(chosen, table, empty_state(arms, weight, len(seeds)), k, seeds)
    picked = np.take_along_axis(table, choices, 2)
    return Replay(
        policy=chosen.name,
        choices=choices,
        rewards=picked,
        best_reward=np.nan_to_num(picked).max(2),
        tasks=tasks,
        seconds=None if speed is None else _seconds(speed, rewards.shape, choices, tasks, sample),
    )


def checked_seeds(seeds: Any) -> list[int]:
    """The seeds, or that many from 0 (UsageError where they are neither)."""
    if not isinstance(seeds, Iterable):
        return list(range(_whole("seeds", seeds)))
    return [_whole("a seed", seed, 0) for seed in seeds]


def _whole(name: str, value: Any, least: int = 1) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least or isinstance(value, bool):
        raise UsageError(f"{name} must be a whole number of at least {least}, not {value!r}")
    return number


def _floats(name: str, values: ArrayLike) -> Floats:
    try:
        array = np.asarray(values)
    except ValueError:  # ragged
        array = np.array("")
    if array.dtype.kind not in "fiub":
        raise UsageError(f"{name} must be an array of numbers of the shape (arms, tasks, samples)")
    return array.astype(float)


def checked_outcomes(outcomes: ArrayLike, arms: int) -> Floats:
    """The outcomes as floats.

    Raises:
        UsageError: a shape other than (arms, tasks, samples), or values that are neither NaN nor in [0, 1].
    """
    rewards = _floats("outcomes", outcomes)
    if rewards.ndim != 3 or rewards.shape[0] != arms or 0 in rewards.shape:
        raise UsageError(f"outcomes must have the shape (arms, tasks, samples) with {arms} arms, not {rewards.shape}")
    if not (np.isnan(rewards) | ((rewards >= 0) & (rewards <= 1))).all():
        raise UsageError("outcomes must be rewards in [0, 1], or NaN where one is missing")
    return rewards


def draw_outcomes(rewards: Floats, rounds: int, seeds: Sequence[int]) -> tuple[Floats, Ints, Ints]:
    """Every arm's outcome in every round, its task and its sample: (seeds, rounds, arms), (seeds, rounds), (seeds, rounds, arms).

    A sample is drawn among those that are not missing; where an arm has none on the task, the outcome is NaN.
    """
    arms, tasks, _ = rewards.shape
    order = np.argsort(np.isnan(rewards), axis=2, kind="stable")
    count = (~np.isnan(rewards)).sum(2)
    task = np.empty((len(seeds), rounds), np.int64)
    unit = np.empty((len(seeds), rounds, arms))
    for i, seed in enumerate(seeds):
        rng = np.random.default_rng(int(seed))
        task[i] = rng.integers(tasks, size=rounds)
        unit[i] = rng.random((rounds, arms))
    arm = np.arange(arms)
    position = (unit * np.maximum(count[arm, task[..., None]], 1)).astype(np.int64)
    sample = order[arm, task[..., None], position]
    return rewards[arm, task[..., None], sample], task, sample


def empty_state(arms: Sequence[Any], weight: Floats, batch: int) -> State:
    """Nothing seen yet of these arms, for a batch of seeds."""
    n = len(arms)
    models: dict[str, int] = {}
    return State(
        **{name: np.zeros((batch, n)) for name in ("passes", "fails", "total", "square", "pending")},
        **{name: np.zeros((batch, n, n)) for name in ("pair_count", "pair_total", "pair_product")},
        weight=weight,
        model=np.array([models.setdefault(plain_model(arm.model), len(models)) for arm in arms], np.int64),
        temperature=np.array([float(arm.temperature) for arm in arms]),
        size=np.array([log_size(arm.model) for arm in arms]),
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
    """Add one race of each row to the state, in place: arms (B, k) all different, rewards (B, k), NaN taught nothing."""
    seen = ~np.isnan(rewards)
    y = np.where(seen, rewards, 0.0)
    rows = np.arange(arms.shape[0])[:, None]
    observe_arms(state, rows, arms, y, seen)
    pair = rows[:, :, None], arms[:, :, None], arms[:, None, :]
    state.pair_count[pair] += seen[:, :, None] & seen[:, None, :]
    state.pair_total[pair] += y[:, :, None] * seen[:, None, :]
    state.pair_product[pair] += y[:, :, None] * y[:, None, :]


def observe_arms(state: State, rows: Ints, arms: Ints, y: Floats, seen: NDArray[np.bool_]) -> None:
    """The part of `observe` that Thompson sampling needs: no pairs. y is 0 where nothing was seen."""
    cell = rows, arms
    passed = y > 0
    state.passes[cell] += passed
    state.fails[cell] += seen > passed
    state.total[cell] += y
    state.square[cell] += y * y


def _seconds(speed: ArrayLike, shape: tuple[int, ...], choices: Ints, tasks: Ints, sample: Ints) -> Floats:
    seconds = _floats("speed", speed)
    if (seconds < 0).any():
        raise UsageError("speed must be seconds of at least 0")
    if seconds.shape != shape:
        raise UsageError(f"speed must have the outcomes' shape {shape}, not {seconds.shape}")
    picked = seconds[choices, tasks[..., None], np.take_along_axis(sample, choices, 2)]
    slowest: Floats = np.nan_to_num(picked).max(2)
    return slowest
