"""`banditgen arms`: what a strategy races here, and who came from whom."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Sequence

import click
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from banditgen.arm import GeneratorConfig, arm_settings
from banditgen.cli.histories import history_to_read
from banditgen.cli.output import WIDE, errors, print_json, print_table, safe, shared
from banditgen.errors import BackendError
from banditgen.evolution.lineage import Member, family
from banditgen.history.base import HistoryStore
from banditgen.learning.known import as_last_chosen, known_arms, strategy_of
from banditgen.learning.learner import Learner, Recommendation
from banditgen.learning.ledger import UNITS
from banditgen.racing import defaults
from banditgen.selection import criteria_now
from banditgen.session import BanditGenerator
from banditgen.strategy import Strategy
from banditgen.task import DEFAULT_TASK_TYPE


@click.group("arms")
def command() -> None:
    """The arms a strategy races here, and who came from whom."""


@command.command("list")
@click.option("--type", "task_type", help="Only the beliefs for this kind of task.")
@shared("strategy", "backend", "history", "json")
def list_arms(task_type: str | None, strategy: str | None, backend: str | None, history: str | None, as_json: bool) -> None:
    """List arms with what is expected of them on each type of task, best first.

    Those that may race here and all that the history knows, other backends' too; with --strategy or --backend those of that one alone.
    "of" are verdicts, and soft evidence counts for some outcomes beside them; on the front is whom no other arm beats beyond doubt in all
    goals.
    """
    with contextlib.closing(history_to_read(history)) as store:
        plan = defaults.default_strategy(strategy, store)
        arms = _racing(plan, backend, store, needed=bool(strategy or backend))
        if not strategy and not backend:
            arms = as_last_chosen(store, known_arms(store, arms))
        rows = []
        if arms:
            learner, criteria = Learner(store, arms, plan.policy, plan.bandit, learning=plan.learning), criteria_now(store, plan)
            kinds = [task_type] if task_type else learner.task_types(soft=True) or [DEFAULT_TASK_TYPE]
            for kind in kinds:
                goals = {own.arm.arm_id: own for own in learner.goals(kind, criteria(kind))}
                rows += [(kind, r, goals[r.arm.arm_id]) for r in learner.recommend(kind, criteria(kind))]
    if as_json:
        print_json(
            [
                {"name": r.name, "arm_id": r.arm.arm_id, "task_type": kind, **arm_settings(r.arm)}
                | {"expected_reward": r.expected_reward, "low": r.low, "high": r.high, "chance_best": r.chance_best}
                | {"passes": r.passes, "fails": r.fails, "soft": r.soft}
                | {unit: getattr(r.spent, unit) for unit in UNITS}
                | {"front": own.on_front, "beaten_by": own.beaten_by, "goals": {name: goal._asdict() for name, goal in own.goals.items()}}
                for kind, r, own in rows
            ]
        )
        return
    if not rows:
        errors.print("no arms: nothing was raced in this history, and no backend answers")
        return
    headings = ("task type", "arm", "model", "temperature", "passed", "of", "soft evidence", "expected reward", "95 % interval", "front")
    print_table(headings, [(kind, *_row(r), "yes" if own.on_front else f"beaten by {own.beaten_by}") for kind, r, own in rows])


def _racing(plan: Strategy, backend: str | None, store: HistoryStore, *, needed: bool) -> list[GeneratorConfig]:
    """The strategy's arms on a backend; none where no backend answers and none was asked for."""
    try:
        with BanditGenerator.open(plan, backend=backend, history=store) as bandit:
            return bandit.arms
    except BackendError:
        if needed:
            raise
        return []


def _row(r: Recommendation) -> tuple[str, ...]:
    interval = f"{r.low:.2f} – {r.high:.2f}"
    known = f"{r.passes:g}", f"{r.passes + r.fails:g}", f"{r.soft:.1f}"
    return r.name, r.arm.model, f"{r.arm.temperature:g}", *known, f"{r.expected_reward:.2f}", interval


@command.command("tree")
@click.option("--strategy", "-s", help="A strategy's name or its file. Default: the one that raced last in the history.")
@shared("history", "json")
def tree(strategy: str | None, history: str | None, as_json: bool) -> None:
    """Show who came from whom, and what it brought: its expected reward above the better parent's, with the 95 % interval."""
    with contextlib.closing(history_to_read(history)) as store:
        plan = strategy_of(store, strategy)
        members = family(store, plan.name, criteria_now(store, plan))
    if as_json:
        print_json([dataclasses.asdict(member) for member in members])
    elif not members:
        click.echo("no arms: nothing was raced in this history")
    else:
        Console(width=None if sys.stdout.isatty() else WIDE, highlight=False).print(_tree(members))


def _tree(members: Sequence[Member]) -> Tree:
    """Each arm below its first parent, which gave most where they differ; a second one is named beside it."""
    names = {member.arm_id: member.name for member in members}
    whole = Tree(Text(f"{len(members)} arms"))
    branches: dict[str, Tree] = {}
    for member in members:  # parents before their children
        above = branches.get(member.parents[0], whole) if member.parents else whole
        branches[member.arm_id] = above.add(_label(member, [names[parent] for parent in member.parents[1:]]))
    return whole


def _label(member: Member, others: Sequence[str]) -> Text:
    told = [f"{member.passes} of {member.outcomes} passed" if member.outcomes else "not raced yet"]
    if others:
        told.append(f"also from {', '.join(others)}")
    if member.detail.get("change"):
        told.append(str(member.detail["change"]))
    if member.gain is not None:
        gain = member.gain
        told.append(f"gain {gain.expected:+.2f} ({gain.low:+.2f} to {gain.high:+.2f})")
    if member.status != "racing":
        told.append(member.status)
    return Text.assemble(safe(member.name), "  ", (safe("; ".join(told)).plain, "dim"))
