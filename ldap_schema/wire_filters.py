"""Filters as `filters.py` writes them, into BER (RFC 4511, section 4.5.1.7).

It takes the text of `filters.py` and nothing wider: values of letters, digits, escaped bytes and asterisks.
All else was not made there, and is an error in the code rather than a filter to guess at.
"""

import re

from ldap_schema.ber import OCTETS, SEQUENCE, tagged

DEEPEST = 20
_SETS = {"&": 0xA0, "|": 0xA1}
_NOT, _EQUAL, _SUBSTRINGS, _PRESENT = 0xA2, 0xA3, 0xA4, 0x87
_INITIAL, _ANY, _FINAL = 0x80, 0x81, 0x82
_GREATER_OR_EQUAL, _LESS_OR_EQUAL = 0xA5, 0xA6
_ITEM = re.compile(r"\(([A-Za-z][A-Za-z0-9]*)([<>]?)=((?:[A-Za-z0-9*]|\\[0-9a-f]{2})+)\)")
_ESCAPED = re.compile(rb"\\(..)")


def encode_filter(text: str) -> bytes:
    """Return the filter in BER; raise ValueError for what `filters.py` does not write."""
    encoded, end = _filter(text, 0, DEEPEST)
    if end != len(text):
        raise ValueError("Something follows the filter.")
    return encoded


def _filter(text: str, at: int, depth: int) -> tuple[bytes, int]:
    """Return the filter that begins at `at`, and where the text goes on after it."""
    operator = text[at + 1 : at + 2]
    if operator in ("&", "|", "!") and depth:
        parts, at = _parts(text, at + 2, depth - 1)
        if operator != "!":
            return tagged(_SETS[operator], b"".join(parts)), at
        if len(parts) == 1:
            return tagged(_NOT, parts[0]), at
    elif item := _ITEM.match(text, at):
        name, value = item[1].encode("ascii"), item[3].encode("ascii")
        return _ordering(item[2], name, value) if item[2] else _item(name, value), item.end()
    raise ValueError("Not a filter that filters.py writes.")


def _parts(text: str, at: int, depth: int) -> tuple[list[bytes], int]:
    parts = []
    while text[at : at + 1] == "(":
        part, at = _filter(text, at, depth)
        parts.append(part)
    if not parts or text[at : at + 1] != ")":
        raise ValueError("A filter is empty or does not end.")
    return parts, at + 1


def _ordering(sign: str, name: bytes, value: bytes) -> bytes:
    if b"*" in value:
        raise ValueError("There is no order among patterns.")
    kind = _GREATER_OR_EQUAL if sign == ">" else _LESS_OR_EQUAL
    return tagged(kind, tagged(OCTETS, name) + tagged(OCTETS, _plain(value)))


def _item(name: bytes, value: bytes) -> bytes:
    if value == b"*":
        return tagged(_PRESENT, name)
    if b"*" not in value:
        return tagged(_EQUAL, tagged(OCTETS, name) + tagged(OCTETS, _plain(value)))
    initial, *between, final = value.split(b"*")
    pieces = [(_INITIAL, initial), *((_ANY, piece) for piece in between), (_FINAL, final)]
    inside = b"".join(tagged(tag, _plain(piece)) for tag, piece in pieces if piece)
    if not inside:
        raise ValueError("A filter looks for nothing but asterisks.")
    return tagged(_SUBSTRINGS, tagged(OCTETS, name) + tagged(SEQUENCE, inside))


def _plain(value: bytes) -> bytes:
    return _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode("ascii")), value)
