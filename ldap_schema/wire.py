"""The few LDAP messages of a transaction in BER (RFC 4511), written and read without ldap3.

ldap3 needs about a millisecond of CPU for one add, and a feed of 1,500 leaders is some 5,500 operations in
one transaction; so they are encoded here and go over the connection that ldap3 opened.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ldap_schema.operations import AddEntry, DeleteEntry, ModifyEntry, Operation

SEQUENCE, SET, OCTETS, INTEGER, ENUMERATED, TRUE = 0x30, 0x31, 0x04, 0x02, 0x0A, b"\x01\x01\xff"
ADD, MODIFY, DELETE, CONTROLS = 0x68, 0x66, 0x4A, 0xA0  # application 8, 6 and 10, context 0
_ADD_VALUES, _DELETE_VALUES, _REPLACE_VALUES = 0, 1, 2

Control = tuple[str, bool, bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says to one message."""

    message_id: int
    code: int
    message: str


def encode(message_id: int, operation: Operation, controls: Sequence[Control]) -> bytes:
    """Return one LDAPMessage with its controls, all of them critical or not as given."""
    attached = b"".join(_control(*control) for control in controls)
    body = _integer(message_id) + _request(operation) + tagged(CONTROLS, attached)
    return tagged(SEQUENCE, body)


def answer(data: bytes) -> Answer | None:
    """Return the answer in what was received, or None if it is not all there yet."""
    message = _split(data)
    if message is None:
        return None
    (_, message_id), (_, result), *_ = elements(message[0])
    (_, code), _, (_, text), *_ = elements(result)
    return Answer(
        int.from_bytes(message_id, "big"), int.from_bytes(code, "big"), text.decode("utf-8", "replace")
    )


def tagged(tag: int, content: bytes) -> bytes:
    """Return one BER element with a definite length."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of the elements in the data; raise ValueError for half an element."""
    while data:
        split = _split(data)
        if split is None:
            raise ValueError("The server's answer ends in the middle of an element.")
        yield data[0], split[0]
        data = split[1]


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


def _integer(number: int) -> bytes:
    return tagged(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _split(data: bytes) -> tuple[bytes, bytes] | None:
    """Return content and rest of the first element, or None if it is not all there yet."""
    if len(data) < 2:
        return None
    start, size = 2, data[1]
    if size & 0x80:
        start += size & 0x7F
        if len(data) < start:
            return None
        size = int.from_bytes(data[2:start], "big")
    if len(data) < start + size:
        return None
    return data[start : start + size], data[start + size :]
