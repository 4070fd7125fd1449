"""How much to evolve, and what a search asks to be raced."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

from banditgen._checks import check_whole, is_number
from banditgen.errors import UsageError
from banditgen.evolution.fitness import Outcome
from banditgen.evolution.genome import Genome
from banditgen.evolution.operators import Child

SCREENED = 6  # generations that are bred and selected by the estimate alone, for each that is raced


@dataclasses.dataclass(frozen=True)
class Heat:
    """Arms to race on one task, together for at most so many model-seconds; `number` counts the heats of a run, from 1."""

    task: str
    genomes: tuple[Genome, ...]
    seconds: float
    number: int = 1


Evaluate = Callable[[Heat], Sequence[Outcome]]
"""Race a job: an outcome for each arm that was raced; may raise what the backend raises."""


Rewrite = Callable[[Genome, float], tuple["Child | None", float]]
"""A child of a genome with a fragment written anew, or None where that did not work; and the model-seconds that it took, at most
as many as are given."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """How much to evolve.

    Args:
        generations: of children, at least 1.
        population: arms that may breed, and children of each generation, at least 2.
        budget: model-seconds for everything, more than 0.
        seed: of every draw.
        screened: generations bred and selected by the estimate alone for each that is raced; 0 races children as they come.

    Raises:
        UsageError: a value outside its range.
    """

    generations: int = 10
    population: int = 8
    budget: float = math.inf
    seed: int = 0
    screened: int = SCREENED

    def __post_init__(self) -> None:
        for field, least in (("generations", 1), ("population", 2), ("seed", 0), ("screened", 0)):
            check_whole(field, getattr(self, field), least)
        if not is_number(self.budget) or not self.budget > 0:
            raise UsageError(f"budget must be model-seconds, more than 0, not {self.budget!r}")
