"""What a race shows of its candidates beside verdicts, as the history keeps it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from banditgen.evaluators.default import WEIGHTS
from banditgen.history.base import SoftEvidence
from banditgen.racing.compared import AGREED
from banditgen.result import GenerationResult
from banditgen.scoring import QUALITY

RUN_BY_A_CALLER = "runner"  # a result's channel
_OF_THE_CODE = {name: weight for name, weight in WEIGHTS.items() if name != "clean_run"}  # which says how the tests went


def witnesses(results: Sequence[GenerationResult], *, runner: bool = False, evaluator: bool = False) -> list[SoftEvidence]:
    """Soft evidence of a race's candidates: whether they ran, where no test says more; what the caller's runner said; how they read.

    That nothing ran where several were tried is nobody's doing: it says nothing of any of them.

    Args:
        results: of the race.
        runner: whether a caller's runner ran them.
        evaluator: whether a caller's evaluator measured them.
    """
    written = [result for result in results if result.model_used]
    tried = [result for result in written if result.failure is None or result.failure.moves_posterior]
    kinds: dict[str, Callable[[GenerationResult], float | None]] = {
        "runner" if runner else "ran": lambda result: _ran(result, runner=runner),
        "evaluator" if evaluator else "reading": (lambda result: result.measures.get(QUALITY)) if evaluator else _reading,
    }
    kinds[AGREED] = lambda result: result.measures.get(AGREED)
    found = []
    for kind, value_of in kinds.items():
        said = [(result, value) for result in tried if (value := value_of(result)) is not None]
        if kind in ("ran", "runner") and len(said) > 1 and not any(value for _, value in said):
            continue
        found += [SoftEvidence(result.id, kind, value) for result, value in said]
    return found


def _ran(result: GenerationResult, *, runner: bool) -> float | None:
    """1 where it ran, 0 where it did not; None where tests were in the way of knowing."""
    if runner and result.verified:
        return float(result.test_passed or result.channel != RUN_BY_A_CALLER)
    return None if result.verified else float(result.test_passed)


def _reading(result: GenerationResult) -> float | None:
    """Our evaluator's quality without what it took from the run; None where ruff was not there."""
    known = {name: result.measures[name] for name in _OF_THE_CODE if name in result.measures}
    if len(known) < len(_OF_THE_CODE):
        return None
    return min(1.0, sum(_OF_THE_CODE[name] * value for name, value in known.items()) / sum(_OF_THE_CODE.values()))
