"""`banditgen tools`: arms that are best for a type of task beyond doubt, as tool definitions."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from banditgen.arm import GeneratorConfig, arm_id
from banditgen.cli.histories import history_to_read
from banditgen.cli.known import racing_arms
from banditgen.cli.output import backend_option, errors, print_json, print_table, safe, shared
from banditgen.errors import UsageError
from banditgen.evolution.experts import MIN_PROBABILITY, Review, Standing, review
from banditgen.evolution.tools import FORMATS, Format, Tool, arm_from_tool, dumps, file_name, read_tools
from banditgen.learning.known import strategy_of
from banditgen.strategy import Strategy

SUFFIXES: dict[str, Format] = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}


@click.command("tools")
@click.option("--strategy", "-s", help="A strategy's name or its file. Default: the one that raced last in the history.")
@click.option("--min-probability", type=float, default=MIN_PROBABILITY, show_default=True, help="How sure it must be, above 0.5, below 1.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="Print the definitions as this; with --output, write them as this.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="A folder, for a file each, or a .json or .yaml file for all.")
@click.option(
    "--as-strategy", type=click.Path(path_type=Path), help="Only print a strategy of the arms in this tool file, or folder of them."
)
@backend_option("Only arms that can race there now. Default: no backend.")
@shared("history", "json")
def command(
    strategy: str | None,
    min_probability: float,
    form: Format | None,
    output: Path | None,
    as_strategy: Path | None,
    backend: str | None,
    history: str | None,
    as_json: bool,
) -> None:
    """Show or write the arms that are best for a type of task beyond doubt, as tools; say what is missing where none is.

    What was earned and what was lost since the last look is remembered in the history.
    """
    if as_strategy is not None:
        click.echo(strategy_from_tools(as_strategy).to_toml(), nl=False)
        return
    form = _form(output, form)
    with contextlib.closing(history_to_read(history)) as store:
        plan = strategy_of(store, strategy)
        arms = racing_arms(store, plan, backend)
        report = review(store, plan, arms, min_probability)
    files = _write(report, output, form or "yaml") if output is not None else []
    if as_json:
        print_json(_json(report, plan, min_probability, files))
    elif form is not None and output is None:
        click.echo(dumps(report.tools, form), nl=False)
    else:
        _print(report, bool(arms))
    for path in files:
        errors.print(safe(f"written: {path}"))


def strategy_from_tools(path: Path) -> Strategy:
    """A strategy that races the arms of the tools in a file or folder; retired ones, and one arm twice, are left out.

    Raises:
        UsageError: a file that holds no tool, or none in force.
    """
    arms: dict[str, GeneratorConfig] = {}
    for tool in read_tools(path):
        if tool.get("metadata", {}).get("status") != "retired":
            arm = arm_from_tool(tool)
            arms.setdefault(arm_id(arm), arm)
    if not arms:
        raise UsageError(f"{path}: every tool in it is retired")
    return Strategy("tools", arms=tuple(arms.values()))


def _form(output: Path | None, form: Format | None) -> Format | None:
    named = SUFFIXES.get(output.suffix.lower()) if output is not None and not output.is_dir() else None
    if named is not None and form is not None and named != form:
        raise click.UsageError(f"--output {output} is a {named} file, and --format says {form}")
    return named or form


def _write(report: Review, output: Path, form: Format) -> list[Path]:
    """The files written: none where there is no tool."""
    tools = [*report.tools, *report.retired]
    if not tools:
        return []
    whole = output.suffix.lower() in SUFFIXES and not output.is_dir()
    texts = {output: dumps(tools, form)} if whole else {output / _name(tool, form): dumps(tool, form) for tool in tools}
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="ascii")
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot write the tools to {output}: {getattr(error, 'strerror', None) or error}") from None
    return list(texts)


def _name(tool: Tool, form: Format) -> str:
    return file_name(tool["metadata"]["specialized_for"], form)


def _print(report: Review, raced: bool) -> None:
    rows = [_row(tool) for tool in (*report.tools, *report.retired)]
    if rows:
        print_table(("task type", "tool", "arm", "passed", "95 % interval", "of", "chance best", "status"), rows)
    for tool in report.retired:
        click.echo(safe(f"retired for {tool['metadata']['specialized_for']}: {tool['metadata']['retired_because']}").plain)
    if not rows and not report.undecided:
        why = "the arms have no outcomes in this history" if raced else "nothing was raced in this history"
        click.echo(f"no arm is best beyond doubt yet: {why}")
    for standing in report.undecided:
        click.echo(safe(f"no arm is best beyond doubt yet for {standing.task_type}: {standing.leader.name} leads; {standing.doubt}").plain)


def _row(tool: Tool) -> tuple[str, ...]:
    told, evidence = tool["metadata"], tool["metadata"]["evidence"]
    low, high = told["interval"]
    passed = f"{told['success_rate']:.2f}", f"{low:.2f} – {high:.2f}", f"{evidence['passes'] + evidence['fails']:g}"
    return told["specialized_for"], tool["name"], told["evolved_from"], *passed, f"{evidence['chance_best']:.3f}", told["status"]


def _json(report: Review, plan: Strategy, min_probability: float, files: Sequence[Path]) -> dict[str, Any]:
    return {
        "strategy": plan.name,
        "strategy_hash": plan.hash,
        "min_probability": min_probability,
        "tools": report.tools,
        "retired": report.retired,
        "undecided": [_standing(standing) for standing in report.undecided],
        "files": [str(path) for path in files],
    }


def _standing(standing: Standing) -> dict[str, Any]:
    arms = [
        {"name": row.name, "arm_id": arm_id(row.arm), "expected_reward": row.expected_reward, "chance_best": row.chance_best}
        | {"passes": row.passes, "fails": row.fails}
        for row in standing.arms
    ]
    return {"task_type": standing.task_type, "leader": standing.leader.name, "doubt": standing.doubt, "arms": arms}
