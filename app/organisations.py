"""One organisation: its posts as a chart, who is new, whom to call, its other names. And the list of all."""

from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, render_template, request

from app import harvest
from app.chart import Chart, chart
from app.finding import clean
from app.letters import by_letter
from app.moments import day
from app.organisation_list import organisation_list
from app.people import Route, holds_today, how_held, routes_to_office
from app.permissions import leader_signed_in
from app.vcard import dialled
from app.viewer import services, viewer
from ldap_schema.clock import london_today
from ldap_schema.offices import Office
from ldap_schema.organisations import SECTORS, Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure

bp = Blueprint("organisations", __name__)

NEW_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a post today: how, and since when as far as that is known."""

    person: Person
    how: str
    since: date | None

    @property
    def since_day(self) -> str:
        """The first day in words; nothing if it is not known."""
        return day(self.since) if self.since else ""


@dataclass(frozen=True, slots=True)
class PostRow:
    """A post with those who hold it today; vacant when nobody does, not when the holder is not listed."""

    post: Post
    holders: list[Holder]
    vacant: bool


@bp.get("/organisations")
@leader_signed_in
def index() -> str:
    """List the organisations of a sector, of a region, or of both, by name."""
    sector, region = clean(request.args.get("sector", "")), clean(request.args.get("region", ""))
    known = organisation_list()
    listed = [
        one
        for one in known.by_id.values()
        if (sector or region) and sector in ("", one.sector) and region in ("", one.region)
    ]
    return render_template(
        "organisations/index.html",
        sector=sector,
        region=region,
        letters=by_letter(listed, lambda one: one.name),
        sectors=[(name, sum(one.sector == name for one in known.by_id.values())) for name in SECTORS],
        regions=[(name, sum(one.region == name for one in known.by_id.values())) for name in known.regions],
    )


@bp.get("/organisations/<id>")
@leader_signed_in
def organisation(id: str) -> str:
    """Show an organisation with its posts."""
    found, known = viewer().directory.organisations.get(id), organisation_list()
    today = london_today(services().clock())
    posts = chart(_posts_of(id, today), lambda row: row.post.title)
    return render_template(
        "organisations/organisation.html",
        organisation=found,
        duty_line=dialled(found.duty_line),
        parent=known.by_id.get(found.parent_id),
        parts=known.parts_of(id),
        successors=known.named(found.successor_ids),
        predecessors=known.predecessors_of(id),
        former_names=former_names(found),
        posts=posts,
        newcomers=newcomers(posts, today),
        offices=_offices_of(posts),
    )


def former_names(organisation: Organisation) -> list[tuple[str, str]]:
    """Return the names that it had, each with its days in words as far as they are known."""
    days = {name: spell for spell, _, name in (each.partition(" ") for each in organisation.former_name_days)}
    return [(name, _in_words(days.get(name, ""))) for name in organisation.former_names]


def newcomers(posts: Chart[PostRow], today: date) -> list[tuple[Holder, Post]]:
    """Return who came into a post in the last 90 days, the newest first."""
    held = [(holder, row.post) for row in (*posts.top, *posts.below) for holder in row.holders]
    came = [(holder.since, holder, post) for holder, post in held if holder.since]
    recent = [one for one in came if today - NEW_FOR <= one[0] <= today]
    return [(holder, post) for _, holder, post in sorted(recent, key=lambda one: one[0], reverse=True)]


def _in_words(spell: str) -> str:
    """Write "2016-07-14/2023-02-07", of which either day may be missing."""
    first, _, last = spell.partition("/")
    until = f"until {day(date.fromisoformat(last))}" if last else ""
    return " ".join(filter(None, (f"from {day(date.fromisoformat(first))}" if first else "", until)))


def _posts_of(id: str, today: date) -> list[PostRow]:
    directory = viewer().directory
    rows = [
        (post, [one for one in tenures if holds_today(one, today)])
        for post, tenures in directory.posts.of_organisation(id)
    ]
    people = directory.people.listed([one.holder for _, tenures in rows for one in tenures])
    harvest.listed(people)
    return [PostRow(post, _holders(tenures, people), not tenures) for post, tenures in rows]


def _holders(tenures: list[Tenure], people: dict[str, Person]) -> list[Holder]:
    return [
        Holder(people[one.holder], how_held(one), one.first_day) for one in tenures if one.holder in people
    ]


def _offices_of(posts: Chart[PostRow]) -> list[tuple[Office, list[Route]]]:
    """The private offices of those who lead, each once, with the ways to reach them."""
    if not posts.below and len(posts.top) != 1:
        return []  # nobody leads the others
    offices = {
        office.id: office
        for holder in posts.top[0].holders
        for office in viewer().directory.offices.serving(holder.person.uid)
    }
    return [(office, routes_to_office(office)) for office in offices.values()]
