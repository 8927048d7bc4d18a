"""Signing in while a thousand providers are registered: small headers, and a browser that gets through."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import expect
from sqlalchemy import delete

from counterpart.settings import load
from dev.house import House
from saml.registry import Registry
from store.database import Store
from store.models import ProviderRow
from tests.functional.conftest import Browse
from tests.functional.test_journeys import DESKTOP, LIZ, PHONE, PIERS, TAMSIN, sign_in
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
