"""Planted matrices: what is true of them is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from banditgen.offline.matrix.outcomes import Matrix

Floats = NDArray[np.float64]


def sampled(rates: Floats, samples: int, rng: np.random.Generator, types: Sequence[str] = ("text", "data")) -> Matrix:
    """Samples of arms that pass at these rates (arms, tasks); types take turns."""
    arms, tasks = rates.shape
    outcomes = (rng.random((arms, tasks, samples)) < rates[..., None]).astype(float)
    kinds = tuple(types[i % len(types)] for i in range(tasks))
    return Matrix(tuple(f"a{i}" for i in range(arms)), tuple(f"t{i}" for i in range(tasks)), kinds, outcomes)


def all_equal(rng: np.random.Generator, arms: int, tasks: int) -> Floats:
    """Tasks differ in difficulty, arms in nothing."""
    return np.tile(rng.beta(1, 1, tasks), (arms, 1))


def one_best(rng: np.random.Generator, arms: int, tasks: int) -> Floats:
    """a0 is better than all others on every task."""
    ability = np.array([1.5] + [-0.5] * (arms - 1))
    rates: Floats = 1 / (1 + np.exp(-(rng.normal(0, 1.2, tasks) + ability[:, None])))
    return rates


def complements(rng: np.random.Generator, arms: int, tasks: int) -> Floats:
    """a0 solves one half of the tasks and a1 the other, whatever their types; the rest little."""
    half = rng.random(tasks) < 0.5
    rates = np.full((arms, tasks), 0.2)
    rates[0], rates[1] = np.where(half, 0.9, 0.1), np.where(half, 0.1, 0.85)
    return rates


def specialists(rng: np.random.Generator, arms: int, tasks: int) -> Floats:
    """a0 is good at the types of even tasks and a1 at those of odd ones."""
    rates = np.full((arms, tasks), 0.2) + 0.05 * rng.random((arms, tasks))
    rates[0, ::2], rates[1, 1::2] = 0.85, 0.85
    return rates


def nobody(_rng: np.random.Generator, arms: int, tasks: int) -> Floats:
    """No arm solves anything."""
    return np.zeros((arms, tasks))


World = Callable[[np.random.Generator, int, int], Floats]
