"""What candidates are asked: calls or inputs from every source there is, and what witnesses say comes out."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from banditgen._checks import is_number
from banditgen._quiet import quiet
from banditgen.ensemble import behaviour, examples, hints
from banditgen.ensemble.behaviour import Observer, Outcome
from banditgen.errors import UsageError
from banditgen.task import Task

FEW = 5  # calls; where there are fewer, more are drawn from type hints
MOST = 100
ENOUGH = 1e9  # votes
_DEFINES = re.compile(r"^(?:async )?def (\w+)", re.MULTILINE)
_READS = re.compile(r"\binput\s*\(|\bstdin\b")

Said = dict[str, Counter[Outcome]]
"""By input, how many votes each outcome has."""


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What to ask. `written` is what a model said comes out, `shown` what the prompt's own examples say; guesses were drawn."""

    is_program: bool
    asked: tuple[str, ...] = ()
    guesses: tuple[str, ...] = ()
    written: Said = dataclasses.field(default_factory=dict)
    shown: Said = dataclasses.field(default_factory=dict)


def collected(
    codes: Sequence[str],
    entry_point: str | None,
    calls: Iterable[str],
    tests: Iterable[tuple[str, str, float]],
    observer: Observer,
) -> Inputs:
    """All inputs that there are for these candidates: given ones, those of asserts and of the prompt's examples, else drawn ones.

    Raises:
        UsageError: calls or tests that cannot be.
        SandboxError: the sandbox failed.
    """
    given, told = _checked(calls, tests)
    task = observer.task
    named = entry_point or _defined_by_most(codes, task.prompt)
    is_program = task.kind == "stdio" or (entry_point is None and 2 * sum(_READS.search(code) is not None for code in codes) > len(codes))
    found = None if is_program else _of_function(codes, named, given, told, observer)
    if found is None or not (found.asked or found.guesses or entry_point):
        found = _of_program(task, [_text(call) for call in given], [(_text(call), _text(out), votes) for call, out, votes in told])
    return found


def _of_program(task: Task, given: Sequence[str], told: Sequence[tuple[str, str, float]]) -> Inputs:
    samples = [examples.Example(*pair) for pair in task.examples] or examples.of_program(task.prompt)
    asked = dict.fromkeys([*given, *(call for call, _, _ in told), *(sample.call for sample in samples)])
    written = _votes((call, behaviour.of_output(expected), votes) for call, expected, votes in told)
    shown = _votes((sample.call, behaviour.of_output(sample.expected), 1) for sample in samples)
    return Inputs(True, tuple(asked)[:MOST] or ("",), (), written, shown)


def _of_function(
    codes: Sequence[str], name: str | None, given: Sequence[str], told: Sequence[tuple[str, str, float]], observer: Observer
) -> Inputs:
    prompt = observer.task.prompt
    samples = examples.of_function(prompt, name)
    values = [text for text in (*(text for _, text, _ in told), *(sample.expected for sample in samples)) if text[:1] != "!"]
    meant = dict(zip(values, observer.values(values), strict=True))
    all_calls = dict.fromkeys([*given, *(call for call, _, _ in told), *(sample.call for sample in samples)])
    asked = tuple(call for call in all_calls if behaviour.is_expression(call))[:MOST]
    guesses = hints.guessed([prompt, *sorted(set(codes))], name) if name and len(asked) < FEW else []
    return Inputs(
        False,
        asked,
        tuple(call for call in guesses if call not in asked),
        _votes((call, meant.get(text), votes) for call, text, votes in told),
        _votes((call, text if text[:1] == "!" else meant[text], 1) for call, text in samples),
    )


def with_what_it_changed(call: str) -> str:
    """The call of what returns nothing, such that its value is what has become of its arguments."""
    with quiet():
        tree = ast.parse(call, mode="eval").body
    if not isinstance(tree, ast.Call):
        return call
    called, tree.func = ast.unparse(tree.func), ast.Name("changed")
    return f"(lambda changed: {ast.unparse(tree)})(lambda *given, **named: ({called}(*given, **named), given, named)[1:])"


def _defined_by_most(codes: Sequence[str], prompt: str) -> str | None:
    """The one function that more than half of the candidates define and the prompt names, or else the only one that they define."""
    names = Counter(name for code in codes for name in set(_DEFINES.findall(code)))
    common = [name for name, count in names.items() if 2 * count > len(codes)]
    named = [name for name in common if re.search(rf"\b{name}\b", prompt)]
    return named[0] if len(named) == 1 else common[0] if len(common) == 1 else None


def _votes(said: Iterable[tuple[str, Outcome | None, float]]) -> Said:
    votes: Said = defaultdict(Counter)
    for call, outcome, count in said:
        if outcome is not None:
            votes[call][outcome] += count  # type: ignore[assignment]
    return dict(votes)


def _text(source: str) -> str:
    """What a program reads or prints: what a string's source means, else the text as it is."""
    try:
        with quiet():
            value = ast.literal_eval(source)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return source
    return value if isinstance(value, str) else source


def _checked(calls: Iterable[str], tests: Iterable[tuple[str, str, float]]) -> tuple[list[str], list[tuple[str, str, float]]]:
    if isinstance(calls, str) or not isinstance(calls, Iterable):
        raise UsageError(f"calls must be a list of source texts, not {calls!r:.80}")
    if isinstance(tests, str) or not isinstance(tests, Iterable):
        raise UsageError(f"tests must be a list of (call, expected, votes), not {tests!r:.80}")
    given, told = list[str](), list[tuple[str, str, float]]()
    for call in calls:
        if not isinstance(call, str):
            raise UsageError(f"a call must be source text such as 'f(2)', not {call!r:.80}")
        asserted = _asserted(call)
        given.append(asserted[0] if asserted else call)
        told += [(*asserted, 1.0)] if asserted and asserted[1] else []
    for test in tests:
        if not isinstance(test, tuple | list) or len(test) != 3 or not all(isinstance(part, str) for part in test[:2]):
            raise UsageError(f"a test must be (call, expected, votes) with source texts, not {test!r:.80}")
        call, expected, votes = test
        if not is_number(votes) or not 0 <= votes < float("inf"):
            raise UsageError(f"votes must be a number of at least 0, not {votes!r:.80}")
        told.append((call, expected, min(votes, ENOUGH)))
    return given, told


def _asserted(text: str) -> tuple[str, str] | None:
    """The call of an assert such as `assert f(2) == 4`, and what it says comes out, "" where it says nothing; None for anything else."""
    if not text.lstrip().startswith("assert"):
        return None
    try:
        with quiet():
            (statement,) = ast.parse(text.strip()).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    if not isinstance(statement, ast.Assert):
        return None
    if isinstance(statement.test, ast.Compare) and [type(how) for how in statement.test.ops] in ([ast.Eq], [ast.Is]):
        return ast.unparse(statement.test.left), ast.unparse(statement.test.comparators[0])
    return ast.unparse(statement.test), ""
