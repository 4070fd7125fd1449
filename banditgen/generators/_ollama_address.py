"""Where an Ollama host is and how it is reached: its address, the proxy before it, the certificates it is held against."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
import ssl
import urllib.parse
import urllib.request
from typing import Any

import httpx

from banditgen.errors import BackendError
from banditgen.generators._text import one_line

_PORTS = {"http": 80, "https": 443}
_OLLAMA_PORT = 11434
_IN_BRACKETS = re.compile(r"\[([^\[\]]+)\](?::(.*))?")


@dataclasses.dataclass(frozen=True)
class Address:
    """One Ollama host.

    Args:
        url: with user and password where it has them; never shown.
        name: what people may see of it, with the variable that it came from.
        settings: of the HTTP client, beside the address: headers, cookies, …
    """

    url: str
    name: str
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def read(cls, host: str | None = None) -> Address:
        """The host that this text names, read as Ollama itself reads it; None is `OLLAMA_HOST`, else 127.0.0.1:11434.

        Raises:
            BackendError: it is no address; in one line that names the variable.
        """
        variable = "" if host is not None else "OLLAMA_HOST"
        text = (os.environ.get("OLLAMA_HOST", "") if host is None else host).strip().strip("\"'").strip()
        try:
            scheme, user, name, port, path = _parts(text)
            url = f"{scheme}://{name}:{port}{path}"
            httpx.URL(url)
        except (ValueError, httpx.InvalidURL) as error:
            what = variable or "the Ollama host"
            said = one_line(text.rpartition("@")[2], 80)
            raise BackendError(f"{what} says {said!r}, which is no address ({error}): use HOST, HOST:PORT or http://HOST:PORT") from None
        return cls(f"{scheme}://{user}{name}:{port}{path}", f"{url} ({variable})" if variable and text else url, _key())

    @classmethod
    def of_client(cls, client: Any) -> Address:
        """The host that a client of the ollama package points to, with its headers, cookies and certificates."""
        theirs = client._client  # noqa: SLF001  # the package has no other way to say where it points
        url = theirs.base_url
        settings = {"headers": dict(theirs.headers), "cookies": theirs.cookies, "auth": theirs.auth}
        pool = getattr(getattr(theirs, "_transport", None), "_pool", None)
        if isinstance(context := getattr(pool, "_ssl_context", None), ssl.SSLContext):
            settings["verify"] = context
        return cls(str(url), str(url.copy_with(userinfo=b"")), settings)

    @property
    def shown(self) -> str:
        """The host and how it is reached, for people."""
        return f"{self.name}, through the proxy of {self._proxy[0]}" if self._proxy else self.name

    @property
    def _proxy(self) -> tuple[str, str] | None:
        """The variable that names a proxy for this host, and the proxy."""
        url = httpx.URL(self.url)
        return None if _is_loopback(url.host) else _proxy_for(url)

    def client(self, timeout: float | None = None) -> httpx.AsyncClient:
        """A client of this host: loopback is asked directly, whatever the environment says of proxies.

        Raises:
            BackendError: what the environment says of proxies or certificates cannot be used; it names the variable.
        """
        options: dict[str, Any] = {"base_url": self.url, "timeout": timeout, "follow_redirects": True, "trust_env": False} | self.settings
        proxy = self._proxy
        if "verify" not in options and (self.url.startswith("https:") or (proxy and proxy[1].startswith("https:"))):
            options["verify"] = _certificates()
        if proxy is None:
            return httpx.AsyncClient(**options)
        why = "is no URL of a proxy"
        try:
            if _has_host(proxy[1]):
                return httpx.AsyncClient(**options, proxy=proxy[1])
        except ValueError:
            pass
        except ImportError:
            why = "names a SOCKS proxy, for which httpx needs socksio (`pip install 'httpx[socks]'`)"
        host = httpx.URL(self.url).host
        raise BackendError(f"{proxy[0]} {why}: Ollama at {self.name} cannot be asked; correct it, or add {host} to NO_PROXY")


def _parts(text: str) -> tuple[str, str, str, int, str]:
    """Scheme, user with its @, host as a URL has it, port and path.

    Raises:
        ValueError: in words.
    """
    scheme, given, rest = text.partition("://")
    scheme, rest = (scheme.lower(), rest) if given else ("http", text)
    if scheme not in _PORTS:
        raise ValueError("its scheme is neither http nor https")
    place, slash, path = rest.partition("/")
    user, at, place = place.rpartition("@")
    if (slash or given) and not place:
        raise ValueError("no host is in it")
    name, port = _host_and_port(place)
    if port and not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError("the port must be a number from 1 to 65535")
    if re.search(r"[^\w.:%~-]", name):
        raise ValueError("a host has letters, digits, dots and dashes")
    number = int(port) if port else _PORTS[scheme] if given else _OLLAMA_PORT
    user = urllib.parse.quote(user, safe=":%!$&'()*+,;=~")  # what is no part of a URL may be one of a password
    return scheme, user + at, _reachable(name), number, slash + path.rstrip("/") if path else ""


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


def _certificates() -> ssl.SSLContext | bool:
    """What a host is held against, from the variables that OpenSSL knows; True is httpx's own choice."""
    variable = next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)), None)
    if variable is None:
        return True
    path = os.environ[variable]
    try:
        if variable == "SSL_CERT_FILE":
            return ssl.create_default_context(cafile=path)
        os.scandir(path).close()  # OpenSSL takes a folder that is not there for an empty one
        return ssl.create_default_context(capath=path)
    except OSError as error:  # ssl's own are among them
        said = one_line(error.strerror or error, 80)
        raise BackendError(f"{variable} names no certificates ({one_line(path, 80)}: {said}): correct or unset it") from None


def _key() -> dict[str, Any]:
    """The key for hosts that ask for one, as the ollama package takes it."""
    key = os.environ.get("OLLAMA_API_KEY", "").strip()
    if key and not (key.isascii() and key.isprintable()):
        raise BackendError("OLLAMA_API_KEY has characters that no key has: set it anew, or unset it")
    return {"headers": {"Authorization": f"Bearer {key}"}} if key else {}
