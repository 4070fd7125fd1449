"""Hosts that a strategy races on: the tables [[hosts]], or the setting `hosts`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from banditgen._checks import check_text, check_whole
from banditgen.errors import UsageError

URL_OF = {"ollama": "host", "openai": "base_url"}
"""Of our backends that are servers, what each calls its URL."""

_SECRET = re.compile(r"auth|key|token|secret|cookie", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Host:
    """One host.

    Args:
        url: where it is, as its backend reads it; "" for one that needs none.
        backend: its backend's name.
        name: what people and models of its own digest call it; "" is the URL's host and port.
        slots: requests per model that it runs side by side; None is what it says itself, else its backend's default.
        api_key_env: the environment variable that holds its key, for the backend "openai".
        headers: sent with every request, for the backend "openai".

    Raises:
        UsageError: a value that cannot be.
    """

    url: str = ""
    backend: str = "ollama"
    name: str = ""
    slots: int | None = None
    api_key_env: str | None = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        check_text("backend", self.backend)
        for key in ("url", "name"):
            if not isinstance(getattr(self, key), str):
                raise UsageError(f"{key} must be a text")
        if self.api_key_env is not None and not isinstance(self.api_key_env, str):
            raise UsageError("api_key_env must be the name of an environment variable")
        if self.slots is not None:
            check_whole("slots", self.slots)
        check_headers(self.headers)
        if not self.url and self.backend in URL_OF:
            raise UsageError(f"a host of the backend {self.backend} needs its url")
        object.__setattr__(self, "headers", dict(self.headers))

    @property
    def called(self) -> str:
        """Its name, or the URL's host and port; never a password."""
        place = self.url.rpartition("@")[2].rpartition("://")[2]
        return self.name or place.partition("/")[0] or self.backend


def check_headers(headers: object) -> None:
    """Refuse headers that are no texts, and a key among them that is not an environment variable's (`$NAME`); no value is shown.

    Raises:
        UsageError: with the header's name.
    """
    if not isinstance(headers, Mapping) or not all(isinstance(value, str) for value in headers.values()):
        raise UsageError("headers must be a table of texts")
    for name, value in headers.items():
        if _SECRET.search(name) and not value.startswith("$"):
            raise UsageError(f"the header {name} holds a key: put that in an environment variable, and write $NAME here")


def hosts_in(text: str) -> tuple[Host, ...]:
    """Hosts with commas between, each a URL, perhaps with its backend and a + before it: `gpu1:11434, openai+http://gpu2:8000/v1`.

    Raises:
        UsageError: there is none.
    """
    hosts = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        backend, plus, url = entry.partition("+")
        named = bool(plus) and backend.isidentifier()
        hosts.append(Host(url, backend) if named else Host(entry))
    return check_hosts(hosts)


def check_hosts(hosts: object) -> tuple[Host, ...]:
    """At least one host, each with a name of its own.

    Raises:
        UsageError: not so.
    """
    if not isinstance(hosts, list | tuple) or not hosts or not all(isinstance(host, Host) for host in hosts):
        raise UsageError("hosts must be a list of at least one Host")
    names = [host.called for host in hosts]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"two hosts are called {twice!r}: give each a name of its own")
    return tuple(hosts)


def kept_hosts(hosts: object) -> tuple[Host, ...]:
    """The hosts of a strategy, which histories keep.

    Raises:
        UsageError: as `check_hosts`, or a URL with a user or a password.
    """
    checked = check_hosts(hosts)
    if any("@" in host.url for host in checked):
        raise UsageError("a host's url has a user or a password, which has no place in a strategy: use a key in a variable")
    return checked
