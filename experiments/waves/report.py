"""RESULTS.md from the results that are there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def interval(difference: Floats, scale: float = 100.0) -> str:
    """Mean and 95 % half width of paired differences, in points."""
    return f"{scale * difference.mean():+.2f} ± {scale * 1.96 * difference.std(ddof=1) / len(difference) ** 0.5:.2f}"


def of(rows: dict[str, Any], label: str, what: str = "solved") -> Floats:
    """(seeds,)."""
    return np.array(rows[label][what])


def best_peer(rows: dict[str, Any]) -> str:
    """The policy that did best at once."""
    at_once = [label for label in rows if not label.startswith("waves") and label not in ("perfect", "spending")]
    return max(at_once, key=lambda label: float(of(rows, label).mean()))


def waves_table(found: dict[str, Any]) -> list[str]:
    """Waves against the best peer at once, and the way to perfect knowledge."""
    lines = [
        "| matrix | best at once | waves | generations | gain, points | perfect | share of the way | waves of thompson |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, result in found.items():
        rows = result["at k"]
        peer = best_peer(rows)
        once, waves, perfect = of(rows, peer), of(rows, "waves of best_set"), of(rows, "perfect")
        share = (waves.mean() - once.mean()) / (perfect.mean() - once.mean())
        lines.append(
            f"| {name} | {peer} {once.mean():.3f} | {waves.mean():.3f} | {of(rows, 'waves of best_set', 'generations').mean():.2f} "
            f"| {interval(waves - once)} | {perfect.mean():.3f} at {of(rows, 'perfect', 'generations').mean():.2f} "
            f"| {share:.0%} | {of(rows, 'waves of thompson').mean():.3f} |"
        )
    return lines


def once_table(found: dict[str, Any]) -> list[str]:
    """The default at once against the best tuned peer."""
    lines = ["| matrix | best_set | best tuned peer | difference, points |", "| --- | --- | --- | --- |"]
    gains = []
    for name, result in found.items():
        rows = {label: row for label, row in result["at k"].items() if label != "best_set"}
        peer, own = best_peer(rows), of(result["at k"], "best_set")
        gains.append(float((own - of(rows, peer)).mean()))
        lines.append(f"| {name} | {own.mean():.3f} | {peer} {of(rows, peer).mean():.3f} | {interval(own - of(rows, peer))} |")
    return [*lines, "", f"Mean {100 * np.mean(gains):+.2f} points, least {100 * np.min(gains):+.2f}."]


def timed_table(found: dict[str, Any]) -> list[str]:
    """At equal model seconds, and under weights of quality and speed."""
    lines = [
        "| matrix | what | best at once | its seconds | waves | their seconds | gain, points | seconds, ratio |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, result in found.items():
        for kind, rows in result.get("timed", {}).items():
            peer = best_peer(rows)
            once, waves = of(rows, peer), of(rows, "waves of best_set")
            spent, own = of(rows, peer, "seconds").mean(), of(rows, "waves of best_set", "seconds").mean()
            lines.append(
                f"| {name} | {kind} | {peer} {once.mean():.3f} | {spent:.2f} | {waves.mean():.3f} | {own:.2f} "
                f"| {interval(waves - once)} | {own / spent:.2f} |"
            )
    return lines


def budget_table(found: dict[str, Any]) -> list[str]:
    """Mean spending over the first races."""
    lines = ["| matrix | after 200 | after 400 | after 2,000 |", "| --- | --- | --- | --- |"]
    for name, result in found.items():
        spent = np.array(result["at k"]["spending"])
        cells = [f"{spent[:n].mean():.3f}" if len(spent) >= n else "" for n in (200, 400, 2000)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def write(here: Path) -> None:
    """RESULTS.md."""
    lines = ["# Races in waves, on recorded outcomes", "", (here / "about.md").read_text(encoding="utf-8").strip(), ""]
    for folder in sorted((path for path in (here / "results").glob("*") if path.is_dir()), key=lambda path: int(path.name)):
        found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
        if not found:
            continue
        seeds = min(result["seeds"] for result in found.values())
        lines += [f"## {folder.name} races, {seeds} seeds", "", "### Waves", "", *waves_table(found)]
        lines += ["", "### The default at once", "", *once_table(found)]
        if any("timed" in result for result in found.values()):
            lines += ["", "### Seconds", "", *timed_table(found)]
        lines += ["", "### Budget: mean generations of a race, k = 3", "", *budget_table(found), ""]
    (here / "RESULTS.md").write_text("\n".join(lines), encoding="utf-8")
