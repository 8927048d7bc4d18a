"""What opens a record stays its owner's: cut off means cut off, and nobody adds to another's record."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from ldap_schema.people import People, Person
from saml.held_keys import was_cut_off
from saml.identity_change import IdentityChange
from saml.provider import NAME_ID
from store import waiting
from tests.functional.saml_world import ISOLDE, PERCY, PIERS, ROWAN
from tests.functional.sign_in_kit import Browser, Site, at, found_field
from tests.functional.test_portal_linking import keys_of, link, mails


def record(here: Site, uid: str) -> Person:
    return here.world.sync.people.get(uid)


def cut_off(here: Site, uid: str) -> None:
    [key] = record(here, uid).federated_ids
    here.world.sign_on.linking.remove(uid, key)


def test_a_sign_in_that_was_cut_off_does_not_link_itself_again_by_mail(here: Site) -> None:
    here.signed_in("rivers", ISOLDE)
    cut_off(here, "saml-rivers")

    refused = here.browser().sign_in("rivers", ISOLDE)
    assert refused.status_code == 403
    assert "or your account was cut off" in refused.text
    assert was_cut_off(record(here, "saml-rivers"))
    [matter] = here.matters(waiting.UNKNOWN_SIGN_IN)
    assert "its last sign-in was cut off" in matter.summary
    manager = here.signed_in("centre", ROWAN)
    assert "nobody: the last sign-in was cut off" in manager.get(f"/desk/{matter.id}/link").text

    assert link(here, manager, "saml-rivers") == ""
    assert keys_of(here, "saml-rivers") == ["rivers"]
    assert here.signed_in("rivers", ISOLDE).get("/sessions").status_code == 200


def test_a_first_sign_in_that_was_judged_before_a_cut_off_links_nobody(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = People.by_sign_in_address

    def overtaken(people: People, address: str) -> Person | None:
        found = ask(people, address)
        monkeypatch.setattr(People, "by_sign_in_address", ask)
        here.world.sign_on.link("saml-rivers", "rivers|subject-id|first@rivers-and-coasts.example")
        cut_off(here, "saml-rivers")
        return found

    monkeypatch.setattr(People, "by_sign_in_address", overtaken)
    assert here.browser().sign_in("rivers", ISOLDE).status_code == 403
    assert was_cut_off(record(here, "saml-rivers"))


def test_whoever_had_no_second_key_when_a_change_was_finished_is_linked_by_the_manager_alone(
    here: Site,
) -> None:
    here.signed_in("rivers", ISOLDE)
    change = IdentityChange(here.world.registry, here.world.sync)
    change.begin("rivers", NAME_ID)
    change.finish("rivers", 1)

    assert here.browser().sign_in("rivers", ISOLDE).status_code == 403
    assert was_cut_off(record(here, "saml-rivers"))
    assert link(here, here.signed_in("centre", ROWAN), "saml-rivers") == ""
    assert here.signed_in("rivers", ISOLDE).get("/sessions").status_code == 200


def adding(here: Site) -> tuple[Browser, TestResponse]:
    """Piers on his way to the provider whose account he adds to his entry."""
    browser = here.signed_in("hollowbrook", PIERS)
    return browser, browser.post("/sessions/accounts", {"address": PERCY}, "/sessions/accounts")


def test_an_account_that_is_added_is_written_down_and_told_to_the_owner(here: Site) -> None:
    browser, begun = adding(here)

    assert at(browser.arrive(begun, "rivers", PERCY)) == "/sessions/accounts?done=yes"
    assert keys_of(here, "saml-hollowbrook") == ["hollowbrook", "rivers"]
    assert here.acts()[-1] == "provider connected"
    [told] = mails(here)
    assert told.recipient == PIERS
    assert "was connected to your entry" in told.subject
    assert here.world.provider("rivers").name in told.text


def test_an_account_that_is_added_twice_is_told_once(here: Site) -> None:
    browser, begun = adding(here)
    browser.arrive(begun, "rivers", PERCY)
    again = browser.post("/sessions/accounts", {"address": PERCY}, "/sessions/accounts")

    assert browser.arrive(again, "rivers", PERCY).status_code == 303
    assert len(mails(here)) == here.acts().count("provider connected") == 1


def sign_out(here: Site, browser: Browser) -> None:
    browser.post("/sign-out", {"where": "here"})


def sign_out_everywhere(here: Site, browser: Browser) -> None:
    here.sessions.end_all("saml-hollowbrook")


def sign_in_as_another(here: Site, browser: Browser) -> None:
    """In a tab that was open before; the provider's form brings no cookie of the session's along."""
    begun = browser.client.post(
        "/sign-in/begin",
        data={"csrf_token": found_field(browser.get("/sign-out").text, "csrf_token"), "provider": "rivers"},
        base_url="http://localhost:5000",
    )
    browser.client.delete_cookie("counterpart")
    browser.arrive(begun, "rivers", ISOLDE)


def cut_account_off(here: Site, browser: Browser) -> None:
    cut_off(here, "saml-hollowbrook")


@pytest.mark.parametrize("end", [sign_out, sign_out_everywhere, sign_in_as_another, cut_account_off])
def test_no_account_is_added_when_the_session_that_asked_is_over(
    here: Site, end: Callable[[Site, Browser], None]
) -> None:
    browser, begun = adding(here)
    end(here, browser)
    before = record(here, "saml-hollowbrook").federated_ids

    refused = browser.arrive(begun, "rivers", PERCY)
    assert refused.status_code == 403
    assert "You are not signed in any more" in refused.text
    assert record(here, "saml-hollowbrook").federated_ids == before
    assert "provider connected" not in here.acts()
    assert mails(here) == []


def make_ledger_full(here: Site) -> None:
    """The store refuses every further row of the ledger, as a full disk would."""
    with here.world.store.transaction() as tx:
        tx.execute(
            text("CREATE TRIGGER full BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'is full'); END")
        )


def test_without_the_ledger_no_account_is_added(here: Site) -> None:
    browser, begun = adding(here)
    make_ledger_full(here)

    assert browser.arrive(begun, "rivers", PERCY).status_code in {409, 503}
    assert keys_of(here, "saml-hollowbrook") == ["hollowbrook"]
    assert mails(here) == []


def test_without_the_ledger_no_account_is_removed(here: Site) -> None:
    browser, begun = adding(here)
    browser.arrive(begun, "rivers", PERCY)
    [other] = re.findall(r'name="account" value="([0-9a-f]{64})"', browser.get("/sessions/accounts").text)
    make_ledger_full(here)

    said = browser.post("/sessions/accounts/remove", {"account": other}, "/sessions/accounts")
    assert said.status_code in {409, 503}
    assert keys_of(here, "saml-hollowbrook") == ["hollowbrook", "rivers"]
