"""`check` finds what was planted, and nothing where nothing was."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from banditgen.history import schema as t
from banditgen.history.integrity import check, mend
from banditgen.history.store import History
from tests.history.test_transfer import filled


@pytest.mark.slow
def test_a_sound_history_is_sound(history: History) -> None:
    assert check(history).sound
    filled(history)
    report = check(history)
    assert report.sound
    assert (report.differences, report.unmarked, report.damage, report.dangling, report.pruned) == ([], 0, [], {}, 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "harm",
    [
        sa.update(t.statistics).values(count=t.statistics.c.count + 1).where(t.statistics.c.arm_id == "id-a"),
        sa.update(t.statistics).values(quality_speed=0.123).where(t.statistics.c.verdict == 1),
        sa.update(t.statistics).values(seconds=t.statistics.c.seconds + 0.001),
        sa.delete(t.patterns).where(t.patterns.c.pattern.contains("id-a")),
        sa.delete(t.statistics),
        sa.update(t.results).values(quality=0.77).where(t.results.c.passed),
        sa.update(t.results).values(informative=sa.false()),
        sa.update(t.decisions).values(answered=~t.decisions.c.answered),
        sa.delete(t.races),
    ],
    ids=str,
)
def test_what_does_not_add_up_is_found_and_mended(history: History, harm: sa.UpdateBase) -> None:
    filled(history)
    with history.database.transaction(write=True) as connection:
        connection.execute(harm)
    report = check(history)
    assert not report.sound
    assert report.differences or report.unmarked
    mend(history)
    assert check(history).sound
    assert check(history).differences == []


def test_references_that_lead_nowhere_are_counted(history: History) -> None:
    filled(history)
    [race] = [race for race in history.races(100) if race.best_id in {f.result_id for f in history.feedback(race.id)}]
    with history.database.transaction(write=True) as connection:
        connection.execute(sa.delete(t.races).where(t.races.c.id != race.id))
        connection.execute(sa.delete(t.results).where(t.results.c.id == race.best_id))
    mend(history)
    report = check(history)
    assert report.sound
    assert report.dangling.keys() == {"results of unknown races", "races with an unknown winner", "ratings of unknown results"}
    assert report.dangling["races with an unknown winner"] == 1
