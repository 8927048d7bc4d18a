"""Odd requests at the addresses where providers send browsers: a calm page or a redirect, never a fault."""

import io
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit

import html5lib
import pytest
from werkzeug.datastructures import MultiDict

from app.saml_forms import leave
from dev.identity_provider.messages import encoded
from dev.servers import Redis, Slapd
from saml.outcomes import Onward
from store.database import Store
from tests.conftest import SettableClock
from tests.portal_kit import Portal, close, make_portal
from tests.saml_kit import signed

RELAY_STATE = "A" * 43
ADDRESS = "https://idp.example/sso?a=b"


@pytest.fixture(scope="module")
def message() -> str:
    return encoded(signed())


@pytest.fixture
def portal(slapd: Slapd, redis_server: Redis, store: Store, clock: SettableClock) -> Iterator[Portal]:
    made = make_portal(slapd, redis_server, store, clock)
    yield made
    close(made)


def test_odd_answers_at_the_acs_sign_nobody_in(portal: Portal, message: str) -> None:
    client = portal.browser()
    both = {"SAMLResponse": message, "RelayState": RELAY_STATE}
    twice = MultiDict([("SAMLResponse", message), ("SAMLResponse", message), ("RelayState", RELAY_STATE)])
    answers = {
        "GET": client.get("/saml/acs", query_string=both),
        "two messages": client.post("/saml/acs", data=twice),
        "JSON": client.post("/saml/acs", json=both),
        "300 kB": client.post("/saml/acs", data=both | {"SAMLResponse": "A" * 300_000}),
        "several megabytes": client.post("/saml/acs", data=both | {"SAMLResponse": "A" * 5_000_000}),
        "no RelayState": client.post("/saml/acs", data={"SAMLResponse": message}),
        "an address for a RelayState": client.post(
            "/saml/acs", data=both | {"RelayState": "https://evil.example/"}
        ),
        "a RelayState that nobody was given": client.post("/saml/acs", data=both),
        "nothing": client.post("/saml/acs"),
        "in the address": client.post("/saml/acs", query_string=both),
        "as text": client.post("/saml/acs", data="SAMLResponse", content_type="text/plain"),
        "not UTF-8": client.post("/saml/acs", data=b"SAMLResponse=%ff%fe&RelayState=%80",
                                 content_type="application/x-www-form-urlencoded"),
        "another method": client.put("/saml/acs", data=both),
    }  # fmt: skip

    for name, answer in answers.items():
        assert answer.status_code in (303, 400, 403, 404, 405, 413), (name, answer.status_code)
        assert answer.status_code != 303 or answer.location.startswith("/sign-in"), name
        assert "evil.example" not in str(answer.headers), name
    assert client.get("/sessions").status_code == 303


@pytest.mark.parametrize("path", ["/saml/acs", "/saml/slo", "/sign-in", "/no-such-page"])
def test_a_form_that_costs_much_to_take_apart_is_not_taken_apart(
    portal: Portal, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, kind = portal.browser(), "application/x-www-form-urlencoded"
    honest = b"text=" + b"%F0%9F%8C%8A" * 10_000 + b"&" + b"&".join(b"a%d=b" % n for n in range(400))
    assert client.post(path, data=honest, content_type=kind).status_code != 413

    monkeypatch.setattr("werkzeug.formparser.parse_qsl", lambda *_, **__: pytest.fail("it was taken apart"))
    for flood in (b"&".join([b"a"] * 250_000), b"%" * 500_000, b"a=" + b"%ff" * 160_000):
        answer = client.post(path, data=flood, content_type=kind)
        assert answer.status_code == 413
        assert "too much to send at once" in answer.text


@pytest.mark.parametrize(("announced", "status"), [(12, 303), (50, 400)])
def test_a_form_that_its_sender_breaks_off_is_not_taken_for_a_whole_one(
    portal: Portal, announced: int, status: int
) -> None:
    as_granian_gives_it = {
        "wsgi.input": io.BytesIO(b"SAMLResponse"), "wsgi.input_terminated": True,
        "CONTENT_LENGTH": str(announced), "CONTENT_TYPE": "application/x-www-form-urlencoded",
    }  # fmt: skip
    answer = portal.browser().post("/saml/acs", environ_overrides=as_granian_gives_it)
    assert answer.status_code == status


def test_odd_logout_messages_are_refused_calmly(portal: Portal, message: str) -> None:
    client = portal.browser()
    twice = MultiDict([("SAMLRequest", message), ("SAMLRequest", message)])
    answers = {
        "nothing": client.get("/saml/slo"),
        "an empty form": client.post("/saml/slo"),
        "a Response": client.post("/saml/slo", data={"SAMLRequest": message}),
        "two messages": client.post("/saml/slo", data=twice),
        "JSON": client.post("/saml/slo", json={"SAMLRequest": message}),
        "unsigned": client.get("/saml/slo", query_string={"SAMLRequest": message}),
        "a query in a post": client.post("/saml/slo", query_string={"SAMLRequest": message}),
        "HEAD": client.head("/saml/slo?SAMLRequest=x&SigAlg=x&Signature=eA=="),
        "long": client.get("/saml/slo?SAMLRequest=" + "A" * 70_000),
        "not ASCII": client.get("/saml/slo?SAMLRequest=%ff&é=1"),
    }  # fmt: skip

    for name, answer in answers.items():
        assert answer.status_code in (303, 400, 403, 413), (name, answer.status_code)
        assert answer.status_code != 303 or answer.location.startswith("/sign-in"), (name, answer.location)


def test_a_posted_message_of_ours_goes_only_to_the_provider_and_can_be_sent_without_scripts(
    portal: Portal,
) -> None:
    fields = (("SAMLRequest", "PHg+"), ("RelayState", '"><script>evil()</script>'))
    with portal.app.test_request_context("/sign-in"):
        portal.app.preprocess_request()
        answer = portal.app.process_response(leave(Onward(ADDRESS, fields)))
    page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(answer.get_data(as_text=True))
    form = next(one for one in page.iter("form") if "data-onward" in one.attrib)

    assert (form.get("method"), form.get("action")) == ("post", ADDRESS)
    assert {one.get("name"): one.get("value") for one in form.iter("input")} == dict(fields)
    assert next(form.iter("button")).text == "Continue"
    assert all(one.get("src") and not one.text for one in page.iter("script"))
    assert "form-action 'self' https://idp.example;" in answer.headers["Content-Security-Policy"]


def test_the_page_for_a_redirect_goes_on_by_itself_and_its_button_asks_for_the_very_same_address(
    portal: Portal,
) -> None:
    address = (
        "https://idp.example/sso?tenant=a%20b&SAMLRequest=PHg%2BPQ%3D%3D&RelayState=x-_&Signature=a%2Fb%3D"
    )
    with portal.app.test_request_context("/sign-in", headers={"Accept": "text/html"}):
        portal.app.preprocess_request()
        answer = portal.app.process_response(leave(Onward(address)))
    page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(answer.get_data(as_text=True))
    [refresh] = [one for one in page.iter("meta") if one.get("http-equiv") == "refresh"]
    form = next(one for one in page.iter("form") if one.get("action") == address)
    fields = [(one.get("name"), one.get("value")) for one in form.iter("input")]

    assert refresh.get("content") == f"0; url={address}"
    assert form.get("method") == "get"
    assert "data-onward" not in form.attrib  # no script: what a form leads to is held to form-action
    sent = urlencode(fields)
    assert sent.partition("&")[2] == address.partition("?")[2].partition("&")[2]
    assert parse_qsl(sent) == parse_qsl(urlsplit(address).query)
