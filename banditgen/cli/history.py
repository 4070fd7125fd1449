"""`banditgen history`: what was raced; list and show it."""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
from collections.abc import Collection, Iterator, Sequence

import click

from banditgen._text import flat, one_line, printable
from banditgen.bandit import Explanation
from banditgen.cli.histories import history_to_read
from banditgen.cli.output import errors, print_json, print_table, safe, shared
from banditgen.cli.subject import find
from banditgen.cli.transfer import export, import_
from banditgen.cli.upkeep import check, prune
from banditgen.generators.base import Brief
from banditgen.generators.prompts import added
from banditgen.history.base import DecisionRecord, RaceRecord, SoftEvidence
from banditgen.result import Feedback, GenerationResult, Preference, passed, spent
from banditgen.scoring import pareto_front

MOST_RACES = 1_000_000
SHORT = 60  # characters of a prompt or a reason in a table
MESSAGE = 2000  # characters of a failure's message, where one race is shown


@click.group("history")
def command() -> None:
    """What was raced."""


@command.command("list")
@click.option("--limit", type=click.IntRange(1, MOST_RACES), default=20, show_default=True, help="How many races, newest first.")
@click.option("--type", "task_type", help="Only races of this kind of task.")
@shared("history", "json")
def list_races(limit: int, task_type: str | None, history: str | None, as_json: bool) -> None:
    """List the newest races."""
    with contextlib.closing(history_to_read(history)) as store:
        races = store.races(limit, task_type)
        url = getattr(store, "url", "")
    if as_json:
        print_json([race.to_dict() for race in races])
        return
    if not races:
        of_type = f" of type {task_type}" if task_type else ""
        errors.print(safe(f"no races{of_type} in {url}: `banditgen run` and `banditgen demo` fill it"))
        return
    rows = []
    for race in races:
        best = next((result.generator_name for result in race.results if result.id == race.best_id), "none")
        by_tests = passed(race.results)
        told = "no tests" if by_tests is None else f"{by_tests}/{len(race.results)}"
        prompt = one_line(race.task.get("name") or race.task.get("prompt") or "", SHORT)
        rows.append((race.id, _when(race.created_at), race.task_type, prompt, told, best, one_line(race.reason, SHORT)))
    print_table(("race", "when", "task type", "task", "passed", "winner", "why"), rows)
    if sys.stdout.isatty():
        errors.print("`banditgen history show last` shows the newest; any beginning of an id will do")


@command.command("show")
@click.argument("subject", metavar="ID")
@click.option("--code", is_flag=True, help="Print every candidate's code, not the winner's alone.")
@shared("history", "json")
def show(subject: str, code: bool, history: str | None, as_json: bool) -> None:
    """Show a race by its id, its decision's, or a result's: the winner and why, every candidate, and what was decided.

    ID may be the beginning of one that no other has, or `last` for the newest race.
    """
    with contextlib.closing(history_to_read(history)) as store:
        subject = find(store, subject)
        race_id = store.race_of(subject) or subject
        race, alone, decisions = store.race(race_id), store.result(subject), store.decisions(race_id)
        decision = decisions[0] if decisions else None
        ratings = [feedback for feedback in store.feedback(race_id) if race is not None]
        soft = store.soft_evidence(race_id) if race is not None else []
        preferences = [held.preference for held in store.preferences() if race is not None and held.preference.race_id == race.id]
    results = race.results if race is not None else [alone] if alone is not None else []
    if as_json:
        shown = {
            "decision": decision and vars(decision),
            "waves": [vars(wave) for wave in decisions],
            "race": race and race.to_dict(),
            "pareto_front": [result.id for result in pareto_front(results)],
            "feedback": [vars(f) for f in ratings],
            "soft_evidence": [vars(evidence) for evidence in soft],
        }
        print_json(shown | {"preferences": [vars(p) for p in preferences], "results": [result.to_dict() for result in results]})
        return
    for line in (*_raced(race), *_words(race, decision)):
        click.echo(flat(line))
    front = {result.id for result in pareto_front(results)}
    headings = ("", "arm", "verdict", "quality", "speed", "combined", "front", "seconds", "result")
    print_table(headings, [_row(r, race, front) for r in results])
    for result in results:
        if result.tools:
            click.echo(flat(f"measures of {result.generator_name}: {_measured(result)}"))
    for result in results:
        if result.error:
            _block(f"{result.generator_name}: {result.failure or 'failed'}", result.error[:MESSAGE])
    for result in results:
        if code or (race is not None and result.id == race.best_id):
            _block(f"{result.generator_name} {result.id}", _written(result))
    click.echo()
    for line in (*_decided(decision), *map(_wave, decisions[1:]), *_soft(soft, results), *map(_said, ratings), *map(_said, preferences)):
        click.echo(flat(line))
    if results and not code and (race is None or race.best_id is None):
        errors.print("--code shows what the candidates wrote")


def _block(title: str, text: str) -> None:
    click.echo(f"\n# {flat(title)}\n{printable(text).rstrip()}")


def _raced(race: RaceRecord | None) -> list[str]:
    if race is None:
        return ["race       not finished"]
    best = next((result.generator_name for result in race.results if result.id == race.best_id), "none")
    name = race.task.get("name")
    lines = [f"task       {race.task.get('prompt') or name or race.task.get('kind')}"]
    lines += [f"name       {name}"] if name and race.task.get("prompt") else []
    lines += [f"winner     {best}", f"why        {race.reason}"]
    ways = dict.fromkeys(result.channel for result in race.results if result.channel)
    by = [f"{way} ({', '.join(r.generator_name for r in race.results if r.channel == way)})" for way in ways]
    lines += [f"verdicts   {', '.join(by)}"] if by else []
    seconds, tokens, price = spent(race.results)
    costs = [f"{seconds:.1f} model-seconds", *([] if tokens is None else [f"{tokens:,} tokens"])]
    lines.append(f"spent      {', '.join(costs + ([] if price is None else [f'{price:.6g} in money']))}")
    return [*lines, f"race       {race.id}, {_when(race.created_at)}, {race.wall_seconds:.1f} s, task type {race.task_type}"]


def _words(race: RaceRecord | None, decision: DecisionRecord | None) -> list[str]:
    """What models were told beside the task."""
    if race is None:
        return []
    brief = Brief(tuple(map(str, race.task.get("signatures") or ())), race.task.get("kind") == "stdio")
    own = dict.fromkeys(arm.get("system_prompt") for arm in (decision.arms if decision else [])) or [None]
    lines = []
    for version in sorted({result.prompt_version for result in race.results if result.prompt_version}):
        told = dict.fromkeys(text for prompt in own for text in added(prompt, brief, version))
        lines.append(f"words      version {version} of what models are told beside the task" + (":" if told else ""))
        lines += [f"           {' '.join(text.split())}" for text in told]
    return lines


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
            lines += [f"because    {line}" for line in Explanation.from_dict(decision.detail["explanation"]).words.splitlines()]
    return lines


def _wave(decision: DecisionRecord) -> str:
    """A later wave, or the stop, in a line."""
    arms = ", ".join(f"{arm.get('name')} ({(decision.propensities or {}).get(str(arm.get('name')), 0):.0%})" for arm in decision.arms)
    stop = float(decision.detail.get("stop") or 0.0)
    said = f"then {arms}; it would have stopped with chance {stop:.0%}" if arms else f"then a stop, which had chance {stop:.0%}"
    gain, price = decision.detail.get("gain"), decision.detail.get("price")
    return f"wave {decision.step}     {said}" + (
        f"; gain {gain:.3f} at a price of {price:.3f}" if gain is not None and price is not None else ""
    )


def _row(result: GenerationResult, race: RaceRecord | None, front: Collection[str]) -> tuple[str, ...]:
    verdict = "passed" if result.test_passed else str(result.failure or "failed")
    verdict += "" if result.verified else " (not verified)"
    best = "best" if race is not None and result.id == race.best_id else ""
    scores = (f"{score:.2f}" for score in (result.quality_score, result.speed_score, result.combined_score))
    return best, result.generator_name, verdict, *scores, "yes" if result.id in front else "", f"{result.generation_time:.1f}", result.id


def _soft(told: Sequence[SoftEvidence], results: Sequence[GenerationResult]) -> Iterator[str]:
    """What was said of each candidate beside its verdict; of its ratings what they come to now."""
    for result in results:
        said = {evidence.kind: evidence.value for evidence in told if evidence.result_id == result.id}
        if said:
            kinds = ", ".join(f"{kind} {value:.2g}" for kind, value in said.items())
            yield f"soft       {result.generator_name}: {kinds}" + ("; its verdict is what counts" if result.moves_posterior else "")


def _measured(result: GenerationResult) -> str:
    """What weights asked for, and who said it."""
    return ", ".join(f"{name} {result.measures[name]:.2f} ({tool})" for name, tool in result.tools.items() if name in result.measures)


def _written(result: GenerationResult) -> str:
    """A candidate's code; where none was found in what the model wrote, that."""
    if result.pruned:
        return "(retention dropped its code)"
    if result.code or not result.text.strip():
        return result.code or "(nothing was written)"
    text = result.text.strip()
    return f"(no code was found in this)\n{text[:MESSAGE]}" + ("\n…" if len(text) > MESSAGE else "")


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
