"""Ollama's HTTP interface, as far as a race needs it: what is asked, and answers as plain dictionaries.

The ollama package is not used for this: importing it raises where `OLLAMA_HOST` or a proxy's variable is not to its
liking, and its types refuse answers of old servers and of cloud models.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

import httpx

from banditgen._text import one_line
from banditgen.generators._address import Address
from banditgen.generators._streamed import retry_after

_MOST_BYTES = 64_000_000  # of one answer or of one record of a stream: a host may send without end


class OllamaError(Exception):
    """The host answered with an error.

    Args:
        message: the host's own, one line.
        status: the HTTP status; 200 where the error came in mid-stream.
        retry_after: the seconds after which the host wants to be asked again, where it says so.
    """

    def __init__(self, message: str, status: int, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.retry_after = retry_after

    @property
    def no_such_path(self) -> bool:
        """Whether the server is too old to know what was asked, rather than the model."""
        return self.status == 404 and "page not found" in self.message


class UnreadableError(Exception):
    """The host answered with something else than Ollama does."""


class OllamaApi:
    """One host. Methods raise `OllamaError`, `UnreadableError`, or what httpx raises for a connection that fails.

    Raises:
        BackendError: the environment's proxy or certificates cannot be used.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._client = address.client()

    async def tags(self) -> list[dict[str, Any]]:
        """The models that the host has."""
        return _models(await self._json("GET", "api/tags"))

    async def ps(self) -> list[dict[str, Any]]:
        """The models in the host's memory."""
        return _models(await self._json("GET", "api/ps"))

    async def show(self, model: str) -> dict[str, Any]:
        """What the host knows of a model."""
        return await self._json("POST", "api/show", {"model": model, "name": model})  # old servers call it name

    async def load(self, body: Mapping[str, Any]) -> None:
        """Have a model loaded: a request without a prompt."""
        await self._json("POST", "api/generate", {**body, "prompt": "", "stream": False})

    async def generate(self, body: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """The records of an answer as they arrive; leaving early closes the connection."""
        async with self._client.stream("POST", "api/generate", json=_given({**body, "stream": True})) as response:
            await _check(response)
            async for line in _lines(response):
                yield _record(line, response.status_code)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _json(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        async with self._client.stream(method, path, json=None if body is None else _given(body)) as response:
            await _check(response)
            return _record(await _whole(response), response.status_code)


def _given(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


async def _check(response: httpx.Response) -> None:
    if response.status_code < 400:
        return
    text = (await _whole(response)).decode(errors="replace")
    with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
        text = json.loads(text)["error"]
    raise OllamaError(one_line(text) or f"status {response.status_code}", response.status_code, retry_after(response.headers))


async def _whole(response: httpx.Response) -> bytes:
    return b"\n".join([line async for line in _lines(response)])


async def _lines(response: httpx.Response) -> AsyncIterator[bytes]:
    """The lines that are not empty; only a line feed ends one, as JSON may hold what else Unicode calls a line's end."""
    rest = b""
    async for chunk in response.aiter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > _MOST_BYTES:
            raise UnreadableError(f"more than {_MOST_BYTES:,} bytes in one record")
        for line in lines:
            if line.strip():
                yield line
    if rest.strip():
        yield rest


def _record(line: bytes, status: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"{type(error).__name__}: {error}") from None
    if not isinstance(record, dict):
        raise UnreadableError(f"a {type(record).__name__} where an object belongs")
    if record.get("error"):
        raise OllamaError(one_line(record["error"]), status)
    return record


def _models(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries that have a name, which stands under "name"."""
    listed = answer.get("models")
    if listed is None:
        listed = [] if "models" in answer else None  # an old server without models says null
    if not isinstance(listed, list):
        raise UnreadableError("no list of models")
    named = [{**entry, "name": entry.get("model") or entry.get("name")} for entry in listed if isinstance(entry, dict)]
    return [entry for entry in named if isinstance(entry["name"], str) and entry["name"]]
