"""What is learned from a history and stays right whoever writes it: the part of the contract about sums, opinions and costs."""

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
from banditgen.history.base import HistoryStore, RaceRecord, SoftEvidence
from banditgen.history.ids import new_id
from banditgen.history.judged import PreferredResult, WeightsOfType
from banditgen.learning.follow import Follower
from banditgen.result import FailureKind, Feedback, Preference, Timings
from banditgen.testing._histories import ARMS, HOSTILE, a_decision, a_race, a_result, same_evidence


class LearnedContract:
    """See `banditgen.testing.history.HistoryContract`."""

    lasts: ClassVar[bool] = True

    def make(self) -> HistoryStore:
        """The store of this test: empty at the first call, the same place opened once more at later ones."""
        raise NotImplementedError

    def _again(self, store: HistoryStore) -> HistoryStore:
        if not self.lasts:
            return store
        store.close()
        return self.make()

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
        last = store.last_named("arm3")
        assert last is not None
        assert (last[0], last[1].arm_id) == ("text", arm_id(ARMS[3]))
        assert store.last_named("arm3", "numeric") == last  # it has no verdict
        assert store.last_named("arm1", "numeric") is None
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
        assert [(one["arm_name"], one["combined_score"], one["task_type"]) for one in store.selections("x")] == [
            ("a", 0.2, "text"),
            ("a", 0.4, "text"),
            ("b", 0.6, "text"),
        ]
        for satisfaction in (0.4, 0.5, 1.0):
            store.add_feedback(Feedback(None, None, satisfaction), "x", lambda told: (0.6 - 0.05 * min(2, len(told)), 0.5))
        assert store.weights("x") == ((0.5, 0.5), 2)
        assert store.weights("y") == (None, 0)
        steps = store.weight_steps("x")
        assert [round(step["quality"], 9) for step in steps] == [0.6, 0.55, 0.5, 0.5]
        assert [step["feedback_id"] is None for step in steps] == [True, False, False, False]
        assert store.weight_steps("y") == store.selections("y") == []
        assert store.weight_scopes() == [("x", "")]
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
        assert store.weight_scopes() == [("x", ""), ("x:0.7/0.3", "api"), ("x:0.7/0.3", "db")]
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

    def test_columns_are_what_outcomes_are(self) -> None:
        """Each result's values side by side, in the order of `outcomes`; of all results or of one task type."""
        store, rng = self.make(), np.random.default_rng(3)
        assert store.columns("id", "passed") == {"id": [], "passed": []}
        for task_type in ("text", "numeric", "text"):
            store.add_race(a_race(rng, task_type=task_type))
        told = store.outcomes()
        names = [name for name in told[0] if name not in ("measures", "result")]
        assert store.columns(*names) == {name: [row[name] for row in told] for name in names}
        assert store.columns("id", task_type="text")["id"] == [row["id"] for row in told if row["task_type"] == "text"]
        more = store.columns("id", "arm_name", "reward", "step")
        results = [store.result(own) for own in more["id"]]
        found = [(one.generator_name, one.reward, one.step) for one in results if one is not None]
        assert [*zip(more["arm_name"], more["reward"], more["step"], strict=True)] == found
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

    def test_a_race_brings_its_soft_evidence_and_ratings_are_some(self) -> None:
        """A race's with the race; of ratings one for each result, the mean of each person's latest word, as it was at every moment."""
        store, rng = self.make(), np.random.default_rng(1)
        one, broken = (
            dataclasses.replace(a_result(ARMS[0], rng), failure=kind, verified=False) for kind in (None, FailureKind.INFRASTRUCTURE)
        )
        race = a_race(rng, results=[one, broken])
        with pytest.raises(UsageError, match="not of this race"):
            store.add_race(race, [SoftEvidence("another", "ran", 1.0)])
        with pytest.raises(UsageError, match="soft evidence"):
            store.add_race(race, [SoftEvidence(one.id, "ran", 2.0)])
        assert store.add_race(race, [SoftEvidence(one.id, "ran", 1.0), SoftEvidence(broken.id, "ran", 0.0)])
        assert not store.add_race(race, [SoftEvidence(one.id, "ran", 1.0)])
        told = [("ann", 0.2), (None, 0.6), ("ann", 0.8)]
        for place, (who, satisfaction) in enumerate(told):
            assert store.add_feedback(Feedback(race.id, one.id, satisfaction, who, id=str(place), created_at=time.time()))
        assert not store.add_feedback(Feedback(race.id, one.id, 0.0, "ann", id="2"))
        store.add_feedback(Feedback(race.id, broken.id, 0.0))
        store.add_feedback(Feedback(None, one.id, 0.0))
        store.add_feedback(Feedback("another", one.id, 0.0))  # as an import may bring it
        store = self._again(store)
        found: Counter[Any] = Counter()
        for key, count in store.evidence({arm_id(ARMS[0])}, set()).soft.items():
            found[key[4:7]] += int(count)
        assert +found == {("ran", 10, -1): 1, ("rating", 7, -1): 1}
        events = [(event.kind, event.value) for event in store.soft_evidence() if event.result_id == one.id]
        assert [event for event in store.soft_evidence(race.id) if event.result_id == one.id] == [
            event for event in store.soft_evidence() if event.result_id == one.id
        ]
        assert store.soft_evidence("another") == []
        assert events == [("ran", 1.0), *(("rating", pytest.approx(mean)) for mean in (0.2, 0.4, 0.7))]
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
