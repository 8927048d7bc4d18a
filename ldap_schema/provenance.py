"""Where a value came from, as one line of text beside it (`nlcSource…`), and what a person disputes.

    of=mail;by=feed;who=rivers/all;name=Rivers HR;as-of=2026-11-01;file=9f86d081;row=12;confirmed=2026-11-20

Parts stand in this order, empty ones are left out; ";", "=" and "%" within a part are percent-encoded. A line
is written when its value is, so `as-of` is also the day since which the value is unchanged: a feed that sends
the same value again writes nothing.
"""

import re
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

from ldap_schema.errors import BadValue
from ldap_schema.people import Person

FEED, HAND, OWNER = "feed", "hand", "person"
# What a source is of -> the fields of `Person` that it covers.
COVERS: Final = {
    "name": ("full_name", "family_name", "given_name", "honorific", "honours", "known_as", "display_name"),
    "post": ("title",),
    "organisation": ("organisation_id", "organisation_name", "sector", "region"),
    "mail": ("mail",),
    "telephone": ("telephone",),
    "mobile": ("mobile",),
}
# Each contact detail's source is concealed with the detail; what every leader sees shares one attribute.
_KEPT_IN = {"mail": "mail_source", "telephone": "telephone_source", "mobile": "mobile_source"}
_ORDER = ("of", "by", "who", "name", "as-of", "file", "row", "confirmed", "until")
_DISPUTE = ("of", "on", "says")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_OTHER_ENCODED = re.compile("%(?!25|3B|3D)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who gave a value, when, and when a person last said that it is right; days are Europe/London's."""

    of: str  # one of COVERS
    by: str  # FEED, HAND (a directory manager or operator) or OWNER (the person)
    as_of: date  # the day the sender's file describes, or that of the act; unchanged since
    who: str = ""  # of a feed: "<id>/<part>"
    name: str = ""  # of a feed: what people call its sender
    file: str = ""  # of a feed: the first digits of the file's digest, by which its run is found
    row: int = 0  # of a feed: the line of the file
    confirmed: date | None = None
    until: date | None = None  # a value set by hand over a feed's: the last day on which it stands

    def __str__(self) -> str:
        row, days = str(self.row or ""), (self.confirmed, self.until)
        confirmed, until = (each.isoformat() if each else "" for each in days)
        values = (
            self.of, self.by, self.who, self.name, self.as_of.isoformat(), self.file, row, confirmed, until,
        )  # fmt: skip
        return _written(_ORDER, values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """What a person says of a value that they may not write; it goes back to the sender."""

    of: str
    on: date
    says: str

    def __str__(self) -> str:
        return _written(_DISPUTE, (self.of, self.on.isoformat(), self.says))


def parse_source(text: str) -> Source:
    """Read one line as written; BadValue for anything else, such as a part too many or a day that is none."""
    parts = _read(text, _ORDER)
    if parts.get("by") not in (FEED, HAND, OWNER):
        raise BadValue("A source says by whom it is: feed, hand or person.")
    row = parts.get("row", "0")
    if not (row.isascii() and row.isdecimal()):
        raise BadValue("A source's row is a number.")
    return Source(
        of=_of(parts),
        by=parts["by"],
        who=parts.get("who", ""),
        name=parts.get("name", ""),
        as_of=_day(parts.get("as-of", "")),
        file=parts.get("file", ""),
        row=int(row),
        confirmed=_day(parts["confirmed"]) if "confirmed" in parts else None,
        until=_day(parts["until"]) if "until" in parts else None,
    )


def parse_dispute(text: str) -> Dispute:
    """Read one line as written; BadValue for anything else."""
    parts = _read(text, _DISPUTE)
    return Dispute(of=_of(parts), on=_day(parts.get("on", "")), says=parts.get("says", ""))


def sources_of(person: Person) -> dict[str, Source]:
    """Give what is known of where the values came from, as far as the reader may see it.

    A line that can't be read, as another program may have left it, is passed over: it is no reason not to
    show the person.
    """
    found = {}
    for text in (*person.sources, *person.mail_source, *person.telephone_source, *person.mobile_source):
        try:
            source = parse_source(text)
        except BadValue:
            continue
        found[source.of] = source
    return found


def disputes_of(person: Person) -> dict[str, Dispute]:
    """Give what the person disputes, by what it is of; lines that can't be read are passed over."""
    found = {}
    for text in person.disputed:
        try:
            dispute = parse_dispute(text)
        except BadValue:
            continue
        found[dispute.of] = dispute
    return found


def with_sources(person: Person, sources: dict[str, Source]) -> Person:
    """Give the person with exactly these sources, each where it is concealed as its detail is."""
    alone: dict[str, Any] = {field: _line(sources, of) for of, field in _KEPT_IN.items()}
    shared = tuple(str(sources[of]) for of in COVERS if of in sources and of not in _KEPT_IN)
    return replace(person, sources=shared, **alone)


def with_disputes(person: Person, disputes: dict[str, Dispute]) -> Person:
    """Give the person with exactly these disputes."""
    return replace(person, disputed=tuple(str(disputes[of]) for of in COVERS if of in disputes))


def _line(sources: dict[str, Source], of: str) -> tuple[str, ...]:
    return (str(sources[of]),) if of in sources else ()


def _written(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    pairs = zip(names, values, strict=True)
    return ";".join(f"{name}={_escaped(value)}" for name, value in pairs if value)


def _escaped(value: str) -> str:
    for letter in "%;=":
        value = value.replace(letter, f"%{ord(letter):02X}")
    return value


def _read(text: str, names: tuple[str, ...]) -> dict[str, str]:
    pairs = [part.split("=") for part in text.split(";")]
    if any(len(pair) != 2 or not pair[1] for pair in pairs):
        raise BadValue("A source or dispute is written as name=value;name=value.")
    given = [name for name, _ in pairs]
    if given != [name for name in names if name in given]:
        raise BadValue(f"A source or dispute has the parts {', '.join(names)}, each once and in this order.")
    if "%" not in text:  # nearly every line: nothing in it to decode
        return dict(pairs)
    if any(_OTHER_ENCODED.search(value) for _, value in pairs):
        raise BadValue("Only %, ; and = are percent-encoded in a source or dispute.")
    return {name: unquote(value) for name, value in pairs}


def _of(parts: dict[str, str]) -> str:
    if parts.get("of") not in COVERS:
        raise BadValue(f"A source or dispute is of {', '.join(COVERS)}.")
    return parts["of"]


@lru_cache(maxsize=1000)
def _day(text: str) -> date:
    if not _DAY.fullmatch(text):
        raise BadValue("A day is written YYYY-MM-DD.")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadValue(f"{text} is no day.") from None
