"""The directory as it shall be: records are put in, and the difference to what was read comes out as
changes.
"""

from collections.abc import Iterator
from dataclasses import fields
from typing import TypeVar

from ldap_schema.changes import Add, Change, Remove, Update
from ldap_schema.feeds import FeedPart
from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure

Kept = Person | Post | Tenure | Organisation | Office | FeedPart
# An entry may only point at what exists, so that a transaction can be read from top to bottom.
_ORDER: tuple[type[Kept], ...] = (Organisation, Person, Post, Tenure, Office, FeedPart)


T = TypeVar("T", bound=Kept)


def identity(record: Kept) -> str:
    """Give the id under which a record is kept."""
    if isinstance(record, FeedPart):
        return f"{record.feed}/{record.part}"
    return record.uid if isinstance(record, Person) else record.id


class Draft:
    """Before and after, by kind and id; nothing is written here."""

    def __init__(self, records: list[Kept]) -> None:
        self.before: dict[tuple[type[Kept], str], Kept] = {
            (type(each), identity(each)): each for each in records
        }
        self.after = dict(self.before)

    def put(self, record: Kept) -> None:
        """Say what a record shall be."""
        self.after[type(record), identity(record)] = record

    def know(self, record: Kept) -> None:
        """Add a record that was read but not expected."""
        key = type(record), identity(record)
        self.before.setdefault(key, record)
        self.after.setdefault(key, record)

    def remove(self, record: Kept) -> None:
        """Say that a record shall be gone."""
        self.after.pop((type(record), identity(record)), None)

    def person(self, uid: str) -> Person:
        """Give a person as they shall be."""
        found = self.after[Person, uid]
        if not isinstance(found, Person):  # pragma: no cover - the key says so; this tells the type checker
            raise TypeError(uid)
        return found

    def was(self, uid: str) -> Person | None:
        """Give a person as they were read."""
        found = self.before.get((Person, uid))
        return found if isinstance(found, Person) else None

    def every(self, kind: type[T]) -> Iterator[T]:
        """Yield the records of one kind as they shall be, in the order in which they became known."""
        return (record for record in self.after.values() if isinstance(record, kind))

    def all(self, kind: type[T]) -> list[T]:
        """List the records of one kind as they shall be, by id."""
        return sorted(self.every(kind), key=identity)

    def changes(self) -> tuple[Change, ...]:
        """Give the difference in an order in which every reference exists; equal records give nothing."""
        found: list[Change] = []
        for kind in _ORDER:
            for key in sorted(key[1] for key in self.after if key[0] is kind):
                after, before = self.after[kind, key], self.before.get((kind, key))
                if before is None:
                    found.append(Add(after))
                elif before != after:
                    found.append(Update(before, after))
        for kind in reversed(_ORDER):
            gone = (key for key in self.before if key[0] is kind and key not in self.after)
            found += [Remove(self.before[key]) for key in sorted(gone, key=lambda each: each[1])]
        return tuple(found)


def differences(before: Kept, after: Kept) -> list[tuple[str, str, str]]:
    """List field, old and new value as text, for people to read."""
    return [
        (each.name, _text(getattr(before, each.name)), _text(getattr(after, each.name)))
        for each in fields(before)
        if getattr(before, each.name) != getattr(after, each.name)
    ]


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return "; ".join(map(str, value))
    return "" if value is None else str(value)
