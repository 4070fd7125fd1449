"""Every exception banditgen raises, in one tree.

::

    BanditgenError
    ├── UsageError (ValueError)      the caller's input is wrong; nothing was changed
    │   ├── TaskError                a task that cannot be raced: empty prompt, tests that do not parse
    │   ├── StrategyError            a strategy file: names file, key and line
    │   └── ModelNotFoundError       the backend does not have the model that was asked for
    ├── BackendError                 a backend is missing or does not answer
    │   ├── NoBackendError           nothing at all can generate
    │   └── DownloadError            a model could not be fetched or failed its checksum
    ├── EngineError                  an executor lost a job's workers again and again, or takes no jobs
    ├── EvaluatorError               a caller's evaluator failed or gave no usable score
    ├── SandboxError                 the sandbox itself failed, or cannot give what was required
    │   └── PackageError             a task names a package that the sandbox's environment does not have
    └── HistoryError                 the event log cannot be opened, read or written
        ├── HistoryCorruptError      the file is not a readable history
        └── HistoryVersionError      the history was written by a newer banditgen

The message is always one line that says what was wrong and what to do about it. A *candidate* that fails is no
exception: it is a `GenerationResult` with a `FailureKind`.
"""


class BanditgenError(Exception):
    """Root of the tree; catching it catches everything banditgen raises on purpose."""


class UsageError(BanditgenError, ValueError):
    """The caller's input is wrong; nothing was changed."""


class TaskError(UsageError):
    """A task that cannot be raced."""


class StrategyError(UsageError):
    """A strategy that does not validate; the message names file, key and line."""


class ModelNotFoundError(UsageError):
    """The backend does not have the model that was asked for."""


class BackendError(BanditgenError):
    """A backend is missing or does not answer."""


class NoBackendError(BackendError):
    """Nothing at all can generate: no Ollama host answers and no embedded model is there."""


class DownloadError(BackendError):
    """A model could not be fetched, or its checksum is wrong."""


class EngineError(BanditgenError):
    """An executor lost the workers of one job again and again, or takes no jobs; says nothing about the job."""


class EvaluatorError(BanditgenError):
    """An evaluator failed or gave no usable score; says nothing about the candidate."""


class SandboxError(BanditgenError):
    """The sandbox itself failed, or cannot give the isolation that was required."""


class PackageError(SandboxError):
    """A task names a package that the sandbox's environment does not have; the task's fault."""


class HistoryError(BanditgenError):
    """The event log cannot be opened, read or written."""


class HistoryCorruptError(HistoryError):
    """The file is not a readable history."""


class HistoryVersionError(HistoryError):
    """The history was written by a newer banditgen."""


def install(extra: str) -> str:
    """How an extra is brought, for the end of a message: banditgen is on no package registry, so its bare name would find nothing."""
    return f"`pip install -e '.[{extra}]'` in a checkout of banditgen brings it"
