"""A task's tests as a look at their source sees them: which form they have, what runs, which names they want of a candidate."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import functools
import symtable
from collections.abc import Iterable, Iterator

from banditgen._quiet import quiet
from banditgen.errors import TaskError

MODULES = ("solution", "candidate", "main")  # by which tests may import the module under test
BUILTINS = frozenset(dir(builtins)) | {"__file__", "__builtins__", "__annotations__", "__path__"}
PLAIN_NAMES = """
bool bytes bytearray callable complex dict enumerate filter float format frozenset getattr hasattr hash id int isinstance issubclass
iter len list locals map memoryview next object open print range repr reversed set setattr slice sorted str super tuple type vars
zip all any globals exec eval compile input __import__ dir help delattr exit quit breakpoint
"""
PLAIN = frozenset(PLAIN_NAMES.split())  # builtins that tests call for their own sake, and hardly anyone is asked to write
BY_TEXT = """
globals locals vars setattr delattr eval exec __import__ import_module run_path run_module import_string reload testmod testfile
"""
REACHES_BY_TEXT = frozenset(BY_TEXT.split())  # names by whose use code may reach what it doesn't name
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclasses.dataclass(frozen=True)
class Suite:
    """What tests are.

    Args:
        source: their text.
        tree: it, parsed.
        is_pytest: whether pytest runs them; else they are a script.
        imported: names that they import from the module under test.
        explicit: whether they import it, so that no name of it is there without.
        free: names that they use and nothing in them binds: the candidate's, or a mistake.
        modules: names of the module under test.
        star: whether they import `*` from it.

    """

    source: str
    tree: ast.Module
    is_pytest: bool
    imported: frozenset[str]
    explicit: bool
    free: frozenset[str]
    modules: frozenset[str]
    star: bool

    @functools.cached_property
    def is_checked(self) -> bool:
        """Whether they are HumanEval's `check(candidate)`, which whoever runs them has to call."""
        if self.is_pytest or humaneval_check(self.tree) is None:
            return False
        return "check" not in called(reached(self.tree, guarded=True))

    def running(self) -> list[ast.AST]:
        """Everything in them that may run."""
        if self.is_pytest or self.is_checked:
            return list(ast.walk(self.tree))
        return list(reached(self.tree, guarded=True))


@functools.lru_cache(maxsize=256)
def look(source: str, module: str | None = None) -> Suite:
    """Look at tests.

    Raises:
        TaskError: they don't compile.
    """
    tree = parsed(source, "the tests")
    modules = frozenset((*MODULES, module) if module else MODULES)
    imported: set[str] = set()
    explicit = False
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in modules:
            imported.update(alias.name for alias in node.names)
            explicit = True
        elif isinstance(node, ast.Import):
            explicit = explicit or any(alias.name in modules for alias in node.names)
    star = "*" in imported
    free = free_names(source)
    return Suite(source, tree, is_pytest_file(tree), frozenset(imported - {"*"}), explicit and not star, free, modules, star)


def parsed(source: str, what: str) -> ast.Module:
    """The syntax tree of what compiles.

    Raises:
        TaskError: it doesn't; `what` it is.
    """
    source = source.removeprefix("\ufeff")
    try:
        tree = ast.parse(source)
        with quiet():
            compile(source, "<tests>", "exec", dont_inherit=True)
    except SyntaxError as error:
        raise TaskError(f"{what} do{'' if what.endswith('s') else 'es'} not parse: line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise TaskError(f"{what} do{'' if what.endswith('s') else 'es'} not parse: {error or type(error).__name__}") from None
    return tree


def free_names(source: str) -> frozenset[str]:
    """The names that a source looks up among its globals and never binds there, without those of Python itself."""
    top = symtable.symtable(source, "<tests>", "exec")
    bound = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()}
    used: set[str] = set()
    waiting = [top]
    while waiting:
        table = waiting.pop()
        waiting.extend(table.get_children())
        for symbol in table.get_symbols():
            if table is top or symbol.is_global():
                if symbol.is_assigned():
                    bound.add(symbol.get_name())
                if symbol.is_referenced():
                    used.add(symbol.get_name())
    return frozenset(used - bound - BUILTINS)


def reached(tree: ast.Module, *, guarded: bool) -> Iterator[ast.AST]:
    """What running a module may come to: its body, and of what that names the bodies, by name and without regard to scope.

    Args:
        tree: the module.
        guarded: whether what stands under `if __name__ == "__main__"` is run.

    """
    definitions: dict[str, list[ast.AST]] = {}
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            definitions.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.ClassDef):  # what a class holds may be called by names that nobody writes
            definitions.setdefault(node.name, []).extend(item for item in node.body if isinstance(item, FUNCTIONS))
    waiting: list[ast.AST] = [node for node in reversed(tree.body) if guarded or not is_main_guard(node)]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, FUNCTIONS) and id(node) not in seen:  # its definition is reached, its body only by name
            waiting.extend((*node.decorator_list, node.args))
            if node.decorator_list:
                waiting.extend(_once([node], seen))
            continue
        waiting.extend(reversed(list(ast.iter_child_nodes(node))))
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None
        if name is not None:
            waiting.extend(_once(definitions.get(name, ()), seen))


def _once(nodes: Iterable[ast.AST], seen: set[int]) -> list[ast.AST]:
    new = [node for node in nodes if id(node) not in seen]
    seen.update(map(id, new))
    return new


def top_level(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """What a module's body comes to by itself: also below `if`, `try`, `with` and loops, but not what is for running it as a script."""
    for statement in statements:
        yield statement
        if not isinstance(statement, (*FUNCTIONS, ast.ClassDef)) and not is_main_guard(statement):
            for part in ("body", "orelse", "finalbody"):
                yield from top_level(getattr(statement, part, []))
            for handler in getattr(statement, "handlers", []):
                yield from top_level(handler.body)


def is_main_guard(node: ast.stmt) -> bool:
    """Whether a statement is an `if` that asks for the module's name."""
    return isinstance(node, ast.If) and any(isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(node.test))


def called(nodes: Iterable[ast.AST]) -> set[str]:
    """The plain names among what these nodes call."""
    return {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


def is_pytest_file(tree: ast.Module) -> bool:
    """Whether tests want pytest: they import it, or have a TestCase, or test functions or classes that the file doesn't run by itself.

    What stands under `if __name__ == "__main__"` is not looked at: pytest runs those tests, too.
    """
    cases = {"TestCase", "IsolatedAsyncioTestCase"}
    body = list(top_level(tree.body))
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module == "unittest":
            cases.update(alias.asname for alias in node.names if alias.name in cases and alias.asname)
    ran = called(reached(tree, guarded=False))
    for node in body:
        if isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "pytest" for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "pytest":
            return True
        if isinstance(node, FUNCTIONS) and node.name.startswith("test") and node.name not in ran:
            return True
        if isinstance(node, ast.ClassDef) and any(last_name(base) in cases for base in node.bases):
            return True
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test") and node.name not in ran:
            return True
    return False


def last_name(function: ast.expr) -> str:
    """The name at the end of `a.b.c`; empty where there is none."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def names_any(nodes: Iterable[ast.AST], names: frozenset[str]) -> bool:
    """Whether any of these names stands at the end of an expression."""
    return not names.isdisjoint(last_name(node) for node in nodes if isinstance(node, ast.expr))


def humaneval_check(tree: ast.Module) -> ast.FunctionDef | None:
    """The function `check` of HumanEval's form: its one parameter is what it calls. Any other of that name is a helper."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "check" and node.args.args:
            first, *others = node.args.args
            uses = any(isinstance(part, ast.Name) and part.id == first.arg for part in ast.walk(node))
            if uses and len(others) <= len(node.args.defaults) and (first.arg == "candidate" or first.arg in called(ast.walk(node))):
                return node
    return None


def infer_entry_point(tree: ast.Module) -> str | None:
    """The first name that tests call, in source order, and neither define, import nor find among the builtins.

    A function handed to HumanEval's `check(…)` counts as called. Where there is none, and nothing is imported from the module under
    test: the first builtin that they call and that someone may have been asked to write.
    """
    known: set[str] = set()
    theirs = False
    for node in ast.walk(tree):
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            known.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            known.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
            theirs = theirs or (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name) in MODULES
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            known.add(node.id)
        elif isinstance(node, ast.arg):
            known.add(node.arg)
    found: list[tuple[int, int, str]] = []
    checks = humaneval_check(tree) is not None
    checked: str | None = None
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        found.append((node.lineno, node.col_offset, node.func.id))
        if checks and node.func.id == "check":
            handed = [arg.id for arg in node.args[:1] if isinstance(arg, ast.Name) and arg.id not in known]
            found.extend((node.lineno, node.col_offset, name) for name in handed)
            checked = checked or next(iter(handed), None)
    names = [name for _, _, name in sorted(found) if name not in known]
    wanted = next((name for name in names if name not in BUILTINS), None)
    if wanted is not None or theirs or checks:
        return wanted or checked
    return next(_shadowing(tree, known), None)


def _shadowing(tree: ast.Module, known: set[str]) -> Iterator[str]:
    """The builtins that are called in asserts, each the innermost in what it is called in: `abs(sum(1, 2) - 3)` is about `sum`."""
    for statement in ast.walk(tree):
        if isinstance(statement, ast.Assert):
            for node in ast.walk(statement):
                if isinstance(node, ast.Call):
                    inside = called(ast.walk(node)) - PLAIN - known
                    own = node.func.id if isinstance(node.func, ast.Name) else ""
                    if own in inside and len(inside) == 1 and own in BUILTINS:
                        yield own
