"""Files without a name, by which text goes into a worker's jobs and comes out of them."""

from __future__ import annotations

import fcntl
import mmap
import os


def with_content(data: bytes) -> int:
    """A file in memory that holds `data`; returns its descriptor."""
    descriptor = os.memfd_create("banditgen", os.MFD_CLOEXEC)
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


class Output:
    """A file in memory for a job to write to, which cannot grow past a limit.

    The end of what was written is the descriptor's own position, which writer and reader share.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.descriptor = os.memfd_create("banditgen", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        pages = -(-limit // mmap.PAGESIZE) + 1  # one page more, so that a writer passes the limit before the kernel stops it
        os.truncate(self.descriptor, pages * mmap.PAGESIZE)
        fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)

    def read(self) -> tuple[bytes, bool]:
        """(what was written, up to the limit; whether there was more)."""
        written = os.lseek(self.descriptor, 0, os.SEEK_CUR)
        data = os.pread(self.descriptor, min(written, self._limit), 0) if written else b""
        return data, written > self._limit

    def close(self) -> None:
        """Give the memory back."""
        os.close(self.descriptor)
