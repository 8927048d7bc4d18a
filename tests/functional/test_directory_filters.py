"""A filter on a concealed attribute finds nothing, whatever kind it is and whatever control carries it.

Three people differ only in one mobile: one has it and conceals it from the asker, one has none, and a
colleague of the asker's shows theirs. What is said of the first must be what is said of the second; the third
is the control.
"""

from collections.abc import Iterator

import ldap3
import pytest
from ldap3.operation.search import compile_filter, parse_filter
from ldap3.utils.asn1 import encode  # type: ignore[attr-defined]  # the stubs leave it out

from counterpart.clock import system_clock
from dev.servers import Slapd
from ldap_schema.ber import OCTETS, SEQUENCE, tagged
from ldap_schema.changes import Add
from ldap_schema.directory import Service
from tests.functional.directory_kit import opened
from tests.functional.directory_world import PEOPLE, PROXIED_AUTHORIZATION, World, code, person

MOBILE, OTHER = "+44 7700 900123", "+44 7700 900999"
CONCEALED, EMPTY, SHOWN = "f-concealed", "f-empty", "f-shown"
SORT, VLV, VALUES, DEREF, ASSERTION, PRE_READ, POST_READ = (
    "1.2.840.113556.1.4.473", "2.16.840.1.113730.3.4.9", "1.2.826.0.1.3344810.2.3",
    "1.3.6.1.4.1.4203.666.5.16", "1.3.6.1.1.12", "1.3.6.1.1.13.1", "1.3.6.1.1.13.2",
)  # fmt: skip
TRUE, FALSE, NO_SUCH_OBJECT, INSUFFICIENT, UNAVAILABLE_EXTENSION, ASSERTION_FAILED = 6, 5, 32, 50, 12, 122

# Kind -> filter, and whether it finds somebody who shows that mobile.
KINDS = {
    "equality": (f"(mobile={MOBILE})", True),
    "equality, other spelling": ("(MOBILE=+447700900123)", True),
    "equality by OID": (f"(0.9.2342.19200300.100.1.41={MOBILE})", True),
    "initial": ("(mobile=+44 7700*)", True),
    "any": ("(mobile=*700900*)", True),
    "final": ("(mobile=*0123)", True),
    "all three": ("(mobile=+44*70*23)", True),
    "presence": ("(mobile=*)", True),
    "approximate": (f"(mobile~={MOBILE})", True),
    "at least": (f"(mobile>={MOBILE})", False),  # a telephone number has no order (RFC 4524)
    "at most": (f"(mobile<={MOBILE})", False),
    "extensible": (f"(mobile:2.5.13.20:={MOBILE})", True),
    "extensible, by name": (f"(mobile:telephoneNumberMatch:={MOBILE})", True),
    "extensible, DN too": (f"(mobile:dn:telephoneNumberMatch:={MOBILE})", True),
    "extensible, any attribute": (f"(:telephoneNumberMatch:={MOBILE})", True),
    "not": (f"(!(mobile={OTHER}))", True),
    "not present": ("(!(mobile=*))", False),
    "not, twice": (f"(!(!(mobile={MOBILE})))", True),
    "not beginning": ("(!(mobile=+1*))", True),
    "and": (f"(&(objectClass=person)(mobile={MOBILE}))", True),
    "and not": (f"(&(objectClass=person)(!(mobile={OTHER})))", True),
    "or": (f"(|(mobile={MOBILE})(cn=nobody))", True),
    "or, deeper": (f"(|(cn=nobody)(&(uid=*)(|(mobile={MOBILE})(cn=nobody))))", True),
    "or not": (f"(|(!(mobile={OTHER}))(cn=nobody))", True),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        Slapd(tmp_path_factory.mktemp("filters"), durable=False) as slapd,
        opened(slapd, Service.PORTAL) as portal,
        opened(slapd, Service.SYNC) as sync,
    ):
        show = ("mobile:organisation",)
        people = [
            person(CONCEALED, "f-a", mobile=(MOBILE,), show=show),
            person(EMPTY, "f-a", mobile=(), show=show),
            person(SHOWN, "f-b", mobile=(MOBILE,), show=show),
            person("f-viewer", "f-b", "Housing", mobile=()),
        ]
        sync.write([Add(each) for each in people])
        issued = portal.credentials.issue("f-viewer", "test", system_clock())
        yield World(slapd, portal, sync, {"f-viewer": issued})


Asking = tuple[ldap3.Connection, list[tuple[str, bool, bytes]]]


@pytest.fixture(params=["proxied authorization", "mail program"])
def asking(request: pytest.FixtureRequest, world: World) -> Iterator[Asking]:
    """A connection of somebody in another organisation, and the control that their requests carry."""
    if request.param == "mail program":
        with world.as_mail_program("f-viewer") as connection:
            yield connection, []
    else:
        with world.as_service(Service.PORTAL) as connection:
            yield connection, [(PROXIED_AUTHORIZATION, True, f"dn:uid=f-viewer,{PEOPLE}".encode())]


def _search(asking: Asking, filter_: str, *more: tuple[str, bool, bytes | None], who: str = "") -> set[str]:
    """Return which of the three are found below the branch, or whether the one entry is."""
    connection, controls = asking
    connection.search(
        f"uid={who},{PEOPLE}" if who else PEOPLE, filter_, ldap3.BASE if who else ldap3.SUBTREE,
        ldap3.DEREF_NEVER, attributes=["uid", "mobile"], controls=[*controls, *more],
    )  # fmt: skip
    entries = [entry for entry in connection.response or [] if entry["type"] == "searchResEntry"]
    for entry in entries:
        if entry["raw_attributes"].get("mobile"):
            assert entry["raw_attributes"]["uid"] == [SHOWN.encode()], "nobody else's is shown"
    return {entry["raw_attributes"]["uid"][0].decode() for entry in entries} & {CONCEALED, EMPTY, SHOWN}


def _encoded(filter_: str) -> bytes:
    parsed = parse_filter(filter_, None, False, False, None, False)
    return bytes(encode(compile_filter(parsed.elements[0])))


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_of_filter_tells_a_concealed_mobile_from_none(asking: Asking, kind: str) -> None:
    filter_, finds = KINDS[kind]
    found = _search(asking, filter_)
    assert found == ({SHOWN} if finds else set())
    for who in (CONCEALED, EMPTY, SHOWN):  # and with the entry itself as the base of the search
        assert _search(asking, filter_, who=who) == found & {who}
    assert _search(asking, "(uid=*)") == {CONCEALED, EMPTY, SHOWN}


def test_comparing_tells_nothing_either(asking: Asking) -> None:
    connection, controls = asking
    told = {}
    for who in (CONCEALED, EMPTY, SHOWN):
        for value in (MOBILE, OTHER):
            connection.compare(f"uid={who},{PEOPLE}", "mobile", value, controls=controls or None)
            told[who, value] = code(connection)
    assert {told[who, value] for who in (CONCEALED, EMPTY) for value in (MOBILE, OTHER)} == {INSUFFICIENT}
    expected = (TRUE, FALSE) if controls else (INSUFFICIENT, INSUFFICIENT)  # a mail program compares nothing
    assert (told[SHOWN, MOBILE], told[SHOWN, OTHER]) == expected


def test_an_assertion_holds_for_nobody_whose_mobile_is_concealed(asking: Asking) -> None:
    connection, _ = asking
    told = {}
    for who in (CONCEALED, EMPTY, SHOWN):
        for filter_ in (f"(mobile={MOBILE})", "(mobile=*)", f"(!(mobile={OTHER}))", f"(!(mobile={MOBILE}))"):
            _search(asking, "(objectClass=*)", (ASSERTION, True, _encoded(filter_)), who=who)
            told[who, filter_] = code(connection)
    concealed = {filter_: said for (who, filter_), said in told.items() if who == CONCEALED}
    assert set(concealed.values()) == {ASSERTION_FAILED}
    assert {filter_: said for (who, filter_), said in told.items() if who == EMPTY} == concealed
    assert [said for (who, _), said in told.items() if who == SHOWN] == [0, 0, 0, ASSERTION_FAILED]


def test_matched_values_show_no_concealed_one(asking: Asking) -> None:
    for filter_ in (f"(mobile={MOBILE})", "(mobile=*)"):
        wanted = tagged(SEQUENCE, _encoded(filter_) + _encoded("(uid=*)"))
        assert _search(asking, "(uid=*)", (VALUES, True, wanted)) == {CONCEALED, EMPTY, SHOWN}


def test_sorting_paging_through_and_following_references_are_not_offered(asking: Asking) -> None:
    connection, _ = asking
    sort = tagged(SEQUENCE, tagged(SEQUENCE, tagged(OCTETS, b"mobile")))
    window = tagged(SEQUENCE, b"\x02\x01\x00\x02\x01\x05\xa0\x06\x02\x01\x01\x02\x01\x00")
    names = tagged(SEQUENCE, tagged(OCTETS, b"mobile"))
    follow = tagged(SEQUENCE, tagged(SEQUENCE, tagged(OCTETS, b"secretary") + names))
    for oid, value in ((SORT, sort), (VLV, window), (DEREF, follow)):
        assert _search(asking, "(uid=*)", (oid, True, value)) == set()
        assert code(connection) == UNAVAILABLE_EXTENSION, oid
        everybody = _search(asking, "(uid=*)", (oid, False, value))  # what is not critical is passed over
        assert everybody == {CONCEALED, EMPTY, SHOWN}
        assert not [one for one in connection.result.get("controls", {}) if one == oid]


def test_what_a_write_would_give_back_is_not_given_to_those_who_may_not_write(asking: Asking) -> None:
    connection, controls = asking
    wanted = tagged(SEQUENCE, tagged(OCTETS, b"mobile"))
    for oid in (PRE_READ, POST_READ):
        for who in (CONCEALED, EMPTY, SHOWN):
            change = {"title": [(ldap3.MODIFY_REPLACE, ["x"])]}
            connection.modify(f"uid={who},{PEOPLE}", change, controls=[*controls, (oid, True, wanted)])
            assert code(connection) != 0
            assert oid not in connection.result.get("controls", {})
    assert _search(asking, f"(mobile={MOBILE})") == {SHOWN}
