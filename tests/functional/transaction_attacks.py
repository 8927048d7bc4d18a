"""What somebody can send to a directory that takes transactions (RFC 5805), as raw bytes.

Each attack is one message after the other in a single breath, because slapd 2.5 dies of an end that comes
while it still answers the operation before (decision 0010).
"""

import socket
import ssl
from types import TracebackType
from typing import Self

from dev.servers import Slapd
from ldap_schema import wire
from ldap_schema.ber import FALSE, OCTETS, SEQUENCE, BrokenBER, integer, message_end, tagged
from ldap_schema.operations import AddEntry, DeleteEntry, ModifyEntry, Operation, Search
from ldap_schema.transaction import END, IN_TRANSACTION, START

BIND, UNBIND, ABANDON, EXTENDED, RENAME, COMPARE = 0x60, 0x42, 0x50, 0x77, 0x6C, 0x6E
NAME, VALUE, SIMPLE = 0x80, 0x81, 0x80
SPECIFIED: list[wire.Control] = [(IN_TRANSACTION, True, b"")]  # slapd's identifiers are all empty
START_TLS, PASSWORD, CANCEL = "1.3.6.1.4.1.1466.20037", "1.3.6.1.4.1.4203.1.11.1", "1.3.6.1.1.8"
UNCRITICAL: list[wire.Control] = [(IN_TRANSACTION, False, b"")]
COMMIT, ROLL_BACK = tagged(SEQUENCE, tagged(OCTETS, b"")), tagged(SEQUENCE, FALSE + tagged(OCTETS, b""))
SECONDS = 5.0  # for an answer


def message(number: int, request: bytes, controls: list[wire.Control] | None = None) -> bytes:
    inside = tagged(SEQUENCE, b"".join(_control(*each) for each in controls or []))
    return tagged(SEQUENCE, integer(number) + request + (b"\xa0" + inside[1:] if controls else b""))


def _control(oid: str, critical: bool, value: bytes) -> bytes:
    return tagged(SEQUENCE, tagged(OCTETS, oid.encode()) + b"\x01\x01\xff" * critical + tagged(OCTETS, value))


def bind(number: int, dn: str, password: str) -> bytes:
    asked = integer(3) + tagged(OCTETS, dn.encode()) + tagged(SIMPLE, password.encode())
    return message(number, tagged(BIND, asked))


def extended(
    number: int, oid: str, value: bytes | None = None, controls: list[wire.Control] | None = None
) -> bytes:
    inside = tagged(NAME, oid.encode()) + (b"" if value is None else tagged(VALUE, value))
    return message(number, tagged(EXTENDED, inside), controls)


def specified(number: int, operation: Operation) -> bytes:
    return wire.encode(number, operation, SPECIFIED)


def renamed(number: int, dn: str) -> bytes:
    asked = tagged(OCTETS, dn.encode()) + tagged(OCTETS, b"uid=other") + b"\x01\x01\xff"
    return message(number, tagged(RENAME, asked), SPECIFIED)


def compared(number: int, dn: str) -> bytes:
    pair = tagged(SEQUENCE, tagged(OCTETS, b"cn") + tagged(OCTETS, b"x"))
    return message(number, tagged(COMPARE, tagged(OCTETS, dn.encode()) + pair), SPECIFIED)


def searched(number: int, dn: str) -> bytes:
    search = Search(base=dn, filter="(objectClass=*)", attributes=["cn"], scope="entry")
    return wire.encode_search(number, search, 5, SPECIFIED)


def settlement(identifier: bytes) -> bytes:
    return tagged(SEQUENCE, tagged(OCTETS, identifier))


def changed(dn: str) -> ModifyEntry:
    return ModifyEntry(dn=dn, replace={"description": [b"x"]})


def attacks(dn: str, password: str) -> dict[str, bytes]:
    """Return each attack on an entry, under a name; the password is that of who binds anew in the middle."""
    start, commit = extended(2, START), extended(9, END, COMMIT)
    change = specified(3, changed(dn))
    new_password = tagged(SEQUENCE, tagged(0x80, dn.encode()) + tagged(0x82, b"new"))
    return {
        "changed and ended in one breath": start + change + commit,
        "added": start + specified(3, AddEntry(dn=f"uid=y,{dn}", values={"objectClass": [b"top"]})) + commit,
        "deleted": start + specified(3, DeleteEntry(dn=dn)) + commit,
        "renamed": start + renamed(3, dn) + commit,
        "password changed": start + extended(3, PASSWORD, new_password, SPECIFIED) + commit,
        "searched": start + searched(3, dn) + change + commit,
        "compared": start + compared(3, dn) + change + commit,
        "nothing done": start + commit,
        "ended twice": start + change + commit + extended(10, END, COMMIT),
        "begun twice": start + extended(4, START) + change + commit,
        "begun with a value": extended(2, START, b"x") + change + commit,
        "never begun": change + commit,
        "never ended": start + change,
        "ended with no value": start + change + extended(9, END),
        "ended by an unknown identifier": start + change + extended(9, END, settlement(b"unknown")),
        "an unknown identifier": start + wire.encode(3, changed(dn), [(IN_TRANSACTION, True, b"x")]) + commit,
        "a control that is not critical": start + wire.encode(3, changed(dn), UNCRITICAL) + commit,
        "rolled back": start + change + extended(9, END, ROLL_BACK),
        "operation abandoned": start + change + message(4, tagged(ABANDON, b"\x03")) + commit,
        "end abandoned": start + change + commit + message(10, tagged(ABANDON, b"\x09")),
        "operation cancelled": start + change + extended(4, CANCEL, tagged(SEQUENCE, integer(3))) + commit,
        "end cancelled": start + change + commit + extended(10, CANCEL, tagged(SEQUENCE, integer(9))),
        "bound in the same breath": bind(1, dn, password) + start + change + commit,
        "bound anew in the middle": start + change + bind(4, dn, password) + commit,
        "left in the middle": start + change + message(4, tagged(UNBIND, b"")),
        "TLS begun in the middle": start + change + extended(4, START_TLS) + commit,
        "fifty changes": start + b"".join(specified(n, changed(dn)) for n in range(20, 70)) + commit,
    }


def _connected(server: Slapd, way: str) -> socket.socket:
    if way != "socket":
        port = server.ldaps_port if way == "ldaps" else server.ldap_port
        return socket.create_connection(("localhost", port), SECONDS)
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(SECONDS)
    try:
        made.connect(str(server.socket))
    except OSError:
        made.close()
        raise
    return made


class Line:
    """A connection to a server: by ldaps, StartTLS, in cleartext or at the socket; bound if a DN is given."""

    def __init__(self, server: Slapd, way: str, dn: str = "", password: str = "") -> None:
        self._socket = _connected(server, way)
        self._held = bytearray()
        try:
            self._begin(server, way, dn, password)
        except BaseException:
            self.close()
            raise

    def _begin(self, server: Slapd, way: str, dn: str, password: str) -> None:
        if way == "StartTLS":
            self._succeed(extended(1, START_TLS))
        if way in ("ldaps", "StartTLS"):
            trust = ssl.create_default_context(cafile=str(server.ca_file))
            self._socket = trust.wrap_socket(self._socket, server_hostname="localhost")
        if dn:
            self._succeed(bind(1, dn, password))

    def _succeed(self, message: bytes) -> None:
        self.send(message)
        if self.codes(1) != {1: 0}:
            raise ConnectionRefusedError("The server refuses to be asked, or ends.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, messages: bytes) -> None:
        self._socket.sendall(messages)

    def codes(self, *awaited: int) -> dict[int, int]:
        """Return the result code of each answer until all awaited ones are there or the line ends."""
        found: dict[int, int] = {}
        while not set(awaited) <= found.keys():
            received = self._socket.recv(65_536)
            if not received:
                return found
            self._held += received
            found |= dict(self._answers())
        return found

    def _answers(self) -> list[tuple[int, int]]:
        found = []
        while (end := message_end(self._held, 0)) is not None and end <= len(self._held):
            read = wire.read_message(bytes(self._held[:end]))
            del self._held[:end]
            try:
                found.append((read.message_id, wire.read_answer(read).code))
            except BrokenBER:  # an entry, a reference
                continue
        return found

    def close(self) -> None:
        self._socket.close()
