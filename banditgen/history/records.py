"""The records of an exported history, checked: what a line may hold, and the rows that it makes.

What is read was written by anyone: every value is checked before a row is made of it. Unknown keys are left out.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Annotated, Any

from banditgen._checks import unit_interval
from banditgen.history.fields import CONTENTS, Check, check_of, fields_of, mapping, result_from_json
from banditgen.history.rows import result_row
from banditgen.result import GenerationResult, Id, Name, Range, Seconds, Share

_LAST_SECOND = 253402300800.0  # the year 10000
_DEPTH = 50  # of what is inside of other things


@dataclasses.dataclass
class Rows:
    """The rows of one line: of each table by its record's name, and the candidate's code and text by hash."""

    tables: dict[str, list[dict[str, Any]]] = dataclasses.field(default_factory=dict)
    contents: dict[str, str] = dataclasses.field(default_factory=dict)

    def add(self, kind: str, row: dict[str, Any]) -> None:
        """One more row."""
        self.tables.setdefault(kind, []).append(row)


def parse(line: str | bytes) -> Rows:
    """The rows of a line.

    Raises:
        ValueError: the line is not as the format says; the message says in what.
    """
    try:
        return _rows(json.loads(line, parse_constant=_no_constant))
    except (TypeError, ValueError, RecursionError):
        pass  # to be read once more, slowly, for the reason
    try:
        try:
            data = json.loads(line, parse_constant=_no_constant, parse_float=_finite)
        except UnicodeDecodeError:
            raise ValueError("it is not UTF-8 text") from None
        except ValueError as error:
            raise ValueError(f"it is not JSON ({error})") from None
        return _rows(data)
    except TypeError as error:
        raise ValueError(str(error)) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _rows(data: Any) -> Rows:
    rows = Rows()
    _read(rows, data)
    return rows


def _read(rows: Rows, data: Any) -> None:
    """One record with those inside of it."""
    record = mapping(data)
    kind = record.get("record")
    if kind == "candidate":
        _read_candidate(rows, record)
    elif kind == "race":
        rows.add("race", _checked("race", record))
        if record.get("decision") is not None:
            rows.add("decision", _checked("decision", mapping(record["decision"])))
    elif isinstance(kind, str) and kind in _COLUMNS:
        rows.add(kind, _checked(kind, record))
    elif kind != "history":
        raise ValueError(f"its record is {kind!r:.40}, which is no record of a history")
    for other in _list([] if record.get("also") is None else record["also"]):
        if not isinstance(other, dict) or "also" in other or other.get("record") in ("candidate", "history"):
            raise ValueError("what is under also must be records other than candidates")
        _read(rows, other)
    if record.get("race") is not None:
        _read(rows, {**mapping(record["race"]), "record": "race", "also": None})


def _read_candidate(rows: Rows, record: Mapping[str, Any]) -> None:
    fields = _values("candidate", _RESULT, {name: record[name] for name in _RESULT if name in record})
    for name in _REQUIRED:
        if name not in fields:
            raise ValueError(f"the candidate's {name} is missing")
    dropped: dict[str, Any] = {}
    for name in CONTENTS:
        if record.get(name) is None:
            dropped |= _values("candidate", {f"{name}_hash": _hash}, {f"{name}_hash": record.get(f"{name}_hash")})
            fields[name] = ""
        else:
            fields |= _values("candidate", {name: _TEXT}, {name: record[name]})
    result = result_from_json(fields)
    where = _values("candidate", _PLACE, {name: record.get(name) for name in _PLACE})
    row = result_row(result, where["race_id"], where["task_type"], where["created_at"], where["position"]) | dropped
    rows.add("candidate", row)
    rows.contents.update({row[f"{name}_hash"]: fields[name] for name in CONTENTS if fields[name]})


def _checked(kind: str, record: Mapping[str, Any]) -> dict[str, Any]:
    columns = _COLUMNS[kind]
    row = _values(kind, columns, {name: record.get(name) for name in columns})
    if kind == "decision":
        row["race_id"] = row["race_id"] or row["id"]  # of an older version
    return row


def _values(kind: str, checks: Mapping[str, Check], given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given, each value checked by its name."""
    try:
        return {name: checks[name](value) for name, value in given.items()}
    except (TypeError, ValueError, OverflowError, KeyError):
        pass
    for name, value in given.items():
        try:
            checks[name](value)
        except (TypeError, ValueError, OverflowError, KeyError):
            raise ValueError(f"the {kind}'s {name} cannot be {value!r:.60}") from None
    raise AssertionError("a check refused what it then passed")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text:.30} is too large a number")
    return number


def _hash(value: Any) -> str | None:
    if value is not None and (len(_TEXT(value)) != 64 or not set(value) <= set("0123456789abcdef")):
        raise ValueError
    return None if value is None else str(value)


def _json(value: Any) -> dict[str, Any]:
    """A JSON object of any content, kept as it is."""
    copy = dict(mapping(value))
    _shallow(copy, _DEPTH)
    return copy


def _shallow(value: dict[str, Any] | list[Any], depth: int) -> None:
    """Refuse what is nested more deeply than this, and numbers that JSON cannot write again."""
    if depth == 0:
        raise ValueError
    for one in value.values() if isinstance(value, dict) else value:
        if isinstance(one, dict | list):
            _shallow(one, depth - 1)
        elif isinstance(one, float) and math.isinf(one):
            raise ValueError


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r:.40} is no JSON list")
    return value


def _each(check: Check) -> Check:
    """A JSON list whose items all pass a check."""
    return lambda value: [check(one) for one in _list(value)]


def _arm(value: Any) -> dict[str, Any]:
    """An arm as a decision keeps it."""
    arm = _json(value)
    return arm | {name: _NAME(arm[name]) for name in ("name", "model", "arm_id")}


_SECONDS, _SHARE, _TIME = check_of(Seconds), check_of(Share), check_of(Annotated[float, Range(0.0, _LAST_SECOND)])
_ID, _NAME, _TEXT = check_of(Id), check_of(Name), check_of(str)
_PLACES = check_of(Annotated[int, Range(0, (1 << 31) - 1)])
# a candidate's fields, and where it stands
_RESULT: dict[str, Check] = {name: field.check for name, field in fields_of(GenerationResult).items() if name not in CONTENTS} | {"id": _ID}
_REQUIRED = (
    "id",
    *(name for name, field in fields_of(GenerationResult).items() if field.missing is dataclasses.MISSING and name in _RESULT),
)
_PLACE: dict[str, Check] = {
    "created_at": _TIME,
    "race_id": check_of(Id | None),
    "position": _PLACES,
    "task_type": _ID,
}
# the columns of the other tables, by the name of their records
_COLUMNS: dict[str, dict[str, Check]] = {
    "race": {
        "id": _ID,
        "created_at": _TIME,
        "task_type": _ID,
        "task": _json,
        "best_id": check_of(Id | None),
        "reason": _TEXT,
        "wall_seconds": _SECONDS,
    },
    "decision": {
        "id": _ID,
        "created_at": _TIME,
        "task_type": _ID,
        "arms": _each(_arm),
        "propensities": check_of(dict[Name, Share] | None),
        "policy": _NAME,
        "strategy": check_of(Name | None),
        "seed": check_of(int | None),
        "detail": _json,
        "race_id": check_of(Id | None),
        "step": lambda value: 0 if value is None else _PLACES(value),
    },
    "arm": {
        "arm_id": _ID,
        "name": _NAME,
        "model": _NAME,
        "settings": _json,
        "parents": _each(_ID),
        "origin": _NAME,
        "created_at": _TIME,
    },
    "arm_event": {"id": _ID, "created_at": _TIME, "scope": _NAME, "arm_id": _ID, "event": _NAME, "detail": _json},
    "strategy": {"hash": _ID, "name": _NAME, "created_at": _TIME, "toml": _TEXT},
    "feedback": {
        "id": _ID,
        "created_at": _TIME,
        "race_id": check_of(Id | None),
        "result_id": check_of(Id | None),
        "satisfaction": lambda value: unit_interval("satisfaction", value),
        "who": check_of(str | None),
        "why": check_of(str | None),
    },
    "preference": {
        **dict.fromkeys(("id", "race_id", "better_id", "worse_id"), _ID),
        "created_at": _TIME,
        "who": check_of(str | None),
        "why": check_of(str | None),
    },
    "selection": {
        "id": _ID,
        "created_at": _TIME,
        "scope": _NAME,
        "task_type": check_of(str | None),
        "arm_name": _NAME,
        "result_id": check_of(Id | None),
        "combined_score": _SHARE,
    },
    "weights": {
        "id": _ID,
        "created_at": _TIME,
        "scope": _NAME,
        **dict.fromkeys(("quality", "speed"), check_of(Annotated[float, Range(0.0, 1e300)])),
        "feedback_id": check_of(Id | None),
        "task_type": lambda value: "" if value is None else _NAME(value),
    },
    "soft_evidence": {**dict.fromkeys(("id", "result_id", "kind"), _ID), "created_at": _TIME, "value": _SHARE},
}
