"""The design document's usage examples and statistics, literally."""

from __future__ import annotations

from typing import Any

import pytest

from banditgen import ExperimentSelector, GenerationResult, GeneratorConfig, ParallelGenerator, SelectionCriteria
from tests.clients import Client

CODE = "```python\ndef validate(text):\n    return '@' in text\n```"
MODELS = ("codellama", "qwen2.5-coder:14b", "qwen2.5-coder:3b", "deepseek-coder:6.7b")


class Runner:
    """A node runner as an Overseer has one."""

    def __init__(self) -> None:
        self.saved: dict[str, str] = {}

    def save_code(self, node_id: str, code: str) -> None:
        assert node_id not in self.saved
        self.saved[node_id] = code

    def run_node(self, node_id: str, payload: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
        assert payload == {}
        assert node_id in self.saved
        return "ok", "", {"exit_code": 0, "latency_ms": 50.0}


class Evaluator:
    def evaluate_full(self, stdout: str, stderr: str, metrics: dict[str, Any]) -> dict[str, Any]:
        assert (stdout, stderr) == ("ok", "")
        assert metrics["exit_code"] == 0
        assert metrics["latency_ms"] == 50.0
        return {"final_score": 0.8}


@pytest.fixture
def runner() -> Runner:
    return Runner()


@pytest.fixture
def parallel_gen(runner: Runner) -> ParallelGenerator:
    client = Client(dict.fromkeys(MODELS, CODE))
    return ParallelGenerator(ollama_client=client, node_runner=runner, evaluator=Evaluator(), quality_weight=0.7, speed_weight=0.3)


def result(name: str, *, quality: float = 0.9, passed: bool = True, seconds: float = 6.0) -> GenerationResult:
    return GenerationResult(name, "x = 1", seconds, "codellama", 0.1, passed, 0.1, quality, 0.05, 0.8)


def test_parallel_generator(parallel_gen: ParallelGenerator, runner: Runner) -> None:
    """The document's first block: results sorted by combined score, each candidate saved under a node id of its own."""
    generators = [
        GeneratorConfig(name="codellama_conservative", model="codellama", temperature=0.1),
        GeneratorConfig(name="qwen_balanced", model="qwen2.5-coder:14b", temperature=0.5),
        GeneratorConfig(name="deepseek_powerful", model="deepseek-coder:6.7b", temperature=0.3),
    ]
    results = parallel_gen.generate_parallel(
        prompt="Write a function that validates email addresses",
        generators=generators,
        node_id="email_validator",
        description="Email validation function",
    )
    best = results[0]
    assert {r.generator_name for r in results} == {g.name for g in generators}
    assert [r.combined_score for r in results] == sorted((r.combined_score for r in results), reverse=True)
    assert len(runner.saved) == 3
    assert all(node_id.startswith("email_validator") for node_id in runner.saved)
    assert best.success
    assert best.test_passed
    assert best.verified is False
    assert best.quality_score == pytest.approx(0.5 + 0.8 * 0.5)
    assert best.execution_time == pytest.approx(0.05)
    print(f"Winner: {best.generator_name}, {best.quality_score:.2f}, {best.generation_time:.2f}s, {best.combined_score:.2f}")


def test_experiment_selector() -> None:
    """The document's second block."""
    criteria = SelectionCriteria(quality_weight=0.7, speed_weight=0.3, min_quality_score=0.5, max_generation_time=120.0)
    selector = ExperimentSelector(criteria=criteria)
    generation_results = [result("a"), result("b", quality=0.95), result("c", quality=0.99, passed=False)]
    best = selector.select_best(results=generation_results, task_context={"task_type": "api_integration"})
    assert best is generation_results[1]
    selector.learn_from_feedback(selected_result=best, user_satisfaction=0.9)
    assert selector.get_stats()["current_weights"] == {"quality": 0.7, "speed": 0.3}


def test_example_1_api_integration(parallel_gen: ParallelGenerator) -> None:
    generators = [
        GeneratorConfig("deepseek_conservative", "deepseek-coder:6.7b", 0.1),
        GeneratorConfig("qwen_conservative", "qwen2.5-coder:14b", 0.1),
        GeneratorConfig("qwen_balanced", "qwen2.5-coder:14b", 0.3),
    ]
    results = parallel_gen.generate_parallel(
        prompt="Create API client for Stripe payments",
        generators=generators,
        node_id="stripe_client",
        description="Stripe API integration",
    )
    assert len(results) == 3


def test_example_2_simple_utility(parallel_gen: ParallelGenerator) -> None:
    parallel_gen.quality_weight = 0.5
    parallel_gen.speed_weight = 0.5
    generators = [GeneratorConfig("codellama_fast", "codellama", 0.1), GeneratorConfig("qwen_creative", "qwen2.5-coder:3b", 0.9)]
    results = parallel_gen.generate_parallel(
        prompt="Write function to format phone numbers",
        generators=generators,
        node_id="format_phone",
        description="Phone number formatter",
    )
    best = results[0]
    assert best.combined_score == pytest.approx(0.5 * best.quality_score + 0.5 * best.speed_score)


def test_example_3_learning_from_history(parallel_gen: ParallelGenerator) -> None:
    rates = {"qwen_balanced": 9, "deepseek_balanced": 7, "codellama_conservative": 5, "qwen_creative": 1}
    for name, successes in rates.items():
        for i in range(10):
            parallel_gen.record_success(generator_name=name, task_type="data_processing", success=i < successes)
    recommended = parallel_gen.get_generator_recommendations("data_processing", top_k=3)
    assert recommended == ["qwen_balanced", "deepseek_balanced", "codellama_conservative"]
    assert parallel_gen.get_generator_recommendations("never seen", top_k=3) == []


def test_example_4_adaptive_weights() -> None:
    selector = ExperimentSelector(learning_rate=0.1)
    best = selector.select_best([result("a")], context={"task_type": "api"})
    selector.learn_from_feedback(best, 0.4)
    assert selector.get_stats()["current_weights"] == {"quality": 0.65, "speed": 0.35}


def test_integration_with_overseer(parallel_gen: ParallelGenerator) -> None:
    """The document's "modified workflow": the default generators, the best result's code, and the winner recorded."""
    results = parallel_gen.generate_parallel(
        prompt="p", generators=parallel_gen.create_default_generators(), node_id="node", description="d"
    )
    best = results[0]
    parallel_gen.record_success(generator_name=best.generator_name, task_type="utility", success=best.test_passed)
    assert "def validate" in best.code
    assert parallel_gen.generator_stats["utility"][best.generator_name]["success_count"] == 1


def test_generator_stats(parallel_gen: ParallelGenerator) -> None:
    """The document's first dictionary of statistics, key by key."""
    counts = {
        "api_integration": {"deepseek_conservative": (23, 25), "qwen_balanced": (21, 25)},
        "simple_function": {"codellama_conservative": (19, 20)},
    }
    for task_type, by_name in counts.items():
        for name, (successes, total) in by_name.items():
            for i in range(total):
                parallel_gen.record_success(name, task_type, i < successes)
    assert parallel_gen.generator_stats == {
        "api_integration": {
            "deepseek_conservative": {"success_count": 23, "total_count": 25, "success_rate": 0.92},
            "qwen_balanced": {"success_count": 21, "total_count": 25, "success_rate": 0.84},
        },
        "simple_function": {"codellama_conservative": {"success_count": 19, "total_count": 20, "success_rate": 0.95}},
    }


def test_selection_stats() -> None:
    """The document's second dictionary of statistics, key by key."""
    selector = ExperimentSelector()
    for name, count in {"qwen_balanced": 23, "deepseek_conservative": 15, "codellama_conservative": 9}.items():
        for _ in range(count):
            selector.select_best([result(name)])
    for _ in range(5):
        selector.learn_from_feedback(result("qwen_balanced"), 0.86)
    stats = selector.get_stats()
    assert stats["total_selections"] == 47
    assert stats["generator_distribution"] == {"qwen_balanced": 23, "deepseek_conservative": 15, "codellama_conservative": 9}
    assert stats["average_score"] == pytest.approx(0.7 * 0.9 + 0.3 * (0.6 * 0.9 + 0.4 * 0.995))
    assert stats["score_std_dev"] == pytest.approx(0.0, abs=1e-6)
    assert stats["current_weights"] == pytest.approx({"quality": 0.68, "speed": 0.32})
    assert stats["total_adjustments"] == 5
    assert list(stats) == [
        "total_selections",
        "generator_distribution",
        "average_score",
        "score_std_dev",
        "current_weights",
        "total_adjustments",
    ]
