"""A task's tests, run over the candidate or what stands for it: as a script, or by pytest."""

from __future__ import annotations

import marshal
import os
import sys
import types
from _frozen_importlib import ModuleSpec
from collections.abc import Collection
from typing import Any

from banditgen.sandbox.inside import asserts, places, pristine, program, pytest_run


def run_tests(
    order: dict[str, Any], names: dict[str, Any], clean: dict[str, Any], memory: pristine.Memory | None = None, watch: Any = None
) -> dict[str, Any]:
    """Run tests over `names`; a script with `clean` as its builtins. `memory` is given beside a candidate, `watch` over a stub.

    Returns:
        The verdict: "outcome" is "passed", "wrong", "error" or "skipped"; "error" says why.

    """
    if order["kind"] == "pytest":
        return pytest_run.run(order, names, memory, watch)
    entry_point = order["entry_point"]
    source = order["tests"]
    module = types.ModuleType("__main__")
    module.__spec__ = ModuleSpec("__main__", None)  # so that a process that multiprocessing starts anew does not run the tests again
    module.__file__ = f"{os.getcwd()}/main.py"
    scope = vars(module)
    if not order["star"]:  # else what they import is all that they have
        scope.update({name: value for name, value in names.items() if name == entry_point or not (name in clean or name.startswith("__"))})
    scope["__builtins__"] = clean
    sys.modules["__main__"] = module
    compiled = order["compiled"]
    code = marshal.loads(compiled) if compiled else asserts.compiled(source)  # noqa: S302
    try:
        program.run_code(code, module, source)
        if order["call_check"]:
            if entry_point not in scope:
                return {"outcome": "error", "error": f"NameError: name {entry_point!r} is not defined"}
            scope["check"](scope[entry_point])
    except BaseException as error:  # noqa: BLE001
        return _of_raised(error, places.Places(code).of(error), order["exits"], watch)
    return {"outcome": "passed"}


def _of_raised(error: BaseException, found: list[types.TracebackType], exits: Collection[places.Place], watch: Any) -> dict[str, Any]:
    """What tests as a script come to that end with an exception, where one of their own `exits` counts as what it says."""
    if watch is not None:
        watch.see(error, found)
    if isinstance(error, SystemExit) and places.innermost(found, exits):
        return {"outcome": "wrong", "error": f"the tests exit with {error.code!r}"} if error.code else {"outcome": "passed"}
    if not isinstance(error, AssertionError):
        program.show(error)
    return {"outcome": "wrong" if isinstance(error, AssertionError) else "error", "error": program.describe(error, values=watch is None)}
