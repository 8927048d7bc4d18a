"""Saving a list of results as a file, as the viewer sees it: within a daily limit, and never unnoticed."""

from collections.abc import Mapping
from dataclasses import fields

from flask import Blueprint, Response, abort, make_response, render_template, request

from app.finding import Question, clean, words_of
from app.limits import export_limits
from app.lookup import Results, look_up
from app.people_files import KINDS
from app.permissions import leader_signed_in
from app.saved import ASKED, asked_again
from app.viewer import services, viewer
from ldap_schema.clock import london_today
from ldap_schema.people import Person
from store import ledger

bp = Blueprint("export", __name__)

EVENT = "list exported"


@bp.get("/export")
@leader_signed_in
def ask() -> Response:
    """Say what would be in the file, what is written down about it, and how many are left for today."""
    question = _question(request.args)
    return _page(question, look_up(question, viewer(), 1))


@bp.post("/export")
@leader_signed_in
def send() -> Response:
    """Give the file, once it is counted and written in the ledger; all of the list or nothing."""
    question, who = _question(request.form), viewer()
    kind = KINDS.get(request.form.get("kind", "")) or abort(400)
    results = look_up(question, who, 1)
    if not results.total or results.cut_short or results.total > export_limits().left(who.uid):
        return _page(question, results)
    people = _all(question, results)
    if not export_limits().count(who.uid, len(people)):
        return _page(question, results)
    told = {"asked": asked_again(request.form), "people": str(len(people)), "kind": kind.suffix}
    with services().store.transaction() as tx:
        ledger.append(tx, EVENT, who.uid, who.uid, told, services().clock(), about=who.uid)
    response = make_response(
        kind.write([(each, f"{services().base_url}/people/{each.uid}") for each in people])
    )
    response.mimetype = kind.mimetype
    name = f"people-{london_today(services().clock())}.{kind.suffix}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _all(question: Question, first: Results) -> list[Person]:
    """Read everybody on the list, page by page, each once."""
    pages = [first, *(look_up(question, viewer(), number) for number in range(2, first.pages + 1))]
    found = viewer().directory.people.by_uids(one.person.uid for page in pages for one in page.shown)
    return list(found.values())


def _question(values: Mapping[str, str]) -> Question:
    text = clean(values.get("q", ""))
    known = {each.name for each in fields(Question)}
    narrow = {name: clean(values.get(name, "")) for name in ASKED if name in known}
    return Question(text=text, words=words_of(text), **narrow)


def _page(question: Question, results: Results) -> Response:
    limits = export_limits()
    left = limits.left(viewer().uid)
    many = results.cut_short or results.total > left
    page = render_template(
        "export/ask.html", question=question, results=results, left=left, most=limits.most, too_many=many,
        back=asked_again(request.values),
    )  # fmt: skip
    return make_response(page, 429 if many and request.method == "POST" else 200)
