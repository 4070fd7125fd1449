"""What weights ask for is learned: by the same posteriors, from the same log, with no relearning when weights change."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path

import pytest

from banditgen import GenerationResult, GeneratorConfig, SelectionCriteria
from banditgen.history.base import DecisionRecord, RaceRecord
from banditgen.history.store import History
from banditgen.learning.learner import Learner
from banditgen.racing.record import describe_arm
from banditgen.scoring import weigh
from tests.history.test_transfer import exported, imported

ARMS = [GeneratorConfig("safe", "m1"), GeneratorConfig("quick", "m2")]
WEIGHING = SelectionCriteria(0.4, 0.2, measure_weights={"security": 0.4})


def _race(history: History, number: int, criteria: SelectionCriteria = WEIGHING) -> None:
    results = []
    for arm, security, seconds in zip(ARMS, (1.0, 0.2), (20.0, 2.0), strict=True):
        one = GenerationResult(arm.name, "x", seconds, arm.model, arm.temperature, True, quality_score=0.8, verified=True)
        one.id, one.arm_id, one.measures = f"{arm.name}{number}", arm.arm_id, {"quality": 0.6, "security": security}
        weigh(one, criteria)
        results.append(one)
    history.add_decision(DecisionRecord(f"r{number}", "t", [describe_arm(arm) for arm in ARMS], "given"))
    history.add_race(RaceRecord(f"r{number}", "t", {}, results))


def test_a_weight_on_a_measure_decides_which_arm_is_expected_to_be_best(tmp_path: Path) -> None:
    with contextlib.closing(History(tmp_path / "h.db")) as history:
        learner = Learner(history, ARMS, "thompson")
        for number in range(12):
            _race(history, number)
            learner.recommend("t", WEIGHING)  # followed as the log grows
        assert learner.recommend("t", SelectionCriteria(0.7, 0.3))[0].name == "quick"
        for reader in (learner, Learner(history, ARMS, "thompson")):
            best = reader.recommend("t", WEIGHING)[0]
            assert best.name == "safe"
            race = history.race("r0")
            assert race is not None
            assert reader.state("t", WEIGHING).mean[0].tolist() == pytest.approx([result.reward for result in race.results])
        assert history.check_statistics() == []
        history.rebuild_statistics()
        assert learner.recommend("t", WEIGHING)[0].name == "safe"


def test_an_arm_that_is_worse_stays_on_the_front_for_a_measure_that_weights_ask_for(tmp_path: Path) -> None:
    """ "quick" is as good and faster, so "safe" is behind it, but for the security that it alone has."""
    with contextlib.closing(History(tmp_path / "h.db")) as history:
        for number in range(60):
            _race(history, number)
        learner = Learner(history, ARMS, "best_set")
        weighed = {row.name: row for row in learner.goals("t", WEIGHING)}
        assert [row.beaten_by for row in weighed.values()] == [None, None]
        assert {name: row.goals["security"].median > 0.8 for name, row in weighed.items()} == {"safe": True, "quick": False}
        assert weighed["quick"].goals["speed"].low > weighed["safe"].goals["speed"].high
        assert [set(row.goals) for row in learner.goals("elsewhere", SelectionCriteria())] == [{"quality", "speed"}] * 2
        assert all(row.on_front for row in learner.goals("elsewhere", WEIGHING))


def test_measures_are_learned_from_an_import_as_from_races(tmp_path: Path) -> None:
    with contextlib.closing(History(tmp_path / "a.db")) as one, contextlib.closing(History(tmp_path / "b.db")) as other:
        for number in range(3):
            _race(one, number)
        imported(other, exported(one))
        assert other.check_statistics() == []
        states = [Learner(history, ARMS, "thompson").state("t", WEIGHING) for history in (one, other)]
        assert states[0].total.tolist() == states[1].total.tolist()


@pytest.mark.slow
def test_a_candidate_outside_the_criteria_is_paid_no_measure(tmp_path: Path) -> None:
    strict = dataclasses.replace(WEIGHING, max_generation_time=10.0)  # "safe" took 20 s
    with contextlib.closing(History(tmp_path / "h.db")) as history:
        for number in range(4):
            _race(history, number, strict)
        assert history.check_statistics() == []
        state = Learner(history, ARMS, "thompson").state("t", strict)
        assert state.mean[0, 0] == 0.0
        assert state.mean[0, 1] > 0.3
