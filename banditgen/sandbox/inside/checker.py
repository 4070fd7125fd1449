"""A task's own checker over a program's output, and whose fault it is where the checker fails."""

from __future__ import annotations

import sys
import traceback
import types
from typing import Any

from banditgen.sandbox.inside import program

FILE = "<checker>"
Line = tuple[str, int | None]  # of a function
OUTPUTS = (  # of many shapes, of which most checkers can read one
    *(
        "",
        "0\n",
        "1\n",
        "-1\n",
        "2\n",
        "0.5\n",
        "1 2\n",
        "1 2 3\n",
        "1 2 3 4\n",
        "1 2 3 4 5\n",
        "0\n0\n",
        "1\n1\n",
        "1\n2\n3\n",
        "2\n1 2\n",
    ),
    *(
        "1 1\n1 1\n",
        "yes\n",
        "YES\n",
        "NO\n",
        "True\n",
        "a\n",
        "a b\n",
        "a\nb\n",
        "a b c\n",
        "a: 1\n",
        "a=1\n",
        "a,1\n",
        "1,2\n",
        "1,2,3\n",
        "null\n",
    ),
    *("[]\n", "[1]\n", "[[1]]\n", "{}\n", '{"a": 1}\n', '"a"\n', "(1, 2)\n", "2024-01-31\n", "12:30\n", "1/2\n", "a1\n"),
)


def run(order: dict[str, Any], clean: dict[str, Any]) -> dict[str, Any]:
    """Have a checker judge an output.

    Where it fails, the output is wrong if the checker passes the expected one, or, where none is known, if some other output takes it
    past the line where it failed: then it is the output that made it fail. Else the checker fails by itself.

    Returns:
        The verdict: "outcome" is "passed", "wrong", or "fault" where the checker itself fails; "error" says why.

    """
    _, printed, expected = order["texts"]
    try:
        return _judged(order, clean, printed)
    except BaseException as error:  # noqa: BLE001
        said, raised = program.describe(error), error
    if isinstance(raised, Exception) and expected:
        reads = _passes_expected(order, clean)
    else:
        reads = isinstance(raised, Exception) and not _is_slip(raised) and _gets_further(order, clean, _line(raised))
    what = "the checker can't read the output, but others" if reads else "the checker failed"
    return {"outcome": "wrong" if reads else "fault", "error": f"{what}: {said}"}


def _judged(order: dict[str, Any], clean: dict[str, Any], output: str) -> dict[str, Any]:
    stdin, _, expected = order["texts"]
    module = types.ModuleType("__main__")
    vars(module)["__builtins__"] = clean
    program.run_source(order["checker"], module, FILE)
    try:
        right = vars(module)["check"](*(stdin, output, expected)[: order["arguments"]])
    except AssertionError as error:
        return {"outcome": "wrong", "error": f"the checker refuses the output: {program.describe(error)}"}
    if right is None and not order["only_asserts"]:
        raise TypeError("it returned None, neither true nor false")
    return {"outcome": "passed"} if right or right is None else {"outcome": "wrong", "error": "the checker refuses the output"}


def _passes_expected(order: dict[str, Any], clean: dict[str, Any]) -> bool:
    try:
        return bool(_judged(order, clean, order["texts"][2])["outcome"] == "passed")
    except BaseException:  # noqa: BLE001
        return False


def _is_slip(error: Exception) -> bool:
    """Whether an exception is a slip in the checker's own text, which no output makes."""
    return isinstance(error, NameError | ImportError | SyntaxError) and not isinstance(error, UnboundLocalError)


def _line(error: BaseException) -> Line | None:
    """The line of the checker at which it failed, or at which it called what raises on purpose; None where it failed after its last."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
    if len(frames) > 1 and str(frames[-1].line).startswith("raise"):
        frames.pop()
    return (frames[-1].name, frames[-1].lineno) if frames else None


def _gets_further(order: dict[str, Any], clean: dict[str, Any], line: Line | None) -> bool:
    """Whether some other output takes the checker past this line."""
    come_to: set[Line | None] = set()

    def trace(frame: types.FrameType, event: str, _: Any) -> Any:
        if event == "line":
            come_to.add((frame.f_code.co_name, frame.f_lineno))
        return trace if frame.f_code.co_filename == FILE else None

    for output in (order["texts"][0], *OUTPUTS):
        come_to.clear()
        come_to.add(None)
        failed: Line | None = ("", 0)
        sys.settrace(trace)
        try:
            _judged(order, clean, output)
        except Exception as error:  # noqa: BLE001
            failed = _line(error)
        except BaseException:  # noqa: BLE001  # it exits
            failed = line
        finally:
            sys.settrace(None)
        if line in come_to and failed != line:
            return True
    return False
