"""Choosing among candidates without tests: they are run on the same inputs, and let their behaviour vote."""

from banditgen.ensemble.choice import Choice, choose

__all__ = ["Choice", "choose"]
