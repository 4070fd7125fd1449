"""`banditgen models`: the embedded models."""

from __future__ import annotations

import click

from banditgen.cli.output import errors, print_json, print_table, safe, shared
from banditgen.generators._progress import shown_pull
from banditgen.generators.models import REGISTRY, find, local_path


@click.group("models")
def command() -> None:
    """The embedded models: list them, fetch them."""


@command.command("list")
@shared("json")
def list_models(as_json: bool) -> None:
    """List the embedded models and where they are."""
    rows = [(model, local_path(model.name)) for model in REGISTRY.values()]
    if as_json:
        print_json(
            [
                {"name": m.name, "size_bytes": m.size_bytes, "sha256": m.sha256, "note": m.note, "path": str(path) if path else None}
                for m, path in rows
            ]
        )
        return
    print_table(
        ("model", "MB", "what", "where"), [(m.name, f"{m.size_bytes / 1e6:.0f}", m.note, path or "not fetched") for m, path in rows]
    )


@command.command("pull")
@click.argument("names", nargs=-1)
@shared("json")
def pull(names: tuple[str, ...], as_json: bool) -> None:
    """Fetch models by NAME, or all of them; one that is there already is left as it is."""
    wanted = [find(name).name for name in names] or list(REGISTRY)
    paths = {name: shown_pull(name) for name in wanted}
    if as_json:
        print_json({name: str(path) for name, path in paths.items()})
    else:
        for name, path in paths.items():
            errors.print(safe(f"{name}: {path}"))
