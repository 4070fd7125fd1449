"""`banditgen feedback` on a real history."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from banditgen.history.store import History
from tests.cli.command import banditgen
from tests.test_selection import raced


def test_a_rating_by_race_or_result_and_its_correction(tmp_path: Path) -> None:
    path = str(tmp_path / "h.db")
    store = History(path)
    race_id, winner, other = raced(store, (0.9, 0.5), (0.5, 0.9))
    done = banditgen("feedback", race_id, "0.4", "--who", "ann", "--why", "slow\x1b[31m", "--history", path)
    assert (done.returncode, done.stdout) == (0, "")
    assert f"{winner} rated 0.4" in done.stderr
    assert store.weights("balanced:0.7/0.3")[0] == (0.65, 0.35)
    done = banditgen("feedback", winner, "0.9", "--who", "ann", "--history", path, "--json")
    told = json.loads(done.stdout)
    assert (told["race_id"], told["result_id"], told["satisfaction"], told["who"]) == (race_id, winner, 0.9, "ann")
    assert store.weights("balanced:0.7/0.3")[0] == (0.7, 0.3)
    assert banditgen("feedback", other, "0.4", "--history", path).returncode == 0
    assert [rated.result.result_id for rated in store.ratings()] == [winner, other]


def test_a_preference(tmp_path: Path) -> None:
    path = str(tmp_path / "h.db")
    store = History(path)
    race_id, good, fast = raced(store, (0.9, 0.5), (0.8, 0.8))
    done = banditgen("feedback", "--prefer", fast, "--over", good, "--history", path, "--json")
    told = json.loads(done.stdout)
    assert (told["race_id"], told["better_id"], told["worse_id"]) == (race_id, fast, good)
    [kept] = store.preferences()
    assert (kept.better.result_id, kept.worse.result_id) == (fast, good)
    assert f"someone preferred {fast} to {good}" in banditgen("history", "show", race_id, "--history", path).stdout
    [shown] = json.loads(banditgen("history", "show", fast, "--history", path, "--json").stdout)["preferences"]
    assert (shown["better_id"], shown["worse_id"]) == (fast, good)
    weights = store.weights("balanced:0.7/0.3")[0]
    assert weights is not None
    assert weights[0] < 0.7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "either ID SATISFACTION or --prefer"),
        (["{race}"], "either ID SATISFACTION or --prefer"),
        (["{race}", "0.5", "--prefer", "{first}"], "either ID SATISFACTION or --prefer"),
        (["--prefer", "{first}"], "either ID SATISFACTION or --prefer"),
        (["--over", "{first}"], "either ID SATISFACTION or --prefer"),
        (["--prefer", "{first}", "--over", "{first}"], "itself"),
        (["--prefer", "{first}", "--over", "{elsewhere}"], "not of one race"),
        (["--prefer", "no\x1bne", "--over", "{first}"], "unknown race or result"),
        (["{first}", "1.5"], "satisfaction"),
    ],
)
def test_wrong_use_is_one_line_and_changes_nothing(tmp_path: Path, arguments: list[str], message: str) -> None:
    path = str(tmp_path / "h.db")
    store = History(path)
    race_id, first, _ = raced(store, (0.9, 0.5), (0.8, 0.8))
    _, elsewhere = raced(store, (0.9, 0.5))
    done = banditgen("feedback", *(a.format(race=race_id, first=first, elsewhere=elsewhere) for a in arguments), "--history", path)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "\x1b" not in done.stderr
    assert (store.feedback(), store.preferences()) == ([], [])
