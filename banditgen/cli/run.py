"""`banditgen run`: race generators on one task."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from banditgen._text import printable
from banditgen.cli.histories import history_to_write
from banditgen.cli.live import watch
from banditgen.cli.output import errors, print_json, safe, shared
from banditgen.cli.task import function_from, read_text, task_from, task_options
from banditgen.history.base import HistoryStore
from banditgen.racing import defaults
from banditgen.racing.decision import Decision, OnDecision
from banditgen.sandbox.default import NAMES
from banditgen.session import BanditGenerator
from banditgen.strategy import Strategy, with_models


@click.command("run")
@click.argument("prompt")
@task_options
@click.option("-k", type=click.IntRange(min=1), help="How many arms race; the strategy's number where left out.")
@click.option("-m", "--model", "models", multiple=True, help="Race this model, not the strategy's; repeatable.")
@click.option("-t", "--temperature", "temperatures", type=float, multiple=True, help="At this temperature, not the strategy's; repeatable.")
@click.option("--system", help="A system prompt for arms that have none of their own: the text itself, or @FILE.")
@click.option("--extract", metavar="MODULE:FUNCTION", help="Your own way to take the code out: extract(text, task) -> str.")
@click.option(
    "--sandbox", type=click.Choice(NAMES), help="What holds candidates. Default: the one set, else the strongest that works here."
)
@click.option("--allow-unsafe", is_flag=True, help="Where no sandbox works, run candidates with resource limits alone.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="The race is over after so long.")
@click.option("--first-pass", is_flag=True, help="The race is over when a candidate has passed.")
@click.option("--exploit", is_flag=True, help="Only the arm that is best so far; no exploration.")
@shared("strategy", "backend", "history", "seed", "json")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    prompt: str,
    k: int | None,
    models: Sequence[str],
    temperatures: Sequence[float],
    system: str | None,
    extract: str | None,
    sandbox: str | None,
    allow_unsafe: bool,
    exploit: bool,
    timeout: float | None,
    first_pass: bool,
    strategy: str | None,
    backend: str | None,
    history: str | None,
    seed: int | None,
    as_json: bool,
    **about: Any,
) -> None:
    """Race generators on PROMPT and print the best code. Exit 0 when a candidate passed, 1 when none did.

    PROMPT is the text itself, @FILE, - for stdin, or a task file: FILE.toml, or FILE.toml:NAME where it has several tasks.
    A task file has a table for each task, with the arguments of `Task` as keys; options replace what it says.
    """
    task = task_from(prompt, **about)
    with (
        history_to_write(history) as store,
        BanditGenerator.open(
            with_models(_plan(strategy, store, system), models, temperatures),
            backend=backend,
            history=store,
            seed=seed,
            sandbox=sandbox,
            allow_unsafe=allow_unsafe,
            extract=None if extract is None else function_from(extract),
        ) as bandit,
    ):
        with watch() as on_event:
            race = bandit.run(
                task,
                k,
                exploit=exploit,
                first_pass=first_pass,
                deadline=timeout,
                on_event=on_event,
                on_decision=_announce(bandit.backend.name),
            )
        if as_json:
            print_json({**race.to_dict(), "backend": bandit.backend.name})
        elif race.best is not None:
            # a file or a pipe gets the code as it is; a terminal would obey what it finds there
            code = race.best.code.removesuffix("\n")
            click.echo(printable(code) if sys.stdout.isatty() else code.encode("utf-8", "replace"))
        errors.print(safe(f"race {race.id}: {race.reason}"))
        if race.best is None:
            errors.print(safe(_what_next(history, task.kind)))
    ctx.exit(0 if race.best is not None else 1)


def _plan(strategy: str | None, store: HistoryStore, system: str | None) -> Strategy:
    plan = defaults.default_strategy(strategy, store)
    if system is None:
        return plan
    text = read_text(Path(system[1:]), "system prompt") if system[:1] == "@" and len(system) > 1 else system
    return dataclasses.replace(plan, system_prompt=text)


def _what_next(history: str | None, kind: str) -> str:
    where = f" --history {history}" if history else ""
    ideas = ["more arms race with -k", "other models with -m", "larger models with Ollama"]
    if kind != "none":
        ideas.insert(0, "say in the prompt what the tests expect")
    return f"what they wrote, and why it failed: `banditgen history show last --code{where}`; then {', '.join(ideas)}"


def _announce(backend: str) -> OnDecision:
    def announce(decision: Decision) -> None:
        names = ", ".join(arm.name for arm in decision.arms)
        errors.print(safe(f"then {names}" if decision.record.step else f"racing on {backend}: {names}"))

    return announce
