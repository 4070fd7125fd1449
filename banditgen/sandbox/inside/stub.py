"""A candidate that is none: tests which fail before they touch it fail by themselves."""

from __future__ import annotations

import dis
import types
from typing import Any, NoReturn

from banditgen.sandbox.inside import beside, pristine, program, slices, tests

TOUCHES = """
call eq ne lt le gt ge hash bool len iter next reversed contains getitem setitem delitem add radd sub rsub mul rmul truediv rtruediv
floordiv rfloordiv mod rmod divmod rdivmod pow rpow matmul rmatmul and rand or ror xor rxor lshift rlshift rshift rrshift neg pos abs
invert int float complex index round trunc floor ceil enter exit aenter aexit await aiter anext repr str format bytes instancecheck
subclasscheck mro_entries set_name get fspath dir iadd isub imul
"""


class Reached(BaseException):  # no error: the tests have got to the candidate
    """The tests have touched the candidate. No `except Exception` of theirs catches it."""


class Stub:
    """Stands for whatever the tests take from a candidate; any use of it ends the test there.

    Args:
        touched: a list that gets an item with each use.

    """

    __slots__ = ("_touched",)

    def __init__(self, touched: list[None]) -> None:
        object.__setattr__(self, "_touched", touched)

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return Stub
        if name.startswith("_"):  # pytest asks everything in a module for such
            raise AttributeError(name)
        return touch(object.__getattribute__(self, "_touched"))

    def __setattr__(self, name: str, value: object) -> None:
        touch(object.__getattribute__(self, "_touched"))


def touch(touched: list[None]) -> NoReturn:
    """Note a use, and end it."""
    touched.append(None)
    raise Reached


def _use(self: Stub, *_: Any, **__: Any) -> None:
    touch(object.__getattribute__(self, "_touched"))


for _name in TOUCHES.split():
    setattr(Stub, f"__{_name}__", _use)


class Module(types.ModuleType):
    """The module under test, which has every name."""

    def __init__(self, names: dict[str, Any], touched: list[None]) -> None:
        super().__init__(program.MODULE)
        vars(self).update(names, __all__=sorted(names))
        self._touched = touched

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Stub(self._touched)

    def __dir__(self) -> list[str]:
        touch(self._touched)


class Watch:
    """What tests over a stub have touched: the test under way, and any at all (`ever`).

    Args:
        names: those they take from the candidate.
        modules: by which they name its module.

    """

    def __init__(self, names: list[str], modules: list[str]) -> None:
        self._modules = modules
        self.touched: list[None] = []
        self.names = {name: Stub(self.touched) for name in names}
        self.ever = False
        self._lasting = False

    def see(self, error: BaseException, found: list[types.TracebackType], *, lasting: bool = False) -> None:
        """Note an exception of the tests' for a touch, where what it came from names something of the candidate's.

        Args:
            error: the exception.
            found: the places in the tests' text that it came from.
            lasting: whether later tests fail because of it, too.

        """
        if isinstance(error, Reached) or any(map(self._mentions, found)):
            self.touched.append(None)
            self.ever = True
            self._lasting = self._lasting or lasting

    def forget(self) -> None:
        """Go on to the next test."""
        self.ever = self.ever or bool(self.touched)
        if not self._lasting:
            self.touched.clear()

    def _mentions(self, place: types.TracebackType) -> bool:
        """Whether the code that came to a place has used one of the names, or names the module in the statement that failed."""
        steps = [step for step in dis.get_instructions(place.tb_frame.f_code) if step.offset <= place.tb_lasti]
        since = _line(steps[-1])
        return any(
            (step.argval in self.names and step.opname.startswith(("LOAD", "IMPORT")))
            or (step.argval in self._modules and step.opname.startswith("LOAD") and _line(step) >= since)
            for step in steps
        )


def _line(step: dis.Instruction) -> int:
    return (step.positions.lineno if step.positions else None) or 0


def run(order: dict[str, Any], clean: dict[str, Any], memory: pristine.Memory) -> dict[str, Any]:
    """Run tests over a stub.

    Returns:
        The verdict: "fault" where they failed, or were all skipped, by themselves, else "clean".

    """
    watch = Watch(order["stub"], order["handles"])
    beside.lay_files(order["files"])
    if order["later"]:
        beside.FINDER.traps.update(dict.fromkeys(order["modules"], lambda: touch(watch.touched)))
        watch.names.clear()
    else:
        beside.name_module(Module(watch.names, watch.touched), order["modules"])
    verdict = tests.run_tests(order, watch.names, clean, memory, watch)
    if verdict["outcome"] == "no_pytest":
        return verdict
    failed = verdict["outcome"] in ("error", "wrong", "skipped")
    untouched = not (watch.ever or watch.touched)
    if failed and (untouched or verdict.get("untouched")):
        return {"outcome": "fault", "error": verdict["error"]}
    error = slices.failure(order["tests"], order["stub"], order["modules"])
    return {"outcome": "clean"} if error is None else {"outcome": "fault", "error": program.describe(error)}
