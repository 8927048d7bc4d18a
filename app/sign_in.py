"""Signing in through one's own organisation.

The pages here know no protocol: `saml.sign_on` makes the requests and judges the answers.
"""

from functools import partial
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as Answer

from app import choose, connected
from app.finding import clean
from app.forms import PortalForm, submit_field, text_field
from app.limits import count_try
from app.permissions import public
from app.refusals import refused
from app.remembered import is_asked_anew, remember
from app.saml_forms import leave, posted_once
from app.viewer import ENDED, NOTE_SECONDS, portal_session, services, sign_in_session
from saml.errors import BadAssertion, LinkRefused, SignInRefused, Unsolicited
from saml.outcomes import Begun, SignedIn
from saml.return_paths import local_path
from saml.state import ANEW, CONNECT, SIGN_IN
from store import ledger
from store.errors import StoreError

bp = Blueprint("sign_in", __name__)

BEFORE = "Nobody can be signed in before they sign in."
FROM_PROVIDER = "The identity provider's page sends the browser here."


class AddressForm(PortalForm):
    """The way in for most: the address says which organisation signs somebody in."""

    address = text_field(
        "Your work e-mail address",
        needed="Enter your work e-mail address.",
        longest=254,
        hint="It leads to the sign-in page of your own organisation. We never ask for a password.",
    )
    submit = submit_field("Continue")


@bp.get("/sign-in")
@public(BEFORE)
def start() -> Answer:
    """Ask for the address, or offer the list of organisations."""
    if g.viewer is not None:
        return redirect(local_path(request.args.get("next", "")), 303)
    return _page(AddressForm())


@bp.post("/sign-in")
@public(BEFORE)
def find() -> Answer:
    """Send the person to the organisation their address belongs to, or let them choose."""
    form = AddressForm()
    if not form.validate():
        return _page(form)
    if "@" not in form.address.data:
        form.address.errors = ["Enter an e-mail address, like name@organisation.gov.uk."]
        return _page(form)
    found = services().sign_on.find(form.address.data)
    if found.sure:
        return _go(found.providers[0].id, request.form.get("next", ""))
    return choose.among(found, request.form.get("next", ""))


@bp.post("/sign-in/begin")
@public(BEFORE)
def begin() -> Answer:
    """Send the person to the organisation they chose."""
    return _go(clean(request.form.get("provider", "")), request.form.get("next", ""))


@bp.get("/saml/metadata")
@public("Identity providers read our metadata; it holds no secret.")
def metadata() -> Answer:
    """Publish what an identity provider needs to know of us."""
    response = make_response(services().sign_on.metadata())
    response.mimetype = "application/samlmetadata+xml"
    response.headers["Content-Disposition"] = 'inline; filename="counterpart-metadata.xml"'
    response.headers["Cache-Control"] = "no-cache"  # to be asked again each time, as keys may have changed
    response.add_etag()
    return response.make_conditional(request)


@bp.get("/saml/acs")
@public(FROM_PROVIDER)
def acs_opened() -> Answer:
    """Send on whoever opens the address by itself, as with the back button."""
    return redirect(url_for("sign_in.start"), 303)


@bp.post("/saml/acs")
@public(FROM_PROVIDER)
def acs() -> Answer:
    """Judge the provider's answer; sign the person in under a new session, or say why not."""
    try:
        form = posted_once(BadAssertion)
        signed_in = services().sign_on.finish(
            form.get("SAMLResponse", ""), form.get("RelayState", ""), request.cookies
        )
    except (SignInRefused, LinkRefused) as reason:
        count_try()  # before a page is made of it
        return _not_signed_in(reason)
    if signed_in.purpose == CONNECT:
        return connected.connect(signed_in)
    # The browser's own session until now, whoever's that was, ends: its cookie is overwritten.
    kept, person = _kept(signed_in), signed_in.person
    sign_in_session(person.uid, kept, judged=person, replaces=signed_in.replaces)
    portal_session().beside.append(partial(services().sign_on.remember_whose, signed_in))
    _record(signed_in)
    return remember(redirect(local_path(signed_in.return_to), 303), signed_in.provider.id)


def _not_signed_in(reason: SignInRefused | LinkRefused) -> Answer:
    if isinstance(reason, LinkRefused):
        return connected.not_connected(reason)
    if isinstance(reason, Unsolicited):
        told = reason.reference, reason.reason
        current_app.logger.warning("%s an answer that nobody asked for: %s", *told)
        return redirect(url_for("sign_in.start", unasked="yes"), 303)
    return refused(reason)


def _page(form: AddressForm) -> Response:
    where, last = local_path(request.values.get("next", "")), choose.last_time()
    page = render_template(
        "sign_in/start.html",
        form=form,
        next=where,
        ended_because=g.get("ended_because", "") or ENDED.get(request.args.get("ended", ""), ""),
        unasked="unasked" in request.args,
        fallback=services().sign_on.fallback_is_offered(),
        last=last,
        logos=choose.logos_of([last]) if last else {},
    )
    return make_response(page, 400 if form.errors or form.address.errors else 200)


def _go(provider_id: str, back: str) -> Answer:
    try:
        purpose = ANEW if is_asked_anew(provider_id) else SIGN_IN
        begun = services().sign_on.begin(provider_id, local_path(back), purpose=purpose, session=_replaced())
    except SignInRefused as refusal:
        return refused(refusal)
    return sent_to_provider(begun)


def _replaced() -> str:
    """The session that this browser has already: the provider's answer comes without its cookie."""
    mine = portal_session()
    return mine.digest if mine.stored else ""


def sent_to_provider(begun: Begun) -> Answer:
    """Send the browser to the provider, with the cookie by which its answer will be known."""
    response = leave(begun.onward)
    # The answer is a form posted by another site, with which a browser sends no Lax cookie; and it takes a
    # Secure cookie on plain http for localhost as well.
    response.set_cookie(
        begun.cookie_name, begun.cookie_value, max_age=begun.max_age, path="/saml", secure=True,
        httponly=True, samesite="None",
    )  # fmt: skip
    return response


def _kept(signed_in: SignedIn) -> dict[str, Any]:
    """What the session's record keeps of a sign-in: for single logout, and for when it must end."""
    return {
        "provider": signed_in.provider.id,
        "provider_name": signed_in.provider.name,
        "name_id": signed_in.name_id,
        "name_omits": signed_in.name_omits,
        "session_index": signed_in.session_index,
        "link": signed_in.link,
        "next_link": signed_in.next_link,
        "authenticated": signed_in.instant.timestamp(),
        "ends": signed_in.ends_at.timestamp() if signed_in.ends_at else None,
    }


def _record(signed_in: SignedIn) -> None:
    current_app.logger.info("%s signed in through %s", signed_in.person.uid, signed_in.provider.id)
    if signed_in.note:
        current_app.logger.warning("%s came without a second key: %s", signed_in.person.uid, signed_in.note)
    if signed_in.linked_now:
        write_down("sign-in linked", signed_in.person.uid, signed_in.provider.id)


def write_down(event: str, uid: str, provider_id: str) -> None:
    """Put an act of a person about their own record into the ledger, if the store takes it now."""
    now = services().clock()
    try:
        with services().store.transaction(patience=NOTE_SECONDS) as tx:
            ledger.append(tx, event, uid, uid, {"provider": provider_id}, now)
    except StoreError as error:
        current_app.logger.error("%s %s of %s did not reach the ledger: %s", event, provider_id, uid, error)
