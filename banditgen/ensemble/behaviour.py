"""What candidates do on the same inputs: each is run in the sandbox and asked."""

from __future__ import annotations

import ast
import concurrent.futures
import functools
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from banditgen._quiet import quiet
from banditgen.ensemble import _asked
from banditgen.sandbox.base import Execution, Sandbox
from banditgen.sandbox.examples import lines
from banditgen.task import Task

Outcome = str
"""What an input came to: "=" and the value in a form that is the same for equal values; "!" and the exception's type; LATE where the
time ran out; VARIES where two runs differ, which agrees with nothing."""
LATE = "~"
VARIES = "*"
CALL_SECONDS = 1.0
LOADING = 0.2  # of a candidate's wall time
PATIENCE = 2  # inputs on which a program may be late


class Observer:
    """Asks candidates in a sandbox, each distinct one once for each input, however often and among whichever others it is asked for.

    Args:
        sandbox: where they run.
        task: whose limits, packages and files they have.
    """

    def __init__(self, sandbox: Sandbox, task: Task) -> None:
        self.task = task
        self._sandbox = sandbox
        self._around = _without_tests(task)
        self._known: dict[tuple[str, bool, str], Outcome] = {}

    def calls(self, codes: Sequence[str], calls: Sequence[str]) -> list[tuple[Outcome, ...]]:
        """For each code the outcome of each call: of expressions, evaluated among the candidate's names, twice each.

        Raises:
            SandboxError: the sandbox failed.
        """
        return self._each(codes, calls, self._called, program=False)

    def inputs(self, codes: Sequence[str], inputs: Sequence[str]) -> list[tuple[Outcome, ...]]:
        """The same for programs: for each code what it prints for each text on its standard input."""
        return self._each(codes, inputs, self._printed, program=True)

    def values(self, expected: Sequence[str]) -> list[Outcome | None]:
        """The outcomes of calls that return what these expressions say; None where one can't be evaluated.

        What is no literal is evaluated in the sandbox, with no candidate there to speak for it.
        """
        found: dict[str, Outcome | None] = {}
        for text in dict.fromkeys(expected):
            try:
                with quiet():
                    found[text] = _asked.short("=" + _asked.show(ast.literal_eval(text)))
            except (SyntaxError, TypeError, MemoryError, RecursionError):
                found[text] = None
            except ValueError:
                found[text] = ""
        open_ = [text for text, outcome in found.items() if outcome == "" and is_expression(text)]
        for text, outcome in zip(open_, self.calls([""], open_)[0], strict=True):
            found[text] = outcome if outcome[0] == "=" else None
        return [found[text] or None for text in expected]

    def _each(
        self, codes: Sequence[str], inputs: Sequence[str], ask: Callable[[str, list[str]], list[Outcome]], *, program: bool
    ) -> list[tuple[Outcome, ...]]:
        def learn(code: str) -> None:
            new = [one for one in dict.fromkeys(inputs) if (code, program, one) not in self._known]
            if new:
                self._known |= {(code, program, one): outcome for one, outcome in zip(new, ask(code, new), strict=True)}

        distinct = list(dict.fromkeys(codes))
        with concurrent.futures.ThreadPoolExecutor(min(len(distinct), 8) or 1, thread_name_prefix="banditgen-ask") as threads:
            list(threads.map(learn, distinct))
        return [tuple(self._known[code, program, one] for one in inputs) for code in codes]

    def _called(self, code: str, calls: list[str]) -> list[Outcome]:
        # a mark that nothing prints by chance, and the same each time, so that a sandbox may remember what it has run
        mark = hashlib.sha256("\0".join([code, *calls]).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        seconds = (1 - LOADING) * self.task.limits.wall_seconds
        order = f"{code!r}, {calls!r}, {mark!r}, {CALL_SECONDS!r}, {seconds!r}"
        done = self._sandbox.run(f"{_harness()}\n\nask({order})\n", self._around)
        told = [_told(line.removeprefix(mark)) for line in done.stdout.split("\n") if line.startswith(mark)][: len(calls)]
        return [*told, *[_ended(done)] * (len(calls) - len(told))]

    def _printed(self, code: str, inputs: list[str]) -> list[Outcome]:
        arounds = [_without_tests(self.task, (text, "")) for text in inputs]

        def once(around: Task) -> Outcome:
            done = self._sandbox.run(code, around)
            return of_output(done.stdout) if done.exit_code == 0 and done.limit is None else _ended(done)

        said: list[Outcome] = []
        for around in arounds:  # who was late that often is late; a hundred inputs would take long to find that out
            first = LATE if said.count(LATE) >= PATIENCE else once(around)
            said.append(VARIES if first[0] == "=" and once(around) != first else first)
        return said


def _without_tests(task: Task, *examples: tuple[str, str]) -> Task:
    """A task with the limits, packages and files of this one."""
    return Task(task.prompt, examples=examples, limits=task.limits, packages=task.packages, files=dict(task.files))


def of_output(printed: str) -> Outcome:
    """The outcome of a program that prints this."""
    return _asked.short("=" + "\n".join(lines(printed)))


def is_expression(text: str) -> bool:
    """Whether a call can be evaluated."""
    try:
        with quiet():
            compile(text, "<call>", "eval", ast.PyCF_ONLY_AST)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


@functools.cache
def _harness() -> str:
    return Path(_asked.__file__).read_text(encoding="utf-8")


def _told(text: str) -> Outcome:
    """What the candidate's side wrote, which may be anything."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return "!"
    return said if isinstance(said, str) and said[:1] in ("=", "!", LATE, VARIES) and said else "!"


def _ended(done: Execution) -> Outcome:
    """The outcome of what ended before it answered."""
    if done.limit in ("wall", "cpu"):
        return LATE
    return f"!{done.limit or ''.join(re.findall(r'^[A-Za-z_.]+(?=:|$)', done.error or ''))}"
