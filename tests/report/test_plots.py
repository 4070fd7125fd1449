"""Every picture is a plotly Figure and a DataFrame, of any store; of what is not there yet, too."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

import banditgen.report
from banditgen.arm import GeneratorConfig
from banditgen.errors import UsageError
from banditgen.history.store import History
from banditgen.report import figure, table
from banditgen.report.chart import Chart
from tests.hostile import TEXTS
from tests.report.world import World, fill, some_arms

PLOTS = [name.removeprefix("plot_") for name in banditgen.report.__all__ if name.startswith("plot_")]


def made(name: str, history: History, **options: Any) -> tuple[Any, Any]:
    plot, frame = getattr(banditgen.report, f"plot_{name}"), getattr(banditgen.report, f"{name}_dataframe")
    return plot(history, **options), frame(history, **options)


@pytest.mark.slow
@pytest.mark.parametrize("name", PLOTS)
def test_a_figure_and_its_frame(name: str, history: History) -> None:
    drawn, frame = made(name, history)
    assert isinstance(drawn, go.Figure)
    assert isinstance(frame, pd.DataFrame)
    assert len(drawn.data) > 0
    assert len(frame) > 0
    assert drawn.layout.title.text
    assert all(drawn.layout[axis].title.text is not None for axis in ("xaxis", "yaxis"))


def test_names_are_consistent() -> None:
    assert len(PLOTS) == 10
    for name in PLOTS:
        plot, frame = getattr(banditgen.report, f"plot_{name}"), getattr(banditgen.report, f"{name}_dataframe")
        assert [*inspect.signature(plot).parameters] == [*inspect.signature(frame).parameters]
        parameters = list(inspect.signature(plot).parameters.values())
        assert parameters[0].name == "history"
        assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in parameters[1:])
        assert "In doubt" in plot.__doc__ or "in doubt" in plot.__doc__


@pytest.mark.slow
def test_an_empty_history_has_empty_pictures_that_say_why() -> None:
    store = History("sqlite://")
    for name in PLOTS:
        drawn, frame = made(name, store)
        assert len(drawn.data) == 0
        assert len(frame) == 0
        assert len(drawn.layout.annotations[0].text) > 10
    store.close()


@pytest.mark.slow
def test_postgresql_shows_the_same(postgres_url: str) -> None:
    world = World(some_arms(3), np.array([[0.8], [0.4], [0.3]]), ("text",))
    one, other = fill(world, 20, k=2), fill(world, 20, k=2, path=postgres_url)
    for name in PLOTS:
        frames = [getattr(banditgen.report, f"{name}_dataframe")(store) for store in (one, other)]
        pd.testing.assert_frame_equal(*frames)
    one.close()
    other.close()


@pytest.mark.slow
def test_names_are_text_to_plotly() -> None:
    """Plotly reads markup in titles, labels and hover texts: there is none in what others wrote."""
    arms = [GeneratorConfig(text or "x", "<b>model</b>", 0.1) for text in (TEXTS[0], TEXTS[1], "<a href='javascript:1'>arm</a>")]
    store = fill(World(arms, np.full((3, 1), 0.5), ("<i>type</i>",)), 12, k=2)
    for name in PLOTS:
        text = getattr(banditgen.report, f"plot_{name}")(store).to_json()
        for markup in ("<script", "\\u003cscript", "<a href", "\\u003ca href", "<i>type", "\\u003ci\\u003etype"):
            assert markup not in text.lower()
    store.close()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> Any:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr("importlib.import_module", gone)
    with pytest.raises(UsageError, match=r"plotly.*pip install -e '\.\[report\]'"):
        figure.figure(Chart("t", ()))
    with pytest.raises(UsageError, match="pandas"):
        table.dataframe({})
