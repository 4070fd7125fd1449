"""One rule for trying again."""

from __future__ import annotations

import itertools
import random

import pytest

from banditgen._retry import again, pauses


def test_pauses_double_up_to_the_longest_and_are_spread() -> None:
    drawn = [list(itertools.islice(pauses(0.1, 1.0, random.Random(seed)), 8)) for seed in range(200)]
    for number, around in enumerate((0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0, 1.0)):
        column = [row[number] for row in drawn]
        assert 0.5 * around <= min(column) < 0.6 * around
        assert 1.4 * around < max(column) <= 1.5 * around


def test_what_may_pass_is_tried_again_and_nothing_else_is() -> None:
    attempts: list[int] = []

    def work() -> str:
        attempts.append(1)
        if len(attempts) < 3:
            raise OSError("busy")
        return "done"

    assert again(work, lambda error: "busy" in str(error), seconds=60, first=1e-4, longest=1e-4) == "done"
    assert len(attempts) == 3
    attempts.clear()
    with pytest.raises(OSError, match="busy"):
        again(work, lambda error: "full" in str(error), seconds=60, first=1e-4, longest=1e-4)
    assert len(attempts) == 1


def test_it_ends_when_its_time_is_over() -> None:
    def work() -> None:
        raise OSError("busy")

    with pytest.raises(OSError, match="busy"):
        again(work, lambda _: True, seconds=0.02, first=1e-3, longest=1e-3)
