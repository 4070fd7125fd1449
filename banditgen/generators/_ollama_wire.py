"""What Ollama's API calls things, and how its numbers become ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from banditgen.arm import GeneratorConfig, arm_settings
from banditgen.result import Timings

_OPTIONS = ("temperature", "top_p", "top_k", "min_p", "repeat_penalty")  # called the same there


def normal_name(model: str) -> str:
    """A model's full name: without a tag it is `:latest`."""
    return model if ":" in model.rsplit("/", 1)[-1] else f"{model}:latest"


def generates(details: Any) -> bool:
    """Whether a model of which this is the `/api/show` answer writes text; older servers name no capabilities."""
    if details.capabilities is not None:
        return "completion" in details.capabilities
    family = (details.details.family if details.details else None) or ""
    return "bert" not in family


def sampling_options(arm: Any, seed: int | None) -> dict[str, Any]:
    """An arm's settings as Ollama wants them, all under `options`; runner settings (num_ctx, …) are no part of an arm."""
    settings = {"max_tokens": GeneratorConfig.max_tokens} | arm_settings(arm)
    options = {name: settings[name] for name in _OPTIONS if name in settings} | {"num_predict": settings["max_tokens"]}
    return options if seed is None else options | {"seed": seed % (1 << 31)}


def timings_of(
    final: Mapping[str, Any], *, wall: float, before: float = 0.0, loaded: float = 0.0, first_token: float | None = None, in_flight: int = 1
) -> Timings:
    """Timings from the last record of an answer, whose durations are nanoseconds.

    The wait for a parallel slot comes after `load_duration` ends and is in no field of Ollama's: queue is what the other
    three leave of `total_duration`, plus `before`, the seconds that passed before the request was sent. `load_duration`
    contains the scheduler's own queue and is small but not 0 for a loaded model; `loaded`, the seconds of a load that was
    asked for apart, is added to it.
    """

    def seconds(field: str) -> float | None:
        value = final.get(field)
        return value / 1e9 if isinstance(value, int | float) and value >= 0 else None

    total, load, prompt, written = (seconds(f"{name}_duration") for name in ("total", "load", "prompt_eval", "eval"))
    queue = None if total is None else before + max(0.0, total - (load or 0.0) - (prompt or 0.0) - (written or 0.0))
    return Timings(
        wall=wall,
        queue=queue,
        load=loaded if load is None else loaded + load,
        prompt_eval=prompt,
        eval=written,
        first_token=first_token,
        prompt_tokens=final.get("prompt_eval_count"),
        completion_tokens=final.get("eval_count"),
        in_flight=in_flight,
    )
