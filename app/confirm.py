"""Signing in again before an act that matters, with the page or the form kept."""

from flask import Blueprint, Flask, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from app.kept_forms import KeptForm, KeptForms, without_token
from app.permissions import leader_signed_in, permission_of
from app.refusals import refused
from app.sessions import PortalSession
from app.sign_in import sent_to_provider
from app.viewer import is_fresh, portal_session, services, viewer
from saml.errors import SignInRefused
from saml.state import CONFIRM
from saml.vouching import BY_LINK

bp = Blueprint("confirm", __name__)


def demand_fresh_sign_in(app: Flask) -> None:
    """Before an act that wants it, ask a signed-in person to sign in again. It comes after the check of form
    tokens, so that only what the person's own browser was meant to send is kept."""

    @app.before_request
    def ask() -> Answer | None:
        permission = permission_of(app.view_functions.get(request.endpoint or ""))
        if permission is None or not permission.act or g.viewer is None or is_fresh(portal_session()):
            return None
        if request.method == "POST":
            form = KeptForm(
                viewer().uid, request.path, permission.act, without_token(request.form.items(multi=True))
            )
        else:
            form = KeptForm(viewer().uid, request.full_path.rstrip("?"), permission.act, opened=True)
        return redirect(url_for("confirm.show", name=_kept().keep(form)), 303)


@bp.get("/sign-in/confirm/<name>")
@leader_signed_in
def show(name: str) -> Answer | str:
    """Say why somebody has to sign in again, and that nothing is lost."""
    if (form := _found(name)) is None:
        return _gone()
    by_link = portal_session().get("by") == BY_LINK
    return render_template("confirm/show.html", form=form, name=name, by_link=by_link)


@bp.post("/sign-in/confirm/<name>")
@leader_signed_in
def begin(name: str) -> Answer:
    """Send the person to their provider, which has to ask them anew (ForceAuthn)."""
    mine = portal_session()
    try:
        begun = services().sign_on.begin(
            str(mine.get("provider", "")), url_for("confirm.resume", name=name), purpose=CONFIRM,
            uid=viewer().uid, session=mine.digest, known=_known(mine),
        )  # fmt: skip
    except SignInRefused as refusal:
        return refused(refusal)
    return sent_to_provider(begun)


@bp.get("/sign-in/resume/<name>")
@leader_signed_in
def resume(name: str) -> Answer | str:
    """Go on to the page, or give the form back; only a press of its button sends it."""
    if (form := _found(name)) is None:
        return _gone()
    return redirect(form.path, 303) if form.opened else render_template("confirm/resume.html", form=form)


def _known(mine: PortalSession) -> float:
    """When the provider last signed the person in, by its own word, which no mailed link is."""
    return 0.0 if mine.get("by") == BY_LINK else float(mine.get("authenticated", 0))


def _kept() -> KeptForms:
    return KeptForms(services().redis)


def _found(name: str) -> KeptForm | None:
    return _kept().find(name, viewer().uid)


def _gone() -> Answer:
    return make_response(render_template("confirm/gone.html"), 410)
