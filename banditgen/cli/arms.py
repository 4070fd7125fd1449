"""`banditgen arms`: what a strategy races here."""

from __future__ import annotations

import click

from banditgen.arm import arm_settings
from banditgen.cli.output import print_json, print_table, shared
from banditgen.learner import Recommendation
from banditgen.session import BanditGenerator


@click.group("arms")
def command() -> None:
    """The arms a strategy races here."""


@command.command("list")
@click.option("--type", "task_type", help="The kind of task to rate them on.")
@shared("strategy", "backend", "history", "json")
def list_arms(task_type: str | None, strategy: str | None, backend: str | None, history: str | None, as_json: bool) -> None:
    """List arms with what is expected of them, best first."""
    with BanditGenerator.open(strategy, backend=backend, history=history) as bandit:
        rows = bandit.recommend(task_type, top_k=len(bandit.arms))
    if as_json:
        print_json(
            [
                {"name": r.name, "arm_id": r.arm.arm_id, **arm_settings(r.arm)}
                | {"expected_reward": r.expected_reward, "low": r.low, "high": r.high, "passes": r.passes, "fails": r.fails}
                for r in rows
            ]
        )
        return
    headings = ("arm", "model", "temperature", "passed", "of", "expected reward", "95 % interval")
    print_table(headings, [_row(r) for r in rows])


def _row(r: Recommendation) -> tuple[str, ...]:
    interval = f"{r.low:.2f} – {r.high:.2f}"
    return r.name, r.arm.model, f"{r.arm.temperature:g}", f"{r.passes:g}", f"{r.passes + r.fails:g}", f"{r.expected_reward:.2f}", interval
