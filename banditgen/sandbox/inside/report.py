"""What a worker tells the user's process of a job that has ended: a few numbers, so that nothing has to be parsed."""

from __future__ import annotations

import struct
from typing import NamedTuple

LIMITS = (None, "wall", "cpu", "memory", "processes", "disk", "inodes")
NO_STATUS = 1 << 16
_FORM = struct.Struct("=iiddqB")


class Ended(NamedTuple):
    """How a job ended.

    Args:
        status: exit code of its main process, or minus the signal that ended it.
        candidate_status: the same of the candidate's process, where that is another one.
        wall, cpu: seconds, the latter of all its processes.
        peak: bytes of memory beyond the bare worker's.
        limit: the one of `LIMITS` that was hit.

    """

    status: int
    candidate_status: int | None
    wall: float
    cpu: float
    peak: int
    limit: str | None


def pack(ended: Ended) -> bytes:
    """The message."""
    status, candidate_status, wall, cpu, peak, limit = ended
    return _FORM.pack(status, NO_STATUS if candidate_status is None else candidate_status, wall, cpu, peak, LIMITS.index(limit))


def unpack(message: bytes) -> Ended:
    """What `pack` packed.

    Raises:
        ValueError: it is no such message.

    """
    try:
        status, candidate_status, wall, cpu, peak, limit = _FORM.unpack(message)
        return Ended(status, None if candidate_status == NO_STATUS else candidate_status, wall, cpu, peak, LIMITS[limit])
    except (struct.error, IndexError) as error:
        raise ValueError(f"no report: {error}") from None
