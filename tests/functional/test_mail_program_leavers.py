"""What remains of leavers' mail programs is taken away; suspended people's stay."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from counterpart.clock import system_clock
from counterpart.leavers import Leavers
from dev.servers import Slapd
from ldap_schema.changes import Add, Remove, Update
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import DirectoryUnavailable
from ldap_schema.people import DECEASED, HELD, LEAVING, LEFT, MISSING, PENDING
from store import ledger, waiting
from store.database import Store
from tests.functional.directory_kit import INVALID_CREDENTIALS, bind_code, leader, opened

STAYING = {"active": "active", "missing": MISSING, "leaving": LEAVING, "held": HELD, "pending": PENDING}
GOING = {"left": LEFT, "deceased": DECEASED}


@pytest.fixture
def sync(fresh_slapd: Slapd) -> Iterator[Directory]:
    with opened(fresh_slapd, Service.SYNC) as account:
        yield account


@pytest.fixture
def portal(fresh_slapd: Slapd) -> Iterator[Directory]:
    with opened(fresh_slapd, Service.PORTAL) as account:
        yield account


def test_leavers_mail_programs_go_once_and_those_of_suspended_people_stay(
    fresh_slapd: Slapd, sync: Directory, portal: Directory, store: Store
) -> None:
    people = {uid: leader(uid) for uid in (*STAYING, *GOING, "erased")}
    sync.write([Add(person) for person in people.values()])
    issued = {uid: portal.credentials.issue(uid, "laptop", system_clock()) for uid in people}
    second = portal.credentials.issue("left", "phone", system_clock())
    states = {**STAYING, **GOING}
    sync.write([Update(people[uid], replace(people[uid], status=status)) for uid, status in states.items()])
    sync.write([Remove(people["erased"])])
    with store.transaction() as tx:
        waiting.raise_item(
            tx, waiting.SUSPENDED_DEVICE, second.credential.id, "It was suspended.", system_clock()
        )
    assert bind_code(fresh_slapd, issued["left"]) == INVALID_CREDENTIALS, "before anything is removed"

    leavers = Leavers(directory=sync, store=store, clock=system_clock)
    assert leavers.purge() == 4
    assert leavers.purge() == 0
    assert set(sync.credentials.owners()) == set(STAYING)
    with store.reading() as tx:
        acts = {each.subject: each.details for each in ledger.latest(tx, 10) if each.event == "device purged"}
        assert waiting.open_items(tx, waiting.SUSPENDED_DEVICE) == []
    assert acts[issued["erased"].credential.id] == '{"because":"gone","owner":"erased"}'
    assert acts[second.credential.id] == '{"because":"left","owner":"left"}'
    assert len(acts) == 4
    assert bind_code(fresh_slapd, issued["held"]) == INVALID_CREDENTIALS
    sync.write([Update(replace(people["held"], status=HELD), people["held"])])
    assert bind_code(fresh_slapd, issued["held"]) == 0, "restored, and so is the mail program"


def test_nothing_is_removed_while_not_one_owner_can_be_found(
    sync: Directory, portal: Directory, store: Store
) -> None:
    sync.write([Add(leader("only"))])
    portal.credentials.issue("only", "laptop", system_clock())
    sync.write([Remove(leader("only"))])
    assert Leavers(directory=sync, store=store, clock=system_clock).purge() == 0
    assert sync.credentials.owners().keys() == {"only"}


def test_what_was_not_removed_while_the_directory_was_away_is_removed_later(
    fresh_slapd: Slapd, sync: Directory, portal: Directory, store: Store
) -> None:
    sync.write([Add(leader("here")), Add(leader("gone"))])
    for uid in ("here", "gone"):
        portal.credentials.issue(uid, "laptop", system_clock())
    sync.write([Update(leader("gone"), leader("gone", status=LEFT))])
    leavers = Leavers(directory=sync, store=store, clock=system_clock)
    fresh_slapd.stop()
    with pytest.raises(DirectoryUnavailable):
        leavers.purge()
    with store.reading() as tx:
        assert ledger.latest(tx, 1) == []
    fresh_slapd.start()
    assert leavers.purge() == 1
