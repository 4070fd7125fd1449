"""A view: one question put to a history, its answer as a chart and as a table, with what is shown and what is in doubt."""

from __future__ import annotations

import dataclasses

from banditgen.report.chart import Chart
from banditgen.report.table import Table


@dataclasses.dataclass(frozen=True)
class View:
    """One.

    Args:
        key: its name in addresses and functions.
        chart: the picture; without panels where there is nothing to see, its `said` being why.
        table: what it is made of.
        about: what is shown, with its units.
        doubt: what it does not say, or may say wrongly.
    """

    key: str
    chart: Chart
    table: Table
    about: str
    doubt: str

    @property
    def empty(self) -> bool:
        """Whether there is nothing to see."""
        return not self.chart.panels


def nothing(key: str, title: str, why: str) -> View:
    """A view of what is not there."""
    return View(key, Chart(title, (), why), {}, "", "")
