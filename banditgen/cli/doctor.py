"""`banditgen doctor`: what is reachable, what isolation holds, where files are."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Callable
from typing import Any

import click

from banditgen import __version__
from banditgen._loop import run_sync
from banditgen.cli.output import print_json, print_table, shared
from banditgen.errors import BanditgenError
from banditgen.generators.embedded import is_installed
from banditgen.generators.models import REGISTRY, local_path, models_folder
from banditgen.racing import defaults
from banditgen.strategy import known_strategies


@click.command("doctor")
@shared("history", "json")
@click.pass_context
def command(ctx: click.Context, history: str | None, as_json: bool) -> None:
    """Show what is reachable, what isolation holds, and where files are. Exit 0 when a race could run, else 1."""
    parts = {
        "ollama": _try(lambda: _backend("ollama")),
        "embedded": _try(_embedded),
        "sandbox": _try(_sandbox),
        "history": _try(lambda: _history(history)),
        "strategies": _try(lambda: {name: str(path) for name, path in known_strategies().items()}),
    }
    generates = any("error" not in parts[name] and parts[name].get("models") for name in ("ollama", "embedded"))
    usable = generates and "error" not in parts["sandbox"] and "error" not in parts["history"]
    if as_json:
        print_json({"version": __version__, "python": platform.python_version(), "system": platform.platform(), "usable": usable, **parts})
    else:
        rows = [("banditgen", "version", __version__), ("", "python", platform.python_version()), ("", "system", platform.platform())]
        for part, facts in parts.items():
            rows += [(part if i == 0 else "", key, value) for i, (key, value) in enumerate(facts.items())]
        print_table(("part", "what", "seen"), rows)
    ctx.exit(0 if usable else 1)


def _try(look: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return look()
    except BanditgenError as error:
        return {"error": str(error)}


def _backend(name: str) -> dict[str, Any]:
    generator = defaults.default_backend(name)
    models = run_sync(generator.models())
    run_sync(generator.aclose())
    return {"models": ", ".join(model.name for model in models)}


def _embedded() -> dict[str, Any]:
    if not is_installed():
        return {"error": "not installed: pip install 'banditgen[embedded]'"}
    there = {name: local_path(name) for name in REGISTRY}
    fetched = [name for name, path in there.items() if path]
    return {
        "models": ", ".join(fetched),
        "not fetched": ", ".join(name for name in there if name not in fetched) or "none",
        "folder": str(models_folder()),
    }


def _sandbox() -> dict[str, Any]:
    with contextlib.closing(defaults.default_sandbox()) as sandbox:
        return {"name": sandbox.name, **sandbox.isolation()}


def _history(history: str | None) -> dict[str, Any]:
    with contextlib.closing(defaults.default_history(history)) as store:
        return {"url": getattr(store, "url", ""), **store.count()}
