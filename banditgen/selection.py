"""ExperimentSelector: choose the winner among candidates, and learn the weights from people's feedback."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, TypeVar

from banditgen._assignable import AssignableCriteria, plain
from banditgen._checks import check_text, unit_interval
from banditgen.errors import UsageError
from banditgen.history.base import DecisionRecord, HistoryStore
from banditgen.history.ids import new_id
from banditgen.history.judged import PreferredResult, WeightsOfType
from banditgen.racing import defaults
from banditgen.result import Feedback, GenerationResult, Preference
from banditgen.scoring import (
    QUALITY_WEIGHT,
    SPEED_WEIGHT,
    SelectionCriteria,
    rank,
    weigh,
)
from banditgen.strategy import Strategy

Candidate = TypeVar("Candidate", GenerationResult, Mapping[str, Any])

LEARNING_RATE = 0.1
DEFAULT_SCOPE = "selector"
SATISFIED = 0.9  # from here on a rating changes nothing
SHARPNESS = 10.0  # of people's choices: a lead of 0.1 in the combined score is preferred with a chance of 73 %


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


def preferred_weights(quality: float, speed: float, choice: PreferredResult, learning_rate: float) -> tuple[float, float]:
    """The step of a preference between two candidates of which one has the better quality and the other the better speed.

    Moves `learning_rate × (1 − p)` of the whole weight towards the objective in which the preferred one is better, p being the
    chance that the weights gave to this choice: the logistic function of `SHARPNESS` × its lead in the combined score (the model
    of Bradley and Terry, 1952; 1 − p is what drives a step up its likelihood). What was expected moves next to nothing, the
    contrary choice moves back. A candidate that is better in both, or equal in one, says nothing of the weights.
    """
    in_quality, in_speed = choice.better.quality - choice.worse.quality, choice.better.speed - choice.worse.speed
    if in_quality * in_speed >= 0:
        return quality, speed
    total = quality + speed
    lead = (quality * in_quality + speed * in_speed) / total
    step = math.copysign(learning_rate / (1.0 + math.exp(SHARPNESS * lead)) * total, in_quality)
    moved = min(max(quality + step, 0.0), total)
    return round(moved, 12), round(total - moved, 12)


def criteria_now(history: HistoryStore, strategy: Strategy) -> Callable[[str], SelectionCriteria]:
    """A strategy's criteria by task type, with the weights of the moment: those that learned from what was said of its races alone."""
    return lambda task_type: _with_learned(history, strategy.criteria_for(task_type), strategy.name, task_type)


def _with_learned(history: HistoryStore, start: SelectionCriteria, name: str, task_type: str) -> SelectionCriteria:
    """The criteria with the weights that were learned, those that they start from where none were."""
    learned, _ = history.weights(_weights_scope(name, start), task_type)
    return start if learned is None else dataclasses.replace(start, quality_weight=learned[0], speed_weight=learned[1])


def _weights_scope(name: str, start: SelectionCriteria) -> str:
    """Whose weights they are: other starting weights are another experiment, and what was learned from the old ones stays with them."""
    return f"{name}:{start.quality_weight:g}/{start.speed_weight:g}"


QUALITY_CRITICAL_TYPES = frozenset({"api_integration", "database", "security", "production"})
SIMPLE_TYPES = frozenset({"simple_function", "utility", "helper", "prototype"})
DATA_TYPES = frozenset({"data_processing", "batch", "automation"})


class ExperimentSelector:
    """Chooses among candidates by criteria, and shifts its weights when people are not satisfied.

    Args:
        criteria: weights and limits to start from; None is `SelectionCriteria()`.
        learning_rate: how far one dissatisfied rating moves the weights, in [0, 1].
        history: where selections and weights are kept: a store, a URL or a path; None is a private one in memory.
        scope: whose selections and weights these are, where several selectors share a history: a strategy's name.
        task_type: on which type of task; "" is what was said of all of them together.

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
        task_type: str = "",
    ) -> None:
        self.learning_rate = unit_interval("learning_rate", learning_rate)
        self.history: HistoryStore = defaults.default_history("sqlite://" if history is None else history)
        self._name = scope
        self._task_type = task_type
        self.criteria = criteria or SelectionCriteria()
        self._selections = self._scope  # also once other criteria are assigned

    @property
    def criteria(self) -> SelectionCriteria:
        """The criteria with the weights of the moment. They may be assigned, and so may each of their fields."""
        return AssignableCriteria.of(self, _with_learned(self.history, self._start, self._name, self._task_type))

    @criteria.setter
    def criteria(self, criteria: SelectionCriteria) -> None:
        if not isinstance(criteria, SelectionCriteria):
            raise UsageError(f"criteria must be SelectionCriteria, not {criteria!r}")
        self._start = plain(criteria)
        self._scope = _weights_scope(self._name, self._start)

    @property
    def selection_history(self) -> list[dict[str, Any]]:
        """What was selected, oldest first: `timestamp` (Unix seconds), `generator_name`, `task_type`, `result_id`, `combined_score`."""
        return [
            {"timestamp": row["created_at"], "generator_name": row["arm_name"]}
            | {name: row[name] for name in ("task_type", "result_id", "combined_score")}
            for row in self.history.selections(self._selections)
        ]

    @property
    def weight_adjustments(self) -> list[dict[str, Any]]:
        """The weights after each opinion, oldest first: `timestamp`, `quality_weight`, `speed_weight`, `feedback_id`."""
        names = {"created_at": "timestamp", "quality": "quality_weight", "speed": "speed_weight", "feedback_id": "feedback_id"}
        steps = self.history.weight_steps(self._scope, self._task_type)
        return [{ours: step[name] for name, ours in names.items()} for step in steps if step["feedback_id"] is not None]

    def recommend_criteria(self, task_type: str) -> SelectionCriteria:
        """The design document's criteria for a task type; used only where you pass them in."""
        return recommend_criteria(task_type)

    def select_best(
        self,
        results: Sequence[Candidate],
        task_context: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Candidate | None:
        """One of the results: the first in the ranking that `scoring.rank` makes under the weights of the moment; None for an empty list.

        Passing candidates within the criteria come first, then other passing ones, then the rest. Nothing is added to a
        quality score: its bonuses are in it.

        Args:
            results: `GenerationResult`s, or dictionaries with its field names; to a dictionary `quality_component` and `speed_component`
                are added, the two summands of its combined score.
            task_context: what is known of the task; `task_type` is remembered with the selection.
            context: another name for the same.
        """
        if not results:
            return None
        criteria = self.criteria
        weighed = [(_weighed(_fields(result), criteria), result) for result in results]
        for candidate, result in weighed:
            if isinstance(result, MutableMapping) and result.get("quality_score") is not None:
                quality, speed = criteria.shares[0]
                result["quality_component"] = quality * candidate.quality_score
                result["speed_component"] = speed * candidate.speed_score
        first = rank((candidate for candidate, _ in weighed), criteria)[0]
        best = next(result for candidate, result in weighed if candidate is first)
        for given in (task_context, context):
            if given is not None and not isinstance(given, Mapping):
                raise UsageError(f"the context must be a mapping such as {{'task_type': …}}, not {given!r}")
        task_type = {**(context or {}), **(task_context or {})}.get("task_type")
        self.keep_selection(first, str(task_type) if task_type is not None else None)
        return best

    def keep_selection(self, result: GenerationResult | Mapping[str, Any], task_type: str | None) -> None:
        """Remember that this result was selected."""
        self.history.add_selection(self._selections, result, task_type)

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

        A later rating of the same result by the same person takes the place of the earlier one, and so does its step. Of a result whose
        race these weights decided, the weights of its task type learn, too.

        Raises:
            UsageError: the rating is not a number in [0, 1]; nothing is changed.
        """
        satisfaction = unit_interval("satisfaction", user_satisfaction)
        result_id = _fields(selected_result).get("id") or None if selected_result is not None else None
        race_id = race_id or (self.history.race_of(result_id) if result_id else None)
        self.keep_opinion(Feedback(race_id, result_id, satisfaction, who, why))

    def keep_opinion(self, opinion: Feedback | Preference) -> None:
        """Keep a rating or a preference, and learn from it."""
        decision = self.history.decision(opinion.race_id) if opinion.race_id else None
        if decision is not None and (decision.strategy or DEFAULT_SCOPE) == self._name:
            _learn(self.history, opinion, decision, self.learning_rate)
        elif self._task_type:
            self.history.add_feedback(opinion, of_type=self.of_type)
        else:
            self.history.add_feedback(opinion, self._scope, self._fold)

    @property
    def of_type(self) -> WeightsOfType:
        """How these weights learn: they become what all opinions that hold make of the starting weights, one step each."""
        return WeightsOfType(self._scope, self._task_type, self._fold)

    def _fold(self, opinions: Sequence[Feedback | PreferredResult]) -> tuple[float, float]:
        weights = self._start.quality_weight, self._start.speed_weight
        for opinion in opinions:
            if isinstance(opinion, Feedback):
                weights = learned_weights(*weights, opinion.satisfaction, self.learning_rate)
            else:
                weights = preferred_weights(*weights, opinion, self.learning_rate)
        return weights

    def get_stats(self) -> dict[str, Any]:
        """The design document's selection statistics, read from the history."""
        stats = self.history.selection_stats(self._selections)
        criteria = self.criteria
        return {
            "total_selections": sum(stats.by_arm.values()),
            "generator_distribution": stats.by_arm,
            "average_score": stats.mean_score,
            "score_std_dev": stats.score_std,
            "current_weights": {"quality": criteria.quality_weight, "speed": criteria.speed_weight},
            "total_adjustments": self.history.weights(self._scope, self._task_type)[1],
        }


def rate(history: HistoryStore, subject: str, satisfaction: float, *, who: str | None = None, why: str | None = None) -> Feedback:
    """Rate a result in [0, 1]; the weights that chose its race's arms, and no others, learn from it.

    Args:
        history: where it is.
        subject: the id of the result, or of a race for its winner.
        satisfaction: in [0, 1]; below 0.9 the weights shift one step.
        who: says so; a person's later rating of a result takes the place of the earlier one.
        why: in words.

    Raises:
        UsageError: an unknown id, a race without a winner, or a satisfaction that is no number in [0, 1]; nothing was changed.
    """
    satisfaction = unit_interval("satisfaction", satisfaction)
    race = history.race(subject)
    if race is not None and race.best_id is None:
        raise UsageError(f"race {subject} has no winner to rate: {race.reason}")
    if race is None and history.result(subject) is None:
        raise UsageError(f"unknown race or result {subject!r}: `banditgen history list` shows the races, `history show` a race's results")
    race_id, result_id = (race.id, race.best_id) if race is not None else (history.race_of(subject), subject)
    feedback = Feedback(race_id, result_id, satisfaction, who, why, new_id())
    _keep(history, feedback, race_id)
    return next((kept for kept in history.feedback(race_id) if kept.id == feedback.id), feedback)


def prefer(history: HistoryStore, better_id: str, worse_id: str, *, who: str | None = None, why: str | None = None) -> Preference:
    """Keep that a person prefers one candidate of a race to another; the weights that chose the race's arms learn from it.

    Raises:
        UsageError: an unknown result, twice the same, or results of different races or none; nothing was changed.
    """
    for result_id in (better_id, worse_id):
        if history.result(result_id) is None:
            raise UsageError(f"unknown result {result_id!r}: `banditgen history show RACE` shows a race's results")
    if better_id == worse_id:
        raise UsageError(f"result {better_id} cannot be preferred to itself")
    race_id = history.race_of(better_id)
    if race_id is None or race_id != history.race_of(worse_id):
        raise UsageError(f"results {better_id} and {worse_id} are not of one race: only candidates for the same task compare")
    preference = Preference(race_id, better_id, worse_id, who, why, new_id())
    _keep(history, preference, race_id)
    return next((kept.preference for kept in history.preferences() if kept.preference.id == preference.id), preference)


def _keep(history: HistoryStore, opinion: Feedback | Preference, race_id: str | None) -> None:
    """Keep an opinion; where a decision led to its race, its strategy's weights learn from it."""
    for name in ("who", "why"):
        if getattr(opinion, name) is not None:
            check_text(name, getattr(opinion, name))
    decision = history.decision(race_id) if race_id is not None else None
    if decision is None:
        history.add_feedback(opinion)
        return
    _learn(history, opinion, decision, LEARNING_RATE)


def _learn(history: HistoryStore, opinion: Feedback | Preference, decision: DecisionRecord, learning_rate: float) -> None:
    """Keep an opinion on a race; the weights of its strategy learn from it: those of its task type, which races go by, and the whole's."""
    start = decision.detail.get("start_weights") or {"quality": QUALITY_WEIGHT, "speed": SPEED_WEIGHT}
    name = decision.strategy or DEFAULT_SCOPE
    of_type, whole = (
        ExperimentSelector(SelectionCriteria(own["quality"], own["speed"]), learning_rate, history, scope=name, task_type=task_type).of_type
        for own, task_type in ((start, decision.task_type), (decision.detail.get("strategy_weights") or start, ""))
    )
    history.add_feedback(opinion, whole.scope, whole.learn, of_type)


def _fields(result: GenerationResult | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(result, Mapping):
        return dict(result)
    if isinstance(result, GenerationResult):
        return dict(vars(result))
    raise UsageError(f"a result must be a GenerationResult or a mapping of its fields, not {type(result).__name__}")


def _weighed(fields: dict[str, Any], criteria: SelectionCriteria) -> GenerationResult:
    """A caller's candidate with the scores that it has under these criteria."""
    name = check_text("a result's generator_name", fields.get("generator_name"))
    times = {key: fields.get(key) or 0.0 for key in ("generation_time", "execution_time")}
    if not all(isinstance(value, int | float) for value in times.values()):
        raise UsageError(f"a result's times must be seconds, not {' and '.join(map(repr, times.values()))}")
    known = GenerationResult(name, str(fields.get("code") or ""), times["generation_time"], "", 0.0, bool(fields.get("test_passed")))
    known.execution_time, known.success = times["execution_time"], bool(fields.get("success", True))
    known.text, known.arm_id, known.id = (str(fields.get(key) or "") for key in ("text", "arm_id", "id"))
    if fields.get("quality_score") is None:  # only the combined score is known
        known.quality_score, known.combined_score = 1.0, unit_interval("combined_score", fields.get("combined_score") or 0.0)
        return known
    known.quality_score = unit_interval("quality_score", fields["quality_score"])
    known.measures = dict(fields.get("measures") or {})
    weigh(known, criteria)
    return known


def recommend_criteria(task_type: str) -> SelectionCriteria:
    """The document's criteria for a task type: quality-critical, simple, data, else the defaults."""
    if task_type in QUALITY_CRITICAL_TYPES:
        return SelectionCriteria(0.85, 0.15, min_quality_score=0.7, max_generation_time=120.0)
    if task_type in SIMPLE_TYPES:
        return SelectionCriteria(0.5, 0.5, min_quality_score=0.4, max_generation_time=30.0)
    if task_type in DATA_TYPES:
        return SelectionCriteria(0.6, 0.4, min_quality_score=0.5, max_execution_time=30.0)
    return SelectionCriteria()
