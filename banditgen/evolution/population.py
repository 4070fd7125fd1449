"""The population of live evolution: a fold over the arm events of the history, in whatever order they were written."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from banditgen.history.base import ArmEvent

BORN, GRADUATED, RETIRED = "born", "graduated", "retired"


@dataclasses.dataclass(frozen=True)
class Population:
    """Which arms were born, have earned their place, and race no more; ids, with what their events say."""

    born: Mapping[str, Mapping[str, Any]]
    graduated: Mapping[str, Mapping[str, Any]]
    retired: Mapping[str, Mapping[str, Any]]

    @property
    def on_trial(self) -> list[str]:
        """Born arms that have yet to earn their place, oldest first."""
        return [own for own in self.born if own not in self.graduated and own not in self.retired]

    @property
    def grown(self) -> list[str]:
        """Born arms that earned their place and race."""
        return [own for own in self.born if own in self.graduated and own not in self.retired]

    @property
    def looked_at(self) -> int:
        """The last look at which an arm was born, -1 before the first."""
        return max((int(detail.get("look", -1)) for detail in self.born.values()), default=-1)

    def status(self, own: str) -> str:
        """Of an arm: "retired", "on trial" or "racing"."""
        if own in self.retired:
            return "retired"
        return "on trial" if own in self.born and own not in self.graduated else "racing"


def fold(events: Iterable[ArmEvent]) -> Population:
    """The population that these events, of one scope, leave; an event told twice counts once."""
    kinds: dict[str, dict[str, Mapping[str, Any]]] = {BORN: {}, GRADUATED: {}, RETIRED: {}}
    for event in events:
        if event.event in kinds:
            kinds[event.event].setdefault(event.arm_id, event.detail)
    return Population(kinds[BORN], kinds[GRADUATED], kinds[RETIRED])


def origins(population: Population) -> dict[str, tuple[Sequence[str], Sequence[float]]]:
    """By arm id, each born arm's parents and how much of it each gave."""
    return {own: (detail["parents"], detail["shares"]) for own, detail in population.born.items()}
