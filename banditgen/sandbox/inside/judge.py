"""The judge: the only process of a job that holds tests, nonce and verdict pipe. It calls the candidate by RPC."""

from __future__ import annotations

import builtins
import marshal
import sys
from typing import Any

from banditgen.sandbox.inside import beside, program, tests
from banditgen.sandbox.inside.link import JudgementError, Link


def main(tests_fd: int, verdict_fd: int, link_fd: int) -> int:
    """Judge one candidate and write the verdict."""
    order = marshal.loads(program.read_all(tests_fd))  # noqa: S302  # what the user's process wrote
    beside.lay_files(order["files"])
    link = Link(link_fd, seconds=order["seconds"], lasting=order["shared"])
    try:
        verdict = _judge(order, link)
    except JudgementError:  # which the link remembers
        verdict = {"outcome": "gone"}
    verdict = weigh(verdict, link, orders=order["orders"], searches=order["searches"])
    sys.stdout.flush()
    program.write_verdict(verdict_fd, {**verdict, "nonce": order["nonce"]})
    return 0


def _judge(order: dict[str, Any], link: Link) -> dict[str, Any]:
    try:
        names = link.names(order["names"], order["modules"])
    except (Exception, SystemExit) as error:  # noqa: BLE001  # the candidate did not load
        link.doubt = ""
        return {"outcome": "error", "error": program.describe(error)}
    return tests.run_tests(order, names, vars(builtins))


def weigh(verdict: dict[str, Any], link: Link, *, orders: bool, searches: bool) -> dict[str, Any]:
    """What the tests said, in the light of what crossed.

    A failure stands where all that crossed was data; where there were stand-ins for objects, it may be theirs. A pass stands where
    nothing crossed that answers a test without knowing what it asks for: a number that is none and is never greater, where the
    tests compare by `orders`; an iterator without end, in which one of their `searches` finds what it looks for.
    """
    if link.broken is not None:
        return {"outcome": link.broken.outcome, "error": str(link.broken), "by": link.broken.by}
    if verdict["outcome"] in ("wrong", "error") and link.doubt:
        return _unjudgeable(f"{verdict['error']} (with {link.doubt} of the candidate's)")
    if verdict["outcome"] != "passed":
        return verdict
    if not link.asked:
        return {"outcome": "wrong", "error": "the tests never called the candidate"}
    if link.doubt_of_pass:
        return _unjudgeable(link.doubt_of_pass)
    if orders and link.strange_numbers:
        return _unjudgeable("numbers that are not finite are compared by size")
    if searches and link.open_iterators:
        return _unjudgeable("a value is looked for in an iterator that did not end")
    return verdict


def _unjudgeable(reason: str) -> dict[str, Any]:
    return {"outcome": "unjudgeable", "error": reason[: program.ERROR_CHARACTERS], "by": "candidate"}
