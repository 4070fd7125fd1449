"""The candidates of a race without tests, compared by what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from banditgen.ensemble.choice import observed
from banditgen.errors import SandboxError
from banditgen.racing.candidate import RaceSetting
from banditgen.result import CONFIDENCE, GenerationResult
from banditgen.scoring import weigh

AGREED = "agreed"  # the measure that says how far the others' behaviour spoke for a candidate, whoever's it is
EVEN, LEAST = 0.5, 0.01


async def compare(setting: RaceSetting, results: Sequence[GenerationResult], reliabilities: Sequence[float]) -> str:
    """Give each candidate that has code the chance that it is right, as a measure; why, in words, "" where there is none.

    Args:
        setting: of the race.
        results: all of it so far.
        reliabilities: of their arms, the chance that what they write is right.
    """
    tried = [(result, trust) for result, trust in zip(results, reliabilities, strict=True) if result.code and result.success]
    if not tried or setting.observer is None:
        return ""
    try:
        choice = await asyncio.to_thread(
            observed,
            [result.code for result, _ in tried],
            await asyncio.to_thread(setting.observer),
            reliabilities=[trust for _, trust in tried],
            models=[result.model_used for result, _ in tried],
        )
    except SandboxError as error:
        return f"the candidates were not compared: {error}"
    for (result, trust), chance in zip(tried, choice.scores, strict=True):
        result.measures = {**result.measures, CONFIDENCE: chance, AGREED: from_even_odds(chance, trust) if choice.sure else EVEN}
        weigh(result, setting.criteria)
    return choice.reason


def from_even_odds(chance: float, trust: float) -> float:
    """What the chance would be, had its arm been as likely right as not: what was known of the arm is no evidence of it."""
    told, before = (min(max(one, LEAST), 1 - LEAST) for one in (chance, trust))
    odds = told / (1 - told) * (1 - before) / before
    return odds / (1 + odds)
