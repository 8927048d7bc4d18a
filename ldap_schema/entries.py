"""Between entries and records: one codec per kind of record, made from its field-to-attribute table."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar, get_type_hints

from ldap_schema.errors import BadValue
from ldap_schema.tree import Tree, id_of

LONGEST_VALUE = 2048  # characters
_LONG = {"nlcScimResource": 32_768}  # what a SCIM client sent of somebody, as JSON
# What the syntaxes of these attributes allow (RFC 4517); the rest would stop a whole transaction.
_NARROW = {
    "telephoneNumber": re.compile(r"[A-Za-z0-9 '()+,./:?=-]+"),
    "mobile": re.compile(r"[A-Za-z0-9 '()+,./:?=-]+"),
    "nlcDutyLine": re.compile(r"[A-Za-z0-9 '()+,./:?=-]+"),
    "mail": re.compile(r"[!-~]+"),
    "associatedDomain": re.compile(r"[!-~]+"),
    "nlcSharedDomain": re.compile(r"[!-~]+"),
    "preferredLanguage": re.compile(r"[A-Za-z0-9 -]+"),
}
# The same lists stand in the constraint overlay (ldif/config.ldif), which has the last word.
_LISTED = {
    "nlcStatus": re.compile(r"pending|active|missing|leaving|left|held|deceased|canary"),
    "nlcShow": re.compile(r"(mail|telephoneNumber|mobile):(leaders|sector|organisation)"),
    "nlcSealed": re.compile(r"post|all"),
    "nlcRevealUntil": re.compile(r"(mail|telephoneNumber|mobile) [\w.-]+ \d{4}-\d\d-\d\d", re.ASCII),
    "nlcScope": re.compile(r"search|introductions|contact-facts|devices"),
    "nlcTenureKind": re.compile(r"substantive|acting|interim|secondment|cover|job share"),
}
_CONTROL = re.compile("[\x00-\x1f\x7f\u2028\u2029]")
_CONTROL_BUT_NEWLINE = re.compile("[\x00-\x09\x0b-\x1f\x7f\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SEVERAL_LINES = frozenset({"nlcHoldReason"})

Reference = Callable[[Tree, str], str]  # the tree and an id -> DN
Values = dict[str, list[bytes]]
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Entry:
    """What the server sent of one entry: the attributes that were asked for and may be seen."""

    dn: str
    values: Mapping[str, Sequence[bytes]]

    def texts(self, attribute: str) -> tuple[str, ...]:
        """Return all values, in the server's order; none is empty."""
        return tuple(value.decode("utf-8", "replace") for value in self.values.get(attribute, ()))

    def text(self, attribute: str) -> str:
        """Return the only or first value, or nothing."""
        values = self.values.get(attribute)
        return values[0].decode("utf-8", "replace") if values else ""

    def instant(self, attribute: str) -> datetime | None:
        """Return a generalizedTime value in UTC; slapd writes them in UTC, with or without fractions."""
        text = self.text(attribute)
        return datetime.strptime(text[:14] + "Z", "%Y%m%d%H%M%SZ").replace(tzinfo=UTC) if text else None


class KnownEntry(Entry):
    """An entry that the server sent before, byte for byte: it is the same object each time, and itself alone,
    so that what was made of it once can be kept by it."""

    __slots__ = ()
    __eq__ = object.__eq__
    __hash__ = object.__hash__


def written(instant: datetime) -> str:
    """Return the instant as generalizedTime, to the second, in UTC."""
    return instant.astimezone(UTC).strftime("%Y%m%d%H%M%SZ")


class Codec(Generic[R]):
    """Turns entries into records of one class and back; `references` are fields that are DNs in the entry.

    A field that is missing in the entry, or concealed from who reads, becomes the empty value of its type.
    """

    def __init__(
        self,
        record: type[R],
        attributes: Mapping[str, str],
        classes: Sequence[str],
        references: Mapping[str, Reference] | None = None,
    ) -> None:
        hints = get_type_hints(record)
        self.record = record
        self.asked = tuple(attributes.values())
        self.classes = tuple(classes)
        self._attributes = dict(attributes)
        self._references = dict(references or {})
        self._readers = [
            (field, attribute, _READERS[_kind(hints[field], field in self._references)])
            for field, attribute in attributes.items()
        ]

    def decode(self, entry: Entry, **parents: str) -> R:
        """Return the record; `parents` are fields that stand in the DN and not in an attribute."""
        known = {field: read(entry, attribute) for field, attribute, read in self._readers}
        return self.record(**known, **parents)

    def encode(self, record: R, tree: Tree) -> Values:
        """Return the attributes of a new entry; raise BadValue for what slapd would not take."""
        values = {"objectClass": [name.encode() for name in self.classes]}
        for field, attribute in self._attributes.items():
            if encoded := self.values(record, field, tree):
                values[attribute] = encoded
        return values

    def values(self, record: R, field: str, tree: Tree) -> list[bytes]:
        """Return the values of one field as they stand in the entry; raise BadValue."""
        attribute = self._attributes[field]
        reference = self._references.get(field)
        texts = [text for text in _texts(getattr(record, field)) if text]
        return [
            (reference(tree, text) if reference else storable(attribute, text)).encode("utf-8")
            for text in texts
        ]

    def differences(self, before: R, after: R, tree: Tree) -> dict[str, tuple[list[bytes], list[bytes]]]:
        """Return attribute -> (values before, values after) for each field that differs; raise BadValue."""
        return {
            attribute: (self.values(before, field, tree), self.values(after, field, tree))
            for field, attribute in self._attributes.items()
            if getattr(before, field) != getattr(after, field)
        }


def storable(attribute: str, text: str) -> str:
    """Return the text if the attribute can hold it, or raise BadValue; the message names no value."""
    longest = _LONG.get(attribute, LONGEST_VALUE)
    if len(text) > longest:
        raise BadValue(f"A value of {attribute} is longer than {longest} characters.")
    # U+2028 and U+2029 break lines as well; lone surrogates can't be encoded at all.
    if (_CONTROL_BUT_NEWLINE if attribute in _SEVERAL_LINES else _CONTROL).search(text):
        raise BadValue(f"A value of {attribute} has a control character in it.")
    if _SURROGATE.search(text):
        raise BadValue(f"A value of {attribute} is not valid Unicode text.")
    if not text.strip():
        raise BadValue(f"A value of {attribute} is nothing but spaces.")
    if attribute in _NARROW and not _NARROW[attribute].fullmatch(text):
        raise BadValue(f"A value of {attribute} has characters that the attribute can't hold.")
    if attribute in _LISTED and not _LISTED[attribute].fullmatch(text):
        raise BadValue(f"A value of {attribute} is not among those allowed.")
    return text


def _kind(hint: Any, is_reference: bool) -> str:
    if hint == tuple[str, ...]:
        return "references" if is_reference else "texts"
    if hint == date | None:
        return "day"
    if hint == datetime | None:
        return "instant"
    if hint is int:
        return "number"
    return "reference" if is_reference else "text"


_READERS: Mapping[str, Callable[[Entry, str], Any]] = {
    "text": Entry.text,
    "texts": Entry.texts,
    "instant": Entry.instant,
    "reference": lambda entry, attribute: id_of(entry.text(attribute)),
    "references": lambda entry, attribute: tuple(id_of(dn) for dn in entry.texts(attribute)),
    "day": lambda entry, attribute: date.fromisoformat(text) if (text := entry.text(attribute)) else None,
    "number": lambda entry, attribute: int(entry.text(attribute) or 0),
}


def _texts(value: Any) -> Iterable[str]:
    """Return a field's value as the texts of an entry; nothing for what is empty."""
    if value is None:
        return ()
    if isinstance(value, datetime):
        return (written(value),)
    if isinstance(value, date):
        return (value.isoformat(),)
    if isinstance(value, tuple):
        return value
    return (str(value),)
