"""The size that a model's name states."""

from __future__ import annotations

import math
import re

_SIZE = re.compile(r"(?<![a-z0-9.])(?:(\d{1,3})x)?(\d{1,4}(?:\.\d{1,3})?)([bm])(?![a-z0-9])")


def log_size(model: str) -> float:
    """Base-2 logarithm of the billions of parameters that a model's name states ("qwen2.5-coder:14b", "mixtral-8x7b"), else NaN."""
    found = _SIZE.findall(model.lower())
    if not found:
        return math.nan
    experts, number, unit = found[0]
    billions = float(number) * (int(experts) if experts else 1) / (1000 if unit == "m" else 1)
    return math.log2(billions) if billions > 0 else math.nan
