"""How much each identity gets at a time, and which ways around that slapd closes."""

from collections.abc import Iterator
from dataclasses import dataclass

import ldap3
import pytest

from counterpart.clock import system_clock
from dev.servers import Slapd
from ldap_schema.changes import Add
from ldap_schema.credentials import NewCredential
from ldap_schema.directory import Directory, Service
from tests.functional.directory_kit import bind_code, bound, leader, opened

PEOPLE = "ou=people,dc=leaders,dc=gov,dc=uk"
MANY, PAGE, MOST = 230, 100, 200  # people; what a mail program gets unasked, and when it asks for more
SIZE_LIMIT, ADMINISTRATIVE_LIMIT, UNAVAILABLE_CRITICAL, NO_SUCH_OBJECT = 4, 11, 12, 32
SORT, VIRTUAL_LIST, PAGED = "1.2.840.113556.1.4.473", "2.16.840.1.113730.3.4.9", "1.2.840.113556.1.4.319"
BY_NAME = b"\x30\x06\x30\x04\x04\x02cn"
FIRST_FIFTY = b"\x30\x0e\x02\x01\x00\x02\x01\x31\xa0\x06\x02\x01\x01\x02\x01\x00"
PAGE_OF_FIVE = b"\x30\x05\x02\x01\x05\x04\x00"


@dataclass(frozen=True)
class Crowd:
    """A server with more people than a mail program may have at once."""

    slapd: Slapd
    portal: Directory
    issued: NewCredential


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    with Slapd(tmp_path_factory.mktemp("crowd"), durable=False) as server:
        with opened(server, Service.SYNC) as sync:
            sync.write([Add(leader(f"k-{number}")) for number in range(MANY)])
        with opened(server, Service.PORTAL) as portal:
            yield Crowd(server, portal, portal.credentials.issue("k-0", "device", system_clock()))


@pytest.fixture
def program(crowd: Crowd) -> Iterator[ldap3.Connection]:
    with bound(crowd.slapd, crowd.issued.bind_dn, crowd.issued.password) as connection:
        yield connection
        assert _found(connection, "(uid=k-1)") == (1, 0), "what was refused did not end the connection"


def _found(connection: ldap3.Connection, filter_: str, **more: object) -> tuple[int, int]:
    """Return how many entries came, and the result code."""
    connection.search(PEOPLE, filter_, ldap3.LEVEL, ldap3.DEREF_NEVER, attributes=["cn"], **more)
    found = [each for each in connection.response or [] if each["type"] == "searchResEntry"]
    return len(found), int(connection.result["result"])


@pytest.mark.parametrize("filter_", ["(objectClass=*)", "(cn=Ada*)", "(|(cn=*ada*)(mail=*ada*))", "(uid=*)"])
def test_a_mail_program_gets_a_page_and_never_everybody(program: ldap3.Connection, filter_: str) -> None:
    assert _found(program, filter_) == (PAGE, SIZE_LIMIT)
    assert _found(program, filter_, size_limit=50) == (50, SIZE_LIMIT)
    asked = _found(program, filter_, size_limit=MOST)
    assert asked == (MOST, SIZE_LIMIT)
    for more in (MOST + 1, 10_000):
        count, code = _found(program, filter_, size_limit=more)
        assert count <= MOST
        assert code in (SIZE_LIMIT, ADMINISTRATIVE_LIMIT)


@pytest.mark.parametrize(
    "control", [(PAGED, PAGE_OF_FIVE), (SORT, BY_NAME), (VIRTUAL_LIST, FIRST_FIFTY)],
    ids=["pages", "sorting", "virtual list"],
)  # fmt: skip
def test_a_mail_program_can_walk_the_directory_in_no_way(
    program: ldap3.Connection, control: tuple[str, bytes]
) -> None:
    oid, value = control
    count, code = _found(program, "(objectClass=*)", controls=[(oid, True, value)])
    assert code in (ADMINISTRATIVE_LIMIT, UNAVAILABLE_CRITICAL, 53)
    assert count == 0
    count, _ = _found(program, "(objectClass=*)", controls=[(oid, False, value)])
    assert count <= PAGE, "a control that may be ignored brings no more either"


@pytest.mark.parametrize(
    "asked", [["+"], ["*", "+"], ["entryUUID", "createTimestamp", "memberOf", "entryDN"]]
)
def test_a_mail_program_that_asks_for_bookkeeping_gets_none(
    program: ldap3.Connection, asked: list[str]
) -> None:
    program.search(PEOPLE, "(uid=k-3)", ldap3.LEVEL, ldap3.DEREF_NEVER, attributes=["*"])
    [usual] = [set(each["attributes"]) for each in program.response or []]
    assert usual >= {"cn", "uid"}, "what it may have, on the same connection"
    program.search(PEOPLE, "(uid=k-3)", ldap3.LEVEL, ldap3.DEREF_NEVER, attributes=asked)
    [shown] = [set(each["attributes"]) for each in program.response or []]
    assert shown <= usual
    for name in ("entryUUID", "entryCSN", "createTimestamp", "creatorsName", "memberOf", "nlcStatus"):
        assert _found(program, f"({name}=*)") == (0, 0), f"nobody is found by {name} either"


def test_a_mail_program_may_ask_for_seconds_and_gets_no_more_than_its_own(program: ldap3.Connection) -> None:
    assert _found(program, "(uid=k-2)", time_limit=3) == (1, 0)
    count, code = _found(program, "(uid=k-2)", time_limit=3600)
    assert (count, code) in ((1, 0), (0, ADMINISTRATIVE_LIMIT))


def test_a_leader_in_the_portal_and_the_services_get_everybody(crowd: Crowd) -> None:
    assert len(crowd.portal.as_viewer("k-0").people.by_uids(f"k-{number}" for number in range(MANY))) == MANY
    assert crowd.portal.people.count_active() == MANY
    with opened(crowd.slapd, Service.SYNC) as sync:
        assert sync.people.count_active() == MANY


@pytest.mark.parametrize("whose", ["its own", "another's", "a service's"])
def test_a_mail_program_changes_no_password(crowd: Crowd, program: ldap3.Connection, whose: str) -> None:
    other = crowd.portal.credentials.issue("k-1", "device", system_clock())
    target = {
        "its own": crowd.issued.bind_dn,
        "another's": other.bind_dn,
        "a service's": "cn=portal,ou=services,dc=leaders,dc=gov,dc=uk",
    }[whose]
    program.extend.standard.modify_password(target, crowd.issued.password, "chosen-by-me")
    assert program.result["result"] != 0
    if whose == "its own":
        program.extend.standard.modify_password(None, crowd.issued.password, "chosen-by-me")
        assert program.result["result"] != 0
    assert bind_code(crowd.slapd, crowd.issued) == bind_code(crowd.slapd, other) == 0
    crowd.portal.probe()


def test_a_mail_program_learns_from_who_am_i_what_it_knows(crowd: Crowd, program: ldap3.Connection) -> None:
    assert program.extend.standard.who_am_i() == f"dn:{crowd.issued.bind_dn}"


@pytest.mark.parametrize(
    ("filter_", "cookie"),
    [
        ("(objectClass=*)", b""),
        ("(uid=k-1)", b""),
        ("(objectClass=*)", b"rid=001,csn=20990101000000.000000Z#000000#000#000000"),  # nothing to refresh
    ],
    ids=["everybody", "one person", "what changes from now on"],
)
def test_a_mail_program_starts_no_synchronisation(
    program: ldap3.Connection, filter_: str, cookie: bytes
) -> None:
    """Or it would be sent every change for ever, past the limits of a search. slapd begins none below an
    entry that one may not read, so no mail program may read `ou=people` itself."""
    known = b"\x04" + bytes([len(cookie)]) + cookie if cookie else b""
    value = b"\x0a\x01\x03" + known
    persist = b"\x30" + bytes([len(value)]) + value
    controls = [("1.3.6.1.4.1.4203.1.9.1.1", True, persist)]
    assert _found(program, filter_, controls=controls) == (0, NO_SUCH_OBJECT)
