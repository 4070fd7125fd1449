"""What a history shows: pictures (`plot_…`, plotly Figures), their numbers (`…_dataframe`, pandas), and a report in HTML.

Names are imported on first use.
"""

import importlib
from typing import Any

_PLOTS = ("posteriors", "best_over_time", "solved", "regret", "tradeoff", "weights", "lineage", "race", "calibration", "spending")

__all__ = sorted([*(f"plot_{name}" for name in _PLOTS), *(f"{name}_dataframe" for name in _PLOTS)])  # noqa: PLE0605 - a list of names


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'banditgen.report' has no attribute {name!r}")
    return getattr(importlib.import_module("banditgen.report.plots"), name)


def __dir__() -> list[str]:
    return __all__
