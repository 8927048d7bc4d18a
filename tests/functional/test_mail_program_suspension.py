"""A mail program that seems to copy the directory is stopped alone and at once, and restored by its owner."""

from collections.abc import Iterator

import ldap3
import pytest

from counterpart.clock import system_clock
from dev.servers import Slapd
from ldap_schema.changes import Add
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import NotFound
from tests.functional.directory_kit import INVALID_CREDENTIALS, bind_code, bound, leader, opened

INSUFFICIENT_ACCESS = 50
MOST_FAILURES = 5  # pwdMaxFailure of cn=credentials,ou=policies


@pytest.fixture(scope="module")
def portal(slapd: Slapd) -> Iterator[Directory]:
    with opened(slapd, Service.SYNC) as sync:
        sync.write([Add(leader(f"ms-{number}")) for number in range(2)])
    with opened(slapd, Service.PORTAL) as directory:
        yield directory


def test_a_suspended_device_stops_at_once_and_alone_and_its_owner_restores_it(
    slapd: Slapd, portal: Directory
) -> None:
    stopped, sibling = (portal.credentials.issue("ms-0", label, system_clock()) for label in "ab")
    id_ = stopped.credential.id
    with bound(slapd, stopped.bind_dn, stopped.password) as open_before:
        assert seen(open_before, stopped.base_dn) > 0
        portal.credentials.suspend(id_)
        assert seen(open_before, stopped.base_dn) == 0, "on a connection that was open already"
    for _ in range(MOST_FAILURES + 1):
        assert bind_code(slapd, stopped, "wrong") == INVALID_CREDENTIALS
    assert portal.credentials.get(id_).suspended, "wrong passwords turn it into no shorter lock"
    assert bind_code(slapd, stopped) == INVALID_CREDENTIALS
    assert bind_code(slapd, sibling) == 0
    with pytest.raises(NotFound):
        portal.credentials.restore(id_, "ms-1")
    portal.credentials.restore(id_, "ms-0")
    assert not portal.credentials.get(id_).suspended
    with bound(slapd, stopped.bind_dn, stopped.password) as again:
        assert seen(again, stopped.base_dn) > 0


def test_a_device_can_neither_suspend_nor_restore_itself(slapd: Slapd, portal: Directory) -> None:
    issued = portal.credentials.issue("ms-0", "clever", system_clock())
    with bound(slapd, issued.bind_dn, issued.password, local=True) as connection:
        lock = {"pwdAccountLockedTime": [(ldap3.MODIFY_REPLACE, [])]}
        assert not connection.modify(issued.bind_dn, lock)
        assert connection.result["result"] == INSUFFICIENT_ACCESS


def seen(connection: ldap3.Connection, base: str) -> int:
    """How many people the program finds."""
    connection.search(base, "(cn=Ada*)", attributes=["cn"])
    return len(connection.entries)
