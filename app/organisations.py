"""One organisation: its posts, who holds them, its number for any hour. And the list of all, by sector."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request

from app.finding import clean, seniority
from app.organisation_list import organisation_list
from app.people import holds_today, how_held
from app.permissions import leader_signed_in
from app.vcard import dialled
from app.viewer import services, viewer
from ldap_schema.clock import london_today
from ldap_schema.organisations import SECTORS
from ldap_schema.people import Person
from ldap_schema.posts import Post
from search_index.words import fold

bp = Blueprint("organisations", __name__)


@dataclass(frozen=True, slots=True)
class PostRow:
    """A post with those who hold it today; vacant when nobody does, not when the holder is not listed."""

    post: Post
    holders: list[tuple[Person, str]]
    vacant: bool


@bp.get("/organisations")
@leader_signed_in
def index() -> str:
    """List the organisations of a sector by name."""
    sector = clean(request.args.get("sector", ""))
    everything = organisation_list().by_id.values()
    listed = sorted((one for one in everything if one.sector == sector), key=lambda one: fold(one.name))
    letters: dict[str, list[object]] = {}
    for one in listed:
        letters.setdefault(fold(one.name)[:1].upper() or "#", []).append(one)
    counts = [(name, sum(one.sector == name for one in everything)) for name in SECTORS]
    return render_template("organisations/index.html", sector=sector, letters=letters, counts=counts)


@bp.get("/organisations/<id>")
@leader_signed_in
def organisation(id: str) -> str:
    """Show an organisation with its posts."""
    found = viewer().directory.organisations.get(id)
    return render_template(
        "organisations/organisation.html",
        organisation=found,
        duty_line=dialled(found.duty_line),
        parent=organisation_list().by_id.get(found.parent_id),
        parts=[one for one in organisation_list().by_id.values() if one.parent_id == id],
        posts=_posts_of(id),
    )


def _posts_of(id: str) -> list[PostRow]:
    directory, today = viewer().directory, london_today(services().clock())
    rows = directory.posts.of_organisation(id)
    current = [(post, [one for one in tenures if holds_today(one, today)]) for post, tenures in rows]
    people = directory.people.listed([one.holder for _, tenures in current for one in tenures])
    listed = [
        PostRow(
            post,
            [(people[one.holder], how_held(one)) for one in tenures if one.holder in people],
            not tenures,
        )
        for post, tenures in current
    ]
    return sorted(listed, key=lambda row: (seniority(row.post.title), fold(row.post.title)))
