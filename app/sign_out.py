"""Signing out here, and at one's organisation as well; and being signed out from there."""

from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from app.permissions import public
from app.refusals import refused
from app.saml_forms import leave, pass_on, posted_once
from app.viewer import portal_session, services, sessions
from saml.errors import BadLogout, SignInRefused
from saml.outcomes import Onward
from store.errors import StoreError

bp = Blueprint("sign_out", __name__)

# What became of signing out at the organisation; told by the last page, which knows nobody any more.
THERE = {
    "all": "Your organisation has signed you out as well.",
    "part": "Your organisation could not sign you out of everything. You may still be signed in elsewhere.",
    "not": "Your organisation could not be asked to sign you out, so you are still signed in there.",
}


@bp.get("/sign-out")
@public("Signing out must work for somebody whose session has just ended.")
def confirm() -> str:
    """Offer to sign out here, or at the organisation as well."""
    return render_template("sign_out/confirm.html", there=_can_end_there())


@bp.post("/sign-out")
@public("Signing out must work for somebody whose session has just ended.")
def sign_out() -> Answer:
    """End the session here, and at the identity provider if that was asked for."""
    mine = portal_session()
    at = {name: str(mine.get(name, "")) for name in ("provider", "name_id", "name_omits", "session_index")}
    mine.end()
    g.viewer = None
    if request.form.get("where") != "organisation":
        return redirect(url_for("sign_out.done"), 303)
    onward = _end_there(at)
    return leave(onward) if onward else redirect(url_for("sign_out.done", there="not"), 303)


@bp.get("/sign-out/done")
@public("It is shown to somebody who is signed out.")
def done() -> str:
    """Say that the session is over, and plainly what is not."""
    there = request.args.get("there", "")
    return render_template("sign_out/done.html", there=there, sentence=THERE.get(there, ""))


@bp.route("/saml/slo", methods=["GET", "POST"])
@public("The identity provider's page sends the browser here.")
def slo() -> Answer:
    """End the sessions an identity provider asks us to end, or take its answer to our own request."""
    try:
        in_form = request.method == "POST"
        message = posted_once(BadLogout) if in_form else request.query_string.decode("ascii", "replace")
        outcome = services().sign_on.handle_slo(request.method, message)
    except SignInRefused as refusal:
        return refused(refusal)
    if outcome.uid:
        ended = sessions().end_all(outcome.uid, outcome.concerns)
        current_app.logger.info("%s signed out by %s: %s", outcome.uid, outcome.provider_id, ended)
    there = "" if outcome.kind == "request" else ("all" if outcome.complete else "part")
    return pass_on(outcome.onward or Onward(url_for("sign_out.done", there=there or None)))


def _can_end_there() -> bool:
    """Whether the provider that signed the person in can be asked to sign them out."""
    mine = portal_session()
    try:
        provider = services().sign_on.provider(str(mine.get("provider", "")))
    except StoreError:  # signing out here must go on
        return False
    return bool(mine.get("name_id")) and provider is not None and any(provider.slo)


def _end_there(at: dict[str, str]) -> Onward | None:
    """Return where to go to sign out at the provider as well; None when that can't be done."""
    try:
        return services().sign_on.logout(at)
    except SignInRefused as refusal:
        current_app.logger.warning(
            "%s no sign-out at %s: %s", refusal.reference, at["provider"], refusal.reason
        )
        return None
