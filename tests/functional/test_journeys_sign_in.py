"""What people see when signing in is not plain: refused, linked by hand, asked again, or sent a link."""

import os
import re
from collections.abc import Iterator

import msgspec
import pytest
from playwright.sync_api import Page, expect
from redis import Redis

from counterpart.settings import load
from dev.house import House
from ldap_schema.changes import Add, Remove
from ldap_schema.directory import Directory, Service
from ldap_schema.people import Person
from tests.functional.conftest import Browse
from tests.functional.pages import accessible, check
from tests.functional.test_journeys import DESKTOP, LIZ, PERCY, PHONE, PIERS, ROWAN, TAMSIN, sign_in

SHOTS = os.environ.get("SHOTS", "")


def seen(page: Page, name: str, *, script: bool = True) -> Page:
    """The page is well made; with SHOTS=folder in the environment it is also photographed."""
    check(page, script=script)
    if script:
        accessible(page)
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}-{page.viewport_size['width']}.png", full_page=True)  # type: ignore[index]
    return page


@pytest.fixture
def newcomer(house: House) -> Iterator[Person]:
    """A record at the department of rivers that nobody is linked to."""
    directory = Directory.open(load({}, house.settings.settings_file).directory, Service.SYNC)
    rivers = directory.people.by_sign_in_address(LIZ)
    assert rivers is not None
    made = Person(
        uid="newcomer-1", full_name="Perpetua Newcomer", family_name="Newcomer", title="Director of dikes",
        organisation_id=rivers.organisation_id, organisation_name=rivers.organisation_name,
        sign_in_address="perpetua.newcomer@rivers-and-coasts.example",
    )  # fmt: skip
    directory.write([Add(made)])
    yield made
    directory.write([Remove(directory.people.get(made.uid))])
    directory.close()


def aged(house: House, uid_of: str) -> None:
    """Make the sign-ins of that address older than an act may be."""
    settings = load({}, house.settings.settings_file)
    directory = Directory.open(settings.directory, Service.SYNC)
    person = directory.people.by_sign_in_address(uid_of)
    directory.close()
    assert person is not None
    password = (
        open(settings.service.redis_password_file).read() if settings.service.redis_password_file else None
    )
    with Redis.from_url(settings.service.redis_url, password=password) as redis:
        for digest in redis.smembers(f"sessions-of:{person.uid}"):  # type: ignore[union-attr]
            key = f"session:{digest.decode()}"
            if raw := redis.get(key):
                values = msgspec.msgpack.decode(raw)  # type: ignore[arg-type]
                redis.set(key, msgspec.msgpack.encode(values | {"authenticated": 0.0}), keepttl=True)


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
def test_a_manager_links_an_unknown_sign_in_after_signing_in_again(
    house: House, browse: Browse, newcomer: Person, javascript: bool
) -> None:
    width = DESKTOP if javascript else PHONE
    refused = sign_in(browse(width, javascript=javascript), house, PERCY, javascript=javascript)
    reference = seen(refused, "unknown", script=javascript).locator(".cp-reference").inner_text()
    page = sign_in(browse(width, javascript=javascript), house, ROWAN, javascript=javascript)
    page.goto(house.settings.portal_url + "/desk")
    matter = seen(page, "desk", script=javascript).locator(".cp-matter", has_text=reference)
    matter.get_by_role("button", name="Link").click()
    page.get_by_label("Their sign-in address here").fill(newcomer.sign_in_address)
    page.get_by_role("button", name="Find").click()
    expect(page.locator("main")).to_contain_text("Perpetua Newcomer")
    page.get_by_label("How do you know").fill("Called back on the office line")
    seen(page, "link", script=javascript)
    aged(house, ROWAN)
    page.locator("main").get_by_role("button", name="Link").click()
    expect(seen(page, "confirm", script=javascript).get_by_role("heading", level=1)).to_contain_text(
        "Confirm"
    )
    page.get_by_role("button", name="Sign in again").click()
    page.locator(".choice", has_text=ROWAN).get_by_role("radio").check()
    page.get_by_role("button", name="Sign in").click()
    if not javascript:
        page.get_by_role("button", name="Continue").click()
    page.wait_for_url(re.compile("/sign-in/resume/"))
    expect(seen(page, "resume", script=javascript).locator("main")).to_contain_text(
        "Called back on the office"
    )
    page.get_by_role("button", name="Link a sign-in to a record").click()
    expect(seen(page, "linked", script=javascript).locator("main")).to_contain_text("off the desk")

    percy = sign_in(browse(width, javascript=javascript), house, PERCY, javascript=javascript)
    expect(percy.locator(".cp-session-line")).to_contain_text("Perpetua Newcomer")
    told = house.mail.wait_for(lambda message: newcomer.sign_in_address in str(message["To"]))
    assert "connected to a sign-in" in str(told["Subject"])


def test_a_link_by_mail_signs_in_where_it_was_asked_for(house: House, browse: Browse) -> None:
    house.commands.run(("idp", "fallback", "hollowbrook", "--hours", "1", "--reason", "a test"))
    page = browse(PHONE)
    page.goto(house.settings.portal_url + "/sign-in")
    seen(page, "start").get_by_role("link", name="ask for a link").click()
    seen(page, "ask").get_by_label("Your work e-mail address").fill(PIERS)
    page.get_by_role("button", name="Send the link").click()
    expect(seen(page, "sent").get_by_role("heading", level=1)).to_contain_text("Look into your mailbox")
    mail = house.mail.wait_for(lambda message: message["Subject"] == "Your link to sign in")
    [link] = re.findall(r"http://\S+/sign-in/link/\S+", mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]

    scanner = browse(DESKTOP)
    scanner.goto(link)
    expect(seen(scanner, "link-elsewhere").locator("main")).to_contain_text("only works in the browser")
    page.goto(link)
    seen(page, "link-open").get_by_role("button", name="Sign in").click()
    expect(page.locator(".cp-session-line")).to_contain_text("Vellacott")
    page.goto(house.settings.portal_url + "/sessions")
    expect(seen(page, "sessions").locator("main")).to_contain_text("Through a mailed link")
    page.goto(house.settings.portal_url + "/sessions/accounts")
    seen(page, "confirm-by-link")
    house.mail.wait_for(lambda message: str(message["Subject"]).startswith("Somebody signed in with a link"))
    house.commands.run(("idp", "fallback", "hollowbrook", "--off"))


@pytest.mark.parametrize("width", [DESKTOP, PHONE, 320], ids=["desktop", "phone", "small phone"])
def test_the_pages_about_ones_own_way_in_are_well_made(house: House, browse: Browse, width: int) -> None:
    page = sign_in(browse(width), house, TAMSIN)
    page.goto(house.settings.portal_url + "/sessions/accounts")
    seen(page, "accounts")
    page.goto(house.settings.portal_url + "/sign-out")
    seen(page, "sign-out")
    page.goto(house.settings.portal_url + "/sign-out/done?there=part")
    seen(page, "partly-signed-out")
    stranger = sign_in(browse(width), house, PIERS, claim=TAMSIN)
    seen(stranger, "not-owned")
    stranger.goto(house.settings.portal_url + "/sign-in?unasked=yes")
    seen(stranger, "unasked")


def test_the_back_button_after_signing_in_leads_to_a_page_that_says_what_to_do(
    house: House, browse: Browse
) -> None:
    page = sign_in(browse(DESKTOP), house, TAMSIN)
    page.go_back()
    page.wait_for_load_state()
    page.goto(house.settings.portal_url + "/sessions")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Where you are signed in")
