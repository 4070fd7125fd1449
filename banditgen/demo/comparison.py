"""Does learning pay? Policies replayed over the demo's recorded matrix: all arms on all tasks, several samples each."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

import numpy as np

from banditgen._text import one_line
from banditgen.arm import GeneratorConfig
from banditgen.bandit.arrays import Floats
from banditgen.demo.catalogue import TASK_TYPES, catalogue
from banditgen.errors import UsageError, install
from banditgen.generators.recordings import Recording, read_recordings
from banditgen.offline.replay import replay

SHIPPED = "best_set"  # the policy of the shipped strategies
LEARN = ("thompson", "bandit in waves")  # beside the bandit itself
K = 3
ROUNDS = 50  # races of each task type
SEEDS = 200


@dataclasses.dataclass(frozen=True)
class Row:
    """One policy: how it uses generations, and what share of tasks it solves.

    `solved` is (seeds, rounds, task types), 1 where a race was solved, `spent` the same with its generations, and `generations` their
    mean; `low` and `high` bound the mean over seeds (95 %).
    `gain` is bandit minus this policy in share of tasks solved, paired by seed, with its 95 % interval.
    """

    name: str
    generations: float
    solved: Floats
    spent: Floats
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
    """`compare_on` the demo's recorded matrix."""
    arms, outcomes = matrix(rows)
    return compare_on(arms, outcomes, k=K, rounds=rounds, seeds=seeds)


def compare_on(arms: Sequence[GeneratorConfig], outcomes: Mapping[str, Floats], *, k: int, rounds: int, seeds: int) -> list[Row]:
    """The shipped bandit, the same in waves that spend no more in the mean, Thompson sampling, the best single arm of all in hindsight,
    uniformly random arms, and all arms at once.

    Each policy plays `rounds` races per task type and seed, learning each type by itself; tasks and samples are drawn
    from the seed alone, so all policies meet the same tasks.

    Args:
        arms: K of them.
        outcomes: by task type (K, tasks, samples), 1 where a candidate passed, NaN for missing.
        k: arms in a race, at most K.
        rounds: races for each task type and seed.
        seeds: how many.
    """
    rates = np.mean([np.nanmean(table, axis=(1, 2)) for table in outcomes.values()], axis=0)
    best = int(rates.argmax())
    plays = {name: _play(policy, outcomes, arms, k, rounds, seeds) for name, policy in (("bandit", SHIPPED), ("thompson", "thompson"))}
    plays["bandit in waves"] = _play(SHIPPED, outcomes, arms, k, rounds, seeds, waves=True)
    plays[f"best fixed arm × {k} ({arms[best].name})"] = _fixed(outcomes, arms[best], best, k, rounds, seeds)
    plays["uniform"] = _play("uniform", outcomes, arms, k, rounds, seeds)
    plays["all arms"] = _play("uniform", outcomes, arms, len(arms), rounds, seeds)
    bandit = plays["bandit"][0].mean(axis=(1, 2))
    return [_row(name, *played, bandit) for name, played in plays.items()]


def _play(
    policy: str, outcomes: Mapping[str, Floats], arms: Sequence[GeneratorConfig], k: int, rounds: int, seeds: int, *, waves: bool = False
) -> tuple[Floats, Floats]:
    """(seeds, rounds, task types) each: whether a race was solved, and its generations."""
    played = [
        replay(policy, table, arms, k=k, rounds=rounds, seeds=_seeds(i, seeds), waves=waves) for i, table in enumerate(outcomes.values())
    ]
    spent = [np.full(one.best_reward.shape, float(k)) if one.generations is None else one.generations.astype(float) for one in played]
    return np.stack([one.best_reward for one in played], axis=2), np.stack(spent, axis=2)


def _fixed(outcomes: Mapping[str, Floats], arm: GeneratorConfig, index: int, k: int, rounds: int, seeds: int) -> tuple[Floats, Floats]:
    """One arm racing itself: k copies of it that never share a sample."""
    copies = [dataclasses.replace(arm, name=f"{arm.name} #{i}") for i in range(k)]
    split = {}
    for task_type, table in outcomes.items():
        own = np.full((k, *table.shape[1:]), np.nan)
        for sample in range(table.shape[2]):
            own[sample % k, :, sample] = table[index, :, sample]
        split[task_type] = own
    return _play("uniform", split, copies, k, rounds, seeds)


def _seeds(task_type: int, seeds: int) -> list[int]:
    return [1000 * task_type + seed for seed in range(seeds)]


def _row(name: str, solved: Floats, spent: Floats, bandit: Floats) -> Row:
    by_seed = solved.mean(axis=(1, 2))
    mean, half = _interval(by_seed)
    gain, gain_half = _interval(bandit - by_seed)
    return Row(name, float(spent.mean()), solved, spent, mean, mean - half, mean + half, (gain, gain - gain_half, gain + gain_half))


def _interval(values: Floats) -> tuple[float, float]:
    return float(values.mean()), float(1.96 * values.std(ddof=1) / np.sqrt(len(values)))


def verdict(rows: Sequence[Row]) -> str:
    """In one line, whether learning pays here."""
    others = [row for row in rows[1:] if row.generations == rows[0].generations and row.name not in LEARN]
    worse = [row.name for row in others if row.gain[1] > 0]
    better = [row.name for row in others if row.gain[2] < 0]
    if not better and len(worse) == len(others):
        return f"Learning pays here: at {K} generations a task the bandit solves more than every policy that does not learn."
    if better:
        return f"Learning does not pay here against {', '.join(better)}: at {K} generations a task it solves more than the bandit."
    return f"Learning pays against {', '.join(worse) or 'none'}; the rest is within noise at {K} generations a task."


def check_plot(path: Path) -> None:
    """See that a picture can be drawn there, before there is anything to draw.

    Raises:
        UsageError: matplotlib is not installed, the folder is not there, or the name's ending is no kind of picture.
    """
    try:
        from matplotlib.backend_bases import FigureCanvasBase  # noqa: PLC0415 - heavy, and only who wants the picture needs it
    except ImportError:
        raise UsageError(f"a plot needs matplotlib, which is not installed: {install('plots')}") from None
    kinds = FigureCanvasBase.get_supported_filetypes()
    if path.suffix.removeprefix(".").lower() not in kinds:
        raise UsageError(f"cannot draw {one_line(path)}: its name must end in one of .{', .'.join(sorted(kinds))}")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"cannot draw {one_line(path)}: there is no folder {one_line(path.absolute().parent)}")


def plot(rows: Sequence[Row], path: Path) -> None:
    """Draw tasks solved by each policy as generations are spent, with 95 % bands over seeds, into an image file."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - heavy, and only who wants the picture needs it

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for row in rows:
        per_round = row.solved.mean(axis=2)  # (seeds, rounds): share of the types' races that were solved
        total = per_round.cumsum(axis=1) * row.solved.shape[2]
        spent = row.spent.sum(axis=2).cumsum(axis=1).mean(axis=0)
        mean, half = total.mean(axis=0), 1.96 * total.std(axis=0, ddof=1) / np.sqrt(len(total))
        (line,) = axes.plot(spent, mean, label=f"{row.name}: {row.share:.0%} of tasks, {row.generations:.3g} generations each")
        axes.fill_between(spent, mean - half, mean + half, color=line.get_color(), alpha=0.2, linewidth=0)
    axes.set_xlim(0, ROUNDS * K * len(TASK_TYPES))
    axes.set_xlabel("generations spent")
    axes.set_ylabel("tasks solved")
    axes.set_title(f"Replay over recorded outcomes, {len(rows[0].solved)} seeds (bands: 95 % of the mean)")
    axes.legend(frameon=False, fontsize="small")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=130)
