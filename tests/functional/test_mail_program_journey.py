"""Setting up a mail program in Chromium, wide and narrow, with and without scripts."""

import plistlib
import re
from pathlib import Path

import pytest

from dev.house import House
from tests.functional.conftest import Browse
from tests.functional.pages import accessible, check
from tests.functional.test_journeys import DESKTOP, TAMSIN, sign_in


@pytest.mark.parametrize("width", [DESKTOP, 320], ids=["desktop", "small phone"])
def test_every_program_s_steps_are_well_made_and_fit(house: House, browse: Browse, width: int) -> None:
    page = sign_in(browse(width), house, TAMSIN)
    page.goto(house.settings.portal_url + "/devices")
    page.get_by_label("Name of the mail program").fill(f"Thunderbird at {width}")
    page.get_by_label("Thunderbird", exact=True).check()
    page.get_by_role("button", name="Make a password").click()
    accessible(check(page))
    for summary in page.locator("main summary").all():
        summary.click()
    accessible(check(page))
    page.goto(house.settings.portal_url + "/devices")
    accessible(check(page))
    page.get_by_role("link", name=re.compile("How to set it up")).first.click()
    accessible(check(page))


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
def test_an_apple_profile_is_downloaded_from_the_page(house: House, browse: Browse, javascript: bool) -> None:
    page = sign_in(browse(320, javascript=javascript), house, TAMSIN, javascript=javascript)
    page.goto(house.settings.portal_url + "/devices")
    page.get_by_label("Name of the mail program").fill("A telephone")
    page.get_by_label(re.compile("iPhone")).check()
    page.get_by_role("button", name="Make a password").click()
    password = page.locator("code").first.inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the profile").click()
    profile = plistlib.loads(Path(download.value.path()).read_bytes())
    assert download.value.suggested_filename == "directory.mobileconfig"
    assert profile["PayloadContent"][0]["LDAPAccountPassword"] == password
