"""BanditGenerator: ask, run, tell, feedback, over real histories."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from banditgen import BanditGenerator, FailureKind, GenerationResult, GeneratorConfig, Strategy, Task
from banditgen.errors import NoBackendError, SandboxError, StrategyError, UsageError
from banditgen.generators.client import ClientGenerator
from banditgen.scoring import SelectionCriteria
from tests.clients import BAD, GOOD, Client

DOUBLE = Task("Write double(x).", task_type="simple_function", tests="assert double(2) == 4\nassert double(-1) == -2")
ARMS = [GeneratorConfig("good", "good", 0.1), GeneratorConfig("bad", "bad", 0.1), GeneratorConfig("down", "down", 0.1)]
ANSWERS: dict[str, str | Exception] = {"good": GOOD, "bad": BAD, "down": RuntimeError("down")}


def opened(path: Path | str = "sqlite://", **options: Any) -> BanditGenerator:
    return BanditGenerator.open(**{"arms": ARMS, "backend": Client(ANSWERS), "history": str(path), "seed": 1, **options})


def told(name: str, *, passed: bool = True, **fields: Any) -> GenerationResult:
    return GenerationResult(name, "x = 1", 2.0, name, 0.1, test_passed=passed, quality_score=0.8 if passed else 0.2, **fields)


def test_a_sandbox_that_cannot_be_had_is_refused_before_models_are_made_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making them ready may fetch them."""
    asked: list[str] = []

    class Fetching(ClientGenerator):
        async def prepare(self, models: Sequence[str]) -> None:
            asked.extend(models)

    monkeypatch.setenv("PATH", "/nowhere")
    with opened(backend=Fetching(Client(ANSWERS)), sandbox="docker") as bandit:
        with pytest.raises(SandboxError, match="docker is not installed"):
            bandit.run(DOUBLE)
        assert asked == []
        assert bandit.history.count()["decisions"] == 0


def test_run_races_chooses_and_remembers(tmp_path: Path) -> None:
    with opened(tmp_path / "h.db") as bandit:
        race = bandit.run(DOUBLE, k=3)
        assert race.best is not None
        assert race.best.generator_name == "good"
        assert "return 2 * x" in race.best.code
        assert race.results[0].generator_name == "good"
        assert set(race.decision.propensities) == {"good", "bad", "down"}
        assert race.id == race.decision.id
        bandit.feedback(race.id, satisfaction=0.4)
        assert bandit.get_stats()["current_weights"] == {"quality": 0.65, "speed": 0.35}
    with opened(tmp_path / "h.db") as again:
        assert again.generator_stats["simple_function"]["good"]["success_count"] == 1
        assert "down" not in again.generator_stats["simple_function"]
        assert again.get_stats()["total_selections"] == 1
        assert again.get_stats()["current_weights"] == {"quality": 0.65, "speed": 0.35}
        kept = again.history.race(race.id)
        assert kept is not None
        assert len(kept.results) == 3


def test_no_candidate_qualifies() -> None:
    with opened(arms=ARMS[1:]) as bandit:
        race = bandit.run(DOUBLE, k=2)
    assert race.best is None
    assert "no candidate qualifies" in race.reason
    assert len(race.results) == 2


def test_outside_the_criteria_is_no_winner_and_earns_nothing() -> None:
    plan = Strategy.load("balanced")
    strict = dataclasses.replace(plan, criteria=dataclasses.replace(plan.criteria, min_quality_score=1.0))
    with opened(strategy=strict, arms=ARMS[:1]) as bandit:
        race = bandit.run(DOUBLE)
    assert race.best is None
    assert race.results[0].test_passed
    assert race.results[0].reward == 0.0
    assert "below 1.00" in race.reason


def test_fewer_arms_than_k_race_all_of_them() -> None:
    with opened() as bandit:
        assert len(bandit.run(DOUBLE, k=10).results) == 3


@pytest.mark.slow
def test_the_bandit_learns_which_arm_passes() -> None:
    """After thirty tellings the passing arm is nearly always asked for."""
    with opened() as bandit:
        for _ in range(30):
            decision = bandit.ask("text", 1)
            name = decision.arms[0].name
            bandit.tell(decision.id, [told(name, passed=name == "good")])
        late = [bandit.ask("text", 1).arms[0].name for _ in range(40)]
        assert late.count("good") > 30
        assert bandit.recommend("text", top_k=1)[0].name == "good"


@pytest.mark.slow
def test_the_same_seed_starts_arms_in_the_same_order() -> None:
    started: list[list[str]] = []
    for seed in (5, 5, 6):
        order: list[str] = []
        with opened(seed=seed) as bandit:
            for _ in range(8):
                bandit.run(DOUBLE, 3, on_event=lambda event, order=order: event.stage == "waiting" and order.append(event.arm))  # type: ignore[misc]
        started.append(order)
    assert started[0] == started[1] != started[2]
    assert len(started[0]) == 24


@pytest.mark.slow
def test_the_same_seed_gives_the_same_decisions() -> None:
    chosen = []
    for _ in range(2):
        with opened(seed=5) as bandit:
            chosen.append([[arm.name for arm in bandit.ask("text", 2).arms] for _ in range(20)])
    assert chosen[0] == chosen[1]


def test_ask_and_tell_match_by_name_and_fill_in_the_rest() -> None:
    with opened() as bandit:
        decision = bandit.ask("text", 3)
        race = bandit.tell(decision.id, [{"generator_name": "bad", "test_passed": False}, told("good")])
        assert race.best is not None
        assert race.best.generator_name == "good"
        assert race.best.reward > 0.7
        assert {r.generator_name: r.failure for r in race.results} == {
            "good": None,
            "bad": FailureKind.WRONG,
            "down": FailureKind.CANCELLED,
        }
        assert bandit.generator_stats["text"]["bad"]["total_count"] == 1
        assert "down" not in bandit.generator_stats["text"]


def test_a_decision_told_twice() -> None:
    """The same outcome again has no effect; another outcome is refused, and nothing is changed."""
    with opened() as bandit:
        decision = bandit.ask("text", 1)
        name = decision.arms[0].name
        first = bandit.tell(decision.id, [told(name)])
        assert bandit.tell(decision.id, [told(name)]).results == first.results
        with pytest.raises(UsageError, match="told before"):
            bandit.tell(decision.id, [told(name, passed=False)])
        assert bandit.generator_stats["text"][name] == {"success_count": 1, "total_count": 1, "success_rate": 1.0}


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ([told("stranger")], "no arm 'stranger'"),
        ([told("good"), told("good")], "two results"),
        ([{"test_passed": True}], "needs generator_name"),
        ([{"generator_name": "good", "test_passed": True, "colour": 1}], "unknown field 'colour'"),
        ([told("good", measures={})], None),
        ([{"generator_name": "good", "test_passed": True, "quality_score": float("nan")}], "quality_score"),
        ([{"generator_name": "good", "test_passed": True, "generation_time": -1.0}], "generation_time"),
    ],
)
def test_wrong_tellings_leave_the_decision_pending(results: list[Any], message: str | None) -> None:
    with opened() as bandit:
        decision = bandit.ask("text", 3)
        if message is None:
            bandit.tell(decision.id, results)
            return
        with pytest.raises(UsageError, match=message):
            bandit.tell(decision.id, results)
        assert bandit.history.count()["races"] == 0
        with pytest.raises(UsageError, match="unknown decision"):
            bandit.tell("nonsense", results)


def test_wrong_feedback() -> None:
    wrong: list[Any] = [-1, 2, float("nan"), "fine", None]
    with opened() as bandit:
        race = bandit.run(DOUBLE, k=1)
        for satisfaction in wrong:
            with pytest.raises(UsageError, match="satisfaction"):
                bandit.feedback(race.id, satisfaction)
        with pytest.raises(UsageError, match="unknown race or result"):
            bandit.feedback("nonsense", 0.5)
        assert bandit.history.feedback() == []


def test_an_overseers_client_runner_and_evaluator() -> None:
    """All three of a caller's parts together, as the how-to for orchestrators has them."""

    class Runner:
        def __init__(self) -> None:
            self.saved: dict[str, str] = {}

        def save_code(self, node_id: str, code: str) -> None:
            self.saved[node_id] = code

        def run_node(self, node_id: str, payload: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
            return "out", "", {"exit_code": 0, "latency_ms": 40.0}

    class Evaluator:
        def evaluate_full(self, stdout: str, stderr: str, metrics: dict[str, Any]) -> dict[str, Any]:
            return {"final_score": 1.0}

    runner = Runner()
    with opened(node_runner=runner, evaluator=Evaluator()) as bandit:
        race = bandit.run(DOUBLE, k=3)
    assert race.best is not None
    assert race.best.generator_name == "good"
    assert race.best.quality_score == 1.0
    assert race.best.execution_time == pytest.approx(0.04)
    assert len(runner.saved) == 2


@pytest.mark.slow
def test_exploit_takes_the_best_arm_and_leaves_nothing_to_chance() -> None:
    with opened() as bandit:
        for _ in range(4):
            decision = bandit.ask("text", 3)
            bandit.tell(decision.id, [told("good"), told("bad", passed=False), told("down", passed=False)])
        for _ in range(20):
            decision = bandit.ask("text", exploit=True)
            assert [arm.name for arm in decision.arms] == ["good"]
            assert decision.propensities["good"] == 1.0


def test_async_twins_in_a_running_loop() -> None:
    async def everything() -> None:
        async with await BanditGenerator.aopen(arms=ARMS, backend=Client(ANSWERS), history="sqlite://") as bandit:
            race = await bandit.arun(DOUBLE, k=3)
            await bandit.afeedback(race.id, 0.9)
            decision = await bandit.aask("text", 1)
            await bandit.atell(decision.id, [told(decision.arms[0].name)])
            assert len(await bandit.arecommend("text", 2)) == 2
            assert await bandit.atask_types() == bandit.task_types()
            # the synchronous API in a running loop
            assert bandit.run(DOUBLE, k=1).results

    asyncio.run(everything())


@pytest.mark.slow
def test_outcomes_recorded_by_name_count_for_the_arm_of_that_name(tmp_path: Path) -> None:
    from banditgen import ParallelGenerator

    overseer = ParallelGenerator(Client(ANSWERS), history=str(tmp_path / "h.db"))
    for _ in range(10):
        overseer.record_success("good", "text", True)
        overseer.record_success("bad", "text", False)
    with opened(tmp_path / "h.db") as bandit:
        rates = {row.name: (row.passes, row.fails) for row in bandit.recommend("text", 3)}
    assert rates == {"good": (10, 0), "bad": (0, 10), "down": (0, 0)}


@pytest.mark.slow
def test_a_changed_digest_discounts_what_the_model_showed_before() -> None:
    """Twenty failures of one build of a model count as two once another build answers under its name."""
    with opened() as bandit:
        for digest, passed in [("old", False)] * 20 + [("new", True)]:
            decision = bandit.ask("text", 3)
            bandit.tell(decision.id, [told("good", passed=passed, digest=digest)])
        rates = {row.name: (row.passes, row.fails) for row in bandit.recommend("text", 3)}
    assert rates["good"] == pytest.approx((1.0, 2.0))


def test_explain_says_why_in_words_and_as_data() -> None:
    with opened() as bandit:
        for _ in range(6):
            decision = bandit.ask("text", 3)
            bandit.tell(decision.id, [told("good"), told("bad", passed=False), told("down", passed=False)])
        decision = bandit.ask("text", 1, exploit=True)
        why = bandit.explain(decision)
        assert [belief.name for belief in why.chosen] == ["good"]
        assert why.chosen[0].outcomes == 6
        assert why.chosen[0].chance_best > 0.8
        assert why.propensities["good"] == 1.0
        assert why.runner_up is not None
        assert why.runner_up.name in {"bad", "down"}
        assert "nothing was left to chance" in why.words
        assert bandit.explain(decision.id) == why
        with pytest.raises(UsageError, match="no explanation"):
            bandit.explain("nonsense")


def test_an_unknown_task_type_is_rated_by_the_prior() -> None:
    with opened() as bandit:
        rows = bandit.recommend("never seen", 5)
        assert len(rows) == 3
        assert all(0 <= row.low <= row.expected_reward <= row.high <= 1 for row in rows)


def test_events_tell_each_arms_progress() -> None:
    seen: dict[str, list[str]] = {}
    with opened() as bandit:
        bandit.run(DOUBLE, k=3, on_event=lambda event: seen.setdefault(event.arm, []).append(event.stage))
    assert seen["good"][0] == "waiting"
    assert "testing" in seen["good"]
    assert [stages[-1] for stages in seen.values()] == ["done"] * 3


@pytest.mark.parametrize("k", [0, -1, 1.5, True, "3"])
def test_a_wrong_k_is_refused(k: Any) -> None:
    with opened() as bandit, pytest.raises(UsageError, match="k must be"):
        bandit.run(DOUBLE, k=k)


def test_opening_with_nothing_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StrategyError, match="no strategy"):
        BanditGenerator.open("no_such_strategy", backend=Client({}))
    with pytest.raises(UsageError):
        BanditGenerator.open(arms=[], backend=Client({}))
    with pytest.raises(UsageError):
        BanditGenerator.open(backend=object())
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    monkeypatch.setattr("banditgen.generators.embedded.is_installed", lambda: False)
    with pytest.raises(NoBackendError) as caught:
        BanditGenerator.open()
    assert "\n" not in str(caught.value)


@pytest.mark.models
@pytest.mark.xdist_group("models")
def test_the_readmes_first_use_on_real_models(tmp_path: Path) -> None:
    """Real models race on the README's task; after a restart the race and its feedback are still there."""
    history = f"sqlite:///{tmp_path / 'h.db'}"
    arms = [GeneratorConfig(f"smol_{t}", "smollm2-135m-instruct", t, 200) for t in (0.1, 0.5)]
    arms.append(GeneratorConfig("gemma", "gemma-3-270m", 0.1, 200))
    task = Task("Write slugify(text): lower case, spaces become hyphens.", task_type="text", tests="assert slugify('A b') == 'a-b'")
    with BanditGenerator.open(arms=arms, backend="embedded", history=history, seed=1) as bandit:
        race = bandit.run(task, k=3)
        if race.best is not None:
            bandit.feedback(race.id, satisfaction=0.9)
    assert {r.generator_name for r in race.results} == {"smol_0.1", "smol_0.5", "gemma"}
    for result in race.results:
        assert result.timings is not None
        assert result.timings.eval is not None
        assert result.generation_time == pytest.approx((result.timings.prompt_eval or 0) + result.timings.eval)
        assert result.digest
        assert result.verified
    with BanditGenerator.open(arms=arms, backend="embedded", history=history) as again:
        kept = again.history.race(race.id)
        assert kept is not None
        assert kept.results == race.results
        assert len(again.history.feedback(race.id)) == (race.best is not None)


def test_a_told_quality_is_kept_as_it_is() -> None:
    """Also below what our formula gives for passing: the caller measured it; where none is given, passing is worth a half."""
    with opened("sqlite://") as bandit:
        decision = bandit.ask("text", 2)
        first, second = (arm.name for arm in decision.arms)
        given = {"generator_name": first, "test_passed": True, "quality_score": 0.3}
        race = bandit.tell(decision.id, [given, {"generator_name": second, "test_passed": True}])
    assert {result.generator_name: result.quality_score for result in race.results} == {first: 0.3, second: 0.5}


def test_a_task_type_with_criteria_of_its_own_is_scored_chosen_and_corrected_by_them(tmp_path: Path) -> None:
    own = SelectionCriteria(0.1, 0.9, min_quality_score=0.2)
    strategy = Strategy("typed", arms=(GeneratorConfig("a", "m", 0.1), GeneratorConfig("b", "m", 0.9)), k=2, types={"fast": own})
    with BanditGenerator.open(strategy, backend=Client({"m": GOOD}), history=tmp_path / "h.db", seed=1) as bandit:
        told = [
            {"generator_name": "a", "test_passed": True, "quality_score": 1.0, "generation_time": 60.0, "execution_time": 10.0},
            {"generator_name": "b", "test_passed": True, "quality_score": 0.5},
        ]
        races = {kind: bandit.tell(bandit.ask(kind).id, told) for kind in ("fast", "other")}
        assert [races[kind].results[0].generator_name for kind in ("fast", "other")] == ["b", "a"]
        assert races["fast"].results[0].combined_score == pytest.approx(0.1 * 0.5 + 0.9)
        assert races["fast"].decision.record.detail["weights"] == {"quality": 0.1, "speed": 0.9}
        bandit.feedback(races["fast"].id, 0.4)
        assert bandit.history.weights("typed:0.1/0.9", "fast")[0] == (0.15, 0.85)
        assert bandit.history.weights("typed:0.7/0.3", "other")[0] is None
        done = bandit.run(Task("Write double(x).", task_type="fast", tests="assert double(2) == 4"))
        assert done.best is not None
        speed = done.best.speed_score
        assert done.best.combined_score == pytest.approx(0.15 * done.best.quality_score + 0.85 * speed)


def test_rating_one_type_of_task_moves_the_weights_of_no_other(tmp_path: Path) -> None:
    """Types that start alike learn apart; `get_stats` counts all of the strategy's races, whatever their criteria."""
    strategy = Strategy("typed", arms=(GeneratorConfig("a", "m", 0.1),), k=1, types={"fast": SelectionCriteria(0.1, 0.9)})
    with BanditGenerator.open(strategy, backend=Client({"m": GOOD}), history=tmp_path / "h.db", seed=1) as bandit:
        answer = [{"generator_name": "a", "test_passed": True, "quality_score": 1.0}]
        races = {kind: bandit.tell(bandit.ask(kind).id, answer) for kind in ("api", "db", "fast")}
        bandit.feedback(races["api"].id, 0.4, who="ann")
        weights = {kind: bandit.ask(kind).record.detail["weights"] for kind in ("api", "db", "fast")}
        assert weights["api"] == {"quality": pytest.approx(0.65), "speed": pytest.approx(0.35)}
        assert weights["db"] == {"quality": pytest.approx(0.7), "speed": pytest.approx(0.3)}
        assert weights["fast"] == {"quality": pytest.approx(0.1), "speed": pytest.approx(0.9)}
        bandit.feedback(races["api"].id, 1.0, who="ann")  # a correction takes its step back
        assert bandit.ask("api").record.detail["weights"]["quality"] == pytest.approx(0.7)
        for race in (races["db"], races["fast"]):
            best = race.best
            bandit.selector.learn_from_feedback(best, 0.4)
        assert bandit.ask("db").record.detail["weights"]["quality"] == pytest.approx(0.65)
        assert bandit.ask("fast").record.detail["weights"]["quality"] == pytest.approx(0.15)
        assert bandit.ask("api").record.detail["weights"]["quality"] == pytest.approx(0.7)
        stats = bandit.get_stats()
        assert stats["total_selections"] == 3
        assert stats["total_adjustments"] == 4  # one of them took another back
        assert stats["current_weights"]["quality"] == pytest.approx(0.6)  # of all that was said
