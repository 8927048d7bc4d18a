"""Invents people who could be in this directory and are not, from the parts of those who are."""

import re
import unicodedata
from collections.abc import Sequence
from random import Random

from ldap_schema.people import ACTIVE, CANARY, Person

PART = range(3, 7)  # letters of a family name that are taken over
SPLIT = re.compile(r"(?<=[^aeiouy])(?=[^aeiouy][aeiouy])|(?<=[aeiouy])(?=[^aeiouy][aeiouy])", re.IGNORECASE)
TRIES = 500  # names put together before we give up finding one that nobody has


class TooFewPeople(Exception):
    """There are not enough names here to put another one together."""


def invent(count: int, people: Sequence[Person], chance: Random) -> list[tuple[str, str]]:
    """Return so many given and family names; no family name is anybody's. Raise TooFewPeople."""
    seen = [person for person in people if person.status == ACTIVE and person.given_name]
    taken = {person.family_name.casefold() for person in people}
    found: list[tuple[str, str]] = []
    for _ in range(TRIES):
        if len(found) == count:
            return found
        if len(seen) < 2:
            break
        model, first, second = (chance.choice(seen) for _ in range(3))
        family = _together(first.family_name, second.family_name, chance)
        if family and family.casefold() not in taken:
            taken.add(family.casefold())
            found.append((model.given_name, family))
    if len(found) == count:
        return found
    raise TooFewPeople


def canary(given: str, family: str, like: Person, uid: str, domain: str, telephone: str = "") -> Person:
    """Return an entry with which a mail program can do nothing that it can't do with anybody's."""
    plain = unicodedata.normalize("NFKD", f"{given}.{family}").casefold().replace(" ", "-")
    local = re.sub("[^a-z0-9.-]", "", plain).strip(".-") or uid
    return Person(
        uid=uid,
        full_name=f"{given} {family}",
        given_name=given,
        family_name=family,
        display_name=f"{given} {family}" if like.display_name else "",
        title=like.title,
        organisation_name=like.organisation_name,
        sector=like.sector,
        region=like.region,
        mail=(f"{local}@{domain}",),
        telephone=(telephone,) if telephone else (),
        show=("mail:leaders", "telephoneNumber:leaders"),
        status=CANARY,
    )


def _together(first: str, second: str, chance: Random) -> str:
    """Return the beginning of one name with the end of another, or nothing if they don't fit."""
    heads = [first[: at.start()] for at in SPLIT.finditer(first) if at.start() in PART]
    tails = [second[at.start() :] for at in SPLIT.finditer(second) if len(second) - at.start() in PART]
    if not heads or not tails or not (first + second).isalpha():
        return ""
    return chance.choice(heads).capitalize() + chance.choice(tails).lower()
