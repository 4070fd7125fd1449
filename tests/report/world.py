"""Histories with a planted truth, of any size: arms whose chances to pass are known, raced, rated, some of them bred."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from banditgen.arm import GeneratorConfig, arm_id
from banditgen.bandit.arrays import Floats
from banditgen.history.base import ArmRecord
from banditgen.history.imports import import_rows
from banditgen.history.records import Rows
from banditgen.history.rows import result_row, text_hash
from banditgen.history.store import History
from banditgen.racing.record import describe_arm
from banditgen.result import FailureKind, GenerationResult, Timings
from banditgen.scoring import SelectionCriteria, rank, score, winner
from banditgen.strategy import Strategy

TYPES = ("text", "numeric", "parsing", "database")
FIRST_DAY = 1_780_000_000.0  # Unix seconds
GREEDY = 0.7  # the share of races in which the best ones so far run; in the others any
FAILURES = (FailureKind.WRONG, FailureKind.WRONG, FailureKind.ERROR, FailureKind.TIMEOUT, FailureKind.TRUNCATED)


@dataclasses.dataclass(frozen=True)
class World:
    """Arms, and each one's chance to pass by type of task (arms, types); tasks are hard or easy for all of them alike.

    `later` takes the place of `rates` in the second half, where it is given. `tasks` is how many different ones there are of each type.
    """

    arms: list[GeneratorConfig]
    rates: Floats
    types: Sequence[str] = TYPES
    hardness: float = 0.8  # standard deviation of tasks, in logits
    later: Floats | None = None
    tasks: int = 300

    @classmethod
    def of(cls, arms: int, rng: np.random.Generator, types: Sequence[str] = TYPES) -> World:
        """So many arms of different models, some better than others."""
        return cls(some_arms(arms), 1 / (1 + np.exp(-rng.normal(0, 0.9, (arms, len(types))))), types)


def some_arms(count: int) -> list[GeneratorConfig]:
    """Three temperatures of each model."""
    kinds = [(f"model{i // 3}:{2 + i // 3}b", 0.1 + 0.4 * (i % 3)) for i in range(count)]
    return [GeneratorConfig(f"{model}_t{temperature:g}", model, temperature) for model, temperature in kinds]


def rows(world: World, races: int, seed: int, k: int = 3) -> Iterator[Rows]:
    """The rows of so many races of k arms, chosen by the means so far with known chances, over some weeks."""
    rng, plan = np.random.default_rng(seed), Strategy("planted", arms=tuple(world.arms), k=min(k, 3))
    criteria = SelectionCriteria()
    seconds = rng.lognormal(1.0, 0.6, len(world.arms))
    passes, tries = np.zeros(world.rates.shape), np.zeros(world.rates.shape)
    ease = rng.normal(0, world.hardness, (len(world.types), world.tasks))
    head = Rows()
    head.add("strategy", {"hash": plan.hash, "name": plan.name, "created_at": FIRST_DAY, "toml": plan.to_toml()})
    for arm in world.arms:
        head.add("arm", vars(ArmRecord.of(arm)) | {"created_at": FIRST_DAY})
    yield head
    eligible = {arm.name: arm_id(arm) for arm in world.arms}
    now = FIRST_DAY
    for race in range(races):
        now += float(rng.exponential(90.0))
        kind, task = int(rng.integers(len(world.types))), int(rng.integers(world.tasks))
        rates = world.rates if world.later is None or race < races / 2 else world.later
        order = np.argsort(-(passes[:, kind] + 1) / (tries[:, kind] + 2), kind="stable")[:k]
        chances = np.full(len(world.arms), (1 - GREEDY) * k / len(world.arms))
        chances[order] += GREEDY
        chosen = order if rng.random() < GREEDY else rng.choice(len(world.arms), k, replace=False)
        results = []
        for i in chosen.tolist():
            logit = np.log(rates[i, kind] / (1 - rates[i, kind])) + ease[kind, task]
            passed = bool(rng.random() < 1 / (1 + np.exp(-logit)))
            passes[i, kind] += passed
            tries[i, kind] += 1
            results.append(_result(world.arms[i], passed, float(seconds[i]), rng, f"{seed}-{race}-{i}"))
            score(results[-1], criteria)
        told = _Told(f"{seed}-{race:07d}", world.types[kind], f"Write function number {task}.", now, eligible)
        yield _race(told, rank(results, criteria), plan, dict(zip(eligible, chances.tolist(), strict=True)), criteria)


@dataclasses.dataclass(frozen=True)
class _Told:
    id: str
    task_type: str
    prompt: str
    at: float
    eligible: dict[str, str]


def _result(arm: GeneratorConfig, passed: bool, typical: float, rng: np.random.Generator, own: str) -> GenerationResult:
    writing = typical * float(rng.lognormal(0, 0.3))
    result = GenerationResult(
        arm.name, f"x = {own!r}", writing, arm.model, arm.temperature, test_passed=passed, verified=True, id=f"r{own}"
    )
    result.arm_id, result.text, result.digest, result.channel = arm_id(arm), result.code, "sha256:0", "judged"
    result.timings = Timings(
        writing + 0.3, float(rng.exponential(0.2)), 0.0, 0.2, writing - 0.2, 0.4, 120, 0, int(40 * writing), source="host"
    )
    result.test_time, result.execution_time = 0.15, 0.1
    result.measures = {"quality": float(rng.uniform(0.6, 0.95)), "structure": 0.7}
    if not passed:
        result.failure = FAILURES[int(rng.integers(len(FAILURES)))]
        result.error = "assert f([1]) == [2]; got [1]"
    return result


def _race(about: _Told, results: list[GenerationResult], plan: Strategy, chances: dict[str, float], criteria: SelectionCriteria) -> Rows:
    made, by_id = Rows(), {arm_id(arm): arm for arm in plan.arms}
    detail = {"eligible": about.eligible, "exploit": False, "strategy_hash": plan.hash, "k": len(results), "exploration": 1 - GREEDY}
    detail |= {"start_weights": {"quality": criteria.quality_weight, "speed": criteria.speed_weight}}
    own = {"id": about.id, "created_at": about.at, "task_type": about.task_type}
    arms = [describe_arm(by_id[result.arm_id]) for result in results]
    choice = {"arms": arms, "propensities": chances, "policy": "planted", "strategy": plan.name, "seed": 0, "detail": detail}
    made.add("decision", own | choice | {"race_id": about.id, "step": 0})
    best, why = winner(results, criteria)
    task: dict[str, object] = {"prompt": about.prompt, "name": None, "entry_point": "f", "kind": "script", "signatures": []}
    wall = max(result.timings.wall for result in results if result.timings) + 0.2
    ended = {"created_at": about.at + wall, "task": task, "best_id": best.id if best else None, "reason": why, "wall_seconds": wall}
    made.add("race", own | ended)
    for position, result in enumerate(results):
        made.add("candidate", result_row(result, about.id, about.task_type, about.at + wall, position))
        made.contents.update({str(text_hash(text)): text for text in (result.code, result.text) if text})
    return made


def fill(world: World, races: int, seed: int = 0, k: int = 3, path: Path | str = "sqlite://") -> History:
    """A history of so many races of k arms."""
    history = History(path)
    import_rows(history.database, lambda _: rows(world, races, seed, k), "skip")
    return history
