"""What one more candidate is worth where no test judges any."""

from __future__ import annotations

RECOGNISED = 0.5  # measured by experiments/choosing/going_on.py


def worth_of_another(confidence: float) -> float:
    """What another candidate adds to the chance that the chosen one is right, as a share of the chance that it is right itself.

    It adds nothing unless the choice is wrong, and unless it is recognised, which is the less likely the more speaks for the choice.

    Args:
        confidence: the chance that the chosen one is right, in [0, 1].
    """
    return RECOGNISED * (1 - confidence) ** 2
