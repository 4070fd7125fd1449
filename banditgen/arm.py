"""One arm of the bandit: a model, a temperature and prompt settings."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from banditgen._checks import check_text, check_whole, is_number
from banditgen.errors import UsageError

HOTTEST = 1000.0  # temperature: what a result can be kept with


class Arm(Protocol):
    """What an arm has at least, whoever made it. Inside a race every arm is a `GeneratorConfig`: `check_arms` makes it one."""

    @property
    def name(self) -> str:
        """See `GeneratorConfig`."""
        ...

    @property
    def model(self) -> str:
        """See `GeneratorConfig`."""
        ...

    @property
    def temperature(self) -> float:
        """See `GeneratorConfig`."""
        ...


@dataclasses.dataclass(frozen=True)
class GeneratorConfig:
    """One generator: which model, how it samples, how it is prompted.

    Args:
        name: what people and statistics call the arm; unique within a race.
        model: the backend's name of the model.
        temperature: sampling temperature, at least 0; how high it may be is the backend's to judge.
        max_tokens: the most tokens the model may write, at least 1; None leaves that to the backend.
        system_prompt: instructions put before every task's prompt; None for the backend's own.
        weight: the arm's preference among others: multiplies its draw when the bandit chooses; 0 is never chosen.
        top_p, top_k, min_p, repeat_penalty: sampling settings; None leaves the backend's default.
        think: whether a thinking model may think first; None leaves the backend's default.

    Raises:
        UsageError: a value outside its range.
    """

    name: str
    model: str
    temperature: float = 0.7
    max_tokens: int | None = 4000
    system_prompt: str | None = None
    weight: float = 1.0
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    think: bool | None = None

    def __post_init__(self) -> None:
        for field in ("name", "model"):
            check_text(f"GeneratorConfig.{field}", getattr(self, field))
        _number(self, "temperature", 0.0, HOTTEST)
        _number(self, "weight", 0.0, math.inf)
        if self.max_tokens is not None:
            check_whole(f"arm {self.name!r}: max_tokens", self.max_tokens)
        if self.system_prompt is not None and not isinstance(self.system_prompt, str):
            raise UsageError(f"arm {self.name!r}: system_prompt must be a string or None, not {self.system_prompt!r}")
        if self.think is not None and not isinstance(self.think, bool):
            raise UsageError(f"arm {self.name!r}: think must be true, false or None, not {self.think!r}")
        for field, low, high in (("top_p", 0.0, 1.0), ("min_p", 0.0, 1.0), ("repeat_penalty", 0.0, 10.0), ("top_k", 0.0, math.inf)):
            if getattr(self, field) is not None:
                _number(self, field, low, high)

    @property
    def arm_id(self) -> str:
        """The stable id: 12 hex digits over everything that shapes what is generated; name and weight are not in it."""
        return arm_id(self)


SAMPLING_FIELDS = ("temperature", "max_tokens", "system_prompt", "top_p", "top_k", "min_p", "repeat_penalty", "think")


def arm_settings(arm: Arm) -> dict[str, Any]:
    """Model and sampling settings of any object with an arm's attributes; settings left at None are absent, but for `max_tokens`."""
    settings: dict[str, Any] = {"model": arm.model}
    for field in SAMPLING_FIELDS:
        value = getattr(arm, field, None)
        if value is not None or (field == "max_tokens" and hasattr(arm, field)):
            settings[field] = value
    settings["temperature"] = float(settings.get("temperature", 0.7))
    return settings


def plain_model(name: str) -> str:
    """A model's name without the tag that is meant where there is none: "m" and "m:latest" are one model."""
    return name.removesuffix(":latest")


def model_key(name: str) -> str:
    """What all spellings of a model's name have in common: case, Ollama's own registry and ":latest" make no other model of it.

    A file's path has one spelling.
    """
    if name.endswith(".gguf"):
        return name
    key = name.lower()
    for prefix in ("registry.ollama.ai/", "library/"):
        key = key.removeprefix(prefix)
    return plain_model(key)


def arm_id(arm: Arm) -> str:
    """Stable id of an arm: 12 hex digits of SHA-256 over its settings, so that a renamed arm keeps its evidence."""
    settings = arm_settings(arm)
    text = json.dumps({**settings, "model": plain_model(settings["model"])}, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def named_arm_id(name: str) -> str:
    """The id of an arm of which only the name is known."""
    return f"name:{name}"


def check_arms(arms: Iterable[Arm]) -> list[GeneratorConfig]:
    """The arms as ours; of other objects, what shapes the output: their sampling settings and their weight, where they have them.

    Raises:
        UsageError: no arms, an object that is none, two of one name, a value outside its range; with the name of what is wrong.
    """
    if not isinstance(arms, Iterable):
        raise UsageError(f"arms must be a list of GeneratorConfig, not {arms!r}")
    ours = [arm if isinstance(arm, GeneratorConfig) else _as_ours(arm) for arm in arms]
    if not ours:
        raise UsageError("no arms to race: give at least one GeneratorConfig")
    seen: set[str] = set()
    for arm in ours:
        if arm.name in seen:
            raise UsageError(f"two arms are named {arm.name!r}: give each arm a name of its own")
        seen.add(arm.name)
    return ours


def _as_ours(arm: Arm) -> GeneratorConfig:
    for field in ("name", "model", "temperature"):
        if not hasattr(arm, field):
            raise UsageError(f"an arm needs name, model and temperature; {arm!r} has no {field}")
    check_text("an arm's name", arm.name)
    check_text("an arm's model", arm.model)
    given = {field: getattr(arm, field) for field in (*SAMPLING_FIELDS, "weight") if hasattr(arm, field)}
    settings = {field: value for field, value in given.items() if value is not None or field == "max_tokens"}
    return GeneratorConfig(arm.name, arm.model, **settings)


def distinct_arms(arms: Sequence[GeneratorConfig]) -> list[GeneratorConfig]:
    """The arms, refused where two are one generator under two names: the bandit could not tell them apart (UsageError)."""
    first: dict[str, GeneratorConfig] = {}
    for arm in arms:
        same = first.setdefault(arm_id(arm), arm)
        if same is not arm:
            raise UsageError(
                f"arms {same.name!r} and {arm.name!r} are the same generator: give one of them other settings, or leave it out"
            )
    return list(arms)


def create_default_generators() -> list[GeneratorConfig]:
    """The five arms of the design document: conservative (0.1), balanced (0.5) and creative (0.9) settings."""
    return [
        GeneratorConfig("codellama_conservative", "codellama", 0.1),
        GeneratorConfig("qwen_balanced", "qwen2.5-coder:14b", 0.5),
        GeneratorConfig("qwen_creative", "qwen2.5-coder:14b", 0.9),
        GeneratorConfig("deepseek_conservative", "deepseek-coder:6.7b", 0.1),
        GeneratorConfig("deepseek_balanced", "deepseek-coder:6.7b", 0.5),
    ]


def _number(arm: Arm, field: str, low: float, high: float) -> None:
    value = getattr(arm, field)
    if not is_number(value) or not math.isfinite(value) or not low <= value <= high:
        span = f"between {low:g} and {high:g}" if math.isfinite(high) else f"of at least {low:g}"
        raise UsageError(f"arm {arm.name!r}: {field} must be a number {span}, not {value!r}")
