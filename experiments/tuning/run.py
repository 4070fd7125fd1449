"""Tuning on planted truth and planted nothing, and replay on logs of known policies; writes RESULTS.md.

python -m experiments.tuning.run [--runs 200] [--part truth …]   (from the top of a checkout; parts that are not named keep their figures)
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import beta, f

from banditgen.arm import GeneratorConfig
from banditgen.bandit import choose, make_policy
from banditgen.offline.evaluate import Log, compare
from banditgen.offline.replay import empty_state, observe
from banditgen.offline.tune import Evidence, Tuned, open_storage, tune
from banditgen.offline.tune.evidence import Settings
from banditgen.offline.tune.permutation import Said, gain
from banditgen.offline.tune.problem import Problem
from banditgen.offline.tune.steps import Weights, ratios
from banditgen.scoring import SelectionCriteria
from banditgen.selection import learned_weights
from banditgen.strategy import Strategy
from tests.planted import candidate, noise_alone, pairs, worth
from tests.planted import ratings as rated_by

HERE = Path(__file__).parent
IN_USE = Strategy.load("balanced")
TRIALS = 30


def tuned(evidence: Evidence, seed: int, trials: int = TRIALS) -> Tuned:
    return tune(evidence, IN_USE, storage=open_storage(None), trials=trials, seed=seed)


def share(hits: list[bool]) -> str:
    """A percentage with its exact 95 % interval (Clopper and Pearson)."""
    n, k = len(hits), sum(hits)
    low = 0.0 if k == 0 else float(beta.ppf(0.025, k, n - k + 1))
    high = 1.0 if k == n else float(beta.ppf(0.975, k + 1, n - k))
    return f"{k / n:.1%} ({low:.1%} – {high:.1%})"


def truth(runs: int) -> list[str]:
    lines = [
        "| hidden weight of quality | within ±0.05 | change proposed | mean error | least squares: within ±0.05 |",
        "| --- | --- | --- | --- | --- |",
    ]
    return lines + [with_hidden(weight, runs) for weight in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.9)]


def with_hidden(weight: float, runs: int) -> str:
    found, plain = [], []
    for i in range(runs):
        evidence = rated_by(np.random.default_rng([1, int(weight * 100), i]), 200, weight)
        found.append(tuned(evidence, i))
        x = np.c_[np.ones(200), evidence.values[evidence.rated]]
        _, quality, speed = np.linalg.lstsq(x, evidence.satisfaction, rcond=None)[0]
        plain.append(abs(quality / (quality + speed) - weight) <= 0.05)
    errors = np.array([one.weights["quality"] - weight for one in found])
    within, proposed = share([bool(abs(e) <= 0.05) for e in errors]), share([one.strategy is not None for one in found])
    return f"| {weight:g} | {within} | {proposed} | {errors.mean():+.4f} ± {1.96 * errors.std() / runs**0.5:.4f} | {share(plain)} |"


def rich(rng: np.random.Generator, *, preferred: bool = False, noise: bool = False) -> Evidence:
    """200 opinions on candidates with times, two further measures and three task types: every step of tuning is tried."""
    criteria, rows, chosen = SelectionCriteria(), [], []

    def one() -> dict[str, Any]:
        generation, execution = float(np.clip(rng.normal(30, 15), 0.5, 90)), float(abs(rng.normal(2, 1)))
        measures = {"docs": float(rng.random()), "style": float(rng.random())}
        known = {"generation_time": generation, "execution_time": execution, "measures": measures}
        return {"quality": float(np.clip(rng.normal(0.6, 0.2), 0, 1)), "speed": criteria.speed(generation, execution), **known}

    for _ in range(200):
        kind, a, b = "abc"[rng.integers(3)], one(), one()
        lead = 0.0 if noise else worth(a, 0.7) - worth(b, 0.7)
        chosen.append((kind, a, b) if lead + rng.normal(0, 0.14) > 0 else (kind, b, a))
        said = rng.random() if noise else np.clip(worth(a, 0.7) + rng.normal(0, 0.1), 0, 1)
        rows.append((kind, a, float(said), 1.0, None))
    return Evidence.build(preferences=chosen) if preferred else Evidence.build(rows)


WORLDS: dict[str, Callable[[np.random.Generator], Evidence]] = {
    "200 ratings, the truth is in use (0.7)": lambda rng: rated_by(rng, 200, 0.7),
    "30 ratings, the truth is in use": lambda rng: rated_by(rng, 30, 0.7),
    "200 ratings that are noise": lambda rng: noise_alone(rng, 200),
    "200 preferences, the truth is in use": lambda rng: Evidence.build(preferences=pairs(rng, 200, 0.7)),
    "200 ratings with times, measures and types, the truth is in use": rich,
    "the same, noise": lambda rng: rich(rng, noise=True),
    "200 preferences with times, measures and types, the truth is in use": lambda rng: rich(rng, preferred=True),
}


def nothing(runs: int) -> list[str]:
    lines = ["| evidence | no change proposed | steps that were taken falsely |", "| --- | --- | --- |"]
    return lines + [in_world(name, runs // 4 if "preferences with" in name else runs) for name in WORLDS]  # these take seconds each


def in_world(name: str, runs: int) -> str:
    number = list(WORLDS).index(name)
    found = [tuned(WORLDS[name](np.random.default_rng([2, number, i])), i, trials=3) for i in range(runs)]
    steps = [step.name for one in found for step in one.steps if step.taken]
    counts = ", ".join(f"{step} {steps.count(step)}" for step in dict.fromkeys(steps)) or "none"
    return f"| {name} | {share([one.strategy is None for one in found])} | {counts} |"


def calibration(runs: int) -> list[str]:
    """The step over the weights alone, where the truth is in use, beside least squares' exact F test of the same question."""
    lines = ["| chance allowed | called a gain by `tune` | by the F test |", "| --- | --- | --- |"]
    ours, exact = np.empty(runs), np.empty(runs)
    for i in range(runs):
        evidence = rich(np.random.default_rng([7, i]))
        in_use, rng = Settings.of([IN_USE.criteria] * len(evidence.types), evidence.names), np.random.default_rng(i)
        problem = Problem.of(evidence, in_use, rng)
        ours[i] = gain(0.0, weights_ratios(problem, in_use, rng), evidence.size, 0.01).chance
        x, y = evidence.values[evidence.rated, :2], evidence.satisfaction
        line, plane = (_squares(np.c_[np.ones(len(y)), z], y) for z in (x @ (0.7, 0.3), x))
        exact[i] = f.sf((line - plane) / plane * (len(y) - 3), 1, len(y) - 3)
    return lines + [f"| {q:.1%} | {share(list(ours <= q))} | {share(list(exact <= q))} |" for q in (0.01, 0.025, 0.05, 0.1)]


def weights_ratios(problem: Problem, in_use: Settings, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Likelihood ratios of the first step, of what was said and of its replicates, as `tune` takes them."""
    rated, satisfaction, leads = problem.opinions(in_use.scores(problem.evidence))
    said = Said.under(rated[0], satisfaction, problem.evidence.weight, leads[0], rng)
    return ratios(problem, Weights(in_use), said, said.fit(rated, problem.evidence.weight, leads)[0], rng)[0]


def _squares(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> float:
    return float(((y - x @ np.linalg.lstsq(x, y, rcond=None)[0]) ** 2).sum())


def logistic(lead: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    fitted = np.zeros(lead.shape[1])
    for _ in range(50):  # Newton's method
        wrong = 1 / (1 + np.exp(np.clip(lead @ fitted, -50, 50)))
        curvature = (lead * (wrong * (1 - wrong))[:, None]).T @ lead + 1e-6 * np.eye(lead.shape[1])
        fitted = fitted + np.linalg.solve(curvature, lead.T @ wrong)
    return fitted


def preferences(runs: int) -> list[str]:
    lines = [
        "| hidden weight, evidence | tuned | 0.7/0.3 | online rule | logistic regression | tuned − logistic |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for weight in (0.35, 0.55, 0.9):
        for n in (50, 200):
            hits: dict[str, list[float]] = {"tuned": [], "use": [], "online": [], "logistic": []}
            for i in range(runs):
                rng = np.random.default_rng([3, int(weight * 100), n, i])
                evidence = Evidence.build(preferences=pairs(rng, n, weight))
                online = (0.7, 0.3)
                for quality, speed in evidence.values[evidence.better]:
                    said = float(np.clip(worth({"quality": quality, "speed": speed}, weight) + rng.normal(0, 0.1), 0, 1))
                    online = learned_weights(*online, said, 0.1)
                fresh = Evidence.build(preferences=pairs(rng, 2000, weight))
                test = fresh.values[fresh.better] - fresh.values[fresh.worse]
                own = tuned(evidence, i, trials=15).weights
                lead = evidence.values[evidence.better] - evidence.values[evidence.worse]
                answers = {"tuned": (own["quality"], own["speed"]), "use": (0.7, 0.3), "online": online, "logistic": logistic(lead)}
                for name, weights in answers.items():
                    hits[name].append(float((test @ np.asarray(weights) > 0).mean()))
            means = [f"{np.mean(values):.2%}" for values in hits.values()]
            gap = np.array(hits["tuned"]) - np.array(hits["logistic"])
            error = 1.96 * gap.std() / runs**0.5
            lines.append(f"| {weight:g}, {n} preferences | {' | '.join(means)} | {gap.mean() * 100:+.2f} ± {error * 100:.2f} points |")
    return lines


def thin(runs: int) -> list[str]:
    """Two types with 100 ratings, three with 6; by how much types differ. Errors of three ways to weigh the thin ones."""
    lines = [
        "| types differ by | the whole's weights | the type's own ratings alone | tuned by type | by type proposed |",
        "| --- | --- | --- | --- | --- |",
    ]
    for spread in (0.0, 0.1, 0.2):
        errors: dict[str, list[float]] = {"whole": [], "own": [], "tuned": []}
        proposed = []
        for i in range(runs):
            rng = np.random.default_rng([4, int(spread * 100), i])
            names = ["big1", "big2", "thin1", "thin2", "thin3"]
            hidden = dict(zip(names, np.clip(0.5 + spread * rng.standard_normal(5), 0, 1), strict=True))
            rows = []
            for name in names:
                for _ in range(100 if name.startswith("big") else 6):
                    one = candidate(rng)
                    rows.append((name, one, float(np.clip(worth(one, hidden[name]) + rng.normal(0, 0.1), 0, 1)), 1.0, None))
            found = tuned(Evidence.build(rows), i, trials=15)
            proposed.append(any(step.taken for step in found.steps if step.name == "types"))
            for name in names[2:]:
                own = [(one["quality"], one["speed"], said) for kind, one, said, *_ in rows if kind == name]
                q, s, y = np.array(own).T
                slope = float(np.clip(((q - s - (q - s).mean()) * (y - s)).sum() / ((q - s - (q - s).mean()) ** 2).sum(), 0, 1))
                guesses = {"whole": found.weights["quality"], "own": slope, "tuned": found.by_task_type[name]["quality"]}
                for way, guess in guesses.items():
                    errors[way].append((guess - hidden[name]) ** 2)
        lines.append(f"| {spread:g} | {' | '.join(f'{np.mean(e) ** 0.5:.3f}' for e in errors.values())} | {share(proposed)} |")
    return lines


def power(runs: int) -> list[str]:
    lines = ["| off by | 20 ratings | 40 | 80 | 200 | needed, as told at 200 (median) |", "| --- | --- | --- | --- | --- | --- |"]
    for off in (0.1, 0.2, 0.3):
        cells, needed = [], [0]
        for n in (20, 40, 80, 200):
            found = [tuned(rated_by(np.random.default_rng([5, n, i]), n, 0.7 - off), i, trials=3) for i in range(runs)]
            cells.append(f"{np.mean([one.strategy is not None for one in found]):.0%}")
            needed = [one.needed or 0 for one in found]
        lines.append(f"| {off:g} | {' | '.join(cells)} | {np.median(needed):.0f} (for a difference of 0.2) |")
    return lines


def replayed(runs: int) -> list[str]:
    """Logs of 300 decisions of Thompson sampling over 6 arms; the difference between two policies that are asked on them."""
    arms = [GeneratorConfig(f"a{i}", f"m{i}", 0.5) for i in range(6)]
    rates, policy = np.linspace(0.2, 0.7, 6), make_policy("thompson")
    targets = {"the two best arms − uniform": (np.full(6, 1 / 3), np.eye(6)[[4, 5]].sum(0)), "equal policies": (np.full(6, 1 / 3),) * 2}
    targets["two policies of equal worth"] = (np.full(6, 1 / 3), np.array([0.5, 0.25, 0.25, 0.25, 0.25, 0.5]))
    rows: dict[str, list[Any]] = {name: [] for name in targets}
    for i in range(runs):
        rng, state = np.random.default_rng([6, i]), empty_state(arms, np.ones(6), 1)
        raced, rewards, q = np.empty((300, 2), np.int64), np.empty((300, 2)), np.empty((300, 6))
        for t in range(300):
            choice = choose(policy, state, 2, rng, particles=64, exploration=0.1)
            raced[t], q[t] = choice.arms, choice.propensities
            rewards[t] = rng.random(2) < rates[raced[t]]
            observe(state, raced[t : t + 1], rewards[t : t + 1])
        for name, (a, b) in targets.items():
            rows[name].append((compare(Log(raced, rewards, q), a, b), float((b - a) @ rates / 2)))
    lines = [
        "| B − A | truth | can't say | covered (95 % promised) | called better or worse | mean width |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, found in rows.items():
        said = [(c.difference, true) for c, true in found if c.refusal is None]
        covered = [bool(d.low - 1e-12 <= true <= d.high + 1e-12) for d, true in said]
        told = [bool(d.low > 0 or d.high < 0) for d, _ in said]
        width = np.mean([d.high - d.low for d, _ in said])
        refused = f"{len(found) - len(said)} of {runs}"
        lines.append(f"| {name} | {found[0][1]:+.3f} | {refused} | {share(covered)} | {share(told)} | {width:.3f} |")
    return lines


PARTS = {
    "truth": ("Planted truth: 200 ratings, measures' deviation 0.2, rating noise 0.1, 0.7 in use", truth),
    "nothing": ("Planted nothing: 0.7 in use", nothing),
    "calibration": ("200 ratings with times, measures and types, the truth in use: the step over the weights alone", calibration),
    "preferences": ("Held-out accuracy on 2,000 fresh preferences of the same raters", preferences),
    "thin": ("Thin task types: root mean square error of quality's weight in types with 6 ratings", thin),
    "power": ("How often a change is proposed, by how far 0.7 is off and how many ratings there are", power),
    "replay": ("Replay: the difference between two policies on a log of 300 decisions", replayed),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--part", choices=PARTS, nargs="*", default=list(PARTS))
    options = parser.parse_args()
    kept = HERE / "results.json"
    sections: dict[str, list[str]] = json.loads(kept.read_text()) if kept.exists() else {}
    for part in options.part:
        sections[part] = [f"{options.runs} runs each.", "", *PARTS[part][1](options.runs)]
        print(PARTS[part][0], *sections[part], sep="\n", flush=True)
        kept.write_text(json.dumps(sections, indent=1, ensure_ascii=False) + "\n")
        text = "# Tuning: planted truth and planted nothing\n\nWritten by `python -m experiments.tuning.run`; 95 % intervals.\n"
        text += "".join(f"\n## {PARTS[name][0]}\n\n" + "\n".join(sections[name]) + "\n" for name in PARTS if name in sections)
        (HERE / "RESULTS.md").write_text(text)


if __name__ == "__main__":
    main()
