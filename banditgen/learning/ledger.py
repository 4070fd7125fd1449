"""What races have spent, by task type and account, followed as the history grows."""

from __future__ import annotations

from collections import defaultdict
from typing import Literal, NamedTuple, get_args

from banditgen.history.base import HistoryStore, RaceCost

Unit = Literal["generations", "model_seconds", "tokens", "price"]
UNITS: tuple[Unit, ...] = get_args(Unit)
FIRST = 1000  # races that are looked at to begin with: the newest
LATER = 100_000  # new ones at a time
OVERLAP = 60.0  # seconds that are read once more: clocks of hosts differ, and what is written last is not seen first


class Spent(NamedTuple):
    """Sums over an account's races, in each unit."""

    races: float = 0.0
    generations: float = 0.0
    model_seconds: float = 0.0
    tokens: float = 0.0
    price: float = 0.0


class Ledger:
    """Sums over the newest races of a history, each once. Not for several threads at once.

    Args:
        history: the event log; other processes may write to it too.
    """

    def __init__(self, history: HistoryStore) -> None:
        self._history = history
        self._sums: dict[tuple[str, str], Spent] = defaultdict(Spent)
        self._recent: dict[str, float] = {}  # races that may be read again, and when they were written
        self._until = 0.0

    def read(self, task_type: str, account: str) -> Spent:
        """What an account's races on a task type have spent, as the history has it now."""
        since = self._until - OVERLAP
        for cost in self._history.costs(max(since, 0.0), LATER if self._until else FIRST):
            if cost.race_id not in self._recent:
                self._add(cost)
        self._recent = {race: at for race, at in self._recent.items() if at >= self._until - OVERLAP}
        return self._sums[task_type, account]

    def _add(self, cost: RaceCost) -> None:
        key = cost.task_type, cost.account
        new = (1.0, cost.generations, cost.model_seconds, cost.tokens, cost.price)
        self._sums[key] = Spent(*(a + b for a, b in zip(self._sums[key], new, strict=True)))
        self._recent[cost.race_id] = cost.created_at
        self._until = max(self._until, cost.created_at)
