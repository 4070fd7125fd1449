"""What a picture is made of, as a table: columns with the names that a DataFrame gives them, and how people read them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from banditgen.errors import UsageError, install

if TYPE_CHECKING:
    import pandas as pd


@dataclasses.dataclass(frozen=True)
class Column:
    """Values of one kind: the title that people read, with the unit, and how a value is shown to them."""

    title: str
    values: Sequence[Any]
    shown: Callable[[Any], str] = str


Table = dict[str, Column]
"""Columns of one length, by the names of a DataFrame's."""


def number(decimals: int = 2) -> Callable[[Any], str]:
    """How numbers are shown; an unknown one as a dash."""
    return lambda value: "–" if value is None or value != value else f"{value:,.{decimals}f}"  # noqa: PLR0124 - NaN


def count(value: Any) -> str:
    """A number of things; fractions where evidence was discounted."""
    return "–" if value is None else f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def share(value: Any) -> str:
    """A share in percent."""
    return "–" if value is None or value != value else f"{value:.0%}".replace("%", " %")  # noqa: PLR0124 - NaN


def moment(value: Any) -> str:
    """Unix seconds as a date and time of day, UTC."""
    return "–" if value is None else f"{dt.datetime.fromtimestamp(value, dt.UTC):%Y-%m-%d %H:%M}"


def rows(table: Table) -> list[list[str]]:
    """The table's rows as people read them."""
    return [
        [column.shown(value) for column, value in zip(table.values(), row, strict=True)]
        for row in zip(*(column.values for column in table.values()), strict=True)  # noqa: PD011 - no pandas
    ]


def dataframe(table: Table) -> pd.DataFrame:
    """The table as a pandas DataFrame; times are Unix seconds.

    Raises:
        UsageError: pandas is not installed.
    """
    pandas = installed("pandas")
    frame: pd.DataFrame = pandas.DataFrame({name: list(column.values) for name, column in table.items()})
    return frame


def installed(module: str) -> Any:
    """A module of the extra `report` (UsageError where it is not installed)."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise UsageError(f"this needs {error.name}, which is not installed: {install('report')}") from None
