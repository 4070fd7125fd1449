"""How little memory a candidate took while its tests ran."""

from __future__ import annotations

import math

from banditgen.evaluators.measures import Subject

MEBIBYTE = 1 << 20


def memory(subject: Subject) -> float:
    """1 where the sandbox's peak is nothing beyond the bare interpreter, 0 at the task's limit, by the logarithm of 1 + MiB.

    Under the usual limit of 1 GiB: 1 MiB is 0.90, 10 MiB 0.65, 100 MiB 0.33.

    Raises:
        ValueError: a caller's runner ran it, which does not say.
    """
    if subject.execution.channel == "runner":
        raise ValueError("only the sandbox sees how much memory a candidate takes")
    peak, limit = (math.log1p(size / MEBIBYTE) for size in (subject.execution.peak_memory_bytes, subject.task.limits.memory_bytes))
    return min(1.0, max(0.0, 1.0 - peak / limit))
