"""Verdicts on hard pairs of code and tests agree with what plain Python says when it is run."""

from __future__ import annotations

import pytest

from banditgen.sandbox.base import Sandbox
from experiments.verdicts import plain
from experiments.verdicts.run import Case, pairs

PAIRS = list(pairs())
WITHOUT_PYTEST = [case for case in PAIRS if not plain.OF_PYTEST.search(case.tests)]  # which is slow to start, here and there


def agree(sandbox: Sandbox, case: Case) -> None:
    run = sandbox.run(case.code, case.task())
    assert run.passed is plain.passes(case.code, case.tests), (run.channel, run.error)


@pytest.mark.slow
@pytest.mark.parametrize("case", WITHOUT_PYTEST[::40], ids=lambda case: case.name)
def test_a_few_agree(sandbox: Sandbox, case: Case) -> None:
    agree(sandbox, case)


@pytest.mark.slow
@pytest.mark.parametrize("case", PAIRS[::10], ids=lambda case: case.name)
def test_many_agree(sandbox: Sandbox, case: Case) -> None:
    agree(sandbox, case)
