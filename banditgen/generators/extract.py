"""The code out of whatever a model wrote around it."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator

from banditgen.generators._parse import defines, has_code, is_code, parse

_MOST_CHARACTERS = 200_000  # some ten times the longest answer that max_tokens usually allows
_MOST_PARSES = 60  # per answer and stage: bounds the time that hostile text can take
_MOST_BLOCKS = 30
_OPENING = re.compile(
    r"^([ \t]*(?:[-*] )?)(`{3,}|~{3,})[ \t]*([^\n`]*)$|(?<=\S)[ \t]*(`{3,})[ \t]*(?:python3?|py)[ \t]*$", re.MULTILINE | re.IGNORECASE
)
_CLOSING = re.compile(r"(`{3,}|~{3,})[ \t]*$", re.MULTILINE)
_THOUGHT = re.compile(r"\A\s*<(think|thinking|thought|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_END_OF_THOUGHT = re.compile(r"\A.*?</(?:think|thinking|thought|reasoning)>[ \t]*$", re.DOTALL | re.MULTILINE | re.IGNORECASE)
_PROMPT = re.compile(r"^ {0,3}(?:>>>|In \[\d+\]:)(?: |$)", re.MULTILINE)  # deeper is a docstring's example
_PYTHON = {"python", "py", "python3", "py3", "pycon", "ipython", "python-repl"}
_START = re.compile(
    r"(?:async|def|class|import|from|if|for|while|with|try|match)\b|[@#\"'(\[]|\w[\w.]*\(|[\w.\[\], ]{1,200}(?::[^=]{0,200})?[-+*/|&]?="
)
_SURE_START = re.compile(r"^(?:async def |def |class |import \w|from [\w.]+ import |@\w)", re.MULTILINE)


def extract_code(text: str, entry_point: str | None = None) -> str:
    """The program in a model's answer, without what was written around it.

    Understood: fences of any tag, several fences, a fence that is never closed, prose before and after, interpreter
    prompts (`>>>`), `<think>` blocks, completions without a fence, Windows line ends. Of several blocks, the one that
    parses and defines `entry_point` is taken, else the best of the rest; blocks are never merged. Code that breaks off
    loses its last, unfinished top-level statement where what remains still defines `entry_point`.

    Args:
        text: what the model wrote; hostile, so only its first 200,000 characters are looked at.
        entry_point: the function or class that is wanted, where it is known.

    Returns:
        The code, without blank lines around it; "" where there is none (bare prose, or nothing at all).
    """
    text = text[:_MOST_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").removeprefix("\ufeff")
    text = text.encode("utf-8", "replace").decode()
    tree = parse(text)
    if isinstance(tree, ast.Module) and has_code(tree):
        return _tidy(_without_words(text, tree))
    text = _END_OF_THOUGHT.sub("", _THOUGHT.sub("", text, count=1), count=1)
    blocks = [(tag, _repaired(body, entry_point)) for tag, body in _fenced(text) if body.strip()]
    if not blocks:
        code = _unfenced(text, entry_point)
        return _tidy(code if _is_wanted(code, entry_point) else _unfenced(_without_prompts(text), entry_point))
    ranks = [(*_rank(tag, body, entry_point), -number) for number, (tag, body) in enumerate(blocks)]
    return _tidy(blocks[ranks.index(max(ranks))][1])


def _tidy(code: str) -> str:
    """Without blank lines before and after."""
    return re.sub(r"\A(?:[ \t\f]*\n)+", "", code).rstrip()


def _rank(tag: str, body: str, entry_point: str | None) -> tuple[bool, bool, bool, bool, int]:
    tree = parse(body)
    good = isinstance(tree, ast.Module) and has_code(tree)
    wanted = entry_point is None or (isinstance(tree, ast.Module) and defines(tree, entry_point))
    named = entry_point is not None and _names(body, entry_point)
    return good and wanted, named, good, tag in _PYTHON, len(body)


def _names(text: str, entry_point: str) -> bool:
    """Whether a definition of `entry_point` begins in the text, parsing or not."""
    return re.search(rf"^(?:async def|def|class) {re.escape(entry_point)}\b", text, re.MULTILINE) is not None


def _fenced(text: str) -> Iterator[tuple[str, str]]:
    """(tag, body) of each fenced block. A block that parses only up to a later fence has that fence inside a string."""
    position = parses = 0
    blocks = 0
    while blocks < _MOST_BLOCKS and (opening := _OPENING.search(text, position)) is not None:
        blocks += 1
        fence = opening[2] or opening[4]
        tag = (opening[3] or "python").split(" ", 1)[0].strip("{}.").lower()
        ends: list[tuple[int, int]] = []  # of the body, of the block
        for closing in _CLOSING.finditer(text, min(opening.end() + 1, len(text))):
            if closing[1][0] == fence[0] and len(closing[1]) >= len(fence):
                ends.append(closing.span())
            if len(ends) == _MOST_BLOCKS:
                break
        ends.append((len(text), len(text)))
        chosen = ends[0]
        for end in ends:
            parses += 1
            if parses > _MOST_PARSES or isinstance(parse(_outdented(text[opening.end() : end[0]], opening[1])), ast.Module):
                chosen = end if parses <= _MOST_PARSES else chosen
                break
        yield tag, _outdented(text[opening.end() : chosen[0]], opening[1])
        position = chosen[1]


def _outdented(body: str, indent: str | None) -> str:
    """The body without the indentation that its fence has, as CommonMark says."""
    return re.sub(rf"^[ \t]{{1,{len(indent)}}}", "", body, flags=re.MULTILINE) if indent else body


def _repaired(body: str, entry_point: str | None) -> str:
    """A block's body, without prompts or common indentation, cut back to whole statements if that leaves what is wanted."""
    for version in (body, _without_prompts(body), textwrap.dedent(body)):
        if isinstance(parse(version), ast.Module):
            return version
    plain = _without_prompts(body)
    whole = _whole_statements(plain.split("\n"))
    return whole if _is_wanted(whole, entry_point) else plain


def _without_prompts(text: str) -> str:
    """What was typed in an interpreter session, its answers left out; any other text as it is."""
    if _PROMPT.search(text) is None or isinstance(parse(text), ast.Module):
        return text
    typed, continues = [], False
    for line in text.split("\n"):
        bare = line.lstrip()
        if (prompt := _PROMPT.match(line)) is not None:
            typed.append(line[prompt.end() :])
            continues = True
        elif continues and (bare == "..." or bare.startswith(("... ", "...:"))):
            typed.append(bare[4:])
        else:
            continues = False
    return "\n".join(typed)


def _is_wanted(code: str, entry_point: str | None) -> bool:
    tree = parse(code)
    return isinstance(tree, ast.Module) and has_code(tree) and (entry_point is None or defines(tree, entry_point))


def _whole_statements(lines: list[str]) -> str:
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


def _unfenced(text: str, entry_point: str | None) -> str:
    """The best run of whole statements in a text of prose and code; what looks like broken code where none parses."""
    lines = text.split("\n")
    runs: list[str] = []
    number = 0
    while number < len(lines) and len(runs) < _MOST_PARSES:
        if not _START.match(lines[number]):
            number += 1
            continue
        run = _whole_statements(lines[number:])
        tree = parse(run)
        runs.append(_without_words(run, tree) if isinstance(tree, ast.Module) and has_code(tree) else "")
        number += max(1, run.count("\n") + 1 if run else 1)
    wanted = [run for run in runs if run and _is_wanted(run, entry_point)]
    if wanted:
        return max(wanted, key=len)
    longest = max(runs, key=len, default="")
    start = _SURE_START.search(text)
    if start is None or (longest and entry_point is not None and not _names(text, entry_point)):
        return longest
    return text[start.start() :]


def _without_words(code: str, tree: ast.Module) -> str:
    """Without single words of prose before and after the program that happen to parse."""
    body = list(tree.body)
    start, end = 0, len(code.split("\n"))
    while body and not is_code(body[-1]) and not isinstance(body[-1], ast.Pass) and not _is_docstring(body[-1]):
        end = body.pop().lineno - 1
    while body and not is_code(body[0]) and not _is_docstring(body[0]):
        start = body.pop(0).end_lineno or 0
    return "\n".join(code.split("\n")[start:end])


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)
