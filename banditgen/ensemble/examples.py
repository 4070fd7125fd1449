"""The examples that a prompt shows: calls and what they return, or a program's input and output."""

from __future__ import annotations

import ast
import doctest
import io
import itertools
import re
import textwrap
import tokenize
from typing import NamedTuple

from banditgen._quiet import quiet

_ARROW = re.compile(
    r"\s*(?:-+>|=+>|→|➞|⇒|==|=|#|(?:should |must |will )?(?:return|give|yield|equal|output)s?:?|is)\s*(?=\S)", re.IGNORECASE
)
_HEADING = r"^[ \t>#*]*(?:(?:sample|example)[ \t]*)?{}[ \t]*\d*[*`]*[ \t]*:?[ \t*`]*$\n"
_SAMPLE = re.compile(
    _HEADING.format("input")
    + r"(?:[ \t]*\n)*(?P<stdin>.*?)"
    + _HEADING.format("(?:expected[ \t]*)?output")
    + r"(?:[ \t]*\n)*(?P<stdout>.*?)(?=\n[ \t]*\n|\Z|^[ \t>#*]*(?:sample|example|input|note)\b)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_ASKED = re.compile(
    r"^[ \t>*#]*Input:?[*`]*:?[ \t]*(?P<given>\S.*)\n[ \t>*#]*(?:Expected )?Output:?[*`]*:?[ \t]*(?P<expected>\S.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_OTHER_WORDS = {"true": "True", "false": "False", "null": "None"}
_MOST = 30
_READ = 20_000  # characters of a prompt, and of a call: what is longer is no example, and reading it would take long
_CALL = 2000


class Example(NamedTuple):
    """A call, or a program's input, and what the prompt says comes out: source text, "!" and an exception's type, or a program's output."""

    call: str
    expected: str


def of_function(prompt: str, entry_point: str | None) -> list[Example]:
    """Examples such as `>>> f(2)` with its result below, "f(2) → 4", "f(2) returns 4", `assert f(2) == 4`, "Input: n = 2" above
    "Output: 4"; without an entry point the first form alone.
    """
    prompt = prompt[:_READ]
    found = _of_doctests(prompt)
    if entry_point is not None:
        found += [*_of_arrows(prompt, entry_point), *_of_headings(prompt, entry_point)]
    named = [example for example in found if entry_point is None or re.search(rf"\b{re.escape(entry_point)}\(", example.call)]
    return list({example.call: example for example in reversed(named)}.values())[::-1][:_MOST]


def of_program(prompt: str) -> list[Example]:
    """Samples under headings such as "Input:" and "Sample Output:", or beside them."""
    prompt = prompt[:_READ]
    found = [
        (textwrap.dedent(_unfenced(match["stdin"])), textwrap.dedent(_unfenced(match["stdout"]))) for match in _SAMPLE.finditer(prompt)
    ]
    beside = [(match["given"].strip("` "), match["expected"].strip("` ")) for match in _ASKED.finditer(prompt)]
    found += [pair for pair in beside if not re.match(r"\w+ *=", pair[0])]  # `n = 3` names an argument
    return [Example(stdin.rstrip("\n") + "\n", stdout.rstrip()) for stdin, stdout in found if stdout.strip()][:_MOST]


def _unfenced(text: str) -> str:
    return re.sub(r"^[ \t]*```\w*[ \t]*\n?", "", text, flags=re.MULTILINE)


def _of_doctests(prompt: str) -> list[Example]:
    try:
        shown = doctest.DocTestParser().get_examples(prompt)
    except ValueError:  # its prose is no doctest
        return []
    found = []
    for example in shown:
        call, want = example.source.strip(), example.want.strip()
        if example.exc_msg:
            found.append(Example(call, "!" + example.exc_msg.partition(":")[0].strip()))
        elif want:
            found.append(Example(call, _literal(want) or _literal(want.partition("\n")[0]) or ""))
    return [example for example in found if example.expected and _is_call(example.call)]


def _of_arrows(prompt: str, entry_point: str) -> list[Example]:
    found = []
    for match in itertools.islice(re.finditer(rf"(?<![\w.]){re.escape(entry_point)}\(", prompt), 3 * _MOST):
        call = _closed(prompt[match.start() : match.start() + _CALL])
        rest = prompt[match.start() + len(call) :].partition("\n")[0]
        arrow = _ARROW.match(rest) if call else None
        expected = _literal(rest[arrow.end() :]) if arrow else None
        if expected is not None and _is_call(call):
            found.append(Example(call, expected))
    return found


def _of_headings(prompt: str, entry_point: str) -> list[Example]:
    found = []
    for match in _ASKED.finditer(prompt):
        call, expected = f"{entry_point}({match['given'].strip()})", _literal(match["expected"])
        if expected is not None and _is_call(call):
            tree = ast.parse(call, mode="eval")
            if isinstance(tree.body, ast.Call):  # names of arguments may be any in candidates, their order is told
                tree.body.args += [word.value for word in tree.body.keywords]
                tree.body.keywords = []
                found.append(Example(ast.unparse(tree), expected))
    return found


def _closed(text: str) -> str:
    """The text up to the parenthesis that closes its first one; "" where none does."""
    depth, line_starts = 0, [0]
    for line in text.splitlines(keepends=True):
        line_starts.append(line_starts[-1] + len(line))
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            depth += (token.string in "([{") - (token.string in ")]}") if token.type == tokenize.OP else 0
            if depth == 0 and token.string == ")":
                return text[: line_starts[token.end[0] - 1] + token.end[1]]
    except (tokenize.TokenError, SyntaxError):
        pass
    return ""


def _literal(text: str) -> str | None:
    """The longest beginning of a line that is a literal, as source; a bracket or quotes round it in prose are no part of it."""
    text = text.strip().strip("`")
    ends = [len(text), *(match.start() for match in re.finditer(r"[\s.,;:)#`]", text))]
    for end in sorted(set(ends), reverse=True):
        part = text[:end].rstrip(" .,;:`")
        part = _OTHER_WORDS.get(part, part)
        if part and _is_literal(part):
            return part
    return None


def _is_literal(text: str) -> bool:
    try:
        with quiet():
            ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
    return True


def _is_call(text: str) -> bool:
    try:
        with quiet():
            tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    arguments = [
        part for node in ast.walk(tree) if isinstance(node, ast.Call) for part in (*node.args, *(word.value for word in node.keywords))
    ]
    # `f(x) -> the same` and the definition `f(x)` itself are no examples: names stand for anything
    return any(isinstance(node, ast.Call) for node in ast.walk(tree)) and not any(isinstance(part, ast.Name) for part in arguments)
