"""Public data becomes recordings that replay."""

import asyncio
import importlib.util
import itertools
import os
from pathlib import Path

import pytest

from banditgen.arm import GeneratorConfig
from banditgen.generators.base import Request
from banditgen.generators.replay import ReplayGenerator

DATA = os.environ.get("BANDITGEN_DATA")
SCRIPT = Path(__file__).parents[2] / "experiments" / "recordings" / "convert.py"


@pytest.mark.skipif(DATA is None, reason="BANDITGEN_DATA names no folder with recorded generations")
def test_converted_recordings_replay() -> None:
    """Prompt, model and temperature find the recorded code and its times."""
    spec = importlib.util.spec_from_file_location("convert", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    convert = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(convert)
    recordings = list(itertools.islice(convert.convert(Path(str(DATA)), "HyunjoonCho/mvce"), 40))
    first = recordings[0]
    arm = GeneratorConfig("arm", first.model, first.temperature)
    done = asyncio.run(ReplayGenerator(recordings).generate(Request(first.prompt, arm)))
    assert done.text == first.text
    assert done.timings.eval is not None
    assert done.timings.eval > 0
