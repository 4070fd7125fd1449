"""A strategy: which arms race, how many at once, who chooses them and how candidates are weighed; kept as a TOML file."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import platformdirs

from banditgen import _html
from banditgen._settings import setting
from banditgen.arm import GeneratorConfig, arm_settings, check_arms, model_key, plain_model
from banditgen.errors import StrategyError, UsageError
from banditgen.scoring import SelectionCriteria
from banditgen.strategy.evolution import Evolution
from banditgen.strategy.file import CHECKS, CRITERIA_KEYS, MEASURES, POLICIES, SETTLED_POLICIES, WEIGHT_FIELDS, BanditSettings, read
from banditgen.strategy.spending import Spending
from banditgen.strategy.toml import Document, dumps
from banditgen.task import Level

__all__ = ["DEFAULT_TEMPERATURES", "POLICIES", "Strategy", "expand", "is_shipped", "known_strategies", "strategy_in_use", "user_folder"]

logger = logging.getLogger("banditgen.strategy")

DEFAULT_TEMPERATURES = (0.1, 0.5, 0.9)  # the design document's conservative, balanced and creative
DEFAULT_MAX_TOKENS = 4000
DEFAULT_STRATEGY = "balanced"
TUNED = "-tuned"  # in the names of strategies that `banditgen tune` wrote
TUNED_ON = "# Tuned on the history "  # begins a line of their files
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
        system_prompt: of every arm that has none of its own, and so a part of what it is; None leaves that to the backend.
        brief: whether models are told what is known of a task beside its prompt, in words that are no part of any arm.
        evolution: how new arms are bred while it races; None breeds none.
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
    evolution: Evolution | None = None
    path: Path | None = dataclasses.field(default=None, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "arms", tuple(self.arms))
        object.__setattr__(self, "types", dict(self.types))
        try:
            for key, check in CHECKS.items():
                object.__setattr__(self, key, check(getattr(self, key)))
            if self.arms:
                check_arms(self.arms)
        except UsageError as error:
            raise StrategyError(f"strategy {self.name!r}: {error}") from None
        if self.models is None and (self.temperatures, self.max_tokens) != (DEFAULT_TEMPERATURES, DEFAULT_MAX_TOKENS):
            raise StrategyError(f'strategy {self.name!r}: temperatures and max_tokens only go with models = "available"')
        if (self.bandit.sharpness, self.bandit.prior_strength) != (None, None) and self.policy not in SETTLED_POLICIES:
            known = ", ".join(SETTLED_POLICIES)
            raise StrategyError(f"strategy {self.name!r}: sharpness and prior_strength only go with the policies {known}")
        if not isinstance(self.race, Spending):
            raise StrategyError(f"strategy {self.name!r}: race must be a Spending, not {self.race!r}")
        if not isinstance(self.evolution, Evolution | None):
            raise StrategyError(f"strategy {self.name!r}: evolution must be an Evolution or None, not {self.evolution!r}")
        if not self.arms and self.models is None:
            raise StrategyError(f'strategy {self.name!r} has no arms: give [[arms]] or models = "available"')

    @property
    def hash(self) -> str:
        """12 hex digits of SHA-256 over everything but name and path: the same for files that differ in comments only."""
        content = {**vars(self), "name": None, "path": None, "criteria": _told(self.criteria)}
        content["arms"] = [{"name": arm.name, "weight": getattr(arm, "weight", 1.0), **arm_settings(arm)} for arm in self.arms]
        content["types"] = {name: _told(criteria) for name, criteria in self.types.items()}
        content["bandit"] = {key: value for key, value in vars(self.bandit).items() if value is not None}
        content["race"] = _changed(self.race)
        content["evolution"] = vars(self.evolution) if self.evolution else None
        content["brief"] = not self.brief
        # strategies without these keep the hashes that histories know them by
        for key in ("types", "bandit", "race", "evolution", "system_prompt", "brief"):
            if not content[key]:
                del content[key]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]

    def criteria_for(self, task_type: str) -> SelectionCriteria:
        """The criteria of a task type: its own, where it has any."""
        return self.types.get(task_type, self.criteria)

    def with_arms(self, arms: Sequence[Any]) -> Strategy:
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
        path = _find(name_or_path)
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
        limits = {key: getattr(self.criteria, key) for key in CRITERIA_KEYS if getattr(self.criteria, key) != getattr(default, key)}
        if limits:
            values["criteria"] = limits
        settings = {key: value for key, value in vars(self.bandit).items() if value is not None}
        if settings:
            values["bandit"] = settings
        if self.types:
            values["types"] = {name: self._type_values(own) for name, own in self.types.items()}
        if race := _changed(self.race):
            values["race"] = race
        if self.evolution is not None:
            values["evolution"] = vars(self.evolution)
        if self.arms:
            values["arms"] = [{"name": arm.name, **arm_settings(arm), "weight": getattr(arm, "weight", 1.0)} for arm in self.arms]
        return dumps(values)

    def _repr_html_(self) -> str:
        return f"<p>{_html.escaped(self.name)}</p>{_html.code(self.to_toml())}"

    def _type_values(self, own: SelectionCriteria) -> dict[str, Any]:
        """What a task type's table says, beyond what it has from the strategy."""
        values: dict[str, Any] = {}
        for key in CRITERIA_KEYS:
            value = getattr(own, key)
            if value != getattr(self.criteria, key):
                values[key] = math.inf if value is None else value  # without a limit where the strategy has one
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


def _changed(race: Spending) -> dict[str, Any]:
    """What differs from the defaults."""
    return {key: value for key, value in vars(race).items() if value != getattr(Spending(), key)}


def _told(criteria: SelectionCriteria) -> dict[str, Any]:
    """The criteria as the hash has them: later fields only where they are set."""
    later = ("generation_scale", "execution_scale", "measure_weights")
    default = SelectionCriteria()
    return {key: value for key, value in vars(criteria).items() if key not in later or value != getattr(default, key)}


def _weights(criteria: SelectionCriteria) -> dict[str, Any]:
    weights: dict[str, Any] = {key: getattr(criteria, field) for key, field in WEIGHT_FIELDS.items()}
    return {**weights, MEASURES: dict(criteria.measure_weights)} if criteria.measure_weights else weights


def expand(strategy: Strategy, available: Iterable[Any]) -> list[GeneratorConfig]:
    """The strategy's arms on a backend: its named ones whose model is there, then every model × temperature if it says so.

    Args:
        strategy: what to expand.
        available: the backend's models: names, or objects with a `name` such as `ModelInfo`. All spellings of a name
            are one model (see `model_key`); the arms take the backend's.

    Raises:
        UsageError: no arm is left.
    """
    models = [str(getattr(model, "name", model)) for model in available]
    spelt = {model_key(model): model for model in models}
    arms = [_as_spelt(arm, spelt[model_key(arm.model)]) for arm in strategy.arms if model_key(arm.model) in spelt]
    dropped = [arm for arm in strategy.arms if model_key(arm.model) not in spelt]
    if strategy.models is not None:
        taken = {arm.name for arm in arms}
        made = [
            GeneratorConfig(f"{model}_t{heat:g}", model, heat, strategy.max_tokens)
            for model in dict.fromkeys(models)
            for heat in strategy.temperatures
        ]
        arms += [arm for arm in made if arm.name not in taken]
    if not arms:
        wanted = f" (it names {', '.join(arm.model for arm in dropped)})" if dropped else ""
        raise UsageError(
            f"strategy {strategy.name!r} has no arm that can race here{wanted}; the backend's models: {', '.join(models) or 'none'}"
        )
    if strategy.system_prompt is not None:
        arms = [
            arm if getattr(arm, "system_prompt", None) else dataclasses.replace(arm, system_prompt=strategy.system_prompt) for arm in arms
        ]
    for arm in dropped:
        logger.warning("strategy %s: arm %s is dropped: the backend has no model %s", strategy.name, arm.name, arm.model)
    return arms


def with_models(strategy: Strategy, models: Sequence[str], temperatures: Sequence[float]) -> Strategy:
    """The same strategy with an arm for each of these models at each of these temperatures.

    Args:
        strategy: what is kept where one of the two is empty: its temperatures, or its models.
        models: as the backend names them.
        temperatures: each in [0, 2].

    Raises:
        StrategyError: temperatures alone for a strategy of named arms, or one outside its range.
    """
    if not models and not temperatures:
        return strategy
    if strategy.models is None and not models:
        raise StrategyError(f"strategy {strategy.name!r} races named arms at temperatures of their own: name models, too")
    tokens = strategy.max_tokens
    crossed = dataclasses.replace(
        strategy, arms=(), models="available", temperatures=tuple(temperatures) or strategy.temperatures, max_tokens=tokens
    )
    return crossed if not models else crossed.with_arms(expand(crossed, dict.fromkeys(models)))


def _as_spelt(arm: GeneratorConfig, model: str) -> GeneratorConfig:
    """The arm with the backend's own spelling of its model, so that one generator has one id."""
    return arm if plain_model(arm.model) == plain_model(model) else dataclasses.replace(arm, model=model)


def known_strategies() -> dict[str, Path]:
    """Every strategy that `Strategy.load` finds by name, and its file: those shipped, then the user's."""
    found: dict[str, Path] = {}
    for folder in _folders():
        for path in sorted(folder.glob("*.toml")):
            found.setdefault(path.stem, path)
    return found


def strategy_in_use(history_url: str | None = None) -> str:
    """The name or path of the strategy that is meant where none is named: the one that is set (`BANDITGEN_STRATEGY`, a project's or a
    user's settings), else balanced; as `banditgen tune --apply` has tuned it on this history, where it has (on any, for None).
    """
    found = setting("strategy")
    named = found.value if found else DEFAULT_STRATEGY
    tuned = tuned_path(Path(named).stem if named.endswith(".toml") else named, history_url)
    return tuned.stem if tuned.is_file() else named


def tuned_path(name: str, history_url: str | None) -> Path:
    """Where `banditgen tune --apply` keeps what a history made of a strategy; several histories have a file each.

    Args:
        name: the strategy's; a tuned one's leads to the same place.
        history_url: as the history names itself to people; None leads to the file of the history that was tuned on first.
    """
    plain = user_folder() / f"{name.partition(TUNED)[0]}{TUNED}.toml"
    try:
        with plain.open(encoding="utf-8", errors="replace") as file:
            owner = next((line.removeprefix(TUNED_ON).strip() for line in file if line.startswith(TUNED_ON)), history_url)
    except OSError:
        return plain
    return (
        plain
        if history_url in (None, owner)
        else plain.with_stem(f"{plain.stem}-{hashlib.sha256(str(history_url).encode()).hexdigest()[:8]}")
    )


def user_folder() -> Path:
    """Where a user's own strategies are found by name."""
    return Path(platformdirs.user_config_dir("banditgen")) / "strategies"


def is_shipped(path: Path) -> bool:
    """Whether a file lies where banditgen's own strategies are, which nothing writes to."""
    return path.resolve().parent in {folder.resolve() for folder in _shipped_folders()}


def _shipped_folders() -> tuple[Path, ...]:
    package = Path(__file__).parent.parent
    return (package / "strategies", package.parent / "strategies")  # in a wheel, in a checkout


def _folders() -> tuple[Path, ...]:
    return (*_shipped_folders(), user_folder())


def _find(name_or_path: str | Path) -> Path:
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith(".toml") or "/" in text or "\\" in text:
        return Path(name_or_path)
    known = known_strategies()
    if text not in known:
        raise StrategyError(f"no strategy {text!r}: known are {', '.join(known) or 'none'}; or give the path of a .toml file")
    return known[text]
