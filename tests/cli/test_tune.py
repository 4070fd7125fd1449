"""`banditgen tune`: a dry run writes nothing, --apply puts the proposal in use, --json says all of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from banditgen.history.store import History
from banditgen.strategy import Strategy, strategy_in_use
from tests.cli.command import Done, banditgen
from tests.planted import fill

KEYS = {"weights", "by_task_type", "gain", "interval", "evidence", "proposed", "strategy"}


def run(*arguments: str) -> Done:
    return banditgen("tune", "--trials", "5", *arguments)


@pytest.fixture
def lovers_of_speed() -> None:
    """The default history, with 80 ratings and 20 preferences."""
    history = History()
    fill(history, np.random.default_rng(1), 80, 0.2, preferences=20)
    history.close()


@pytest.mark.slow
@pytest.mark.usefixtures("lovers_of_speed")
def test_a_dry_run_writes_nothing_and_apply_puts_the_proposal_in_use(tmp_path: Path) -> None:
    dry = run("--json")
    assert dry.returncode == 0, dry.stderr
    answer = json.loads(dry.stdout)
    assert answer.keys() >= KEYS
    assert (answer["proposed"], answer["strategy"], answer["evidence"], answer["preferences"]) == (True, None, 80, 20)
    assert set(answer["by_task_type"]) == {"a", "b"}
    assert answer["interval"][0] > 0
    assert strategy_in_use() == "balanced"
    assert list((tmp_path / "config").rglob("*.toml")) == []
    applied = json.loads(run("--json", "--apply").stdout)
    assert applied["weights"] == answer["weights"]
    assert strategy_in_use() == "balanced-tuned"
    own = Strategy.load("balanced-tuned")
    assert str(own.path) == applied["strategy"]
    assert own.criteria.quality_weight == answer["weights"]["quality"] < 0.4
    # tuned again on the same evidence, there is nothing left to gain
    again = json.loads(run("--json").stdout)
    assert again["in_use"] == answer["weights"]
    assert not again["proposed"]


@pytest.mark.slow
@pytest.mark.usefixtures("lovers_of_speed")
def test_output_goes_where_it_is_told_and_never_over_a_shipped_strategy(tmp_path: Path) -> None:
    done = run("--output", str(tmp_path / "mine.toml"))
    assert done.returncode == 0, done.stderr
    assert "80 ratings and 20 preferences" in (tmp_path / "mine.toml").read_text(encoding="utf-8")
    shipped = Strategy.load("balanced").path
    assert shipped is not None
    before = shipped.read_bytes()
    refused = run("--output", str(shipped))
    assert refused.returncode == 2
    assert "comes with banditgen" in refused.stderr
    assert shipped.read_bytes() == before


@pytest.mark.slow
def test_without_evidence_nothing_is_proposed_and_that_is_no_error() -> None:
    done = run("--json", "--apply")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["proposed"], answer["strategy"], answer["evidence"], answer["gain"]) == (False, None, 0, None)
    assert answer["weights"] == {"quality": 0.7, "speed": 0.3}
    assert answer["why"] == "not enough evidence: 0 ratings, needs about 60"
    assert strategy_in_use() == "balanced"


def test_an_unknown_strategy_is_one_line() -> None:
    done = run("--strategy", "nobodys")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_studies_url_with_more_than_one_at_is_not_echoed() -> None:
    done = run("--storage", "postgres://ann:ge@heim@h/db")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "heim" not in done.stderr
