"""The search box in Chromium: suggestions by keyboard, mouse and touch; what it finds, at every width."""

import re

import pytest
from playwright.sync_api import Page, expect

from dev.house import House
from tests.functional.conftest import Browse
from tests.functional.pages import accessible, check
from tests.functional.test_journeys import DESKTOP, ISOLDE, PHONE, sign_in

OPTIONS = "[role=option]"


@pytest.fixture
def start(house: House, browse: Browse) -> Page:
    """Isolde's start page on a desktop."""
    page = browse(DESKTOP)
    page.goto(house.settings.portal_url)
    return sign_in(page, house, ISOLDE)


def typed(page: Page, text: str) -> Page:
    """Type into the box as a person does, and wait for suggestions."""
    page.get_by_role("combobox").press_sequentially(text, delay=20)
    expect(page.locator(OPTIONS).first).to_be_visible()
    return page


def test_suggestions_are_chosen_by_keyboard_and_announced(start: Page) -> None:
    asked: list[str] = []
    start.on("request", lambda request: asked.append(request.url) if "/suggestions" in request.url else None)
    box = start.get_by_role("combobox")
    box.press("o")
    start.wait_for_timeout(500)
    assert asked == [], "nothing is asked for before two letters"
    typed(start, "konjo")
    assert len(asked) < 5, "while somebody types, not each letter is asked for"
    expect(start.get_by_role("status").filter(has_text="suggestion")).to_have_text(
        re.compile(r"^\d+ suggestions?\. Use the up and down")
    )
    expect(box).to_have_attribute("aria-expanded", "true")
    accessible(start)
    box.press("ArrowDown")
    chosen = start.locator(f"{OPTIONS}[aria-selected=true]")
    expect(chosen).to_have_count(1)
    assert box.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    box.press("Home")
    expect(chosen).to_have_count(0)
    box.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_value("okonjo")
    box.press("Escape")
    expect(box).to_have_value("")
    typed(start, "okonjo").get_by_role("combobox").press("Enter")
    start.wait_for_url(re.compile(r"/search\?q=okonjo$"))
    check(start).get_by_role("combobox").fill("")
    typed(start, "okonjo").get_by_role("combobox").press("ArrowDown")
    start.get_by_role("combobox").press("Enter")
    start.wait_for_url(re.compile(r"/(people|posts|organisations)/"))


def test_suggestions_are_chosen_by_mouse_and_by_touch(house: House, start: Page, browse: Browse) -> None:
    typed(start, "okonjo").locator(OPTIONS).first.click()
    start.wait_for_url(re.compile(r"/(people|posts|organisations)/"))
    phone = browse(320)
    phone.goto(house.settings.portal_url)
    sign_in(phone, house, ISOLDE)
    typed(phone, "okonjo")
    assert phone.locator(OPTIONS).first.bounding_box()["height"] >= 24  # type: ignore[index]
    check(phone).locator(OPTIONS).first.click()
    phone.wait_for_url(re.compile(r"/(people|posts|organisations)/"))


def test_pages_for_finding_people_are_well_made_at_every_width(house: House, start: Page) -> None:
    base = house.settings.portal_url
    start.goto(f"{base}/search?q=okonjo")
    organisation = start.get_by_role("link", name=re.compile("Constabulary")).first
    paths = ["/search?q=chief", "/search?q=zzzz+qqqq", "/people?letter=M", "/organisations?sector=Police",
             "/cohorts", "/suggestions?q=mar", "/no-such-page"]  # fmt: skip
    if organisation.count():
        paths.append(organisation.get_attribute("href") or "/organisations")
    for path in paths:
        start.goto(base + path)
        accessible(check(start))
        for width in (PHONE, 320):
            start.set_viewport_size({"width": width, "height": 700})
            check(start)
        start.set_viewport_size({"width": DESKTOP, "height": 800})
