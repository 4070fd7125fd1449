"""What every sandbox sees to before a run: that the code is text, and that the packages a task names are there."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from banditgen.errors import PackageError, TaskError
from banditgen.task import Task


def default_environment() -> list[str]:
    """The folders of the running interpreter's packages, and the one that pytest is in."""
    found = importlib.util.find_spec("pytest")
    pytest_folder = [str(Path(found.origin).parents[1])] if found and found.origin else []
    return list(dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *pytest_folder]))


def check_code(code: object) -> None:
    """See that a candidate is text.

    Raises:
        TaskError: it is not.
    """
    if not isinstance(code, str):
        raise TaskError(f"the code must be a string, not {type(code).__name__}")


def check_packages(task: Task, environment: Sequence[str]) -> None:
    """See that the packages a task names are in the environment.

    Raises:
        PackageError: one is not.
    """
    for package in task.packages:
        if importlib.machinery.PathFinder.find_spec(package, list(environment)) is None:
            raise PackageError(
                f"the task names the package {package!r}, which is not in {', '.join(environment)}: pip install {package} there"
            )
