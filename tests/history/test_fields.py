"""One table of fields: what `GenerationResult` declares is kept, exported, imported and shown, whatever it is."""

from __future__ import annotations

import dataclasses
import enum
import io
import typing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banditgen.history.base import RaceRecord
from banditgen.history.export import lines
from banditgen.history.fields import HIDDEN, _without_none, check_of, fields_of
from banditgen.history.frame import parquet_lines, write_parquet
from banditgen.history.imports import import_rows, parsed
from banditgen.history.store import History
from banditgen.result import FailureKind, GenerationResult, Length, Name, Range, Seconds, Timings
from tests.examples import examples

HINTS: dict[Any, dict[str, Any]] = {
    declared: typing.get_type_hints(declared, include_extras=True) for declared in (GenerationResult, Timings)
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """What a field of this type may hold."""
    bare, optional = _without_none(hint)
    if optional:
        return st.none() | values(bare)
    limits: tuple[Any, ...] = ()
    if typing.get_origin(bare) is typing.Annotated:
        bare, limits = bare.__origin__, bare.__metadata__
    limit = next((one for one in limits if isinstance(one, Range)), Range(-100, 100))
    if typing.get_origin(bare) is dict:
        return st.dictionaries(*(values(one) for one in typing.get_args(bare)), max_size=2)
    if dataclasses.is_dataclass(bare):
        assert isinstance(bare, type)
        return st.builds(bare, **{name: values(hint) for name, hint in HINTS[bare].items()})
    if issubclass(bare, enum.Enum):
        return st.sampled_from(list(bare))
    if bare is bool:
        return st.booleans()
    if bare is str:
        return st.text(max_size=5) | st.just("\x00\udcff<b>")
    return st.floats(*limit) if bare is float else st.integers(int(limit.low), int(limit.high))


kept = {name: values(hint) for name, hint in HINTS[GenerationResult].items() if name not in HIDDEN}
results = st.builds(GenerationResult, **{**kept, "id": st.uuids().map(str)})


@pytest.mark.slow
@examples(25)
@given(results)
def test_every_field_survives_export_import_and_frame(result: GenerationResult) -> None:
    """Every one that there is, whatever it holds; by JSON lines and by Parquet."""
    first, second = History("sqlite://"), History("sqlite://")
    first.add_race(RaceRecord("r", "t", {}, [result]))
    text = "".join(lines(first.database)).encode()
    import_rows(second.database, parsed(lambda: enumerate(io.BytesIO(text), start=1), "x"))
    there = second.result(result.id)
    for declared in dataclasses.fields(GenerationResult):
        assert getattr(there, declared.name) == ("r" if declared.name == "race_id" else getattr(result, declared.name)), declared.name
    frame = second.dataframe(code=True)
    for name, field in fields_of(GenerationResult).items():
        _same(frame, name, field.kind, getattr(result, name))


def _same(frame: pd.DataFrame, name: str, kind: type, value: Any) -> None:
    if kind is Timings:
        for own, field in fields_of(Timings).items():
            _same(frame, f"{own}_seconds" if field.kind is float else own, field.kind, getattr(value, own) if value else None)
    elif kind is dict:
        for key, one in value.items():
            _same(frame, _shown(f"{ {'measures': 'measure'}.get(name, name) }_{key}"), type(one), one)
    else:
        [cell] = frame[name]
        assert pd.isna(cell) if value is None else cell == (_shown(value) if isinstance(value, str) else value), name


def _shown(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def test_a_parquet_file_carries_every_field_too(tmp_path: Path) -> None:
    first, second = History("sqlite://"), History("sqlite://")
    result = GenerationResult("a\x00", "x", 1.5, "m", 0.1, id="i", step=3, price=0.25, prompt_version="2", measures={"q": 0.5})
    result.timings, result.failure, result.isolation = Timings(2.0, eval=1.0, prompt_tokens=4), FailureKind.TASK, {"network": "namespace"}
    first.add_race(RaceRecord("r", "t", {}, [result]))
    write_parquet(first.database, tmp_path / "h.parquet")
    import_rows(second.database, parsed(lambda: parquet_lines(tmp_path / "h.parquet"), "x"))
    assert second.result("i") == dataclasses.replace(result, race_id="r")


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (bool, 1), (float, "1"), (float, True), (float, float("nan")), (float, float("inf")), (float, 1 << 2000), (int, 1.0), (int, True),
        (int, 1 << 63), (str, 7), (Name, "x" * 2001), (Seconds, -0.1), (FailureKind, "bored"), (dict[Name, float], {"a": "b"}),
        (dict[Name, float], []), (Timings, {}), (Timings, {"wall": None}), (Timings, {"wall": 1.0, "in_flight": -1}), (Timings, 7),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(hint: Any, value: Any) -> None:
    with pytest.raises((TypeError, ValueError, KeyError, OverflowError)):
        check_of(hint)(value)
    with pytest.raises((TypeError, ValueError, KeyError, OverflowError)):
        check_of(hint | None)(value)
    assert check_of(hint | None)(None) is None


def test_limits_are_what_they_say() -> None:
    assert check_of(typing.Annotated[str, Length(3)])("abc") == "abc"
    assert check_of(Timings)({"wall": 1, "unknown": 7, "eval": None}) == {"wall": 1.0, "eval": None}
    assert fields_of(GenerationResult)["verified"].optional
    assert not set(HIDDEN) & set(fields_of(GenerationResult))
