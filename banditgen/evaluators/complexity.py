"""How hard a candidate is to follow: its cognitive complexity, as complexipy counts it."""

from __future__ import annotations

from banditgen.evaluators.measures import Subject

EASY = 5  # the worst function's number: up to here the measure is 1,
HARD = 25  # from here 0, and linear between: 0.5 at 15, the most that complexipy itself lets pass


def cognitive_complexity(subject: Subject) -> float:
    """1 where the worst function, or what runs beside functions, has a cognitive complexity of 5 at most, 0 from 25 on.

    A candidate's comments that ask to be ignored are. G. A. Campbell, "Cognitive Complexity", SonarSource, 2017.

    Raises:
        ImportError: complexipy is not installed.
        ValueError: it can't read the code.
    """
    import complexipy  # noqa: PLC0415 - an extra

    read = complexipy.code_complexity(subject.code, check_script=True, no_ignore=True, with_plans=False)
    worst = max((function.complexity for function in read.functions), default=0)
    return min(1.0, max(0.0, (HARD - worst) / (HARD - EASY)))
