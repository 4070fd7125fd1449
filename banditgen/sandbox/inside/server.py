"""The candidate's side of the judged channel: load the candidate, then call what the judge asks for.

Nothing here is trusted: the candidate shares this interpreter and may do with it what it likes. All it can gain is to
answer a call with some value.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from banditgen.sandbox.inside import beside, exceptions, handles, program, values, wire

VALUE_KINDS = (bool, int, float, str, bytes, list, tuple, dict, set, frozenset, type(None))


def main(code_fd: int, link_fd: int) -> int:
    """Serve the judge until it hangs up."""
    received = beside.receive(code_fd)
    candidate = Candidate(received.code, beside.solution(received))
    while True:
        try:
            request_id, request = wire.receive(link_fd)
        except wire.WireError:
            return 0
        reply = candidate.answer(request)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        try:
            wire.send(link_fd, request_id, reply)
        except wire.FrameTooLongError as error:
            wire.send(link_fd, request_id, {"too_long": str(error)})


class Candidate:
    """The loaded candidate, and the objects of its that the judge holds handles of."""

    def __init__(self, code: str, module: types.ModuleType) -> None:
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._failure: dict[str, Any] | None = None
        self._module = module
        try:
            program.run_source(code, self._module, "<candidate>")
        except BaseException as error:  # noqa: BLE001
            program.show(error)
            self._failure = self._exception(error)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what the judge asks for."""
        if "names" in request:
            return self.names(request["names"])
        return self.pull(request) if "pull" in request else self.call(request)

    def names(self, wanted: list[str]) -> dict[str, Any]:
        """Which of the names the tests use the candidate has: functions by name alone, data with its value."""
        if self._failure is not None:
            return self._failure
        found: dict[str, Any] = {}
        for name in wanted:
            if name in vars(self._module):
                value = vars(self._module)[name]
                found[name] = {"value": self._encode(value)} if isinstance(value, VALUE_KINDS) else {}
        return {"names": found}

    def call(self, request: dict[str, Any]) -> dict[str, Any]:
        """Make one call: {"value", "changed": arguments that it changed} or {"exception"}."""
        shared = values.Shared()
        try:
            function = self._function(request)
            arguments = [self._decode(item, shared) for item in request["arguments"]]
            keywords = {key: self._decode(item, shared) for key, item in request["keywords"].items()}
            handed = tuple(shared.objects)
            before = list(map(values.snapshot, handed))
            try:
                value = function(*arguments, **keywords)
                outcome = {"value": values.encode(value, self._other, shared)}
            except BaseException as error:  # noqa: BLE001
                shared = values.Shared(handed)  # without what was numbered and is not sent
                outcome = self._exception(error, handed)
            changed = [number for number, item in enumerate(handed) if values.is_changed(item, before[number])]
            outcome["changed"] = {str(number): values.content(handed[number], self._other, shared) for number in changed}
        except BaseException as error:  # noqa: BLE001
            return self._exception(error)
        else:
            return outcome

    def _function(self, request: dict[str, Any]) -> Callable[..., Any]:
        if "name" in request:
            return vars(self._module)[request["name"]]  # type: ignore[no-any-return]
        held = self._objects[request["object"]]
        return getattr(type(held), request["operation"]).__get__(held)  # type: ignore[no-any-return]

    def pull(self, request: dict[str, Any]) -> dict[str, Any]:
        """Take items of an iterator: {"items", "done"}, and "exception" where it raised one after them."""
        try:
            items, error, done = self._objects[request["pull"]].take(request["count"])
            reply = {"items": self._encode(list(items)), "done": done}
        except BaseException as failure:  # noqa: BLE001
            return self._exception(failure)
        return reply if error is None else {**reply, **self._exception(error)}

    def _exception(self, error: BaseException, handed: tuple[Any, ...] = ()) -> dict[str, Any]:
        return {"exception": exceptions.describe(error, lambda item: values.encode(item, self._other, values.Shared(handed)))}

    def _encode(self, value: Any) -> Any:
        return values.encode(value, self._other, values.Shared())

    def _other(self, value: Any, shared: values.Shared) -> Any:
        try:
            return values.encode(values.simplify(value), self._other, shared)
        except values.UnsendableError:
            pass
        if isinstance(value, Iterator):
            return {"t": "pull", "v": self._keep(value, handles.Source)}
        return {
            "t": "handle",
            "v": self._keep(value, lambda held: held),
            "k": type(value).__name__,
            "o": handles.operations_of(type(value)),
        }

    def _keep(self, value: Any, form: Callable[[Any], Any]) -> int:
        """The number of an object; the same for the same one, which is kept, so that its id stays its own."""
        if id(value) not in self._numbers:
            self._objects.append(form(value))
            self._numbers[id(value)] = len(self._objects) - 1
        return self._numbers[id(value)]

    def _decode(self, data: Any, shared: values.Shared) -> Any:
        return values.decode(data, self._held, shared)

    def _held(self, data: dict[str, Any]) -> Any:
        held = self._objects[data["v"]]
        return held.resume(data["unread"]) if data["t"] == "pull" else held
