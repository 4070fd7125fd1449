"""What verbs share: their options, and how they print."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem
from rich.console import Console
from rich.table import Table
from rich.text import Text

from banditgen._text import flat
from banditgen.generators.backends import OURS, backend_names

F = TypeVar("F", bound=Callable[..., Any])

BACKENDS = f"{', '.join(OURS)} or a package's."
WIDE = 10_000  # columns, where output goes to a file or a pipe
errors = Console(stderr=True, soft_wrap=True)


class BackendName(click.types.StringParamType):
    """A backend's name; whoever opens it says which there are."""

    name = "name"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """The names that are known here."""
        return [CompletionItem(name) for name in backend_names() if name.startswith(incomplete)]


def backend_option(said: str, default: str | None = None) -> Callable[[F], F]:
    """The option that names a backend."""
    return click.option("--backend", "-b", type=BackendName(), default=default, show_default=default is not None, help=said)


def shared(*names: str) -> Callable[[F], F]:
    """Decorate a verb with the shared options of these names."""
    options = {
        "strategy": click.option(
            "--strategy",
            "-s",
            help="A strategy's name or its file. Default: the one set, else balanced; as `tune --apply` left it.",
        ),
        "backend": backend_option(f"{BACKENDS} Default: the one set, else Ollama where it answers, else embedded."),
        "history": click.option(
            "--history", help="A sqlite:/// URL or a file. Default: the one that is set, else a file in the platform's data folder."
        ),
        "json": click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout."),
        "jobs": click.option(
            "--jobs",
            type=click.IntRange(min=1),
            default=1,
            show_default=True,
            help="Processes that share the work; it changes no number.",
        ),
        "seed": click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Seed of every choice."),  # as far as Optuna's go
    }

    def decorate(function: F) -> F:
        for name in reversed(names):
            function = options[name](function)
        return function

    return decorate


def print_json(value: Any) -> None:
    """One JSON document on stdout; what is no JSON type is printed as its text."""
    json.dump(value, sys.stdout, indent=2, default=str, ensure_ascii=True)
    sys.stdout.write("\n")


def print_table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A plain table on stdout; cells are text, never markup."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*[safe(cell) for cell in row])
    # wrapped only where a person reads it
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)


def safe(cell: Any) -> Text:
    """A cell as text without markup or control characters, whoever wrote it."""
    return Text(flat(str(cell)))
