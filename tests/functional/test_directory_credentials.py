"""Mail programs' credentials on a real server: they come and go, lock one device at a time, and run out."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from counterpart.clock import system_clock
from dev.servers import Slapd
from ldap_schema.changes import Add
from ldap_schema.directory import Directory, Service
from tests.functional.directory_kit import INVALID_CREDENTIALS, bind_code, leader, opened

MOST_FAILURES = 5  # pwdMaxFailure of cn=credentials,ou=policies


@pytest.fixture(scope="module")
def portal(slapd: Slapd) -> Iterator[Directory]:
    with opened(slapd, Service.SYNC) as sync:
        sync.write([Add(leader(f"cc-{number}")) for number in range(4)])
    with opened(slapd, Service.PORTAL) as directory:
        yield directory


def test_credentials_come_and_go_from_many_threads_while_their_owners_sign_in(
    slapd: Slapd, portal: Directory
) -> None:
    owners = [f"cc-{number}" for number in range(4)]
    wrong: list[str] = []

    def come_and_go(owner: str) -> None:
        for number in range(15):
            try:
                issued = portal.credentials.issue(owner, f"device {number}", system_clock())
                wrong.extend(["bind"] * bind_code(slapd, issued))
                portal.credentials.revoke(issued.credential.id, owner)
                wrong.extend(["still binds"] * (bind_code(slapd, issued) != INVALID_CREDENTIALS))
            except Exception as error:  # a thread has nobody to raise it to
                wrong.append(repr(error))

    threads = [threading.Thread(target=come_and_go, args=(owner,)) for owner in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert [portal.credentials.of(owner) for owner in owners] == [[]] * len(owners)


def test_five_wrong_passwords_lock_one_device_and_not_its_sibling(slapd: Slapd, portal: Directory) -> None:
    attacked, sibling = (portal.credentials.issue("cc-0", label, system_clock()) for label in "ab")
    for _ in range(MOST_FAILURES - 1):
        assert bind_code(slapd, attacked, "wrong") == INVALID_CREDENTIALS
    assert bind_code(slapd, attacked) == 0, "four are forgiven by one right one"
    for _ in range(MOST_FAILURES):
        assert bind_code(slapd, attacked, "wrong") == INVALID_CREDENTIALS
    assert bind_code(slapd, attacked) == INVALID_CREDENTIALS
    assert bind_code(slapd, sibling) == 0


def test_a_credential_works_until_its_last_day_and_not_after(slapd: Slapd, portal: Directory) -> None:
    now = system_clock()
    good = portal.credentials.issue("cc-1", "good", now, days=1)
    expired = portal.credentials.issue("cc-1", "expired", now - timedelta(days=2), days=1)
    assert bind_code(slapd, good) == 0
    assert bind_code(slapd, expired) == INVALID_CREDENTIALS


def test_the_owner_sees_when_a_device_was_last_used(slapd: Slapd, portal: Directory) -> None:
    before = system_clock() - timedelta(seconds=2)
    issued = portal.credentials.issue("cc-2", "phone", before)
    assert [each.last_used for each in portal.credentials.of("cc-2")] == [None]
    assert bind_code(slapd, issued) == 0
    (used,) = portal.credentials.of("cc-2")
    assert used.last_used is not None
    assert before <= used.last_used <= system_clock()
