"""The contract that every history keeps, as a test class to subclass; run by pytest over all of ours and over yours."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest

from banditgen.arm import arm_id, named_arm_id
from banditgen.errors import UsageError
from banditgen.history.base import (
    ArmEvent,
    ArmRecord,
    HistoryStore,
    PreferredResult,
    RaceRecord,
    SoftEvidence,
    WeightsOfType,
)
from banditgen.history.ids import new_id
from banditgen.learning.follow import Follower
from banditgen.racing.record import describe_arm
from banditgen.result import FailureKind, Feedback, Preference, Timings
from banditgen.testing._histories import ARMS, HOSTILE, a_decision, a_race, a_result, refusal, same_evidence


class HistoryContract:
    """Subclass it, say how a store is made, and pytest runs the contract.

    Attributes:
        lasts: whether what was written is there when the same place is opened again.
    """

    lasts: ClassVar[bool] = True

    def make(self) -> HistoryStore:
        """The store of this test: empty at the first call, the same place opened once more at later ones."""
        raise NotImplementedError

    def test_it_is_a_history(self) -> None:
        """It has the port's methods, and begins empty."""
        store = self.make()
        assert isinstance(store, HistoryStore)
        assert set(store.count().values()) == {0}
        assert store.races() == []
        assert store.tallies() == []
        assert (store.race("x"), store.decision("x"), store.result("x"), store.strategy("x"), store.arm_named("x")) == (None,) * 5
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

    def test_what_races_spent(self) -> None:
        """Generations, seconds, tokens and money by race, newest first, with the account; infrastructure's failures cost nothing."""
        store, rng, now = self.make(), np.random.default_rng(1), time.time()
        for number in range(3):
            results = [a_result(ARMS[place], rng) for place in range(3)]
            for place, result in enumerate(results):
                result.failure = FailureKind.INFRASTRUCTURE if place == 2 else None
                result.timings = Timings(wall=1.0, prompt_eval=0.5, eval=float(number), prompt_tokens=10, completion_tokens=number)
                result.generation_time = result.timings.model_seconds
                result.price = 0.25
            race = a_race(rng, results=results, id=f"race{number}")
            if number:
                store.add_decision(a_decision(race.id, detail={"account": "mine"}))
            store.add_race(race)
            time.sleep(0.002)
        costs = store.costs(0.0, 2)
        assert [(cost.race_id, cost.account, cost.generations) for cost in costs] == [("race2", "mine", 2), ("race1", "mine", 2)]
        assert [(cost.model_seconds, cost.tokens, cost.price) for cost in costs] == [(5.0, 24, 0.5), (3.0, 22, 0.5)]
        assert [cost.account for cost in store.costs(0.0, 9)] == ["mine", "mine", ""]
        assert costs[1].created_at >= now
        assert [cost.race_id for cost in store.costs(costs[0].created_at, 9)] == ["race2"]
        store.close()

    def test_tallies_count_what_teaches(self) -> None:
        """Passes and fails per arm, name and task type; cancelled and unverified outcomes are none."""
        store, rng = self.make(), np.random.default_rng(1)
        kinds = [None, FailureKind.WRONG, FailureKind.CANCELLED, FailureKind.INFRASTRUCTURE]
        results = [
            dataclasses.replace(a_result(arm, rng), failure=kind, test_passed=kind is None) for arm, kind in zip(ARMS, kinds, strict=True)
        ]
        store.add_race(a_race(rng, results=[*results, dataclasses.replace(a_result(ARMS[0], rng), verified=False)]))
        assert {(one.arm_name, one.passes, one.fails) for one in store.tallies("text")} == {("arm0", 1, 0), ("arm1", 0, 1)}
        assert store.tallies("numeric") == []
        assert store.arm_named("arm3") == arm_id(ARMS[3])
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

    def test_selections_and_weights_by_scope(self) -> None:
        """The last weights of a scope are in use, and one scope does not touch another."""
        store = self.make()
        for name, score in (("a", 0.2), ("a", 0.4), ("b", 0.6)):
            store.add_selection("x", {"generator_name": name, "combined_score": score, "id": new_id()}, "text")
        stats = store.selection_stats("x")
        assert stats.by_arm == {"a": 2, "b": 1}
        assert abs(stats.mean_score - 0.4) < 1e-12
        assert abs(stats.score_std - (0.08 / 3) ** 0.5) < 1e-9
        assert store.selection_stats("y").by_arm == {}
        for satisfaction in (0.4, 0.5, 1.0):
            store.add_feedback(Feedback(None, None, satisfaction), "x", lambda told: (0.6 - 0.05 * min(2, len(told)), 0.5))
        assert store.weights("x") == ((0.5, 0.5), 2)
        assert store.weights("y") == (None, 0)
        store.close()

    def test_weights_of_one_task_type_are_no_others(self) -> None:
        """An opinion moves those of its task type and the whole's; another type of the same scope stays where it was."""
        store = self.make()

        def learn(told: Sequence[Any]) -> tuple[float, float]:
            return 0.7 - 0.1 * len(told), 0.3 + 0.1 * len(told)

        for task_type in ("api", "api", "db"):
            store.add_feedback(Feedback(None, None, 0.5), "x", learn, WeightsOfType("x:0.7/0.3", task_type, learn))
        store = self._again(store)
        for scope, task_type, expected, steps in (("x:0.7/0.3", "api", 0.5, 2), ("x:0.7/0.3", "db", 0.6, 1), ("x", "", 0.4, 3)):
            weights, count = store.weights(scope, task_type)
            assert weights is not None
            assert abs(weights[0] - expected) < 1e-9
            assert count == steps
        assert store.weights("x:0.7/0.3", "other") == (None, 0)
        assert store.weights("x:0.7/0.3") == (None, 0)
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

    def test_what_results_cost_and_why_they_failed_adds_up(self) -> None:
        """Model seconds, tokens and price, of those that teach nothing, too; each failure kind by itself."""
        store, rng = self.make(), np.random.default_rng(1)
        spent = Timings(wall=3.0, prompt_tokens=10, completion_tokens=5)
        for kind in (FailureKind.WRONG, FailureKind.CANCELLED, FailureKind.TIMEOUT, FailureKind.TIMEOUT):
            one = dataclasses.replace(a_result(ARMS[0], rng), test_passed=False, failure=kind, timings=spent)
            one.generation_time, one.price = 2.0, 0.25
            store.add_race(a_race(rng, results=[one]))
        counted: dict[tuple[int, str], list[float]] = {}
        for key, (count, *_, seconds, tokens, price, _) in store.evidence({arm_id(ARMS[0])}, set()).own.items():
            total = counted.setdefault((key[4], key[5]), [0.0] * 4)
            total[:] = [a + b for a, b in zip(total, (count, seconds, tokens, price), strict=True)]
        each = [1, 2.0, 15, 0.25]
        assert counted == {(0, "wrong"): each, (-1, "cancelled"): each, (0, "timeout"): [2 * one for one in each]}
        store.close()

    def test_soft_evidence_stands_apart_from_verdicts(self) -> None:
        """Counted by kind and level beside the verdict, or none, of its result; told twice it counts once."""
        store, rng = self.make(), np.random.default_rng(1)
        passed, unknown = (dataclasses.replace(a_result(ARMS[0], rng), test_passed=True, failure=None, verified=v) for v in (True, False))
        store.add_race(a_race(rng, results=[passed, unknown]))
        before = store.evidence({arm_id(ARMS[0])}, set())
        for one in (
            SoftEvidence(passed.id, "agreed", 0.72, "1"),
            SoftEvidence(unknown.id, "agreed", 0.1),
            SoftEvidence(unknown.id, "runner", 1.0),
        ):
            assert store.add_soft_evidence(one)
        assert not store.add_soft_evidence(SoftEvidence(passed.id, "agreed", 0.72, "1"))
        assert not store.add_soft_evidence(SoftEvidence("nobody", "agreed", 0.72))
        with pytest.raises(UsageError, match="soft evidence"):
            store.add_soft_evidence(SoftEvidence(passed.id, "agreed", 1.5))
        new = store.evidence({arm_id(ARMS[0])}, set(), before.cursor)
        found: Counter[Any] = Counter()
        for key, count in new.soft.items():
            found[key[4:7]] += int(count)
        assert found == {("agreed", 7, 1): 1, ("agreed", 1, -1): 1, ("runner", 10, -1): 1}
        assert all(before.own[key] == values for key, values in new.own.items())
        store.close()

    def test_the_latest_word_of_each_person_on_each_matter_holds(self) -> None:
        """A correction takes the place of what it corrects, in what is read and in what weights are made of."""
        store, rng = self.make(), np.random.default_rng(5)
        race = a_race(rng)
        store.add_race(race)
        first, second = (result.id for result in race.results[:2])
        told: list[Feedback | Preference] = [
            Feedback(race.id, first, 0.2, HOSTILE, id="1", created_at=1.0),
            Preference(race.id, first, second, "ann", id="2", created_at=2.0),
            Feedback(race.id, second, 0.5, HOSTILE, id="3", created_at=3.0),
            Feedback(race.id, first, 0.9, HOSTILE, id="4", created_at=4.0),
            Preference(race.id, second, first, "ann", HOSTILE, id="5", created_at=5.0),
            Feedback(race.id, first, 0.7, None, id="6", created_at=6.0),
        ]
        seen: list[list[str]] = []

        def learn(opinions: Sequence[Feedback | PreferredResult]) -> tuple[float, float]:
            seen.append([o.id if isinstance(o, Feedback) else o.preference.id for o in opinions])
            return 0.5, 0.5

        assert all(store.add_feedback(opinion, "x", learn) for opinion in told)
        assert not any(store.add_feedback(opinion, "x", learn) for opinion in told)
        assert seen[-1] == ["4", "5", "3", "6"]
        assert store.race_of(first) == race.id
        assert (store.race_of("nonsense"), store.race_of(race.id)) == (None, None)
        store = self._again(store)
        assert store.feedback() == [opinion for opinion in told if isinstance(opinion, Feedback)]
        assert [(rated.feedback.id, rated.result.result_id) for rated in store.ratings()] == [("4", first), ("3", second), ("6", first)]
        [preferred] = store.preferences()
        assert (preferred.preference, preferred.better.result_id, preferred.worse.result_id) == (told[4], second, first)
        given = race.results[1]
        known = preferred.better
        assert (known.quality, known.speed, known.test_passed) == (given.quality_score, given.speed_score, given.test_passed)
        assert (known.generation_time, known.execution_time, known.measures) == (
            given.generation_time,
            given.execution_time,
            given.measures,
        )
        assert store.weights("x") == ((0.5, 0.5), 0)
        store.close()

    def test_evidence_is_the_fold_of_the_log(self) -> None:
        """Whoever reads it, from the beginning or as it grows, whatever is raced more than once or recorded by hand."""
        store, rng = self.make(), np.random.default_rng(3)
        follower = Follower(store, ARMS)
        races, by_hand = [], []
        for i in range(40):
            some = [ARMS[k] for k in rng.choice(4, 3, replace=bool(i % 9 == 0))]
            races.append(a_race(rng, task_type=("text", "numeric")[i % 2], results=[a_result(arm, rng) for arm in some]))
            store.add_race(races[-1])
            if i % 5 == 0:
                by_hand.append(dataclasses.replace(a_result(ARMS[i % 4], rng), arm_id=named_arm_id(ARMS[i % 4].name)))
                store.add_outcome(by_hand[-1], "text")
                follower.read()
        same_evidence(store, races, by_hand, follower)
        store = self._again(store)
        same_evidence(store, races, by_hand)
        store.close()

    def test_many_threads_write_and_follow_at_once(self) -> None:
        """Nothing is lost or counted twice, and who follows meanwhile ends at the same sums."""
        store = self.make()
        follower, races = Follower(store, ARMS), [[a_race(np.random.default_rng(i * 100 + j)) for j in range(8)] for i in range(6)]
        failures: list[BaseException] = []

        def write(some: list[RaceRecord]) -> None:
            try:
                for race in some:
                    store.add_race(race)
            except BaseException as error:  # noqa: BLE001 - told to the test
                failures.append(error)

        threads = [threading.Thread(target=write, args=(some,)) for some in races]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            follower.read()
        for thread in threads:
            thread.join()
        assert failures == []
        assert store.count()["races"] == 48
        same_evidence(store, [race for some in races for race in some], [], follower)
        store.close()

    def test_a_closed_history_says_so(self) -> None:
        """A second close does nothing; any use is a HistoryError."""
        store = self.make()
        store.close()
        store.close()
        assert refusal(store.count)

    def _again(self, store: HistoryStore) -> HistoryStore:
        if not self.lasts:
            return store
        store.close()
        return self.make()
