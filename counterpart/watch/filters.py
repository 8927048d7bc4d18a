"""Filters (RFC 4515) as slapd writes them into its log, read again, and held against one record.

Whoever asks chooses what stands there, so that nothing is taken for granted: what is no filter is
UnreadableFilter, and neither depth nor length costs more than the limits here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LONGEST, DEEPEST = 8192, 50  # characters, levels; slapd's own log lines are shorter than that
ITEM = re.compile(r"\(\??([A-Za-z0-9.-]*)((?:;[A-Za-z0-9-]+)*)(:[^=()]*:|[~<>])?=([^()]*)\)")
ESCAPED = re.compile(rb"\\([0-9A-Fa-f]{2})")
ALIASES = {
    "commonname": "cn", "surname": "sn", "gn": "givenname", "rfc822mailbox": "mail", "userid": "uid",
    "2.5.4.3": "cn", "2.5.4.4": "sn", "2.5.4.42": "givenname", "0.9.2342.19200300.100.1.3": "mail",
}  # fmt: skip
COMPUTED = ""  # what slapd writes in place of an attribute that nothing can be asked of: (?=undefined)
NAMES = ("cn", "sn", "givenname", "title", "o", "st")  # what `name`, their common parent, asks for as well

Record = Mapping[str, Sequence[str]]  # attribute in small letters -> values as `plain` gives them


class UnreadableFilter(ValueError):
    """Something that slapd would not have written, or that is larger than any mail program's filter."""


@dataclass(frozen=True, slots=True)
class Item:
    """One assertion about one attribute: `pieces` are what stands between the asterisks."""

    attribute: str
    operator: str  # "=", "~", "<", ">" or ":"
    pieces: tuple[str, ...]

    @property
    def words(self) -> str:
        """What was asked for, without the asterisks."""
        return " ".join(" ".join(self.pieces).split())

    @property
    def names_somebody(self) -> bool:
        """Whether it asks for a value, and not only for a kind of entry or for any value at all."""
        return bool(self.words) and self.attribute not in (COMPUTED, "objectclass")

    @property
    def unusual(self) -> bool:
        """Whether no mail program asks so: what comes before or after a value, or by another rule."""
        return self.operator in ("<", ">", ":")

    def holds(self, record: Record) -> bool | None:
        """Whether a record has such a value; None if the record can't say (RFC 4511, 4.5.1.7)."""
        attributes = NAMES if self.attribute == "name" else (self.attribute,)
        values = [value for attribute in attributes for value in record.get(attribute, ())]
        if not values or self.operator == ":":
            return None
        return any(self._fits(value) for value in values)

    def _fits(self, value: str) -> bool:
        first, *between = self.pieces
        if self.operator in ("<", ">"):
            return value <= first if self.operator == "<" else value >= first
        if self.operator == "~":
            return first in value
        if not between:
            return value == first
        *between, last = between
        at = len(first) if value.startswith(first) else -1
        for piece in between:
            at = at if at < 0 else _after(value, piece, at)
        return at >= 0 and value.endswith(last) and at <= len(value) - len(last)


@dataclass(frozen=True, slots=True)
class Junction:
    """All of the parts ("&"), one of them ("|"), or the only one denied ("!")."""

    operator: str
    parts: tuple["Filter", ...]

    @property
    def unusual(self) -> bool:
        """Whether no mail program asks so: who is left out."""
        return self.operator == "!"

    def holds(self, record: Record) -> bool | None:
        """Whether it holds for a record; None if the record can't say."""
        found = [part.holds(record) for part in self.parts]
        if self.operator == "!":
            return None if found[0] is None else not found[0]
        decisive = self.operator == "|"
        if decisive in found:
            return decisive
        return None if None in found else not decisive


Filter = Item | Junction


def read_filter(text: str) -> Filter:
    """Return the filter; raise UnreadableFilter."""
    if len(text) > LONGEST:
        raise UnreadableFilter("The filter is too long.")
    found, end = _read(text, 0, DEEPEST)
    if end != len(text):
        raise UnreadableFilter("Something follows the filter.")
    return found


def parts(found: Filter) -> list[Filter]:
    """Return a filter and every part of it, from left to right."""
    within = found.parts if isinstance(found, Junction) else ()
    return [found, *(deeper for part in within for deeper in parts(part))]


def items(found: Filter) -> list[Item]:
    """Return every assertion in a filter, from left to right."""
    return [part for part in parts(found) if isinstance(part, Item)]


def plain(text: str) -> str:
    """Return a value as it is compared: small letters, single spaces."""
    return " ".join(text.split()).casefold()


def _read(text: str, at: int, depth: int) -> tuple[Filter, int]:
    operator = text[at + 1 : at + 2]
    if text[at : at + 1] == "(" and operator and operator in "&|!":
        return _read_junction(operator, text, at + 2, depth)
    if match := ITEM.match(text, at):
        name = match[1].lower()
        operator = (match[3] or "=")[0]
        pieces = tuple(_unescaped(piece) for piece in match[4].split("*"))
        return Item(ALIASES.get(name, name), operator, pieces), match.end()
    raise UnreadableFilter("This is no filter.")


def _read_junction(operator: str, text: str, at: int, depth: int) -> tuple[Filter, int]:
    parts: list[Filter] = []
    while depth and text[at : at + 1] == "(":
        part, at = _read(text, at, depth - 1)
        parts.append(part)
    if text[at : at + 1] != ")" or (operator == "!" and len(parts) != 1):
        raise UnreadableFilter("A part is missing, or the filter is too deep.")
    return Junction(operator, tuple(parts)), at + 1


def _after(value: str, piece: str, at: int) -> int:
    found = value.find(piece, at)
    return found + len(piece) if found >= 0 else -1


def _unescaped(piece: str) -> str:
    raw = ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), piece.encode("utf-8", "replace"))
    return raw.decode("utf-8", "replace").casefold()
