"""What a bench found is shown as its file says it."""

from __future__ import annotations

import json
from pathlib import Path

from banditgen import BanditGenerator, GeneratorConfig, Task
from banditgen.bench.document import document
from banditgen.bench.run import bench
from banditgen.report.bench import section
from banditgen.report.chart import Points
from banditgen.strategy import Strategy
from tests.clients import BAD, GOOD, Client


def test_a_benchs_own_document_is_shown(tmp_path: Path) -> None:
    arms = tuple(GeneratorConfig(name, name, 0.1) for name in ("good", "bad"))
    tasks = [Task("Write double(x).", tests=f"assert double({i}) == {2 * i}", name=f"d{i}", task_type="t") for i in range(1, 4)]
    strategy, client = Strategy("s", arms=arms, k=2), Client({"good": GOOD, "bad": BAD})
    with BanditGenerator.open(strategy, backend=client, history=tmp_path / "h.db") as bandit:
        told = document(bench(bandit, tasks, samples=2))
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(told))
    shown = section(path)
    assert [finding.sentence for finding in shown.findings] == told["sentences"]
    (view,) = shown.views
    assert [*zip(view.table["arm"].values, view.table["passed"].values, view.table["samples"].values, strict=True)] == [
        (row["arm"], row["passed"], row["samples"]) for row in told["table"]
    ]
    (points,) = view.chart.panels[0].marks
    assert isinstance(points, Points)
    assert list(points.x) == [1.0, 0.0]
    assert list(view.chart.panels[0].y.names) == ["good", "bad"]
