"""Who sees and changes what, asked of the server itself; every "no" beside a "yes" on the same connection."""

from collections.abc import Iterator
from dataclasses import replace

import ldap3
import pytest

from counterpart.clock import system_clock
from dev.servers import Slapd
from ldap_schema.changes import Add, Update
from ldap_schema.directory import Service
from ldap_schema.errors import DirectoryRefused, NotFound
from ldap_schema.groups import DIRECTORY_MANAGERS
from ldap_schema.people import Person
from tests.functional.directory_world import (
    AUDIENCES,
    DETAILS,
    PEOPLE,
    PROXIED_AUTHORIZATION,
    SAFE_WAYS,
    STATUSES,
    SUFFIX,
    VIEWERS,
    Way,
    World,
    code,
    fill,
    person,
    search,
    seen,
)

NAMES = {"objectClass", "uid", "cn", "sn", "title", "businessCategory"}
SERVICE_ONLY = ("nlcStatus", "nlcSignInAddress", "nlcFederatedId", "nlcFeed", "nlcFeedPart", "nlcFeedKey")
NO_SUCH_OBJECT, INSUFFICIENT, CONFIDENTIALITY, INVALID_CREDENTIALS, DENIED = 32, 50, 13, 49, 123


@pytest.fixture(scope="module")
def world(slapd: Slapd) -> Iterator[World]:
    filled = fill(slapd)
    yield filled
    filled.portal.close()
    filled.sync.close()


def _may_see(viewer: str, audience: str) -> bool:
    return (
        viewer
        in {
            "leaders": {"w-colleague", "w-police", "w-housing"},
            "sector": {"w-colleague", "w-police"},
            "organisation": {"w-colleague"},
            "nobody": set(),
        }[audience]
    )


def _details(person: Person) -> set[str]:
    values = {"mail": person.mail, "telephoneNumber": person.telephone, "mobile": person.mobile}
    return {detail for detail, value in values.items() if value}


def test_anonymous_gets_nothing_and_the_same_connection_works_once_bound(world: World) -> None:
    with world.raw() as connection:
        for base in ("", SUFFIX, PEOPLE, "cn=Subschema", "cn=config"):
            assert search(connection, base, "(objectClass=*)") == []
        dn, password = _account(world, Service.PORTAL)
        connection.rebind(dn, password, authentication=ldap3.SIMPLE, read_server_info=False)
        assert search(connection, PEOPLE, "(uid=w-leaders)", "uid")


def test_a_cleartext_bind_is_refused_and_works_after_starttls(world: World) -> None:
    dn, password = _account(world, Service.PORTAL)
    with world.raw(dn, password, "cleartext") as connection:
        assert code(connection) == CONFIDENTIALITY
        connection.start_tls(read_server_info=False)
        connection.bind(read_server_info=False)
        assert code(connection) == 0


@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("audience", AUDIENCES)
def test_a_contact_detail_is_seen_by_its_audience_alone_in_the_portal_and_by_mail_programs(
    world: World, viewer: str, audience: str
) -> None:
    expected = set(DETAILS) if _may_see(viewer, audience) else set()

    shown = world.portal.as_viewer(viewer).people.get(f"w-{audience}")
    assert shown.full_name == f"Quill w-{audience}"
    assert _details(shown) == expected
    assert shown.show == ()

    with world.as_mail_program(viewer) as connection:
        (entry,) = search(connection, PEOPLE, f"(uid=w-{audience})")
        assert set(entry["attributes"]) == NAMES | expected
        for detail in DETAILS:
            for value in ("*", "*a*" if detail == "mail" else "*7*"):
                found = search(connection, PEOPLE, f"(&(uid=w-{audience})({detail}={value}))", "uid")
                assert bool(found) == (detail in expected), "a filter on a concealed detail finds nothing"


def test_a_person_sees_their_own_details_and_choices_and_so_does_their_mail_program(world: World) -> None:
    own = world.portal.as_viewer("w-nobody").people.get("w-nobody")
    assert _details(own) == set(DETAILS)
    assert world.portal.as_viewer("w-sector").people.get("w-sector").show
    with world.as_mail_program("w-housing") as connection:
        (entry,) = search(connection, PEOPLE, "(uid=w-housing)")
        assert set(DETAILS) <= set(entry["attributes"])


@pytest.mark.parametrize("status", STATUSES)
def test_only_people_who_are_active_missing_or_leaving_are_there(world: World, status: str) -> None:
    viewer = world.portal.as_viewer("w-housing")
    assert bool(viewer.people.by_uids([f"w-{status}"])) == seen(status)
    assert viewer.people.by_uids(["w-leaders"])
    assert bool(viewer.posts.tenures(f"w-post-{status}")) == seen(status)
    assert viewer.posts.get(f"w-post-{status}").title == "Post"
    assert bool(viewer.offices.serving(f"w-{status}")) == seen(status)
    with world.as_mail_program("w-housing") as connection:
        assert bool(search(connection, PEOPLE, f"(cn=Quill w-{status})", "cn")) == seen(status)


@pytest.mark.parametrize("status", STATUSES)
def test_someone_of_another_status_sees_nobody_not_even_themselves(world: World, status: str) -> None:
    directory = world.portal.as_viewer(f"w-{status}")
    found = directory.people.by_uids(["w-leaders", f"w-{status}"])
    assert set(found) == ({"w-leaders", f"w-{status}"} if seen(status) else set())
    assert bool(directory.organisations.all()) == seen(status)


@pytest.mark.parametrize("attribute", SERVICE_ONLY)
def test_what_only_services_know_is_concealed_from_everybody_and_from_filters(
    world: World, attribute: str
) -> None:
    for uid in ("w-leaders", "w-housing"):
        with world.as_service(Service.PORTAL) as connection:
            (entry,) = search(connection, PEOPLE, f"(uid={uid})", attribute, "cn", viewer="w-housing")
            assert set(entry["attributes"]) == {"cn"}
            assert not search(connection, PEOPLE, f"(&(uid={uid})({attribute}=*))", "cn", viewer="w-housing")
        with world.as_mail_program("w-housing") as connection:
            (entry,) = search(connection, PEOPLE, f"(uid={uid})", attribute, "cn")
            assert set(entry["attributes"]) == {"cn"}
        with world.as_service(Service.SYNC) as connection:
            (entry,) = search(connection, PEOPLE, f"(uid={uid})", attribute)
            assert set(entry["attributes"]) == {attribute}


def test_the_portals_own_account_knows_who_signs_in_and_no_detail_of_anybody(world: World) -> None:
    with world.as_service(Service.PORTAL) as connection:
        for uid in ("w-leaders", "w-nobody", "w-left"):
            (entry,) = search(connection, PEOPLE, f"(uid={uid})", "*")
            assert set(entry["attributes"]) == {
                "objectClass", "uid", "nlcStatus", "nlcSignInAddress", "nlcFederatedId", "nlcOrganisation",
            }  # fmt: skip
        for attribute in ("mail", "mobile", "telephoneNumber", "cn", "nlcShow", "nlcFeedKey"):
            assert not search(connection, PEOPLE, f"({attribute}=*)", "uid")
        assert search(connection, PEOPLE, "(nlcSignInAddress=w-leaders@sign-in.example)", "uid")
        for branch in ("posts", "offices", "feeds", "services", "policies"):
            assert not search(connection, f"ou={branch},{SUFFIX}", "(objectClass=*)")


@pytest.mark.parametrize(
    "identity",
    [
        f"cn=sync,ou=services,{SUFFIX}",
        f"ou=people,{SUFFIX}",
        SUFFIX,
        "gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth",
    ],
)
def test_the_portal_can_act_for_people_and_for_nobody_else(world: World, identity: str) -> None:
    with world.as_service(Service.PORTAL) as connection:
        control = (PROXIED_AUTHORIZATION, True, f"dn:{identity}".encode())
        connection.search(
            PEOPLE, "(uid=w-leaders)", controls=[control], dereference_aliases=ldap3.DEREF_NEVER
        )
        assert code(connection) == DENIED
        assert search(connection, PEOPLE, "(uid=w-leaders)", "cn", viewer="w-housing")


def test_neither_the_sync_account_nor_a_mail_program_can_act_for_anybody(world: World) -> None:
    with pytest.raises(DirectoryRefused):
        world.sync.as_viewer("w-housing").people.get("w-leaders")
    assert world.sync.people.get("w-leaders")
    with world.as_mail_program("w-housing") as connection:
        search(connection, PEOPLE, "(uid=w-leaders)", "cn", viewer="w-colleague")
        assert code(connection) == DENIED
        assert search(connection, PEOPLE, "(uid=w-leaders)", "cn")


def test_a_mail_program_sees_people_and_nothing_else(world: World) -> None:
    with world.as_mail_program("w-colleague") as connection:
        for branch in (
            "organisations",
            "posts",
            "offices",
            "credentials",
            "feeds",
            "groups",
            "services",
            "policies",
        ):
            assert not search(connection, f"ou={branch},{SUFFIX}", "(objectClass=*)")
            assert code(connection) == NO_SUCH_OBJECT
        for base in (world.credentials["w-colleague"].bind_dn, SUFFIX, "cn=config"):
            assert not search(connection, base, "(objectClass=*)")
        assert search(connection, PEOPLE, "(uid=w-leaders)")
        connection.search(PEOPLE, "(objectClass=*)", paged_size=5, dereference_aliases=ldap3.DEREF_NEVER)
        assert code(connection) != 0, "walking the directory page by page must end"


WRITES = {
    "mail": "x@mail.example",
    "nlcShow": "mobile:leaders",
    "nlcStatus": "held",
    "title": "x",
    "userPassword": "x",
    "nlcOrganisation": f"nlcId=w-b,ou=organisations,{SUFFIX}",
    "authzTo": f"dn.children:ou=services,{SUFFIX}",
}


@pytest.mark.parametrize("who", ["viewer", "mail program", "portal"])
def test_people_are_changed_by_none_but_the_sync_account(world: World, who: str) -> None:
    target, own = f"uid=w-leaders,{PEOPLE}", f"uid=w-housing,{PEOPLE}"
    viewer = "w-housing" if who == "viewer" else ""
    control = [(PROXIED_AUTHORIZATION, True, f"dn:{own}".encode())] if viewer else None
    as_program, as_portal = world.as_mail_program("w-housing", "socket"), world.as_service(Service.PORTAL)
    with as_program if who == "mail program" else as_portal as connection:
        for dn in (target, own):
            for attribute, value in WRITES.items():
                connection.modify(dn, {attribute: [(ldap3.MODIFY_REPLACE, [value])]}, controls=control)
                assert code(connection) == INSUFFICIENT, attribute
            connection.delete(dn, controls=control)
            assert code(connection) == INSUFFICIENT
            connection.modify_dn(dn, "uid=w-renamed", controls=control)
            assert code(connection) == INSUFFICIENT
        new = {"cn": "x", "sn": "x", "nlcStatus": "active"}
        connection.add(f"uid=w-new,{PEOPLE}", ["inetOrgPerson", "nlcPerson"], new, controls=control)
        assert code(connection) in (INSUFFICIENT, NO_SUCH_OBJECT)
        assert search(connection, PEOPLE, "(uid=w-leaders)", "uid", viewer=viewer)
    before = world.sync.people.get("w-leaders")
    world.sync.write([Update(before, replace(before, title="Changed"))])
    world.sync.write([Update(replace(before, title="Changed"), before)])


def test_trying_to_write_a_sign_in_address_does_not_tell_whether_it_is_taken(world: World) -> None:
    with world.as_mail_program("w-housing", "socket") as connection:
        told = set()
        for attribute, taken in (
            ("nlcSignInAddress", "w-left@sign-in.example"),
            ("nlcFederatedId", "rivers|subject-id|w-left"),
        ):
            for value in (taken, "free@sign-in.example"):
                change = {attribute: [(ldap3.MODIFY_REPLACE, [value])]}
                connection.modify(f"uid=w-housing,{PEOPLE}", change)
                told.add((code(connection), connection.result["message"].replace(attribute, "")))
        assert len(told) == 1
        assert code(connection) != 0


def test_nobody_reads_a_password_hash_and_the_portal_still_sets_one(world: World) -> None:
    dn = world.credentials["w-police"].bind_dn
    for service in (Service.PORTAL, Service.SYNC):
        with world.as_service(service) as connection:
            (entry,) = search(connection, dn, "(objectClass=*)", "*", "+")
            assert "userPassword" not in entry["attributes"]
            assert "uid" in entry["attributes"]
            assert not search(connection, dn, "(userPassword=*)", "uid")
            connection.compare(dn, "userPassword", world.credentials["w-police"].password)
            assert code(connection) == INSUFFICIENT
            account = f"cn=portal,ou=services,{SUFFIX}"
            found = search(connection, account, "(objectClass=*)", "userPassword", "objectClass")
            assert [set(entry["attributes"]) for entry in found] == [{"objectClass"}] * (service == "sync")
    with world.as_mail_program("w-police") as connection:
        assert code(connection) == 0


def test_the_sync_account_removes_credentials_and_can_make_or_change_none(world: World) -> None:
    issued = world.portal.credentials.issue("w-colleague", "to be purged", system_clock())
    with world.as_service(Service.SYNC) as connection:
        connection.modify(issued.bind_dn, {"userPassword": [(ldap3.MODIFY_REPLACE, ["x"])]})
        assert code(connection) == INSUFFICIENT
        connection.modify(issued.bind_dn, {"owner": [(ldap3.MODIFY_REPLACE, [f"uid=w-police,{PEOPLE}"])]})
        assert code(connection) == INSUFFICIENT
        connection.add(
            f"uid=w-made,ou=credentials,{SUFFIX}", ["nlcCredential"],
            {"owner": f"uid=w-police,{PEOPLE}", "userPassword": "x"},
        )  # fmt: skip
        assert code(connection) == INSUFFICIENT
        connection.delete(issued.bind_dn)
        assert code(connection) == 0


@pytest.mark.parametrize("way", SAFE_WAYS)
def test_a_suspended_leaders_mail_program_stops_at_once_on_an_open_connection_too(
    world: World, way: Way
) -> None:
    leader = person(f"w-suspended-{way.lower()}")
    world.sync.write([Add(leader)])
    issued = world.portal.credentials.issue(leader.uid, "test", system_clock())
    with world.raw(issued.bind_dn, issued.password, way) as connection:
        assert search(connection, PEOPLE, "(uid=w-leaders)")
        suspended = replace(leader, status="held")
        world.sync.write([Update(leader, suspended)])
        assert not search(connection, PEOPLE, "(uid=w-leaders)")
        connection.compare(f"uid=w-leaders,{PEOPLE}", "cn", "Quill w-leaders")
        assert code(connection) in (INSUFFICIENT, NO_SUCH_OBJECT)
        with world.raw(issued.bind_dn, issued.password, way) as another:
            assert code(another) == INVALID_CREDENTIALS
        world.sync.write([Update(suspended, leader)])
        assert search(connection, PEOPLE, "(uid=w-leaders)")


def test_feeds_are_read_by_directory_managers_alone(world: World) -> None:
    manager, other = world.portal.as_viewer("w-police"), world.portal.as_viewer("w-housing")
    assert [part.hold_run for part in manager.feeds.held()] == ["w-run"]
    assert other.feeds.parts() == []
    assert other.organisations.get("w-a")
    assert world.portal.groups.roles_of("w-police") == {DIRECTORY_MANAGERS}
    assert other.groups.roles_of("w-police") == set()
    with pytest.raises(NotFound):
        other.groups.members(DIRECTORY_MANAGERS)


def test_the_server_lacks_nothing_that_doctor_looks_for(world: World) -> None:
    for directory in (world.portal, world.sync):
        assert directory.missing_parts() == []


def _account(world: World, service: Service) -> tuple[str, str]:
    return f"cn={service},ou=services,{SUFFIX}", world.password(service)


def test_a_service_sees_its_own_connections_counts_and_nobody_sees_more(world: World) -> None:
    monitor = "cn=Connections,cn=Monitor"
    with world.as_mail_program("w-housing") as program, world.as_service(Service.SYNC) as connection:
        found = search(connection, monitor, "(monitorConnectionOpsCompleted=*)", "*", "+")
        assert found
        counts = {"monitorConnectionAuthzDN", "monitorConnectionOpsReceived", "monitorConnectionOpsCompleted"}
        for entry in found:
            assert set(entry["attributes"]) == counts
            assert entry["attributes"]["monitorConnectionAuthzDN"] == [f"cn=sync,ou=services,{SUFFIX}"]
        assert not search(connection, "cn=Monitor", "(objectClass=*)")
        assert not search(connection, "cn=Operations,cn=Monitor", "(objectClass=*)")
        for base in ("cn=Monitor", monitor):
            assert not search(program, base, "(objectClass=*)")
        assert search(program, PEOPLE, "(uid=w-leaders)")
