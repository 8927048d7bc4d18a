"""The demonstration provider's pages are valid, labelled and without inline script, in every case."""

import io
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import html5lib
import pytest

from dev.identity_provider import messages
from dev.identity_provider.config import Config, Identity
from dev.identity_provider.server import Application
from saml.messages import authn_request, redirect_url
from tests.saml_kit import ISOLDE, NOW, SETTINGS, believe, identity_provider, keys, service

RIVERS = replace(
    identity_provider(), identities=(ISOLDE, Identity("<b>Łukasz & co</b>", "l@x.example", "l@x.example"))
)
CONFIG = Config("127.0.0.1", 5001, service(), (RIVERS,))


class Browser:
    """Asks the application directly."""

    def __init__(self) -> None:
        self.application = Application(CONFIG, lambda: NOW)
        self.status = ""
        self.headers: dict[str, str] = {}

    def ask(self, path: str, form: dict[str, str] | None = None) -> str:
        body = urlencode(form or {}).encode()
        path, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET" if form is None else "POST", "PATH_INFO": path, "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body),
        }  # fmt: skip

        def start(status: str, headers: Iterable[tuple[str, str]], _: object = None) -> Any:
            self.status, self.headers = status, dict(headers)

        return b"".join(self.application(environ, start)).decode()


def request(relay_state: str = "opaque") -> str:
    message = authn_request("_request-of-this-browser", RIVERS.sso_url, SETTINGS, NOW)
    return redirect_url(RIVERS.sso_url, "SAMLRequest", message, relay_state, keys()).partition("?")[2]


PAGES: dict[str, tuple[str, dict[str, str] | None]] = {
    "index": ("/", None),
    "choose": ("/rivers/sso?" + request(), None),
    "nothing chosen": ("/rivers/sso", {"query": request()}),
    "hand over": ("/rivers/sso", {"query": request(), "identity": "1"}),
    "cancelled": ("/rivers/sso", {"query": request(), "cancel": "yes"}),
    "sign out": ("/rivers/slo", None),
    "bad request": ("/rivers/sso?SAMLRequest=x", None),
    "not found": ("/rivers/nowhere", None),
}


@pytest.mark.parametrize(("path", "form"), PAGES.values(), ids=PAGES.keys())
def test_every_page_is_valid_labelled_and_without_inline_script(
    path: str, form: dict[str, str] | None
) -> None:
    browser = Browser()
    text = browser.ask(path, form)
    document = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)

    assert len(document.findall(".//h1")) == 1
    assert document.findtext(".//title")
    labelled = {label.get("for") for label in document.iter("label")}
    fields = [one for one in document.iter("input") if one.get("type") != "hidden"]
    assert all(one.get("id") in labelled for one in fields)
    assert all(script.get("src") and not script.text for script in document.iter("script"))
    assert "script-src 'self'" in browser.headers["Content-Security-Policy"]
    assert "<b>" not in text


def test_choosing_somebody_gives_an_answer_that_is_believed_and_a_button_to_send_it() -> None:
    text = Browser().ask("/rivers/sso", {"query": request("a&b"), "identity": "0"})
    document = html5lib.parse(text, namespaceHTMLElements=False)
    form = next(document.iter("form"))
    values = {one.get("name"): str(one.get("value")) for one in form.iter("input")}

    assert form.get("action") == SETTINGS.acs_url
    assert values["RelayState"] == "a&b"
    assert believe(values["SAMLResponse"]).attributes[messages.MAIL] == (ISOLDE.mail,)
    assert next(form.iter("button")).text == "Continue"


@pytest.mark.parametrize("identity", ["", "2", "-1", "x", "²"])
def test_a_choice_that_is_none_is_asked_again(identity: str) -> None:
    browser = Browser()
    browser.ask("/rivers/sso", {"query": request(), "identity": identity})

    assert browser.status.startswith("400")


@pytest.mark.parametrize("part", ["SAMLRequest", "RelayState", "SigAlg", "Signature"])
def test_a_request_that_was_changed_is_not_answered(part: str) -> None:
    browser = Browser()
    changed = "&".join(f"{one}A" if one.startswith(part) else one for one in request().split("&"))
    browser.ask(f"/rivers/sso?{changed}")

    assert browser.status.startswith("400")
