"""The blocks of an answer, however well they are fenced."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterator

from banditgen.generators._parse import has_code, parse
from banditgen.generators.extraction.runs import ends_in_code

PYTHON = frozenset({"python", "py", "python3", "py3", "python2", "pycon", "ipython", "ipython3", "python-repl", "pyi", "tool_code"})
_MOST_BLOCKS = 30
_MOST_PARSES = 60  # per answer: bounds the time that hostile text can take
_FAR = 500  # characters of a fence's own line that are looked at
_RUN = re.compile(r"`{3,}|~{3,}|(?:'{3}|\"{3})(?=(?:python3?|py)\s)|^(?:'{3}|\"{3})(?=[ \t]*$)", re.MULTILINE)
_BEFORE = re.compile(r"[ \t]*(?:(?:[-*+]|\d+[.)])[ \t]+)?")
_TAGGED = re.compile(r"^[ \t]*(?:`{3,}|~{3,})\w", re.MULTILINE)
_INFO = re.compile(r"[ \t]*(?:\{?\.?([\w+#.:/-]+)\}?)?(?:[ \t]+[\w-]+=\S+|[ \t]*\{[^}\n]*\})*[ \t]*")
_CODE = re.compile(
    r"[ \t]*(?:(?:async )?def \w|class \w|import \w|from [\w.]+ import |@\w|(?:for|while|if|with|return|print|try)\b.*[:)]"
    r"|\w[\w.]*(?:, ?\w[\w.]*)* = )"
)


@dataclasses.dataclass(frozen=True)
class Block:
    """One block: its language in lower case ("" where none is said), its text, and where that stands in the answer."""

    tag: str
    body: str
    start: int
    end: int

    @property
    def is_foreign(self) -> bool:
        """Whether it says that it is something else than Python."""
        return bool(self.tag) and self.tag not in PYTHON


@dataclasses.dataclass(frozen=True)
class _Run:
    """A row of backticks, tildes or quotes, with what stands before and after it on its line."""

    fence: str
    start: int
    end: int
    before: str
    rest: str

    @property
    def begins_line(self) -> bool:
        return _BEFORE.fullmatch(self.before) is not None

    @property
    def is_bare(self) -> bool:
        return not self.rest.strip()

    @property
    def is_short(self) -> bool:
        """Whether one word at most follows it."""
        return len(self.rest.split(None, 2)) < 2

    @property
    def tag(self) -> str:
        """The language that it names, in lower case; a file's name counts by its ending."""
        return "" if self.has_code else _language(self.rest[:_FAR])

    @property
    def has_code(self) -> bool:
        """Whether code begins right behind it."""
        return _CODE.match(self.rest[:_FAR]) is not None

    @property
    def opens(self) -> bool:
        """Whether it can only open a block: it begins its line, or ends it, and says Python or begins with code."""
        return self.tag in PYTHON or self.has_code


def _language(rest: str) -> str:
    words = re.match(r"[ \t]*\{?[. \t]*([\w+#.:/-]+)", rest)
    tag = words[1].lower().rstrip(":") if words else ""
    return "python" if tag.endswith((".py", ".pyi")) or tag.split(":")[0] in PYTHON else tag.split(":")[0]


def blocks(text: str) -> list[Block]:
    """The blocks of an answer in their order, those whose fence is missing, unequal, glued or never closed among them.

    A block ends at the first fence up to which it parses, so that a fence inside a string ends nothing; where it parses
    up to none, at the first fence like the one that opened it, else at any. Code before a first fence that opens nothing
    is a block, too: the prompt had opened it.
    """
    return list(_blocks(text, 0, [_MOST_PARSES]))


def _runs(text: str, offset: int) -> list[_Run]:
    runs = []
    for found in _RUN.finditer(text, offset):
        line = text.rfind("\n", 0, found.start()) + 1
        end = text.find("\n", found.end())
        runs.append(
            _Run(found[0], found.start(), found.end(), text[line : found.start()], text[found.end() : len(text) if end < 0 else end])
        )
        if len(runs) > 50 * _MOST_BLOCKS:
            break
    return runs


def _blocks(text: str, position: int, parses: list[int]) -> Iterator[Block]:
    runs = _runs(text, position)
    number = count = 0
    while number < len(runs) and count < _MOST_BLOCKS:
        run = runs[number]
        number += 1
        if not run.opens:
            if run.fence[0] in "'\"" or parses[0] <= 0:
                continue
            parses[0] -= 1
            before = ends_in_code(text[position : run.start])
            if before is not None:
                yield Block("", before, run.start - len(before), run.start)
            follows = _is_code(text[run.end : runs[number].start if number < len(runs) else len(text)])
            if not follows and (before is not None or not run.begins_line) and not (run.begins_line and run.tag and run.is_short):
                position = run.end
                continue
        count += 1
        tag, start = _opened(run)
        indent = run.before if run.begins_line else ""
        end, following = _end(text, run, start, runs[number:], parses)
        number += following
        position = runs[number - 1].end if runs[number - 1].start >= end else end
        body = outdented(text[start:end], indent)
        if tag not in PYTHON and _TAGGED.search(body) and not _is_code(body):
            yield from _blocks(text[:end], start, parses)
        elif body.strip():
            yield Block(tag, body, start, end)


def _opened(run: _Run) -> tuple[str, int]:
    """The language of the block that a run opens, and where its text begins."""
    if run.has_code:
        return "", run.end
    info = _INFO.match(run.rest[:_FAR])
    spent = info.end() if info else 0
    on_line = run.rest[spent : spent + _FAR]
    if _CODE.match(on_line) or (on_line and ("```" in on_line or "~~~" in on_line)):
        return run.tag, run.end + spent
    return run.tag, run.end + len(run.rest)


def _end(text: str, opening: _Run, start: int, runs: list[_Run], parses: list[int]) -> tuple[int, int]:
    """Where the block's text ends, and how many of the next runs are spent with it."""
    indent = opening.before if opening.begins_line else ""
    ends = []  # (end of the text, runs spent, whether it is a fence as it should be)
    for index, run in enumerate(runs):
        if run.start < start or (not run.begins_line and "#" in run.before) or (run.fence[0] in "'\"") != (opening.fence[0] in "'\""):
            continue
        long = len(run.fence) >= len(opening.fence)
        strict = run.begins_line and long and (run.opens or (run.is_bare and run.fence[0] == opening.fence[0]))
        ends.append((run.start, index + (not run.opens), strict))
        if len(ends) >= _MOST_BLOCKS:
            break
    ends.append((len(text), len(runs), False))
    for end, spent, _ in ends:
        parses[0] -= 1
        if parses[0] > 0 and isinstance(parse(outdented(text[start:end], indent)), ast.Module):
            return end, spent
    return next(((end, spent) for end, spent, strict in ends if strict), ends[0][:2])


def outdented(body: str, indent: str) -> str:
    """The body without the indentation that its fence has, as CommonMark says."""
    return re.sub(rf"^[ \t]{{1,{len(indent)}}}", "", body, flags=re.MULTILINE) if indent else body


def _is_code(body: str) -> bool:
    tree = parse(body)
    return isinstance(tree, ast.Module) and has_code(tree)
