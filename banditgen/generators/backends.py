"""Backends by name: ours, and those that installed packages register as entry points of the group `banditgen.generators`.

A name stands for a function or class that makes a `Generator`. A package of your own has in its pyproject.toml:

    [project.entry-points."banditgen.generators"]
    mine = "my_package:MyGenerator"

It is loaded when its name is asked for, and not before. Names of ours cannot be taken.
"""

from __future__ import annotations

import importlib.metadata
from typing import Any

from banditgen._packages import owner, registered, registered_as
from banditgen._text import one_line
from banditgen.errors import BanditgenError, NoBackendError, UsageError
from banditgen.generators.base import Generator

GROUP = "banditgen.generators"
OURS = {  # as in our pyproject.toml; here, too, for a checkout that was installed before one of them was there
    "ollama": "banditgen.generators.default:asked_ollama",
    "embedded": "banditgen.generators.default:installed_embedded",
    "openai": "banditgen.generators.openai:OpenAIGenerator",
}


def backend_names() -> list[str]:
    """Every name that `make_backend` knows: ours, then others' by alphabet. Nothing is loaded."""
    return [*OURS, *(name for name in registered(GROUP) if name not in OURS)]


def make_backend(name: str, where: str = "", **options: Any) -> Generator:
    """The backend of that name.

    Args:
        name: one of `backend_names()`.
        where: who asked for it, in brackets, for people.
        options: what it is made with.

    Raises:
        UsageError: no backend has this name, or what is set for it is wrong.
        NoBackendError: what was asked for is not there, or the package that registers it is broken; one line, with its name.
    """
    entry = _entry(name, where)
    what = f"the backend {one_line(name, 60)!r}{owner(entry)}"
    try:
        made = entry.load()(**options)
    except UsageError:
        raise
    except BanditgenError as error:
        raise NoBackendError(str(error)) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a package does when it is imported
        raise NoBackendError(one_line(f"{what} cannot be used ({type(error).__name__}: {error})", 400)) from None
    if not isinstance(made, Generator):
        missing = [part for part in ("name", "concurrency", "models", "prepare", "generate", "aclose") if not hasattr(made, part)]
        raise NoBackendError(f"{what} cannot be used: it makes a {type(made).__name__}, which lacks {', '.join(missing)} of a Generator")
    return made


def _entry(name: str, where: str) -> importlib.metadata.EntryPoint:
    if name in OURS:
        return importlib.metadata.EntryPoint(name, OURS[name], GROUP)
    try:
        entry = registered_as(name, GROUP, "backend")
    except UsageError as error:
        raise NoBackendError(str(error)) from None
    if entry is None:
        known = ", ".join(repr(one_line(one, 60)) for one in backend_names())
        raise UsageError(f"no backend is named {one_line(name)!r}{where}: use one of {known}, or hand in a client")
    return entry
