"""The live table of a race, on stderr where that is a terminal."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Iterator

from rich.live import Live
from rich.table import Table
from rich.text import Text

from banditgen.cli.output import errors, safe
from banditgen.racing.events import OnEvent, RaceEvent

REFRESH_PER_SECOND = 8
_STYLES = {"passed": "bold green", "failed": "red", "generating": "cyan", "testing": "yellow", "waiting": "dim"}


@dataclasses.dataclass
class _Row:
    stage: str = "waiting"
    characters: int = 0
    since: float = dataclasses.field(default_factory=time.monotonic)
    took: float | None = None
    note: str = ""
    score: str = ""


@contextlib.contextmanager
def watch(title: str = "") -> Iterator[OnEvent]:
    """A listener that draws the race while the block runs; one line per finished arm where stderr is no terminal."""
    rows: dict[str, _Row] = {}
    lock = threading.Lock()

    def table() -> Table:
        with lock:
            return _draw(title, rows)

    if not errors.is_terminal:
        yield lambda event: _plain(event, rows, lock)
        return
    with Live(console=errors, refresh_per_second=REFRESH_PER_SECOND, get_renderable=table, transient=False):
        yield lambda event: _take(event, rows, lock)


def _take(event: RaceEvent, rows: dict[str, _Row], lock: threading.Lock) -> None:
    with lock:
        row = rows.setdefault(event.arm, _Row())
        if event.stage == "waiting" and row.took is not None:  # it runs once more
            row = rows[event.arm] = _Row()
        if event.stage != row.stage and event.stage == "generating":
            row.since = time.monotonic()
        row.stage = event.stage
        row.characters += len(event.text)
        if event.result is not None:
            result = event.result
            row.stage = "passed" if result.test_passed else "failed"
            row.took = time.monotonic() - row.since
            row.score = f"{result.combined_score:.2f}" if result.test_passed else ""
            row.note = "" if result.test_passed else f"{result.failure}: {result.error or ''}"[:80]


def _plain(event: RaceEvent, rows: dict[str, _Row], lock: threading.Lock) -> None:
    _take(event, rows, lock)
    if event.result is not None:
        row = rows[event.arm]
        errors.print(safe(f"  {event.arm}: {row.stage} after {row.took:.1f} s {row.score}{row.note}"))


def _draw(title: str, rows: dict[str, _Row]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, title=safe(title) if title else None, title_justify="left")
    for heading in ("arm", "state", "seconds", "characters", "score", "why"):
        table.add_column(heading, justify="right" if heading in ("seconds", "characters", "score") else "left", no_wrap=heading != "why")
    for name, row in rows.items():
        seconds = row.took if row.took is not None else 0.0 if row.stage == "waiting" else time.monotonic() - row.since
        state = Text(row.stage, style=_STYLES.get(row.stage, ""))
        table.add_row(safe(name), state, f"{seconds:.1f}", str(row.characters), row.score, safe(row.note))
    return table
