"""Why these arms: a decision in words and as data."""

from __future__ import annotations

import dataclasses
from typing import Any

from banditgen.history.base import DecisionRecord


@dataclasses.dataclass(frozen=True)
class Explanation:
    """What was believed when a decision was made, and why it fell out so.

    `arms` has a dictionary for each eligible arm, best expected reward first: `name`, `chosen`, `propensity` (its chance
    to be in the race), `expected_reward`, `low`, `high` (90 % credible interval), `chance_best`, `passes`, `fails`.
    `runner_up` is the arm left out that was expected to do best; None where all were chosen.
    """

    decision_id: str
    task_type: str
    policy: str
    arms: list[dict[str, Any]]
    runner_up: str | None
    text: str

    def __str__(self) -> str:
        return self.text


def explain(decision: DecisionRecord) -> Explanation:
    """The explanation of a logged decision."""
    chosen = {arm["name"] for arm in decision.arms}
    beliefs: dict[str, dict[str, Any]] = decision.detail.get("beliefs", {})
    arms = [
        {**belief, "name": name, "chosen": name in chosen, "propensity": (decision.propensities or {}).get(name)}
        for name, belief in sorted(beliefs.items(), key=lambda item: -item[1]["expected_reward"])
    ]
    for arm in arms:
        arm.pop("arm", None)
    runner_up = next((arm["name"] for arm in arms if not arm["chosen"]), None)
    return Explanation(decision.id, decision.task_type, decision.policy, arms, runner_up, _words(decision, arms, runner_up))


def _words(decision: DecisionRecord, arms: list[dict[str, Any]], runner_up: str | None) -> str:
    if not arms:
        names = ", ".join(arm["name"] for arm in decision.arms)
        return f"The arms of this race on {decision.task_type!r} were given, not chosen: {names}."
    how = "the best expected arms, nothing left to chance" if decision.detail.get("exploit") else f"by {decision.policy}"
    lines = [f"{sum(arm['chosen'] for arm in arms)} of {len(arms)} arms for {decision.task_type!r}, {how}."]
    lines += [
        f"{arm['name']}: {'raced' if arm['chosen'] else 'left out'}; passed {arm['passes']:g} of {arm['passes'] + arm['fails']:g}, "
        f"expected reward {arm['expected_reward']:.2f} ({arm['low']:.2f} to {arm['high']:.2f}), best of all with chance "
        f"{arm['chance_best']:.0%}, in the race with chance {arm['propensity'] or 0.0:.0%}."
        for arm in arms
    ]
    if runner_up is not None:
        lines.append(f"Runner-up: {runner_up}.")
    return "\n".join(lines)
