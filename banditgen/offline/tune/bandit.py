"""The bandit's own settings: tried on the logged decisions, and taken only where the log says that they are worth more."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from banditgen.arm import GeneratorConfig
from banditgen.bandit import KEEP
from banditgen.bandit.arrays import Floats
from banditgen.errors import UsageError
from banditgen.history.base import HistoryStore
from banditgen.learning.learner import settled_policy
from banditgen.offline.counterfactual import Logged
from banditgen.offline.evaluate import Estimate, Log, compare
from banditgen.offline.replay import replay
from banditgen.strategy import Strategy
from banditgen.strategy.file import SETTLED_POLICIES, BanditSettings

NEWEST = 500  # races that are read
LEAST = 100  # usable decisions: a half to choose on, a half to test on
CONFIDENCE = 0.99  # of the test's interval: 0.005 on the side that would call noise a gain
WORLDS = 40  # drawn from the log, in each of which both are played from the start
MARGIN = 0.01  # of mean reward: what a setting may lose in those worlds at most
SAMPLES = 64  # outcomes of each arm in a world


@dataclasses.dataclass(frozen=True)
class BanditTuning:
    """What the log says of other settings.

    Args:
        settings: the proposed ones, by name; empty where nothing is proposed.
        gain: in mean reward of the raced arms, with its interval, of the best other setting on decisions it was not chosen on.
        why: in a sentence.
    """

    settings: dict[str, float]
    gain: Estimate | None
    why: str


def tune_bandit(history: HistoryStore, strategy: Strategy, *, seed: int = 0) -> BanditTuning:
    """Try other values of prior_strength, sharpness and keep on a history.

    One setting is changed at a time. The best is chosen on the first half of the usable decisions by its doubly robust value, and
    tested on the second half. A single decision's value does not show what exploring would have taught, so it must also lose
    nothing when both are played from the start in worlds drawn from the log. The share of random sets (`exploration`) is not
    tuned: it is what later answers like this one live on.
    """
    if strategy.policy not in SETTLED_POLICIES:
        return BanditTuning({}, None, f"the policy {strategy.policy} has no settings to tune")
    read = Logged.read(history, strategy, NEWEST)
    if len(read.races) < LEAST:
        return BanditTuning({}, None, f"can't say: {len(read.races)} usable decisions, needs {LEAST}")
    try:
        before = read.chances(history, strategy, np.random.default_rng(seed))
        tried = [(own, read.chances(history, _with(strategy, own), np.random.default_rng(seed))) for own in _others(strategy, read)]
    except UsageError as error:
        return BanditTuning({}, None, f"can't say: {error}")
    log, half = read.log, len(read.races) // 2
    first, second = _part(log, slice(None, half)), _part(log, slice(half, None))
    valued = [(compare(first, before[:half], chances[:half]).difference.value, own, chances) for own, chances in tried]
    known = [(value, own, chances) for value, own, chances in valued if value is not None]
    if not known:
        return BanditTuning({}, None, "can't say: the log tells too little of any other setting")
    _, own, chances = max(known, key=lambda one: one[0])
    test = compare(second, before[half:], chances[half:], confidence=CONFIDENCE)
    said = ", ".join(f"{name} = {value:g}" for name, value in own.items())
    if test.refusal is not None or test.difference.low is None:
        return BanditTuning({}, None, f"can't say: {said} looked best, but {test.refusal}")
    if test.difference.low <= 0:
        return BanditTuning({}, test.difference, f"no change: {said} looked best, but not beyond noise")
    loss = _loss(log, read.arms(history, strategy), read.column, (strategy, _with(strategy, own)), seed)
    if loss > MARGIN:
        return BanditTuning({}, test.difference, f"no change: {said} is worth more now, but may lose {loss:.3f} by exploring less")
    return BanditTuning(own, test.difference, f"{said} is worth {test.difference.value:+.3f} in mean reward")


def _others(strategy: Strategy, read: Logged) -> list[dict[str, float]]:
    """A quarter and four times of each setting, and the policy's own default where that is not in use."""
    now, default = (settled_policy(strategy.policy, settings) for settings in (strategy.bandit, BanditSettings()))
    others: list[dict[str, float]] = []
    for name, attribute in (("prior_strength", SETTLED_POLICIES[strategy.policy]), ("sharpness", "sharpness")):
        value, usual = float(getattr(now, attribute)), float(getattr(default, attribute))
        others += [{name: other} for other in dict.fromkeys((value / 4, value * 4, usual)) if other != value]
    digests = {(result.model_used, result.digest) for race in read.races for result in race.results if result.digest}
    if len(digests) > len({model for model, _ in digests}):
        kept = KEEP if strategy.bandit.keep is None else strategy.bandit.keep
        others += [{"keep": value} for value in (0.0, 0.5, 1.0) if value != kept]
    return others


def _with(strategy: Strategy, own: dict[str, float]) -> Strategy:
    return dataclasses.replace(strategy, bandit=dataclasses.replace(strategy.bandit, **own))


def _part(log: Log, rows: slice) -> Log:
    return Log(log.arms[rows], log.rewards[rows], log.propensities[rows])


def _loss(log: Log, arms: Sequence[GeneratorConfig], column: Mapping[str, int], pair: tuple[Strategy, Strategy], seed: int) -> float:
    """What the second may lose in mean reward, at most (97.5 %), where both are played from the start in worlds like the log's."""
    rng = np.random.default_rng([seed, 2])
    arms = [arm for arm in arms if arm.weight > 0]
    rows = [log.rewards[log.arms == column[arm.arm_id]] for arm in arms]
    everything = log.rewards[~np.isnan(log.rewards)]
    size, differences = min(log.arms.shape[1], len(arms)), []
    for world in range(WORLDS):
        # two outcomes of any arm among each arm's own: one that was hardly raced is not taken to be as it looked
        outcomes: Floats = np.stack([rng.choice(np.r_[row, rng.choice(everything, 2)], (1, SAMPLES)) for row in rows])
        means = [_mean(one, outcomes, arms, size, len(log.arms), seed + world) for one in pair]
        differences.append(means[0] - means[1])
    return float(np.mean(differences) + 2 * np.std(differences, ddof=1) / len(differences) ** 0.5)


def _mean(strategy: Strategy, outcomes: Floats, arms: Sequence[GeneratorConfig], size: int, rounds: int, seed: int) -> float:
    played = replay(settled_policy(strategy.policy, strategy.bandit), outcomes, arms, k=size, rounds=rounds, seeds=[seed])
    return float(np.nanmean(played.rewards))
