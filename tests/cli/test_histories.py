"""Nothing by accident: verbs that read refuse a history that is not there, verbs that write say where they made one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from banditgen.history.store import History
from banditgen.testing._histories import a_race
from banditgen.testing.ollama_server import HostModel, OllamaServer
from tests.cli.command import banditgen

READING = [
    ("history", "list"),
    ("history", "show", "last"),
    ("history", "export"),
    ("history", "prune", "--keep-days", "1"),
    ("history", "check"),
    ("feedback", "last", "0.5"),
    ("tools",),
    ("tune",),
    ("replay", "--against", "balanced"),
    ("arms", "tree"),
    ("arms", "list"),
    ("storage", "upgrade"),
]


@pytest.mark.parametrize("verb", READING, ids=" ".join)
def test_a_verb_that_reads_refuses_a_mistyped_history(verb: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path, a folder, a URL; and makes none."""
    monkeypatch.chdir(tmp_path)
    for history in ("hstory.db", "nowhere/h.db", "sqlite//h.db", "sqlite:///hstory.db", "file:h.db"):
        done = banditgen(*verb, "--history", history)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), (history, done)
        assert "history" in done.stderr
    done = banditgen(*verb, BANDITGEN_HISTORY="nowhere/h.db")
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_history_that_nothing_raced_in_yet_is_an_empty_one(tmp_path: Path) -> None:
    """The one that is set, in a folder that is there, is no mistake; looking at it makes no file."""
    url = f"sqlite:///{tmp_path / 'h.db'}"
    for verb in (("history", "list"), ("arms", "tree"), ("tools",), ("history", "export")):
        assert banditgen(*verb, BANDITGEN_HISTORY=url).returncode == 0
    seen = json.loads(banditgen("doctor", "--json", BANDITGEN_HISTORY=url).stdout)
    assert seen["history"] == {"url": url, "state": "not there yet: the first race makes it"}
    assert not (tmp_path / "h.db").exists()


@pytest.mark.slow
def test_doctor_shows_no_password_and_refuses_what_is_mistyped(tmp_path: Path) -> None:
    for url in ("postgres://ann:Geheim@127.0.0.1:1/db", "postgresql://ann:p@Geheim@h/db", "postgresql//ann:Geheim@h/db"):
        done = banditgen("doctor", "--json", BANDITGEN_HISTORY=url)
        assert done.returncode == 1
        assert "Geheim" not in done.stdout + done.stderr
        assert json.loads(done.stdout)["history"]["error"]
    assert "no history at" in json.loads(banditgen("doctor", "--json", "--history", str(tmp_path / "h.db")).stdout)["history"]["error"]


@pytest.mark.slow
def test_what_fails_before_anything_is_kept_leaves_no_history_behind(tmp_path: Path) -> None:
    """Nor the folders that were made for it; one that was there before stays as it is."""
    mistyped, there = tmp_path / "mistyped" / "twice" / "h.db", tmp_path / "there.db"
    History(there).close()
    for path in (mistyped, tmp_path / "new.db", there):
        done = banditgen("run", "Double.", "--history", str(path), "-b", "ollama", OLLAMA_HOST="http://127.0.0.1:9")
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert {path.name for path in tmp_path.iterdir()} - {"there.db-wal", "there.db-shm"} == {"there.db"}


@pytest.mark.slow
def test_a_verb_that_writes_says_once_that_it_made_a_history(tmp_path: Path) -> None:
    """A race, and an import; in a folder that was not there."""
    store = History(tmp_path / "h.db")
    store.add_race(a_race(np.random.default_rng(1)))
    store.close()
    lines = tmp_path / "lines.jsonl"
    assert banditgen("history", "export", str(lines), "--history", str(tmp_path / "h.db")).returncode == 0
    answer = ["```python\n", "def double(x):\n", "    return 2 * x\n", "```"]
    with OllamaServer([HostModel("good", answer)]) as server:
        for verb in (("history", "import", str(lines)), ("run", "Double.", "-k", "1")):
            path = str(tmp_path / verb[0] / "new.db")
            said = [banditgen(*verb, "--history", path, OLLAMA_HOST=server.url).stderr for _ in range(2)]
            assert [f"a new history was made: sqlite:///{path}" in text for text in said] == [True, False]
