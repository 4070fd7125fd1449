"""The search: what it finds, what it keeps to, how it goes on after an interruption."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from banditgen._task_files import read_tasks
from banditgen.errors import ModelNotFoundError, TaskError, UsageError
from banditgen.evolution import checkpoint
from banditgen.evolution.fitness import Estimator, Outcome, Outcomes
from banditgen.evolution.genome import Genome, Space
from banditgen.evolution.operators import random_genome
from banditgen.evolution.plan import Heat, Plan
from banditgen.evolution.rewrite import MAX_CHARS, usable
from banditgen.evolution.search import Search

SPACE = Space(("good", "bad"))
TASKS = [f"task {number}" for number in range(40)]


def chance(genome: Genome, *, planted: bool = True) -> float:
    """The planted truth: model "good" near temperature 0.3."""
    if not planted:
        return 0.5
    return max(0.05, (0.9 if genome.model == "good" else 0.4) - 0.6 * abs(genome.temperature - 0.3))


def world(seed: int, *, planted: bool = True) -> Any:
    rng = np.random.default_rng(seed)

    def evaluate(job: Heat) -> list[Outcome]:
        return [Outcome(g.arm_id, job.task, float(rng.random() < chance(g, planted=planted)), 1.0) for g in job.genomes]

    return evaluate


def evolution(seed: int = 0, budget: float = 250.0, **more: Any) -> Search:
    rng = np.random.default_rng(100 + seed)
    founders = [random_genome(SPACE, rng) for _ in range(4)]
    plan = Plan(generations=6, population=6, budget=budget, seed=seed, screened=6)
    return Search(SPACE, founders, TASKS, more.pop("evaluate", world(seed)), plan, **more)


def run(one: Search) -> Search:
    while not one.finished:
        one.step()
    return one


@pytest.mark.slow
def test_it_finds_what_was_planted() -> None:
    """What comes out is better than the founders in truth, on average over seeds, and of the better model."""
    gains, models = [], []
    for seed in range(6):
        done = run(evolution(seed))
        best = done.ranking()[0][0]
        founders = [child.genome for child in done.children.values() if child.how == "founder"]
        gains.append(chance(best) - np.mean([chance(genome) for genome in founders]))
        models.append(best.model)
    assert np.mean(gains) > 0.15
    assert models.count("good") >= 5


@pytest.mark.slow
def test_where_nothing_is_planted_nothing_is_far_ahead() -> None:
    """The 95 % intervals of the arms that look best hold the truth, that all are alike, in most runs."""
    held = 0
    for seed in range(6):
        _, belief = run(evolution(seed, evaluate=world(seed, planted=False))).ranking()
        held += abs(belief.mean[0] - 0.5) < 2.5 * belief.deviation[0]
    assert held >= 5


@pytest.mark.slow
def test_the_budget_is_kept_and_the_global_generator_left_alone() -> None:
    random.seed(1)
    before = random.getstate()
    done = run(evolution(budget=60.0))
    assert 30 < done.spent <= 60
    assert done.spent == sum(outcome.seconds or 0 for outcome in done.evidence.outcomes)
    assert random.getstate() == before


def test_a_known_arm_is_not_raced_as_a_newcomer_again() -> None:
    jobs: list[Heat] = []
    founder = Genome("good", 0.3)
    evidence = Outcomes(Outcome(founder.arm_id, f"history {i}", 1.0, None) for i in range(9))

    def evaluate(job: Heat) -> list[Outcome]:
        jobs.append(job)
        return [Outcome(g.arm_id, job.task, 0.0, 1.0) for g in job.genomes]

    one = Search(SPACE, [founder, Genome("bad", 0.9)], TASKS, evaluate, Plan(1, 2, 50.0), evidence=evidence)
    one.step()
    assert founder not in jobs[0].genomes


@pytest.mark.slow
def test_an_interrupted_run_goes_on_to_the_same_end(tmp_path: Path) -> None:
    """Stopped between generations and restored from the file, it ends where the uninterrupted run ends."""
    path = tmp_path / "c.json"
    whole = evolution(3, evaluate=fixed)
    for _ in range(4):
        whole.step()
    first = evolution(3, evaluate=fixed, keep=lambda state: checkpoint.save(path, {}, state))
    for _ in range(2):
        first.step()
    second = evolution(3, evaluate=fixed)
    kept = checkpoint.load(path)
    assert kept is not None
    second.restore(kept[1])
    for _ in range(2):
        second.step()
    assert json.dumps(second.state()) == json.dumps(whole.state())


def fixed(job: Heat) -> list[Outcome]:
    """Outcomes that depend on nothing but arm and task."""
    return [Outcome(g.arm_id, job.task, float(int(g.arm_id, 16) % 7 < 7 * chance(g)), 1.0) for g in job.genomes]


@pytest.mark.slow
def test_what_was_paid_for_survives_a_failing_backend(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    calls = 0

    def evaluate(job: Heat) -> list[Outcome]:
        nonlocal calls
        calls += 1
        if calls > 2:
            raise ConnectionError
        return fixed(job)

    with pytest.raises(ConnectionError):
        run(evolution(evaluate=evaluate, keep=lambda state: checkpoint.save(path, {}, state)))
    kept = checkpoint.load(path)
    assert kept is not None
    again = evolution()
    again.restore(kept[1])
    assert len(again.evidence.outcomes) > 0
    assert run(again).finished


@pytest.mark.slow
def test_a_map_of_the_callers_races_a_batch() -> None:
    sizes = []

    def mapped(function: Any, jobs: Any) -> list[Any]:
        jobs = list(jobs)
        sizes.append(len(jobs))
        return [function(job) for job in jobs]

    run(evolution(map=mapped, batch=3, budget=80.0))
    assert 3 in sizes


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"budget": 0}, "budget"), ({"budget": math.nan}, "budget"), ({"population": 0}, "population"), ({"generations": 0}, "generations")],
)
def test_plans_that_cannot_be(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Plan(**wrong)


def test_nobody_nothing_and_gone() -> None:
    with pytest.raises(UsageError, match="population is empty"):
        Search(SPACE, [], TASKS, fixed, Plan())
    with pytest.raises(UsageError, match="no tasks"):
        Search(SPACE, [Genome("good")], [], fixed, Plan())
    with pytest.raises(ModelNotFoundError, match="gone"):
        Search(SPACE, [Genome("gone")], TASKS, fixed, Plan())


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"banditgen_evolution": 99}', '{"banditgen_evolution": 1, "about": 3}'])
def test_what_is_no_checkpoint_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"c\.json"):
        checkpoint.load(path)
    assert path.read_text() == text


def test_one_lucky_outcome_is_shrunk_and_many_are_believed() -> None:
    lucky, solid = Genome("bad", 1.2), Genome("good", 0.3)
    evidence = Outcomes(
        [Outcome(lucky.arm_id, "t0", 1.0, 1.0), *(Outcome(solid.arm_id, f"t{i}", float(i % 10 < 8), 1.0) for i in range(60))]
    )
    belief = Estimator(SPACE, {g.arm_id: g for g in (lucky, solid)}, evidence).believe([lucky, solid])
    assert belief.low(1.0)[0] < belief.low(1.0)[1]
    assert abs(belief.mean[1] - 0.8) < 0.08


@pytest.mark.parametrize("answer", ["", "ok", "```python\ndef f(): pass\n```", "{}<>", "x" * 5000, "1 2 3 4 5 6 7 8 9 10"])
def test_answers_that_are_no_instruction(answer: str) -> None:
    assert usable(answer) is None


def test_answers_of_models_are_bounded_and_printable() -> None:
    assert usable('Instruction: "Check empty input before you\nindex a list."\n\nBecause…') == "Check empty input before you index a list."
    text = usable("Check \x1b[31mthe input first. " * 100)
    assert text is not None
    assert len(text) <= MAX_CHARS
    assert text.isprintable()


def test_tasks_are_read_from_json_lines_and_toml(tmp_path: Path) -> None:
    lines, table = tmp_path / "t.jsonl", tmp_path / "kind.toml"
    lines.write_text('{"prompt": "p", "tests": "assert f(1)", "task_type": "x"}\n\n{"prompt": "q", "name": "n", "tests": "assert g(1)"}\n')
    assert [(task.name, task.context) for task in read_tasks(lines)] == [("task 1", "x"), ("n", "general")]
    table.write_text('[f]\nprompt = "p"\ntests = "assert f(1)"\nsolution = "x"\n')
    assert [(task.name, task.context, task.entry_point) for task in read_tasks(table)] == [("f", "kind", "f")]
    for text, message in (
        ("{", "line 1: not JSON"),
        ("[]", "line 1"),
        ('{"prompt": ""}', "line 1.*empty"),
        ("", "no tasks"),
        ("{}", "prompt"),
    ):
        lines.write_text(text)
        with pytest.raises(TaskError, match=message):
            read_tasks(lines)
    with pytest.raises(TaskError, match="cannot read"):
        read_tasks(tmp_path / "nowhere.jsonl")
