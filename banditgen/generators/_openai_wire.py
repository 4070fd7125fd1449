"""What servers of OpenAI's dialect call things, and how their numbers become ours."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from banditgen._checks import is_number
from banditgen.arm import GeneratorConfig, arm_settings
from banditgen.generators._ollama_wire import tokens
from banditgen.generators.base import Request
from banditgen.generators.prompts import chat_messages
from banditgen.result import Timings

# OpenAI itself knows the first alone; what one of the others calls otherwise is sent under both names, and the strange one is ignored
_SAMPLING = {
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "repeat_penalty": "repeat_penalty",
    "repetition_penalty": "repeat_penalty",
}
_OPTIONAL = {"max_tokens": "max_completion_tokens", "stream_options": None, "seed": None}
"""What some servers refuse, and what they want in its place; None is nothing."""
_REFUSAL = re.compile(r"unsupported|not supported|not permitted|not allowed|unknown|unrecognized|unexpected", re.IGNORECASE)
_LENGTH = frozenset({"length", "max_tokens", "model_length"})
_FILTERED = frozenset({"content_filter", "safety"})
_BROKEN = frozenset({"error", "abort", "cancelled", "canceled"})


class UnreadableError(Exception):
    """The server answered with something else than its dialect has."""


class Piece(NamedTuple):
    """What one chunk of a stream adds."""

    text: str
    thought: str
    refusal: str
    finish: str | None


def body(request: Request, refused: set[str]) -> dict[str, Any]:
    """A request as the dialect has it, without what the server was seen to refuse."""
    settings = {"max_tokens": GeneratorConfig.max_tokens} | arm_settings(request.arm)
    think = settings.get("think")
    made: dict[str, Any] = {
        "model": settings["model"],
        "messages": chat_messages(request.prompt, settings.get("system_prompt"), request.brief, thinking=bool(think)),
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": settings["temperature"],
        "max_tokens": settings["max_tokens"],
    }
    if made["max_tokens"] is None:
        del made["max_tokens"]
    made |= {theirs: settings[ours] for theirs, ours in _SAMPLING.items() if ours in settings}
    if request.seed is not None:
        made["seed"] = request.seed % (1 << 31)
    if think is not None:
        made["chat_template_kwargs"] = {"enable_thinking": think}
    for name in refused & set(made):
        value = made.pop(name)
        if (other := _OPTIONAL[name]) is not None:
            made[other] = value
    return made


def refused_setting(message: str, refused: set[str]) -> str | None:
    """The setting that a server's complaint is about, where the request can do without it."""
    if _REFUSAL.search(message) is None:
        return None
    return next((name for name in _OPTIONAL if name not in refused and re.search(rf"\b{name}\b", message)), None)


def piece_of(chunk: Any) -> Piece:
    """What a chunk, or a whole answer that came at once, adds.

    Raises:
        UnreadableError: it is none.
    """
    if not isinstance(chunk, dict):
        raise UnreadableError(f"a {type(chunk).__name__} where an object belongs")
    choices = chunk.get("choices")
    if not isinstance(choices, list | None):
        raise UnreadableError("its choices are no list")
    if not choices:
        return Piece("", "", "", None)  # the last chunk, of counts alone
    choice = choices[0]
    delta = (choice.get("delta") or choice.get("message") or {}) if isinstance(choice, dict) else None
    if not isinstance(delta, dict):
        raise UnreadableError("its choice is no object")
    text, thought = _texts(delta.get("content"), "content")
    reasoning = delta.get("reasoning_content") or delta.get("reasoning")
    finish = choice.get("finish_reason")
    return Piece(
        text,
        thought + (reasoning if isinstance(reasoning, str) else ""),
        _texts(delta.get("refusal"), "refusal")[0],
        finish if isinstance(finish, str) and finish else None,
    )


def _texts(content: Any, what: str) -> tuple[str, str]:
    """Text and thought of a content, which is a text or a list of parts."""
    if content is None or isinstance(content, str):
        return content or "", ""
    if not isinstance(content, Sequence) or not all(isinstance(part, dict) for part in content):
        raise UnreadableError(f"its {what} is no text")
    said = "".join(str(part.get("text") or "") for part in content if part.get("type") == "text")
    thought = "".join(_texts(part.get("thinking"), what)[0] for part in content if part.get("type") == "thinking")
    return said, thought


def how_it_ended(finish: str) -> str:
    """A finish reason as one of "stop", "length", "filtered" and "broken"; servers invent more of them."""
    kinds = {"length": _LENGTH, "filtered": _FILTERED, "broken": _BROKEN}
    return next((kind for kind, reasons in kinds.items() if finish.lower() in reasons), "stop")


def timings_of(
    usage: Mapping[str, Any],
    own: Mapping[str, Any],
    *,
    wall: float,
    before: float,
    first_token: float | None,
    writing: float,
    in_flight: int,
) -> Timings:
    """Timings of one answer: by the host's clock where it tells what that said, else by when the text arrived.

    Args:
        usage: the answer's counts. Some hosts add seconds: `prompt_time`, `completion_time`.
        own: llama.cpp's `timings`, in milliseconds.
        wall: seconds from the generation's start until now.
        before: of them, those that passed before the request was sent.
        first_token: seconds from the generation's start to the first token.
        writing: seconds from the first token to the last; 0 for an answer that came at once, whose time all counts as writing.
        in_flight: requests under way at the start, this one included.
    """
    prompt, written = _seconds(own, "prompt_ms", 1e-3), _seconds(own, "predicted_ms", 1e-3)
    if written is None:
        prompt, written = _seconds(usage, "prompt_time", 1.0), _seconds(usage, "completion_time", 1.0)
    details = usage.get("prompt_tokens_details")
    read, cached = tokens(usage, "prompt_tokens"), tokens(details, "cached_tokens") if isinstance(details, dict) else None
    wrote = tokens(usage, "completion_tokens")
    if read is None and (fresh := tokens(own, "prompt_n")) is not None:
        cached = tokens(own, "cache_n")
        read, wrote = fresh + (cached or 0), tokens(own, "predicted_n")
    if written is not None and before + (prompt or 0.0) + written <= wall * 1.01 + 0.01:
        source, queue = "host", max(0.0, wall - (prompt or 0.0) - written)
    elif first_token is None or not writing:
        source, queue, prompt, written = "wall", before, None, max(0.0, wall - before)
    else:
        source, queue, prompt, written = "stream", before, max(0.0, first_token - before), writing
    return Timings(
        wall=wall,
        queue=queue,
        prompt_eval=prompt,
        eval=written,
        first_token=first_token,
        prompt_tokens=read,
        cached_tokens=cached,
        completion_tokens=wrote,
        in_flight=in_flight,
        source=source,
    )


def _seconds(given: Mapping[str, Any], field: str, unit: float) -> float | None:
    value = given.get(field)
    return value * unit if is_number(value) and 0 <= value < math.inf else None
