"""BER (X.690) as far as LDAP goes (RFC 4511, section 5.1): definite lengths, tags of one byte.

What a server sends is not trusted to be well formed: every length is held to what surrounds it.
"""

from collections.abc import Iterator

SEQUENCE, SET, OCTETS, INTEGER, ENUMERATED = 0x30, 0x31, 0x04, 0x02, 0x0A
TRUE, FALSE = b"\x01\x01\xff", b"\x01\x01\x00"
LONGEST_MESSAGE = 8 << 20  # bytes; the largest entry we keep has a portrait of 200 KB in it
LONGEST_NUMBER = 8  # bytes
_LENGTH_BYTES = 4


class BrokenBER(ValueError):
    """Bytes that are no well-formed element, or not the element that has to stand there."""


def tagged(tag: int, content: bytes) -> bytes:
    """Return one element with a definite length."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(number: int, tag: int = INTEGER) -> bytes:
    """Return a number that is not negative."""
    return tagged(tag, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def element(data: bytes, at: int, end: int, wanted: int = 0) -> tuple[int, int, int]:
    """Return the tag of the element at `at`, and where its content begins and ends.

    Raise BrokenBER if it does not end before `end`, or has another tag than is wanted (0: any).
    """
    if at + 2 > end:
        raise BrokenBER("An element is missing or cut off.")
    tag, size = data[at], data[at + 1]
    at += 2
    if size > 0x7F:
        count = size & 0x7F
        if not 0 < count <= _LENGTH_BYTES or at + count > end:
            raise BrokenBER("A length is indefinite, too long or cut off.")
        size = int.from_bytes(data[at : at + count], "big")
        at += count
    if at + size > end or (wanted and tag != wanted):
        raise BrokenBER("An element reaches beyond what it is part of, or is another than belongs here.")
    return tag, at, at + size


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each element in the data; raise BrokenBER."""
    at = 0
    while at < len(data):
        tag, start, at = element(data, at, len(data))
        yield tag, data[start:at]


def number(content: bytes) -> int:
    """Return a number that is not negative; raise BrokenBER for one too long to be one of LDAP's."""
    if not 0 < len(content) <= LONGEST_NUMBER:
        raise BrokenBER("A number is empty or too long.")
    return int.from_bytes(content, "big")


def message_end(data: bytes | bytearray, at: int) -> int | None:
    """Return where the message that begins at `at` ends, or None while its length is not there yet.

    Raise BrokenBER for what can't be an LDAP message or is longer than we are prepared to hold.
    """
    if len(data) < at + 2:
        return None
    size, start = data[at + 1], at + 2
    count = size & 0x7F if size > 0x7F else 0
    if data[at] != SEQUENCE or size == 0x80 or count > _LENGTH_BYTES:
        raise BrokenBER("The server sends something that is not LDAP.")
    if len(data) < start + count:
        return None
    if count:
        size = int.from_bytes(data[start : start + count], "big")
    if size > LONGEST_MESSAGE:
        raise BrokenBER("The server sends a message that is too long.")
    return start + count + size
