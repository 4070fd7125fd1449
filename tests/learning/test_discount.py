"""What evidence counts for once weights changed: one rule, asked live by the learner and offline by every question."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banditgen import BanditGenerator, GeneratorConfig, Task
from banditgen.arm import arm_id, named_arm_id
from banditgen.bandit import Statistics, make_policy
from banditgen.bandit.discount import KEEP, worth
from banditgen.generators.base import Generation, ModelInfo
from banditgen.history.base import RaceRecord, SoftEvidence
from banditgen.history.ids import new_id
from banditgen.history.rows import summed_row
from banditgen.history.store import History
from banditgen.history.sums import Fold
from banditgen.learning.follow import Follower
from banditgen.offline.counterfactual import Prefix
from banditgen.result import FailureKind, Feedback, GenerationResult, Timings
from tests.clients import GOOD
from tests.examples import examples

ARMS = [GeneratorConfig(f"arm{i}", f"m{i // 2}:latest", 0.2 + 0.3 * (i % 2)) for i in range(4)]
FIELDS = ("passes", "fails", "total", "square")
DIGESTS = (None, "A", "B")

outcomes = st.tuples(
    st.integers(0, 3),
    st.sampled_from(("passed", "wrong", "cancelled", "not tested")),
    st.sampled_from(DIGESTS),
    st.booleans(),
    st.sampled_from((None, "1", "2")),
)
said = st.lists(st.tuples(st.sampled_from(("ran", "agreed", "rating")), st.integers(0, 10), st.integers(0, 2)), max_size=4)
races = st.lists(st.tuples(st.lists(outcomes, min_size=1, max_size=3), st.booleans(), said), min_size=1, max_size=8)
running = st.dictionaries(st.sampled_from(("m0", "m1")), st.sets(st.sampled_from(("A", "B", "C")), max_size=2))


def result(arm: int, verdict: str, digest: str | None, by_name: bool, words: str | None = None) -> GenerationResult:
    failure = None if verdict in ("passed", "not tested") else FailureKind(verdict)
    own = ARMS[arm]
    made = GenerationResult(own.name, "", 1.0, own.model, own.temperature, failure is None, failure=failure)
    made.verified, made.digest, made.prompt_version = verdict != "not tested", digest, words
    made.id, made.arm_id = new_id(), named_arm_id(own.name) if by_name else arm_id(own)
    made.quality_score, made.speed_score = 0.25 + arm / 8, 0.5
    return made


@pytest.mark.slow
@examples(30)
@given(races, st.sampled_from((0.0, 0.1, 0.5, 1.0)), st.lists(running, min_size=8, max_size=8))
def test_the_offline_rule_is_the_live_rule(told: list[Any], keep: float, runs: list[dict[str, set[str]]]) -> None:
    """Whatever ran under whichever digests, and whatever was said of it: what a learner read at each moment is what offline questions make
    of the log up to then, and what its sums are when they are made anew.
    """
    history = History("sqlite://")
    live = Follower(history, ARMS, keep)
    read = []

    def known(statistics: Statistics) -> list[Any]:
        state = statistics.state(ARMS, "t", (0.7, 0.3))
        return [getattr(one, name).copy() for one in (state, statistics.with_soft(state, ARMS, "t")) for name in FIELDS]

    for (some, alone, words), digests in zip(told, runs, strict=False):
        results = [result(*one) for one in some]
        if alone:
            for one in results:
                history.add_outcome(one, "t")
        else:
            race = RaceRecord(new_id(), "t", {}, results)
            history.add_race(race, [SoftEvidence(results[0].id, "ran", 1.0)])
            for kind, level, place in words:
                one = results[place % len(results)].id
                if kind == "rating":
                    history.add_feedback(Feedback(race.id, one, level / 10, str(level % 2)))
                else:
                    history.add_soft_evidence(SoftEvidence(one, kind, level / 10))
        read.append((time.time(), digests, known(live.read(digests))))
        time.sleep(1e-4)
    prefix = Prefix(history.outcomes(), ARMS, keep, history.soft_evidence())
    for moment, digests, values in read:
        assert np.allclose(known(prefix.until(moment, digests)), values)
    assert history.check_statistics() == []
    history.rebuild_statistics()
    assert np.allclose(known(Follower(history, ARMS, keep).read(runs[len(read) - 1])), read[-1][2])


def test_a_digest_that_comes_back_counts_whole_offline_too() -> None:
    """After A, B, A: the passes under A count whole again, those under B a tenth."""
    history = History("sqlite://")
    for digest in "AAABBA":
        history.add_race(RaceRecord(new_id(), "t", {}, [result(0, "passed", digest, False)]))
    prefix = Prefix(history.outcomes(), ARMS[:1])
    assert prefix.until(time.time(), {}).state(ARMS[:1], "t", (1.0, 0.0)).passes[0, 0] == pytest.approx(4.2)


def test_evidence_under_other_words_counts_a_tenth_like_that_under_another_digest() -> None:
    """The newest words count whole, and so does what is of unknown words; what differs in both counts a tenth once. Ids stay."""
    history = History("sqlite://")
    follower = Follower(history, ARMS[:1])

    def told(*seen: tuple[str | None, str | None]) -> float:
        for digest, words in seen:
            history.add_race(RaceRecord(new_id(), "t", {}, [result(0, "passed", digest, False, words)]))
        assert history.check_statistics() == []
        return float(follower.read().state(ARMS[:1], "t", (1.0, 0.0)).passes[0, 0])

    assert told(("A", "1"), ("A", "1"), (None, None)) == pytest.approx(3.0)
    assert told(("A", "2")) == pytest.approx(0.2 + 1 + 1)
    assert told(("B", "2")) == pytest.approx(0.2 + 1 + 0.1 + 1)
    assert told((None, "1")) == pytest.approx(0.2 + 1 + 0.1 + 0.1 + 1)


def test_patterns_are_discounted_as_the_counts_are() -> None:
    """An outcome in a race of two counts the same share in the pattern as by itself; the other arm's stays whole."""
    history = History("sqlite://")
    history.add_race(RaceRecord(new_id(), "t", {}, [result(0, "passed", "A", False), result(2, "wrong", "A", False)]))
    state = Follower(history, ARMS).read({"m0": {"B"}, "m1": {"A"}}).state(ARMS, "t", (0.7, 0.3))
    assert state.count[0].tolist() == [pytest.approx(KEEP), 0, 1, 0]
    assert state.patterns.covered[0].sum(0).tolist() == [pytest.approx(KEEP), 0, 1, 0]


@pytest.mark.slow
@pytest.mark.timeout(1500)  # three thousand choices each: ten seconds of processor time, of which a busy machine may give little
@pytest.mark.parametrize("policy", ["thompson", "best_set"])
def test_after_a_digest_change_the_better_arm_is_found_again(policy: str) -> None:
    """The best arm falls and the worst rises, both under new digests: the new best is in most of races 100 to 150, 8 times of 10."""
    arms = [GeneratorConfig(f"arm{i}", f"model{i}", 0.5) for i in range(6)]
    before, after, used = np.array([0.8, 0.4, 0.35, 0.3, 0.35, 0.1]), np.array([0.1, 0.4, 0.35, 0.3, 0.35, 0.8]), 0
    for seed in range(10):
        rng, log = np.random.default_rng(seed), Fold()
        follower, digest, held = Follower(log, arms), dict.fromkeys(range(6), "A"), []
        for n in range(300):
            if n == 150:
                digest |= {0: "B", 5: "B"}
            state = follower.read({arm.model: {digest[i]} for i, arm in enumerate(arms)}).state(arms, "t", (1.0, 0.0))
            chosen = make_policy(policy).sets(state, 2, rng, 1)[0].tolist()
            rates = before if n < 150 else after
            log.add([_row(arms[i], bool(rng.random() < rates[i]), digest[i], n) for i in chosen])
            held.append(5 in chosen)
        used += int(np.mean(held[250:]) > 0.5)
    assert used >= 8


def _row(arm: GeneratorConfig, passed: bool, digest: str, race: int) -> dict[str, Any]:
    made = GenerationResult(arm.name, "", 1.0, arm.model, arm.temperature, passed, failure=None if passed else FailureKind.WRONG)
    made.arm_id, made.verified, made.digest, made.quality_score = arm_id(arm), True, digest, 1.0
    return summed_row(made, str(race), "t", float(race))


def test_what_counts_whole() -> None:
    """What runs next, on any host; and what is not known."""
    assert [worth(digest, {"A", "B"}, 0.1) for digest in ("A", "B", "C", "")] == [1.0, 1.0, 0.1, 1.0]
    assert worth("A", (), 0.1) == 1.0


class Host:
    """A backend whose model may change."""

    name, concurrency = "host", 1
    digest = "A"

    async def models(self) -> list[ModelInfo]:
        return [ModelInfo("m:latest", self.digest)]

    async def prepare(self, models: Any) -> None:
        pass

    async def generate(self, request: Any, on_text: Any = None) -> Generation:
        del on_text
        return Generation(GOOD, Timings(1.0), request.arm.model, "stop", self.digest)

    async def aclose(self) -> None:
        pass


def test_the_digest_that_will_run_decides_before_it_has_run() -> None:
    """A model that was pulled anew is less known at once, not after its first race; pulled back, it is known again."""
    host, task = Host(), Task("Write double(x).", task_type="t", tests="assert double(2) == 4")
    with BanditGenerator.open(arms=[GeneratorConfig("a", "m", 0.1)], backend=host, history="sqlite://", seed=1) as bandit:
        for _ in range(3):
            bandit.run(task, k=1)

        def seen() -> float:
            return bandit.recommend("t")[0].passes

        assert seen() == 3
        host.digest = "B"
        bandit.run(task, k=1)
        assert seen() == pytest.approx(1.3)
        host.digest = "A"
        bandit.ask("t")
        assert seen() == pytest.approx(1.3)  # nobody has looked yet
        bandit.run(task, k=1)
        assert seen() == pytest.approx(4.1)
        host.digest = "C"
        decision = bandit.run(task, k=1).decision
        assert bandit.explain(decision).chosen[0].outcomes == pytest.approx(0.5)  # of five under A and B, when C was to run
