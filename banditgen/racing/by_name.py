"""What a history says of arms by their names, as the design document has it."""

from __future__ import annotations

from collections.abc import Sequence

from banditgen._checks import check_text, check_whole
from banditgen.arm import GeneratorConfig
from banditgen.history.base import HistoryStore
from banditgen.history.tallies import generator_stats, success_rates
from banditgen.result import GenerationResult


class ByName:
    """Statistics of arms by name, of verdicts alone."""

    history: HistoryStore

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
