"""The main path in Chromium: sign in, find somebody, read their profile, write to them, sign out."""

import re

import pytest
from playwright.sync_api import Page, expect

from dev.house import House
from tests.functional.conftest import Browse
from tests.functional.pages import accessible, check

LIZ = "elizabeth.farrowmere@rivers-and-coasts.example"
ISOLDE = "isolde.marchbank@rivers-and-coasts.example"
TAMSIN = "tamsin.okonjo-reed@northmere.police.example"
ROWAN = "rowan.thistlewood@leadership.example"
PERCY = "percy.newstart@rivers-and-coasts.example"
PIERS = "piers.vellacott@hollowbrook.example"
DESKTOP, PHONE = 1280, 375


def sign_in(page: Page, house: House, address: str, claim: str = "", *, javascript: bool = True) -> Page:
    """Go through the organisation's own sign-in page, as a person does."""
    page.goto(house.settings.portal_url + "/sign-in")
    check(page, script=javascript).get_by_label("Your work e-mail address").fill(address)
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(re.compile("^" + re.escape(house.settings.idp_url)))
    page.locator(".choice", has_text=claim or address).get_by_role("radio").check()
    page.get_by_role("button", name="Sign in").click()
    if not javascript:
        page.get_by_role("button", name="Continue").click()
    page.wait_for_url(re.compile("^" + re.escape(house.settings.portal_url)))
    return check(page, script=javascript)


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE, 320], ids=["desktop", "phone", "small phone"])
def test_a_leader_finds_another_and_writes(
    house: House, browse: Browse, width: int, javascript: bool
) -> None:
    sender = ISOLDE if javascript else LIZ  # one person may write to another only a few times a day
    page = browse(width, javascript=javascript)
    page.goto(house.settings.portal_url)
    check(page, script=javascript).get_by_role("button", name="Sign in").click()
    sign_in(page, house, sender, javascript=javascript)
    page.get_by_label(re.compile("Search for a person")).first.fill("okonjo chief constable")
    page.get_by_role("button", name="Search").first.click()
    check(page, script=javascript).get_by_role("link", name="Tamsin Okonjo-Reed").first.click()
    check(page, script=javascript)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Tamsin Okonjo-Reed")
    page.get_by_role("button", name=re.compile("Write to")).click()
    subject = f"Flood exercise {width} {javascript}"
    _write(check(page, script=javascript), subject)
    expect(check(page, script=javascript).get_by_role("heading", level=1)).to_contain_text("on its way")
    mail = house.mail.wait_for(lambda message: message["Subject"] == subject)
    assert mail["Reply-To"].endswith(f"<{sender}>") or mail["Reply-To"] == sender
    assert "the exercise in March" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    _sign_out(page, house, javascript)


def _write(page: Page, subject: str) -> None:
    choices = page.get_by_role("radio")
    if choices.count():
        choices.first.check()
    page.get_by_label("Subject").fill(subject)
    page.get_by_label("Message").fill("Could your force join the exercise in March?")
    page.get_by_role("button", name="Send message").click()


def _sign_out(page: Page, house: House, javascript: bool) -> None:
    page.goto(house.settings.portal_url + "/sign-out")
    check(page, script=javascript).get_by_role("button", name="Sign out", exact=True).click()
    expect(check(page, script=javascript).get_by_role("heading", level=1)).to_contain_text("signed out")
    page.goto(house.settings.portal_url + "/search?q=okonjo")
    assert "/sign-in" in page.url


def test_the_same_over_https(https_house: House, browse: Browse) -> None:
    page = browse(DESKTOP)
    sign_in(page, https_house, TAMSIN)
    page.goto(https_house.settings.portal_url + "/search?q=marchbank")
    check(page).get_by_role("link", name=re.compile("Isolde Marchbank")).first.click()
    page.get_by_role("button", name=re.compile("Write to")).click()
    _write(check(page), "Over HTTPS")  # a form is sent with its referrer, which Flask-WTF asks for over HTTPS
    expect(check(page).get_by_role("heading", level=1)).to_contain_text("on its way")
    cookies = [one for one in page.context.cookies() if "localhost" in one.get("domain", "")]
    assert cookies
    assert all(one["secure"] and one["httpOnly"] for one in cookies)
    answer = page.goto(https_house.settings.portal_url + "/")
    assert answer is not None
    assert "max-age=" in answer.headers["strict-transport-security"]


def test_somebody_the_directory_does_not_know_is_told_whom_to_call(house: House, browse: Browse) -> None:
    page = sign_in(browse(PHONE), house, PERCY)
    expect(page.get_by_role("heading", level=1)).to_contain_text("opens no entry here")
    assert page.locator("a[href^='tel:']").count() >= 1
    page.goto(house.settings.portal_url + "/search?q=x")
    assert "/sign-in" in page.url
    manager = sign_in(browse(DESKTOP), house, ROWAN)
    manager.goto(house.settings.portal_url + "/desk")
    check(manager)
    expect(manager.locator("main")).to_contain_text(re.compile("unknown sign-in", re.IGNORECASE))


def test_a_provider_cannot_speak_for_another_organisations_leader(house: House, browse: Browse) -> None:
    page = sign_in(browse(DESKTOP), house, PIERS, claim=TAMSIN)
    expect(page.get_by_role("heading", level=1)).to_contain_text("cannot be used for this person")
    page.goto(house.settings.portal_url + "/search?q=x")
    assert "/sign-in" in page.url


def test_a_deep_link_is_kept_through_signing_in(house: House, browse: Browse) -> None:
    page = browse(DESKTOP)
    page.goto(house.settings.portal_url + "/search?q=vellacott")
    page.get_by_label("Your work e-mail address").fill(TAMSIN)
    page.get_by_role("button", name="Continue").click()
    page.locator(".choice", has_text=TAMSIN).get_by_role("radio").check()
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(house.settings.portal_url + "/search?q=vellacott")
    expect(page.get_by_role("link", name="Piers Vellacott").first).to_be_visible()


def test_a_leader_who_is_no_manager_sees_no_desk(house: House, browse: Browse) -> None:
    page = sign_in(browse(DESKTOP), house, TAMSIN)
    answer = page.goto(house.settings.portal_url + "/desk")
    assert answer is not None
    assert answer.status in (403, 404)
    check(page)


PUBLIC_PAGES = [
    "/",
    "/sign-in",
    "/sign-in/organisations",
    "/accessibility",
    "/privacy",
    "/cookies",
    "/help",
    "/feedback",
]
PRIVATE_PAGES = [
    "/",
    "/search",
    "/search?q=chief",
    "/search?q=zzzzqx",
    "/organisations",
    "/devices",
    "/sessions",
    "/sign-out",
]


@pytest.mark.parametrize("width", [DESKTOP, 320], ids=["desktop", "small phone"])
def test_every_page_is_well_made(house: House, browse: Browse, width: int) -> None:
    page = browse(width)
    for path in PUBLIC_PAGES:
        page.goto(house.settings.portal_url + path)
        accessible(check(page))
    answer = page.goto(house.settings.portal_url + "/no-such-page")
    assert answer is not None
    assert answer.status == 404
    check(page)
    sign_in(page, house, ROWAN)
    page.goto(house.settings.portal_url + "/search?q=chief+constable")
    person = page.locator(".cp-results a").first.get_attribute("href") or ""
    page.goto(house.settings.portal_url + "/search?q=northmere")
    organisation = page.locator(".cp-organisations a").first.get_attribute("href") or ""
    for path in [*PRIVATE_PAGES, "/desk", person, person + "/write", organisation]:
        page.goto(house.settings.portal_url + path)
        accessible(check(page))


def test_signing_out_can_include_the_organisation(house: House, browse: Browse) -> None:
    page = sign_in(browse(DESKTOP), house, TAMSIN)
    page.goto(house.settings.portal_url + "/sign-out")
    page.get_by_role("button", name=re.compile("Sign out here and at Northmere")).click()
    page.wait_for_url(re.compile("^" + re.escape(house.settings.portal_url) + "/sign-out/done"))
    expect(check(page).get_by_role("heading", level=1)).to_contain_text("signed out")
    page.goto(house.settings.idp_url + "/northmere/slo")
    expect(page.get_by_role("heading", level=1)).to_contain_text("You are not signed in")


def test_signing_out_at_the_organisation_ends_the_session_here(house: House, browse: Browse) -> None:
    page = sign_in(browse(DESKTOP), house, TAMSIN)
    page.goto(house.settings.idp_url + "/northmere/slo")
    page.get_by_role("button", name="Sign out everywhere at this organisation").click()
    page.wait_for_load_state()
    page.goto(house.settings.portal_url + "/search?q=vellacott")
    assert "/sign-in" in page.url


def test_a_device_made_in_the_browser_is_shown_once(house: House, browse: Browse) -> None:
    page = sign_in(browse(PHONE), house, TAMSIN)
    page.goto(house.settings.portal_url + "/devices")
    page.get_by_label("Name of the mail program").fill("Phone of a chief")
    page.get_by_role("button", name=re.compile("password|Add|Make", re.IGNORECASE)).first.click()
    password = check(page).locator("code").first.inner_text()
    assert len(password) >= 22  # 128 random bits
    page.goto(house.settings.portal_url + "/devices")
    expect(page.locator("main")).to_contain_text("Phone of a chief")
    assert password not in page.content()
