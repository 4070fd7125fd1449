"""The candidate that is most likely right, and how likely that is, where no test says so."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from banditgen.ensemble import inputs
from banditgen.ensemble.behaviour import Observer, Outcome
from banditgen.ensemble.groups import FEATURES, Floats, Groups, votes, weigh_up
from banditgen.ensemble.inputs import Inputs
from banditgen.ensemble.weights import chances
from banditgen.errors import UsageError
from banditgen.sandbox.base import Sandbox, check_sandbox
from banditgen.sandbox.default import shared_sandbox
from banditgen.task import Task

UNKNOWN = 0.5  # an arm's reliability where nobody says
BROKEN = 0.01  # what is left of it where the code can't even be loaded
SILENT = 0.2  # and where it returned nothing, whatever it was asked
READS = re.compile(r"\binput\b|\bstdin\b|\bopen\(0")
UNREADABLE = {f"!{kind}" for kind in ("SyntaxError", "IndentationError", "TabError", "NameError", "ImportError", "ModuleNotFoundError")}
SAME = 1e-9
NOTHING = "="  # what a program does that prints nothing
RETURNS_NOTHING = "=None"


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of the candidates.

    Args:
        index: its place.
        confidence: the chance that it is right, in [0, 1].
        sure: whether behaviour, asserts or examples told candidates apart or together; without, the most reliable arm's was taken.
        scores: of each candidate, the chance that it is right.
        reason: in words, one line.
    """

    index: int
    confidence: float
    sure: bool
    scores: tuple[float, ...]
    reason: str


def choose(
    codes: Sequence[str],
    *,
    entry_point: str | None = None,
    calls: Iterable[str] = (),
    tests: Iterable[tuple[str, str, float]] = (),
    reliabilities: Sequence[float] | None = None,
    models: Sequence[str] | None = None,
    task: Task | None = None,
    sandbox: Sandbox | None = None,
) -> Choice:
    """Run all candidates on the same inputs, and choose by what they do.

    Candidates that do the same on each input are right or wrong together. How likely a group is right follows from how reliable its
    arms are, how many they are and of how many models, its errors, and what asserts and the prompt's examples say
    (`groups.weigh_up`, with the weights in `weights`). A candidate is never compared inside its own process, so it can
    speak for itself alone.

    Args:
        codes: (n) candidates' source, n at least 1.
        entry_point: the function that is asked for; None is the task's.
        calls: source text of calls, `f(2)`; for programs what they read, as text or as a string's source.
        tests: (call, expected, votes) that a model wrote, all but the votes source text; witnesses, as most of them may be wrong.
        reliabilities: (n) of the candidates' arms, the chance that what they write is right; None is 0.5 for each.
        models: (n) of their arms: what one model writes is wrong in the same way more often; None takes them as different.
        task: its prompt's examples, its limits, packages and files are used.
        sandbox: where candidates run; None is the strongest here, shared within the process.

    Raises:
        UsageError: no code, lists that don't fit it, or what cannot be what it is handed in as.
        SandboxError: the sandbox failed.
    """
    if task is not None and not isinstance(task, Task):
        raise UsageError(f"task must be a Task or None, not {task!r:.80}")
    if sandbox is not None:
        check_sandbox(sandbox)
    observer = Observer(shared_sandbox() if sandbox is None else sandbox, task or Task("what do they do?"))
    return observed(codes, observer, entry_point=entry_point, calls=calls, tests=tests, reliabilities=reliabilities, models=models)


def observed(
    codes: Sequence[str],
    observer: Observer,
    *,
    entry_point: str | None = None,
    calls: Iterable[str] = (),
    tests: Iterable[tuple[str, str, float]] = (),
    reliabilities: Sequence[float] | None = None,
    models: Sequence[str] | None = None,
) -> Choice:
    """`choose` with an observer that may know some of the candidates already."""
    codes, trusted, names = _checked(codes, reliabilities, models)
    if entry_point is not None and not (isinstance(entry_point, str) and entry_point.isidentifier()):
        raise UsageError(f"entry_point must be a function's name or None, not {entry_point!r:.80}")
    entry_point = entry_point or observer.task.entry_point
    # in an order of their own, so that nothing depends on the places in which they were given
    order = sorted(range(len(codes)), key=lambda i: (-trusted[i], hashlib.sha256(codes[i].encode("utf-8", "replace")).digest(), names[i]))
    codes, names = [codes[i] for i in order], [names[i] for i in order]
    trusted = trusted[order]
    found = inputs.collected(codes, entry_point, calls, tests, observer)
    asked, does = _asked(codes, found, observer)
    groups = weigh_up(does, codes, asked, trusted, names, found.written, found.shown)
    if asked and groups.has_values:
        scores = np.zeros(len(codes))
        for group, chance in zip(groups.members, chances(groups), strict=True):
            scores[group] = chance
        sure = _is_told(groups)
    else:
        loads = _loading(codes, entry_point, observer, is_program=found.is_program)
        most = np.array([max(trusted[i] for i, other in enumerate(codes) if other == code) for code in codes])
        scores, sure = most * np.where(loads, SILENT if asked else 1.0, BROKEN), False
    best = int(np.flatnonzero(scores >= scores.max() - SAME)[0])  # of equals the most reliable
    by_place = np.empty(len(codes))
    by_place[order] = scores
    reason = _reason(groups, best, does, asked, found, sure=sure)
    return Choice(order[best], float(scores[best]), sure, tuple(by_place.tolist()), reason)


def _checked(
    codes: Sequence[str], reliabilities: Sequence[float] | None, models: Sequence[str] | None
) -> tuple[list[str], Floats, list[str]]:
    if isinstance(codes, str) or not isinstance(codes, Sequence) or not codes or not all(isinstance(code, str) for code in codes):
        raise UsageError(f"codes must be a list of at least one candidate's source, not {codes!r:.80}")
    for name, given in (("reliabilities", reliabilities), ("models", models)):
        if given is not None and (not hasattr(given, "__len__") or len(given) != len(codes)):
            told = len(given) if hasattr(given, "__len__") else repr(given)
            raise UsageError(f"{name} must have one entry for each of the {len(codes)} codes, not {told}")
    try:
        trusted = np.full(len(codes), UNKNOWN) if reliabilities is None else np.array(reliabilities, float)
    except (TypeError, ValueError):
        trusted = np.full(len(codes), np.nan)
    if trusted.shape != (len(codes),) or not ((trusted >= 0) & (trusted <= 1)).all():
        raise UsageError(f"reliabilities must be numbers between 0 and 1, not {reliabilities!r:.80}")
    if models is not None and (isinstance(models, str | AbstractSet | Mapping) or not all(isinstance(model, str) for model in models)):
        raise UsageError(f"models must be a list of names, not {models!r:.80}")
    return list(codes), trusted, [str(i) for i in range(len(codes))] if models is None else list(models)


def _asked(codes: Sequence[str], found: Inputs, observer: Observer) -> tuple[list[str], list[tuple[Outcome, ...]]]:
    """The inputs that say something, and what each candidate does with them.

    An input that was guessed and that nobody can take was a bad guess, and where no program prints anything there is nothing to compare.
    """
    asked = [*found.asked, *found.guesses]
    ask = observer.inputs if found.is_program else observer.calls
    does = ask(codes, asked)
    if not found.is_program and {outcome for each in does for outcome in each if outcome[0] == "="} == {RETURNS_NOTHING}:
        does = ask(codes, [inputs.with_what_it_changed(call) for call in asked])
    kept = [
        c
        for c, call in enumerate(asked)
        if not (call in found.guesses and all(each[c][0] != "=" for each in does))
        and not (found.is_program and all(each[c][0] != "=" or each[c] == NOTHING for each in does))
    ]
    return [asked[c] for c in kept], [tuple(each[c] for c in kept) for each in does]


def _loading(codes: Sequence[str], entry_point: str | None, observer: Observer, *, is_program: bool) -> list[bool]:
    """Which of the candidates run at all, and have the function that is asked for."""
    if is_program:
        outcomes = [outcome for (outcome,) in observer.inputs(codes, [""])]
        # without anything to read, one that reads fails, broken or not
        return [
            did[0] == "=" or (READS.search(code) is not None and did not in UNREADABLE) for code, did in zip(codes, outcomes, strict=True)
        ]
    probe = f"callable({entry_point})" if entry_point else "None"
    return [outcome in {"=1", "=None"} for (outcome,) in observer.calls(codes, [probe])]


def _is_told(groups: Groups) -> bool:
    """Whether anything but the arms' reliability speaks: some agree, some have more errors, or there are witnesses.

    Asserts of which none says what any candidate does tell several no further apart.
    """
    said = {name: groups.features[:-1, FEATURES.index(name)] for name in FEATURES}
    witnesses = ["size", "meets", "misses", "written" if len(groups.members) == 1 else "preferred"]
    return bool(np.ptp(said["errors"]) > SAME) or any(bool(said[name].any()) for name in witnesses)


def _reason(groups: Groups, best: int, does: Sequence[tuple[Outcome, ...]], asked: Sequence[str], found: Inputs, *, sure: bool) -> str:
    if not sure:
        why = "there was nothing to ask" if not asked else "they differ everywhere" if groups.has_values else "none returns anything"
        return f"nothing tells the candidates apart, as {why}: the most reliable arm's" if len(does) > 1 else "it is the only candidate"
    alike = len(next(group for group in groups.members if best in group))
    told = [f"{alike} of {len(does)} candidates behave like it on {len(asked)} input{'' if len(asked) == 1 else 's'}"]
    for said, whose in ((found.shown, "the prompt's examples"), (found.written, "the votes of asserts")):
        won, total = votes(does[best], asked, said)
        told += [f"{won:g} of {total:g} of {whose} say so"] if total else []
    return "; ".join(told)
