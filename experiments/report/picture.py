"""The README's picture: the demo's recorded models race in waves, at the pace that they had, and what was learned from it.

    python -m experiments.report.picture [--history picture.db] [--output docs/learned.svg] [--pace 1.0]

From the repository's root. At pace 1 it takes some ten minutes, nearly all of it waiting; a history that is there already is only drawn.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from banditgen import BanditGenerator, Strategy
from banditgen.demo.catalogue import catalogue
from banditgen.demo.comparison import recordings
from banditgen.generators.replay import ReplayGenerator
from banditgen.history.store import History
from banditgen.report import gantt, posteriors
from banditgen.report.chart import Chart
from banditgen.report.page import standing_alone
from banditgen.report.source import Source
from banditgen.strategy.spending import Spending

SEED = 7


def race_all(url: str, pace: float) -> None:
    """Race every task of the demo once, in waves."""
    plan = dataclasses.replace(Strategy.load("balanced"), race=Spending(spend="waves"))
    with BanditGenerator.open(plan, backend=ReplayGenerator(recordings(), pace=pace), history=url, seed=SEED) as bandit:
        tasks = [entry.task for entry in catalogue()]
        kinds = sorted({task.context for task in tasks})
        turns = [[task for task in tasks if task.context == kind] for kind in kinds]
        for i in range(max(map(len, turns))):
            for own in turns:
                if i < len(own):
                    race = bandit.run(own[i])
                    print(f"{race.task_type:16} {len(race.results)} {race.best.generator_name if race.best else 'none'}", flush=True)


def chart(history: History) -> Chart:
    """A race in waves, and what is expected of each arm."""
    source = Source(history)
    race = gantt.telling_race(history, newest=1000)
    raced, known = gantt.view(history, race.id if race else None), posteriors.view(source)
    first = dataclasses.replace(raced.chart.panels[0], title=f"{raced.chart.title} ({raced.chart.said.partition(';')[0]})", whole=True)
    return Chart("A race in waves, and what was learned from all", [first, *known.chart.panels], f"{raced.chart.said} {known.chart.said}")


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--history", type=Path, default=Path("picture.db"))
    parser.add_argument("--output", type=Path, default=Path("docs/learned.svg"))
    parser.add_argument("--pace", type=float, default=1.0, help="0 is as fast as it goes; then times are the recorded ones all the same")
    options = parser.parse_args(given)
    if not options.history.exists():
        race_all(f"sqlite:///{options.history}", options.pace)
    options.output.write_text(standing_alone(chart(History(options.history, create=False)), 940), encoding="utf-8")


if __name__ == "__main__":
    main()
