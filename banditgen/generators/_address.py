"""Where a host is and how it is reached: its address, the proxy before it, the certificates it is held against."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import ipaddress
import os
import re
import ssl
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator
from typing import Any

import httpx

from banditgen._text import one_line
from banditgen.errors import BackendError

_PORTS = {"http": 80, "https": 443}
# races bound what they ask; a bound here would count connections that httpcore loses when a request is cancelled before it has begun
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20)
_IN_BRACKETS = re.compile(r"\[([^\[\]]+)\](?::(.*))?")


@dataclasses.dataclass(frozen=True)
class Address:
    """One host.

    Args:
        product: what kind of host it is, for people.
        url: without user and password: HTTP clients log the URLs that they ask.
        name: what people see of it, with the variable that it came from.
        settings: of the HTTP client, beside the address: headers, user and password, cookies, …
    """

    product: str
    url: str
    name: str
    settings: dict[str, Any] = dataclasses.field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, text: str, product: str, *, source: str = "", port: int = 80) -> Address:
        """The host that a text names: HOST, HOST:PORT or a URL; blanks and quotes around it are nothing.

        Args:
            text: the host; nothing is 127.0.0.1.
            product: what kind of host it is.
            source: the variable or key that the text stands in, for people.
            port: where the text has neither a port nor a scheme.

        Raises:
            BackendError: it is no address; in one line that names the source.
        """
        text = text.strip().strip("\"'").strip()
        try:
            scheme, user, name, number, path = _parts(text, port)
            url = f"{scheme}://{name}:{number}{path}"
            httpx.URL(url)
        except (ValueError, httpx.InvalidURL) as error:
            what = source or f"the {product} host"
            said = one_line(text.rpartition("@")[2], 80)
            raise BackendError(f"{what} says {said!r}, which is no address ({error}): use HOST, HOST:PORT or http://HOST:PORT") from None
        name, _, password = user.partition(":")
        settings = {"auth": (urllib.parse.unquote(name), urllib.parse.unquote(password))} if user else {}
        return cls(product, url, f"{url} ({source})" if source and text else url, settings)

    @property
    def shown(self) -> str:
        """The host and how it is reached, for people."""
        return f"{self.name}, through the proxy of {self._proxy[0]}" if self._proxy else self.name

    @property
    def _proxy(self) -> tuple[str, str] | None:
        """The variable that names a proxy for this host, and the proxy."""
        url = httpx.URL(self.url)
        return None if _is_loopback(url.host) else _proxy_for(url)

    def client(self) -> httpx.AsyncClient:
        """A client of this host, without deadlines: loopback is asked directly, whatever the environment says of proxies.

        Raises:
            BackendError: what the environment says of proxies or certificates cannot be used; it names the variable.
        """
        options: dict[str, Any] = {"base_url": self.url, "timeout": None, "follow_redirects": True, "trust_env": False}
        options |= {"limits": _LIMITS} | self.settings
        proxy = self._proxy
        if "verify" not in options:
            own = self.url.startswith("https:") or (proxy and proxy[1].startswith("https:"))
            options["verify"] = _certificates() if own else _usual()
        if proxy is None:
            return _closing(httpx.AsyncClient(**options))
        why = "is no URL of a proxy"
        try:
            if _has_host(proxy[1]):
                return _closing(httpx.AsyncClient(**options, proxy=proxy[1]))
        except ValueError:
            pass
        except ImportError:
            why = "names a SOCKS proxy, for which httpx needs socksio (`pip install 'httpx[socks]'`)"
        host = httpx.URL(self.url).host
        raise BackendError(f"{proxy[0]} {why}: {self.product} at {self.name} cannot be asked; correct it, or add {host} to NO_PROXY")


def _closing(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The client, every answer of which is closed to the end also where its reader is cancelled."""

    async def whole(response: httpx.Response) -> None:
        response.stream = _Whole(response.stream)  # type: ignore[arg-type]

    client.event_hooks["response"].insert(0, whole)
    return client


class _Whole(httpx.AsyncByteStream):
    """An answer's bytes. A closing that is cancelled goes on: httpcore would hold its connection for ever, as one in use."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part

    async def aclose(self) -> None:
        await asyncio.shield(asyncio.ensure_future(self._stream.aclose()))


def _parts(text: str, otherwise: int) -> tuple[str, str, str, int, str]:
    """Scheme, user and password, host as a URL has it, port (`otherwise` where neither it nor a scheme is given) and path.

    Raises:
        ValueError: in words.
    """
    scheme, given, rest = text.partition("://")
    scheme, rest = (scheme.lower(), rest) if given else ("http", text)
    if scheme not in _PORTS:
        raise ValueError("its scheme is neither http nor https")
    place, slash, path = rest.partition("/")
    user, _, place = place.rpartition("@")
    if (slash or given) and not place:
        raise ValueError("no host is in it")
    name, port = _host_and_port(place)
    if port and not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError("the port must be a number from 1 to 65535")
    if re.search(r"[^\w.:%~-]", name):
        raise ValueError("a host has letters, digits, dots and dashes")
    number = int(port) if port else _PORTS[scheme] if given else otherwise
    return scheme, user, _reachable(name), number, slash + path.rstrip("/") if path else ""


def _host_and_port(place: str) -> tuple[str, str]:
    if (found := _IN_BRACKETS.fullmatch(place)) is not None:
        return found[1], found[2] or ""
    if _ip(place) is not None:
        return place, ""  # an IPv6 address without its brackets, or one of IPv4
    host, _, port = place.rpartition(":") if ":" in place else (place, "", "")
    return host, port


def _reachable(name: str) -> str:
    """A host as a URL has it; what a server listens on everywhere is asked on loopback."""
    address = _ip(name)
    if not name or (address is not None and address.is_unspecified):
        return "[::1]" if address is not None and address.version == 6 else "127.0.0.1"
    return f"[{name}]" if address is not None and address.version == 6 else name


def _ip(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    plain = host.lower().rstrip(".")
    if (address := _ip(plain)) is None:
        return plain == "localhost" or plain.endswith(".localhost")
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _proxy_for(url: httpx.URL) -> tuple[str, str] | None:
    """The variable that names a proxy for this URL, and the proxy."""
    proxies = urllib.request.getproxies()
    kind = next((kind for kind in (url.scheme, "all") if proxies.get(kind, "").strip()), None)
    if kind is None or urllib.request.proxy_bypass(url.host) or _in_excepted_network(url.host, proxies.get("no", "")):
        return None
    value = proxies[kind].strip()
    variable = next((name for name, set_to in os.environ.items() if name.lower() == f"{kind}_proxy" and set_to.strip() == value), "")
    return variable or "the system's proxy setting", value if "://" in value else f"http://{value}"


def _has_host(url: str) -> bool:
    try:
        return re.fullmatch(r"[\w.:-]+", httpx.URL(url).host) is not None
    except httpx.InvalidURL:
        return False


def _in_excepted_network(host: str, no_proxy: str) -> bool:
    """Whether NO_PROXY names a network (10.0.0.0/8) that the host is in; the standard library knows names alone."""
    address = _ip(host)
    if address is None:
        return False
    for entry in no_proxy.split(","):
        try:
            if address in ipaddress.ip_network(entry.strip(), strict=False):
                return True
        except ValueError:
            continue
    return False


@functools.cache
def _usual() -> ssl.SSLContext:
    """The usual certificates of httpx, read once for all hosts: that takes as long as a whole generation."""
    return httpx.create_ssl_context(trust_env=False)


def _certificates() -> ssl.SSLContext:
    """What a host is held against, from the variables that OpenSSL knows, else httpx's own choice."""
    variable = next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)), None)
    if variable is None:
        return _usual()
    path = os.environ[variable]
    try:
        if variable == "SSL_CERT_FILE":
            return ssl.create_default_context(cafile=path)
        os.scandir(path).close()  # OpenSSL takes a folder that is not there for an empty one
        return ssl.create_default_context(capath=path)
    except OSError as error:  # ssl's own are among them
        said = one_line(error.strerror or error, 80)
        raise BackendError(f"{variable} names no certificates ({one_line(path, 80)}: {said}): correct or unset it") from None
