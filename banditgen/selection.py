"""ExperimentSelector: choose the winner among candidates, and learn the weights from people's feedback."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from banditgen import defaults
from banditgen.arm import check_text
from banditgen.errors import UsageError
from banditgen.history.base import HistoryStore
from banditgen.history.ids import new_id
from banditgen.result import Feedback, GenerationResult
from banditgen.scoring import (
    QUALITY_WEIGHT,
    SPEED_WEIGHT,
    SelectionCriteria,
    combined_score,
    recommend_criteria,
    speed_score,
    unit_interval,
)

Candidate = TypeVar("Candidate", GenerationResult, Mapping[str, Any])

LEARNING_RATE = 0.1
DEFAULT_SCOPE = "selector"
SATISFIED = 0.9  # from here on a rating changes nothing


def learned_weights(quality: float, speed: float, satisfaction: float, learning_rate: float) -> tuple[float, float]:
    """The feedback step of the design document's example 4.

    Moves `learning_rate × max(0, 0.9 − satisfaction)` of the whole weight from the heavier to the lighter, never past
    an even split: (0.7, 0.3) becomes (0.65, 0.35) at satisfaction 0.4 and rate 0.1.
    """
    total = quality + speed
    step = min(learning_rate * max(0.0, SATISFIED - satisfaction) * total, abs(quality - speed) / 2)
    if quality < speed:
        step = -step
    return round(quality - step, 12), round(speed + step, 12)


class ExperimentSelector:
    """Chooses among candidates by criteria, and shifts its weights when people are not satisfied.

    Args:
        criteria: weights and limits to start from; None is `SelectionCriteria()`.
        learning_rate: how far one dissatisfied rating moves the weights, in [0, 1].
        history: where selections and weights are kept: a store, a URL or a path; None is a private one in memory.
        scope: whose selections and weights these are, where several selectors share a history.

    Raises:
        UsageError: a learning rate outside [0, 1].
    """

    def __init__(
        self,
        criteria: SelectionCriteria | None = None,
        learning_rate: float = LEARNING_RATE,
        history: Any = None,
        *,
        scope: str = DEFAULT_SCOPE,
    ) -> None:
        self._start = criteria or SelectionCriteria()
        self.learning_rate = unit_interval("learning_rate", learning_rate)
        self.history: HistoryStore = defaults.default_history("sqlite://" if history is None else history)
        # other starting weights are another experiment: what was learned from the old ones stays with them
        self._scope = f"{scope}:{self._start.quality_weight:g}/{self._start.speed_weight:g}"

    @property
    def criteria(self) -> SelectionCriteria:
        """The criteria with the weights of the moment."""
        learned, _ = self.history.weights(self._scope)
        if learned is None:
            return self._start
        return dataclasses.replace(self._start, quality_weight=learned[0], speed_weight=learned[1])

    def recommend_criteria(self, task_type: str) -> SelectionCriteria:
        """The design document's criteria for a task type; used only where you pass them in."""
        return recommend_criteria(task_type)

    def select_best(
        self,
        results: Sequence[Candidate],
        task_context: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Candidate | None:
        """One of the results: the best by combined score under the weights of the moment; None for an empty list.

        Passing candidates within the criteria come first, then other passing ones, then the rest. Nothing is added to a
        quality score: its bonuses are in it.

        Args:
            results: `GenerationResult`s, or dictionaries with its field names.
            task_context: what is known of the task; `task_type` is remembered with the selection.
            context: another name for the same.
        """
        if not results:
            return None
        criteria = self.criteria
        keyed = [(_key(_fields(result), criteria), result) for result in results]
        key, best = max(keyed, key=lambda pair: pair[0])
        for given in (task_context, context):
            if given is not None and not isinstance(given, Mapping):
                raise UsageError(f"the context must be a mapping such as {{'task_type': …}}, not {given!r}")
        task_type = {**(context or {}), **(task_context or {})}.get("task_type")
        self.keep_selection({**_fields(best), "combined_score": key[-1]}, str(task_type) if task_type is not None else None)
        return best

    def keep_selection(self, result: GenerationResult | Mapping[str, Any], task_type: str | None) -> None:
        """Remember that this result was selected."""
        self.history.add_selection(self._scope, result, task_type)

    def learn_from_feedback(
        self,
        selected_result: GenerationResult | Mapping[str, Any] | None,
        user_satisfaction: float,
        *,
        race_id: str | None = None,
        who: str | None = None,
        why: str | None = None,
    ) -> None:
        """Keep a rating in [0, 1], and where it is below 0.9 shift the weights one step (see `learned_weights`).

        Raises:
            UsageError: the rating is not a number in [0, 1]; nothing is changed.
        """
        satisfaction = unit_interval("satisfaction", user_satisfaction)
        result_id = _fields(selected_result).get("id") or None if selected_result is not None else None
        feedback = Feedback(race_id, result_id, satisfaction, who, why, id=new_id())
        self.history.add_feedback(feedback)
        now = self.criteria
        quality, speed = learned_weights(now.quality_weight, now.speed_weight, satisfaction, self.learning_rate)
        if (quality, speed) != (now.quality_weight, now.speed_weight):
            self.history.add_weights(self._scope, quality, speed, feedback.id)

    def get_stats(self) -> dict[str, Any]:
        """The design document's selection statistics, read from the history."""
        stats = self.history.selection_stats(self._scope)
        criteria = self.criteria
        return {
            "total_selections": sum(stats.by_arm.values()),
            "generator_distribution": stats.by_arm,
            "average_score": stats.mean_score,
            "score_std_dev": stats.score_std,
            "current_weights": {"quality": criteria.quality_weight, "speed": criteria.speed_weight},
            "total_adjustments": self.history.weights(self._scope)[1],
        }


def rate_race(history: HistoryStore, race_id: str, satisfaction: float, *, who: str | None = None, why: str | None = None) -> None:
    """Rate a race's winner in [0, 1]; the weights that chose its arms, and no others, learn from it.

    Raises:
        UsageError: an unknown race, one without a winner, or a satisfaction that is no number in [0, 1]; nothing was changed.
    """
    satisfaction = unit_interval("satisfaction", satisfaction)
    race, decision = history.race(race_id), history.decision(race_id)
    if race is None or decision is None:
        raise UsageError(f"unknown race {race_id!r}: `banditgen history list` shows the ids")
    best = next((result for result in race.results if result.id == race.best_id), None)
    if best is None:
        raise UsageError(f"race {race_id} has no winner to rate: {race.reason}")
    start = decision.detail.get("start_weights") or {"quality": QUALITY_WEIGHT, "speed": SPEED_WEIGHT}
    criteria = SelectionCriteria(start["quality"], start["speed"])
    selector = ExperimentSelector(criteria, history=history, scope=decision.strategy or DEFAULT_SCOPE)
    selector.learn_from_feedback(best, satisfaction, race_id=race_id, who=who, why=why)


def _fields(result: GenerationResult | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(result, Mapping):
        return dict(result)
    if isinstance(result, GenerationResult):
        return dict(vars(result))
    raise UsageError(f"a result must be a GenerationResult or a mapping of its fields, not {type(result).__name__}")


def _key(fields: dict[str, Any], criteria: SelectionCriteria) -> tuple[bool, bool, float]:
    check_text("a result's generator_name", fields.get("generator_name"))
    passed = bool(fields.get("test_passed"))
    generation_time, execution_time = (fields.get(key) or 0.0 for key in ("generation_time", "execution_time"))
    if not all(isinstance(value, int | float) for value in (generation_time, execution_time)):
        raise UsageError(f"a result's times must be seconds, not {generation_time!r} and {execution_time!r}")
    if fields.get("quality_score") is None:  # only the combined score is known
        quality, combined = 1.0, unit_interval("combined_score", fields.get("combined_score") or 0.0)
    else:
        quality = unit_interval("quality_score", fields["quality_score"])
        speed = speed_score(generation_time, execution_time) if passed else 0.0
        combined = combined_score(quality, speed, criteria.quality_weight, criteria.speed_weight)
    within = criteria.violation(quality, generation_time, execution_time) is None
    return passed and within, passed, combined
