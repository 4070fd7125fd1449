"""Generated programs with what travels badly: classes, operators, context managers, patches, seeds, warnings, logs, iterators."""

from __future__ import annotations

import ast
import random
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

TEMPLATES = tomllib.loads(Path(__file__).with_name("templates.toml").read_text(encoding="utf-8"))


def programs(count: int, seed: int) -> Iterator[tuple[str, str, str]]:
    """(name, code, tests) of so many programs; every other one has a fault put in."""
    rng = random.Random(seed)
    for number in range(count):
        name = list(TEMPLATES)[number // 2 % len(TEMPLATES)]
        parts = {letter: str(rng.randint(2, 9)) for letter in "abc"}
        code, tests = (string.Template(TEMPLATES[name][part]).substitute(parts) for part in ("code", "tests"))
        yield name, mutant(code, rng) if number % 2 else code, tests


def mutant(code: str, rng: random.Random) -> str:
    """The code with one operator, comparison or number changed; as it is where there is none."""
    tree = ast.parse(code)
    places = [node for node in ast.walk(tree) if isinstance(node, ast.BinOp | ast.Compare | ast.AugAssign) or _is_number(node)]
    if not places:
        return code
    node = rng.choice(places)
    if isinstance(node, ast.Compare):
        node.ops[0] = rng.choice([ast.Lt(), ast.GtE(), ast.Eq(), ast.NotEq()])
    elif isinstance(node, ast.BinOp | ast.AugAssign):
        node.op = rng.choice([ast.Add(), ast.Sub(), ast.Mult(), ast.FloorDiv()])
    elif isinstance(node, ast.Constant):
        node.value = int(node.value) + rng.choice([-1, 1])  # type: ignore[arg-type]
    return ast.unparse(tree)


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int
