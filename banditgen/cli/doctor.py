"""`banditgen doctor`: what is reachable, what isolation holds, where files are."""

from __future__ import annotations

import contextlib
import functools
import platform
import shutil
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from banditgen import __version__
from banditgen._loop import run_sync
from banditgen._settings import KEYS, Key, setting
from banditgen._text import flat
from banditgen.cli.output import print_json, print_table, shared
from banditgen.errors import BanditgenError, install
from banditgen.generators.backends import OURS, backend_names
from banditgen.generators.embedded import is_installed
from banditgen.generators.models import REGISTRY, local_path, models_folder
from banditgen.history.database import default_url
from banditgen.history.opening import is_there, shown
from banditgen.history.store import History
from banditgen.racing import defaults
from banditgen.sandbox.container_engine import find_engine
from banditgen.sandbox.default import default_sandbox
from banditgen.strategy import known_strategies
from banditgen.strategy.hosts import hosts_in

_SET_BY: dict[str, Key] = {"hosts": "hosts", "openai": "base_url"}  # what is raced on where that is set
_HELD = {
    "isolated": "Candidates are isolated: no network, no files of yours, limits on all that they use.",
    "confined": "Candidates are confined by kernel rules, in your own namespaces.",
    "limits": "Candidates have resource limits alone: they reach your files and network, so they run only with --allow-unsafe.",
}


@click.command("doctor")
@shared("history", "json")
@click.pass_context
def command(ctx: click.Context, history: str | None, as_json: bool) -> None:
    """Show what is reachable, what isolation holds, and where files are. Exit 0 when a race could run, else 1."""
    found = {name: _try(functools.partial(_backend, name)) for name in _backends()}
    parts = {
        **found,
        "sandbox": _try(_sandbox),
        "history": _try(lambda: _history(history)),
        "settings": _try(_settings),
        "strategies": _try(lambda: {name: str(path) for name, path in known_strategies().items()}),
    }
    usable = _generates(parts, list(found)) is not None and "error" not in parts["sandbox"] and "error" not in parts["history"]
    if as_json:
        print_json({"version": __version__, "python": platform.python_version(), "system": platform.platform(), "usable": usable, **parts})
    else:
        rows = [("banditgen", "version", __version__), ("", "python", platform.python_version()), ("", "system", platform.platform())]
        for part, facts in parts.items():
            rows += [(part if i == 0 else "", key, value) for i, (key, value) in enumerate(facts.items())]
        print_table(("part", "what", "seen"), rows)
        click.echo()
        click.echo(textwrap.fill(flat(verdict(parts, list(found))), shutil.get_terminal_size().columns))
    ctx.exit(0 if usable else 1)


def verdict(parts: Mapping[str, Mapping[str, Any]], backends: Sequence[str] = tuple(OURS)) -> str:
    """What will run here, how well candidates are held, and what to do better, in sentences; backends in the order of preference."""
    backend = _generates(parts, backends)
    asked = parts["settings"].get("backend")
    todo = [f"mend the settings: {parts['settings']['error']}"] if "error" in parts["settings"] else []
    if backend is None and asked:
        said = f"Nothing can run: the backend that is set, {asked}, has no model here."
        todo.append(f"have it answer, or set another: {', '.join(backends)}")
    elif backend is None:
        installed = "error" not in parts["embedded"]
        said = "Nothing can run yet: the small models are not fetched." if installed else "Nothing can run: no model answers."
        size = sum(model.download_bytes for model in REGISTRY.values()) // 1_000_000
        fetch = f", or `banditgen models pull` (as the first race does) fetches two small ones, {size} MB"
        todo.append("start Ollama and pull a model" + (fetch if installed else f", or {install('embedded')}"))
    else:
        models = str(parts[backend]["models"]).split(", ")
        said = f"Races run on {f'what is set, {asked}' if asked else backend}: {len(models)} model{'' if len(models) == 1 else 's'}."
        if backend == "embedded":
            todo.append("install Ollama with a model for code: the embedded ones are tiny")
    sandbox = parts["sandbox"]
    level = sandbox.get("level")
    said += f" {_HELD.get(str(level), 'Candidates cannot run: no sandbox works here.')}"
    weak = [key for key, value in sandbox.items() if "seen open" in str(value)]
    if weak:
        said += f" Not held: {', '.join(weak)}."
    if "error" in sandbox:
        todo.append(f"the sandbox: {sandbox['error']}")
    elif level != "isolated" and "container" not in sandbox:
        engine = str(sandbox.get("containers", ""))
        instead = f", or set BANDITGEN_SANDBOX=container, which {engine} can" if engine and not engine.startswith("none") else ""
        todo.append(f"allow user namespaces, or install bubblewrap, to isolate candidates fully{instead}")
    if "error" in parts["history"]:
        todo.append(f"the history: {parts['history']['error']}")
    return said + (f" To do better: {'; '.join(todo)}." if todo else " Nothing to do better.")


def _generates(parts: Mapping[str, Mapping[str, Any]], backends: Sequence[str]) -> str | None:
    """The backend that races run on: the one that is set and no other, else the first that has a model."""
    asked = str(parts["settings"].get("backend") or "").partition(" (from ")[0]
    return next((name for name in ([asked] if asked else backends) if parts.get(name, {}).get("models")), None)


def _try(look: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return look()
    except BanditgenError as error:
        return {"error": str(error)}


def _backends() -> list[str]:
    """The backends to look at: those that have to be set where they are, by name or by what they need, and all that need not be."""
    always = [name for name in backend_names() if name not in _SET_BY]
    try:
        asked = setting("backend")
        named = [name for name, key in _SET_BY.items() if setting(key) is not None or (asked is not None and asked.value == name)]
    except BanditgenError:
        named = []  # what is wrong with the settings stands there
    return [*named, *always]


def _backend(name: str) -> dict[str, Any]:
    if name == "embedded":
        return _embedded()
    generator = defaults.default_backend(hosts_in(found.value) if name == "hosts" and (found := setting("hosts")) else name)
    models = run_sync(generator.models())
    run_sync(generator.aclose())
    return {"models": ", ".join(model.name for model in models)}


def _embedded() -> dict[str, Any]:
    if not is_installed():
        return {"error": f"not installed: {install('embedded')}"}
    there = {name: local_path(name) for name in REGISTRY}
    fetched = [name for name, path in there.items() if path]
    return {
        "models": ", ".join(fetched),
        "not fetched": ", ".join(name for name in there if name not in fetched) or "none",
        "folder": str(models_folder()),
    }


def _sandbox() -> dict[str, Any]:
    with contextlib.closing(default_sandbox()) as sandbox:
        return {"name": sandbox.name, **sandbox.isolation(), "containers": _containers()}


def _containers() -> str:
    """The engine that could hold candidates in containers; none where there is none."""
    try:
        engine = find_engine()
    except BanditgenError as error:
        return f"none: {error}"
    return f"{engine.name} {engine.version}"


def _settings() -> dict[str, Any]:
    found = [(key, one) for key in KEYS if (one := setting(key)) is not None]
    public: dict[str, Callable[[str], str]] = {
        "history": shown,
        "base_url": lambda url: url.rpartition("@")[2],
        "hosts": lambda hosts: ", ".join(host.called for host in hosts_in(hosts)),
    }  # without passwords
    said: dict[str, Any] = {key: f"{public.get(key, str)(one.value)} (from {one.source})" for key, one in found}
    return said or {"set": "none"}


def _history(history: str | None) -> dict[str, Any]:
    if history is None and not is_there(default_url()):
        return {"url": shown(default_url()), "state": "not there yet: the first race makes it"}
    with contextlib.closing(History(history, create=False)) as store:
        return {"url": store.url, **store.count()}
