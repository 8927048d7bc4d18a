"""Replicas have what the provider has, answer for it, and one of them takes its place."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from counterpart.clock import system_clock
from dev.servers import Slapd
from ldap_schema.__main__ import main
from ldap_schema.changes import Add, Change, Remove, Update
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import DirectoryUnavailable, NotFound
from ldap_schema.people import Person
from tests.functional.directory_kit import INVALID_CREDENTIALS, bind_code, bound, leader
from tests.functional.replica_kit import (
    as_service,
    csn,
    cut_off,
    entries,
    equal,
    eventually,
    local,
    until_it_listens,
)

REFERRAL = 10
COUNT = 40


def people(prefix: str, count: int = COUNT, **more: object) -> list[Change]:
    return [
        Add(leader(f"{prefix}-{n}", sign_in_address=f"{prefix}-{n}@x.example", **more)) for n in range(count)
    ]


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Slapd]:
    with Slapd(tmp_path / "provider") as server:
        sync = as_service(server, Service.SYNC)
        sync.write(people("first"))
        sync.close()
        yield server


@pytest.fixture
def standby(tmp_path: Path, provider: Slapd) -> Iterator[Slapd]:
    with Slapd(tmp_path / "replica", provider=provider) as server:
        until_it_listens(provider, server)
        yield server


@pytest.fixture
def portal(provider: Slapd, standby: Slapd) -> Iterator[Directory]:
    directory = as_service(provider, Service.PORTAL, standby)
    yield directory
    directory.close()


def test_a_replica_has_every_entry_as_the_provider_has_it(
    provider: Slapd, standby: Slapd, sync: Directory
) -> None:
    assert entries(standby).keys() == entries(provider).keys()
    sync.write(people("second"))
    before = sync.people.get("first-1")
    sync.write([Update(before, replace(before, title="Changed", sign_in_address="changed@x.example"))])
    sync.write([Remove(sync.people.get("first-2")), *people("third", 3)])
    assert equal(provider, standby)
    assert len(entries(standby)) > 2 * COUNT


def without_entries(folder: Path) -> Path:
    """The folder of a server that has its configuration and no entry at all."""
    server = Slapd(folder)
    server.start()
    server.stop()
    for file in server.data.iterdir():
        file.unlink()
    return folder


def test_the_shipped_ldif_makes_an_empty_server_a_replica(tmp_path: Path, provider: Slapd) -> None:
    asked = ["--provider", provider.ldaps_uri, "--authority", str(provider.ca_file), "--number", "7"]
    change = main(["replica", *asked, "--secrets", str(provider.secrets)])
    with Slapd(without_entries(tmp_path / "later")) as later:
        local(later, "ldapmodify", given=change)
        assert equal(provider, later)


def test_a_replica_sends_writers_to_the_provider(provider: Slapd, standby: Slapd) -> None:
    password = provider.settings().sync_password_file.read_text().strip()
    with bound(standby, f"cn=sync,ou=services,{standby.suffix}", password, local=True) as connection:
        connection.auto_referrals = False
        connection.delete(f"uid=first-1,ou=people,{standby.suffix}")
        assert connection.result["result"] == REFERRAL
        assert connection.result["referrals"] == [f"{provider.uri}/uid=first-1,ou=people,{standby.suffix}"]


def test_binding_at_a_replica_changes_nothing_that_is_compared(
    provider: Slapd, standby: Slapd, portal: Directory
) -> None:
    issued = portal.credentials.issue("first-1", "laptop", system_clock())
    assert equal(provider, standby)
    before = csn(standby)
    assert bind_code(standby, issued) == 0
    assert bind_code(standby, issued, "wrong") == INVALID_CREDENTIALS
    assert bind_code(standby, issued) == 0
    assert csn(standby) == before
    dn = issued.bind_dn
    assert entries(standby)[f"dn: {dn}"] == [
        line for line in entries(standby)[f"dn: {dn}"] if not line.startswith("pwdLastSuccess")
    ]


def test_a_process_reads_what_it_wrote_however_far_behind_the_replica_is(
    provider: Slapd, standby: Slapd, portal: Directory, sync: Directory
) -> None:
    assert portal.credentials.of("first-1") == []
    for number in range(10):
        portal.credentials.issue("first-1", f"device {number}", system_clock())
        assert len(portal.credentials.of("first-1")) == number + 1
    cut_off(standby)
    try:
        portal.credentials.issue("first-1", "last", system_clock())
        assert len(portal.credentials.of("first-1")) == 11
    finally:
        standby.restart()


def test_reads_go_to_the_replica_and_to_whoever_answers(
    provider: Slapd, standby: Slapd, portal: Directory
) -> None:
    viewer = portal.as_viewer("first-3")
    assert viewer.people.get("first-1").uid == "first-1"
    provider.kill()
    assert viewer.people.get("first-1").uid == "first-1"
    with pytest.raises(DirectoryUnavailable):
        portal.credentials.issue("first-1", "laptop", system_clock())
    assert viewer.people.get("first-1").uid == "first-1"
    portal.probe()
    provider.start()
    standby.kill()
    assert viewer.people.get("first-1").uid == "first-1"
    portal.credentials.issue("first-1", "laptop", system_clock())
    standby.start()
    provider.kill()
    assert viewer.people.get("first-1").uid == "first-1", "a replica comes back by itself"
    standby.kill()
    with pytest.raises(DirectoryUnavailable):
        viewer.people.get("first-1")
    standby.start()
    assert viewer.people.get("first-1").uid == "first-1"


def test_a_provider_that_hangs_does_not_stop_readers_for_long(
    provider: Slapd, standby: Slapd, portal: Directory
) -> None:
    viewer = portal.as_viewer("first-3")
    assert viewer.people.get("first-1").uid == "first-1"
    os.kill(provider.pid, signal.SIGSTOP)
    try:
        longest = 0.0
        for _ in range(60):
            began = time.monotonic()
            assert viewer.people.get("first-1").uid == "first-1"
            longest = max(longest, time.monotonic() - began)
            time.sleep(0.05)
    finally:
        os.kill(provider.pid, signal.SIGCONT)
    assert longest < 3.0, "once the time an answer may take, which is 2 seconds here"


def test_a_replica_that_hangs_is_left_out_and_asked_again_later(
    provider: Slapd, standby: Slapd, portal: Directory
) -> None:
    viewer = portal.as_viewer("first-3")
    os.kill(standby.pid, signal.SIGSTOP)
    try:
        longest = 0.0
        for _ in range(40):
            began = time.monotonic()
            assert viewer.people.get("first-1").uid == "first-1"
            longest = max(longest, time.monotonic() - began)
        portal.credentials.issue("first-1", "laptop", system_clock())
        assert len(portal.credentials.of("first-1")) == 1
    finally:
        os.kill(standby.pid, signal.SIGCONT)
    assert longest < 3.0, "once the time an answer may take, which is 2 seconds here"
    assert equal(provider, standby)
    provider.kill()
    assert viewer.people.get("first-1").uid == "first-1", "there is nobody else to ask"


def test_who_is_suspended_is_so_on_the_replica_too(
    provider: Slapd, standby: Slapd, portal: Directory, sync: Directory
) -> None:
    issued = portal.credentials.issue("first-1", "laptop", system_clock())
    assert eventually(lambda: bind_code(standby, issued) == 0)
    person = sync.people.get("first-1")
    sync.write([Update(person, replace(person, status="held"))])
    assert eventually(lambda: bind_code(standby, issued) == INVALID_CREDENTIALS, 2)
    with pytest.raises(NotFound):
        portal.as_viewer("first-1").people.get("first-2")


def test_a_standby_is_promoted_by_the_shipped_ldif_and_loses_nothing(
    tmp_path: Path, provider: Slapd, standby: Slapd, sync: Directory
) -> None:
    sync.write(people("late", 5))
    assert equal(provider, standby)
    provider.kill()
    local(standby, "ldapmodify", given=main(["promote"]))
    promoted = as_service(standby, Service.SYNC)
    try:
        promoted.write(people("after", 5))
        assert promoted.people.get("late-4")
        assert promoted.missing_parts() == []
        with Slapd(tmp_path / "next", provider=standby) as replica:
            until_it_listens(standby, replica)
            promoted.write(people("then", 2))
            assert equal(standby, replica)
        standby.restart()
        assert promoted.people.get("after-1"), "it stays the provider"
        promoted.write(people("later", 2))
    finally:
        promoted.close()


def test_a_replica_lacks_nothing_that_doctor_looks_for(standby: Slapd) -> None:
    directory = Directory.open(replace(standby.settings(), uri=standby.uri), Service.SYNC)
    try:
        assert directory.missing_parts() == []
        assert isinstance(directory.people.get("first-1"), Person)
    finally:
        directory.close()
