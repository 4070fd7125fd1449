"""Tables with intervals, plots, and RESULTS.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Curves = dict[str, dict[str, Floats]]
PLAIN = "mp_ts"


def interval(values: Floats) -> str:
    """Mean of per-seed values and its 95 % normal interval, in points."""
    return f"{100 * values.mean():+.2f} ± {196 * values.std(ddof=1) / np.sqrt(len(values)):.2f}"


def share(mine: Floats, uniform: Floats, ceiling: Floats) -> str:
    """(mean - uniform) / (ceiling - uniform), with a 95 % bootstrap interval over seeds (2,000 draws)."""
    rng = np.random.default_rng(0)
    draw = rng.integers(len(mine), size=(2000, len(mine)))
    ratio = (mine[draw] - uniform[draw]).mean(1) / (ceiling[draw] - uniform[draw]).mean(1)
    value = (mine - uniform).mean() / (ceiling - uniform).mean()
    low, high = np.quantile(ratio, [0.025, 0.975])
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def table(results: dict[str, Floats], ceiling: str) -> list[str]:
    """One matrix: a row for each policy, best first; references last."""
    means = {label: best.mean(1) for label, best in results.items()}
    uniform, top = means["uniform"], means[ceiling]
    rows = [
        "| policy | mean best reward | share of (ceiling − uniform) | paired against plain MP-TS, points | last quarter |",
        "| --- | --- | --- | --- | --- |",
    ]
    references = [label for label in results if label == ceiling or "hindsight" in label]
    players = sorted((label for label in results if label not in references), key=lambda label: -means[label].mean())
    for label in (*players, *references):
        m = means[label]
        n = len(m)
        late = results[label][:, -results[label].shape[1] // 4 :].mean()
        seeds = "" if n == len(uniform) else f" ({n} seeds)"
        difference = "" if label == PLAIN else interval(m - means[PLAIN][:n])
        name = f"**{label}**" if label in ("thompson", "best_set") else label
        rows.append(f"| {name}{seeds} | {m.mean():.4f} | {share(m, uniform[:n], top[:n])} | {difference} | {late:.4f} |")
    return rows


def verdicts(curves: Curves, ceiling: str) -> list[str]:
    """What the targets say, one line for each run and policy of ours."""
    rows = [
        "| run | policy | share | against plain MP-TS, points | against the best peer, points | best peer |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for run, results in curves.items():
        means = {label: best.mean(1) for label, best in results.items()}
        peers = [
            x
            for x in means
            if x not in ("thompson", "best_set", ceiling) and "hindsight" not in x and len(means[x]) == len(means["uniform"])
        ]
        best = max(peers, key=lambda label: means[label].mean())
        for ours in ("thompson", "best_set"):
            m = means[ours]
            cells = (run, ours, share(m, means["uniform"], means[ceiling]), interval(m - means[PLAIN]), interval(m - means[best]), best)
            rows.append(f"| {' | '.join(cells)} |")
    return rows


def plot(run: str, results: dict[str, Floats], path: Path) -> None:
    """Mean best reward over a moving window, with 95 % intervals over seeds."""
    figure = Figure(figsize=(8, 5))
    axes = figure.subplots()
    for label in ("uniform", PLAIN, "thompson", "best_set", "greedy", "full-information leader", "best set in hindsight"):
        curve = results[label]
        width = max(curve.shape[1] // 10, 1)
        smooth = np.apply_along_axis(np.convolve, 1, curve, np.ones(width) / width, "valid")
        half = 1.96 * smooth.std(0, ddof=1) / np.sqrt(len(smooth))
        at = np.arange(smooth.shape[1]) + width
        axes.plot(at, smooth.mean(0), label=label)
        axes.fill_between(at, smooth.mean(0) - half, smooth.mean(0) + half, alpha=0.15)
    axes.set(title=run, xlabel="races", ylabel=f"best reward, mean of the last {width} races")
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=90)


def write(here: Path, curves: Curves, changes: dict[str, Any], baselines: list[str], ours: list[str], ceiling: str) -> None:
    """RESULTS.md and results/*.png."""
    seeds = len(next(iter(curves.values()))["uniform"])
    lines = [
        "# Regret on recorded outcomes",
        "",
        f"Written by `python -m experiments.regret.run`: k = 3, {seeds} seeds, paired on the same tasks and outcomes; 95 % intervals.",
    ]
    lines += [
        f"Ours: `{'`, `'.join(ours)}`. Baselines as tuned on other matrices: `{'`, `'.join(baselines)}`.",
        "",
        "## Against the targets",
        "",
    ]
    lines += verdicts(curves, ceiling)
    for run, results in curves.items():
        image = "".join(c if c.isalnum() else "_" for c in run) + ".png"
        plot(run, results, here / "results" / image)
        lines += ["", f"## {run}", "", *table(results, ceiling), "", f"![{run}](results/{image})"]
    lines += [
        "",
        "## Races until the recommended arm is within 2 points of the best",
        "",
        "| matrix | uniform | thompson | best_set |",
        "| --- | --- | --- | --- |",
    ]
    for name, row in changes["recommendation"].items():
        known = np.isfinite(row["uniform"])
        cells = [f"{row['uniform']:.0f}" if known else "not within 1,500"]
        cells += [f"{row[p]:.0f}" + (f" ({100 * row[p] / row['uniform']:.0f} %)" if known else "") for p in ("thompson", "best_set")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", "## A new arm, the best of all, born after 300 races: its share of races in each 25 that follow", ""]
    lines += [f"- {name}: {', '.join(f'{x:.2f}' for x in row)}" for name, row in changes["births"].items()]
    lines += [
        "",
        "## Digests change after 300 races (the best model becomes the worst's, and the other way): best reward in each 50 races",
        "",
    ]
    lines += [f"- {name}: {', '.join(f'{x:.3f}' for x in row)}" for name, row in changes["digest"].items()]
    (here / "RESULTS.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
