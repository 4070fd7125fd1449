"""The sentence that `banditgen doctor` ends in."""

from __future__ import annotations

from typing import Any

import pytest

from banditgen.cli.doctor import verdict
from tests.cli.command import banditgen

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
        ({"ollama": {"error": "x"}}, ["Nothing can run", "start Ollama and pull a model."]),
        ({"ollama": {"error": "x"}, "embedded": {"models": ""}}, ["Nothing can run", "banditgen models pull"]),
        ({"sandbox": {"level": "confined", "memory": "polling; seen open"}}, ["confined", "Not held: memory.", "user namespaces"]),
        ({"sandbox": {"error": "no kernel"}}, ["cannot run", "the sandbox: no kernel"]),
        ({"history": {"error": "gone"}}, ["the history: gone"]),
        ({"settings": {"error": "pyproject.toml: odd"}}, ["mend the settings: pyproject.toml: odd"]),
        ({"settings": {"backend": "ollama (from F)"}}, ["what is set, ollama (from F)"]),
    ],
)
def test_it_says_what_will_run_how_it_is_held_and_what_to_do_better(changed: dict[str, Any], said: list[str]) -> None:
    sentence = verdict(FINE | changed)
    for part in said:
        assert part in sentence


def test_the_command_ends_in_it_and_a_verb_takes_verbose() -> None:
    done = banditgen("doctor", "-v", OLLAMA_HOST="http://127.0.0.1:9", COLUMNS="80")
    assert done.returncode in (0, 1), done.stderr
    last = done.stdout.rstrip().rpartition("\n\n")[2]
    assert "better" in last
    assert max(map(len, last.splitlines())) <= 80
    assert banditgen("history", "list", "-v").returncode == 0
