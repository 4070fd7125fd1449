"""What generations cost in money: the table [prices] of a strategy, or a function of the user's."""

from __future__ import annotations

import dataclasses
import importlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

from banditgen._checks import check_amount, is_number
from banditgen._text import one_line
from banditgen.arm import model_key
from banditgen.errors import UsageError
from banditgen.result import FailureKind, GenerationResult

logger = logging.getLogger("banditgen.strategy")

FUNCTION = "function"
_MILLION = 1e6
_MOST = 1e300


@dataclasses.dataclass(frozen=True)
class Price:
    """What a model costs, in any one currency; each at least 0.

    Args:
        prompt: a million tokens read.
        cached: a million of those that came from a cache; None is as `prompt`.
        completion: a million tokens written.
        second: a second of the model, prompt eval and eval.
        request: a generation.

    Raises:
        UsageError: a value that cannot be.
    """

    prompt: float = 0.0
    cached: float | None = None
    completion: float = 0.0
    second: float = 0.0
    request: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None or name != "cached":
                check_amount(name, value)

    def of(self, result: GenerationResult) -> float | None:
        """What a generation cost; None where the host did not count the tokens that it takes."""
        timings = result.timings
        read, wrote = (timings.prompt_tokens, timings.completion_tokens) if timings else (None, None)
        if (self.prompt and read is None) or (self.completion and wrote is None):
            return None
        cached = min((timings.cached_tokens or 0) if timings else 0, read or 0)
        from_cache = self.prompt if self.cached is None else self.cached
        tokens = self.prompt * ((read or 0) - cached) + from_cache * cached + self.completion * (wrote or 0)
        return self.request + self.second * result.generation_time + tokens / _MILLION


@dataclasses.dataclass(frozen=True)
class Prices:
    """The prices of a strategy.

    Args:
        models: by a model's name, in any spelling.
        function: `function(result) -> money or None` for the other models, itself or as "module:function", which is imported when it is
            first asked. What it raises, or gives that is no number of at least 0, is no price, and logged once.

    Raises:
        UsageError: a function that is neither.
    """

    models: Mapping[str, Price] = dataclasses.field(default_factory=dict)
    function: str | Callable[[GenerationResult], float | None] | None = None

    def __post_init__(self) -> None:
        named = self.function
        if named is not None and not callable(named) and not (isinstance(named, str) and all(named.partition(":"))):
            raise UsageError(f"function must be a function or module:function, not {named!r}")
        object.__setattr__(self, "models", dict(self.models))
        object.__setattr__(self, "_by_key", {model_key(name): price for name, price in self.models.items()})
        object.__setattr__(self, "_warned", [])

    def __bool__(self) -> bool:
        return bool(self.models) or self.function is not None

    def of(self, result: GenerationResult) -> float | None:
        """What a generation cost; None where nobody says, and of infrastructure's failures."""
        if result.failure is FailureKind.INFRASTRUCTURE:
            return None
        price: Price | None = vars(self)["_by_key"].get(model_key(result.model_used))
        return price.of(result) if price is not None else self._asked(result)

    def _asked(self, result: GenerationResult) -> float | None:
        if self.function is None:
            return None
        try:
            value = _loaded(self.function)(result)
            if value is None:
                return None
            if not (is_number(value) and 0 <= value <= _MOST):
                raise ValueError(f"it gave {value!r}, which is no number of at least 0")  # noqa: TRY301 - one way to say so
            return float(value)
        except Exception as error:  # noqa: BLE001 - whatever a user's function raises
            if not vars(self)["_warned"]:
                vars(self)["_warned"].append(True)
                logger.warning("prices stay unknown: the function %s failed: %s", self.named, one_line(f"{type(error).__name__}: {error}"))
            return None

    @property
    def named(self) -> str | None:
        """The function as a strategy file names it."""
        if self.function is None or isinstance(self.function, str):
            return self.function
        return f"{getattr(self.function, '__module__', '?')}:{getattr(self.function, '__qualname__', type(self.function).__qualname__)}"

    def to_dict(self) -> dict[str, Any]:
        """The table as a file has it."""
        table: dict[str, Any] = {} if self.function is None else {FUNCTION: self.named}
        for name, price in self.models.items():
            table[name] = {key: value for key, value in vars(price).items() if value != getattr(_FREE, key)}
        return table


_FREE = Price()


def _loaded(function: str | Callable[[GenerationResult], float | None]) -> Callable[[GenerationResult], float | None]:
    if not isinstance(function, str):
        return function
    module, _, name = function.partition(":")
    loaded: Callable[[GenerationResult], float | None] = getattr(importlib.import_module(module), name)
    return loaded
