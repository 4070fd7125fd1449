"""The history of a verb: one that reads finds it, or says that it is not there; one that writes says where it made a new one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from banditgen._settings import setting
from banditgen.cli.output import errors, safe
from banditgen.errors import HistoryError
from banditgen.history.database import default_url
from banditgen.history.opening import is_there, place_of, shown
from banditgen.history.store import History


def history_to_read(url: str | None) -> History:
    """The history that is named. Where none is, the one that is set, or the default; an empty one while nothing raced there yet.

    Raises:
        HistoryError: the one that is named is not there, nor the folder of the one that is set; or it cannot be opened.
    """
    if url is None and not is_there(default_url()):
        place = place_of(default_url())
        if isinstance(place, Path) and (place.parent.is_dir() or setting("history") is None):
            nothing = History("sqlite://")
            nothing.url = shown(default_url())  # where races will be
            return nothing
    return History(url, create=False)


@contextlib.contextmanager
def history_to_write(url: str | None, *, whole: bool = False) -> Iterator[History]:
    """The history that is named, set, or the default, made where there is none.

    That is said of one that is named or set; of the default when it holds its first candidates. What is done as a `whole` or not at all
    says by itself that it failed.

    Raises:
        HistoryError: it cannot be opened.
    """
    named = url is not None or setting("history") is not None
    made = named and not is_there(default_url() if url is None else url)
    with contextlib.closing(History(url)) as store:
        empty, done = not store.count()["results"], False
        try:
            yield store
            done = True
        finally:
            with contextlib.suppress(HistoryError):  # it was said already
                if (made and (done or not whole)) or (empty and store.count()["results"]):
                    errors.print(safe(f"a new history was made: {store.url}"))
