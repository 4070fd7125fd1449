"""The judge: the only process of a job that holds tests, nonce and verdict pipe. It calls the candidate by RPC."""

from __future__ import annotations

import builtins
import marshal
import os
import select
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from banditgen.sandbox.inside import beside, exceptions, handles, program, values, wire


class JudgementError(BaseException):
    """The judging can't go on. No `except Exception` in the tests catches it, and where a bare one does, it is remembered."""

    def __init__(self, outcome: str, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


def main(tests_fd: int, verdict_fd: int, link_fd: int) -> int:
    """Judge one candidate and write the verdict."""
    order = marshal.loads(program.read_all(tests_fd))  # noqa: S302  # what the user's process wrote
    sys.argv[:] = beside.ARGUMENTS
    beside.lay_files(order["files"])
    link = Link(link_fd)
    try:
        names = link.names(order["names"], order["modules"])
        verdict = program.run_tests(order, names, vars(builtins))
    except JudgementError as error:
        verdict = {"outcome": error.outcome, "error": str(error)}
    except Exception as error:  # noqa: BLE001  # the candidate did not load
        verdict = {"outcome": "error", "error": program.describe(error)}
    if link.broken is not None:
        verdict = {"outcome": link.broken.outcome, "error": str(link.broken)}
    elif verdict["outcome"] == "passed" and not link.calls:
        verdict = {"outcome": "wrong", "error": "the tests never called the candidate"}
    sys.stdout.flush()
    program.write_verdict(verdict_fd, {**verdict, "nonce": order["nonce"]})
    return 0


class Link:
    """The judge's end of the socket: one request at a time, each reply bound to its request."""

    def __init__(self, link: int) -> None:
        self._link = link
        self._early = select.poll()
        self._early.register(link, select.POLLIN)
        self._handles: dict[int, handles.Handle] = {}
        self.calls = 0
        self.broken: JudgementError | None = None

    def names(self, wanted: list[str], modules: Sequence[str] = program.ALIASES) -> dict[str, Any]:
        """What the tests see of the candidate: a proxy for each function, the value of each constant."""
        reply = self._ask({"names": wanted})
        found: dict[str, Any] = {}
        for name in wanted:
            if name in reply["names"]:
                entry = reply["names"][name]
                found[name] = self._decode(entry["value"]) if "value" in entry else self._proxy(name)
        module = types.ModuleType(program.MODULE)
        vars(module).update(found)
        beside.name_module(module, modules)
        return found

    def _proxy(self, name: str) -> Callable[..., Any]:
        def proxy(*arguments: Any, **keywords: Any) -> Any:
            self.calls += 1
            return self._call({"name": name}, arguments, keywords)

        proxy.__name__ = proxy.__qualname__ = name
        return proxy

    def _call(self, what: dict[str, Any], arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        shared = values.Shared()
        request = {
            **what,
            "arguments": [values.encode(item, self._unsendable, shared) for item in arguments],
            "keywords": {key: values.encode(item, self._unsendable, shared) for key, item in keywords.items()},
        }
        reply = self._ask(request)
        handed = tuple(shared.objects)
        value = values.decode(reply.get("value"), self._stand_in, shared)
        for number, body in reply.get("changed", {}).items():
            values.fill(handed[int(number)], body, self._stand_in, shared)
        if "exception" in reply:
            raise exceptions.rebuild(reply["exception"], lambda data: values.decode(data, self._stand_in, values.Shared(handed)))
        return value

    def _operate(self, number: int, operation: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        return self._call({"object": number, "operation": operation}, arguments, keywords)

    def _pull(self, number: int, count: int) -> tuple[list[Any], BaseException | None, bool]:
        reply = self._ask({"pull": number, "count": count})
        error = exceptions.rebuild(reply["exception"], self._decode) if "exception" in reply else None
        items = list(self._decode(reply.get("items", [])))
        return items, error, bool(reply.get("done")) or error is not None or not items

    def _decode(self, data: Any) -> Any:
        return values.decode(data, self._stand_in)

    def _stand_in(self, data: dict[str, Any]) -> Any:
        number = int(data["v"])
        if data["t"] == "pull":
            return handles.Pulled(number, self._pull)
        if number not in self._handles:
            kind = handles.handle_type(frozenset(handles.OPERATIONS).intersection(data["o"]))
            self._handles[number] = kind(number, str(data["k"])[:100], self._operate)
        return self._handles[number]

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self.broken is not None:
            raise self.broken
        if "names" not in request and self._early.poll(0):
            self._break("forged", "the candidate answered before it was asked")
        request_id = os.urandom(16)
        try:
            wire.send(self._link, request_id, request)
            answered, reply = wire.receive(self._link)
        except wire.FrameTooLongError as error:
            self._break("too_long", str(error))
        except wire.MoreThanOneError as error:
            self._break("forged", str(error))
        except (wire.WireError, OSError) as error:
            self._break("gone", str(error))
        if answered != request_id:
            self._break("forged", "the candidate answered a call that was not made")
        if not isinstance(reply, dict):
            self._break("forged", "the candidate's answer is no reply")
        if "too_long" in reply:
            self._break("too_long", str(reply["too_long"])[: program.ERROR_CHARACTERS])
        if "names" in request and "exception" in reply:
            raise exceptions.rebuild(reply["exception"], self._decode)
        return reply

    def _unsendable(self, value: Any, shared: values.Shared) -> dict[str, Any]:
        if isinstance(value, handles.Handle):
            return {"t": "handle", "v": value.number}
        if isinstance(value, handles.Pulled):
            return value.hand_back()
        if hasattr(type(value), "__next__"):
            simple = values.iter_of(value)
            return {**simple, "v": [values.encode(item, self._unsendable, shared) for item in simple["v"]]}
        return self._break("unjudgeable", f"the tests hand the candidate a {type(value).__name__}, which can't travel between processes")

    def _break(self, outcome: str, message: str) -> NoReturn:
        self.broken = JudgementError(outcome, message)
        raise self.broken
