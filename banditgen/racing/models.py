"""Whether a backend has what arms run on."""

from __future__ import annotations

from collections.abc import Sequence

from banditgen.arm import GeneratorConfig, model_key, plain_model
from banditgen.errors import ModelNotFoundError
from banditgen.generators.base import ModelInfo


def check_models(backend: str, models: Sequence[ModelInfo], arms: Sequence[GeneratorConfig]) -> None:
    """Refuse a race none of whose models the backend has, where it could say; one that is missing is one failed result.

    Raises:
        ModelNotFoundError: it names what the backend has.
    """
    known = {model_key(model.name): plain_model(model.name) for model in models}
    wanted = {plain_model(arm.model) for arm in arms}
    if known and not any(model_key(model) in known or model.endswith(".gguf") for model in wanted):
        there = ", ".join(sorted(known.values()))
        raise ModelNotFoundError(f"the backend {backend} has none of the models {', '.join(sorted(wanted))}: it has {there}")
