"""Tools and live evolution where the truth is known: nothing to find, one best arm, a truth that changes, a peak between the arms.

python -m experiments.live_evolution.run nothing --seeds 100 --races 240 [--evolve] [--k 3] [--policy best_set]
python -m experiments.live_evolution.run many --seeds 1000 --races 2000
python -m experiments.live_evolution.run best --seeds 40
python -m experiments.live_evolution.run change --seeds 20
python -m experiments.live_evolution.run peak --seeds 30 --races 800
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np

from banditgen.arm import GeneratorConfig, arm_id
from banditgen.bandit import make_policy
from banditgen.bandit.arrays import Floats, Ints
from banditgen.bandit.base import RandomSource, State
from banditgen.evolution.experts import name_best
from banditgen.offline import replay
from banditgen.strategy.evolution import Evolution
from experiments.live_evolution.world import Run, play

EQUAL = [GeneratorConfig(f"equal{i}", f"model{i // 4}", (0.1, 0.4, 0.7, 1.0)[i % 4]) for i in range(20)]
SIX = [GeneratorConfig(f"arm{i}", f"model{i // 3}", (0.1, 0.5, 0.9)[i % 3]) for i in range(6)]
EVOLUTION = Evolution(max_arms=24)


def wilson(hits: int, of: int) -> str:
    z, p = 1.96, hits / of
    centre, half = (p + z * z / (2 * of)) / (1 + z * z / of), z * np.sqrt(p * (1 - p) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return f"{hits}/{of} ({max(centre - half, 0):.1%} to {min(centre + half, 1):.1%})"


def nothing(options: argparse.Namespace) -> dict[str, Any]:
    """20 equal arms: does any look name a tool, does any arm take over?"""
    runs: list[Run] = []
    for seed in range(options.seeds):
        evolution = EVOLUTION if options.evolve else None
        runs.append(play(lambda *_: options.rate, EQUAL, options.races, seed, evolution=evolution, k=options.k, policy=options.policy))
    shares = {name: np.array([run.shares(options.races // 4)[name] for run in runs]) for name in ("places", "stood", "won")}
    told: dict[str, Any] = {"runs with a tool": wilson(sum(any(run.tools) for run in runs), len(runs))}
    for name, values in shares.items():
        told[f"runs where one arm holds more than a third: {name}"] = wilson(int((values > 1 / 3).sum()), len(runs))
        told[f"largest share, median and 95 % quantile: {name}"] = [round(float(q), 3) for q in np.quantile(values, [0.5, 0.95])]
    told["born, graduated, retired"] = [
        sum(e.event == kind for run in runs for e in run.events) for kind in ("born", "graduated", "retired")
    ]
    return told


class Exploring:
    """A policy with the 5 % of random sets that live choices have, for many seeds at once."""

    name, version, randomised = "exploring", "1", True

    def __init__(self, policy: str) -> None:
        name, _, sharpness = policy.partition(", sharpness ")
        self._policy, self._rng = make_policy(name, **({"sharpness": float(sharpness)} if sharpness else {})), np.random.default_rng(1)

    def sets(self, state: State, k: int, rng: RandomSource, size: int) -> Ints:
        arms = self._policy.sets(state, k, rng, size)
        random = self._rng.random((size, state.arms)).argsort(1)[:, :k]
        chosen: Ints = np.where((self._rng.random(size) < 0.05)[:, None], random, arms)
        return chosen

    def means(self, state: State) -> Floats:
        return self._policy.means(state)

    def draws(self, state: State, rng: RandomSource, size: int) -> Floats:
        return self._policy.draws(state, rng, size)


def raced(rates: Floats, policy: str, k: int, options: argparse.Namespace, alpha: float) -> tuple[Ints, Floats, Ints, Ints]:
    """Many seeds at once on arms (K,) of these pass rates: (choices, their rewards, the first look at which the confidence
    sequences name an arm or -1, which arm). A look is every 25 races. What the posterior says is not asked.
    """
    rng, arms = np.random.default_rng(3), len(rates)
    table = (rng.random((options.seeds, options.races, arms)) < rates) * rng.uniform(0.7, 0.95, (options.seeds, options.races, arms))
    when, which = np.full(options.seeds, -1), np.full(options.seeds, -1)

    def watch(race: int, state: State) -> None:
        if race % 25 == 0 and race > 0:
            low, high = name_best(state.passes, state.fails, state.total, state.square, alpha)
            above = low > np.where(np.eye(arms, dtype=bool), -1.0, high[:, None, :]).max(2)
            new = above.any(1) & (when < 0)
            when[new], which[new] = race, above.argmax(1)[new]

    named = [GeneratorConfig(f"arm{i}", f"model{i // 3}", (0.1, 0.5, 0.9)[i % 3]) for i in range(arms)]
    state = replay.empty_state(named, np.ones(arms), options.seeds)
    choices = replay.play(Exploring(policy), table, state, k, range(options.seeds), watch)
    return choices, np.take_along_axis(table, choices, 2), when, which


def many(options: argparse.Namespace) -> dict[str, Any]:
    """20 equal arms, longer and more often, by the confidence sequences alone (a tool needs the posterior's word as well)."""
    told = {}
    for policy in ("best_set", "thompson", "best_set, sharpness 1", "thompson, sharpness 1", "mp_ts"):
        for k in (1, 3):
            choices, rewards, when, _ = raced(np.full(20, options.rate), policy, k, options, 0.05)
            last, reward = choices[:, -options.races // 4 :], rewards[:, -options.races // 4 :]
            winner = np.where(reward.max(2) > 0, np.take_along_axis(last, reward.argmax(2)[..., None], 2)[..., 0], -1)
            stood = np.array([[(run == arm).any(1).mean() for arm in range(20)] for run in last]).max(1)
            won = np.array([[(run == arm).mean() for arm in range(20)] for run in winner]).max(1)
            told[f"{policy}, k={k}"] = {"runs with a tool": wilson(int((when >= 0).sum()), options.seeds)} | {
                f"one arm {what} more than a third": f"{wilson(int((share > 1 / 3).sum()), options.seeds)}; median {np.median(share):.2f}"
                for what, share in (("stood in", stood), ("won", won), ("had", stood / k))
            }
    return told


def best(options: argparse.Namespace) -> dict[str, Any]:
    """One of six arms is best: after how many races of its task type (of two) is it a tool?"""
    told = {}
    for policy in ("best_set", "thompson"):
        for low in (0.5, 0.6, 0.7):
            for k in (2, 3):
                rates = np.array([low, low, low, 0.9, low, low])
                *_, when, which = raced(rates, policy, k, options, 0.05 / 2)
                found = when[when >= 0]
                quartiles = [float(q) for q in np.quantile(np.where(when < 0, np.inf, when), [0.25, 0.5, 0.75], method="nearest")]
                told[f"{policy}, k={k}, best 0.9, others {low}"] = {
                    "earned": f"{len(found)} of {options.seeds}",
                    "races, quartiles": quartiles,
                    "wrong": int((which[when >= 0] != 3).sum()),
                }
    return told


def change(options: argparse.Namespace) -> dict[str, Any]:
    """The tool's arm falls from 0.9 to 0.3 after 400 races and another rises to 0.9, silently or with new digests."""
    told = {}
    for name, digest in (("silently", lambda _: "one"), ("with a new digest", lambda race: "one" if race < 400 else "two")):
        gone, after = [], []
        for seed in range(options.seeds):
            positions = {arm_id(arm): i for i, arm in enumerate(SIX)}

            def rate(arm: Any, _: str, race: int, at: dict[str, int] = positions) -> float:
                return {(0, False): 0.9, (0, True): 0.3, (4, True): 0.9}.get((at[arm_id(arm)], race >= 400), 0.5)

            run = play(rate, SIX, 400 + options.races, seed, digest=digest, policy=options.policy)
            before = [own for race, _, own, status in run.tools if race <= 400 and status == "in force"]
            if not before:
                continue
            ended = [race for race, _, own, status in run.tools if race > 400 and (status == "retired" or own != before[-1])]
            again = [race for race, _, own, status in run.tools if race > 400 and status == "in force" and positions[own] == 4]
            gone.append(ended[0] - 400 if ended else None)
            after.append(again[0] - 400 if again else None)
        told[name] = {
            "tools before": len(gone),
            "races until retired": _quartiles(gone),
            "races until the new best is the tool": _quartiles(after),
        }
    return told


def _quartiles(races: list[int | None]) -> dict[str, Any]:
    found = [race for race in races if race is not None]
    return {
        "in": f"{len(found)} of {len(races)}",
        "quartiles": [float(q) for q in np.quantile(found, [0.25, 0.5, 0.75])] if found else None,
    }


def peak(options: argparse.Namespace) -> dict[str, Any]:
    """Three arms beside a peak: the pass rate is 0.9 at temperature 0.5 and falls by 0.08 for each 0.1; nothing else matters."""

    def true(temperature: float) -> float:
        return max(0.9 - 0.8 * abs(temperature - 0.5), 0.05)

    founders = [GeneratorConfig(f"t{heat:g}", "model", heat) for heat in (0.1, 0.9, 1.2)]
    told: dict[str, Any] = {}
    late: dict[str, list[float]] = {}
    solved: dict[str, list[float]] = {}
    fates = {(kind, fate): 0 for kind in ("better", "alike", "worse") for fate in ("graduated", "retired", "on trial")}
    first, trial_share = [], []
    for name, evolution in (("without", None), ("with", Evolution(max_arms=options.max_arms))):
        late[name], solved[name] = [], []
        for seed in range(options.seeds):
            run = play(lambda arm, *_: true(arm.temperature), founders, options.races, seed, evolution=evolution, policy=options.policy)
            quarter = run.races[-options.races // 4 :]
            late[name].append(float(np.mean([np.mean(passed) for _, _, passed, _ in quarter])))
            solved[name].append(float(np.mean([any(passed) for _, _, passed, _ in quarter])))
            if evolution is None:
                continue
            heat = {arm_id(arm): arm.temperature for arm in founders} | {own: r.settings["temperature"] for own, r in run.born.items()}
            fate = {event.arm_id: event.event for event in run.events if event.event in ("graduated", "retired")}
            graduated = {event.arm_id for event in run.events if event.event == "graduated"}
            for own, record in run.born.items():
                lead = true(heat[own]) - max(true(heat[parent]) for parent in record.parents)
                kind = "better" if lead > 0.03 else "worse" if lead < -0.03 else "alike"
                fates[kind, "graduated" if own in graduated else fate.get(own, "on trial")] += 1
            trial_share.append(_trial_share(run))
            good = [own for own in graduated if true(heat[own]) > 0.7]
            met = [i for i, (_, arms, _, _) in enumerate(run.races) if set(arms) & set(good)]
            first.append(bool(met))
    for what, values in (("candidates passed in the last quarter", late), ("races solved in the last quarter", solved)):
        gain = np.array(values["with"]) - np.array(values["without"])
        half = 1.96 * gain.std(ddof=1) / np.sqrt(len(gain))
        means = {name: round(float(np.mean(got)), 3) for name, got in values.items()}
        told[what] = means | {"gain": f"{gain.mean():+.3f} ± {half:.3f}"}
    told["children by how their true rate compares with their better parent's (0.03), and what became of them"] = {
        f"{kind}, {fate}": count for (kind, fate), count in fates.items()
    }
    told["runs in which a child with a true rate above 0.7 (founders: 0.58) graduated"] = f"{sum(first)} of {len(first)}"
    told["largest share of races with an arm on trial"] = round(max(trial_share), 3)
    return told


def _trial_share(run: Run) -> float:
    """The share of races after the first birth that held an arm which had not graduated by its last race there."""
    born = {event.arm_id for event in run.events if event.event == "born"}
    over = {event.arm_id for event in run.events if event.event == "graduated"}
    return float(np.mean([bool(set(arms) & (born - over)) for _, arms, _, _ in run.races]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["nothing", "many", "best", "change", "peak"])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--races", type=int, default=400)
    parser.add_argument("--rate", type=float, default=0.5)
    parser.add_argument("--k", type=int, default=3)
    parser.add_argument("--policy", default="best_set")
    parser.add_argument("--max-arms", type=int, default=6)
    parser.add_argument("--evolve", action="store_true")
    options = parser.parse_args()
    started = time.perf_counter()
    told = globals()[options.part](options)
    print(json.dumps({"options": vars(options), **told, "seconds": round(time.perf_counter() - started)}, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
