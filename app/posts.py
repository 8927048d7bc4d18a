"""One post: who holds it, who held it and will, with dates; or that it is vacant, and since when."""

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, render_template

from app import harvest
from app.moments import day
from app.organisation_list import organisation_list
from app.people import dates_of, holds_today, how_held
from app.permissions import leader_signed_in
from app.viewer import services, viewer
from ldap_schema.clock import london_today
from ldap_schema.people import Person
from ldap_schema.posts import Tenure

bp = Blueprint("posts", __name__)


@dataclass(frozen=True, slots=True)
class Spell:
    """Somebody's time in the post."""

    person: Person
    tenure: Tenure

    @property
    def how(self) -> str:
        """In a word how they hold it, where that is not the ordinary way: Acting, Interim…"""
        return how_held(self.tenure)

    @property
    def dates(self) -> str:
        """From when to when, as far as that is known."""
        return dates_of(self.tenure)


@bp.get("/posts/<id>")
@leader_signed_in
def post(id: str) -> str:
    """Show a post with its holders."""
    directory, today = viewer().directory, london_today(services().clock())
    found, tenures = directory.posts.get(id), directory.posts.tenures(id)
    people = directory.people.listed([tenure.holder for tenure in tenures])
    harvest.listed(people)
    newest_first = sorted(tenures, key=lambda one: str(one.first_day or ""), reverse=True)
    spells = [Spell(people[one.holder], one) for one in newest_first if one.holder in people]
    held = any(holds_today(one, today) for one in tenures)
    organisation = directory.organisations.get(found.organisation_id)
    return render_template(
        "posts/post.html",
        post=found,
        organisation=organisation,
        successors=organisation_list().named(organisation.successor_ids),
        now=[one for one in spells if holds_today(one.tenure, today)],
        before=[one for one in spells if _is_over(one.tenure, today)],
        after=[one for one in spells if _is_to_come(one.tenure, today)],
        vacant=not held,
        vacant_since="" if held else _vacant_since(tenures, today),
    )


def _is_over(tenure: Tenure, today: date) -> bool:
    return tenure.last_day is not None and tenure.last_day < today


def _is_to_come(tenure: Tenure, today: date) -> bool:
    return tenure.first_day is not None and tenure.first_day > today


def _vacant_since(tenures: list[Tenure], today: date) -> str:
    """The last day on which anybody held the post, in words; nothing if nobody is known to have."""
    over = [one.last_day for one in tenures if one.last_day is not None and one.last_day < today]
    return day(max(over)) if over else ""
