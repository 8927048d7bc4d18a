"""What somebody keeps for themselves: searches, and whom they looked at last. It is shown to nobody else.

Both belong to whoever is signed in, also where they act for a leader: what an office looks up is its own.
Names are never kept, only who: they are read as the viewer each time, so that whoever is concealed meanwhile
is not in the list any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, urlencode

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.finding import Question, clean
from app.narrowing import asked_as
from app.organisation_list import organisation_list
from app.permissions import leader_signed_in
from app.viewer import services, viewer
from ldap_schema.people import Person
from store import kept
from store.errors import StoreError
from store.kept import KeptSearch, TooManyKept

bp = Blueprint("saved", __name__)

ASKED = ("q", "sector", "region", "role", "organisation", "cohort")  # what a search can be made of
PATIENCE = 0.1  # seconds that a profile waits to note that it was looked at
ON_THE_START_PAGE = 5


@dataclass(frozen=True, slots=True)
class Kept:
    """What the pages list of one person's own."""

    searches: list[KeptSearch]
    people: list[tuple[Person, datetime]]
    keeps_views: bool


@bp.get("/saved")
@leader_signed_in
def index() -> str:
    """List them, with a button for each that forgets it."""
    done = request.args.get("done", "")
    return render_template(
        "saved/index.html", kept=kept_by_viewer(), full=request.args.get("full"), done=done
    )


@bp.post("/saved")
@leader_signed_in
def save() -> Response:
    """Keep the search that was shown; one without words or narrowing is none."""
    query = asked_again({name: request.form.get(name, "") for name in ASKED})
    try:
        with services().store.transaction() as tx:
            kept.save(tx, viewer().uid, _name_of(query), query, services().clock())
    except TooManyKept:
        return redirect(url_for("saved.index", full="yes"), 303)
    return _back("saved")


@bp.post("/saved/searches/<int:id>/remove")
@leader_signed_in
def remove(id: int) -> Response:
    """Forget one search."""
    with services().store.transaction() as tx:
        kept.remove_search(tx, viewer().uid, id)
    return _back("removed")


@bp.post("/saved/searches/remove-all")
@leader_signed_in
def remove_all() -> Response:
    """Forget every search that the viewer keeps."""
    with services().store.transaction() as tx:
        kept.remove_searches(tx, viewer().uid)
    return _back("removed")


@bp.post("/saved/viewed/<uid>/remove")
@leader_signed_in
def forget(uid: str) -> Response:
    """Take one person off the list of whom one looked at."""
    with services().store.transaction() as tx:
        kept.forget_view(tx, viewer().uid, uid)
    return _back("removed")


@bp.post("/saved/viewed/remove-all")
@leader_signed_in
def forget_all() -> Response:
    """Empty that list."""
    with services().store.transaction() as tx:
        kept.forget_views(tx, viewer().uid)
    return _back("removed")


@bp.post("/saved/viewed/keep")
@leader_signed_in
def choose() -> Response:
    """Keep such a list from now on, or none."""
    keep = request.form.get("keep") == "yes"
    with services().store.transaction() as tx:
        kept.choose_views(tx, viewer().uid, keep, services().clock())
    return _back("kept" if keep else "not-kept")


def kept_by_viewer() -> Kept:
    """Return what the viewer keeps, with those people whom they may see now."""
    who = viewer()
    with services().store.reading() as tx:
        searches, seen = kept.searches(tx, who.uid), kept.viewed(tx, who.uid, services().clock())
        keeps = kept.keeps_views(tx, who.uid)
    people = who.directory.people.listed(seen) if seen else {}
    return Kept(searches, [(people[uid], at) for uid, at in seen.items() if uid in people], keeps)


def kept_beside() -> Kept:
    """Return the same for a page that is about something else: nothing while the store is away."""
    try:
        return kept_by_viewer()
    except StoreError as error:
        current_app.logger.warning("What somebody keeps was left out of a page: %s", error)
        return Kept([], [], keeps_views=False)


def note_view(uid: str) -> None:
    """Remember for the viewer that they looked at somebody; the page is shown also where that fails."""
    try:
        with services().store.transaction(patience=PATIENCE) as tx:
            kept.note_view(tx, viewer().uid, uid, services().clock())
    except StoreError as error:  # who looked at whom stays out of the log
        current_app.logger.warning("A profile was not put on its viewer's own list: %s", error)


def asked_again(values: Mapping[str, str]) -> str:
    """Return what was asked for as the query part of an address, always in the same order."""
    return urlencode({name: text for name in ASKED if (text := clean(values.get(name, "")))})


@bp.app_template_filter()
def address_of(question: Question) -> str:
    """Return the same of a search that was asked, for links of its page."""
    return asked_as(question)


def _name_of(query: str) -> str:
    """Say in words what a search asks for."""
    asked = {name: values[0] for name, values in parse_qs(query).items()}
    if "organisation" in asked:
        asked["organisation"] = organisation_list().name(asked["organisation"]) or "one organisation"
    words = [f"“{asked.pop('q')}”"] if "q" in asked else []
    return ", ".join([*words, *(asked[name] for name in ASKED if name in asked)])


def _back(done: str) -> Response:
    return redirect(url_for("saved.index", done=done), 303)
