"""`banditgen tools` and `banditgen arms tree` on real histories."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from banditgen import BanditGenerator, GeneratorConfig, Strategy
from banditgen.arm import arm_settings
from banditgen.evolution.tools import arm_from_tool, read_tools
from banditgen.history.base import ArmEvent, ArmRecord
from banditgen.history.store import History
from tests.cli.command import banditgen
from tests.clients import Client

HOSTILE = "../x\x1b[31m"
ARMS = [
    GeneratorConfig("deepseek_balanced", "deepseek-coder:6.7b", 0.3, system_prompt="You are an expert.\x1b[2J\n- no: yes"),
    GeneratorConfig("[bold]evil\x1b[2J", "m", 0.5),
]


def raced(path: Path, races: int = 110, *, rates: tuple[float, float] = (0.97, 0.2), task_type: str = HOSTILE) -> History:
    """Both arms in every race of one task type."""
    store, rng = History(path), np.random.default_rng(0)
    with BanditGenerator.open(arms=ARMS, backend=Client({}), history=store, seed=0) as bandit:
        for _ in range(races):
            decision = bandit.ask(task_type, 2)
            told = [
                {"generator_name": arm.name, "test_passed": bool(rng.random() < rate), "quality_score": 0.6, "generation_time": 2.0}
                for arm, rate in zip(ARMS, rates, strict=True)
            ]
            bandit.tell(decision.id, told)
    return store


@pytest.mark.slow
def test_tools_are_written_and_read_back(tmp_path: Path) -> None:
    """As JSON in a folder, as YAML in a file, as a report; a hostile task type stays in the folder and off the terminal;
    where they cannot be written, nothing is lost."""
    url = str(tmp_path / "h.db")
    raced(tmp_path / "h.db")
    done = banditgen("tools", "--history", url, "--output", str(tmp_path / "tools"))
    assert done.returncode == 0, done.stderr
    assert "in force" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    (written,) = (tmp_path / "tools").iterdir()
    assert f"written: {written}" in done.stderr
    (tool,) = read_tools(tmp_path / "tools")
    assert arm_from_tool(tool) == ARMS[0]
    assert yaml.safe_load(written.read_text()) == tool
    done = banditgen("tools", "--history", url, "--output", str(tmp_path / "all.yaml"), "--json")
    report = json.loads(done.stdout)
    assert report["tools"] == yaml.safe_load((tmp_path / "all.yaml").read_text()) == [tool]
    assert report["files"] == [str(tmp_path / "all.yaml")]
    assert (report["strategy"], report["undecided"], report["retired"]) == ("balanced", [], [])
    assert yaml.safe_load(banditgen("tools", "--history", url, "--format", "yaml").stdout) == [tool]
    assert tool["metadata"]["specialized_for"] == HOSTILE
    done = banditgen("tools", "--as-strategy", str(tmp_path / "tools"))
    assert Strategy.loads(done.stdout, name="tools").arms == (ARMS[0],)
    (tmp_path / "file").write_text("kept")
    done = banditgen("tools", "--history", url, "-o", str(tmp_path / "file" / "tools"))
    assert done.returncode == 2
    assert "cannot write the tools" in done.stderr
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.slow
def test_a_retired_tool_says_so_in_its_file_too(tmp_path: Path) -> None:
    url, tools = str(tmp_path / "h.db"), tmp_path / "tools"
    store = raced(tmp_path / "h.db")
    assert banditgen("tools", "--history", url, "-o", str(tools)).returncode == 0
    raced(tmp_path / "h.db", 110, rates=(0.0, 1.0))  # now the other leads, though not beyond doubt
    done = banditgen("tools", "--history", url, "-o", str(tools))
    assert done.returncode == 0, done.stderr
    assert [event.event for event in store.arm_events("balanced")] == ["tool", "tool retired"]
    (tool,) = read_tools(tools)
    assert (tool["metadata"]["status"], tool["metadata"]["evolved_from"]) == ("retired", ARMS[0].name)
    assert "retired for ../x" in done.stdout
    assert "no arm is best beyond doubt yet for ../x" in done.stdout
    refused = banditgen("tools", "--as-strategy", str(tools))
    assert refused.returncode == 2
    assert "every tool in it is retired" in refused.stderr


def test_without_evidence_it_says_what_is_missing(tmp_path: Path) -> None:
    History(tmp_path / "empty.db").close()
    done = banditgen("tools", "--history", str(tmp_path / "empty.db"))
    assert (done.returncode, done.stdout) == (0, "no arm is best beyond doubt yet: nothing was raced in this history\n")
    raced(tmp_path / "h.db", 6, task_type="text")
    done = banditgen("tools", "--history", str(tmp_path / "h.db"), "-o", str(tmp_path / "none.json"))
    assert done.returncode == 0
    assert "no arm is best beyond doubt yet for text: deepseek_balanced leads" in done.stdout
    assert not (tmp_path / "none.json").exists()
    report = json.loads(banditgen("tools", "--history", str(tmp_path / "h.db"), "--json").stdout)
    assert report["undecided"][0]["arms"][0]["passes"] == 6


def test_a_history_of_given_races_and_one_of_another_strategy(tmp_path: Path) -> None:
    """The strategy that raced last is found with its arms; a named one looks at its own arms only."""
    raced(tmp_path / "h.db", 4, task_type="text")
    url = str(tmp_path / "h.db")
    own = Strategy("own", arms=(GeneratorConfig("other", "m2"),))
    own.save(tmp_path / "own.toml")
    report = json.loads(banditgen("tools", "--history", url, "--strategy", str(tmp_path / "own.toml"), "--json").stdout)
    assert (report["strategy"], report["tools"], report["undecided"]) == ("own", [], [])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tools", "--strategy", "nowhere"], "nowhere"),
        (["tools", "--min-probability", "1"], "min_probability"),
        (["tools", "--min-probability", "nan"], "min_probability"),
        (["tools", "--format", "toml"], "toml"),
        (["tools", "--format", "json", "--output", "x.yaml"], "yaml file"),
        (["tools", "--as-strategy", "/nowhere/t.json"], "No such file"),
        (["tools", "--backend", "ollama"], "Ollama"),
        (["arms", "tree", "--strategy", "nowhere"], "nowhere"),
    ],
)
def test_wrong_use_exits_2_in_one_line(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = banditgen(*arguments, OLLAMA_HOST="http://127.0.0.1:9", BANDITGEN_HISTORY=str(tmp_path / "h.db"))
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("content", ["{", "name: [", '{"name": "x", "type": "llm", "llm": {"model": "m", "temperature": -9}}', "\x00", ""])
def test_a_malformed_tool_file_exits_2_and_is_named(content: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(content)
    done = banditgen("tools", "--as-strategy", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "broken.yaml" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_the_tree_shows_who_came_from_whom_and_what_it_brought(tmp_path: Path) -> None:
    store = raced(tmp_path / "h.db", 20, task_type="text")
    child = GeneratorConfig("child\x1b[31m[red]", "m", 0.4)
    grandchild = GeneratorConfig("grandchild", "m", 0.2)
    for arm, parents, change in (
        (child, [ARMS[1].arm_id, ARMS[0].arm_id], "temperature 0.5 → 0.4"),
        (grandchild, [child.arm_id], "x\x1b[2J"),
    ):
        store.add_arms([ArmRecord(arm.arm_id, arm.name, arm.model, arm_settings(arm), parents, "evolved")])
        detail = {"parents": parents, "shares": [1 / len(parents)] * len(parents), "change": change, "look": 1}
        store.add_arm_event(ArmEvent("balanced", arm.arm_id, "born", detail))
    store.add_arm_event(ArmEvent("balanced", grandchild.arm_id, "retired", {"why": "worse"}))
    with BanditGenerator.open(arms=[*ARMS, child], backend=Client({}), history=store, seed=1) as bandit:
        for _ in range(10):
            decision = bandit.ask("text", 3)
            bandit.tell(decision.id, [{"generator_name": arm.name, "test_passed": arm == child} for arm in decision.arms])
    done = banditgen("arms", "tree", "--history", str(tmp_path / "h.db"))
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    at = {name: next(i for i, line in enumerate(lines) if name in line) for name in ("evil", "child [31m[red]", "grandchild")}
    assert at["evil"] < at["child [31m[red]"] < at["grandchild"]
    assert "also from deepseek_balanced" in lines[at["child [31m[red]"]]
    assert "10 of 10 passed" in lines[at["child [31m[red]"]]
    assert "gain " in lines[at["child [31m[red]"]]
    assert "not raced yet" in lines[at["grandchild"]]
    assert "retired" in lines[at["grandchild"]]
    told = {row["name"]: row for row in json.loads(banditgen("arms", "tree", "--json", "--history", str(tmp_path / "h.db")).stdout)}
    assert told["grandchild"]["parents"] == [child.arm_id]
    assert (told["grandchild"]["gain"], told["grandchild"]["status"]) == (None, "retired")
    gain = told[child.name]["gain"]
    assert gain["low"] < gain["expected"] < gain["high"]
    assert set(told) == {ARMS[0].name, ARMS[1].name, child.name, "grandchild"}


def test_an_empty_tree(tmp_path: Path) -> None:
    History(tmp_path / "empty.db").close()
    done = banditgen("arms", "tree", "--history", str(tmp_path / "empty.db"))
    assert (done.returncode, done.stdout) == (0, "no arms: nothing was raced in this history\n")
    assert json.loads(banditgen("arms", "tree", "--json", "--history", str(tmp_path / "empty.db")).stdout) == []
