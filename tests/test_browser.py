"""The looker sees what it is there to see: every hostile text that a page shows as more than text, and every fault."""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING

import pytest

from tests.browser import NARROW, Looking, barriers, beyond, focused, hurt
from tests.hostile import TEXTS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


def page(body: str) -> str:
    text = f"<!doctype html><html lang=en><meta charset=utf-8><title>t</title><main><h1>t</h1>{body}</main></html>"
    return f"data:text/html;base64,{base64.b64encode(text.encode('utf-8', 'replace')).decode()}"


def test_there_are_forty_hostile_texts_and_what_shows_them_as_markup_is_noticed(browser: Browser) -> None:
    assert len(set(TEXTS)) == 40
    pages = Looking(browser)
    for text in TEXTS[:5:2]:
        assert hurt(pages.open(page(f"<p>{text}</p>"))), text
    for text in TEXTS[28:30]:
        assert hurt(pages.open(page(f"<b title=\"{text}\" class='{text}'>x</b>"))), text
    pages.close()


def test_what_is_escaped_is_no_fault(looking: Looking) -> None:
    shown = looking.open(page("".join(f'<p title="{html.escape(text)}">{html.escape(text)}</p>' for text in TEXTS)))
    assert hurt(shown) == []


def test_faults_of_a_page_are_noticed(browser: Browser) -> None:
    pages = Looking(browser)
    script, image = "<script>console.error('one'); alert('two')</script>", "<img src='http://127.0.0.1:9/three'>"
    bad = pages.open(page(f"{script}{image}<p style='width:900px'>x</p><a href=#><b></b></a>"), width=NARROW)
    for _ in range(600):  # what the page does is heard of while it is waited for
        if all(any(word in fault for fault in pages.faults) for word in ("one", "two", "three")):
            break
        bad.wait_for_timeout(100)
    for word in ("one", "two", "three"):
        assert any(word in fault for fault in pages.faults), word
    assert beyond(bad) > 500
    assert any("link-name" in found for found in barriers(bad))
    bad.keyboard.press("Tab")
    assert "A" in focused(bad) or focused(bad) == "unseen"
    pages.close()
