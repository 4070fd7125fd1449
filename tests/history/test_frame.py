"""The history as a DataFrame: a row for each candidate, with types to work with."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

from banditgen.history.base import RaceRecord
from banditgen.history.ids import new_id
from banditgen.history.store import History
from banditgen.result import FailureKind, GenerationResult, Timings
from tests.history.test_transfer import filled


def test_a_row_is_a_candidate_and_columns_have_types(history: History) -> None:
    first = GenerationResult(
        "a", "x = 1", 1.5, "m", 0.1, True, 0.2, 0.8, 0.3, 0.75, verified=True, speed_score=0.9, reward=0.75, measures={"quality": 0.6},
        timings=Timings(2.0, eval=1.5, completion_tokens=7), id=new_id(), arm_id="id-a", digest="d", text="```x = 1```",
    )  # fmt: skip
    second = GenerationResult(
        "b", "", 3.0, "n", 0.7, success=False, failure=FailureKind.TIMEOUT, error="late \udcff", verified=True, id=new_id()
    )
    race = RaceRecord(new_id(), "text", {"prompt": "p"}, [first, second], first.id)
    history.add_race(race)
    frame = history.dataframe(code=True)
    assert len(frame) == 2
    assert frame["created_at"].dt.tz is not None
    assert abs(frame["created_at"].iloc[0] - pd.Timestamp.now(tz="UTC")) < pd.Timedelta(minutes=5)
    row = frame.iloc[0]
    assert (row["id"], row["race_id"], row["position"], row["task_type"]) == (first.id, race.id, 0, "text")
    assert (row["generator_name"], row["arm_id"], row["model_used"], row["digest"], row["temperature"]) == ("a", "id-a", "m", "d", 0.1)
    scores = ("quality_score", "speed_score", "combined_score", "reward", "generation_time", "test_time", "execution_time")
    assert [row[name] for name in scores] == [0.8, 0.9, 0.75, 0.75, 1.5, 0.2, 0.3]
    assert (row["wall_seconds"], row["eval_seconds"], row["completion_tokens"], row["measure_quality"]) == (2.0, 1.5, 7, 0.6)
    assert row["code"] == "x = 1"
    assert list(frame["failure"].fillna("none")) == ["none", "timeout"]
    assert list(frame["error"].fillna("none")) == ["none", "late ?"]
    assert pd.isna(frame["wall_seconds"].iloc[1])
    assert pd.isna(frame["measure_quality"].iloc[1])
    kinds = {"test_passed": "bool", "verified": "boolean", "quality_score": "float64", "completion_tokens": "Int64", "position": "int64"}
    assert {name: str(frame[name].dtype) for name in kinds} == kinds
    assert frame.groupby("generator_name")["test_passed"].mean().to_dict() == {"a": 1.0, "b": 0.0}


def test_an_empty_history_has_the_same_columns() -> None:
    store = History("sqlite://")
    empty = store.dataframe()
    assert len(empty) == 0
    assert empty["created_at"].dt.tz is not None
    filled(store, 3)
    assert list(store.dataframe().columns[: len(empty.columns)]) == list(empty.columns)
    assert set(store.dataframe("data")["task_type"]) == {"data"}


@pytest.mark.slow
def test_without_pandas_one_line_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['pandas'] = None; sys.modules['pyarrow'] = None\n"
        "from banditgen.history.store import History\nfrom banditgen.errors import UsageError\n"
        "from banditgen.history.frame import write_parquet\n"
        "store = History('sqlite://')\n"
        "for ask in (store.dataframe, lambda: write_parquet(store.database, 'x')):\n"
        "    try: ask()\n    except UsageError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "a DataFrame needs pandas, which is not installed: `pip install -e '.[dataframe]'` in a checkout" in done.stdout
    assert "Parquet needs pyarrow" in done.stdout


@pytest.mark.filterwarnings("error")
def test_no_warning_on_the_way(history: History) -> None:
    filled(history, 3)
    history.dataframe(code=True)
