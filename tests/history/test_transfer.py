"""A history moved: exported and imported it is the same history; what is malformed is reported by line."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gzip
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from banditgen import BanditGenerator, GeneratorConfig
from banditgen.errors import UsageError
from banditgen.history import schema as t
from banditgen.history import statistics
from banditgen.history.base import ArmEvent, ArmRecord, DecisionRecord, RaceRecord, SoftEvidence
from banditgen.history.export import chunks, lines
from banditgen.history.frame import parquet_lines, write_parquet
from banditgen.history.ids import new_id
from banditgen.history.imports import Imported, OnError, file_lines, import_rows, parsed
from banditgen.history.store import History
from banditgen.result import FailureKind, GenerationResult, Timings
from banditgen.selection import prefer, rate
from tests.clients import BAD, GOOD, Client

HOSTILE = "def f():\n    return '\udcff\x00\N{NO-BREAK SPACE}\\\" \ufdd0 \U0001f600'  # </script>\r\n"
ARMS = [GeneratorConfig("good", "good", 0.1), GeneratorConfig("bad", "bad", 0.1), GeneratorConfig("worse", "bad", 0.7)]


def candidate(name: str, rng: np.random.Generator, **fields: Any) -> GenerationResult:
    passed = bool(rng.random() < 0.5)
    kind = None if passed else FailureKind(str(rng.choice(["wrong", "timeout", "infrastructure", "cancelled"])))
    given = {
        "test_passed": passed,
        "quality_score": 0.5 + 0.5 * float(rng.random()) if passed else 0.1,
        "speed_score": float(rng.random()) if passed else 0.0,
        "combined_score": float(rng.random()),
        "failure": kind,
        "verified": kind is None or kind.moves_posterior,
        "timings": Timings(float(rng.random()), eval=0.1, completion_tokens=7),
        "measures": {"quality": float(rng.random())},
        "text": f"text {rng.integers(5)}",
        "error": HOSTILE if kind else None,
        "id": new_id(),
        "arm_id": f"id-{name}",
        "digest": str(rng.choice(["a", "b"])),
        "stdout": HOSTILE,
    }
    return GenerationResult(name, HOSTILE, 1.5, f"model-{name}", 0.1, **(given | fields))


def filled(store: History, races: int = 30) -> None:
    """Everything a history can hold, with hostile text wherever text may be."""
    rng = np.random.default_rng(1)
    kept = []
    for number in range(races):
        task_type = ["text", "data"][number % 2]
        results = [candidate(name, rng) for name in rng.choice(["a", "b", "c", "d"], 3, replace=False)]
        race_id = new_id()
        arms = [{"name": r.generator_name, "arm_id": r.arm_id, "model": r.model_used} for r in results]
        detail = {"start_weights": {"quality": 0.7, "speed": 0.3}, "odd": HOSTILE}
        store.add_decision(DecisionRecord(race_id, task_type, arms, "thompson", {"a": 0.5}, "balanced", number, detail))
        kept.append(RaceRecord(race_id, task_type, {"prompt": HOSTILE}, results, results[0].id, HOSTILE, 1.5))
        store.add_race(kept[-1])
        store.add_selection("balanced:0.7/0.3", results[0], task_type)
    store.add_decision(DecisionRecord(new_id(), "text", arms, "thompson"))  # pending
    store.add_race(RaceRecord(new_id(), "text", {}, [], reason="nobody came"))
    store.add_outcome(candidate("e", rng), "text")
    store.add_arms([ArmRecord("id-z", HOSTILE, "m", {"temperature": 0.3}, ["id-a", "id-b"], "evolved")])
    store.add_arm_event(ArmEvent("balanced", "id-z", "born", {"why": HOSTILE}))
    store.add_strategy("0" * 64, "balanced", HOSTILE)
    rate(store, kept[0].id, 0.4, who="ann \x00", why=HOSTILE.replace("\udcff", ""))
    rate(store, kept[0].id, 0.6, who="ann \x00")
    rate(store, kept[1].results[1].id, 0.2)
    prefer(store, kept[2].results[1].id, kept[2].results[0].id, who="ben")
    later = DecisionRecord(new_id(), "text", arms, "thompson", race_id=kept[2].id, step=1)  # of a second wave
    store.add_decision(later)
    for place, value in ((0, 0.25), (2, 1.0)):
        assert store.add_soft_evidence(SoftEvidence(kept[place].results[1].id, "agreed", value))


def tables(store: History) -> dict[str, list[Any]]:
    """Every row of every table but the log's own numbers, in one order; statistics as they add up."""
    found: dict[str, list[Any]] = {}
    with store.database.transaction() as connection:
        for table in t.metadata.sorted_tables:
            if table is t.meta or table in statistics.TABLES:
                continue
            rows = (dict(row) for row in connection.execute(table.select()).mappings())
            found[table.name] = sorted(json.dumps({k: v for k, v in row.items() if k != "seq"}, sort_keys=True) for row in rows)
    return found


def exported(store: History, task_type: str | None = None) -> str:
    return "".join(lines(store.database, task_type))


def imported(store: History, text: str | bytes, on_error: OnError = "stop") -> Imported:
    raw = text.encode() if isinstance(text, str) else text
    return import_rows(store.database, parsed(lambda: enumerate(io.BytesIO(raw), start=1), "x", on_error), on_error)


def test_one_line_is_one_candidate_and_the_lines_carry_everything(history: History) -> None:
    """Into an empty history: the same rows in all tables, the same statistics, and nothing new the second time."""
    source = History("sqlite://")
    filled(source)
    text = exported(source)
    assert len(text.splitlines()) == source.count()["results"] == 91
    assert text.isascii()
    done = imported(history, text)
    assert done.new["candidate"] == 91
    assert (done.known.total(), done.skipped) == (0, 0)
    assert tables(history) == tables(source)
    assert history.check_statistics() == []
    assert history.weights("balanced:0.7/0.3") == source.weights("balanced:0.7/0.3")
    assert exported(history) == text
    again = imported(history, text)
    assert (again.new.total(), again.known["candidate"]) == (0, 91)
    assert tables(history) == tables(source)
    assert history.check_statistics() == []


def test_posteriors_are_the_same_after_a_move(tmp_path: Path) -> None:
    answers: dict[str, str | Exception] = {"good": GOOD, "bad": BAD}
    options: dict[str, Any] = {"arms": ARMS, "backend": Client(answers), "seed": 1}
    with BanditGenerator.open(history=str(tmp_path / "a.db"), **options) as first:
        for passed in (True, True, False, True):
            decision = first.ask("text", 3)
            told = [
                GenerationResult(arm.name, "x", 2.0, arm.model, 0.1, test_passed=passed and arm.name == "good") for arm in decision.arms
            ]
            first.tell(decision.id, told)
        source = first.history
        assert isinstance(source, History)
        with BanditGenerator.open(history=str(tmp_path / "b.db"), **options) as second:
            target = second.history
            assert isinstance(target, History)
            imported(target, exported(source))
            assert second.recommend("text") == first.recommend("text")
            assert second.generator_stats == first.generator_stats


@pytest.mark.slow
def test_lines_in_any_order_and_in_pieces_give_the_same_statistics(history: History) -> None:
    """The pairs of a race are counted however its candidates come: apart, in other imports, before their race."""
    source = History("sqlite://")
    filled(source)
    order = np.random.default_rng(3).permutation(91)
    split = exported(source).splitlines(keepends=True)
    for part in (order[:40], order[30:60], order[60:]):
        imported(history, "".join(split[i] for i in part))
        assert history.check_statistics() == []
    assert tables(history) == tables(source)


def test_a_history_without_candidates_moves_too(history: History) -> None:
    source = History("sqlite://")
    assert exported(source) == ""
    source.add_decision(DecisionRecord(new_id(), "text", [], "thompson"))
    text = exported(source)
    assert json.loads(text)["record"] == "history"
    imported(history, text)
    assert tables(history) == tables(source)


@pytest.mark.slow
def test_one_task_type_alone(history: History) -> None:
    source = History("sqlite://")
    filled(source)
    imported(history, exported(source, "data"))
    assert {race.task_type for race in history.races(100)} == {"data"}
    assert history.count()["results"] == 45
    assert {rated.task_type for rated in history.ratings()} == {"data"}
    assert history.check_statistics() == []


@pytest.mark.slow
def test_parquet_moves_everything_too(tmp_path: Path, history: History) -> None:
    source = History("sqlite://")
    filled(source)
    path = tmp_path / "h.parquet"
    assert write_parquet(source.database, path) == 91
    done = import_rows(history.database, parsed(lambda: parquet_lines(path), "x"))
    assert done.new["candidate"] == 91
    assert tables(history) == tables(source)
    assert history.check_statistics() == []
    import pandas as pd

    frame = pd.read_parquet(path)
    assert len(frame) == 91
    assert str(frame["created_at"].dtype) == "datetime64[ns, UTC]"
    assert frame["test_passed"].dtype == bool


def test_a_parquet_file_without_candidates(tmp_path: Path, history: History) -> None:
    source = History("sqlite://")
    source.add_arm_event(ArmEvent("s", "a", "born"))
    write_parquet(source.database, tmp_path / "h.parquet")
    import_rows(history.database, parsed(lambda: parquet_lines(tmp_path / "h.parquet"), "x"))
    assert tables(history) == tables(source)


def test_a_file_that_is_no_parquet_of_ours(tmp_path: Path) -> None:
    import pandas as pd

    path = tmp_path / "h.parquet"
    path.write_bytes(b"PAR1 not really")
    with pytest.raises(UsageError, match="as Parquet"):
        list(parquet_lines(path))
    with pytest.raises(UsageError, match="as Parquet"):
        list(parquet_lines(tmp_path / "nowhere.parquet"))
    pd.DataFrame({"id": ["a"]}).to_parquet(path)
    with pytest.raises(UsageError, match="no column 'created_at'"):
        list(parquet_lines(path))


def good_line(**changes: Any) -> dict[str, Any]:
    """A new candidate's line, with these fields changed."""
    line: dict[str, Any] = json.loads(_line())
    result, race = new_id(), new_id()
    new = {"id": result, "race_id": race, "race": line["race"] | {"id": race, "best_id": result}}
    return line | new | changes


@functools.cache
def _line() -> str:
    with contextlib.closing(History("sqlite://")) as store:
        result = dataclasses.replace(candidate("a", np.random.default_rng(5)), code="x = 1", stdout="", error=None)
        store.add_race(RaceRecord(new_id(), "text", {"prompt": "p"}, [result], result.id, "r", 1.0))
        return exported(store)


BAD_LINES: list[tuple[str, str]] = [
    ("{", "not JSON"),
    ("[]", "no JSON object"),
    ("7", "no JSON object"),
    ("null", "no JSON object"),
    ('{"record": "nonsense"}', "'nonsense', which is no record"),
    ('{"record": ["candidate"]}', "no record"),
    ("{}", "no record"),
    (json.dumps(good_line(id=7)), "candidate's id cannot be 7"),
    (json.dumps(good_line(id="")), "candidate's id"),
    (json.dumps(good_line(id="x" * 3000)), "candidate's id"),
    (json.dumps(good_line(quality_score=1.5)), "candidate's quality_score cannot be 1.5"),
    (json.dumps(good_line(quality_score=True)), "candidate's quality_score"),
    (json.dumps(good_line(reward="1")), "candidate's reward cannot be '1'"),
    (json.dumps(good_line(generation_time=-1)), "candidate's generation_time"),
    (json.dumps(good_line(generation_time=10**400)), "candidate's generation_time"),
    (json.dumps(good_line(speed_score=0.25)).replace("0.25", "1e999"), "too large a number"),
    (json.dumps(good_line(speed_score=0.25)).replace("0.25", "NaN"), "NaN is no number"),
    (json.dumps(good_line(speed_score=0.25)).replace("0.25", "-Infinity"), "-Infinity is no number"),
    (json.dumps(good_line(position=0.25)).replace("0.25", "9" * 5000), "not JSON"),
    (json.dumps(good_line(position=1 << 40)), "candidate's position"),
    (json.dumps(good_line(failure="bored")), "candidate's failure cannot be 'bored'"),
    (json.dumps(good_line(timings={"wall": None})), "candidate's timings"),
    (json.dumps(good_line(timings={})), "candidate's timings"),
    (json.dumps(good_line(measures={"quality": "high"})), "candidate's measures"),
    (json.dumps(good_line(measures=[1])), "candidate's measures"),
    (json.dumps(good_line(code=7)), "candidate's code cannot be 7"),
    (json.dumps(good_line(code=None, code_hash="DROP TABLE")), "candidate's code_hash"),
    (json.dumps(good_line(task_type=None)), "candidate's task_type cannot be None"),
    (json.dumps(good_line(created_at=1e300)), "candidate's created_at"),
    (json.dumps({key: value for key, value in good_line().items() if key != "model_used"}), "candidate's model_used is missing"),
    (json.dumps(good_line(race={"id": 5})), "race's id cannot be 5"),
    (json.dumps(good_line(race=[])), "no JSON object"),
    (json.dumps(good_line(also={})), "no JSON list"),
    (json.dumps(good_line(also=[good_line()])), "under also"),
    (json.dumps({"record": "feedback", "id": "f", "created_at": 1, "satisfaction": 2}), "feedback's satisfaction cannot be 2"),
    (json.dumps(good_line(also=[{"record": "weights", "id": "w", "created_at": 1, "scope": "s", "quality": -1}])), "weights's quality"),
    ('{"record": "history", "also": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
    ('{"record": "strategy", "hash": "h", "name": "n", "created_at": 1, "toml": null}', "strategy's toml"),
    (json.dumps({"record": "race", "id": "r", "created_at": 1, "task_type": "t", "task": {}, "reason": 0}), "race's reason"),
    (json.dumps(good_line(race=good_line()["race"] | {"task": json.loads("[" * 60 + "]" * 60)})), "race's task"),
    (json.dumps(good_line(race=good_line()["race"] | {"task": {"a": [{"b": "-1e999"}]}})).replace('"-1e999"', "-1e999"), "too large"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "reason"), BAD_LINES, ids=[str(i) for i in range(len(BAD_LINES))])
def test_a_malformed_line_is_named_and_nothing_or_the_rest_is_imported(line: str, reason: str, lasting_history: History) -> None:
    history, before = lasting_history, lasting_history.count()
    text = "\n".join([json.dumps(good_line()), line, json.dumps(good_line())])
    with pytest.raises(UsageError) as caught:
        imported(history, text)
    assert str(caught.value).startswith("x, line 2: ")
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 300
    assert history.count() == before
    done = imported(history, text, "skip")
    assert (done.skipped, done.errors[0][0], done.new["candidate"]) == (1, 2, 2)
    assert reason in done.errors[0][1]
    assert history.count()["results"] == before["results"] + 2
    assert history.check_statistics() == []


def test_bytes_that_are_no_text_are_a_malformed_line(history: History) -> None:
    with pytest.raises(UsageError, match="line 1: it is not"):
        imported(history, b'{"record": "candidate", "code": "\xff\xfe"}\n')


def test_odd_but_right_lines_are_imported(history: History) -> None:
    """Deep enough nesting, NUL and lone surrogates in every text, numbers as whole ones, keys nobody knows."""
    task = {"prompt": HOSTILE, "deep": [[[[{"a": HOSTILE}]]]], "huge": 10**300}
    line = good_line(code=HOSTILE, text=HOSTILE, stdout=HOSTILE, generation_time=2, model_used="m\x00\udcff", of_a_later_version=[1])
    line["race"] |= {"task": task, "reason": HOSTILE}
    imported(history, json.dumps(line))
    [kept] = history.races()
    assert (kept.task, kept.reason) == (task, HOSTILE)
    [result] = kept.results
    assert (result.code, result.text, result.model_used, result.generation_time) == (HOSTILE, HOSTILE, "m\x00\udcff", 2.0)
    assert json.loads(exported(history))["code"] == HOSTILE


def test_what_is_there_already_stays_as_it_is(history: History) -> None:
    """Another telling of the same id changes nothing."""
    line = good_line()
    imported(history, json.dumps(line))
    imported(history, json.dumps(line | {"generator_name": "other", "quality_score": 0.0}))
    [race] = history.races()
    assert race.results[0].generator_name == line["generator_name"]
    assert history.check_statistics() == []


def test_files_gzipped_or_not_and_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"one\n\n  \nfour")
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b"one\n\n  \nfour"))
    for name in ("a.jsonl", "a.jsonl.gz"):
        with file_lines(tmp_path / name) as lines:
            assert list(lines()) == [(1, b"one\n"), (4, b"four")]
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"one\n" * 1000)[:-9])
    (tmp_path / "no.gz").write_bytes(b"one")
    for name in ("cut.gz", "no.gz", "nowhere", "."):
        with pytest.raises(UsageError, match="cannot read"), file_lines(tmp_path / name) as lines:
            list(lines())


@pytest.mark.slow
def test_exporting_needs_memory_for_a_part_of_the_history_only(tmp_path: Path) -> None:
    """Four times the history, the same peak: a chunk at a time is in memory."""
    row, peaks = good_line(), []
    for count in (4000, 16_000):
        store = History(tmp_path / f"{count}.db")
        many = (row | {"id": f"{i}", "race_id": f"{i}", "race": None, "code": f"{i:0500}"} for i in range(count))
        imported(store, "\n".join(map(json.dumps, many)))
        next(chunks(store.database))  # what is made once is made before the measuring
        tracemalloc.start()
        assert sum(part.count("\n") for part in lines(store.database)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        store.close()
    assert peaks[1] < 1.3 * peaks[0]
