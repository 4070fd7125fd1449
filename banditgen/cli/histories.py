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
def history_to_write(url: str | None) -> Iterator[History]:
    """The history that is named, set, or the default, made where there is none.

    That is said of one that is named or set; of the default when it holds its first candidates. What failed before anything was kept
    leaves no file behind that was not there.

    Raises:
        HistoryError: it cannot be opened.
    """
    place = place_of(default_url() if url is None else url)
    made = isinstance(place, Path) and not is_there(place)
    folders = [folder for folder in place.parents if not folder.is_dir()] if isinstance(place, Path) and made else []
    named = url is not None or setting("history") is not None
    with contextlib.closing(History(url)) as store:
        empty = not store.count()["results"]
        try:
            yield store
        except BaseException:
            if isinstance(place, Path) and made and not any(store.count().values()) and not store.arms():
                store.close()
                _unmake(place, folders)
                made = empty = False
            raise
        finally:
            with contextlib.suppress(HistoryError):  # it was said already
                if (made and named) or (empty and store.count()["results"]):
                    errors.print(safe(f"a new history was made: {store.url}"))


def _unmake(file: Path, folders: list[Path]) -> None:
    """Remove a history that was just made, with the folders that were made for it."""
    for path in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
        path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # somebody else has put something there
        for folder in folders:
            folder.rmdir()
