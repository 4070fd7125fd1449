"""The default evaluator: reads a candidate with ruff and `ast`, looks at how it ran, asks no model."""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Iterable

from banditgen._quiet import quiet
from banditgen.evaluators import structure
from banditgen.evaluators.lint import LintError, UnlintableError, lint
from banditgen.result import FailureKind
from banditgen.sandbox.base import Execution
from banditgen.scoring import QUALITY
from banditgen.task import Task

logger = logging.getLogger("banditgen.evaluator")

MAX_CODE_CHARS = 50_000  # more is not read and scores 0; 4000 tokens are about 16,000 characters
WEIGHTS = {
    "soundness": 0.35,
    "simplicity": 0.15,
    "structure": 0.15,
    "clean_run": 0.15,
    "style": 0.10,
    "documentation": 0.05,
    "annotations": 0.05,
}
"""Each component's share of the quality; they sum to 1."""
LINT_MEASURES = ("soundness", "simplicity", "style")

SOUNDNESS_COST = {"F": 1.0, "F401": 0.25, "F541": 0.25, "F841": 0.25, "E9": 1.0, "PLE": 1.0, "B": 0.5, "S": 0.5}
"""What one finding costs, by the longest prefix of its rule; a score is 1 / (1 + the sum of costs)."""
STYLE_COST = {"E7": 0.25, "C4": 0.25, "N8": 0.25, "PLW": 0.25, "SIM": 0.25, "UP": 0.1}

EASY_COMPLEXITY = 5  # McCabe's number of the worst function: up to here simplicity is 1,
HARD_COMPLEXITY = 20  # from here 0, and linear between
NOISY_RUN = 0.5  # a run that ended by itself, but failed its tests or wrote to stderr


class DefaultEvaluator:
    """Quality in [0, 1] as the weighted mean of seven components, each in [0, 1] and each among the measures.

    soundness: few likely bugs (pyflakes, bugbear, pylint errors, dangerous calls); simplicity: the worst function's
    McCabe complexity; structure: the entry point is there, no stubs, no leftovers beside the definitions; clean_run:
    it ran without hitting a limit, raising or writing to stderr; style: idiom and naming; documentation and
    annotations: the share of what could have them that does. Code that is empty, over 50,000 characters or not
    Python scores 0 in everything, and code that ruff can't get through in 5 s scores 0 in soundness, simplicity and
    style. Where ruff itself is missing or broken, those three are left out, which is logged, and the quality is the
    weighted mean of the rest.
    """

    wants_failures = True  # what a failing candidate's code is like is told, too

    def evaluate(self, code: str, execution: Execution, task: Task) -> dict[str, float]:
        """The seven components and "quality"; about 20 ms, nearly all of it ruff. Never raises."""
        tree = _parse(code)
        if tree is None:
            return dict.fromkeys((*WEIGHTS, QUALITY), 0.0)
        measures = {
            "structure": structure.structure(tree, task),
            "documentation": structure.documented(tree),
            "annotations": structure.annotated(tree),
            "clean_run": _clean_run(execution),
        }
        try:
            measures.update(_lint_measures(lint(code)))
        except UnlintableError as error:
            logger.warning("%s; this candidate scores 0 in what ruff would have said", error)
            measures.update(dict.fromkeys(LINT_MEASURES, 0.0))
        except LintError as error:
            logger.warning("%s; this candidate's quality comes from its structure and its run alone", error)
        total = sum(WEIGHTS[name] for name in measures)
        measures[QUALITY] = min(1.0, sum(WEIGHTS[name] * value for name, value in measures.items()) / total)
        return measures


def _parse(code: str) -> ast.Module | None:
    if not code.strip() or len(code) > MAX_CODE_CHARS:
        return None
    try:
        with quiet():
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree if tree.body else None


def _clean_run(execution: Execution) -> float:
    if execution.limit is not None or execution.failure not in (None, FailureKind.WRONG):
        return 0.0
    return 1.0 if execution.passed and not execution.stderr.strip() else NOISY_RUN


def _lint_measures(findings: Iterable[tuple[str, str]]) -> dict[str, float]:
    findings = list(findings)
    rules = [rule for rule, _ in findings]
    worst = max((_complexity(message) for rule, message in findings if rule == "C901"), default=1)
    return {
        "soundness": 1.0 / (1.0 + sum(cost(rule, SOUNDNESS_COST) for rule in rules)),
        "style": 1.0 / (1.0 + sum(cost(rule, STYLE_COST) for rule in rules)),
        "simplicity": min(1.0, max(0.0, (HARD_COMPLEXITY - worst) / (HARD_COMPLEXITY - EASY_COMPLEXITY))),
    }


def cost(rule: str, costs: dict[str, float]) -> float:
    """What a rule costs, by its longest prefix that has a price; 0 where none has."""
    prefixes = [prefix for prefix in costs if rule.startswith(prefix)]
    return costs[max(prefixes, key=len)] if prefixes else 0.0


def _complexity(message: str) -> int:
    """The number in "`f` is too complex (7 > 0)"; a candidate's name can't hold parentheses."""
    match = re.search(r"\((\d{1,6}) > 0\)", message)
    if match is None:
        raise LintError(f"ruff words complexity in a new way: {message[:80]!r}")
    return int(match.group(1))
