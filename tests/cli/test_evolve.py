"""`banditgen evolve` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from banditgen.history.store import History
from banditgen.strategy import Strategy
from tests.cli.command import banditgen, process


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--budget", "0"], "budget"),
        (["--budget", "nan"], "budget"),
        (["--population", "0"], "population"),
        (["--generations", "0"], "generations"),
        (["--tasks", "/nowhere.jsonl"], "cannot read the tasks"),
        (["--type", "poetry"], "poetry"),
        (["--strategy", "nowhere"], "nowhere"),
        (["--output", "/proc/nope/out.toml"], "written"),
        (["--backend", "embedded", "--rewrite", "gpt-17"], "gpt-17"),
    ],
)
def test_wrong_use_exits_2_in_one_line(arguments: list[str], message: str, tmp_path: Path) -> None:
    output = [] if "--output" in arguments else ["--output", str(tmp_path / "out.toml")]
    done = banditgen("evolve", *arguments, *output, OLLAMA_HOST="http://127.0.0.1:9")
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.toml").exists()


@pytest.mark.models
@pytest.mark.xdist_group("models")
def test_a_budget_for_no_race_is_told(tmp_path: Path) -> None:
    """Nothing was raced to its end: one line, exit 2, no strategy."""
    output, url = tmp_path / "out.toml", f"sqlite:///{tmp_path / 'h.db'}"
    done = banditgen("evolve", "--backend", "embedded", "--budget", "0.01", "--generations", "1", "--output", str(output), "--history", url)
    assert done.returncode == 2, done.stderr
    assert "too small for a single race" in done.stderr
    assert "Traceback" not in done.stderr
    assert not output.exists()


def test_a_checkpoint_of_another_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text('{"banditgen_evolution": 99, "about": {}, "state": {}}')
    output = str(tmp_path / "out.toml")
    done = banditgen("evolve", "--backend", "embedded", "--checkpoint", str(path), "--output", output)
    assert done.returncode == 2
    assert "version 99" in done.stderr
    assert "99" in path.read_text()


def test_no_strategy_is_the_one_in_use(tmp_path: Path) -> None:
    """The command gets past the strategy, to the tasks: with the shipped one, and with the one that `tune --apply` left."""
    folder = tmp_path / "banditgen" / "strategies"
    wrong = ("evolve", "--tasks", "/nowhere.jsonl", "--output", str(tmp_path / "out.toml"))
    assert "cannot read the tasks" in banditgen(*wrong, XDG_CONFIG_HOME=str(tmp_path)).stderr
    folder.mkdir(parents=True)
    (folder / "balanced-tuned.toml").write_text("k = 'broken'\n")
    assert "balanced-tuned" in banditgen("evolve", *wrong[3:], XDG_CONFIG_HOME=str(tmp_path)).stderr


@pytest.mark.models
@pytest.mark.xdist_group("models")
def test_real_models_are_bred(tmp_path: Path) -> None:
    """A short run with real models: the JSON's keys, a budget that is kept, a strategy that loads, races in the history."""
    tasks, output, url = tmp_path / "t.jsonl", tmp_path / "out.toml", f"sqlite:///{tmp_path / 'h.db'}"
    task = {"prompt": "Write a Python function add(a, b) that returns the sum of a and b.", "tests": "assert add(2, 3) == 5"}
    tasks.write_text(json.dumps(task) + "\n")
    done = process(
        "evolve", "--tasks", str(tasks), "--generations", "2", "--population", "2", "--budget", "60", "--output", str(output),
        "--backend", "embedded", "--history", url, "--seed", "1", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert 0 < result["model_seconds"] <= 60
    assert result["arms"]
    assert all({"name", "model", "temperature", "parents", "evidence"} <= set(arm) for arm in result["arms"])
    assert [arm.name for arm in Strategy.load(result["strategy"]).arms] == [arm["name"] for arm in result["arms"]]
    assert History(url).count()["races"] > 0
