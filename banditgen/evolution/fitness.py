"""What is believed of genomes: posteriors of their expected quality, from all outcomes and all likenesses at once.

One lucky outcome moves an arm's estimate little: it is shrunk towards what like genomes did, and it only counts against how the
others did on the same task. The model is a Gaussian process over genomes with a random effect per task (block):
y = level + g(genome) + task + noise (Rasmussen and Williams 2006, chapter 2; the level is integrated out as a wide constant).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from banditgen.bandit.arrays import Floats
from banditgen.evolution.genome import Genome, Space
from banditgen.evolution.kernel import GRID, Features, Kernel

LEVEL_VARIANCE = 0.25  # of the level that all arms share: as good as unknown for qualities in [0, 1]
TASK_SHARE = 0.3  # of the variance between outcomes of an arm, what the task explains, before evidence of it
MIN_CHOICE = 20  # outcomes below which the kernel is not chosen by them


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one arm did on one task: quality in [0, 1], None where it taught nothing; the model's seconds, None where unknown."""

    arm_id: str
    task: str
    quality: float | None
    seconds: float | None


class Outcomes:
    """All outcomes so far, in their order and by arm."""

    def __init__(self, outcomes: Iterable[Outcome] = ()) -> None:
        self.outcomes: list[Outcome] = []
        self._of: dict[str, list[Outcome]] = {}
        self._seen: dict[tuple[str, str], int] = {}
        self._took: dict[str, tuple[float, int]] = {}
        for outcome in outcomes:
            self.add(outcome)

    def add(self, outcome: Outcome) -> None:
        """Append an outcome."""
        self.outcomes.append(outcome)
        self._of.setdefault(outcome.arm_id, []).append(outcome)
        key = outcome.arm_id, outcome.task
        self._seen[key] = self._seen.get(key, 0) + 1
        if outcome.seconds is not None:
            total, count = self._took.get(outcome.arm_id, (0.0, 0))
            self._took[outcome.arm_id] = total + outcome.seconds, count + 1

    def of(self, arm_id: str) -> Sequence[Outcome]:
        """An arm's outcomes."""
        return self._of.get(arm_id, ())

    def qualities(self, arm_id: str) -> list[float]:
        """Those of an arm's outcomes that taught something."""
        return [outcome.quality for outcome in self.of(arm_id) if outcome.quality is not None]

    def seconds(self, arm_id: str) -> tuple[float, int]:
        """The model-seconds of an arm's outcomes, where they are known: their sum and how many there are."""
        return self._took.get(arm_id, (0.0, 0))

    def tried(self, arm_id: str, task: str) -> int:
        """How often an arm was raced on a task."""
        return self._seen.get((arm_id, task), 0)


@dataclasses.dataclass(frozen=True)
class QualityPosterior:
    """The posterior of N genomes' expected qualities: mean (N,), covariance (N, N)."""

    mean: Floats
    covariance: Floats

    @property
    def deviation(self) -> Floats:
        """(N,) standard deviations."""
        deviation: Floats = np.sqrt(np.maximum(np.diagonal(self.covariance), 0.0))
        return deviation

    def low(self, z: float) -> Floats:
        """(N,) lower bounds, z standard deviations below the mean."""
        return self.mean - z * self.deviation

    def behind(self, one: int) -> Floats:
        """(N,) by how many standard deviations of the difference each genome's quality lies below that of genome `one`."""
        variance = np.diagonal(self.covariance) + self.covariance[one, one] - 2 * self.covariance[one]
        lag: Floats = (self.mean[one] - self.mean) / np.sqrt(np.maximum(variance, 1e-12))
        return lag


class Estimator:
    """The posterior over a space, fitted to evidence; it tells of any genomes, raced or not.

    Args:
        space: where the genomes lie.
        genomes: those that have evidence or may get it before the next `update`, by arm id.
        evidence: all outcomes; those of other arms are left out.
        kernel: the prior's; None chooses it by the evidence (maximum marginal likelihood over `GRID`).
    """

    def __init__(self, space: Space, genomes: Mapping[str, Genome], evidence: Outcomes, kernel: Kernel | None = None) -> None:
        self._space = space
        self._codes: dict[object, int] = {}
        self.genomes = list(genomes.values())
        self._index = {arm_id: i for i, arm_id in enumerate(genomes)}
        self._features = Features.of(self.genomes, space, self._codes)
        self._evidence = evidence
        rows = self._weigh()
        if kernel is None:
            kernel = max(GRID, key=self._log_likelihood) if rows >= MIN_CHOICE else Kernel()
        self.kernel = kernel
        self._prior = LEVEL_VARIANCE + kernel.between(self._features, self._features)
        self._solve()

    def update(self) -> None:
        """Take in what the evidence has grown by."""
        self._weigh()
        self._solve()

    def believe(self, genomes: Sequence[Genome]) -> QualityPosterior:
        """The posterior of any genomes."""
        features = Features.of(genomes, self._space, self._codes)
        across = LEVEL_VARIANCE + self.kernel.between(self._features, features)
        own = LEVEL_VARIANCE + self.kernel.between(features, features)
        return self._belief(across, own)

    def known(self, places: NDArray[np.int64] | None = None) -> QualityPosterior:
        """The posterior of `genomes`, in their order; or of those at these places."""
        if places is None:
            return self._belief(self._prior, self._prior)
        return self._belief(self._prior[:, places], self._prior[np.ix_(places, places)])

    def estimate(self, genomes: Sequence[Genome] | None = None) -> tuple[Floats, Floats]:
        """(N,) means and (N,) standard deviations of any genomes, or of the known ones: much cheaper than what they have in common."""
        if genomes is None:
            across, own = self._prior, np.diagonal(self._prior)
        else:
            across = LEVEL_VARIANCE + self.kernel.between(self._features, Features.of(genomes, self._space, self._codes))
            own = np.full(len(genomes), LEVEL_VARIANCE + self.kernel.variance)
        explained = np.einsum("ij,ij->j", across, self._gain[:, 1:] @ across)
        return self._level + across.T @ self._gain[:, 0], np.sqrt(np.maximum(own - explained, 0.0))

    def _belief(self, across: Floats, own: Floats) -> QualityPosterior:
        mean = self._level + across.T @ self._gain[:, 0]
        return QualityPosterior(mean, own - across.T @ self._gain[:, 1:] @ across)

    def _solve(self) -> None:
        inner = np.eye(len(self._prior)) + self._precision @ self._prior
        self._gain = np.linalg.solve(inner, np.column_stack([self._score, self._precision]))

    def _weigh(self) -> int:
        """What the outcomes say of the arms with the tasks' effects integrated out: precision (A, A) and score (A,).

        The outcomes of one task have covariance s²I + t²11ᵀ, whose inverse is (I − t²/(s² + m t²) 11ᵀ)/s² for m of them.
        Returns how many outcomes there are.
        """
        rows = [o for o in self._evidence.outcomes if o.quality is not None and o.arm_id in self._index]
        blocks = {task: i for i, task in enumerate(dict.fromkeys(row.task for row in rows))}
        arm = np.array([self._index[row.arm_id] for row in rows], np.int64)
        block = np.array([blocks[row.task] for row in rows], np.int64)
        y = np.array([row.quality for row in rows], float)
        self._level = float((y.sum() + 1) / (len(y) + 2))
        y -= self._level
        size = len(self.genomes)
        count = sparse.csr_matrix((np.ones(len(y)), (block, arm)), shape=(len(blocks), size))
        tries, in_block = np.bincount(arm, minlength=size), np.bincount(block, minlength=len(blocks))
        total = np.bincount(arm, y, minlength=size)
        # around the common level: around each arm's own mean, arms of one outcome would seem to have no noise at all
        variance = (float(y @ y) + 4 * 0.2) / (len(y) + 4)
        common = float((np.bincount(block, y, minlength=len(blocks)) ** 2).sum() - y @ y)
        pairs = float((in_block * (in_block - 1.0)).sum())
        share = min(0.8, max(0.0, (common / variance + 20 * TASK_SHARE) / (pairs + 20)))
        noise, task = variance * (1 - share), variance * share
        kappa = task / (noise + in_block * task)
        self._precision = (np.diag(tries) - (count.T @ sparse.diags(kappa) @ count).toarray()) / noise
        self._score = (total - count.T @ (kappa * np.bincount(block, y, minlength=len(blocks)))) / noise
        return len(y)

    def _log_likelihood(self, kernel: Kernel) -> float:
        """Up to what is the same for all likenesses: ½(sᵀ K (I + ΛK)⁻¹ s − log |I + ΛK|)."""
        prior = LEVEL_VARIANCE + kernel.between(self._features, self._features)
        inner = np.eye(len(prior)) + self._precision @ prior
        explained = self._score @ prior @ np.linalg.solve(inner, self._score)
        return float(explained - np.linalg.slogdet(inner)[1]) / 2
