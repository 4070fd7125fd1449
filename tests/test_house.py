"""How the package is built: `lint-imports` holds the direction between rooms, this what it cannot see: circles, sizes, doubled names."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def imports(package: str, files: dict[str, str]) -> dict[str, set[str]]:
    """Which modules each module of a package imports, at its top or inside its functions; `files` are sources by dotted name."""
    known: dict[str, set[str]] = {name: set() for name in files}
    for name, source in files.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                known[name] |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{name}: imports in {package} name the whole path"
                base = node.module or ""
                known[name] |= {whole if (whole := f"{base}.{alias.name}") in files else base for alias in node.names}
        known[name] = {other for other in known[name] if other in files} - {name}
    return known


def a_circle(graph: dict[str, set[str]]) -> list[str]:
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


def sources(package: str) -> dict[str, str]:
    files = sorted((ROOT / package).rglob("*.py"))
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path.read_text() for path in files}


@pytest.mark.slow
def test_no_module_imports_itself_through_others() -> None:
    """Neither at the top, nor inside a function, nor for types alone."""
    graph = imports("banditgen", sources("banditgen"))
    assert len(graph) > 200
    assert a_circle(graph) == []


@pytest.mark.parametrize("late", ["    import p.a\n", "    from p import a\n", "    from p.a import x\n"])
def test_a_planted_circle_is_found(late: str) -> None:
    files = {"p": "", "p.a": "from p.b import y\nx = 1\n", "p.b": f"y = 2\ndef f():\n{late}"}
    assert set(a_circle(imports("p", files))) == {"p.a", "p.b"}
    assert a_circle(imports("p", files | {"p.b": "y = 2\n"})) == []


def test_modules_are_small() -> None:
    """None has more than 350 lines, and half of them 125 or fewer: what has more holds more than one noun."""
    lines = sorted(len(source.splitlines()) for source in sources("banditgen").values())
    assert lines[-1] <= 350
    assert lines[len(lines) // 2] <= 125


@pytest.mark.slow
def test_a_class_name_stands_in_one_room() -> None:
    """One word, one meaning: a public class of a name that another room has, too, is two things by one word."""
    rooms: dict[str, set[str]] = {}
    for name, source in sources("banditgen").items():
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                rooms.setdefault(node.name, set()).add(".".join(name.split(".")[:2]))
    assert {name: found for name, found in rooms.items() if len(found) > 1} == {}
