"""Somebody is suspended at the command line: session and mail programs stop, until they are restored."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from counterpart.clock import system_clock
from dev.servers import MailCatcher, Redis, Slapd
from ldap_schema.people import Person
from store import ledger
from store.database import Store
from tests.conftest import SettableClock
from tests.functional.command_line import Installed
from tests.functional.directory_kit import INVALID_CREDENTIALS, bind_code, bound
from tests.portal_kit import Portal, close, make_portal

REASON = ("--reason", "INC-4711")


@pytest.fixture
def installed(tmp_path: Path, slapd: Slapd, redis_server: Redis, mail_catcher: MailCatcher) -> Installed:
    return Installed(tmp_path, slapd, redis_server, mail_catcher)


@pytest.fixture
def store(installed: Installed) -> Iterator[Store]:
    opened = installed.store()
    yield opened
    opened.close()


@pytest.fixture
def portal(slapd: Slapd, redis_server: Redis, store: Store, clock: SettableClock) -> Iterator[Portal]:
    made = make_portal(slapd, redis_server, store, clock)
    yield made
    close(made)


def acts(store: Store) -> list[tuple[str, str, str]]:
    with store.reading() as tx:
        entries = ledger.latest(tx, 9)
        told = ledger.opened(tx, entries)
    assert not any("INC-4711" in each.details for each in entries), "sealed under the person's key"
    return [(each.event, each.subject, said["reason"]) for each, said in zip(entries, told, strict=True)]


def status(portal: Portal, person: Person) -> str:
    return portal.sync.people.get(person.uid).status


def test_a_suspended_persons_session_and_mail_program_stop_and_a_restored_ones_work(
    installed: Installed, portal: Portal, store: Store, slapd: Slapd, clock: SettableClock
) -> None:
    person, other = portal.person(), portal.person()
    theirs, others = portal.browser(person), portal.browser(other)
    device = portal.services.directory.credentials.issue(person.uid, "Laptop", system_clock())
    page = f"/people/{person.uid}"
    with bound(slapd, device.bind_dn, device.password) as program:
        assert program.search(device.base_dn, f"(uid={other.uid})")
        assert (theirs.get("/search?q=a").status_code, others.get(page).status_code) == (200, 200)
        answer = installed.run("person", "suspend", person.uid, *REASON)
        assert answer.code == 0, answer
        assert "is suspended: hidden, signed out within a minute" in answer.out
        assert not program.search(device.base_dn, f"(uid={other.uid})"), "at once, though it was connected"
        assert bind_code(slapd, device) == INVALID_CREDENTIALS
    clock.advance(seconds=61)
    assert theirs.get("/search?q=a").status_code == 303
    assert others.get(page).status_code == 404
    assert others.get("/search?q=a").status_code == 200

    again = installed.run("person", "suspend", person.uid, *REASON)
    assert (again.code, "as before" in again.out) == (0, True)
    assert installed.run("person", "restore", person.uid, *REASON, "--json").data == {
        "uid": person.uid, "status": "active", "changed": True,
    }  # fmt: skip
    assert "as before" in installed.run("person", "restore", person.uid, *REASON).out
    assert (bind_code(slapd, device), others.get(page).status_code) == (0, 200)
    assert portal.browser(portal.sync.people.get(person.uid)).get("/search?q=a").status_code == 200
    assert acts(store) == [
        (event, person.uid, "INC-4711") for event in ("person suspended", "person restored")
    ]


@pytest.mark.parametrize(
    ("act", "now"),
    [("suspend", "left"), ("restore", "left"), ("suspend", "pending"), ("restore", "deceased")],
)
def test_whoever_has_no_access_to_stop_or_give_back_is_refused_in_words(
    installed: Installed, portal: Portal, store: Store, act: str, now: str
) -> None:
    person = portal.person(status=now)
    answer = installed.run("person", act, person.uid, *REASON)
    assert answer.code == 1
    assert f"is {now}" in answer.err
    assert "Nothing was changed" in answer.err
    assert (status(portal, person), acts(store)) == (now, [])


def test_an_unknown_person_and_an_act_without_a_reason_are_refused(
    installed: Installed, portal: Portal, store: Store
) -> None:
    person = portal.person()
    for act in ("suspend", "restore"):
        assert "uid nobody-of-that-id" in installed.run("person", act, "nobody-of-that-id", *REASON).err
        assert "--reason" in installed.run("person", act, person.uid).err
    refused = installed.run("person", "suspend", person.uid, "--reason", " ")
    assert (refused.code, "Say why" in refused.err) == (1, True)
    assert (status(portal, person), acts(store)) == ("active", [])


def test_nobody_is_suspended_without_the_store_nor_written_down_without_the_directory(
    installed: Installed, portal: Portal, store: Store
) -> None:
    person = portal.person()
    file = installed.var / "counterpart.db"
    away = file.rename(file.with_suffix(".away"))
    assert installed.run("person", "suspend", person.uid, *REASON).code == 1
    away.rename(file)
    assert status(portal, person) == "active"
    installed.set("DIRECTORY_URI", "ldap://localhost:1")
    assert installed.run("person", "suspend", person.uid, *REASON).code == 1
    assert acts(store) == []
