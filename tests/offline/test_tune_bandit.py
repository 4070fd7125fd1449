"""The bandit's own settings, tried on logged decisions: planted truth, planted nothing, and too little of either."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from banditgen import GeneratorConfig
from banditgen.cli import cli
from banditgen.offline.tune import tune_bandit
from banditgen.strategy import Strategy
from banditgen.strategy.file import BanditSettings
from tests.offline.test_counterfactual import ARMS, UNIFORM, filled

LEARNED = Strategy("learned", arms=ARMS, k=2, policy="thompson")
BLURRED = dataclasses.replace(LEARNED, name="blurred", bandit=BanditSettings(sharpness=0.01))


@pytest.mark.slow
def test_draws_that_are_far_too_blurred_are_sharpened(tmp_path: Path) -> None:
    """Two arms pass nearly always, two seldom; a bandit whose draws ignore what it saw is told so."""
    history = filled(tmp_path / "h.db", UNIFORM, 400, np.array([0.05, 0.05, 0.95, 0.95]))
    resting = GeneratorConfig("resting", "m0", 0.9, weight=0.0)
    assert tune_bandit(history, dataclasses.replace(BLURRED, arms=(*ARMS, resting))).settings == {"sharpness": 4.0}
    found = tune_bandit(history, BLURRED)
    assert found.settings == {"sharpness": 4.0}, found.why
    assert found.gain is not None
    assert found.gain.low is not None
    assert found.gain.low > 0
    assert tune_bandit(history, BLURRED) == found
    history.close()
    blurred = BLURRED.save(tmp_path / "blurred.toml")
    told = CliRunner().invoke(
        cli, ["tune", "--history", str(tmp_path / "h.db"), "--strategy", str(blurred), "--output", str(tmp_path / "new.toml"), "--json"]
    )
    assert told.exit_code == 0
    answer = json.loads(told.stdout)
    assert answer["proposed"]
    assert answer["weights"] == answer["in_use"] == {"quality": 0.7, "speed": 0.3}
    assert answer["bandit"]["settings"] == {"sharpness": 4.0}
    assert Strategy.load(tmp_path / "new.toml").bandit == BanditSettings(sharpness=4.0)
    assert "bandit sharpness: 0.01 → 4" in (tmp_path / "new.toml").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["thompson", "best_set"])
def test_where_arms_are_alike_no_setting_is_better(tmp_path: Path, policy: str) -> None:
    history = filled(tmp_path / "h.db", UNIFORM, 200, np.full(4, 0.5))
    found = tune_bandit(history, dataclasses.replace(UNIFORM, name="own", policy=policy))
    assert found.settings == {}
    assert found.why.startswith(("no change", "can't say"))
    history.close()


def test_too_little_is_said_to_be_too_little(tmp_path: Path) -> None:
    history = filled(tmp_path / "h.db", UNIFORM, 12)
    assert tune_bandit(history, LEARNED).why == "can't say: 12 usable decisions, needs 100"
    assert tune_bandit(history, UNIFORM).why == "the policy uniform has no settings to tune"
    history.close()
