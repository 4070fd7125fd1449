"""A decision, and the race that answers it, as callers see them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

from banditgen import _html
from banditgen._text import one_line
from banditgen.arm import GeneratorConfig
from banditgen.history.base import ArmRecord, DecisionRecord, RaceRecord
from banditgen.result import GenerationResult, passed, results_html, spent, verdict


@dataclasses.dataclass(frozen=True)
class Decision:
    """A choice of arms, of one wave: `propensities` is each eligible arm's chance, by name, to have been in it."""

    id: str
    task_type: str
    arms: list[GeneratorConfig]
    propensities: dict[str, float]
    record: DecisionRecord = dataclasses.field(repr=False)

    @classmethod
    def of(cls, record: DecisionRecord, arms: Iterable[GeneratorConfig]) -> Decision:
        """A decision that a history keeps; its arms are those of these that have their names, else made of what it keeps."""
        known = {arm.name: arm for arm in arms}
        chosen = [known.get(arm["name"]) or ArmRecord.of_decision(arm).arm for arm in record.arms]
        return cls(record.id, record.task_type, [arm for arm in chosen if arm is not None], record.propensities or {}, record)

    @property
    def stop(self) -> float:
        """The chance that the race was to stop here; 0 for a first wave. A decision without arms is such a stop."""
        return float(self.record.detail.get("stop") or 0.0)


OnDecision = Callable[[Decision], None]


@dataclasses.dataclass(frozen=True, repr=False)
class Race:
    """A finished race: all results, best first, and the winner, or None when no candidate qualifies.

    `decision` is that of the first wave, `waves` those of all waves in their order; `wall_seconds` from first to last.
    """

    id: str
    task_type: str
    decision: Decision
    results: list[GenerationResult]
    best: GenerationResult | None
    reason: str
    wall_seconds: float
    waves: list[Decision] = dataclasses.field(default_factory=list)

    @property
    def model_seconds(self) -> float:
        """What the models spent on all candidates."""
        return spent(self.results)[0]

    @property
    def tokens(self) -> int | None:
        """What was read and written by all; None where no host says, and without those of which none does."""
        return spent(self.results)[1]

    @property
    def price(self) -> float | None:
        """The money that all candidates cost; None where no price is known, and without those of which none is."""
        return spent(self.results)[2]

    def to_dict(self) -> dict[str, Any]:
        """The race as JSON-ready data."""
        waves: list[dict[str, Any]] = [
            {"arms": [arm["name"] for arm in wave.record.arms], "propensities": wave.propensities, "stop": wave.stop} for wave in self.waves
        ]
        return {
            "id": self.id,
            "task_type": self.task_type,
            "reason": self.reason,
            "wall_seconds": self.wall_seconds,
            "arms": [arm for wave in waves for arm in wave["arms"]],
            "propensities": self.decision.propensities,
            "waves": waves,
            "generations": len(self.results),
            "model_seconds": self.model_seconds,
            "tokens": self.tokens,
            "price": self.price,
            "best": self.best.to_dict() if self.best else None,
            "results": [result.to_dict() for result in self.results],
        }

    def __repr__(self) -> str:
        by_tests = passed(self.results)
        told = f"{len(self.results)} without tests" if by_tests is None else f"{by_tests} of {len(self.results)} passed"
        others = [f"{r.generator_name} {verdict(r)}" for r in self.results if r is not self.best]
        code = "none" if self.best is None else f"{len(self.best.code.splitlines())} lines, .best.code"
        return "\n".join(
            (
                f"Race {self.id!a} ({self.task_type!r}): {told} in {self.wall_seconds:.1f} s",
                f"  winner: {'none' if self.best is None else f'{self.best.generator_name}, {self.best.combined_score:.2f}'}",
                f"  why:    {one_line(self.reason)}",
                f"  others: {one_line(', '.join(others)) or 'none'}",
                f"  code:   {code}",
            )
        )

    def _repr_html_(self) -> str:
        best = "" if self.best is None else _html.code(self.best.code)
        return f"<p>{_html.escaped(self.reason)}</p>{results_html(self.results)}{best}"


def finished(record: RaceRecord, decision: Decision, *later: Decision) -> Race:
    """The race that a record keeps, of a first and later waves."""
    best = next((result for result in record.results if result.id == record.best_id), None)
    return Race(record.id, record.task_type, decision, record.results, best, record.reason, record.wall_seconds, [decision, *later])
