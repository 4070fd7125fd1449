"""Which of an answer's blocks is the solution, and which others it needs."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from banditgen.generators.extraction.program import Program, read


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the answer is asked for.

    Args:
        entry_point: the name that is called, where it is known.
        program: whether it is run as a program that reads standard input and prints.
        packages: names of third-party packages that it may import.
    """

    entry_point: str | None = None
    program: bool = False
    packages: tuple[str, ...] = ()

    def strength(self, program: Program) -> int:
        """How well a program binds what is wanted; 0 where it doesn't, or nothing is known to be wanted."""
        return program.strength(self.entry_point, self.packages) if self.entry_point else 0


@dataclasses.dataclass(frozen=True)
class Piece:
    """A block that is a program; `is_foreign` where it is said to be in another language."""

    program: Program
    is_foreign: bool = False


def chosen(pieces: Sequence[Piece], wanted: Wanted) -> str:
    """The solution's code: one of the pieces, joined with those that it needs.

    The last that binds the entry point well; where none does, the last that defines something other than tests, or for a
    program that reads; of the rest the last that isn't an example of another's use. "" where there is no piece.
    """
    if not pieces:
        return ""
    strengths = [wanted.strength(piece.program) for piece in pieces]
    if max(strengths):
        return _joined(pieces, _last_best(strengths), wanted)
    ranks = [_rank(pieces, number, wanted) for number in range(len(pieces))]
    best = _last_best(ranks)
    users = [
        number for number in range(best) if ranks[number] == ranks[best] and pieces[number].program.needed & pieces[best].program.bound
    ]
    best = users[-1] if users else best
    if wanted.program and not pieces[best].program.acts:
        callers = [
            number
            for number, piece in enumerate(pieces)
            if number > best and not piece.program.is_tests and piece.program.needed & pieces[best].program.bound
        ]
        best = callers[-1] if callers else best
    return _joined(pieces, best, wanted)


def _last_best(ranks: Sequence[Any]) -> int:
    return max(range(len(ranks)), key=lambda number: (ranks[number], number))


def _rank(pieces: Sequence[Piece], number: int, wanted: Wanted) -> tuple[bool, bool, bool, bool, bool]:
    program = pieces[number].program
    elsewhere = {name for other in pieces if other is not pieces[number] for name in other.program.bound}
    is_example = bool(program.needed & elsewhere) and not program.defines
    reads = wanted.program and program.reads
    return not program.is_tests, not pieces[number].is_foreign, reads, program.defines and not wanted.program, not is_example


def _joined(pieces: Sequence[Piece], number: int, wanted: Wanted) -> str:
    """A piece behind and before those others whose names it needs: the nearest earlier one that binds a name, else a later one."""
    main = pieces[number].program
    siblings = _sibling_imports(main, pieces, wanted.packages)
    parts = {number: _without(main, siblings)}
    needed = {*main.needed, *(alias.name for node in siblings for alias in node.names)}
    for other in [*range(number - 1, -1, -1), *range(number + 1, len(pieces))]:
        program = pieces[other].program
        useful = needed & program.bound
        if pieces[other].is_foreign or program.is_tests or not (useful or (needed and program.imports_all)):
            continue
        is_draft = wanted.strength(program) > 1 or bool(program.bound & main.bound)
        part, open_names = (
            _slice(program, needed) if is_draft or (other > number and not program.defines) else (program.code, program.needed)
        )
        parts[other] = part
        needed = (needed - program.bound) | (open_names - main.bound)
    if len(parts) == 1:
        return parts[number]
    return _hoisted("\n\n\n".join(parts[key] for key in sorted(parts) if parts[key]))


def _slice(program: Program, needed: set[str]) -> tuple[str, frozenset[str]]:
    """Those top-level statements of a draft that bind needed names, with what these need."""
    lines = program.code.split("\n")
    statements = []
    for node in program.tree.body:
        start = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
        statements.append((start, node.end_lineno or start, read("\n".join(lines[start - 1 : node.end_lineno]))))
    taken: set[int] = set()
    missing = set(needed)
    while True:
        more = {
            index
            for index, (_, _, one) in enumerate(statements)
            if index not in taken and one and (one.bound & missing or (one.imports_all and missing - program.bound))
        }
        if not more:
            break
        taken |= more
        for index in more:
            one = statements[index][2]
            missing |= one.needed if one else set()
    kept = [lines[start - 1 : end] for index, (start, end, _) in enumerate(statements) if index in taken]
    return "\n".join(line for part in kept for line in part), frozenset(missing - program.bound)


def _sibling_imports(main: Program, pieces: Sequence[Piece], packages: tuple[str, ...]) -> list[ast.ImportFrom]:
    """Imports from a module that nobody knows of names that another piece binds: the answer's other file."""
    others = [piece.program.bound for piece in pieces if piece.program is not main and not piece.program.is_tests and not piece.is_foreign]
    return [
        node
        for node in main.tree.body
        if isinstance(node, ast.ImportFrom)
        and any({alias.name for alias in node.names} <= bound for bound in others)
        and all(alias.asname in (None, alias.name) and main.strength(alias.name, packages) == 1 for alias in node.names)
    ]


def _without(main: Program, nodes: Sequence[ast.stmt]) -> str:
    """The code with these statements' lines left empty, none at its beginning."""
    lines = main.code.split("\n")
    for node in nodes:
        lines[node.lineno - 1 : node.end_lineno] = [""] * ((node.end_lineno or node.lineno) - node.lineno + 1)
    return "\n".join(lines).lstrip("\n") if nodes else main.code


def _hoisted(code: str) -> str:
    """Joined code with its imports from `__future__` where they must stand."""
    future = re.findall(r"^from __future__ import .*$", code, re.MULTILINE)
    if not future:
        return code
    return "\n".join(dict.fromkeys(future)) + "\n\n" + re.sub(r"^from __future__ import .*\n?", "", code, flags=re.MULTILINE)
