"""What is believed of the arms and why a decision fell as it did, as data and in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from banditgen.bandit.base import TIE, ChosenSet, Policy, State
from banditgen.errors import UsageError

SAMPLES = 2000
FEWEST = 500  # draws behind an explanation, however many arms: it is written while someone waits


@dataclasses.dataclass(frozen=True)
class Belief:
    """What is believed of one arm in one task type.

    Args:
        name: the arm's.
        outcomes: how many verdicts moved its posterior; a fraction after forgetting.
        expected: posterior mean of its mean reward.
        low, high: credible interval of that mean.
        chance_best: posterior chance that no other arm that may race has a better mean; 0 where it may not race itself.
        soft: how many outcomes soft evidence counts for beside them.
    """

    name: str
    outcomes: float
    expected: float
    low: float
    high: float
    chance_best: float
    soft: float = 0.0

    @property
    def known(self) -> str:
        """What this rests on, in words."""
        return f"{self.outcomes:g} outcomes" + (f" and soft evidence worth {self.soft:.1f}" if self.soft >= 0.05 else "")


@dataclasses.dataclass(frozen=True)
class Explanation:
    """Why these arms race: `words` for people, `chosen` and `runner_up` as data, with each arm's propensity."""

    words: str
    chosen: list[Belief]
    runner_up: Belief | None
    propensities: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Explanation:
        """What `to_dict` gave."""
        runner_up = data["runner_up"]
        return cls(data["words"], [Belief(**b) for b in data["chosen"]], runner_up and Belief(**runner_up), data["propensities"])


def beliefs(
    policy: Policy, state: State, names: Sequence[str], rng: np.random.Generator, *, credibility: float = 0.95, samples: int = SAMPLES
) -> list[Belief]:
    """One belief for each arm, in the arms' order, from `samples` posterior draws.

    Raises:
        UsageError: names that do not fit the state, a credibility outside (0, 1).
    """
    if len(names) != state.arms or not 0 < credibility < 1:
        raise UsageError(f"{len(names)} names for {state.arms} arms, or credibility {credibility!r} outside (0, 1)")
    draws = policy.draws(state, rng, samples)
    tail = (1 - credibility) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    apart = draws + TIE * rng.random(draws.shape)
    best = np.bincount(np.where(state.weight > 0, apart, -1.0).argmax(1), minlength=state.arms) / samples
    mean, soft = policy.means(state)[0], np.broadcast_to(state.soft, state.count.shape)[0]
    verdicts = state.count[0] - soft
    rows = zip(names, *(row.tolist() for row in (verdicts, mean, low, high, best, soft)), strict=True)
    return [Belief(*row) for row in rows]


def explain(policy: Policy, state: State, choice: ChosenSet, names: Sequence[str], rng: np.random.Generator) -> Explanation:
    """Why `choice` fell as it did, given the state that it was made in.

    Raises:
        UsageError: as `beliefs`.
    """
    everything = beliefs(policy, state, names, rng, samples=min(SAMPLES, max(FEWEST, 30_000 // state.arms)))
    chosen = [everything[i] for i in choice.arms]
    left = [i for i in range(state.arms) if i not in choice.arms and state.weight[i] > 0]
    runner_up = max(left, key=lambda i: (choice.propensities[i], everything[i].expected), default=None)
    lines = [
        f"{b.name}: expected reward {b.expected:.2f} (95 % between {b.low:.2f} and {b.high:.2f}) after {b.known}; "
        f"the best arm with chance {b.chance_best:.0%}; in the race with chance {choice.propensities[i]:.0%}"
        for b, i in zip(chosen, choice.arms, strict=True)
    ]
    if runner_up is not None:
        b = everything[runner_up]
        lines.append(f"runner-up {b.name}: expected {b.expected:.2f}, in the race with chance {choice.propensities[runner_up]:.0%}")
    if choice.exploration == 0:
        left_to = "nothing was left to chance" if choice.set_probability == 1 else "chance decided between equal ones alone"
        lines.append(f"these are the best expected arms; {left_to}")
    else:
        share = f"{choice.exploration:.0%} of decisions are drawn at random to keep learning"
        lines.append(f"this very set had chance {choice.set_probability:.1%}; {share}")
    return Explanation(
        words="\n".join(lines),
        chosen=chosen,
        runner_up=None if runner_up is None else everything[runner_up],
        propensities={name: float(q) for name, q in zip(names, choice.propensities, strict=True)},
    )
