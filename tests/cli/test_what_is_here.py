"""What `banditgen doctor` and `banditgen arms list` show of this place and its history."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from banditgen import BanditGenerator, GeneratorConfig, Task
from banditgen.cli.doctor import verdict
from banditgen.testing.openai_server import HostModel, OpenAIServer
from tests.cli.command import banditgen
from tests.clients import BAD, GOOD, Client

FINE: dict[str, dict[str, Any]] = {
    "ollama": {"models": "a, b"},
    "embedded": {"error": "not installed"},
    "sandbox": {"level": "isolated", "memory": "cgroup; seen to hold"},
    "history": {"url": "sqlite://"},
    "settings": {"set": "none"},
}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, ["Races run on ollama: 2 models.", "isolated", "Nothing to do better."]),
        ({"ollama": {"error": "x"}, "embedded": {"models": "s"}}, ["Races run on embedded: 1 model.", "install Ollama"]),
        ({"ollama": {"error": "x"}}, ["Nothing can run:", "start Ollama and pull a model, or `pip install -e"]),
        ({"ollama": {"error": "x"}, "embedded": {"models": ""}}, ["Nothing can run yet", "banditgen models pull", "331 MB"]),
        ({"sandbox": {"level": "confined", "memory": "polling; seen open"}}, ["confined", "Not held: memory.", "user namespaces"]),
        ({"sandbox": {"error": "no kernel"}}, ["cannot run", "the sandbox: no kernel"]),
        ({"history": {"error": "gone"}}, ["the history: gone"]),
        ({"settings": {"error": "pyproject.toml: odd"}}, ["mend the settings: pyproject.toml: odd"]),
        ({"settings": {"backend": "ollama (from F)"}}, ["what is set, ollama (from F)"]),
        (
            {"settings": {"backend": "ollama (from F)"}, "ollama": {"error": "x"}, "embedded": {"models": "s"}},
            ["Nothing can run: the backend that is set, ollama (from F), has no model here.", "set another"],
        ),
    ],
)
def test_it_says_what_will_run_how_it_is_held_and_what_to_do_better(changed: dict[str, Any], said: list[str]) -> None:
    sentence = verdict(FINE | changed)
    for part in said:
        assert part in sentence


@pytest.mark.slow
def test_arms_of_every_backend_are_listed_by_type(tmp_path: Path) -> None:
    """Also those that no backend here has, and two of one name."""
    history = str(tmp_path / "h.db")
    for arms in ([GeneratorConfig("a", "m1"), GeneratorConfig("b", "m2")], [GeneratorConfig("a", "m1", 0.2)]):
        with BanditGenerator.open(arms=arms, backend=Client({"m1": GOOD, "m2": BAD}), history=history) as bandit:
            bandit.run(Task("Write double(x).", tests="assert double(2) == 4", task_type=f"type{len(arms)}"), k=2)
            fronts = bandit.pareto_front(f"type{len(arms)}"), asyncio.run(bandit.apareto_front("unknown"))
            assert [[row.name for row in front] for front in fronts] == [[arm.name for arm in arms]] * 2
    nowhere = {"OLLAMA_HOST": "http://127.0.0.1:9", "BANDITGEN_BACKEND": "ollama"}
    rows = json.loads(banditgen("arms", "list", "--history", history, "--json", **nowhere).stdout)
    assert {row["task_type"] for row in rows} == {"type1", "type2"}
    of_two = {
        row["name"].partition(" (")[0]: (row["passes"], row["fails"])
        for row in rows
        if row["task_type"] == "type2" and row["passes"] + row["fails"]
    }
    assert of_two == {"a": (1, 0), "b": (0, 1)}
    assert len({row["arm_id"] for row in rows}) == 3
    assert all(row["front"] and row["beaten_by"] is None for row in rows)  # hardly anything is known
    assert all(set(row["goals"]) == {"quality", "speed"} and row["goals"]["speed"]["low"] <= row["goals"]["speed"]["high"] for row in rows)
    refused = banditgen("arms", "list", "--history", history, "--backend", "ollama", **nowhere)
    assert refused.returncode == 2
    empty = banditgen("arms", "list", BANDITGEN_HISTORY=str(tmp_path / "empty.db"), **nowhere)
    assert (empty.returncode, "no arms" in empty.stderr) == (0, True)


@pytest.mark.slow
def test_doctor_looks_at_the_server_that_only_its_own_variable_names() -> None:
    with OpenAIServer([HostModel("m")]) as server:
        done = banditgen("doctor", "--json", BANDITGEN_BACKEND="openai", OPENAI_BASE_URL=server.url, OLLAMA_HOST="http://127.0.0.1:9")
    seen = json.loads(done.stdout)
    assert seen["openai"] == {"models": "m"}
    assert (done.returncode, seen["usable"]) == (0, True)


@pytest.mark.slow
def test_the_command_ends_in_it_and_a_verb_takes_verbose() -> None:
    done = banditgen("doctor", "-v", OLLAMA_HOST="http://127.0.0.1:9", COLUMNS="80")
    assert done.returncode in (0, 1), done.stderr
    last = done.stdout.rstrip().rpartition("\n\n")[2]
    assert "better" in last
    assert max(map(len, last.splitlines())) <= 80
    assert banditgen("history", "list", "-v").returncode == 0
