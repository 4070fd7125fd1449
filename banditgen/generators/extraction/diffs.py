"""Diffs as answers: the new side of what they change."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

_HUNK = re.compile(r"^@@(?: .*)?$", re.MULTILINE)
_FILES = re.compile(r"^--- \S.*\n\+\+\+ \S.*$", re.MULTILINE)
_NO_NEWLINE = re.compile(r"^\\ No newline.*\n?", re.MULTILINE)
_HEADER = re.compile(r"(?:diff --git |index [0-9a-f]+\.\.|new file mode |deleted file mode |\*\*\* )")
TAGS = ("diff", "patch", "udiff")
_SEARCH = re.compile(r"^<{5,9} ?SEARCH\b.*\n", re.MULTILINE)
_MIDDLE = re.compile(r"^={5,9}[ \t]*\n", re.MULTILINE)
_REPLACE = re.compile(r"^>{5,9} ?REPLACE\b", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Change:
    """One hunk: what stood there, and what stands there now; "" where there was or is nothing."""

    old: str
    new: str


def changes(text: str, tag: str = "") -> list[Change]:
    """The hunks of a unified diff, or of SEARCH/REPLACE blocks, in a text; none where it is no diff.

    A block that says `diff` is one without headings, too.
    """
    if replaced := list(_replacements(text)):
        return replaced
    if not (_HUNK.search(text) or _FILES.search(text) or tag in TAGS):
        return []
    hunks: list[tuple[list[str], list[str]]] = [([], [])]
    inside = tag in TAGS
    for line in _FILES.sub("@@", _NO_NEWLINE.sub("", text.strip("\n"))).split("\n"):
        if line.startswith("@@") or _HEADER.match(line):
            hunks.append(([], []))
            inside = True
        elif not inside or line[:1] not in ("+", "-", " ", ""):
            inside = False
        else:
            if line[:1] != "+":
                hunks[-1][0].append(line[1:])
            if line[:1] != "-":
                hunks[-1][1].append(line[1:])
    return [Change("\n".join(old), "\n".join(new)) for old, new in hunks if old or new]


def _replacements(text: str) -> Iterator[Change]:
    place = 0
    while (
        (search := _SEARCH.search(text, place))
        and (middle := _MIDDLE.search(text, search.end()))
        and (end := _REPLACE.search(text, middle.end()))
    ):
        yield Change(text[search.end() : middle.start()], text[middle.end() : end.start()])
        place = end.end()


def applied(code: str, hunks: list[Change]) -> str | None:
    """The code with each hunk's old side replaced by its new one; None where an old side is not there."""
    for hunk in hunks:
        if not hunk.old.strip() or hunk.old.strip("\n") not in code:
            return None
        code = code.replace(hunk.old.strip("\n"), hunk.new.strip("\n"), 1)
    return code


def new_side(hunks: list[Change]) -> str:
    """What stands there after the hunks, one behind the other."""
    return "\n".join(hunk.new.strip("\n") for hunk in hunks)
