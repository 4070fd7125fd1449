"""Does learning pay? Policies replayed over the demo's recorded matrix: all arms on all tasks, several samples each."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from banditgen.arm import GeneratorConfig
from banditgen.demo.catalogue import TASK_TYPES, catalogue
from banditgen.generators.recordings import Recording, read_recordings
from banditgen.offline.replay import replay

Floats = NDArray[np.float64]

SHIPPED = "best_set"  # the policy of the shipped strategies
K = 3
ROUNDS = 50  # races of each task type
SEEDS = 200


@dataclasses.dataclass(frozen=True)
class Row:
    """One policy: how it uses generations, and what share of tasks it solves.

    `solved` is (seeds, rounds, task types), 1 where a race was solved; `low` and `high` bound the mean over seeds (95 %).
    `gain` is bandit minus this policy in share of tasks solved, paired by seed, with its 95 % interval.
    """

    name: str
    generations: int
    solved: Floats
    share: float
    low: float
    high: float
    gain: tuple[float, float, float]


def recordings() -> list[Recording]:
    """Every recorded generation of the demo's six arms, with its verdict; `prompt_id` is the task's name."""
    with resources.as_file(resources.files("banditgen.demo") / "recordings.jsonl.gz") as path:
        return list(read_recordings(path))


def matrix(rows: Sequence[Recording]) -> tuple[list[GeneratorConfig], dict[str, Floats]]:
    """The arms, and for each task type an array (arms, tasks, samples): 1 where the candidate passed, NaN for missing."""
    arms = sorted({(row.model, row.temperature) for row in rows})
    samples = 1 + max(row.sample for row in rows)
    types = {entry.task.name: entry.task.context for entry in catalogue()}
    outcomes = {}
    for task_type in TASK_TYPES:
        names = [name for name, own in types.items() if own == task_type]
        table = np.full((len(arms), len(names), samples), np.nan)
        for row in rows:
            if row.prompt_id in names and row.passed is not None:
                table[arms.index((row.model, row.temperature)), names.index(row.prompt_id), row.sample] = row.passed
        outcomes[task_type] = table
    return [GeneratorConfig(f"{model}_t{temperature:g}", model, temperature) for model, temperature in arms], outcomes


def compare(rows: Sequence[Recording], *, rounds: int = ROUNDS, seeds: int = SEEDS) -> list[Row]:
    """The shipped bandit, Thompson sampling, the best single arm of all in hindsight, uniformly random arms, and all arms at once.

    Each policy plays `rounds` races per task type and seed, learning each type by itself; tasks and samples are drawn
    from the seed alone, so all policies meet the same tasks.
    """
    arms, outcomes = matrix(rows)
    rates = np.mean([np.nanmean(table, axis=(1, 2)) for table in outcomes.values()], axis=0)
    best = int(rates.argmax())
    plays: list[tuple[str, int, Floats]] = []
    for name, policy, k in (
        ("bandit", SHIPPED, K),
        ("thompson", "thompson", K),
        ("uniform", "uniform", K),
        ("all arms", "uniform", len(arms)),
    ):
        plays.append((name, k, _play(policy, outcomes, arms, k, rounds, seeds)))
    plays.insert(2, (f"best fixed arm × {K} ({arms[best].name})", K, _fixed(outcomes, arms[best], best, rounds, seeds)))
    bandit = plays[0][2].mean(axis=(1, 2))
    return [_row(name, k, solved, bandit) for name, k, solved in plays]


def _play(policy: str, outcomes: dict[str, Floats], arms: Sequence[GeneratorConfig], k: int, rounds: int, seeds: int) -> Floats:
    played = [replay(policy, table, arms, k=k, rounds=rounds, seeds=_seeds(i, seeds)) for i, table in enumerate(outcomes.values())]
    return np.stack([one.best_reward for one in played], axis=2)


def _fixed(outcomes: dict[str, Floats], arm: GeneratorConfig, index: int, rounds: int, seeds: int) -> Floats:
    """One arm racing itself: K copies of it that never share a sample."""
    copies = [dataclasses.replace(arm, name=f"{arm.name} #{i}") for i in range(K)]
    split = {}
    for task_type, table in outcomes.items():
        own = np.full((K, *table.shape[1:]), np.nan)
        for sample in range(table.shape[2]):
            own[sample % K, :, sample] = table[index, :, sample]
        split[task_type] = own
    return _play("uniform", split, copies, K, rounds, seeds)


def _seeds(task_type: int, seeds: int) -> list[int]:
    return [1000 * task_type + seed for seed in range(seeds)]


def _row(name: str, k: int, solved: Floats, bandit: Floats) -> Row:
    by_seed = solved.mean(axis=(1, 2))
    mean, half = _interval(by_seed)
    gain, gain_half = _interval(bandit - by_seed)
    return Row(name, k, solved, mean, mean - half, mean + half, (gain, gain - gain_half, gain + gain_half))


def _interval(values: Floats) -> tuple[float, float]:
    return float(values.mean()), float(1.96 * values.std(ddof=1) / np.sqrt(len(values)))


def verdict(rows: Sequence[Row]) -> str:
    """In one line, whether learning pays here."""
    others = [row for row in rows[1:] if row.generations == rows[0].generations and row.name != "thompson"]  # thompson learns too
    worse = [row.name for row in others if row.gain[1] > 0]
    better = [row.name for row in others if row.gain[2] < 0]
    if not better and len(worse) == len(others):
        return f"Learning pays here: at {K} generations a task the bandit solves more than every policy that does not learn."
    if better:
        return f"Learning does not pay here against {', '.join(better)}: at {K} generations a task it solves more than the bandit."
    return f"Learning pays against {', '.join(worse) or 'none'}; the rest is within noise at {K} generations a task."


def plot(rows: Sequence[Row], path: Path) -> None:
    """Draw tasks solved by each policy as generations are spent, with 95 % bands over seeds, into an image file."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - heavy, and only who wants the picture needs it

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for row in rows:
        per_round = row.solved.mean(axis=2)  # (seeds, rounds): share of the types' races that were solved
        total = per_round.cumsum(axis=1) * row.solved.shape[2]
        spent = np.arange(1, total.shape[1] + 1) * row.generations * row.solved.shape[2]
        mean, half = total.mean(axis=0), 1.96 * total.std(axis=0, ddof=1) / np.sqrt(len(total))
        (line,) = axes.plot(spent, mean, label=f"{row.name}: {row.share:.0%} of tasks, {row.generations} generations each")
        axes.fill_between(spent, mean - half, mean + half, color=line.get_color(), alpha=0.2, linewidth=0)
    axes.set_xlim(0, ROUNDS * K * len(TASK_TYPES))
    axes.set_xlabel("generations spent")
    axes.set_ylabel("tasks solved")
    axes.set_title(f"Replay over recorded outcomes, {len(rows[0].solved)} seeds (bands: 95 % of the mean)")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=130)
