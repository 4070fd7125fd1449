"""Worlds with a known truth, raced through the real session and a real history in memory; candidates are told, not generated."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from banditgen import BanditGenerator, Strategy
from banditgen.evolution.experts import review
from banditgen.history.base import ArmEvent
from banditgen.strategy.evolution import Evolution

Rate = Callable[[Any, str, int], float]
"""The chance that an arm passes: of the arm, the task type and the race's number."""


class Silent:
    """A client that is never asked."""

    def generate(self, *, model: str, prompt: str, temperature: float, max_tokens: int) -> str:
        raise AssertionError((model, prompt, temperature, max_tokens))


@dataclasses.dataclass
class Run:
    """What happened: of each race its task type, arms (ids), who passed and who won; tools by race in which a look found them."""

    races: list[tuple[str, list[str], list[bool], str | None]] = dataclasses.field(default_factory=list)
    tools: list[tuple[int, str, str, str]] = dataclasses.field(default_factory=list)  # race, task type, arm id, status
    events: list[ArmEvent] = dataclasses.field(default_factory=list)
    born: dict[str, Any] = dataclasses.field(default_factory=dict)

    def shares(self, last: int) -> dict[str, float]:
        """Of the last races, the largest share of one arm: of the places, of the races it stood in, of the races it won."""
        kept = self.races[-last:]
        stood = Counter(arm for _, arms, _, _ in kept for arm in arms)
        won = Counter(best for *_, best in kept if best is not None)
        places = sum(stood.values())
        most = max(stood.values())
        return {"places": most / places, "stood": most / len(kept), "won": max(won.values(), default=0) / len(kept)}


def play(
    rate: Rate,
    arms: Sequence[Any],
    races: int,
    seed: int,
    *,
    evolution: Evolution | None = None,
    k: int = 3,
    policy: str = "best_set",
    types: Sequence[str] = ("task",),
    look: int = 25,
    digest: Callable[[int], str | None] = lambda _: None,
) -> Run:
    """Race, tell each candidate's outcome by its true rate, and look for tools every `look` races."""
    plan = Strategy("planted", arms=tuple(arms), k=k, policy=policy, evolution=evolution)
    rng, run = np.random.default_rng([seed, 7]), Run()
    with BanditGenerator.open(plan, backend=Silent(), history="sqlite://", seed=seed) as bandit:
        for number in range(races):
            decision = bandit.ask(types[int(rng.integers(len(types)))])
            results = [_candidate(arm, rng.random() < rate(arm, decision.task_type, number), digest(number), rng) for arm in decision.arms]
            race = bandit.tell(decision.id, results)
            passed = [bool(result["test_passed"]) for result in results]
            best = next((arm.arm_id for arm in decision.arms if race.best and arm.name == race.best.generator_name), None)
            run.races.append((decision.task_type, [arm.arm_id for arm in decision.arms], passed, best))
            if (number + 1) % look == 0:
                report = review(bandit.history, plan, bandit.arms)
                for tool in (*report.tools, *report.retired):
                    told = tool["metadata"]
                    run.tools.append((number + 1, told["specialized_for"], told["arm_id"], told["status"]))
        run.events = bandit.history.arm_events(plan.name)
        run.born = {record.arm_id: record for record in bandit.history.arms() if record.origin == "evolved"}
    return run


def _candidate(arm: Any, passed: bool, digest: str | None, rng: np.random.Generator) -> dict[str, Any]:
    quality = float(rng.uniform(0.85, 1.0)) if passed else 0.2
    told: dict[str, Any] = {"generator_name": arm.name, "test_passed": passed, "quality_score": quality}
    return told | {"generation_time": float(rng.uniform(2, 4)), "digest": digest}
