"""Evolution between races: arms of a strategy are bred on a set of tasks until a budget is spent; a better strategy comes out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtri

from banditgen._checks import check_whole
from banditgen._text import flat
from banditgen.arm import GeneratorConfig
from banditgen.errors import UsageError
from banditgen.evolution import checkpoint
from banditgen.evolution.arena import Arena, known_evidence
from banditgen.evolution.genome import GENES, Genome, Space
from banditgen.evolution.lineage import CriteriaFor
from banditgen.evolution.operators import Child
from banditgen.evolution.plan import Plan, Rewrite
from banditgen.evolution.rewrite import Rewriter
from banditgen.evolution.search import Search
from banditgen.race import ParallelGenerator
from banditgen.strategy import Strategy
from banditgen.task import Task

HEADER = "# BredArm by banditgen evolve."
Z95 = float(ndtri(0.975))


@dataclasses.dataclass(frozen=True)
class BredArm:
    """An arm that came out, and why.

    `parents` are names of arms, none for one that was there before; `change` is what is new against the nearest of them, in words.
    `quality` is its expected quality in [0, 1] with the 95 % interval `low` to `high`, shrunk towards what like arms did; `passes` of
    `tries` are its own; `seconds` are the model's for one generation, as expected.
    """

    arm: GeneratorConfig
    parents: tuple[str, ...]
    change: str
    quality: float
    low: float
    high: float
    passes: int
    tries: int
    seconds: float


@dataclasses.dataclass(frozen=True)
class Evolved:
    """What a run came to: its arms, the best lower bound first; the model-seconds it took; the generations that were bred."""

    arms: tuple[BredArm, ...]
    model_seconds: float
    generations: int


OnGeneration = Callable[[Evolved], None]


def evolve(
    racer: ParallelGenerator,
    arms: Sequence[GeneratorConfig],
    models: Sequence[str],
    tasks: Sequence[Task],
    plan: Plan,
    *,
    k: int = 3,
    criteria_for: CriteriaFor | None = None,
    rewriter: str | None = None,
    keep: Path | None = None,
    on_generation: OnGeneration | None = None,
    executor: Executor | None = None,
    at_once: int = 1,
) -> Evolved:
    """Breed from these arms; blocking.

    Args:
        racer: races, and tells its history of each race as of any other.
        arms: to start from.
        models: that children may use; the arms' own must be among them.
        tasks: with tests, at least one.
        plan: how much.
        k: arms that race at a time later: so many of the best come out, and the rest of the hall of fame up to twice as many.
        criteria_for: the criteria of a task type, under which its races are scored; None is the racer's own for all.
        rewriter: the model that rewrites prompts; None only recombines them.
        keep: a checkpoint; where it is there the run goes on from it, with this plan.
        on_generation: hears how it stands after each generation.
        executor: tries the candidates on its workers, as `ExecutorSandbox` does; None is the racer's own sandbox.
        at_once: races that are run side by side, at least 1: as many as the backend has use for.

    Raises:
        UsageError: no arms, no tasks, values out of range, a checkpoint that does not belong here.
        ModelNotFoundError: an arm's model is gone.
        BackendError: the backend fails; what was raced is in the history and the checkpoint.
    """
    founders = {genome.arm_id: (arm.name, genome) for arm in arms if (genome := Genome.of(arm))}
    names = {arm_id: name for arm_id, (name, _) in founders.items()}
    by_name = _named(tasks)
    about = {"tasks": _digest(by_name), "names": names}
    kept = checkpoint.load(keep) if keep is not None else None
    if kept is not None:
        if kept[0].get("tasks") != about["tasks"]:
            raise UsageError(f"the checkpoint {keep} belongs to other tasks: give those, or another file to begin anew")
        about["names"] = names = {**names, **kept[0]["names"]}
    genomes = [genome for _, genome in founders.values()]
    arena = Arena(racer if executor is None else racer.on(executor), by_name, names, plan.seed, criteria_for)
    evolution = Search(
        space_of(models, genomes),
        genomes,
        list(by_name),
        arena,
        plan,
        evidence=known_evidence(racer.history, [genome.arm(name) for name, genome in founders.values()], tasks),
        map=arena.side_by_side,
        batch=check_whole("at_once", at_once),
        rewrite=_rewrite(racer, rewriter, arena, plan.seed),
        keep=None if keep is None else lambda state: checkpoint.save(keep, about, state),
        born=arena.remember,
    )
    if kept is not None:
        _restore(evolution, kept[1], keep)
    while not evolution.finished:
        evolution.step()
        if on_generation is not None:
            on_generation(_evolved(evolution, arena, k))
    return _evolved(evolution, arena, k)


def space_of(models: Sequence[str], founders: Sequence[Genome]) -> Space:
    """Where children of these may lie: any of the models, the usual bounds and the founders' values, no longer answers than theirs.

    Thinking is varied only where a founder says something about it.
    """
    genes = dict(GENES)
    longest = max((genome.max_tokens for genome in founders), default=int(genes["max_tokens"].high))
    genes["max_tokens"] = dataclasses.replace(genes["max_tokens"], high=max(longest, genes["max_tokens"].low + 1))
    return Space(tuple(models), genes, think=any(genome.think is not None for genome in founders)).around(founders)


def strategy_text(plan: Strategy, evolved: Evolved) -> str:
    """The strategy with the arms that came out, as TOML that says beside each arm what it did and where it came from."""
    made = plan.with_arms([bred.arm for bred in evolved.arms])
    lines = [f"{HEADER} {evolved.generations} generations, {evolved.model_seconds:.0f} model-seconds, from the strategy {plan.name}."]
    arms = iter(evolved.arms)
    for line in made.to_toml().split("\n"):
        if line == "[[arms]]":
            bred = next(arms)
            came = f" from {' and '.join(bred.parents)}" if bred.parents else ""
            lines.append(_comment(f"{bred.change}{came}"))
            lines.append(
                f"# expected quality {bred.quality:.2f} ({bred.low:.2f} to {bred.high:.2f}), "
                f"passed {bred.passes} of {bred.tries}, {bred.seconds:.1f} s a generation"
            )
        lines.append(line)
    return "\n".join(lines)


def _comment(text: str) -> str:
    return "# " + flat(text)


def _named(tasks: Sequence[Task]) -> dict[str, Task]:
    """Tasks by name; those of one name, or none, get a number."""
    named: dict[str, Task] = {}
    for number, task in enumerate(tasks, start=1):
        name = task.name or f"task {number}"
        named[name if name not in named else f"{name} ({number})"] = task
    return named


def _digest(tasks: dict[str, Task]) -> str:
    text = json.dumps([[name, task.prompt, task.tests, task.examples] for name, task in sorted(tasks.items())])
    return hashlib.sha256(text.encode()).hexdigest()


def _rewrite(racer: ParallelGenerator, model: str | None, arena: Arena, seed: int) -> Rewrite | None:
    if model is None:
        return None
    return Rewriter(racer.backend, model, arena.failure, np.random.default_rng([seed, 1]))


def _restore(evolution: Search, state: dict[str, Any], keep: Path | None) -> None:
    try:
        evolution.restore(state)
    except UsageError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UsageError(f"the checkpoint {keep} is damaged: remove it to begin anew") from None


def _evolved(evolution: Search, arena: Arena, k: int) -> Evolved:
    genomes, belief = evolution.ranking()
    famous = [genome for genome in evolution.hall_of_fame() if genome not in genomes[:k]]
    places = sorted(genomes.index(genome) for genome in [*genomes[:k], *famous][: 2 * k])
    arms = []
    for place in places:
        genome = genomes[place]
        child = evolution.children.get(genome.arm_id, Child(genome))
        qualities = evolution.evidence.qualities(genome.arm_id)
        spread = Z95 * float(belief.deviation[place])
        mean = float(belief.mean[place])
        arms.append(
            BredArm(
                arm=arena.arm(genome),
                parents=tuple(arena.arm(parent).name for parent in child.parents),
                change=child.change,
                quality=min(1.0, max(0.0, mean)),
                low=min(1.0, max(0.0, mean - spread)),
                high=min(1.0, max(0.0, mean + spread)),
                passes=sum(quality > 0 for quality in qualities),
                tries=len(qualities),
                seconds=evolution.seconds(genome),
            )
        )
    return Evolved(tuple(arms), evolution.spent, evolution.generation)
