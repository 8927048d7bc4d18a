"""Sealed people, canaries, grants, delegations and the search index's account: who sees what."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import ldap3
import pytest

from counterpart.clock import system_clock
from dev.servers import Slapd
from ldap_schema.changes import Add, Remove, Update
from ldap_schema.delegations import DEVICES, SEARCH, Delegation
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import BadValue, DirectoryRefused, Moved, NotDelegated, NotFound
from ldap_schema.grants import Grant
from ldap_schema.groups import AUDITORS, Cohort
from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import CANARY, SEALED_ALL, SEALED_POST, Person
from ldap_schema.posts import Post, Tenure
from tests.functional.directory_world import (
    DETAILS,
    PEOPLE,
    PROXIED_AUTHORIZATION,
    SUFFIX,
    World,
    code,
    person,
    search,
)

TODAY = date(2026, 11, 25)
POSTS, OFFICES = f"ou=posts,{SUFFIX}", f"ou=offices,{SUFFIX}"
SHOWN = tuple(f"{detail}:leaders" for detail in DETAILS)


@pytest.fixture(scope="module")
def world(slapd: Slapd) -> Iterator[World]:
    """Ada, who may be sealed, and Bo, who looks; both hold posts and have offices."""
    portal = Directory.open(slapd.settings(), Service.PORTAL)
    sync = Directory.open(slapd.settings(), Service.SYNC)
    sync.write([Add(record) for record in _records()])
    issued = {uid: portal.credentials.issue(uid, "test", system_clock()) for uid in ("c-ada", "c-bo")}
    yield World(slapd, portal, sync, issued)
    portal.close()
    sync.close()


def _records() -> list[Any]:
    people = [person(f"c-{name}", "c-org", show=SHOWN) for name in ("ada", "bo", "sharer", "aide", "left")]
    people[1] = replace(people[1], assistants=("c-ada",))
    canary = person("c-canary", "c-org", status=CANARY, show=SHOWN)
    held = {"own": ("c-ada",), "shared": ("c-ada", "c-sharer"), "bo": ("c-bo",)}
    posts = [Post(id=f"c-post-{name}", title="Chief", organisation_id="c-org") for name in held]
    tenures = [
        Tenure(
            id=f"c-tenure-{post}-{number}",
            post_id=f"c-post-{post}",
            holder=holder,
            first_day=date(2026, 1, 1),
        )
        for post, holders in held.items()
        for number, holder in enumerate(holders)
    ]
    offices = [
        Office(id="c-office-ada", name="Ada's office", serves=("c-ada",), mail=("ada@office.example",)),
        Office(
            id="c-office-both", name="Front office", serves=("c-ada", "c-bo"), mail=("front@office.example",)
        ),
        Office(id="c-office-bo", name="Bo's office", serves=("c-bo",), members=("c-ada", "c-aide")),
    ]
    return [Organisation(id="c-org", name="Force"), *people, canary, *posts, *tenures, *offices]


@pytest.fixture(params=[SEALED_POST, SEALED_ALL])
def sealed(request: pytest.FixtureRequest, world: World) -> Iterator[str]:
    """Seal Ada, and unseal her afterwards."""
    world.sync.seals.seal("c-ada", request.param, TODAY)
    yield request.param
    world.sync.seals.unseal("c-ada")


def _as(world: World, uid: str) -> Directory:
    return world.portal.as_viewer(uid)


def _learns(connection: ldap3.Connection, dn: str, attribute: str, value: str, viewer: str = "") -> set[str]:
    """Return by which operations anything can be told of an entry that is concealed."""
    base, filter_ = dn.partition(",")[2], f"({dn.partition(',')[0]})"
    told = {
        "search": search(connection, base, filter_, "1.1", viewer=viewer),
        "filter": search(connection, base, f"({attribute}={value})", "1.1", viewer=viewer),
        "read": search(connection, dn, "(objectClass=*)", attribute, viewer=viewer),
    }
    found = {way for way, entries in told.items() if any(entry["dn"] == dn for entry in entries)}
    control = [(PROXIED_AUTHORIZATION, True, f"dn:uid={viewer},{PEOPLE}".encode())] if viewer else None
    connection.compare(dn, attribute, value, controls=control)
    return found | ({"compare"} if code(connection) in (5, 6) else set())


ALL_WAYS = {"search", "filter", "read", "compare"}
ADA = f"uid=c-ada,{PEOPLE}"


def test_unsealed_everybody_finds_her_which_is_the_control_for_the_rest(world: World) -> None:
    with world.as_service(Service.PORTAL) as connection:
        assert _learns(connection, ADA, "cn", "Quill c-ada", "c-bo") == ALL_WAYS
    for uid in ("c-ada", "c-bo"):
        with world.as_mail_program(uid) as connection:
            assert _learns(connection, ADA, "cn", "Quill c-ada") == ALL_WAYS - {"compare"}
    bo = _as(world, "c-bo")
    assert {tenure.holder for tenure in bo.posts.tenures("c-post-own")} == {"c-ada"}
    assert {office.id for office in bo.offices.serving("c-bo")} == {"c-office-both", "c-office-bo"}
    assert bo.offices.serving("c-bo")[0].members == ("c-ada", "c-aide")
    assert bo.people.get("c-bo").assistants == ("c-ada",)
    assert _as(world, "c-aide").people.get("c-bo").assistants == ("c-ada",)


def test_a_sealed_person_is_there_for_no_other_leader_and_no_mail_program_even_her_own(
    world: World, sealed: str
) -> None:
    with world.as_service(Service.PORTAL) as connection:
        assert _learns(connection, ADA, "cn", "Quill c-ada", "c-bo") == set()
        assert _learns(connection, ADA, "mail", "c-ada@mail.example", "c-bo") == set()
        assert _learns(connection, ADA, "nlcSealed", sealed, "c-bo") == set()
        assert _learns(connection, f"uid=c-bo,{PEOPLE}", "cn", "Quill c-bo", "c-bo") == ALL_WAYS
    for uid in ("c-ada", "c-bo"):
        with world.as_mail_program(uid) as connection:
            assert _learns(connection, ADA, "cn", "Quill c-ada") == set()
            assert search(connection, PEOPLE, "(uid=c-bo)")
    assert _as(world, "c-bo").people.by_uids(["c-ada", "c-bo"]).keys() == {"c-bo"}


def test_nothing_else_names_a_sealed_person(world: World, sealed: str) -> None:
    bo, aide = _as(world, "c-bo"), _as(world, "c-aide")
    assert bo.posts.held_by("c-ada") == []
    assert bo.offices.serving("c-ada") == []
    assert {office.id for office in bo.offices.serving("c-bo")} == {"c-office-bo"}
    assert bo.offices.serving("c-bo")[0].members == ()
    assert aide.people.get("c-bo").assistants == ()
    with world.as_service(Service.PORTAL) as connection:
        for base, filter_ in (
            (POSTS, f"(roleOccupant={ADA})"),
            (POSTS, f"(nlcSealedFor={ADA})"),
            (OFFICES, f"(nlcServes={ADA})"),
            (OFFICES, f"(member={ADA})"),
            (PEOPLE, f"(secretary={ADA})"),
        ):
            assert not search(connection, base, filter_, viewer="c-aide"), filter_
        for base in (POSTS, OFFICES, PEOPLE):
            for entry in search(connection, base, "(objectClass=*)", "*", "+", viewer="c-aide"):
                assert "c-ada" not in str(entry["attributes"]), entry["dn"]


def test_no_count_and_no_limit_tells_of_a_sealed_person(world: World, sealed: str) -> None:
    both, size_limit = f"(|(uid=c-ada)(uid=c-bo)(secretary={ADA}))", 4
    control = [(PROXIED_AUTHORIZATION, True, f"dn:uid=c-aide,{PEOPLE}".encode())]
    told = {}
    with world.as_service(Service.PORTAL) as portal, world.as_mail_program("c-bo") as program:
        for name, connection, controls in (("portal", portal, control), ("mail program", program, None)):
            connection.search(
                PEOPLE, both, dereference_aliases=ldap3.DEREF_NEVER, size_limit=1, controls=controls
            )
            told[name] = code(connection)
            found = search(connection, PEOPLE, "(uid=c-bo)", "hasSubordinates", "numSubordinates", "memberOf",
                           viewer="c-aide" if controls else "")  # fmt: skip
            assert "c-ada" not in str(found)
        search(portal, f"ou=groups,{SUFFIX}", "(objectClass=*)", "*", "+", viewer="c-aide")
        assert "c-ada" not in str(portal.response)
    assert told == {"portal": 0, "mail program": 0}, "one found, and not “more than one”"
    world.sync.seals.unseal("c-ada")
    with world.as_mail_program("c-bo") as program:
        program.search(PEOPLE, both, dereference_aliases=ldap3.DEREF_NEVER, size_limit=1)
        assert code(program) == size_limit, "the control: unsealed there are two"


def test_the_post_of_somebody_sealed_looks_held_or_is_not_there(world: World, sealed: str) -> None:
    bo = _as(world, "c-bo")
    listed = dict((post.id, tenures) for post, tenures in bo.posts.of_organisation("c-org"))
    if sealed == SEALED_POST:
        (tenure,) = listed["c-post-own"]
        assert tenure.holder == ""
        assert tenure.first_day == date(2026, 1, 1)
        assert {tenure.holder for tenure in listed["c-post-shared"]} == {"", "c-sharer"}
    else:
        assert "c-post-own" not in listed
        assert [tenure.holder for tenure in listed["c-post-shared"]] == ["c-sharer"]
        assert bo.posts.tenures("c-post-own") == []
        with pytest.raises(NotFound):
            bo.posts.get("c-post-own")


def test_a_sealed_person_and_the_feeds_see_everything_of_hers(world: World, sealed: str) -> None:
    ada = _as(world, "c-ada")
    assert ada.people.get("c-ada").mail == ("c-ada@mail.example",)
    assert ada.people.get("c-ada").sealed == sealed
    for directory in (ada, world.sync):
        assert {post.id for post, _ in directory.posts.held_by("c-ada")} == {"c-post-own", "c-post-shared"}
        assert {office.id for office in directory.offices.serving("c-ada")} == {
            "c-office-ada",
            "c-office-both",
        }
    assert ada.people.get("c-bo").full_name == "Quill c-bo"


def test_the_portals_own_account_still_knows_who_signs_in(world: World, sealed: str) -> None:
    found = world.portal.people.by_sign_in_address("c-ada@sign-in.example")
    assert found is not None
    assert (found.uid, found.full_name) == ("c-ada", "")


def test_unsealing_brings_everything_back_and_sealing_anew_changes_the_kind(world: World) -> None:
    before = world.sync.people.get("c-ada"), world.sync.posts.get("c-post-own")
    concealed = world.sync.seals.seal("c-ada", SEALED_ALL, TODAY)
    assert [post.id for post in concealed.posts] == ["c-post-own"]
    assert {office.id for office in concealed.offices} == {"c-office-ada", "c-office-both"}
    world.sync.seals.seal("c-ada", SEALED_POST, TODAY)
    assert world.sync.posts.get("c-post-own").sealed_for == ""
    world.sync.seals.unseal("c-ada")
    assert (world.sync.people.get("c-ada"), world.sync.posts.get("c-post-own")) == before
    with pytest.raises(BadValue):
        world.sync.seals.seal("c-ada", "", TODAY)
    with pytest.raises(NotFound):
        world.sync.seals.seal("c-nobody", SEALED_POST, TODAY)


def test_a_post_that_somebody_sealed_in_all_comes_to_hold_is_concealed_too(world: World) -> None:
    world.sync.seals.seal("c-ada", SEALED_ALL, TODAY)
    added = [
        Post(id="c-post-new", title="Chief", organisation_id="c-org"),
        Tenure(id="c-tenure-new", post_id="c-post-new", holder="c-ada"),
    ]
    world.sync.write([Add(record) for record in added])
    bo = _as(world, "c-bo")
    assert bo.posts.tenures("c-post-new") == []
    world.sync.seals.renew(TODAY)
    assert "c-post-new" not in [post.id for post, _ in bo.posts.of_organisation("c-org")]
    csn = world.sync.context_csn()
    world.sync.seals.renew(TODAY)
    assert world.sync.context_csn() == csn
    world.sync.seals.unseal("c-ada")
    assert bo.posts.get("c-post-new").title == "Chief"
    world.sync.write([Remove(record) for record in reversed(added)])


def test_only_the_sync_account_seals(world: World) -> None:
    for viewer in ("", "c-ada", "c-bo"):
        with world.as_service(Service.PORTAL) as connection:
            control = (
                [(PROXIED_AUTHORIZATION, True, f"dn:uid={viewer},{PEOPLE}".encode())] if viewer else None
            )
            connection.modify(ADA, {"nlcSealed": [(ldap3.MODIFY_ADD, [SEALED_POST])]}, controls=control)
            assert code(connection) == 50
            assert search(connection, PEOPLE, "(uid=c-ada)", "uid", viewer=viewer)


# --- Canaries


def test_a_canary_is_seen_by_mail_programs_as_anybody_is_and_by_nobody_else(world: World) -> None:
    dn = f"uid=c-canary,{PEOPLE}"
    with world.as_mail_program("c-bo") as connection:
        (canary,) = search(connection, PEOPLE, "(uid=c-canary)")
        (ordinary,) = search(connection, PEOPLE, "(uid=c-aide)")
        assert set(canary["attributes"]) == set(ordinary["attributes"]) >= {"cn", "mail", "mobile"}
        assert search(connection, PEOPLE, "(mail=c-canary@mail.example)")
    with world.as_service(Service.PORTAL) as connection:
        assert _learns(connection, dn, "cn", "Quill c-canary", "c-bo") == set()
        assert _learns(connection, dn, "uid", "c-canary") == set()
        assert not search(connection, PEOPLE, "(nlcSignInAddress=c-canary@sign-in.example)")
        assert search(connection, PEOPLE, "(uid=c-aide)")
    with world.as_service(Service.INDEX) as connection:
        assert _learns(connection, dn, "cn", "Quill c-canary") == set()
        assert _learns(connection, f"uid=c-aide,{PEOPLE}", "cn", "Quill c-aide") == ALL_WAYS
    assert world.sync.people.get("c-canary").status == CANARY


def test_a_canary_can_own_nothing_that_works_and_nobody_acts_as_one(world: World) -> None:
    issued = world.portal.credentials.issue("c-canary", "never", system_clock())
    with world.raw(issued.bind_dn, issued.password) as connection:
        assert code(connection) == 49
    assert _as(world, "c-canary").people.by_uids(["c-canary", "c-bo"]) == {}
    world.portal.credentials.revoke(issued.credential.id, "c-canary")


# --- Grants


@pytest.mark.parametrize("detail", DETAILS)
def test_a_detail_granted_to_one_leader_is_for_that_one_and_their_mail_programs(
    world: World, detail: str
) -> None:
    owner = replace(person("c-owner", "c-other", "Housing"), uid=f"c-owner-{detail.lower()}")
    owner = replace(owner, sign_in_address=f"{detail}@y.example", federated_ids=())
    world.sync.write([Add(owner)])
    grants = _as(world, owner.uid).grants
    fields = {"mail": "mail", "telephoneNumber": "telephone", "mobile": "mobile"}

    def seen(uid: str) -> set[str]:
        shown: Person = _as(world, uid).people.get(owner.uid)
        return {each for each, field in fields.items() if getattr(shown, field)}

    def seen_by_program(uid: str) -> set[str]:
        with world.as_mail_program(uid) as connection:
            (entry,) = search(connection, PEOPLE, f"(uid={owner.uid})")
            found = {
                each for each in DETAILS if search(connection, PEOPLE, f"(&(uid={owner.uid})({each}=*))")
            }
            shown = set(entry["attributes"]) & set(DETAILS)
            assert shown == found
            return shown

    grants.give(owner.uid, Grant(detail=detail, viewer="c-bo"))
    assert (seen("c-bo"), seen_by_program("c-bo")) == ({detail}, {detail})
    assert (seen("c-ada"), seen_by_program("c-ada")) == (set(), set())
    assert grants.of(owner.uid) == [Grant(detail=detail, viewer="c-bo")]
    assert _as(world, "c-bo").grants.of(owner.uid) == []
    attribute = f"nlcReveal{detail[0].upper()}{detail[1:]}To"
    with world.as_service(Service.PORTAL) as connection:
        granted = f"(&(uid={owner.uid})({attribute}=uid=c-bo,{PEOPLE}))"
        assert not search(connection, PEOPLE, granted, viewer="c-bo")
        assert search(connection, PEOPLE, granted, viewer=owner.uid)
    grants.give(owner.uid, Grant(detail=detail, viewer="c-bo", last_day=TODAY))
    assert grants.of(owner.uid) == [Grant(detail=detail, viewer="c-bo", last_day=TODAY)]
    grants.take(owner.uid, Grant(detail=detail, viewer="c-bo"))
    assert (seen("c-bo"), seen_by_program("c-bo"), grants.of(owner.uid)) == (set(), set(), [])


def test_nobody_grants_what_is_not_theirs_and_nobody_unknown_is_granted_anything(world: World) -> None:
    with pytest.raises((DirectoryRefused, Moved)):
        _as(world, "c-bo").grants.give("c-ada", Grant(detail="mobile", viewer="c-bo"))
    assert _as(world, "c-ada").grants.of("c-ada") == []
    own = _as(world, "c-ada").grants
    with pytest.raises(NotFound):
        own.give("c-ada", Grant(detail="mobile", viewer="c-canary"))
    with pytest.raises(BadValue):
        own.give("c-ada", Grant(detail="title", viewer="c-bo"))


# --- Delegations


def test_a_delegation_is_known_to_its_two_people_and_stands_for_its_days(world: World) -> None:
    given = Delegation(
        id="c-delegation", leader="c-ada", delegate="c-aide", scopes=("search", "devices"),
        first_day=date(2026, 11, 1), last_day=date(2026, 11, 30),
    )  # fmt: skip
    world.sync.write([Add(given)])
    for directory in (world.portal, world.sync, _as(world, "c-ada"), _as(world, "c-aide")):
        assert directory.delegations.get("c-delegation") == given
        assert (
            directory.delegations.by_leader("c-ada") == directory.delegations.to_delegate("c-aide") == [given]
        )
    bo = _as(world, "c-bo")
    assert bo.delegations.by_leader("c-ada") == bo.delegations.to_delegate("c-aide") == []
    with pytest.raises(NotFound):
        bo.delegations.get("c-delegation")
    days = {
        date(2026, 10, 31): False,
        date(2026, 11, 1): True,
        date(2026, 11, 30): True,
        date(2026, 12, 1): False,
    }
    for day, stands in days.items():
        assert bool(world.portal.delegations.live_for("c-aide", day)) == stands
        assert world.portal.delegations.scopes("c-ada", "c-aide", day) == (
            set(given.scopes) if stands else set()
        )
    world.sync.write([Remove(given)])


def test_a_delegate_sees_as_the_leader_only_while_a_delegation_stands(world: World, sealed: str) -> None:
    given = Delegation(id="c-acting", leader="c-ada", delegate="c-aide", scopes=(SEARCH,), last_day=TODAY)
    with pytest.raises(NotDelegated):
        world.portal.acting_for("c-ada", "c-aide", SEARCH, TODAY)
    world.sync.write([Add(given)])
    acting = world.portal.acting_for("c-ada", "c-aide", SEARCH, TODAY)
    assert acting.people.get("c-ada").mail == ("c-ada@mail.example",)
    for leader, delegate, scope, day in (
        ("c-ada", "c-aide", DEVICES, TODAY),
        ("c-ada", "c-aide", SEARCH, date(2026, 11, 26)),
        ("c-ada", "c-bo", SEARCH, TODAY),
        ("c-bo", "c-aide", SEARCH, TODAY),
        ("c-ada", "c-nobody", SEARCH, TODAY),
    ):
        with pytest.raises(NotDelegated):
            world.portal.acting_for(leader, delegate, scope, day)
    aide = world.sync.people.get("c-aide")
    world.sync.write([Update(aide, replace(aide, status="held"))])
    with pytest.raises(NotDelegated):
        world.portal.acting_for("c-ada", "c-aide", SEARCH, TODAY)
    world.sync.write([Update(replace(aide, status="held"), aide), Remove(given)])


# --- The search index


def test_the_index_reads_what_every_leader_may_see_and_no_contact_detail(world: World) -> None:
    secret = set(DETAILS) | {"jpegPhoto", "secretary"}
    with world.as_service(Service.INDEX) as index, world.as_service(Service.PORTAL) as portal:
        for base, filter_ in (
            (PEOPLE, "(uid=c-aide)"), (POSTS, "(nlcId=c-post-bo)"), (POSTS, "(nlcId=c-tenure-bo-0)"),
            (f"ou=organisations,{SUFFIX}", "(nlcId=c-org)"), (OFFICES, "(nlcId=c-office-both)"),
        ):  # fmt: skip
            (theirs,) = search(portal, base, filter_, viewer="c-bo")
            (ours,) = search(index, base, filter_)
            more = {"nlcStatus"} if base == PEOPLE else set()
            assert set(ours["attributes"]) - more == set(theirs["attributes"]) - secret, filter_
            (own,) = search(index, base, filter_, "entryUUID", "entryCSN")
            assert set(own["attributes"]) == {"entryUUID", "entryCSN"}
        for detail in DETAILS:
            assert not search(index, PEOPLE, f"({detail}=*)")
        for branch in ("credentials", "groups", "feeds", "delegations", "services", "policies"):
            assert not search(index, f"ou={branch},{SUFFIX}", "(objectClass=*)"), branch
        assert not search(index, "cn=config", "(objectClass=*)")


def test_the_index_does_not_see_the_sealed(world: World, sealed: str) -> None:
    with world.as_service(Service.INDEX) as connection:
        assert _learns(connection, ADA, "cn", "Quill c-ada") == set()
        for base in (PEOPLE, POSTS, OFFICES):
            found = search(connection, base, "(objectClass=*)", "*", "+")
            assert found
            assert "c-ada" not in str([entry["attributes"] for entry in found])


def test_the_index_writes_nothing_and_acts_for_nobody(world: World) -> None:
    dn = f"uid=c-aide,{PEOPLE}"
    with world.as_service(Service.INDEX) as connection:
        for change in ("title", "nlcStatus", "mail"):
            connection.modify(dn, {change: [(ldap3.MODIFY_REPLACE, ["x"])]})
            assert code(connection) in (19, 50), change
        connection.delete(dn)
        assert code(connection) == 50
        search(connection, PEOPLE, "(uid=c-aide)", viewer="c-bo")
        assert code(connection) == 123
        assert search(connection, PEOPLE, "(uid=c-aide)")


# --- Cohorts and roles


def test_leaders_know_who_is_in_a_cohort_and_not_who_holds_a_role(world: World, sealed: str) -> None:
    world.sync.cohorts.make(Cohort(f"year-{sealed}", "One year"))
    for uid in ("c-ada", "c-aide", "c-left"):
        world.sync.cohorts.join(f"year-{sealed}", uid)
        world.sync.cohorts.join(f"year-{sealed}", uid)
        world.sync.groups.grant(AUDITORS, uid)
    left = world.sync.people.get("c-left")
    world.sync.write([Update(left, replace(left, status="left"))])
    bo = _as(world, "c-bo")
    assert Cohort(f"year-{sealed}", "One year") in bo.cohorts.all()
    assert bo.cohorts.of("c-aide") >= {f"year-{sealed}"}
    assert bo.cohorts.members(f"year-{sealed}") == {"c-aide"}
    assert [each.uid for each in bo.people.search([], {"cohort": f"year-{sealed}"}, 10)] == ["c-aide"]
    assert world.sync.cohorts.members(f"year-{sealed}") == {"c-ada", "c-aide", "c-left"}
    cohort, role = (f"cn={name},ou=groups,{SUFFIX}" for name in (f"year-{sealed},ou=cohorts", AUDITORS))
    with world.as_service(Service.PORTAL) as connection:
        assert not search(connection, PEOPLE, f"(memberOf={role})", viewer="c-bo")
        assert search(connection, PEOPLE, f"(memberOf={cohort})", viewer="c-bo")
        assert len(search(connection, PEOPLE, f"(memberOf={role})")) == 3
        for filter_ in (f"(member=uid=c-aide,{PEOPLE})", f"(member={ADA})", "(member=*)"):
            assert not search(connection, f"ou=groups,{SUFFIX}", filter_, "1.1", viewer="c-bo")
        (found,) = search(connection, PEOPLE, "(uid=c-aide)", "memberOf", viewer="c-bo")
        assert {dn.partition(",")[2] for dn in found["attributes"]["memberOf"]} == {
            f"ou=cohorts,ou=groups,{SUFFIX}"
        }
    with world.as_mail_program("c-bo") as connection:
        for filter_ in (f"(memberOf={cohort})", f"(memberOf={role})", f"(!(memberOf={cohort}))"):
            assert not search(connection, PEOPLE, filter_)
        (found,) = search(connection, PEOPLE, "(uid=c-aide)", "+")
        assert "memberOf" not in found["attributes"]
    world.sync.write([Update(replace(left, status="left"), left)])
    for uid in ("c-ada", "c-aide", "c-left"):
        world.sync.cohorts.leave(f"year-{sealed}", uid)
        world.sync.groups.revoke(AUDITORS, uid)
    assert world.sync.cohorts.members(f"year-{sealed}") == set()
