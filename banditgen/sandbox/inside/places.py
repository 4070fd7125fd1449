"""Where in the tests' own text something was raised: what they say there is theirs, whatever raised it in what they called."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator

SKIPS = re.compile(r"(raise\s+)?((?P<root>\w+)\.)?([\w.]+\.)?(skip|skipTest|SkipTest|importorskip|xfail)\b")
EXITS = re.compile(r"(raise\s+SystemExit\b|((?P<root>\w+)\.)?(exit|quit|main)\s*\()")


class Places:
    """The tests' text and code.

    Args:
        source: their text.
        code: what it was compiled to.

    """

    def __init__(self, source: str, code: types.CodeType) -> None:
        self._lines = source.splitlines(keepends=True)
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

    def says(self, found: list[types.TracebackType], form: re.Pattern[str], own: frozenset[str]) -> bool:
        """Whether the text at the innermost of places has a form, whose "root" is one of the tests' `own` names."""
        said = form.match(self._segment(found[-1])) if found else None
        return said is not None and (said["root"] is None or said["root"] in own)

    def _segment(self, place: types.TracebackType) -> str:
        """The expression or statement at a place."""
        line, end_line, column, end_column = list(place.tb_frame.f_code.co_positions())[place.tb_lasti // 2]
        if line is None or end_line is None or column is None or end_column is None:
            return ""
        lines = [text.encode() for text in self._lines[line - 1 : end_line]]
        lines[-1] = lines[-1][:end_column]
        return b"".join([lines[0][column:], *lines[1:]]).decode(errors="replace").strip()


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield from _codes(part)
