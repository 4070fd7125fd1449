"""Recordings come back as they were."""

import asyncio
import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banditgen.arm import GeneratorConfig
from banditgen.errors import UsageError
from banditgen.generators.base import Deadlines, Generation, GenerationError, Generator, Request
from banditgen.generators.recordings import Recording, read_recordings, write_recordings
from banditgen.generators.replay import ReplayGenerator
from banditgen.result import FailureKind, Timings
from banditgen.testing.generators import GeneratorContract
from tests.examples import examples

TIMINGS = Timings(wall=0.5, queue=0.1, load=0.1, prompt_eval=0.1, eval=0.2, prompt_tokens=9, completion_tokens=30)


def recording(**changes: object) -> Recording:
    base = Recording("add", "Write add.", "tiny", 0.1, "def add(a, b):\n    return a + b\n", TIMINGS)
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


class TestReplay(GeneratorContract):
    model = "tiny"
    bounds_tokens = False

    def make(self) -> Generator:
        return ReplayGenerator([recording(prompt=self.prompt)], pace=0.1, concurrency=2)


def generate(generator: ReplayGenerator, *, seed: int | None = None, temperature: float = 0.1, **request: object) -> Generation:
    arm = GeneratorConfig("arm", "tiny:latest", temperature)
    return asyncio.run(generator.generate(Request("Write add.", arm, seed=seed, **request)))  # type: ignore[arg-type]


@given(
    st.lists(
        st.builds(
            recording,
            model=st.text(min_size=1, max_size=5),
            text=st.text(max_size=20),
            sample=st.integers(0, 9),
            temperature=st.floats(0, 2),
            finish=st.sampled_from(["stop", "length"]),
            digest=st.none() | st.just("sha256:0"),
            failure=st.none() | st.sampled_from(FailureKind),
            passed=st.none() | st.booleans(),
        ),
        max_size=5,
    ),
    st.sampled_from(["recordings.jsonl", "recordings.jsonl.gz"]),
)
@examples(40)
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, recordings: list[Recording], name: str) -> None:
    path = tmp_path_factory.mktemp("recordings") / name
    assert write_recordings(path, recordings) == len(recordings)
    assert list(read_recordings(path)) == recordings


def test_an_answer_is_the_recording_whatever_the_pace() -> None:
    """Text, timings, finish and digest."""
    one = recording(finish="length", digest="sha256:1")
    for pace in (0.0, 0.05):
        assert generate(ReplayGenerator([one], pace=pace)) == Generation(one.text, TIMINGS, "tiny", "length", "sha256:1")


def test_samples_come_in_order_without_a_seed_and_by_the_seed_with_one() -> None:
    samples = [recording(sample=number, text=f"x = {number}") for number in range(3)]
    generator = ReplayGenerator(samples)
    assert [generate(generator).text for _ in range(4)] == ["x = 0", "x = 1", "x = 2", "x = 0"]
    by_seed = [generate(generator, seed=seed).text for seed in range(20)]
    assert by_seed == [generate(ReplayGenerator(samples), seed=seed).text for seed in range(20)]
    assert set(by_seed) == {"x = 0", "x = 1", "x = 2"}


def test_a_recorded_failure_fails_again() -> None:
    with pytest.raises(GenerationError, match="too long") as caught:
        generate(ReplayGenerator([recording(failure=FailureKind.TRUNCATED, error="too long", text="def")]))
    assert caught.value.kind is FailureKind.TRUNCATED
    assert caught.value.text == "def"


def test_what_was_not_recorded_is_a_clear_failure() -> None:
    with pytest.raises(GenerationError, match=r"no recording of model tiny:latest at temperature 0\.9") as caught:
        generate(ReplayGenerator([recording()]), temperature=0.9)
    assert caught.value.kind is FailureKind.INFRASTRUCTURE


def test_waiting_is_bounded_by_the_total_deadline() -> None:
    with pytest.raises(GenerationError) as caught:
        generate(ReplayGenerator([recording(timings=Timings(wall=9, eval=9.0))], pace=1.0), deadlines=Deadlines(total=0.05))
    assert caught.value.kind is FailureKind.TIMEOUT


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("not json", "line 2"),
        ('{"record": "generation", "prompt": "other"}', "no prompt with the id 'other'"),
        ('{"record": "generation", "prompt": "add", "model": "m"}', "'temperature' is missing"),
        ('{"record": "generation", "prompt": "add", "model": "m", "temperature": "hot"}', "temperature is 'hot'"),
        ('{"record": "generation", "prompt": "add", "model": "m", "temperature": NaN}', "temperature is nan"),
        ("[]", "line 2"),
    ],
)
def test_a_line_that_is_no_recording_is_named(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "recordings.jsonl"
    path.write_text('{"record": "prompt", "id": "add", "prompt": "Write add."}\n' + line + "\n")
    with pytest.raises(UsageError, match=r"recordings\.jsonl, line 2: not a recording") as caught:
        ReplayGenerator(path)
    assert message in str(caught.value)


def test_nothing_to_replay_and_a_wrong_pace_are_refused() -> None:
    with pytest.raises(UsageError, match="no recording"):
        ReplayGenerator([])
    with pytest.raises(UsageError, match="pace"):
        ReplayGenerator([recording()], pace=-1)
