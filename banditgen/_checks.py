"""What callers hand in, checked by one rule for each kind: texts, whole numbers, numbers."""

from __future__ import annotations

import math
import operator
from typing import Any, TypeGuard

from banditgen.errors import UsageError


def check_text(what: str, value: Any) -> str:
    """The value, refused unless it is a non-empty string that can be stored as UTF-8 (UsageError names it)."""
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{what} must be a non-empty string, not {value!r}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{what} must be valid Unicode text, not {value!a}") from None
    return value


def check_whole(what: str, value: Any, least: int = 1) -> int:
    """The value as an int, refused unless it is a whole number of at least that; numpy's are taken (UsageError names it)."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise UsageError(f"{what} must be a whole number of at least {least}, not {value!r}")
    return operator.index(value)


def is_number(value: Any) -> TypeGuard[float]:
    """Whether it is an int or a float, perhaps infinite or no number at all (compare it, too); true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_amount(name: str, value: Any) -> None:
    """Refuse what is no finite number of at least 0 (UsageError names it)."""
    if not is_number(value) or not 0 <= value < math.inf:
        raise UsageError(f"{name} must be a finite number of at least 0, not {value!r}")


def unit_interval(name: str, value: Any) -> float:
    """The value as a float, refused unless it is a finite number in [0, 1] (UsageError names it)."""
    if not is_number(value) or not 0.0 <= value <= 1.0:
        raise UsageError(f"{name} must be a number between 0 and 1, not {value!r}")
    return float(value)


def is_measure(value: Any) -> bool:
    """Whether this is a finite number in [0, 1], of whatever type."""
    try:
        return not isinstance(value, bool | str | bytes) and math.isfinite(value) and 0.0 <= value <= 1.0
    except (TypeError, ValueError, OverflowError):
        return False
