"""What Ollama's API calls things, and how its numbers become ours."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from banditgen.arm import Arm, GeneratorConfig, arm_settings, model_key
from banditgen.result import Timings

_OPTIONS = ("temperature", "top_p", "top_k", "min_p", "repeat_penalty")  # called the same there
_MOST_CHARACTERS_A_TOKEN = 12  # on average, with a reserve: English and code have three to five
_EMBEDS = re.compile(r"embed(?!ded)|minilm|rerank|\b(?:bge|gte|e5)\b")  # names of models that only embed


def full_name(model: str) -> str:
    """A model's name with a tag: without one it is `:latest`."""
    return model if ":" in model.rsplit("/", 1)[-1] else f"{model}:latest"


def normal_name(model: str) -> str:
    """The one name of all spellings of a model's: Ollama takes them without regard to case, and with its own registry's name or without."""
    return full_name(model_key(model))


def generates(listed: Mapping[str, Any], shown: Mapping[str, Any]) -> bool:
    """Whether a model writes text, from its entries in `/api/tags` and `/api/show`; older servers name no capabilities."""
    capabilities = shown.get("capabilities") or listed.get("capabilities")
    if isinstance(capabilities, list):
        return "completion" in capabilities
    info = shown.get("model_info")
    if isinstance(info, dict) and any(str(key).endswith(".pooling_type") for key in info):
        return False
    details = [entry["details"] for entry in (shown, listed) if isinstance(entry.get("details"), dict)]
    families = " ".join(f"{entry.get('family')} {entry.get('families')}" for entry in details).lower()
    return "bert" not in families and not only_embeds(str(listed.get("name", "")))


def only_embeds(name: str) -> bool:
    """Whether a model's name says that it only embeds."""
    return _EMBEDS.search(name.lower()) is not None


def sampling_options(arm: Arm, seed: int | None) -> dict[str, Any]:
    """An arm's settings as Ollama wants them, all under `options`; runner settings (num_ctx, …) are no part of an arm."""
    settings = {"max_tokens": GeneratorConfig.max_tokens} | arm_settings(arm)
    options = {name: settings[name] for name in _OPTIONS if name in settings}
    if settings["max_tokens"] is not None:
        options["num_predict"] = settings["max_tokens"]
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
        return value / 1e9 if isinstance(value, int | float) and 0 <= value < math.inf else None

    total, load, prompt, written = (seconds(f"{name}_duration") for name in ("total", "load", "prompt_eval", "eval"))
    queue = None if total is None else before + max(0.0, total - (load or 0.0) - (prompt or 0.0) - (written or 0.0))
    return Timings(
        wall=wall,
        queue=queue,
        load=loaded if load is None else loaded + load,
        prompt_eval=prompt,
        eval=written,
        first_token=first_token,
        prompt_tokens=tokens(final, "prompt_eval_count"),
        completion_tokens=tokens(final, "eval_count"),
        in_flight=in_flight,
        source="wall" if written is None else "host",
    )


def tokens(final: Mapping[str, Any], field: str) -> int | None:
    """A count of tokens; None where the host gives none that can be one."""
    value = final.get(field)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31 else None


def prompt_was_cut(final: Mapping[str, Any], context: int | None, prompt: str) -> bool | None:
    """Whether the host cut the prompt to its context, which it does without a word; None where it does not count what it has read before.

    It then counts as many tokens as its context holds, in older servers at least half of that, which are too few for the prompt:
    a token of any text is a few characters long. A server that does not say its context has a power of two, unless somebody set another.
    """
    read = tokens(final, "prompt_eval_count")
    if read is None:
        return None
    if context is None:
        return read >= 2048 and read.bit_count() == 1 and len(prompt) > 3 * read
    return read >= context - 1 or (read >= context // 2 - 1 and len(prompt) > _MOST_CHARACTERS_A_TOKEN * read)
