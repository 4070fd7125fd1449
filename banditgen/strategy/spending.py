"""How a race spends its generations: all at once, or in waves as long as another one is worth its price."""

from __future__ import annotations

import dataclasses
import math
from typing import Literal, get_args

from banditgen._checks import check_whole, is_number
from banditgen.errors import UsageError

Spend = Literal["waves", "at_once"]
Unit = Literal["generations", "model_seconds", "tokens", "price"]


@dataclasses.dataclass(frozen=True)
class Spending:
    """The table [race] of a strategy.

    Args:
        spend: "at_once" races k arms side by side; "waves" races some, looks at what they showed, and goes on where that is worth it.
        most: generations of one race in waves, at most.
        width: arms of one wave; None is what the backend can run side by side, k at most.
        budget: mean spending of a race in the long run, in `budget_unit`, per task type; None is k generations.
        budget_unit: "generations", "model_seconds", "tokens" or "price"; the latter three need a budget, and "price" prices.

    Raises:
        UsageError: a value outside its range.
    """

    spend: Spend = "at_once"
    most: int = 10
    width: int | None = None
    budget: float | None = None
    budget_unit: Unit = "generations"

    def __post_init__(self) -> None:
        for name, kind in (("spend", Spend), ("budget_unit", Unit)):
            if getattr(self, name) not in get_args(kind):
                raise UsageError(f"{name} must be one of {', '.join(get_args(kind))}, not {getattr(self, name)!r}")
        for name in ("most", "width"):
            value = getattr(self, name)
            if value is not None or name == "most":
                check_whole(name, value)
        value = self.budget
        if value is not None and (not is_number(value) or not 0 < value < math.inf):
            raise UsageError(f"budget must be a finite number above 0, not {value!r}")
