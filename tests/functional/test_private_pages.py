"""Saved, counterparts and files in a browser, in the whole house: well made, readable on a small phone."""

import re

from playwright.sync_api import expect

from dev.house import House
from tests.functional.conftest import Browse
from tests.functional.pages import accessible, check
from tests.functional.test_journeys import TAMSIN, sign_in


def test_saving_a_search_a_list_and_going_on_to_counterparts(house: House, browse: Browse) -> None:
    page = browse(320)
    sign_in(page, house, TAMSIN)
    page.goto(house.settings.portal_url + "/search?q=council")
    page.get_by_role("button", name="Save this search").click()
    accessible(check(page))
    expect(page.get_by_role("link", name="“council”")).to_be_visible()
    page.get_by_role("link", name="“council”").click()
    page.get_by_role("link", name="Save these people as a file").click()
    accessible(check(page))
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as a table (CSV)").click()
    assert "Council" in saved.value.path().read_text("utf-8-sig")
    page.goto(house.settings.portal_url + "/search?q=okonjo")
    page.get_by_role("link", name="Tamsin Okonjo-Reed").first.click()
    page.get_by_role("link", name="All counterparts").click()
    accessible(check(page))
    expect(page.get_by_role("heading", name="Other services of the same area")).to_be_visible()
    assert page.locator(".cp-result a").count() >= 1
    page.goto(house.settings.portal_url + "/saved")
    page.get_by_role("button", name=re.compile("Remove all saved")).click()
    expect(check(page).get_by_text("None so far")).to_be_visible()
