"""The access rules hold on a replica as they do on the provider, and its own account only copies."""

from collections.abc import Iterator
from pathlib import Path

import ldap3
import pytest

from dev.servers import Slapd
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import DirectoryRefused
from tests.functional.directory_world import (
    AUDIENCES,
    DETAILS,
    PEOPLE,
    SUFFIX,
    VIEWERS,
    World,
    code,
    fill,
    search,
)
from tests.functional.replica_kit import equal

CONFIDENTIALITY, INSUFFICIENT, DENIED = 13, 50, 123
SEES = {
    "w-colleague": {"leaders", "sector", "organisation"},
    "w-police": {"leaders", "sector"},
    "w-housing": {"leaders"},
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The small directory, looked at through a replica."""
    folder: Path = tmp_path_factory.mktemp("replicated")
    with Slapd(folder / "provider") as provider:
        filled = fill(provider)
        with Slapd(folder / "replica", provider=provider) as replica:
            assert equal(provider, replica)
            portal = Directory.open(replica.settings(), Service.PORTAL)
            sync = Directory.open(replica.settings(), Service.SYNC)
            yield World(replica, portal, sync, filled.credentials)
            for directory in (portal, sync, filled.portal, filled.sync):
                directory.close()


def test_anonymous_gets_nothing_there_and_a_cleartext_bind_is_refused(world: World) -> None:
    password = world.slapd.settings().portal_password_file.read_text().strip()
    dn = f"cn=portal,ou=services,{SUFFIX}"
    with world.raw() as connection:
        for base in ("", SUFFIX, PEOPLE, "cn=config"):
            assert search(connection, base, "(objectClass=*)") == []
    with world.raw(dn, password, "cleartext") as connection:
        assert code(connection) == CONFIDENTIALITY
    with world.raw(dn, password) as connection:
        assert search(connection, PEOPLE, "(uid=w-leaders)", "uid")


@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("audience", AUDIENCES)
def test_a_contact_detail_is_seen_by_its_audience_alone(world: World, viewer: str, audience: str) -> None:
    expected = set(DETAILS) if audience in SEES[viewer] else set()
    shown = world.portal.as_viewer(viewer).people.get(f"w-{audience}")
    values = {"mail": shown.mail, "telephoneNumber": shown.telephone, "mobile": shown.mobile}
    assert {detail for detail, value in values.items() if value} == expected
    with world.as_mail_program(viewer) as connection:
        (entry,) = search(connection, PEOPLE, f"(uid=w-{audience})")
        assert {detail for detail in DETAILS if detail in entry["attributes"]} == expected
        for detail in DETAILS:
            found = search(connection, PEOPLE, f"(&(uid=w-{audience})({detail}=*))", "uid")
            assert bool(found) == (detail in expected)


def test_a_mail_program_sees_people_and_nothing_else(world: World) -> None:
    with world.as_mail_program("w-colleague") as connection:
        for branch in ("organisations", "posts", "offices", "credentials", "feeds", "groups", "services"):
            assert not search(connection, f"ou={branch},{SUFFIX}", "(objectClass=*)")
        assert search(connection, PEOPLE, "(uid=w-leaders)")
        assert not search(connection, PEOPLE, "(uid=w-left)")


def test_the_sync_account_acts_for_nobody_and_sees_no_hash(world: World) -> None:
    with pytest.raises(DirectoryRefused):
        world.sync.as_viewer("w-housing").people.get("w-leaders")
    with world.as_service(Service.SYNC) as connection:
        (entry,) = search(connection, world.credentials["w-police"].bind_dn, "(objectClass=*)", "*", "+")
        assert "userPassword" not in entry["attributes"]


def test_the_replicas_account_reads_all_and_changes_and_impersonates_nothing(world: World) -> None:
    provider = world.slapd.provider
    assert provider is not None
    asked = World(provider, world.portal, world.sync, world.credentials)
    password = (provider.secrets / "directory-replica").read_text().strip()
    dn = f"uid=w-leaders,{PEOPLE}"
    with asked.raw(f"cn=replica,ou=services,{SUFFIX}", password, "socket") as connection:
        (entry,) = search(connection, world.credentials["w-police"].bind_dn, "(objectClass=*)", "*", "+")
        assert "userPassword" in entry["attributes"]
        assert len(search(connection, PEOPLE, "(mobile=*)", "uid")) > len(AUDIENCES)
        connection.modify(dn, {"title": [(ldap3.MODIFY_REPLACE, ["x"])]})
        assert code(connection) == INSUFFICIENT
        connection.delete(dn)
        assert code(connection) == INSUFFICIENT
        search(connection, PEOPLE, "(uid=w-leaders)", "cn", viewer="w-housing")
        assert code(connection) == DENIED
        assert not search(connection, "cn=config", "(objectClass=*)")


def test_nobody_reads_the_replicas_password_from_the_configuration(world: World) -> None:
    with world.as_service(Service.PORTAL) as connection:
        assert not search(connection, "cn=config", "(objectClass=*)")
    with world.as_service(Service.SYNC) as connection:
        found = search(connection, "cn=config", "(olcSuffix=*)", "olcSyncrepl", "olcUpdateRef")
        assert [set(entry["attributes"]) for entry in found] == [{"olcUpdateRef"}]
        assert not search(connection, "cn=config", "(olcSyncrepl=*)", "olcSuffix")
