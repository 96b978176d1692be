"""A real browser for tests of pages: Debian's Chromium, driven by Playwright, without a network."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from importlib import resources
from typing import Any

REQUIRED = "GRADER_REQUIRE_BROWSER"
NAMES = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def missing() -> str:
    """Why there is no browser, or ``""``."""
    if not executable():
        return f"no Chromium: none of {', '.join(NAMES)} is installed"
    try:
        import axe_playwright_python
        import playwright
    except ImportError as fault:
        return f"{fault.name} is not installed: pip install '.[test]'"
    del axe_playwright_python, playwright
    return ""


def executable() -> str:
    """Path of the browser, or ``""``."""
    return next((path for name in NAMES if (path := shutil.which(name))), "")


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """A running browser that is Playwright's ``BrowserContext`` maker, with a profile of its own."""
    from playwright.sync_api import sync_playwright

    # Chromium's own sandbox needs an ordinary user; here it opens nothing but our pages.
    switches = [*SWITCHES, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=executable(), args=switches, headless=True)
        try:
            yield opened
        finally:
            opened.close()


@contextlib.contextmanager
def page_of(opened: Any, html: str, **options: Any) -> Iterator[Any]:
    """A page that shows a report, and whose every request beyond the file itself fails.

    Args:
        opened: From ``browser()``.
        html: The report.
        **options: Of Playwright's ``new_context``, e.g. ``color_scheme="dark"``.
    """
    with tempfile.TemporaryDirectory(prefix="grader-page-") as folder:
        path = os.path.join(folder, "report.html")
        with open(path, "w", encoding="utf-8") as file:
            file.write(html)
        context = opened.new_context(**options)
        try:
            page = context.new_page()
            page.requests = []
            page.on("request", lambda request: page.requests.append(request.url))
            page.goto(f"file://{path}", wait_until="load")
            yield page
        finally:
            context.close()


def axe_source() -> str:
    """The script of axe-core, which Playwright evaluates beside the page (its policy lets no script in)."""
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def violations(page: Any) -> list[str]:
    """What axe-core finds against WCAG 2.2 AA and its own best practices, a line a node."""
    page.evaluate(axe_source())
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    result = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", tags)
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:160]} – {node['failureSummary']}"
        for rule in result["violations"]
        for node in rule["nodes"][:5]
    ]
