"""What reading the directory costs through our gateway, beside a bare ldap3."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import ldap3
import pytest

from counterpart.settings import load
from dev.house import House
from ldap_schema.directory import Directory, Service
from ldap_schema.filters import all_of, any_of, equals
from ldap_schema.people import CODEC
from tests.bench.measure import Row, ahead_of_others, own_costs, show
from tests.bench.test_portal import LEADER

READS, ROWS = 200, 20
PROXIED_AUTHORIZATION = "2.16.840.1.113730.3.4.18"


@pytest.fixture(scope="module")
def portal(house: House) -> Iterator[Directory]:
    opened = Directory.open(load({}, house.settings.settings_file).directory, Service.PORTAL)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def leader(portal: Directory) -> str:
    found = portal.people.by_sign_in_address(LEADER)
    assert found
    return found.uid


@contextmanager
def bare(house: House, dn: str, password: str) -> Iterator[ldap3.Connection]:
    """ldap3 as fast as it is, the same way as the gateway, with no schema read."""
    server = ldap3.Server(house.slapd.socket_uri, get_info=ldap3.NONE)
    connection = ldap3.Connection(
        server, dn, password, check_names=False, return_empty_attributes=False, auto_range=False
    )
    connection.open(read_server_info=False)
    assert connection.bind(read_server_info=False)
    try:
        yield connection
    finally:
        connection.unbind()


def test_reading_twenty_people_as_a_leader(house: House, portal: Directory, leader: str) -> None:
    settings = load({}, house.settings.settings_file).directory
    as_leader = portal.as_viewer(leader)
    uids = [person.uid for person in as_leader.people.search(["chief"], {}, ROWS)]
    assert len(uids) == ROWS
    base = f"ou=people,{settings.suffix}"
    control = (PROXIED_AUTHORIZATION, True, f"dn:uid={leader},{base}".encode())
    wanted = all_of(any_of(*(equals("uid", uid) for uid in uids)))
    password = settings.portal_password_file.read_text().strip()
    with bare(house, f"cn=portal,ou=services,{settings.suffix}", password) as connection:

        def read(filter_: str, count: int) -> None:
            connection.search(base, filter_, attributes=CODEC.asked, controls=[control])
            assert len(connection.response or ()) == count

        one = equals("uid", uids[0])
        reads: dict[str, Callable[[], object]] = {
            "ldap3, bare: one person": lambda: read(one, 1),
            "our gateway: the same": lambda: as_leader.people.get(uids[0]),
            "ldap3, bare: 20 people by uid": lambda: read(wanted, ROWS),
            "our gateway: the same, as records": lambda: as_leader.people.by_uids(uids),
            "our gateway: the first 20 for a word": lambda: as_leader.people.search(["chief"], {}, ROWS),
        }
        with ahead_of_others(house.slapd) as how:
            rows = [Row(what, own_costs(call, READS)) for what, call in reads.items()]
    note = f"Wanted: one person at most 1.3 times bare ldap3, 20 people at most 6 ms of CPU. {how}"
    show("Directory: milliseconds a read, as a signed-in leader", ("own CPU", "wall"), rows, note)
