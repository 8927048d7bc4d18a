"""One record, several sign-ins: linked by the manager, or proved from both sides; and links by mail."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from counterpart.commands import idp_people
from counterpart.commands.common import Tools
from ldap_schema.changes import Add, Update
from ldap_schema.people import HELD, Person
from saml.errors import ProviderRefused
from saml.identity_change import IdentityChange
from saml.provider import NAME_ID
from store import waiting
from store.models import OutboxMail
from tests.functional.saml_world import ISOLDE, PERCY, PIERS, ROWAN, TAMSIN
from tests.functional.sign_in_kit import Browser, Site, at, found_field


def keys_of(here: Site, uid: str) -> list[str]:
    return [key.partition("|")[0] for key in here.world.sync.people.get(uid).federated_ids]


def move(here: Site, uid: str, organisation: str) -> None:
    before = here.world.sync.people.get(uid)
    here.world.sync.write([Update(before, replace(before, organisation_id=organisation))])


def link(here: Site, manager: Browser, uid: str) -> str:
    """The manager links the one unknown sign-in to the record; gives what the page said."""
    [matter] = here.matters(waiting.UNKNOWN_SIGN_IN)
    page = f"/desk/{matter.id}/link?person={uid}"
    said = manager.post(f"/desk/{matter.id}/link", {"uid": uid, "reason": "called back"}, page)
    return "" if said.status_code == 303 else said.text


def test_a_leader_who_moves_keeps_one_record_and_the_old_sign_in_is_cut_off_at_once(here: Site) -> None:
    old = here.signed_in("hollowbrook", PIERS)
    move(here, "saml-hollowbrook", "saml-rivers")
    refused = here.browser().sign_in("hollowbrook", PIERS)
    assert "You belong to another organisation now" in refused.text
    [matter] = here.matters(waiting.MOVED_SIGN_IN)
    assert matter.organisation == "saml-rivers"
    assert "Nothing is wrong" in here.signed_in("centre", ROWAN).get("/desk").text
    here.browser().sign_in("rivers", PERCY)  # the account that he was given there

    assert link(here, here.signed_in("centre", ROWAN), "saml-hollowbrook") == ""
    assert keys_of(here, "saml-hollowbrook") == ["rivers"]
    assert old.get("/sessions").status_code == 303
    assert here.signed_in("rivers", PERCY).get("/people/saml-hollowbrook").status_code == 200
    assert "sign-in linked by a manager" in here.acts()
    assert here.matters(waiting.UNKNOWN_SIGN_IN) == []
    assert mails(here)[-1].recipient == PIERS


def test_the_manager_can_not_link_what_the_provider_does_not_speak_for(here: Site) -> None:
    here.browser().sign_in("rivers", PERCY)
    manager = here.signed_in("centre", ROWAN)

    said = link(here, manager, "saml-northmere")
    assert "does not speak for" in said
    assert keys_of(here, "saml-northmere") == []
    [_] = here.matters(waiting.UNKNOWN_SIGN_IN)  # still waits: nothing was settled or written down
    assert "sign-in linked by a manager" not in here.acts()


def test_nobody_but_the_manager_links_and_a_reason_is_needed(here: Site) -> None:
    here.browser().sign_in("rivers", PERCY)
    [matter] = here.matters(waiting.UNKNOWN_SIGN_IN)
    leader, manager = here.signed_in("rivers", ISOLDE), here.signed_in("centre", ROWAN)

    path, form = f"/desk/{matter.id}/link", {"uid": "saml-rivers", "reason": "x"}
    assert leader.get(path).status_code == 403
    assert leader.post(path, form).status_code == 403
    missing = manager.post(path, form | {"reason": " "}, f"{path}?person={ISOLDE}")
    assert missing.status_code == 400
    assert "Say how you know" in missing.text
    assert keys_of(here, "saml-rivers") == ["rivers"]


def test_a_person_of_a_shared_domain_is_proposed_to_the_manager_and_to_nobody_else(here: Site) -> None:
    here.world.registry.change("rivers", domains=(), shared_domains=("rivers-and-coasts.example",),
                               scopes=("rivers-and-coasts.example",))  # fmt: skip
    refused = here.browser().sign_in("rivers", ISOLDE)
    assert refused.status_code == 403
    assert keys_of(here, "saml-rivers") == []

    [matter] = here.matters(waiting.UNKNOWN_SIGN_IN)
    manager = here.signed_in("centre", ROWAN)
    page = manager.get(f"/desk/{matter.id}/link").text
    assert "Isolde Marchbank" in page
    assert link(here, manager, "saml-rivers") == ""
    assert here.signed_in("rivers", ISOLDE).get("/sessions").status_code == 200


def test_a_delegate_signs_in_like_a_leader(here: Site) -> None:
    before = here.world.sync.people.get("saml-northmere")
    here.world.sync.write([Update(before, replace(before, kind="assistant"))])

    assert here.signed_in("northmere", TAMSIN).get("/people/saml-northmere").status_code == 200


def test_an_account_connected_from_both_sides_opens_the_record_once_it_has_moved(here: Site) -> None:
    browser = here.signed_in("hollowbrook", PIERS)
    begun = browser.post("/sessions/accounts", {"address": PERCY}, "/sessions/accounts")
    assert at(browser.arrive(begun, "rivers", PERCY)) == "/sessions/accounts?done=yes"
    assert keys_of(here, "saml-hollowbrook") == ["hollowbrook", "rivers"]
    assert browser.get("/sessions").status_code == 200  # still signed in, as before

    refused = here.browser().sign_in("rivers", PERCY)
    assert refused.status_code == 403  # rivers does not speak for his present organisation
    move(here, "saml-hollowbrook", "saml-rivers")
    assert here.signed_in("rivers", PERCY).get("/sessions").status_code == 200
    assert here.browser().sign_in("hollowbrook", PIERS).status_code == 403
    here.age(seconds=61)
    assert browser.get("/sessions").status_code == 303


def test_an_account_that_opens_anothers_record_is_not_connected(here: Site) -> None:
    here.signed_in("rivers", ISOLDE)
    browser = here.signed_in("hollowbrook", PIERS)
    begun = browser.post("/sessions/accounts", {"address": ISOLDE}, "/sessions/accounts")

    refused = browser.arrive(begun, "rivers", ISOLDE)
    assert refused.status_code == 403
    assert "The account was not connected" in refused.text
    assert keys_of(here, "saml-hollowbrook") == ["hollowbrook"]


def test_a_connected_account_can_be_removed_and_the_one_in_use_can_not(here: Site) -> None:
    browser = here.signed_in("hollowbrook", PIERS)
    begun = browser.post("/sessions/accounts", {"address": PERCY}, "/sessions/accounts")
    browser.arrive(begun, "rivers", PERCY)
    page = browser.get("/sessions/accounts").text

    [other] = re.findall(r'name="account" value="([0-9a-f]{64})"', page)
    browser.post("/sessions/accounts/remove", {"account": other}, "/sessions/accounts")
    assert keys_of(here, "saml-hollowbrook") == ["hollowbrook"]
    [place] = here.sessions.places("saml-hollowbrook", "")
    assert place


def switch_to_links(here: Site, hours: int = 8) -> None:
    until = here.world.clock() + timedelta(hours=hours)
    here.world.registry.change("rivers", fallback_until=until.isoformat())


def fallback(here: Site, *words: str) -> None:
    """The operator's command, over the store and by the clock of the test."""

    class AtThisTime(Tools):
        store, clock = here.world.store, here.world.clock  # type: ignore[assignment]

    result = CliRunner().invoke(idp_people.fallback, words, obj=AtThisTime())
    assert result.exit_code == 0, result.output


def mails(here: Site) -> list[OutboxMail]:
    with here.world.store.reading() as tx:
        return list(tx.scalars(select(OutboxMail).order_by(OutboxMail.id)))


def ask_for_link(browser: Browser, address: str = ISOLDE) -> None:
    said = browser.post("/sign-in/link", {"address": address, "next": "/organisations"}, "/sign-in/link")
    assert at(said) == "/sign-in/link/sent"


def mailed(here: Site) -> str:
    [path] = re.findall(r"http://localhost:5000(/sign-in/link/\S+)", mails(here)[-1].text)
    return str(path)


def test_links_are_off_unless_a_provider_is_switched_to_them(here: Site) -> None:
    browser = here.browser()
    assert browser.get("/sign-in/link").status_code == 404
    assert "ask for a link" not in browser.get("/sign-in").text
    switch_to_links(here)
    assert browser.get("/sign-in/link").status_code == 200
    assert "ask for a link" in browser.get("/sign-in").text
    here.age(hours=9)
    assert browser.get("/sign-in/link").status_code == 404


def test_a_mailed_link_signs_in_once_by_its_button_in_the_browser_that_asked(here: Site) -> None:
    switch_to_links(here)
    browser, scanner = here.browser(), here.browser()
    ask_for_link(browser)
    assert mails(here)[-1].recipient == ISOLDE
    path = mailed(here)

    assert scanner.get(path).status_code == 403  # a mail scanner follows it
    assert scanner.post(path, {}, "/sign-in").status_code == 403
    assert browser.get(path).status_code == 200
    assert browser.get("/sessions").status_code == 303  # opening it signed nobody in
    assert at(browser.post(path, {}, path)) == "/organisations"
    assert browser.get("/sessions").status_code == 200
    assert browser.post(path, {}, "/sign-out").status_code == 403  # it works once
    assert "signed in by link" in here.acts()
    assert "Somebody signed in" in mails(here)[-1].text


def test_what_is_said_does_not_tell_whether_an_address_is_known(here: Site) -> None:
    switch_to_links(here)
    for address in ("nobody@rivers-and-coasts.example", TAMSIN, "x@elsewhere.example"):
        ask_for_link(here.browser(), address)
    assert mails(here) == []


def test_a_session_by_link_is_short_and_gives_no_managers_rights(here: Site) -> None:
    until = (here.world.clock() + timedelta(hours=8)).isoformat()
    here.world.registry.change("centre", fallback_until=until)
    browser = here.browser()
    ask_for_link(browser, ROWAN)
    path = mailed(here)
    browser.post(path, {}, path)

    assert browser.get("/desk").status_code == 403
    assert "To change the accounts" in browser.get(at(browser.get("/sessions/accounts"))).text
    for _ in range(5):
        here.age(minutes=20)
        assert browser.get("/sessions/stay").status_code == 303
    here.age(minutes=20, seconds=1)
    assert browser.get("/sessions").status_code == 303


def test_a_session_by_link_outlives_its_hours_and_ends_when_links_are_switched_off(here: Site) -> None:
    fallback(here, "rivers", "--hours", "1", "--reason", "down")
    browser = here.browser()
    ask_for_link(browser)
    path = mailed(here)
    here.age(minutes=10)
    browser.post(path, {}, path)
    for _ in range(3):
        here.age(minutes=20)
        assert browser.get("/sessions").status_code == 200
    assert browser.get("/sign-in/link").status_code == 404  # the hour is over, and nobody is sent away by it

    fallback(here, "rivers", "--off")
    fallback(here, "rivers", "--hours", "1", "--reason", "down again")
    here.age(minutes=1)
    ended = browser.get("/sessions")
    assert "does not open your entry any more" in browser.get(at(ended)).text
    ask_for_link(browser)
    path = mailed(here)
    browser.post(path, {}, path)
    here.age(minutes=2)
    assert browser.get("/sessions").status_code == 200


@pytest.mark.parametrize("change", ["suspended", "switched off", "too old"])
def test_a_link_is_worthless_after(here: Site, change: str) -> None:
    switch_to_links(here)
    browser = here.browser()
    ask_for_link(browser)
    path = mailed(here)
    token_page = browser.get(path)
    if change == "suspended":
        before = here.world.sync.people.get("saml-rivers")
        here.world.sync.write([Update(before, replace(before, status=HELD))])
    elif change == "switched off":
        here.world.registry.change("rivers", fallback_until="")
    else:
        for key in here.world.redis.scan_iter("counterpart:sign-in-link:*"):
            assert 0 < int(str(here.world.redis.ttl(key))) <= 15 * 60
            here.world.redis.delete(key)

    token = found_field(token_page.text, "csrf_token")
    used = browser.client.post(path, data={"csrf_token": token}, base_url="http://localhost:5000")
    assert used.status_code == 403
    assert browser.get("/sessions").status_code == 303


def test_a_mailbox_gets_three_links_an_hour_at_most(here: Site) -> None:
    switch_to_links(here)
    for _ in range(5):
        ask_for_link(here.browser())
    assert len(mails(here)) == 3


def test_by_what_people_are_known_changes_in_steps_that_lock_nobody_out(here: Site) -> None:
    here.signed_in("rivers", ISOLDE)
    second = Person(
        uid="saml-late", full_name="Percy Newstart", family_name="Newstart",
        organisation_id="saml-rivers", sign_in_address="p.newstart@rivers-and-coasts.example",
        federated_ids=("rivers|subject-id|late@rivers-and-coasts.example",),
    )  # fmt: skip
    here.world.sync.write([Add(second)])
    change = IdentityChange(here.world.registry, here.world.sync)

    change.begin("rivers", NAME_ID)
    assert change.progress("rivers").both == 0
    here.signed_in("rivers", ISOLDE)
    kinds = [key.split("|")[1] for key in here.world.sync.people.get("saml-rivers").federated_ids]
    assert kinds == ["subject-id", "name-id"]
    progress = change.progress("rivers")
    assert (progress.first, progress.both, progress.waiting) == (2, 1, ("saml-late",))
    with pytest.raises(ProviderRefused, match="saml-late"):
        change.finish("rivers", 0)
    assert here.signed_in("rivers", ISOLDE)
    change.finish("rivers", 1)
    [key] = here.world.sync.people.get("saml-rivers").federated_ids
    assert key.startswith("rivers|name-id|")
    assert here.signed_in("rivers", ISOLDE).get("/sessions").status_code == 200
    with pytest.raises(ProviderRefused, match="no change"):
        change.cancel("rivers")


@pytest.mark.parametrize("end", ["finish", "cancel"])
def test_whoever_is_signed_in_with_both_keys_stays_so_whatever_becomes_of_the_change(
    here: Site, end: str
) -> None:
    with_the_first = here.signed_in("rivers", ISOLDE)
    change = IdentityChange(here.world.registry, here.world.sync)
    change.begin("rivers", NAME_ID)
    with_both = here.signed_in("rivers", ISOLDE)
    if end == "finish":
        change.finish("rivers", 0)
    else:
        change.cancel("rivers")
    here.age(minutes=2)

    assert with_both.get("/sessions").status_code == 200
    ended = with_the_first.get("/sessions")
    if end == "cancel":
        assert ended.status_code == 200
        return
    assert "Sign in again" in with_the_first.get(at(ended)).text
    here.age(minutes=-2)
    assert ">This one<" in with_both.get("/sessions/accounts").text
    [key] = here.world.sync.people.get("saml-rivers").federated_ids
    here.world.sign_on.linking.remove("saml-rivers", key)
    here.age(minutes=2)
    assert with_both.get("/sessions").status_code == 303  # and the second is cut off like the first


def test_a_change_that_is_cancelled_leaves_the_first_key(here: Site) -> None:
    here.signed_in("rivers", ISOLDE)
    change = IdentityChange(here.world.registry, here.world.sync)
    change.begin("rivers", NAME_ID)
    here.signed_in("rivers", ISOLDE)
    change.cancel("rivers")

    [key] = here.world.sync.people.get("saml-rivers").federated_ids
    assert key.startswith("rivers|subject-id|")
    assert here.signed_in("rivers", ISOLDE).get("/sessions").status_code == 200
