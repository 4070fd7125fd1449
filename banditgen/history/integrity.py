"""Whether a history is sound: its statistics are those of its log, its references lead somewhere, its file is whole."""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa

from banditgen.history import schema as t
from banditgen.history.statistics import Difference
from banditgen.history.store import History


@dataclasses.dataclass(frozen=True)
class Integrity:
    """What a check found.

    `differences` are statistics that are not the log's, `unmarked` decisions of which it is not known right whether they
    were answered: both are mended by a rebuild. `damage` is what the database itself says of its file. `dangling` counts references that
    lead nowhere and `pruned` candidates without their code: neither harms what is learned.
    """

    differences: list[Difference]
    unmarked: int
    damage: list[str]
    dangling: dict[str, int]
    pruned: int

    @property
    def sound(self) -> bool:
        """Whether the statistics equal the log and the file is whole."""
        return not (self.differences or self.unmarked or self.damage)


def check(history: History) -> Integrity:
    """Compare everything that is worked out with the log it is worked out from; takes time in proportion to the log."""
    database, r = history.database, t.results.c
    damage = database.damage()
    gone = [sa.exists().where(t.codes.c.hash == key) for key in (r.code_hash, r.text_hash)]
    pruned = sa.select(sa.func.count()).select_from(t.results)
    pruned = pruned.where((r.code_hash.is_not(None) & ~gone[0]) | (r.text_hash.is_not(None) & ~gone[1]))
    unmarked = sa.select(sa.func.count()).select_from(t.decisions).where(_wrongly_marked())
    counts = database.run(lambda connection: {name: connection.scalar(query) or 0 for name, query in _dangling().items()})
    return Integrity(
        differences=history.check_statistics(),
        unmarked=database.run(lambda connection: connection.scalar(unmarked) or 0),
        damage=damage,
        dangling={name: count for name, count in counts.items() if count},
        pruned=database.run(lambda connection: connection.scalar(pruned) or 0),
    )


def mend(history: History) -> None:
    """Work out anew, from the log, the statistics and which decisions were answered."""
    history.rebuild_statistics()
    update = sa.update(t.decisions).where(_wrongly_marked()).values(answered=~t.decisions.c.answered)
    history.database.run(lambda connection: connection.execute(update), write=True)


def _wrongly_marked() -> sa.ColumnElement[bool]:
    return t.decisions.c.answered != sa.exists().where(t.races.c.id == t.decisions.c.race_id)


def _dangling() -> dict[str, sa.Select[int]]:
    """Queries that count references without what they refer to."""
    r = t.results.c
    count = sa.select(sa.func.count())
    theirs = t.results.alias().c

    def nowhere(reference: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        return sa.and_(reference.is_not(None), ~sa.exists().where(theirs.id == reference))

    raceless = sa.and_(r.race_id.is_not(None), ~sa.exists().where(t.races.c.id == r.race_id))
    p = t.preferences.c
    return {
        "results of unknown races": count.select_from(t.results).where(raceless),
        "races with an unknown winner": count.select_from(t.races).where(nowhere(t.races.c.best_id)),
        "ratings of unknown results": count.select_from(t.feedback).where(nowhere(t.feedback.c.result_id)),
        "preferences between unknown results": count.select_from(t.preferences).where(nowhere(p.better_id) | nowhere(p.worse_id)),
    }
