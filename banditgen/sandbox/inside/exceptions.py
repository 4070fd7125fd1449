"""Exceptions on the wire between candidate and judge: where they come from by name, what they hold as data."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from banditgen.sandbox.inside import program

KNOWN_MODULES = frozenset(
    {
        "builtins",
        "json.decoder",
        "decimal",
        "binascii",
        "zlib",
        "struct",
        "statistics",
        "_queue",
        "_csv",
        "configparser",
        "graphlib",
        "ipaddress",
    }
)
MAX_ANCESTORS = 30
MAX_FIELDS = 30


def describe(error: BaseException, encode: Callable[[Any], Any]) -> dict[str, Any]:
    """On the candidate's side: an exception's ancestors, text, and where they can travel, its arguments and attributes."""
    ancestors = [[kind.__module__, kind.__qualname__] for kind in type(error).__mro__[:-1]][:MAX_ANCESTORS]
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001
        text = ""
    data: dict[str, Any] = {"ancestors": ancestors, "text": text[: program.ERROR_CHARACTERS]}
    try:
        data["args"] = [encode(item) for item in error.args]
        data["fields"] = {name: encode(item) for name, item in list(vars(error).items())[:MAX_FIELDS] if not name.startswith("_")}
    except BaseException:  # noqa: BLE001, S110  # then it goes with its text alone
        pass
    return data


def rebuild(data: dict[str, Any], decode: Callable[[Any], Any]) -> BaseException:
    """The candidate's exception: of the same type where that is known, else of one that derives from its nearest known ancestor.

    `SystemExit` is the only one that derives from no `Exception`. The ends of iterations are errors, as PEP 479 has it in generators:
    they would end the tests' own loops.
    """
    ancestors = [(str(module), str(name)) for module, name in data["ancestors"][:MAX_ANCESTORS]]
    text = str(data["text"])[: program.ERROR_CHARACTERS]
    name = ancestors[0][1][:100]
    base: Any = next((kind for place in ancestors if (kind := _known(*place)) is not None), Exception)
    if issubclass(base, StopIteration | StopAsyncIteration):
        return RuntimeError(f"the candidate raised {name}: {text}")
    own: dict[str, Any] = {"__module__": "builtins"}
    kind = base if _known(*ancestors[0]) is base else type(_identifier(name), (base,), own)
    arguments = tuple(map(decode, data.get("args", [text] if text else [])))
    error = _make(kind, arguments, RuntimeError(f"{name}: {text}"))
    fields = {str(key): decode(item) for key, item in data.get("fields", {}).items() if not key.startswith("_")}
    vars(error).update(fields)
    if kind is not base and str(error)[: program.ERROR_CHARACTERS] != text:  # a __str__ of its own
        type.__setattr__(kind, "__str__", lambda _: text)
    return error


def _known(module: str, name: str) -> Any:
    kind = vars(sys.modules[module]).get(name) if module in KNOWN_MODULES and module in sys.modules else None
    return kind if isinstance(kind, type) and issubclass(kind, (Exception, SystemExit)) else None


def _identifier(name: str) -> str:
    return "".join(char for char in name.rpartition(".")[2] if char.isalnum() or char == "_") or "Error"


def _make(kind: Any, arguments: tuple[Any, ...], otherwise: BaseException) -> BaseException:
    """An exception with these arguments, also where its type's own `__init__` takes others."""
    try:
        return kind(*arguments)  # type: ignore[no-any-return]
    except Exception:  # noqa: BLE001
        try:
            error: BaseException = kind.__new__(kind)
            error.args = arguments
        except Exception:  # noqa: BLE001  # such as an exception group's
            return otherwise
        return error
