"""`banditgen history …` on real histories."""

from __future__ import annotations

import contextlib
import json
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from banditgen.generators.recordings import Recording, read_recordings, write_recordings
from banditgen.history import schema as t
from banditgen.history.store import History
from banditgen.result import FailureKind, Timings
from tests.cli.command import COMMAND, banditgen, process
from tests.history.test_retention import aged
from tests.history.test_transfer import filled, good_line, tables


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history with everything in it, hostile text included."""
    path = tmp_path_factory.mktemp("original") / "h.db"
    with contextlib.closing(History(path)) as store:
        filled(store)
    return path


@pytest.fixture
def path(original: Path, tmp_path: Path) -> str:
    """A copy of it for each test."""
    return str(shutil.copy(original, tmp_path / "h.db"))


@pytest.mark.slow
def test_export_pipes_into_import(tmp_path: Path, path: str) -> None:
    done = banditgen("history", "export", "--format", "jsonl", "--history", path)
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines)) == (0, 91)
    assert {json.loads(line)["record"] for line in lines} == {"candidate"}
    target = str(tmp_path / "t.db")
    for new, command in ((91, process), (0, banditgen)):
        report = json.loads(command("history", "import", "-", "--history", target, "--json", stdin=done.stdout).stdout)
        assert (report["new"]["candidate"], report["known"]["candidate"], report["skipped"]) == (new, 91 - new, 0)
    assert tables(History(target)) == tables(History(path))
    assert banditgen("history", "check", "--history", target).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["h.jsonl", "h.jsonl.gz", "h.parquet"])
def test_files_by_their_names(tmp_path: Path, path: str, name: str) -> None:
    file, target = tmp_path / name, str(tmp_path / "t.db")
    done = banditgen("history", "export", str(file), "--history", path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "91 candidates written" in done.stderr
    assert [one.name for one in tmp_path.iterdir() if ".part" in one.name] == []
    done = banditgen("history", "import", str(file), "--history", target)
    assert done.returncode == 0, done.stderr
    assert "91 candidates" in done.stderr
    assert tables(History(target)) == tables(History(path))


@pytest.mark.slow
def test_a_reader_who_has_seen_enough(path: str) -> None:
    command = f"{shlex.join(COMMAND)} history export --history {path} | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert (len(done.stdout.splitlines()), done.stderr) == (1, "")


def test_a_malformed_line_stops_or_is_left_out(tmp_path: Path) -> None:
    file, target = tmp_path / "x.jsonl", str(tmp_path / "t.db")
    file.write_text("\n".join([json.dumps(good_line()), '{"record": "candidate", "id": "\x1b[31m', json.dumps(good_line())]))
    done = banditgen("history", "import", str(file), "--history", target)
    assert done.returncode == 2
    assert "x.jsonl, line 2: it is not JSON" in done.stderr
    assert "nothing was imported" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "\x1b" not in done.stderr
    assert History(target).count()["results"] == 0
    done = banditgen("history", "import", str(file), "--on-error", "skip", "--history", target)
    assert done.returncode == 0
    assert "line 2: it is not JSON" in done.stderr
    assert "1 malformed lines left out" in done.stderr
    assert History(target).count()["results"] == 2


@pytest.mark.slow
def test_recordings_become_races_that_teach(tmp_path: Path) -> None:
    timings = Timings(2.0, prompt_eval=0.5, eval=1.0)
    text = "```python\ndef add(a, b):\n    return a + b\n```"
    told = [
        Recording("p", "Write add.", "m", 0.1, text, timings, passed=True),
        Recording("p", "Write add.", "n", 0.1, "no code", timings, passed=False),
        Recording("p", "Write add.", "m", 0.1, text, timings, sample=1, passed=False),
        Recording("q", "Write mul.", "m", 0.1, text, timings),
        Recording("q", "Write mul.", "n", 0.1, "", timings, failure=FailureKind.INFRASTRUCTURE, error="down"),
    ]
    file, target = tmp_path / "r.jsonl.gz", str(tmp_path / "t.db")
    write_recordings(file, told)
    for new in (5, 0):
        done = banditgen("history", "import", str(file), "--type", "arithmetic", "--history", target, "--json")
        assert json.loads(done.stdout)["new"]["candidate"] == new
    store = History(target)
    assert {(tally.arm_name, tally.task_type, tally.passes, tally.fails) for tally in store.tallies()} == {
        ("m 0.1", "arithmetic", 1, 1),
        ("n 0.1", "arithmetic", 0, 1),
    }
    races = sorted(store.races(), key=lambda race: len(race.results))
    assert [len(race.results) for race in races] == [1, 2, 2]
    winners = [result for race in races for result in race.results if result.id == race.best_id]
    assert [(result.code, result.generation_time) for result in winners] == [("def add(a, b):\n    return a + b\n", 1.5)]
    assert store.check_statistics() == []
    # and out again, as recordings
    again = tmp_path / "again.jsonl"
    assert banditgen("history", "export", str(again), "--format", "recordings", "--history", target).returncode == 0
    assert {(r.prompt, r.model, r.text, r.passed) for r in read_recordings(again)} == {(r.prompt, r.model, r.text, r.passed) for r in told}
    file.write_bytes(b"")
    (tmp_path / "bad.jsonl").write_text(json.dumps({"record": "prompt", "id": "p", "prompt": "x"}) + '\n{"record": "generation"}\n')
    done = banditgen("history", "import", str(tmp_path / "bad.jsonl"), "--history", target)
    assert done.returncode == 2
    assert "bad.jsonl, line 2: not a recording" in done.stderr
    assert banditgen("history", "import", str(tmp_path / "bad.jsonl"), "--on-error", "skip", "--history", target).returncode == 0


def test_show_a_race_by_any_of_its_ids(path: str) -> None:
    store = History(path)
    race = store.race(next(f.race_id for f in store.feedback() if f.race_id) or "")
    assert race is not None
    for subject in (race.id, race.results[1].id):
        done = banditgen("history", "show", subject, "--code", "--history", path)
        assert done.returncode == 0, done.stderr
        for result in race.results:
            assert result.id in done.stdout
        assert "thompson" in done.stdout
        assert "rated" in done.stdout
        assert "return" in done.stdout
        assert not {"\x00", "\x1b", "\udcff"} & set(done.stdout)
        shown = json.loads(banditgen("history", "show", subject, "--history", path, "--json").stdout)
        assert shown["decision"]["id"] == shown["race"]["id"] == race.id
        assert [one["id"] for one in shown["results"]] == [result.id for result in race.results]
        assert [f["satisfaction"] for f in shown["feedback"]] == [0.4, 0.6]
    waiting = store.pending("text")[0]
    assert "not finished" in banditgen("history", "show", waiting.id, "--history", path).stdout
    alone = next(row for row in json_lines(path) if row["race_id"] is None)
    assert alone["id"] in banditgen("history", "show", alone["id"], "--history", path).stdout


def json_lines(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in banditgen("history", "export", "--history", path).stdout.splitlines()]


@pytest.mark.slow
def test_prune_says_what_it_would_do_and_does_it_when_told(path: str) -> None:
    store = History(path)
    aged(store, 30)
    store.close()
    before = json_lines(path)
    planned = json.loads(banditgen("history", "prune", "--keep-days", "7", "--history", path, "--json").stdout)
    assert not planned["applied"]
    assert planned["bytes"] > 0
    assert json_lines(path) == before
    said = banditgen("history", "prune", "--keep-days", "7", "--history", path)
    assert "would drop" in said.stderr
    assert "--yes" in said.stderr
    done = banditgen("history", "prune", "--keep-days", "7", "--yes", "--history", path)
    assert "dropped" in done.stderr
    after = json_lines(path)
    assert [row["reward"] for row in after] == [row["reward"] for row in before]
    assert sum(row["stdout"] == "" for row in after) == planned["candidates"]
    assert banditgen("history", "check", "--history", path).returncode == 0
    too_small = banditgen("history", "prune", "--max-size", "1kB", "--history", path)
    assert "not enough for 1kB" in too_small.stderr


@pytest.mark.slow
def test_check_finds_what_was_planted_and_mends_it(path: str) -> None:
    assert banditgen("history", "check", "--history", path).returncode == 0
    store = History(path)
    with store.database.transaction(write=True) as connection:
        connection.execute(sa.update(t.statistics).values(count=t.statistics.c.count + 1))
    store.close()
    done = banditgen("history", "check", "--history", path)
    assert done.returncode == 1
    assert "the log says" in done.stderr
    report = json.loads(banditgen("history", "check", "--history", path, "--json").stdout)
    assert not report["sound"]
    assert report["differences"]
    assert banditgen("history", "check", "--rebuild", "--history", path).returncode == 0
    assert banditgen("history", "check", "--history", path).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "nonsense\x1b"], "unknown race or result"),
        (["prune"], "needs a limit"),
        (["prune", "--max-size", "much"], "--max-size must be a size"),
        (["prune", "--keep-days", "nan"], "keep-days"),
        (["prune", "--keep-days", "-1"], "keep-days"),
        (["export", "--format", "parquet"], "parquet needs a file"),
        (["export", "--format", "recordings"], "recordings needs a file"),
        (["export", "/nowhere/at/all.jsonl"], "cannot write"),
        (["export", "--format", "csv"], "csv"),
        (["import", "/nowhere/at/all.jsonl"], "cannot read"),
        (["import", "/nowhere/at/all.parquet"], "cannot read"),
        (["import", "x", "--on-error", "cry"], "cry"),
        (["import"], "PATH"),
    ],
)
def test_wrong_use_is_one_line(arguments: list[str], message: str) -> None:
    done = banditgen("history", *arguments)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "\x1b" not in done.stderr
    assert done.stdout == ""


def test_a_history_without_anything_exports_nothing(tmp_path: Path) -> None:
    History(tmp_path / "empty.db").close()
    done = banditgen("history", "export", "--history", str(tmp_path / "empty.db"))
    assert (done.returncode, done.stdout) == (0, "")
