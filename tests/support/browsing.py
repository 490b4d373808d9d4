"""Pages in a real browser, for tests of what people see."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NEEDS_CHROMIUM = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no chromium to open pages with"
)

MOST = 30_000
"""Milliseconds that a page may take to show something, on a machine that is busy."""


@contextmanager
def chromium() -> Iterator[Any]:
    """Open a browser; Playwright is to be there."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as runner:
        opened = runner.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


def expect(found: Any) -> Any:
    """Return what waits until something is so."""
    from playwright.sync_api import expect as expected

    expected.set_options(timeout=MOST)
    return expected(found)


class Opened:
    """A page, and what it said and asked for that it should not have."""

    def __init__(self, page: Any, url: str) -> None:
        self.page, self.url = page, url
        self.said: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda asked: self._note(asked.url))

    def _note(self, address: str) -> None:
        if not address.startswith((self.url, "data:", "blob:")):
            self.said.append(f"asked for {address}")


def check_access(page: Any) -> None:
    """Look with axe-core for what keeps people out."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")
    page.mouse.move(5, 5)
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
