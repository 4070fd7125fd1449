"""Pictures: ticks at round places, texts that do not lie on each other or leave their room, marks where their values are."""

from __future__ import annotations

import itertools
from xml.etree.ElementTree import fromstring, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banditgen.report.chart import Axis, Bars, Chart, Line, Links, Mark, Panel, Points
from banditgen.report.lettering import LINE, Free, fitting, room, spread
from banditgen.report.svg import svg
from banditgen.report.ticks import ticks
from tests.examples import examples
from tests.hostile import TEXTS

ATTRIBUTES = {"role", "aria-label", "viewBox", "width", "height", "class", "d", "transform", "x", "y", "text-anchor"}
NUMBERS = st.floats(-1e6, 1e6)


@given(NUMBERS, st.floats(1e-3, 1e6), st.integers(2, 12))
def test_ticks_are_few_and_within(low: float, wide: float, most: int) -> None:
    found = ticks(low, low + wide, most)
    assert len(found) <= most + 1
    assert all(low - wide * 1e-6 <= at <= low + wide * (1 + 1e-6) for at, _ in found)
    assert len({text for _, text in found}) == len(found)


def test_ticks_are_written_as_people_read_them() -> None:
    assert [text for _, text in ticks(0, 1, 5, "share")] == ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]
    assert [text for _, text in ticks(0, 0.004, 4, "share")] == ["0.0 %", "0.1 %", "0.2 %", "0.3 %", "0.4 %"]
    assert [text for _, text in ticks(-2000, 2000, 4)] == ["−2,000", "−1,000", "0", "1,000", "2,000"]
    assert [text for _, text in ticks(0, 3 * 86400, 4, "time")] == ["01 Jan", "02 Jan", "03 Jan", "04 Jan"]
    assert [text for _, text in ticks(0, 7200, 4, "time")] == ["00:00", "00:30", "01:00", "01:30", "02:00"]
    assert [text for _, text in ticks(0, 3, 9, "count")] == ["0", "1", "2", "3"]
    assert [text for _, text in ticks(100.2, 100.4, 4, "time")] == ["00:01:40"]
    assert ticks(5, 5, 4) == [(5, "5.00")]


@given(st.lists(st.floats(0, 300), max_size=12))
def test_labels_are_spread_and_keep_their_order(places: list[float]) -> None:
    moved = spread(places, 0, 300)
    order = sorted(range(len(places)), key=lambda i: places[i])
    assert all(moved[b] - moved[a] >= LINE - 1e-6 for a, b in itertools.pairwise(order))
    assert all(-1e-6 <= place <= 300 + 1e-6 for place in moved)


@given(st.text(max_size=200), st.floats(20, 400), st.integers(0, 8))
@examples(30)
def test_a_text_fits_its_room(text: str, most: float, tail: int) -> None:
    assert room(fitting(text, most, tail=tail)) <= max(most, room("…"))


def test_names_keep_their_ends() -> None:
    assert fitting("smollm2-135m-instruct_t0.1", 110, tail=5) != fitting("smollm2-135m-instruct_t0.5", 110, tail=5)
    assert fitting("smollm2-135m-instruct_t0.1", 110, tail=5).endswith("_t0.1")


def test_labels_beside_points_do_not_lie_on_each_other() -> None:
    free, boxes = Free((0, 0, 400, 300)), []
    for i in range(30):
        if (place := free.place(60 + (i * 37) % 280, 20 + 9 * i, f"name {i}")) is not None:
            left = {"start": place[0], "end": place[0] - room(f"name {i}"), "middle": place[0] - room(f"name {i}") / 2}[place[2]]
            boxes.append((left, place[1], left + room(f"name {i}"), place[1] + LINE))
    assert len(boxes) > 5
    for i, a in enumerate(boxes):
        assert not any(a[0] < b[2] - 1e-6 and b[0] < a[2] - 1e-6 and a[1] < b[3] - 1e-6 and b[1] < a[3] - 1e-6 for b in boxes[i + 1 :])


def a_chart(name: str = "arm", panels: int = 1) -> Chart:
    marks: list[Mark] = [
        Line(name, [0, 1, 2], [0.1, float("nan"), 0.3], 0, [0, 0, 0], [1, 1, 1], steps=True),
        Points(name, [1], [0.5], [name], [2], [0.5], [1.5], [0.4], [0.6], labels=[name], hollow=[True]),
        Links([0], [0], [1], [1]),
    ]
    rows = [Bars(name, [0.5], [1.0], [0], [name], [1], hatched=True)]
    named = Panel(rows, Axis("seconds", low=0, high=2), Axis("", "names", names=[name, name]), name, legend=True)
    return Chart(name, [Panel(marks, Axis(name), Axis(name, "share", 0.0, 1.0), name), named] * panels, name)


@pytest.mark.parametrize("width", [330, 1100])
def test_marks_stand_where_their_values_are(width: float) -> None:
    drawn = svg(Chart("t", [a_chart().panels[1]], "s"), width)
    bar = next(one for one in drawn.iter("rect") if one.get("class") == "bar f1 faint" and one.find("title") is not None)
    ticked = {float(str(one.text)): float(str(one.get("x"))) for one in drawn.iter("text") if one.get("class") == "tick"}
    begin, end = float(str(bar.get("x"))), float(str(bar.get("x"))) + float(str(bar.get("width")))
    assert begin == pytest.approx((ticked[0] * 3 + ticked[2]) / 4, abs=0.3)
    assert end == pytest.approx((ticked[0] + ticked[2]) / 2, abs=0.3)


def test_a_line_of_one_moment_is_seen_and_a_long_title_stays_within() -> None:
    """A path of one place draws nothing: a mark stands there instead; bold titles take more room than other texts."""
    panel = Panel([Line("arm", [3.0], [0.5], 0)], Axis("x", "count", low=0.0), Axis("y", "share", 0.0, 1.0), "type-" * 40)
    drawn = svg(Chart("A title", [panel], "said"), 330.0)
    assert [one.get("class") for one in drawn.iter("path") if "point" in str(one.get("class"))] == ["point f0"]
    title = next("".join(one.itertext()) for one in drawn.iter("text") if one.get("class") == "panel")
    assert "…" in title


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_hostile_name_stays_a_text_in_a_picture(text: str) -> None:
    """Elements and attributes are those that we draw with, and a text has no other inside than its title."""
    for width in (330, 1100):
        drawn = tostring(svg(a_chart(text, 2), width, alone=True), encoding="unicode")
        parsed = list(fromstring(drawn.encode("utf-8", "replace")).iter())
        assert {one.tag.rpartition("}")[2] for one in parsed} == {"svg", "g", "path", "rect", "text", "title"}
        assert {name for one in parsed for name in one.keys()} <= ATTRIBUTES  # noqa: SIM118 - an element's
        assert all(inner.tag.endswith("title") for one in parsed if one.tag.endswith("text") for inner in one)
        assert "\x1b" not in drawn
