"""What of an answer is thinking, a channel's heading or an end token, and so no part of what was answered."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

from banditgen.generators.extraction.fences import blocks
from banditgen.generators.extraction.program import read
from banditgen.generators.extraction.runs import SURE_START, code_runs

_MOST_MARKS = 500  # bounds the time that hostile text can take
_WORDS = (
    r"(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflect(?:ion)?|scratchpad|scratch_pad|analysis|inner_monologue|chain_of_thought|cot"
    r"|[\w-]+[_:](?:think(?:ing)?|thought|reasoning))"
)
_OPEN = (
    rf"<{_WORDS}(?:\s[^<>\n]*)?>|\[(?:THINK(?:ING)?|REASONING)\]|\u25c1think\u25b7|<unused94>(?:thought)?"
    r"|<details type=\"reasoning\"[^>\n]{0,200}>|<\|(?:begin_of_thought|start_of_thought|start_thinking|thinking|think)\|>"
)
_CLOSE = (
    rf"</{_WORDS}>|\[/(?:THINK(?:ING)?|REASONING)\]|\u25c1/think\u25b7|<unused95>|</details>"
    r"|<\|(?:end_of_thought|end_thinking|/thinking|/think)\|>"
)
_MARK = re.compile(rf"(?P<open>{_OPEN})|(?P<close>{_CLOSE})", re.IGNORECASE)
_CHANNEL = re.compile(r"(?:<\|start\|>\w+)?<\|channel\|>\s*(\w+)[^<\n]*(?:<\|constrain\|>\s*\w*)?\s*<\|message\|>")
_HALF_CHANNEL = re.compile(r"\A\s*(?:assistant)?\s*(analysis|commentary|final)\s*<\|message\|>")
_CHANNEL_END = re.compile(r"<\|(?:end|return|call|start|channel)\|>")
_BARE_CHANNEL = re.compile(r"\A\s*(?:assistant)?(?:analysis|commentary)(?=[A-Z\n\"'`])")
_BARE_FINAL = re.compile(r"assistant\s?final")
_BARE_COMMENTARY = re.compile(r"assistant\s?commentary(?: to=[\w.]+)?(?:\s?(?:code|json))?")
_BEGIN = re.compile(
    r"\A(?:\s*(?:<s>|<bos>|<\|begin_of_text\|>|<\uff5cbegin\u2581of\u2581sentence\uff5c>|<\|(?:im_start|start)\|>(?:assistant)?|<start_of_turn>model"
    r"|<\|start_header_id\|>assistant<\|end_header_id\|>|<\|assistant\|>|<\uff5cAssistant\uff5c>|\[/INST\]|<\|python_tag\|>|<\|start_response\|>"
    r"|<\|begin_of_solution\|>|<\|message\|>))+",
    re.IGNORECASE,
)
_STOP = re.compile(
    r"<\|(?:im_end|im_start|eot_id|eom_id|end_of_text|endoftext|end_of_turn|end_of_solution|end_response|end|eot|return|call|user|assistant|system"
    r"|start_header_id|file_sep(?:arator)?|fim_\w+|endofprompt|eos|end_of_role|start_of_role)\|>"
    r"|<(?:eos|end_of_turn|start_of_turn|eot|endoftext|EOT)>|<\uff5c(?:end\u2581of\u2581sentence|User|Assistant)\uff5c>|</s>(?=\s*(?:\Z|<|\n))|\[/?INST\]"
    r"|\[end of text\]",
    re.IGNORECASE,
)
_ANY = re.compile(rf"{_MARK.pattern}|{_STOP.pattern}|<\|(?:channel|message)\|>|{_BEGIN.pattern}|{_BARE_CHANNEL.pattern}", re.IGNORECASE)


def is_marked(text: str) -> bool:
    """Whether a text begins as thinking whose marks were lost does; such a text can parse, and is no program for all that."""
    return _BARE_CHANNEL.match(text) is not None and _BARE_FINAL.search(text) is not None


def without_thoughts(text: str) -> str:
    """The answer alone: no thinking, no headings of channels, nothing from the first end token on.

    Marks count only where they can't be code: not inside a block that parses, not in quotes. What follows a mark of
    beginning that is never closed is thinking to its end.
    """
    if _ANY.search(text) is None:
        return text
    spans = _code_spans(text)
    for step in (_without_beginning, _without_channels, _without_marked, _without_beginning, _without_rest):
        before, text = text, step(text, spans)
        spans = spans if text is before else _code_spans(text)
    return text


Spans = list[tuple[int, int]]


def _code_spans(text: str) -> Spans:
    """Where code stands that parses."""
    spans = [(block.start, block.end) for block in blocks(text) if read(block.body) is not None]
    place = 0
    for run in code_runs(text):
        start = text.find(run, place)
        if start >= 0 and SURE_START.search(run):
            spans.append((start, start + len(run)))
            place = start + len(run)
    return spans


def _free(found: Iterable[re.Match[str]], spans: Spans) -> Iterator[re.Match[str]]:
    """The marks that are no part of code."""
    return (one for one in itertools.islice(found, _MOST_MARKS) if not any(start <= one.start() < end for start, end in spans))


def _without_beginning(text: str, spans: Spans) -> str:
    return text[found.end() :] if (found := _BEGIN.match(text)) is not None and any(_free([found], spans)) else text


def _without_channels(text: str, spans: Spans) -> str:
    """Of an answer in channels the last final one, else the last commentary (a tool call's); nothing of the analysis."""
    if found := _HALF_CHANNEL.match(text):
        text = f"<|channel|>{found[1]}<|message|>" + text[found.end() :]
        spans = _code_spans(text)
    bodies: dict[str, str] = {}
    for heading in _free(_CHANNEL.finditer(text), spans):
        end = next(_free(_CHANNEL_END.finditer(text, heading.end()), spans), None)
        bodies[heading[1].lower()] = text[heading.end() : end.start() if end else len(text)]
    if bodies:
        return bodies.get("final", bodies.get("commentary", ""))
    if _BARE_CHANNEL.match(text) is None:
        return text
    for heading_of in (_BARE_FINAL, _BARE_COMMENTARY):
        every = list(heading_of.finditer(text))
        headings = [one for one in every if not "".join(_around(text, one)).strip()] or list(_free(every, spans))
        if headings:
            return text[headings[-1].end() :]
    return ""


def _without_marked(text: str, spans: Spans) -> str:
    """Without what stands between marks of thinking, before a lone closing one, and after a lone opening one."""
    marks = [mark for mark in _free(_MARK.finditer(text), spans) if not _is_quoted(text, mark)]
    kept: list[str] = []
    place = number = 0
    while number < len(marks):
        mark = marks[number]
        number += 1
        if mark["close"]:
            if _is_lone_close(text, mark, spans):
                kept, place = [], mark.end()
        elif _opens(text, mark):
            closing = _closing(text, marks[number:])
            if closing is not None:
                kept.append(text[place : mark.start()])
                place = marks[number + closing].end()
                number += closing + 1
            elif _is_lone_open(text, mark, place, spans):
                return "\n".join([*kept, text[place : mark.start()]])
    return "\n".join([*kept, text[place:]]) if kept or place else text


def _is_quoted(text: str, mark: re.Match[str]) -> bool:
    """Whether a mark is named and not meant: a quote before it where it opens, behind it where it closes."""
    if mark["open"]:
        return text[: mark.start()].endswith(("`", "'", '"'))
    after = text[mark.end() : mark.end() + 3]
    return after[:1] in ("`", "'", '"') and after not in ("```", "'''", '"""')


def _around(text: str, mark: re.Match[str]) -> tuple[str, str]:
    """What stands on the mark's line before and after it."""
    line, end = text.rfind("\n", 0, mark.start()) + 1, text.find("\n", mark.end())
    return text[line : mark.start()], text[mark.end() : len(text) if end < 0 else end]


def _opens(text: str, mark: re.Match[str]) -> bool:
    """Whether an opening mark stands where one does; one with a blank on each side in a line is just spoken of."""
    before, after = _around(text, mark)
    return not before.strip() or not after.strip() or not after[0].isspace()


def _closing(text: str, marks: list[re.Match[str]]) -> int | None:
    """Which of the following marks ends the thinking: the first that balances it or has a line's beginning, else the first."""
    depth = 1
    for number, mark in enumerate(marks):
        depth += 1 if mark["open"] else -1
        if mark["close"] and (depth == 0 or not _around(text, mark)[0]):
            return number
    return next((number for number, mark in enumerate(marks) if mark["close"]), None)


def _is_lone_close(text: str, mark: re.Match[str], spans: Spans) -> bool:
    """Whether a closing mark without an opening one ends thinking, and isn't just spoken of behind the code."""
    before, rest = _around(text, mark)[0], text[mark.end() :]
    if mark[0].lower() == "</details>":
        return False
    if not before.strip() or not (rest.strip() or before[-1].isspace()):
        return True
    has_code_before = any(end <= mark.start() for _, end in spans)
    return not has_code_before or "```" in rest or SURE_START.search(rest.lstrip()) is not None


def _is_lone_open(text: str, mark: re.Match[str], place: int, spans: Spans) -> bool:
    """Whether an opening mark without a closing one begins thinking, and isn't just spoken of."""
    if not text[place : mark.start()].strip():
        return True
    before, after = _around(text, mark)
    if not before.strip():
        return not after[:1].isspace()
    return not after.strip() and not any(place <= start and end <= mark.start() for start, end in spans)


def _without_rest(text: str, spans: Spans) -> str:
    for mark in _free(_STOP.finditer(text), spans):
        before, after = _around(text, mark)
        quoted = before[-1:] in ("`", "'", '"') and after[:1] in ("`", "'", '"')
        if not quoted and text[: mark.start()].strip():
            return text[: mark.start()]
    return text
