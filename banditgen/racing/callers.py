"""What a caller brought to a race, his runner and his evaluator: called in threads of the race's own, for as long as the task allows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from banditgen._checks import is_measure
from banditgen._text import one_line
from banditgen._threads import in_thread, time_limit
from banditgen.errors import EvaluatorError, SandboxError
from banditgen.evaluators.base import Evaluator
from banditgen.sandbox.base import Execution
from banditgen.sandbox.runner import run_with
from banditgen.task import Task

GRACE_SECONDS = 1.0  # after the limit: a part that keeps it by itself may still say so

logger = logging.getLogger("banditgen.race")


class Callers:
    """The caller's parts in one race. Each call has a daemon thread of its own, and is given up on when the task's wall limit has passed.

    So however long they take, neither a sandbox trial nor another race waits behind them. Their faults are theirs: a runner's makes
    the candidate's failure infrastructure, an evaluator's leaves the verdict and drops the measure, with one warning a race.

    Args:
        task: whose wall limit they have; what takes an argument `timeout` gets it, in seconds.
        runner: as `run_with` wants it; None is none.
        evaluator: None is none of the caller's. It is asked about a candidate that failed only where it has `wants_failures = True`.
        payload: what the runner runs candidates on.
    """

    def __init__(
        self, task: Task, runner: Any = None, evaluator: Evaluator | None = None, payload: Mapping[str, Any] | None = None
    ) -> None:
        self._payload = payload
        self._task = task
        self._runner = runner
        self._evaluator = evaluator
        self._warned = False

    @property
    def has_runner(self) -> bool:
        """Whether the caller runs candidates."""
        return self._runner is not None

    @property
    def has_evaluator(self) -> bool:
        """Whether the caller measures candidates."""
        return self._evaluator is not None

    async def run(self, node_id: str, code: str) -> Execution:
        """Run the code with the caller's runner.

        Raises:
            SandboxError: the runner raised, returned something else, or was given up on.
        """
        try:
            execution: Execution = await self._within(lambda: run_with(self._runner, node_id, code, self._seconds, self._payload))
        except _GivenUpError as error:
            raise SandboxError(f"the node runner {error}") from None
        return execution

    async def save(self, node_id: str, code: str) -> None:
        """Have the runner save a code; that it fails is logged, as nothing can be done about it."""
        try:
            await self._within(lambda: self._runner.save_code(node_id, code, **time_limit(self._runner.save_code, self._seconds)))
        except Exception as error:  # noqa: BLE001  # whatever a caller's runner raises
            logger.warning("the node runner did not save the winner under %s: %s", one_line(node_id), one_line(str(error)))

    async def measure(self, code: str, execution: Execution) -> dict[str, float]:
        """The evaluator's measures, those that cannot be one dropped; none about a failure that it does not want."""
        evaluator = self._evaluator
        if evaluator is None or not (execution.passed or getattr(evaluator, "wants_failures", False) is True):
            return {}
        try:
            given = dict(await self._within(lambda: evaluator.evaluate(code, execution, self._task)))
            measures = {name: float(value) for name, value in given.items() if isinstance(name, str) and is_measure(value)}
            wrong = next((name for name in given if name not in measures), None)
            why = None if wrong is None else f"its measure {wrong!r} must be a number between 0 and 1, not {str(given[wrong])[:80]!r}"
        except (EvaluatorError, _GivenUpError) as error:
            measures, why = {}, f"the evaluator {error}" if isinstance(error, _GivenUpError) else str(error)
        except Exception as error:  # noqa: BLE001  # whatever a caller's evaluator raises or returns
            measures, why = {}, f"the evaluator raised {type(error).__name__}: {error}"
        if why is not None and not self._warned:
            self._warned = True
            logger.warning("the verdict stays, and what it leaves unmeasured is left out: %s", one_line(why))
        return measures

    @property
    def _seconds(self) -> float:
        return self._task.limits.wall_seconds

    async def _within(self, work: Callable[[], Any]) -> Any:
        try:
            async with asyncio.timeout(self._seconds + GRACE_SECONDS) as limit:
                return await in_thread(work)
        except TimeoutError:
            if limit.expired():
                raise _GivenUpError(f"did not return within {self._seconds:g} s, and was given up on") from None
            raise


class _GivenUpError(Exception):
    pass
