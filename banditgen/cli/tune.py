"""`banditgen tune`: learn from feedback how candidates are best weighed."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

import click

from banditgen._jobs import processes
from banditgen._text import printable
from banditgen.cli.histories import history_to_read
from banditgen.cli.output import errors, print_json, print_table, safe, shared
from banditgen.history.database import default_url
from banditgen.racing import defaults
from banditgen.strategy import strategy_in_use, tuned_path


@click.command("tune")
@click.option(
    "--trials", type=click.IntRange(min=1), default=60, show_default=True, help="Of each Optuna study, those of earlier runs counted."
)
@click.option("--type", "task_type", help="Only the feedback on this kind of task, and only its weights.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the proposed strategy to this file.")
@click.option("--apply/--dry-run", "apply", default=False, show_default=True, help="Put the proposed strategy in use for this history.")
@click.option("--storage", help="An Optuna storage URL for the studies. Default: the history's own database.")
@shared("strategy", "history", "seed", "jobs", "json")
def command(
    trials: int,
    task_type: str | None,
    output: Path | None,
    apply: bool,
    storage: str | None,
    strategy: str | None,
    history: str | None,
    seed: int | None,
    jobs: int,
    as_json: bool,
) -> None:
    """Learn from people's ratings and preferences how candidates are best weighed; propose a change where it is beyond noise."""
    from banditgen.offline import tune as tuning  # noqa: PLC0415 - Optuna takes a while to import
    from banditgen.offline.tune.report import changes, to_json, to_toml, write  # noqa: PLC0415

    with contextlib.closing(history_to_read(history)) as store, processes(jobs) as executor:
        before, url = defaults.default_strategy(strategy, store), str(getattr(store, "url", ""))
        evidence = tuning.evidence_of(store)
        studies = tuning.open_storage(storage or history or default_url())
        shared_out: dict[str, Any] = {"seed": seed or 0, "executor": executor}
        tuned = tuning.tune(
            evidence, before, storage=studies, trials=trials, task_type=task_type, progress=sys.stderr.isatty(), **shared_out
        )
        if task_type is None:
            tuned = tuned.with_bandit(tuning.tune_bandit(store, before, **shared_out), before)
    path = None
    if tuned.strategy is not None:
        targets = [] if output is None else [output]
        for target in targets + [tuned_path(before.name, url)] * apply:
            path = write(tuned, before, target, url)
    if as_json:
        print_json(to_json(tuned, path))
        return
    errors.print(safe(tuned.why))
    if tuned.left_out:
        errors.print(f"left out: {tuned.left_out} of failed candidates, about which no weights decide")
    if tuned.bandit is not None:
        errors.print(safe(f"the bandit's own settings: {tuned.bandit.why}"))
    if tuned.steps:
        rows = [("all", name, f"{tuned.in_use.get(name, 0):g}", f"{weight:g}") for name, weight in tuned.weights.items()]
        rows += [(kind, name, "", f"{weight:g}") for kind, own in tuned.by_task_type.items() for name, weight in own.items()]
        errors.print("the best weights found, proposed or not:" if tuned.strategy is None else "the weights:")
        print_table(("task type", "objective", "in use", "found"), rows)
    if tuned.strategy is None:
        return
    for line in changes(before, tuned.strategy):
        errors.print(safe(f"  {line}"))
    if path is None:
        click.echo(printable(to_toml(tuned, before)))
        errors.print("a dry run: nothing was written; --apply puts it in use, --output FILE writes it there")
    else:
        used = f"use it with --strategy {path if path == output else path.stem}"
        if apply and strategy_in_use(url) == path.stem:
            used = f"in use for {url} where no strategy is named; delete the file to undo that"
        errors.print(safe(f"written to {path}: {used}"))
