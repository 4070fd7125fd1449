"""How many generations does it take to find an optimum that was planted?

    python experiments/evolution/planted.py FILE [--seeds 100] [--first 0] [--budget 1000] [--only NAME ...]
    python experiments/evolution/planted.py FILE --report

The surface, stated before any method was fitted to it. Each seed is a task type with an optimum of its own. The log-odds of a pass
are those of the optimum minus what each gene loses, plus an effect of the task and one of the arm on that task, both normal:

- three models lose 0, 0.7 and 1.4;
- temperature, top_p and repeat penalty each have a peak somewhere in the middle 80 % of their bounds and lose
  depth × (1 − exp(−d² / 2·0.3²)) at a distance d from it (as a share of the bounds), depths 1.5, 1.0 and 0.5 in random order;
- each slot of the prompt has one best fragment; every other loses size × U(0.3, 1), sizes 1.0, 0.6, 0.4, 0.2, 0 in random order;
- at the optimum a generation passes with 0.8 on the average task; a random genome has .34 on average, one of a hundred above .66.

An arm's value is its pass rate over all tasks (the effects integrated out). One generation is one Bernoulli outcome. The standard
deviations of the task (1.3) and of the arm on it (1.2) in log-odds are those that give the variances between tasks (.055) and of arms
on tasks (.042) in recorded generations (12 arms × 82 tasks × 20 samples, mean .51).

Contestants start from the same 8 random genomes:

- evolution: as `banditgen evolve` searches;
- unscreened: the same, its children raced as they are bred;
- random: the same estimate, racing and recommendation, but every child drawn at random from the space;
- TPE, NSGA-II: Optuna's samplers, each trial 10 generations on 10 tasks; the trial with the best mean is recommended.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from banditgen.evolution.fitness import Outcome
from banditgen.evolution.genome import GENES, Genome, Space
from banditgen.evolution.operators import Child, random_genome
from banditgen.evolution.plan import Heat, Plan
from banditgen.evolution.search import Search

MODELS = ("alpha:1b", "beta:3b", "gamma:7b")
NUMBERS = ("temperature", "top_p", "repeat_penalty")
MODEL_LOSSES, DEPTHS, SIZES = (0.0, 0.7, 1.4), (1.5, 1.0, 0.5), (1.0, 0.6, 0.4, 0.2, 0.0)
WIDTH = 0.3
BEST = 0.8
TASK_SD, PAIR_SD = 1.3, 1.2
FOUNDERS = 8
PER_GENERATION = 32  # model generations of one generation of children
TASKS = [f"task {number}" for number in range(2000)]
BATCH = 4  # races at a time
REPEATS = 10  # of an Optuna trial
TARGETS = (0.98, 0.95, 0.90)
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(31)

Curve = list[tuple[int, float]]
"""Generations spent, and the true value of the arm that is recommended then as a share of the optimum's."""


class Surface:
    """A planted optimum and the outcomes of one run on it."""

    def __init__(self, seed: int, noise: int) -> None:
        rng = np.random.default_rng([seed, 0])
        self.space = Space(MODELS, {name: GENES[name] for name in NUMBERS})
        self.losses = dict(zip(MODELS, rng.permutation(MODEL_LOSSES), strict=True))
        self.depths = dict(zip(NUMBERS, rng.permutation(DEPTHS), strict=True))
        self.peaks = {name: rng.uniform(0.1, 0.9) for name in NUMBERS}
        self.fragments: dict[str, dict[str, float]] = {}
        for size, (slot, texts) in zip(rng.permutation(SIZES), self.space.fragments.items(), strict=True):
            losses = size * rng.uniform(0.3, 1.0, len(texts))
            losses[rng.integers(len(texts))] = 0.0
            self.fragments[slot] = dict(zip(texts, losses, strict=True))
        self.founders = [random_genome(self.space, rng) for _ in range(FOUNDERS)]
        # of all log-odds between −8 and 8, those at which the average task is passed with BEST
        odds = np.linspace(-8, 8, 3201)
        self.top = float(odds[np.argmin([abs(passed(value) - BEST) for value in odds])])
        self.rng = np.random.default_rng([seed, 1, noise])
        self.effects: dict[str, float] = {}
        self.spent = 0

    def log_odds(self, genome: Genome) -> float:
        lost = self.losses[genome.model] + sum(self.fragments[slot][text] for slot, text in genome.texts.items())
        for name, depth in self.depths.items():
            distance = GENES[name].unit(getattr(genome, name)) - self.peaks[name]
            lost += depth * (1 - np.exp(-0.5 * (distance / WIDTH) ** 2))
        return float(self.top - lost)

    def share(self, genome: Genome) -> float:
        """The genome's value as a share of the optimum's."""
        return passed(self.log_odds(genome)) / BEST

    def generate(self, genome: Genome, task: str) -> float:
        effect = self.effects.setdefault(task, self.rng.normal(0, TASK_SD))
        odds = self.log_odds(genome) + effect + self.rng.normal(0, PAIR_SD)
        self.spent += 1
        return float(self.rng.random() < 1 / (1 + np.exp(-odds)))

    def race(self, job: Heat) -> list[Outcome]:
        return [Outcome(genome.arm_id, job.task, self.generate(genome, job.task), 1.0) for genome in job.genomes]


def passed(log_odds: float) -> float:
    """The share of tasks passed by an arm of these log-odds."""
    return float(WEIGHTS @ (1 / (1 + np.exp(-(log_odds + np.hypot(TASK_SD, PAIR_SD) * NODES)))) / WEIGHTS.sum())


def bred(seed: int, noise: int, budget: int, *, mate: str = "bred", screened: bool = True) -> Curve:
    surface = Surface(seed, noise)
    plan = Plan(max(1, budget // PER_GENERATION), FOUNDERS, float(budget), seed, **({} if screened else {"screened": 0}))
    one = Search(surface.space, surface.founders, TASKS, surface.race, plan, batch=BATCH)
    if mate == "random":
        one.toolbox.register("mate", lambda _: Child(random_genome(surface.space, one.rng)))
    curve: Curve = []
    while not one.finished:
        one.step()
        curve.append((surface.spent, surface.share(one.ranking()[0][0])))
    return curve


def sampled(seed: int, noise: int, budget: int, sampler: optuna.samplers.BaseSampler) -> Curve:
    surface = Surface(seed, noise)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    slots = surface.space.fragments
    for genome in surface.founders:
        fixed = {name: GENES[name].unit(getattr(genome, name)) for name in NUMBERS} | {"model": genome.model}
        study.enqueue_trial(fixed | {slot: texts.index(getattr(genome, slot)) for slot, texts in slots.items()})
    tasks = iter(surface.rng.permutation(TASKS * (1 + budget // len(TASKS))))
    curve: Curve = []
    best, best_mean = surface.founders[0], -1.0
    for _ in range(budget // REPEATS):
        trial = study.ask()
        numbers = {name: GENES[name].value(trial.suggest_float(name, 0.0, 1.0)) for name in NUMBERS}
        texts = {slot: known[trial.suggest_categorical(slot, range(len(known)))] for slot, known in slots.items()}
        settings: dict[str, Any] = {"model": trial.suggest_categorical("model", MODELS), **numbers, **texts}
        genome = Genome(**settings)
        mean = float(np.mean([surface.generate(genome, str(next(tasks))) for _ in range(REPEATS)]))
        study.tell(trial, mean)
        if mean > best_mean:
            best, best_mean = genome, mean
        curve.append((surface.spent, surface.share(best)))
    return curve


CONTESTANTS: dict[str, Callable[[int, int], Curve]] = {
    "evolution": lambda seed, budget: bred(seed, 0, budget),
    "unscreened": lambda seed, budget: bred(seed, 1, budget, screened=False),
    "random": lambda seed, budget: bred(seed, 2, budget, mate="random", screened=False),
    "TPE": lambda seed, budget: sampled(seed, 3, budget, optuna.samplers.TPESampler(seed=seed)),
    "NSGA-II": lambda seed, budget: sampled(seed, 4, budget, optuna.samplers.NSGAIISampler(seed=seed, population_size=20)),
}


def hit(curve: Sequence[Sequence[float]], target: float) -> float:
    """Generations until the recommended arm's value is at least so much of the optimum's; infinite where it never was."""
    return next((spent for spent, share in curve if share >= target), float("inf"))


def report(rows: list[dict[str, object]], rng: np.random.Generator) -> Iterator[str]:
    """Tables; intervals are 95 %, from drawing seeds with replacement."""
    curves = {(str(row["name"]), int(str(row["seed"]))): row["curve"] for row in rows}
    names = [name for name in CONTESTANTS if any(key[0] == name for key in curves)]
    budget = max(int(str(row["budget"])) for row in rows)
    for target in TARGETS:
        yield f"within {1 - target:.0%}: contestant, seeds, found within the budget, median generations (inf: not within {budget})"
        hits = {}
        for name in names:
            hits[name] = {seed: hit(curve, target) for (who, seed), curve in curves.items() if who == name}  # type: ignore[arg-type]
            values = np.array(list(hits[name].values()))
            drawn = values[rng.integers(len(values), size=(4000, len(values)))]
            yield f"  {name}: {len(values)}, {said(np.isfinite(drawn).mean(1), np.isfinite(values).mean())}, " + said(
                np.sort(drawn, 1)[:, len(values) // 2], median(values), 0
            )
        for name in names[1:]:
            both = sorted(hits["evolution"].keys() & hits[name].keys())
            ours, theirs = (np.array([hits[who][seed] for seed in both]) for who in ("evolution", name))
            drawn = rng.integers(len(both), size=(4000, len(both)))
            medians = [np.sort(values[drawn], 1)[:, len(both) // 2] for values in (ours, theirs)]
            most = np.minimum(theirs, budget) / 2  # what was not found within the budget takes longer than that
            sooner = said((ours <= most)[drawn].mean(1), float(np.mean(ours <= most)))
            ratio = said(medians[0] / np.minimum(medians[1], budget), median(ours) / min(median(theirs), budget))
            yield f"  evolution took at most half of what {name} took: {sooner} of seeds; ratio of medians at most {ratio}"
    at = [spent for spent in (100, 200, 400, 700, 1000, 1500, 2000, 3000) if spent <= budget]
    yield "mean share of the optimum after " + ", ".join(map(str, at))
    for name in names:
        own = [curve for (who, _), curve in curves.items() if who == name]
        values = np.array([[next((v for s, v in reversed(curve) if s <= spent), np.nan) for spent in at] for curve in own])  # type: ignore[call-overload]
        seconds = np.mean([float(str(row["seconds"])) for row in rows if row["name"] == name])
        yield f"  {name}: " + ", ".join(f"{value:.3f}" for value in np.nanmean(values, 0)) + f"; {seconds:.1f} s of processor time a run"


def median(values: np.ndarray) -> float:
    """The upper one, so that it is never between a number and infinity."""
    return float(np.sort(values)[len(values) // 2])


def said(drawn: np.ndarray, value: float, digits: int = 2) -> str:
    ordered = np.sort(drawn)
    low, high = ordered[int(0.025 * len(drawn))], ordered[int(0.975 * len(drawn))]
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="JSON lines; a run that is in it is not done again")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--budget", type=int, default=1000)
    parser.add_argument("--only", nargs="*", choices=CONTESTANTS, default=list(CONTESTANTS))
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    known = [json.loads(line) for line in options.file.read_text().splitlines()] if options.file.exists() else []
    done = {(row["name"], row["seed"]) for row in known}
    for seed in range(options.first, options.first + options.seeds) if not options.report else ():
        for name in options.only:
            if (name, seed) in done:
                continue
            started = time.process_time()
            curve = CONTESTANTS[name](seed, options.budget)
            row = {"name": name, "seed": seed, "budget": options.budget, "seconds": time.process_time() - started, "curve": curve}
            known.append(row)
            with options.file.open("a") as file:
                file.write(json.dumps(row) + "\n")
    print("\n".join(report(known, np.random.default_rng(0))))


if __name__ == "__main__":
    main()
