"""The evolution of arms: generations of children, raced until it is known which are better, within a budget of model-seconds.

DEAP's parts do what they are good at: NSGA-II's selection, the Pareto front as the hall of fame, the toolbox that holds the
operators and the caller's `map`. Nothing of DEAP's global state is touched and its operators that draw from `random` are not used,
so that a seed decides everything.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from deap import base, tools

from banditgen.bandit.arrays import Floats
from banditgen.errors import UsageError
from banditgen.evolution.fitness import Estimator, Outcome, Outcomes, QualityPosterior
from banditgen.evolution.genome import Genome, Space
from banditgen.evolution.kernel import Kernel
from banditgen.evolution.operators import Child, breed
from banditgen.evolution.plan import Evaluate, Heat, Plan, Rewrite
from banditgen.evolution.surrogate import surrogate_search

ATTEMPTS = 4  # children bred for each that is raced: those that were there before are left out
DRAWS = 2
WIDTH = 4  # arms that are raced against each other at a time
CLEARLY = 2.5  # standard deviations of a difference from which on an arm counts as clearly worse
CAUTION = 1.0  # standard deviations below the mean at which fitness is taken
MOST = 12  # outcomes of a generation, at most, for each arm that enters it
MARGIN = 1.25  # of the expected seconds that must be left for a race to start
GROWN = 1.5
REWRITE_SHARE = 10  # a rewriting may take a tenth of what is left at most
LOOKED_AT = 64  # tasks, or arms that may be the best, among which the next are chosen
KNOWN = 4  # tasks' worth of an arm's own times that weigh as much as its model's mean


class Fitness(base.Fitness):  # type: ignore[misc]  # DEAP has no type information
    """(expected quality's lower bound, model-seconds of a generation): the first wants to be high, the second low."""

    weights = (1.0, -1.0)


@dataclasses.dataclass
class Individual:
    """A genome as DEAP's tools want it."""

    genome: Genome
    arm_id: str
    fitness: Fitness = dataclasses.field(default_factory=Fitness)


class Search:
    """A run of evolution, one generation at a time.

    Args:
        space: where genomes may lie.
        founders: genomes to start from, at least one.
        tasks: names of the tasks to race on, at least one.
        evaluate: races a job.
        plan: how much.
        evidence: outcomes known before, of founders or others.
        map: runs `evaluate` over a batch of jobs: the builtin, or a pool's or cluster's, which race a batch's jobs at once.
        batch: jobs in a batch.
        rewrite: writes a fragment of a genome anew, once in a generation; None only recombines.
        keep: called with `state()` after every batch, before it and after every generation: what was paid for is never lost.
        born: called with each generation's children before they are raced.

    Raises:
        UsageError: no founders, no tasks, a founder outside the space.
    """

    def __init__(
        self,
        space: Space,
        founders: Sequence[Genome],
        tasks: Sequence[str],
        evaluate: Evaluate,
        plan: Plan,
        *,
        evidence: Outcomes | None = None,
        map: Callable[..., Iterable[Any]] = map,  # noqa: A002 - what DEAP's users know it by
        batch: int = 1,
        rewrite: Rewrite | None = None,
        keep: Callable[[dict[str, Any]], None] | None = None,
        born: Callable[[Sequence[Child]], None] | None = None,
    ) -> None:
        if not founders:
            raise UsageError("the population is empty: give at least one arm to start from")
        if not tasks:
            raise UsageError("there are no tasks to race on: give at least one")
        self.space, self.tasks, self.plan = space, list(dict.fromkeys(tasks)), plan
        self.rng = np.random.default_rng(plan.seed)
        self.evidence = evidence or Outcomes()
        self.spent = 0.0
        self.heats = self.generation = 0
        self.children: dict[str, Child] = {}
        self.population = [space.check(genome) for genome in founders]
        for genome in self.population:
            self.children.setdefault(genome.arm_id, Child(genome, how="founder"))
        self.raced: dict[str, Genome] = {}
        self.entrants: list[Genome] | None = None
        self.until, self.rounds = 0.0, 0
        self.estimator = Estimator(space, {}, self.evidence)
        self._fitted = 0
        self._batch, self._rewrite, self._kept, self._born = batch, rewrite, keep, born
        self.toolbox = base.Toolbox()
        self.toolbox.register("evaluate", evaluate)
        self.toolbox.register("map", map)
        self.toolbox.register("mate", breed, space=space, rng=self.rng)
        self.toolbox.register("select", tools.selNSGA2)

    @property
    def finished(self) -> bool:
        """Whether all generations are done, or the budget is."""
        return self.generation >= self.plan.generations or not self._affordable()

    def step(self) -> None:
        """One generation: founders first, children later; raced, and the next population selected."""
        if self.entrants is None:  # else a generation that was interrupted goes on
            self.entrants = self.population if self.generation == 0 else self._propose()
            self.until = self.spent + (self.plan.budget - self.spent) / (self.plan.generations - self.generation)
            self.rounds = 0
            self.raced.update((genome.arm_id, genome) for genome in self.entrants)
            self._keep()
        self._race(self.entrants)
        self.generation += 1
        self.entrants = None
        self._select()
        self._keep()

    def ranking(self) -> tuple[list[Genome], QualityPosterior]:
        """Every genome that was raced and what is believed of them, the best lower bound first."""
        belief = self.estimator.known()
        order = np.array(
            [i for i in np.argsort(-belief.low(CAUTION), kind="stable") if self.evidence.qualities(self.estimator.genomes[i].arm_id)],
            np.int64,
        )
        return [self.estimator.genomes[i] for i in order], QualityPosterior(belief.mean[order], belief.covariance[np.ix_(order, order)])

    def hall_of_fame(self) -> list[Genome]:
        """The Pareto front of all that were ever raced, at what is believed of them now, the best quality first.

        What was clearly worse than the best is not in it, however fast it was.
        """
        front = tools.ParetoFront(similar=lambda one, two: one.arm_id == two.arm_id)
        front.update(self._rated())
        return [individual.genome for individual in front]

    def seconds(self, genome: Genome, by_model: dict[str, float] | None = None) -> float:
        """Expected model-seconds of one generation, from its own and its model's; 0 where nothing is known."""
        total, count = self.evidence.seconds(genome.arm_id)
        anyone = self._seconds_by_model() if by_model is None else by_model
        expected = anyone.get(genome.model, max(anyone.values(), default=0.0))
        return (total + KNOWN * expected) / (count + KNOWN)

    def _seconds_by_model(self) -> dict[str, float]:
        times: dict[str, tuple[float, int]] = {}
        for arm_id, genome in self.raced.items():
            total, count = times.get(genome.model, (0.0, 0))
            more, times_more = self.evidence.seconds(arm_id)
            times[genome.model] = total + more, count + times_more
        return {model: total / count for model, (total, count) in times.items() if count}

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs to go on as if nothing had happened, JSON-ready."""
        return {
            "generation": self.generation,
            "spent": self.spent,
            "heats": self.heats,
            "until": self.until,
            "rounds": self.rounds,
            "fitted": self._fitted,
            "likeness": dataclasses.asdict(self.estimator.kernel),
            "rng": self.rng.bit_generator.state,
            "genomes": {
                arm_id: {
                    "genome": child.genome.to_dict(),
                    "parents": [parent.to_dict() for parent in child.parents],
                    "shares": list(child.shares),
                    "how": child.how,
                }
                for arm_id, child in self.children.items()
            },
            "population": [genome.arm_id for genome in self.population],
            "entrants": None if self.entrants is None else [genome.arm_id for genome in self.entrants],
            "raced": list(self.raced),
            "outcomes": [list(dataclasses.astuple(outcome)) for outcome in self.evidence.outcomes],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state.

        Raises:
            ModelNotFoundError: the model of one of the population is gone.
            UsageError: one of the population lies outside the space.
        """
        children = {
            arm_id: Child(
                Genome(**kept["genome"]), tuple(Genome(**parent) for parent in kept["parents"]), tuple(kept["shares"]), kept["how"]
            )
            for arm_id, kept in state["genomes"].items()
        }
        population = [self.space.check(children[arm_id].genome) for arm_id in state["population"]]
        self.children, self.population = children, population
        self.entrants = None if state["entrants"] is None else [children[arm_id].genome for arm_id in state["entrants"]]
        self.raced = {arm_id: children[arm_id].genome for arm_id in state["raced"]}
        self.evidence = Outcomes(Outcome(*row) for row in state["outcomes"])
        self.generation, self.spent, self.heats = state["generation"], state["spent"], state.get("heats", 0)
        self.until, self.rounds, self._fitted = state["until"], state["rounds"], state["fitted"]
        self.rng.bit_generator.state = state["rng"]
        self.estimator = Estimator(self.space, self.raced, self.evidence, Kernel(**state["likeness"]))

    def _keep(self) -> None:
        if self._kept is not None:
            self._kept(self.state())

    def _propose(self) -> list[Genome]:
        """The next generation's children, none raced before: those of many bred that the estimate, drawn at random, likes best."""
        if self.plan.screened:
            offspring = self._draw_children(
                surrogate_search(self.population, self.children, self.estimator, self.toolbox.mate, self.plan.screened)
            )
        else:
            bred = (self.toolbox.mate(self.population) for _ in range(ATTEMPTS * self.plan.population))
            offspring = list({child.genome.arm_id: child for child in bred if child.genome.arm_id not in self.children}.values())
        offspring = [*self._rewritten(), *offspring][: self.plan.population]
        for child in offspring:
            self.children[child.genome.arm_id] = child
        if self._born is not None:
            self._born(offspring)
        return [child.genome for child in offspring]

    def _draw_children(self, pool: Sequence[Child]) -> list[Child]:
        """Of these as many as a generation has, each drawn as the best of all with the chance that it is."""
        if not pool:
            return []
        belief = self.estimator.believe([child.genome for child in pool])
        return [pool[i] for i in self._draw(belief, self.plan.population, DRAWS * self.plan.population)]

    def _rewritten(self) -> list[Child]:
        """A child of one of the best, one of its fragments written anew by a model; none where there is no such model."""
        if self._rewrite is None:
            return []
        parent = self.population[int(self.rng.integers(len(self.population)))]
        child, seconds = self._rewrite(parent, (self.plan.budget - self.spent) / REWRITE_SHARE)
        self.spent += seconds
        return [child] if child is not None and child.genome.arm_id not in self.children else []

    def _race(self, entrants: Sequence[Genome]) -> None:
        """Race newcomers once, then those that may be the best, again and again, until one is clearly ahead or the share is spent."""
        while new := [genome for genome in entrants if not self.evidence.of(genome.arm_id)][:WIDTH]:
            while new and not self._run([new]):  # as many as the seconds suffice for
                new = new[: len(new) // 2]
            if not new:
                break
        self._estimate()
        most = math.ceil(MOST * max(1, len(entrants)) / (WIDTH * self._batch))
        while self.rounds < most:
            likely = self._likely()
            if all(len(genomes) < 2 for genomes in likely) or not self._run(likely):
                return
            self.estimator.update()

    def _estimate(self) -> None:
        """Fit all evidence; which kernel explains it best is asked again only when there is half as much more of it."""
        grown = len(self.evidence.outcomes) > GROWN * self._fitted
        self.estimator = Estimator(self.space, self.raced, self.evidence, None if grown else self.estimator.kernel)
        if grown:
            self._fitted = len(self.evidence.outcomes)

    def _likely(self) -> list[list[Genome]]:
        """For each job of a batch a few arms, each drawn as the best of all with the chance that it is (Thompson sampling)."""
        mean, deviation = self.estimator.estimate()
        top = np.argsort(-mean - CLEARLY * deviation, kind="stable")[:LOOKED_AT]
        belief = self.estimator.known(top)
        return [[self.estimator.genomes[top[i]] for i in self._draw(belief, WIDTH, 4 * WIDTH)] for _ in range(self._batch)]

    def _draw(self, belief: QualityPosterior, count: int, draws: int) -> list[int]:
        """Up to `count` positions, each the best of one of `draws` draws from the posterior."""
        samples = belief.mean + self.rng.standard_normal((draws, len(belief.mean))) @ _root(belief.covariance).T
        return list(dict.fromkeys(int(i) for i in samples.argmax(1)))[:count]

    def _run(self, contests: Sequence[Sequence[Genome]]) -> bool:
        """Race each contest on a task that its arms know least; False, and nothing started, where the seconds do not suffice."""
        times = self._seconds_by_model()
        expected = MARGIN * sum(self.seconds(genome, times) for genomes in contests for genome in genomes)
        room = min(self.until, self.plan.budget) - self.spent
        if room <= 0 or expected > room:
            return False
        share = (self.plan.budget - self.spent) / len(contests)
        jobs = [Heat(self._task(genomes), tuple(genomes), share, number) for number, genomes in enumerate(contests, start=self.heats + 1)]
        self.heats += len(jobs)
        for outcomes in self.toolbox.map(self.toolbox.evaluate, jobs):
            for outcome in outcomes:
                self.evidence.add(outcome)
                self.spent += outcome.seconds or 0.0
        self.rounds += 1
        self._keep()
        return True

    def _task(self, genomes: Sequence[Genome]) -> str:
        """Of some tasks drawn at random, the one that these arms were raced on least."""
        drawn = self.rng.choice(len(self.tasks), min(len(self.tasks), LOOKED_AT), replace=False)
        tried = [sum(self.evidence.tried(genome.arm_id, self.tasks[i]) for genome in genomes) for i in drawn]
        return str(self.tasks[drawn[int(np.argmin(tried))]])

    def _affordable(self) -> bool:
        """Whether one more generation of some known arm fits into the budget."""
        cheapest = min((self.seconds(genome) for genome in self.population), default=0.0)
        return self.spent < self.plan.budget and MARGIN * cheapest <= self.plan.budget - self.spent

    def _rated(self) -> list[Individual]:
        """The best of all that were raced, without those that are clearly worse than the best, with their fitness."""
        genomes, belief = self.ranking()
        if not genomes:
            return []
        behind, low, times = belief.behind(0), belief.low(CAUTION), self._seconds_by_model()
        return [
            Individual(genome, genome.arm_id, Fitness((float(low[i]), self.seconds(genome, times))))
            for i, genome in enumerate(genomes[:LOOKED_AT])
            if behind[i] < CLEARLY
        ]

    def _select(self) -> None:
        """The next population: of all that were ever raced, what NSGA-II keeps; the best quality always is among it."""
        rated = self._rated()
        if rated:
            self.population = [individual.genome for individual in self.toolbox.select(rated, min(self.plan.population, len(rated)))]


def _root(covariance: Floats) -> Floats:
    """A matrix whose product with its transpose is the covariance, rounding errors aside."""
    values, vectors = np.linalg.eigh(covariance)
    root: Floats = vectors * np.sqrt(np.maximum(values, 0.0))
    return root
