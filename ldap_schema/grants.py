"""Grants: a contact detail shown to one leader, and to that leader's mail programs, beside the audience."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ldap_schema.changes import Update, operations
from ldap_schema.errors import BadValue
from ldap_schema.link import Link
from ldap_schema.people import People, Person

# Contact detail -> field of `Person` that says to whom it is granted.
FIELDS = {
    "mail": "reveal_mail_to",
    "telephoneNumber": "reveal_telephone_to",
    "mobile": "reveal_mobile_to",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One detail of one person, for one leader."""

    detail: str  # attribute: one of FIELDS
    viewer: str  # uid
    last_day: date | None = (
        None  # Europe/London civil day, inclusive; the worker ends it (counterpart/ended_grants.py)
    )


class Grants:
    """Who was granted what: known to the jobs and to the person, who gives and takes them."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._people = People(link)

    def of(self, owner: str) -> list[Grant]:
        """Return the person's grants by detail and viewer; none if this identity may not know of them."""
        return _grants(self._people.get(owner))

    def ended(self, day: date) -> list[tuple[str, Grant]]:
        """Return (owner's uid, grant) of all that ended before that day; asked as the sync account."""
        return [
            (person.uid, grant)
            for person in self._people.granting_until()
            for grant in _grants(person)
            if grant.last_day and grant.last_day < day
        ]

    def give(self, owner: str, grant: Grant) -> None:
        """Show the detail to the viewer, until that day if there is one; giving it anew changes the day.

        Raise NotFound if there is no such viewer, BadValue for what is no contact detail, Moved if the
        person's grants changed meanwhile.
        """
        self._people.get(grant.viewer)
        self._write(owner, grant, given=True)

    def take(self, owner: str, grant: Grant) -> None:
        """Show the detail to the viewer no more; not being granted is no change. Moved as for `give`."""
        self._write(owner, grant, given=False)

    def _write(self, owner: str, grant: Grant, *, given: bool) -> None:
        if grant.detail not in FIELDS:
            raise BadValue("Only mail, telephoneNumber and mobile can be granted.")
        person = self._people.get(owner)
        field, ends = FIELDS[grant.detail], _ends(person)
        viewers = set(getattr(person, field)) - {grant.viewer}
        ends.pop((grant.detail, grant.viewer), None)
        if given:
            viewers.add(grant.viewer)
            if grant.last_day:
                ends[grant.detail, grant.viewer] = grant.last_day
        changed: dict[str, Any] = {field: tuple(sorted(viewers)), "reveal_until": _written(ends)}
        self._link.write(*operations([Update(person, replace(person, **changed))], self._link.tree))


def _grants(person: Person) -> list[Grant]:
    ends = _ends(person)
    return [
        Grant(detail=detail, viewer=viewer, last_day=ends.get((detail, viewer)))
        for detail, field in FIELDS.items()
        for viewer in sorted(getattr(person, field))
    ]


def _ends(person: Person) -> dict[tuple[str, str], date]:
    """Return (detail, viewer) -> last day."""
    parts = [value.split(" ") for value in person.reveal_until]
    return {(detail, uid): date.fromisoformat(day) for detail, uid, day in parts}


def _written(ends: Mapping[tuple[str, str], date]) -> tuple[str, ...]:
    return tuple(sorted(f"{detail} {uid} {day.isoformat()}" for (detail, uid), day in ends.items()))
