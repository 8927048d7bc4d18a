"""Choosing the organisation that signs one in, where an address does not say it: searched, with logos."""

from collections.abc import Mapping, Sequence

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as Answer

from app.finding import clean
from app.organisation_list import organisation_list
from app.permissions import public
from app.picker import Listing, listing
from app.remembered import forget, remembered
from app.viewer import services
from ldap_schema.errors import DirectoryUnavailable
from ldap_schema.organisations import Organisation
from saml.discovery import Choice, Found, choices, shown_name
from saml.provider import LIVE
from saml.return_paths import local_path
from store import provider_watch

bp = Blueprint("choose", __name__)

BEFORE = "Nobody can be signed in before they sign in."
A_WEEK = 7 * 24 * 3600


@bp.get("/sign-in/organisations")
@public(BEFORE)
def organisations() -> Response:
    """List the organisations whose people can sign in: by what is typed, or by a letter where many can."""
    text, letter = clean(request.args.get("q", "")), clean(request.args.get("letter", ""))[:1].upper()
    lines = choices(services().sign_on.providers(), _organisations())
    page = request.args.get("page", 1, type=int)
    return _page(listing(lines, text, letter, page), request.args.get("next", ""), text=text, letter=letter)


def among(found: Found, back: str) -> Response:
    """Let the person choose among the providers of their address, and say why they are asked."""
    lines = choices(found.providers or services().sign_on.providers(), _organisations())
    return _page(listing(lines, "", "", 1), back, found=found)


@bp.post("/sign-in/forget")
@public(BEFORE)
def forget_organisation() -> Answer:
    """Forget through which organisation somebody last signed in on this browser."""
    back = local_path(request.form.get("next", ""))
    return forget(redirect(url_for("sign_in.start", next=back), 303))


@bp.get("/sign-in/logos/<provider_id>")
@public("It is shown to people who are about to sign in.")
def logo(provider_id: str) -> Response:
    """Give the picture that we drew of a live provider's logo; its address changes with it."""
    provider = services().sign_on.provider(provider_id)
    if provider is None or provider.state != LIVE:
        abort(404)
    with services().store.reading() as tx:
        _, png = provider_watch.logo(tx, provider_id)
    if not png:
        abort(404)
    response = make_response(png)
    response.mimetype = "image/png"
    response.cache_control.public, response.cache_control.max_age = True, A_WEEK
    return response


def last_time() -> Choice | None:
    """Through which organisation somebody last signed in here, with the name to show."""
    provider = remembered()
    return Choice(shown_name(provider, _organisations()), provider) if provider else None


def logos_of(lines: Sequence[Choice]) -> dict[str, str]:
    """The addresses of the logos that can be shown beside these lines, by provider."""
    if not lines:
        return {}
    with services().store.reading() as tx:
        kept = provider_watch.logos(tx, {one.provider.id for one in lines})
    return {id: f"/sign-in/logos/{id}?v={one.source[:16]}" for id, one in kept.items() if one.shown}


def _organisations() -> Mapping[str, Organisation]:
    """The directory's organisations; none while it is away, as registrations have names as well."""
    try:
        return organisation_list().by_id
    except DirectoryUnavailable as error:
        current_app.logger.warning("the list of organisations goes by registrations: %s", error)
        return {}


def _page(
    listed: Listing, back: str, *, text: str = "", letter: str = "", found: Found | None = None
) -> Response:
    page = render_template(
        "choose/organisations.html",
        listed=listed,
        logos=logos_of(listed.lines),
        text=text,
        letter=letter,
        next=local_path(back),
        found=found,
    )
    return make_response(page)
