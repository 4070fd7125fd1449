"""The report in a browser: read by mouse, keyboard and screen reader, wide and narrow, light and dark; and what others wrote is text."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from banditgen.arm import GeneratorConfig
from banditgen.history.base import DecisionRecord, RaceRecord
from banditgen.history.ids import new_id
from banditgen.history.store import History
from banditgen.racing.record import describe_arm
from banditgen.report.bench import section
from banditgen.report.page import page, report
from banditgen.report.source import Source
from banditgen.result import FailureKind, GenerationResult, Timings
from banditgen.selection import rate
from banditgen.strategy import Strategy
from tests.browser import NARROW, WIDE, Looking, barriers, beyond, focused, hurt
from tests.cli.command import banditgen
from tests.hostile import TEXTS
from tests.report.world import World, fill, some_arms

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def told(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of everything, in a file."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    bench = path.with_name("bench.json")
    bench.write_text(json.dumps(a_bench("arm", "text", "Use one.")))
    path.write_text(report(source, [section(bench)]), encoding="utf-8")
    return path


def a_bench(arm: str, task_type: str, sentence: str) -> dict[str, Any]:
    row = {"arm": arm, "task_type": task_type, "passed": 7, "samples": 9, "low": 0.5, "high": 0.9, "seconds": 1.5}
    recommended = {"arms": [arm], "solved": 0.71, "low": 0.6, "high": 0.8, "generations": 1.6}
    return {"table": [row, row | {"arm": "other", "low": None, "high": None, "seconds": None}], "recommended": recommended} | {
        "routing_pays": False,
        "sentences": [sentence],
    }


def test_it_may_do_nothing_but_show_itself(told: Path) -> None:
    """A policy forbids everything but the one style sheet, by its hash; no script, no style on elements, no address but places in it."""
    text = told.read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy[1] == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.findall(r"<script|<iframe|<img|<link|\sstyle=|\son[a-z]+=|url\(|@import", text)
    assert all(address.startswith("#") for address in re.findall(r'(?:href|src)="([^"]*)"', text))
    assert len(text.encode()) < 1_000_000


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_it_is_readable_wide_and_narrow_light_and_dark(looking: Looking, told: Path, width: int, dark: bool) -> None:
    page = looking.open(told.as_uri(), width=width, dark=dark)
    page.locator("details").last.evaluate("one => { one.open = true }")
    assert barriers(page) == []
    page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert beyond(page) <= 0
    background = page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor")
    assert background == ("rgb(20, 23, 26)" if dark else "rgb(255, 255, 255)")
    drawn = page.locator(".wide svg" if width == WIDE else ".narrow svg")
    assert drawn.count() == 11
    assert all(one.is_visible() for one in drawn.all())


def test_it_is_clicked_through(looking: Looking, told: Path) -> None:
    """Every place in the contents leads to its section, and every table opens."""
    page = looking.open(told.as_uri())
    links = page.locator("nav a")
    assert links.count() >= 12
    for link in links.all():
        target = str(link.get_attribute("href"))
        link.click()
        assert page.evaluate("() => location.hash") == target
        assert page.locator(target).count() == 1
    for details in page.locator("details").all():
        details.locator("summary").click()
        assert details.locator("table").is_visible()
    headings = [int(tag[1]) for tag in page.evaluate("() => [...document.querySelectorAll('h1, h2, h3')].map(one => one.tagName)")]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(headings))
    pictures = page.locator("svg")
    assert all(len(str(one.get_attribute("aria-label"))) > 20 for one in pictures.all())
    assert page.locator("figure").count() <= page.locator("table").count()


def test_it_is_read_by_keyboard(looking: Looking, told: Path) -> None:
    """Tab reaches the skip link first, then everything that can be opened, each time where one sees it; Enter opens."""
    page = looking.open(told.as_uri(), width=NARROW)
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to what was learned"
    assert page.locator(".skip").bounding_box()["y"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    assert page.evaluate("() => location.hash") == "#learned"
    seen = []
    for _ in range(2 * page.locator("details").count()):
        page.keyboard.press("Tab")
        seen.append(focused(page))
        if page.evaluate("() => document.activeElement.tagName") == "SUMMARY":
            page.keyboard.press("Enter")
    assert not [one for one in seen if not one.startswith("Table:")]
    assert page.locator("details[open]").count() == page.locator("details").count()


def test_it_prints_every_table_and_no_contents(looking: Looking, told: Path) -> None:
    page = looking.open(told.as_uri(), dark=True)
    page.emulate_media(media="print")
    assert page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    assert page.locator(".wide svg").first.is_visible()
    assert page.pdf()[:5] == b"%PDF-"


def hostile_history(name: str) -> History:
    """Races in which every text that others write is hostile."""
    store = History("sqlite://")
    plan = Strategy(name, arms=(GeneratorConfig("a", "m"),))
    store.add_strategy(plan.hash, name, Strategy("plain", arms=plan.arms).to_toml())
    for i, text in enumerate(TEXTS):
        name_of = text.encode("utf-8", "replace").decode()  # of arms and people: valid Unicode
        arms = [GeneratorConfig(f"{name_of} {j}", f"{name_of}{j}", 0.1 + j) for j in range(2)]
        own, kind = f"{text} {i}", TEXTS[i % 4]
        results = []
        for j, arm in enumerate(arms):
            one = GenerationResult(arm.name, text, 1.0 + j, arm.model, arm.temperature, j == 0, 0.1, 0.8, id=new_id(), verified=True)
            one.arm_id, one.text, one.stdout, one.stderr, one.digest, one.timings = (
                arm.arm_id,
                text,
                text,
                text,
                text + str(i % 2),
                Timings(1.0),
            )
            one.error, one.failure = (None, None) if j == 0 else (text, FailureKind.WRONG)
            one.speed_score, one.reward, one.combined_score = 0.5, 0.5, 0.5
            results.append(one)
        detail = {"strategy_hash": plan.hash, "start_weights": {"quality": 0.7, "speed": 0.3}}
        chosen = [describe_arm(arm) for arm in arms]
        store.add_decision(DecisionRecord(own, kind, chosen, text, {arm.name: 1.0 for arm in arms}, name, 1, detail))
        store.add_race(RaceRecord(own, kind, {"prompt": text, "name": text}, results, results[0].id, text, 2.0))
        rate(store, results[0].id, 0.3, who=name_of, why=name_of)
    return store


def test_forty_hostile_texts_are_text(looking: Looking, tmp_path: Path) -> None:
    """As names of arms, models, tasks, types, strategies and people, as code, errors and reasons, as ids, in a bench, and as the file's."""
    path = tmp_path / "<img src=x data-hurt onerror=window.hurt=1>\u202e.html"
    benches = [tmp_path / f"bench{i}.json" for i in range(len(TEXTS))]
    for text, bench in zip(TEXTS, benches, strict=True):
        bench.write_text(json.dumps(a_bench(text, text, text)))
    store = hostile_history(TEXTS[0])
    source = Source(store)
    assert len(source.arms) == 80
    path.write_bytes(report(source, [section(bench) for bench in benches]).encode("utf-8", "replace"))
    for width in (WIDE, NARROW):
        shown = looking.open(path.as_uri(), width=width)
        assert hurt(shown) == []
        assert beyond(shown) <= 0
        assert shown.evaluate("() => document.querySelectorAll('script, iframe, img, form, base, link, object').length") == 0
    assert "<script>window.hurt=1</script>" in str(shown.locator("main").text_content())
    assert "\u202e" not in shown.content()
    assert "\x1b" not in shown.content()
    store.close()


@pytest.mark.parametrize("kind", ["nothing", "one arm", "no tests", "sixty arms"])
def test_small_and_large_histories(looking: Looking, tmp_path: Path, kind: str) -> None:
    if kind == "nothing":
        store = History("sqlite://")
    elif kind == "no tests":
        store = History("sqlite://")
        arm = some_arms(1)[0]
        own = new_id()
        result = GenerationResult(arm.name, "x = 1", 1.0, arm.model, arm.temperature, True, verified=False, id=new_id(), arm_id=arm.arm_id)
        store.add_decision(DecisionRecord(own, "general", [describe_arm(arm)], "given"))
        store.add_race(RaceRecord(own, "general", {"prompt": "p"}, [result], result.id, "chosen", 1.0))
    else:
        arms = some_arms(1 if kind == "one arm" else 60)
        store = fill(World(arms, np.full((len(arms), 2), 0.6), ("text", "data")), 40, k=min(3, len(arms)))
    path = tmp_path / "report.html"
    path.write_text(report(Source(store)), encoding="utf-8")
    for width in (WIDE, NARROW):
        shown = looking.open(path.as_uri(), width=width)
        assert beyond(shown) <= 0
        assert shown.locator(".findings li").count() >= 1
    if kind == "nothing":
        assert "Nothing was raced here yet." in str(shown.text_content("main"))
        assert "Not shown, for there is nothing to show yet" in str(shown.text_content("footer"))
    store.close()


def test_a_page_of_nothing_is_a_page() -> None:
    assert page("t", [], []).startswith("<!doctype html>\n<html")


def test_the_command_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To a file, to standard output; what is wrong is said in one line, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{tmp_path / 'h.db'}"
    fill(World(some_arms(2), np.full((2, 1), 0.5), ("text",)), 5, k=2, path=url).close()
    done = banditgen("report", "--history", url)
    assert (done.returncode, done.stdout) == (0, "")
    assert "report.html: 0." in done.stderr
    Path("report.html").unlink()
    assert banditgen("report", "--history", url, "-o", "-").stdout.startswith("<!doctype html>")
    Path("bad.json").write_text('{"table": [], "sentences": []}')
    Path("pays.json").write_text('{"table": [], "sentences": [], "routing_pays": [], "recommended": null}')
    Path("rows.json").write_text('{"table": [{"arm": "a", "task_type": "t", "passed": "7"}], "sentences": [], "routing_pays": true}')
    for given, said in (
        (("-o", "/nowhere/x.html"), "cannot write /nowhere/x.html"),
        (("--type", "poetry"), "no result on tasks of type 'poetry'"),
        (("--bench", "bad.json"), "bad.json is not what `banditgen bench --json` writes: recommended"),
        (("--bench", "pays.json"), "pays.json is not what `banditgen bench --json` writes: routing_pays must be"),
        (("--bench", "rows.json"), "rows.json is not what `banditgen bench --json` writes: passed and samples"),
        (("--bench", "none.json"), "cannot read none.json"),
        (("-o", "-", "--open"), "--open needs a file"),
        (("-s", "nowhere"), "nowhere"),
    ):
        done = banditgen("report", "--history", url, *given)
        assert done.returncode == 2, given
        assert said in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    assert not Path("report.html").exists()
