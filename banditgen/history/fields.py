"""The table of a candidate's fields, made of how `GenerationResult` declares them: rows, export, import and frame read it here.

A field that is added there, annotated with its type and range, is kept, exported, checked and imported, and a column of frames.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import math
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from banditgen._checks import is_number
from banditgen.result import LONG, FailureKind, GenerationResult, Length, Range, Timings

Check = Callable[[Any], Any]
"""Gives a value as JSON has it, or raises TypeError or ValueError where it cannot be."""
HIDDEN = ("pruned", "race_id")  # of a result, which its own row does not keep: they say how it was read, and where it stands
CONTENTS = ("code", "text")  # kept once by their hash
UNBOUNDED = Range(-1e300, 1e300)  # a number that JSON can write again
WHOLE = Range(-(1 << 63), (1 << 63) - 1)


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of a dataclass: how a value of it is checked, what it is where it is missing, and how columns hold it.

    `kind` is bool, int, float, str, dict or a dataclass; an enum is a str. `missing` is `dataclasses.MISSING` where it is required.
    """

    name: str
    kind: type
    optional: bool
    long: bool
    check: Check
    missing: Any


@functools.cache
def fields_of(declared: type) -> dict[str, Field]:
    """The fields of a dataclass by name, those that are kept."""
    hints = typing.get_type_hints(declared, include_extras=True)
    kept = [field for field in dataclasses.fields(declared) if field.name not in HIDDEN]
    return {field.name: _field(field, hints[field.name]) for field in kept}


def _field(field: dataclasses.Field[Any], hint: Any) -> Field:
    bare, optional = _without_none(hint)
    given = bare.__origin__ if typing.get_origin(bare) is typing.Annotated else bare
    kind = typing.get_origin(given) or given
    missing = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    kind = str if issubclass(kind, enum.Enum) else kind
    return Field(field.name, kind, optional, LONG in getattr(bare, "__metadata__", ()), check_of(hint), missing)


def _without_none(hint: Any) -> tuple[Any, bool]:
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return hint, False
    (bare,) = (part for part in typing.get_args(hint) if part is not type(None))
    return bare, True


def check_of(hint: Any) -> Check:
    """What checks a value of that type: bool, int, float, str, an enum, a dict or a dataclass, with a range, or None."""
    bare, optional = _without_none(hint)
    if optional:
        check = check_of(bare)
        return lambda value: None if value is None else check(value)
    limits: tuple[Any, ...] = ()
    if typing.get_origin(bare) is typing.Annotated:
        bare, limits = bare.__origin__, bare.__metadata__
    if typing.get_origin(bare) is dict:
        keys, values = map(check_of, typing.get_args(bare))
        return lambda value: {keys(key): values(one) for key, one in mapping(value).items()}
    if dataclasses.is_dataclass(bare):
        return functools.partial(checked, bare)
    if issubclass(bare, enum.Enum):
        return lambda value: bare(value).value
    if bare is bool:
        return _truth
    if bare is str:
        return _string(next((limit for limit in limits if isinstance(limit, Length)), None))
    limit = next((limit for limit in limits if isinstance(limit, Range)), UNBOUNDED if bare is float else WHOLE)
    return _number(limit) if bare is float else _whole(limit)


def checked(declared: Any, given: Any) -> dict[str, Any]:
    """The fields of a dataclass that a mapping has, each checked; others are left out.

    Raises:
        KeyError: one that is required is missing.
        TypeError, ValueError: a value cannot be.
    """
    given, fields = mapping(given), fields_of(declared)
    return {name: field.check(given[name]) for name, field in fields.items() if name in given or field.missing is dataclasses.MISSING}


def result_from_json(data: Mapping[str, Any]) -> GenerationResult:
    """The result that a row keeps; keys of a later version are left out."""
    values = {name: data[name] for name in (*fields_of(GenerationResult), *HIDDEN) if name in data}
    if values.get("failure"):
        values["failure"] = FailureKind(values["failure"])
    if values.get("timings"):
        known = fields_of(Timings)
        values["timings"] = Timings(**{key: value for key, value in values["timings"].items() if key in known})
    return GenerationResult(**values)


def mapping(value: Any) -> Mapping[str, Any]:
    """The value, refused (TypeError) unless it is a JSON object."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{value!r:.40} is no JSON object")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _string(limit: Length | None) -> Check:
    most, least = (math.inf, 0) if limit is None else limit

    def check(value: Any) -> str:
        if not isinstance(value, str) or not least <= len(value) <= most:
            raise ValueError
        return value

    return check


def _number(limit: Range) -> Check:
    low, high = limit

    def check(value: Any) -> float:
        if type(value) is float and low <= value <= high:  # nearly all, at once
            return value
        if not is_number(value) or not low <= value <= high:
            raise ValueError
        return float(value)

    return check


def _whole(limit: Range) -> Check:
    low, high = limit

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return value

    return check
