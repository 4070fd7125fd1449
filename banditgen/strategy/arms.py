"""A strategy's arms on a backend: its named ones whose model is there, and those that it makes of every model."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from banditgen.arm import GeneratorConfig, model_key, plain_model
from banditgen.errors import StrategyError, UsageError
from banditgen.strategy.strategy import Strategy

logger = logging.getLogger("banditgen.strategy")


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


def arms_on(strategy: Strategy, listed: Sequence[Any]) -> list[GeneratorConfig]:
    """`expand` on the models that a backend lists, and those of the strategy that are GGUF files of the user's own, which no backend lists.

    Raises:
        UsageError: no arm is left.
    """
    files = [arm.model for arm in strategy.arms if arm.model.endswith(".gguf") and Path(arm.model).is_file()]
    return expand(strategy, [*listed, *files])


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
