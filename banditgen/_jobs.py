"""Jobs on an engine that is there: any `concurrent.futures.Executor`, such as a process pool or a Dask cluster's."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, wait
from typing import Any, Self, TypeVar

from banditgen._text import one_line
from banditgen.errors import EngineError, UsageError

Job = TypeVar("Job")
Result = TypeVar("Result")

RUNS = 3  # of one job whose worker dies
AHEAD = 2  # jobs handed to a pool for each of its workers: one that runs, one that waits; all may be lost where a worker dies


@contextlib.contextmanager
def processes(count: int) -> Iterator[Executor | None]:
    """A pool of so many processes, which end with this one however it ends; None where one is asked for, which is the one that asks."""
    if count == 1:
        yield None
        return
    spawn = multiprocessing.get_context("spawn")  # forked, they would hold this one's locks
    with ProcessPoolExecutor(count, spawn, initializer=_end_with_parent) as pool:
        yield pool


def _end_with_parent() -> None:
    """The standard library's workers wait for jobs for ever when the process that made them is killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="banditgen-parent").start()


class Jobs:
    """Runs a picklable function over many inputs on an executor, in any order; the results are in the inputs' order, as a loop's.

    What a job does must follow from its input alone, a seed in it included, and change nothing elsewhere: then results are the same
    on any executor with any number of workers. A job whose worker dies is run again, three times in all (with Dask as often as that is
    set to), and its result counts once, however often it ran. A `ProcessPoolExecutor` that a dead worker has broken is replaced by
    one like it. Methods may be called from several threads.

    Args:
        executor: the caller's, who shuts it down; None runs the jobs here, one after another.

    Raises:
        UsageError: it is no executor.
    """

    def __init__(self, executor: Executor | None) -> None:
        if executor is not None and not isinstance(executor, Executor):
            raise UsageError(f"executor must be a concurrent.futures.Executor, not {type(executor).__name__}")
        self._executor = executor
        self._renewed: list[Executor] = []
        self._renewing = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def map(self, work: Callable[[Job], Result], jobs: Iterable[Job]) -> list[Result]:
        """`work` of each job; what a job raises is raised, and what has not begun by then is cancelled.

        Raises:
            EngineError: the workers of one job died again and again, or the executor is shut down.
        """
        if self._executor is None:
            return [work(job) for job in jobs]
        jobs = list(jobs)
        results: dict[int, Result] = {}
        lost: Counter[int] = Counter()
        waiting, running = deque(range(len(jobs))), dict[Future[Result], int]()
        try:
            while waiting or running:
                self._hand_out(work, jobs, waiting, running)
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    number = running.pop(future)
                    try:
                        results[number] = future.result()
                    except (Exception, CancelledError) as error:
                        if not _worker_died(error):
                            raise
                        self._count(lost, number, len(jobs), error)
                        waiting.append(number)
        finally:
            for future in running:
                future.cancel()
        return [results[number] for number in range(len(jobs))]

    def close(self) -> None:
        """End the pools that took the place of broken ones; the caller's executor stays."""
        for pool in self._renewed:
            pool.shutdown()

    def _hand_out(
        self,
        work: Callable[[Job], Result],
        jobs: Sequence[Job],
        waiting: deque[int],
        running: dict[Future[Result], int],
    ) -> None:
        """Hand jobs to the executor, as many as its workers have use for."""
        while waiting:
            executor = self._executor
            assert executor is not None
            workers = getattr(executor, "_max_workers", None)  # of the standard library's; others keep queues of their own
            if workers is not None and len(running) >= AHEAD * workers:
                return
            try:
                future = executor.submit(work, jobs[waiting[0]])
            except BrokenExecutor as error:
                self._renew(executor, error)
            except RuntimeError as error:
                raise EngineError(f"the {type(executor).__name__} takes no job: {one_line(error)}") from None
            else:
                running[future] = waiting.popleft()

    def _count(self, lost: Counter[int], number: int, of: int, error: BaseException) -> None:
        """A job's worker died: that is an error the third time, or where the engine itself has tried others."""
        lost[number] += 1
        if lost[number] >= RUNS or _gave_up(error):
            said = one_line(f"{type(error).__name__}: {error}")
            name = type(self._executor).__name__
            raise EngineError(
                f"the {name} lost the workers of job {number + 1} of {of} again and again: is memory short? ({said})"
            ) from None

    def _renew(self, broken: Executor, error: Exception) -> None:
        """Put a pool like the broken one in its place."""
        with self._renewing:
            if self._executor is not broken:
                return  # another thread was quicker
            if type(broken) is not ProcessPoolExecutor:
                raise EngineError(f"the {type(broken).__name__} is broken: {one_line(error)}") from None
            like: Any = broken
            self._executor = ProcessPoolExecutor(  # the standard library does not tell what a pool was made of
                like._max_workers,  # noqa: SLF001
                like._mp_context,  # noqa: SLF001
                like._initializer,  # noqa: SLF001
                like._initargs,  # noqa: SLF001
                max_tasks_per_child=like._max_tasks_per_child,  # noqa: SLF001
            )
            self._renewed.append(self._executor)


def _worker_died(error: BaseException) -> bool:
    """Whether it says that a job's worker went away, and nothing about the job."""
    return isinstance(error, BrokenExecutor | CancelledError) or _gave_up(error)


def _gave_up(error: BaseException) -> bool:
    """Whether Dask says that several workers died of it: known by its name, as Dask may not be installed."""
    return type(error).__name__ == "KilledWorker"
