"""How a strategy breeds new arms while it races: the table [evolution] of its file."""

from __future__ import annotations

import dataclasses

from banditgen._checks import check_whole, is_number
from banditgen.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Evolution:
    """Settings of live evolution.

    Args:
        every: races from one look to the next, at which children are judged and born; at least 1.
        children: how many are on trial at a time, at least 1.
        max_arms: how many arms may race, those on trial included, at least 2.
        trial_share: the share of races in which an arm on trial stands, above 0 and below 1.
        trial: after so many outcomes a child must have earned its place, at least 1.

    Raises:
        UsageError: a value outside its range.
    """

    every: int = 50
    children: int = 1
    max_arms: int = 12
    trial_share: float = 0.2
    trial: int = 40

    def __post_init__(self) -> None:
        for name, least in (("every", 1), ("children", 1), ("max_arms", 2), ("trial", 1)):
            check_whole(name, getattr(self, name), least)
        share = self.trial_share
        if not is_number(share) or not 0 < share < 1:
            raise UsageError(f"trial_share must be a number above 0 and below 1, not {share!r}")
