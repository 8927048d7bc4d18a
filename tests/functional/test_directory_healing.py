"""What slapd lets replicas miss, or sends them although it is rolled back, is put right."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from counterpart.clock import system_clock
from counterpart.healing import heal
from dev.servers import Slapd
from ldap_schema.changes import Add, Change, Remove, Update
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import AlreadyThere
from ldap_schema.feeds import FeedPart
from ldap_schema.servers import Servers
from ldap_schema.settings import DirectorySettings
from tests.functional.directory_kit import leader
from tests.functional.replica_kit import (
    as_service,
    csn,
    cut_off,
    entries,
    equal,
    eventually,
    local,
    passes_over,
    until_it_listens,
)


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Slapd]:
    with Slapd(tmp_path / "provider") as server:
        yield server


@pytest.fixture
def replica(tmp_path: Path, provider: Slapd, sync: Directory) -> Iterator[Slapd]:
    sync.write([Add(leader("old")), Add(leader("gone")), Add(leader("there"))])
    sync.feeds.ensure("forces")
    with Slapd(tmp_path / "replica", provider=provider) as server:
        until_it_listens(provider, server)
        yield server


@pytest.fixture
def settings(provider: Slapd, replica: Slapd) -> DirectorySettings:
    return replace(provider.settings(), replicas=(replica.uri,), timeout=2.0)


def refused(sync: Directory) -> list[Change]:
    """What can't be committed, because of its last operation alone."""
    old = sync.people.get("old")
    return [
        Add(leader("new")),
        Update(old, replace(old, title="Wrong")),
        Remove(sync.people.get("gone")),
        Add(FeedPart(feed="forces", part="one")),
        Add(leader("there")),
    ]


def test_what_is_rolled_back_leaves_nothing_at_replicas(
    provider: Slapd, replica: Slapd, sync: Directory
) -> None:
    assert equal(provider, replica)
    before = entries(provider).keys()
    with pytest.raises(AlreadyThere):
        sync.write(refused(sync))
    assert equal(provider, replica)
    assert entries(replica).keys() == before
    assert sync.people.get("old").title == ""


def test_an_address_that_is_taken_stays_where_it_was_on_replicas_too(
    provider: Slapd, replica: Slapd, sync: Directory
) -> None:
    sync.write([Add(leader("other", sign_in_address="taken@x.example"))])
    old = sync.people.get("old")
    sync.write([Update(old, replace(old, sign_in_address="mine@x.example"))])
    mine = sync.people.get("old")
    with pytest.raises(AlreadyThere):
        sync.write([Update(mine, replace(mine, sign_in_address="taken@x.example"))])
    assert equal(provider, replica)


def test_what_nobody_took_back_is_found_and_taken_back(
    provider: Slapd,
    replica: Slapd,
    sync: Directory,
    settings: DirectorySettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Servers, "_take_back", lambda *_: None)  # as if the process had been ended there
    with pytest.raises(AlreadyThere):
        sync.write(refused(sync))
    assert eventually(lambda: csn(provider) == csn(replica)), "its change number shows nothing of it"
    wrong = differing(provider, replica)
    assert wrong == {
        f"dn: uid=new,ou=people,{provider.suffix}",
        f"dn: uid=old,ou=people,{provider.suffix}",
        f"dn: uid=gone,ou=people,{provider.suffix}",
        f"dn: cn=one,nlcId=forces,ou=feeds,{provider.suffix}",
    }
    healed = heal(settings, replica.uri, system_clock())
    assert {f"dn: {each.dn}" for each in healed.sent} == wrong
    assert healed.left == ()
    assert equal(provider, replica)
    assert heal(settings, replica.uri, system_clock()).sent == ()


def differing(provider: Slapd, replica: Slapd) -> set[str]:
    ours, theirs = entries(provider), entries(replica)
    return {dn for dn in {*ours, *theirs} if ours.get(dn) != theirs.get(dn)}


def test_a_transaction_that_a_replica_was_never_sent_is_sent_to_it(
    provider: Slapd, replica: Slapd, sync: Directory, settings: DirectorySettings
) -> None:
    passes_over(replica, lambda: sync.write([Add(leader("one")), Add(leader("two"))]))
    missed = {f"dn: uid={uid},ou=people,{provider.suffix}" for uid in ("one", "two")}
    assert eventually(lambda: differing(provider, replica) == missed)
    assert len(heal(settings, replica.uri, system_clock()).sent) == 2
    assert equal(provider, replica)


def test_a_mail_programs_entry_is_sent_by_the_account_that_may_write_it(
    provider: Slapd, replica: Slapd, settings: DirectorySettings
) -> None:
    portal = as_service(provider, Service.PORTAL)
    portal.probe()  # signing in is a change of the account's own entry
    passes_over(replica, lambda: portal.credentials.issue("old", "laptop", system_clock()))
    portal.close()
    assert eventually(lambda: len(differing(provider, replica)) == 1)
    healed = heal(settings, replica.uri, system_clock())
    assert (len(healed.sent), healed.left) == (1, ())
    assert equal(provider, replica)


def test_what_only_an_administrator_may_write_is_named(
    provider: Slapd, replica: Slapd, settings: DirectorySettings
) -> None:
    dn = f"cn=credentials,ou=policies,{provider.suffix}"
    change = f"dn: {dn}\nchangetype: modify\nreplace: pwdMaxFailure\npwdMaxFailure: 7\n"
    passes_over(replica, lambda: local(provider, "ldapmodify", given=change))
    healed = heal(settings, replica.uri, system_clock())
    assert ([each.dn for each in healed.left], healed.sent) == ([dn], ())


def test_what_is_only_on_its_way_is_not_sent_twice(
    provider: Slapd, replica: Slapd, sync: Directory, settings: DirectorySettings
) -> None:
    cut_off(replica)
    sync.write([Add(leader("late"))])
    late = f"dn: uid=late,ou=people,{provider.suffix}"
    before = entries(provider)[late]
    assert heal(settings, replica.uri, system_clock()).sent == ()
    assert entries(provider)[late] == before


def test_a_placeholder_that_was_left_is_swept(
    provider: Slapd, replica: Slapd, settings: DirectorySettings
) -> None:
    dn = f"uid=left,ou=people,{provider.suffix}"
    local(
        provider,
        "ldapadd",
        given=f"dn: {dn}\nobjectClass: device\nobjectClass: extensibleObject\ncn: placeholder\nuid: left\n",
    )
    heal(settings, replica.uri, system_clock())
    assert f"dn: {dn}" not in entries(provider)
    assert equal(provider, replica)
