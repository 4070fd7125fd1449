"""Evolution on the estimate: what it proposes is new, has real parents, and is what the estimate likes."""

from __future__ import annotations

import numpy as np
import pytest

from banditgen.evolution.fitness import Estimator, Outcome, Outcomes
from banditgen.evolution.genome import Genome, Space
from banditgen.evolution.operators import Child, breed, random_genome
from banditgen.evolution.surrogate import SIZE, surrogate_search

SPACE = Space(("good", "bad"))


def setting(seed: int) -> tuple[list[Genome], Estimator, np.random.Generator]:
    """60 genomes with 4 outcomes each; the model and temperature decide them."""
    rng = np.random.default_rng(seed)
    genomes = [random_genome(SPACE, rng) for _ in range(60)]
    evidence = Outcomes()
    for genome in genomes:
        chance = (0.9 if genome.model == "good" else 0.4) - 0.3 * abs(genome.temperature - 0.4)
        for task in range(4):
            evidence.add(Outcome(genome.arm_id, f"t{task}", float(rng.random() < chance), 1.0))
    return genomes, Estimator(SPACE, {genome.arm_id: genome for genome in genomes}, evidence), rng


def test_children_are_new_and_their_parents_are_those_that_were_raced() -> None:
    genomes, estimator, rng = setting(0)
    parents = genomes[:6]
    known = {genome.arm_id: None for genome in genomes}
    children = surrogate_search(parents, known, estimator, lambda population: breed(population, SPACE, rng), 5)
    ids = [child.genome.arm_id for child in children]
    assert 0 < len(ids) <= SIZE
    assert len(set(ids)) == len(ids)
    assert not set(ids) & set(known)
    for child in children:
        assert 1 <= len(child.parents) <= 2
        assert set(child.parents) <= set(parents)
        assert sum(child.shares) == pytest.approx(1)


def test_more_generations_find_what_the_estimate_likes_more() -> None:
    genomes, estimator, _ = setting(1)
    expected = []
    for generations in (1, 8):
        rng = np.random.default_rng(2)
        children = surrogate_search(genomes[:6], {}, estimator, lambda population, rng=rng: breed(population, SPACE, rng), generations)  # type: ignore[misc]
        mean, _ = estimator.estimate([child.genome for child in children])
        expected.append(float(mean.mean()))
        good = float(np.mean([child.genome.model == "good" for child in children]))
    assert expected[1] > expected[0]
    assert good > 0.7


def test_children_without_parents_are_accepted() -> None:
    """As random search makes them."""
    genomes, estimator, rng = setting(3)
    children = surrogate_search(genomes[:2], {}, estimator, lambda _: Child(random_genome(SPACE, rng)), 2)
    assert len(children) == SIZE
    assert all(child.parents == () for child in children)


def test_the_cheap_estimate_is_the_posterior() -> None:
    genomes, estimator, rng = setting(4)
    others = [random_genome(SPACE, rng) for _ in range(5)]
    for asked in (None, others):
        belief = estimator.known() if asked is None else estimator.believe(asked)
        mean, deviation = estimator.estimate(asked)
        np.testing.assert_allclose(mean, belief.mean, atol=1e-9)
        np.testing.assert_allclose(deviation, belief.deviation, atol=1e-6)
    places = np.array([3, 1])
    np.testing.assert_allclose(estimator.known(places).covariance, estimator.known().covariance[np.ix_(places, places)], atol=1e-9)
    assert len(genomes) == 60
