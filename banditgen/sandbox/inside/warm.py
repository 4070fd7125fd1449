"""Runs once, in the worker, what every job will run, so that each fork inherits it warm: specialised code, filled caches.

A fork that has to warm up writes to the pages of all it runs, and so copies them.
"""

from __future__ import annotations

import _socket
import linecache
import marshal
import os
import sys
from typing import Any

from banditgen.sandbox.inside import beside, handles, judge, link, pristine, program, roles, server, tests, wire

ROUNDS = 20  # CPython 3.11 specialises a function after eight calls
CODE = '''from typing import List, Tuple


def f(numbers: List[int], text: str, pair: Tuple[float, ...] = ()) -> List[int]:
    """A candidate as they are."""
    counts = {}
    for index, number in enumerate(sorted(numbers)):
        counts[number] = counts.get(number, 0) + index if number % 2 == 0 else len(text)
    return [number for number in range(len(counts)) if number in counts]
'''
TESTS = "def check(candidate):\n    assert candidate([1, 2], 'a', (1.5,)) == [1]\n    assert candidate([], text='') == []\n"

SMALL, STEP, BYTES_HEAD, POOL = 512, 16, 33, 1 << 14
MAX_FILLERS = 50_000


def fill_holes() -> list[object]:
    """Objects that fill the gaps between those that are there, to be kept: what a job makes is then close together.

    CPython keeps objects of up to 512 bytes in pools, by size in steps of 16; a pool is a new one when objects follow on each other.
    It saves about 5 % of a job's processor time. Where objects don't lie like that, there is nothing to fill.
    """
    fillers: list[object] = []
    for size in range(STEP, SMALL + 1, STEP):
        in_a_row, last = 0, 0
        while in_a_row < POOL // size // 2 and len(fillers) < MAX_FILLERS:
            filler = bytes(size - BYTES_HEAD) if size > BYTES_HEAD else 0.5 * len(fillers) if size == 2 * STEP else object()
            fillers.append(filler)
            in_a_row, last = (in_a_row + 1 if id(filler) == last + size else 0), id(filler)
        if not in_a_row:
            return []
    return fillers


class Straight(link.Link):
    """A link that has the candidate do its part in the same process.

    Args:
        candidate: who answers.
        ours: the judge's end of a socket.

    """

    def __init__(self, candidate: server.LoadedCandidate, ours: int) -> None:
        super().__init__(ours)
        self._candidate = candidate

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        request_id = os.urandom(16)
        wire.send(self._link, request_id, request)
        self._candidate.turn()
        reply: dict[str, Any] = wire.receive(self._link)[1]
        return reply


def warm_up(memory: pristine.Memory, clean: dict[str, Any]) -> None:
    """Judge a harmless candidate a few times, and run it beside its tests; nothing of it is left.

    Args:
        memory: what is remembered.
        clean: the builtins.

    """
    order = {
        "kind": "asserts",
        "tests": TESTS,
        "entry_point": "f",
        "call_check": True,
        "compiled": b"",
        "exits": (),
        "star": False,
        "nonce": "",
    }
    order |= {"files": (), "names": ["f"], "modules": program.ALIASES, "seconds": 1.0, "shared": False, "orders": False, "searches": False}
    modules = dict(sys.modules)
    received = beside.Candidate(CODE, program.ALIASES, (), lay=False, later=False)
    (ours, theirs), (dead, ended) = _socket.socketpair(), _socket.socketpair()
    ended.close()
    code, order_fd, verdicts = (os.memfd_create("warm") for _ in range(3))
    os.write(code, marshal.dumps(tuple(received)))
    os.write(order_fd, marshal.dumps(order))
    for _ in range(ROUNDS):
        near = Straight(server.LoadedCandidate(CODE, beside.solution(received), theirs.fileno()), ours.fileno())
        verdict = judge.weigh(tests.run_tests(order, near.names(["f"]), clean), near, orders=False, searches=False)
        assert verdict == {"outcome": "passed"}, verdict
        server.main(os.dup(code), dead.fileno())
        judge.main(os.dup(order_fd), verdicts, dead.fileno())
        roles.beside_tests(memory, clean, os.dup(code), os.dup(order_fd), verdicts)
    for end in (ours, theirs, dead):
        end.close()
    for descriptor in (code, order_fd, verdicts):
        os.close(descriptor)
    handles.use(None)  # what is left of it would be taken apart in every judge
    beside.FINDER.forget()
    sys.modules.clear()
    sys.modules.update(modules)  # without a gap
    linecache.cache.clear()
