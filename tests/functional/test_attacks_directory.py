"""What a hostile mail program tries on the directory, with a credential of its own."""

import socket
import ssl
import time
from contextlib import ExitStack, suppress
from datetime import UTC, datetime

from dev.servers import Slapd
from ldap_schema.ber import tagged
from ldap_schema.changes import Add
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import DirectoryUnavailable
from ldap_schema.people import Person

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SEQUENCE, INTEGER, OCTETS, ENUMERATED, BOOLEAN = 0x30, 0x02, 0x04, 0x0A, 0x01
BIND, SEARCH, SIMPLE, PRESENT = 0x60, 0x63, 0x80, 0x87
CONNECTIONS, SEARCHES, PATIENCE = 10, 400, 30.0


def message(number: int, operation: bytes) -> bytes:
    return tagged(SEQUENCE, tagged(INTEGER, number.to_bytes(2, "big")) + operation)


def bind(dn: str, password: str) -> bytes:
    asked = tagged(INTEGER, b"\x03") + tagged(OCTETS, dn.encode()) + tagged(SIMPLE, password.encode())
    return message(1, tagged(BIND, asked))


def search(number: int, base: str) -> bytes:
    asked = tagged(OCTETS, base.encode()) + tagged(ENUMERATED, b"\x02") + tagged(ENUMERATED, b"\x00")
    asked += tagged(INTEGER, b"\x00") * 2 + tagged(BOOLEAN, b"\x00") + tagged(PRESENT, b"cn")
    return message(number, tagged(SEARCH, asked + tagged(SEQUENCE, b"")))


def ask_and_never_read(server: Slapd, dn: str, password: str, line: ssl.SSLSocket) -> None:
    """Ask for everything, again and again, and take no answer from the line."""
    line.settimeout(3)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect(("localhost", server.ldaps_port))
    line.sendall(bind(dn, password))
    line.recv(100)
    for number in range(2, SEARCHES):
        line.sendall(search(number, f"ou=people,{server.suffix}"))


def test_a_mail_program_that_never_reads_its_answers_stops_nobody_else(fresh_slapd: Slapd) -> None:
    sync = Directory.open(fresh_slapd.settings(), Service.SYNC)
    portal = Directory.open(fresh_slapd.settings(), Service.PORTAL)
    people = [
        Person(uid=f"p{number}", full_name=f"Ada Quill {number}", family_name="Quill" * 40, title="T" * 200)
        for number in range(100)
    ]
    sync.write([Add(person) for person in people])
    made = portal.credentials.issue("p1", "Hostile", NOW)
    dn = f"uid={made.credential.id},ou=credentials,{fresh_slapd.suffix}"
    trust = ssl.create_default_context(cafile=str(fresh_slapd.ca_file))
    with ExitStack() as lines:
        for _ in range(CONNECTIONS):
            line = lines.enter_context(trust.wrap_socket(socket.socket(), server_hostname="localhost"))
            with suppress(OSError):  # the last ones find the directory busy already
                ask_and_never_read(fresh_slapd, dn, made.password, line)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(DirectoryUnavailable):
                assert sync.people.get("p1").uid == "p1"
                break
        else:
            raise AssertionError("The directory was still stopped after half a minute.")
    sync.close()
    portal.close()
