"""What may stand in a strategy file: its keys, the check of each, and reading one with errors that name the line."""

from __future__ import annotations

import dataclasses
import difflib
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from banditgen._checks import check_amount, check_whole, is_number, unit_interval
from banditgen._objectives import check_measure_weights
from banditgen._packages import POLICIES as GROUP
from banditgen._packages import registered
from banditgen.arm import HOTTEST, GeneratorConfig
from banditgen.errors import UsageError
from banditgen.scoring import SelectionCriteria
from banditgen.strategy.evolution import Evolution
from banditgen.strategy.hosts import Host, kept_hosts
from banditgen.strategy.learning import Learning
from banditgen.strategy.prices import FUNCTION, Price, Prices
from banditgen.strategy.spending import Spending
from banditgen.strategy.toml import Document, KeyPath
from banditgen.task import LEVELS

POLICIES = ("thompson", "best_set", "uniform", "epsilon_greedy", "ucb1", "kl_ucb", "best_fixed", "greedy")
KEYS = (
    "k",
    "policy",
    "models",
    "temperatures",
    "max_tokens",
    "system_prompt",
    "brief",
    "require",
    "weights",
    "criteria",
    "bandit",
    "types",
    "race",
    "learning",
    "evolution",
    "prices",
    "hosts",
    "arms",
)
WEIGHT_FIELDS = {"quality": "quality_weight", "speed": "speed_weight"}
"""Keys of [weights], and the field of SelectionCriteria that each becomes."""
MEASURES = "measures"
"""The table in [weights] of what further measures weigh; `measure_weights` in SelectionCriteria."""
_NOT_LIMITS = (*WEIGHT_FIELDS.values(), "measure_weights", "prefer_consistency")
CRITERIA_KEYS = tuple(field.name for field in dataclasses.fields(SelectionCriteria) if field.name not in _NOT_LIMITS)
HOST_KEYS = tuple(field.name for field in dataclasses.fields(Host))
BACKENDS_OWN = "backend"  # in place of the number: `max_tokens` is left to the backend
ARM_KEYS = tuple(field.name for field in dataclasses.fields(GeneratorConfig))


@dataclasses.dataclass(frozen=True)
class BanditSettings:
    """How the policy explores and how long it remembers; None is the policy's own default.

    Args:
        exploration: the share of decisions that are a uniformly random set, in [0, 1].
        keep: of an arm's evidence, what is kept when its model's digest changes, in [0, 1].
        sharpness: above 0; the larger, the less the draws of `thompson` and `best_set` explore.
        prior_strength: at least 0; how many outcomes (`thompson`) or arms (`best_set`) their priors are worth.

    Raises:
        UsageError: a value outside its range.
    """

    exploration: float | None = None
    keep: float | None = None
    sharpness: float | None = None
    prior_strength: float | None = None

    def __post_init__(self) -> None:
        for name in ("exploration", "keep"):
            if getattr(self, name) is not None:
                unit_interval(name, getattr(self, name))
        for name in ("sharpness", "prior_strength"):
            if getattr(self, name) is not None:
                check_amount(name, getattr(self, name))
        if self.sharpness == 0:
            raise UsageError("sharpness must be above 0")


BANDIT_KEYS = tuple(field.name for field in dataclasses.fields(BanditSettings))
SETTLED_POLICIES = {"thompson": "shrinkage", "best_set": "spread_strength"}
"""Policies that take `sharpness`, and what each calls its `prior_strength`."""


def check_policy(value: Any) -> str:
    """One of `POLICIES`, or what an installed package registers."""
    if value not in POLICIES and (not isinstance(value, str) or value not in registered(GROUP)):
        raise UsageError(f"policy must be one of {', '.join((*POLICIES, *registered(GROUP)))}, not {value!r}")
    return str(value)


def check_models(value: Any) -> Any:
    """The word "available", or None."""
    if value not in (None, "available"):
        raise UsageError(f'models must be "available" or be left out, not {value!r}')
    return value


def check_temperatures(value: Any) -> tuple[float, ...]:
    """At least one number of at least 0, no two that look alike in an arm's name."""
    if not isinstance(value, list | tuple) or not value:
        raise UsageError(f"temperatures must be a list of at least one number, not {value!r}")
    for heat in value:
        if not is_number(heat) or not 0.0 <= heat <= HOTTEST:
            raise UsageError(f"temperatures must be numbers between 0 and {HOTTEST:g}, not {heat!r}")
    if len({f"{heat:g}" for heat in value}) < len(value):
        raise UsageError(f"temperatures must differ from one another: {list(value)!r}")
    return tuple(float(heat) for heat in value)


def check_require(value: Any) -> Any:
    """An isolation level, or None."""
    if value not in (None, *LEVELS):
        raise UsageError(f"require must be one of {', '.join(LEVELS)}, not {value!r}")
    return value


def check_system_prompt(value: Any) -> str | None:
    """A text that isn't blank, or None."""
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise UsageError(f"system_prompt must be a text, or be left out, not {value!r}")
    return value


def check_brief(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise UsageError(f"brief must be true or false, not {value!r}")
    return value


CHECKS: dict[str, Callable[[Any], Any]] = {
    "k": functools.partial(check_whole, "k"),
    "policy": check_policy,
    "models": check_models,
    "temperatures": check_temperatures,
    "max_tokens": functools.partial(check_whole, "max_tokens"),
    "system_prompt": check_system_prompt,
    "brief": check_brief,
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
    fields["types"] = _read_types(document, fields["criteria"])
    fields["bandit"] = _read_bandit(document, data.get("policy", "thompson"))
    fields["race"] = _read_race(document)
    fields["learning"] = Learning(**_settings(document, ("learning",), Learning))
    fields["evolution"] = _read_evolution(document)
    fields["prices"] = _read_prices(document)
    fields["hosts"] = _read_hosts(document)
    fields["arms"] = _read_arms(document)
    if not fields["arms"] and "models" not in data:
        raise document.error(("arms",), 'no arms: give [[arms]] or models = "available"')
    return fields


def _read_criteria(document: Document) -> SelectionCriteria:
    settings = _weights(document, ("weights",), _table(document, ("weights",), (*WEIGHT_FIELDS, MEASURES)))
    settings |= _limits(document, ("criteria",), _table(document, ("criteria",), CRITERIA_KEYS))
    made: SelectionCriteria = _located(document, ("weights",), SelectionCriteria, **settings)
    return made


def _read_types(document: Document, criteria: SelectionCriteria) -> dict[str, SelectionCriteria]:
    """What differs for a task type: weights and limits in one table."""
    tables = document.data.get("types", {})
    if not isinstance(tables, Mapping):
        raise document.error(("types",), "must be tables: start each with [types.NAME]")
    types = {}
    for name in tables:
        path = ("types", name)
        table = _table(document, path, (*WEIGHT_FIELDS, MEASURES, *CRITERIA_KEYS))
        settings = _weights(document, path, {key: value for key, value in table.items() if key in (*WEIGHT_FIELDS, MEASURES)})
        settings |= _limits(document, path, {key: value for key, value in table.items() if key in CRITERIA_KEYS})
        types[name] = _located(document, path, dataclasses.replace, criteria, **settings)
    return types


def _weights(document: Document, path: KeyPath, table: Mapping[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for key in [key for key in WEIGHT_FIELDS if key in table]:
        settings[WEIGHT_FIELDS[key]] = table[key]
        others = dict.fromkeys(WEIGHT_FIELDS.values(), 1)
        _located(document, (*path, key), SelectionCriteria, **{**others, WEIGHT_FIELDS[key]: table[key]})
    missing = [key for key in WEIGHT_FIELDS if settings and WEIGHT_FIELDS[key] not in settings]
    if missing:
        raise document.error(path, f"{missing[0]} is missing: give both quality and speed")
    if MEASURES in table:
        measures = _table(document, (*path, MEASURES), None)
        for name, value in measures.items():
            _located(document, (*path, MEASURES, name), check_measure_weights, {name: value})
        settings["measure_weights"] = check_measure_weights(measures)
    return settings


def _limits(document: Document, path: KeyPath, table: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in table.items():
        if key == "prefer_simplicity" and not isinstance(value, bool):
            raise document.error((*path, key), f"{key} must be true or false, not {value!r}")
        _located(document, (*path, key), SelectionCriteria, **{key: value})
    return dict(table)


def _read_bandit(document: Document, policy: str) -> BanditSettings:
    table = _table(document, ("bandit",), BANDIT_KEYS)
    for key, value in table.items():
        _located(document, ("bandit", key), BanditSettings, **{key: value})
        if key in ("sharpness", "prior_strength") and policy not in SETTLED_POLICIES:
            raise document.error(("bandit", key), f"{key} only goes with the policies {', '.join(SETTLED_POLICIES)}, not {policy}")
    return BanditSettings(**table)


def _read_race(document: Document) -> Spending:
    table = _settings(document, ("race",), Spending)
    if table.get("budget_unit", "generations") != "generations" and "budget" not in table:
        raise document.error(("race", "budget_unit"), f"a budget in {table['budget_unit']} needs its number: budget = …")
    return Spending(**table)


def _read_evolution(document: Document) -> Evolution | None:
    settings = _settings(document, ("evolution",), Evolution)
    return Evolution(**settings) if "evolution" in document.data else None


def _read_prices(document: Document) -> Prices:
    table = _table(document, ("prices",), None)
    models = {}
    for name, settings in table.items():
        if name == FUNCTION and not isinstance(settings, Mapping):
            _located(document, ("prices", name), Prices, function=settings)
            continue
        models[name] = Price(**_settings(document, ("prices", name), Price))
    return Prices(models, None if FUNCTION in models else table.get(FUNCTION))


def _read_hosts(document: Document) -> tuple[Host, ...]:
    hosts = []
    for index, table in enumerate(_tables(document, "hosts")):
        _check_keys(document, ("hosts", index), table, HOST_KEYS)
        hosts.append(_located(document, ("hosts", index), Host, **table))
    return _located(document, ("hosts",), kept_hosts, hosts) if hosts else ()


def _read_arms(document: Document) -> tuple[GeneratorConfig, ...]:
    first: dict[str, KeyPath] = {}
    arms = []
    for index, table in enumerate(_tables(document, "arms")):
        _check_keys(document, ("arms", index), table, ARM_KEYS)
        for key in ("name", "model"):
            if key not in table:
                raise document.error(("arms", index), f"{key} is missing")
        bare: dict[str, Any] = {"name": "arm", "model": "model"}
        for key in sorted(table, key=ARM_KEYS.index):  # the name first: later messages say it
            # TOML has no null
            bare[key] = None if (key, table[key]) == ("max_tokens", BACKENDS_OWN) else table[key]
            _located(document, ("arms", index, key), GeneratorConfig, **bare)
        arm = GeneratorConfig(**bare)
        if arm.name in first:
            line = document.line(first[arm.name])
            raise document.error(("arms", index, "name"), f"two arms are named {arm.name!r}: the first on line {line}")
        first[arm.name] = ("arms", index, "name")
        arms.append(arm)
    return tuple(arms)


def _tables(document: Document, key: str) -> list[Mapping[str, Any]]:
    """The tables of that name, in their order."""
    tables = document.data.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
        raise document.error((key,), f"must be tables: start each with [[{key}]]")
    return tables


def _settings(document: Document, path: KeyPath, kind: type[Any]) -> Mapping[str, Any]:
    """The table at `path`, each of whose keys is a field that `kind` takes by itself."""
    table = _table(document, path, tuple(field.name for field in dataclasses.fields(kind)))
    for key, value in table.items():
        _located(document, (*path, key), kind, **{key: value})
    return table


def _table(document: Document, path: KeyPath, known: tuple[str, ...] | None) -> Mapping[str, Any]:
    """The table at `path`, empty where there is none; any keys are taken where none are known."""
    table: Any = document.data
    for key in path:
        table = table.get(key, {})
    if not isinstance(table, Mapping):
        raise document.error(path, f"must be a table: [{'.'.join(map(str, path))}]")
    if known is not None:
        _check_keys(document, path, table, known)
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
