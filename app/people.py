"""One person: how to reach them, what they do, and which details are not open to the viewer."""

from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import quote

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from app import harvest
from app.counterparts import counterparts_beside
from app.moments import day
from app.organisation_list import organisation_list
from app.permissions import leader_signed_in
from app.provenance import shared_lines, source_lines
from app.saved import note_view
from app.vcard import dialled, vcard
from app.viewer import services, viewer
from ldap_schema.clock import london_today
from ldap_schema.errors import NotFound
from ldap_schema.offices import Office
from ldap_schema.people import Person
from ldap_schema.posts import SUBSTANTIVE, Post, Tenure
from store import ledger

bp = Blueprint("people", __name__)


@dataclass(frozen=True, slots=True)
class Route:
    """One way of reaching somebody: what it is, the number or address, and the link that uses it."""

    kind: str
    text: str
    href: str
    source: str = ""  # who gave it, with the last of its kind


@dataclass(frozen=True, slots=True)
class HeldPost:
    """A post as a profile shows it."""

    post: Post
    organisation: str
    how: str  # "Acting", "Job share"…; empty for an ordinary holder
    dates: str
    current: bool


@bp.get("/people/<uid>")
@leader_signed_in
def profile(uid: str) -> str | WerkzeugResponse:
    """Show a person as the viewer may see them."""
    who = viewer()
    try:
        person = who.directory.people.get(uid)
    except NotFound:
        return _merged(uid)
    if uid != who.uid:
        harvest.opened(uid)
        note_view(uid)
    routes = routes_to(person)
    return render_template(
        "people/profile.html",
        person=person,
        routes=routes,
        concealed=concealed(person),
        offices=[(office, routes_to_office(office)) for office in who.directory.offices.serving(uid)],
        posts=_posts_of(uid),
        found=counterparts_beside(person),
        sources=shared_lines(person),
        own=uid == who.uid,
    )


def _merged(uid: str) -> WerkzeugResponse:
    """Lead to the entry that an id was merged into; NotFound if the viewer may not see that either."""
    with services().store.reading() as tx:
        kept = ledger.kept_for(tx, uid)
    person = viewer().directory.people.get(kept or uid)
    return redirect(url_for("people.profile", uid=person.uid), 301)


@bp.get("/people/<uid>.vcf")
@leader_signed_in
def card(uid: str) -> Response:
    """Give the same details as the profile, for an address book."""
    person = viewer().directory.people.get(uid)
    if uid != viewer().uid:
        harvest.opened(uid)
    address = services().base_url + url_for("people.profile", uid=uid)
    response = make_response(vcard(person, address))
    response.mimetype = "text/vcard"
    response.headers["Content-Disposition"] = f'attachment; filename="{_file_name(person)}.vcf"'
    return response


def routes_to(person: Person) -> list[Route]:
    """List the ways to reach somebody that the viewer may see, the most usual first."""
    routes = [
        [Route("Telephone", number, f"tel:{dialled(number)}") for number in person.telephone],
        [Route("Mobile", number, f"tel:{dialled(number)}") for number in person.mobile],
        [Route("E-mail", mail, mail_link(mail)) for mail in person.mail],
    ]
    lines = source_lines(person)
    for of, each in zip(("telephone", "mobile", "mail"), routes, strict=True):
        each[-1:] = [replace(last, source=lines.get(of, "")) for last in each[-1:]]
    return [route for each in routes for route in each]


def routes_to_office(office: Office) -> list[Route]:
    """List the ways to reach a private office."""
    routes = [Route("Telephone", number, f"tel:{dialled(number)}") for number in office.telephone]
    return routes + [Route("E-mail", mail, mail_link(mail)) for mail in office.mail]


def mail_link(mail: str) -> str:
    """Return the link that writes to an address. Escaped, because an address may hold %0A, which a mail
    program would read as a new line and what follows as a header.
    """
    return f"mailto:{quote(mail, safe='@')}"


def concealed(person: Person) -> list[str]:
    """Name the details this viewer has not: not open to them, or not known, which must look the same."""
    details = (
        ("telephone number", person.telephone),
        ("mobile number", person.mobile),
        ("e-mail address", person.mail),
    )
    return [name for name, values in details if not values]


def dates_of(tenure: Tenure) -> str:
    """Say from when to when somebody holds a post."""
    if tenure.first_day and tenure.last_day:
        return f"{day(tenure.first_day)} to {day(tenure.last_day)}"
    if tenure.first_day:
        return f"since {day(tenure.first_day)}"
    return f"until {day(tenure.last_day)}" if tenure.last_day else ""


def holds_today(tenure: Tenure, today: date) -> bool:
    """Say whether the holder is in the post today; the last day counts."""
    return (tenure.first_day or today) <= today <= (tenure.last_day or today)


def how_held(tenure: Tenure) -> str:
    """Say in a word how somebody holds a post, where that is not the ordinary way."""
    return "" if tenure.kind == SUBSTANTIVE else tenure.kind.capitalize()


def _posts_of(uid: str) -> list[HeldPost]:
    organisations, today = organisation_list(), london_today(services().clock())
    held = [
        HeldPost(
            post,
            organisations.name(post.organisation_id),
            how_held(tenure),
            dates_of(tenure),
            holds_today(tenure, today),
        )
        for post, tenure in viewer().directory.posts.held_by(uid)
    ]
    return sorted(held, key=lambda one: (not one.current, one.post.title))


def _file_name(person: Person) -> str:
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in person.full_name)
    return "-".join(filter(None, kept.lower().split("-"))) or "person"
