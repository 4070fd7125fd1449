"""What an arm's settings say before its first race: its temperature, and the size in its model's name."""

from __future__ import annotations

import math
import re

import numpy as np

from banditgen.bandit.base import Floats, State

_SIZE = re.compile(r"(?<![a-z0-9.])(?:(\d{1,3})x)?(\d{1,4}(?:\.\d{1,3})?)([bm])(?![a-z0-9])")

# Expected change of an arm's mean reward for each doubling of the model's size and each unit of temperature, and how sure that
# is (standard deviation of the slope): what recorded outcomes of real models show; a task type's own races soon decide.
SLOPES = ((0.02, 0.02), (-0.03, 0.03))


def log_size(model: str) -> float:
    """Base-2 logarithm of the billions of parameters that a model's name states ("qwen2.5-coder:14b", "mixtral-8x7b"), else NaN."""
    found = _SIZE.findall(model.lower())
    if not found:
        return math.nan
    experts, number, unit = found[0]
    billions = float(number) * (int(experts) if experts else 1) / (1000 if unit == "m" else 1)
    return math.log2(billions) if billions > 0 else math.nan


def design(state: State) -> Floats:
    """(K, 2): size and temperature, centred on the arms where they are known; 0 where they are not."""
    known = np.isfinite(state.size)
    size = np.where(known, state.size - (state.size[known].mean() if known.any() else 0.0), 0.0)
    return np.stack([size, state.temperature - state.temperature.mean()], axis=1)


def expected_lead(state: State) -> Floats:
    """(K,): mean reward above the arms' average that the settings alone let expect."""
    lead: Floats = np.clip(design(state) @ np.array([slope for slope, _ in SLOPES]), -0.2, 0.2)
    return lead
