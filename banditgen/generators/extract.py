"""The code out of whatever a model wrote around it."""

from __future__ import annotations

import ast
import re
import textwrap

from banditgen.generators._parse import has_code, parse
from banditgen.generators.extraction import diffs, thoughts
from banditgen.generators.extraction.choice import Piece, Wanted, chosen
from banditgen.generators.extraction.fences import PYTHON, Block, blocks
from banditgen.generators.extraction.named import named_code
from banditgen.generators.extraction.program import Program, read
from banditgen.generators.extraction.repair import cut_back, repaired, without_numbers, without_prompts
from banditgen.generators.extraction.runs import SURE_START, code_runs, without_words
from banditgen.task import Task

_MOST_CHARACTERS = 200_000  # some ten times the longest answer that max_tokens usually allows
_DEEPEST = 2  # code in a JSON text in a tool call
_QUOTE = re.compile(r"^> ?(?=(?!>))", re.MULTILINE)
_QUOTED_FENCE = re.compile(r"^> ?(?:```|~~~)", re.MULTILINE)
_INDENTED = re.compile(r"(?:^(?: {4}|\t).*\n?|^[ \t]*\n)+", re.MULTILINE)  # Markdown's code without fences
_HEREDOC = re.compile(r"^[ \t]*(?:cat|tee)\b[^\n]*<<-?[ \t]*(['\"]?)(\w+)\1[^\n]*\n(.*?)^\2[ \t]*$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


def extract(text: str, task: Task) -> str:
    """The program in a model's answer to a task: `extract_code` with all that the task says of what is wanted."""
    return _extracted(text, Wanted(task.wanted, task.kind == "stdio", task.packages))


def extract_code(text: str, entry_point: str | None = None) -> str:
    """The program in a model's answer, without what was written around it.

    Preferred are, in this order: what a tool call or a JSON answer names as code; the last complete block that binds
    `entry_point`, in whatever way, joined with other blocks whose names it needs; without an entry point, or where no
    block binds it, the last block that defines something other than tests; the whole text where it parses. Thinking is
    left out, and so are headings of channels and end tokens. Fences may be missing, unequal, glued to text or never closed,
    blocks may be interpreter sessions or diffs. Code that breaks off loses its last, unfinished top-level statement where
    what remains still binds `entry_point`.

    Args:
        text: what the model wrote; hostile, so only its first 200,000 characters are looked at.
        entry_point: the function or class that is wanted, where it is known.

    Returns:
        The code, without blank lines around it; "" where there is none (bare prose, thinking alone, or nothing at all).
    """
    return _extracted(text, Wanted(entry_point))


def is_only_thinking(text: str) -> bool:
    """Whether an answer has thinking and nothing else."""
    text = _plain(text)
    return bool(text.strip()) and not _is_program(text) and not thoughts.without_thoughts(text).strip()


def ended(code: str) -> str:
    """Code as it is kept: with a line's end at its end, as a file of text has."""
    return code if not code or code.endswith("\n") else code + "\n"


def _extracted(text: str, wanted: Wanted, depth: int = 0) -> str:
    text = _plain(text)
    if not _is_program(text) or thoughts.is_marked(text):
        text = thoughts.without_thoughts(text)
    if depth < _DEEPEST and (code := _named(text, wanted, depth)):
        return code
    if _is_program(text) and isinstance(tree := parse(text), ast.Module):
        return _tidy(without_words(text, tree))
    fenced = blocks(text)
    pieces, broken = _pieces(fenced, wanted)
    if any(wanted.strength(piece.program) for piece in pieces):
        return _tidy(chosen(pieces, wanted))
    if wanted.entry_point or not any(piece.program.defines for piece in pieces):
        outside = [Piece(program) for program in _unfenced(text, fenced, wanted)]
        wants = [wanted.strength(piece.program) if wanted.entry_point else piece.program.defines for piece in outside]
        if any(wants) or all(piece.program.is_tests for piece in pieces):
            pieces = [*pieces, *outside]
    if not any(wanted.strength(piece.program) for piece in pieces) and (half := _half_written(text, fenced, broken, pieces, wanted)):
        return _tidy(half)
    return _tidy(chosen(pieces, wanted))


def _plain(text: str) -> str:
    text = text[:_MOST_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").removeprefix("\ufeff")
    text = text.encode("utf-8", "replace").decode()
    return _QUOTE.sub("", text) if _QUOTED_FENCE.search(text) else text


def _tidy(code: str) -> str:
    """Without blank lines before and after."""
    return re.sub(r"\A(?:[ \t\f]*\n)+", "", code).rstrip()


def _is_program(text: str) -> bool:
    tree = parse(text)
    return isinstance(tree, ast.Module) and has_code(tree)


def _named(text: str, wanted: Wanted, depth: int) -> str:
    """The last code that JSON, a tool call or a tag names; "" where they name none that is wanted."""
    tree = parse(text)
    if isinstance(tree, ast.Module) and not all(isinstance(node, ast.Expr) for node in tree.body):
        return ""
    if isinstance(tree, ast.Module) and isinstance(quoted := ast.get_docstring(tree, clean=False), str) and len(tree.body) == 1:
        return _extracted(quoted, wanted, depth + 1)
    programs = [(sure, read(_extracted(value, wanted, depth + 1))) for sure, value in named_code(_without_examples(text, wanted))]
    good = [
        (sure, program) for sure, program in programs if program is not None and (wanted.strength(program) if wanted.entry_point else sure)
    ]
    if not good and not wanted.entry_point:
        return ""
    if not good and not any(_pieces(blocks(text), wanted)):
        good = [(sure, program) for sure, program in programs if program is not None and sure]
    certain = [Piece(program) for sure, program in good if sure] or [Piece(program) for _, program in good]
    return _tidy(chosen(certain, wanted))


def _without_examples(text: str, wanted: Wanted) -> str:
    """The text without its fenced JSON where other blocks define what is wanted: an example of data, unless a tool is called there."""
    fenced = blocks(text) if "json" in text.lower() else []
    shown = [block for block in fenced if block.tag.startswith("json") and "tool" not in text[max(0, block.start - 80) : block.start]]
    if not shown or not any(wanted.strength(piece.program) for piece in _pieces(fenced, wanted)[0]):
        return text
    for block in reversed(shown):
        text = text[: block.start] + text[block.end :]
    return text


def _pieces(fenced: list[Block], wanted: Wanted) -> tuple[list[Piece], list[str]]:
    """The blocks that are programs, and the text of those that begin as one and are none."""
    pieces: list[Piece] = []
    broken: list[str] = []
    for block in fenced:
        program = _program(block, [piece.program for piece in pieces], wanted)
        if program is not None:
            pieces.append(Piece(program, block.is_foreign and block.tag not in diffs.TAGS and not wanted.strength(program)))
        elif block.tag in PYTHON or SURE_START.search(block.body):
            broken.append(without_prompts(block.body))
    return pieces, broken


def _program(block: Block, earlier: list[Program], wanted: Wanted) -> Program | None:
    """The program that a block is, that its diff makes of an earlier one, or that its whole statements are."""
    if hunks := diffs.changes(block.body, block.tag):
        for one in reversed(earlier):
            if (changed := diffs.applied(one.code, hunks)) is not None and (made := read(changed)) is not None:
                return made
        return repaired(diffs.new_side(hunks))
    for *_, body in _HEREDOC.findall(block.body):  # a shell that writes a file; its words would parse as comparisons
        if (program := repaired(body)) is not None and wanted.strength(program):
            return program
    program = repaired(block.body)
    if program is None and not block.is_foreign:
        program = cut_back(block.body)
        if program is None or (wanted.entry_point and not wanted.strength(program)):
            program = read("\n".join(one.code for one in _programs(block.body)))  # words among the code
        if program is not None and wanted.entry_point and not wanted.strength(program):
            return None
    return program


def _unfenced(text: str, fenced: list[Block], wanted: Wanted) -> list[Program]:
    """The programs outside of all fences: whole statements, a diff, what was typed at a prompt, is in backticks, or is indented."""
    if not fenced and (hunks := diffs.changes(text)):
        patched = repaired(diffs.new_side(hunks))
        return [patched] if patched is not None else []
    place, rest = 0, []
    for block in fenced:
        rest.append(text[place : max(place, block.start)])
        place = max(place, block.end)
    outside = "\n".join([*rest, text[place:]])
    found = _programs(outside)
    if not any(wanted.strength(program) for program in found):
        typed = without_prompts(without_numbers(outside))
        found += _programs(typed) if typed != outside else []
        inline = [program for code in _INLINE.findall(outside)[:20] if (program := read(code.strip())) is not None]
        found += [program for program in inline if wanted.strength(program)]
    if not any(wanted.strength(program) for program in found):
        indented = "\n".join(map(textwrap.dedent, _INDENTED.findall(outside)[:20]))
        found += [program for program in _programs(indented) if wanted.strength(program) or not found]
    if not found and (mended := repaired(outside)) is not None:
        return [mended]
    return found


def _programs(text: str) -> list[Program]:
    """Those between the lines of a text of prose and code."""
    return [program for run in code_runs(text) if (program := read(_tidy(run))) is not None]


def _half_written(text: str, fenced: list[Block], broken: list[str], pieces: list[Piece], wanted: Wanted) -> str:
    """Code that breaks off or doesn't parse, where it begins what is wanted, or where nothing else is there."""
    if fenced:
        begun = [body for body in broken if wanted.entry_point and _begins(body, wanted.entry_point)]
        return (begun or (broken if not pieces else [""]))[-1] if begun or broken else ""
    start = SURE_START.search(text)
    if start is None or (pieces and not (wanted.entry_point and _begins(text, wanted.entry_point))):
        return ""
    return text[start.start() :]


def _begins(text: str, entry_point: str) -> bool:
    """Whether a definition of `entry_point` begins in the text, parsing or not."""
    return re.search(rf"^(?:async def|def|class) {re.escape(entry_point)}\b", text, re.MULTILINE) is not None
