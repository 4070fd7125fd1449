"""The design document's statistics, read from the history's tallies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from banditgen.history.base import Tally


def generator_stats(tallies: Iterable[Tally]) -> dict[str, dict[str, dict[str, float]]]:
    """Task type → arm name → {"success_count", "total_count", "success_rate"}; arms of one name are added up."""
    counts: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for tally in tallies:
        count = counts[tally.task_type][tally.arm_name]
        count[0] += tally.passes
        count[1] += tally.passes + tally.fails
    return {
        task_type: {
            name: {"success_count": passes, "total_count": total, "success_rate": passes / total}
            for name, (passes, total) in sorted(by_name.items())
        }
        for task_type, by_name in sorted(counts.items())
    }


def success_rates(tallies: Iterable[Tally]) -> dict[str, float]:
    """Arm names of one task type, best first, with their posterior mean success rate under a uniform prior: (passes + 1) / (total + 2)."""
    stats = generator_stats(tallies)
    rates = {
        name: (count["success_count"] + 1) / (count["total_count"] + 2) for by_name in stats.values() for name, count in by_name.items()
    }
    return dict(sorted(rates.items(), key=lambda item: (-item[1], item[0])))
