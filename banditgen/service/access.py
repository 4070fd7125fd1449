"""Who may ask, from where, and how much: checked before anything of a request is looked at.

A token (constant-time comparison; as `Authorization: Bearer …`, for a browser as a cookie that it gets for `/?token=…`, which reads, and
rates by the pages' own forms; pages can be read from this machine without one), the Host header (a page elsewhere whose name was bound to
this address anew has another), the Origin (no page of another origin may ask), headers that could mean two
things to two readers, and a body's size and time. A body is read whole here, within both.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import secrets
from collections import Counter
from collections.abc import Collection, Sequence
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from banditgen.service.metrics import Metrics
from banditgen.service.refusals import refusal

LOOPBACK = ("localhost", "127.0.0.1", "::1")
MAX_BODY_BYTES = 4 << 20
BODY_SECONDS = 30.0
COOKIE = "banditgen"
PAGE = "/page"  # where the pages for people are, beside "/"
_ONCE = (b"host", b"authorization", b"content-length", b"transfer-encoding", b"origin", b"content-type")

_FORWARDED = {b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"}


def may_write(scope: Scope) -> bool:
    """Whether whoever asks brought the token, or none is needed; pages that are read on loopback need none."""
    return bool(scope.get("state", {}).get("may_write"))


class RefusedError(Exception):
    """A request that is not looked at: `status`, and why in a line."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status = status


class Access:
    """ASGI middleware that lets in what may ask.

    Args:
        app: what is asked.
        metrics: counts the answers.
        token: what every request has to bring; None is nothing.
        hosts: names in Host headers that mean this service; "*" is any IP address, beside those that are named.
        max_body_bytes: of a request.
        body_seconds: within which it has to be there.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        *,
        token: str | None,
        hosts: Collection[str] = LOOPBACK,
        max_body_bytes: int = MAX_BODY_BYTES,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._app, self._metrics = app, metrics
        self._token = None if token is None else token.encode()
        self._page = hmac.digest(secrets.token_bytes(32), self._token or b"", hashlib.sha256).hex()  # what a page's cookie holds
        self._hosts = {host.lower() for host in hosts}
        self._max_body, self._body_seconds = max_body_bytes, body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.answered(message["status"])
            await send(message)

        try:
            self._check(scope)
            if self._is_login(scope):
                page = RedirectResponse("/", 303)
                page.set_cookie(COOKIE, self._page, httponly=True, samesite="strict")
                await page(scope, receive, counted)
                return
            body = await self._body(scope, receive)
        except RefusedError as error:
            headers = {"Connection": "close"} | ({"WWW-Authenticate": "Bearer"} if error.status == 401 else {})
            await refusal(scope["path"], error.status, str(error), headers)(scope, receive, counted)
            return
        # every body is JSON, also one that curl or a hurried client calls something else
        others = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
        await self._app({**scope, "headers": [*others, (b"content-type", b"application/json")]}, _replayed(body, receive), counted)

    def _check(self, scope: Scope) -> None:
        headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        counts = Counter(name for name, _ in headers)
        twice = next((name for name in _ONCE if counts[name] > 1), None)
        if twice is not None or (counts[b"content-length"] and counts[b"transfer-encoding"]):
            which = twice.decode() if twice else "content-length beside transfer-encoding"
            raise RefusedError(400, f"a request may not say twice what it is: {which}")
        given = {name: value.decode("latin-1") for name, value in headers}
        host = given.get(b"host", "")
        if not self._is_ours(host):
            raise RefusedError(403, "this is not the host that was asked for: use the address that the service prints, or --allowed-host")
        origin = given.get(b"origin")
        if origin is not None and not _same_origin(origin, host):
            raise RefusedError(403, "pages of another origin may not ask here")
        writes = self._may_ask(scope, given)
        scope.setdefault("state", {})["may_write"] = writes
        if not writes and not _reads_a_page(scope):
            raise RefusedError(401, "give the token that the service printed, or BANDITGEN_TOKEN: Authorization: Bearer TOKEN")

    def _is_ours(self, host: str) -> bool:
        try:
            parts = urlsplit(f"//{host}")
            name, _ = parts.hostname or "", parts.port
        except ValueError:
            return False
        if parts.netloc != host or "@" in host:
            return False
        return name in self._hosts or ("*" in self._hosts and _is_address(name))

    def _may_ask(self, scope: Scope, headers: dict[bytes, str]) -> bool:
        if self._token is None or self._is_login(scope):
            return True
        scheme, _, token = headers.get(b"authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return hmac.compare_digest(token.strip().encode("latin-1"), self._token)
        try:
            cookie = SimpleCookie(headers.get(b"cookie", "")).get(COOKIE)
        except CookieError:
            return False
        # a page's own forms say where they are from; other pages can't, nor is the cookie sent with what they ask
        reads = scope["method"] in ("GET", "HEAD") or (_is_page(scope) and b"origin" in headers)
        return reads and cookie is not None and hmac.compare_digest(cookie.value.encode(), self._page.encode())

    def _is_login(self, scope: Scope) -> bool:
        """Whether this is a browser that brings the token to the page."""
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token")
        if self._token is None or scope["path"] != "/" or scope["method"] != "GET" or given is None:
            return False
        if not hmac.compare_digest(given[0].encode("utf-8", "replace"), self._token):
            raise RefusedError(401, "that is not the token that the service printed, or BANDITGEN_TOKEN")
        return True

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not length.isdigit() or len(length) > 18 or int(length) > self._max_body:
            raise RefusedError(413, f"the body is larger than {self._max_body} bytes")
        body = bytearray()
        try:
            async with asyncio.timeout(self._body_seconds):
                while True:
                    message = await receive()
                    body += message.get("body", b"")
                    if len(body) > self._max_body:
                        raise RefusedError(413, f"the body is larger than {self._max_body} bytes")
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            raise RefusedError(408, f"the body was not there within {self._body_seconds:g} s") from None


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body that was read, and then whatever comes."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def _is_page(scope: Scope) -> bool:
    path: str = scope["path"]
    return path == "/" or path.startswith(f"{PAGE}/")


def _reads_a_page(scope: Scope) -> bool:
    """Whether this is a look at a page from this machine, and not by a proxy on it for somebody elsewhere."""
    client = scope.get("client")
    if any(name in _FORWARDED for name, _ in scope["headers"]):
        return False
    try:
        here = client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        here = False
    return here and _is_page(scope) and scope["method"] in ("GET", "HEAD")


def _same_origin(origin: str, host: str) -> bool:
    scheme, _, authority = origin.partition("://")
    default = {"http": ":80", "https": ":443"}.get(scheme)
    return default is not None and authority.lower().removesuffix(default) == host.lower().removesuffix(default)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
