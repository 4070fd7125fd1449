"""What is compared as bytes in memory: a change shows, and nothing else does; and what a worker reports of a job."""

from __future__ import annotations

import builtins
import sys
import types
from collections.abc import Callable
from typing import Any

import pytest

from banditgen.sandbox.inside import image, pristine, report, tests

tried = pytest.mark.skipif(not image.TRIED, reason="on this Python objects are compared one by one, as the test of that shows")


def first() -> int:
    return 1


def second() -> int:
    return 2


class Watched:
    def method(self) -> int:
        return 3


def rebind(space: dict[str, Any]) -> None:
    space["first"] = second


def put_back(space: dict[str, Any]) -> None:
    rebind(space)
    space["first"] = first


def patch_method(_: dict[str, Any]) -> None:
    Watched.method = lambda self: 4  # type: ignore[method-assign]


def new_code(_: dict[str, Any]) -> None:
    second.__code__ = (lambda: 5).__code__


CHANGES: list[Callable[[dict[str, Any]], None]] = [rebind, put_back, patch_method, new_code, lambda space: space.clear()]


@tried
@pytest.mark.parametrize("change", CHANGES)
def test_any_change_shows(change: Callable[[dict[str, Any]], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Watched, "method", Watched.method)
    monkeypatch.setattr(second, "__code__", second.__code__)
    space: dict[str, Any] = {"first": first, "second": second}
    taken = image.Image([space, vars(Watched)], [first, second], {"a": first})
    assert taken.usable
    assert taken.same()
    change(space)
    assert not taken.same()


@tried
def test_looking_calling_and_new_names_in_the_growing_one_show_nothing() -> None:
    """Beyond a thousand functions it takes several calls of the kernel."""
    functions = [types.FunctionType(first.__code__, {}) for _ in range(2500)]
    growing: dict[str, Any] = {"a": first, "b": second}
    taken = image.Image([vars(Watched)], functions, growing)
    assert [function() for function in functions] == [1] * 2500
    growing.update({f"new{number}": number for number in range(1000)})
    assert taken.same()
    functions[2400].__code__ = second.__code__
    assert not taken.same()


@pytest.mark.parametrize("change", [lambda growing: growing.update(a=None), lambda growing: growing.pop("b"), dict.clear])
def test_a_replaced_or_lost_name_in_the_growing_one_shows(change: Callable[[dict[str, Any]], Any]) -> None:
    growing: dict[str, Any] = {"a": first, "b": second, "c": first}
    taken = image.Image([], [first], growing)
    change(growing)
    assert not taken.same()


@tried
def test_a_free_name_in_the_growing_one_may_change_and_no_other() -> None:
    growing: dict[str, Any] = {"a": first, "b": second, "c": first}
    del growing["a"]  # which leaves a hole
    taken = image.Image([], [first], growing, free=("c", "d"))
    growing.update(c=second, d=first)
    assert taken.same()
    growing["b"] = first
    assert not taken.same()


@tried
def test_where_bytes_differ_the_closer_look_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that nothing rests on, or one that was put back, is no forgery; a function of a module is."""
    import statistics

    memory = pristine.Memory()
    assert memory.image.same()
    monkeypatch.setattr(statistics, "harmless", 1, raising=False)
    assert not memory.image.same()
    assert memory.replaced() is None
    monkeypatch.setattr(statistics, "mean", first)
    assert memory.replaced() == "statistics.mean"


def test_an_interpreter_that_was_not_tried_is_looked_at_object_by_object(monkeypatch: pytest.MonkeyPatch) -> None:
    import statistics

    monkeypatch.setattr(image, "TRIED", False)
    memory = pristine.Memory()
    assert not memory.image.usable
    assert not memory.image.same()
    assert memory.replaced() is None
    monkeypatch.setattr(statistics, "mean", first)
    assert memory.replaced() == "statistics.mean"


@tried
def test_tests_run_as_a_script_leave_the_bytes_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each such job pays for the closer look, which costs more than the job."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    memory = pristine.Memory()
    order = {
        "kind": "asserts",
        "tests": "assert f() == 1",
        "entry_point": "f",
        "call_check": False,
        "compiled": b"",
        "exits": (),
        "star": False,
    }
    assert tests.run_tests(order, {"f": first}, dict(vars(builtins))) == {"outcome": "passed"}
    assert memory.image.same()


@pytest.mark.parametrize("limit", report.LIMITS)
@pytest.mark.parametrize("candidate_status", [None, 0, -9])
def test_a_report_arrives_as_it_was(limit: str | None, candidate_status: int | None) -> None:
    ended = report.Ended(-11, candidate_status, 0.25, 1.5, 3 << 40, limit)
    assert report.unpack(report.pack(ended)) == ended


@pytest.mark.parametrize("message", [b"", b"x" * 33, b"\xff" * 40])
def test_what_is_no_report_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match="no report"):
        report.unpack(message)
