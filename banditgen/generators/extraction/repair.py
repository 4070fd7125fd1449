"""A block's text made into the program that was meant: without prompts, indentation, entities and the like around it."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Callable

from banditgen.generators._parse import parse
from banditgen.generators.extraction.program import Program, read
from banditgen.generators.extraction.runs import whole_statements

_PROMPT = re.compile(r"^ {0,3}(?:>>>|In \[\d+\]:)(?: |$)", re.MULTILINE)  # deeper is a docstring's example
_LANGUAGE = re.compile(r"\A\s*(?:python3?|py|copy code|code)[ \t]*:?[ \t]*\n", re.IGNORECASE)
_MAGIC = re.compile(r"^(?:%%?[a-z]|!\s?\w|\$ |pip3? install ).*\n?", re.MULTILINE)
_ODD_SPACES = re.compile(r"[\u00a0\u2000-\u200a\u202f\u3000]")
_NO_WIDTH = re.compile(r"[\u200b-\u200d\u2060\ufeff]")
_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d\u2032\u2033", "''\"\"'\"")
_NUMBERED = re.compile(r"[ \t]*[#L\[(]?(\d{1,6})(?:[ \t]*[|:\u2502\u2192)\]]:?|\.?(?=[ \t]|$))")


def repaired(body: str) -> Program | None:
    """The first version of a text that is a program: as it is, then with one fault after the other mended."""
    text = _LANGUAGE.sub("", body, count=1)
    mends = iter(_MENDS)
    while (program := read(_tidy(text))) is None:
        before = text
        while text == before:
            if (mend := next(mends, None)) is None:
                return None
            text = mend(text)
    return program


def cut_back(body: str) -> Program | None:
    """The whole statements at a text's beginning as a program: what breaks off loses its last, unfinished one."""
    return read(_tidy(whole_statements(without_prompts(body).split("\n"))))


def without_prompts(text: str) -> str:
    """What was typed in an interpreter session, its answers left out; any other text as it is."""
    if _PROMPT.search(text) is None or not isinstance(parse(text), SyntaxError):
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


def without_numbers(text: str) -> str:
    """Without the numbers before lines that are counted, in whatever style; any other line as it is."""
    made: list[str] = []
    run: list[tuple[str, str]] = []
    last = blanks = 0
    for line in [*text.split("\n"), "the end"]:
        number = _NUMBERED.match(line)
        if run and number is not None and last < int(number[1]) <= last + 1 + blanks:
            run.append((line, line[number.end() :]))
        elif run and not line.strip():
            run.append((line, ""))
            blanks += 1  # which may have been counted, too
            continue
        else:
            bare = textwrap.dedent("\n".join(rest for _, rest in run)).split("\n") if len(run) > 1 else []
            made += bare or [whole for whole, _ in run]
            run = [(line, line[number.end() :])] if number is not None else []
            made += [] if number is not None else [line]
        last, blanks = (int(number[1]) if number is not None else last), 0
    return "\n".join(made[:-1])


def _tidy(code: str) -> str:
    """Without blank lines before and after."""
    return re.sub(r"\A(?:[ \t\f]*\n)+", "", code).rstrip()


def _without_magic(text: str) -> str:
    return _MAGIC.sub("", text)


def _plain_characters(text: str) -> str:
    return _NO_WIDTH.sub("", _ODD_SPACES.sub(" ", text))


def _straight_quotes(text: str) -> str:
    return text.translate(_QUOTES)


def _unescaped(text: str) -> str:
    r"""A whole program on one line, its line ends written as \n."""
    one_line = text.strip()
    return one_line.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"') if "\n" not in one_line and "\\n" in one_line else text


_MENDS: tuple[Callable[[str], str], ...] = (
    without_prompts,
    textwrap.dedent,
    _without_magic,
    _plain_characters,
    html.unescape,
    without_numbers,
    _straight_quotes,
    _unescaped,
)
