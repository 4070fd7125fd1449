"""What a tool call or a JSON answer names as code."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

from banditgen.generators._parse import parse

_SURE_KEYS = {"code", "python", "python_code", "py", "solution", "source", "source_code", "program", "file_text", "script"}
_SURE_KEYS |= {"implementation", "final_code", "new_code", "new_str", "new_string", "function_code", "snippet"}
_CODE_KEYS = _SURE_KEYS | {"text", "input", "answer", "response", "output", "content", "contents", "completion"}
_MOST_VALUES = 30
_DEEPEST = 8
_DECODER = json.JSONDecoder(strict=False)
_JSON = re.compile(r"(?:^|(?<=[>\]:\u2581\uff5c`]))[ \t]*(?=[{\[])|(?<=json)(?=\{)", re.MULTILINE)
_TAG = re.compile(
    r"<(code|python|parameter|arg_value|contents?|file|file_text|answer|solution|final_answer|output|response|result|source|program|script)"
    r"((?:[\s=][^<>\n]*)?)>|\[(PYTHON|ANSWER|CODE)\]|\\begin\{(lstlisting|minted|verbatim|code|python)\}[^\n]*",
    re.IGNORECASE,
)
_CDATA = re.compile(r"\A\s*<!\[CDATA\[(.*?)\]\]>\s*\Z", re.DOTALL)
_OBJECT = re.compile(r"[\[\s]*\{\s*\"")
_ESCAPE = re.compile(r'\\(?!["\\/bfnrtu])')


def named_code(text: str) -> list[tuple[bool, str]]:
    """Texts that an answer's JSON, tool calls and tags name as code, in their order, each with whether its name says code."""
    values = [*_from_json(text), *_from_literal(text), *_from_tags(text)]
    return [(sure, value) for sure, value in values[:_MOST_VALUES] if value.strip()]


def _from_json(text: str) -> Iterator[tuple[bool, str]]:
    place = tries = 0
    if text.strip()[:1] == '"':
        yield from _leaves(_decoded(text.strip(), 0)[0], "code")
    while tries < _MOST_VALUES and (found := _JSON.search(text, place)) is not None:
        tries += 1
        value, end = _decoded(text, found.end())
        yield from _leaves(value, "")
        place = max(end, found.end() + 1)


def _decoded(text: str, start: int) -> tuple[Any, int]:
    """The JSON value that begins there and its end, one whose escapes are no JSON or whose last brackets are missing included."""
    try:
        return _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        if _OBJECT.match(text, start) is None:
            return None, start
    source = _ESCAPE.sub(r"\\\\", text[start:]).rstrip()
    for missing in ("", "}", '"}', "}}", "]}"):
        try:
            return _DECODER.raw_decode(source + missing)[0], len(text)
        except (ValueError, RecursionError):
            continue
    return None, start


def _from_literal(text: str) -> Iterator[tuple[bool, str]]:
    """Texts in an answer that is a Python literal or a call of a tool with keywords."""
    tree = parse(text.strip().removeprefix("<tool_call>").removesuffix("</tool_call>").strip())
    if not isinstance(tree, ast.Module) or not all(isinstance(node, ast.Expr) for node in tree.body):
        return
    for node in ast.walk(tree):
        pairs: list[tuple[Any, ast.expr]] = []
        if isinstance(node, ast.Dict):
            pairs = [(getattr(key, "value", ""), value) for key, value in zip(node.keys, node.values, strict=True)]
        elif isinstance(node, ast.keyword):
            pairs = [(node.arg, node.value)]
        for key, value in pairs:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield from _leaves(value.value, str(key))


def _from_tags(text: str) -> Iterator[tuple[bool, str]]:
    place = tries = 0
    lower = text.lower() if text.isascii() else re.sub(r"[A-Z]+", lambda found: found[0].lower(), text)  # no character more or less
    while tries < _MOST_VALUES and (found := _TAG.search(text, place)) is not None:
        tries += 1
        tag, about, bracket, latex = (found[group] or "" for group in range(1, 5))
        closing = f"</{tag}>" if tag else f"[/{bracket}]" if bracket else f"\\end{{{latex}}}"
        end = lower.find(closing.lower(), found.end())
        place = found.end() if end < 0 else end + len(closing)
        if end >= 0:
            body, words = text[found.end() : end], {word.lower() for word in re.findall(r"[\w.]+", about)}
            inside = _CDATA.match(body)
            yield not tag or tag.lower() in _SURE_KEYS or bool(_CODE_KEYS & words), inside[1] if inside else body


def _leaves(value: Any, key: str, depth: int = 0) -> Iterator[tuple[bool, str]]:
    """The texts in a JSON value, each with whether its key names code; a list of lines is one text, JSON in a text is looked into."""
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, str(name), depth + 1)
    elif isinstance(value, list):
        if value and all(isinstance(line, str) for line in value) and key.lower() in _CODE_KEYS | {"lines"}:
            yield True, "\n".join(line.rstrip("\n") for line in value)
        else:
            for inner in value:
                yield from _leaves(inner, key, depth + 1)
    elif isinstance(value, str) and value.lstrip()[:1] in ("{", "[") and isinstance(_decoded(value.strip(), 0)[0], dict | list):
        yield from _leaves(_decoded(value.strip(), 0)[0], key, depth + 1)
    elif isinstance(value, str):
        yield key.lower() in _CODE_KEYS, value
