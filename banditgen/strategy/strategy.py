"""A strategy: which arms race, how many at once, who chooses them and how candidates are weighed; kept as a TOML file."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from banditgen import _html
from banditgen.arm import Arm, GeneratorConfig, arm_settings, check_arms
from banditgen.errors import StrategyError, UsageError
from banditgen.scoring import SelectionCriteria
from banditgen.strategy.evolution import Evolution
from banditgen.strategy.file import BACKENDS_OWN, CHECKS, CRITERIA_KEYS, MEASURES, SETTLED_POLICIES, WEIGHT_FIELDS, BanditSettings, read
from banditgen.strategy.folders import find
from banditgen.strategy.hosts import Host, kept_hosts
from banditgen.strategy.learning import Learning
from banditgen.strategy.prices import Prices
from banditgen.strategy.spending import Spending
from banditgen.strategy.toml import Document, dumps
from banditgen.task import Level

DEFAULT_TEMPERATURES = (0.1, 0.5, 0.9)  # the design document's conservative, balanced and creative
DEFAULT_MAX_TOKENS = 4000
MAX_FILE_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True)
class Strategy:
    """What a strategy file says.

    Args:
        name: the file's name without ".toml".
        arms: the named arms, each name once.
        k: how many arms race, at least 1; where there are fewer, all of them race. In waves the mean number of generations a task.
        policy: who chooses the arms, one of `POLICIES`.
        criteria: weights and limits that candidates are judged by.
        models: "available" makes an arm of every model of the backend at each of `temperatures`; None only races `arms`.
        temperatures: each in [0, 2], no two alike, at least one.
        types: criteria of single task types, in place of `criteria`.
        bandit: how the policy explores and how long it remembers.
        require: the least isolation, "confined" or "isolated", below which nothing is raced; None is "confined".
        max_tokens: of the arms that "available" makes, at least 1.
        race: whether arms race all at once or in waves, and what a race may spend.
        learning: what is learned from beside verdicts.
        system_prompt: of every arm that has none of its own, and so a part of what it is; None leaves that to the backend.
        brief: whether models are told what is known of a task beside its prompt, in words that are no part of any arm.
        evolution: how new arms are bred while it races; None breeds none.
        hosts: where it races, unless a backend is named; no part of the hash.
        prices: what generations cost in money, which results record and a budget may be in.
        path: the file it came from, if it did; no part of equality.

    Raises:
        StrategyError: a value outside its range, or neither arms nor models.
    """

    name: str
    arms: tuple[GeneratorConfig, ...] = ()
    k: int = 3
    policy: str = "thompson"
    criteria: SelectionCriteria = dataclasses.field(default_factory=SelectionCriteria)
    models: Literal["available"] | None = None
    temperatures: tuple[float, ...] = DEFAULT_TEMPERATURES
    max_tokens: int = DEFAULT_MAX_TOKENS
    system_prompt: str | None = None
    brief: bool = True
    require: Level | None = None
    types: Mapping[str, SelectionCriteria] = dataclasses.field(default_factory=dict)
    bandit: BanditSettings = dataclasses.field(default_factory=BanditSettings)
    race: Spending = dataclasses.field(default_factory=Spending)
    learning: Learning = dataclasses.field(default_factory=Learning)
    evolution: Evolution | None = None
    prices: Prices = dataclasses.field(default_factory=Prices)
    hosts: tuple[Host, ...] = ()
    path: Path | None = dataclasses.field(default=None, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "arms", tuple(self.arms))
        object.__setattr__(self, "types", dict(self.types))
        try:
            for key, check in CHECKS.items():
                object.__setattr__(self, key, check(getattr(self, key)))
            if self.arms:
                check_arms(self.arms)
            object.__setattr__(self, "hosts", kept_hosts(self.hosts) if self.hosts else ())
        except UsageError as error:
            raise StrategyError(f"strategy {self.name!r}: {error}") from None
        if self.models is None and (self.temperatures, self.max_tokens) != (DEFAULT_TEMPERATURES, DEFAULT_MAX_TOKENS):
            raise StrategyError(f'strategy {self.name!r}: temperatures and max_tokens only go with models = "available"')
        if (self.bandit.sharpness, self.bandit.prior_strength) != (None, None) and self.policy not in SETTLED_POLICIES:
            known = ", ".join(SETTLED_POLICIES)
            raise StrategyError(f"strategy {self.name!r}: sharpness and prior_strength only go with the policies {known}")
        if not isinstance(self.race, Spending):
            raise StrategyError(f"strategy {self.name!r}: race must be a Spending, not {self.race!r}")
        if not isinstance(self.learning, Learning):
            raise StrategyError(f"strategy {self.name!r}: learning must be a Learning, not {self.learning!r}")
        if not isinstance(self.prices, Prices):
            raise StrategyError(f"strategy {self.name!r}: prices must be a Prices, not {self.prices!r}")
        if self.race.budget_unit == "price" and not self.prices:
            raise StrategyError(f"strategy {self.name!r}: a budget in price needs [prices]")
        if not isinstance(self.evolution, Evolution | None):
            raise StrategyError(f"strategy {self.name!r}: evolution must be an Evolution or None, not {self.evolution!r}")
        if not self.arms and self.models is None:
            raise StrategyError(f'strategy {self.name!r} has no arms: give [[arms]] or models = "available"')

    @property
    def hash(self) -> str:
        """12 hex digits of SHA-256 over everything but name and path: the same for files that differ in comments only."""
        content = {**vars(self), "name": None, "path": None, "hosts": None, "criteria": _told(self.criteria)}
        content["arms"] = [{"name": arm.name, "weight": arm.weight, **arm_settings(arm)} for arm in self.arms]
        content["types"] = {name: _told(criteria) for name, criteria in self.types.items()}
        content["bandit"] = {key: value for key, value in vars(self.bandit).items() if value is not None}
        content["race"], content["learning"] = _changed(self.race), _changed(self.learning)
        content["evolution"] = vars(self.evolution) if self.evolution else None
        content["brief"] = not self.brief
        content["prices"] = self.prices.to_dict()
        # strategies without these keep the hashes that histories know them by
        for key in ("types", "bandit", "race", "learning", "evolution", "system_prompt", "brief", "prices", "hosts"):
            if not content[key]:
                del content[key]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]

    def criteria_for(self, task_type: str) -> SelectionCriteria:
        """The criteria of a task type: its own, where it has any."""
        return self.types.get(task_type, self.criteria)

    def with_arms(self, arms: Sequence[Arm]) -> Strategy:
        """The same strategy, racing these arms and no others."""
        made = tuple(check_arms(arms))
        return dataclasses.replace(self, arms=made, models=None, temperatures=DEFAULT_TEMPERATURES, max_tokens=DEFAULT_MAX_TOKENS)

    @classmethod
    def load(cls, name_or_path: str | Path) -> Strategy:
        """The strategy of that name, from those shipped and then from the user's folder, or the one in that file.

        A string with a path separator or ending in ".toml" is a path.

        Raises:
            StrategyError: no such strategy, an unreadable file, or one that does not validate; names file, line and key.
        """
        path = find(name_or_path)
        try:
            with path.open("rb") as file:
                content = file.read(MAX_FILE_BYTES + 1)
            if len(content) > MAX_FILE_BYTES:
                raise StrategyError(f"{path}: larger than {MAX_FILE_BYTES >> 20} MB: not a strategy")
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise StrategyError(f"{path}: line {line}: not UTF-8 text") from None
        except OSError as error:
            raise StrategyError(f"{path}: can't be read: {error.strerror or error}") from None
        return dataclasses.replace(cls.loads(text, name=path.stem, source=str(path)), path=path)

    @classmethod
    def loads(cls, text: str, *, name: str, source: str | None = None) -> Strategy:
        """The strategy that a TOML text describes; errors (StrategyError) call the text `source`, or else `name`."""
        return cls(name=name, **read(Document(text, source or name)))

    def to_toml(self) -> str:
        """The strategy as TOML, defaults left out; `Strategy.loads` gives an equal strategy back."""
        values: dict[str, Any] = {"k": self.k, "policy": self.policy}
        if self.models is not None:
            values |= {"models": self.models, "temperatures": self.temperatures, "max_tokens": self.max_tokens}
        if self.system_prompt is not None:
            values["system_prompt"] = self.system_prompt
        if not self.brief:
            values["brief"] = False
        if self.require is not None:
            values["require"] = self.require
        values["weights"] = _weights(self.criteria)
        default = SelectionCriteria()
        limits = {key: _plain(self.criteria, key) for key in CRITERIA_KEYS if getattr(self.criteria, key) != getattr(default, key)}
        if limits:
            values["criteria"] = limits
        if bandit := {key: value for key, value in vars(self.bandit).items() if value is not None}:
            values["bandit"] = bandit
        if self.types:
            values["types"] = {name: self._type_values(own) for name, own in self.types.items()}
        for key, settings in (("race", self.race), ("learning", self.learning)):
            if changed := _changed(settings):
                values[key] = changed
        if self.evolution is not None:
            values["evolution"] = vars(self.evolution)
        if self.prices:
            values["prices"] = self.prices.to_dict()
        if self.hosts:
            values["hosts"] = [{key: value for key, value in vars(host).items() if value not in ("", None, {})} for host in self.hosts]
        if self.arms:
            values["arms"] = [{"name": arm.name, **_given(arm), "weight": arm.weight} for arm in self.arms]
        return dumps(values)

    def _repr_html_(self) -> str:
        return f"<p>{_html.escaped(self.name)}</p>{_html.code(self.to_toml())}"

    def _type_values(self, own: SelectionCriteria) -> dict[str, Any]:
        """What a task type's table says, beyond what it has from the strategy."""
        values: dict[str, Any] = {}
        for key in CRITERIA_KEYS:
            value = getattr(own, key)
            if value != getattr(self.criteria, key):
                values[key] = math.inf if value is None else _plain(own, key)  # without a limit where the strategy has one
        weights = _weights(own)
        if own.measure_weights != self.criteria.measure_weights:
            weights.setdefault(MEASURES, {})
        else:
            weights.pop(MEASURES, None)
        return {**weights, **values}

    def save(self, path: str | Path) -> Path:
        """Write it as TOML, over what is there, making folders as needed; returns the path.

        Raises:
            StrategyError: the file can't be written.
        """
        path = Path(path)
        try:
            content = self.to_toml().encode()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except (OSError, UnicodeEncodeError) as error:
            raise StrategyError(f"{path}: can't be written: {error}") from None
        return path


def _changed(settings: Spending | Learning) -> dict[str, Any]:
    """What differs from the defaults."""
    return {key: value for key, value in vars(settings).items() if value != getattr(type(settings)(), key)}


def _given(arm: Arm) -> dict[str, Any]:
    """An arm's settings for TOML, which has no null."""
    return {key: BACKENDS_OWN if value is None else value for key, value in arm_settings(arm).items()}


def _told(criteria: SelectionCriteria) -> dict[str, Any]:
    """The criteria as the hash has them: later fields only where they are set."""
    later = ("generation_scale", "execution_scale", "measure_weights", "select", "order", "thresholds", "prefer_consistency")
    default = SelectionCriteria()
    return {key: value for key, value in vars(criteria).items() if key not in later or value != getattr(default, key)}


def _plain(criteria: SelectionCriteria, key: str) -> Any:
    """A field as TOML has it: pairs are a table."""
    value = getattr(criteria, key)
    return dict(value) if key == "thresholds" else value


def _weights(criteria: SelectionCriteria) -> dict[str, Any]:
    weights: dict[str, Any] = {key: getattr(criteria, field) for key, field in WEIGHT_FIELDS.items()}
    return {**weights, MEASURES: dict(criteria.measure_weights)} if criteria.measure_weights else weights
