"""Chromium, for the tests of what people look at: one browser for each test process, and everything watched that a page does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

MISSING = "these tests look at pages with Chromium and found none: run `sh tests/system_packages.sh` (Debian: apt-get install chromium)"
WIDE, NARROW = 1600, 360
# no sandbox of its own: tests may run as root, and what they open is ours
_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
_HURT = """() => [
    ...(window.hurt === undefined ? [] : ['a script ran']),
    ...[...document.querySelectorAll('[data-hurt], [onerror], [onload], [onfocus], [onmouseover]')].map(one => one.outerHTML.slice(0, 200)),
]"""
_BEYOND = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, running."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise RuntimeError(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_OPTIONS)
        yield browser
        browser.close()


class Looking:
    """The pages that one test looks at.

    `faults` is what no page of ours may do: errors and warnings on the console, uncaught errors, dialogs, and requests to other places
    than the one that the page is from.
    """

    def __init__(self, browser: Browser) -> None:
        self.faults: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def open(self, url: str, *, width: int = WIDE, dark: bool = False, **options: Any) -> Page:
        """A page, loaded.

        Args:
            url: of the page, or of its file.
            width: of the window, in pixels.
            dark: whether the reader's system is.
            options: of playwright's `new_context`.
        """
        how: dict[str, Any] = {"viewport": {"width": width, "height": 900}, "color_scheme": "dark" if dark else "light"} | options
        context = self._browser.new_context(**how)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: self.faults.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda request: self._requested(request.url, url))
        page.on("dialog", self._asked)
        page.goto(url)
        return page

    def close(self) -> None:
        """Close every page."""
        for context in self._contexts:
            context.close()

    def _requested(self, url: str, home: str) -> None:
        there, here = urlsplit(url), urlsplit(home)
        if (there.scheme, there.netloc) != (here.scheme, here.netloc) or (there.scheme == "file" and there.path != here.path):
            self.faults.append(f"asked for {url[:200]}")

    def _asked(self, dialog: Any) -> None:
        self.faults.append(f"a dialog: {dialog.message}")
        dialog.dismiss()


def hurt(page: Page) -> list[str]:
    """What hostile texts (`tests.hostile`) left on a page: nothing, where they are shown as text."""
    marks: list[str] = page.evaluate(_HURT)
    return marks


def beyond(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    return int(page.evaluate(_BEYOND))


def barriers(page: Page) -> list[str]:
    """What axe finds on a page that keeps people out: its serious and critical findings."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]} ({len(one['nodes'])} times)"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def focused(page: Page) -> str:
    """What the keyboard is at, and whether one can see that it is: the element's text, with "unseen" before it where one cannot."""
    said: str = page.evaluate(
        """() => {
            const one = document.activeElement, style = getComputedStyle(one);
            const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
            return (seen ? '' : 'unseen ') + (one.getAttribute('aria-label') || one.textContent || one.tagName).trim().slice(0, 80);
        }"""
    )
    return said
