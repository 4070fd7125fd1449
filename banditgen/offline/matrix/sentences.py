"""What a matrix says, in sentences: the answer first."""

from __future__ import annotations

import math
from collections.abc import Sequence

from banditgen._text import counted, one_line
from banditgen.offline.matrix.findings import Findings
from banditgen.offline.matrix.rates import Interval
from banditgen.offline.matrix.routing import Judged, Routing

_TIMES = {2: "twice", 3: "three times", 4: "four times", 5: "five times"}
NAMED = 5  # names in a sentence; of more there is their number


def sentences(found: Findings) -> list[str]:
    """Everything that is to be said, the answer first; names are made fit to show."""
    said = [_answer(found)]
    said += _types(found)
    if found.as_good and found.routing is not None and found.routing.pays is not True:
        best = name(found.routing.single.arms[0])
        said.append(f"as good as {best} within noise, one try each: {names(found.as_good)}{_quick(found, best)}")
    if found.unsolved:
        said.append(f"nobody solves {counted(len(found.unsolved), 'task')} of {len(found.matrix.tasks)}: {names(found.unsolved)}")
    if found.missing:
        said.append(f"left out of comparisons, as most tasks have no verdict of them: {names(found.missing)}")
    return said


def _answer(found: Findings) -> str:
    routing = found.routing
    if routing is None:
        return "can't tell anything: it takes two tasks at least that have verdicts of the same arms"
    if not found.matrix.passed.any():
        return f"no arm solves any of these {len(found.matrix.tasks)} tasks: routing cannot help, other models may"
    if len(found.matrix.arms) == 1:
        return f"don't route, use {plan(routing.single)}: it is the only arm; {figures(routing.single)}"
    if routing.pays:
        return f"{_way(routing)}; {plan(routing.single)}: {percent(routing.single.solved)}; routing brings {_gain(routing.gain)}"
    if routing.pays is False:
        single = routing.single
        return (
            f"don't route, use {name(single.arms[0])}: {plan(single)}: {figures(single)}; racing different arms"
            f"{' or choosing by type' if routing.typed else ''} brings {_gain(routing.gain)}, fewer than {100 * routing.worthwhile:.0f}"
        )
    return _unsure(routing)


def _unsure(routing: Routing) -> str:
    until, verb = plan(routing.recommended), "use" if len(set(routing.recommended.arms)) == 1 else "race"
    if routing.more_tasks is None:
        return (
            f"can't tell whether routing pays: with one sample each nobody knows what trying an arm again would bring; take 2 or more; "
            f"until then {verb} {until}: {figures(routing.recommended)}"
        )
    more = f"about {counted(routing.more_tasks, 'more task')} would tell"
    if routing.by == "set" and routing.set.arms == routing.single.arms:
        return (
            f"can't tell whether routing pays: nothing is better so far than {plan(routing.single)}: {figures(routing.single)}, but "
            f"racing different arms may bring up to {points(routing.gain.high)} points; {more}"
        )
    return (
        f"can't tell whether routing pays: {_way(routing)}; {plan(routing.single)}: {figures(routing.single)}; that is "
        f"{_gain(routing.gain)}; {more}; until then {verb} {until}"
    )


def _way(routing: Routing) -> str:
    """What may be better than one arm alone."""
    if routing.by == "type" and routing.typed is not None:
        each = "; ".join(f"{name(kind)}: {_tries(arms)}" for kind, arms in routing.typed.by_type.items())
        return f"choose by type ({each or plan(routing.typed)}): {figures(routing.typed)}"
    return f"race {plan(routing.set)}: {figures(routing.set)}"


def _types(found: Findings) -> list[str]:
    known = {kind: routing for kind, routing in found.by_type.items() if routing is not None}
    said = [
        f"no learning needed for type {name(kind)}: {plan(routing.single)}: {figures(routing.single)}"
        for kind, routing in known.items()
        if routing.pays is False
    ]
    return said + [
        f"for type {name(kind)} race {plan(routing.set)}: {figures(routing.set)}; {plan(routing.single)}: {percent(routing.single.solved)}"
        for kind, routing in known.items()
        if routing.pays
    ]


def _quick(found: Findings, best: str) -> str:
    if found.quick is None:
        return ""
    seconds = dict(zip(found.matrix.arms, found.matrix.mean_seconds(), strict=True))
    own = seconds[found.routing.single.arms[0]] if found.routing is not None else math.nan
    return f"; {name(found.quick)} takes {seconds[found.quick]:.1f} s a generation, {best} {own:.1f} s"


def plan(judged: Judged) -> str:
    """The tries in words: "a then b", "a alone three times"."""
    return _tries(judged.arms)


def _tries(arms: Sequence[str]) -> str:
    if len(arms) == 1:
        return f"{name(arms[0])} once"
    if len(set(arms)) == 1:
        return f"{name(arms[0])} alone {_TIMES.get(len(arms), f'{len(arms)} times')}"
    return " then ".join(name(arm) for arm in arms)


def figures(judged: Judged) -> str:
    """What a way solves, and what it takes: "71 % (66–76) at 1.6 generations"."""
    return f"{percent(judged.solved)} at {judged.generations:.1f} generation{'' if round(judged.generations, 1) == 1 else 's'}"


def percent(share: Interval) -> str:
    """A share with its interval: "71 % (66–76)"."""
    if math.isnan(share.value):
        return "unknown"
    return f"{100 * share.value:.0f} % ({100 * share.low:.0f}–{100 * share.high:.0f})"


def _gain(gain: Interval) -> str:
    return f"{points(gain.value)} points ({points(gain.low)} to {points(gain.high)})"


def points(share: float) -> str:
    """A difference of shares in whole points, with its sign."""
    whole = round(100 * share)
    return f"{whole:+d}".replace("-", "−") if whole else "0"


def name(text: str) -> str:
    """Somebody's name for something, fit to stand in a sentence."""
    return one_line(text, 60) or "(no name)"


def names(texts: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    more = len(texts) - NAMED
    return ", ".join(map(name, texts[:NAMED])) + (f" and {more} more" if more > 0 else "")
