"""What every page must be, checked on each one that a browser is shown during a journey."""

import shutil
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlsplit

import html5lib
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Error, Page, Response

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WATCHED: dict[BrowserContext, list[str]] = defaultdict(list)
UNLABELLED = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
    .filter(e => !e.labels?.length && !e.getAttribute('aria-label') && !e.getAttribute('aria-labelledby'))
    .map(e => e.outerHTML)"""
CONTROLS = "button, input:not([type=hidden]), select, textarea, [role=button]"
SMALL = """(controls) => [...document.querySelectorAll(controls)]
    .filter(e => e.checkVisibility())
    .map(e => [e, e.getBoundingClientRect()])
    .filter(([e, box]) => box.width > 1 && (box.width < 24 || box.height < 24))
    .map(([e]) => e.outerHTML)"""


def chromium() -> Path:
    """The browser of the system; Playwright's own can't be downloaded everywhere."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return Path(found)
    pytest.fail("Chromium is not installed: run `make install`, or install the package chromium")


def watch(page: Page) -> None:
    """Note what goes wrong in the page by itself: a script's error, something the security policy blocked."""
    found = WATCHED[page.context]
    page.on("pageerror", lambda error: found.append(f"{page.url}: script error: {error}"))
    page.on(
        "console",
        lambda said: found.append(f"{page.url}: {said.text}") if "Refused to" in said.text else None,
    )
    page.on("response", lambda answer: _headers(answer, found))


def _headers(answer: Response, found: list[str]) -> None:
    if answer.request.resource_type != "document" or urlsplit(answer.url).hostname != "localhost":
        return
    headers = answer.headers
    policy = headers.get("content-security-policy", "")
    if "default-src" not in policy or "unsafe-inline" in policy:
        found.append(f"{answer.url}: content security policy is {policy!r}")
    if headers.get("referrer-policy") != "same-origin" or headers.get("x-content-type-options") != "nosniff":
        found.append(f"{answer.url}: a security header is missing")


def check(page: Page, *, script: bool = True) -> Page:
    """Fail unless the page shown now is well made; returns it, so that a step can be wrapped in it."""
    page.wait_for_load_state()
    html = (
        page.content()
        if not script
        else page.evaluate("() => fetch(location.href).then(r => r.text())") or ""
    )
    html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(
        html if "<h1" in html else page.content()
    )
    assert page.title().split("\N{EN DASH}")[0].strip(), f"{page.url} has no title"
    assert page.locator("h1").count() == 1, f"{page.url} has {page.locator('h1').count()} main headings"
    assert page.locator("script:not([src])").count() == 0, f"{page.url} has a script inside the page"
    if script:
        _measured(page)
    return page


def accessible(page: Page) -> Page:
    """Fail on anything that axe-core finds against WCAG 2.2 AA or good practice."""
    found = Axe().run(page, options={"runOnly": RULES})
    assert found.violations_count == 0, f"{page.url}: {found.generate_report()}"
    return page


def _measured(page: Page) -> None:
    try:
        unlabelled, small = page.evaluate(UNLABELLED), page.evaluate(SMALL, CONTROLS)
        overflow = page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
    except Error as error:
        raise AssertionError(f"{page.url} can't be measured: {error}") from None
    assert not unlabelled, f"{page.url}: give these a label: {unlabelled}"
    assert not small, f"{page.url}: smaller than 24 pixels: {small}"
    assert overflow <= 0, f"{page.url} is {overflow} pixels wider than the window"
