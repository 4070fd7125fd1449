"""The candidates of a history as a pandas DataFrame and as Parquet files: one row each, with typed columns."""

from __future__ import annotations

import contextlib
import importlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from banditgen.errors import UsageError, install
from banditgen.history.column_types import as_given
from banditgen.history.database import Database
from banditgen.history.export import CandidateRow, Stretch, chunks, other_records
from banditgen.history.fields import Field, fields_of
from banditgen.result import GenerationResult, Timings

if TYPE_CHECKING:
    import pandas as pd

_ARROW = {str: "string", bool: "bool_", int: "int64", float: "float64"}
_PANDAS = {str: "str", bool: "bool", int: "int64", float: "float64"}
_NULLABLE = _PANDAS | {bool: "boolean", int: "Int64"}
# the fields of a candidate that are columns as they are; its timings, and what it has by name, are a column for each
_FIELDS = {name: field for name, field in fields_of(GenerationResult).items() if field.kind in _ARROW}
_SHORT = {name: field for name, field in _FIELDS.items() if not field.long}
_TIMINGS = {f"{name}_seconds" if field.kind is float else name: field for name, field in fields_of(Timings).items()}
# the beginning of their columns' names, and type
_BY_NAME = {"measures": ("measure", "float64"), "isolation": ("isolation", "str"), "tools": ("tools", "str")}
_EXACT = ("race_id", "task_type", "code", "text")  # columns that an import reads
GROUP_ROWS = 20_000  # in a row group


def dataframe(database: Database, task_type: str | None = None, *, code: bool = False) -> pd.DataFrame:
    """See `History.dataframe`."""
    pandas = _installed("pandas", "a DataFrame")
    place = ("created_at", "race_id", "position", "task_type")
    fields = _FIELDS if code else _SHORT
    columns: dict[str, list[Any]] = {name: [] for name in (*place, *fields, *_TIMINGS)}
    by_name: dict[str, dict[int, Any]] = {}  # column -> row -> value
    count = 0
    for chunk in chunks(database, task_type):
        for row in map(CandidateRow._make, chunk.rows):
            result = json.loads(row.result) | {"code": _content(chunk, row.code_hash), "text": _content(chunk, row.text_hash)}
            timings = result.get("timings") or {}
            values = [
                *_place(row),
                *(_value(field, result) for field in fields.values()),
                *(timings.get(f.name) for f in _TIMINGS.values()),
            ]
            for name, value in zip(columns, values, strict=True):
                columns[name].append(_unicode(value))
            for name, (begin, _) in _BY_NAME.items():
                for key, value in (result.get(name) or {}).items():
                    by_name.setdefault(_unicode(f"{begin}_{key}"), {})[count] = _unicode(value)
            count += 1
    types = {"race_id": "str", "position": "int64", "task_type": "str"}
    types |= {name: (_NULLABLE if field.optional else _PANDAS)[field.kind] for name, field in fields.items()}
    types |= {name: _NULLABLE[field.kind] for name, field in _TIMINGS.items()}
    data = {name: pandas.Series(values, dtype=types.get(name)) for name, values in columns.items()}
    data["created_at"] = pandas.to_datetime(pandas.Series(columns["created_at"], dtype="int64"), unit="ns", utc=True)
    for begin, kind in _BY_NAME.values():
        for name in sorted(name for name in by_name if name.startswith(f"{begin}_")):
            data[name] = pandas.Series([by_name[name].get(i) for i in range(count)], dtype=kind)
    frame: pd.DataFrame = pandas.DataFrame(data)
    return frame


def write_parquet(database: Database, path: Path, task_type: str | None = None) -> int:
    """Write a Parquet file of the whole history, in row groups; how many candidates it has.

    Besides the columns of `dataframe` that every candidate has it carries code, text, and as JSON the rest of the candidate (`result`),
    its race (`race`) and other records (`also`): what an import needs.

    Raises:
        UsageError: pyarrow is not installed.
        OSError: the file cannot be written.
    """
    pa, pq = _installed("pyarrow", "Parquet"), _installed("pyarrow.parquet", "Parquet")
    text = pa.string()
    place = [("created_at", pa.timestamp("ns", tz="UTC")), ("race_id", text), ("position", pa.int32()), ("task_type", text)]
    fields = [(name, getattr(pa, _ARROW[field.kind])()) for name, field in _SHORT.items()]
    extra = [(name, text) for name in ("code", "text", "code_hash", "text_hash", "result", "race", "also")]
    schema = pa.schema([*place, *fields, *extra])
    count = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        rows: list[dict[str, Any]] = []
        for chunk in chunks(database, task_type):
            rows += [
                _parquet_row(schema.names, chunk, row, also)
                for row, also in zip(map(CandidateRow._make, chunk.rows), chunk.also, strict=True)
            ]
            count += len(chunk.rows)
            if len(rows) >= GROUP_ROWS:
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
                rows = []
        if count == 0:
            rows = [{"also": f"[{', '.join(others)}]"}] if (others := list(other_records(database, task_type))) else []
        if rows:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    return count


def parquet_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The rows of a Parquet file of ours as numbered lines of the JSON lines format.

    Raises:
        UsageError: pyarrow is not installed, or the file cannot be read or is none of ours.
    """
    pa, pq = _installed("pyarrow", "Parquet"), _installed("pyarrow.parquet", "Parquet")
    try:
        with contextlib.closing(pq.ParquetFile(path)) as file:
            wanted = ["created_at", "position", *_EXACT, "code_hash", "text_hash", "result", "race", "also"]
            missing = [name for name in wanted if name not in file.schema_arrow.names]
            if missing:
                raise UsageError(f"{path} is no exported history: it has no column {missing[0]!r}")
            number = 0
            for batch in file.iter_batches(2000, columns=wanted):
                created = batch.column("created_at").cast(pa.int64())
                for row, moment in zip(batch.to_pylist(), created.to_pylist(), strict=True):
                    number += 1
                    yield number, _line(row, moment)
    except (pa.ArrowException, OSError) as error:
        raise UsageError(f"cannot read {path} as Parquet: {' '.join(str(error).split())[:200]}") from None


def _line(row: dict[str, Any], nanoseconds: int | None) -> bytes:
    nested = "".join(f', "{name}": {row[name]}' for name in ("race", "also") if row[name])
    if row["result"] is None:
        return f'{{"record": "history"{nested}}}'.encode()
    head = {"record": "candidate", "created_at": (nanoseconds or 0) / 1e9, "position": row["position"]}
    head |= {name: row[name] for name in (*_EXACT, "code_hash", "text_hash")}
    # of two keys the last one counts: what Arrow cannot hold stands in the result as it was
    return f"{json.dumps(head)[:-1]}{nested}, {str(row['result']).lstrip()[1:]}".encode()


def _parquet_row(names: list[str], chunk: Stretch, row: CandidateRow, also: list[str]) -> dict[str, Any]:
    result = json.loads(row.result)
    values = dict(zip(names, [*_place(row), *(_value(field, result) for field in _SHORT.values())], strict=False))
    values |= {"code": _content(chunk, row.code_hash), "text": _content(chunk, row.text_hash)}
    exact = {name: values[name] for name in _EXACT if values[name] != _unicode(values[name])}
    values |= {f"{name}_hash": key for name, key in (("code", row.code_hash), ("text", row.text_hash)) if values[name] is None}
    if row.position == 0 and row.race_id in chunk.races:
        values["race"] = chunk.races[row.race_id]
    if also:
        values["also"] = f"[{', '.join(also)}]"
    values["result"] = f"{row.result[:-1]}, {json.dumps(exact)[1:]}" if exact else row.result
    return {name: _unicode(value) for name, value in values.items()}


def _place(row: CandidateRow) -> list[Any]:
    """When and where it ran: `created_at` in whole nanoseconds."""
    race_id = None if row.race_id is None else as_given(row.race_id)
    return [round(row.created_at * 1e9), race_id, row.position, as_given(row.task_type)]


def _value(field: Field, result: Mapping[str, Any]) -> Any:
    """A field's value; an older version did not know it."""
    return result.get(field.name, field.missing)


def _content(chunk: Stretch, key: str | None) -> str | None:
    """A code or a text; None where retention dropped it."""
    return "" if key is None else chunk.contents.get(key)


def _unicode(value: Any) -> Any:
    """A text without the lone surrogates that Arrow cannot hold; anything else as it is."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _installed(module: str, what: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise UsageError(f"{what} needs {error.name}, which is not installed: {install('dataframe')}") from None
