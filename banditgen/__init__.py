"""Code generation by language models as a competitive experiment: arms race, tests judge, a bandit learns.

The public names are imported on first use, so that `import banditgen` costs next to nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "BanditGenerator": "session",
    "BanditgenError": "errors",
    "create_default_generators": "arm",
    "Decision": "racing.decision",
    "EmbeddedGenerator": "generators.embedded",
    "ExperimentSelector": "selection",
    "FailureKind": "result",
    "Feedback": "result",
    "GenerationResult": "result",
    "GeneratorConfig": "arm",
    "HistoryError": "errors",
    "Limits": "task",
    "NoBackendError": "errors",
    "OllamaGenerator": "generators.ollama",
    "ParallelGenerator": "race",
    "Race": "racing.decision",
    "SandboxError": "errors",
    "SelectionCriteria": "scoring",
    "Strategy": "strategy",
    "Task": "task",
    "Timings": "result",
    "UsageError": "errors",
    "ZygoteSandbox": "sandbox.pool",
}

if TYPE_CHECKING:
    from banditgen.arm import GeneratorConfig, create_default_generators
    from banditgen.errors import BanditgenError, HistoryError, NoBackendError, SandboxError, UsageError
    from banditgen.generators.embedded import EmbeddedGenerator
    from banditgen.generators.ollama import OllamaGenerator
    from banditgen.race import ParallelGenerator
    from banditgen.racing.decision import Decision, Race
    from banditgen.result import FailureKind, Feedback, GenerationResult, Timings
    from banditgen.sandbox.pool import ZygoteSandbox
    from banditgen.scoring import SelectionCriteria
    from banditgen.selection import ExperimentSelector
    from banditgen.session import BanditGenerator
    from banditgen.strategy import Strategy
    from banditgen.task import Limits, Task

__all__ = [
    "BanditGenerator",
    "BanditgenError",
    "Decision",
    "EmbeddedGenerator",
    "ExperimentSelector",
    "FailureKind",
    "Feedback",
    "GenerationResult",
    "GeneratorConfig",
    "HistoryError",
    "Limits",
    "NoBackendError",
    "OllamaGenerator",
    "ParallelGenerator",
    "Race",
    "SandboxError",
    "SelectionCriteria",
    "Strategy",
    "Task",
    "Timings",
    "UsageError",
    "ZygoteSandbox",
    "__version__",
    "create_default_generators",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'banditgen' has no attribute {name!r}")
    return getattr(importlib.import_module(f"banditgen.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
