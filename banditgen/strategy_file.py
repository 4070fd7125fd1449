"""What may stand in a strategy file: its keys, the check of each, and reading one with errors that name the line."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from banditgen.arm import GeneratorConfig
from banditgen.errors import UsageError
from banditgen.scoring import SelectionCriteria
from banditgen.strategy_evolution import Evolution
from banditgen.strategy_toml import Document, KeyPath
from banditgen.task import LEVELS

POLICIES = ("thompson", "best_set", "uniform", "epsilon_greedy", "ucb1", "kl_ucb", "best_fixed", "greedy")
KEYS = ("k", "policy", "models", "temperatures", "max_tokens", "require", "weights", "criteria", "evolution", "arms")
WEIGHT_FIELDS = {"quality": "quality_weight", "speed": "speed_weight"}
"""Keys of [weights], and the field of SelectionCriteria that each becomes."""
CRITERIA_KEYS = tuple(field.name for field in dataclasses.fields(SelectionCriteria) if field.name not in WEIGHT_FIELDS.values())
EVOLUTION_KEYS = tuple(field.name for field in dataclasses.fields(Evolution))
ARM_KEYS = tuple(field.name for field in dataclasses.fields(GeneratorConfig))


def check_k(value: Any) -> int:
    """A whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UsageError(f"k must be a whole number of at least 1, not {value!r}")
    return value


def check_policy(value: Any) -> str:
    """One of `POLICIES`."""
    if value not in POLICIES:
        raise UsageError(f"policy must be one of {', '.join(POLICIES)}, not {value!r}")
    return str(value)


def check_models(value: Any) -> Any:
    """The word "available", or None."""
    if value not in (None, "available"):
        raise UsageError(f'models must be "available" or be left out, not {value!r}')
    return value


def check_temperatures(value: Any) -> tuple[float, ...]:
    """At least one number in [0, 2], no two that look alike in an arm's name."""
    if not isinstance(value, list | tuple) or not value:
        raise UsageError(f"temperatures must be a list of at least one number, not {value!r}")
    for heat in value:
        if isinstance(heat, bool) or not isinstance(heat, int | float) or not 0.0 <= heat <= 2.0:
            raise UsageError(f"temperatures must be numbers between 0 and 2, not {heat!r}")
    if len({f"{heat:g}" for heat in value}) < len(value):
        raise UsageError(f"temperatures must differ from one another: {list(value)!r}")
    return tuple(float(heat) for heat in value)


def check_max_tokens(value: Any) -> int:
    """A whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UsageError(f"max_tokens must be a whole number of at least 1, not {value!r}")
    return value


def check_require(value: Any) -> Any:
    """An isolation level, or None."""
    if value not in (None, *LEVELS):
        raise UsageError(f"require must be one of {', '.join(LEVELS)}, not {value!r}")
    return value


CHECKS: dict[str, Callable[[Any], Any]] = {
    "k": check_k,
    "policy": check_policy,
    "models": check_models,
    "temperatures": check_temperatures,
    "max_tokens": check_max_tokens,
    "require": check_require,
}


def read(document: Document) -> dict[str, Any]:
    """The fields of a Strategy that a document gives, each checked.

    Raises:
        StrategyError: names file, line and key.
    """
    data = document.data
    _check_keys(document, (), data, KEYS)
    fields: dict[str, Any] = {}
    for key, check in CHECKS.items():
        if key in data:
            fields[key] = _located(document, (key,), check, data[key])
    for key in ("temperatures", "max_tokens"):
        if key in data and "models" not in data:
            raise document.error((key,), f'{key} only goes with models = "available"')
    fields["criteria"] = _read_criteria(document)
    fields["evolution"] = _read_evolution(document)
    fields["arms"] = _read_arms(document)
    if not fields["arms"] and "models" not in data:
        raise document.error(("arms",), 'no arms: give [[arms]] or models = "available"')
    return fields


def _read_criteria(document: Document) -> SelectionCriteria:
    settings: dict[str, Any] = {}
    weights = _table(document, "weights", tuple(WEIGHT_FIELDS))
    for key, value in weights.items():
        settings[WEIGHT_FIELDS[key]] = value
        others = dict.fromkeys(WEIGHT_FIELDS.values(), 1)
        _located(document, ("weights", key), SelectionCriteria, **{**others, WEIGHT_FIELDS[key]: value})
    missing = [key for key in WEIGHT_FIELDS if weights and key not in weights]
    if missing:
        raise document.error(("weights",), f"{missing[0]} is missing: give both quality and speed")
    for key, value in _table(document, "criteria", CRITERIA_KEYS).items():
        if key == "prefer_simplicity" and not isinstance(value, bool):
            raise document.error(("criteria", key), f"{key} must be true or false, not {value!r}")
        _located(document, ("criteria", key), SelectionCriteria, **{key: value})
        settings[key] = value
    made: SelectionCriteria = _located(document, ("weights",), SelectionCriteria, **settings)
    return made


def _read_evolution(document: Document) -> Evolution | None:
    settings = _table(document, "evolution", EVOLUTION_KEYS)
    for key, value in settings.items():
        _located(document, ("evolution", key), Evolution, **{key: value})
    return Evolution(**settings) if "evolution" in document.data else None


def _read_arms(document: Document) -> tuple[GeneratorConfig, ...]:
    tables = document.data.get("arms", [])
    if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
        raise document.error(("arms",), "must be tables: start each with [[arms]]")
    first: dict[str, KeyPath] = {}
    arms = []
    for index, table in enumerate(tables):
        _check_keys(document, ("arms", index), table, ARM_KEYS)
        for key in ("name", "model"):
            if key not in table:
                raise document.error(("arms", index), f"{key} is missing")
        bare: dict[str, Any] = {"name": "arm", "model": "model"}
        for key in sorted(table, key=ARM_KEYS.index):  # the name first: later messages say it
            bare[key] = table[key]
            _located(document, ("arms", index, key), GeneratorConfig, **bare)
        arm = GeneratorConfig(**table)
        if arm.name in first:
            line = document.line(first[arm.name])
            raise document.error(("arms", index, "name"), f"two arms are named {arm.name!r}: the first on line {line}")
        first[arm.name] = ("arms", index, "name")
        arms.append(arm)
    return tuple(arms)


def _table(document: Document, name: str, known: tuple[str, ...]) -> Mapping[str, Any]:
    table = document.data.get(name, {})
    if not isinstance(table, Mapping):
        raise document.error((name,), f"must be a table: [{name}]")
    _check_keys(document, (name,), table, known)
    return table


def _check_keys(document: Document, path: KeyPath, table: Iterable[str], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"use one of {', '.join(known)}"
            raise document.error((*path, key), f"unknown key; {hint}")


def _located(document: Document, path: KeyPath, check: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What `check` returns; where it refuses, the error at `path`."""
    try:
        return check(*args, **kwargs)
    except UsageError as error:
        raise document.error(path, str(error)) from None
    except OverflowError:
        raise document.error(path, "the number is too large") from None
