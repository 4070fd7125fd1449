"""What the design document's generator has beside its races: what was handed in, the best of some results, statistics by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from banditgen._checks import check_text, check_whole
from banditgen.arm import GeneratorConfig, create_default_generators
from banditgen.errors import UsageError
from banditgen.evaluators.base import Evaluator
from banditgen.history.base import HistoryStore
from banditgen.history.tallies import generator_stats, success_rates
from banditgen.racing.success import record_success
from banditgen.result import GenerationResult
from banditgen.scoring import SelectionCriteria, rank, winner


class Documented:
    """What the design document's generator has beside its races; statistics are of verdicts alone."""

    history: HistoryStore
    _client: Any
    _runner: Any
    _evaluator: Evaluator

    def _criteria_now(self) -> SelectionCriteria:
        raise NotImplementedError

    @property
    def client(self) -> Any:
        """What was handed in to generate with; None where that was left to us."""
        return self._client

    @property
    def runner(self) -> Any:
        """The caller's node runner; None where candidates run in our sandbox."""
        return self._runner

    @property
    def evaluator(self) -> Any:
        """What measures candidates: the caller's, as it was handed in, or ours."""
        return getattr(self._evaluator, "given", self._evaluator)

    def select_best(self, results: Sequence[GenerationResult], min_quality: float = 0.5) -> GenerationResult | None:
        """The best of these results that passed, is within the criteria and has at least this quality score; None where none is.

        Raises:
            UsageError: a quality outside [0, 1], or what is no `GenerationResult`; dictionaries are for an `ExperimentSelector`.
        """
        if isinstance(results, GenerationResult) or not all(isinstance(result, GenerationResult) for result in results):
            raise UsageError("select_best needs a list of GenerationResults; ExperimentSelector.select_best takes dictionaries, too")
        criteria = dataclasses.replace(self._criteria_now(), min_quality_score=min_quality)
        return winner(rank(results, criteria), criteria)[0]

    def create_default_generators(self) -> list[GeneratorConfig]:
        """The design document's five arms."""
        return create_default_generators()

    def record_success(self, generator_name: str, task_type: str, success: bool) -> None:
        """Record an outcome that the caller saw: the path for races without a `task`; see `racing.success.record_success`.

        Raises:
            UsageError: a name or task type that is no non-empty string, or a success that is not true or false.
        """
        record_success(self.history, generator_name, task_type, success, self._criteria_now())

    @property
    def generator_stats(self) -> dict[str, dict[str, dict[str, float]]]:
        """Task type → arm name → success_count, total_count and success_rate, as the history has them."""
        return generator_stats(self.history.tallies())

    def get_generator_recommendations(self, task_type: str, top_k: int = 3) -> list[str]:
        """The names of the `top_k` arms with the best shrunken success rates on a task type; empty for an unknown one."""
        return self._best_names(task_type)[: check_whole("top_k", top_k)]

    def get_recommended_generators(self, task_type: str, top_k: int = 3) -> list[GeneratorConfig]:
        """`get_generator_recommendations` as arms to race again; one of which the history knows the name alone is left out."""
        known = {own.name: arm for own in self.history.arms() if (arm := own.arm) is not None}
        return [known[name] for name in self._best_names(task_type) if name in known][: check_whole("top_k", top_k)]

    def reliabilities(self, task_type: str, results: Sequence[GenerationResult]) -> list[float]:
        """Of each result its arm's shrunken success rate on a task type; one half where it has none."""
        rates = success_rates(self.history.tallies(task_type))
        return [rates.get(result.generator_name, 0.5) for result in results]

    def _best_names(self, task_type: str) -> list[str]:
        return list(success_rates(self.history.tallies(check_text("task_type", task_type))))
