"""The candidate's side of the judged channel: load the candidate, then do what the judge asks for.

Nothing here is trusted: the candidate shares this interpreter and may do with it what it likes. All it can gain is to
answer a question with some value.
"""

from __future__ import annotations

import functools
import importlib
import sys
import threading
import types
from collections.abc import Iterator
from typing import Any

from banditgen.sandbox.inside import beside, exceptions, mirror, operations, program, values, wire

FUNCTIONS: tuple[type, ...] = (
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    type(str.upper),
    type(int.__add__),
    type([].__add__),
    functools.partial,
    type(functools.lru_cache(len)),
)
ITERATOR_MODULES = ("builtins", "itertools")
CHANGING = frozenset((*values.CHANGING, tuple))  # what may hold what changes


def main(code_fd: int, link_fd: int) -> int:
    """Serve the judge until it hangs up."""
    received = beside.receive(code_fd)
    candidate = LoadedCandidate(received.code, beside.solution(received), link_fd)
    try:
        candidate.serve(until="")
    except wire.WireError:
        return 0
    return 0


class LoadedCandidate:
    """The loaded candidate, and the objects of its that stand-ins in the judge stand for."""

    def __init__(self, code: str, module: types.ModuleType, link: int = -1) -> None:
        self._link = link
        self._thread = threading.get_ident()
        self._request = b""
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._described: set[int] = set()
        self._given: dict[int, Any] = {}
        self._places: dict[int, int] = {}
        self._describing: set[int] = set()
        self._lasting: values.Shared | None = None
        self._strayed = False
        self._failure: BaseException | None = None
        self._constants: dict[str, Any] = {}
        self._module = module
        try:
            program.run_source(code, self._module, "<candidate>")
        except BaseException as error:  # noqa: BLE001
            program.show(error)
            self._failure = error

    def serve(self, until: str) -> dict[str, Any]:
        """Answer the judge's requests, until one holds the given key.

        Raises:
            WireError: the judge has hung up.

        """
        while True:
            request = self.turn(until)
            if request is not None:
                return request

    def turn(self, until: str = "") -> dict[str, Any] | None:
        """Answer one request; or give it back, where it holds the key."""
        self._request, request = wire.receive(self._link)
        if until and until in request:
            return request  # type: ignore[no-any-return]
        self._send(self.answer(request))
        return None

    def _send(self, message: dict[str, Any]) -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        try:
            wire.send(self._link, self._request, message)
        except wire.FrameTooLongError as error:
            wire.send(self._link, self._request, {"unsendable": str(error)})

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what the judge asks for."""
        try:
            return self.names(request) if "names" in request else self.operate(request)
        except wire.WireError:  # the judge hung up in the midst of a call
            raise
        except BaseException as error:  # noqa: BLE001  # what the candidate's objects do when they are looked at
            return {"unsendable": str(error) if isinstance(error, values.UnsendableError) else type(error).__name__}

    def names(self, request: dict[str, Any]) -> dict[str, Any]:
        """Which of the names the tests use the candidate has: {"value": by name}."""
        found = {name: vars(self._module)[name] for name in request["names"] if name in vars(self._module)}
        changing = any(values.builtin_under(type(value), CHANGING) for value in found.values())
        shared = self._start(lasting=request["lasting"] or changing)
        if self._failure is not None:
            return {"lasting": shared.lasting, "exception": self._encode(self._failure, shared)}
        reply = {"lasting": shared.lasting, "value": self._encode(found, shared)}
        if "__all__" in vars(self._module):  # what `*` gives: of names that are not there Python says so
            exported = vars(self._module)["__all__"]
            reply["all"] = [str(name) for name in exported if name in found or name not in vars(self._module)]
        self._constants = {name: value for name, value in found.items() if id(value) not in self._numbers}
        shared.settle()
        return reply

    def operate(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do one operation: {"value", "changed": arguments that it changed} or {"exception"}."""
        shared = self._start(lasting=self._lasting is not None)
        reply: dict[str, Any] = {}
        self._fill(request, shared)
        arguments = [values.decode(item, self._held, shared) for item in request["arguments"]]
        keywords = {key: values.decode(item, self._held, shared) for key, item in request.get("keywords", {}).items()}
        shared.settle()
        value = error = None
        try:
            value = self._do(request["do"], self._objects[request["of"]], arguments, keywords, reply)
        except BaseException as raised:  # noqa: BLE001
            error = raised
        if changed := shared.changed():
            reply["changed"] = [[number, values.content(shared.objects[number], self._form, shared)] for number in changed]
        reply["value"] = self._encode(value, shared)
        if error is None:
            error = reply.pop("error", None)
        if error is not None:
            reply["exception"] = self._encode(error, shared)
        if self._constants and any(vars(self._module).get(name) is not item for name, item in self._constants.items()):
            reply["rebound"] = True
        if self._strayed:
            reply["strayed"] = True
        if shared.lasting:
            shared.settle()
        return reply

    def _do(self, operation: str, operand: Any, arguments: list[Any], keywords: dict[str, Any], reply: dict[str, Any]) -> Any:
        if operation == "take":
            items: list[Any] = []
            try:
                while len(items) < arguments[0]:
                    items.append(next(operand))
            except StopIteration:
                reply["done"] = True
            except BaseException as error:  # noqa: BLE001
                reply["error"] = error
            return items
        if operation == "plain":
            return values.CHANGING[values.builtin_under(type(operand), values.CHANGING) or dict](operand)
        return operations.KNOWN[operation](operand, *arguments, **keywords)

    def ask(self, what: str, place: int, *arguments: Any, **keywords: Any) -> Any:
        """Have the judge call a function of the tests', or give the next item of an iterator of theirs.

        Raises:
            RuntimeError: there is no question of the judge's to be answered with another, as in a thread.

        """
        if threading.get_ident() != self._thread:
            self._strayed = True
            raise RuntimeError("a function of the tests' can be called in the thread alone in which they called")
        shared = self._start(lasting=self._lasting is not None)
        message: dict[str, Any] = {"ask": what, "of": place}
        if shared.lasting:
            message["changed"] = [[number, values.content(shared.objects[number], self._form, shared)] for number in shared.changed()]
        message["value"] = self._encode([list(arguments), keywords], shared)
        shared.settle()
        self._send(message)
        reply = self.serve(until="answer")
        self._fill(reply, shared)
        value = values.decode(reply["arguments"][0], self._held, shared)
        if not shared.lasting:
            self._fill({"changed": reply.get("after", ())}, shared)
        shared.settle()
        if "raised" in reply:
            raise value
        return value

    def _start(self, *, lasting: bool) -> values.Shared:
        if not lasting:
            return values.Shared()
        if self._lasting is None:
            self._lasting = values.Shared(lasting=True)
        return self._lasting

    def _fill(self, message: dict[str, Any], shared: values.Shared) -> None:
        for number, body in message.get("changed", ()):
            values.fill(shared.objects[number], body, self._held, shared)

    def _encode(self, value: Any, shared: values.Shared) -> Any:
        return values.encode(value, self._form, shared)

    def _form(self, value: Any, shared: values.Shared) -> Any:
        """How what is no data is called on the wire."""
        place = self._places.get(id(value))
        if place is not None:
            return {"t": "theirs", "v": place}
        kind = type(value)
        if kind is types.ModuleType:
            raise values.UnsendableError(f"the module {value.__name__}")
        if isinstance(value, type):
            return self._class(value, shared)
        if isinstance(value, BaseException):
            return self._error(value, shared)
        number = self._keep(value)
        if kind in FUNCTIONS:
            return {"t": "function", "v": number}
        if isinstance(value, Iterator) and kind.__module__ in ITERATOR_MODULES:
            return {"t": "iterator", "v": number}
        form = {"t": "object", "v": number, "c": self._class(kind, shared)}
        constant = values.builtin_under(kind, values.CONSTANT)
        return form if constant is None else {**form, "b": self._encode(values.CONSTANT[constant](value), shared)}

    def _class(self, kind: type, shared: values.Shared) -> Any:
        if found := exceptions.place(kind):
            return {"t": "known", "v": found}
        if kind in values.CONSTANT or kind in values.CHANGING:
            return self._encode(kind, shared)
        number = self._keep(kind)
        if number in self._described:
            return {"t": "class", "v": number}
        self._described.add(number)
        return {"t": "class", "v": number, "d": mirror.describe(kind, lambda base: self._class(base, shared))}

    def _error(self, error: BaseException, shared: values.Shared) -> Any:
        number = self._keep(error)
        form = {"t": "error", "v": number, "c": self._class(type(error), shared)}
        if number in self._describing:
            return form
        self._describing.add(number)
        try:
            return {**form, "d": exceptions.describe(error, lambda item: self._encode(item, shared), len(self._describing))}
        finally:
            self._describing.discard(number)

    def _keep(self, value: Any) -> int:
        """The number of an object; the same for the same one, which is kept, so that its id stays its own."""
        if id(value) not in self._numbers:
            self._objects.append(value)
            self._numbers[id(value)] = len(self._objects) - 1
        return self._numbers[id(value)]

    def _held(self, data: dict[str, Any], shared: values.Shared) -> Any:
        """What a form on the wire stands for."""
        form, number = data["t"], data["v"]
        if form == "object":
            return self._objects[number]
        if form == "known":
            found: Any = importlib.import_module(number[0])
            for part in number[1].split("."):
                found = getattr(found, part)
            return found
        if number not in self._given:
            if form == "error":
                kind = exceptions.known(*data["c"])
                made: Any = exceptions.rebuild(kind, data["d"], lambda item: values.decode(item, self._held, shared))
            else:
                made = _Items(self, number) if data["k"] == "iterator" else self._function(number, data["n"])
            self._given[number] = made
            self._places[id(made)] = number
        return self._given[number]

    def _function(self, place: int, name: str) -> Any:
        def function(*arguments: Any, **keywords: Any) -> Any:
            return self.ask("call", place, *arguments, **keywords)

        function.__name__ = function.__qualname__ = name
        return function


class _Items:
    """An iterator of the tests': each item is asked for when it is needed."""

    def __init__(self, candidate: LoadedCandidate, place: int) -> None:
        self._candidate = candidate
        self._place = place

    def __iter__(self) -> _Items:
        return self

    def __next__(self) -> Any:
        return self._candidate.ask("next", self._place)
