"""Signing in through the portal's own pages, with a real provider, directory, Redis and store."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from ldap_schema.changes import Add
from ldap_schema.people import Person
from saml import rollover
from saml.provider import SUSPENDED
from store import waiting
from tests.functional.saml_world import (
    ISOLDE,
    PERCY,
    ROWAN,
    TAMSIN,
)
from tests.functional.sign_in_kit import Site, at, found_field, onward, requested, stale

MORWENNA = "morwenna.ashgarth@leadership.example"


def test_a_deep_link_survives_signing_in_and_two_windows_do_not_disturb_each_other(here: Site) -> None:
    browser = here.browser()
    first = browser.post("/sign-in/begin", {"provider": "rivers", "next": "/search?q=coast"}, "/sign-in")
    second = browser.post("/sign-in/begin", {"provider": "rivers", "next": "/organisations"}, "/sign-in")

    assert at(browser.arrive(first, "rivers", ISOLDE)) == "/search?q=coast"
    assert at(browser.arrive(second, "rivers", ISOLDE)) == "/organisations"
    assert browser.get("/sessions").status_code == 200


def test_a_sign_in_counts_as_one_try_and_a_refused_answer_as_another(here: Site) -> None:
    strict = Site(here.world, here.index, sign_in_limit="4 per minute")
    assert strict.signed_in("rivers", ISOLDE).get("/sessions").status_code == 200  # one
    assert strict.signed_in("rivers", ISOLDE).get("/sessions").status_code == 200  # two
    browser = strict.browser()
    begun = browser.post("/sign-in/begin", {"provider": "rivers"}, "/sign-in")  # three
    answer = strict.world.answer(onward(begun), "rivers", ISOLDE)

    assert browser.acs(answer[0], "A" * 43).status_code == 403  # four
    assert browser.acs(answer[0], "A" * 43).status_code == 429
    assert browser.post("/sign-in/begin", {"provider": "rivers"}, "/sign-in").status_code == 429
    assert browser.acs(*answer).status_code == 303  # it was counted when it began


def test_the_request_cookie_goes_to_saml_alone_and_the_session_cookie_is_lax(here: Site) -> None:
    browser = here.browser()
    begun = browser.post("/sign-in/begin", {"provider": "rivers"}, "/sign-in")
    [cookie] = [line for line in begun.headers.getlist("Set-Cookie") if "counterpart-request" in line]

    assert all(
        part in cookie for part in ("Secure", "HttpOnly", "SameSite=None", "Path=/saml", "Max-Age=600")
    )
    arrived = browser.arrive(begun, "rivers", ISOLDE)
    [session] = [line for line in arrived.headers.getlist("Set-Cookie") if line.startswith("counterpart=")]
    assert "SameSite=Lax" in session
    assert "HttpOnly" in session


def test_a_program_that_asks_for_no_page_is_redirected_as_the_binding_says(here: Site) -> None:
    browser, program = here.browser(), here.browser()
    program.client.environ_base["HTTP_ACCEPT"] = "*/*"
    page = browser.post("/sign-in/begin", {"provider": "rivers"}, "/sign-in")
    begun = program.post("/sign-in/begin", {"provider": "rivers"}, "/sign-in")

    assert begun.status_code == 303
    assert begun.headers["Location"].partition("?")[0] == onward(page).partition("?")[0]
    answer = here.world.answer(begun.headers["Location"], "rivers", ISOLDE)
    assert program.acs(*answer).status_code == 303
    assert program.get("/sessions").status_code == 200


def test_the_same_answer_sent_again_says_what_may_have_happened(here: Site) -> None:
    browser = here.browser()
    begun = browser.post("/sign-in/begin", {"provider": "rivers"}, "/sign-in")
    answer = here.world.answer(onward(begun), "rivers", ISOLDE)
    assert browser.acs(*answer).status_code == 303

    again = browser.acs(*answer)
    assert again.status_code == 403
    assert "you may be signed in already" in again.text
    assert browser.get("/sessions").status_code == 200  # and it was so


def test_without_cookies_the_page_says_so(here: Site) -> None:
    browser, other = here.browser(), here.browser()
    begun = browser.post("/sign-in/begin", {"provider": "rivers"}, "/sign-in")

    refused = other.arrive(begun, "rivers", ISOLDE)
    assert refused.status_code == 403
    assert "cookies" in refused.text
    assert other.get("/sessions").status_code == 303


def test_an_answer_that_nobody_asked_for_leads_to_the_start_with_a_sentence(here: Site) -> None:
    browser = here.browser()

    answer = browser.acs("PHg+", "https://evil.example/")
    assert (answer.status_code, at(answer)) == (303, "/sign-in?unasked=yes")
    assert "Signing in always starts on this page" in browser.get(at(answer)).text
    assert at(browser.get("/saml/acs")) == "/sign-in"


@pytest.mark.parametrize("minutes", [2, -2])
def test_two_minutes_between_the_clocks_are_nothing(here: Site, minutes: int) -> None:
    here.age(minutes=minutes)
    assert here.browser().sign_in("rivers", ISOLDE).status_code == 303


@pytest.mark.parametrize("minutes", [10, -10])
def test_ten_minutes_between_the_clocks_are_said_and_let_nobody_in(here: Site, minutes: int) -> None:
    here.age(minutes=minutes)
    browser = here.browser()
    refused = browser.sign_in("rivers", ISOLDE)

    assert refused.status_code == 403
    assert "of your organisation and of this site differ" in refused.text
    assert "it-desk@rivers-and-coasts.example" in refused.text
    [matter] = here.matters(waiting.FAILED_SIGN_IN)
    assert "clocks" in matter.summary
    assert browser.get("/sessions").status_code == 303


def test_an_unknown_sign_in_waits_with_its_key_and_its_reference(here: Site) -> None:
    refused = here.browser().sign_in("rivers", PERCY)

    [matter] = here.matters(waiting.UNKNOWN_SIGN_IN)
    assert matter.details["reference"] in refused.text
    assert matter.details["federated_id"].startswith("rivers|subject-id|")
    assert "percy" not in matter.summary


def test_another_departments_provider_is_refused_and_the_desk_is_told_whose_people_it_spoke_of(
    here: Site,
) -> None:
    refused = here.browser().sign_in("hollowbrook", TAMSIN)

    assert refused.status_code == 403
    [matter] = here.matters(waiting.REFUSED_SIGN_IN)
    assert matter.organisation == "saml-northmere"
    with here.world.store.reading() as tx:
        assert waiting.open_items(tx, organisation="saml-northmere") == [matter]
        assert waiting.open_items(tx, organisation="saml-rivers") == []
    desk = here.signed_in("centre", ROWAN).get("/desk").text
    assert "Concerns people of SAML test northmere-constabulary" in desk


def test_what_a_department_has_to_mend_is_on_the_desk_with_the_reason(here: Site) -> None:
    here.world.registry.change("rivers", contexts=("https://refeds.org/profile/mfa",))
    refused = here.browser().sign_in("rivers", ISOLDE)

    assert "more than a password" in refused.text
    assert "it-desk@rivers-and-coasts.example" in refused.text
    [matter] = here.matters(waiting.FAILED_SIGN_IN)
    assert "authentication contexts" in matter.summary


def test_a_managers_act_asks_for_a_fresh_sign_in_and_keeps_what_was_typed(here: Site) -> None:
    with here.world.store.transaction() as tx:
        matter = waiting.raise_item(tx, waiting.FEEDBACK, "k", "Something.", datetime.now(UTC))
    browser = here.signed_in("centre", ROWAN)
    stale(here, "saml-centre")

    asked = browser.post(f"/desk/{matter}/settle", {"note": "typed <before>"}, "/desk")
    assert at(asked).startswith("/sign-in/confirm/")
    assert here.matters(waiting.FEEDBACK)  # nothing was done
    assert "settle a matter on the desk" in browser.get(at(asked)).text
    begun = browser.post(at(asked), {}, at(asked))
    assert "ForceAuthn" in requested(begun)
    back = at(browser.arrive(begun, "centre", ROWAN))
    page = browser.get(back).text
    assert "typed &lt;before&gt;" in page
    assert found_field(page, "note") == "typed <before>"
    assert here.matters(waiting.FEEDBACK)
    browser.post(f"/desk/{matter}/settle", {"note": "typed <before>"}, back)
    assert here.matters(waiting.FEEDBACK) == []
    assert len(here.sessions.places("saml-centre", "")) == 1  # the old session is over


def test_somebody_else_cannot_confirm_an_act(here: Site) -> None:
    browser = here.signed_in("centre", ROWAN)
    stale(here, "saml-centre")
    asked = at(browser.post("/desk/1/settle", {}))
    other = here.signed_in("rivers", ISOLDE)

    assert other.get(asked).status_code == 410  # nor see what was typed
    begun = browser.post(asked, {}, asked)
    second = Person(
        uid="saml-second", full_name="Morwenna Ashgarth", family_name="Ashgarth",
        organisation_id="saml-centre", sign_in_address=MORWENNA,
    )  # fmt: skip
    here.world.sync.write([Add(second)])
    refused = browser.arrive(begun, "centre", MORWENNA)
    assert "Somebody else signed in" in refused.text
    assert browser.get("/sessions").status_code == 200


def test_an_act_without_the_forms_token_is_not_kept(here: Site) -> None:
    browser = here.signed_in("centre", ROWAN)
    stale(here, "saml-centre")

    answer = browser.client.post("/desk/1/settle", data={"a": "b"}, base_url="http://localhost:5000")
    assert answer.status_code == 400


def test_the_ends_of_keys_and_metadata_are_among_the_metrics(here: Site) -> None:
    until = here.world.clock() + timedelta(days=9)
    here.world.registry.change("rivers", believed_until=until)
    here.world.registry.change("northmere", state=SUSPENDED)
    told = here.browser().get("/metrics").text
    numbers = dict(re.findall(r"(\w+_seconds\{[^}]*\}) (\S+)", told))

    metadata = numbers['counterpart_provider_ends_timestamp_seconds{provider="rivers",what="metadata"}']
    assert float(metadata) == pytest.approx(until.timestamp(), abs=1)
    own = float(numbers['counterpart_own_certificate_ends_timestamp_seconds{certificate="current"}'])
    assert own > until.timestamp()
    assert re.search(r'ends_timestamp_seconds\{provider="rivers",what="signing certificate [^"]+"\}', told)
    assert 'counterpart_provider_metadata_failures{provider="rivers"} 0.0' in told
    assert 'provider="northmere"' not in told  # nobody is signed in through it


def test_our_metadata_can_be_asked_for_again_without_being_sent_again(here: Site) -> None:
    client = here.app.test_client()
    first = client.get("/saml/metadata", base_url="http://localhost:5000")
    assert (first.status_code, first.mimetype) == (200, "application/samlmetadata+xml")
    etag = {"If-None-Match": first.headers["ETag"]}

    assert client.get("/saml/metadata", base_url="http://localhost:5000", headers=etag).status_code == 304
    rollover.start(here.world.settings, here.world.clock())
    again = client.get("/saml/metadata", base_url="http://localhost:5000", headers=etag)
    assert again.status_code == 200
    assert again.data.count(b'use="signing"') == 2
