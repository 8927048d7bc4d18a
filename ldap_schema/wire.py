"""The LDAP messages that matter for speed in BER (RFC 4511), written and read without ldap3.

ldap3 needs a millisecond of CPU for one add and nine for twenty entries found. A feed of 1,500 leaders is
5,500 operations, and each page of the portal is a search; so these go over the connection that ldap3 opened,
and all else (StartTLS, bind, extended operations) is left to it. Numbers: decision 0012.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ldap_schema.ber import (
    ENUMERATED,
    FALSE,
    INTEGER,
    OCTETS,
    SEQUENCE,
    SET,
    TRUE,
    BrokenBER,
    element,
    integer,
    number,
    tagged,
)
from ldap_schema.entries import Entry, KnownEntry
from ldap_schema.operations import AddEntry, DeleteEntry, ModifyEntry, Operation, Search
from ldap_schema.wire_filters import encode_filter

ADD, MODIFY, DELETE, SEARCH, CONTROLS = 0x68, 0x66, 0x4A, 0x63, 0xA0  # application 8, 6, 10, 3, context 0
FOUND, REFERENCE, SEARCH_DONE = 0x64, 0x73, 0x65
_ADD_VALUES, _DELETE_VALUES, _REPLACE_VALUES = 0, 1, 2
_SCOPES = {"entry": 0, "children": 1, "below": 2}
_NEVER_DEREFERENCE = 0
WHO_AM_I = "1.3.6.1.4.1.4203.1.11.3"  # RFC 4532

MOST_KNOWN = 4096  # entries of lists that a process keeps in mind; there are about 1,500 leaders

Control = tuple[str, bool, bytes]


@dataclass(frozen=True, slots=True)
class Message:
    """One whole message of the server; its content stands in `data` from `start` to `end`."""

    message_id: int
    tag: int
    data: bytes
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says to one request in the end."""

    code: int
    message: str


def encode(message_id: int, operation: Operation, controls: Sequence[Control]) -> bytes:
    """Return one LDAPMessage with its controls, all of them critical or not as given."""
    return _message(message_id, _request(operation), controls)


def encode_search(message_id: int, search: Search, seconds: int, controls: Sequence[Control]) -> bytes:
    """Return a search that the server may take so many seconds over; aliases are never followed."""
    inside = (
        tagged(OCTETS, search.base.encode("utf-8"))
        + integer(_SCOPES[search.scope], ENUMERATED)
        + integer(_NEVER_DEREFERENCE, ENUMERATED)
        + integer(search.limit)
        + integer(seconds)
        + FALSE  # values too, not types only
        + encode_filter(search.filter)
        + _selection(tuple(search.attributes))
    )
    return _message(message_id, tagged(SEARCH, inside), controls)


@lru_cache(maxsize=128)
def _selection(attributes: tuple[str, ...]) -> bytes:
    """Which attributes are wanted; the same few lists again and again."""
    return tagged(SEQUENCE, b"".join(tagged(OCTETS, name.encode("ascii")) for name in attributes))


def read_message(data: bytes) -> Message:
    """Return the message that the bytes are; raise BrokenBER if they are none."""
    _, at, end = element(data, 0, len(data), SEQUENCE)
    _, start, at = element(data, at, end, INTEGER)
    message_id = number(data[start:at])
    tag, start, stop = element(data, at, end)
    return Message(message_id, tag, data, start, stop)


def read_answer(message: Message) -> Answer:
    """Return the result that the message carries (LDAPResult); raise BrokenBER."""
    data, end = message.data, message.end
    _, start, at = element(data, message.start, end, ENUMERATED)
    code = number(data[start:at])
    _, _, at = element(data, at, end, OCTETS)
    _, start, at = element(data, at, end, OCTETS)
    return Answer(code, data[start:at].decode("utf-8", "replace"))


def read_entry(message: Message) -> Entry:
    """Return the entry that the message carries (SearchResultEntry); raise BrokenBER."""
    return Entry(*_read_entry(message.data, message.start, message.end))


def read_known_entry(message: Message) -> Entry:
    """Return the same; one that was read before with the very same bytes is the same object."""
    return _known_entry(message.data[message.start : message.end])


@lru_cache(maxsize=MOST_KNOWN)
def _known_entry(content: bytes) -> KnownEntry:
    return KnownEntry(*_read_entry(content, 0, len(content)))


def _read_entry(data: bytes, start: int, end: int) -> tuple[str, dict[str, list[bytes]]]:
    _, start, at = element(data, start, end, OCTETS)
    dn = data[start:at].decode("utf-8", "replace")
    _, at, end = element(data, at, end, SEQUENCE)
    values: dict[str, list[bytes]] = {}
    while at < end:
        _, inside, at = element(data, at, end, SEQUENCE)
        name, given = _read_attribute(data, inside, at)
        if name in values:
            raise BrokenBER("An entry has an attribute twice.")
        values[name] = given
    return dn, values


def _read_attribute(data: bytes, at: int, end: int) -> tuple[str, list[bytes]]:
    _, start, at = element(data, at, end, OCTETS)
    name = data[start:at].decode("ascii", "replace")
    _, at, end = element(data, at, end, SET)
    values = []
    while at < end:
        _, start, at = element(data, at, end, OCTETS)
        values.append(data[start:at])
    return name, values


def _message(message_id: int, request: bytes, controls: Sequence[Control]) -> bytes:
    attached = tagged(CONTROLS, b"".join(_control(*control) for control in controls)) if controls else b""
    return tagged(SEQUENCE, integer(message_id) + request + attached)


def _request(operation: Operation) -> bytes:
    dn = operation.dn.encode("utf-8")
    if isinstance(operation, AddEntry):
        return tagged(ADD, tagged(OCTETS, dn) + tagged(SEQUENCE, _attributes(operation.values)))
    if isinstance(operation, DeleteEntry):
        return tagged(DELETE, dn)
    return tagged(MODIFY, tagged(OCTETS, dn) + tagged(SEQUENCE, _changes(operation)))


def _attributes(values: Mapping[str, Sequence[bytes]]) -> bytes:
    return b"".join(_attribute(attribute, given) for attribute, given in values.items())


def _attribute(name: str, values: Sequence[bytes]) -> bytes:
    inside = b"".join(tagged(OCTETS, value) for value in values)
    return tagged(SEQUENCE, tagged(OCTETS, name.encode("ascii")) + tagged(SET, inside))


def _changes(operation: ModifyEntry) -> bytes:
    kinds = (
        (_DELETE_VALUES, operation.delete),
        (_ADD_VALUES, operation.add),
        (_REPLACE_VALUES, operation.replace),
    )
    return b"".join(
        tagged(SEQUENCE, tagged(ENUMERATED, bytes((kind,))) + _attribute(name, values))
        for kind, given in kinds
        for name, values in given.items()
    )


def _control(oid: str, critical: bool, value: bytes) -> bytes:
    criticality = TRUE if critical else b""
    return tagged(SEQUENCE, tagged(OCTETS, oid.encode("ascii")) + criticality + tagged(OCTETS, value))
