"""The pages in the footer: how accessible this is, what is kept about people, whom to ask."""

import hashlib

from flask import Blueprint, Response, g, make_response, render_template

from app.forms import PortalForm, submit_field, text_field
from app.permissions import public
from app.viewer import services
from store import waiting

bp = Blueprint("pages", __name__)

FOR_ALL = "Everybody may know how this works and whom to ask."


class FeedbackForm(PortalForm):
    """What somebody thinks of the service."""

    text = text_field(
        "What would you like to tell us?",
        needed="Write what you would like to tell us.",
        longest=400,
        hint="Say what you were doing. Please leave out anything about other people.",
        lines=True,
    )
    submit = submit_field("Send feedback")


@bp.get("/accessibility")
@public(FOR_ALL)
def accessibility() -> str:
    """Show the accessibility statement."""
    return render_template("pages/accessibility.html")


@bp.get("/privacy")
@public(FOR_ALL)
def privacy() -> str:
    """Show the privacy notice."""
    return render_template("pages/privacy.html")


@bp.get("/cookies")
@public(FOR_ALL)
def cookies() -> str:
    """Say which cookies there are; only those without which nobody could sign in."""
    return render_template("pages/cookies.html")


@bp.get("/help")
@public(FOR_ALL)
def help() -> str:
    """Say whom to call or write to."""
    return render_template("pages/help.html")


@bp.get("/feedback")
@public(FOR_ALL)
def feedback() -> Response:
    """Show the feedback form."""
    return _page(FeedbackForm())


@bp.post("/feedback")
@public(FOR_ALL)
def send_feedback() -> Response:
    """Put the feedback on the desk."""
    form = FeedbackForm()
    if not form.validate():
        return _page(form)
    said = form.text.data
    who = f"{g.viewer.name}, {g.viewer.organisation}" if g.viewer else "Somebody who was not signed in"
    with services().store.transaction() as tx:
        key = hashlib.sha256(said.encode()).hexdigest()
        waiting.raise_item(tx, waiting.FEEDBACK, key, f"{who}: {said}", services().clock())
    return make_response(render_template("pages/feedback_sent.html"))


def _page(form: FeedbackForm) -> Response:
    return make_response(render_template("pages/feedback.html", form=form), 400 if form.errors else 200)
