"""`banditgen evolve`: breed new arms from those of a strategy, on tasks, with real models."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import Any

import click

from banditgen._loop import run_sync
from banditgen._task_files import read_tasks
from banditgen.arm import model_key
from banditgen.bandit.features import log_size
from banditgen.cli.histories import history_to_write
from banditgen.cli.output import errors, print_json, print_table, safe, shared
from banditgen.errors import ModelNotFoundError, StrategyError, UsageError
from banditgen.evolution.offline import HEADER, BredArm, Evolved, evolve, strategy_text
from banditgen.evolution.plan import Plan
from banditgen.generators.base import ModelInfo
from banditgen.racing import defaults
from banditgen.session import BanditGenerator
from banditgen.task import Task

OUTPUT = Path("evolved.toml")
DEMO_MAX_TOKENS = 256  # the demo's small tasks need no more; small models that ramble on would use up the budget


@click.command("evolve")
@click.option("--tasks", type=click.Path(path_type=Path), help="A .jsonl or .toml file of tasks with tests. Default: the demo's.")
@click.option("--type", "task_type", help="Only the tasks of this type: breeds specialists for it.")
@click.option("--generations", type=int, default=5, show_default=True, help="Generations of children.")
@click.option("--population", type=int, default=8, show_default=True, help="Arms that may breed, and children a generation.")
@click.option("--budget", type=float, default=600.0, show_default=True, help="Model-seconds for everything; kept.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Races side by side, for hosts that have room.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help=f"The strategy file to write. Default: {OUTPUT}.")
@click.option("--checkpoint", type=click.Path(dir_okay=False, path_type=Path), help="Keep the run in this file, and go on from it.")
@click.option("--rewrite", help="The model that rewrites prompts. Default: the backend's largest model that chats.")
@click.option("--no-rewrite", is_flag=True, help="Only recombine prompts.")
@shared("strategy", "backend", "history", "seed", "json")
def command(
    tasks: Path | None,
    task_type: str | None,
    generations: int,
    population: int,
    budget: float,
    jobs: int,
    output: Path | None,
    checkpoint: Path | None,
    rewrite: str | None,
    no_rewrite: bool,
    strategy: str | None,
    backend: str | None,
    history: str | None,
    seed: int | None,
    as_json: bool,
) -> None:
    """Breed new arms from a strategy's and write those that win as a strategy file.

    Children differ in model, sampling settings and prompt. They are raced on the tasks, each race is kept in the history as any
    other, and what is clearly worse is raced no more.
    """
    plan = Plan(generations, population, budget, 0 if seed is None else seed)
    target = _writable(output)
    chosen = _tasks(tasks, task_type)
    with contextlib.ExitStack() as opened:
        store = opened.enter_context(history_to_write(history))
        start = defaults.default_strategy(strategy, store)
        if tasks is None and start.models is not None:
            start = dataclasses.replace(start, max_tokens=min(start.max_tokens, DEMO_MAX_TOKENS))
        bandit = opened.enter_context(BanditGenerator.open(start, backend=backend, history=store, seed=seed))
        known = run_sync(bandit.backend.models())
        models = [model.name for model in known] if start.models is not None else []
        models = list(dict.fromkeys([*models, *(arm.model for arm in bandit.arms)]))
        rewriter = None if no_rewrite else _rewriter(known, rewrite)
        errors.print(
            safe(
                f"{len(bandit.arms)} arms on {len(chosen)} tasks, {bandit.backend.name}: {', '.join(models)}"
                + (f"; {rewriter} rewrites prompts" if rewriter else "")
            )
        )
        evolved = evolve(
            bandit.racer,
            bandit.arms,
            models,
            chosen,
            plan,
            k=start.k,
            criteria_for=start.criteria_for,
            rewriter=rewriter,
            keep=checkpoint,
            on_generation=lambda now: _progress(now, plan),
            at_once=jobs,
        )
    if not evolved.arms:
        raise UsageError(f"a budget of {budget:g} model-seconds is too small for a single race: give more")
    _write(target, strategy_text(start, evolved))
    if as_json:
        print_json(_json(target, evolved))
    else:
        _report(target, evolved)


def _tasks(path: Path | None, task_type: str | None) -> list[Task]:
    if path is None:
        from banditgen.demo.catalogue import catalogue  # noqa: PLC0415 - only where it is wanted

        found = [entry.task for entry in catalogue()]
    else:
        found = read_tasks(path)
    chosen = [task for task in found if task_type in (None, task.context)]
    if not chosen:
        known = ", ".join(dict.fromkeys(task.context for task in found))
        raise UsageError(f"no task is of type {task_type!r}: there are {known}")
    return chosen


def _rewriter(known: list[ModelInfo], asked: str | None) -> str | None:
    """The model that rewrites: the one asked for, else the largest that does not say it cannot chat."""
    if asked is not None:
        if known and model_key(asked) not in {model_key(model.name) for model in known}:
            raise ModelNotFoundError(f"no model {asked!r} to rewrite prompts: the backend has {', '.join(model.name for model in known)}")
        return asked
    chatting = [model for model in known if not model.note.startswith("base model")]
    return max(chatting, key=_size).name if chatting else None


def _size(model: ModelInfo) -> tuple[float, float]:
    said = log_size(model.name)
    return (-float("inf") if said != said else said, model.size_bytes or 0)  # noqa: PLR0124 - NaN is a name without a size


def _writable(output: Path | None) -> Path:
    """Where to write, found out before anything is spent; a file that is not ours is only replaced where it is named."""
    target = output or OUTPUT
    try:
        if output is None and target.exists() and not target.read_text(encoding="utf-8", errors="replace").startswith(HEADER):
            raise UsageError(f"{target} is there already and no work of this command: give --output FILE")
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("a", encoding="utf-8"):
            pass
        if not target.stat().st_size:
            target.unlink()
    except OSError as error:
        raise StrategyError(f"{target}: can't be written: {error.strerror or error}") from None
    return target


def _write(target: Path, text: str) -> None:
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StrategyError(f"{target}: can't be written: {error.strerror or error}") from None


def _progress(now: Evolved, plan: Plan) -> None:
    best = f"best {now.arms[0].arm.name}, quality {_interval(now.arms[0])}" if now.arms else "nothing could be raced to its end"
    errors.print(
        safe(f"generation {now.generations} of {plan.generations}: {best}, {now.model_seconds:.0f} of {plan.budget:g} model-seconds")
    )


def _report(target: Path, evolved: Evolved) -> None:
    print_table(
        ("arm", "expected quality", "passed", "of", "seconds", "parents", "what is new"),
        [
            (
                bred.arm.name,
                _interval(bred),
                str(bred.passes),
                str(bred.tries),
                f"{bred.seconds:.1f}",
                ", ".join(bred.parents),
                bred.change,
            )
            for bred in evolved.arms
        ],
    )
    click.echo(f"\n{evolved.generations} generations, {evolved.model_seconds:.0f} model-seconds. Strategy: {target}")
    if not evolved.arms[0].parents:
        best = evolved.arms[0].arm.name
        errors.print(safe(f"no child won: {best}, with which it started, is still ahead; give more generations, budget or tasks"))


def _interval(bred: BredArm) -> str:
    return f"{bred.quality:.2f} ({bred.low:.2f} – {bred.high:.2f})"


def _json(target: Path, evolved: Evolved) -> dict[str, Any]:
    return {
        "strategy": str(target),
        "arms": [
            {
                "name": bred.arm.name,
                "model": bred.arm.model,
                "temperature": bred.arm.temperature,
                "arm_id": bred.arm.arm_id,
                "parents": list(bred.parents),
                "change": bred.change,
                "evidence": {
                    "passes": bred.passes,
                    "tries": bred.tries,
                    "expected_quality": bred.quality,
                    "low": bred.low,
                    "high": bred.high,
                    "seconds": bred.seconds,
                },
            }
            for bred in evolved.arms
        ],
        "model_seconds": evolved.model_seconds,
        "generations": evolved.generations,
    }
