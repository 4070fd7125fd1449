"""Off-policy evaluation on our own logs of recorded outcomes, and speed; writes RESULTS.md.

python -m experiments.replay.run --data FOLDER [--logs 100] [--no-libraries]   (from the top of a checkout)
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np

from banditgen.bandit import choose, make_policy
from banditgen.offline.evaluate import Estimate, Log, evaluate
from banditgen.offline.replay import draw_outcomes, empty_state, observe
from experiments.regret.matrices import Matrix, recorded
from experiments.replay.speed import decisions, throughput

K = 3
HERE = Path(__file__).parent


def own_log(matrix: Matrix, name: str, seed: int, rounds: int) -> Log:
    """What our policy logs when it races live on these outcomes: exact propensities, ε = 0.05."""
    outcomes, arms = matrix
    table = draw_outcomes(outcomes, rounds, [seed])[0][0]
    rng, state, policy = np.random.default_rng([seed, 2]), empty_state(arms, np.ones(len(arms)), 1), make_policy(name)
    raced, q = np.empty((rounds, K), np.int64), np.empty((rounds, len(arms)))
    for t in range(rounds):
        choice = choose(policy, state, K, rng)
        raced[t], q[t] = choice.arms, choice.propensities
        observe(state, raced[t : t + 1], table[t, raced[t]][None])
    return Log(raced, np.take_along_axis(table, raced, 1), q)


def row(label: str, truth: float, estimates: list[Estimate]) -> str:
    """Bias, coverage and width over those logs that were not refused."""
    said = [(e.value, e.low, e.high) for e in estimates if e.value is not None and e.low is not None and e.high is not None]
    if not said:
        return f"| {label} | refused on all {len(estimates)} |  |  |"
    value, low, high = np.array(said).T
    covered = f"{np.mean((low <= truth) & (truth <= high)):.0%} of {len(said)}"
    bias = f"{value.mean() - truth:+.4f} ± {1.96 * value.std(ddof=1) / np.sqrt(len(said)):.4f}"
    return f"| {label} | {bias} | {covered} | {np.mean(high - low):.3f} |"


def coverage(name: str, matrix: Matrix, policy: str, logs: int, rounds: int) -> list[str]:
    """One table: targets × estimators."""
    rate = np.nanmean(matrix[0], (1, 2))
    order = np.argsort(-rate)
    targets = {"uniform": np.full(len(rate), K / len(rate)), "the three best arms": np.isin(np.arange(len(rate)), order[:K]).astype(float)}
    lines = [
        f"## {name}: {logs} logs of `{policy}`, {rounds} races each",
        "",
        "| target, estimator | bias | covered (95 % promised) | mean width |",
    ]
    lines.append("| --- | --- | --- | --- |")
    kept = [own_log(matrix, policy, seed, rounds) for seed in range(logs)]
    for label, target in targets.items():
        truth = float((target * rate).sum() / target.sum())
        found = [evaluate(log, target) for log in kept]
        lines.append(row(f"{label}, doubly robust (sequence)", truth, [f.doubly_robust for f in found]))
        lines.append(row(f"{label}, inclusion IPS (sequence)", truth, [f.ips for f in found]))
        lines.append(row(f"{label}, SNIPS (normal)", truth, [f.snips for f in found]))
        naive = np.array([f.naive for f in found]) - truth
        lines.append(f"| {label}, naive arm mean | {naive.mean():+.4f} ± {1.96 * naive.std(ddof=1) / np.sqrt(logs):.4f} |  |  |")
        lines.append(f"| {label}, effective sample size | {np.mean([f.sample_size for f in found]):.0f} outcomes |  |  |")
    return [*lines, ""]


def main() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("BANDITGEN_DATA"))
    parser.add_argument("--logs", type=int, default=100)
    parser.add_argument("--libraries", action=argparse.BooleanOptionalAction, default=True)
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("give --data or set BANDITGEN_DATA to the folder of recorded outcomes")
    lines = ["# Replay: what logs say, and speed", "", "Written by `python -m experiments.replay.run`.", ""]
    matrices = recorded(Path(arguments.data))
    for name in ("ollama without qwen", "cruxeval_o small"):
        lines += coverage(name, matrices[name], "thompson", arguments.logs, 300)
        print(name, flush=True)
    lines += ["## Decisions, K = 15, k = 3: median microseconds", "", "| who | select | update |", "| --- | --- | --- |"]
    lines += [f"| {label} | {select:.1f} | {update:.1f} |" for label, (select, update) in decisions(arguments.libraries).items()]
    lines += ["", "## Throughput, seconds", ""] + [f"- {label}: {seconds:.2f}" for label, seconds in throughput().items()]
    (HERE / "RESULTS.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
