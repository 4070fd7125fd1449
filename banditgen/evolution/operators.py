"""Crossover and mutation of genomes, within a space. Every draw comes from the numpy Generator handed in.

DEAP's own operators work on lists of numbers and draw from the module `random`; these know names, unset numbers and fragments.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from banditgen.errors import UsageError
from banditgen.evolution.genome import FIELDS, Genome, Number, Space

CHOICES = ("model", "think")
BLEND = 0.3  # how far beyond its parents a child's number may lie, as a share of their distance (Eshelman and Schaffer 1993, BLX-α)
STEP = 0.1  # standard deviation of a mutated number, as a share of its bounds' width
RESET = 0.2  # of the mutations of a number, those that draw it anew
UNSET = 0.3  # of the draws of a number that may be unset, those that unset it


@dataclasses.dataclass(frozen=True)
class Child:
    """A genome with where it came from: its parents, how much of it each gave (the shares sum to 1), and by which operator."""

    genome: Genome
    parents: tuple[Genome, ...] = ()
    shares: tuple[float, ...] = ()
    how: str = "random"

    @property
    def change(self) -> str:
        """What is new against the parent that gave most, in words."""
        if not self.parents:
            return "drawn at random" if self.how == "random" else self.how
        nearest = self.parents[int(np.argmax(self.shares))]
        return f"{self.how}: {', '.join(nearest.differences(self.genome)) or 'nothing'}"


def random_genome(space: Space, rng: np.random.Generator) -> Genome:
    """A genome from anywhere in the space, uniformly; each number that may be unset is so in three of ten."""
    fields: dict[str, Any] = {"model": space.models[int(rng.integers(len(space.models)))]}
    for name, gene in space.genes.items():
        number: Number = gene.value(rng.random())
        unset = gene.neutral is not None and rng.random() < UNSET
        fields[name] = None if unset else number
    if space.think:
        fields["think"] = bool(rng.integers(2))
    fields.update(_fragments(space.fragments, rng))
    return Genome(**fields)


def crossover(one: Genome, two: Genome, space: Space, rng: np.random.Generator) -> Child:
    """A child of two: its numbers blended (bounded BLX-α), its choices and fragments from either, with even chances."""
    fields: dict[str, Any] = {}
    shares = []
    for name in FIELDS:
        a, b = getattr(one, name), getattr(two, name)
        gene = space.genes.get(name)
        if gene is not None and a is not None and b is not None and a != b:
            weight = rng.uniform(-BLEND, 1 + BLEND)
            fields[name] = gene.value(gene.unit(a) + weight * (gene.unit(b) - gene.unit(a)))
            shares.append(1 - min(1.0, max(0.0, weight)))
        else:
            first = rng.random() < 0.5
            fields[name] = a if first else b
            if a != b:
                shares.append(float(first))
    share = float(np.mean(shares)) if shares else 0.5
    return Child(Genome(**fields), (one, two), (share, 1 - share), "crossover")


def mutate(genome: Genome, space: Space, rng: np.random.Generator, *, genes: float = 1.5) -> Genome:
    """A genome with some of its genes changed, `genes` of them on average and at least one where the space allows.

    Numbers take a Gaussian step or are drawn anew, choices and fragments are drawn anew.
    """
    names = mutable(space)
    if not names:
        return genome
    chosen = rng.random(len(names)) < min(1.0, genes / len(names))
    chosen[rng.integers(len(names))] = True
    drawn = random_genome(space, rng).to_dict()
    fields = genome.to_dict()
    for name in np.array(names)[chosen]:
        if name in space.genes and fields[name] is not None and rng.random() >= RESET:
            gene = space.genes[name]
            fields[name] = gene.value(gene.unit(fields[name]) + rng.normal(0.0, STEP))
        else:
            fields[name] = drawn[name]
    return Genome(**fields)


def breed(parents: Sequence[Genome], space: Space, rng: np.random.Generator, *, crossed: float = 0.7) -> Child:
    """A child of one or two of the parents, drawn evenly: crossed (and half of the time mutated too), or only mutated.

    Raises:
        UsageError: no parents.
    """
    if not parents:
        raise UsageError("the population is empty: give at least one genome to breed from")
    if len(parents) > 1 and rng.random() < crossed:
        one, two = (parents[int(i)] for i in rng.choice(len(parents), 2, replace=False))
        child = crossover(one, two, space, rng)
        if rng.random() < 0.5 or child.genome in (one, two):
            child = dataclasses.replace(child, genome=mutate(child.genome, space, rng), how="crossover and mutation")
        return child
    parent = parents[int(rng.integers(len(parents)))]
    return Child(mutate(parent, space, rng), (parent,), (1.0,), "mutation")


def mutable(space: Space) -> list[str]:
    """The fields of a genome that the space lets vary."""
    names = list(space.genes)
    names += ["model"] * (len(space.models) > 1) + ["think"] * space.think
    return names + [slot for slot, texts in space.fragments.items() if len(texts) > 1]


def _fragments(fragments: Mapping[str, Sequence[str]], rng: np.random.Generator) -> dict[str, str]:
    return {slot: texts[int(rng.integers(len(texts)))] for slot, texts in fragments.items()}
