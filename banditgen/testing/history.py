"""The contract that every history keeps, as a test class to subclass; run by pytest over all of ours and over yours."""

from __future__ import annotations

import dataclasses
import time

import numpy as np

from banditgen.arm import arm_id
from banditgen.history.base import ArmEvent, ArmRecord, HistoryStore
from banditgen.history.ids import new_id
from banditgen.racing.record import describe_arm
from banditgen.result import Feedback
from banditgen.testing._histories import ARMS, HOSTILE, a_decision, a_race, a_result, refusal, same_evidence
from banditgen.testing._history_learned import LearnedContract


class HistoryContract(LearnedContract):
    """Subclass it, say how a store is made, and pytest runs the contract.

    Attributes:
        lasts: whether what was written is there when the same place is opened again.
    """

    def test_it_is_a_history(self) -> None:
        """It has the port's methods, and begins empty."""
        store = self.make()
        assert isinstance(store, HistoryStore)
        assert set(store.count().values()) == {0}
        assert store.races() == []
        assert store.tallies() == []
        assert (store.race("x"), store.decision("x"), store.result("x"), store.strategy("x"), store.last_named("x")) == (None,) * 5
        assert store.decisions_by_id(["x"]) == store.decisions_by_id([]) == {}
        assert store.weights("x") == (None, 0)
        store.close()

    def test_what_is_written_is_read_back(self) -> None:
        """Every field, hostile text in every text included: NUL, lone surrogates, control characters."""
        store = self.make()
        race = a_race(np.random.default_rng(1), task_type=HOSTILE, task={"prompt": HOSTILE}, reason=HOSTILE)
        decision = a_decision(race.id, task_type=HOSTILE, strategy=HOSTILE)
        store.add_decision(decision)
        assert store.add_race(race)
        rating = Feedback(race.id, race.best_id, 0.4, HOSTILE, HOSTILE, id="f1", created_at=1.5)
        store.add_feedback(rating)
        by_hand = a_result(ARMS[0], np.random.default_rng(2))
        store.add_outcome(by_hand, "text")
        store.add_strategy("h", HOSTILE, HOSTILE)
        store = self._again(store)
        read = store.race(race.id)
        assert read is not None
        assert dataclasses.replace(read, created_at=0.0) == race
        kept = store.decision(race.id)
        assert store.decisions_by_id(["x", race.id]) == {race.id: kept}
        assert kept is not None
        assert dataclasses.replace(kept, created_at=0.0) == decision
        assert abs(read.created_at - time.time()) < 600
        assert store.feedback(race.id) == store.feedback() == [rating]
        assert store.feedback("another") == []
        assert store.result(race.results[1].id) == race.results[1]
        assert store.result(by_hand.id) == by_hand
        assert store.strategy("h") == HOSTILE
        assert store.count() == {"decisions": 1, "races": 1, "results": len(race.results) + 1, "feedback": 1}
        store.close()

    def test_what_is_told_twice_is_kept_once(self) -> None:
        """Races, outcomes, decisions, ratings, arms, strategies and events are known by their ids."""
        store, rng = self.make(), np.random.default_rng(1)
        race, by_hand = a_race(rng), a_result(ARMS[0], rng)
        decision, rating = a_decision(race.id), Feedback(race.id, race.best_id, 0.4, id="f")
        event = ArmEvent("s", "a", "born", id="e")
        arm = ArmRecord("a", "arm", "m", {"temperature": 0.1}, ["p"], "evolved", 5.0)
        assert [store.add_race(race) for _ in range(2)] == [True, False]
        for _ in range(2):
            store.add_decision(decision)
            store.add_outcome(by_hand, "text")
            store.add_feedback(rating)
            store.add_arms([arm])
            store.add_arm_event(event)
            store.add_strategy("h", "n", "first")
        store.add_strategy("h", "n", "second")
        assert store.count() == {"decisions": 1, "races": 1, "results": len(race.results) + 1, "feedback": 1}
        assert [one for one in store.arms() if one.arm_id == "a"] == [arm]
        assert len(store.arm_events()) == 1
        assert store.strategy("h") == "first"
        same_evidence(store, [race], [by_hand])
        store.close()

    def test_a_race_with_anothers_result_is_refused_whole(self) -> None:
        """Nothing of it is kept, and the sums stay as they were."""
        store, rng = self.make(), np.random.default_rng(1)
        race = a_race(rng)
        store.add_race(race)
        thief = dataclasses.replace(a_race(rng), results=[a_result(ARMS[3], rng), race.results[0]])
        said = refusal(lambda: store.add_race(thief))
        assert said
        assert "\n" not in said
        assert store.race(thief.id) is None
        assert store.result(thief.results[0].id) is None
        assert store.known_results([thief.results[0].id, race.results[0].id]) == {race.results[0].id}
        same_evidence(store, [race])
        store.close()

    def test_races_of_one_and_of_none_are_kept(self) -> None:
        """With one arm, and with no arm that brought anything."""
        store = self.make()
        full = a_race(np.random.default_rng(1))
        one = dataclasses.replace(full, results=full.results[:1], best_id=None)
        none = dataclasses.replace(full, id=new_id(), results=[], best_id=None)
        for race in (one, none):
            store.add_decision(a_decision(race.id))
            assert store.add_race(race)
            read = store.race(race.id)
            assert read is not None
            assert dataclasses.replace(read, created_at=0.0) == race
        store.close()

    def test_decisions_are_pending_until_told(self) -> None:
        """Of their task type, since a moment; told before or after they are written."""
        store, rng = self.make(), np.random.default_rng(1)
        for name in ("early", "late", "open"):
            store.add_decision(a_decision(name))
        store.add_decision(a_decision("elsewhere", task_type="numeric"))
        store.add_race(a_race(rng, id="early"))
        store.add_race(a_race(rng, id="unasked"))
        store.add_decision(a_decision("unasked"))
        assert sorted(decision.id for decision in store.pending("text")) == ["late", "open"]
        assert store.pending("text", time.time() + 60) == []
        assert store.pending("nothing") == []
        store.close()

    def test_races_are_listed_newest_first(self) -> None:
        """All, of one task type, and no more than asked for."""
        store, rng = self.make(), np.random.default_rng(1)
        ids = []
        for i in range(5):
            race = a_race(rng, task_type=("text", "numeric")[i % 2])
            ids.append(race.id)
            store.add_race(race)
            time.sleep(0.002)
        assert [race.id for race in store.races()] == ids[::-1]
        assert [race.id for race in store.races(2)] == ids[:-3:-1]
        assert [race.id for race in store.races(9, "numeric")] == [ids[3], ids[1]]
        assert all(len(race.results) == 3 for race in store.races())
        assert [(race.id, race.results) for race in store.races(2, results=False)] == [(own, []) for own in ids[:-3:-1]]
        store.close()

    def test_ids_are_found_by_their_beginnings(self) -> None:
        """Of decisions, races and results; each once; none by a pattern's characters or by other case."""
        store = self.make()
        race = a_race(np.random.default_rng(1), id="Race%1")
        store.add_decision(a_decision(race.id))
        store.add_race(race)
        result = race.results[0].id
        assert store.ids_beginning("Race", 5) == store.ids_beginning("Race%", 5) == ["Race%1"]
        assert store.ids_beginning(result[:-1], 99) == sorted(r.id for r in race.results if r.id.startswith(result[:-1]))
        assert store.ids_beginning("race", 5) == store.ids_beginning("R_ce", 5) == []
        assert len(store.ids_beginning("", 2)) == 2
        store.close()

    def test_a_decision_brings_its_arms(self) -> None:
        """With their settings, as a strategy's."""
        store = self.make()
        store.add_decision(a_decision("d", arms=[describe_arm(arm) for arm in ARMS[:2]]))
        store.add_decision(a_decision("e", arms=[describe_arm(arm) for arm in ARMS[1:3]]))
        arms = {arm.arm_id: arm for arm in store.arms()}
        assert set(arms) == {arm_id(arm) for arm in ARMS[:3]}
        one = arms[arm_id(ARMS[1])]
        assert (one.name, one.model, one.origin, one.parents) == ("arm1", "model0:latest", "strategy", [])
        assert one.settings["temperature"] == ARMS[1].temperature
        store.close()

    def test_events_of_arms_by_scope(self) -> None:
        """Oldest first, with their details."""
        store = self.make()
        store.add_arm_event(ArmEvent("one", "a", "born", {"parents": [HOSTILE]}, created_at=1.0))
        store.add_arm_event(ArmEvent("two", "b", "born", created_at=2.0))
        store.add_arm_event(ArmEvent("one", "a", "retired", {"lcb": 0.25}, created_at=3.0))
        assert [(one.event, one.detail) for one in store.arm_events("one")] == [
            ("born", {"parents": [HOSTILE]}),
            ("retired", {"lcb": 0.25}),
        ]
        assert [one.arm_id for one in store.arm_events()] == ["a", "b", "a"]
        assert all(one.id for one in store.arm_events())
        store.close()

    def test_a_race_has_a_decision_for_each_of_its_waves(self) -> None:
        """In their order; all are pending until the race is told, and none after."""
        store, rng = self.make(), np.random.default_rng(1)
        for decision in (a_decision("r"), *(a_decision(f"r{step}", race_id="r", step=step) for step in (2, 1))):
            store.add_decision(decision)
        store.add_decision(a_decision("again", race_id="r", step=1))  # its place is taken
        assert sorted(decision.id for decision in store.pending("text")) == ["r", "r1", "r2"]
        store.add_race(a_race(rng, id="r"))
        store = self._again(store)
        assert store.pending("text") == []
        read = [(decision.id, decision.race_id, decision.step) for decision in store.decisions("r")]
        assert read == [("r", "r", 0), ("r1", "r", 1), ("r2", "r", 2)]
        store.add_decision(a_decision("late", race_id="r", step=3))
        assert store.pending("text") == []
        store.close()

    def test_a_closed_history_says_so(self) -> None:
        """A second close does nothing; any use is a HistoryError."""
        store = self.make()
        store.close()
        store.close()
        assert refusal(store.count)
