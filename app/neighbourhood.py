"""Whose counterparts lead which organisations: pure functions over the areas that organisations serve.

Boundaries differ: a fire service may serve the half of what a police force does. Two organisations meet where
they serve one area or more together, however the rest of their boundaries runs.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from app.chart import seniority
from app.finding import role_of
from ldap_schema.areas import area, codes
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person

# Services of a place, and the role that leads one.
SERVICES = {
    "Police": "Chief constable",
    "Fire and rescue": "Chief fire officer",
    "Healthcare": "Chief executive",
    "Local government": "Chief executive",
}


@dataclass(frozen=True, slots=True)
class Meeting:
    """An organisation beside or in the same place as another, and the areas because of which it is."""

    organisation: Organisation
    areas: tuple[str, ...]  # names


def beside(own: Organisation, everything: Iterable[Organisation], around: Set[str]) -> list[Meeting]:
    """Return the organisations of the same sector that serve an area around, or some of the same."""
    mine = codes(own.areas_served)
    return _meetings(own, (one for one in everything if one.sector == own.sector), around | mine)


def services_of(own: Organisation, everything: Iterable[Organisation]) -> list[Meeting]:
    """Return the police, fire, health and council organisations of the same areas, of other sectors."""
    others = (one for one in everything if one.sector in SERVICES and one.sector != own.sector)
    return _meetings(own, others, codes(own.areas_served))


def first_of_each(meetings: Sequence[Meeting]) -> list[Meeting]:
    """Put the first of each sector before the second of any, for where only a few are shown."""
    places: dict[str, int] = {}
    ranked = []
    for one in meetings:
        sector = one.organisation.sector
        places[sector] = places.get(sector, -1) + 1
        ranked.append((places[sector], one))
    return [one for _, one in sorted(ranked, key=lambda pair: pair[0])]


def in_role(people: Iterable[Person], role: str) -> list[Person]:
    """Return those who are in the role, by name."""
    return sorted(
        (one for one in people if role_of(one.title) == role),
        key=lambda one: (one.family_name, one.full_name),
    )


def in_charge(people: Sequence[Person], sector: str) -> list[Person]:
    """Return who leads an organisation: whoever is in the sector's usual role, else the most senior."""
    heads = in_role(people, SERVICES[sector])
    if heads or not people:
        return heads
    first = min(seniority(one.title) for one in people)
    return sorted((one for one in people if seniority(one.title) == first), key=lambda one: one.full_name)[:1]


def _meetings(own: Organisation, others: Iterable[Organisation], wanted: Set[str]) -> list[Meeting]:
    found = []
    for one in others:
        if one.id == own.id or one.successor_ids:
            continue
        shared = [each for each in map(area, one.areas_served) if each.code in wanted]
        if shared:
            found.append(Meeting(one, tuple(sorted(each.name or each.code for each in shared))))
    return sorted(found, key=lambda one: (one.organisation.sector, -len(one.areas), one.organisation.name))
