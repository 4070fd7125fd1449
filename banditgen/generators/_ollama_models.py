"""Which of an Ollama host's models can generate."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import httpx

from banditgen._text import one_line
from banditgen.errors import BackendError
from banditgen.generators._ollama_api import OllamaApi, OllamaError, UnreadableError
from banditgen.generators._ollama_wire import generates
from banditgen.generators.base import ModelInfo

logger = logging.getLogger("banditgen.generators")

_SHOW_SECONDS = 10.0


async def models_of(api: OllamaApi) -> list[ModelInfo]:
    """The models that can generate; those that only embed are left out, and, with a warning, those that the host cannot show.

    Raises:
        BackendError: the host does not answer, or not as Ollama does.
    """
    try:
        listed = await api.tags()
    except Exception as error:  # noqa: BLE001  # whatever httpx raises for a host that is not there
        raise BackendError(f"Ollama at {api.address.shown} does not answer: {reason(error)}") from None
    looked = await asyncio.gather(*(_generates(api, entry, _SHOW_SECONDS) for entry in listed), return_exceptions=True)
    for entry, found in zip(listed, looked, strict=True):
        if isinstance(found, BaseException):
            logger.warning("ollama cannot show %s, which is left out: %s", one_line(entry["name"], 60), reason(found))
    return [_info(entry) for entry, found in zip(listed, looked, strict=True) if found is True]


async def any_model(api: OllamaApi, seconds: float) -> tuple[str | None, str]:
    """The first model that turns out to generate, and what was found, in words; the list and one look at a model may take this long.

    Never raises.
    """
    try:
        async with asyncio.timeout(seconds):
            listed = await api.tags()
    except Exception as error:  # noqa: BLE001  # whatever httpx raises for a host that is not there
        return None, f"no Ollama answers at {api.address.shown} ({reason(error)})"
    looks = {asyncio.ensure_future(_generates(api, entry, seconds)): str(entry["name"]) for entry in listed}
    waiting, broken = set(looks), ""
    try:
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for look in done:
                if (failed := look.exception()) is not None:
                    broken = broken or f"; {one_line(looks[look], 60)} cannot be shown ({reason(failed)})"
                elif look.result():
                    others = f" and {len(looks) - 1} more" if len(looks) > 1 else ""
                    return looks[look], f"it has {one_line(looks[look], 60)}{others}"
    finally:
        for look in waiting:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)
    return None, f"Ollama at {api.address.shown} answers but has no model that generates{broken}"


async def _generates(api: OllamaApi, entry: Mapping[str, Any], seconds: float) -> bool:
    """Whether a model generates; one that is slow to be shown, or that an old server cannot show, is known by its name and family."""
    shown: Mapping[str, Any] = {}
    try:
        async with asyncio.timeout(seconds):
            shown = await api.show(entry["name"])
    except TimeoutError:
        pass
    except OllamaError as error:
        if not error.no_such_path:
            raise
    return generates(entry, shown)


def _info(entry: Mapping[str, Any]) -> ModelInfo:
    digest, size = entry.get("digest"), entry.get("size")
    return ModelInfo(str(entry["name"]), digest if isinstance(digest, str) else None, size if isinstance(size, int) else None)


def reason(error: BaseException) -> str:
    """Why a request failed, in one line."""
    if isinstance(error, OllamaError):
        return error.message
    if isinstance(error, BackendError):
        return str(error)
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionError | httpx.TransportError):
        return one_line(f"the connection to Ollama failed ({type(error).__name__}: {error})")
    said = str(error) if isinstance(error, UnreadableError) else f"{type(error).__name__}: {error}"
    return one_line(f"the host's answer cannot be read ({said})")
