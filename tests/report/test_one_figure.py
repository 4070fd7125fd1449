"""What is said of an arm in two places is one figure: by a session, the command, the report."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Literal

import pytest

from banditgen import BanditGenerator, GeneratorConfig, Strategy, Task
from banditgen.history.base import HistoryStore
from banditgen.history.store import History
from banditgen.learning.learner import Recommendation
from banditgen.report import gantt, posteriors
from banditgen.report.learned import learned
from banditgen.report.source import Source
from banditgen.strategy import Spending
from tests.cli.command import banditgen
from tests.clients import BAD, GOOD, Client

ARMS = [GeneratorConfig(name, f"model-{name}") for name in ("d", "b", "c", "a")]  # in no order that a reader of the log would find
ANSWERS = {"model-d": BAD, "model-b": GOOD, "model-c": BAD, "model-a": GOOD}


def raced(history: HistoryStore, spend: Literal["waves", "at_once"], tested: int, untested: int = 0) -> list[Recommendation]:
    """What a session recommends after so many races."""
    plan = dataclasses.replace(Strategy.load("balanced"), name="mine", race=Spending(spend=spend)).with_arms(ARMS)
    with BanditGenerator.open(plan, backend=Client(ANSWERS), history=history, seed=1) as bandit:
        for number in range(tested + untested):
            tests = "assert double(2) == 4" if number < tested else None
            bandit.run(Task(f"Write double(x), number {number}.", tests=tests, task_type="text"))
        return bandit.recommend("text", len(ARMS))


@pytest.mark.parametrize("spend", ["at_once", "waves"])
def test_a_session_and_the_report_and_the_command_say_the_same_of_each_arm(spend: Literal["waves", "at_once"], tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    history = History(path)
    rows = raced(history, spend, 6)
    table = posteriors.view(Source(history)).table
    history.close()
    for name in ("expected_reward", "low", "high", "chance_best", "passes", "fails", "soft"):
        assert dict(zip(table["arm"].values, table[name].values, strict=True)) == {row.name: getattr(row, name) for row in rows}, name
    nowhere = {"OLLAMA_HOST": "http://127.0.0.1:9", "BANDITGEN_BACKEND": "ollama"}
    listed = banditgen("arms", "list", "--history", str(path), "--json", **nowhere)
    told = {row["name"]: row for row in json.loads(listed.stdout)}
    assert {row.name for row in rows} == told.keys()
    for row in rows:
        own = told[row.name]
        assert (own["passes"], own["fails"], own["soft"]) == (row.passes, row.fails, row.soft)
        assert (own["model_seconds"], own["generations"]) == (row.spent.model_seconds, row.spent.generations)
        for name in ("expected_reward", "low", "high", "chance_best"):
            assert own[name] == getattr(row, name), name


def test_a_sentence_that_goes_by_verdicts_alone_says_so() -> None:
    """Where soft evidence counts, what is expected in the table is not what a sentence on the best arm rests on."""
    history = History("sqlite://")
    raced(history, "at_once", 2, 6)
    (sentence, *_) = learned(Source(history), [])
    assert sentence.evidence.startswith("By verdicts alone, ")
    history.close()
    history = History("sqlite://")
    raced(history, "at_once", 3)
    (sentence, *_) = learned(Source(history), [])
    assert not sentence.evidence.startswith("By verdicts alone, ")
    history.close()


def test_candidates_that_only_ran_are_not_counted_as_passed(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    history = History(path)
    raced(history, "at_once", 1, 1)
    assert set(gantt.view(history, history.races(1)[0].id).table["verdict"].values) == {"ran, no tests"}
    history.close()
    without, tested = banditgen("history", "list", "--history", str(path)).stdout.splitlines()[1:3]
    assert "  no tests  " in without
    assert "/3" in tested
