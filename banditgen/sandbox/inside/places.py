"""Where in the tests' own text something was raised: what they say there is theirs, whatever raised it in what they called."""

from __future__ import annotations

import types
from collections.abc import Collection, Iterator

Place = tuple[int | None, int | None, int | None, int | None]


class Places:
    """What tests were compiled to."""

    def __init__(self, code: types.CodeType) -> None:
        self._held = list(_codes(code))  # as long as they live, their ids are theirs
        self._ids = frozenset(map(id, self._held))

    def of(self, error: BaseException | None) -> list[types.TracebackType]:
        """The places in the tests' text on the way to where an exception was raised, outermost first."""
        found = []
        trace = error.__traceback__ if error is not None else None
        while trace is not None:
            if id(trace.tb_frame.f_code) in self._ids:
                found.append(trace)
            trace = trace.tb_next
        return found


def innermost(found: list[types.TracebackType], said: Collection[Place]) -> bool:
    """Whether the innermost of places is among those where the tests say something: (first line, column, last line, column)."""
    if not found:
        return False
    line, end_line, column, end_column = list(found[-1].tb_frame.f_code.co_positions())[found[-1].tb_lasti // 2]
    return (line, column, end_line, end_column) in said


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield from _codes(part)
