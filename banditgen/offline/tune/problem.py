"""The question that tuning asks: how well do scores predict what was said, on splits that stay the same for every answer."""

from __future__ import annotations

import dataclasses

import numpy as np

from banditgen.bandit.arrays import Floats
from banditgen.offline.tune.evidence import Evidence, Settings
from banditgen.offline.tune.likelihood import Folds, Scored, likelihood

CHUNK = 128  # candidates at once: bounds the memory
PAIRS = 20_000  # of ratings that are compared with one another, at most


@dataclasses.dataclass(frozen=True)
class Problem:
    """Evidence, its splits, and the levels of raters and task types that no weights are to explain.

    People differ in how they rate, and task types in how they are rated: `level_share` (n,) of the mean of its group is taken out
    of each rating, and of the scores alike. The share is that of a random-intercept model, 0 where groups do not differ beyond
    what chance explains.
    """

    evidence: Evidence
    folds: Folds
    level_share: Floats

    @classmethod
    def of(cls, evidence: Evidence, in_use: Settings, rng: np.random.Generator) -> Problem:
        """Draws the splits; the share comes from what the settings in use leave unexplained."""
        return cls(evidence, Folds.draw(evidence.size, rng), _level_share(evidence, in_use.scores(evidence)[0, evidence.rated]))

    def opinions(self, scores: Floats) -> tuple[Floats, Floats, Floats]:
        """Of score functions (C, N): scores of what was rated (C, n), the ratings (n,), leads of what was preferred (C, m)."""
        e = self.evidence
        rated = _less_levels(scores[:, e.rated], e, self.level_share)
        satisfaction = _less_levels(e.satisfaction[None], e, self.level_share)[0]
        return rated, satisfaction, scores[:, e.better] - scores[:, e.worse]

    def scored(self, settings: Settings) -> Scored:
        """Log-likelihoods (C, S) of C settings on every split."""
        parts = []
        for i in range(0, settings.count, CHUNK):
            rated, satisfaction, leads = self.opinions(settings.part(slice(i, i + CHUNK)).scores(self.evidence))
            parts.append(likelihood(rated, satisfaction, self.evidence.weight, leads, self.folds))
        return Scored(np.concatenate([p.train for p in parts]), np.concatenate([p.test for p in parts]))

    def held_out(self, settings: Settings) -> Floats:
        """(C,): log-likelihood of all evidence, each piece while it was held out; the mean over the repeats."""
        return np.asarray(self.scored(settings).test.sum(1) / len(self.folds.of))

    def agreement(self, settings: Settings) -> float | None:
        """Of pairs that a person told apart, the share that the settings put in the same order; a tie is half. None without pairs."""
        e = self.evidence
        scores = settings.scores(e)[0]
        n = len(e.rated)
        pick = np.random.default_rng(0)
        first, second = np.triu_indices(n, 1) if n * n <= PAIRS else pick.integers(n, size=(2, PAIRS))
        same = (e.group[first] == e.group[second]) & (e.satisfaction[first] != e.satisfaction[second])
        first, second = first[same], second[same]
        lead = (scores[e.rated[first]] - scores[e.rated[second]]) * np.sign(e.satisfaction[first] - e.satisfaction[second])
        lead = np.r_[lead, scores[e.better] - scores[e.worse]]
        return float(np.where(np.abs(lead) < 1e-12, 0.5, lead > 0).mean()) if len(lead) else None


def _less_levels(values: Floats, evidence: Evidence, share: Floats) -> Floats:
    """(C, n) less the share of each group's mean."""
    if not share.any():
        return values
    inside = np.eye(int(evidence.group.max()) + 1)[evidence.group]
    means = values @ (inside / inside.sum(0))
    return np.asarray(values - share * means[:, evidence.group])


def _level_share(evidence: Evidence, scores: Floats) -> Floats:
    """(n,): n_g / (n_g + noise / variance between groups), both from a one-way analysis of variance of the residuals."""
    group, y = evidence.group, evidence.satisfaction
    nothing = np.zeros(len(y))
    size = np.bincount(group).astype(float)
    if len(size) < 2 or len(y) <= len(size) + 1:
        return nothing
    spread = scores.var()
    slope = max(0.0, float(np.cov(scores, y, bias=True)[0, 1] / spread)) if spread > 1e-12 else 0.0
    residual = y - slope * scores
    means = np.bincount(group, residual) / size
    within = float(((residual - means[group]) ** 2).sum()) / (len(y) - len(size))
    between = float((size * (means - residual.mean()) ** 2).sum()) / (len(size) - 1)
    effective = (len(y) - float((size**2).sum()) / len(y)) / (len(size) - 1)
    variance = (between - within) / effective
    if variance <= 0:
        return nothing
    share: Floats = (size / (size + within / variance))[group]
    return share
