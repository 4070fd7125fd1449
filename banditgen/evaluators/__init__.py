"""What a candidate is worth beside its tests: measures in [0, 1]."""

from banditgen.evaluators.base import Evaluator
from banditgen.evaluators.default import DefaultEvaluator
from banditgen.evaluators.external import ExternalEvaluator

__all__ = ["DefaultEvaluator", "Evaluator", "ExternalEvaluator"]
