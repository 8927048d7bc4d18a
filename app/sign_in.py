"""Signing in through one's own organisation, and out again.

The pages here know no protocol: `saml.sign_on` makes the requests and judges the answers.
"""

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

from app.errors import page_for, render_error
from app.finding import clean, fold
from app.forms import PortalForm, submit_field, text_field
from app.permissions import public
from app.saml_forms import posted_once, send
from app.security import let_forms_reach
from app.viewer import NOTE_SECONDS, portal_session, services, sessions, sign_in_session
from saml.errors import BadAssertion, BadLogout, SignInRefused, Unavailable, UnknownPerson, Unsolicited
from saml.outcomes import Onward, SignedIn
from saml.provider import Provider
from store import ledger, waiting
from store.errors import StoreError

bp = Blueprint("sign_in", __name__)

BEFORE = "Nobody can be signed in before they sign in."
FROM_PROVIDER = "The identity provider's page sends the browser here."

# What the page says for each code of a refusal, and whether simply trying again can help.
REFUSALS = {
    "unknown-person": ("You are not in the directory yet", False),
    "not-owned": ("The sign-in of your organisation cannot be used for this person", False),
    "bad-assertion": ("The answer of your organisation could not be accepted", False),
    "clocks-differ": ("The clocks of your organisation and of this site differ", False),
    "provider-said-no": ("Your organisation did not sign you in", True),
    "expired": ("Signing in took too long", True),
    "other-browser": ("Signing in began in another browser or window", True),
    "replayed": ("This sign-in was used already", True),
    "unknown-provider": ("That organisation cannot sign people in here at the moment", False),
    "refused": ("You could not be signed in", True),
}


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
    found = services().sign_on.for_address(form.address.data)
    if len(found) == 1:
        return _go(found[0].id, request.form.get("next", ""))
    return _choose(found, "", request.form.get("next", ""), nothing_for_address=not found)


@bp.get("/sign-in/organisations")
@public(BEFORE)
def organisations() -> Answer:
    """List the organisations whose people can sign in, narrowed by what is typed."""
    text = clean(request.args.get("q", ""))
    listed = [
        one for one in services().sign_on.providers() if all(w in fold(one.name) for w in fold(text).split())
    ]
    return _choose(listed, text, request.args.get("next", ""))


@bp.post("/sign-in/begin")
@public(BEFORE)
def begin() -> Answer:
    """Send the person to the organisation they chose."""
    return _go(clean(request.form.get("provider", "")), request.form.get("next", ""))


@bp.get("/saml/metadata")
@public("Identity providers read our metadata; it holds no secret.")
def metadata() -> Response:
    """Publish what an identity provider needs to know of us."""
    response = make_response(services().sign_on.metadata())
    response.mimetype = "application/samlmetadata+xml"
    return response


@bp.post("/saml/acs")
@public(FROM_PROVIDER)
def acs() -> Answer:
    """Judge the provider's answer; sign the person in under a new session, or say why not."""
    try:
        form = posted_once(BadAssertion)
        signed_in = services().sign_on.finish(
            form.get("SAMLResponse", ""), form.get("RelayState", ""), request.cookies
        )
    except Unsolicited:
        return redirect(url_for("sign_in.start"), 303)
    except SignInRefused as refusal:
        return _refused(refusal)
    sign_in_session(signed_in.person.uid, _kept_for_logout(signed_in))
    _record(signed_in)
    return redirect(local_path(signed_in.return_to), 303)


@bp.get("/sign-out")
@public("Signing out must work for somebody whose session has just ended.")
def confirm_sign_out() -> str:
    """Offer to sign out here, or at the organisation as well."""
    let_forms_reach(services().sign_on.origins())
    return render_template("sign_in/sign_out.html")


@bp.post("/sign-out")
@public("Signing out must work for somebody whose session has just ended.")
def sign_out() -> Answer:
    """End the session here, and at the identity provider if that was asked for."""
    mine = portal_session()
    at = {name: str(mine.get(name, "")) for name in ("provider", "name_id", "session_index")}
    mine.end()
    g.viewer = None
    there = _end_there(at) if request.form.get("where") == "organisation" else None
    return send(there or Onward(url_for("sign_in.signed_out")))


@bp.get("/sign-out/done")
@public("It is shown to somebody who is signed out.")
def signed_out() -> str:
    """Say that the session is over."""
    return render_template("sign_in/signed_out.html")


@bp.route("/saml/slo", methods=["GET", "POST"])
@public(FROM_PROVIDER)
def slo() -> Answer:
    """End the sessions an identity provider asks us to end, or take its answer to our own request."""
    try:
        in_form = request.method == "POST"
        message = posted_once(BadLogout) if in_form else request.query_string.decode("ascii", "replace")
        outcome = services().sign_on.handle_slo(request.method, message)
    except SignInRefused as refusal:
        return _refused(refusal)
    if outcome.uid:
        sessions().end_all(outcome.uid, outcome.concerns)
    return send(outcome.onward or Onward(url_for("sign_in.signed_out")))


def local_path(wanted: str) -> str:
    """Return the page to go to, if it is one of ours; the first page otherwise."""
    plain = wanted.isprintable() and "\\" not in wanted and not wanted.startswith("//")
    return wanted if plain and wanted.startswith("/") else "/"


def _page(form: AddressForm) -> Response:
    let_forms_reach(services().sign_on.origins())
    where = local_path(request.values.get("next", ""))
    page = render_template(
        "sign_in/start.html", form=form, next=where, ended_because=g.get("ended_because", "")
    )
    return make_response(page, 400 if form.errors or form.address.errors else 200)


def _choose(listed: list[Provider], text: str, back: str, *, nothing_for_address: bool = False) -> Response:
    let_forms_reach(services().sign_on.origins())
    listed = sorted(listed, key=lambda one: fold(one.name))
    page = render_template(
        "sign_in/organisations.html",
        listed=listed,
        text=text,
        next=local_path(back),
        nothing_for_address=nothing_for_address,
    )
    return make_response(page)


def _end_there(at: dict[str, str]) -> Onward | None:
    """Return where to go to sign out at the provider as well; None when that can't be done."""
    try:
        return services().sign_on.logout(at)
    except SignInRefused as refusal:
        current_app.logger.warning(
            "%s no sign-out at %s: %s", refusal.reference, at["provider"], refusal.reason
        )
        return None


def _go(provider_id: str, back: str) -> Answer:
    try:
        begun = services().sign_on.begin(provider_id, local_path(back))
    except SignInRefused as refusal:
        return _refused(refusal)
    response = send(begun.onward)
    # The answer is a form posted by another site, with which a browser sends no Lax cookie; and it takes a
    # Secure cookie on plain http for localhost as well.
    response.set_cookie(
        begun.cookie_name, begun.cookie_value, max_age=begun.max_age, path="/saml", secure=True,
        httponly=True, samesite="None",
    )  # fmt: skip
    return response


def _kept_for_logout(signed_in: SignedIn) -> dict[str, str]:
    return {
        "provider": signed_in.provider.id,
        "provider_name": signed_in.provider.name,
        "name_id": signed_in.name_id,
        "session_index": signed_in.session_index,
    }


def _record(signed_in: SignedIn) -> None:
    current_app.logger.info("%s signed in through %s", signed_in.person.uid, signed_in.provider.id)


def _refused(refusal: SignInRefused) -> Response:
    """Say that nobody was signed in, write the exact reason to the log, tell the desk where it can help."""
    told = (refusal.reference, refusal.code, refusal.provider_id, refusal.reason)
    current_app.logger.warning("%s sign-in refused (%s) from %s: %s", *told)
    if isinstance(refusal, Unavailable):
        return render_error(page_for(refusal), refusal.reference)
    if isinstance(refusal, UnknownPerson) or refusal.code == "not-owned":
        _tell_the_desk(refusal)
    heading, again = REFUSALS.get(refusal.code, REFUSALS["refused"])
    page = render_template("sign_in/refused.html", heading=heading, again=again, refusal=refusal)
    return make_response(page, 403)


def _tell_the_desk(refusal: SignInRefused) -> None:
    if isinstance(refusal, UnknownPerson):
        kind, domain = waiting.UNKNOWN_SIGN_IN, refusal.domain
        summary = f"{refusal.provider_name} signed in somebody at {domain} whom the directory does not know."
    else:
        kind, domain = waiting.REFUSED_SIGN_IN, refusal.code
        summary = f"The provider {refusal.provider_id} spoke of a person or domain that is not listed for it."
    summary += f" Latest reference: {refusal.reference}."
    now = services().clock()
    try:
        with services().store.transaction(patience=NOTE_SECONDS) as tx:
            waiting.raise_item(tx, kind, f"{refusal.provider_id} {domain}", summary, now)
            ledger.append(
                tx,
                "sign-in refused",
                f"provider:{refusal.provider_id}",
                refusal.reference,
                {"code": refusal.code},
                now,
            )
    except StoreError as error:  # the page that says whom to call matters more
        current_app.logger.error("A refused sign-in did not reach the desk: %s", error)
