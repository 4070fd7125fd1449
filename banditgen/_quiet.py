"""Reading others' source without a word to our caller about its style."""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Iterator

_lock = threading.Lock()  # `catch_warnings` changes and restores what is the whole process's: one at a time


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """What is parsed or compiled in this block warns nobody, and the process's warning filters are as before afterwards."""
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
