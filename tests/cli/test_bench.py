"""`banditgen bench`: the table and the answer, killed and called again, compared, and every wrong use in one line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from banditgen.history.store import History
from banditgen.testing.ollama_server import HostModel, OllamaServer
from tests.cli.command import COMMAND, Done, banditgen
from tests.waiting import until

GOOD = ["```python\n", "def double(x):\n", "    return 2 * x\n", "```"]
BAD = ["```python\n", "def double(x):\n", "    return x\n", "```"]
HOSTILE = "\x1b]0;evil\x07[red]ta\u202esk[/red] <script>"


@pytest.fixture
def host() -> Iterator[OllamaServer]:
    with OllamaServer([HostModel("good:1b", GOOD), HostModel("bad:1b", BAD)]) as server:
        yield server


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    """A folder of two types, two tasks each."""
    folder = tmp_path / "tasks"
    folder.mkdir()
    for kind in ("text", "sums"):
        tables = [f"[{kind}_{i}]\nprompt = 'Write double(x).'\ntests = 'assert double({i}) == {2 * i}'" for i in (1, 2)]
        (folder / f"{kind}.toml").write_text("\n".join(tables))
    return folder


def bench(host: OllamaServer, *arguments: str | Path) -> Done:
    return banditgen("bench", *map(str, arguments), "-t", "0.1", OLLAMA_HOST=host.url)


@pytest.mark.slow
def test_the_answer_comes_as_a_table_and_as_json_and_nothing_is_raced_twice(host: OllamaServer, tasks: Path, tmp_path: Path) -> None:
    done = bench(host, tasks, "--samples", "2", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    rows = {(row["arm"], row["task_type"]): row for row in found["table"]}
    assert {(kind, arm) for arm, kind in rows} == {(kind, f"{arm}:1b_t0.1") for kind in ("text", "sums") for arm in ("good", "bad")}
    row = rows["good:1b_t0.1", "text"]
    assert (row["passed"], row["samples"], row["high"]) == (4, 4, 1.0)
    assert row["low"] < 0.5
    assert set(found["recommended"]) == {"arms", "solved", "low", "high", "generations"}
    assert found["recommended"]["arms"] == ["good:1b_t0.1"]
    assert found["routing_pays"] in (True, False, None)
    assert len(host.generated()) == 16
    (tmp_path / "old.json").write_text(done.stdout)

    shown = bench(host, tasks, "--samples", "2", "--compare", tmp_path / "old.json", "--at-least", "90")
    assert (shown.returncode, len(host.generated())) == (0, 16)
    assert "4 arms" not in shown.stderr
    assert "16 are there already" in shown.stderr
    assert "all types" in shown.stdout
    assert "can't tell what changed: 4 tasks in common" in shown.stdout
    assert all(sentence in shown.stdout for sentence in found["sentences"])
    assert bench(host, tasks, "--samples", "2", "-m", "bad:1b", "--at-least", "1").returncode == 1


@pytest.mark.slow
def test_a_budget_leaves_the_rest_for_the_next_time(host: OllamaServer, tasks: Path) -> None:
    part = bench(host, tasks, "--samples", "1", "--budget", "5 generations")
    assert len(host.generated()) == 4
    assert "4 generations of 8 are left: the same command goes on with them" in part.stdout
    assert "are left" not in bench(host, tasks, "--samples", "1").stdout
    assert len(host.generated()) == 8


@pytest.mark.slow
def test_killed_in_the_middle_it_goes_on_with_what_is_missing(host: OllamaServer, tasks: Path, tmp_path: Path) -> None:
    for model in host.models.values():
        model.token_seconds = 0.03
    history = tmp_path / "h.db"
    heat = [option for value in ("0.1", "0.5", "0.9") for option in ("-t", value)]
    arguments = ["bench", str(tasks), "--samples", "1", *heat, "--history", str(history), "--reruns", "0"]
    environment = {**os.environ, "OLLAMA_HOST": host.url, "XDG_STATE_HOME": str(tmp_path / "state")}
    for stop in (4, 15):
        with subprocess.Popen([*COMMAND, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            assert until(lambda stop=stop: len(host.generated()) >= stop)  # type: ignore[misc]
            running.send_signal(signal.SIGKILL)
    [journal] = tmp_path.glob("state/banditgen/bench/*")
    kept, asked = journal.read_text().count("\n"), len(host.generated())
    assert kept > 4
    done = banditgen(*arguments, "--json", OLLAMA_HOST=host.url, XDG_STATE_HOME=str(tmp_path / "state"))
    assert done.returncode == 0, done.stderr
    assert sum(row["samples"] for row in json.loads(done.stdout)["table"]) == 24
    assert len(host.generated()) == asked + 24 - kept  # what was cut off is asked for again
    assert not list(tmp_path.glob("state/banditgen/bench/*"))
    store = History(history, create=False)
    assert store.count()["results"] == 24
    store.close()


@pytest.mark.slow
def test_names_that_somebody_else_wrote_are_shown_as_text(tmp_path: Path) -> None:
    task = {"name": HOSTILE, "task_type": HOSTILE, "prompt": "Write double(x).", "tests": "assert double(1) == 3"}
    (tmp_path / "t.jsonl").write_text(json.dumps(task))
    with OllamaServer([HostModel("[bold]m<script>", BAD)]) as host:
        done = bench(host, tmp_path / "t.jsonl", "--samples", "1")
    assert done.returncode == 0, done.stderr
    for text in (done.stdout, done.stderr):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\x07" not in text
    assert "[red]ta sk[/red] <script>" in done.stdout


def test_wrong_use_is_one_line_and_exit_2(host: OllamaServer, tasks: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "untested.toml").write_text("[a]\nprompt = 'Write x.'")
    (tmp_path / "broken.toml").write_text("[a")
    (tmp_path / "not.json").write_text("{}")
    for arguments, said in (
        ((tmp_path / "nowhere",), "cannot read the tasks"),
        ((tmp_path / "empty",), "has no .toml or .jsonl file"),
        ((tmp_path / "untested.toml",), "task 'a' has no tests"),
        ((tmp_path / "broken.toml",), "not TOML"),
        ((tasks, tasks), "two tasks of the type"),
        ((tasks, "--budget", "much"), "a budget must be a number above 0 and a unit"),
        ((tasks, "--compare", tmp_path / "not.json"), "is no bench"),
        ((tasks, "--compare", "bench-000"), "no such bench"),
        ((tasks, "--at-least", "120"), "--at-least"),
        ((tasks, "--samples", "0"), "--samples"),
        ((), "TASKS"),
    ):
        done = bench(host, *arguments)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert said in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert not host.generated()
