"""When a session ends: by the provider's word, by its registration, by the provider, by signing out."""

import base64
import zlib
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from lxml import etree

from dev.identity_provider import messages
from saml.provider import SUSPENDED
from tests.functional.saml_world import ISOLDE
from tests.functional.sign_in_kit import Browser, Site, at, onward, requested


def signed_in_until(here: Site, minutes: int) -> Browser:
    """Somebody who signed in with an answer that bears a SessionNotOnOrAfter."""
    browser = here.browser()
    begun = browser.post("/sign-in/begin", {"provider": "rivers"}, "/sign-in")
    provider, now = here.world.provider("rivers"), here.world.clock()
    request_id = str(etree.fromstring(requested(begun).encode()).get("ID"))
    [isolde] = [one for one in provider.identities if one.mail == ISOLDE]
    answer = messages.answer_for(provider, here.world.config.service, isolde, request_id, now)
    assertion = messages.response(answer).find(f"{{{messages.SAML}}}Assertion")
    assert assertion is not None
    for statement in assertion.iter(f"{{{messages.SAML}}}AuthnStatement"):
        statement.set("SessionNotOnOrAfter", messages.written(now + timedelta(minutes=minutes)))
    [relay_state] = parse_qs(urlsplit(onward(begun)).query)["RelayState"]
    arrived = browser.acs(messages.encoded(messages.sign(assertion, provider)), relay_state)
    assert arrived.status_code == 303, arrived.text
    return browser


def test_a_session_ends_when_the_provider_says_so(here: Site) -> None:
    short, long = signed_in_until(here, minutes=10), signed_in_until(here, minutes=24 * 60)
    here.age(minutes=9)
    assert [each.get("/sessions/stay").status_code for each in (short, long)] == [303, 303]
    assert [each.get("/sessions").status_code for each in (short, long)] == [200, 200]
    here.age(minutes=1, seconds=1)

    ended = short.get("/sessions")
    assert (ended.status_code, at(ended).partition("?")[0]) == (303, "/sign-in")
    assert long.get("/sessions").status_code == 200
    assert len(here.sessions.places("saml-rivers", "")) == 1


def test_a_provider_can_not_lengthen_a_session(here: Site) -> None:
    browser = signed_in_until(here, minutes=7 * 24 * 60)
    for _ in range(12 * 3):
        here.age(minutes=20)
        browser.get("/sessions/stay")

    assert browser.get("/sessions").status_code == 303


def test_a_provider_is_asked_to_sign_somebody_out_by_the_name_that_it_gave(here: Site) -> None:
    browser = here.signed_in("rivers", ISOLDE)
    left = onward(browser.post("/sign-out", {"where": "organisation"}))
    packed = parse_qs(urlsplit(left).query)["SAMLRequest"][0]
    name = etree.fromstring(zlib.decompress(base64.b64decode(packed), -15)).find(f"{{{messages.SAML}}}NameID")

    assert name is not None
    assert dict(name.attrib) == {"Format": messages.PERSISTENT}  # the demonstration writes no qualifiers


def test_a_provider_that_is_suspended_ends_its_sessions_within_a_minute(here: Site) -> None:
    browser = here.signed_in("rivers", ISOLDE)
    here.world.registry.set_state("rivers", SUSPENDED)
    here.age(seconds=61)

    answer = browser.get("/sessions")
    assert answer.status_code == 303
    assert "does not open your entry any more" in browser.get(at(answer)).text


def test_an_organisation_taken_from_the_provider_ends_its_peoples_sessions(here: Site) -> None:
    browser = here.signed_in("rivers", ISOLDE)
    here.world.registry.change("rivers", organisations=("saml-other",))
    here.age(seconds=61)

    assert browser.get("/sessions").status_code == 303
    assert not here.sessions.places("saml-rivers", "")


def test_a_session_ends_with_the_registrations_limit(here: Site) -> None:
    here.world.registry.change("rivers", max_session_hours=1)
    browser = here.signed_in("rivers", ISOLDE)
    for _ in range(2):
        here.age(minutes=20)
        assert browser.get("/sessions/stay").status_code == 303
    here.age(minutes=20, seconds=1)

    assert browser.get("/sessions").status_code == 303


def test_signing_out_here_leaves_the_provider_and_says_when_it_could_not_be_asked(here: Site) -> None:
    browser = here.signed_in("rivers", ISOLDE)
    assert "may end your other work" in browser.get("/sign-out").text
    here.world.registry.change("rivers", slo_url="", slo_post_url="")
    assert "Sign out here and at" not in browser.get("/sign-out").text

    left = browser.post("/sign-out", {"where": "organisation"})
    assert at(left) == "/sign-out/done?there=not"
    assert "still signed in there" in browser.get(at(left)).text
    assert browser.get("/sessions").status_code == 303
