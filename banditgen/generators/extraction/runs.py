"""Runs of code between lines of prose."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from banditgen.generators._parse import has_code, is_code, parse
from banditgen.generators.extraction.program import is_docstring

_MOST_PARSES = 60  # bounds the time that hostile text can take
_START = re.compile(
    r"(?:async|def|class|import|from|if|for|while|with|try|match)\b|[@#\"'(\[]|\w[\w.]*\(|[\w.\[\], ]{1,200}(?::[^=]{0,200})?[-+*/|&]?="
)
SURE_START = re.compile(r"^(?:async def |def |class |import \w|from [\w.]+ import |@\w)", re.MULTILINE)
_OWN_LINE = re.compile(rf"^[rR]?(?:\"{{3}}|'{{3}})|{SURE_START.pattern}", re.MULTILINE)  # a module's docstring, too


def code_runs(text: str) -> Iterator[str]:
    """Each run of whole statements in a text of prose and code, without words of prose around it."""
    lines = text.split("\n")
    number = parses = 0
    while number < len(lines) and parses < _MOST_PARSES:
        if not _START.match(lines[number]):
            number += 1
            continue
        parses += 1
        run = whole_statements(lines[number:])
        tree = parse(run)
        if isinstance(tree, ast.Module) and has_code(tree):
            yield without_words(run, tree)
        number += max(1, run.count("\n") + 1 if run else 1)


def ends_in_code(text: str) -> str | None:
    """The code at the end of a text, the whole of it or from a line on that surely begins some; None where there is none."""
    starts = [0, *(found.start() for found, _ in zip(_OWN_LINE.finditer(text), range(5), strict=False))]
    for start in starts if text.strip() else []:
        tree = parse(text[start:])
        if isinstance(tree, ast.Module) and has_code(tree):
            return text[start:]
    return None


def whole_statements(lines: list[str]) -> str:
    """The longest beginning that parses and ends between two top-level statements."""
    for _ in range(_MOST_PARSES):
        tree = parse("\n".join(lines))
        if isinstance(tree, ast.Module):
            break
        cut = min(tree.lineno or 1, len(lines)) - 1
        while cut > 0 and (not lines[cut].strip() or lines[cut][0] in " \t)]}#"):
            cut -= 1
        lines = lines[:cut]
    else:
        return ""
    return "\n".join(lines)


def without_words(code: str, tree: ast.Module) -> str:
    """Without single words of prose before and after the program that happen to parse."""
    body = list(tree.body)
    start, end = 0, len(code.split("\n"))
    while body and not is_code(body[-1]) and not isinstance(body[-1], ast.Pass) and not is_docstring(body[-1]):
        end = body.pop().lineno - 1
    while body and not is_code(body[0]) and not is_docstring(body[0]):
        start = body.pop(0).end_lineno or 0
    return "\n".join(code.split("\n")[start:end])
