"""A recorded task's tests in every form that people write: a script, pytest, unittest, and a program with input and output."""

from __future__ import annotations

import ast
import textwrap
from typing import Any

TAIL = "\nimport ast as _ast, sys as _sys\nfor _line in _sys.stdin:\n    print({name}(*_ast.literal_eval(_line)))\n"


def tests_of(row: dict[str, Any]) -> dict[str, str]:
    """The tests by form: "asserts", "pytest", "unittest"."""
    name, body, call = row["entry_point"], row["test"].strip("\n"), (row.get("test_call") or "").strip()
    script = f"{body}\n{call}\n"
    if call or "def check(" in body:
        outside, inside = body.partition("\ndef test_check")[0], f"check({name})"
    else:
        outside, inside = "", body
    start = f"from solution import *\n\n{outside}\n"
    method = textwrap.indent(inside, "        ")
    return {
        "asserts": script,
        "pytest": f"{start}\ndef test_all():\n{textwrap.indent(inside, '    ')}\n",
        "unittest": f"import unittest\n{start}\nclass TestAll(unittest.TestCase):\n    def test_all(self):\n{method}\n",
    }


def stdin_of(row: dict[str, Any]) -> str:
    """The arguments of those calls in the tests that are made of plain values, a line each; empty where there are none."""
    lines = []
    for node in ast.walk(ast.parse(row["test"])):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in (row["entry_point"], "candidate"):
            try:
                lines.append(repr(tuple(ast.literal_eval(item) for item in node.args)))
            except ValueError:
                continue
    return "".join(f"{line}\n" for line in lines if "\n" not in line and not node_has_keywords(row["test"]))


def node_has_keywords(tests: str) -> bool:
    """Whether any call in the tests has keyword arguments, which a line of values has no place for."""
    return any(isinstance(node, ast.Call) and node.keywords for node in ast.walk(ast.parse(tests)))


def program(code: str, row: dict[str, Any]) -> str:
    """A candidate as a program that reads arguments and prints results."""
    return code + TAIL.format(name=row["entry_point"])
