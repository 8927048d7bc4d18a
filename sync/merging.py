"""Two entries that are one person become one: what the dropped one had goes to the kept one. Pure."""

from dataclasses import replace
from typing import Any

from ldap_schema.changes import Change, Remove, Update
from ldap_schema.people import DECEASED, Person
from ldap_schema.provenance import sources_of, with_sources
from sync.erasing import REFERRING, Surroundings
from sync.errors import InputRefused

_FILLED = ("mail", "telephone", "mobile")
_FED = ("feed", "feed_part", "feed_key")


def merge(keep: Person, around: Surroundings) -> tuple[Change, ...]:
    """Move tenures with their feeds' keys, offices, delegations and grants to `keep`; fill what it lacks.

    Both feeds find the kept entry by their keys from then on. InputRefused where a merge could show or hide
    somebody: sealed and deceased people.
    """
    drop = around.person
    may(keep, drop)
    found: list[Change] = [Update(each, replace(each, holder=keep.uid)) for each in around.tenures]
    for each in around.delegations:
        moved = replace(
            each, leader=_named(each.leader, drop, keep), delegate=_named(each.delegate, drop, keep)
        )
        found.append(Update(each, moved) if moved.leader != moved.delegate else Remove(each))
    for office in around.offices:
        serves, members = _renamed(office.serves, drop, keep), _renamed(office.members, drop, keep)
        found.append(Update(office, replace(office, serves=serves, members=members)))
    for person in around.people:
        if person.uid != keep.uid:
            found.append(Update(person, _pointing(person, drop, keep)))
    after = _filled(_pointing(keep, drop, keep), drop)
    # The address has to be free before the kept entry can have it.
    found.append(Remove(drop))
    return (*found, *([Update(keep, after)] if after != keep else []))


def may(keep: Person, drop: Person) -> None:
    """Refuse a merge that could show or hide somebody; raises InputRefused."""
    if keep.uid == drop.uid:
        raise InputRefused("That is one entry, given twice. Nothing was changed.")
    for each in (keep, drop):
        if each.sealed:
            raise InputRefused(f"{each.uid} is sealed: unseal first, or leave both. Nothing was changed.")
        if each.status == DECEASED:
            raise InputRefused(f"{each.uid} is recorded as deceased. Nothing was changed.")


def _filled(keep: Person, drop: Person) -> Person:
    """Take over what the kept entry has none of; a value that both have stays the kept one's."""
    sources = sources_of(keep)
    values: dict[str, Any] = {}
    for name in _FILLED:
        if not getattr(keep, name) and getattr(drop, name):
            values[name] = getattr(drop, name)
            sources |= {of: each for of, each in sources_of(drop).items() if of == name}
    if not keep.sign_in_address:
        values["sign_in_address"] = drop.sign_in_address
    if not keep.feed:
        values |= {name: getattr(drop, name) for name in _FED}
    return with_sources(replace(keep, **values), sources)


def _pointing(person: Person, drop: Person, keep: Person) -> Person:
    fields: dict[str, Any] = {name: _renamed(getattr(person, name), drop, keep) for name in REFERRING}
    until = tuple(_until(each, drop, keep) for each in person.reveal_until)
    after = replace(person, reveal_until=until, **fields)
    others: dict[str, Any] = {
        name: tuple(uid for uid in getattr(after, name) if uid != person.uid) for name in REFERRING
    }
    return replace(after, **others)


def _until(text: str, drop: Person, keep: Person) -> str:
    attribute, uid, day = text.split(" ")
    return f"{attribute} {_named(uid, drop, keep)} {day}"


def _named(uid: str, drop: Person, keep: Person) -> str:
    return keep.uid if uid == drop.uid else uid


def _renamed(uids: tuple[str, ...], drop: Person, keep: Person) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_named(uid, drop, keep) for uid in uids))
