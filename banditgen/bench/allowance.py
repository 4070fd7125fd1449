"""What a bench may spend: generations, seconds of the models, or tokens."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence
from typing import Literal, get_args

from banditgen.errors import UsageError
from banditgen.result import FailureKind, GenerationResult, spent

Unit = Literal["generations", "seconds", "tokens"]
UNITS: tuple[Unit, ...] = get_args(Unit)


@dataclasses.dataclass
class Allowance:
    """An amount, and what was spent of it; `amount` infinite is no limit."""

    amount: float = math.inf
    unit: Unit = "generations"
    spent: float = 0.0
    races: int = 0
    generations: int = 0

    @classmethod
    def read(cls, text: str) -> Allowance:
        """From a number and a unit or its beginning, "300 generations", "600s", "2e5 tokens"; without a unit it is generations.

        Raises:
            UsageError: it is none.
        """
        found = re.fullmatch(r"\s*([0-9][0-9_]*\.?[0-9]*(?:e\+?[0-9]+)?)\s*([a-z]*)\s*", text.lower())
        units = [unit for unit in UNITS if unit.startswith(found[2])] if found else []
        if found is None or not units or not 0 < float(found[1]) < math.inf:
            raise UsageError(
                f"a budget must be a number above 0 and a unit, as '300 generations', '600 seconds' or '2e5 tokens', not {text!r}"
            )
        return cls(float(found[1]), units[0])

    @property
    def left(self) -> float:
        """What may still be spent."""
        return self.amount - self.spent

    def has_room(self, arms: int) -> bool:
        """Whether so many generations more keep within it, if they cost what those before did."""
        if self.unit == "generations":
            return arms <= self.left
        return self.left > 0 and (not self.generations or arms * self.spent / self.generations <= self.left)

    def take(self, results: Sequence[GenerationResult]) -> None:
        """Charge a race; what infrastructure failed costs nothing."""
        ours = [result for result in results if result.failure is not FailureKind.INFRASTRUCTURE]
        seconds, tokens, _ = spent(ours)
        self.races += 1
        self.generations += len(ours)
        self.spent += {"generations": float(len(ours)), "seconds": seconds, "tokens": float(tokens or 0)}[self.unit]
