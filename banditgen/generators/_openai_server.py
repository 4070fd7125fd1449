"""Where a server of OpenAI's dialect is, the key that it wants, and the HTTP client that signs what it is asked."""

from __future__ import annotations

import base64
import dataclasses
import os
import re
from collections.abc import AsyncIterator, Mapping

import httpx

from banditgen._settings import request_headers, setting
from banditgen.errors import BackendError
from banditgen.generators._address import Address
from banditgen.generators._openai_wire import UnreadableError
from banditgen.generators._secrets import Secrets
from banditgen.strategy.hosts import check_headers

_OPENAI = "api.openai.com"
_NEEDED = frozenset({"host", "accept", "connection", "content-type", "content-length", "transfer-encoding", "user-agent"})


@dataclasses.dataclass(frozen=True)
class Server:
    """One server. `headers` go with every request; what of them is secret, and the key, `secrets` keeps out of all texts."""

    address: Address
    headers: Mapping[str, str] = dataclasses.field(repr=False)
    secrets: Secrets = dataclasses.field(repr=False)

    @classmethod
    def read(cls, base_url: str | None, api_key_env: str | None, headers: Mapping[str, str] | None) -> Server:
        """The server that is meant; see `OpenAIGenerator`.

        Raises:
            BackendError: no URL, one that is none, or a variable that is not set or holds no key.
            UsageError: headers that are no texts, or hold a key.
        """
        text, source, is_set = _url(base_url)
        address = Address.read(text, "the server", source=source)
        url = httpx.URL(address.url)
        if url.path in ("", "/"):
            address = dataclasses.replace(address, url=f"{address.url.rstrip('/')}/v1")
        if api_key_env is None and is_set and (found := setting("api_key_env")) is not None:
            api_key_env = found.value
        if api_key_env is None and (source == "OPENAI_BASE_URL" or url.host == _OPENAI) and os.environ.get("OPENAI_API_KEY"):
            api_key_env = "OPENAI_API_KEY"
        sent = dict(headers if headers is not None else request_headers() if is_set else {})
        check_headers(sent)
        keys = []
        for name, value in sent.items():
            if value.startswith("$"):
                sent[name] = _held(value[1:], f"the header {name}")
                keys.append(sent[name])
        user, password = address.settings.pop("auth", ("", ""))
        if api_key_env is not None:
            key = _held(api_key_env, "api_key_env")
            keys.append(key)
            sent = {"Authorization": f"Bearer {key}", **sent}
        elif user:
            keys.append(password)
            sent = {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}", **sent}
        return cls(address, sent, Secrets(keys))

    def client(self, most_bytes: int) -> httpx.AsyncClient:
        """A client that asks with these headers, and with none that its users add; an answer may have that many bytes.

        No redirect is followed: it might lead with the key to another host.

        Raises:
            BackendError: what the environment says of proxies or certificates cannot be used.
        """

        async def sign(request: httpx.Request) -> None:
            for name in [name for name in request.headers if name not in _NEEDED]:
                del request.headers[name]
            request.headers.update(self.headers)

        async def bound(response: httpx.Response) -> None:
            response.stream = _Bounded(response.stream, most_bytes)  # type: ignore[arg-type]

        self.address.settings.update(follow_redirects=False, event_hooks={"request": [sign], "response": [bound]})
        return self.address.client()


class _Bounded(httpx.AsyncByteStream):
    """An answer's bytes, up to so many."""

    def __init__(self, stream: httpx.AsyncByteStream, most: int) -> None:
        self._stream, self._left, self._most = stream, most, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            self._left -= len(part)
            if self._left < 0:
                raise UnreadableError(f"more than {self._most:,} bytes")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


def _url(given: str | None) -> tuple[str, str, bool]:
    """The URL, where it stands, and whether that is in the settings."""
    if given is not None:
        return given, "", False
    if (found := setting("base_url")) is not None:
        return found.value, found.source if found.source.startswith("BANDITGEN_") else f"base_url in {found.source}", True
    if url := os.environ.get("OPENAI_BASE_URL"):
        return url, "OPENAI_BASE_URL", False
    raise BackendError(
        "the backend 'openai' needs a server: set BANDITGEN_BASE_URL, base_url in banditgen.toml, or OPENAI_BASE_URL, "
        "such as http://127.0.0.1:8080/v1"
    )


def _held(variable: str, what: str) -> str:
    """What an environment variable holds, of which no error shows anything: its name might be the key itself."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", variable) is None:
        raise BackendError(f"{what} must name an environment variable; it is no place for the key itself")
    value = os.environ.get(variable, "").strip()
    named = f", {variable}," if re.fullmatch(r"[A-Z][A-Z_]{0,40}[0-9]?", variable) else ""
    if not value:
        raise BackendError(f"the environment variable that {what} names{named} is not set")
    if not (value.isascii() and value.isprintable()):
        raise BackendError(f"the environment variable that {what} names{named} has characters that no key has")
    return value
