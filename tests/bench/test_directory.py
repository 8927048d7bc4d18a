"""What reading the directory costs: our gateway beside a bare ldap3, and a mail program's questions."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import ldap3
import pytest

from counterpart.clock import system_clock
from counterpart.settings import load
from dev.house import House
from ldap_schema.connection import VerifiedTLS
from ldap_schema.directory import Directory, Service
from ldap_schema.filters import all_of, any_of, equals
from ldap_schema.people import CODEC
from tests.bench.measure import Row, cpu_of, latencies, own_costs, percentile, show
from tests.bench.test_portal import LEADER

READS, QUERIES, ROWS = 200, 200, 20
PROXIED_AUTHORIZATION = "2.16.840.1.113730.3.4.18"
# What Thunderbird 153 asks after three letters; it asks for all attributes and at most a hundred entries.
AUTOCOMPLETE = "(|(cn=*{0}*)(mail=*{0}*)(givenName=*{0}*)(sn=*{0}*))"
TYPED = ("ann", "war", "chi", "ber", "mar", "son", "ell", "and", "har", "tho")


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
def bare(house: House, dn: str, password: str, *, tls_from_start: bool = False) -> Iterator[ldap3.Connection]:
    """ldap3 as fast as it is with the server's certificate checked and no schema read."""
    tls = VerifiedTLS("localhost", house.slapd.ca_file)
    port = house.slapd.ldaps_port if tls_from_start else house.slapd.ldap_port
    server = ldap3.Server("localhost", port, use_ssl=tls_from_start, get_info=ldap3.NONE, tls=tls)
    connection = ldap3.Connection(
        server, dn, password, check_names=False, return_empty_attributes=False, auto_range=False
    )
    connection.open(read_server_info=False)
    if not tls_from_start:
        connection.start_tls(read_server_info=False)
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

        def read() -> None:
            connection.search(base, wanted, attributes=CODEC.asked, controls=[control])
            assert len(connection.response or ()) == ROWS

        rows = [
            Row("ldap3, bare: 20 people by uid", own_costs(read, READS)),
            Row(
                "our gateway: the same, as records", own_costs(lambda: as_leader.people.by_uids(uids), READS)
            ),
            Row(
                "our gateway: the first 20 for a word",
                own_costs(lambda: as_leader.people.search(["chief"], {}, ROWS), READS),
            ),
        ]
    show("Directory: milliseconds a read, as a signed-in leader", ("own CPU", "wall"), rows)


def test_a_mail_programs_questions(house: House, portal: Directory, leader: str) -> None:
    made = portal.credentials.issue(leader, "benchmark", system_clock())
    letters = itertools.cycle(TYPED)

    def ask(connection: ldap3.Connection) -> None:
        connection.search(made.base_dn, AUTOCOMPLETE.format(next(letters)), attributes=["*"], size_limit=100)
        assert connection.response

    def anew() -> None:
        with bare(house, made.bind_dn, made.password, tls_from_start=True) as connection:
            ask(connection)

    with bare(house, made.bind_dn, made.password, tls_from_start=True) as kept:
        rows = [
            _questions(house, "a question over an open connection", lambda: ask(kept)),
            _questions(house, "connect, TLS, bind, question (Thunderbird)", anew),
        ]
    portal.credentials.revoke(made.credential.id, leader)
    note = "The client is ldap3 in Python; its own work is in p50 and p99."
    show("Mail program: milliseconds a question", ("slapd CPU", "p50", "p99"), rows, note)


def _questions(house: House, what: str, call: Callable[[], None]) -> Row:
    before = cpu_of(house.slapd)
    found = latencies(call, QUERIES)
    slapd = 1000 * (cpu_of(house.slapd) - before) / QUERIES
    return Row(what, (slapd, percentile(found, 0.5), percentile(found, 0.99)))
