"""TOML for strategies: read with the line of every key, written so that reading gives the same back."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from banditgen.errors import StrategyError

KeyPath = tuple[str | int, ...]
MAX_MESSAGE_CHARS = 400


class Document:
    """One TOML text: `data`, and errors that name the file, the line and the key.

    Args:
        text: the TOML.
        source: what errors call it: a path.

    Raises:
        StrategyError: the text is not TOML.
    """

    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self._source = source
        try:
            self.data: dict[str, Any] = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            message = str(error) if isinstance(error, tomllib.TOMLDecodeError) else f"a value is too large: {error}"
            where = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
            line = int(where.group(1) or len(text.splitlines()) or 1) if where else 1
            raise StrategyError(f"{source}: line {line}: not TOML: {message[: where.start()] if where else message}") from None

    def line(self, path: KeyPath) -> int:
        """The line of the key at `path`, such as ("arms", 0, "model"), or of the nearest table around it."""
        lines = key_lines(self._text)
        while path and path not in lines:
            path = path[:-1]
        return lines.get(path, 1)

    def error(self, path: KeyPath, message: str) -> StrategyError:
        """The error to raise about the key at `path`."""
        key = ".".join(str(part) for part in path if isinstance(part, str))
        if len(message) > MAX_MESSAGE_CHARS:
            message = message[:MAX_MESSAGE_CHARS] + "…"
        return StrategyError(f"{self._source}: line {self.line(path)}: {key}: {message}")


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line, counted from 1, on which each key of a valid TOML text is given; a table's is its header's.

    tomllib keeps no positions, but a statement of TOML is TOML by itself: the text is cut into statements where a line ends outside
    of strings and brackets.
    """
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    arrays: dict[KeyPath, int] = {}
    for number, statement in _statements(text):
        parsed = tomllib.loads(statement)
        if not statement.lstrip().startswith("["):
            for path in _paths(parsed):
                lines.setdefault((*table, *path), number)
            continue
        names = list(_paths(parsed, into_lists=False))[-1]
        table = ()
        for name in names[:-1]:
            table = _latest((*table, name), arrays)
        table = (*table, names[-1])
        if statement.lstrip().startswith("[["):
            arrays[table] = arrays.get(table, -1) + 1
            table = _latest(table, arrays)
        lines.setdefault(table, number)
    return lines


def _latest(path: KeyPath, arrays: Mapping[KeyPath, int]) -> KeyPath:
    """The path itself, or where it is an array of tables, that of its last table."""
    return (*path, arrays[path]) if path in arrays else path


# what an end of line may stand in, or a bracket: strings of several lines, strings, comments
_TOKEN = re.compile(r'''"""(?:[^\\]|\\.)*?"{3,5}|\'{3}.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|[][{}\n]''', re.DOTALL)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each statement of a valid TOML text with the number of its first line; blank lines and comments are none."""
    # TOML's lines end with \n alone; splitlines() would also cut at \x0b, \x85 and their like
    text = text.replace("\r\n", "\n") + "\n"
    start, number, depth = 0, 1, 0
    for token in _TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if token[0] == "\n" and depth == 0:
            statement = text[start : token.end()]
            if statement.lstrip()[:1] not in ("", "#"):
                yield number, statement
            start, number = token.end(), number + statement.count("\n")


def _paths(value: Any, path: KeyPath = (), *, into_lists: bool = True) -> Iterator[KeyPath]:
    children: Sequence[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list) and into_lists:
        children = list(enumerate(value))
    for key, child in children:
        yield (*path, key)
        yield from _paths(child, (*path, key), into_lists=into_lists)


def dumps(values: Mapping[str, Any]) -> str:
    """TOML of plain values, of mappings as tables, mappings in them as tables of their own, and of lists of mappings.

    None is left out. What comes back from tomllib equals what was given.
    """
    tables: list[tuple[str, Mapping[str, Any]]] = []
    head = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            tables.extend(_nested((key,), value))
        elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            tables.extend((f"[[{key}]]", item) for item in value)
        else:
            head[key] = value
    blocks = [_assignments(head)] if head else []
    blocks += [f"{header}\n{_assignments(table)}" for header, table in tables]
    return "\n".join(blocks)


def _nested(path: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    own = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    if own or not table:
        yield f"[{'.'.join(_key(key) for key in path)}]", own
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _nested((*path, key), value)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _value(key)


def _assignments(table: Mapping[str, Any]) -> str:
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in table.items() if value is not None)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        # a JSON string is a TOML basic string, but for DEL, which TOML wants escaped
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return "[" + ", ".join(_value(item) for item in value) + "]"
