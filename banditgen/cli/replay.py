"""`banditgen replay`: what another strategy would have done on what was logged."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

import click

from banditgen._jobs import processes
from banditgen.cli.histories import history_to_read
from banditgen.cli.output import errors, print_json, print_table, safe, shared
from banditgen.offline.counterfactual import Counterfactual, counterfactual
from banditgen.offline.evaluate import Estimate
from banditgen.racing import defaults
from banditgen.strategy import Strategy


@click.command("replay")
@click.option("--against", required=True, help="The other strategy: its name or its file.")
@shared("strategy", "history", "seed", "jobs", "json")
def command(strategy: str | None, against: str, history: str | None, seed: int | None, jobs: int, as_json: bool) -> None:
    """Ask of every logged decision what the strategy AGAINST would have raced; say what that is worth, or that nobody can say."""
    with contextlib.closing(history_to_read(history)) as store, processes(jobs) as executor:
        one, other = defaults.default_strategy(strategy, store), Strategy.load(against)
        found = counterfactual(store, one, other, seed=seed or 0, executor=executor)
    if as_json:
        print_json(_as_json(found, one, other))
        return
    comparison = found.comparison
    if comparison is not None and comparison.refusal is None:
        rows = [(one.name, comparison.a), (other.name, comparison.b), ("difference", comparison.difference)]
        print_table(
            ("strategy", "mean reward", "95 % interval"), [(name, f"{e.value:.3f}", f"{e.low:.3f} – {e.high:.3f}") for name, e in rows]
        )
    errors.print(safe(f"{other.name} against {one.name}: {found.verdict}: {found.why}"))
    for reason, count in found.left_out.items():
        errors.print(safe(f"  left out: {count} decisions {reason}"))


def _as_json(found: Counterfactual, one: Strategy, other: Strategy) -> dict[str, Any]:
    nothing = Estimate(None, None, None)
    comparison = found.comparison
    parts = (comparison.a, comparison.b, comparison.difference) if comparison is not None else (nothing, nothing, nothing)
    values = [{"value": part.value, "interval": None if part.low is None else [part.low, part.high]} for part in parts]
    return {
        "a": {"strategy": one.name, **values[0]},
        "b": {"strategy": other.name, **values[1]},
        "difference": values[2],
        "verdict": found.verdict,
        "why": found.why,
        "decisions": found.decisions,
        "sample_size": None if comparison is None else comparison.sample_size,
        "left_out": dataclasses.asdict(found)["left_out"],
    }
