"""People from A to Z, by sector and region, and those of a cohort: for whoever looks without a name."""

from dataclasses import dataclass

from flask import Blueprint, abort, render_template, request

from app import harvest
from app.finding import clean
from app.letters import LETTERS, beginnings
from app.organisation_list import organisation_list
from app.permissions import leader_signed_in
from app.viewer import viewer
from ldap_schema.groups import Cohort
from ldap_schema.organisations import SECTORS
from ldap_schema.people import Person
from search_index.words import fold

bp = Blueprint("a_to_z", __name__)


@dataclass(frozen=True, slots=True)
class Members:
    """A cohort and those of it whom the viewer may see, by family name."""

    cohort: Cohort
    people: list[Person]


@bp.get("/people")
@leader_signed_in
def people() -> str:
    """List the people whose family name begins with a letter, of a sector and a region if they are given."""
    letter = clean(request.args.get("letter", "")).upper()
    filters = {name: clean(request.args.get(name, "")) for name in ("sector", "region")}
    if letter and letter not in tuple(LETTERS):
        abort(404)
    listed = viewer().directory.people.beginning(beginnings(letter), filters) if letter else []
    return render_template(
        "a_to_z/people.html",
        letter=letter,
        letters=LETTERS,
        people=_by_name(listed),
        sectors=SECTORS,
        regions=organisation_list().regions,
        **filters,
    )


@bp.get("/cohorts")
@leader_signed_in
def my_cohorts() -> str:
    """Show the cohorts that the viewer belongs to, with everybody in them whom the viewer may see."""
    who = viewer()
    mine = who.directory.cohorts.of(who.uid)
    known = [cohort for cohort in who.directory.cohorts.all() if cohort.name in mine]
    members = [Members(cohort, _by_name(who.directory.people.of_cohort(cohort.name))) for cohort in known]
    return render_template("a_to_z/cohorts.html", cohorts=members)


def _by_name(listed: list[Person]) -> list[Person]:
    """Order people who are shown in a list, and count that they are."""
    harvest.listed(one.uid for one in listed)
    return sorted(listed, key=lambda one: (fold(one.family_name), fold(one.given_name), one.uid))
