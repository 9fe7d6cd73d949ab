"""A real browser for tests of pages: Chromium without a screen, which reports requests and errors."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from tests.system import needed

Scheme = Literal["light", "dark"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@dataclass
class Opened:
    """A page, and what went wrong while it loaded."""

    page: Page
    problems: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium. Skip the test if there is none."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    path = needed(found, "Chromium", "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_OPTIONS)
        yield browser
        browser.close()


def open_page(browser: Browser, path: Path, *, scheme: Scheme = "light", width: int = 1200) -> Opened:
    """Open a page from disk, and wait until its charts are drawn."""
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True, accept_downloads=True
    )
    opened = Opened(context.new_page())
    page = opened.page
    page.on("console", lambda told: opened.problems.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: opened.problems.append(str(error)))
    page.on("dialog", lambda dialog: opened.problems.append(f"dialog {dialog.message}"))
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith(("file:", "data:")) else opened.problems.append(request.url)
        ),
    )
    page.goto(path.resolve().as_uri())
    if page.locator("figure.chart").count():
        page.wait_for_selector("body[data-ready]", timeout=60_000)
    return opened
