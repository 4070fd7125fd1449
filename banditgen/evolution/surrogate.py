"""Evolution on the estimate: generations that are bred and selected without racing anyone, so that only the few best are raced.

A child that is raced costs seconds of a model, one that is only estimated costs microseconds (Jin 2011, "Surrogate-assisted
evolutionary computation"). A genome is judged by an upper bound of what is expected of it, so that untried ones count too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from deap import base, tools

from banditgen.evolution.fitness import Estimator
from banditgen.evolution.genome import Genome
from banditgen.evolution.operators import Child

SIZE = 64  # genomes of a generation that is only estimated
HOPE = 2.0  # standard deviations above the mean at which a genome is judged


class Promise(base.Fitness):  # type: ignore[misc]  # DEAP has no type information
    """(upper bound of expected quality,), wanted high."""

    weights = (1.0,)


@dataclasses.dataclass
class Found:
    """A genome as DEAP's tools want it, with what it has of genomes that were really raced: shares by genome, summing to 1."""

    genome: Genome
    roots: dict[Genome, float]
    fitness: Promise


def surrogate_search(
    parents: Sequence[Genome],
    known: Mapping[str, object],
    estimator: Estimator,
    mate: Callable[[Sequence[Genome]], Child],
    generations: int,
) -> list[Child]:
    """Up to `SIZE` children of the parents' line, none known, that the estimate likes; their parents are those at the line's start."""
    roots = {genome.arm_id: {genome: 1.0} for genome in parents}
    kept: list[Found] = []
    breeding = list(parents)
    for _ in range(generations):
        bred: dict[str, Found] = {}
        there = {one.genome.arm_id for one in kept}
        for _ in range(SIZE):
            child = mate(breeding)
            arm_id = child.genome.arm_id
            if arm_id not in known and arm_id not in there and arm_id not in bred:
                bred[arm_id] = Found(child.genome, _roots(child, roots), Promise())
        new = list(bred.values())
        if new:
            mean, deviation = estimator.estimate([one.genome for one in new])
            for one, m, d in zip(new, mean, deviation, strict=True):
                one.fitness.values = (float(m + HOPE * d),)
        kept = tools.selBest([*kept, *new], SIZE)
        breeding = [*parents, *(one.genome for one in kept[: SIZE // 2])]
        roots |= {arm_id: one.roots for arm_id, one in bred.items()}
    return [_child(one) for one in kept]


def _roots(child: Child, roots: Mapping[str, Mapping[Genome, float]]) -> dict[Genome, float]:
    shares: dict[Genome, float] = {}
    for parent, share in zip(child.parents, child.shares, strict=True):
        for root, part in roots[parent.arm_id].items():
            shares[root] = shares.get(root, 0.0) + share * part
    return shares


def _child(one: Found) -> Child:
    """With the two parents at most that gave most."""
    most = sorted(one.roots.items(), key=lambda item: -item[1])[:2]
    total = sum(share for _, share in most) or 1.0
    return Child(one.genome, tuple(root for root, _ in most), tuple(share / total for _, share in most), "bred on the estimate")
