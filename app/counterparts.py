"""A leader's counterparts: the same role in neighbouring areas, and the other services of the same area."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Blueprint, current_app, render_template

from app import harvest
from app.finding import role_of
from app.neighbourhood import Meeting, beside, first_of_each, in_charge, in_role, services_of
from app.organisation_list import organisation_list
from app.permissions import leader_signed_in
from app.viewer import services, viewer
from ldap_schema.areas import area, codes
from ldap_schema.people import Person
from store import areas
from store.errors import StoreError

bp = Blueprint("counterparts", __name__)

ON_THE_PROFILE = 3
MOST = 30  # organisations of each kind; a county has fewer


@dataclass(frozen=True, slots=True)
class Counterpart:
    """One organisation that meets the person's own, and who there is their counterpart."""

    meeting: Meeting
    people: list[Person]


@dataclass(frozen=True, slots=True)
class Counterparts:
    """What a page shows of somebody's counterparts; without areas there are none to tell."""

    areas: list[str]
    role: str
    neighbours: list[Counterpart]
    others: list[Counterpart]


@bp.get("/people/<uid>/counterparts")
@leader_signed_in
def index(uid: str) -> str:
    """List them all."""
    person = viewer().directory.people.get(uid)
    return render_template("counterparts/index.html", person=person, found=counterparts_of(person, MOST))


def counterparts_beside(person: Person) -> Counterparts:
    """Return a few of them for the person's own page; none while the store is away."""
    try:
        return counterparts_of(person)
    except StoreError as error:
        current_app.logger.warning("Counterparts were left out of a page: %s", error)
        return Counterparts([], "", [], [])


def counterparts_of(person: Person, most: int = ON_THE_PROFILE) -> Counterparts:
    """Return so many neighbours and services at most, with the people there whom the viewer may see."""
    everything = organisation_list().by_id
    own, role = everything.get(person.organisation_id), role_of(person.title)
    if own is None or not own.areas_served:
        return Counterparts([], role, [], [])
    with services().store.reading() as tx:
        around = areas.neighbours(tx, codes(own.areas_served))
    near = beside(own, everything.values(), around)[:most] if role else []
    others = services_of(own, everything.values())
    others = (first_of_each(others) if most == ON_THE_PROFILE else others)[:most]
    there = _people_of([one.organisation.id for one in (*near, *others)])
    found = Counterparts(
        sorted(each.name or each.code for each in map(area, own.areas_served)),
        role,
        _matched(near, there, lambda people, _: in_role(people, role)),
        _matched(others, there, in_charge),
    )
    harvest.listed(one.uid for each in (*found.neighbours, *found.others) for one in each.people)
    return found


def _matched(
    meetings: Sequence[Meeting],
    there: dict[str, list[Person]],
    choose: Callable[[Sequence[Person], str], list[Person]],
) -> list[Counterpart]:
    return [
        Counterpart(one, choose(there.get(one.organisation.id, []), one.organisation.sector))
        for one in meetings
    ]


def _people_of(ids: Sequence[str]) -> dict[str, list[Person]]:
    """Return organisation's id -> its people as the viewer may see them."""
    found: dict[str, list[Person]] = {}
    for person in viewer().directory.people.of_organisations(ids):
        found.setdefault(person.organisation_id, []).append(person)
    return found
