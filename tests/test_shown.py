"""What races, results, recommendations and strategies look like in an interpreter and in a notebook."""

from __future__ import annotations

from pathlib import Path

from banditgen import BanditGenerator, GenerationResult, GeneratorConfig, Strategy, Task
from tests.clients import BAD, GOOD, Client


def test_a_race_is_five_lines_and_a_table(tmp_path: Path) -> None:
    arms = [GeneratorConfig("good", "g"), GeneratorConfig("bad", "b")]
    with BanditGenerator.open(arms=arms, backend=Client({"g": GOOD, "b": BAD}), history=str(tmp_path / "h.db")) as bandit:
        race = bandit.run(Task("Write double(x).", tests="assert double(2) == 4"), k=2)
        lines = repr(race).splitlines()
        assert len(lines) == 5
        assert "1 of 2 passed" in lines[0]
        assert "good" in lines[1]
        assert "bad wrong" in lines[3]
        shown = race._repr_html_()
        assert "<td>good</td><td>passed</td>" in shown
        assert "return 2 * x" in shown
        [first, *_] = bandit.recommend()
        assert "<td>good</td>" in first._repr_html_()


def test_hostile_text_is_text() -> None:
    evil = "<script>alert(1)</script>\x1b[31m\u202e"
    result = GenerationResult(evil, evil, 1.0, "m", 0.1, error=evil)
    shown = result._repr_html_()
    assert "<script" not in shown
    assert not {"\x1b", "\u202e"} & set(shown)
    assert "k = 3" in Strategy.load("balanced")._repr_html_()
