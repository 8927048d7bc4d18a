"""One's own session: where one is signed in, staying signed in, signing out everywhere."""

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from app.permissions import leader_signed_in
from app.viewer import portal_session, services, sessions, viewer
from store import ledger

bp = Blueprint("account", __name__)


@bp.get("/sessions")
@leader_signed_in
def index() -> str:
    """List the places where the person is signed in."""
    mine = portal_session()
    return render_template(
        "account/sessions.html",
        places=sessions().places(viewer().uid, mine.digest),
        ends=sessions().leaves_at(mine)[1],
        ended="ended" in request.args,
    )


@bp.post("/sessions/<id>/end")
@leader_signed_in
def end(id: str) -> Answer:
    """End one session of one's own."""
    sessions().end_of(viewer().uid, id)
    return redirect(url_for("account.index", ended="yes"), 303)


@bp.post("/sessions/end-all")
@leader_signed_in
def end_all() -> Answer:
    """Sign out everywhere, here included."""
    uid = viewer().uid
    ended = sessions().end_all(uid)
    portal_session().end()
    with services().store.transaction() as tx:
        ledger.append(tx, "signed out everywhere", uid, uid, {"sessions": str(ended)}, services().clock())
    return redirect(url_for("sign_out.done"), 303)


@bp.get("/sessions/stay")
@leader_signed_in
def stay() -> Answer:
    """Begin the idle time anew: a page for a person, the new instants for a script."""
    mine = portal_session()
    mine.modified = True
    idle, absolute = sessions().leaves_at(mine)
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return jsonify(seconds=int((idle - services().clock()).total_seconds()), last=idle == absolute)
    return redirect(url_for("account.stayed"), 303)


@bp.get("/sessions/stayed")
@leader_signed_in
def stayed() -> str:
    """Say until when the person stays signed in."""
    idle, absolute = sessions().leaves_at(portal_session())
    return render_template("account/stayed.html", idle=idle, absolute=absolute)
