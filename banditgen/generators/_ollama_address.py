"""Which Ollama host is meant: what a caller or the environment names, or what a client of the ollama package points to."""

from __future__ import annotations

import os
import ssl
from typing import Any

from banditgen.errors import BackendError
from banditgen.generators._address import Address

_PORT = 11434


def ollama_address(host: str | None = None) -> Address:
    """The host that this text names, read as Ollama itself reads it; None is `OLLAMA_HOST`, else 127.0.0.1:11434.

    Raises:
        BackendError: it is no address; in one line that names the variable.
    """
    if host is None:
        address = Address.read(os.environ.get("OLLAMA_HOST", ""), "Ollama", source="OLLAMA_HOST", port=_PORT)
    else:
        address = Address.read(host, "Ollama", port=_PORT)
    address.settings.update(_key())
    return address


def address_of_client(client: Any) -> Address:
    """The host that a client of the ollama package points to, with its headers, cookies and certificates."""
    theirs = client._client  # noqa: SLF001  # the package has no other way to say where it points
    url = str(theirs.base_url)  # the package leaves user and password out
    settings = {"headers": dict(theirs.headers), "cookies": theirs.cookies, "auth": theirs.auth}
    pool = getattr(getattr(theirs, "_transport", None), "_pool", None)
    if isinstance(context := getattr(pool, "_ssl_context", None), ssl.SSLContext):
        settings["verify"] = context
    return Address("Ollama", url, url, settings)


def _key() -> dict[str, Any]:
    """The key for hosts that ask for one, as the ollama package takes it."""
    key = os.environ.get("OLLAMA_API_KEY", "").strip()
    if key and not (key.isascii() and key.isprintable()):
        raise BackendError("OLLAMA_API_KEY has characters that no key has: set it anew, or unset it")
    return {"headers": {"Authorization": f"Bearer {key}"}} if key else {}
