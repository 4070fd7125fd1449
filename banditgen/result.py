"""What a race leaves behind: one scored `GenerationResult` per candidate, and the records it is made of.

The annotations here are the one table of a candidate's fields: from them follow its rows, its exported lines, what an import takes, and
the columns of frames (`banditgen.history.fields`).
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

from banditgen import _html
from banditgen.arm import HOTTEST


class Range(NamedTuple):
    """The bounds of a number, both included."""

    low: float
    high: float


class Length(NamedTuple):
    """The most characters of a text, and the least."""

    most: int
    least: int = 0


CONFIDENCE = "confidence"  # the measure that says how likely a candidate is right where no test says whether it is
LEVELS = 10  # of soft evidence, above 0
RATING = "rating"  # the kind of soft evidence that people's ratings are
LONG = "long"  # marks a text that frames hold only where they are asked for the code
Seconds = Annotated[float, Range(0.0, 1e9)]
Share = Annotated[float, Range(0.0, 1.0)]
Count = Annotated[int, Range(0, (1 << 62) - 1)]  # two of them add up to what a database can hold
Name = Annotated[str, Length(2000)]  # what an index takes
Id = Annotated[str, Length(2000, 1)]  # a name that is never empty
Long = Annotated[str, LONG]


class FailureKind(enum.StrEnum):
    """Why a candidate did not pass. What each one teaches the bandit: see `moves_posterior`."""

    WRONG = "wrong"  # ran, tests failed
    ERROR = "error"  # raised, or did not parse
    TIMEOUT = "timeout"  # the candidate's own time ran out
    TRUNCATED = "truncated"  # the model ran into its token limit before it had written code that passes
    EMPTY = "empty"  # the model wrote no code
    REFUSED = "refused"  # the sandbox stopped it: a limit or a forbidden act
    CANCELLED = "cancelled"  # the race was over: a censored observation
    TASK = "task"  # the tests, or a checker, have a fault of their own: says nothing about the arm
    INFRASTRUCTURE = "infrastructure"  # host, network, 5xx, out of memory: says nothing about the arm

    @property
    def moves_posterior(self) -> bool:
        """Whether the failure says something about the arm."""
        return self not in (FailureKind.CANCELLED, FailureKind.TASK, FailureKind.INFRASTRUCTURE)


@dataclasses.dataclass(frozen=True)
class Timings:
    """Where one generation's time went, in seconds; None where the backend does not say.

    `queue` is the wait for a slot, `load` loading the model, `prompt_eval` reading the prompt, `eval` writing tokens,
    `wall` from request to last token as the caller saw it. Tokens are counts; `cached_tokens` of the prompt came from
    a prefix cache; `in_flight` is how many requests the backend had under way when this one started, itself included.
    `source` is whose clock prompt eval and eval are by: "host" the host's own, "stream" when text arrived, "wall" from the request to
    its end, None unknown.
    """

    wall: Seconds
    queue: Seconds | None = None
    load: Seconds | None = None
    prompt_eval: Seconds | None = None
    eval: Seconds | None = None
    first_token: Seconds | None = None
    prompt_tokens: Count | None = None
    cached_tokens: Count | None = None
    completion_tokens: Count | None = None
    in_flight: Count = 1
    source: Name | None = None

    @property
    def model_seconds(self) -> float:
        """What the model spent, prompt eval + eval, where the backend says so, else the wall time."""
        if self.eval is None:
            return self.wall
        return (self.prompt_eval or 0.0) + self.eval


@dataclasses.dataclass(kw_only=False)
class GenerationResult:
    """One candidate: what an arm generated, how it was tested, how it scored. Times are in seconds.

    The first ten fields are the design document's, in its order; give all others, `success` too, by keyword. `success` says that the
    generator produced code that could be tried at all; `test_passed` that the candidate passed its tests, or, where the task has none
    (`verified` is False; None is "not said"), that it ran cleanly. Scores lie in [0, 1]. `reward` is what the policy learns from: the
    combined score of a passing candidate within the criteria, else 0.
    """

    generator_name: Name
    code: Long
    generation_time: Seconds
    model_used: Name
    temperature: Annotated[float, Range(0.0, HOTTEST)]
    test_passed: bool = False
    test_time: Seconds = 0.0
    quality_score: Share = 0.0
    execution_time: Seconds = 0.0
    combined_score: Share = 0.0
    success: bool = True
    error: str | None = None
    failure: FailureKind | None = None
    verified: bool | None = None
    speed_score: Share = 0.0
    reward: Share = 0.0
    measures: dict[Name, float] = dataclasses.field(default_factory=dict)
    timings: Timings | None = None
    id: Name = ""
    arm_id: Name = ""
    node_id: Name = ""
    text: Long = ""  # everything the model wrote
    digest: Name | None = None  # the model's, where the backend knows it
    stdout: Long = ""  # of the test run; hostile text
    stderr: Long = ""
    channel: Name = ""  # how the verdict was reached: "judged", "cooperative", "runner"
    isolation: dict[Name, str] = dataclasses.field(default_factory=dict)  # property -> what really enforced it
    step: Annotated[int, Range(0, (1 << 31) - 1)] = 0  # of the decision of its race that chose the arm
    price: Annotated[float, Range(0.0, 1e300)] | None = None  # of the generation, where the strategy gives prices
    prompt_version: Name | None = None  # of the words that the backend put around the task
    tools: dict[Name, Name] = dataclasses.field(default_factory=dict)  # measure that a weight asked for -> tool and version
    pruned: bool = False  # a history read it whose retention has dropped its code and text
    race_id: str = ""  # of the race that it was in, once that is over

    @property
    def tokens(self) -> int | None:
        """How many were read and written; None where the backend does not say."""
        counts = [] if self.timings is None else [self.timings.prompt_tokens, self.timings.completion_tokens]
        known = [count for count in counts if count is not None]
        return sum(known) if known else None

    @property
    def confidence(self) -> float | None:
        """The chance that it is right, as the candidates of its race were compared; None where tests judged it, or nothing was compared."""
        return None if self.verified else self.measures.get(CONFIDENCE)

    @property
    def moves_posterior(self) -> bool:
        """Whether this outcome says whether the arm passes: it was verified, and no infrastructure was in the way."""
        if self.failure is not None and not self.failure.moves_posterior:
            return False
        return bool(self.verified)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-ready data."""
        timings = None if self.timings is None else dict(vars(self.timings))
        # by hand: dataclasses.asdict takes ten times as long, and a race may not wait for it
        copied = {"measures": dict(self.measures), "isolation": dict(self.isolation), "tools": dict(self.tools)}
        return vars(self) | {"timings": timings, **copied}

    def _repr_html_(self) -> str:
        return results_html([self]) + _html.code(self.code)


def spent(results: Sequence[GenerationResult]) -> tuple[float, int | None, float | None]:
    """What results cost together: seconds of the model, tokens, money; None where none of them says, and without those that don't."""
    tokens = [result.tokens for result in results if result.tokens is not None]
    prices = [result.price for result in results if result.price is not None]
    return sum(result.generation_time for result in results), sum(tokens) if tokens else None, sum(prices) if prices else None


def passed(results: Sequence[GenerationResult]) -> int | None:
    """How many passed their tests; None where some passed for having run cleanly alone, without tests, and none by tests."""
    by_tests = sum(result.test_passed and result.verified is not False for result in results)
    return None if not by_tests and any(result.test_passed for result in results) else by_tests


def verdict(result: GenerationResult) -> str:
    """How it ended, in words: that it passed its tests, that it ran cleanly where there are none, or what failed."""
    if result.test_passed:
        return "ran, no tests" if result.verified is False else "passed"
    return str(result.failure or "failed")


def results_html(results: Sequence[GenerationResult]) -> str:
    """Results as the table that notebooks show."""
    headings = ("arm", "verdict", "quality", "speed", "combined", "seconds", "why not")
    return _html.table(
        headings,
        (
            (
                r.generator_name,
                verdict(r),
                *(f"{score:.2f}" for score in (r.quality_score, r.speed_score, r.combined_score)),
                f"{r.generation_time:.1f}",
                r.error or "",
            )
            for r in results
        ),
    )


@dataclasses.dataclass(frozen=True)
class Feedback:
    """A person's rating of a result: satisfaction in [0, 1]; who said it and why are optional."""

    race_id: str | None
    result_id: str | None
    satisfaction: float
    who: str | None = None
    why: str | None = None
    id: str = ""
    created_at: float = 0.0


@dataclasses.dataclass(frozen=True)
class Preference:
    """A person's choice between two candidates of one race, by result id; who said it and why are optional."""

    race_id: str
    better_id: str
    worse_id: str
    who: str | None = None
    why: str | None = None
    id: str = ""
    created_at: float = 0.0
