"""The command as a user calls it: exit codes, stdout, stderr."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from banditgen.cli import VERBS, cli
from banditgen.history.store import History
from banditgen.race import ParallelGenerator
from banditgen.sandbox.default import shared_sandbox
from banditgen.task import Task
from tests.cli.command import banditgen, process
from tests.clients import GOOD, Client
from tests.docs.test_docs import helps


def test_help_names_every_verb() -> None:
    done = process("--help")
    assert done.returncode == 0
    for verb in VERBS:
        assert verb in done.stdout
        assert banditgen(verb, "--help").returncode == 0
    assert banditgen("--version").stdout.startswith("banditgen, version ")


def test_each_verb_takes_help_and_verbose_behind_it() -> None:
    """So do those below a group; a group alone is wrong use that shows what it has."""
    found = [tuple(name.split()[1:]) for name in helps(cli, "banditgen")][1:]  # without the command itself
    assert len(found) > len(VERBS)
    for words in found:
        for flags in (("-h",), ("-v", "-h"), ("--verbose", "--help")):
            done = banditgen(*words, *flags)
            assert (done.returncode, done.stderr) == (0, ""), words
            assert f"banditgen {' '.join(words)} [OPTIONS]" in done.stdout.splitlines()[0]
    for group in ("history", "arms", "models", "storage"):
        done = banditgen(group)
        assert done.returncode == 2
        assert "Commands:" in done.stdout + done.stderr


@pytest.mark.slow
def test_a_process_says_what_was_wrong_in_one_line_and_exits_2() -> None:
    done = process("run", "")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "prompt is empty" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", ""], "prompt is empty"),
        (["run", "p", "--tests", "/nowhere/tests.py"], "cannot read the tests"),
        (["run", "p", "--strategy", "nowhere", "--backend", "embedded"], "nowhere"),
        (["run", "p", "-k", "0"], "-k"),
        (["run"], "PROMPT"),
        (["run", "p", "--backend", "cloud"], "cloud"),
        (["run", "p", "--history", "mysql://x/y"], "history"),
        (["history", "list", "--history", "/proc/nope/h.db"], "history"),
        (["feedback", "nonsense", "0.5"], "unknown race or result"),
        (["feedback", "nonsense", "much"], "much"),
        (["feedback", "nonsense", "nan"], "satisfaction"),
        (["history", "list", "--limit", "9" * 25], "--limit"),
        (["replay", "--against", "balanced", "--seed", "-1"], "--seed"),
        (["tune", "--seed", "9" * 25], "--seed"),
        (["models", "pull", "gpt-17"], "gpt-17"),
        (["arms", "list", "--backend", "ollama"], "Ollama"),
        (["demo", "--replay-only", "--plot", "/nowhere/at/all.png"], "there is no folder /nowhere/at"),
        (["demo", "--replay-only", "--plot", "plot.txt"], "must end in one of"),
        (["doctor", "--frob"], "--frob"),
        (["evolve", "--tasks", "/nowhere"], "/nowhere"),
        (["history", "show", "zzz", "--history", "sqlite://"], "holds no history"),
        (["history", "export", "/nowhere/x.jsonl"], "/nowhere"),
        (["history", "import", "/nowhere"], "/nowhere"),
        (["history", "prune", "--max-size", "much"], "much"),
        (["history", "check", "--history", "/nowhere/h.db"], "/nowhere/h.db"),
        (["models", "list", "--frob"], "--frob"),
        (["storage", "upgrade", "--history", "/nowhere/h.db"], "/nowhere/h.db"),
        (["tools", "--min-probability", "2"], "min"),
        (["tune", "--trials", "0"], "--trials"),
        (["arms", "tree", "--history", "/nowhere/h.db"], "/nowhere/h.db"),
        (["replay", "--against", "nobodys"], "nobodys"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_wrong_use_exits_2_in_one_line(arguments: list[str], message: str) -> None:
    done = banditgen(*arguments, OLLAMA_HOST="http://127.0.0.1:9")
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_tests_that_do_not_parse(tmp_path: Path) -> None:
    tests = tmp_path / "tests.py"
    tests.write_text("assert f(1 ==")
    done = banditgen("run", "p", "--tests", str(tests))
    assert (done.returncode, done.stdout) == (2, "")
    assert "do not parse" in done.stderr


def test_a_strategy_with_an_unknown_key_names_file_key_and_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('k = 3\ncolour = "red"\nmodels = "available"\n')
    done = banditgen("run", "p", "--strategy", str(path), "--backend", "embedded")
    assert done.returncode == 2
    assert "mine.toml" in done.stderr
    assert "colour" in done.stderr
    assert "2" in done.stderr


@pytest.mark.slow
def test_history_list_and_feedback(tmp_path: Path) -> None:
    path = str(tmp_path / "h.db")
    from banditgen.arm import GeneratorConfig

    generator = ParallelGenerator(Client({"m": GOOD}), history=path)
    hostile = Task("Write \x1b[31mdouble(x) [bold]now[/bold]", task_type="text", tests="assert double(1) == 2")
    generator.generate_parallel(hostile.prompt, [GeneratorConfig("a", "m")], "n", "d", task=hostile)
    done = banditgen("history", "list", "--history", path)
    assert done.returncode == 0
    assert "\x1b[31m" not in done.stdout
    assert "1/1" in done.stdout
    listed = json.loads(banditgen("history", "list", "--json", "--history", path).stdout)
    assert listed[0]["results"][0]["test_passed"] is True
    assert banditgen("feedback", listed[0]["id"], "0.4", "--history", path, "--json").returncode == 0
    store = History(path)
    assert [given.satisfaction for given in store.feedback()] == [0.4]
    assert store.weights("selector:0.7/0.3") == ((0.65, 0.35), 1)
    store.close()


@pytest.mark.slow
def test_doctor_tells_what_is_there() -> None:
    done = banditgen("doctor", "--json", OLLAMA_HOST="http://127.0.0.1:9")
    report = json.loads(done.stdout)
    assert set(report) >= {"version", "usable", "ollama", "embedded", "sandbox", "history", "strategies"}
    assert "error" in report["ollama"]
    assert report["sandbox"]["network"]
    assert done.returncode == (0 if report["usable"] else 1)
    assert "sandbox" in banditgen("doctor").stdout
    assert not shared_sandbox().run("pass", Task("p")).error, "the one that races share is still open"


def test_models_list() -> None:
    listed = json.loads(banditgen("models", "list", "--json").stdout)
    assert {model["name"] for model in listed} == {"smollm2-135m-instruct", "gemma-3-270m"}
    assert all(len(model["sha256"]) == 64 for model in listed)


@pytest.mark.models
@pytest.mark.xdist_group("models")
def test_run_races_real_models(tmp_path: Path) -> None:
    """One real race from the command line: JSON on stdout, progress on stderr, exit code by verdict, history kept."""
    tests = tmp_path / "tests.py"
    tests.write_text("assert add(2, 3) == 5\nassert add(-1, 1) == 0\n")
    url = f"sqlite:///{tmp_path / 'h.db'}"
    done = process(
        "run", "Write a Python function add(a, b) that returns the sum of a and b.",
        "--type", "simple_function", "--tests", str(tests), "-k", "3", "--backend", "embedded", "--json", "--seed", "1", "--history", url,
    )  # fmt: skip
    race = json.loads(done.stdout)
    assert len(race["results"]) == 3
    assert done.returncode == (0 if race["best"] else 1)
    assert all(result["timings"]["eval"] > 0 for result in race["results"] if result["success"])
    listed = json.loads(banditgen("history", "list", "--json", "--history", url).stdout)
    assert [entry["id"] for entry in listed] == [race["id"]]
