"""How alike two genomes are: the prior covariance of their expected qualities."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from banditgen.bandit.arrays import Floats
from banditgen.evolution.fragments import SLOTS
from banditgen.evolution.genome import Genome, Space

MODEL_WEIGHT = 4.0  # a model matters more than any one setting: its share of the single effects, the others having 1 each
OTHER = 0.5  # correlation of a whole that differs in one choice: each choice or fragment that differs halves it
CHOICES = ("model", "think", *SLOTS)


@dataclasses.dataclass(frozen=True)
class Features:
    """Genomes as arrays: numbers (N, G), each at its place in its bounds; choices (N, C), equal where their texts are."""

    numbers: Floats
    choices: NDArray[np.int64]

    @classmethod
    def of(cls, genomes: Sequence[Genome], space: Space, codes: dict[object, int]) -> Features:
        """The genomes' features; `codes` numbers the choices and grows with those first met here."""
        numbers = [[gene.unit(getattr(genome, name)) for name, gene in space.genes.items()] for genome in genomes]
        choices = [[codes.setdefault((name, getattr(genome, name)), len(codes)) for name in CHOICES] for genome in genomes]
        return cls(
            np.array(numbers, float).reshape(len(genomes), len(space.genes)),
            np.array(choices, np.int64).reshape(len(genomes), len(CHOICES)),
        )


@dataclasses.dataclass(frozen=True)
class Kernel:
    """A covariance over genomes: effects of single genes, which add up, and one of the genome as a whole.

    Args:
        variance: of an arm's expected quality around the level of all.
        length: of a number's effect, as a share of its bounds: what is much nearer than this is much alike.
        whole: in [0, 1], what of the variance belongs to the genome as a whole and not to single genes.
    """

    variance: float = 0.03
    length: float = 0.5
    whole: float = 0.3

    def between(self, one: Features, two: Features) -> Floats:
        """(N, M) covariances."""
        # gene by gene: arrays of two dimensions are several times as fast as one of three
        single = np.zeros((len(one.numbers), len(two.numbers)))
        whole = np.ones_like(single)
        total = 0.0
        for a, b in zip(one.numbers.T, two.numbers.T, strict=True):
            near = np.exp(-0.5 * ((a[:, None] - b) / self.length) ** 2)
            single += near
            whole *= near
            total += 1
        for i, (a, b) in enumerate(zip(one.choices.T, two.choices.T, strict=True)):
            weight = 1.0 if i else MODEL_WEIGHT
            same = a[:, None] == b
            single += weight * same
            whole *= np.where(same, 1.0, OTHER)
            total += weight
        single /= total
        combined: Floats = self.variance * ((1 - self.whole) * single + self.whole * whole)
        return combined


GRID = tuple(Kernel(variance, length, whole) for variance in (0.04, 0.12) for length in (0.25, 0.6) for whole in (0.05, 0.2, 0.7))
"""Among which the evidence chooses."""
