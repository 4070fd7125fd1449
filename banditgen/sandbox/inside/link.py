"""The judge's end of the link: one request at a time, each reply bound to its request, and what stands for what."""

from __future__ import annotations

import builtins
import os
import select
import sys
import time
import types
from collections.abc import Sequence
from typing import Any, NoReturn

from banditgen.sandbox.inside import beside, exceptions, handles, mirror, operations, program, values, wire

MANY_REQUESTS = 5000
MANY_OBJECTS = 5000
TIME_SHARE = 0.5  # of the wall limit, after which many requests are the link's cost, not the candidate's
_FUNCTIONS: tuple[type, ...] = (
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    type(str.upper),
    type(int.__add__),
    type([].__add__),
)
_SHARED_MODULES = ("builtins", "math", "operator", "_operator")


class JudgementError(BaseException):
    """The judging can't go on. No `except Exception` in the tests catches it, and where a bare one does, it is remembered.

    Args:
        outcome: "unjudgeable", "forged" or "gone".
        message: why.
        by: whose doing it is that it can't: "tests" or "candidate".

    """

    def __init__(self, outcome: str, message: str, by: str = "candidate") -> None:
        super().__init__(message)
        self.outcome = outcome
        self.by = by


class Link:
    """The judge's end of the socket.

    Args:
        link: its descriptor.
        seconds: the wall limit of the job.
        lasting: whether objects stay the same over all exchanges, not only within each.

    """

    def __init__(self, link: int, *, seconds: float = 10.0, lasting: bool = False) -> None:
        self._link = link
        self._early = select.poll()
        self._early.register(link, select.POLLIN)
        self._patience = time.monotonic() + TIME_SHARE * seconds
        self._requests = 0
        self._lasting = values.Shared(lasting=True) if lasting else None
        self._objects: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self._given: list[Any] = []  # what the candidate may call back
        self._places: dict[int, int] = {}  # by identity
        self._changes = 0
        self._held: dict[int, tuple[int, int | None, bool | None]] = {}
        self._strange = wire.strange_numbers()
        self.asked = 0
        self.broken: JudgementError | None = None
        self.doubt = ""
        self.doubt_of_pass = ""
        self.open_iterators = 0
        handles.use(self)

    @property
    def strange_numbers(self) -> bool:
        """Whether a number came that is not finite."""
        return wire.strange_numbers() > self._strange

    def names(self, wanted: Sequence[str], modules: Sequence[str] = program.ALIASES) -> dict[str, Any]:
        """What the tests see of the candidate: a stand-in for each function or class, the value of each constant."""
        reply: dict[str, Any] = self._exchange({"names": wanted, "lasting": self._lasting is not None})
        if reply.get("lasting") and self._lasting is None:
            self._lasting = values.Shared(lasting=True)
        value, error = self._unpack(reply, self._lasting or values.Shared())
        if error is not None:
            raise error
        found: dict[str, Any] = value
        stand_ins = [value for value in found.values() if self.number_of(value) is not None]
        if all(isinstance(value, handles.Function) for value in stand_ins):
            self.doubt = ""
        self.asked = len(found) - len(stand_ins)
        module = types.ModuleType(program.MODULE)
        vars(module).update(found)
        if isinstance(exported := reply.get("all"), list):
            vars(module)["__all__"] = exported
        beside.name_module(module, modules)
        return found

    # what stand-ins ask

    def number_of(self, value: Any) -> int | None:
        """The number of the object that a value stands for."""
        return self._numbers.get(id(value))

    def operate(self, operand: Any, operation: str, arguments: tuple[Any, ...] = (), keywords: dict[str, Any] | None = None) -> Any:
        """Have the candidate's side do an operation."""
        self.asked += 1
        self._changes += operation not in operations.QUIET
        request: dict[str, Any] = {"do": operation, "of": self._numbers[id(operand)]}
        shared = self._lasting or values.Shared()
        self._pack(request, shared, arguments, keywords or {})
        value, error = self._unpack(self._exchange(request), shared)
        if error is not None:
            raise error
        return value

    def plain(self, operand: Any) -> Any:
        """What an object of a builtin's subclass holds, as that builtin."""
        return self.operate(operand, "plain")

    def pull(self, operand: Any, count: int) -> tuple[list[Any], BaseException | None, bool]:
        """The next items of an iterator, what it raised after them, and whether it is at its end."""
        self.asked += 1
        shared = self._lasting or values.Shared()
        request: dict[str, Any] = {"do": "take", "of": self._numbers[id(operand)]}
        self._pack(request, shared, (count,), {})
        reply = self._exchange(request)
        items, error = self._unpack(reply, shared)
        if type(items) is not list:
            items = []
        return items, error, bool(reply.get("done")) or error is not None or not items

    def hold_to(self, operand: Any, *, size: int | None = None, truth: bool | None = None) -> None:
        """Hold an object to its number of items and its truth, until something may have changed it."""
        number = self._numbers[id(operand)]
        changes, known_size, known_truth = self._held.get(number, (self._changes, None, None))
        if changes != self._changes:
            known_size = known_truth = None
        wrong = size is not None and known_size is not None and size != known_size
        size, truth = known_size if size is None else size, known_truth if truth is None else truth
        if wrong or (truth and size == 0) or (truth is False and size):
            self.refuse(f"a {handles.name_of(operand)} of the candidate has not as many items as it says")
        self._held[number] = (self._changes, size, truth)

    def unfinished(self, change: int) -> None:
        """Count iterators that have given items and not ended."""
        self.open_iterators += change

    def doubt_a_pass(self, reason: str) -> None:
        """What passes from now on is no judged pass."""
        self.doubt_of_pass = self.doubt_of_pass or reason

    def refuse(self, reason: str, by: str = "candidate", *, forged: bool = False) -> NoReturn:
        """End the judging: the tests ask what only the candidate's own word could answer, or its word is worth nothing."""
        self._break("forged" if forged else "unjudgeable", reason, by)

    # messages

    def _pack(self, message: dict[str, Any], shared: values.Shared, arguments: Any, keywords: dict[str, Any]) -> None:
        count = len(shared.objects)
        try:
            if shared.lasting:
                message["changed"] = [[number, self._content(shared, number)] for number in shared.changed()]
            message["arguments"] = [values.encode(item, self._form, shared) for item in arguments]
            if keywords:
                message["keywords"] = {key: values.encode(item, self._form, shared) for key, item in keywords.items()}
        except (values.UnsendableError, RecursionError) as error:
            shared.cut(count)
            self.refuse(f"the tests hand the candidate {error}", by="tests")
        if shared.lasting:
            self._settle(shared)

    def _content(self, shared: values.Shared, number: int) -> Any:
        return values.content(shared.objects[number], self._form, shared)

    def _unpack(self, message: dict[str, Any], shared: values.Shared) -> tuple[Any, BaseException | None]:
        """The value of a message, and the exception, if one was raised."""
        for number, body in message.get("changed", ()):
            values.fill(shared.objects[number], body, self._stand_in, shared)
        value = values.decode(message.get("value"), self._stand_in, shared)
        error = None
        if "exception" in message:
            error = values.decode(message["exception"], self._stand_in, shared)
            if not isinstance(error, BaseException):
                error = RuntimeError("the candidate raised what is no exception")
        if shared.lasting:
            self._settle(shared)
        return value, error

    def _settle(self, shared: values.Shared) -> None:
        if len(shared.objects) > MANY_OBJECTS:
            self.refuse("the tests share more objects with the candidate than can be kept the same")
        shared.settle()

    def _exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        """Ask, do what the candidate asks for meanwhile, and have the reply."""
        reply = self._ask(request)
        while "ask" in reply:
            reply = self._ask(self._answer(reply))
        return reply

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Call what the tests gave the candidate to call."""
        shared = self._lasting or values.Shared()
        answer: dict[str, Any] = {"answer": True}
        arguments, _ = self._unpack(asked, shared)
        if not shared.lasting:
            shared.settle()
        given = self._given[asked["of"]]
        self._changes += 1
        try:
            value = next(given) if asked["ask"] == "next" else given(*arguments[0], **arguments[1])
        except Exception as error:  # noqa: BLE001
            value = error
            answer["raised"] = True
            if isinstance(error, AssertionError):
                self.doubt_a_pass("an assertion of the tests failed where the candidate called them")
        self._pack(answer, shared, (value,), {})
        if not shared.lasting:
            answer["after"] = [[number, self._content(shared, number)] for number in shared.changed()]
        return answer

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self.broken is not None:
            raise self.broken
        self._requests += 1
        if self._requests > MANY_REQUESTS and time.monotonic() > self._patience:
            self.refuse("so many requests take the time that the candidate has")
        if "names" not in request and self._early.poll(0):
            self._break("forged", "the candidate answered before it was asked")
        request_id = os.urandom(16)
        try:
            wire.send(self._link, request_id, request)
        except (wire.FrameTooLongError, RecursionError) as error:
            self.refuse(f"the tests hand the candidate {error}", by="tests")
        except OSError as error:
            self._break("gone", str(error))
        try:
            answered, reply = wire.receive(self._link)
        except wire.FrameTooLongError as error:
            self.refuse(str(error))
        except wire.MoreThanOneError as error:
            self._break("forged", str(error))
        except (wire.WireError, OSError) as error:
            self._break("gone", str(error))
        if answered != request_id:
            self._break("forged", "the candidate answered a call that was not made")
        if not isinstance(reply, dict):
            self._break("forged", "the candidate's answer is no reply")
        if "rebound" in reply:
            self.refuse("the candidate changed a global that the tests had read")
        if "strayed" in reply:
            self.refuse("the candidate called a function of the tests' in a thread of its own")
        if "unsendable" in reply:
            self.refuse(f"the candidate's answer can't travel: {reply['unsendable']}"[: program.ERROR_CHARACTERS])
        return reply

    def _break(self, outcome: str, message: str, by: str = "candidate") -> NoReturn:
        self.broken = self.broken or JudgementError(outcome, message, by)
        raise self.broken

    # what stands for what

    def _keep(self, number: int, made: Any) -> Any:
        self._objects[number] = made
        self._numbers[id(made)] = number
        return made

    def _stand_in(self, data: dict[str, Any], shared: values.Shared) -> Any:
        form, number = data["t"], data["v"]
        if form == "theirs":
            return self._given[number]
        if form == "known":
            kind = exceptions.known(*number)
            if kind is None:
                raise ValueError(f"no such class: {number!r:.50}")
            return kind
        if type(number) is not int:
            raise ValueError(f"no such object: {number!r:.50}")
        if form == "error":
            return self._error(number, data, shared)
        if number in self._objects:
            return self._objects[number]
        self.doubt = self.doubt or f"a {form}"
        if form == "function":
            return self._keep(number, handles.Function.__new__(handles.Function))
        if form == "iterator":
            return self._keep(number, handles.Iterator.__new__(handles.Iterator))
        if form == "class":
            bases = tuple(values.decode(base, self._stand_in, shared) for base in data["d"]["bases"])
            return self._keep(number, mirror.make(data["d"], bases))
        kind = values.decode(data["c"], self._stand_in, shared)
        if not isinstance(kind, mirror.Mirror):
            raise ValueError(f"no class of the candidate: {kind!r:.50}")  # noqa: TRY004  # as for all that is malformed
        body = (values.decode(data["b"], self._stand_in, shared),) if "b" in data else ()
        under: Any = values.builtin_under(kind, values.CONSTANT) or object
        return self._keep(number, under.__new__(kind, *(body if under is not object else ())))

    def _error(self, number: int, data: dict[str, Any], shared: values.Shared) -> Any:
        if "d" not in data:
            return self._objects.get(number)
        kind = values.decode(data["c"], self._stand_in, shared)
        if not issubclass(kind, Exception | SystemExit) or issubclass(kind, StopIteration | StopAsyncIteration):
            self.doubt = "an exception that would end more than the call"  # PEP 479: it would end the tests' own loops
            kind = RuntimeError if issubclass(kind, StopIteration | StopAsyncIteration) else Exception
        if data["d"].get("lossy"):
            self.doubt = self.doubt or "an exception"
        error = exceptions.rebuild(kind, data["d"], lambda item: values.decode(item, self._stand_in, shared))
        known = self._objects.get(number)
        if known is not None and type(known) is type(error):
            vars(known).update(vars(error))
            known.args = error.args
            return known
        return self._keep(number, error)

    def _form(self, value: Any, shared: values.Shared) -> dict[str, Any]:
        """How what is no data is called on the wire."""
        number = self._numbers.get(id(value))
        if number is not None:
            return {"t": "object", "v": number}
        if isinstance(value, BaseException):
            place = next(place for base in type(value).__mro__ if (place := exceptions.place(base)))
            form = {"t": "error", "v": self._give(value), "c": place}
            return {**form, "d": exceptions.describe(value, lambda item: values.encode(item, self._form, shared))}
        if isinstance(value, type) and (found := exceptions.place(value)):
            return {"t": "known", "v": found}
        if isinstance(value, _FUNCTIONS):
            module, name = getattr(value, "__module__", None) or "builtins", str(getattr(value, "__qualname__", ""))
            if module in _SHARED_MODULES and _named(module, name) is value:
                return {"t": "known", "v": [module, name]}
            return {"t": "theirs", "v": self._give(value), "k": "function", "n": getattr(value, "__name__", "")}
        if hasattr(type(value), "__next__"):
            return {"t": "theirs", "v": self._give(value), "k": "iterator", "n": ""}
        raise values.UnsendableError(f"a {type(value).__name__}, which can't travel between processes")

    def _give(self, value: Any) -> int:
        if id(value) not in self._places:
            self._places[id(value)] = len(self._given)
            self._given.append(value)
        return self._places[id(value)]


def _named(module: str, name: str) -> Any:
    found: Any = builtins if module == "builtins" else sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found
