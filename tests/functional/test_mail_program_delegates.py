"""A private office looks after its leader's mail programs, as far and as long as that was delegated."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import ldap3
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from dev.servers import Redis, Slapd
from ldap_schema.changes import Add, Remove, Update
from ldap_schema.clock import london_today
from ldap_schema.delegations import DEVICES, SEARCH, Delegation
from ldap_schema.people import HELD, SEALED_ALL, SEALED_POST, Person
from store import ledger, waiting
from store.database import Store
from store.models import LedgerEntry, OutboxMail
from tests.conftest import SettableClock
from tests.functional.directory_kit import bind_code, bound
from tests.portal_kit import Portal, close, make_portal


@pytest.fixture
def portal(slapd: Slapd, redis_server: Redis, store: Store, clock: SettableClock) -> Iterator[Portal]:
    made = make_portal(slapd, redis_server, store, clock)
    yield made
    close(made)


def signing_in(portal: Portal, name: str) -> Person:
    return portal.person(display_name=name, sign_in_address=f"{secrets.token_hex(6)}@quills.example")


@pytest.fixture
def leader(portal: Portal) -> Person:
    return signing_in(portal, "Dame Ada Quill")


@pytest.fixture
def assistant(portal: Portal) -> Person:
    return signing_in(portal, "Bo Reed")


@pytest.fixture
def office(portal: Portal, assistant: Person) -> FlaskClient:
    return portal.browser(assistant)


def delegated(
    portal: Portal, leader: Person, assistant: Person, scope: str = DEVICES, last_day: date | None = None
) -> None:
    standing = Delegation(
        id=secrets.token_hex(8), leader=leader.uid, delegate=assistant.uid, scopes=(scope,), last_day=last_day
    )
    portal.sync.write([Add(standing)])


def post(portal: Portal, client: FlaskClient, path: str, **fields: str) -> int:
    return client.post(path, data={"csrf_token": portal.token(client), **fields}).status_code


def added(portal: Portal, client: FlaskClient, owner: Person, label: str = "Office laptop") -> str:
    form = {"csrf_token": portal.token(client), "label": label, "program": "other", "owner": owner.uid}
    page = client.post("/devices", data=form).get_data(as_text=True)
    found = re.search(r"uid=(\w+),ou=credentials", page)
    assert found is not None, page
    return found.group(1)


def acts(store: Store, subject: str) -> list[tuple[str, str, str]]:
    with store.reading() as tx:
        rows = tx.scalars(select(LedgerEntry).where(LedgerEntry.subject == subject))
        return [(row.event, row.actor, row.details) for row in rows]


def mails(store: Store) -> list[OutboxMail]:
    with store.reading() as tx:
        return list(tx.scalars(select(OutboxMail)))


def test_the_office_adds_a_device_for_its_leader_who_sees_it_and_is_told(
    portal: Portal, store: Store, leader: Person, assistant: Person, office: FlaskClient
) -> None:
    assert "Who is it for?" not in office.get("/devices").get_data(as_text=True)
    delegated(portal, leader, assistant)
    page = office.get("/devices").get_data(as_text=True)
    assert "Who is it for?" in page
    assert "For Dame Ada Quill" in page
    id_ = added(portal, office, leader)
    assert portal.services.directory.credentials.get(id_).owner == leader.uid
    assert acts(store, id_) == [("device added", assistant.uid, f'{{"for":"{leader.uid}"}}')]
    (mail,) = mails(store)
    assert mail.recipient == leader.sign_in_address
    assert "Bo Reed" in mail.text
    assert "Office laptop" in mail.text
    own = portal.browser(leader)
    assert "Added by Bo Reed" in own.get("/devices").get_data(as_text=True)
    assert post(portal, own, f"/devices/{id_}/remove") == 303, "the owner has the last say"


def test_the_office_sets_up_removes_and_restores_what_its_leader_has(
    portal: Portal, store: Store, clock: SettableClock, leader: Person, assistant: Person, office: FlaskClient
) -> None:
    delegated(portal, leader, assistant)
    made = portal.services.directory.credentials.issue(leader.uid, "Phone", clock())
    id_ = made.credential.id
    assert "Dame Ada Quill" in office.get(f"/devices/{id_}/set-up/mutt").get_data(as_text=True)
    portal.services.directory.credentials.suspend(id_)
    with store.transaction() as tx:
        waiting.raise_item(tx, waiting.SUSPENDED_DEVICE, id_, "A device was suspended.", clock())
    assert post(portal, office, f"/devices/{id_}/restore") == 303
    assert not portal.services.directory.credentials.get(id_).suspended
    with store.reading() as tx:
        assert waiting.open_items(tx, waiting.SUSPENDED_DEVICE) == []
    (mail,) = mails(store)
    assert "all is well" in mail.text
    assert post(portal, office, f"/devices/{id_}/remove") == 303
    assert [event for event, _, _ in acts(store, id_)] == ["device restored", "device removed"]


@pytest.mark.parametrize(
    "case", ["nothing delegated", "another thing", "over since yesterday", "leader suspended"]
)
def test_who_may_not_look_after_a_leaders_devices_finds_none(
    portal: Portal, clock: SettableClock, leader: Person, assistant: Person, office: FlaskClient, case: str
) -> None:
    yesterday = london_today(clock()) - timedelta(days=1)
    if case == "another thing":
        delegated(portal, leader, assistant, SEARCH)
    elif case == "over since yesterday":
        delegated(portal, leader, assistant, last_day=yesterday)
    elif case == "leader suspended":
        delegated(portal, leader, assistant)
    made = portal.services.directory.credentials.issue(leader.uid, "Phone", clock())
    if case == "leader suspended":
        portal.sync.write([Update(leader, replace(leader, status=HELD))])
    assert "Dame Ada Quill" not in office.get("/devices").get_data(as_text=True)
    assert office.get(f"/devices/{made.credential.id}/set-up/mutt").status_code == 404
    for act in ("remove", "restore", "profile"):
        assert post(portal, office, f"/devices/{made.credential.id}/{act}") == 404
    form = {"csrf_token": portal.token(office), "label": "x", "program": "other", "owner": leader.uid}
    assert office.post("/devices", data=form).status_code == 400
    assert [each.label for each in portal.services.directory.credentials.of(leader.uid)] == ["Phone"]


def test_whoever_may_choose_has_to_say_for_whom(
    portal: Portal, leader: Person, assistant: Person, office: FlaskClient
) -> None:
    delegated(portal, leader, assistant)
    form = {"csrf_token": portal.token(office), "label": "x", "program": "other"}
    assert office.post("/devices", data=form).status_code == 400
    for owner in (leader, assistant):
        assert portal.services.directory.credentials.of(owner.uid) == []


def test_a_delegation_is_asked_for_at_every_act_and_its_last_day_counts(
    portal: Portal, clock: SettableClock, leader: Person, assistant: Person, office: FlaskClient
) -> None:
    delegated(portal, leader, assistant, last_day=london_today(clock()))
    id_ = added(portal, office, leader)
    clock.advance(minutes=2)
    assert office.get(f"/devices/{id_}/set-up/mutt").status_code == 200
    clock.advance(days=1)
    office = portal.browser(assistant)
    assert post(portal, office, f"/devices/{id_}/remove") == 404


def test_an_office_s_own_device_is_its_own(
    portal: Portal, store: Store, slapd: Slapd, leader: Person, assistant: Person, office: FlaskClient
) -> None:
    delegated(portal, leader, assistant)
    id_ = added(portal, office, assistant)
    assert portal.services.directory.credentials.get(id_).owner == assistant.uid
    assert mails(store) == []
    with store.reading() as tx:
        assert ledger.actors(tx, "device added", [id_]) == {id_: assistant.uid}
    stranger = portal.browser(leader)
    assert post(portal, stranger, f"/devices/{id_}/remove") == 404, "acting for goes one way"
    issued = portal.services.directory.credentials.issue(leader.uid, "Phone", portal.services.clock())
    assert bind_code(slapd, issued) == 0


def test_a_sealed_leader_s_device_sees_what_the_leader_sees_and_never_the_leader(
    portal: Portal, store: Store, slapd: Slapd, leader: Person, assistant: Person, office: FlaskClient
) -> None:
    other = portal.person(display_name="Cy Vane")
    delegated(portal, leader, assistant)
    portal.sync.write([Update(leader, replace(leader, sealed=SEALED_POST))])
    assert "Dame Ada Quill" in office.get("/devices").get_data(as_text=True), (
        "whoever acts for them still does"
    )
    made = devices_added(portal, office, leader, assistant)
    assert [mail.recipient for mail in mails(store)] == [leader.sign_in_address]
    for device in made:
        assert seen(slapd, device, f"(sn={other.family_name})") == [other.uid], "the positive control"
        assert seen(slapd, device, f"(mail={other.uid}@*)") == [other.uid]
        for trace in (f"sn={leader.family_name}", f"mail={leader.uid}@*", f"uid={leader.uid}", "nlcSealed=*"):
            assert seen(slapd, device, f"({trace})") == [], f"{trace} to {device[0]}"
        assert seen(slapd, device, "(objectClass=*)", f"uid={leader.uid},ou=people,{slapd.suffix}") == []


def test_a_delegation_that_ended_leaves_the_device_to_its_leader_alone(
    portal: Portal, slapd: Slapd, leader: Person, assistant: Person, office: FlaskClient
) -> None:
    delegated(portal, leader, assistant)
    portal.sync.write([Update(leader, replace(leader, sealed=SEALED_ALL))])
    device, _ = devices_added(portal, office, leader, assistant)
    id_, other = device[0].split(",")[0].removeprefix("uid="), portal.person()
    with bound(slapd, *device) as connection:
        portal.sync.write([Remove(each) for each in portal.sync.delegations.by_leader(leader.uid)])
        assert "Dame Ada Quill" not in office.get("/devices").get_data(as_text=True)
        assert post(portal, office, f"/devices/{id_}/remove") == 404
        assert found_by(connection, slapd, f"(uid={other.uid})") == [other.uid], "it is the leader's own"
        own = portal.browser(leader)
        assert "Added by Bo Reed" in own.get("/devices").get_data(as_text=True)
        assert post(portal, own, f"/devices/{id_}/remove") == 303
        assert found_by(connection, slapd, f"(uid={other.uid})") == [], "the open connection as well"


def devices_added(portal: Portal, office: FlaskClient, *owners: Person) -> list[tuple[str, str]]:
    """Let the office make a device for each; return names and passwords as its page shows them."""
    pages = []
    for owner in owners:
        form = {"csrf_token": portal.token(office), "label": "x", "program": "other", "owner": owner.uid}
        pages.append(office.post("/devices", data=form).get_data(as_text=True))
    shown = [re.findall(r"<code[^>]*>([^<]+)</code>", page) for page in pages]
    return [(next(code for code in codes if "ou=credentials" in code), codes[0]) for codes in shown]


def seen(slapd: Slapd, device: tuple[str, str], filter_: str, base: str = "") -> list[str]:
    with bound(slapd, *device) as connection:
        return found_by(connection, slapd, filter_, base)


def found_by(connection: ldap3.Connection, slapd: Slapd, filter_: str, base: str = "") -> list[str]:
    connection.search(base or f"ou=people,{slapd.suffix}", filter_, attributes=["*"])
    return [
        str(entry["attributes"]["uid"][0]) for entry in connection.response or [] if "attributes" in entry
    ]
