"""`banditgen run` against a host that speaks Ollama's wire format: exit codes, stdout, and what hostile models write."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from banditgen.testing.ollama_server import Fault, HostModel, OllamaServer
from tests.cli.command import COMMAND, Done, banditgen, process

GOOD = ["```python\n", "def double(x):\n", "    return 2 * x\n", "```"]
BAD = ["```python\n", "def double(x):\n", "    return x\n", "```"]


@pytest.fixture
def tests_file(tmp_path: Path) -> str:
    path = tmp_path / "tests.py"
    path.write_text("assert double(2) == 4\n")
    return str(path)


def run(server: OllamaServer, *arguments: str) -> Done:
    return banditgen("run", *arguments, OLLAMA_HOST=server.url)


@pytest.mark.slow
def test_a_passing_candidate_is_printed_and_exits_0(tests_file: str) -> None:
    with OllamaServer([HostModel("good", GOOD), HostModel("bad", BAD)]) as server:
        done = process("run", "Write double(x).", "--tests", tests_file, "--type", "text", "-k", "6", OLLAMA_HOST=server.url)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "def double(x):\n    return 2 * x"
        assert "racing on ollama" in done.stderr
        listed = banditgen("history", "list", "--json")
        [race] = json.loads(listed.stdout)
        assert len(race["results"]) == 6
        assert sum(result["test_passed"] for result in race["results"]) == 3


@pytest.mark.slow
def test_no_passing_candidate_exits_1_and_prints_no_code(tests_file: str) -> None:
    with OllamaServer([HostModel("bad", BAD)]) as server:
        done = run(server, "Write double(x).", "--tests", tests_file)
        assert (done.returncode, done.stdout) == (1, "")
        assert "no candidate qualifies" in done.stderr
        as_json = run(server, "Write double(x).", "--tests", tests_file, "--json", "--exploit")
        assert as_json.returncode == 1
        race = json.loads(as_json.stdout)
        assert race["best"] is None
        assert len(race["results"]) == 1


@pytest.mark.slow
def test_a_system_prompt_and_an_own_way_to_take_the_code_out(tests_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--system` as text and as a file, `--extract` from the folder that one stands in; what models were told is shown afterwards."""
    monkeypatch.chdir(tmp_path)
    Path("takes.py").write_text("def upper(text, task):\n    return text.partition('CODE:')[2]\n")
    Path("system.md").write_text("Answer tersely.\n")
    with OllamaServer([HostModel("own", ["no fence here CODE:def double(x):\n", "    return 2 * x\n"])]) as server:
        extract = ("--extract", "takes:upper", "-k", "1")
        done = run(server, "Write double(x).", "--tests", tests_file, "--system", "Be brief.", *extract)
        assert (done.returncode, done.stdout) == (0, "def double(x):\n    return 2 * x\n")
        shown = banditgen("history", "show", "last").stdout
        assert "Be brief." in shown
        assert "It is called as `double(x)`: use that name." in shown
        assert run(server, "Write double(x).", "--tests", tests_file, "--system", "@system.md", *extract).returncode == 0
        assert "Answer tersely." in banditgen("history", "show", "last").stdout
        for wrong in (("--extract", "takes:nothing"), ("--extract", "takes"), ("--system", "@nowhere.md")):
            done = run(server, "Write double(x).", "--tests", tests_file, *wrong)
            assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr


@pytest.mark.slow
def test_a_host_that_fails_teaches_nothing(tests_file: str) -> None:
    with OllamaServer([HostModel("good", GOOD)]) as server:
        server.fail_next(Fault.SERVER_ERROR, Fault.ERROR_IN_STREAM, Fault.RESET_IN_STREAM)
        race = json.loads(run(server, "Write double(x).", "--tests", tests_file, "--json").stdout)
        assert [result["failure"] for result in race["results"]] == ["infrastructure"] * 3
        arms = banditgen("arms", "list", "--json", OLLAMA_HOST=server.url)
        assert {(arm["passes"], arm["fails"]) for arm in json.loads(arms.stdout)} == {(0.0, 0.0)}


@pytest.mark.slow
def test_what_a_model_writes_does_not_reach_the_terminal_raw(tests_file: str) -> None:
    """On a terminal control and format characters are replaced; a pipe gets the code as it is."""
    hostile = ["```python\ndef double(x):\n    '''\x1b]0;owned\x07 \u202e'''\n    return 2 * x\n```"]
    with OllamaServer([HostModel("good", hostile)]) as server:
        assert "\x1b]0;owned" in run(server, "Write double(x).", "--tests", tests_file, "--exploit").stdout
        main, terminal = pty.openpty()
        environment = {**os.environ, "OLLAMA_HOST": server.url, "TERM": "dumb"}
        command = [*COMMAND, "run", "Write double(x).", "--tests", tests_file, "--exploit"]
        shown = subprocess.run(command, stdout=terminal, stderr=subprocess.DEVNULL, env=environment, timeout=120, check=False)
        os.close(terminal)
        text = os.read(main, 100_000).decode()
        os.close(main)
    assert shown.returncode == 0
    assert "return 2 * x" in text
    assert "\x1b]0" not in text
    assert "\u202e" not in text


def test_a_hostile_strategy_name_is_printed_in_one_clean_line(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text('[[arms]]\nname = "a\\u001b[31m"\nmodel = "missing\\u001b[31m"\n')
    with OllamaServer([HostModel("good", GOOD)]) as server:
        done = run(server, "p", "--strategy", str(path))
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
