"""What goes with a person who is erased, and what of others is left without them. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ldap_schema.changes import Change, Remove, Update
from ldap_schema.delegations import Delegation
from ldap_schema.offices import Office
from ldap_schema.people import LEFT, Person
from ldap_schema.posts import Post, Tenure

# Fields of other people that may name the person.
REFERRING = ("reveal_mail_to", "reveal_telephone_to", "reveal_mobile_to", "assistants")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Everything in the directory that is about one person or refers to them."""

    person: Person
    tenures: tuple[Tenure, ...] = ()
    offices: tuple[Office, ...] = ()  # that serve them, or that they belong to
    delegations: tuple[Delegation, ...] = ()
    sealed_posts: tuple[Post, ...] = ()  # concealed with them
    people: tuple[Person, ...] = ()  # who granted them a detail, or name them as assistant


def erasure(around: Surroundings) -> tuple[Change, ...]:
    """Take the references away, then the person: nothing ever points at what is not there."""
    uid = around.person.uid
    found: list[Change] = [Remove(each) for each in around.tenures]
    found += [Remove(each) for each in around.delegations]
    found += [Update(each, replace(each, sealed_for="")) for each in around.sealed_posts]
    for office in around.offices:
        serves, members = _without(office.serves, uid), _without(office.members, uid)
        left = replace(office, serves=serves, members=members)
        found.append(Update(office, left) if serves or not office.serves else Remove(office))
    for person in around.people:
        fields: dict[str, Any] = {name: _without(getattr(person, name), uid) for name in REFERRING}
        until = tuple(each for each in person.reveal_until if each.split(" ")[1:2] != [uid])
        found.append(Update(person, replace(person, reveal_until=until, **fields)))
    return (*found, Remove(around.person))


def expired(people: Iterable[Person], today: date, months: int) -> list[Person]:
    """List those who left so long ago that nothing needs them any more; by the day on which they left."""
    return [
        each
        for each in people
        if each.status == LEFT and each.status_since and _months_later(each.status_since, months) <= today
    ]


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise ValueError(day)  # pragma: no cover - every month has a 28th


def _without(values: tuple[str, ...], uid: str) -> tuple[str, ...]:
    return tuple(each for each in values if each != uid)
