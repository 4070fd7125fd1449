"""The live page: what it shows is escaped, it only reads without the token, and a click says what was clicked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from banditgen import BanditGenerator, FailureKind, GenerationResult, GeneratorConfig, Task
from banditgen.history.base import DecisionRecord, RaceRecord
from banditgen.service.page.compared import MOST_LINES, MOST_WIDE, compared, lines_of
from tests.browser import NARROW, WIDE, Looking, barriers, beyond, focused, hurt
from tests.clients import BAD, GOOD, Client
from tests.hostile import TEXTS
from tests.service.listening import listening

TOKEN = "the-token"
ARMS = [GeneratorConfig("good", "good-model", 0.1), GeneratorConfig("bad", "bad-model", 0.5)]
TASK = Task("Write double(x).", task_type="demo", tests="assert double(2) == 4")
browsing = pytest.mark.xdist_group("browser")


@pytest.fixture
def bandit(tmp_path: Path) -> Iterator[BanditGenerator]:
    client = Client({"good-model": GOOD, "bad-model": BAD})
    with BanditGenerator.open("balanced", backend=client, arms=ARMS, history=tmp_path / "h.db", seed=0) as bandit:
        yield bandit


def test_without_the_token_the_pages_are_read_and_nothing_else_is(bandit: BanditGenerator) -> None:
    race = bandit.run(TASK)
    with listening(bandit, token=TOKEN) as url, httpx.Client(base_url=url, timeout=60) as client:
        for path in ("/", "/page/arms", f"/page/races/{race.id}", "/page/newest", "/page/static/page.css"):
            answer = client.get(path)
            assert answer.status_code == 200, path
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "unsafe" not in answer.headers["content-security-policy"]
            assert "<button" not in answer.text or "Show" in answer.text
        assert "/rate" not in client.get(f"/page/races/{race.id}").text
        assert client.get("/banditgen/races").status_code == 401
        assert client.get("/v1/models").status_code == 401
        assert client.post(f"/page/races/{race.id}/rate", content="satisfaction=0").status_code == 401
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 403
        assert client.get("/", headers={"Origin": "http://evil.example"}).status_code == 403
        for path in ("/page/races/none", "/page/static/%2e%2e%2fapp.py", "/page/static/../routes.py", "/page/nothing"):
            assert client.get(path).status_code == 404, path
        assert bandit.history.feedback() == []


def test_with_the_token_the_pages_own_forms_rate_and_nobody_elses(bandit: BanditGenerator) -> None:
    race = bandit.run(TASK)
    place = f"/page/races/{race.id}/rate"
    with listening(bandit, token=TOKEN) as url, httpx.Client(base_url=url, timeout=60) as client:
        assert client.get("/?token=wrong").status_code == 401
        assert not client.cookies
        assert client.get(f"/?token={TOKEN}").status_code == 303
        assert "/rate" in client.get(f"/page/races/{race.id}").text
        assert client.post(place, content="satisfaction=0").status_code == 401  # no page of ours says where it is from
        assert client.post(place, content="satisfaction=0", headers={"Origin": "http://evil.example"}).status_code == 403
        assert client.post("/banditgen/feedback", json={"id": race.id, "satisfaction": 0}, headers={"Origin": url}).status_code == 401
        assert bandit.history.feedback() == []
        kept = client.post(place, content="satisfaction=0.25&why=too+long", headers={"Origin": url})
        assert kept.status_code == 303
        assert kept.headers["location"].startswith(f"/page/races/{race.id}?said=")
        for wrong in ("satisfaction=2", "satisfaction=nan", "satisfaction=", "", "better=x&over=y", "satisfaction=1&result=nobody"):
            refused = client.post(place, content=wrong, headers={"Origin": url})
            assert refused.status_code == 400, wrong
            assert "That could not be kept" in refused.text
    said = bandit.history.feedback(race.id)
    assert [(one.satisfaction, one.who, one.why) for one in said] == [(0.25, "the page", "too long")]


@browsing
@pytest.mark.slow
def test_a_click_rates_and_another_prefers(bandit: BanditGenerator, looking: Looking) -> None:
    bandit.history.add_race(_race([_result("one", "x = 1"), _result("two", "x = 2")]))
    with listening(bandit, token=TOKEN) as url:
        page = looking.open(f"{url}/?token={TOKEN}")
        page.get_by_role("link", name="Write it").click()
        page.get_by_label("Why, if you like").fill("as it should be")
        page.get_by_role("button", name="just right").click()
        assert "kept: rated 1.00" in page.get_by_role("status").inner_text()
        assert "rated 1.00 by the page: as it should be" in page.content()
        page.get_by_role("button", name="I would rather have two").click()
        assert "kept: which of two" in page.get_by_role("status").inner_text()
    (preferred,) = bandit.history.preferences()
    assert preferred.better.result_id == "r-two"
    assert looking.faults == []


@browsing
@pytest.mark.slow
def test_a_race_is_seen_from_its_first_wave_to_its_winner(tmp_path: Path, looking: Looking) -> None:
    go = threading.Event()

    class Waiting(Client):
        def generate(self, **asked: Any) -> str:
            go.wait(120)
            return super().generate(**asked)

    client = Waiting({"good-model": GOOD, "bad-model": BAD})
    with (
        BanditGenerator.open("balanced", backend=client, arms=ARMS, history=tmp_path / "h.db", seed=0) as bandit,
        listening(bandit, token=TOKEN) as url,
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as asking,
    ):
        first, second = looking.open(url), looking.open(url)
        assert "No race is under way." in first.content()
        order = {"prompt": TASK.prompt, "tests": TASK.tests, "type": "demo"}
        racing = threading.Thread(target=lambda: asking.post("/banditgen/race", json=order).raise_for_status())
        racing.start()
        second.get_by_role("link", name="Write double(x).").click()
        second.get_by_role("heading", name="A race under way").wait_for()
        second.get_by_role("heading", name="good generating").wait_for()
        go.set()
        racing.join()
        second.get_by_role("heading", name="Won by good").wait_for()
        first.get_by_text("No race is under way.").wait_for()
        assert first.locator("#newest").get_by_text("good").count() == 1
        looking.close()  # before the service ends, which a page calls a fault
    assert looking.faults == []


@browsing
@pytest.mark.slow
def test_hostile_texts_are_text_wherever_they_stand(bandit: BanditGenerator, looking: Looking) -> None:
    hostile = [text for text in TEXTS if "\ud800" not in text]  # no database takes that one
    for number, text in enumerate(hostile):
        one = _result(f"{number} {text}", text, stdout=text, stderr=text, error=text, model_used=text, failure=FailureKind.ERROR)
        other = _result(f"{number} winner", f"x = 1\n{text}", stdout=text, test_passed=True, verified=True)
        words: dict[str, Any] = {"explanation": {"words": text, "chosen": [], "runner_up": None, "propensities": {}}}
        arms = [{"name": text, "arm_id": "a", "model": text, "temperature": 0.1}]
        decision = DecisionRecord(f"race-{number}", text, arms, "best_set", {text: 0.5}, strategy=text, detail=words)
        bandit.history.add_decision(decision)
        bandit.history.add_race(_race([other, one], id=f"race-{number}", task_type=text, prompt=text, reason=text))
        bandit.feedback(other.id, 0.5, who=text, why=text)
    with listening(bandit, token=TOKEN) as url:
        page = looking.open(f"{url}/?token={TOKEN}")
        for path in ("/", "/page/arms", *(f"/page/races/race-{number}" for number in range(len(hostile)))):
            page.goto(url + path)
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            assert hurt(page) == [], path
        for path in ("/", "/page/arms"):
            for text in hostile:
                page.goto(f"{url}{path}?{httpx.QueryParams({'type': text[:200]})}")
                assert hurt(page) == [], text
    assert looking.faults == []


@browsing
@pytest.mark.slow
@pytest.mark.parametrize(("width", "dark"), [(WIDE, False), (NARROW, True)])
def test_every_page_can_be_used_by_everybody(bandit: BanditGenerator, looking: Looking, width: int, dark: bool) -> None:
    """At both widths, light and dark: nothing beyond the window, nothing serious for axe, and the keyboard gets everywhere visibly."""
    race = bandit.run(TASK)
    with listening(bandit, token=TOKEN) as url:
        page = looking.open(f"{url}/?token={TOKEN}", width=width, dark=dark)
        for path in ("/", "/page/arms", f"/page/races/{race.id}", "/page/arms?type=new"):
            page.goto(url + path)
            assert beyond(page) == 0, path
            assert barriers(page) == [], path
            places = []
            for _ in range(30):
                page.keyboard.press("Tab")
                places.append(focused(page))
            assert [place for place in places if place.startswith("unseen") and "BODY" not in place and "banditgen" not in place] == [], (
                path
            )
            assert "to the content" in places[0]
    assert looking.faults == []


def test_codes_are_laid_side_by_side_and_hostile_lengths_are_cut() -> None:
    rows = compared("a\nb\nc", "a\nx\nc\nd")
    assert [(row.left, row.right, row.differs) for row in rows] == [("a", "a", False), ("b", "x", True), ("c", "c", False), ("", "d", True)]
    assert rows[-1][:3] == (None, "", 4)
    assert len(lines_of("x\n" * 10_000)) == MOST_LINES + 1
    assert len(lines_of("x" * 10_000)[0]) <= MOST_WIDE + 2
    started = time.process_time()
    compared("\n".join(map(str, range(9999))), "\n".join(map(str, range(9999, 0, -1))))
    assert time.process_time() - started < 5
    assert "\x1b" not in lines_of("\x1b[2J")[0]


def _result(name: str, code: str, **more: Any) -> GenerationResult:
    given: dict[str, Any] = {"test_passed": False, "id": f"r-{name[:40]}", "arm_id": f"arm-{name[:20]}"} | more
    return GenerationResult(name, code, 1.0, given.pop("model_used", "m"), 0.1, **given)


def _race(results: list[GenerationResult], **more: Any) -> RaceRecord:
    given: dict[str, Any] = {"id": "race", "task_type": "demo", "prompt": "Write it.", "reason": "the first is best"} | more
    task = {"prompt": given.pop("prompt")}
    return RaceRecord(task=task, results=results, best_id=results[0].id, created_at=time.time(), **given)


def test_an_empty_history_has_pages_too(tmp_path: Path) -> None:
    with (
        BanditGenerator.open("balanced", backend=Client({}), arms=ARMS, history=tmp_path / "e.db", seed=0) as bandit,
        listening(bandit, token=None) as url,
    ):
        assert "Nothing was raced yet." in httpx.get(url, timeout=60).text
        assert "Nothing is known of any arm yet" in httpx.get(f"{url}/page/arms", timeout=60).text


def test_pages_say_what_was_not_tested_and_which_type_is_shown(bandit: BanditGenerator) -> None:
    bandit.run(TASK)
    bandit.history.add_race(_race([_result("one", "x = 1", test_passed=True, verified=False)], task_type="plain"))
    with listening(bandit, token=None) as url, httpx.Client(base_url=url, timeout=60) as client:
        assert "no tests" in client.get("/").text
        assert "0 of 1" not in client.get("/").text
        for path in ("/", "/page/newest"):
            assert "No task of this type was raced yet." in client.get(path, params={"type": "unknown"}).text
        for path in ("/", "/page/arms"):
            assert '<option value="unknown" selected>' in client.get(path, params={"type": "unknown"}).text
