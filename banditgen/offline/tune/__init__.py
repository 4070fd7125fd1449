"""Tuning: what people mean by "better", learned from their feedback with Optuna, held out and beyond noise."""

from banditgen.offline.tune.bandit import BanditTuning, tune_bandit
from banditgen.offline.tune.evidence import Evidence, evidence_of
from banditgen.offline.tune.studies import open_storage
from banditgen.offline.tune.tuner import TRIALS, Tuned, tune

__all__ = ["TRIALS", "BanditTuning", "Evidence", "Tuned", "evidence_of", "open_storage", "tune", "tune_bandit"]
