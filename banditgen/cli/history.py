"""`banditgen history`: what was raced; list and show it."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Any

import click

from banditgen.bandit import Explanation
from banditgen.cli import one_line
from banditgen.cli.output import print_json, print_table, printable, shared
from banditgen.cli.transfer import export, import_
from banditgen.cli.upkeep import check, prune
from banditgen.errors import UsageError
from banditgen.history.base import DecisionRecord, RaceRecord
from banditgen.racing import defaults
from banditgen.result import Feedback, GenerationResult, Preference

MOST_RACES = 1_000_000


@click.group("history")
def command() -> None:
    """What was raced."""


@command.command("list")
@click.option("--limit", type=click.IntRange(1, MOST_RACES), default=20, show_default=True, help="How many races, newest first.")
@click.option("--type", "task_type", help="Only races of this kind of task.")
@shared("history", "json")
def list_races(limit: int, task_type: str | None, history: str | None, as_json: bool) -> None:
    """List the newest races."""
    with contextlib.closing(defaults.default_history(history)) as store:
        races = store.races(limit, task_type)
    if as_json:
        print_json([race_json(race) for race in races])
        return
    rows = []
    for race in races:
        best = next((result.generator_name for result in race.results if result.id == race.best_id), "none")
        passed = sum(result.test_passed for result in race.results)
        prompt = str(race.task.get("name") or race.task.get("prompt") or "")[:50]
        rows.append((race.id, _when(race.created_at), race.task_type, prompt, f"{passed}/{len(race.results)}", best))
    print_table(("race", "when", "task type", "task", "passed", "winner"), rows)


@command.command("show")
@click.argument("subject", metavar="ID")
@click.option("--code", is_flag=True, help="Print each candidate's code, too.")
@shared("history", "json")
def show(subject: str, code: bool, history: str | None, as_json: bool) -> None:
    """Show a race by its id, its decision's, or a result's: what was decided and why, and every candidate."""
    with contextlib.closing(defaults.default_history(history)) as store:
        race_id = store.race_of(subject) or subject
        race, decision, alone = store.race(race_id), store.decision(race_id), store.result(subject)
        ratings = [feedback for feedback in store.feedback(race_id) if race is not None]
        preferences = [held.preference for held in store.preferences() if race is not None and held.preference.race_id == race.id]
    if race is None and decision is None and alone is None:
        raise UsageError(f"unknown race, decision or result {subject!r}: `banditgen history list` shows the races")
    results = race.results if race is not None else [alone] if alone is not None else []
    if as_json:
        shown = {"decision": decision and vars(decision), "race": race and race_json(race), "feedback": [vars(f) for f in ratings]}
        print_json(shown | {"preferences": [vars(p) for p in preferences], "results": [result.to_dict() for result in results]})
        return
    for line in (*_decided(decision), *_raced(race)):
        click.echo(one_line(line))
    print_table(("", "arm", "verdict", "quality", "speed", "combined", "seconds", "result", "why not"), [_row(r, race) for r in results])
    for said in (*map(_said, ratings), *map(_said, preferences)):
        click.echo(one_line(said))
    for result in results if code else ():
        click.echo(f"\n# {one_line(result.generator_name)} {one_line(result.id)}")
        click.echo("(retention dropped its code)" if result.pruned else printable(result.code))


def race_json(race: RaceRecord) -> dict[str, Any]:
    """A race as JSON-ready data."""
    return vars(race) | {"results": [result.to_dict() for result in race.results]}


def _decided(decision: DecisionRecord | None) -> list[str]:
    if decision is None:
        return ["decision   none was recorded"]
    odds = decision.propensities or {}
    arms = ", ".join(
        f"{arm.get('name')} ({odds[arm['name']]:.0%})" if arm.get("name") in odds else str(arm.get("name")) for arm in decision.arms
    )
    weights = decision.detail.get("weights") or decision.detail.get("start_weights")
    lines = [f"decision   {decision.id}, {_when(decision.created_at)}, task type {decision.task_type}"]
    lines.append(f"policy     {decision.policy}, strategy {decision.strategy or 'none'}, seed {decision.seed}, weights {weights}")
    lines.append(f"arms       {arms}, each with its chance to be chosen")
    if "explanation" in decision.detail:
        with contextlib.suppress(KeyError, TypeError, ValueError):  # one of another version, or imported
            lines += [f"why        {line}" for line in Explanation.from_dict(decision.detail["explanation"]).words.splitlines()]
    return lines


def _raced(race: RaceRecord | None) -> list[str]:
    if race is None:
        return ["race       not finished"]
    task = race.task.get("name") or race.task.get("prompt") or race.task.get("kind")
    lines = [f"task       {task}", f"race       {race.wall_seconds:.1f} s, {_when(race.created_at)}"]
    return [*lines, f"outcome    {race.reason}"]


def _row(result: GenerationResult, race: RaceRecord | None) -> tuple[str, ...]:
    verdict = "passed" if result.test_passed else str(result.failure or "failed")
    verdict += "" if result.verified else " (not verified)"
    best = "best" if race is not None and result.id == race.best_id else ""
    scores = (f"{score:.2f}" for score in (result.quality_score, result.speed_score, result.combined_score))
    return best, result.generator_name, verdict, *scores, f"{result.generation_time:.1f}", result.id, (result.error or "")[:100]


def _said(told: Feedback | Preference) -> str:
    if isinstance(told, Feedback):
        what = f"rated {told.result_id} {told.satisfaction:g}"
    else:
        what = f"preferred {told.better_id} to {told.worse_id}"
    return f"{told.who or 'someone'} {what}" + (f": {told.why}" if told.why else "")


def _when(seconds: float) -> str:
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC).astimezone():%Y-%m-%d %H:%M}"


command.add_command(export)
command.add_command(import_)
command.add_command(prune)
command.add_command(check)
