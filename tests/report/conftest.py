"""One history that every test of the report may read, with something in all that is shown."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from banditgen.arm import GeneratorConfig, arm_id
from banditgen.evolution.population import BORN
from banditgen.history.base import ArmEvent, ArmRecord, SoftEvidence
from banditgen.history.store import History
from banditgen.report.source import Source
from banditgen.selection import rate
from tests.report.world import World, fill, some_arms

RATES = np.array([[0.9, 0.3], [0.4, 0.4], [0.3, 0.3], [0.5, 0.9]])


@pytest.fixture(scope="session")
def history() -> Iterator[History]:
    """120 races of four arms on two types of tasks; some are rated, one arm was bred, some soft evidence stands beside verdicts."""
    store = fill(World(some_arms(4), RATES, ("text", "data")), 120)
    parents = [arm_id(arm) for arm in some_arms(2)]
    child = GeneratorConfig("child", "model0:2b", 0.3)
    store.add_arms([ArmRecord.of(child, parents, "evolved")])
    store.add_arm_event(ArmEvent("planted", arm_id(child), BORN, {"change": "temperature 0.3"}))
    for race in store.races(8):
        if race.best_id:
            rate(store, race.best_id, 0.4, who="ann", why="too slow")
    for race in store.races(20):
        for result in race.results:
            store.add_soft_evidence(SoftEvidence(result.id, "agreed", 0.9 if result.test_passed else 0.1))
    yield store
    store.close()


@pytest.fixture(scope="session")
def source(history: History) -> Source:
    """It, read."""
    return Source(history)
