"""Trying again what may pass: one rule for the pauses, whoever is asked."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


def pauses(first: float, longest: float = math.inf, jitter: random.Random | None = None) -> Iterator[float]:
    """Seconds before each further attempt, without an end: doubled from `first` up to `longest`, and drawn from half to one and a half
    times that, so that those who failed together do not try again in step; `jitter` draws, None is Python's own generator.
    """
    draw = random.uniform if jitter is None else jitter.uniform
    pause = first
    while True:
        yield pause * draw(0.5, 1.5)
        pause = min(2 * pause, longest)


def again(work: Callable[[], T], may_pass: Callable[[Exception], bool], *, seconds: float, first: float, longest: float) -> T:
    """What `work` gives, tried again for up to so many seconds while its error may pass; then, or where it may not, that is raised.

    `work` must be harmless when done twice.
    """
    deadline = time.monotonic() + seconds
    for pause in pauses(first, longest):
        try:
            return work()
        except Exception as error:
            if time.monotonic() > deadline or not may_pass(error):
                raise
        time.sleep(pause)
    raise AssertionError
