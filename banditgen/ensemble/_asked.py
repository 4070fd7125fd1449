"""What runs in the sandbox beside a candidate, and asks it what it returns: its source is sent along, so it imports nothing of ours.

What it writes is the candidate's own word, as the two share a process: a candidate can lie, but only about itself.
"""

from __future__ import annotations

import contextlib
import decimal
import hashlib
import io
import json
import numbers
import os
import signal
import sys
import time
import types
from typing import Any

MOST = 1000  # items of an iterator, and characters of an outcome that is told as it is
DEEPEST = 50


class Late(BaseException):
    """The call has had its time; what a candidate catches as an Exception this is not."""


def show(value: Any, depth: int = 0) -> str:
    """A text that is the same for values that `==` takes for equal, numbers to ten digits, as far as that can be told."""
    if depth > DEEPEST:
        return "..."
    if isinstance(value, str):
        return str.__repr__(value)
    if isinstance(value, numbers.Complex | decimal.Decimal) or hasattr(value, "dtype"):
        return _number(value, depth)
    if isinstance(value, bytearray):
        return repr(bytes(value))
    if isinstance(value, list | tuple):
        inside = ",".join(show(item, depth + 1) for item in value)
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    if isinstance(value, set | frozenset):
        return f"set{{{','.join(sorted(show(item, depth + 1) for item in value))}}}"
    if isinstance(value, dict):
        return f"{{{','.join(sorted(f'{show(key, depth + 1)}:{show(item, depth + 1)}' for key, item in value.items()))}}}"
    if hasattr(value, "__next__"):
        items = (show(next(value), depth + 1) for _ in range(MOST))
        return f"iter[{','.join(_until_end(items))}]"
    if type(value).__repr__ is object.__repr__:  # type: ignore[comparison-overlap]
        slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ()) if hasattr(value, name)]
        parts = {name: getattr(value, name) for name in slots} | getattr(value, "__dict__", {})
        return f"{type(value).__name__}{show(parts, depth + 1)}"
    return repr(value)


def _until_end(items: Any) -> Any:
    with contextlib.suppress(RuntimeError):  # what StopIteration becomes in a generator
        yield from items


def _number(value: Any, depth: int) -> str:
    if hasattr(value, "dtype"):
        plain = value.tolist()
        return f"array{show(plain, depth + 1)}" if isinstance(plain, list) else show(plain, depth + 1)
    if isinstance(value, complex):
        return f"({show(value.real)},{show(value.imag)}j)" if value.imag else _number(value.real, depth)
    if value != value:  # noqa: PLR0124 - what is not a number is alone in that
        return "nan"
    if abs(value) < 2**53 and value == int(value):
        return str(int(value))
    if isinstance(value, int):
        return hex(value)  # Python refuses to write more than some thousand digits in tens
    return f"{float(value):.10g}"


def short(outcome: str) -> str:
    """The outcome, or where it is long its first character and a hash of it."""
    return outcome if len(outcome) <= MOST else outcome[0] + hashlib.sha256(outcome.encode("utf-8", "surrogatepass")).hexdigest()


def ask(source: str, calls: list[str], mark: str, each_seconds: float, all_seconds: float) -> None:
    """Load a candidate, evaluate each call among its names, and write what it came to, a line a call, each after `mark`.

    Args:
        source: the candidate's.
        calls: expressions; each is evaluated twice.
        mark: begins the lines.
        each_seconds: of processor time that an evaluation has, and twice as much of real time.
        all_seconds: what is not asked by then is late.
    """
    ends, out = time.monotonic() + all_seconds, os.dup(1)
    module = types.ModuleType("solution")
    sys.modules["solution"] = module
    sys.stdin = io.StringIO()

    def late(*_: object) -> None:
        raise Late

    def outcome(code: types.CodeType) -> str:
        said = io.StringIO()
        try:
            for timer, seconds in ((signal.ITIMER_PROF, each_seconds), (signal.ITIMER_REAL, 2 * each_seconds)):
                signal.setitimer(timer, seconds, each_seconds)  # again and again: a candidate may catch it
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
                value = eval(code, module.__dict__)  # noqa: S307 - this is what it is for
                if hasattr(value, "__await__"):
                    import asyncio  # noqa: PLC0415 - seldom needed, and slow

                    value = asyncio.run(_awaited(value))
                text = show(value)
                text = f"={text}{said.getvalue().rstrip() if value is None else ''}"
        except Late:
            text = "~"
        except BaseException as error:  # noqa: BLE001 - sys.exit is behaviour, too
            text = f"!{type(error).__name__}"
        finally:
            for timer in (signal.ITIMER_PROF, signal.ITIMER_REAL):
                signal.setitimer(timer, 0)
        return short(text)

    def settled(call: str) -> str:
        if time.monotonic() > ends:
            return "~"
        code = compile(call, "<call>", "eval")
        told = outcome(code)
        return told if told == "~" or outcome(code) == told else "*"

    for name in ("SIGPROF", "SIGALRM"):
        signal.signal(getattr(signal, name), late)
    broken = None
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(source, "solution.py", "exec"), module.__dict__)  # noqa: S102 - as above
    except BaseException as error:  # noqa: BLE001 - as above
        broken = None if isinstance(error, SystemExit) else f"!{type(error).__name__}"
    for call in calls:
        os.write(out, f"\n{mark}{json.dumps(broken or settled(call))}\n".encode())


async def _awaited(value: Any) -> Any:
    return await value
