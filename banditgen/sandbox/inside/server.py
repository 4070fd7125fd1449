"""The candidate's side of the judged channel: load the candidate, then call what the judge asks for.

Nothing here is trusted: the candidate shares this interpreter and may do with it what it likes. All it can gain is to
answer a call with some value.
"""

from __future__ import annotations

import builtins
import socket
import sys
import types
from typing import Any

from banditgen.sandbox.inside import program, values, wire

VALUE_KINDS = (bool, int, float, str, bytes, list, tuple, dict, set, frozenset, type(None))


def main(code_fd: int, link_fd: int) -> int:
    """Serve the judge until it hangs up."""
    code = program.read_all(code_fd).decode()
    link = socket.socket(fileno=link_fd)
    candidate = Candidate(code)
    while True:
        try:
            request_id, request = wire.receive(link)
        except wire.WireError:
            return 0
        reply = candidate.names(request["names"]) if "names" in request else candidate.call(request)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        try:
            wire.send(link, request_id, reply)
        except wire.FrameTooLongError as error:
            wire.send(link, request_id, {"too_long": str(error)})


class Candidate:
    """The loaded candidate, and the objects of its that the judge holds handles of."""

    def __init__(self, code: str) -> None:
        self._objects: list[Any] = []
        self._failure: dict[str, Any] | None = None
        self._module: types.ModuleType = program.new_module()
        try:
            program.run_source(code, self._module, "<candidate>")
        except BaseException as error:  # noqa: BLE001
            program.show(error)
            self._failure = _exception(error)

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
        try:
            function = vars(self._module)[request["name"]]
            arguments = [self._decode(item) for item in request["arguments"]]
            keywords = {key: self._decode(item) for key, item in request["keywords"].items()}
            try:
                value = self._encode(function(*arguments, **keywords))
                outcome = {"value": value}
            except BaseException as error:  # noqa: BLE001
                outcome = _exception(error)
            pairs = [(number, self._encode(item)) for number, item in enumerate(arguments) if not isinstance(item, str | int | float)]
            outcome["changed"] = {str(number): item for number, item in pairs if item != request["arguments"][number]}
        except BaseException as error:  # noqa: BLE001
            return _exception(error)
        else:
            return outcome

    def _encode(self, value: Any) -> Any:
        return values.encode(value, self._other)

    def _other(self, value: Any) -> Any:
        try:
            simple = values.simplify(value)
        except values.UnsendableError:
            self._objects.append(value)
            return {"t": "handle", "v": len(self._objects) - 1, "k": type(value).__name__}
        if isinstance(simple, dict) and "t" in simple and not isinstance(value, dict):
            return {**simple, "v": [self._encode(item) for item in simple["v"]]}
        return self._encode(simple)

    def _decode(self, data: Any) -> Any:
        return values.decode(data, lambda number, _: self._objects[number])


def _exception(error: BaseException) -> dict[str, Any]:
    """An exception by name, its nearest builtin ancestor, and its text."""
    base = next(kind.__name__ for kind in type(error).__mro__ if getattr(builtins, kind.__name__, None) is kind)
    try:
        text = str(error.args[0]) if len(error.args) == 1 else str(error)
    except BaseException:  # noqa: BLE001
        text = ""
    return {"exception": {"name": type(error).__name__, "base": base, "text": text[: program.ERROR_CHARACTERS]}}
