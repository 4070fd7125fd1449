"""What a candidate is worth, and who wins: the design document's formulas, the criteria they are weighed with, reward, rank, winner.

Where the document's prose and its formulas disagree, the formula and the worked example win: "< 10 s = 1.0" in its
prose, for one, is 10 s = 0.83 by its formula, and that is what `speed_score` gives.
"""

from __future__ import annotations

import ast
import copy
import dataclasses
import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from banditgen._checks import check_amount, is_number, unit_interval
from banditgen._objectives import (
    OBJECTIVES,
    SELECT,
    check_measure_weights,
    check_order,
    check_thresholds,
    in_words,
    pareto,
    preferences,
    shared,
)
from banditgen._quiet import quiet
from banditgen.errors import UsageError
from banditgen.result import GenerationResult

QUALITY = "quality"  # the measure that every evaluator gives: the design document's evaluator score

TEST_PASS_CREDIT = 0.5  # of the quality score, for passing
EVALUATOR_SHARE = 0.5  # of the quality score, times the evaluator's score
SIMPLICITY_BONUS = 0.1  # for fewer than SIMPLICITY_LINES lines, where simplicity is preferred
SIMPLICITY_LINES = 50
ERROR_HANDLING_BONUS = 0.05
GENERATION_SCALE_SECONDS = 60.0  # a generation that takes this long scores 0
EXECUTION_SCALE_SECONDS = 10.0  # an execution that takes this long scores 0
GENERATION_SHARE = 0.6  # of the speed score
EXECUTION_SHARE = 0.4
UNMEASURED = 0.5  # the evaluator score of what passed and was not measured: neither praised nor blamed
QUALITY_WEIGHT = 0.7
SPEED_WEIGHT = 0.3


def quality_score(
    test_passed: bool,
    evaluator_score: float,
    *,
    lines: int | None = None,
    prefer_simplicity: bool = False,
    has_error_handling: bool = False,
) -> float:
    """Quality in [0, 1]: 0.5 for passing, half the evaluator's score, and the document's two small bonuses, clamped.

    Args:
        test_passed: the tests' verdict.
        evaluator_score: in [0, 1].
        lines: of the candidate; the simplicity bonus needs it.
        prefer_simplicity: whether fewer than 50 lines earn 0.1.
        has_error_handling: whether the candidate has a try/except, which earns 0.05.

    Raises:
        UsageError: `evaluator_score` is not a finite number in [0, 1].
    """
    score = TEST_PASS_CREDIT if test_passed else 0.0
    score += unit_interval("evaluator_score", evaluator_score) * EVALUATOR_SHARE
    if prefer_simplicity and lines is not None and lines < SIMPLICITY_LINES:
        score += SIMPLICITY_BONUS
    if has_error_handling:
        score += ERROR_HANDLING_BONUS
    return min(score, 1.0)


def speed_score(
    generation_time: float,
    execution_time: float,
    *,
    generation_scale: float = GENERATION_SCALE_SECONDS,
    execution_scale: float = EXECUTION_SCALE_SECONDS,
) -> float:
    """Speed in [0, 1] on an absolute scale: 60 % generation (0 s = 1, 60 s = 0), 40 % execution (0 s = 1, 10 s = 0).

    Args:
        generation_time: seconds that the model spent.
        execution_time: seconds that the candidate ran.
        generation_scale: the seconds of generation that score 0.
        execution_scale: the seconds of execution that score 0.

    Raises:
        UsageError: a time that is negative or not a number; infinity scores 0.
    """
    for name, value in (("generation_time", generation_time), ("execution_time", execution_time)):
        if math.isnan(value) or value < 0:
            raise UsageError(f"{name} must be seconds of at least 0, not {value!r}")
    generation = max(0.0, 1.0 - generation_time / generation_scale)
    execution = max(0.0, 1.0 - execution_time / execution_scale)
    return generation * GENERATION_SHARE + execution * EXECUTION_SHARE


def combined_score(quality: float, speed: float, quality_weight: float, speed_weight: float) -> float:
    """The weighted mean of quality and speed, in [0, 1].

    Weights are relative; where they sum to 1 this is the document's `quality_weight × quality + speed_weight × speed`.

    Raises:
        UsageError: a weight that is negative or not finite, or no weight above 0.
    """
    quality_weight, speed_weight = check_weights(quality_weight, speed_weight)
    return (quality_weight * quality + speed_weight * speed) / (quality_weight + speed_weight)


def check_weights(quality_weight: float, speed_weight: float) -> tuple[float, float]:
    """Both weights as floats, refused unless finite, at least 0, and not both 0 (UsageError)."""
    for name, value in (("quality_weight", quality_weight), ("speed_weight", speed_weight)):
        check_amount(name, value)
    if quality_weight + speed_weight == 0:
        raise UsageError("quality_weight and speed_weight are both 0: one must be above 0")
    return float(quality_weight), float(speed_weight)


@dataclasses.dataclass(frozen=True)
class SelectionCriteria:
    """How candidates are weighed, and what puts one out of the running.

    Args:
        quality_weight, speed_weight: relative, at least 0, not both 0.
        min_quality_score: the least quality score, in [0, 1].
        max_generation_time: the most seconds a model may have spent; None, or infinity, is without a limit.
        max_execution_time: the most seconds a candidate may have run; None is without a limit.
        prefer_simplicity: whether the quality score has the simplicity bonus.
        generation_scale, execution_scale: the seconds above 0 of each that score no speed.
        measure_weights: weights of further measures, relative to the two above, by their names.
        select: how the winner is chosen among those who qualify, one of `SELECT` (docs/reference/strategies.md); no matter for rewards.
        order: for "lexicographic", objectives ("quality", "speed", measures), the most important first; empty is by falling weight.
        thresholds: for "threshold", the least of objectives, in [0, 1].
        prefer_consistency: taken from callers of an earlier implementation, and without effect: what an arm is expected to give is known
            by its posterior, and a race keeps the best of several.

    Raises:
        UsageError: a value outside its range.
    """

    quality_weight: float = QUALITY_WEIGHT
    speed_weight: float = SPEED_WEIGHT
    min_quality_score: float = 0.0
    max_generation_time: float | None = None
    max_execution_time: float | None = None
    prefer_simplicity: bool = False
    generation_scale: float = GENERATION_SCALE_SECONDS
    execution_scale: float = EXECUTION_SCALE_SECONDS
    measure_weights: Mapping[str, float] | tuple[tuple[str, float], ...] = ()
    select: str = SELECT[0]
    order: Sequence[str] = ()
    thresholds: Mapping[str, float] | tuple[tuple[str, float], ...] = ()
    prefer_consistency: bool = False

    def __post_init__(self) -> None:
        check_weights(self.quality_weight, self.speed_weight)
        if self.select not in SELECT:
            raise UsageError(f"select must be one of {', '.join(SELECT)}, not {self.select!r}")
        object.__setattr__(self, "order", check_order(self.order))
        object.__setattr__(self, "thresholds", check_thresholds(self.thresholds))
        object.__setattr__(self, "measure_weights", check_measure_weights(self.measure_weights))
        unit_interval("min_quality_score", self.min_quality_score)
        for name in ("generation_scale", "execution_scale"):
            value = getattr(self, name)
            if not is_number(value) or not 0 < value < math.inf:
                raise UsageError(f"{name} must be seconds above 0, not {value!r}")
        for name in ("max_generation_time", "max_execution_time"):
            value = getattr(self, name)
            if value is not None and (not is_number(value) or not value > 0):
                raise UsageError(f"{name} must be seconds above 0 or None, not {value!r}")
            if value == math.inf:
                object.__setattr__(self, name, None)

    @property
    def measures(self) -> tuple[str, ...]:
        """The further measures that these criteria ask for."""
        asked = (*dict(self.measure_weights), *self.order, *dict(self.thresholds))
        return tuple(name for name in dict.fromkeys(asked) if name not in OBJECTIVES)

    @property
    def shares(self) -> tuple[tuple[float, float], dict[str, float]]:
        """The weights of quality and speed, and of further measures; all together sum to 1."""
        total = self.quality_weight + self.speed_weight + sum(dict(self.measure_weights).values())
        further = {name: weight / total for name, weight in dict(self.measure_weights).items()}
        return (self.quality_weight / total, self.speed_weight / total), further

    def speed(self, generation_time: float, execution_time: float) -> float:
        """The speed score on these scales; see `speed_score`."""
        return speed_score(generation_time, execution_time, generation_scale=self.generation_scale, execution_scale=self.execution_scale)

    def combined(self, quality: float, speed: float, measures: Mapping[str, float] | None = None) -> float:
        """The weighted mean of quality, speed and the further measures, in [0, 1]; a measure that is not there is left out."""
        extra = [(weight, measures[name]) for name, weight in dict(self.measure_weights).items() if name in measures] if measures else []
        if not extra:
            return combined_score(quality, speed, self.quality_weight, self.speed_weight)
        both = self.quality_weight + self.speed_weight
        total = both + sum(weight for weight, _ in extra)
        own = both * combined_score(quality, speed, self.quality_weight, self.speed_weight)
        return (own + sum(weight * value for weight, value in extra)) / total

    def violation(self, quality: float, generation_time: float, execution_time: float) -> str | None:
        """In words, the first limit that a candidate breaks; None when it is within all."""
        if quality < self.min_quality_score:
            return f"quality {quality:.2f} is below {self.min_quality_score:.2f}"
        if self.max_generation_time is not None and generation_time > self.max_generation_time:
            return f"generation took {generation_time:.1f} s, more than {self.max_generation_time:g} s"
        if self.max_execution_time is not None and execution_time > self.max_execution_time:
            return f"execution took {execution_time:.1f} s, more than {self.max_execution_time:g} s"
        return None


def score(result: GenerationResult, criteria: SelectionCriteria) -> None:
    """Fill in quality from the verdict and the measures, and with it all other scores."""
    result.quality_score = quality_score(
        result.test_passed,
        result.measures.get(QUALITY, UNMEASURED if result.test_passed else 0.0),
        lines=len(result.code.splitlines()),
        prefer_simplicity=criteria.prefer_simplicity,
        has_error_handling=has_error_handling(result.code),
    )
    weigh(result, criteria)


def weigh(result: GenerationResult, criteria: SelectionCriteria) -> None:
    """Fill in speed, combined score and reward from quality and times; a failing candidate earns no speed."""
    result.speed_score = criteria.speed(result.generation_time, result.execution_time) if result.test_passed else 0.0
    result.combined_score = criteria.combined(result.quality_score, result.speed_score, result.measures)
    result.reward = result.combined_score if qualifies(result, criteria) else 0.0


def reward(result: GenerationResult, criteria: SelectionCriteria) -> float:
    """What the candidate would have earned under these criteria, in [0, 1]."""
    weighed = copy.copy(result)
    weigh(weighed, criteria)
    return weighed.reward


def paid(result: GenerationResult) -> tuple[float, float]:
    """The quality and speed that make the reward of its race, which posteriors add up: none for one that passed outside the criteria."""
    outside = result.test_passed and result.reward == 0.0 < result.combined_score
    return (0.0, 0.0) if outside else (result.quality_score, result.speed_score)


def has_error_handling(code: str) -> bool:
    """Whether the code has a try statement."""
    try:
        with quiet():
            tree = ast.parse(code)
        return any(isinstance(node, ast.Try | ast.TryStar) for node in ast.walk(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def qualifies(result: GenerationResult, criteria: SelectionCriteria) -> bool:
    """Whether a candidate may win: it passed and is within the criteria."""
    return result.test_passed and _broken(result, criteria) is None


def _broken(result: GenerationResult, criteria: SelectionCriteria) -> str | None:
    return criteria.violation(result.quality_score, result.generation_time, result.execution_time)


def rank(results: Iterable[GenerationResult], criteria: SelectionCriteria) -> list[GenerationResult]:
    """Best first, whatever order they are given in; where any candidate qualifies, the first one does and is the winner.

    Those who qualify come first, then others that passed, then those that failed, those that could not even be tried last; among those
    who qualify, where no tests judged them, the one that is more likely right, then the order of the criteria's `select`, then the
    better combined score, then fewer model seconds, then a draw from a hash of what was written and by whom.
    """
    results = list(results)
    qualified = [result for result in results if qualifies(result, criteria)]
    preferred = dict(zip(map(id, qualified), preferences([*map(_values, qualified)], criteria), strict=True))
    return sorted(results, key=lambda result: _standing(result, criteria, preferred.get(id(result), ())))


def pareto_front(results: Iterable[GenerationResult], criteria: SelectionCriteria | None = None) -> list[GenerationResult]:
    """Those who qualify and than whom no other is as good in every objective and better in one, in the order given.

    Objectives are quality, speed and the measures that the criteria ask for, or without criteria the race's did (`tools`); one that
    not all of them have is left out. Without criteria, passing is enough.
    """
    passed = [result for result in results if (result.test_passed if criteria is None else qualifies(result, criteria))]
    asked = dict.fromkeys(name for result in passed for name in result.tools) if criteria is None else criteria.measures
    return [result for result, on in zip(passed, pareto(shared([*map(_values, passed)], (*OBJECTIVES, *asked))), strict=True) if on]


def _values(result: GenerationResult) -> dict[str, float]:
    """What was reached in each objective."""
    return result.measures | {"quality": result.quality_score, "speed": result.speed_score}


def _standing(result: GenerationResult, criteria: SelectionCriteria, preferred: tuple[float, ...]) -> tuple[Any, ...]:
    """What candidates are ordered by, the least first. The ids only part results that are alike in everything else."""
    written = f"{result.generator_name}\0{result.code}\0{result.text}"
    draw = hashlib.sha256(written.encode("utf-8", "surrogatepass")).digest()
    stands = qualifies(result, criteria), result.test_passed, result.test_passed or result.success
    likely = -(result.confidence or 0.0)
    last = -result.combined_score, result.generation_time, draw, result.arm_id, result.id
    return (*(not one for one in stands), likely, preferred, *last)


def winner(ranked: Sequence[GenerationResult], criteria: SelectionCriteria) -> tuple[GenerationResult | None, str]:
    """The first of a ranking if it qualifies, else None; and why, in one line."""
    qualified = [result for result in ranked if qualifies(result, criteria)]
    if not qualified:
        kinds = (f"{result.generator_name}: {_shortfall(result, criteria)}" for result in ranked)
        return None, f"no candidate qualifies ({', '.join(kinds)})"
    best, *others = qualified
    told = "passed its tests" if any(result.verified for result in ranked) else "ran cleanly (the task has no tests)"
    if best.confidence is not None and others and best.confidence > (others[0].confidence or 0.0):
        return best, f"{best.generator_name} {told} and is the likeliest of {len(qualified)} to be right, {best.confidence:.0%}"
    if not others:
        outside = sum(result.test_passed for result in ranked) > 1
        return best, f"{best.generator_name} alone of {len(ranked)} {told}" + (" within the criteria" if outside else "")
    if criteria.select != SELECT[0]:
        return best, f"{best.generator_name} {told} and of {len(qualified)} that did {in_words(_values(best), criteria)}"
    why = f"{best.generator_name} {told} and has the best combined score of {len(qualified)} that did, {best.combined_score:.2f}"
    if others[0].combined_score < best.combined_score:
        return best, why
    faster = best.generation_time < others[0].generation_time
    return best, f"{why}; of equals {'its model took the least time' if faster else 'it was drawn'}"


def _shortfall(result: GenerationResult, criteria: SelectionCriteria) -> str:
    return (_broken(result, criteria) if result.test_passed else None) or result.failure or "failed"
