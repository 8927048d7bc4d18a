"""Signing in while a thousand providers are registered: a list to search, small headers, a way through."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from sqlalchemy import delete

from counterpart.settings import load
from dev.house import House
from saml.logos import Logos
from saml.registry import Registry
from store.database import Store
from store.models import ProviderRow
from tests.functional.conftest import Browse
from tests.functional.test_journeys import DESKTOP, LIZ, PHONE, PIERS, TAMSIN, sign_in
from tests.functional.test_journeys_sign_in import seen
from tests.functional.visitor import Visitor
from tests.many_providers import many, register


@pytest.fixture(scope="module")
def crowded(house: House) -> Iterator[Registry]:
    """The house with a thousand providers more, and what a test changed of the others put back after it."""
    store = Store.open(load({}, house.settings.settings_file).store)
    registry = Registry(store)
    before = registry.all()
    register(store, many())
    yield registry
    with store.transaction() as tx:
        tx.execute(delete(ProviderRow).where(ProviderRow.id.startswith("council-")))
    register(store, before)
    store.close()


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
@pytest.mark.parametrize(
    ("address", "binding"), [(LIZ, "redirect"), (TAMSIN, "post")], ids=["redirect", "post"]
)
def test_a_browser_signs_in_over_either_binding_among_a_thousand_providers(
    house: House, browse: Browse, crowded: Registry, address: str, binding: str, javascript: bool
) -> None:
    if binding == "post":
        crowded.change("northmere", sso_url="")
    page = browse(DESKTOP if javascript else PHONE, javascript=javascript)
    posted = []
    page.on("request", lambda asked: posted.append(asked.method) if "/northmere/sso" in asked.url else None)
    if binding == "post" and not javascript:
        page.goto(house.settings.portal_url + "/sign-in")
        page.get_by_label("Your work e-mail address").fill(address)
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Continue to your organisation")
        page.get_by_role("button", name="Continue").click()
        expect(page).to_have_url(re.compile("^" + re.escape(house.settings.idp_url)))
        page.locator(".choice", has_text=address).get_by_role("radio").check()
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url(re.compile("^" + re.escape(house.settings.portal_url)))
    else:
        sign_in(page, house, address, javascript=javascript)

    assert page.locator(".cp-session-line").count() == 1
    assert ("POST" in posted) == (binding == "post")


def test_no_header_grows_with_the_providers(house: House, crowded: Registry) -> None:
    crowded.change("northmere", sso_url="")
    visitor = Visitor(house.settings.portal_url)
    start = visitor.get("/sign-in")
    onward = visitor.submit(start, "address", follow=False, address=TAMSIN)
    for answer in (start, visitor.get("/sign-in/organisations"), onward):
        assert answer.status == 200
        assert sum(len(name) + len(value) + 4 for name, value in answer.headers.items()) < 2048
    policy = {part.split()[0]: part for part in onward.headers["Content-Security-Policy"].split("; ")}
    assert policy["form-action"] == f"form-action 'self' {house.settings.idp_url}"
    assert "form-action 'self';" in start.headers["Content-Security-Policy"]


@contextmanager
def elsewhere(to: str) -> Iterator[str]:
    """A provider's front door, on an origin of its own, that sends everybody on to another one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", to)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/sso"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_provider_may_send_the_browser_on_to_a_host_that_no_metadata_names(
    house: House, browse: Browse, crowded: Registry
) -> None:
    page = browse(PHONE)
    with elsewhere(house.settings.idp_url + "/hollowbrook/slo") as door:
        crowded.change("hollowbrook", sso_url=door)
        page.goto(house.settings.portal_url + "/sign-in")
        page.get_by_label("Your work e-mail address").fill(PIERS)
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url(house.settings.idp_url + "/hollowbrook/slo")


@pytest.mark.parametrize(
    ("width", "javascript"),
    [(DESKTOP, True), (PHONE, False), (320, True)],
    ids=["desktop", "phone without scripts", "small phone"],
)
def test_somebody_finds_their_organisation_among_a_thousand_and_is_taken_there(
    house: House, browse: Browse, crowded: Registry, width: int, javascript: bool
) -> None:
    page = browse(width, javascript=javascript)
    page.goto(house.settings.portal_url + "/sign-in/organisations?next=/search%3Fq%3Dmarchbank")
    assert page.locator(".cp-choice").count() == 0
    seen(page, "picker", script=javascript).get_by_role("link", name="C", exact=True).click()
    assert page.locator(".cp-choice").count() == 30
    expect(page.locator("main")).to_contain_text(re.compile(r"1,00\d organisations under C"))
    seen(page, "picker-letter", script=javascript).get_by_role("link", name="Next").click()
    expect(page.locator("main")).to_contain_text(re.compile(r"Page 2 of \d+"))
    page.get_by_label("Part of its name").fill("rivers coasts")
    page.get_by_role("button", name="Find").click()
    expect(page.locator(".cp-choice")).to_have_count(1)
    seen(page, "picker-found", script=javascript)
    page.get_by_label("Part of its name").focus()
    for _ in range(2):  # to the button beside it, then to the one line
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("^" + re.escape(house.settings.idp_url)))
    page.locator(".choice", has_text=LIZ).get_by_role("radio").check()
    page.get_by_role("button", name="Sign in").click()
    if not javascript:
        page.get_by_role("button", name="Continue").click()
    page.wait_for_url(re.compile(r"/search\?q=marchbank"))


def test_the_list_stays_small_with_a_thousand_organisations(house: House, crowded: Registry) -> None:
    visitor = Visitor(house.settings.portal_url)
    for path in ("", "?letter=C", "?q=council", "?q=shires+0042"):
        answer = visitor.get("/sign-in/organisations" + path)
        assert (answer.status, len(answer.body) < 40_000) == (200, True), path


def test_the_browser_remembers_the_organisation_with_its_logo_until_told_to_forget(
    house: House, browse: Browse, crowded: Registry
) -> None:
    store = Store.open(load({}, house.settings.settings_file).store)
    Logos(store, lambda: datetime.now(UTC)).run_due()
    store.close()
    page = sign_in(browse(PHONE), house, LIZ)
    page.goto(house.settings.portal_url + "/sign-out")
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.goto(house.settings.portal_url + "/sign-in?next=/sessions")
    last = seen(page, "remembered").locator(".cp-last")
    picture = last.locator("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth") == 160
    assert urlsplit(str(picture.evaluate("image => image.src"))).netloc == urlsplit(page.url).netloc
    last.get_by_role("button", name=re.compile("Rivers and Coasts")).click()
    page.wait_for_url(re.compile("^" + re.escape(house.settings.idp_url)))

    page.goto(house.settings.portal_url + "/sign-in?next=/sessions")
    page.get_by_role("button", name="forget it on this device").click()
    expect(page.locator(".cp-last")).to_have_count(0)
    assert "next=/sessions" in page.url or "next=%2Fsessions" in page.url
    assert not [one for one in page.context.cookies() if one.get("name") == "counterpart-organisation"]


def test_a_shared_domain_asks_and_says_why(house: House, browse: Browse, crowded: Registry) -> None:
    page, northmere = browse(PHONE), crowded.get("northmere")
    assert northmere is not None
    before = northmere.organisations
    for ids, expected in ((("rivers",), "Is it this one"), (("rivers", "northmere"), "we have to ask")):
        for id in ids:
            crowded.change(id, shared_domains=("nhs.example",))
        page.goto(house.settings.portal_url + "/sign-in?next=/sessions")
        page.get_by_label("Your work e-mail address").fill("somebody@nhs.example")
        page.get_by_role("button", name="Continue").click()
        expect(seen(page, f"shared-{len(ids)}").locator("main")).to_contain_text(expected)
        expect(page.locator(".cp-choice")).to_have_count(len(ids))
    page.get_by_role("button", name=re.compile("Northmere")).click()
    page.wait_for_url(re.compile("^" + re.escape(house.settings.idp_url)))

    rivers = crowded.get("rivers")
    assert rivers is not None
    crowded.change("northmere", organisations=rivers.organisations)
    page.goto(house.settings.portal_url + "/sign-in?next=/sessions")
    page.get_by_label("Your work e-mail address").fill("somebody@nhs.example")
    page.get_by_role("button", name="Continue").click()
    expect(seen(page, "several").locator("main")).to_contain_text("several sign-in pages")
    expect(page.locator(".cp-choice")).to_have_count(2)
    crowded.change("northmere", organisations=before)


def test_a_logo_of_a_provider_that_is_not_live_does_not_exist(house: House, crowded: Registry) -> None:
    visitor = Visitor(house.settings.portal_url)
    for id in ("nobody", "council-0001", "..%2Fsecret"):
        assert visitor.get(f"/sign-in/logos/{id}").status == 404
