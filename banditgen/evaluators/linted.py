"""What ruff finds in a candidate, as two measures: how few faults of style and sense, and how few dangers."""

from __future__ import annotations

import functools

from banditgen.evaluators import lint as ruff
from banditgen.evaluators.default import SOUNDNESS_COST, STYLE_COST, cost
from banditgen.evaluators.measures import Subject

SECURITY = "S"  # ruff's rules of flake8-bandit
HARMLESS = ("S101",)  # asserts
LINT_COST = {rule: price for rule, price in {**SOUNDNESS_COST, **STYLE_COST}.items() if rule != SECURITY}


def lint(subject: Subject) -> float:
    """1 / (1 + costs) over what pyflakes, pylint, bugbear and the rules of style find: 1 for an error, 0.5 for a likely bug, 0.1 to
    0.25 for style; the prices are those of the default evaluator's soundness and style.
    """
    return 1.0 / (1.0 + sum(cost(rule, LINT_COST) for rule in _found(subject.code)))


def security(subject: Subject) -> float:
    """1 / (1 + n), n being how many of bandit's dangers ruff finds, asserts left out."""
    return 1.0 / (1.0 + sum(rule.startswith(SECURITY) and rule not in HARMLESS and rule[1:].isdigit() for rule in _found(subject.code)))


@functools.lru_cache(maxsize=16)
def _found(code: str) -> tuple[str, ...]:
    """The rules that a candidate breaks; both measures of one candidate are asked for one after the other."""
    return tuple(rule for rule, _ in ruff.lint(code, (*ruff.RULES, SECURITY)))
